//! Tracks.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Note, Span, Tick};

/// What names a track in a song, whatever its place and name.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct TrackId(pub u32);

/// An sRGB colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Colour(pub [u8; 3]);

/// What a track plays with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Instrument {
    /// General MIDI program, 0..=127; on a drum track the kit (0 is the standard kit).
    #[serde(deserialize_with = "seven_bits")]
    pub program: u8,
    /// Whether this is a drum kit (MIDI channel 10).
    pub drums: bool,
}

impl Instrument {
    /// A pitched General MIDI program, 0..=127.
    pub fn pitched(program: u8) -> Self {
        Self {
            program: program.min(127),
            drums: false,
        }
    }

    /// The standard drum kit.
    pub const DRUMS: Self = Self {
        program: 0,
        drums: true,
    };
}

/// What a track is for in the music; networks read and write tracks by role.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, strum::EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum Role {
    #[default]
    Melody,
    Piano,
    Guitar,
    Bass,
    Strings,
    Drums,
}

impl Role {
    /// The colour of the role (colour-blind safe).
    pub fn colour(self) -> Colour {
        Colour(match self {
            Self::Melody => [0x5c, 0xb8, 0xf0],
            Self::Piano => [0x7f, 0x8c, 0xff],
            Self::Guitar => [0x36, 0xc0, 0x8f],
            Self::Bass => [0xee, 0x7f, 0x45],
            Self::Strings => [0xd4, 0x83, 0xb4],
            Self::Drums => [0xb6, 0xbf, 0xcd],
        })
    }

    /// The role in one word, for the window.
    pub fn name(self) -> &'static str {
        match self {
            Self::Melody => "Melody",
            Self::Piano => "Piano",
            Self::Guitar => "Guitar",
            Self::Bass => "Bass",
            Self::Strings => "Strings",
            Self::Drums => "Drums",
        }
    }

    /// The role a General MIDI instrument most often has.
    pub fn of(instrument: Instrument) -> Self {
        match instrument.program {
            _ if instrument.drums => Self::Drums,
            0..=23 => Self::Piano,
            24..=31 => Self::Guitar,
            32..=39 => Self::Bass,
            40..=55 | 88..=95 => Self::Strings,
            _ => Self::Melody,
        }
    }
}

/// A controller event that a file brought and that is kept (volume, pan and others at tick 0 are fields of the track).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ControlChange {
    /// When.
    pub at: Tick,
    /// Controller number, 0..=127 (64 is the sustain pedal).
    #[serde(deserialize_with = "seven_bits")]
    pub controller: u8,
    /// Value, 0..=127.
    #[serde(deserialize_with = "seven_bits")]
    pub value: u8,
}

/// How far the pitch wheel is bent from a place on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PitchBend {
    /// When.
    pub at: Tick,
    /// How far, -8192..=8191; 0 is not at all, and the ends are two semitones unless the bend range says otherwise.
    #[serde(deserialize_with = "bend_value")]
    pub value: i16,
}

impl PitchBend {
    /// The lowest and the highest value.
    pub const RANGE: std::ops::RangeInclusive<i16> = -8192..=8191;

    /// A bend at a place; a value beyond the wheel's ends stops there.
    pub fn new(at: Tick, value: i16) -> Self {
        Self {
            at,
            value: value.clamp(*Self::RANGE.start(), *Self::RANGE.end()),
        }
    }
}

