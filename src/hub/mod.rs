//! The `hub` layer.
