//! The end of the mix: gain, limiter, and how loud it is.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};

use ebur128::{EbuR128, Mode};

use super::{Loudness, RenderError};
use crate::audio::limiter::{Limiter, TRUE_PEAK};

/// Frames that pass at once.
const FRAMES: usize = 4096;
/// How near to the wished loudness is near enough, in LU.
const NEAR: f64 = 0.05;
/// How often loudness is measured again at most.
const ATTEMPTS: u32 = 8;
/// No song is turned up more than this, in dB: what is as quiet as that is noise.
const MOST_GAIN: f64 = 60.0;

fn ratio(decibels: f64) -> f32 {
    10_f64.powf(decibels / 20.0) as f32
}

/// Gain and limiter of a mix, without the delay of the limiter.
pub(super) struct Master {
    /// Absent for a stem: its sum with the others is limited, not each alone.
    limiter: Option<Limiter>,
    into: f32,
    out_of: f32,
    /// What the limiter gives out first is nothing.
    skip: usize,
    left: Vec<f32>,
    right: Vec<f32>,
}

impl Master {
    /// A master for `rate` samples a second that turns the mix up by `gain` and keeps its true peak below `ceiling`;
    /// both are factors.
    pub(super) fn new(rate: u32, gain: f32, ceiling: f32) -> Self {
        let limiter = Limiter::new(rate);
        Self {
            into: gain * TRUE_PEAK / ceiling,
            out_of: ceiling / TRUE_PEAK,
            skip: limiter.latency(),
            limiter: Some(limiter),
            left: Vec::new(),
            right: Vec::new(),
        }
    }

    /// A master that does nothing but turn up by the factor `gain`.
    pub(super) fn without_limiter(gain: f32) -> Self {
        Self {
            limiter: None,
            into: gain,
            out_of: 1.0,
            skip: 0,
            left: Vec::new(),
            right: Vec::new(),
        }
    }

    /// Passes samples on; gives what comes out, which is less than what went in at the beginning.
    pub(super) fn pass(&mut self, left: &[f32], right: &[f32]) -> (&[f32], &[f32]) {
        for (own, side) in [(&mut self.left, left), (&mut self.right, right)] {
            own.clear();
            own.extend(side.iter().map(|sample| sample * self.into));
        }
        if let Some(limiter) = &mut self.limiter {
            limiter.process(&mut self.left, &mut self.right);
        }
        for side in [&mut self.left, &mut self.right] {
            for sample in side {
                *sample *= self.out_of;
            }
        }
        let skipped = self.skip.min(self.left.len());
        self.skip -= skipped;
        (&self.left[skipped..], &self.right[skipped..])
    }

    /// What the limiter still holds.
    pub(super) fn rest(&mut self) -> (&[f32], &[f32]) {
        let silence = vec![0.0; self.limiter.as_ref().map_or(0, Limiter::latency)];
        self.pass(&silence, &silence)
    }
}

/// A sound on the disk, in a file without a name that is gone when this is.
pub(super) struct Tape {
    file: BufWriter<File>,
    rate: u32,
    frames: u64,
    bytes: Vec<u8>,
}

/// What takes samples, left and right.
type Each<'a> = &'a mut dyn FnMut(&[f32], &[f32]) -> Result<(), RenderError>;

/// How loud a mix is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Measured {
    /// Integrated loudness in LUFS.
    pub lufs: f64,
    /// True peak in dB.
    pub true_peak: f64,
}

/// A gain and a ceiling, and what they lead to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Fit {
    pub gain: f32,
    pub ceiling: f32,
    /// Absent for silence.
    pub measured: Option<Measured>,
}

impl Tape {
    /// An empty tape in `folder`.
    pub(super) fn new(folder: &std::path::Path, rate: u32) -> std::io::Result<Self> {
        Ok(Self {
            file: BufWriter::with_capacity(1 << 18, tempfile::tempfile_in(folder)?),
            rate,
            frames: 0,
            bytes: Vec::new(),
        })
    }

