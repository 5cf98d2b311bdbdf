//! Labels of outcomes, and their explanations.

use birdhook_core::Outcome;

/// Label of a request that was dropped without an answer.
pub(crate) const UNANSWERED: &str = "unanswered";

/// Returns the label of an outcome.
pub(crate) fn label(outcome: Option<Outcome>) -> &'static str {
    outcome.map_or(UNANSWERED, Outcome::as_str)
}

/// Returns the outcome with this label. `None` for another text.
pub(crate) fn from_label(text: &str) -> Option<Option<Outcome>> {
    if text == UNANSWERED {
        return Some(None);
    }
    Outcome::ALL.iter().find(|outcome| outcome.as_str() == text).map(|outcome| Some(*outcome))
}

/// Returns the likely cause of an outcome, and its fix. `None` if there is nothing to explain.
pub(crate) fn explain(outcome: Option<Outcome>) -> Option<(&'static str, &'static str)> {
    let Some(outcome) = outcome else {
        return Some((
            "the sender hung up before the answer, or the server stopped",
            "answer faster: use a channel or an inbox; check the timeouts of the proxy",
        ));
    };
    outcome.cause().zip(outcome.fix())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_has_a_label() {
        for outcome in Outcome::ALL {
            assert_eq!(from_label(outcome.as_str()), Some(Some(*outcome)));
        }
        assert!(from_label(UNANSWERED) == Some(None) && from_label("").is_none());
    }
}
