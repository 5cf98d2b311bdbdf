//! The list of requests.

use birdhook_core::{EventKind, Outcome};
use maud::{Markup, html};

use super::{Site, class, prose, time};
use crate::cause::{self, UNANSWERED};
use crate::data::Row;
use crate::filter::{Query, Wanted};

/// The list and its links.
pub(crate) struct List<'a> {
    pub(crate) query: &'a Query,
    /// Newest first.
    pub(crate) rows: &'a [Row],
    /// The id from which the stream continues.
    pub(crate) newest: &'a str,
    /// The link to older requests.
    pub(crate) older: Option<String>,
}

pub(crate) fn list(site: &Site, list: &List<'_>) -> Markup {
    let query = list.query;
    let stream = format!("{}/events{}", site.base, query.link(query.reveal, None));
    let is_newest = query.before.is_none();
    html! {
        section aria-label="Requests" {
            div.bar {
                h1 { "Requests" }
                // The script shows it: without the script, nothing is live.
                @if is_newest {
                    button #pause type="button" aria-pressed="false" hidden { "Pause" }
                    span #live.note role="status" {}
                }
            }
            (form(site, query))
            table #requests data-stream=[is_newest.then_some(&stream)] data-after=(list.newest) {
                thead { tr {
                    th scope="col" { "Time (UTC)" } th scope="col" { "Outcome" } th scope="col" { "Kind" }
                    th scope="col" { "Subscriber" } th scope="col" { "API" } th.number scope="col" { "ms" }
                } }
                tbody {
                    @for one in list.rows { (row(site, one, query.reveal)) }
                    @if list.rows.is_empty() { tr.empty { td colspan="6" {
                        @if *query == Query::default() {
                            "No request yet. Send one: " code { "birdhook trigger URL like.create" }
                        } @else { "No request matches the filter." }
                    } } }
                }
            }
            nav.pages aria-label="Pages" {
                @if !is_newest { a href={ (site.base) "/" (query.link(query.reveal, None)) } { "Newest" } }
                @if let Some(older) = &list.older { a href=(older) { "Older" } }
            }
        }
    }
}

pub(crate) fn row(site: &Site, row: &Row, reveal: bool) -> Markup {
    let link = format!("{}/deliveries/{}{}", site.base, row.id, if reveal { "?reveal=1" } else { "" });
    let mut kinds: Vec<&str> = row.events.iter().map(|event| event.kind).collect();
    kinds.dedup();
    let more = row.sent.saturating_sub(row.events.len());
    let first = row.events.first();
    html! {
        tr.(class(row.group)) id={ "r-" (row.id) } {
            td { a href=(link) { (time(&row.time, true)) } }
            td.outcome {
                strong { (row.outcome) }
                @if let Some(status) = row.status { " " span.note { (status) } }
                @if let Some(cause) = row.cause { span.cause { (prose(cause)) } }
            }
            td {
                @if row.events.is_empty() { span.note { (row.method) " " span.path { (row.path) } } }
                @else {
                    (kinds.join(", "))
                    @if row.events.len() > 1 || more > 0 { " " span.note { "(" (row.sent) " events)" } }
                }
            }
            td.id { @if let Some(id) = first.and_then(|event| event.subscriber.as_ref()) { (id) } }
            td { @if let Some(event) = first { (event.api) } }
            td.number { (format!("{:.1}", row.ms)) }
        }
    }
}

fn form(site: &Site, query: &Query) -> Markup {
    let filter = &query.filter;
    let outcome = match filter.outcome {
        None => "",
        Some(Wanted::Refused) => "refused",
        Some(Wanted::Outcome(outcome)) => cause::label(outcome),
    };
    let outcomes =
        ["refused"].into_iter().chain(Outcome::ALL.iter().map(|outcome| outcome.as_str())).chain([UNANSWERED]);
    let kind = filter.kind.map_or("", EventKind::as_str);
    let last = filter.last.unwrap_or(0);
    html! {
        form method="get" action={ (site.base) "/" } role="search" aria-label="Filter" {
            label { "Outcome" select name="outcome" {
                option value="" { "all" }
                @for name in outcomes { option value=(name) selected[name == outcome] { (name) } }
            } }
            label { "Kind" select name="kind" {
                option value="" { "all" }
                @for other in EventKind::ALL { option value=(other.as_str()) selected[other.as_str() == kind] { (other.as_str()) } }
            } }
            label { "Subscriber id" input name="subscriber" inputmode="numeric" autocomplete="off" value=[filter.subscriber.as_deref()]; }
            @if site.keeps_bodies {
                label { "Text in the body" input name="text" type="search" autocomplete="off" value=[filter.text.as_deref()]; }
            }
            label { "Time" select name="last" {
                option value="" { "all" }
                @for (minutes, name) in [(15, "last 15 min"), (60, "last hour"), (1440, "last 24 h")] {
                    option value=(minutes) selected[minutes == last] { (name) }
                }
            } }
            @if query.reveal { input type="hidden" name="reveal" value="1"; }
            button type="submit" { "Filter" }
            @if query.filter != crate::filter::Filter::default() { a href={ (site.base) "/" } { "Clear" } }
        }
    }
}