    /// Adds samples; both sides have one length.
    pub(super) fn write(&mut self, left: &[f32], right: &[f32]) -> Result<(), RenderError> {
        self.bytes.clear();
        for (left, right) in left.iter().zip(right) {
            self.bytes.extend_from_slice(&left.to_le_bytes());
            self.bytes.extend_from_slice(&right.to_le_bytes());
        }
        self.frames += left.len() as u64;
        let written = self.file.write_all(&self.bytes);
        written.map_err(|error| RenderError::Tape(error.to_string()))
    }

    /// Plays the tape through a master, for `each` to take it.
    pub(super) fn play(&mut self, mut master: Master, each: Each<'_>) -> Result<(), RenderError> {
        let failed = |error: std::io::Error| RenderError::Tape(error.to_string());
        self.file.flush().map_err(failed)?;
        let file = self.file.get_mut();
        file.seek(SeekFrom::Start(0)).map_err(failed)?;
        let mut reader = BufReader::with_capacity(1 << 18, file);
        let mut bytes = vec![0; FRAMES * 8];
        let (mut left, mut right) = (Vec::new(), Vec::new());
        let mut ahead = self.frames;
        while ahead > 0 {
            let frames = ahead.min(FRAMES as u64) as usize;
            let bytes = &mut bytes[..frames * 8];
            reader.read_exact(bytes).map_err(failed)?;
            left.clear();
            right.clear();
            for frame in bytes.chunks_exact(8) {
                if let [a, b, c, d, e, f, g, h] = *frame {
                    left.push(f32::from_le_bytes([a, b, c, d]));
                    right.push(f32::from_le_bytes([e, f, g, h]));
                }
            }
            let (left, right) = master.pass(&left, &right);
            each(left, right)?;
            ahead -= frames as u64;
        }
        let (left, right) = master.rest();
        each(left, right)
    }

    fn measure(
        &mut self,
        gain: f32,
        ceiling: f32,
        check: &mut dyn FnMut() -> Result<(), RenderError>,
    ) -> Result<Measured, RenderError> {
        let failed = |error: ebur128::Error| RenderError::Tape(error.to_string());
        let mut meter = EbuR128::new(2, self.rate, Mode::I | Mode::TRUE_PEAK).map_err(failed)?;
        let master = Master::new(self.rate, gain, ceiling);
        self.play(master, &mut |left, right| {
            check()?;
            meter.add_frames_planar_f32(&[left, right]).map_err(failed)
        })?;
        let peak = |side| meter.true_peak(side).unwrap_or(0.0);
        Ok(Measured {
            lufs: meter.loudness_global().map_err(failed)?,
            true_peak: 20.0 * peak(0).max(peak(1)).max(1e-9).log10(),
        })
    }

    /// Finds the gain and the ceiling with which the mix is as loud as it should be. What the limiter takes away is
    /// given back as long as that helps. `check` is called now and then, to cancel.
    pub(super) fn fit(
        &mut self,
        wanted: Loudness,
        check: &mut dyn FnMut() -> Result<(), RenderError>,
    ) -> Result<Fit, RenderError> {
        let (mut gain, mut ceiling) = (0.0, wanted.true_peak);
        let mut last: Option<f64> = None;
        let mut fit = Fit {
            gain: 1.0,
            ceiling: ratio(ceiling),
            measured: None,
        };
        for _ in 0..ATTEMPTS {
            let measured = self.measure(ratio(gain), ratio(ceiling), check)?;
            if !measured.lufs.is_finite() {
                return Ok(fit);
            }
            fit = Fit {
                gain: ratio(gain),
                ceiling: ratio(ceiling),
                measured: Some(measured),
            };
            let missing = wanted.lufs - measured.lufs;
            let over = measured.true_peak - wanted.true_peak;
            if over > 0.0 {
                ceiling -= over + 0.01;
            } else if missing.abs() <= NEAR
                || last.is_some_and(|last| missing.abs() > 0.9 * last.abs())
            {
                // It is there, or more gain does not make it louder.
                return Ok(fit);
            }
            last = (over <= 0.0).then_some(missing);
            gain = (gain + missing).clamp(-MOST_GAIN, MOST_GAIN);
        }
        Ok(fit)
    }
}
