//! Subscribing, confirmed by X's list where X's response leaves the outcome open.

use birdhook_core::Timestamp;

use super::types::{canonical, is_known, meant};
use super::{ActivityApi, ActivitySubscription, Filter, FilterDirection, NewSubscription};
use crate::{CredentialKind, Error, ErrorCause};

/// Outcome of [`ActivityApi::subscribe`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Subscribed {
    /// X has created the subscription.
    Added(ActivitySubscription),
    /// X lists an equal subscription: same type, same filter, same webhook.
    AlreadyThere(ActivitySubscription),
    /// X reports that the subscription exists, but lists only different ones.
    InTheWay {
        /// X's response.
        error: Error,
        /// The different subscriptions: those that differ only in the webhook, otherwise those that
        /// differ in the filter.
        others: Vec<ActivitySubscription>,
    },
    /// X's list does not confirm X's response.
    Unconfirmed(Unconfirmed),
    /// X refused the subscription.
    Refused(Error),
}

/// The reason why a subscription is unconfirmed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Unconfirmed {
    /// X's error. `None` if X reported success without an equal subscription.
    pub answer: Option<Error>,
    /// Why X's list could not be read. `None` if the list contains no equal subscription.
    pub reading: Option<Error>,
    /// The subscription in X's response, if it is not equal.
    pub made: Option<ActivitySubscription>,
}

/// The reason why a subscription cannot be requested.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubscriptionFault {
    /// X's OpenAPI does not list this event type.
    #[error("unknown event type {name:?}{}", suggestion(.meant))]
    EventType {
        /// The unknown name.
        name: String,
        /// Suggested types.
        meant: Vec<&'static str>,
    },
    /// X's API does not accept this member in the filter of a new subscription.
    #[error("the filter has {0}, which X's API does not accept in a new subscription")]
    UnknownMember(String),
    /// The user's id is not 1 to 19 digits.
    #[error("invalid user id {0:?}: expected 1 to 19 digits")]
    User(String),
    /// The keyword does not have 1 to 150 characters.
    #[error("invalid keyword {0:?}: expected 1 to 150 characters")]
    Keyword(String),
    /// The filter names neither a user nor a keyword.
    #[error("the filter of {0} names neither a user nor a keyword")]
    NoSubject(String),
    /// X's API accepts no direction for this type.
    #[error("{0} takes no direction: X delivers it to the user who acts")]
    Direction(String),
    /// The tag does not have 1 to 200 characters.
    #[error("invalid tag {0:?}: expected 1 to 200 characters")]
    Tag(String),
    /// The expiry is not in the future.
    #[error("the subscription would end at {0}, which is not in the future")]
    Expired(Timestamp),
    /// Credentials of a kind that the type accepts are missing.
    #[error("no credentials to subscribe to {event_type}: it needs {}{}", in_words(.takes), login(.takes))]
    Credentials {
        /// The event type.
        event_type: String,
        /// The accepted kinds of credentials, best first.
        takes: &'static [CredentialKind],
    },
    /// The user's OAuth 2.0 token lacks a scope that the type needs. The text names the scope and
    /// how to obtain it.
    #[error("{0}")]
    Scope(String),
}

/// Joins the kinds of credentials: `this, or that`.
pub(crate) fn in_words(kinds: &[CredentialKind]) -> String {
    let kinds: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
    kinds.join(", or ")
}

/// Returns the command that obtains credentials of the best of these kinds.
pub(crate) fn login(kinds: &[CredentialKind]) -> &'static str {
    match kinds.first() {
        Some(CredentialKind::User2) => "; run `birdhook auth user2`",
        Some(CredentialKind::User) => "; run `birdhook auth user`",
        Some(CredentialKind::Owner) => "; run `birdhook auth user --owner`",
        _ => "; run `birdhook auth app`",
    }
}

fn suggestion(meant: &[&str]) -> String {
    match meant {
        [] => String::new(),
        [one] => format!(": did you mean {one:?}?"),
        several => format!(": X's types of this family are {}", several.join(", ")),
    }
}

