//! Bytes of a file as tensors. libtorch copies as many bytes as a shape asks for without looking whether they are
//! there, so every size is checked here first.

use tch::{Kind, Tensor};

/// A contiguous tensor of `kind` from exactly its bytes.
pub(super) fn tensor(bytes: &[u8], shape: &[i64], kind: Kind) -> Result<Tensor, String> {
    let needed = numel(shape).and_then(|n| n.checked_mul(kind.elt_size_in_bytes()));
    if needed != Some(bytes.len()) {
        return Err(format!(
            "{} bytes cannot hold the shape {shape:?}",
            bytes.len()
        ));
    }
    Tensor::f_from_data_size(bytes, shape, kind).map_err(|e| crate::nets::error::first_line(&e))
}

/// A tensor that looks into a storage with an offset and strides, all counted in elements.
pub(super) fn view(
    storage: &[u8],
    kind: Kind,
    offset: i64,
    shape: &[i64],
    strides: &[i64],
) -> Result<Tensor, String> {
    let bad =
        || format!("shape {shape:?} with strides {strides:?} at {offset} does not fit its storage");
    let size = kind.elt_size_in_bytes();
    let numel = numel(shape).ok_or_else(bad)?;
    let held = storage.len() / size;
    // Broadcast views (stride 0) could blow a small file up; weights are never stored so.
    if shape.len() != strides.len() || numel > held || strides.iter().any(|&s| s < 0) {
        return Err(bad());
    }
    let start = usize::try_from(offset).map_err(|_| bad())?;
    if numel == 0 {
        return tensor(&[], shape, kind);
    }
    let mut last = 0_usize;
    for (&n, &stride) in shape.iter().zip(strides) {
        let reach = usize::try_from(n - 1)
            .ok()
            .and_then(|n| n.checked_mul(usize::try_from(stride).ok()?));
        last = reach
            .and_then(|reach| last.checked_add(reach))
            .ok_or_else(bad)?;
    }
    let end = start
        .checked_add(last)
        .and_then(|x| x.checked_add(1))
        .filter(|&end| end <= held)
        .ok_or_else(bad)?;
    let bytes = storage.get(start * size..end * size).ok_or_else(bad)?;
    if strides == contiguous(shape)
        || last + 1 == numel && shape.iter().filter(|&&n| n > 1).count() <= 1
    {
        return tensor(bytes, shape, kind);
    }
    let flat = tensor(bytes, &[(last + 1) as i64], kind)?;
    let strided = flat
        .f_as_strided(shape, strides, 0)
        .and_then(|t| t.f_contiguous());
    strided.map_err(|e| crate::nets::error::first_line(&e))
}

/// The strides of a row-major tensor.
fn contiguous(shape: &[i64]) -> Vec<i64> {
    let mut strides = vec![1; shape.len()];
    for i in (1..shape.len()).rev() {
        strides[i - 1] = strides[i] * shape[i];
    }
    strides
}

fn numel(shape: &[i64]) -> Option<usize> {
    shape
        .iter()
        .try_fold(1_usize, |n, &x| n.checked_mul(usize::try_from(x).ok()?))
}
