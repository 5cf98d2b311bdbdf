use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use birdhook_core::{ApiSource, Event, EventKind};
use serde::{Serialize, Serializer};
use tokio::time::Instant;

/// The longest time that X may take to deliver the first event after a subscription.
const DELAY: Duration = Duration::from_secs(10);

/// A check that waits for a like of a subscribed user's post, the last step of X's guide.
///
/// If the like arrives, registration, subscription, signature and receiver all work. It is
/// `favorite_events` in the Account Activity API and `like.create` in the X Activity API. X's
/// guide: <https://docs.x.com/x-api/account-activity/introduction>.
///
/// ```no_run
/// use std::time::Duration;
/// # mod birdhook { pub mod client { pub use birdhook_client::Validation; } }
/// use birdhook::client::Validation;
/// # use birdhook_core::Event;
///
/// # async fn example(mut next: impl AsyncFnMut() -> Option<Event>) {
/// // Another account now likes a post of user 2001.
/// let validation = Validation::new(["2001"]).subscribed_ago(Duration::from_secs(4));
/// match validation.wait(next, Duration::from_secs(60)).await {
///     Ok(validated) => println!("{validated}"),
///     Err(not) => println!("{not}"),
/// }
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Validation {
    users: BTreeSet<String>,
    /// The remaining time until X must have delivered its first event.
    delay: Duration,
}

impl Validation {
    /// Creates a validation that waits for a like of one of these users, subscribed just now.
    /// Without users, a like of any user counts.
    pub fn new(users: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { users: users.into_iter().map(Into::into).collect(), delay: DELAY }
    }

    /// Sets how long ago the last user was subscribed. X may take 10 s to deliver the first event.
    /// The limit of [`wait`](Self::wait) begins after that.
    pub fn subscribed_ago(self, ago: Duration) -> Self {
        Self { delay: DELAY.saturating_sub(ago), ..self }
    }

    /// Reads events from `next` until the like arrives.
    ///
    /// `next` returns `None` when no more events will come. Its future is dropped if the limit
    /// expires.
    ///
    /// # Errors
    /// Returns the events that did arrive if the limit expires or the events end.
    pub async fn wait(
        self,
        mut next: impl AsyncFnMut() -> Option<Event>,
        limit: Duration,
    ) -> Result<Validated, NotValidated> {
        let started = Instant::now();
        let (timeout, mut arrived) = (self.delay.saturating_add(limit), Vec::new());
        let waited = tokio::time::timeout(timeout, async {
            while let Some(event) = next().await {
                count(&mut arrived, &event);
                if self.is_awaited(&event) {
                    return Some(event);
                }
            }
            None
        });
        let waited = waited.await;
        let after = started.elapsed();
        match waited {
            Ok(Some(event)) => {
                Ok(Validated { user: event.subscriber().map(str::to_owned), like: Arrived::of(&event), after, arrived })
            }
            other => {
                let (is_closed, is_early) = (other.is_ok(), after < self.delay);
                Err(NotValidated { users: self.users, after, is_closed, is_early, arrived })
            }
        }
    }

    fn is_awaited(&self, event: &Event) -> bool {
        let is_theirs = event.subscriber().is_some_and(|user| self.users.contains(user));
        event.kind() == EventKind::Liked && (is_theirs || self.users.is_empty())
    }
}

/// The events of one kind that arrived for one user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Arrived {
    /// X's name, for example `favorite_events` or `like.create`.
    pub name: String,
    /// The kind of event.
    #[serde(serialize_with = "display")]
    pub kind: EventKind,
    /// The source API.
    #[serde(serialize_with = "as_str")]
    pub generation: ApiSource,
    /// The subscriber's id, if X reports it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The number of events.
    pub count: u64,
}

impl Arrived {
    fn of(event: &Event) -> Self {
        Self {
            name: event.name().to_owned(),
            kind: event.kind(),
            generation: event.api_source(),
            user: event.subscriber().map(str::to_owned),
            count: 1,
        }
    }
}

