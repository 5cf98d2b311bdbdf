//! The query of a page or of the API: which requests, and whether private values are shown.

use birdhook_core::{EventKind, Outcome, Timestamp};

use crate::cause;
use crate::entry::Entry;

/// Default and maximum number of requests on a page.
const LIMIT: (usize, usize) = (100, 1000);

/// Outcomes that a filter selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Everything that was not answered 200.
    Refused,
    Outcome(Option<Outcome>),
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    pub(crate) kind: Option<EventKind>,
    pub(crate) subscriber: Option<String>,
    pub(crate) outcome: Option<Wanted>,
    /// A text in a kept body.
    pub(crate) text: Option<String>,
    pub(crate) since: Option<Timestamp>,
    pub(crate) until: Option<Timestamp>,
    /// Minutes back from now, as the form sends them.
    pub(crate) last: Option<i64>,
}

/// The parsed query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Query {
    pub(crate) filter: Filter,
    pub(crate) reveal: bool,
    /// The id of a request: only older ones.
    pub(crate) before: Option<String>,
    /// The id of a request: only newer ones.
    pub(crate) after: Option<String>,
    limit: Option<usize>,
}

/// A parameter with a value that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct QueryError {
    pub(crate) parameter: &'static str,
    pub(crate) expected: &'static str,
}

impl Query {
    /// Parses a query. Empty values, as an HTML form sends them, and unknown parameters do not count.
    pub(crate) fn parse(query: &str) -> Result<Self, QueryError> {
        let mut parsed = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let value = value.trim();
            if value.is_empty() {
                continue;
            }
            let Filter { kind, subscriber, outcome, text, since, until, last } = &mut parsed.filter;
            match &*name {
                "kind" => *kind = Some(value.parse().map_err(|_| error("kind", "a kind of event, such as liked"))?),
                "subscriber" => *subscriber = Some(value.to_owned()),
                "outcome" if value == "refused" => *outcome = Some(Wanted::Refused),
                "outcome" => {
                    let wanted = cause::from_label(value).map(Wanted::Outcome);
                    *outcome = Some(wanted.ok_or(error("outcome", "refused, or an outcome such as duplicate"))?);
                }
                "text" => *text = Some(value.to_owned()),
                "since" => *since = Some(time("since", value)?),
                "until" => *until = Some(time("until", value)?),
                "last" => {
                    let minutes = value.parse().ok().filter(|minutes| (1..=100_000).contains(minutes));
                    *last = Some(minutes.ok_or(error("last", "minutes, such as 15"))?);
                }
                "reveal" => parsed.reveal = value == "1",
                "before" => parsed.before = Some(value.to_owned()),
                "after" => parsed.after = Some(value.to_owned()),
                "limit" => parsed.limit = Some(value.parse().map_err(|_| error("limit", "a number, such as 100"))?),
                _ => {}
            }
        }
        Ok(parsed)
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit.unwrap_or(LIMIT.0).clamp(1, LIMIT.1)
    }

    /// Returns the query again, with the filter and whether values are revealed.
    pub(crate) fn link(&self, reveal: bool, before: Option<&str>) -> String {
        let mut link = form_urlencoded::Serializer::new(String::new());
        let Filter { kind, subscriber, outcome, text, since, until, last } = &self.filter;
        let outcome = outcome.map(|outcome| match outcome {
            Wanted::Refused => "refused",
            Wanted::Outcome(outcome) => cause::label(outcome),
        });
        let values = [
            ("kind", kind.map(|kind| kind.as_str().to_owned())),
            ("subscriber", subscriber.clone()),
            ("outcome", outcome.map(str::to_owned)),
            ("text", text.clone()),
            ("since", since.map(|time| time.to_string())),
            ("until", until.map(|time| time.to_string())),
            ("last", last.map(|minutes| minutes.to_string())),
            ("reveal", reveal.then(|| "1".to_owned())),
            ("before", before.map(str::to_owned)),
        ];
        for (name, value) in values {
            if let Some(value) = value {
                link.append_pair(name, &value);
            }
        }
        let link = link.finish();
        if link.is_empty() { link } else { format!("?{link}") }
    }
}

impl Filter {
    /// Returns whether a request is selected at this time, apart from the text in its body.
    pub(crate) fn selects(&self, entry: &Entry, now: Timestamp) -> bool {
        let is_late_enough = |minutes: i64| entry.time.as_millis() >= now.as_millis() - minutes * 60_000;
        let is_outcome = |wanted: Wanted| match wanted {
            Wanted::Refused => entry.outcome.is_none_or(|outcome| outcome.status() != 200),
            Wanted::Outcome(outcome) => entry.outcome == outcome,
        };
        self.kind.is_none_or(|kind| entry.events().iter().any(|event| event.kind == kind))
            && self.outcome.is_none_or(is_outcome)
            && self.since.is_none_or(|since| entry.time >= since)
            && self.until.is_none_or(|until| entry.time <= until)
            && self.last.is_none_or(is_late_enough)
            && self
                .subscriber
                .as_deref()
                .is_none_or(|id| entry.events().iter().any(|event| event.subscriber.as_deref() == Some(id)))
    }
}

fn error(parameter: &'static str, expected: &'static str) -> QueryError {
    QueryError { parameter, expected }
}

fn time(parameter: &'static str, value: &str) -> Result<Timestamp, QueryError> {
    Timestamp::parse(value).ok_or(error(parameter, "a time, such as 2026-11-23T09:30:00Z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_read_and_written_again() {
        let text = "kind=liked&subscriber=12%263&outcome=duplicate&text=Bees+%C3%A9&since=2026-11-23T09%3A30%3A00Z&last=15&reveal=1";
        let query = Query::parse(text).unwrap();
        assert_eq!(query.filter.subscriber.as_deref(), Some("12&3"));
        assert_eq!(query.link(true, None), format!("?{text}"));
        assert_eq!(Query::parse("kind=&outcome=&x=y").unwrap(), Query::default());
        assert_eq!(Query::default().link(false, None), "");
    }

    #[test]
    fn a_value_that_cannot_be_read_is_an_error_that_names_the_parameter() {
        for (query, parameter) in [
            ("kind=x", "kind"),
            ("outcome=x", "outcome"),
            ("since=x", "since"),
            ("last=0", "last"),
            ("limit=-1", "limit"),
        ] {
            assert_eq!(Query::parse(query).unwrap_err().parameter, parameter);
        }
    }

    #[test]
    fn the_limit_has_a_maximum() {
        assert_eq!(Query::parse("limit=99999").unwrap().limit(), 1000);
        assert_eq!((Query::parse("limit=0").unwrap().limit(), Query::default().limit()), (1, 100));
    }
}