impl NewSubscription {
    /// Checks the requirements of X's API, without a call.
    ///
    /// # Errors
    /// Returns the first fault found.
    pub fn check(&self, now: Timestamp) -> Result<(), SubscriptionFault> {
        let Self { event_type, filter, tag, expires_at, .. } = self;
        let has = |text: &str, most: usize| (1..=most).contains(&text.chars().count());
        let name = event_type.clone();
        if !is_known(event_type) {
            return Err(SubscriptionFault::EventType { meant: meant(&name), name });
        }
        if let Some(id) = filter.user_id.as_ref().filter(|id| !has(id, 19) || !id.bytes().all(|b| b.is_ascii_digit())) {
            return Err(SubscriptionFault::User(id.clone()));
        }
        if let Some(word) = filter.keyword.as_ref().filter(|word| !has(word, 150)) {
            return Err(SubscriptionFault::Keyword(word.clone()));
        }
        if filter.user_id.is_none() && filter.keyword.is_none() && event_type != "oauth.revoke" {
            return Err(SubscriptionFault::NoSubject(name));
        }
        let takes_no_direction = event_type.starts_with("mute.") || event_type.starts_with("block.");
        if filter.direction.is_some() && takes_no_direction {
            return Err(SubscriptionFault::Direction(name));
        }
        self.has_known_members()?;
        if let Some(tag) = tag.as_ref().filter(|tag| !has(tag, 200)) {
            return Err(SubscriptionFault::Tag(tag.clone()));
        }
        expires_at.filter(|at| *at <= now).map_or(Ok(()), |at| Err(SubscriptionFault::Expired(at)))
    }

    pub(super) fn has_known_members(&self) -> Result<(), SubscriptionFault> {
        let unknown = &self.filter.unknown;
        if unknown.is_empty() {
            return Ok(());
        }
        let all: Vec<String> = unknown.iter().map(|(name, json)| format!("{name}: {json}")).collect();
        Err(SubscriptionFault::UnknownMember(all.join(", ")))
    }

    /// Returns whether X's subscription now delivers all of this one's events to the same webhook.
    pub(crate) fn is_met_by(&self, one: &ActivitySubscription, now: Timestamp) -> bool {
        self.has_filter_of(one) && one.webhook_id == self.webhook_id && one.is_live(now)
    }

    fn has_filter_of(&self, one: &ActivitySubscription) -> bool {
        canonical(&one.event_type) == canonical(&self.event_type) && one.filter == self.filter
    }

    /// Describes how another subscription differs.
    pub(crate) fn difference(&self, other: &ActivitySubscription) -> String {
        let ActivitySubscription { id, event_type, filter, webhook_id, .. } = other;
        let mut text = format!("{id} is for {event_type}{filter}");
        if *webhook_id != self.webhook_id {
            let webhook = webhook_id.as_ref().map_or("no webhook".to_owned(), |id| format!("the webhook {id}"));
            text += &format!(", on {webhook}");
        }
        text
    }

    /// Returns the `birdhook` commands that replace another subscription with this one.
    ///
    /// The other one's expiry is kept unless this one has its own.
    pub fn replace_command(&self, other: &ActivitySubscription) -> String {
        if let Some(webhook) = self.webhook_id.as_ref().filter(|_| self.has_filter_of(other)) {
            return format!("birdhook activity update {} --webhook {webhook}", quoted(&other.id));
        }
        let mut command = format!("birdhook activity remove {} --yes && birdhook activity add", quoted(&other.id));
        command += &format!(" {}", quoted(&self.event_type));
        let filter = &self.filter;
        let mut add = |name: &str, value: Option<&str>| {
            if let Some(value) = value {
                command += &format!(" --{name} {}", quoted(value));
            }
        };
        add("user", filter.user_id.as_deref());
        add("keyword", filter.keyword.as_deref());
        add("direction", filter.direction.map(FilterDirection::as_str));
        for (name, value) in &filter.qualifiers {
            add("qualifier", Some(&format!("{name}={value}")));
        }
        add("webhook", self.webhook_id.as_deref());
        add("tag", self.tag.as_deref().or(other.tag.as_deref()));
        add("expires-at", self.expires_at.or(other.expires_at).map(|at| at.to_string()).as_deref());
        command
    }
}

/// Quotes a word for a shell.
fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.,:=/+".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

impl ActivitySubscription {
    /// Returns whether the subscription has not expired at this time.
    pub(crate) fn is_live(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| end > now)
    }
}

