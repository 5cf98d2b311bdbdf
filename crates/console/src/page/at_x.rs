//! The app at X: its webhooks, subscriptions and replays, and the confirmation of an action.

use birdhook_client::api::ReplaySpan;
use birdhook_core::Timestamp;
use maud::{Markup, html};

use super::{Site, prose, time};
use crate::at_x_data::{AtXView, JobView, Part, Problem, SubscriptionsView, WebhookView};
use crate::chart::{BUCKET, BUCKETS, Series};

/// The page and its settings.
pub(crate) struct AtXPage<'a> {
    pub(crate) view: &'a AtXView,
    /// `None` if the console sees no requests.
    pub(crate) series: Option<Series>,
    pub(crate) now: Timestamp,
    pub(crate) is_done: bool,
    pub(crate) is_read_only: bool,
}

pub(crate) fn at_x(site: &Site, page: &AtXPage<'_>) -> Markup {
    let view = page.view;
    html! {
        h1 { "At X" }
        @if let Some(last) = view.actions.first().filter(|_| page.is_done) {
            p.(if last.ok { "good" } else { "bad" }) role="status" { (prose(&last.result)) }
        }
        p.note { "The console asks X while this page is open, at most once in 30 s. The times are in UTC." }
        h2 { "Webhooks" }
        (part(&view.webhooks, |all| webhooks(site, all, page.is_read_only)))
        h2 { "Subscriptions" }
        div.cards {
            div.card {
                h2 { "X Activity API" }
                (part(&view.x_activity, |all| html! { p.value { (all.total) } p.note { (if all.total == 1 { "subscription" } else { "subscriptions" }) } }))
            }
            div.card {
                h2 { "Account Activity API" }
                (part(&view.account_activity, |counts| html! {
                    p.value { (number(counts.subscriptions_count)) }
                    p.note { "subscribed users, of " (number(counts.provisioned_count)) " allowed" }
                }))
            }
        }
        @if let Some(all) = &view.x_activity.data { (subscriptions(all)) }
        h2 { "Replay" }
        (replay(site, page))
        @if !view.jobs.is_empty() { h3.part { "Jobs" } ul.events { @for one in &view.jobs { li { (job(one)) } } } }
        @if !view.actions.is_empty() {
            h2 { "Last actions" }
            ul.events {
                @for done in &view.actions {
                    li {
                        (time(&done.at, true)) " " b { (done.action) } " " code { (done.webhook) } " "
                        span.bad[!done.ok] { (prose(&done.result)) }
                    }
                }
            }
        }
        script src={ (site.base) "/assets/at_x.js" } defer {}
    }
}

fn number(number: Option<u64>) -> String {
    number.map_or("an unknown number".to_owned(), |number| number.to_string())
}

/// Shows a part, or why X did not return it.
fn part<T>(part: &Part<T>, show: impl FnOnce(&T) -> Markup) -> Markup {
    html! {
        @if let Some(data) = &part.data { (show(data)) }
        @if let Some(why) = &part.problem { (problem(why)) }
    }
}

fn problem(problem: &Problem) -> Markup {
    html! {
        div.problem role="alert" {
            p.bad { (problem.error) }
            @if let Some(fix) = &problem.fix { p { b { "Fix: " } (prose(fix)) } }
            @if let Some(until) = &problem.until { p { "X allows the next call at " (time(until, false)) "." } }
        }
    }
}

fn webhooks(site: &Site, all: &[WebhookView], is_read_only: bool) -> Markup {
    html! {
        table #webhooks {
            thead { tr {
                th scope="col" { "Id" } th scope="col" { "State" } th scope="col" { "URL" } th scope="col" { "Created" }
                @if !is_read_only { th scope="col" { "Action" } }
            } }
            tbody {
                @for one in all {
                    tr.good[one.valid].bad[!one.valid] {
                        td { code { (one.id) } }
                        td.outcome {
                            strong { @if one.valid { "valid" } @else { "invalid" } }
                            @if !one.valid { span.cause { "X sends no deliveries until the webhook passes a challenge" } }
                        }
                        td.id { (one.url) }
                        td { @if let Some(at) = &one.created_at { (time(at, true)) } }
                        @if !is_read_only {
                            td { a.button href={ (site.base) "/at-x/confirm?" (validate_link(&one.id)) } { "Validate" } }
                        }
                    }
                }
                @if all.is_empty() { tr.empty { td colspan="5" {
                    "The app has no webhook; " code { "birdhook webhooks register URL" } " creates one."
                } } }
            }
        }
    }
}

