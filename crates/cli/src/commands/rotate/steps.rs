//! The steps of a rotation, in their order.

use std::fmt::{self, Display, Formatter};

use birdhook::app::SecretKind;
use serde::Serialize;

/// Column after which a step is wrapped.
const WIDTH: usize = 78;

/// Column at which the text of a step begins.
const INDENT: usize = 10;

/// A step.
#[derive(Debug, Serialize)]
pub(super) struct Step {
    step: usize,
    at: Place,
    text: String,
    /// The command of the step, with words in capitals to replace.
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<&'static str>,
}

/// The place of a step.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
enum Place {
    X,
    Here,
}

/// Returns the steps to rotate a secret of this kind.
pub(super) fn steps(kind: SecretKind, is_leaked: bool) -> Vec<Step> {
    let steps = if is_leaked { after_a_leak(kind) } else { planned(kind) };
    let numbered = steps.into_iter().zip(1..);
    numbered.map(|((at, text, command), step)| Step { step, at, text, command }).collect()
}

type Unnumbered = (Place, String, Option<&'static str>);

const VALIDATE: &str = "birdhook webhooks validate ID";
const AUTH: &str = "birdhook auth app";
const CHECK_CONSUMER: &str = "birdhook rotate --check --kind consumer";
const CHECK_CLIENT: &str = "birdhook rotate --check --kind client";
const REPLAY: &str = "birdhook replay --webhook ID --from TIME --to TIME";

fn button(kind: SecretKind) -> &'static str {
    match kind {
        SecretKind::Consumer => "the API Key and Secret",
        SecretKind::Client => "the OAuth 2.0 Client Secret",
    }
}

fn check(kind: SecretKind) -> Option<&'static str> {
    Some(match kind {
        SecretKind::Consumer => CHECK_CONSUMER,
        SecretKind::Client => CHECK_CLIENT,
    })
}

fn planned(kind: SecretKind) -> Vec<Unnumbered> {
    let regenerate = format!(
        "In the developer console, regenerate {}. If X shows the new secret before it signs with it, do step 3 first, \
         with the new secret as the second line: then no delivery is refused.",
        button(kind)
    );
    vec![
        (
            Place::Here,
            "Set hold_challenges = true in [[apps]] of birdhook.toml. Challenges are then answered 503, which X \
             tolerates for 28 hours in v2; an answer made with the wrong secret ends the webhook. In 1.1, X sends no \
             events until step 6."
                .to_owned(),
            None,
        ),
        (Place::X, regenerate, None),
        (
            Place::Here,
            format!(
                "At once, write the new {kind} as the first line of its file, and keep the old one as the second. Both \
                 verify deliveries. The receiver prints \"secrets replaced\"."
            ),
            None,
        ),
        (Place::Here, "Set hold_challenges = false. The first line answers challenges from now on.".to_owned(), None),
        (Place::X, "Store the new keys for calls to X.".to_owned(), Some(AUTH)),
        (
            Place::X,
            "Have X challenge the webhook. The exit code is 0 if X accepts the answer.".to_owned(),
            Some(VALIDATE),
        ),
        (Place::Here, "Repeat this until the exit code is 0.".to_owned(), check(kind)),
        (Place::Here, "Remove the line with the old secret.".to_owned(), None),
        (
            Place::X,
            "31 minutes after step 3: have X replay the time from step 2 to step 3, in which deliveries signed with \
             the new secret were answered 401. An inbox removes what it already has."
                .to_owned(),
            Some(REPLAY),
        ),
    ]
}

fn after_a_leak(kind: SecretKind) -> Vec<Unnumbered> {
    vec![
        (Place::X, format!("In the developer console, regenerate {}. Note the time.", button(kind)), None),
        (
            Place::Here,
            format!(
                "At once, write the new {kind} as the only line of its file. From now on, whatever is signed with the \
                 old one is answered 401: forgeries, and what X had signed before. The receiver prints \"secrets \
                 replaced\". Note the time."
            ),
            None,
        ),
        (Place::X, "Store the new keys for calls to X.".to_owned(), Some(AUTH)),
        (
            Place::X,
            "Have X challenge the webhook. A challenge between steps 1 and 2 was answered with the old secret, which \
             ends the webhook until this passes."
                .to_owned(),
            Some(VALIDATE),
        ),
        (Place::Here, "Repeat this until the exit code is 0.".to_owned(), check(kind)),
        (
            Place::Here,
            "Examine what was accepted since the leak: it may be forged, because the old secret verified it."
                .to_owned(),
            Some("birdhook inbox list ./inbox"),
        ),
        (
            Place::X,
            "31 minutes after step 4: have X replay the time from step 1 to step 4. It brings back what was refused: \
             deliveries signed with the new secret before step 2 or with the old one after it. An inbox removes \
             what it already has. What X did not attempt, while the webhook was invalid, is lost."
                .to_owned(),
            Some(REPLAY),
        ),
    ]
}

impl Display for Step {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let place = match self.at {
            Place::X => "X",
            Place::Here => "here",
        };
        write!(f, "{:>2}  {place:6}", self.step)?;
        let mut column = INDENT;
        for word in self.text.split(' ') {
            let length = word.chars().count();
            if column + length > WIDTH {
                write!(f, "\n{:INDENT$}", "")?;
                column = INDENT;
            }
            write!(f, "{}{word}", if column == INDENT { "" } else { " " })?;
            column += length + usize::from(column != INDENT);
        }
        match self.command {
            Some(command) => write!(f, "\n{:INDENT$}  {command}", ""),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::tool;

    const ALL: [(SecretKind, bool); 4] = [
        (SecretKind::Consumer, false),
        (SecretKind::Consumer, true),
        (SecretKind::Client, false),
        (SecretKind::Client, true),
    ];

    #[test]
    fn every_command_of_a_step_is_one_of_the_tool() {
        for step in ALL.into_iter().flat_map(|(kind, is_leaked)| steps(kind, is_leaked)) {
            let Some(command) = step.command else { continue };
            let words = command.replace("TIME", "2026-11-23T09:30:00Z");
            assert!(tool().try_get_matches_from(words.split(' ')).is_ok(), "{command}");
        }
    }

    #[test]
    fn each_line_fits_on_80_columns_and_no_word_is_lost() {
        for step in ALL.into_iter().flat_map(|(kind, is_leaked)| steps(kind, is_leaked)) {
            let text = step.to_string();
            assert!(text.lines().all(|line| line.chars().count() <= 80 && line.trim_end() == line), "{text}");
            let words: Vec<_> = text.split_whitespace().skip(2).collect();
            let expected = format!("{} {}", step.text, step.command.unwrap_or_default());
            assert_eq!(words, expected.split_whitespace().collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_planned_rotation_keeps_the_old_secret_and_a_leaked_one_does_not() {
        let texts = |is_leaked| {
            let steps = steps(SecretKind::Client, is_leaked);
            steps.iter().map(|step| step.text.as_str()).collect::<Vec<_>>().join("\n")
        };
        assert!(texts(false).contains("keep the old one as the second") && texts(false).contains("hold_challenges"));
        assert!(texts(true).contains("as the only line") && !texts(true).contains("keep the old one"));
    }
}
