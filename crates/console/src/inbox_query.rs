//! The query of the inbox's pages: which events, and which action.

use birdhook_core::EventKind;
use birdhook_inbox::{EventId, EventQuery, EventStatus};

/// A change of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Requeue,
    Discard,
    Purge,
}

impl Action {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Requeue => "requeue",
            Self::Discard => "discard",
            Self::Purge => "purge",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        [Self::Requeue, Self::Discard, Self::Purge].into_iter().find(|action| action.word() == word)
    }
}

/// The events that an action changes.
#[derive(Clone, Debug)]
pub(crate) enum Selection {
    One(EventId),
    Matching(EventQuery),
    /// All events of a user's subscriptions.
    Subscriber(String),
}

#[derive(Clone, Debug, Default)]
pub(crate) struct InboxQuery {
    pub(crate) status: Option<EventStatus>,
    pub(crate) kind: Option<EventKind>,
    pub(crate) subscriber: Option<String>,
    pub(crate) after: Option<EventId>,
    pub(crate) limit: Option<usize>,
    pub(crate) reveal: bool,
    pub(crate) id: Option<EventId>,
    /// Whether an action applies to all events that match.
    pub(crate) all: bool,
    pub(crate) action: Option<Action>,
    pub(crate) token: Option<String>,
    /// The last action, and the number of events that it changed.
    pub(crate) done: Option<Action>,
    pub(crate) count: usize,
}

impl InboxQuery {
    /// Parses a query. Empty values, as an HTML form sends them, and unknown parameters do not count.
    pub(crate) fn parse(query: &str) -> Result<Self, String> {
        let mut parsed = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let value = value.trim();
            if value.is_empty() {
                continue;
            }
            let invalid = |expected: &str| format!("invalid {name}: expected {expected}");
            let id = || value.parse().map_err(|_| invalid("an event id, such as 12.0"));
            let action = || Action::from_word(value).ok_or_else(|| invalid("requeue, discard or purge"));
            match &*name {
                "status" => {
                    let status = EventStatus::from_word(value);
                    parsed.status =
                        Some(status.ok_or_else(|| invalid("ready, waiting, leased, dead or acknowledged"))?);
                }
                "kind" => parsed.kind = Some(value.parse().map_err(|_| invalid("a kind of event, such as liked"))?),
                "subscriber" => parsed.subscriber = Some(value.to_owned()),
                "after" => parsed.after = Some(id()?),
                "limit" => parsed.limit = Some(value.parse().map_err(|_| invalid("a number, such as 100"))?),
                "reveal" => parsed.reveal = value == "1",
                "id" => parsed.id = Some(id()?),
                "all" => parsed.all = value == "1",
                "action" => parsed.action = Some(action()?),
                "csrf" => parsed.token = Some(value.to_owned()),
                "done" => parsed.done = Some(action()?),
                "count" => parsed.count = value.parse().map_err(|_| invalid("a number"))?,
                _ => {}
            }
        }
        Ok(parsed)
    }

    /// Returns the events that an action of this query changes. An action without an id needs
    /// `all=1`, so that a forgotten id does not change everything.
    pub(crate) fn selection(&self, action: Action) -> Result<Selection, String> {
        match (action, self.id) {
            (Action::Purge, _) => {
                self.subscriber.clone().map(Selection::Subscriber).ok_or_else(|| "purge needs `subscriber`".to_owned())
            }
            (_, Some(id)) => Ok(Selection::One(id)),
            (_, None) if !self.all => Err(format!("{} needs `id`, or `all=1` and a filter", action.word())),
            (Action::Requeue, None) if self.status.is_some_and(|status| status != EventStatus::Dead) => {
                Err("only dead letters can be requeued".to_owned())
            }
            (action, None) => {
                let query = Self { after: None, ..self.clone() }.events();
                Ok(Selection::Matching(if action == Action::Requeue { query.status(EventStatus::Dead) } else { query }))
            }
        }
    }

    /// Returns the query again, with the filter and whether values are revealed.
    pub(crate) fn link(&self, reveal: bool, after: Option<EventId>) -> String {
        let after = after.map(|id| id.to_string());
        self.write(&[("reveal", reveal.then_some("1")), ("after", after.as_deref())])
    }

    /// Returns the query of a confirmation for all events that match.
    pub(crate) fn confirm_link(&self, action: Action) -> String {
        self.write(&[("action", Some(action.word())), ("all", Some("1"))])
    }

    /// Returns the path and query of an action, with its token.
    pub(crate) fn action_link(&self, action: Action, token: &str) -> String {
        let id = self.id.map(|id| id.to_string());
        let query = self.write(&[("id", id.as_deref()), ("all", self.all.then_some("1")), ("csrf", Some(token))]);
        format!("{}{query}", action.word())
    }

    fn write(&self, more: &[(&str, Option<&str>)]) -> String {
        let mut link = form_urlencoded::Serializer::new(String::new());
        let filter = [
            ("status", self.status.map(EventStatus::as_str)),
            ("kind", self.kind.map(EventKind::as_str)),
            ("subscriber", self.subscriber.as_deref()),
        ];
        for (name, value) in filter.iter().chain(more) {
            if let Some(value) = value {
                link.append_pair(name, value);
            }
        }
        let link = link.finish();
        if link.is_empty() { link } else { format!("?{link}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_without_an_id_needs_an_explicit_all() {
        let parse = |text| InboxQuery::parse(text).unwrap();
        assert!(parse("status=dead").selection(Action::Discard).is_err());
        assert!(parse("").selection(Action::Purge).is_err());
        assert!(parse("status=ready&all=1").selection(Action::Requeue).is_err());
        assert!(matches!(parse("all=1").selection(Action::Discard), Ok(Selection::Matching(_))));
        assert!(matches!(parse("id=1.0").selection(Action::Requeue), Ok(Selection::One(_))));
        assert!(matches!(parse("subscriber=7").selection(Action::Purge), Ok(Selection::Subscriber(id)) if id == "7"));
    }

    #[test]
    fn a_query_is_read_and_written_again() {
        let query = InboxQuery::parse("status=dead&kind=liked&subscriber=1%262&after=3.1&reveal=1").unwrap();
        assert_eq!(query.link(true, query.after), "?status=dead&kind=liked&subscriber=1%262&reveal=1&after=3.1");
        assert_eq!(InboxQuery::parse("status=&x=y").unwrap().link(false, None), "");
        for wrong in ["status=x", "kind=x", "after=x", "id=1", "action=x", "limit=x", "count=x"] {
            assert!(InboxQuery::parse(wrong).unwrap_err().contains("expected"), "{wrong}");
        }
    }
}
