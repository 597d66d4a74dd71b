//! Actions: what menus, shortcuts and the palette offer.

use super::Group;

/// An action that needs no data: what menus, shortcuts and the palette offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, strum::EnumIter)]
#[allow(missing_docs, reason = "`Action::text` and `Action::tooltip` say it")]
pub enum Action {
    // File
    New,
    Open,
    OpenDemo,
    Save,
    SaveAs,
    ExportMidi,
    ExportWav,
    CancelRender,
    ExportPng,
    Quit,
    // Edit
    Undo,
    Redo,
    Cut,
    Copy,
    Paste,
    Duplicate,
    Delete,
    SelectAll,
    SelectNone,
    SelectInverse,
    SelectOutOfScale,
    SelectSamePitch,
    // Notes
    NudgeLeft,
    NudgeRight,
    SemitoneUp,
    SemitoneDown,
    OctaveUp,
    OctaveDown,
    ScaleStepUp,
    ScaleStepDown,
    Quantise,
    Humanise,
    Legato,
    Staccato,
    Invert,
    Retrograde,
    Arpeggiate,
    Strum,
    DoubleTime,
    HalfTime,
    Glue,
    Louder,
    Softer,
    MuteNotes,
    LockNotes,
    // Theme
    MarkTheme,
    FindTheme,
    PaintReturn,
    ClearTheme,
    // Tools
    ToolPencil,
    ToolSelect,
    ToolKnife,
    ToolGlue,
    // Transport
    PlayPause,
    Stop,
    ToStart,
    PreviousBar,
    NextBar,
    ToggleLoop,
    LoopSelection,
    ToggleMetronome,
    CountIn,
    TapTempo,
    Record,
    TypingKeyboard,
    Panic,
    // Tracks
    AddTrack,
    DuplicateTrack,
    DeleteTrack,
    TrackUp,
    TrackDown,
    MuteTrack,
    SoloTrack,
    LockTrack,
    ArmTrack,
    FocusPrevious,
    FocusNext,
    // Compose
    Generate,
    ChooseSeed,
    ChooseContinue,
    ChooseAccompany,
    ChooseVary,
    ChooseMorph,
    ChooseChain,
    ContinueHere,
    FillBars,
    AddBand,
    MoreLikeThis,
    StopComposing,
    RollSeed,
    // Candidates
    Audition1,
    Audition2,
    Audition3,
    Audition4,
    Audition5,
    Audition6,
    Audition7,
    Audition8,
    AuditionNone,
    KeepCandidate,
    KeepTrack,
    DiscardCandidate,
    CloseTray,
    // View
    ZoomIn,
    ZoomOut,
    ZoomToFit,
    ToggleGhosts,
    ToggleFollow,
    ToggleScaleLock,
    ToggleDark,
    Preferences,
    Palette,
    Shortcuts,
}

impl Action {
    /// The auditions of candidates 1 to 8.
    pub const AUDITIONS: [Self; 8] = [
        Self::Audition1,
        Self::Audition2,
        Self::Audition3,
        Self::Audition4,
        Self::Audition5,
        Self::Audition6,
        Self::Audition7,
        Self::Audition8,
    ];

    /// Where it belongs.
    pub fn group(self) -> Group {
        self.words().0
    }

    /// What it is called in menus and the palette.
    pub fn text(self) -> &'static str {
        self.words().1
    }

    /// What it does, in a sentence.
    pub fn tooltip(self) -> &'static str {
        self.words().2
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use strum::IntoEnumIterator as _;

    use super::*;

    #[test]
    fn every_action_explains_itself() {
        let mut texts = BTreeSet::new();
        for action in Action::iter() {
            assert!(
                !action.text().is_empty() && action.tooltip().len() > 10,
                "{action:?}"
            );
            let word = (action.group(), action.text());
            assert!(texts.insert(word), "{word:?} stands for two actions");
        }
    }
}
