//! What the compose panel asks for, as a request to the networks.

use std::ops::Range;
use std::sync::Arc;

use crate::compose::{
    AccompanySettings, BandSettings, Blend, ChainSettings, ContinueSettings, FillVoices,
    InfillSettings, Kind, MorphSettings, MorphWay, Performance, Request, Returns, SeedSettings,
    VarySettings, part_of,
};
use crate::score::{Role, Song, Span, Tick, Track, TrackId};
use crate::tokens::clip::{Voices, bar_ticks};
use crate::tokens::part::Part;

use super::Studio;
use super::form::{Making, Place, Reroll};

/// A request, and where its music will stand.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Asking {
    pub(super) request: Request,
    /// The bars of the song that are written.
    pub(super) span: Span,
    /// Where candidates go, if not where they say themselves.
    pub(super) at: Option<Tick>,
}

impl Asking {
    /// How many bars are written.
    pub(super) fn bars(&self) -> u32 {
        (self.span.length().0 / bar_ticks().0).max(1) as u32
    }
}

/// Bars of the song, from 0, and how they came to be meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// Which bars.
    pub bars: Range<u32>,
    /// What they are, in words ("the loop").
    pub what: &'static str,
}

impl Studio {
    /// The bars that Accompany and Re-roll are about: the loop, else those of the selected notes, else what the focused track
    /// plays (Accompany) or the bar at the playhead (Re-roll).
    pub fn scope(&self) -> Scope {
        let song = self.base_song();
        let bars_of = |span: Span| {
            let last = (span.end - Tick(1)).max(span.start);
            song.metre.bar_at(span.start)..song.metre.bar_at(last) + 1
        };
        if let Some(range) = self.transport.active_loop() {
            return Scope {
                bars: bars_of(range),
                what: "the loop",
            };
        }
        if let Some(span) = self.base_selection().span(song) {
            return Scope {
                bars: bars_of(span),
                what: "the selection",
            };
        }
        if self.form.making == Making::Accompany
            && let Some(track) = self.focused_track()
            && let Some(first) = track.notes().first()
        {
            return Scope {
                bars: bars_of(Span::new(first.start, track.end())),
                what: "the whole track",
            };
        }
        Scope {
            bars: bars_of(song.metre.bar_span(self.transport.position)),
            what: "at the playhead",
        }
    }

    /// The request that the compose panel is set to; the error says what is missing and what to do.
    pub(super) fn asking(&self) -> Result<Asking, String> {
        if self.composer.is_none() {
            return Err("This build has no networks in it.".to_owned());
        }
        let form = &self.form;
        for model in form.making.models(form.band_joins) {
            self.needs(model)?;
        }
        let song = Arc::clone(self.base_song());
        let (kind, span, at) = match form.making {
            Making::Seed => self.seed(&song),
            Making::Continue => self.continuation(&song)?,
            Making::Accompany => self.accompaniment(&song)?,
            Making::Vary => {
                let bars = self.scope().bars;
                return match self.rerolls() {
                    Reroll::Fill => self.filling(&song, bars, form.fill, None),
                    Reroll::Band => self.variation(&song, bars, form.parts.clone()),
                };
            }
            Making::Morph => self.morphing(&song)?,
            Making::Chain => self.chain(&song),
        };
        let candidates = match form.making {
            Making::Morph => 1,
            _ => form.candidates.clamp(1, 8),
        };
        let request = Request {
            song,
            kind,
            seed: form.seed,
            candidates,
        };
        Ok(Asking { request, span, at })
    }

    /// Says so where a model is missing.
    fn needs(&self, model: &str) -> Result<(), String> {
        if self.models.iter().any(|installed| installed == model) {
            Ok(())
        } else {
            Err(format!(
                "The model {model} is not installed: see Preferences."
            ))
        }
    }

