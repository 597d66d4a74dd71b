//! Safetensors, both ways.

use std::borrow::Cow;
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, View};
use tch::{Kind, Tensor};

use super::{CheckpointError, Tensors};

/// How floating-point tensors are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// 16-bit IEEE: half the size, 11 bits of mantissa.
    Half,
    /// 32-bit, as trained.
    #[default]
    Single,
}

/// A safetensors file starts with the length of its JSON header, and the header with a brace.
pub(super) fn looks_like_it(bytes: &[u8]) -> bool {
    bytes.get(8) == Some(&b'{')
}

pub(super) fn parse(bytes: &[u8]) -> Result<Tensors, String> {
    let file =
        SafeTensors::deserialize(bytes).map_err(|e| format!("damaged safetensors file: {e}"))?;
    let mut tensors = Tensors::new();
    for (name, view) in file.iter() {
        let kind = kind_of(view.dtype())
            .ok_or_else(|| format!("tensor {name} has the unsupported type {:?}", view.dtype()))?;
        let shape: Vec<i64> = view
            .shape()
            .iter()
            .map(|&x| i64::try_from(x).unwrap_or(i64::MAX))
            .collect();
        let tensor = super::storage::tensor(view.data(), &shape, kind)
            .map_err(|e| format!("tensor {name}: {e}"))?;
        tensors.insert(name.to_owned(), tensor);
    }
    Ok(tensors)
}

fn kind_of(dtype: Dtype) -> Option<Kind> {
    Some(match dtype {
        Dtype::BOOL => Kind::Bool,
        Dtype::U8 => Kind::Uint8,
        Dtype::I8 => Kind::Int8,
        Dtype::I16 => Kind::Int16,
        Dtype::I32 => Kind::Int,
        Dtype::I64 => Kind::Int64,
        Dtype::F16 => Kind::Half,
        Dtype::BF16 => Kind::BFloat16,
        Dtype::F32 => Kind::Float,
        Dtype::F64 => Kind::Double,
        _ => return None,
    })
}

/// A tensor's bytes on their way to a file.
struct Stored {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl View for Stored {
    fn dtype(&self) -> Dtype {
        self.dtype
    }
    fn shape(&self) -> &[usize] {
        &self.shape
    }
    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }
    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

/// Writes tensors as safetensors: floating-point ones in `precision`, whole numbers as 64-bit integers.
///
/// The same tensors make the same bytes. An existing file is replaced in one step, never left half written.
///
/// # Errors
/// When the file cannot be written.
pub fn write(path: &Path, tensors: &Tensors, precision: Precision) -> Result<(), CheckpointError> {
    let stored = tensors
        .iter()
        .map(|(name, tensor)| Ok((name.as_str(), stored(tensor, precision)?)));
    let stored = stored.collect::<Result<Vec<_>, CheckpointError>>()?;
    safetensors::serialize_to_file(stored, None, path).map_err(|error| match error {
        safetensors::SafeTensorError::IoError(reason) => CheckpointError::Io {
            path: path.to_owned(),
            reason,
        },
        other => CheckpointError::Damaged {
            path: path.to_owned(),
            reason: format!("could not be written: {other}"),
        },
    })
}

fn stored(tensor: &Tensor, precision: Precision) -> Result<Stored, CheckpointError> {
    let float = tensor.is_floating_point();
    let (kind, dtype) = match (float, precision) {
        (true, Precision::Half) => (Kind::Half, Dtype::F16),
        (true, Precision::Single) => (Kind::Float, Dtype::F32),
        (false, _) => (Kind::Int64, Dtype::I64),
    };
    let tensor = tch::no_grad(|| {
        tensor
            .f_to_device(tch::Device::Cpu)?
            .f_to_kind(kind)?
            .f_contiguous()
    })?;
    let size = kind.elt_size_in_bytes();
    let mut bytes = vec![0; tensor.numel() * size];
    tensor.f_copy_data_u8(&mut bytes, tensor.numel())?;
    let shape = tensor.size().iter().map(|&x| x as usize).collect();
    Ok(Stored {
        dtype,
        shape,
        bytes,
    })
}
