//! The fix for each cause, in one sentence.

use std::borrow::Cow;

use super::{ChallengeFault, ErrorCause, Said, UrlFault};
use crate::{CredentialKind, TransportError};

/// Returns the fix for an error code of X that means the same for every call.
pub(crate) fn cure_of_code(code: i64) -> Option<&'static str> {
    Some(match code {
        32 => {
            "Run `birdhook auth app` with the app's present consumer key and secret: X does not accept the signature."
        }
        89 => "Begin the login again: the token has expired or was revoked.",
        135 => "Set this machine's clock: X refuses signatures that are made too early or too late.",
        _ => general(&ErrorCause::of_code(code)?),
    })
}

impl Said {
    pub(super) fn fix(&self) -> Cow<'static, str> {
        match &self.cause {
            ErrorCause::Unauthenticated => self.unauthenticated(),
            ErrorCause::NotRenewed => self.not_renewed(),
            ErrorCause::Permission => self.permission(),
            ErrorCause::WrongCredential => format!("This call takes other credentials: {}.", obtained(self.takes)).into(),
            ErrorCause::NoCredential(kinds) => format!("Add credentials of one of these kinds: {}.", obtained(kinds)).into(),
            ErrorCause::LimitReached if self.call.contains("/activity/") => {
                "End subscriptions that are not needed (`birdhook activity list`, `birdhook activity remove ID`), or ask X for a larger plan.".into()
            }
            ErrorCause::LimitReached if self.call.contains("subscriptions") => {
                "End subscriptions that are not needed (`birdhook subscriptions list WEBHOOK`), or ask X for a larger plan.".into()
            }
            ErrorCause::AccessLevel if self.call.contains("/1.1/") => {
                "Raise the app's access level in X's console, or use an API that it includes: v2 in place of 1.1.".into()
            }
            cause => general(cause).into(),
        }
    }

    /// Names the user on whose behalf the call was made, for use in a sentence.
    fn user(&self) -> Cow<'_, str> {
        self.user.as_ref().map_or("the user".into(), |user| format!("user {user}").into())
    }

    fn unauthenticated(&self) -> Cow<'static, str> {
        if self.code == Some(135) {
            return cure_of_code(135).unwrap_or_default().into();
        }
        let user = self.user();
        match self.credential {
            Some(CredentialKind::User2) => format!(
                "Run `birdhook auth user2` and let {user} agree again: the token has expired, was revoked, or is another app's."
            )
            .into(),
            Some(CredentialKind::User) => format!(
                "Run `birdhook auth user` and let {user} agree again if the token was revoked; else check the app's keys and the machine's clock."
            )
            .into(),
            Some(CredentialKind::Owner) => {
                "Run `birdhook auth user --owner` and let the app's owner agree again if the token was revoked; else check the app's keys and the machine's clock.".into()
            }
            Some(CredentialKind::Bearer) => {
                "Run `birdhook auth app` with the app's present keys or bearer token: those in use are wrong, or were regenerated in X's console.".into()
            }
            Some(CredentialKind::Consumer) => {
                "Run `birdhook auth app` with the app's present consumer key and secret: those in use are wrong, or were regenerated in X's console.".into()
            }
            None => "Check keys and tokens for missing characters, that they are all of one app, and the machine's clock.".into(),
        }
    }

    fn not_renewed(&self) -> Cow<'static, str> {
        match self.reason.as_deref() {
            Some("unauthorized_client" | "invalid_client") => {
                "Run `birdhook auth app` with the app's present OAuth 2.0 client id and client secret: X does not accept those in use.".into()
            }
            _ => format!(
                "Run `birdhook auth user2` and let {} agree again: a refresh token works once, and not when access was revoked.",
                self.user()
            )
            .into(),
        }
    }

    fn permission(&self) -> Cow<'static, str> {
        let is_activity = self.call.contains("/2/activity/");
        let scopes = self.scopes.join(", ");
        match self.credential {
            Some(CredentialKind::User2) if scopes.is_empty() => {
                format!("Run `birdhook auth user2` and let {} agree again: the token lacks a scope.", self.user()).into()
            }
            Some(CredentialKind::User2) => format!(
                "Run `birdhook auth user2`, which asks for {scopes}, and let {} agree again: a token keeps the scopes that it was made with.",
                self.user()
            )
            .into(),
            // The specification accepts OAuth 1.0a for private types, X's introduction only OAuth
            // 2.0.
            Some(CredentialKind::User) if is_activity => format!(
                "Run `birdhook auth user2`, which asks for {scopes}, and let {} agree: X may take OAuth 2.0 alone for this type.",
                self.user()
            )
            .into(),
            Some(CredentialKind::Owner) => {
                "Set the app's permissions to read, write and direct messages in X's console, and run `birdhook auth user --owner` again: old tokens keep old permissions.".into()
            }
            _ => {
                "Set the app's permissions to read, write and direct messages in X's console, run `birdhook auth user`, and let the user agree again: old tokens keep old permissions.".into()
            }
        }
    }
}

