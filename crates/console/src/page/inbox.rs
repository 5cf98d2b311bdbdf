//! The inbox, one of its events, and the confirmation of an action.

use birdhook_core::EventKind;
use birdhook_inbox::{EventId, EventStatus};
use maud::{Markup, html};

use super::{Site, time};
use crate::inbox_data::{EventDetail, EventRow, InboxView};
use crate::inbox_query::{Action, InboxQuery, Selection};
use crate::mask;

/// The list and its links.
pub(crate) struct List<'a> {
    pub(crate) view: &'a InboxView,
    pub(crate) query: &'a InboxQuery,
    /// Oldest first.
    pub(crate) rows: &'a [EventRow],
    /// The id after which the list continues.
    pub(crate) next: Option<EventId>,
    pub(crate) is_read_only: bool,
}

pub(crate) fn list(site: &Site, list: &List<'_>) -> Markup {
    let (base, query) = (&site.base, list.query);
    let has_filter = query.status.is_some() || query.kind.is_some() || query.subscriber.is_some();
    html! {
        h1 { "Inbox" }
        @if let Some(action) = query.done { p.good role="status" { (done(action, query.count)) } }
        @if let Some(problem) = &list.view.problem { p.bad role="alert" { (problem) } }
        div.cards {
            (card("Ready", "", list.view.ready, "available to consumers"))
            (card("Waiting", "", list.view.waiting, "failed, waiting for a retry"))
            (card("Leased", "", list.view.leased, "held by consumers now"))
            (card("Dead letters", if list.view.dead > 0 { "bad" } else { "" }, list.view.dead, "not retried"))
        }
        @if let Some(age) = list.view.oldest() { p.note { "The oldest event that is not settled was stored " (age) " ago." } }
        (form(site, query))
        table #inbox {
            thead { tr {
                th scope="col" { "Id" } th scope="col" { "Status" } th scope="col" { "Kind" }
                th scope="col" { "Subscriber" } th scope="col" { "Stored (UTC)" } th.number scope="col" { "Attempts" }
            } }
            tbody {
                @for one in list.rows { (row(site, one, query.reveal)) }
                @if list.rows.is_empty() { tr.empty { td colspan="6" {
                    @if list.next.is_some() { "No event on this page matches the filter." }
                    @else if has_filter { "No event matches the filter." }
                    @else { "The inbox is empty." }
                } } }
            }
        }
        nav.pages aria-label="Pages" {
            @if query.after.is_some() { a href={ (base) "/inbox" (query.link(query.reveal, None)) } { "Oldest" } }
            @if let Some(next) = list.next { a href={ (base) "/inbox" (query.link(query.reveal, Some(next))) } { "Next" } }
        }
        @if list.is_read_only { p.note { "This console only reads." } }
        @else if list.view.problem.is_none() || !list.rows.is_empty() { (actions(site, query)) }
    }
}

/// Shows the actions on all events that match the filter. Each is confirmed on a page of its own.
fn actions(site: &Site, query: &InboxQuery) -> Markup {
    let link = |action| format!("{}/inbox/confirm{}", site.base, query.confirm_link(action));
    let can_requeue = query.status.is_none_or(|status| status == EventStatus::Dead);
    html! {
        h2 { "All events that match the filter" }
        p.actions {
            @if can_requeue { a.button href=(link(Action::Requeue)) { "Requeue dead letters" } }
            a.button href=(link(Action::Discard)) { "Discard" }
        }
        h2 { "All events of a subscriber" }
        form method="get" action={ (site.base) "/inbox/confirm" } aria-label="Purge" {
            input type="hidden" name="action" value="purge";
            label { "Subscriber id" input name="subscriber" inputmode="numeric" autocomplete="off" required; }
            button type="submit" { "Purge" }
        }
    }
}

fn done(action: Action, count: usize) -> String {
    let verb = match action {
        Action::Requeue => "Requeued",
        Action::Discard => "Discarded",
        Action::Purge => "Purged",
    };
    format!("{verb} {}.", events(count))
}

fn events(count: usize) -> String {
    format!("{count} {}", if count == 1 { "event" } else { "events" })
}

fn card(name: &str, class: &str, count: usize, note: &str) -> Markup {
    html! { div.card { h2 { (name) } p.value.(class) { (count) } p.note { (note) } } }
}

fn row(site: &Site, row: &EventRow, reveal: bool) -> Markup {
    let link = format!("{}/inbox/{}{}", site.base, row.id, if reveal { "?reveal=1" } else { "" });
    html! {
        tr.bad[row.is_dead] id={ "e-" (row.id) } {
            td { a href=(link) { (row.id) } }
            td.outcome { strong { (row.status) } @if let Some(why) = &row.unreadable { span.cause { "unreadable: " (why) } } }
            td { (row.kind.unwrap_or_default()) }
            td.id { @if let Some(id) = &row.subscriber { (id) } }
            td { (time(&row.stored_at, true)) }
            td.number.attempts { (row.attempts) }
        }
    }
}

