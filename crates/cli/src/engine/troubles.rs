//! What goes wrong with an engine, told once and not a thousand times.

use std::error::Error;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use birdhook::SinkError;

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

/// With its sources, which for an engine's sink quote nobody.
pub(crate) fn told(error: &SinkError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text += &format!(": {error}");
        source = error.source();
    }
    text
}
