//! A song to the bytes of a file.

use midly::num::{u4, u7, u15, u24, u28};
use midly::{Format, Header, MetaMessage, MidiMessage, Timing, TrackEvent, TrackEventKind};

use super::channels::{self, Place};
use super::import::{key_of_marker, likely_role};
use super::theme_info::Which;
use super::{MidiFormat, MidiOptions, MidiWriteError, key_signature, meta, theme_info};
use crate::score::{Key, Song, TICKS_PER_QUARTER, ThemeRegion, Tick, Track};

/// In what order events of one tick stand in a track: names before sounds, ends before beginnings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Order {
    Meta,
    Setup,
    Off,
    Control,
    On,
}

/// The events of one file track before they are put in order.
struct Events<'a>(Vec<(Tick, Order, TrackEventKind<'a>)>);

impl<'a> Events<'a> {
    fn meta(&mut self, at: Tick, message: MetaMessage<'a>) {
        self.0
            .push((at, Order::Meta, TrackEventKind::Meta(message)));
    }

    fn midi(&mut self, at: Tick, order: Order, channel: u8, message: MidiMessage) {
        self.0.push((
            at,
            order,
            TrackEventKind::Midi {
                channel: u4::new(channel),
                message,
            },
        ));
    }

    fn note(&mut self, from: Tick, to: Tick, channel: u8, key: u8, velocity: u8) {
        let key = u7::new(key);
        let vel = u7::new(velocity);
        self.midi(from, Order::On, channel, MidiMessage::NoteOn { key, vel });
        let vel = u7::new(0);
        self.midi(to, Order::Off, channel, MidiMessage::NoteOff { key, vel });
    }

    fn control(&mut self, at: Tick, order: Order, channel: u8, controller: u8, value: u8) {
        self.midi(
            at,
            order,
            channel,
            MidiMessage::Controller {
                controller: u7::new(controller.min(127)),
                value: u7::new(value.min(127)),
            },
        );
    }

    /// The events in order, times turned into distances, with the mark that every track ends with.
    fn finish(mut self) -> Vec<TrackEvent<'a>> {
        self.0.sort_by_key(|(at, order, _)| (*at, *order));
        let mut events = Vec::with_capacity(self.0.len() + 1);
        let mut now = Tick::ZERO;
        for (at, _, kind) in self.0 {
            // A distance has 28 bits; over a longer one lead events that say nothing.
            let most = u28::max_value();
            let most_ticks = Tick(i64::from(most.as_int()));
            while at - now > most_ticks {
                let kind = TrackEventKind::Meta(MetaMessage::SequencerSpecific(b""));
                events.push(TrackEvent { delta: most, kind });
                now += most_ticks;
            }
            let delta = u28::new((at - now).0.max(0) as u32);
            events.push(TrackEvent { delta, kind });
            now = at;
        }
        events.push(TrackEvent {
            delta: u28::new(0),
            kind: TrackEventKind::Meta(MetaMessage::EndOfTrack),
        });
        events
    }
}

/// Text that events borrow: midly's events do not own theirs.
#[derive(Default)]
struct Texts {
    keys: Vec<(Tick, Key, String)>,
    regions: Vec<(ThemeRegion, String)>,
    roles: Vec<Option<String>>,
}

impl Texts {
    fn new(song: &Song, tracks: &[&Track], places: &[Place], options: MidiOptions) -> Self {
        let mut texts = Self::default();
        let changes = song
            .markers
            .iter()
            .filter_map(|marker| Some((marker.at, key_of_marker(&marker.name)?)));
        let start = song.key.map(|key| (Tick::ZERO, key));
        for (at, key) in start.into_iter().chain(changes) {
            texts
                .keys
                .push((at, key, meta::encode("key", &key.to_string())));
        }
        for region in song.themes.iter().filter(|_| options.theme_info) {
            // A region belongs to a track; without it in the file there is nothing to mark.
            if let Some(index) = tracks.iter().position(|track| track.id == region.track) {
                let which = match options.format {
                    MidiFormat::One => Which::Place(index),
                    MidiFormat::Zero => Which::Channel(places[index].channel),
                };
                texts
                    .regions
                    .push((*region, theme_info::text(region, which)));
            }
        }
        texts.roles = tracks
            .iter()
            .map(|track| {
                let guessed = likely_role(&track.name, track.instrument);
                (guessed != track.role).then(|| meta::encode("role", meta::role_word(track.role)))
            })
            .collect();
        texts
    }
}

