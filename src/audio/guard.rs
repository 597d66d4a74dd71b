//! Code that may panic on damaged SoundFonts, held at arm's length.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Keeps panics inside [`quietly`] from being printed: whoever called it says what happened, in words for people. All other
/// panics are printed as before. Not for the audio callback: to be called once, when the program starts or a font is loaded.
pub fn hush() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                before(info);
            }
        }));
    });
}

/// Runs `f`; `None` if it panicked. What `f` was working on must not be used any more then.
pub fn quietly<T>(f: impl FnOnce() -> T) -> Option<T> {
    let before = QUIET.replace(true);
    let result = catch_unwind(AssertUnwindSafe(f));
    QUIET.set(before);
    match result {
        Ok(value) => Some(value),
        Err(payload) => {
            // A payload whose own end panics would escape; ours are texts.
            drop(payload);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_ends_the_work_and_nothing_else() {
        hush();
        let none: Vec<i32> = Vec::new();
        assert_eq!(quietly(|| none[3]), None);
        assert_eq!(quietly(|| quietly(|| none[3]).is_none()), Some(true));
        assert!(!QUIET.get());
        assert_eq!(quietly(|| 7), Some(7));
    }
}