impl ActivityApi<'_> {
    /// Subscribes to an event type, and confirms an open outcome by X's list.
    ///
    /// The outcome is open after a success without the subscription, after "already exists", and
    /// without a response. "Already exists" counts as done only if the list contains an equal
    /// subscription. Reading the list needs the bearer token or a token of the filter's user.
    pub async fn subscribe(&self, new: &NewSubscription) -> Subscribed {
        let (refusal, made) = match self.ask(new).await {
            Ok(Some(made)) if new.is_met_by(&made, self.0.now()) => return Subscribed::Added(made),
            Ok(made) => (None, made),
            Err(error) if *error.cause() == ErrorCause::Unreadable => (None, None),
            Err(error) if may_be_there(&error) => (Some(error), None),
            Err(error) => return Subscribed::Refused(error),
        };
        let unconfirmed = |answer, reading, made| Subscribed::Unconfirmed(Unconfirmed { answer, reading, made });
        let listed = match self.list_for(new).await {
            Ok(listed) => listed,
            Err(reading) => return unconfirmed(refusal, Some(reading), made),
        };
        let now = self.0.now();
        let equal = listed.iter().find(|one| new.is_met_by(one, now)).cloned();
        let exists = refusal.as_ref().is_some_and(|error| *error.cause() == ErrorCause::AlreadySubscribed);
        match (equal, refusal) {
            (Some(one), _) if exists => Subscribed::AlreadyThere(one),
            (Some(one), _) => Subscribed::Added(one),
            (None, Some(error)) if exists => match others(new, listed) {
                others if others.is_empty() => unconfirmed(Some(error), None, None),
                others => Subscribed::InTheWay { error, others },
            },
            (None, Some(error)) => Subscribed::Refused(error),
            (None, None) => unconfirmed(None, None, made),
        }
    }

    /// Creates an equal subscription, which sets its expiry, and confirms the expiry by X's list.
    ///
    /// # Errors
    /// Returns an error if X refuses, or lists the subscription with a different expiry.
    pub async fn renew(&self, new: &NewSubscription) -> Result<ActivitySubscription, Error> {
        let has_end = |one: &ActivitySubscription| match (one.expires_at, new.expires_at) {
            (Some(is), Some(end)) => is_same_second(is, end),
            (is, end) => is == end,
        };
        let is_renewed = |one: &ActivitySubscription| new.is_met_by(one, self.0.now()) && has_end(one);
        let refusal = match self.ask(new).await {
            Ok(Some(made)) if is_renewed(&made) => return Ok(made),
            Ok(_) => None,
            Err(error) if may_be_there(&error) => Some(error),
            Err(error) => return Err(error),
        };
        let found = self.list_for(new).await?.into_iter().find(is_renewed);
        found.ok_or_else(|| {
            let why = "X accepted it, and does not list the subscription with this end".to_owned();
            refusal.unwrap_or_else(|| Error::unreadable(&Self::creation(new), None, why))
        })
    }

    /// Returns the listed subscriptions that would include this one.
    pub(super) async fn list_for(&self, new: &NewSubscription) -> Result<Vec<ActivitySubscription>, Error> {
        match &new.filter.user_id {
            Some(user) => self.list_of(user).await,
            None => self.list().await,
        }
    }
}

/// Compares in whole seconds, because X may drop fractions.
pub(crate) fn is_same_second(one: Timestamp, other: Timestamp) -> bool {
    one.as_millis().div_euclid(1000) == other.as_millis().div_euclid(1000)
}

/// Returns whether the subscription may exist although the call failed.
fn may_be_there(error: &Error) -> bool {
    matches!(
        error.cause(),
        ErrorCause::AlreadySubscribed | ErrorCause::LimitReached | ErrorCause::NoAnswer(_) | ErrorCause::Down
    )
}

/// Type, user and keyword.
pub(crate) type Subject = (String, Option<String>, Option<String>);

/// Returns what a subscription is about. X may treat subscriptions with the same subject as duplicates.
pub(crate) fn subject(event_type: &str, filter: &Filter) -> Subject {
    (canonical(event_type).to_owned(), filter.user_id.clone(), filter.keyword.clone())
}

/// Returns the subscriptions that X may treat as duplicates of a new one.
fn others(new: &NewSubscription, listed: Vec<ActivitySubscription>) -> Vec<ActivitySubscription> {
    let wanted = subject(&new.event_type, &new.filter);
    let others = listed.into_iter().filter(|one| subject(&one.event_type, &one.filter) == wanted);
    let (elsewhere, narrower): (Vec<_>, Vec<_>) = others.partition(|one| new.has_filter_of(one));
    if elsewhere.is_empty() { narrower } else { elsewhere }
}

impl std::fmt::Display for Unconfirmed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.answer, &self.made) {
            (Some(error), _) => write!(f, "X answers: {error}; ")?,
            (None, Some(made)) => {
                let ActivitySubscription { id, event_type, filter, .. } = made;
                write!(f, "X accepted the call, and answers with {id} for {event_type}{filter}; ")?;
            }
            (None, None) => f.write_str("X accepted the call without naming the subscription; ")?,
        }
        match &self.reading {
            Some(error) => write!(f, "its list of subscriptions cannot be read: {error}"),
            None => f.write_str("its list of subscriptions holds no equal one"),
        }
    }
}
