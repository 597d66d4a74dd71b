//! A mix on its way: left and right, and what of them goes to the effects.

/// What a mix sends to the effects.
#[derive(Debug, Default, Clone)]
pub struct Sends {
    /// To the reverb, both sides in one.
    pub reverb: Vec<f32>,
    /// To the chorus.
    pub chorus: [Vec<f32>; 2],
}

/// How much of a sound goes to the effects, 0..=1.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct SendLevels {
    /// To the reverb.
    pub reverb: f32,
    /// To the chorus.
    pub chorus: f32,
}

impl SendLevels {
    /// What a track sends (each 0..=1) and its instrument sends itself (in percent), together.
    pub fn of(track: [f32; 2], instrument: [i32; 2]) -> Self {
        let [reverb, chorus] = [0, 1].map(|effect: usize| {
            let track = track.get(effect).copied().unwrap_or(0.0);
            let percent = instrument.get(effect).copied().unwrap_or(0);
            (track + percent as f32 / 100.0).clamp(0.0, 1.0)
        });
        Self { reverb, chorus }
    }
}

/// The two sides of a mix, and its sends; all of one length.
#[derive(Debug, Default, Clone)]
pub struct Bus {
    /// Left and right, without effects.
    pub sides: [Vec<f32>; 2],
    /// What of them goes to the effects.
    pub sends: Sends,
}

/// Adds samples to others, with a gain that begins with `gain` and grows by `step` from each to the next.
fn add(to: &mut [f32], samples: &[f32], gain: f32, step: f32) {
    if step == 0.0 {
        for (to, sample) in to.iter_mut().zip(samples) {
            *to += sample * gain;
        }
    } else {
        for (index, (to, sample)) in to.iter_mut().zip(samples).enumerate() {
            *to += sample * (gain + step * index as f32);
        }
    }
}

impl Bus {
    /// An empty mix. One of up to `frames` samples will not have to ask for memory.
    pub fn with_room(frames: usize) -> Self {
        let mut bus = Self::default();
        bus.clear(frames);
        bus.clear(0);
        bus
    }

    fn lines_mut(&mut self) -> impl Iterator<Item = &mut Vec<f32>> {
        let Sends { reverb, chorus } = &mut self.sends;
        self.sides
            .iter_mut()
            .chain(std::iter::once(reverb))
            .chain(chorus)
    }

    /// Makes it silence of `frames` samples.
    pub fn clear(&mut self, frames: usize) {
        for line in self.lines_mut() {
            line.clear();
            line.resize(frames, 0.0);
        }
    }

    /// Its length.
    pub fn frames(&self) -> usize {
        let [left, _] = &self.sides;
        left.len()
    }

    /// Adds a sound, left and right, from sample `first` on. What it sends goes from the levels `from` to `to`.
    pub fn add(&mut self, first: usize, sound: [&[f32]; 2], from: SendLevels, to: SendLevels) {
        let [left, right] = sound;
        let steps = left.len().max(1) as f32;
        for (line, samples) in self.sides.iter_mut().zip(sound) {
            let line = line.get_mut(first..).unwrap_or_default();
            add(line, samples, 1.0, 0.0);
        }
        if from.reverb > 0.0 || to.reverb > 0.0 {
            let line = self.sends.reverb.get_mut(first..).unwrap_or_default();
            let step = (to.reverb - from.reverb) / steps;
            for side in [left, right] {
                add(line, side, from.reverb, step);
            }
        }
        if from.chorus > 0.0 || to.chorus > 0.0 {
            let step = (to.chorus - from.chorus) / steps;
            for (line, samples) in self.sends.chorus.iter_mut().zip(sound) {
                let line = line.get_mut(first..).unwrap_or_default();
                add(line, samples, from.chorus, step);
            }
        }
    }

    /// Adds another mix of the same length.
    pub fn add_bus(&mut self, other: &Self) {
        let Sends { reverb, chorus } = &other.sends;
        let others = other
            .sides
            .iter()
            .chain(std::iter::once(reverb))
            .chain(chorus);
        for (line, other) in self.lines_mut().zip(others) {
            add(line, other, 1.0, 0.0);
        }
    }

    /// Multiplies all of it by `gain`, which falls by `step` from each sample to the next, and not below 0; gives what
    /// it has come to.
    pub fn fade(&mut self, gain: f32, step: f32) -> f32 {
        let at = |index: usize| (gain - step * index as f32).max(0.0);
        for line in self.lines_mut() {
            for (index, sample) in line.iter_mut().enumerate() {
                *sample *= at(index);
            }
        }
        at(self.frames())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sound_is_added_where_it_belongs_with_its_sends() {
        let mut bus = Bus::with_room(8);
        bus.clear(6);
        let levels = |reverb, chorus| SendLevels { reverb, chorus };
        bus.add(
            2,
            [&[1.0; 4], &[0.5; 4]],
            levels(0.5, 0.0),
            levels(0.5, 0.0),
        );
        assert_eq!(bus.sides[0], [0.0, 0.0, 1.0, 1.0, 1.0, 1.0]);
        assert_eq!(bus.sends.reverb, [0.0, 0.0, 0.75, 0.75, 0.75, 0.75]);
        assert_eq!(bus.sends.chorus[0], [0.0; 6]);
        bus.add(
            0,
            [&[1.0; 4], &[1.0; 4]],
            levels(0.0, 0.0),
            levels(0.0, 1.0),
        );
        assert_eq!(bus.sends.chorus[1], [0.0, 0.25, 0.5, 0.75, 0.0, 0.0]);
        let mut sum = bus.clone();
        sum.add_bus(&bus);
        assert_eq!(sum.sides[1], [2.0, 2.0, 3.0, 3.0, 1.0, 1.0]);
        assert_eq!(sum.fade(1.0, 0.25), 0.0);
        assert_eq!(sum.sides[1], [2.0, 1.5, 1.5, 0.75, 0.0, 0.0]);
    }

    #[test]
    fn a_track_and_its_instrument_send_together() {
        let levels = SendLevels::of([0.5, 0.0], [20, 150]);
        assert!((levels.reverb - 0.7).abs() < 1e-6);
        assert_eq!(levels.chorus, 1.0);
    }
}
