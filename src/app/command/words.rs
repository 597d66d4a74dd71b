//! The words of actions.

use super::{Action, Group};

impl Action {
    /// Its group, text and tooltip.
    pub(super) fn words(self) -> (Group, &'static str, &'static str) {
        use Group as G;
        match self {
            Self::New => (G::File, "New song", "Start an empty song"),
            Self::Open => (G::File, "Open…", "Open a project or a MIDI file"),
            Self::OpenDemo => (
                G::File,
                "Open the demo song",
                "A short song to try things on",
            ),
            Self::Save => (G::File, "Save", "Save the project"),
            Self::SaveAs => (G::File, "Save as…", "Save the project under another name"),
            Self::ExportMidi => (
                G::File,
                "Export MIDI…",
                "Write a MIDI file for a DAW: tracks, names, programs, tempo and metre",
            ),
            Self::ExportWav => (
                G::File,
                "Render WAV or FLAC…",
                "Render the song, the loop or every track by itself into sound files",
            ),
            Self::CancelRender => (
                G::File,
                "Cancel the render",
                "Stop rendering; nothing half written is left",
            ),
            Self::ExportPng => (
                G::File,
                "Export picture…",
                "Write the pianoroll as a PNG picture",
            ),
            Self::Quit => (G::File, "Quit", "Leave Leitmotif"),
            Self::Undo => (G::Edit, "Undo", "Take the last step back"),
            Self::Redo => (G::Edit, "Redo", "Do the step again that was taken back"),
            Self::Cut => (G::Edit, "Cut", "Move the selected notes to the clipboard"),
            Self::Copy => (G::Edit, "Copy", "Copy the selected notes to the clipboard"),
            Self::Paste => (
                G::Edit,
                "Paste",
                "Put the notes of the clipboard at the playhead",
            ),
            Self::Duplicate => (
                G::Edit,
                "Duplicate",
                "Repeat the selected notes right after themselves",
            ),
            Self::Delete => (G::Edit, "Delete", "Remove the selected notes"),
            Self::SelectAll => (
                G::Edit,
                "Select all",
                "Select every note of the focused track",
            ),
            Self::SelectNone => (G::Edit, "Select nothing", "Clear the selection"),
            Self::SelectInverse => (
                G::Edit,
                "Invert selection",
                "Select the other notes of the focused track",
            ),
            Self::SelectOutOfScale => (
                G::Edit,
                "Select out of scale",
                "Select the notes that leave the key",
            ),
            Self::SelectSamePitch => (
                G::Edit,
                "Select same pitch",
                "Select all notes of the pitches that are selected",
            ),
            Self::NudgeLeft => (
                G::Notes,
                "Nudge left",
                "Move the selected notes one grid step earlier",
            ),
            Self::NudgeRight => (
                G::Notes,
                "Nudge right",
                "Move the selected notes one grid step later",
            ),
            Self::SemitoneUp => (
                G::Notes,
                "Semitone up",
                "Move the selected notes a semitone up",
            ),
            Self::SemitoneDown => (
                G::Notes,
                "Semitone down",
                "Move the selected notes a semitone down",
            ),
            Self::OctaveUp => (
                G::Notes,
                "Octave up",
                "Move the selected notes an octave up",
            ),
            Self::OctaveDown => (
                G::Notes,
                "Octave down",
                "Move the selected notes an octave down",
            ),
            Self::ScaleStepUp => (
                G::Notes,
                "Scale step up",
                "Move the selected notes a step of the key up",
            ),
            Self::ScaleStepDown => (
                G::Notes,
                "Scale step down",
                "Move the selected notes a step of the key down",
            ),
            Self::Quantise => (G::Notes, "Quantise", "Move note onsets onto the grid"),
            Self::Humanise => (
                G::Notes,
                "Humanise",
                "Vary timing and velocity a little, as a player would",
            ),
            Self::Legato => (G::Notes, "Legato", "Stretch each note to the next one"),
            Self::Staccato => (G::Notes, "Staccato", "Halve the length of each note"),
            Self::Invert => (
                G::Notes,
                "Invert",
                "Mirror the notes around their first pitch",
            ),
            Self::Retrograde => (G::Notes, "Retrograde", "Play the notes backwards"),
            Self::Arpeggiate => (
                G::Notes,
                "Arpeggiate",
                "Spread chords over the grid, low to high",
            ),
            Self::Strum => (
                G::Notes,
                "Strum",
                "Delay the notes of each chord a little, low to high",
            ),
            Self::DoubleTime => (G::Notes, "Double time", "Play the notes twice as fast"),
            Self::HalfTime => (G::Notes, "Half time", "Play the notes half as fast"),
            Self::Glue => (G::Notes, "Glue", "Join selected notes of one pitch"),
            Self::Louder => (
                G::Notes,
                "Louder",
                "Raise the velocity of the selected notes",
            ),
            Self::Softer => (
                G::Notes,
                "Softer",
                "Lower the velocity of the selected notes",
            ),
            Self::MuteNotes => (
                G::Notes,
                "Mute notes",
                "Show the selected notes but do not play them",
            ),
            Self::LockNotes => (
                G::Notes,
                "Lock notes",
                "No edit and no network changes locked notes",
            ),
            Self::MarkTheme => (
                G::Theme,
                "Theme from selection",
                "Mark the selected notes as the theme that continuations return to",
            ),
            Self::FindTheme => (
                G::Theme,
                "Find the theme",
                "Look for the phrase that comes back most in the focused track, and mark it and its returns",
            ),
            Self::PaintReturn => (
                G::Theme,
                "Return here",
                "Ask for the theme to return in the bars of the selection or the loop",
            ),
            Self::ClearTheme => (
                G::Theme,
                "Clear theme",
                "Remove the theme and its painted returns",
            ),
            Self::ToolPencil => (
                G::Tools,
                "Pencil",
                "Draw notes: click for one, drag for its length",
            ),
            Self::ToolSelect => (
                G::Tools,
                "Select",
                "Drag a frame around notes, or drag notes",
            ),
            Self::ToolKnife => (G::Tools, "Knife", "Cut notes where you click"),
            Self::ToolGlue => (
                G::Tools,
                "Glue",
                "Click a note to join it with the next of its pitch",
            ),
            Self::PlayPause => (
                G::Transport,
                "Play or pause",
                "Play from the playhead, or pause there",
            ),
            Self::Stop => (
                G::Transport,
                "Stop",
                "Stop and go back to where playing began",
            ),
            Self::ToStart => (
                G::Transport,
                "To the start",
                "Move the playhead to the start of the song",
            ),
            Self::PreviousBar => (G::Transport, "Previous bar", "Move the playhead a bar back"),
            Self::NextBar => (G::Transport, "Next bar", "Move the playhead a bar on"),
            Self::ToggleLoop => (
                G::Transport,
                "Loop",
                "Play the loop range over and over; drag on the ruler to set it",
            ),
            Self::LoopSelection => (
                G::Transport,
                "Loop the selection",
                "Set the loop around the bars of the selected notes",
            ),
            Self::ToggleMetronome => (
                G::Transport,
                "Metronome",
                "Click on every beat while playing",
            ),
            Self::CountIn => (
                G::Transport,
                "Count-in",
                "Count in no bar, one or two before playing begins",
            ),
            Self::TapTempo => (G::Transport, "Tap tempo", "Tap in time to set the tempo"),
            Self::Record => (
                G::Transport,
                "Record",
                "Record what is played into the armed track, or else the focused one; Stop ends it",
            ),
            Self::TypingKeyboard => (
                G::Transport,
                "Typing keyboard",
                "Play with the letters: A W S E D F T G Y H U J K O L P are notes, Z and X change the octave. \
                 Meanwhile letters are no shortcuts",
            ),
            Self::Panic => (
                G::Transport,
                "Panic",
                "End every sound at once, here and on the MIDI outputs",
            ),
            Self::AddTrack => (G::Tracks, "Add a track", "Add a track below the others"),
            Self::DuplicateTrack => (
                G::Tracks,
                "Duplicate track",
                "Copy the focused track with its notes",
            ),
            Self::DeleteTrack => (
                G::Tracks,
                "Delete track",
                "Remove the focused track with its notes",
            ),
            Self::TrackUp => (
                G::Tracks,
                "Move track up",
                "Move the focused track one place up",
            ),
            Self::TrackDown => (
                G::Tracks,
                "Move track down",
                "Move the focused track one place down",
            ),
            Self::MuteTrack => (G::Tracks, "Mute track", "Silence the focused track"),
            Self::SoloTrack => (
                G::Tracks,
                "Solo track",
                "Hear only the focused track and other solos",
            ),
            Self::LockTrack => (
                G::Tracks,
                "Lock track",
                "No edit and no network changes a locked track",
            ),
            Self::ArmTrack => (
                G::Tracks,
                "Arm track",
                "Play and record on this track, whichever is focused; again to let it go",
            ),
            Self::FocusPrevious => (
                G::Tracks,
                "Focus the track above",
                "Show the track above in the large roll",
            ),
            Self::FocusNext => (
                G::Tracks,
                "Focus the track below",
                "Show the track below in the large roll",
            ),
            Self::Generate => (
                G::Compose,
                "Generate",
                "Write what the compose panel is set to",
            ),
            Self::ChooseSeed => (
                G::Compose,
                "Seed",
                "Set the compose panel to a band's phrase or piece from nothing",
            ),
            Self::ChooseContinue => (
                G::Compose,
                "Continue",
                "Set the compose panel to writing on from the theme",
            ),
            Self::ChooseAccompany => (
                G::Compose,
                "Accompany",
                "Set the compose panel to a band around the focused track",
            ),
            Self::ChooseVary => (
                G::Compose,
                "Re-roll",
                "Set the compose panel to writing some bars or parts once more",
            ),
            Self::ChooseMorph => (
                G::Compose,
                "Morph",
                "Set the compose panel to what lies between ideas",
            ),
            Self::ChooseChain => (
                G::Compose,
                "Chain",
                "Set the compose panel to a whole piece from nothing",
            ),
            Self::ContinueHere => (
                G::Compose,
                "Continue from here",
                "Write on from the bar of the selection or the playhead: from what stands before it",
            ),
            Self::FillBars => (
                G::Compose,
                "Fill the bars anew",
                "Write melody and piano of the loop's, the selection's or the playhead's bars anew, between what stands around them",
            ),
            Self::AddBand => (
                G::Candidates,
                "Add a band",
                "Keep the candidate, and have drums, bass, guitar and strings join it in its bars",
            ),
            Self::MoreLikeThis => (
                G::Candidates,
                "More like this",
                "Write candidates near the one that is heard",
            ),
            Self::StopComposing => (
                G::Compose,
                "Stop composing",
                "Stop writing; what is finished stays in the tray",
            ),
            Self::RollSeed => (
                G::Compose,
                "New seed",
                "Roll the dice: another seed gives other candidates",
            ),
            Self::Audition1 => (
                G::Candidates,
                "Hear candidate 1",
                "Hear the best candidate in its place",
            ),
            Self::Audition2 => (
                G::Candidates,
                "Hear candidate 2",
                "Hear candidate 2 in its place",
            ),
            Self::Audition3 => (
                G::Candidates,
                "Hear candidate 3",
                "Hear candidate 3 in its place",
            ),
            Self::Audition4 => (
                G::Candidates,
                "Hear candidate 4",
                "Hear candidate 4 in its place",
            ),
            Self::Audition5 => (
                G::Candidates,
                "Hear candidate 5",
                "Hear candidate 5 in its place",
            ),
            Self::Audition6 => (
                G::Candidates,
                "Hear candidate 6",
                "Hear candidate 6 in its place",
            ),
            Self::Audition7 => (
                G::Candidates,
                "Hear candidate 7",
                "Hear candidate 7 in its place",
            ),
            Self::Audition8 => (
                G::Candidates,
                "Hear candidate 8",
                "Hear candidate 8 in its place",
            ),
            Self::AuditionNone => (
                G::Candidates,
                "Hear the song as it is",
                "Compare: the song without any candidate",
            ),
            Self::KeepCandidate => (
                G::Candidates,
                "Keep candidate",
                "Put the candidate that is heard into the song",
            ),
            Self::KeepTrack => (
                G::Candidates,
                "Keep only this track",
                "Put only what the candidate has for the focused track into the song",
            ),
            Self::DiscardCandidate => (
                G::Candidates,
                "Discard candidate",
                "Remove the candidate from the tray",
            ),
            Self::CloseTray => (
                G::Candidates,
                "Discard all candidates",
                "Empty the tray; the song stays as it is",
            ),
            Self::ZoomIn => (G::View, "Zoom in", "Show fewer bars"),
            Self::ZoomOut => (G::View, "Zoom out", "Show more bars"),
            Self::ZoomToFit => (G::View, "Zoom to fit", "Show the whole song"),
            Self::ToggleGhosts => (
                G::View,
                "Ghost notes",
                "Show the notes of the other tracks faintly",
            ),
            Self::ToggleFollow => (G::View, "Follow the playhead", "Scroll along while playing"),
            Self::ToggleScaleLock => (
                G::View,
                "Scale lock",
                "Drawn and moved notes stay in the key",
            ),
            Self::ToggleDark => (
                G::View,
                "Dark or light",
                "Switch between the dark and the light theme",
            ),
            Self::Preferences => (G::View, "Preferences…", "Look, sound, audio device"),
            Self::Palette => (
                G::View,
                "Command palette…",
                "Find and run any command by its name",
            ),
            Self::Shortcuts => (G::View, "Keyboard shortcuts", "All shortcuts on one sheet"),
        }
    }
}
