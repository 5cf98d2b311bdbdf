//! Prints a diagnosis for a person: findings under headings, most serious first, and the verdict.

use std::io::{self, IsTerminal};

use anstyle::Style as Colour;
use anyhow::Result;
use birdhook_doctor::{CheckResult, CheckStatus, Diagnosis, Effect};
use terminal_size::{Width, terminal_size_of};

use super::{Style, X_PAGE};
use crate::output::{self, BAD, FAINT, GOOD, STRONG, WARNING, plural, shown, styled};

/// Width of text that is not printed to a terminal.
const DEFAULT_WIDTH: usize = 80;

/// Width of the column of labels, such as `cause:`.
const LABEL: usize = 10;

pub(super) fn print(diagnosis: &Diagnosis, style: Style) -> Result<()> {
    let printer = Printer { style, width: width() };
    let findings = diagnosis.findings();
    let mut heading = "";
    for finding in &findings {
        let next = section(finding);
        if next != heading {
            heading = next;
            output::line(styled(STRONG, heading))?;
        }
        printer.finding(finding)?;
    }
    if !style.quiet {
        printer.skipped(diagnosis)?;
        printer.passed(diagnosis)?;
    }
    printer.verdict(diagnosis)
}

/// Returns the heading for a finding.
pub(super) fn section(finding: &CheckResult) -> &'static str {
    match (finding.status(), finding.effect()) {
        (CheckStatus::Warned, _) => "Warnings",
        (_, Some(Effect::Forgery)) => "Lets attackers forge deliveries",
        _ if finding.check() == "answers_keep_secrets" => "Reveals the secret",
        (_, Some(Effect::Unreachable)) => "Prevents X from connecting",
        (_, Some(Effect::Refusal)) => "Makes X refuse or invalidate the webhook",
        (_, Some(Effect::Loss)) => "Loses events",
        _ => "Helps attackers in other ways",
    }
}

/// Returns the width of the terminal.
fn width() -> usize {
    terminal_size_of(io::stdout()).map_or(DEFAULT_WIDTH, |(Width(width), _)| usize::from(width).max(40))
}

struct Printer {
    style: Style,
    width: usize,
}

