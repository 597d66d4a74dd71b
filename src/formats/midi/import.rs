//! Events to a song.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use midly::{MetaMessage, MidiMessage, TrackEventKind};

use super::events::{File, FileTrack};
use super::{Imported, channels, key_signature, meta, theme_info};
use crate::score::{
    ControlChange, Instrument, Key, Marker, Metre, MetreChange, MetreMap, Note, Pitch, PitchBend,
    Role, Song, Span, Tempo, TempoChange, TempoMap, Tick, Track, Velocity, gm,
};

/// What one channel of one file track plays.
#[derive(Debug, Default)]
struct Part {
    notes: Vec<Note>,
    /// Onset and velocity of the sounding notes of each key, oldest first.
    sounding: BTreeMap<u8, VecDeque<(Tick, u8)>>,
    program: Option<u8>,
    controls: Vec<ControlChange>,
    bends: Vec<PitchBend>,
    name: Option<String>,
    role: Option<Role>,
}

impl Part {
    fn note_on(&mut self, at: Tick, key: u8, velocity: u8) {
        self.sounding
            .entry(key)
            .or_default()
            .push_back((at, velocity));
    }

    fn note_off(&mut self, at: Tick, key: u8) {
        if let Some((start, velocity)) = self.sounding.get_mut(&key).and_then(VecDeque::pop_front) {
            self.notes.push(Note::new(
                start,
                at - start,
                Pitch::clamped(i32::from(key)),
                Velocity::clamped(i32::from(velocity)),
            ));
        }
    }

    /// Ends what still sounds; how many notes that were.
    fn close(&mut self, at: Tick) -> usize {
        let hanging: Vec<u8> = self
            .sounding
            .iter()
            .flat_map(|(key, notes)| notes.iter().map(|_| *key))
            .collect();
        for key in &hanging {
            self.note_off(at, *key);
        }
        hanging.len()
    }
}

/// What holds for the whole song.
#[derive(Debug, Default)]
struct Global {
    tempo: Vec<TempoChange>,
    metre: Vec<MetreChange>,
    /// Every key with its place; whether it came as our own text, which is more exact than a signature.
    keys: Vec<(Tick, Key, bool)>,
    markers: Vec<Marker>,
    title: Option<String>,
    told: Vec<theme_info::Told>,
    theme_notes: Vec<Span>,
    /// How many events of each kind had to be left out.
    left_out: BTreeMap<&'static str, usize>,
}

pub(super) fn import(file: &File<'_>) -> Imported {
    let mut global = Global::default();
    let mut warnings = file.warnings.clone();
    let mut tracks: Vec<(Option<String>, BTreeMap<u8, Part>)> = Vec::new();
    for (index, file_track) in file.tracks.iter().enumerate() {
        let (name, mut parts) = read_parts(file_track, &mut global);
        let hanging: usize = (parts.values_mut())
            .map(|part| part.close(file_track.end))
            .sum();
        if hanging > 0 {
            warnings.push(format!(
                "track {}: {hanging} notes had no end and were closed at the end of the track",
                index + 1
            ));
        }
        if !file_track.ended {
            warnings.push(format!(
                "track {}: the end-of-track mark is missing; the file may not be whole",
                index + 1
            ));
        }
        if name.as_deref().is_some_and(is_theme_info) {
            for part in parts.into_values() {
                global.theme_notes.extend(part.notes.iter().map(Note::span));
            }
            continue;
        }
        tracks.push((name, parts));
    }
    let programs = channel_programs(&tracks);
    let mut song = Song {
        tempo: Arc::new(TempoMap::new(std::mem::take(&mut global.tempo))),
        metre: Arc::new(MetreMap::new(std::mem::take(&mut global.metre))),
        ..Song::default()
    };
    let mut track_of_channel = BTreeMap::new();
    for (index, (name, parts)) in tracks.into_iter().enumerate() {
        let several = parts.values().filter(|part| !part.notes.is_empty()).count() > 1;
        let silent = parts.values().all(|part| part.notes.is_empty());
        if index == 0 && (silent || file.single) {
            global.title = name.clone().or(global.title.take());
        }
        for (channel, part) in parts {
            // A track without notes is kept if it was meant as one: named, with a sound of its own.
            let meant = silent && name.is_some() && part.program.is_some();
            if part.notes.is_empty() && !meant {
                continue;
            }
            let track = make_track(
                &song,
                name.as_deref().filter(|_| !file.single),
                several,
                channel,
                part,
                &programs,
            );
            track_of_channel.entry(channel).or_insert(track.id);
            song.tracks.push(Arc::new(track));
        }
    }
    set_keys(&mut song, &mut global);
    song.title = global.title.unwrap_or_default();
    global.theme_notes.sort_by_key(|span| span.start);
    song.themes = theme_info::regions(&global.theme_notes, &global.told, &song, &track_of_channel);
    if !global.left_out.is_empty() {
        let list: Vec<String> = (global.left_out.iter())
            .map(|(kind, count)| format!("{kind} ({count})"))
            .collect();
        warnings.push(format!("left out: {}", list.join(", ")));
    }
    Imported {
        song,
        warnings,
        view: serde_json::Value::Null,
    }
}

