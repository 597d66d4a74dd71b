//! Windows as tensors.

use tch::{Device, Kind, TchError, Tensor};

use super::Window;
use crate::nets::NetError;
use crate::nets::performance::PerformanceNet;
use crate::tokens::expression::{FEATURES, PAST};

/// What the losses pass over: padding, and timing that was not recorded.
const NONE: i64 = -100;

/// Windows side by side, padded to the longest. B rows, N notes.
#[derive(Debug)]
pub struct Batch {
    /// [B, N, [`FEATURES`]].
    features: Tensor,
    /// [B, N, [`PAST`]].
    past: Tensor,
    /// Classes [B, N], [`NONE`] where there is none.
    velocities: Tensor,
    /// Classes [B, N], [`NONE`] where there is none.
    timings: Tensor,
}

/// Nats of every note of a batch [B, N], 0 where there is none to count.
#[derive(Debug)]
pub struct Losses {
    /// Of the velocities.
    pub velocity: Tensor,
    /// Of the timings.
    pub timing: Tensor,
}

impl Batch {
    /// Packs windows.
    ///
    /// # Errors
    /// When libtorch refuses.
    pub fn new(windows: &[&Window]) -> Result<Self, TchError> {
        let notes = windows.iter().map(|window| window.notes.len()).max();
        let (rows, notes) = (windows.len(), notes.unwrap_or(0));
        let mut features = vec![0.0_f32; rows * notes * FEATURES];
        let mut past = vec![0.0_f32; rows * notes * PAST];
        let mut velocities = vec![NONE; rows * notes];
        let mut timings = vec![NONE; rows * notes];
        for (row, window) in windows.iter().enumerate() {
            let start = row * notes;
            let known = window.features();
            features[start * FEATURES..][..known.len()].copy_from_slice(&known);
            let known = window.past();
            past[start * PAST..][..known.len()].copy_from_slice(&known);
            for (slot, class) in velocities[start..].iter_mut().zip(window.velocities()) {
                *slot = class as i64;
            }
            for (slot, class) in timings[start..].iter_mut().zip(window.timings()) {
                *slot = class.map_or(NONE, |class| class as i64);
            }
        }
        let shaped = |numbers: &[f32], width: usize| {
            Tensor::f_from_slice(numbers)?.f_view([rows as i64, notes as i64, width as i64])
        };
        let classes =
            |classes: &[i64]| Tensor::f_from_slice(classes)?.f_view([rows as i64, notes as i64]);
        Ok(Self {
            features: shaped(&features, FEATURES)?,
            past: shaped(&past, PAST)?,
            velocities: classes(&velocities)?,
            timings: classes(&timings)?,
        })
    }

    /// How many notes have a velocity, and how many a timing.
    ///
    /// # Errors
    /// When libtorch refuses.
    pub fn counts(&self) -> Result<(i64, i64), TchError> {
        let count = |classes: &Tensor| classes.f_ge(0)?.f_sum(Kind::Int64)?.f_int64_value(&[]);
        Ok((count(&self.velocities)?, count(&self.timings)?))
    }

    /// Goes through the network and compares with what was played.
    ///
    /// # Errors
    /// When the network is of other sizes, or libtorch refuses.
    pub fn losses(&self, network: &PerformanceNet, train: bool) -> Result<Losses, NetError> {
        let told = self.velocities.f_clamp_min(0)?;
        let (loud, late) = network.forward(&self.features, &self.past, &told, train)?;
        let nats = |logits: &Tensor, classes: &Tensor| {
            let flat = logits.f_flatten(0, 1)?;
            flat.f_cross_entropy_loss::<Tensor>(
                &classes.f_flatten(0, 1)?,
                None,
                tch::Reduction::None,
                NONE,
                0.0,
            )?
            .f_view_as(classes)
        };
        Ok(Losses {
            velocity: nats(&loud, &self.velocities)?,
            timing: nats(&late, &self.timings)?,
        })
    }

    /// Where it is computed.
    pub fn device(&self) -> Device {
        self.features.device()
    }
}
