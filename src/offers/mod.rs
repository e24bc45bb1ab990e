//! The `offers` layer.