impl Printer {
    fn title<'a>(&self, result: &'a CheckResult) -> &'a str {
        if self.style.ids { result.check() } else { result.proves() }
    }

    fn finding(&self, finding: &CheckResult) -> Result<()> {
        let (colour, sign) = match finding.status() {
            CheckStatus::Warned => (WARNING, "warn"),
            _ => (BAD, "FAIL"),
        };
        self.paragraph(2, (colour, sign), 5, self.title(finding))?;
        let details = [
            ("observed:", Some(finding.observed())),
            ("cause:", finding.cause()),
            ("fix:", finding.fix()),
            ("response:", finding.evidence()),
        ];
        for (label, text) in details {
            if let Some(text) = text {
                self.paragraph(7, (if label == "fix:" { STRONG } else { FAINT }, label), LABEL, text)?;
            }
        }
        if self.style.why {
            self.paragraph(7, (FAINT, "why:"), LABEL, &format!("{} ({X_PAGE})", finding.consequence()))?;
        }
        Ok(())
    }

    /// Prints the skipped checks; those with the same reason share a line.
    fn skipped(&self, diagnosis: &Diagnosis) -> Result<()> {
        let mut groups = Vec::<(&str, Vec<&str>)>::new();
        for result in diagnosis.results().iter().filter(|result| result.status() == CheckStatus::Skipped) {
            match groups.iter_mut().find(|(why, _)| *why == result.observed()) {
                Some((_, checks)) => checks.push(self.title(result)),
                None => groups.push((result.observed(), vec![self.title(result)])),
            }
        }
        if !groups.is_empty() {
            output::line(styled(STRONG, "Skipped"))?;
        }
        for (why, checks) in groups {
            let text = match (checks.as_slice(), why.strip_prefix("needs ")) {
                ([one], _) if !one.is_empty() => format!("{one}: {why}"),
                (checks, Some(needed)) => format!("{} that need {needed}", plural(checks.len(), "check")),
                (checks, None) => format!("{}: {why}", plural(checks.len(), "check")),
            };
            self.paragraph(2, (FAINT, "skip"), 5, &text)?;
        }
        Ok(())
    }

    fn passed(&self, diagnosis: &Diagnosis) -> Result<()> {
        let passed: Vec<_> =
            diagnosis.results().iter().filter(|result| result.status() == CheckStatus::Passed).collect();
        match passed.as_slice() {
            [] => Ok(()),
            passed if self.style.verbose => {
                output::line(styled(STRONG, "Passed"))?;
                passed.iter().try_for_each(|result| {
                    let text = format!("{}: {}", self.title(result), result.observed());
                    self.paragraph(2, (GOOD, "ok"), 5, &text)
                })
            }
            passed => output::line(format!("{}: {}", styled(STRONG, "Passed"), plural(passed.len(), "check"))),
        }
    }

    fn verdict(&self, diagnosis: &Diagnosis) -> Result<()> {
        let verdict = diagnosis.verdict();
        if !self.style.quiet || !diagnosis.findings().is_empty() {
            output::line("")?;
        }
        let summary = verdict.summary();
        let colour = if verdict.first().is_some() { BAD } else { GOOD };
        let text = verdict.to_string();
        let rest = text.strip_prefix(summary).unwrap_or_default();
        if io::stdout().is_terminal() {
            self.paragraph(0, (colour, summary), 0, rest)?;
        } else {
            // One line, so that scripts can take it.
            output::line(format!("{}{}", styled(colour, summary), shown(rest)))?;
        }
        if self.style.quiet { Ok(()) } else { output::line(counts(diagnosis)) }
    }

    /// Prints a label and a text that is wrapped at words. Later lines begin where the text does:
    /// `column` characters after the label begins.
    fn paragraph(&self, indent: usize, (colour, label): (Colour, &str), column: usize, text: &str) -> Result<()> {
        let hanging = if column == 0 { 2 } else { column };
        let first = label.chars().count().max(column.saturating_sub(1));
        let gap = usize::from(!text.starts_with(':'));
        let lines = wrap(&shown(text), self.width.saturating_sub(indent), first + gap, hanging);
        let mut lines = lines.into_iter();
        let padding = " ".repeat(first.saturating_sub(label.chars().count()) + gap);
        let begin = lines.next().unwrap_or_default();
        output::line(format!("{:indent$}{}{padding}{begin}", "", styled(colour, label)))?;
        lines.try_for_each(|line| output::line(format!("{:1$}{line}", "", indent + hanging)))
    }
}

/// Returns the number of checks by status.
pub(super) fn counts(diagnosis: &Diagnosis) -> String {
    let of = |status| diagnosis.results().iter().filter(|result| result.status() == status).count();
    let statuses = [CheckStatus::Passed, CheckStatus::Warned, CheckStatus::Failed, CheckStatus::Skipped];
    statuses.map(|status| format!("{} {status}", of(status))).join(", ")
}

/// Breaks text at words. The first line has room for `first` fewer characters than `width`, and the
/// others for `hanging` fewer. A longer word has a line of its own.
fn wrap(text: &str, width: usize, first: usize, hanging: usize) -> Vec<String> {
    let (mut lines, mut line, mut room) = (Vec::new(), String::new(), width.saturating_sub(first));
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let length = line.chars().count();
        if length > 0 && length + 1 + word.chars().count() > room {
            lines.push(std::mem::take(&mut line));
            room = width.saturating_sub(hanging);
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line += word;
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_wrapped_at_words_and_keeps_all_of_them() {
        let text = "the quick brown fox jumps over the lazy dog https://docs.x.com/x-api/webhooks";
        let lines = wrap(text, 24, 8, 4);
        assert_eq!(lines.join(" "), text);
        let (first, others) = lines.split_first().unwrap();
        assert!(first.len() <= 16 && others.iter().all(|line| line.len() <= 20 || !line.contains(' ')), "{lines:?}");
        assert_eq!(wrap("", 80, 0, 0), [""]);
    }
}
