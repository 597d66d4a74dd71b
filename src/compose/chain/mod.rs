//! The chain: a band's phrase becomes a theme, which is continued, and the band may join again.
//!
//! Published users met a weakness of doing this as it comes: the band often begins dense, and what continues it then repeats
//! it note by note. So the theme is thinned to what a melody and two hands can be, unless it is wanted raw.

mod settings;
#[cfg_attr(
    not(feature = "torch"),
    allow(dead_code, reason = "only networks write themes")
)]
mod theme;
#[cfg(feature = "torch")]
mod write;

pub use settings::{ChainSettings, ThemeForm};
#[cfg(feature = "torch")]
pub(crate) use theme::{KIND as THEME, Taken};
#[cfg(feature = "torch")]
pub(crate) use write::Chain;
