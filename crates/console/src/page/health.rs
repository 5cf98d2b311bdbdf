//! The health of the webhook.

use maud::{Markup, html};

use super::{Site, prose, time};
use crate::chart::BUCKETS;
use crate::data::{ChallengeView, HealthView};

/// Hours left below which the challenge is marked. X sends one at least every hour.
const FEW_HOURS: f64 = 24.0;

/// Returns the section, which the script also replaces at intervals.
pub(crate) fn health(site: &Site, view: &HealthView) -> Markup {
    html! {
        section #health data-refresh={ (site.base) "/health" } aria-label="Health" {
            div.cards {
                (card("State", if view.ready { "good" } else { "bad" }, if view.ready { "Ready" } else { "Not ready" }, &html! {
                    @if view.ready { "accepts deliveries" } @else { "no app, stopping, or nobody consumes events" }
                    br; "since " (time(&view.started, false))
                }))
                (challenge(&view.challenge))
                (card("Last accepted", "", view.since_last_event.as_deref().unwrap_or("None"), &html! {
                    @match &view.last_event {
                        Some(at) => (time(at, false)),
                        None => "no delivery accepted since the start",
                    }
                }))
                @if let Some(events) = view.backlog {
                    (card("Waiting", "", &events.to_string(), &html! { "events in memory that the app has not consumed" }))
                }
                (inbox(site, view))
                (card("X bills today", "", &format!("${:.2}", view.bill.total), &html! {
                    "estimate: X's prices of " (view.bill.prices_of) ", X Activity API, events accepted since the start, UTC day"
                }))
            }
            (sparklines(view))
            @if !view.refusals.is_empty() {
                h2 { "Refused since the start" }
                ul.refusals {
                    @for refusal in &view.refusals {
                        li {
                            a href={ (site.base) "/?outcome=" (refusal.outcome) } { strong { (refusal.requests) " × " (refusal.outcome) } }
                            span { (prose(refusal.cause)) }
                            span.fix { b { "Fix: " } (prose(refusal.fix)) }
                        }
                    }
                }
            }
            @if !view.bill.lines.is_empty() {
                details {
                    summary { "Events billed today, by type" }
                    ul.bill {
                        @for line in &view.bill.lines {
                            li {
                                code { (line.event_type) } " " (line.events) " × "
                                @match line.price {
                                    Some(price) => { "$" (price) },
                                    None => "no published price",
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(feature = "inbox")]
fn inbox(site: &Site, view: &HealthView) -> Markup {
    html! { @if let Some(view) = &view.inbox { (super::inbox::health(site, view)) } }
}

#[cfg(not(feature = "inbox"))]
fn inbox(_: &Site, _: &HealthView) -> Markup {
    html! {}
}

fn challenge(view: &ChallengeView) -> Markup {
    let Some(hours) = view.hours_left else {
        return card(
            "Last challenge",
            "warn",
            "None yet",
            &html! {
                "X sends one at least every hour to a valid webhook; check with " code { "birdhook webhooks list" }
            },
        );
    };
    let class = if hours < FEW_HOURS { "bad" } else { "good" };
    let shown = view.last_by_x.as_ref().or(view.last.as_ref());
    card(
        "Last challenge",
        class,
        shown.map_or("", |it| &it.ago),
        &html! {
            @if let Some(kind) = shown.and_then(|it| it.answered_with) { "answered with the " (kind) " secret" br; }
            @if view.is_certain { "signed by X" } @else { "not signed by X: it may be a test" }
            br; (hours) " h until X ends the webhook without another"
        },
    )
}

fn card(name: &str, class: &str, value: &str, note: &Markup) -> Markup {
    html! {
        div.card {
            h2 { (name) }
            p.value.(class) { (value) }
            p.note { (note) }
        }
    }
}

fn sparklines(view: &HealthView) -> Markup {
    let series = &view.last_24_hours;
    let rows = [
        ("Accepted", "good", &series.accepted),
        ("Duplicate or dropped", "quiet", &series.skipped),
        ("Refused", "bad", &series.refused),
        ("Challenges", "info", &series.challenges),
    ];
    html! {
        div.sparks role="group" aria-label="Last 24 hours" {
            @for (name, class, counts) in rows {
                @let total: u64 = counts.iter().map(|count| u64::from(*count)).sum();
                figure {
                    figcaption { (name) " " b { (total) } span.note { " in 24 h" } }
                    (sparkline(class, counts))
                }
            }
        }
    }
}

fn sparkline(class: &str, counts: &[u32]) -> Markup {
    const HEIGHT: u64 = 32;
    let max = u64::from(counts.iter().copied().max().unwrap_or(0)).max(1);
    html! {
        svg.spark.(class) viewBox={ "0 0 " (BUCKETS) " " (HEIGHT) } preserveAspectRatio="none" aria-hidden="true" {
            line x1="0" x2=(BUCKETS) y1=(HEIGHT) y2=(HEIGHT) {}
            @for (x, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
                // At least two units, so that one request among thousands is visible.
                @let height = (u64::from(*count) * HEIGHT / max).max(2);
                rect x=(x) y=(HEIGHT - height) width="1" height=(height) {}
            }
        }
    }
}
