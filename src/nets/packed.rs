//! Linear layers whose weights are packed in 16 or 8 bits for the processor: decoding one token at a time is bound by reading
//! weights from memory, and these read a half or a quarter of the bytes in the order in which the product needs them.
//!
//! The products are libtorch's own (FBGEMM; Khudia et al. 2021), called through a small C++ shim because tch does not
//! wrap them. They exist for x86-64 with AVX2 and FMA; elsewhere [`Linear`] keeps the plain f32 product.

use tch::{Kind, TchError, Tensor};

/// Whether this processor has the instructions for packed products.
pub fn is_supported() -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        std::arch::is_x86_feature_detected!("avx2")
            && std::arch::is_x86_feature_detected!("fma")
            && std::arch::is_x86_feature_detected!("f16c")
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        false
    }
}

/// Whether this processor multiplies numbers of bfloat16.
fn has_bfloat16() -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        std::arch::is_x86_feature_detected!("avx512bf16")
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        false
    }
}

/// From so many rows on it is the sums, not the reading of weights, that take the time.
const MANY: usize = 64;

/// A linear layer for inference, `y = x W^T + b`.
#[derive(Debug)]
pub struct Linear {
    weight: Weight,
    bias: Tensor,
    /// Weight and bias in bfloat16, for [`MANY`] rows at once, where the processor has products for them.
    many: Option<(Tensor, Tensor)>,
}

#[derive(Debug)]
enum Weight {
    /// `[out, in]`, f32.
    Plain(Tensor),
    /// Opaque, packed in half precision.
    Half(Tensor),
    /// In 8 bits, one scale for all.
    Eight(Eight),
}

/// A matrix in 8 bits: a number q stands for `scale * (q - zero)`.
#[derive(Debug)]
struct Eight {
    quantized: Tensor,
    packed: Tensor,
    /// Sums of columns, for the zero point of the input.
    offsets: Tensor,
    scale: f64,
    zero: i64,
}

impl Linear {
    /// A layer from `weight` `[out, in]` and `bias` `[out]`, both on the CPU, kept in f32.
    pub fn plain(weight: &Tensor, bias: &Tensor) -> Result<Self, TchError> {
        let weight = weight.f_detach()?.f_to_kind(Kind::Float)?.f_contiguous()?;
        Ok(Self {
            weight: Weight::Plain(weight),
            bias: bias.f_detach()?.f_to_kind(Kind::Float)?.f_contiguous()?,
            many: None,
        })
    }

    /// As [`Self::plain`], with the weights rounded to half precision and packed where the processor can use that; where it can,
    /// 64 rows and more go through in bfloat16, inputs too.
    /// Weights beyond the range of half precision (65,504) stay in f32.
    pub fn packed(weight: &Tensor, bias: &Tensor) -> Result<Self, TchError> {
        let plain = Self::plain(weight, bias)?;
        let Weight::Plain(weight) = &plain.weight else {
            return Ok(plain);
        };
        let largest = weight.f_abs()?.f_max()?.f_double_value(&[])?;
        if !is_supported() || !largest.is_finite() || largest > 65_504.0 {
            return Ok(plain);
        }
        let many = if has_bfloat16() {
            let small = |tensor: &Tensor| tensor.f_to_kind(Kind::BFloat16);
            Some((small(weight)?, small(&plain.bias)?))
        } else {
            None
        };
        Ok(Self {
            weight: Weight::Half(shim::pack(weight)?),
            bias: plain.bias,
            many,
        })
    }

    /// As [`Self::plain`], with the weights rounded to 8 bits and packed where the processor can use that. Inputs are rounded to 8
    /// bits too, over the range of all rows that go through at once.
    pub fn quantized(weight: &Tensor, bias: &Tensor) -> Result<Self, TchError> {
        let plain = Self::plain(weight, bias)?;
        let Weight::Plain(weight) = &plain.weight else {
            return Ok(plain);
        };
        if !is_supported() || !weight.f_abs()?.f_max()?.f_double_value(&[])?.is_finite() {
            return Ok(plain);
        }
        Ok(Self {
            weight: Weight::Eight(shim::pack_eight(weight)?),
            bias: plain.bias,
            many: None,
        })
    }

