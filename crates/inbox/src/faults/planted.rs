//! What fails, as the environment or a test says.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};

use super::Bug;

static PLANTED: Mutex<Option<Bug>> = Mutex::new(None);

/// Plants a mistake in this process, or takes it out. Without this, `BIRDHOOK_PLANTED` names it.
pub fn plant(bug: Option<Bug>) {
    *PLANTED.lock().unwrap_or_else(PoisonError::into_inner) = bug;
}

pub(crate) fn has(bug: Bug) -> bool {
    static NAMED: OnceLock<Option<String>> = OnceLock::new();
    let named = NAMED.get_or_init(|| std::env::var("BIRDHOOK_PLANTED").ok());
    named.as_ref().is_some_and(|name| *name == format!("{bug:?}"))
        || *PLANTED.lock().unwrap_or_else(PoisonError::into_inner) == Some(bug)
}

static PASSED: Mutex<Option<HashMap<&'static str, u64>>> = Mutex::new(None);

type Call = Box<dyn Fn()>;

thread_local! {
    static CALLED: RefCell<Option<(&'static str, Call)>> = const { RefCell::new(None) };
}

/// Calls this each time that the current thread comes to a point.
pub fn call_at(point: &'static str, call: impl Fn() + 'static) {
    CALLED.set(Some((point, Box::new(call))));
}

/// Makes the call of [`call_at`], and ends the process when it comes here for the nth time, as `BIRDHOOK_ABORT_AT=POINT:N`
/// says.
pub(crate) fn point(name: &'static str) {
    CALLED.with_borrow(|called| {
        if let Some((_, call)) = called.as_ref().filter(|(point, _)| *point == name) {
            call();
        }
    });
    static ABORT: OnceLock<Option<(String, u64)>> = OnceLock::new();
    let abort = ABORT.get_or_init(|| {
        let text = std::env::var("BIRDHOOK_ABORT_AT").ok()?;
        let (name, number) = text.split_once(':')?;
        Some((name.to_owned(), number.parse().ok()?))
    });
    let mut passed = PASSED.lock().unwrap_or_else(PoisonError::into_inner);
    let count = passed.get_or_insert_default().entry(name).or_default();
    *count += 1;
    if abort.as_ref().is_some_and(|(point, number)| point == name && number == count) {
        std::process::abort();
    }
}

/// How often the process came to each point.
pub fn points() -> Vec<(&'static str, u64)> {
    let passed = PASSED.lock().unwrap_or_else(PoisonError::into_inner);
    let mut points: Vec<_> = passed.iter().flatten().map(|(name, count)| (*name, *count)).collect();
    points.sort_unstable();
    points
}
