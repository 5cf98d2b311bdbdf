//! The states that a person must learn of.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use birdhook::event::Timestamp;
use bytesize::ByteSize;
use serde::{Deserialize, Serialize};

use crate::output::plural;

/// A kind of alarm. Its name is part of the messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum AlarmKind {
    WebhookInvalid,
    NoChallenge,
    DeadLetters,
    LowDisk,
    SubscriptionExpiring,
    OtherSecret,
}

impl AlarmKind {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::WebhookInvalid => "webhook_invalid",
            Self::NoChallenge => "no_challenge",
            Self::DeadLetters => "dead_letters",
            Self::LowDisk => "low_disk",
            Self::SubscriptionExpiring => "subscription_expiring",
            Self::OtherSecret => "other_secret",
        }
    }
}

/// An alarm, and the subscription that it is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
pub(super) struct AlarmId {
    pub(super) alarm: AlarmKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) subject: Option<String>,
}

impl fmt::Display for AlarmId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.alarm.as_str())?;
        self.subject.as_ref().map_or(Ok(()), |subject| write!(f, " of {subject}"))
    }
}

/// The text for a person: the fault, and how to mend it. Never contains a text of an event.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(super) struct Words {
    pub(super) summary: String,
    pub(super) fix: String,
}

/// The state of a receiver. `None` if it is unknown.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    pub(super) now: Timestamp,
    /// The first start with this inbox.
    pub(super) since: Timestamp,
    pub(super) challenged_at: Option<Timestamp>,
    pub(super) other_secret_at: Option<Timestamp>,
    pub(super) dead_letters: usize,
    /// The reason for which the inbox refuses deliveries.
    pub(super) refusal: Option<String>,
    pub(super) free_disk: Option<u64>,
    /// The fault of the webhook at X, if it has one.
    pub(super) webhook: Option<Option<String>>,
    /// The expiring subscriptions that X reports, by their ids.
    pub(super) expiring: Option<BTreeMap<String, String>>,
}

/// The limits that a receiver may set.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) no_challenge: Duration,
    pub(super) free_disk: u64,
}

/// Time without a delivery signed with another kind of secret after which the alarm ends.
const OTHER_SECRET: Duration = Duration::from_secs(24 * 3600);

/// Returns the alarms of a state.
pub(super) fn alarms(facts: &Facts, limits: Limits) -> BTreeMap<AlarmId, Words> {
    let mut alarms = BTreeMap::new();
    let mut add = |alarm, subject, summary: String, fix: &str| {
        alarms.insert(AlarmId { alarm, subject }, Words { summary, fix: fix.to_owned() });
    };
    let age = |time: Timestamp| {
        Duration::from_millis(u64::try_from(facts.now.as_millis().saturating_sub(time.as_millis())).unwrap_or_default())
    };
    if let Some(Some(trouble)) = &facts.webhook {
        let fix = "run `birdhook doctor` on the webhook's URL, then `birdhook webhooks validate ID`";
        add(AlarmKind::WebhookInvalid, None, trouble.clone(), fix);
    }
    let quiet = age(facts.challenged_at.unwrap_or(facts.since));
    if quiet > limits.no_challenge {
        let summary = match facts.challenged_at {
            Some(last) => format!("no challenge has arrived since {last}"),
            None => format!("no challenge has arrived since the first start at {}", facts.since),
        };
        let fix = "run `birdhook webhooks list`; X ends a webhook after 28 hours without a challenge";
        add(AlarmKind::NoChallenge, None, summary, fix);
    }
    if facts.dead_letters > 0 {
        let are = if facts.dead_letters == 1 { "is" } else { "are" };
        let summary = format!("{} {are} in the inbox", plural(facts.dead_letters, "dead letter"));
        let fix = "run `birdhook inbox dead-letters DIR`, then `birdhook inbox requeue DIR`";
        add(AlarmKind::DeadLetters, None, summary, fix);
    }
    let free = facts.free_disk.filter(|free| *free < limits.free_disk);
    if let Some(refusal) = &facts.refusal {
        add(AlarmKind::LowDisk, None, format!("the inbox refuses deliveries: {refusal}"), "free space on its disk");
    } else if let Some(free) = free {
        let summary = format!("{} are free on the disk of the inbox", ByteSize(free));
        add(AlarmKind::LowDisk, None, summary, "free space on it");
    }
    for (subscription, text) in facts.expiring.iter().flatten() {
        let fix = "run `birdhook activity renew ID --expires-at TIME`";
        add(AlarmKind::SubscriptionExpiring, Some(subscription.clone()), text.clone(), fix);
    }
    if let Some(last) = facts.other_secret_at.filter(|last| age(*last) < OTHER_SECRET) {
        let summary =
            format!("a delivery was signed with another kind of secret than answers challenges, last at {last}");
        let fix = "run `birdhook webhooks validate ID`; if X refuses, restart with the other --answer-with";
        add(AlarmKind::OtherSecret, None, summary, fix);
    }
    alarms
}

