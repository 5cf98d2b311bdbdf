//! What goes wrong with an engine, told once and not a thousand times.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::output::note;

/// Tells what is new, and what lasts once in a while.
#[derive(Debug, Default)]
pub(crate) struct Troubles(Mutex<Option<(String, Instant)>>);

const WHILE: Duration = Duration::from_secs(10);

impl Troubles {
    pub(crate) fn tell(&self, text: String) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !last.as_ref().is_some_and(|(told, at)| *told == text && at.elapsed() < WHILE) {
            note(&text);
            *last = Some((text, Instant::now()));
        }
    }
}
