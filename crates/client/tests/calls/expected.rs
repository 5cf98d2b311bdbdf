//! Requirements that every error must meet.

use birdhook_client::{ChallengeFault, CredentialKind, Error, ErrorCause};

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Expected<'a> {
    pub(crate) cause: ErrorCause,
    pub(crate) credential: CredentialKind,
    pub(crate) status: u16,
    pub(crate) code: Option<i64>,
    pub(crate) reason: Option<&'a str>,
    pub(crate) message: Option<&'a str>,
}

/// Checks an error against its expected contents and the general requirements.
pub(crate) fn check(error: &Error, expected: &Expected<'_>) {
    let actual = Expected {
        cause: error.cause().clone(),
        credential: error.credential().unwrap_or_else(|| panic!("no credential: {error:?}")),
        status: error.status().unwrap_or_else(|| panic!("no status: {error:?}")).as_u16(),
        code: error.code(),
        reason: error.reason(),
        message: error.message(),
    };
    assert_eq!(actual, *expected, "{error}");
    check_general(error);
}

/// Checks the general requirements: an error displays all that X reported, has a fix of one
/// phrase, and is retryable only if a retry can help.
pub(crate) fn check_general(error: &Error) {
    let shown = error.to_string();
    assert!(shown.starts_with(&format!("{}: {}", error.call(), error.cause())), "{shown}");
    let status = error.status().map(|status| status.as_u16().to_string());
    let code = error.code().map(|code| format!("code {code}"));
    let credential = error.credential().map(|kind| format!("[with {kind}]"));
    let words = [error.reason(), error.message()].map(|text| text.map(str::to_owned));
    for part in [status, code, credential].into_iter().chain(words).flatten() {
        assert!(shown.contains(&part), "{part:?} is not in {shown:?}");
    }
    let fix = error.fix();
    let is_phrase = fix.starts_with(|first: char| first.is_ascii_lowercase()) && !fix.ends_with('.');
    assert!(is_phrase && !fix.contains(". ") && fix.len() > 12, "{fix:?}");
    let may_pass = matches!(
        error.cause(),
        ErrorCause::RateLimited { .. }
            | ErrorCause::Down
            | ErrorCause::NoResponse(_)
            | ErrorCause::ReplayUnderWay
            | ErrorCause::ChallengeFailed(ChallengeFault::TooSlow)
    );
    assert_eq!(error.is_retryable(), may_pass, "{shown}");
}