    /// Whether the weights are packed.
    pub fn is_packed(&self) -> bool {
        !matches!(self.weight, Weight::Plain(_))
    }

    /// `x` `[..., in]` f32, contiguous -> `[..., out]` f32.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor, TchError> {
        if let Some((weight, bias)) = &self.many {
            let width = x.size().last().copied().unwrap_or(1).max(1) as usize;
            if x.numel() >= MANY * width {
                return x
                    .f_to_kind(Kind::BFloat16)?
                    .f_linear(weight, Some(bias))?
                    .f_to_kind(Kind::Float);
            }
        }
        match &self.weight {
            Weight::Plain(weight) => x.f_linear(weight, Some(&self.bias)),
            Weight::Half(weight) => shim::linear(x, weight, &self.bias),
            Weight::Eight(weight) => shim::linear_eight(x, weight, &self.bias),
        }
    }
}

/// The one place that calls C++ directly.
#[allow(
    unsafe_code,
    reason = "tch has no wrapper for these libtorch functions; see the safety notes"
)]
mod shim {
    use std::ffi::{CStr, c_char};

    use tch::{TchError, Tensor};
    use torch_sys::C_tensor;

    use super::Eight;

    unsafe extern "C" {
        fn leitmotif_pack_half(
            weight: *const C_tensor,
            error: *mut c_char,
            capacity: usize,
        ) -> *mut C_tensor;
        fn leitmotif_linear_half(
            input: *const C_tensor,
            packed: *const C_tensor,
            bias: *const C_tensor,
            error: *mut c_char,
            capacity: usize,
        ) -> *mut C_tensor;
        fn leitmotif_pack_eight(
            weight: *const C_tensor,
            parts: *mut *mut C_tensor,
            scale: *mut f64,
            zero: *mut i64,
            error: *mut c_char,
            capacity: usize,
        ) -> bool;
        fn leitmotif_linear_eight(
            input: *const C_tensor,
            quantized: *const C_tensor,
            packed: *const C_tensor,
            offsets: *const C_tensor,
            scale: f64,
            zero: i64,
            bias: *const C_tensor,
            error: *mut c_char,
            capacity: usize,
        ) -> *mut C_tensor;
    }

    const ERROR_BYTES: usize = 512;

    /// Takes ownership of a tensor that the shim made, or its error message.
    fn take(tensor: *mut C_tensor, error: &[c_char; ERROR_BYTES]) -> Result<Tensor, TchError> {
        if tensor.is_null() {
            // SAFETY: the shim writes a terminated text (snprintf), and the buffer began as all zeros.
            let message = unsafe { CStr::from_ptr(error.as_ptr()) }
                .to_string_lossy()
                .into_owned();
            return Err(TchError::Torch(message));
        }
        // SAFETY: a non-null result is a tensor made with `new at::Tensor`, as tch makes its own; nobody else holds it.
        Ok(unsafe { Tensor::from_ptr(tensor) })
    }

    pub(super) fn pack(weight: &Tensor) -> Result<Tensor, TchError> {
        let mut error = [0; ERROR_BYTES];
        // SAFETY: the pointer is a live tensor for the whole call, the buffer has the capacity given, and no exception
        // crosses.
        let packed =
            unsafe { leitmotif_pack_half(weight.as_ptr(), error.as_mut_ptr(), ERROR_BYTES) };
        take(packed, &error)
    }

    pub(super) fn linear(
        input: &Tensor,
        packed: &Tensor,
        bias: &Tensor,
    ) -> Result<Tensor, TchError> {
        let mut error = [0; ERROR_BYTES];
        // SAFETY: as above, for three live tensors; libtorch checks kinds and shapes and throws.
        let output = unsafe {
            leitmotif_linear_half(
                input.as_ptr(),
                packed.as_ptr(),
                bias.as_ptr(),
                error.as_mut_ptr(),
                ERROR_BYTES,
            )
        };
        take(output, &error)
    }

