//! Posts that matched a rule of a filtered stream.

use std::borrow::Cow;

use super::activity_api::Data;
use super::event_builder::EventBuilder;
use super::fields::UnresolvedKind;
use crate::event::identity::Identity;
use crate::event::kind::{ApiSource, EventKind};
use crate::json::lenient::object;
use crate::json::value::Id;

object! {
    /// A rule, reduced to its id, so that a malformed tag cannot make it unreadable.
    pub(super) struct Rule<'a> {
        id: Option<Id<'a>> = "id",
    }
}

/// Returns the post of a filtered-stream webhook. The same post with other rules is another
/// event.
pub(super) fn matched_post<'a>(data: &Data<'a>, body: &'a str, rules: &[Rule<'_>]) -> Option<EventBuilder<'a>> {
    let mut parts: Vec<&str> = rules.iter().filter_map(|rule| rule.id.as_deref()).collect();
    parts.sort_unstable();
    parts.insert(0, data.id.as_deref()?);
    Some(EventBuilder {
        payload: data.text,
        kind: UnresolvedKind::Plain(EventKind::PostMatched),
        identity: Identity::with_ids("post_matched", &parts),
        at: data.created_at,
        ..EventBuilder::unknown(ApiSource::FilteredStream, Cow::Borrowed("matching_rules"), body.trim())
    })
}
