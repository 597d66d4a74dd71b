//! The notes of the roll, as one mesh.

use std::collections::HashSet;

use egui::{Color32, Ui};

use crate::score::{Note, Span, ThemeKind, Track};

use super::super::look::Look;
use super::super::mesh::RectMesh;
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
            for note in frame.in_view(other.notes()) {
                mesh.add(frame.note(note), colour);
            }
        }
    }
    if let Some(heard) = studio.heard_song().track(track.id)
        && !std::sync::Arc::ptr_eq(studio.heard_song(), song)
    {
        // A candidate that is heard is seen too, paler than what is kept.
        let colour = look.track(track.colour).gamma_multiply(0.45);
        for note in frame.in_view(heard.notes_starting_in(studio.tray().span())) {
            mesh.add(frame.note(note), colour);
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
    let mut outlined = Vec::new();
    for note in visible {
        let rect = frame.note(note);
        let in_theme = themes.iter().any(|span| span.contains(note.start));
        let base = if in_theme {
            look.accent
        } else {
            look.track(track.colour)
        };
        let colour = if note.muted {
            base.gamma_multiply(0.22)
        } else {
            base.gamma_multiply(0.42 + 0.58 * f32::from(note.velocity.get()) / 127.0)
        };
        if detailed {
            mesh.add_note(rect, colour);
        } else {
            mesh.add(rect, colour);
        }
        if selected.contains(&note.key(track.id)) {
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
