//! The `threads` layer.
