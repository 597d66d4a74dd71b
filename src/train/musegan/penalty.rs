//! The gradient penalty of WGAN-GP (Gulrajani et al. 2017).

use tch::Tensor;

use crate::nets::NetError;

/// Mean of (|gradient of the score| - 1)^2 at points between `real` and `fake`, [N, ..] of one shape; its own gradient can be
/// taken with respect to the critic. `share` `[N]` says how much of each point is real, 0..=1.
///
/// # Errors
/// When the critic refuses.
pub fn gradient_penalty(
    critic: impl Fn(&Tensor) -> Result<Tensor, NetError>,
    real: &Tensor,
    fake: &Tensor,
    share: &Tensor,
) -> Result<Tensor, NetError> {
    let kind = real.f_kind()?;
    let rows = real.size().first().copied().unwrap_or(0);
    let mut shape = vec![1; real.dim()];
    if let Some(first) = shape.first_mut() {
        *first = rows;
    }
    let between = fake
        .detach()
        .f_lerp_tensor(
            &real.detach(),
            &share.f_reshape(shape.as_slice())?.f_expand_as(real)?,
        )?
        .set_requires_grad(true);
    let score = critic(&between)?.f_sum(kind)?;
    let gradient = Tensor::f_run_backward(&[&score], &[&between], true, true)?;
    let gradient = gradient
        .first()
        .ok_or_else(|| NetError::Input("the critic has no gradient".to_owned()))?;
    // The small number keeps the derivative of the root finite.
    let norm = gradient
        .f_reshape([rows, -1])?
        .f_square()?
        .f_sum_dim_intlist(1_i64, false, kind)?
        .f_add_scalar(1e-12)?
        .f_sqrt()?;
    Ok(norm.f_sub_scalar(1.0)?.f_square()?.f_mean(kind)?)
}
