//! Starts the studio, or runs a command.

fn main() {}
