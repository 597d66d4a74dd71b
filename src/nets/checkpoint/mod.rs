//! Trained weights: safetensors both ways, and what `torch.save` writes, read without executing any of it.
//!
//! [`read`] tells the three formats apart by their first bytes, not by the file's name. The names in the result are
//! those of the file; a dictionary inside a dictionary is flattened with dots (`generator.transconv0...`).
//! [`fill`] copies them into a network's variables, whatever prefix the file put in front of the published names.

mod pickle;
mod safetensors;
mod storage;
mod torch_file;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tch::nn::{self, VarStore};
use tch::{Device, Kind, TchError, Tensor};

pub use self::safetensors::{Precision, write};

/// Tensors by name, as a file holds them.
pub type Tensors = BTreeMap<String, Tensor>;

/// Why weights could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The file could not be opened, read or written.
    #[error("{}: {reason}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: std::io::Error,
    },
    /// Not safetensors, and not something that `torch.save` wrote.
    #[error("{}: not a weight file: expected safetensors or what torch.save(model.state_dict()) writes", path.display())]
    UnknownFormat {
        /// The file.
        path: PathBuf,
    },
    /// A file of a known format that is damaged, or uses something that is not supported.
    #[error("{}: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        reason: String,
    },
    /// Weights that belong to another network: tensors this one needs are missing.
    #[error(
        "these weights belong to another network: {missing} of {expected} tensors are missing, the first is {first}"
    )]
    Missing {
        /// How many are missing.
        missing: usize,
        /// How many the network has.
        expected: usize,
        /// The first of them.
        first: String,
    },
    /// Weights of the same network in another size: the configuration and the weights do not belong together.
    #[error("tensor {name} has the shape {found:?}, but the configuration needs {expected:?}")]
    Shape {
        /// The tensor's published name.
        name: String,
        /// The shape in the file.
        found: Vec<i64>,
        /// The shape that the network needs.
        expected: Vec<i64>,
    },
    /// A weight that is not a number: the training that wrote it diverged, or the file is damaged.
    #[error(
        "tensor {name} holds values that are not finite numbers: the file is damaged, or its training diverged"
    )]
    NotFinite {
        /// The tensor's published name.
        name: String,
    },
    /// libtorch refused.
    #[error("libtorch could not take the weights: {}", super::error::first_line(.0))]
    Torch(TchError),
}

impl From<TchError> for CheckpointError {
    fn from(error: TchError) -> Self {
        Self::Torch(error)
    }
}

/// Reads every tensor of a weight file (.safetensors, or a zip or older file of `torch.save`: .pt, .pth, .ckpt, .pickle).
///
/// Tensors keep the kind they have in the file and live on the CPU.
///
/// # Errors
/// When the file cannot be read, is of another format, or is damaged. Pickled code is never executed: an object that is
/// not a dictionary, a list or a tensor is left out.
pub fn read(path: &Path) -> Result<Tensors, CheckpointError> {
    let bytes = std::fs::read(path).map_err(|reason| CheckpointError::Io {
        path: path.to_owned(),
        reason,
    })?;
    let damaged = |reason: String| CheckpointError::Damaged {
        path: path.to_owned(),
        reason,
    };
    if torch_file::is_zip(&bytes) {
        torch_file::read_zip(&bytes).map_err(damaged)
    } else if torch_file::is_legacy(&bytes) {
        torch_file::read_legacy(&bytes).map_err(damaged)
    } else if safetensors::looks_like_it(&bytes) {
        safetensors::parse(&bytes).map_err(damaged)
    } else {
        Err(CheckpointError::UnknownFormat {
            path: path.to_owned(),
        })
    }
}

