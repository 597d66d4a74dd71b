//! The notes of the roll, as one mesh.

use std::collections::HashSet;
use std::sync::Arc;

use egui::{Color32, Ui};

use crate::score::{Note, Span, ThemeKind, Track, Velocity};

use super::super::look::Look;
use super::super::mesh::{RectMesh, Sieve};
use super::super::studio::Studio;
use super::frame::RollFrame;

/// Beyond this many notes in view, corners are square and outlines are left out: nobody sees them.
const DETAILED: usize = 4000;

pub(super) fn notes_ui(ui: &Ui, studio: &Studio, track: &Track, frame: RollFrame) {
    let look = Look::of(ui);
    let song = studio.song();
    let mut mesh = RectMesh::default();
    if studio.view().ghosts {
        for other in song.tracks.iter().filter(|other| other.id != track.id) {
            if other.instrument.drums != track.instrument.drums || !song.is_audible(other) {
                continue;
            }
            let colour = look.track(other.colour).gamma_multiply(0.16);
            let mut sieve = Sieve::new(128);
            for note in frame.in_view(other.notes()) {
                let rect = frame.note(note);
                if sieve.passes(note.pitch.get(), rect.right()) {
                    mesh.add(rect, colour);
                }
            }
        }
    }
    let themes: Vec<Span> = song
        .themes
        .iter()
        .filter(|region| region.track == track.id && region.kind == ThemeKind::Theme)
        .map(|region| region.span)
        .collect();
    let selected: HashSet<_> = studio.selection().of_track(track.id).collect();
    let visible: Vec<&Note> = frame.in_view(track.notes()).collect();
    let detailed = visible.len() <= DETAILED;
    let (own, accent) = (shades(look.track(track.colour)), shades(look.accent));
    // A candidate that is heard is seen in place of the notes that it would replace.
    let heard = studio.heard_song().track(track.id).filter(|heard| {
        song.track(track.id)
            .is_some_and(|kept| !Arc::ptr_eq(heard, kept))
    });
    let span = studio.tray().span;
    if let Some(heard) = heard {
        for note in frame.in_view(heard.notes_starting_in(span)) {
            let colour = own.of(note.velocity).gamma_multiply(0.75);
            mesh.add_note(frame.note(note), colour);
        }
    }
    let mut sieve = Sieve::new(128);
    let mut outlined = Vec::new();
    mesh.reserve(visible.len());
    for note in visible {
        let rect = frame.note(note);
        let is_selected = !selected.is_empty() && selected.contains(&note.key(track.id));
        if !sieve.passes(note.pitch.get(), rect.right()) && !is_selected {
            continue;
        }
        let in_theme = themes.iter().any(|span| span.contains(note.start));
        let shades = if in_theme { &accent } else { &own };
        if heard.is_some() && span.contains(note.start) {
            mesh.add_outline(rect, 1.0, shades.muted);
            continue;
        }
        let colour = if note.muted {
            shades.muted
        } else {
            shades.of(note.velocity)
        };
        if detailed {
            mesh.add_note(rect, colour);
        } else {
            mesh.add(rect, colour);
        }
        if is_selected {
            outlined.push(rect);
        }
        if note.locked && detailed {
            mesh.add_outline(rect, 1.0, look.dim);
        }
    }
    let edge = if look.dark {
        Color32::WHITE
    } else {
        Color32::BLACK
    };
    for rect in outlined {
        mesh.add(rect, edge.gamma_multiply(0.18));
        mesh.add_outline(rect.expand(0.5), 1.4, edge);
    }
    ui.painter_at(frame.canvas).add(mesh.into_shape());
}

/// A colour at every velocity.
struct Shades {
    by_velocity: Vec<Color32>,
    muted: Color32,
}

impl Shades {
    fn of(&self, velocity: Velocity) -> Color32 {
        self.by_velocity
            .get(usize::from(velocity.get()))
            .copied()
            .unwrap_or(self.muted)
    }
}

fn shades(base: Color32) -> Shades {
    Shades {
        by_velocity: (0..=127_u8)
            .map(|velocity| base.gamma_multiply(0.42 + 0.58 * f32::from(velocity) / 127.0))
            .collect(),
        muted: base.gamma_multiply(0.22),
    }
}