fn validate_link(id: &str) -> String {
    form_urlencoded::Serializer::new(String::new())
        .append_pair("action", "validate")
        .append_pair("webhook", id)
        .finish()
}

fn subscriptions(all: &SubscriptionsView) -> Markup {
    html! {
        @if !all.by_type.is_empty() {
            h3.part { "By type" }
            ul.bill { @for (event_type, count) in &all.by_type { li { code { (event_type) } " " (count) } } }
            h3.part { "Soonest expiry first" }
            table #subscriptions {
                thead { tr {
                    th scope="col" { "Expires" } th scope="col" { "Type" } th scope="col" { "Filter" }
                    th scope="col" { "Webhook" } th scope="col" { "Tag" }
                } }
                tbody {
                    @for one in &all.first {
                        tr {
                            td.expires { @match &one.expires_at { Some(at) => { (time(at, true)) }, None => "never" } }
                            td.id { code { (one.event_type) } }
                            td.id { (one.filter) }
                            td.id { @match &one.webhook_id { Some(id) => { code { (id) } }, None => "stream only" } }
                            td.id { @if let Some(tag) = &one.tag { (tag) } }
                        }
                    }
                }
            }
            @if all.first.len() < all.total { p.note { "The first " (all.first.len()) " of " (all.total) "." } }
        }
    }
}

/// Shows the form of a replay. It works without the script, which adds the chart.
fn replay(site: &Site, page: &AtXPage<'_>) -> Markup {
    let limits = &page.view.replay_limits;
    let webhooks = page.view.webhooks.data.as_deref().unwrap_or_default();
    html! {
        p.note {
            "X delivers again what it attempted to deliver in a span that begins between "
            (minute(&limits.oldest_from, 0, " ")) " and " (minute(&limits.newest_from, 0, " ")) ", ends by "
            (minute(&limits.newest_to, 0, " ")) ", and lasts at most " (limits.longest_minutes / 60) " h. X runs one job at a time."
        }
        @if page.is_read_only { p.note { "This console only reads." } }
        @else if webhooks.is_empty() { p { "Without a webhook, X has nothing to replay." } }
        @else {
            form #replay method="get" action={ (site.base) "/at-x/confirm" } aria-label="Replay" {
                input type="hidden" name="action" value="replay";
                @if let Some(series) = &page.series { (chart(series, page)) }
                label { "Webhook" select name="webhook" {
                    @for one in webhooks { option value=(one.id) { (one.id) " " (one.url) } }
                } }
                label { "From (UTC)" input type="datetime-local" name="from" value=(minute(&limits.newest_from, -60, "T")) required; }
                label { "To (UTC)" input type="datetime-local" name="to" value=(minute(&limits.newest_from, 0, "T")) required; }
                button type="submit" { "Replay" }
            }
        }
    }
}

/// Returns the date and the minute of a time that is moved by a number of minutes. A field needs the
/// separator `T`.
fn minute(time: &str, moved: i64, separator: &str) -> String {
    let moved = Timestamp::parse(time).map(|time| Timestamp::from_millis(time.as_millis() + moved * 60_000));
    moved.map(|time| time.to_string().chars().take(16).collect::<String>().replace('T', separator)).unwrap_or_default()
}

