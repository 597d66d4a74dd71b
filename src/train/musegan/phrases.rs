//! Phrases to train on, and rolls as tensors.

use rand::RngExt as _;
use rand::seq::IndexedRandom as _;
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, TchError, Tensor};

use crate::nets::musegan::{Given, white_keys};
use crate::tokens::band::{BandRoll, PHRASE_BARS, PITCHES, STEPS_PER_BAR};
use crate::tokens::cut::{Cut, PHRASE_VALUES, cut};
use crate::tokens::part::Part;
use crate::train::bands::set::{BandSet, Source, Split};

/// Share of phrases of real bands among those drawn from a set.
const BAND_FILES: f64 = 0.3;

/// Into which keys phrases are moved when they are drawn.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", ascii_case_insensitive)]
pub enum Keys {
    /// Without accidentals (C major, A minor), as well as they can be told: a twelfth of what there is to learn.
    #[default]
    White,
    /// At random, -5 to 6 semitones from where they are.
    Any,
}

/// Where a phrase begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Which song.
    pub song: usize,
    /// Which bar of it.
    pub bar: usize,
}

/// Songs, and the phrases in them to train on and to compare with.
#[derive(Debug, Default)]
pub struct Phrases {
    songs: Vec<BandRoll>,
    train: Vec<Place>,
    held_out: Vec<Place>,
    /// Share of draws from `of_favoured`.
    share: f64,
    /// Which of `train` are of favoured songs.
    of_favoured: Vec<Place>,
}

impl Phrases {
    /// Phrases of four bars that begin at those places; places outside the songs are left out.
    pub fn new(songs: Vec<BandRoll>, train: Vec<Place>, held_out: Vec<Place>) -> Self {
        let inside = |place: &Place| {
            songs
                .get(place.song)
                .is_some_and(|song| place.bar + PHRASE_BARS <= song.bars())
        };
        Self {
            train: train.into_iter().filter(inside).collect(),
            held_out: held_out.into_iter().filter(inside).collect(),
            songs,
            ..Self::default()
        }
    }

    /// Draws phrases of some songs more often than their number: in a `share` of cases, 0..=1. Of the held-out phrases, too,
    /// only so many others are kept that this is about their share.
    #[must_use]
    pub fn favouring(mut self, songs: &[bool], share: f64) -> Self {
        let is = |place: &Place| songs.get(place.song).copied().unwrap_or(false);
        self.of_favoured = self.train.iter().copied().filter(is).collect();
        let held_out = self.held_out.iter().filter(|place| is(place)).count();
        let others = self.held_out.len() - held_out;
        let wanted = held_out as f64 * (1.0 - share) / share.max(1e-9);
        if held_out > 0 && wanted < others as f64 {
            let stride = (others as f64 / wanted.max(1.0)).round() as usize;
            let mut number = 0;
            self.held_out.retain(|place| {
                number += usize::from(!is(place));
                is(place) || number.is_multiple_of(stride.max(1))
            });
        }
        self.share = share;
        self
    }

    /// The songs and phrases of a set. Real bands are drawn more often than their number, as most of a set is arranged by rules.
    pub fn of(set: &BandSet) -> Self {
        let places = |split| {
            let phrases = set.phrases(split).iter();
            phrases
                .map(|phrase| Place {
                    song: phrase.song as usize,
                    bar: phrase.bar as usize,
                })
                .collect()
        };
        let songs = (0..set.songs().len() as u32).map(|song| set.song_roll(song));
        let band_files: Vec<bool> = (set.songs().iter())
            .map(|song| song.source != Source::Pop909)
            .collect();
        let (train, held_out) = (places(Split::Train), places(Split::Validation));
        Self::new(songs.collect(), train, held_out).favouring(&band_files, BAND_FILES)
    }

    /// Phrases to train on.
    pub fn train(&self) -> &[Place] {
        &self.train
    }

    /// Phrases of other songs.
    pub fn held_out(&self) -> &[Place] {
        &self.held_out
    }

    /// A phrase as it is.
    pub fn phrase(&self, place: Place) -> BandRoll {
        self.songs.get(place.song).map_or_else(
            || BandRoll::new(PHRASE_BARS),
            |song| song.slice(place.bar..place.bar + PHRASE_BARS),
        )
    }

    /// A phrase in the keys without accidentals, told by the sixteen bars around it.
    pub fn in_white_keys(&self, place: Place) -> BandRoll {
        let Some(song) = self.songs.get(place.song) else {
            return BandRoll::new(PHRASE_BARS);
        };
        let around = song.slice(place.bar.saturating_sub(6)..place.bar + 10);
        moved(&self.phrase(place), key_shift(&around, &Part::ALL))
    }

    /// One of the training phrases.
    pub fn draw(&self, rng: &mut Pcg64, keys: Keys) -> BandRoll {
        let favoured = !self.of_favoured.is_empty() && rng.random_bool(self.share.clamp(0.0, 1.0));
        let places = if favoured {
            &self.of_favoured
        } else {
            &self.train
        };
        let place = places.choose(rng).copied();
        let place = place.unwrap_or(Place { song: 0, bar: 0 });
        match keys {
            Keys::White => self.in_white_keys(place),
            Keys::Any => {
                let phrase = self.phrase(place);
                let semitones = rng.random_range(-5..=6);
                phrase.transposed(semitones).unwrap_or(phrase)
            }
        }
    }

