//! What every network's configuration must hold to.

use std::path::Path;

use serde::de::DeserializeOwned;

use super::NetError;

/// The configuration in a `config.json`, not checked yet; an error names the file.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Result<T, NetError> {
    let wrong =
        |reason: &dyn std::fmt::Display| NetError::Config(format!("{}: {reason}", path.display()));
    let text = std::fs::read(path).map_err(|error| wrong(&error))?;
    serde_json::from_slice(&text).map_err(|error| wrong(&error))
}

/// Checks sizes against their bounds, each `1..=most`, and what multi-head attention and dropout ask for. The upper bounds
/// keep a damaged file from asking for all the memory there is.
#[derive(Debug)]
pub(crate) struct Bounds<'a> {
    /// Name, value and greatest value of each size.
    pub(crate) sizes: &'a [(&'a str, i64, i64)],
    /// Width of the model: even, and a multiple of the heads.
    pub(crate) width: i64,
    /// Name and number of the attention heads.
    pub(crate) heads: (&'a str, i64),
    /// Share of values that training drops, 0 to below 1.
    pub(crate) dropout: f64,
}

impl Bounds<'_> {
    /// The first thing that is wrong, in words.
    pub(crate) fn check(&self) -> Result<(), String> {
        for (name, value, most) in self.sizes {
            if !(1..=*most).contains(value) {
                return Err(format!("{name} is {value}, outside 1 to {most}"));
            }
        }
        let (name, heads) = self.heads;
        if heads < 1 || self.width % heads != 0 || self.width % 2 != 0 {
            return Err(format!(
                "d_model {} must be even and a multiple of {name} {heads}",
                self.width
            ));
        }
        if !(0.0..1.0).contains(&self.dropout) {
            return Err(format!("dropout is {}, outside 0 to 1", self.dropout));
        }
        Ok(())
    }
}
