//! The `turn` layer.
