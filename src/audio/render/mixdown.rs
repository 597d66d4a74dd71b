//! All tracks of a song, rendered side by side and summed in a fixed order, so that the result does not depend on how many
//! threads there were.

use std::sync::Arc;

use rayon::prelude::*;

use super::part::Part;
use super::{RenderError, RenderOptions, Stems};
use crate::audio::bus::Bus;
use crate::audio::effects::Effects;
use crate::audio::guard::quietly;
use crate::audio::schedule::Compiler;
use crate::audio::soundfont::Font;
use crate::score::{Song, Span, Tick, TrackId};

/// A stretch of sound.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    /// The mix, left and right.
    pub mix: [Vec<f32>; 2],
    /// The stems, in the order of [`Mixdown::stems`].
    pub stems: Vec<[Vec<f32>; 2]>,
}

impl Chunk {
    /// Its length.
    pub(super) fn frames(&self) -> usize {
        self.mix[0].len()
    }

    /// Every side of the mix and of the stems.
    pub(super) fn sides_mut(&mut self) -> impl Iterator<Item = &mut Vec<f32>> {
        self.mix.iter_mut().chain(self.stems.iter_mut().flatten())
    }
}

/// One part with effects of its own, if it is to be heard alone.
struct Lane {
    part: Part,
    effects: Option<Effects>,
    failed: bool,
}

/// A song that is being rendered.
pub(super) struct Mixdown {
    lanes: Vec<Lane>,
    /// For all tracks, where no stems are wanted.
    effects: Effects,
    bus: Bus,
    at: i64,
    content: u64,
    lag: usize,
    font: String,
}

/// Samples of a block: 1.3 ms at any rate, or a little more.
fn block(rate: u32) -> usize {
    match rate {
        0..=50_000 => 64,
        50_001..=100_000 => 128,
        _ => 256,
    }
}

/// The song without what begins at `end` or later.
fn without_notes_from(song: &Song, end: Tick) -> Song {
    let mut song = song.clone();
    for track in &mut song.tracks {
        let before = Span::new(Tick::ZERO, end);
        *track = Arc::new(track.with_notes(track.notes_starting_in(before).to_vec()));
    }
    song
}

impl Mixdown {
    /// `song`, or the span of it that `options` ask for, through `font`.
    pub(super) fn new(song: &Song, font: &Arc<Font>, options: &RenderOptions) -> Self {
        let rate = options.rate;
        let part;
        let song = match options.span {
            Some(span) => {
                part = without_notes_from(song, span.end);
                &part
            }
            None => song,
        };
        let schedule = Compiler::new(rate).compile(song, |index, _| index);
        let clock = &schedule.clock;
        let from = options
            .span
            .map_or(Tick::ZERO, |span| span.start.max(Tick::ZERO));
        let from_sample = clock.nearest_sample(from);
        let end = options.span.map(|span| clock.nearest_sample(span.end));
        let block = block(rate);
        let zones = font.zones();
        let lanes = schedule
            .tracks
            .iter()
            .filter(|track| track.audible)
            .map(|track| Lane {
                part: Part::new(zones, track, rate, block, (from_sample, from), end),
                effects: (options.stems == Stems::Separate).then(|| Effects::new(rate)),
                failed: false,
            })
            .collect();
        // What a note waits for at its beginning, it waits in whole blocks.
        let delay = f64::from(font.onset_delay()) * f64::from(rate);
        let blocks = (delay / block as f64).ceil() - 1.0;
        Self {
            lanes,
            effects: Effects::new(rate),
            bus: Bus::default(),
            at: from_sample,
            content: (end.unwrap_or(schedule.last_note_end) - from_sample).max(0) as u64,
            lag: blocks.max(0.0) as usize * block,
            font: font.name().to_owned(),
        }
    }

    /// Frames from the start to the end of the last note or of the span.
    pub(super) fn content(&self) -> u64 {
        self.content
    }

    /// Frames by which sound comes late: to be made and thrown away first.
    pub(super) fn lag(&self) -> usize {
        self.lag
    }

    /// The tracks that are heard, in the order of the song.
    pub(super) fn stems(&self) -> impl Iterator<Item = TrackId> + '_ {
        self.lanes.iter().map(|lane| lane.part.id)
    }

    /// Makes the next `frames` into `chunk`.
    pub(super) fn render(&mut self, chunk: &mut Chunk, frames: usize) -> Result<(), RenderError> {
        let from = self.at;
        self.lanes.par_iter_mut().for_each(|lane| {
            // A damaged font can drive the synthesizer out of its samples.
            let done = quietly(|| {
                lane.part.render(from, frames);
                if let Some(effects) = &mut lane.effects {
                    effects.apply(&mut lane.part.bus);
                }
            });
            lane.failed |= done.is_none();
        });
        if self.lanes.iter().any(|lane| lane.failed) {
            return Err(RenderError::Font(self.font.clone()));
        }
        self.at += frames as i64;
        self.bus.clear(frames);
        for lane in &self.lanes {
            self.bus.add_bus(&lane.part.bus);
        }
        if self.lanes.iter().all(|lane| lane.effects.is_none()) {
            self.effects.apply(&mut self.bus);
        } else {
            // Each stem has had its effects.
            chunk.stems.resize_with(self.lanes.len(), Default::default);
            for (stem, lane) in chunk.stems.iter_mut().zip(&mut self.lanes) {
                std::mem::swap(stem, &mut lane.part.bus.sides);
            }
        }
        std::mem::swap(&mut chunk.mix, &mut self.bus.sides);
        for side in chunk.sides_mut() {
            for sample in side {
                if !sample.is_finite() {
                    *sample = 0.0;
                }
            }
        }
        Ok(())
    }
}
