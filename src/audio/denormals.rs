//! Numbers too small for full precision ("denormal"): what fades out passes through them, and processors take up to a
//! hundred times as long for each. In the audio thread they count as zero.

/// Runs `f` with denormal numbers flushed to zero, going in and coming out, on processors that can (x86-64, aarch64).
pub(super) fn flushed<T>(f: impl FnOnce() -> T) -> T {
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    #[allow(
        unsafe_code,
        reason = "the compiler may reckon with denormal numbers, which here only ever makes a sound that nobody hears end \
                  sooner or later; the mode is put back before anything else runs"
    )]
    unsafe {
        no_denormals::no_denormals(f)
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    f()
}

/// Whether denormal numbers count as zero here and now.
pub(super) fn are_flushed() -> bool {
    let half = std::hint::black_box(f32::MIN_POSITIVE) * std::hint::black_box(0.5);
    let denormal = f32::from_bits(1_000_000);
    let grown = std::hint::black_box(denormal) * std::hint::black_box(1e20);
    half == 0.0 && grown == 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn denormal_numbers_are_zero_inside_and_nowhere_else() {
        assert!(!are_flushed());
        let can = cfg!(any(target_arch = "x86_64", target_arch = "aarch64"));
        assert_eq!(flushed(are_flushed), can);
        assert!(!are_flushed());
        // After a panic too.
        let panics = std::panic::catch_unwind(|| flushed(|| assert!(!are_flushed() && !can)));
        assert_eq!(panics.is_err(), can);
        assert!(!are_flushed());
    }
}