fn is_theme_info(name: &str) -> bool {
    name.eq_ignore_ascii_case(theme_info::NAME)
}

/// Takes a file track apart by channel.
fn read_parts(track: &FileTrack<'_>, global: &mut Global) -> (Option<String>, BTreeMap<u8, Part>) {
    let mut parts: BTreeMap<u8, Part> = BTreeMap::new();
    let mut name = None;
    // The channel that following meta events are about, set by a prefix event.
    let mut about: Option<u8> = None;
    let mut role = None;
    for event in &track.events {
        let at = event.at;
        match event.kind {
            TrackEventKind::Midi { channel, message } => {
                about = None;
                let part = parts.entry(channel.as_int()).or_default();
                read_message(part, at, message, &mut global.left_out);
            }
            TrackEventKind::Meta(MetaMessage::MidiChannel(channel)) => {
                about = Some(channel.as_int());
            }
            TrackEventKind::Meta(MetaMessage::TrackName(bytes)) if name.is_none() => {
                name = Some(meta::text(bytes)).filter(|name| !name.is_empty());
            }
            TrackEventKind::Meta(MetaMessage::InstrumentName(bytes)) => {
                if let Some(channel) = about {
                    parts.entry(channel).or_default().name = Some(meta::text(bytes));
                }
            }
            TrackEventKind::Meta(MetaMessage::Text(bytes)) => {
                let text = meta::text(bytes);
                match meta::decode(&text) {
                    Some(("role", word)) => match about {
                        Some(channel) => {
                            parts.entry(channel).or_default().role = meta::role_of_word(word);
                        }
                        None => role = meta::role_of_word(word),
                    },
                    Some(("key", key)) => {
                        global
                            .keys
                            .extend(key.parse().ok().map(|key| (at, key, true)));
                    }
                    Some((name, value)) => {
                        global.told.extend(theme_info::told(at, name, value));
                    }
                    None => *global.left_out.entry("text").or_default() += 1,
                }
            }
            TrackEventKind::Meta(message) => read_meta(message, at, global),
            TrackEventKind::SysEx(_) | TrackEventKind::Escape(_) => {
                *global
                    .left_out
                    .entry("system exclusive messages")
                    .or_default() += 1;
            }
        }
    }
    if let Some(role) = role {
        for part in parts.values_mut() {
            part.role = part.role.or(Some(role));
        }
    }
    (name, parts)
}

fn read_message(
    part: &mut Part,
    at: Tick,
    message: MidiMessage,
    left_out: &mut BTreeMap<&'static str, usize>,
) {
    match message {
        MidiMessage::NoteOn { key, vel } if vel.as_int() > 0 => {
            part.note_on(at, key.as_int(), vel.as_int());
        }
        MidiMessage::NoteOn { key, .. } | MidiMessage::NoteOff { key, .. } => {
            part.note_off(at, key.as_int());
        }
        MidiMessage::ProgramChange { program } => match part.program {
            None => part.program = Some(program.as_int()),
            Some(first) if first == program.as_int() => {}
            Some(_) => *left_out.entry("later program changes").or_default() += 1,
        },
        MidiMessage::Controller { controller, value } if controller.as_int() < 120 => {
            part.controls.push(ControlChange {
                at,
                controller: controller.as_int(),
                value: value.as_int(),
            });
        }
        // Channel modes (all notes off and the like) are the player's business.
        MidiMessage::Controller { .. } => {}
        MidiMessage::PitchBend { bend } => part.bends.push(PitchBend::new(at, bend.as_int())),
        MidiMessage::Aftertouch { .. } | MidiMessage::ChannelAftertouch { .. } => {
            *left_out.entry("aftertouch").or_default() += 1;
        }
    }
}

fn read_meta(message: MetaMessage<'_>, at: Tick, global: &mut Global) {
    match message {
        MetaMessage::Tempo(micros) => global.tempo.push(TempoChange {
            at,
            tempo: Tempo::from_micros_per_quarter(micros.as_int()),
        }),
        MetaMessage::TimeSignature(numerator, power, _, _) => {
            let metre = 1u8
                .checked_shl(u32::from(power))
                .and_then(|denominator| Metre::new(numerator, denominator));
            match metre {
                Some(metre) => global.metre.push(MetreChange { at, metre }),
                None => *global.left_out.entry("impossible metres").or_default() += 1,
            }
        }
        MetaMessage::KeySignature(sharps, minor) => {
            global
                .keys
                .extend(key_signature::decode(sharps, minor).map(|key| (at, key, false)));
        }
        MetaMessage::Marker(bytes) | MetaMessage::CuePoint(bytes) => global.markers.push(Marker {
            at,
            name: meta::text(bytes),
        }),
        MetaMessage::Lyric(_) => *global.left_out.entry("lyrics").or_default() += 1,
        _ => {}
    }
}

