//! The HTML of the console. Every value passes through maud, which escapes it.

#[cfg(feature = "client")]
pub(crate) mod at_x;
mod deliveries;
mod detail;
mod health;
#[cfg(feature = "inbox")]
pub(crate) mod inbox;
pub(crate) mod resend;

use maud::{DOCTYPE, Markup, html};

pub(crate) use deliveries::{List, list, row};
pub(crate) use detail::detail;
pub(crate) use health::health;

/// The data that all pages need.
#[derive(Clone)]
pub(crate) struct Site {
    /// The path at which the console is mounted, without a slash at the end.
    pub(crate) base: String,
    pub(crate) keeps_bodies: bool,
    /// Whether there are pages of requests, and of an inbox.
    pub(crate) has_requests: bool,
    pub(crate) has_inbox: bool,
    /// Whether there is a page of the app at X.
    pub(crate) has_at_x: bool,
}

/// A link that shows or hides private values.
pub(crate) struct Reveal<'a> {
    pub(crate) is_revealed: bool,
    /// The path and query of the page in the other state.
    pub(crate) other: &'a str,
}

pub(crate) fn page(site: &Site, title: &str, reveal: &Reveal<'_>, main: &Markup) -> Markup {
    let base = &site.base;
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { (title) " · birdhook" }
                link rel="icon" href={ (base) "/assets/icon.svg" };
                link rel="stylesheet" href={ (base) "/assets/console.css" };
                script src={ (base) "/assets/console.js" } defer {}
            }
            body {
                a.skip href="#main" { "Skip to the content" }
                header.top {
                    a.name href={ (base) "/" (if reveal.is_revealed { "?reveal=1" } else { "" }) } { "birdhook console" }
                    @if (site.has_inbox && site.has_requests) || site.has_at_x {
                        nav aria-label="Pages of the console" {
                            @if site.has_requests { a href={ (base) "/" } { "Requests" } }
                            @if site.has_inbox { a href={ (base) "/inbox" } { "Inbox" } }
                            @if site.has_at_x { a href={ (base) "/at-x" } { "At X" } }
                        }
                    }
                    a.reveal href=(reveal.other) {
                        @if reveal.is_revealed { "Hide private values" } @else { "Show private values" }
                    }
                }
                main #main { (main) }
            }
        }
    }
}

/// A page that says what went wrong.
pub(crate) fn message(site: &Site, title: &str, text: &str) -> Markup {
    let other = format!("{}/", site.base);
    let main = html! { h1 { (title) } p { (text) } p { a href=(other) { @if site.has_requests { "All requests" } @else { "Inbox" } } } };
    page(site, title, &Reveal { is_revealed: false, other: &other }, &main)
}

/// Shows a time in UTC, with its unit if the place does not name it.
pub(crate) fn time(at: &str, is_labelled: bool) -> Markup {
    let shown = at.replace('T', " ");
    let (second, fraction) = shown.trim_end_matches('Z').split_once('.').unwrap_or((shown.trim_end_matches('Z'), ""));
    // A timestamp omits zeros at its end.
    html! { time datetime=(at) { (second) "." (format!("{fraction:0<3}")) @if !is_labelled { " UTC" } } }
}

/// Shows a sentence whose parts in backticks are code.
pub(crate) fn prose(text: &str) -> Markup {
    html! {
        @for (part, is_code) in text.split('`').zip([false, true].into_iter().cycle()) {
            @if is_code { code { (part) } } @else { (part) }
        }
    }
}

/// A class by outcome, for colours. The outcome's name is always shown too.
pub(crate) fn class(group: crate::chart::Group) -> &'static str {
    use crate::chart::Group;
    match group {
        Group::Accepted => "good",
        Group::Challenges => "info",
        Group::Skipped => "quiet",
        Group::Refused => "bad",
    }
}