    /// How often each pitch of each part sounds and begins, as shares of the steps: [5, 2, 72] f32, of every `stride`th
    /// training phrase.
    pub fn rates(&self, keys: Keys, stride: usize) -> Result<Tensor, TchError> {
        let mut sum = Tensor::f_zeros([5, 2, PITCHES as i64], (Kind::Double, Device::Cpu))?;
        let mut count = 0.0;
        let places: Vec<Place> = self.train.iter().copied().step_by(stride.max(1)).collect();
        for places in places.chunks(64) {
            let rolls: Vec<BandRoll> = places
                .iter()
                .map(|place| match keys {
                    Keys::White => self.in_white_keys(*place),
                    Keys::Any => self.phrase(*place),
                })
                .collect();
            let rolls = batch(&rolls)?;
            sum = sum.f_add(&rolls.f_sum_dim_intlist([0, 3].as_slice(), false, Kind::Double)?)?;
            count += (places.len() * PHRASE_BARS * STEPS_PER_BAR) as f64;
        }
        sum.f_div_scalar(f64::max(count, 1.0))?
            .f_to_kind(Kind::Float)
    }
}

/// By how many semitones `parts` (but for the drums) are to be moved into the keys without accidentals.
pub fn key_shift(roll: &BandRoll, parts: &[Part]) -> i32 {
    let mut counts = [0.0_f64; 12];
    for part in parts.iter().filter(|part| **part != Part::Drums) {
        for step in 0..roll.steps() {
            let (mut bits, _) = roll.bits(*part, step);
            while bits != 0 {
                counts[bits.trailing_zeros() as usize % 12] += 1.0;
                bits &= bits - 1;
            }
        }
    }
    white_keys(&counts)
}

/// A roll moved by semitones, or by an octave less or more where that alone fits; notes that still leave the range come back
/// in by octaves.
pub fn moved(roll: &BandRoll, semitones: i32) -> BandRoll {
    let octave = if semitones > 0 { -12 } else { 12 };
    let whole = roll
        .transposed(semitones)
        .or_else(|| roll.transposed(semitones + octave));
    whole.unwrap_or_else(|| {
        let mut moved = BandRoll::new(roll.bars());
        for part in Part::ALL {
            for mut note in roll.notes(part) {
                if part != Part::Drums {
                    note.pitch = (i32::from(note.pitch) + semitones).clamp(0, 127) as u8;
                }
                moved.add(part, note);
            }
        }
        moved
    })
}

/// Phrases as a tensor [N, 5, 2, 64, 72] f32 of 0 and 1.
pub fn batch(rolls: &[BandRoll]) -> Result<Tensor, TchError> {
    let steps = PHRASE_BARS * STEPS_PER_BAR;
    let mut values = vec![0_u8; rolls.len() * Part::COUNT * 2 * steps * PITCHES];
    for (roll, values) in rolls
        .iter()
        .zip(values.chunks_mut(Part::COUNT * 2 * steps * PITCHES))
    {
        for (part, values) in Part::ALL
            .into_iter()
            .zip(values.chunks_mut(2 * steps * PITCHES))
        {
            for step in 0..steps.min(roll.steps()) {
                let (sounds, begins) = roll.bits(part, step);
                for (mut bits, plane) in [(sounds, 0), (begins, 1)] {
                    while bits != 0 {
                        values[(plane * steps + step) * PITCHES + bits.trailing_zeros() as usize] =
                            1;
                        bits &= bits - 1;
                    }
                }
            }
        }
    }
    let shape = [rolls.len(), Part::COUNT, 2, steps, PITCHES].map(|size| size as i64);
    Tensor::from_slice(&values)
        .f_reshape(shape)?
        .f_to_kind(Kind::Float)
}

/// Probabilities, or zeros and ones, `[N, 5, 2, 64, 72]` as phrases.
pub fn rolls_of(rolls: &Tensor, cuts: &[Cut; Part::COUNT]) -> Result<Vec<BandRoll>, TchError> {
    let flat = rolls
        .f_to_kind(Kind::Float)?
        .f_to_device(Device::Cpu)?
        .f_contiguous()?
        .f_reshape([-1])?;
    let values = Vec::<f32>::try_from(flat)?;
    let phrases = values.chunks_exact(PHRASE_VALUES);
    Ok(phrases.map(|phrase| cut(phrase, cuts)).collect())
}

/// The parts `which` `[N]` of `rolls` `[N, 5, 2, 64, 72]`, to be played to.
pub fn given_parts(rolls: &Tensor, which: &[Part]) -> Result<Given, TchError> {
    let numbers: Vec<i64> = which.iter().map(|part| part.index() as i64).collect();
    let part = Tensor::from_slice(&numbers);
    let (_, _, planes, steps, pitches) = rolls.size5()?;
    let index = part
        .f_reshape([-1, 1, 1, 1, 1])?
        .f_expand([-1, 1, planes, steps, pitches], false)?;
    Ok(Given {
        rolls: rolls.f_gather(1, &index, false)?.f_squeeze_dim(1)?,
        part,
    })
}
