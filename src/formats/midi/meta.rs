//! Text events in which Leitmotif keeps what MIDI has no field for: `leitmotif NAME=VALUE`.

use crate::score::Role;

const PREFIX: &str = "leitmotif ";

/// The text event that says `name` is `value`.
pub(super) fn encode(name: &str, value: &str) -> String {
    format!("{PREFIX}{name}={value}")
}

/// Name and value of a text event, if it is one of ours.
pub(super) fn decode(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix(PREFIX)?.split_once('=')
}

/// The text of a meta event: UTF-8, or else Latin-1; without control characters at the ends.
pub(super) fn text(bytes: &[u8]) -> String {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    };
    text.trim_matches(|c: char| c.is_control() || c.is_whitespace())
        .replace(|c: char| c.is_control(), " ")
}

/// The word for a role in a file.
pub(super) fn role_word(role: Role) -> &'static str {
    match role {
        Role::Melody => "melody",
        Role::Piano => "piano",
        Role::Guitar => "guitar",
        Role::Bass => "bass",
        Role::Strings => "strings",
        Role::Drums => "drums",
    }
}

/// The role that a word stands for.
pub(super) fn role_of_word(word: &str) -> Option<Role> {
    use strum::IntoEnumIterator as _;
    Role::iter().find(|role| role_word(*role) == word)
}
