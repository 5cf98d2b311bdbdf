//! Progress of work that takes more than a second. Only a terminal shows it.

use std::fmt::Write;
use std::io::{self, IsTerminal};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use tokio::task::AbortHandle;

use crate::output::noun;

/// Time before progress is shown, so that short work prints nothing.
const DELAY: Duration = Duration::from_secs(1);

const REDRAW_INTERVAL: Duration = Duration::from_millis(200);

const BAR: &str = "{bar:30} {pos}/{len} {msg}, {rate}/s, {eta} left";
const SPINNER: &str = "{spinner} {msg} ({elapsed})";
const COUNTDOWN: &str = "{bar:20} {left} left: {msg}";

/// A bar or a spinner on standard error. Dropping it clears the line.
///
/// If standard error is not a terminal, it writes nothing at all.
pub(crate) struct Progress {
    bar: ProgressBar,
    show: Option<AbortHandle>,
}

impl Progress {
    /// Returns a bar of `total` steps. `unit` is the noun for one step.
    pub(crate) fn bar(total: u64, unit: &str) -> Self {
        let rate = |state: &ProgressState, text: &mut dyn Write| {
            let _ = write!(text, "{:.0}", state.per_sec());
        };
        Self::start(Some(total), style(BAR).with_key("rate", rate), noun(total, unit), DELAY)
    }

    /// Returns a spinner for work of unknown length, for example `reading the recording`.
    pub(crate) fn spinner(work: &str) -> Self {
        Self::start(None, style(SPINNER), work.to_owned(), DELAY)
    }

    /// Returns a bar that fills within `total`, with the remaining time and a text.
    pub(crate) fn countdown(total: Duration, text: String) -> Self {
        let left = move |state: &ProgressState, text: &mut dyn Write| {
            let seconds = total.saturating_sub(state.elapsed()).as_millis().div_ceil(1000);
            let _ = write!(text, "{}:{:02}", seconds / 60, seconds % 60);
        };
        let millis = u64::try_from(total.as_millis()).unwrap_or(u64::MAX);
        let delay = if total > DELAY { Duration::ZERO } else { DELAY };
        let countdown = Self::start(Some(millis), style(COUNTDOWN).with_key("left", left), text, delay);
        let bar = countdown.bar.downgrade();
        if countdown.show.is_some() {
            tokio::spawn(async move {
                while let Some(bar) = bar.upgrade().filter(|bar| !bar.is_finished()) {
                    bar.set_position(u64::try_from(bar.elapsed().as_millis()).unwrap_or(u64::MAX).min(millis));
                    tokio::time::sleep(REDRAW_INTERVAL).await;
                }
            });
        }
        countdown
    }

    fn start(total: Option<u64>, style: ProgressStyle, message: String, delay: Duration) -> Self {
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden());
        let bar = bar.with_style(style.progress_chars("=> ")).with_message(message);
        let show = is_shown().then(|| {
            let bar = bar.clone();
            let show = tokio::spawn(async move {
                tokio::time::sleep(delay).await;
                bar.set_draw_target(ProgressDrawTarget::stderr());
                bar.enable_steady_tick(REDRAW_INTERVAL);
            });
            show.abort_handle()
        });
        Self { bar, show }
    }

    /// Records one step.
    pub(crate) fn step(&self) {
        self.bar.inc(1);
    }

    /// Clears the line, prints, and draws the line again.
    pub(crate) fn interrupt<T>(&self, print: impl FnOnce() -> T) -> T {
        self.bar.suspend(print)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(show) = &self.show {
            show.abort();
        }
        self.bar.finish_and_clear();
    }
}

/// Returns whether standard error is a terminal that can redraw a line.
pub(crate) fn is_shown() -> bool {
    io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Returns the style of a template, or indicatif's own style if the template is invalid.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_is_valid() {
        for template in [BAR, SPINNER, COUNTDOWN] {
            ProgressStyle::with_template(template).unwrap();
        }
    }
}
