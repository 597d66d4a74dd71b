//! Layer normalisation for tensors and, while decoding, for slices.

use tch::{TchError, Tensor};

use crate::nets::layers::{LAYER_NORM_EPSILON, LayerNorm};

/// Numbers that are summed side by side.
const WIDE: usize = 16;

/// A layer's normalisation in both forms.
#[derive(Debug)]
pub(super) struct Norm {
    layer: LayerNorm,
    weight: Vec<f32>,
    bias: Vec<f32>,
}

impl Norm {
    pub(super) fn new(layer: &LayerNorm) -> Result<Self, TchError> {
        Ok(Self {
            weight: numbers(&layer.weight)?,
            bias: numbers(&layer.bias)?,
            layer: LayerNorm {
                weight: layer.weight.f_detach()?,
                bias: layer.bias.f_detach()?,
            },
        })
    }

    /// Of the last dimension.
    pub(super) fn forward(&self, x: &Tensor) -> Result<Tensor, TchError> {
        self.layer.forward(x)
    }

    /// In place, of every row of `x`, `[rows, width]`.
    pub(super) fn apply(&self, x: &mut [f32]) {
        let width = self.weight.len().max(1);
        for row in x.chunks_exact_mut(width) {
            let mean = sum(row, |x| x) / width as f32;
            let variance = sum(row, |x| (x - mean) * (x - mean)) / width as f32;
            let inverse = 1.0 / (variance + LAYER_NORM_EPSILON as f32).sqrt();
            for ((x, weight), bias) in row.iter_mut().zip(&self.weight).zip(&self.bias) {
                *x = (*x - mean) * inverse * weight + bias;
            }
        }
    }
}

/// The numbers of a tensor, in order.
pub(super) fn numbers(tensor: &Tensor) -> Result<Vec<f32>, TchError> {
    let tensor = tensor.f_detach()?.f_contiguous()?;
    let mut numbers = vec![0.0; tensor.numel()];
    tensor.f_copy_data(&mut numbers, tensor.numel())?;
    Ok(numbers)
}

fn sum(numbers: &[f32], of: impl Fn(f32) -> f32) -> f32 {
    let mut sums = [0.0_f32; WIDE];
    let (chunks, rest) = numbers.as_chunks::<WIDE>();
    for chunk in chunks {
        for (sum, number) in sums.iter_mut().zip(chunk) {
            *sum += of(*number);
        }
    }
    sums.iter().sum::<f32>() + rest.iter().map(|number| of(*number)).sum::<f32>()
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind};

    use super::*;

    #[test]
    fn slices_are_normalised_like_tensors() {
        tch::manual_seed(3);
        let random = |shape: &[i64]| Tensor::randn(shape, (Kind::Float, Device::Cpu));
        for width in [5, 256] {
            let norm = Norm::new(&LayerNorm {
                weight: random(&[width]),
                bias: random(&[width]),
            })
            .unwrap();
            let x = random(&[3, width]) * 4.0 + 1.0;
            let mut row = numbers(&x).unwrap();
            norm.apply(&mut row);
            let expected = numbers(&norm.forward(&x).unwrap()).unwrap();
            for (a, b) in row.iter().zip(expected) {
                assert!((a - b).abs() < 1e-5, "{a} {b}");
            }
        }
    }
}
