//! Groups of actions.

/// Which part of the program an action belongs to: groups the shortcut sheet and the palette.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, strum::EnumIter)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Group {
    File,
    Edit,
    Notes,
    Theme,
    Tools,
    Transport,
    Tracks,
    Compose,
    Candidates,
    View,
}

impl Group {
    /// Its heading.
    pub fn name(self) -> &'static str {
        match self {
            Self::File => "File",
            Self::Edit => "Edit",
            Self::Notes => "Notes",
            Self::Theme => "Theme",
            Self::Tools => "Tools",
            Self::Transport => "Transport",
            Self::Tracks => "Tracks",
            Self::Compose => "Compose",
            Self::Candidates => "Candidates",
            Self::View => "View",
        }
    }
}