    pub(super) fn pack_eight(weight: &Tensor) -> Result<Eight, TchError> {
        let mut error = [0; ERROR_BYTES];
        let mut parts = [std::ptr::null_mut(); 3];
        let (mut scale, mut zero) = (0.0, 0);
        // SAFETY: as above; there is room for three pointers, which the shim sets when it succeeds, and else leaves null.
        unsafe {
            leitmotif_pack_eight(
                weight.as_ptr(),
                parts.as_mut_ptr(),
                &raw mut scale,
                &raw mut zero,
                error.as_mut_ptr(),
                ERROR_BYTES,
            );
        }
        Ok(Eight {
            quantized: take(parts[0], &error)?,
            packed: take(parts[1], &error)?,
            offsets: take(parts[2], &error)?,
            scale,
            zero,
        })
    }

    pub(super) fn linear_eight(
        input: &Tensor,
        weight: &Eight,
        bias: &Tensor,
    ) -> Result<Tensor, TchError> {
        let mut error = [0; ERROR_BYTES];
        // SAFETY: as above, for five live tensors.
        let output = unsafe {
            leitmotif_linear_eight(
                input.as_ptr(),
                weight.quantized.as_ptr(),
                weight.packed.as_ptr(),
                weight.offsets.as_ptr(),
                weight.scale,
                weight.zero,
                bias.as_ptr(),
                error.as_mut_ptr(),
                ERROR_BYTES,
            )
        };
        take(output, &error)
    }
}

#[cfg(test)]
mod tests {
    use tch::{Device, no_grad};

    use super::*;

    fn random(shape: &[i64]) -> Tensor {
        Tensor::randn(shape, (Kind::Float, Device::Cpu))
    }

    #[test]
    fn packed_products_are_close_to_plain_ones() {
        no_grad(|| {
            for (rows, inputs, outputs) in
                [(1, 256, 768), (8, 256, 1024), (3, 1024, 256), (1, 5, 7)]
            {
                let (weight, bias) = (random(&[outputs, inputs]), random(&[outputs]));
                let x = random(&[rows, inputs]);
                let plain = Linear::plain(&weight, &bias).unwrap();
                let packed = Linear::packed(&weight, &bias).unwrap();
                assert_eq!(packed.is_packed(), is_supported());
                let (a, b) = (plain.forward(&x).unwrap(), packed.forward(&x).unwrap());
                assert_eq!(a.size(), b.size());
                // Half precision keeps 11 bits: 2^-11 of a sum of `inputs` unit products, with room.
                let bound = (inputs as f64).sqrt() * 4.0 / 2048.0 + 1e-4;
                let worst = (a - b).abs().max().double_value(&[]);
                assert!(
                    worst < bound,
                    "{rows}x{inputs}x{outputs}: {worst} > {bound}"
                );
            }
        });
    }

    #[test]
    fn eight_bits_are_near_plain_products() {
        no_grad(|| {
            for (rows, inputs, outputs) in [(1, 256, 768), (8, 256, 1024), (3, 1024, 256)] {
                let (weight, bias) = (random(&[outputs, inputs]), random(&[outputs]));
                let x = random(&[rows, inputs]);
                let plain = Linear::plain(&weight, &bias).unwrap().forward(&x).unwrap();
                let eight = Linear::quantized(&weight, &bias).unwrap();
                assert_eq!(eight.is_packed(), is_supported());
                // Numbers to 4.5 deviations in 256 steps: each rounded by .010 on average squares, twice.
                let error = (plain - eight.forward(&x).unwrap()).square();
                let error = error.mean(Kind::Float).double_value(&[]).sqrt();
                let bound = (inputs as f64).sqrt() * 0.022;
                assert!(
                    error < bound,
                    "{rows}x{inputs}x{outputs}: {error} > {bound}"
                );
            }
        });
    }

    #[test]
    fn weights_beyond_half_precision_stay_plain() {
        let weight = Tensor::from_slice(&[1e6f32, 1.0]).view([1, 2]);
        let layer =
            Linear::packed(&weight, &Tensor::zeros([1], (Kind::Float, Device::Cpu))).unwrap();
        assert!(!layer.is_packed());
    }

    #[test]
    fn a_wrong_shape_is_an_error() {
        let layer = Linear::packed(&random(&[8, 4]), &random(&[8])).unwrap();
        assert!(layer.forward(&random(&[1, 5])).is_err());
    }
}