/// Writes a song as a MIDI file with 960 ticks a quarter note.
///
/// Tempo, metre, key and markers stand in the first track, its name is the title. Volume, pan, reverb and chorus of each
/// track stand at its start. In format 0 each track's name stands behind a channel prefix.
pub fn write(song: &Song, options: &MidiOptions) -> Result<Vec<u8>, MidiWriteError> {
    let tracks: Vec<&Track> = (song.tracks.iter())
        .map(AsRef::as_ref)
        .filter(|track| options.muted_tracks || !track.mute)
        .collect();
    let (places, free) = channels::assign(&tracks, options.format)?;
    let texts = Texts::new(song, &tracks, &places, *options);

    let mut conductor = Events(Vec::new());
    conduct(song, &texts, &mut conductor);
    let mut file: Vec<Events<'_>> = vec![conductor];
    for ((track, place), role) in tracks.iter().zip(&places).zip(&texts.roles) {
        let mut events = Events(Vec::new());
        head(track, *place, role.as_deref(), options.format, &mut events);
        play(track, place.channel, *options, &mut events);
        file.push(events);
    }
    if !texts.regions.is_empty() {
        file.push(mark_themes(&texts, free, options.format));
    }
    if options.format == MidiFormat::Zero {
        let all = file.into_iter().flat_map(|events| events.0).collect();
        file = vec![Events(all)];
    }

    let format = match options.format {
        MidiFormat::Zero => Format::SingleTrack,
        MidiFormat::One => Format::Parallel,
    };
    let header = Header::new(format, Timing::Metrical(u15::new(TICKS_PER_QUARTER as u16)));
    let tracks: Vec<Vec<TrackEvent<'_>>> = file.into_iter().map(Events::finish).collect();
    let mut bytes = Vec::new();
    midly::write(&header, &tracks, &mut bytes)
        .map_err(|error| MidiWriteError::Encoding(error.to_string()))?;
    Ok(bytes)
}

/// Writes one file for each track: file names without extension ("02 Bass"), and bytes. Each has tempo, metre, key and
/// markers, so that it opens in time.
pub fn write_tracks(
    song: &Song,
    options: &MidiOptions,
) -> Result<Vec<(String, Vec<u8>)>, MidiWriteError> {
    let chosen = song
        .tracks
        .iter()
        .filter(|track| options.muted_tracks || !track.mute);
    chosen
        .enumerate()
        .map(|(index, track)| {
            let alone = Song {
                tracks: vec![track.clone()],
                ..song.clone()
            };
            let name = format!("{:02} {}", index + 1, file_name(&track.name));
            Ok((name.trim_end().to_owned(), write(&alone, options)?))
        })
        .collect()
}

/// A name without what file systems dislike.
fn file_name(name: &str) -> String {
    let safe = |c: char| !c.is_control() && !r#"/\:*?"<>|"#.contains(c);
    let name: String = name.chars().filter(|c| safe(*c)).take(60).collect();
    name.trim_matches(|c: char| c == '.' || c == ' ').to_owned()
}

