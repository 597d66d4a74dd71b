//! The chords of bars, found once for each song.

use std::collections::HashMap;
use std::sync::Arc;

use egui::Ui;

use crate::measure::chord::Chord;
use crate::score::{Song, Span};

/// What was found in a song.
#[derive(Debug, Clone)]
struct Found {
    song: Arc<Song>,
    chords: HashMap<u32, Option<Chord>>,
}

/// The chords of these bars of `song`, in their order.
pub(super) fn chords_of(
    ui: &Ui,
    song: &Arc<Song>,
    bars: impl Iterator<Item = u32>,
) -> Vec<Option<Chord>> {
    let id = egui::Id::unique("chords of bars");
    let mut found = ui
        .data(|data| data.get_temp::<Found>(id))
        .filter(|found| Arc::ptr_eq(&found.song, song))
        .unwrap_or_else(|| Found {
            song: Arc::clone(song),
            chords: HashMap::new(),
        });
    let known = found.chords.len();
    let chords = bars
        .map(|bar| {
            *found.chords.entry(bar).or_insert_with(|| {
                let span = Span::new(song.metre.bar_start(bar), song.metre.bar_start(bar + 1));
                Chord::of(song, span)
            })
        })
        .collect();
    if found.chords.len() != known || known == 0 {
        ui.data_mut(|data| data.insert_temp(id, found));
    }
    chords
}
