//! X's published prices, and an estimate of what X bills today.

use std::collections::BTreeMap;

use serde::Serialize;

/// Month of X's price table.
pub const DATE: &str = "2026-08";

/// US dollars per event of the X Activity API, counted once per event within a UTC day.
///
/// `mute.*` stands for all types that begin with `mute.`. A type that is not in the table has no
/// published price.
pub const PRICES: &[(&str, f64)] = &[
    ("block.*", 0.001),
    ("chat.conversation_join", 0.0),
    ("chat.received", 0.01),
    ("chat.sent", 0.0),
    ("dm.indicate_typing", 0.0),
    ("dm.read", 0.0),
    ("dm.received", 0.01),
    ("dm.sent", 0.0),
    ("follow.follow", 0.01),
    ("follow.unfollow", 0.01),
    ("mute.*", 0.001),
    ("news.new", 0.005),
    ("post.create", 0.005),
    ("post.delete", 0.0),
    ("profile.update.*", 0.005),
    ("spaces.*", 0.005),
];

/// Maximum number of event types that are counted. X has about 50.
const MAX_TYPES: usize = 128;

const DAY: i64 = 86_400_000;

/// Prices that differ from the table.
#[derive(Clone, Debug, Default)]
pub(crate) struct Prices(BTreeMap<String, f64>);

impl Prices {
    pub(crate) fn set(&mut self, event_type: String, dollars: f64) {
        self.0.insert(event_type, dollars);
    }

    /// Records that X bills an event of this type.
    #[cfg(feature = "metrics")]
    pub(crate) fn billed(&self, event_type: &str) {
        // Prices are multiples of a micro-dollar, and a counter holds whole numbers.
        let micros = self.of(event_type).map_or(0, |dollars| (dollars * 1e6).round() as u64);
        metrics::counter!("birdhook_billed_micro_dollars_total").increment(micros);
    }

    #[cfg(not(feature = "metrics"))]
    #[allow(clippy::unused_self, reason = "the feature `metrics` uses it")]
    pub(crate) fn billed(&self, _: &str) {}

    /// Returns the price of an event type: its own, else that of its family.
    fn of(&self, event_type: &str) -> Option<f64> {
        let own = self.0.get(event_type).copied();
        let listed = |wanted: &str| PRICES.iter().find(|(name, _)| *name == wanted).map(|(_, price)| *price);
        let is_family = |name: &str| name.strip_suffix('*').is_some_and(|start| event_type.starts_with(start));
        let family = || PRICES.iter().find(|(name, _)| is_family(name)).map(|(_, price)| *price);
        own.or_else(|| listed(event_type)).or_else(family)
    }
}

/// The accepted events of the X Activity API in the current UTC day, by type.
#[derive(Debug, Default)]
pub(crate) struct EventsToday {
    day: i64,
    counts: BTreeMap<Box<str>, u64>,
}

impl EventsToday {
    pub(crate) fn add(&mut self, millis: i64, event_type: &str) {
        self.turn(millis);
        if let Some(count) = self.counts.get_mut(event_type) {
            *count += 1;
        } else if self.counts.len() < MAX_TYPES {
            self.counts.insert(event_type.into(), 1);
        }
    }

    fn turn(&mut self, millis: i64) {
        let day = millis.div_euclid(DAY);
        if self.day != day {
            *self = Self { day, counts: BTreeMap::new() };
        }
    }

    pub(crate) fn bill(&mut self, millis: i64, prices: &Prices) -> Bill {
        self.turn(millis);
        let counts = self.counts.iter().map(|(event_type, count)| (&**event_type, *count));
        let line = |(event_type, count): (&str, u64)| {
            let price = prices.of(event_type);
            BillLine {
                event_type: event_type.to_owned(),
                events: count,
                price,
                total: price.map(|it| it * count as f64),
            }
        };
        let lines: Vec<_> = counts.map(line).collect();
        let total = lines.iter().filter_map(|line| line.total).sum();
        Bill { is_estimate: true, prices_of: DATE, lines, total }
    }
}

/// An estimate of what X bills for the current UTC day, in US dollars.
#[derive(Debug, Serialize)]
pub(crate) struct Bill {
    is_estimate: bool,
    pub(crate) prices_of: &'static str,
    pub(crate) lines: Vec<BillLine>,
    pub(crate) total: f64,
}

#[derive(Debug, Serialize)]
pub(crate) struct BillLine {
    #[serde(rename = "type")]
    pub(crate) event_type: String,
    pub(crate) events: u64,
    /// `None` for a type without a published price.
    pub(crate) price: Option<f64>,
    pub(crate) total: Option<f64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_has_its_own_price_or_that_of_its_family_and_a_setting_wins() {
        let mut prices = Prices::default();
        assert_eq!(prices.of("post.create"), Some(0.005));
        assert_eq!(prices.of("mute.unmute"), Some(0.001));
        assert_eq!((prices.of("like.create"), prices.of("")), (None, None));
        prices.set("post.create".to_owned(), 0.002);
        assert_eq!(prices.of("post.create"), Some(0.002));
    }

    #[cfg(feature = "metrics")]
    #[test]
    fn the_metric_counts_micro_dollars() {
        use metrics_util::debugging::{DebugValue, DebuggingRecorder};

        let recorder = DebuggingRecorder::new();
        metrics::with_local_recorder(&recorder, || {
            let prices = Prices::default();
            for event_type in ["dm.received", "post.create", "like.create"] {
                prices.billed(event_type);
            }
        });
        let [(key, .., value)] = recorder.snapshotter().snapshot().into_vec().try_into().unwrap();
        assert_eq!(key.key().name(), "birdhook_billed_micro_dollars_total");
        assert_eq!(value, DebugValue::Counter(15_000));
    }

    #[test]
    fn the_bill_starts_again_with_the_utc_day() {
        let mut today = EventsToday::default();
        let (last, next) = (20_000 * DAY - 1, 20_000 * DAY);
        (0..3).for_each(|_| today.add(last, "dm.received"));
        today.add(last, "like.create");
        let bill = today.bill(last, &Prices::default());
        assert!((bill.total - 0.03).abs() < 1e-9, "{bill:?}");
        assert_eq!(bill.lines.iter().map(|line| line.events).collect::<Vec<_>>(), [3, 1]);
        assert!(today.bill(next, &Prices::default()).lines.is_empty());
    }

    #[test]
    fn the_number_of_counted_types_is_limited() {
        let mut today = EventsToday::default();
        (0..1000).for_each(|number| today.add(0, &format!("type.{number}")));
        assert_eq!(today.bill(0, &Prices::default()).lines.len(), MAX_TYPES);
    }
}
