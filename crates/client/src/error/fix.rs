//! The contents of an error, and the fix for each cause in one phrase.

use std::borrow::Cow;

use super::cause::{ChallengeFault, ErrorCause};
use crate::credentials::CredentialKind;
use crate::url::UrlFault;
use crate::{RateLimit, TransportError};

/// The fix for an OAuth 2.0 client that X does not know.
pub(crate) const WRONG_CLIENT: &str = "run `birdhook auth app` with the app's current OAuth 2.0 client id and client secret; X does not accept the configured ones";

/// Returns the fix for an error code of X that means the same for every call.
pub(crate) fn fix_of_code(code: i64) -> Option<&'static str> {
    Some(match code {
        32 => "run `birdhook auth app` with the app's current consumer key and secret; X does not accept the signature",
        89 => "start the login again; the token has expired or was revoked",
        135 => "set this machine's clock; X rejects signatures with a wrong timestamp",
        _ => general(&ErrorCause::of_code(code)?),
    })
}

/// The contents of an error.
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

impl Details {
    pub(super) fn fix(&self) -> Cow<'static, str> {
        let fix = match &self.cause {
            ErrorCause::WrongCredential => return format!("use {}", obtained(self.takes)).into(),
            ErrorCause::NoCredential(kinds) => return format!("add {}", obtained(kinds)).into(),
            ErrorCause::Unauthenticated => self.unauthenticated(),
            ErrorCause::NotRenewed => self.not_renewed(),
            ErrorCause::Permission => self.permission(),
            ErrorCause::LimitReached if self.call.contains("/activity/") => {
                "remove unused subscriptions (`birdhook activity list`, `birdhook activity remove ID`), or ask X for a larger plan"
            }
            ErrorCause::LimitReached if self.call.contains("subscriptions") => {
                "remove unused subscriptions (`birdhook subscriptions list WEBHOOK`), or ask X for a larger plan"
            }
            ErrorCause::AccessLevel if self.call.contains("/1.1/") => {
                "raise the app's access level in X's console, or use an API that it includes, such as v2 instead of 1.1"
            }
            cause => general(cause),
        };
        if !fix.contains('{') {
            return fix.into();
        }
        let user = self.user.as_ref().map_or("the user".to_owned(), |user| format!("user {user}"));
        fix.replace("{user}", &user).replace("{scopes}", &self.scopes.join(", ")).into()
    }

    fn unauthenticated(&self) -> &'static str {
        match self.credential {
            _ if self.code == Some(135) => fix_of_code(135).unwrap_or_default(),
            Some(CredentialKind::User2) => {
                "run `birdhook auth user2` and have {user} authorise the app again; the token has expired, was revoked, or belongs to another app"
            }
            Some(CredentialKind::User) => {
                "run `birdhook auth user` and have {user} authorise the app again if the token was revoked; otherwise check the app's keys and the machine's clock"
            }
            Some(CredentialKind::Owner) => {
                "run `birdhook auth user --owner` and have the app's owner authorise the app again if the token was revoked; otherwise check the app's keys and the machine's clock"
            }
            Some(CredentialKind::Bearer) => {
                "run `birdhook auth app` with the app's current keys or bearer token; the configured ones are wrong or were regenerated in X's console"
            }
            Some(CredentialKind::Consumer) => {
                "run `birdhook auth app` with the app's current consumer key and secret; the configured ones are wrong or were regenerated in X's console"
            }
            None => "check that the keys and tokens are complete and of one app, and check the machine's clock",
        }
    }

    fn not_renewed(&self) -> &'static str {
        match self.reason.as_deref() {
            Some("unauthorized_client" | "invalid_client") => WRONG_CLIENT,
            _ => {
                "run `birdhook auth user2` and have {user} authorise the app again; X accepts a refresh token once, and not after access was revoked"
            }
        }
    }

    fn permission(&self) -> &'static str {
        match self.credential {
            Some(CredentialKind::User2) if self.scopes.is_empty() => {
                "run `birdhook auth user2` and have {user} authorise the app again; the token lacks a scope"
            }
            Some(CredentialKind::User2) => {
                "run `birdhook auth user2`, which requests {scopes}, and have {user} authorise the app again; the scopes of an issued token do not change"
            }
            // The specification accepts OAuth 1.0a for private types, X's introduction only OAuth
            // 2.0.
            Some(CredentialKind::User) if self.call.contains("/2/activity/") => {
                "run `birdhook auth user2`, which requests {scopes}, and have {user} authorise the app; X may accept only OAuth 2.0 for this type"
            }
            Some(CredentialKind::Owner) => {
                "set the app's permissions to read, write and direct messages in X's console, then run `birdhook auth user --owner` again; issued tokens keep their permissions"
            }
            _ => {
                "set the app's permissions to read, write and direct messages in X's console, then run `birdhook auth user` and have the user authorise the app again; issued tokens keep their permissions"
            }
        }
    }
}

