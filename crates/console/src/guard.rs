//! The checks before an action.

use http::StatusCode;
use http::header::HeaderValue;
use http::request::Parts;
use subtle::ConstantTimeEq;

use crate::page::Site;

/// The header with the token of an action, for programs.
const TOKEN_HEADER: &str = "x-birdhook-csrf";

pub(crate) const READ_ONLY: &str =
    "this console only reads: the app calls Console::read_only, or the tool was started read-only";

/// A response that is not the requested one: a status and its reason.
pub(crate) struct Refusal(pub(crate) StatusCode, pub(crate) String);

/// The parts of the console that pages with actions need.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) site: &'a Site,
    pub(crate) is_read_only: bool,
    pub(crate) request: &'a Parts,
}

/// The token that actions need. Other sites cannot read it.
///
/// `None` if the system has no randomness; then every action is refused.
#[derive(Clone)]
pub(crate) struct ActionToken(Option<String>);

impl ActionToken {
    pub(crate) fn new() -> Self {
        let mut random = [0; 16];
        let token = getrandom::fill(&mut random).ok();
        Self(token.map(|()| random.iter().map(|byte| format!("{byte:02x}")).collect()))
    }

    pub(crate) fn text(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// Refuses an action that this console does not allow, or that another site may have caused.
    /// `of_query` is the token in the query.
    pub(crate) fn check(&self, context: Context<'_>, of_query: Option<&str>) -> Result<(), Refusal> {
        let forbidden = |text: &str| Err(Refusal(StatusCode::FORBIDDEN, text.to_owned()));
        if context.is_read_only {
            return forbidden(READ_ONLY);
        }
        let given = context.request.headers.get(TOKEN_HEADER).map(HeaderValue::as_bytes);
        let given = given.or(of_query.map(str::as_bytes)).unwrap_or_default();
        let is_known = self.0.as_ref().is_some_and(|token| bool::from(given.ct_eq(token.as_bytes())));
        if is_of_other_site(context.request) || !is_known {
            return forbidden(
                "the token of this action is missing or expired: open the page again, or read the member `csrf` of \
                 /api/inbox, /api/at-x or /api/send",
            );
        }
        Ok(())
    }
}

/// Returns whether a browser says that another site caused the request. `Origin` is `null` for the
/// console's own forms, because its pages send no referrer.
fn is_of_other_site(request: &Parts) -> bool {
    let text = |name: &str| request.headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let is_other_site = text("sec-fetch-site").is_some_and(|site| !["same-origin", "none"].contains(&site));
    let host = text("host").or(request.uri.authority().map(http::uri::Authority::as_str));
    let is_other_origin = text("origin")
        .filter(|origin| *origin != "null")
        .is_some_and(|origin| origin.split_once("://").map(|(_, authority)| authority) != host);
    is_other_site || is_other_origin
}