fn conduct<'a>(song: &'a Song, texts: &'a Texts, events: &mut Events<'a>) {
    if !song.title.is_empty() {
        events.meta(Tick::ZERO, MetaMessage::TrackName(song.title.as_bytes()));
    }
    for change in song.metre.changes() {
        let metre = change.metre;
        let power = metre.denominator.trailing_zeros() as u8;
        // The metronome clicks every beat: 24 MIDI clocks are a quarter note.
        let clocks = (96 / metre.denominator.max(1)).max(1);
        events.meta(
            change.at,
            MetaMessage::TimeSignature(metre.numerator, power, clocks, 8),
        );
    }
    for (at, key, text) in &texts.keys {
        let (sharps, minor) = key_signature::encode(*key);
        events.meta(*at, MetaMessage::KeySignature(sharps, minor));
        if key_signature::decode(sharps, minor) != Some(*key) {
            events.meta(*at, MetaMessage::Text(text.as_bytes()));
        }
    }
    for change in song.tempo.changes() {
        let micros = u24::new(change.tempo.micros_per_quarter());
        events.meta(change.at, MetaMessage::Tempo(micros));
    }
    for marker in &song.markers {
        if key_of_marker(&marker.name).is_none() {
            events.meta(marker.at, MetaMessage::Marker(marker.name.as_bytes()));
        }
    }
}

fn head<'a>(
    track: &'a Track,
    place: Place,
    role: Option<&'a str>,
    format: MidiFormat,
    events: &mut Events<'a>,
) {
    let start = Tick::ZERO;
    match format {
        MidiFormat::One => {
            events.meta(start, MetaMessage::TrackName(track.name.as_bytes()));
            if place.port > 0 {
                events.meta(start, MetaMessage::MidiPort(u7::new(place.port)));
            }
        }
        MidiFormat::Zero => {
            events.meta(start, MetaMessage::MidiChannel(u4::new(place.channel)));
            events.meta(start, MetaMessage::InstrumentName(track.name.as_bytes()));
        }
    }
    if let Some(role) = role {
        events.meta(start, MetaMessage::Text(role.as_bytes()));
    }
    events.midi(
        start,
        Order::Setup,
        place.channel,
        MidiMessage::ProgramChange {
            program: u7::new(track.instrument.program.min(127)),
        },
    );
    for (controller, value) in [
        (7, track.volume),
        (10, track.pan),
        (91, track.reverb),
        (93, track.chorus),
    ] {
        events.control(start, Order::Setup, place.channel, controller, value);
    }
}

fn play(track: &Track, channel: u8, options: MidiOptions, events: &mut Events<'_>) {
    for control in track.controls() {
        events.control(
            control.at,
            Order::Control,
            channel,
            control.controller,
            control.value,
        );
    }
    for bend in track.bends() {
        let bend_message = MidiMessage::PitchBend {
            bend: midly::PitchBend::from_int(bend.value),
        };
        events.midi(bend.at, Order::Control, channel, bend_message);
    }
    for note in track.notes() {
        if note.muted && !options.muted_notes {
            continue;
        }
        let (key, velocity) = (note.pitch.get(), note.velocity.get());
        events.note(note.start, note.end(), channel, key, velocity);
    }
}

/// The silent track whose notes mark the theme regions.
fn mark_themes(texts: &Texts, free: Option<Place>, format: MidiFormat) -> Events<'_> {
    let mut events = Events(Vec::new());
    if format == MidiFormat::One {
        events.meta(
            Tick::ZERO,
            MetaMessage::TrackName(theme_info::NAME.as_bytes()),
        );
    }
    for (region, text) in &texts.regions {
        events.meta(region.span.start, MetaMessage::Text(text.as_bytes()));
    }
    // In format 0 the notes would become a track of the music when read elsewhere; the text is enough there.
    let Some(place) = free.filter(|_| format == MidiFormat::One) else {
        return events;
    };
    events.control(Tick::ZERO, Order::Setup, place.channel, 7, 0);
    // Regions of two tracks may overlap; their notes may not.
    let mut end = Tick::ZERO;
    let mut spans: Vec<_> = texts
        .regions
        .iter()
        .map(|(region, _)| region.span)
        .collect();
    spans.sort_by_key(|span| (span.start, span.end));
    for (index, span) in spans.iter().enumerate() {
        let next = spans.get(index + 1).map_or(span.end, |next| next.start);
        let stop = span.end.min(next.max(span.start));
        if span.start >= end && stop > span.start {
            let (key, velocity) = (theme_info::PITCH, theme_info::VELOCITY);
            events.note(span.start, stop, place.channel, key, velocity);
            end = stop;
        }
    }
    events
}
