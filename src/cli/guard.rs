//! Runs the work where deep recursion has room, and turns a panic into an error.

use std::panic::{self, AssertUnwindSafe};
use std::sync::Mutex;

use super::error::CliError;

/// Python code may be nested thousands of levels deep; memory is only used as far as it is.
const STACK_SIZE: usize = 256 * 1024 * 1024;

static PANIC: Mutex<Option<String>> = Mutex::new(None);

/// Runs `work` on a thread with a large stack. What it starts with rayon runs on such threads too.
pub(super) fn guarded<T: Send>(work: impl FnOnce() -> Result<T, CliError> + Send) -> Result<T, CliError> {
    panic::set_hook(Box::new(remember));
    let run = || match rayon::ThreadPoolBuilder::new().stack_size(STACK_SIZE).build() {
        Ok(pool) => pool.install(work),
        Err(_) => work(),
    };
    let outcome = panic::catch_unwind(AssertUnwindSafe(run));
    drop(panic::take_hook());
    outcome.unwrap_or_else(|_| Err(CliError::Panicked(remembered())))
}

fn remember(info: &panic::PanicHookInfo<'_>) {
    let message = info.payload_as_str().unwrap_or("no message");
    let place = info
        .location()
        .map(|place| format!(" ({}:{})", place.file(), place.line()))
        .unwrap_or_default();
    if let Ok(mut first) = PANIC.lock() {
        first.get_or_insert(format!("{message}{place}"));
    }
}

fn remembered() -> String {
    PANIC
        .lock()
        .ok()
        .and_then(|mut first| first.take())
        .unwrap_or_else(|| "no message".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error_that_asks_to_be_reported() {
        let error = guarded::<()>(|| panic!("the list was empty")).unwrap_err();
        let text = error.to_string();
        assert!(
            text.starts_with("internal error: the list was empty (src/cli/guard.rs:"),
            "{text}"
        );
        assert!(text.contains("please report"), "{text}");
        assert_eq!(error.exit_code(), super::super::error::INTERNAL);
    }
}