fn form(site: &Site, query: &InboxQuery) -> Markup {
    use EventStatus::{Acknowledged, Dead, Leased, Ready, Waiting};
    let kind = query.kind.map_or("", EventKind::as_str);
    html! {
        form method="get" action={ (site.base) "/inbox" } role="search" aria-label="Filter" {
            label { "Status" select name="status" {
                option value="" { "all" }
                @for status in [Ready, Waiting, Leased, Dead, Acknowledged] {
                    option value=(status.as_str()) selected[query.status == Some(status)] { (status.as_str()) }
                }
            } }
            label { "Kind" select name="kind" {
                option value="" { "all" }
                @for other in EventKind::ALL { option value=(other.as_str()) selected[other.as_str() == kind] { (other.as_str()) } }
            } }
            label { "Subscriber id" input name="subscriber" inputmode="numeric" autocomplete="off" value=[query.subscriber.as_deref()]; }
            @if query.reveal { input type="hidden" name="reveal" value="1"; }
            button type="submit" { "Filter" }
            a href={ (site.base) "/inbox" } { "Clear" }
        }
    }
}

pub(crate) fn detail(site: &Site, detail: &EventDetail, is_open: bool, is_read_only: bool) -> Markup {
    let (base, row) = (&site.base, &detail.row);
    let link = |action: Action| format!("{base}/inbox/confirm?action={}&id={}", action.word(), row.id);
    html! {
        p { a href={ (base) "/inbox" (if detail.revealed { "?reveal=1" } else { "" }) } { "← Inbox" } }
        h1 { "Event " (row.id) " " span.bad[row.is_dead].note[!row.is_dead] { (row.status) } }
        @if !is_read_only && is_open {
            p.actions {
                @if row.is_dead { a.button href=(link(Action::Requeue)) { "Requeue" } }
                a.button href=(link(Action::Discard)) { "Discard" }
            }
        }
        dl {
            dt { "Stored" } dd { (time(&row.stored_at, false)) }
            dt { "Attempts" } dd { (row.attempts) }
            dt { "App" } dd { (row.app) }
            @if let Some(kind) = row.kind { dt { "Kind" } dd { (kind) } }
            @if let Some(id) = &row.subscriber { dt { "Subscriber" } dd { (id) } }
            @if let Some(why) = &row.unreadable { dt { "Unreadable" } dd.bad { (why) } }
        }
        div.pair {
            @if let Some(raw) = &detail.raw {
                section { h2 { "Event" @if !detail.revealed { " " span.note { "values hidden" } } } pre tabindex="0" { (raw) } }
            }
            @if let Some(activity) = &detail.activity {
                section { h2 { "Activity" } pre tabindex="0" { (mask::indented(&activity.to_string())) } }
            }
        }
    }
}

/// Asks once. The form works without the script.
pub(crate) fn confirm(site: &Site, action: Action, selection: &Selection, count: Option<usize>, to: &str) -> Markup {
    let what = match (selection, count) {
        (Selection::One(id), _) => format!("event {id}"),
        (Selection::Subscriber(id), _) => format!("all events of the subscriber {id}"),
        (Selection::Matching(_), Some(count)) => events(count),
        (Selection::Matching(_), None) => "more than 10000 events".to_owned(),
    };
    let (verb, result) = match action {
        Action::Requeue => ("Requeue", "Consumers receive the dead letters again, with 0 attempts."),
        Action::Discard => ("Discard", "The events are never delivered. Their duplicates are still recognised."),
        Action::Purge => (
            "Purge",
            "Dead letters and kept events are deleted too. An event that is leased now stays with its consumer.",
        ),
    };
    html! {
        h1 { (verb) " " (what) "?" }
        p { (result) }
        div.actions {
            @if count != Some(0) {
                form method="post" action={ (site.base) "/inbox/" (to) } { button.(if action == Action::Requeue { "safe" } else { "danger" }) type="submit" { (verb) } }
            }
            a.button href={ (site.base) "/inbox" } { "Cancel" }
        }
    }
}

/// The inbox on the page of the webhook's health.
pub(crate) fn health(site: &Site, view: &InboxView) -> Markup {
    let class = if view.dead > 0 || view.problem.is_some() { "bad" } else { "" };
    html! {
        div.card {
            h2 { a href={ (site.base) "/inbox" } { "Inbox" } }
            p.value.(class) { (view.depth) " pending" }
            p.note {
                @if let Some(problem) = &view.problem { (problem) br; }
                @match view.oldest() { Some(age) => { "oldest " (age) }, None => "nothing waits" }
                br; (view.dead) (if view.dead == 1 { " dead letter" } else { " dead letters" })
            }
        }
    }
}