/// Copies weights into every variable of `store`, by name, converting to the variables' kind and device.
///
/// The names may all carry one common prefix (`module.`, `generator.`, `state_dict.`); of several that fit the shortest
/// is taken. Tensors that the network does not have are ignored: published files carry tables that are computed here.
///
/// # Errors
/// When a variable has no tensor, one of another shape, or one with values that are not finite. `store` is unchanged then.
pub fn fill(store: &VarStore, tensors: &Tensors) -> Result<(), CheckpointError> {
    let variables: BTreeMap<String, Tensor> = store.variables().into_iter().collect();
    let prefix = common_prefix(&variables, tensors);
    let mut pairs = Vec::with_capacity(variables.len());
    let mut missing = Vec::new();
    for (name, variable) in variables {
        match tensors.get(&format!("{prefix}{name}")) {
            None => missing.push(name),
            Some(tensor) if tensor.size() != variable.size() => {
                return Err(CheckpointError::Shape {
                    name,
                    found: tensor.size(),
                    expected: variable.size(),
                });
            }
            Some(tensor) => pairs.push((name, variable, tensor)),
        }
    }
    if let Some(first) = missing.first() {
        let first = first.clone();
        return Err(CheckpointError::Missing {
            missing: missing.len(),
            expected: missing.len() + pairs.len(),
            first,
        });
    }
    for (name, _, tensor) in &pairs {
        let finite = tensor
            .f_to_kind(Kind::Float)?
            .f_isfinite()?
            .f_all()?
            .f_int64_value(&[])?;
        if finite == 0 {
            return Err(CheckpointError::NotFinite { name: name.clone() });
        }
    }
    tch::no_grad(|| {
        for (_, mut variable, tensor) in pairs {
            variable.f_copy_(tensor)?;
        }
        Ok(())
    })
}

/// Builds a network around weights that were read already, for use without training.
///
/// # Errors
/// When the weights do not belong to the network.
pub(crate) fn frozen<N, E>(
    tensors: &Tensors,
    device: Device,
    build: impl FnOnce(&nn::Path<'_>) -> Result<N, E>,
) -> Result<N, E>
where
    E: From<CheckpointError>,
{
    let mut store = VarStore::new(device);
    let network = build(&store.root())?;
    fill(&store, tensors)?;
    store.freeze();
    Ok(network)
}

/// What stands before the published names in a file: the shortest prefix under which every one of them is found, or
/// else the one under which most are (so that the error names what is really missing).
fn common_prefix(variables: &BTreeMap<String, Tensor>, tensors: &Tensors) -> String {
    let mut best = (0, String::new());
    let mut candidates: Vec<&str> = Vec::new();
    // A file may lack the first variable but hold others: a few names give the candidates.
    for name in variables.keys().take(4) {
        candidates.extend(
            tensors
                .keys()
                .filter_map(|key| key.strip_suffix(name.as_str())),
        );
    }
    candidates.retain(|prefix| prefix.is_empty() || prefix.ends_with('.'));
    candidates.sort_by_key(|prefix| (prefix.len(), *prefix));
    candidates.dedup();
    for prefix in candidates {
        let found = variables
            .keys()
            .filter(|name| tensors.contains_key(&format!("{prefix}{name}")))
            .count();
        if found > best.0 {
            best = (found, prefix.to_owned());
        }
    }
    best.1
}

/// The SHA-256 of a file in hexadecimal, as `sha256sum` prints it: what tells one checkpoint from another.
///
/// # Errors
/// When the file cannot be read.
pub fn sha256(path: &Path) -> Result<String, CheckpointError> {
    let io = |reason| CheckpointError::Io {
        path: path.to_owned(),
        reason,
    };
    let mut file = std::fs::File::open(path).map_err(io)?;
    let mut hasher = Sha256::new();
    let mut block = vec![0; 1 << 16];
    loop {
        match file.read(&mut block).map_err(io)? {
            0 => break,
            count => hasher.update(block.get(..count).unwrap_or_default()),
        }
    }
    let mut digits = String::with_capacity(64);
    for byte in hasher.finalize() {
        // Writing to a String cannot fail.
        let _ = write!(digits, "{byte:02x}");
    }
    Ok(digits)
}

#[cfg(test)]
mod tests;
