//! The `channels` layer.