fn chart(series: &Series, page: &AtXPage<'_>) -> Markup {
    const HEIGHT: u64 = 32;
    let counts = series.accepted.iter().zip(&series.refused);
    let counts: Vec<_> = counts.map(|(accepted, refused)| (u64::from(*accepted), u64::from(*refused))).collect();
    let max = counts.iter().map(|(accepted, refused)| accepted + refused).max().unwrap_or(0).max(1);
    let height = |count: u64| if count == 0 { 0 } else { (count * HEIGHT / max).max(2) };
    let buckets = i64::try_from(BUCKETS).unwrap_or(i64::MAX);
    let start = (page.now.as_millis().div_euclid(BUCKET) - buckets + 1).saturating_mul(BUCKET);
    let limits = &page.view.replay_limits;
    let millis = |time: &str| Timestamp::parse(time).map_or(0, Timestamp::as_millis);
    html! {
        figure #span-chart data-start=(start) data-bucket=(BUCKET) data-oldest=(millis(&limits.oldest_from))
            data-newest-from=(millis(&limits.newest_from)) data-newest-to=(millis(&limits.newest_to))
            data-longest=(limits.longest_minutes * 60_000) {
            figcaption {
                "Deliveries of the last 24 h: " span.good { "accepted" } " and " span.bad { "refused" }
                span #span-help hidden { ". Drag over the chart, or move the two sliders." }
            }
            svg.spark.span viewBox={ "0 0 " (BUCKETS) " " (HEIGHT) } preserveAspectRatio="none" aria-hidden="true" {
                rect.chosen x="0" y="0" width="0" height=(HEIGHT) {}
                line x1="0" x2=(BUCKETS) y1=(HEIGHT) y2=(HEIGHT) {}
                @for (x, (accepted, refused)) in counts.iter().enumerate() {
                    @let (good, bad) = (height(*accepted), height(*refused));
                    @if good > 0 { rect.good x=(x) y=(HEIGHT - good) width="1" height=(good) {} }
                    @if bad > 0 { rect.bad x=(x) y=(HEIGHT.saturating_sub(good + bad)) width="1" height=(bad) {} }
                }
            }
            div.sliders hidden {
                label { "Start" input type="range" data-field="from" min="0" max=(BUCKETS) step="1"; }
                label { "End" input type="range" data-field="to" min="0" max=(BUCKETS) step="1"; }
            }
        }
    }
}

fn job(job: &JobView) -> Markup {
    let (class, state) = match job.state {
        "complete" => ("good", "complete"),
        "incomplete" => ("bad", "incomplete"),
        _ => ("note", "requested; X reports its end to the webhook"),
    };
    html! {
        code { (job.id.as_deref().unwrap_or("(no id)")) } " " (time(&job.from, true)) " to " (time(&job.to, true)) ": "
        b.(class) { (state) }
        @if let Some(text) = &job.description { " " span.note { (text) } }
    }
}

/// Asks once. The form works without the script.
pub(crate) fn confirm(site: &Site, webhook: &str, span: Option<ReplaySpan>, to: &str) -> Markup {
    html! {
        @match span {
            None => {
                h1 { "Validate the webhook " (webhook) "?" }
                p { "X challenges its URL now. If the challenge passes, X delivers to it." }
            },
            Some(span) => {
                h1 { "Replay to the webhook " (webhook) "?" }
                p {
                    "X delivers again what it attempted to deliver from " (time(&span.from().to_string(), false)) " to "
                    (time(&span.to().to_string(), false)) ". Deduplication removes what the app already has."
                }
            },
        }
        div.actions {
            form method="post" action={ (site.base) "/at-x/" (to) } {
                button.safe type="submit" { @if span.is_some() { "Replay" } @else { "Validate" } }
            }
            a.button href={ (site.base) "/at-x" } { "Cancel" }
        }
    }
}

/// A page that says why an action was not carried out.
pub(crate) fn failed(site: &Site, why: &Problem) -> Markup {
    let other = format!("{}/at-x", site.base);
    let main = html! { h1 { "Not done" } (problem(why)) p { a href=(other) { "At X" } } };
    super::page(site, "Not done", &super::Reveal { is_revealed: false, other: &other }, &main)
}
