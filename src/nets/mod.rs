//! The networks, in libtorch: they know tensors, not songs.

pub mod packed;
