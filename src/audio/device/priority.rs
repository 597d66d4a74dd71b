//! Real-time priority for the audio thread on Linux; other systems give it by themselves.

use thread_priority::{
    RealtimeThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy,
    set_thread_priority_and_policy, thread_native_id,
};

/// Above ordinary programs, below the sound server (those of `PipeWire` have 83 to 88) and the kernel's own.
const PRIORITY: u8 = 60;

/// Lets the calling thread run before all ordinary ones, as long as it wants to. Says whether the system allows it: the
/// user needs a limit `rtprio` above 60, as the group `audio` or `pipewire` usually has. Neither allocates nor waits.
pub(super) fn promote() -> bool {
    let Ok(priority) = PRIORITY.try_into() else {
        return false;
    };
    set_thread_priority_and_policy(
        thread_native_id(),
        ThreadPriority::Crossplatform(priority),
        ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::RoundRobin),
    )
    .is_ok()
}
