//! What the compose panel asks for, as a request to the networks.

use std::ops::Range;
use std::sync::Arc;

use crate::compose::{
    AccompanySettings, BandSettings, Blend, ChainSettings, ContinueSettings, Kind, MorphSettings,
    MorphWay, Performance, Request, Returns, SeedSettings, VarySettings,
};
use crate::score::{Song, Span, Tick};
use crate::tokens::clip::bar_ticks;
use crate::tokens::part::Part;

use super::Studio;
use super::form::{Making, Place};

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
            if !self.models.iter().any(|installed| installed == model) {
                return Err(format!(
                    "The model {model} is not installed: see Preferences."
                ));
            }
        }
        let song = Arc::clone(self.base_song());
        let (kind, span, at) = match form.making {
            Making::Seed => self.seed(&song),
            Making::Continue => self.continuation(&song)?,
            Making::Accompany => self.accompaniment(&song)?,
            Making::Vary => {
                return self.variation(&song, self.scope().bars, self.form.parts.clone());
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
        let theme =
            ContinueSettings::of_song(song).ok_or("Mark a theme first: select notes, press T.")?;
        let at = form.place.tick(song, self.transport.position);
        let painted = if form.return_where_painted {
            theme.painted_in(song, at)
        } else {
            Vec::new()
        };
        let settings = ContinueSettings {
            theme: theme.theme,
            track: theme.track,
            painted,
            ..self.continue_settings(song)
        };
        let first = song.metre.bar_at(at);
        let span = Span::new(at, song.metre.bar_start(first + settings.bars));
        Ok((Kind::Continue(settings), span, Some(at)))
    }

    fn accompaniment(&self, song: &Song) -> Result<(Kind, Span, Option<Tick>), String> {
        let track = self
            .focused_track()
            .filter(|track| !track.notes().is_empty())
            .ok_or("Choose a track with notes in it: the band joins that one.")?;
        let bars = self.scope().bars;
        let span = bars_span(song, &bars);
        let given = Part::of(track.instrument);
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

/// From the first of `bars` to the end of the last.
pub(super) fn bars_span(song: &Song, bars: &Range<u32>) -> Span {
    Span::new(
        song.metre.bar_start(bars.start),
        song.metre.bar_start(bars.end),
    )
}
