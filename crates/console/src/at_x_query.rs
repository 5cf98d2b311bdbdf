//! The query of the page "At X": which action, on which webhook, and which span.

use birdhook_core::Timestamp;

/// A change at X.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Makes X challenge a webhook now.
    Validate,
    /// Makes X deliver again what it attempted to deliver in a span.
    Replay,
}

impl Action {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Validate => "validate",
            Self::Replay => "replay",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        [Self::Validate, Self::Replay].into_iter().find(|action| action.word() == word)
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct AtXQuery {
    pub(crate) action: Option<Action>,
    webhook: Option<String>,
    pub(crate) from: Option<Timestamp>,
    pub(crate) to: Option<Timestamp>,
    pub(crate) token: Option<String>,
    pub(crate) reveal: bool,
    /// Whether an action has just been carried out.
    pub(crate) is_done: bool,
}

impl AtXQuery {
    /// Parses a query. Empty values, as an HTML form sends them, and unknown parameters do not count.
    pub(crate) fn parse(query: &str) -> Result<Self, String> {
        let mut parsed = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let value = value.trim();
            if value.is_empty() {
                continue;
            }
            let invalid = |expected: &str| format!("invalid {name}: expected {expected}");
            let at = || time(value).ok_or_else(|| invalid("a time in UTC, such as 2026-11-23T09:30"));
            match &*name {
                "action" => {
                    parsed.action = Some(Action::from_word(value).ok_or_else(|| invalid("validate or replay"))?);
                }
                "webhook" => parsed.webhook = Some(value.to_owned()),
                "from" => parsed.from = Some(at()?),
                "to" => parsed.to = Some(at()?),
                "csrf" => parsed.token = Some(value.to_owned()),
                "reveal" => parsed.reveal = value == "1",
                "done" => parsed.is_done = value == "1",
                _ => {}
            }
        }
        Ok(parsed)
    }

    /// Returns the webhook that an action needs.
    pub(crate) fn webhook(&self) -> Result<&str, String> {
        self.webhook.as_deref().ok_or_else(|| "the action needs `webhook`, the id of a webhook".to_owned())
    }

    /// Returns the path and query of an action, with its token.
    pub(crate) fn action_link(&self, action: Action, token: &str) -> String {
        let mut link = form_urlencoded::Serializer::new(String::new());
        link.extend_pairs(self.webhook.iter().map(|id| ("webhook", id)));
        if action == Action::Replay {
            let times = [("from", self.from), ("to", self.to)];
            link.extend_pairs(times.into_iter().filter_map(|(name, time)| Some((name, time?.to_string()))));
        }
        link.append_pair("csrf", token);
        format!("{}?{}", action.word(), link.finish())
    }
}

/// Parses a time in UTC, as `datetime-local` fields write it or with seconds and `Z`.
fn time(text: &str) -> Option<Timestamp> {
    let text = text.trim_end_matches('Z');
    let seconds = if text.matches(':').count() == 1 { ":00" } else { "" };
    Timestamp::parse(&format!("{text}{seconds}Z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_with_and_without_seconds() {
        for text in ["2026-11-23T09:30", "2026-11-23T09:30:00", "2026-11-23T09:30:00Z", "2026-11-23T09:30Z"] {
            assert_eq!(time(text).map(|time| time.to_string()).as_deref(), Some("2026-11-23T09:30:00Z"), "{text}");
        }
        for wrong in ["action=x", "from=x", "to=12", "from=2026-11-23T25:00"] {
            assert!(AtXQuery::parse(wrong).unwrap_err().contains("expected"), "{wrong}");
        }
    }

    #[test]
    fn an_action_link_keeps_the_values_escaped() {
        let query = AtXQuery::parse("webhook=1%26x&from=2026-11-23T08:00&to=2026-11-23T09:00").unwrap();
        let link = query.action_link(Action::Replay, "t");
        assert_eq!(link, "replay?webhook=1%26x&from=2026-11-23T08%3A00%3A00Z&to=2026-11-23T09%3A00%3A00Z&csrf=t");
        assert_eq!(query.action_link(Action::Validate, "t"), "validate?webhook=1%26x&csrf=t");
    }
}