/// One track: an instrument, its place in the mix, and its notes.
///
/// Notes are in order of (start, pitch), and no two of one pitch overlap: where they would, the later one cuts the
/// earlier at its onset; of two with the same onset the longer stays, at the higher velocity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Track {
    /// What names it.
    pub id: TrackId,
    /// Its name in the window and in files.
    pub name: String,
    /// What it plays with.
    pub instrument: Instrument,
    /// What it is for.
    pub role: Role,
    /// Its colour.
    pub colour: Colour,
    /// Volume, 0..=127 (MIDI controller 7; 100 by default).
    #[serde(deserialize_with = "seven_bits")]
    pub volume: u8,
    /// Pan, 0 (left)..=127 (right) (MIDI controller 10; 64 by default).
    #[serde(deserialize_with = "seven_bits")]
    pub pan: u8,
    /// Reverb send, 0..=127 (MIDI controller 91; 40 by default).
    #[serde(deserialize_with = "seven_bits")]
    pub reverb: u8,
    /// Chorus send, 0..=127 (MIDI controller 93; 0 by default).
    #[serde(deserialize_with = "seven_bits")]
    pub chorus: u8,
    /// Not heard.
    pub mute: bool,
    /// While any track is solo, only those are heard.
    pub solo: bool,
    /// No edit and no network may change its notes.
    pub locked: bool,
    #[serde(deserialize_with = "normalised_notes")]
    notes: Arc<Vec<Note>>,
    #[serde(default, deserialize_with = "ordered_controls")]
    controls: Arc<Vec<ControlChange>>,
    /// Left out of files where there are none, so that earlier versions read them too.
    #[serde(
        default,
        deserialize_with = "ordered_bends",
        skip_serializing_if = "is_empty"
    )]
    bends: Arc<Vec<PitchBend>>,
}

fn is_empty(bends: &Arc<Vec<PitchBend>>) -> bool {
    bends.is_empty()
}

fn bend_value<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<i16, D::Error> {
    let value = i16::deserialize(deserializer)?;
    if !PitchBend::RANGE.contains(&value) {
        return Err(serde::de::Error::custom(format!(
            "the pitch bend {value} is not in -8192..=8191"
        )));
    }
    Ok(value)
}

fn seven_bits<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
    let value = u8::deserialize(deserializer)?;
    if value > 127 {
        return Err(serde::de::Error::custom(format!("{value} is above 127")));
    }
    Ok(value)
}

fn normalised_notes<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Arc<Vec<Note>>, D::Error> {
    Vec::<Note>::deserialize(deserializer).map(|notes| Arc::new(normalised(notes)))
}

fn ordered_controls<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Arc<Vec<ControlChange>>, D::Error> {
    let mut controls = Vec::<ControlChange>::deserialize(deserializer)?;
    controls.sort_by_key(|control| control.at);
    Ok(Arc::new(controls))
}

fn ordered_bends<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Arc<Vec<PitchBend>>, D::Error> {
    let mut bends = Vec::<PitchBend>::deserialize(deserializer)?;
    bends.sort_by_key(|bend| bend.at);
    Ok(Arc::new(bends))
}

impl Track {
    /// An empty track at middle volume.
    pub fn new(id: TrackId, name: impl Into<String>, instrument: Instrument, role: Role) -> Self {
        Self {
            id,
            name: name.into(),
            instrument,
            role,
            colour: role.colour(),
            volume: 100,
            pan: 64,
            reverb: 40,
            chorus: 0,
            mute: false,
            solo: false,
            locked: false,
            notes: Arc::default(),
            controls: Arc::default(),
            bends: Arc::default(),
        }
    }

    /// The notes, in order of (start, pitch).
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// The kept controller events, in order of time.
    pub fn controls(&self) -> &[ControlChange] {
        &self.controls
    }

    /// The pitch bends, in order of time.
    pub fn bends(&self) -> &[PitchBend] {
        &self.bends
    }

    /// This track with other notes, given in any order, overlaps resolved (see [`Track`]).
    #[must_use]
    pub fn with_notes(&self, notes: Vec<Note>) -> Self {
        Self {
            notes: Arc::new(normalised(notes)),
            ..self.clone()
        }
    }

    /// This track with other controller events, given in any order.
    #[must_use]
    pub fn with_controls(&self, mut controls: Vec<ControlChange>) -> Self {
        for control in &mut controls {
            control.at = control.at.max(Tick::ZERO);
        }
        controls.sort_by_key(|control| control.at);
        Self {
            controls: Arc::new(controls),
            ..self.clone()
        }
    }

    /// This track with other pitch bends, given in any order.
    #[must_use]
    pub fn with_bends(&self, mut bends: Vec<PitchBend>) -> Self {
        for bend in &mut bends {
            *bend = PitchBend::new(bend.at.max(Tick::ZERO), bend.value);
        }
        bends.sort_by_key(|bend| bend.at);
        Self {
            bends: Arc::new(bends),
            ..self.clone()
        }
    }