    /// Who writes bars once more: as chosen; else the band what a band wrote and what it plays, and the network of melody and
    /// piano what those play.
    pub fn rerolls(&self) -> Reroll {
        if let Some(chosen) = self.form.reroll {
            return chosen;
        }
        let song = self.base_song();
        let voices = Voices::of(song);
        let focused = self.focused();
        let is_voice = focused.is_some_and(|id| voice_of(song, voices, id).is_some());
        let is_bands = focused.is_some_and(|track| {
            let bar = self.scope().bars.start;
            self.clip_bars(bar, track).is_some()
        });
        if is_voice && !is_bands {
            Reroll::Fill
        } else {
            Reroll::Band
        }
    }

    /// What the button says that begins what the form makes.
    pub fn verb(&self) -> String {
        if self.form.making == Making::Vary && self.rerolls() == Reroll::Fill {
            let bars = self.scope().bars;
            if bars.len() == 1 {
                format!("Fill bar {} anew", bars.start + 1)
            } else {
                format!("Fill bars {} to {} anew", bars.start + 1, bars.end)
            }
        } else {
            self.form.making.verb().to_owned()
        }
    }

    /// The track whose voice is meant where a track is named, and which voice that is.
    pub fn voice_of(&self, track: TrackId) -> Option<FillVoices> {
        let song = self.base_song();
        voice_of(song, Voices::of(song), track)
    }

    /// `bars` of melody and piano anew, between what stands around them; of one track alone if one is given.
    pub(super) fn filling(
        &self,
        song: &Arc<Song>,
        bars: Range<u32>,
        voices: FillVoices,
        track: Option<TrackId>,
    ) -> Result<Asking, String> {
        self.needs(InfillSettings::MODEL)?;
        if song.end() == Tick::ZERO {
            return Err(
                "There is nothing to fill in yet: draw notes before or behind the bars.".to_owned(),
            );
        }
        let form = &self.form;
        let track = track.or(self.focused());
        let role = |wanted| {
            track
                .filter(|id| song.track(*id).is_some_and(|track| track.role == wanted))
                .filter(|id| voice_of(song, Voices::of(song), *id).is_some())
        };
        let settings = InfillSettings {
            melody: role(Role::Melody),
            piano: role(Role::Piano),
            voices,
            temperature: form.temperature(),
            top_p: form.top_p,
            top_k: form.top_k as usize,
            scale: song.key.filter(|_| form.stay_in_key),
            bars: bars.clone(),
            ..InfillSettings::default()
        };
        Ok(Asking {
            request: Request {
                song: Arc::clone(song),
                kind: Kind::Infill(settings),
                seed: form.seed,
                candidates: form.candidates.clamp(1, 8),
            },
            span: bars_span(song, &bars),
            at: None,
        })
    }

    /// The bar line that `place` means, and the bars from there on.
    fn span_at(&self, song: &Song, place: Place, bars: u32) -> Span {
        let wanted = place.tick(song, self.transport.position);
        let bar = song.metre.bar_span(wanted);
        let at = if bar.start == wanted { wanted } else { bar.end };
        Span::new(at, at + bar_ticks() * i64::from(bars))
    }

    fn band(&self, song: &Song) -> BandSettings {
        let form = &self.form;
        BandSettings {
            variety: form.temperature(),
            density: form.density * 2.0 - 1.0,
            scale: song.key.filter(|_| form.stay_in_key),
            performance: self.performance(),
        }
    }

    fn performance(&self) -> Performance {
        Performance {
            strength: self.form.feel,
            velocity: None,
        }
    }

    fn seed_settings(&self, song: &Song, span: Span) -> SeedSettings {
        SeedSettings {
            at: span.start,
            bars: self.form.seed_bars(),
            parts: self.form.parts.clone(),
            band: self.band(song),
            ..SeedSettings::default()
        }
    }

    fn seed(&self, song: &Song) -> (Kind, Span, Option<Tick>) {
        let span = self.span_at(song, self.form.band_place, self.form.seed_bars());
        (Kind::Seed(self.seed_settings(song, span)), span, None)
    }