/// The first program that any track sets on a channel: some files set all sounds up in a track of their own.
fn channel_programs(tracks: &[(Option<String>, BTreeMap<u8, Part>)]) -> BTreeMap<u8, u8> {
    let mut programs = BTreeMap::new();
    for (_, parts) in tracks {
        for (channel, part) in parts {
            if let Some(program) = part.program {
                programs.entry(*channel).or_insert(program);
            }
        }
    }
    programs
}

fn make_track(
    song: &Song,
    name: Option<&str>,
    several: bool,
    channel: u8,
    part: Part,
    programs: &BTreeMap<u8, u8>,
) -> Track {
    let instrument = Instrument {
        program: (part.program)
            .or_else(|| programs.get(&channel).copied())
            .unwrap_or(0),
        drums: channel == channels::DRUMS,
    };
    let sound = gm::instrument_name(instrument);
    let name = match (part.name, name) {
        (Some(own), _) => own,
        (None, Some(name)) if several => format!("{name} ({sound})"),
        (None, Some(name)) => name.to_owned(),
        (None, None) => sound.to_owned(),
    };
    let role = part.role.unwrap_or_else(|| likely_role(&name, instrument));
    let first_note = part.notes.iter().map(|note| note.start).min();
    let mut track = Track::new(song.free_track_id(), name, instrument, role).with_notes(part.notes);
    let mut controls = part.controls;
    let mut field = |number: u8, field: &mut u8| {
        // The value at the start; or, if there is none, the first one that comes before the first note.
        let mut at_start: Option<u8> = None;
        controls.retain(|control| {
            let taken = control.controller == number && control.at == Tick::ZERO;
            if taken {
                at_start = Some(control.value);
            }
            !taken
        });
        if at_start.is_none() {
            let early = controls.iter().position(|control| {
                control.controller == number && first_note.is_some_and(|note| control.at <= note)
            });
            at_start = early.map(|index| controls.remove(index).value);
        }
        *field = at_start.unwrap_or(*field);
    };
    field(7, &mut track.volume);
    field(10, &mut track.pan);
    field(91, &mut track.reverb);
    field(93, &mut track.chorus);
    track.with_controls(controls).with_bends(part.bends)
}

/// What a track is for, by its name, else by its instrument.
pub(super) fn likely_role(name: &str, instrument: Instrument) -> Role {
    if instrument.drums {
        return Role::Drums;
    }
    let name = name.to_lowercase();
    let named = |words: &[&str]| words.iter().any(|word| name.contains(word));
    if named(&["melody", "lead", "vocal", "voice", "theme", "solo"]) {
        Role::Melody
    } else if named(&["bass"]) {
        Role::Bass
    } else if named(&["guitar"]) {
        Role::Guitar
    } else if named(&["string", "violin", "viola", "cello"]) {
        Role::Strings
    } else if named(&["piano", "keys"]) {
        Role::Piano
    } else {
        Role::of(instrument)
    }
}

/// The first key is the song's; later ones become markers, so that they are neither lost nor taken for the whole.
fn set_keys(song: &mut Song, global: &mut Global) {
    // Our text says more than the signature at the same place.
    let exact: Vec<Tick> = (global.keys.iter())
        .filter(|(_, _, exact)| *exact)
        .map(|(at, _, _)| *at)
        .collect();
    global
        .keys
        .retain(|(at, _, is_exact)| *is_exact || !exact.contains(at));
    global.keys.sort_by_key(|(at, _, _)| *at);
    let mut held: Option<Key> = None;
    for (index, (at, key, _)) in global.keys.iter().enumerate() {
        if index == 0 && *at == Tick::ZERO {
            song.key = Some(*key);
        } else if held != Some(*key) {
            global.markers.push(Marker {
                at: *at,
                name: key_marker(*key),
            });
        }
        held = Some(*key);
    }
    song.markers = std::mem::take(&mut global.markers);
    song.markers.sort_by_key(|marker| marker.at);
}

const KEY_MARKER: &str = "Key: ";

/// The marker that stands for a change of key.
fn key_marker(key: Key) -> String {
    format!("{KEY_MARKER}{key}")
}

/// The key that a marker stands for.
pub(super) fn key_of_marker(name: &str) -> Option<Key> {
    name.strip_prefix(KEY_MARKER)?.parse().ok()
}
