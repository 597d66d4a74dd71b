//! What the studio asks of the networks: the seam between the window and the compose worker.

use crate::compose::{Event, Request};

/// Asks networks for music. No method blocks.
pub trait Composer {
    /// Starts a job; music that is being written is given up for other music, but not to look for a theme. The error says why
    /// it cannot be started.
    fn ask(&mut self, request: Request) -> Result<(), String>;
    /// Gives the job up, if one runs: nothing more is heard of it.
    fn cancel(&mut self);
    /// What happened since the last call: to the models, to the music that was asked for last, and to the search for a theme.
    fn poll(&mut self) -> Vec<Event>;
    /// The names of the models that are installed.
    fn models(&self) -> Vec<String>;
}
