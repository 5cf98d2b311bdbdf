//! The faults selected by the environment or by a test.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use birdhook_inbox::faults::{Bug, Hooks};

/// Lets the inbox of this process report its points and ask for planted bugs.
pub fn install() {
    birdhook_inbox::faults::install(Hooks { point, has });
}

static PLANTED: Mutex<Option<Bug>> = Mutex::new(None);

/// Plants a bug in this process, or removes it with `None`. The variable `BIRDHOOK_PLANTED` plants
/// one too.
pub fn plant(bug: Option<Bug>) {
    install();
    *PLANTED.lock().unwrap_or_else(PoisonError::into_inner) = bug;
}

fn has(bug: Bug) -> bool {
    static NAMED: OnceLock<Option<String>> = OnceLock::new();
    let named = NAMED.get_or_init(|| std::env::var("BIRDHOOK_PLANTED").ok());
    named.as_ref().is_some_and(|name| *name == format!("{bug:?}"))
        || *PLANTED.lock().unwrap_or_else(PoisonError::into_inner) == Some(bug)
}

static PASSED: Mutex<Option<HashMap<&'static str, u64>>> = Mutex::new(None);

type Call = Arc<dyn Fn() + Send + Sync>;

static CALLED: Mutex<Option<(&'static str, Call)>> = Mutex::new(None);

/// Calls `call` each time an inbox of this process reaches `point`.
pub fn call_at(point: &'static str, call: impl Fn() + Send + Sync + 'static) {
    install();
    *CALLED.lock().unwrap_or_else(PoisonError::into_inner) = Some((point, Arc::new(call)));
}

/// Runs the function set by [`call_at`], and aborts the process at the nth pass that
/// `BIRDHOOK_ABORT_AT=POINT:N` names.
pub(super) fn point(name: &'static str) {
    let called = CALLED.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if let Some((_, call)) = called.filter(|(point, _)| *point == name) {
        call();
    }
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

pub fn points() -> Vec<(&'static str, u64)> {
    let passed = PASSED.lock().unwrap_or_else(PoisonError::into_inner);
    let mut points: Vec<_> = passed.iter().flatten().map(|(name, count)| (*name, *count)).collect();
    points.sort_unstable();
    points
}
