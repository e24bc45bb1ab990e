//! The `intent` layer.