    /// The settings of a continuation but for the theme.
    fn continue_settings(&self, song: &Song) -> ContinueSettings {
        let form = &self.form;
        ContinueSettings {
            bars: form.bars.clamp(1, ContinueSettings::MAX_BARS),
            temperature: form.temperature(),
            theme_temperature: form.theme_temperature(),
            likeness: form.likeness(),
            top_p: form.top_p,
            top_k: form.top_k as usize,
            scale: song.key.filter(|_| form.stay_in_key),
            piano: form.piano,
            returns: if form.only_painted {
                Returns::Painted
            } else {
                Returns::Free
            },
            ..ContinueSettings::default()
        }
    }

    fn continuation(&self, song: &Song) -> Result<(Kind, Span, Option<Tick>), String> {
        let form = &self.form;
        let begin = if form.place == Place::AfterTheme {
            ContinueSettings::of_song(song).ok_or(
                "Mark a theme first (select notes, press T), or choose another place to go on from.",
            )?
        } else {
            let at = form.place.tick(song, self.transport.position);
            let bar = song.metre.bar_at(at);
            let line = self.line(song).map(|track| track.id);
            line.and_then(|line| ContinueSettings::from_bar(song, line, bar))
                .ok_or_else(|| {
                    format!(
                        "Nothing stands before bar {} that could go on: choose a later bar.",
                        bar + 1
                    )
                })?
        };
        let painted = if form.return_where_painted {
            begin.painted.clone()
        } else {
            Vec::new()
        };
        let settings = ContinueSettings {
            theme: begin.theme,
            track: begin.track,
            from: begin.from,
            painted,
            register: form.register.clamp(0.0, 1.0) * 2.0 - 1.0,
            ..self.continue_settings(song)
        };
        let at = settings.start(song);
        let first = song.metre.bar_at(at);
        let span = Span::new(at, song.metre.bar_start(first + settings.bars));
        Ok((Kind::Continue(settings), span, Some(at)))
    }

