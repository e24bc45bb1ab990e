//! The `http` layer.
