//! Checks of the URL itself.

use crate::doctor::judgement::Judgement;
use crate::doctor::patient::Patient;

/// X's maximum length of a URL, in characters.
const LONGEST: usize = 200;

pub(super) async fn form(patient: &mut Patient) -> Judgement {
    let Some(target) = &patient.target else {
        return Judgement::failed("this is no URL of http or https", "X cannot call it")
            .fix("write it out: https://app.example/webhooks/twitter");
    };
    let (url, length) = (target.url(), patient.url.chars().count());
    if !url.username().is_empty() || url.password().is_some() {
        return Judgement::failed("the URL has a user or a password", "X takes none")
            .fix("leave them out, and let this path in without a login");
    }
    if url.fragment().is_some() {
        return Judgement::failed("the URL has a fragment (#)", "a fragment is never sent")
            .fix("leave the fragment out");
    }
    if length > LONGEST {
        return Judgement::failed(format!("the URL has {length} characters"), "X takes up to 200")
            .fix("register a shorter URL");
    }
    Judgement::passed(format!("{length} characters"))
}

pub(super) async fn https(patient: &mut Patient) -> Judgement {
    match &patient.target {
        Some(target) if target.is_https() => Judgement::passed("https"),
        _ if patient.local => Judgement::skipped("http will do for a local receiver; X asks for https"),
        _ => Judgement::failed("the URL is http", "X calls https only"),
    }
}

pub(super) async fn port(patient: &mut Patient) -> Judgement {
    match patient.target.as_ref().and_then(|target| target.port) {
        None => Judgement::passed("no port"),
        Some(port) if patient.local => {
            Judgement::skipped(format!("port {port} will do for a local receiver; X takes no port"))
        }
        Some(port) => Judgement::failed(format!("the URL names port {port}"), "X takes no port, not even 443"),
    }
}
