//! What the store promises, one claim a test.
