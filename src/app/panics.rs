//! What a panic writes to the log. A panic is a bug; it ends its task or thread, never the service.

use std::panic::PanicHookInfo;
use vitrine_base::log_queue;

/// Sends reports of panics to the log's queue: the standard hook would block on a log that is not
/// read.
pub(super) fn log_to_queue() {
    std::panic::set_hook(Box::new(|panic| log_queue::say(report(panic))));
}

/// Place and text of a panic. A text that was put together is left out, because it may hold words
/// of a customer: slicing a string between the bytes of a character quotes the string.
fn report(panic: &PanicHookInfo<'_>) -> String {
    let place = panic.location().map_or_else(String::new, |place| format!(" at {place}"));
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or("without a name");
    let text = panic.payload().downcast_ref::<&'static str>().unwrap_or(&"text left out");
    format!("thread {thread} panicked{place} (a bug in vitrine): {text}")
}
