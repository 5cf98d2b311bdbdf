//! The form that sends a delivery again, and the response of its target.

use maud::{Markup, html};

use crate::resend::{Answer, ResendTarget};

pub(crate) struct Form<'a> {
    /// The path of the delivery's page.
    pub(crate) path: &'a str,
    /// The path and query of the action, with its token.
    pub(crate) action: String,
    pub(crate) targets: &'a [ResendTarget],
    /// The text to edit. `None` while private values are hidden.
    pub(crate) draft: Option<&'a Draft<'a>>,
    pub(crate) selected: Option<&'a str>,
}

pub(crate) struct Draft<'a> {
    pub(crate) text: &'a str,
    /// The target that was selected before.
    pub(crate) target: Option<&'a str>,
    /// Why the text is not valid JSON.
    pub(crate) problem: Option<&'a str>,
}

pub(crate) struct Result<'a> {
    pub(crate) path: &'a str,
    pub(crate) is_revealed: bool,
    pub(crate) target: &'a ResendTarget,
    pub(crate) is_edited: bool,
    pub(crate) answer: &'a Answer,
}

/// Asks once. The form works without the script.
pub(crate) fn form(form: &Form<'_>) -> Markup {
    let back = format!("{}{}", form.path, if form.draft.is_some() { "?reveal=1" } else { "" });
    let problem = form.draft.and_then(|draft| draft.problem);
    html! {
        p { a href=(back) { "← The delivery" } }
        h1 { "Send this delivery again?" }
        p { "The target gets the body in X's form, signed with the test secret and never with X's signature. The header " code { "birdhook-replayed: console" } " marks the request. Redirects are not followed." }
        form.send method="post" action=(form.action) {
            label { "Target" select name="target" {
                @for target in form.targets {
                    option value=(target.name) selected[form.selected == Some(&*target.name)] { (target.name) " · " (target.place()) }
                }
            } }
            @match form.draft {
                Some(draft) => {
                    label { "Body" textarea name="body" rows="18" spellcheck="false" autocomplete="off" { "\n" (draft.text) } }
                },
                None => p.note { "Show private values to edit the body." },
            }
            @if let Some(problem) = problem {
                p.bad role="alert" { "Not sent: the edited body is not valid JSON: " (problem) "." }
                label.check { input type="checkbox" name="anyway" value="1"; " Send the edited body although it is not valid JSON" }
            }
            div.actions {
                button type="submit" name="as" value="kept" { "Send as it was" }
                @if form.draft.is_some() { button type="submit" name="as" value="edited" { "Send the edited body" } }
                a.button href=(back) { "Cancel" }
            }
        }
    }
}

pub(crate) fn result(result: &Result<'_>) -> Markup {
    let Result { path, target, answer, .. } = result;
    let suffix = if result.is_revealed { "?reveal=1" } else { "" };
    let is_good = (200..300).contains(&answer.status);
    html! {
        p { a href={ (path) (suffix) } { "← The delivery" } }
        h1 { "Response: " span.good[is_good].bad[!is_good] #status { (answer.status) } }
        @if (300..400).contains(&answer.status) { p.why { "The target asks for another URL. Redirects are not followed." } }
        dl {
            dt { "Target" } dd { (target.name) " · " (target.place()) }
            dt { "Sent" } dd { @if result.is_edited { "an edited body" } @else { "the body as it was" } }
            dt { "Took" } dd { (answer.ms) " ms" }
        }
        h2 { "Headers of the response" }
        dl.headers { @for (name, value) in &answer.headers { dt { code { (name) } } dd { code { (value) } } } }
        h2 { "Body of the response" }
        @if answer.body.is_empty() { p.note { "The response has no body." } }
        @else { pre #answer tabindex="0" { "\n" (answer.body) } }
        @if answer.is_cut_off { p.note { "The body is longer. Its first 16 KiB are shown." } }
        div.actions { a.button href={ (path) "/send" (suffix) } { "Send again" } }
    }
}
