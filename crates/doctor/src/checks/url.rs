//! Checks of the URL itself.

use crate::results::RunResult;
use crate::target::Target;

const MAX_LENGTH: usize = 200;

pub(super) async fn form(target: &mut Target) -> RunResult {
    let Some(parsed) = &target.parsed_url else {
        return RunResult::failed("not an http or https URL", "X cannot call it")
            .fix("write the whole URL, for example https://app.example/webhooks/twitter");
    };
    let (url, length) = (&parsed.url, target.url.chars().count());
    if !url.username().is_empty() || url.password().is_some() {
        return RunResult::failed("the URL has a user or a password", "X accepts neither")
            .fix("remove them, and exempt this path from the login");
    }
    if url.fragment().is_some() {
        return RunResult::failed("the URL has a fragment (#)", "a fragment is never sent").fix("remove the fragment");
    }
    if length > MAX_LENGTH {
        return RunResult::failed(format!("the URL has {length} characters"), "X accepts up to 200")
            .fix("register a shorter URL");
    }
    RunResult::passed(format!("{length} characters"))
}

pub(super) async fn https(target: &mut Target) -> RunResult {
    match &target.parsed_url {
        Some(url) if url.is_https() => RunResult::passed("https"),
        _ if target.local => RunResult::skipped("http is accepted for a local receiver; X requires https"),
        _ => RunResult::failed("the URL is http", "X calls https only"),
    }
}

pub(super) async fn port(target: &mut Target) -> RunResult {
    match target.parsed_url.as_ref().and_then(|url| url.port) {
        None => RunResult::passed("no port"),
        Some(port) if target.local => {
            RunResult::skipped(format!("port {port} is accepted for a local receiver; X accepts no port"))
        }
        Some(port) => RunResult::failed(format!("the URL names port {port}"), "X accepts no port, not even 443"),
    }
}
