//! The kinds of credentials that calls accept, best first.

use crate::credentials::CredentialKind;

pub(crate) const BEARER: &[CredentialKind] = &[CredentialKind::Bearer];
pub(crate) const OWNER: &[CredentialKind] = &[CredentialKind::Owner];
pub(crate) const USER: &[CredentialKind] = &[CredentialKind::User];
/// X's prose accepts only the bearer token, its OpenAPI also the owner's.
pub(crate) const BEARER_OR_OWNER: &[CredentialKind] = &[CredentialKind::Bearer, CredentialKind::Owner];
pub(crate) const ANY_USER: &[CredentialKind] = &[CredentialKind::User, CredentialKind::User2];