/// Lists the kinds of credentials, each with the command that obtains it.
fn obtained(kinds: &[CredentialKind]) -> String {
    let each = kinds.iter().map(|kind| {
        let command = match kind {
            CredentialKind::Bearer | CredentialKind::Consumer => "auth app",
            CredentialKind::Owner => "auth user --owner",
            CredentialKind::User => "auth user",
            CredentialKind::User2 => "auth user2",
        };
        format!("{kind} (`birdhook {command}`)")
    });
    each.collect::<Vec<_>>().join(", or ")
}

/// Returns the fix for a cause, for any call.
fn general(cause: &ErrorCause) -> &'static str {
    match cause {
        ErrorCause::ChallengeFailed(ChallengeFault::WrongToken) => {
            "Answer challenges with this app's client secret or consumer secret, whichever X takes, and run `birdhook doctor` on the URL."
        }
        ErrorCause::ChallengeFailed(ChallengeFault::TooSlow) => {
            "Let the receiver answer challenges at once, without I/O and awake; X waits 3 s at its shortest."
        }
        ErrorCause::ChallengeFailed(_) => "Run `birdhook doctor` on the URL: it says what X got to see.",
        ErrorCause::UrlRefused(UrlFault::Malformed) => {
            "Register a whole URL such as https://app.example/webhooks/twitter, without a user and a fragment."
        }
        ErrorCause::UrlRefused(UrlFault::TooLong) => "Shorten the URL to at most 200 characters.",
        ErrorCause::UrlRefused(UrlFault::NotHttps) => "Register a URL that begins with https://.",
        ErrorCause::UrlRefused(UrlFault::Port) => {
            "Serve the receiver at the usual port, and leave the port out of the URL."
        }
        ErrorCause::UrlRefused(UrlFault::NotPublic) => "Give the receiver a public name, or reach it through a tunnel.",
        ErrorCause::UrlRefused(UrlFault::Unknown) => {
            "Run `birdhook doctor` on the URL: X refuses a certificate that it does not trust in the same words."
        }
        ErrorCause::DuplicateUrl => "Use the webhook that is registered: `birdhook webhooks list` shows its id.",
        ErrorCause::LimitReached => {
            "Delete a webhook that is not needed (`birdhook webhooks list`, `birdhook webhooks delete ID`), or ask X for a larger plan."
        }
        ErrorCause::AlreadySubscribed => {
            "Read what there is (`birdhook activity list`, `birdhook subscriptions list WEBHOOK`): the subscription may have another filter, or be on another webhook."
        }
        ErrorCause::NotSubscribed => "Nothing is to be done to remove it; subscribe first to use it.",
        ErrorCause::NoSuchWebhook => {
            "List the app's webhooks (`birdhook webhooks list`): the id is wrong, the webhook was deleted, or it is another app's."
        }
        ErrorCause::WebhookInvalid => {
            "Let X challenge the webhook again (`birdhook webhooks validate ID`), and run `birdhook doctor` on its URL when that fails."
        }
        ErrorCause::NotAllowed => "Look at the app in X's console: its plan, its project and its access to this API.",
        ErrorCause::AccessLevel => "Raise the app's access level in X's console: it does not include this call.",
        ErrorCause::Suspended => {
            "Log in to x.com with the suspended account, or look at the app in X's console, and appeal there: X refuses its calls until then."
        }
        ErrorCause::Locked => "Log in to x.com with the locked account and unlock it there, then repeat the call.",
        ErrorCause::NoCredits => "Buy credits for the account in X's console: X refuses calls until then.",
        ErrorCause::UsageCap => {
            "Raise the cap or the plan in X's console, or repeat the call when the cap's period has ended: no earlier call succeeds."
        }
        ErrorCause::RateLimited { .. } => "Wait until X lets calls through again.",
        ErrorCause::ReplayUnderWay => "Wait for the `replay_job_status` of the job under way: there is one at a time.",
        ErrorCause::ReplayDates => {
            "Ask for a span within X's window (24 hours in v2, 5 days in 1.1) that began at least 31 minutes ago and ended at least 10."
        }
        ErrorCause::Down => "Try again later; see X's status page.",
        ErrorCause::NoAnswer(TransportError::Connect(_)) => "Check the network, the proxy and the name of X's host.",
        ErrorCause::NoAnswer(_) => "Look first whether the call was carried out, then try again.",
        ErrorCause::Unreadable => "See the message: X may have changed its answer.",
        ErrorCause::TokenStore => {
            "Check the token store: its folder, its permissions, its disk, and what holds its lock."
        }
        ErrorCause::Invalid => "Correct what X's words name.",
        // These depend on the call.
        ErrorCause::Permission
        | ErrorCause::Unauthenticated
        | ErrorCause::NotRenewed
        | ErrorCause::WrongCredential
        | ErrorCause::NoCredential(_)
        | ErrorCause::Other => "See X's words.",
    }
}