fn obtained(kinds: &[CredentialKind]) -> String {
    let each = kinds.iter().map(|kind| format!("{kind} (run `birdhook {}`)", kind.login_command()));
    each.collect::<Vec<_>>().join(", or ")
}

fn general(cause: &ErrorCause) -> &'static str {
    use ErrorCause::*;
    match cause {
        ChallengeFailed(ChallengeFault::WrongToken) => {
            "sign responses to challenges with this app's client secret or consumer secret, whichever X accepts, and run `birdhook doctor` on the URL"
        }
        ChallengeFailed(ChallengeFault::TooSlow) => {
            "respond to challenges at once, without I/O and cold starts; X may wait only 3 s"
        }
        ChallengeFailed(_) => "run `birdhook doctor` on the URL to see the response that X received",
        UrlRefused(UrlFault::Malformed) => {
            "register a complete URL such as https://app.example/webhooks/twitter, without a user or a fragment"
        }
        UrlRefused(UrlFault::TooLong) => "shorten the URL to at most 200 characters",
        UrlRefused(UrlFault::NotHttps) => "register a URL that begins with https://",
        UrlRefused(UrlFault::Port) => "serve the receiver on port 443, and omit the port from the URL",
        UrlRefused(UrlFault::NotPublic) => "give the receiver a public host name, or use a tunnel",
        UrlRefused(UrlFault::Unknown) => {
            "run `birdhook doctor` on the URL; X sends the same message for a certificate that it does not trust"
        }
        DuplicateUrl => "use the registered webhook; `birdhook webhooks list` prints its id",
        LimitReached => {
            "delete an unused webhook (`birdhook webhooks list`, `birdhook webhooks delete ID`), or ask X for a larger plan"
        }
        AlreadySubscribed => {
            "list the subscriptions (`birdhook activity list`, `birdhook subscriptions list WEBHOOK`); the existing one may have another filter or webhook"
        }
        NotSubscribed => "nothing to remove; subscribe before you use it",
        NoSuchWebhook => {
            "list the app's webhooks (`birdhook webhooks list`); the id may be wrong, deleted or of another app"
        }
        WebhookInvalid => {
            "have X challenge the webhook again (`birdhook webhooks validate ID`); if that fails, run `birdhook doctor` on its URL"
        }
        NotAllowed => "check the app's plan, project and access to this API in X's console",
        AccessLevel => "raise the app's access level in X's console; it does not include this call",
        Suspended => {
            "log in to x.com with the suspended account, or open the app in X's console, and appeal there; X rejects its calls until then"
        }
        Locked => "log in to x.com with the locked account, unlock it, and repeat the call",
        NoCredits => "buy credits for the account in X's console; X rejects calls until then",
        UsageCap => "raise the cap or the plan in X's console, or repeat the call after the cap's period has ended",
        RateLimited { .. } => "wait until X accepts calls again",
        ReplayUnderWay => {
            "wait for the `replay_job_status` of the running job; X runs one job at a time for each webhook"
        }
        ReplayDates => {
            "request a span within X's window (24 hours in v2, 5 days in 1.1) that began at least 31 minutes ago and ended at least 10 minutes ago"
        }
        Down => "try again later, and check X's status page",
        NoResponse(TransportError::Connect(_)) => "check the network, the proxy and the name of X's host",
        NoResponse(_) => "check whether the call was carried out, then try again",
        Unreadable => "check X's changelog; the format of its responses may have changed",
        TokenStore => "check the token store: its folder, permissions, disk, and the owner of its lock",
        Invalid => "correct the field that X names",
        // All but the last depend on the call.
        Permission | Unauthenticated | NotRenewed | WrongCredential | NoCredential(_) | Other => "see X's message",
    }
}