    /// The melody that goes on where no theme is marked: the focused track if it can be one, else the song's melody.
    fn line<'a>(&self, song: &'a Song) -> Option<&'a Track> {
        let focused = self.focused().and_then(|id| song.track(id));
        let focused = focused.filter(|track| {
            track.role == Role::Melody && !track.instrument.drums && !track.notes().is_empty()
        });
        let found = || Voices::of(song).melody.and_then(|id| song.track(id));
        focused.or_else(found).map(AsRef::as_ref)
    }

    /// The band around what was written into `tracks` in `bars`: melody and piano are heard together.
    pub(super) fn band_around(
        &self,
        song: &Arc<Song>,
        tracks: &[TrackId],
        bars: Range<u32>,
    ) -> Result<Asking, String> {
        self.needs(AccompanySettings::MODEL)?;
        let mut given: Vec<TrackId> = tracks.to_vec();
        // The piano leads, as where the chain has a band join.
        given.sort_by_key(|id| {
            song.track(*id)
                .is_none_or(|track| track.role != Role::Piano)
        });
        let parts: Vec<Part> = (self.form.parts.iter().copied())
            .filter(|part| *part != Part::Piano)
            .collect();
        if parts.is_empty() {
            return Err(
                "Choose at least one part that is to join, on the card Accompany.".to_owned(),
            );
        }
        let span = bars_span(song, &bars);
        let settings = AccompanySettings {
            bars,
            given,
            given_as: Some(Part::Piano),
            parts,
            follow: self.form.follow * 2.0,
            band: self.band(song),
            ..AccompanySettings::default()
        };
        Ok(Asking {
            request: Request {
                song: Arc::clone(song),
                kind: Kind::Accompany(settings),
                seed: self.form.seed,
                candidates: self.form.candidates.clamp(1, 8),
            },
            span,
            at: None,
        })
    }

    fn accompaniment(&self, song: &Song) -> Result<(Kind, Span, Option<Tick>), String> {
        let track = self
            .focused_track()
            .filter(|track| !track.notes().is_empty())
            .ok_or("Choose a track with notes in it: the band joins that one.")?;
        let bars = self.scope().bars;
        let span = bars_span(song, &bars);
        let given = part_of(track);
        let settings = AccompanySettings {
            bars,
            given: vec![track.id],
            parts: (self.form.parts.iter().copied())
                .filter(|part| Some(*part) != given)
                .collect(),
            follow: self.form.follow * 2.0,
            band: self.band(song),
            ..AccompanySettings::default()
        };
        if settings.parts.is_empty() {
            return Err("Choose at least one part that is to join.".to_owned());
        }
        Ok((Kind::Accompany(settings), span, None))
    }

    /// `bars` of `parts` once more.
    pub(super) fn variation(
        &self,
        song: &Arc<Song>,
        bars: Range<u32>,
        parts: Vec<Part>,
    ) -> Result<Asking, String> {
        if song.end() == Tick::ZERO {
            return Err(
                "There is nothing to re-roll yet: make a Seed first, or draw notes.".to_owned(),
            );
        }
        if parts.is_empty() {
            return Err("Choose at least one part to write again.".to_owned());
        }
        let span = bars_span(song, &bars);
        let settings = VarySettings {
            bars,
            parts,
            change: self.form.change,
            band: self.band(song),
            ..VarySettings::default()
        };
        Ok(Asking {
            request: Request {
                song: Arc::clone(song),
                kind: Kind::Vary(settings),
                seed: self.form.seed,
                candidates: self.form.candidates.clamp(1, 8),
            },
            span,
            at: None,
        })
    }

    fn morphing(&self, song: &Song) -> Result<(Kind, Span, Option<Tick>), String> {
        let morph = &self.morph;
        if morph.count() < 2 {
            return Err(
                "Put two to four ideas on the corners: hear a Seed, then press a corner."
                    .to_owned(),
            );
        }
        let (ideas, weights): (Vec<_>, Vec<f32>) = (morph.ideas.iter().zip(morph.weights()))
            .filter_map(|(idea, weight)| Some((idea.as_ref()?, weight)))
            .map(|(idea, weight)| (Arc::clone(&idea.lineage), weight))
            .unzip();
        let bars = (morph.ideas.iter().flatten()).map(|idea| idea.bars).max();
        let span = self.span_at(song, self.form.band_place, bars.unwrap_or(4));
        let settings = MorphSettings {
            ideas,
            way: MorphWay::Point(weights),
            blend: Blend::default(),
            joined: false,
            at: span.start,
            performance: self.performance(),
        };
        Ok((Kind::Morph(settings), span, None))
    }

    fn chain(&self, song: &Song) -> (Kind, Span, Option<Tick>) {
        let form = &self.form;
        // The theme is some bars of the phrase; how many depends on the tempo.
        let span = self.span_at(song, form.band_place, form.bars + 4);
        let settings = ChainSettings {
            seed: SeedSettings {
                bars: 4,
                parts: Part::ALL.to_vec(),
                ..self.seed_settings(song, span)
            },
            continuation: self.continue_settings(song),
            accompany: form.band_joins.then(|| AccompanySettings {
                band: self.band(song),
                ..AccompanySettings::default()
            }),
            ..ChainSettings::default()
        };
        (Kind::Chain(Box::new(settings)), span, None)
    }
}

/// The voice that a track plays: any melody, and the piano.
fn voice_of(song: &Song, voices: Voices, id: TrackId) -> Option<FillVoices> {
    let track = song.track(id).filter(|track| !track.instrument.drums)?;
    match track.role {
        _ if voices.melody == Some(id) => Some(FillVoices::Melody),
        _ if voices.piano == Some(id) => Some(FillVoices::Piano),
        Role::Melody => Some(FillVoices::Melody),
        Role::Piano => Some(FillVoices::Piano),
        _ => None,
    }
}

/// From the first of `bars` to the end of the last.
pub(super) fn bars_span(song: &Song, bars: &Range<u32>) -> Span {
    Span::new(
        song.metre.bar_start(bars.start),
        song.metre.bar_start(bars.end),
    )
}
