//! What a user can do: every menu entry, shortcut, palette entry, button and test sends a [`Command`].
//!
//! An [`Action`] needs no more than its name: it has a text, a tooltip, an icon and perhaps shortcuts. A [`Command`] is
//! an action, or something that carries data. Panels push commands on a [`CommandQueue`];
//! [`Studio::apply`](super::studio::Studio::apply) is the only place that carries them out.

mod action;
mod group;
mod icon;
mod words;

use std::ops::Range;
use std::path::PathBuf;

use crate::audio::midi::LiveEvent;
use crate::compose::Weights;
use crate::score::{Instrument, Pitch, Selection, Span, Tick, TrackId, Velocity};

use super::edit::Edit;
use super::settings::Settings;
use super::studio::{ComposeForm, KeyMove, Purpose, RenderForm};
use super::view::View;

pub use action::Action;
pub use group::Group;

/// Everything a user can do.
#[derive(Debug, Clone, PartialEq)]
#[allow(
    clippy::large_enum_variant,
    reason = "a few a frame, and gone at its end: a box for the settings would save nothing"
)]
pub enum Command {
    /// Something that needs no data.
    Action(Action),
    /// A change of the song: one step of the history.
    Edit(Edit),
    /// A change of the song while the pointer still drags: shown and heard, not yet a step. Every one replaces the
    /// one before and starts from the song of the last step; the [`Command::Edit`] that ends the drag does too.
    EditLive(Edit),
    /// The drag ended without an edit: show the song of the last step again.
    EditCancel,
    /// Select these notes instead.
    Select(Selection),
    /// Show this track in the large roll.
    Focus(TrackId),
    /// Look at the song this way: zoom, scroll, tool, snap.
    SetView(View),
    /// Move the playhead.
    Seek(Tick),
    /// Set or clear the loop range.
    SetLoop(Option<Span>),
    /// Sound a note now, with an instrument.
    Preview {
        /// What plays it.
        instrument: Instrument,
        /// Its key.
        pitch: Pitch,
        /// Its loudness.
        velocity: Velocity,
    },
    /// Play this by hand.
    Live(LiveEvent),
    /// A key of the typing keyboard went down or came up.
    TypingKey(egui::Key, KeyMove),
    /// Every key of the typing keyboard comes up.
    ReleaseTyping,
    /// Set the compose panel.
    SetForm(ComposeForm),
    /// Write these bars (from 0) once more: of one track, or of the whole band.
    Reroll {
        /// Which bars.
        bars: Range<u32>,
        /// Which track.
        track: Option<TrackId>,
    },
    /// Write melody and piano of these bars (from 0) anew, between what stands around them; of one track alone if one is given.
    Fill {
        /// Which bars.
        bars: Range<u32>,
        /// Which track.
        track: Option<TrackId>,
    },
    /// Write on from this bar (from 0): from what the track plays before it, or all.
    ContinueFrom {
        /// The first bar that is written.
        bar: u32,
        /// The track whose melody goes on, if no theme is marked.
        track: Option<TrackId>,
    },
    /// Set how much each measure counts in the order of the candidates.
    SetWeights(Weights),
    /// Put what is heard on a corner (0..4) of the morph pad: a candidate, or the clip at the playhead.
    PutIdea(usize),
    /// Take the idea off a corner (0..4) of the morph pad.
    ClearIdea(usize),
    /// Move the puck of the morph pad: right and down, 0..=1 each.
    MovePuck([f32; 2]),
    /// Set what a render is to be like.
    SetRenderForm(RenderForm),
    /// Ask for the file of a render, and begin it.
    PickRender,
    /// Hear this candidate (from 0) in its place, or the song as it is.
    Audition(Option<usize>),
    /// Change what is remembered between sessions.
    SetSettings(Settings),
    /// Open this file; asks first if changes would be lost.
    OpenPath(PathBuf),
    /// A path was chosen.
    Chosen(Purpose, PathBuf),
    /// Close what lies over the window.
    CloseDialog,
    /// Do this even though changes are lost.
    Regardless(Box<Command>),
    /// Save, and when that is done, do this.
    SaveThen(Box<Command>),
    /// Take up what an earlier session left, or discard it.
    Recover(bool),
}

impl From<Action> for Command {
    fn from(action: Action) -> Self {
        Self::Action(action)
    }
}

impl From<Edit> for Command {
    fn from(edit: Edit) -> Self {
        Self::Edit(edit)
    }
}

/// Commands that wait to be applied, in order. Panels push; the window hands them to the studio after the frame.
#[derive(Debug, Default)]
pub struct CommandQueue {
    commands: Vec<Command>,
}

impl CommandQueue {
    /// Adds a command at the end.
    pub fn push(&mut self, command: impl Into<Command>) {
        self.commands.push(command.into());
    }

    /// Takes all commands out, oldest first.
    pub fn take(&mut self) -> Vec<Command> {
        std::mem::take(&mut self.commands)
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.commands.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_queue_keeps_the_order() {
        let mut queue = CommandQueue::default();
        queue.push(Action::Undo);
        queue.push(Command::Seek(Tick(960)));
        assert_eq!(
            queue.take(),
            [Command::Action(Action::Undo), Command::Seek(Tick(960))]
        );
        assert!(queue.is_empty());
    }
}