impl Facts {
    /// Returns whether the state decides alarms of this kind.
    pub(super) fn decides(&self, kind: AlarmKind) -> bool {
        match kind {
            AlarmKind::WebhookInvalid => self.webhook.is_some(),
            AlarmKind::SubscriptionExpiring => self.expiring.is_some(),
            _ => true,
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    pub(in super::super) fn hour(hours: i64) -> Timestamp {
        Timestamp::from_millis(1_795_426_200_000 + hours * HOUR)
    }

    /// Returns the state of a receiver without an alarm.
    pub(in super::super) fn healthy() -> Facts {
        Facts {
            now: hour(0),
            since: hour(-100),
            challenged_at: Some(hour(-25)),
            other_secret_at: None,
            dead_letters: 0,
            refusal: None,
            free_disk: Some(1000),
            webhook: Some(None),
            expiring: Some(BTreeMap::new()),
        }
    }

    pub(in super::super) const LIMITS: Limits =
        Limits { no_challenge: Duration::from_secs(25 * 3600), free_disk: 1000 };

    /// The integration tests compare the runbook with this table.
    #[test]
    fn the_guide_has_a_row_for_each_kind() {
        use AlarmKind::{DeadLetters, LowDisk, NoChallenge, OtherSecret, SubscriptionExpiring, WebhookInvalid};
        let guide = include_str!("../../../../../../docs/guide/gateway.md");
        let (_, table) = guide.split_once("| `alarm` | raised | ended |").unwrap();
        let rows = table.lines().skip(2).map_while(|line| line.strip_prefix("| `")?.split('`').next());
        let kinds = [WebhookInvalid, NoChallenge, DeadLetters, LowDisk, SubscriptionExpiring, OtherSecret];
        assert_eq!(rows.collect::<Vec<_>>(), kinds.map(AlarmKind::as_str));
    }

    #[test]
    fn each_state_has_its_alarm() {
        let check = |change: &dyn Fn(&mut Facts), expected: &[&str]| {
            let mut facts = healthy();
            change(&mut facts);
            let found: Vec<_> = alarms(&facts, LIMITS).keys().map(ToString::to_string).collect();
            assert_eq!(found, expected, "{facts:?}");
        };
        check(&|_| (), &[]);
        check(&|facts| facts.challenged_at = Some(hour(-26)), &["no_challenge"]);
        check(&|facts| facts.challenged_at = None, &["no_challenge"]);
        check(&|facts| (facts.challenged_at, facts.since) = (None, hour(-25)), &[]);
        check(&|facts| facts.challenged_at = Some(hour(5)), &[]);
        check(&|facts| facts.dead_letters = 1, &["dead_letters"]);
        check(&|facts| facts.free_disk = Some(999), &["low_disk"]);
        check(&|facts| facts.free_disk = None, &[]);
        check(&|facts| facts.refusal = Some("full".to_owned()), &["low_disk"]);
        check(&|facts| facts.webhook = Some(Some("invalid".to_owned())), &["webhook_invalid"]);
        check(&|facts| (facts.webhook, facts.expiring) = (None, None), &[]);
        check(&|facts| facts.other_secret_at = Some(hour(-23)), &["other_secret"]);
        check(&|facts| facts.other_secret_at = Some(hour(-24)), &[]);
        let two = BTreeMap::from([("1".to_owned(), "a".to_owned()), ("2".to_owned(), "b".to_owned())]);
        check(
            &|facts| facts.expiring = Some(two.clone()),
            &["subscription_expiring of 1", "subscription_expiring of 2"],
        );
    }

    #[test]
    fn only_a_known_state_decides() {
        let unknown = Facts { webhook: None, expiring: None, ..healthy() };
        assert!(!unknown.decides(AlarmKind::WebhookInvalid) && !unknown.decides(AlarmKind::SubscriptionExpiring));
        assert!(unknown.decides(AlarmKind::DeadLetters) && healthy().decides(AlarmKind::WebhookInvalid));
    }
}
