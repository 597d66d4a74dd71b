//! Undo and redo.

use std::collections::VecDeque;
use std::sync::Arc;

use super::{Selection, Song};

/// How many steps are kept; the oldest fall away. A step holds only what it does not share with its neighbours.
const LIMIT: usize = 1000;

/// A state of the song with the name of what led to it.
#[derive(Debug, Clone)]
pub struct Step {
    /// What was done, in words for the menu ("Move notes").
    pub name: String,
    /// The song after it.
    pub song: Arc<Song>,
    /// What was selected after it.
    pub selection: Selection,
}

/// A line of steps with a place in it. There is always a current step.
#[derive(Debug, Clone)]
pub struct History {
    steps: VecDeque<Step>,
    at: usize,
    /// The place of the step that is on disk, if it is still in the line.
    saved: Option<usize>,
}

impl History {
    /// A history that begins with `song`, which counts as saved.
    pub fn new(song: impl Into<Arc<Song>>) -> Self {
        let first = Step {
            name: String::new(),
            song: song.into(),
            selection: Selection::none(),
        };
        Self {
            steps: VecDeque::from([first]),
            at: 0,
            saved: Some(0),
        }
    }

    /// Adds a step after the current one and goes to it; steps that were undone are lost.
    pub fn push(
        &mut self,
        name: impl Into<String>,
        song: impl Into<Arc<Song>>,
        selection: Selection,
    ) {
        self.steps.truncate(self.at + 1);
        self.saved = self.saved.filter(|saved| *saved <= self.at);
        self.steps.push_back(Step {
            name: name.into(),
            song: song.into(),
            selection,
        });
        self.at += 1;
        if self.steps.len() > LIMIT {
            self.steps.pop_front();
            self.at -= 1;
            self.saved = self.saved.and_then(|saved| saved.checked_sub(1));
        }
    }

    /// Like [`Self::push`], but where the current step has the same name, takes its place: for a row of equal small
    /// changes (a knob turned, an arrow key held) that should be undone at once.
    pub fn push_merging(
        &mut self,
        name: impl Into<String>,
        song: impl Into<Arc<Song>>,
        selection: Selection,
    ) {
        let name = name.into();
        if self.at > 0 && self.current().name == name && self.saved != Some(self.at) {
            self.at -= 1;
        }
        self.push(name, song, selection);
    }

    /// Another selection on the current step: selecting is not a step of its own.
    pub fn select(&mut self, selection: Selection) {
        if let Some(step) = self.steps.get_mut(self.at) {
            step.selection = selection;
        }
    }

    /// Goes back one step; `None` at the first.
    pub fn undo(&mut self) -> Option<&Step> {
        self.at = self.at.checked_sub(1)?;
        Some(self.current())
    }

    /// Goes forward one step; `None` at the last.
    pub fn redo(&mut self) -> Option<&Step> {
        if !self.can_redo() {
            return None;
        }
        self.at += 1;
        Some(self.current())
    }

    /// The current step.
    pub fn current(&self) -> &Step {
        &self.steps[self.at]
    }

    /// Whether there is a step to take back.
    pub fn can_undo(&self) -> bool {
        self.at > 0
    }

    /// Whether there is a step to do again.
    pub fn can_redo(&self) -> bool {
        self.at + 1 < self.steps.len()
    }

    /// The name of what [`Self::undo`] would take back.
    pub fn undo_name(&self) -> Option<&str> {
        self.can_undo().then(|| self.current().name.as_str())
    }

    /// The name of what [`Self::redo`] would do again.
    pub fn redo_name(&self) -> Option<&str> {
        self.steps.get(self.at + 1).map(|step| step.name.as_str())
    }

    /// Says that the current step is on disk.
    pub fn mark_saved(&mut self) {
        self.saved = Some(self.at);
    }

    /// Whether the current song differs from what is on disk.
    pub fn is_unsaved(&self) -> bool {
        match self.saved.and_then(|saved| self.steps.get(saved)) {
            Some(saved) => !Arc::ptr_eq(&saved.song, &self.current().song),
            None => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn titled(title: &str) -> Song {
        Song {
            title: title.to_owned(),
            ..Song::default()
        }
    }

    #[test]
    fn steps_are_undone_and_done_again() {
        let mut history = History::new(titled("0"));
        assert!(history.undo().is_none());
        history.push("one", titled("1"), Selection::none());
        history.push("two", titled("2"), Selection::none());
        assert_eq!(history.undo_name(), Some("two"));
        assert_eq!(
            history.undo().map(|step| step.song.title.clone()),
            Some("1".into())
        );
        assert_eq!(history.redo_name(), Some("two"));
        history.push("other", titled("3"), Selection::none());
        assert!(!history.can_redo());
        assert_eq!(history.current().song.title, "3");
    }

    #[test]
    fn what_is_on_disk_is_known_through_undo() {
        let mut history = History::new(titled("0"));
        history.push("one", titled("1"), Selection::none());
        assert!(history.is_unsaved());
        history.mark_saved();
        history.push("two", titled("2"), Selection::none());
        assert!(history.is_unsaved());
        history.undo();
        assert!(!history.is_unsaved());
        history.undo();
        history.push("branch", titled("3"), Selection::none());
        assert!(
            history.is_unsaved(),
            "the saved step was lost with its branch"
        );
    }

    #[test]
    fn equal_small_changes_are_one_step() {
        let mut history = History::new(titled("0"));
        for title in ["1", "2", "3"] {
            history.push_merging("Volume", titled(title), Selection::none());
        }
        assert_eq!(history.current().song.title, "3");
        history.undo();
        assert_eq!(history.current().song.title, "0");
        assert!(!history.can_undo());
    }

    #[test]
    fn the_oldest_steps_fall_away() {
        let mut history = History::new(titled("first"));
        for index in 0..LIMIT + 10 {
            history.push("step", titled(&index.to_string()), Selection::none());
        }
        let mut undone = 0;
        while history.undo().is_some() {
            undone += 1;
        }
        assert_eq!(undone, LIMIT - 1);
        assert!(history.is_unsaved());
    }
}