    /// First tick after the last note; 0 without notes.
    pub fn end(&self) -> Tick {
        self.notes.iter().map(Note::end).max().unwrap_or_default()
    }

    /// The notes whose onset lies in `span`.
    pub fn notes_starting_in(&self, span: Span) -> &[Note] {
        let from = self.notes.partition_point(|note| note.start < span.start);
        let to = self.notes.partition_point(|note| note.start < span.end);
        &self.notes[from..to.max(from)]
    }
}

/// Sorted by (start, pitch), no onset before the song, no overlap of one pitch.
fn normalised(mut notes: Vec<Note>) -> Vec<Note> {
    for note in &mut notes {
        note.start = note.start.max(Tick::ZERO);
        note.duration = note.duration.max(Tick(1));
    }
    notes.sort_by_key(|note| (note.start, note.pitch));
    let mut kept: Vec<Note> = Vec::with_capacity(notes.len());
    let mut last_of_pitch = [usize::MAX; 128];
    for note in notes {
        let slot = &mut last_of_pitch[usize::from(note.pitch.get())];
        if let Some(previous) = kept.get_mut(*slot) {
            if previous.start == note.start {
                previous.duration = previous.duration.max(note.duration);
                previous.velocity = previous.velocity.max(note.velocity);
                previous.locked |= note.locked;
                previous.muted &= note.muted;
                continue;
            }
            previous.duration = previous.duration.min(note.start - previous.start);
        }
        *slot = kept.len();
        kept.push(note);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::super::{Pitch, Velocity};
    use super::*;

    fn note(start: i64, duration: i64, pitch: i32, velocity: i32) -> Note {
        Note::new(
            Tick(start),
            Tick(duration),
            Pitch::clamped(pitch),
            Velocity::clamped(velocity),
        )
    }

    #[test]
    fn overlaps_of_one_pitch_are_resolved() {
        let track =
            Track::new(TrackId(1), "A", Instrument::pitched(0), Role::Piano).with_notes(vec![
                note(480, 480, 60, 80),
                note(0, 960, 60, 70),
                note(480, 240, 60, 90),
                note(100, 960, 62, 50),
            ]);
        let shown: Vec<_> = track
            .notes()
            .iter()
            .map(|n| (n.start.0, n.duration.0, n.velocity.get()))
            .collect();
        assert_eq!(shown, [(0, 480, 70), (100, 960, 50), (480, 480, 90)]);
    }

    #[test]
    fn bends_are_kept_in_files_and_earlier_files_are_read() {
        let plain = Track::new(TrackId(1), "A", Instrument::pitched(0), Role::Piano);
        let text = serde_json::to_string(&plain).unwrap();
        assert!(!text.contains("bends"), "{text}");
        assert_eq!(serde_json::from_str::<Track>(&text).unwrap(), plain);
        let bent = plain.with_bends(vec![
            PitchBend::new(Tick(480), i16::MAX),
            PitchBend::new(Tick(-5), -100),
        ]);
        assert_eq!(
            bent.bends(),
            [
                PitchBend::new(Tick(0), -100),
                PitchBend::new(Tick(480), 8191)
            ]
        );
        let text = serde_json::to_string(&bent).unwrap();
        assert_eq!(serde_json::from_str::<Track>(&text).unwrap(), bent);
        let beyond = text.replace("8191", "8192");
        assert!(serde_json::from_str::<Track>(&beyond).is_err());
    }

    #[test]
    fn notes_of_a_span_are_found_by_onset() {
        let track = Track::new(TrackId(1), "A", Instrument::pitched(0), Role::Piano)
            .with_notes((0..10).map(|i| note(i * 100, 50, 60, 80)).collect());
        assert_eq!(
            track
                .notes_starting_in(Span::new(Tick(200), Tick(500)))
                .len(),
            3
        );
        assert_eq!(track.end(), Tick(950));
    }
}
