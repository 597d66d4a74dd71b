//! The networks: tensors in, tensors out. They know token numbers and shapes, not songs.
//!
//! | module | what it is |
//! |---|---|
//! | [`checkpoint`] | trained weights from and to files |
//! | [`melody_encoder`] | two bars of melody to a point, variations close together |
//! | [`musegan`] | phrases of several tracks from noise (Dong et al., AAAI 2018) |
//! | [`music_transformer`] | piano performances (Huang et al., 2018) |
//! | [`packed`] | products in 16 or 8 bits for decoding |
//! | [`performance`] | velocity and timing for notes on the grid |
//! | [`sampling`] | from logits to one token |
//! | [`theme_transformer`] | continues a theme (Shih et al., IEEE TMM 2022) |

mod bounds;
pub mod checkpoint;
mod error;
mod layers;
pub mod melody_encoder;
pub mod musegan;
pub mod music_transformer;
pub mod packed;
pub mod performance;
pub mod sampling;
pub mod theme_transformer;

pub use error::NetError;
pub use layers::Products;
