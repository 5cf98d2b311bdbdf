//! The contents of an error.

use super::cause::ErrorCause;
use crate::RateLimit;
use crate::credentials::CredentialKind;

#[derive(Clone, Debug)]
pub(super) struct Details {
    pub(super) cause: ErrorCause,
    pub(super) call: String,
    pub(super) user: Option<String>,
    pub(super) scopes: &'static [&'static str],
    pub(super) credential: Option<CredentialKind>,
    pub(super) status: Option<u16>,
    pub(super) code: Option<i64>,
    pub(super) reason: Option<String>,
    pub(super) message: Option<String>,
    pub(super) takes: &'static [CredentialKind],
    pub(super) rate_limit: Option<RateLimit>,
}
