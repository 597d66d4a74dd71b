//! The controls that the panels are made of. Each has an accessible label, by which tests find it.

mod buttons;
mod meter;
mod pad;
mod slider;
mod thumbnail;

pub use buttons::{IconButton, action_button, chip, icon_label, primary_button};
pub use meter::{horizontal_meter, level_position, vertical_meter};
pub use pad::pad;
pub use slider::{Thin, thin_slider};
pub use thumbnail::thumbnail;