fn count(arrived: &mut Vec<Arrived>, event: &Event) {
    let new = Arrived::of(event);
    match arrived.iter_mut().find(|one| one.name == new.name && one.kind == new.kind && one.user == new.user) {
        Some(one) => one.count += 1,
        None => arrived.push(new),
    }
}

/// Report of a like that arrived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Validated {
    /// The subscriber's id.
    pub user: Option<String>,
    /// The like.
    pub like: Arrived,
    /// The time until the like arrived.
    #[serde(rename = "after_seconds", serialize_with = "seconds")]
    pub after: Duration,
    /// All events that arrived, including the like, in the order of first arrival.
    pub arrived: Vec<Arrived>,
}

/// Report that no such like arrived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[non_exhaustive]
pub struct NotValidated {
    /// The users whose likes were expected. Empty for any user.
    pub users: BTreeSet<String>,
    /// The time waited.
    #[serde(rename = "after_seconds", serialize_with = "seconds")]
    pub after: Duration,
    /// Whether the receiver stopped before the limit expired.
    pub is_closed: bool,
    /// Whether it is so soon after subscribing that X may not have delivered yet.
    pub is_early: bool,
    /// The events that did arrive, in the order of first arrival.
    pub arrived: Vec<Arrived>,
}

impl NotValidated {
    /// Returns possible reasons, most likely first.
    pub fn hints(&self) -> Vec<String> {
        let mut all = Vec::new();
        if self.is_closed {
            all.push("the receiver stopped before the time limit");
        }
        if self.is_early {
            all.push("the user was subscribed less than 10 s ago, and X may take that long to deliver the first event");
        }
        let likes = self.arrived.iter().filter(|one| one.kind == EventKind::Liked);
        let likes: Vec<&str> = likes.filter_map(|one| one.user.as_deref()).collect();
        let of_others = format!("the likes were for {}, not for an expected user", likes.join(", "));
        if !likes.is_empty() {
            all.push(&of_others);
        } else if self.arrived.iter().any(|one| one.generation != ApiSource::Replay) {
            all.push("deliveries arrive, but no like: like a post of a subscribed user with another account, and unlike it first if it was liked before");
            all.push("the X Activity API delivers likes only to subscriptions to like.create");
        } else if !self.is_early {
            all.push("no post of a subscribed user was liked");
            all.push("the user is not subscribed to this webhook: list its subscriptions");
            all.push("the webhook is invalid: list the app's webhooks, and run `birdhook doctor` on its URL");
        }
        all.into_iter().map(str::to_owned).collect()
    }
}

impl fmt::Display for Arrived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.name.is_empty() { self.kind.as_str() } else { &self.name };
        write!(f, "{} {name} ({})", self.count, self.generation.as_str())?;
        self.user.as_ref().map_or(Ok(()), |user| write!(f, " for {user}"))
    }
}

impl fmt::Display for Validated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let user = self.user.as_deref().unwrap_or("an unknown user");
        let Arrived { name, generation, .. } = &self.like;
        let seconds = self.after.as_secs_f32();
        write!(f, "{name} of {user} arrived after {seconds:.1} s ({})", generation.as_str())
    }
}

impl fmt::Display for NotValidated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let users: Vec<&str> = self.users.iter().map(String::as_str).collect();
        let of = if users.is_empty() { "a subscribed user".to_owned() } else { users.join(" or ") };
        write!(f, "no favorite_events or like.create of {of} arrived in {:.1} s", self.after.as_secs_f32())?;
        if !self.arrived.is_empty() {
            let arrived: Vec<String> = self.arrived.iter().map(ToString::to_string).collect();
            write!(f, ", but {}", arrived.join(", "))?;
        }
        write!(f, "; possible causes: {}", self.hints().join("; or "))
    }
}

fn as_str<S: Serializer>(generation: &ApiSource, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(generation.as_str())
}

fn display<S: Serializer>(kind: &EventKind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(kind.as_str())
}

fn seconds<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(time.as_secs_f64())
}
