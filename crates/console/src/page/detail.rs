//! One request.

use maud::{Markup, html};

use super::{Site, class, prose, time};
use crate::copies::TEST_SECRET;
use crate::data::Detail;
use crate::mask;

pub(crate) fn detail(site: &Site, detail: &Detail, can_send: bool) -> Markup {
    let row = &detail.row;
    let suffix = if detail.revealed { "?reveal=1" } else { "" };
    html! {
        p { a href={ (site.base) "/" (suffix) } { "← All requests" } }
        h1 { span.(class(row.group)) { (row.outcome) } @if let Some(status) = row.status { " " span.note { (status) } } }
        @if let Some(cause) = row.cause { p.why { (prose(cause)) } }
        @if can_send { p.actions { a.button href={ (site.base) "/deliveries/" (row.id) "/send" (suffix) } { "Send again" } } }
        @if let Some(fix) = row.fix { p.fix { b { "Fix: " } (prose(fix)) } }
        @if let Some(id) = &detail.duplicate_of {
            p { "First received as " a href={ (site.base) "/deliveries/" (id) (suffix) } { (id) } "." }
        }
        @if let Some(id) = &detail.twin {
            p { "The other API reported the same event in " a href={ (site.base) "/deliveries/" (id) (suffix) } { (id) } "." }
        }
        dl {
            dt { "Time" } dd { (time(&row.time, false)) }
            dt { "Request" } dd { code { (row.method) " " (row.path) } }
            dt { "Took" } dd { (row.ms) " ms" }
            @if let Some(app) = &row.app { dt { "App" } dd { (app) } }
            @if let Some(kind) = detail.signed_with { dt { "Verified with" } dd { "the " (kind) " secret" } }
            @else if !detail.signatures.is_empty() { dt { "Signature of" } dd { "the " (detail.signatures.join(" and the ")) " secret" } }
            @if let Some(kind) = detail.answered_with {
                dt { "Answered with" } dd { "the " (kind) " secret" }
                dt { "Sent by" } dd { @if detail.is_signed_by_x { "X, as its signature proves" } @else { "unknown: the challenge is not signed by X" } }
            }
            @if let Some(bytes) = detail.bytes { dt { "Body" } dd { (bytes) " bytes, " (row.sent) (if row.sent == 1 { " event" } else { " events" }) } }
        }
        @if !row.events.is_empty() {
            h2 { "Events" }
            ul.events {
                @for event in &row.events {
                    li {
                        strong { (event.kind) } " " span.note { (event.name) " · " (event.api) }
                        @if let Some(id) = &event.subscriber { span.note { " · subscriber " (id) } }
                        span.key { "dedupe key " code { (event.key) } }
                    }
                }
            }
        }
        @match &detail.body {
            Some(body) => {
                div.pair {
                    section { h2 { "Body" @if !detail.revealed { " " span.note { "values hidden" } } } pre tabindex="0" { (body) } }
                    section {
                        h2 { "Activity" }
                        @for activity in &detail.activities { pre tabindex="0" { (mask::indented(&activity.to_string())) } }
                        @if detail.activities.is_empty() { p.note { "birdhook reads no event in this body." } }
                    }
                }
            },
            None => p.note {
                @if detail.bytes.is_none() { "There is no verified body." }
                @else if site.keeps_bodies { "The body is too long to be kept, or newer ones have replaced it." }
                @else { "Bodies are not kept. " code { "History::keep" } " turns that on." }
            },
        }
        h2 { "Headers" }
        @match &detail.headers {
            Some(headers) => dl.headers { @for (name, value) in headers { dt { code { (name) } } dd { code { (value) } } } },
            None => p.note { "Headers are not recorded. " code { "HeaderService" } " turns that on." },
        }
        @if detail.bytes.is_some() { (copies(detail)) }
    }
}

fn copies(detail: &Detail) -> Markup {
    let texts = [
        ("trigger", "An event of this kind, as a command", &detail.copies.trigger),
        ("curl", "This body, as a command", &detail.copies.curl),
        ("fixture", "This delivery, as a line for birdhook replay", &detail.copies.fixture),
    ];
    html! {
        h2 { "Copy" }
        @for (id, name, text) in texts {
            @if let Some(text) = text {
                div.copy {
                    h3 { (name) }
                    button type="button" data-copy={ "copy-" (id) } hidden { "Copy" }
                    pre id={ "copy-" (id) } tabindex="0" { (text) }
                }
            }
        }
        @if detail.copies.curl.is_some() {
            p.note { "Signed with the test secret, " code { (TEST_SECRET) } " by default, never with X's signature. A receiver that is configured with it accepts the request." }
        } @else if detail.body.is_some() {
            p.note { "Show private values to copy the body." }
        }
    }
}
