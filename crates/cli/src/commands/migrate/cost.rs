//! Subscriptions that a migration needs, and X's price for each delivered event.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use birdhook::client::{MigrationPlan, PlanStep};
use serde::{Deserialize, Deserializer, Serialize, de};

use crate::error::{Code, Failure};
use crate::output::{self, BAD, plural, shown, styled};
use crate::version;

/// The latest version of the table that this version of birdhook reads.
const VERSION: u32 = 1;

/// The built-in table. A file of `--prices` has the same form.
const BUILT_IN: &str = include_str!("prices.toml");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Prices {
    /// Checked before the file is parsed.
    #[serde(rename = "version")]
    _version: Option<u32>,
    date: String,
    source: String,
    /// US dollars per event, by type. `mute.*` stands for all types that begin with `mute.`.
    prices: BTreeMap<String, Dollars>,
    /// Subscriptions, by plan.
    limits: BTreeMap<String, usize>,
}

/// A price in US dollars: 0 or more.
#[derive(Clone, Copy, Debug, Serialize)]
struct Dollars(f64);

impl<'de> Deserialize<'de> for Dollars {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let dollars = f64::deserialize(deserializer)?;
        match dollars.is_finite() && dollars >= 0.0 {
            true => Ok(Self(dollars)),
            false => Err(de::Error::custom(format!("invalid price {dollars}: expected US dollars, 0 or more"))),
        }
    }
}

impl Prices {
    /// Reads the table in this file, or the built-in one.
    pub(super) fn read(file: Option<&Path>) -> Result<Self> {
        let Some(file) = file else { return toml::from_str(BUILT_IN).context("cannot read the built-in prices") };
        let shown = file.display();
        let text = fs::read_to_string(file).with_context(|| format!("cannot read {shown}"))?;
        version::check(file, &text, VERSION)?;
        toml::from_str(&text).with_context(|| {
            let fix = "correct it; `birdhook migrate --help` shows the members of the file";
            Failure::new(Code::InvalidFile, format!("invalid prices in {shown}"), fix)
        })
    }

    /// Returns the price of an event type: its own, else that of its longest family. `None` if the
    /// table has neither.
    fn of(&self, event_type: &str) -> Option<Dollars> {
        let is_family = |pattern: &str| pattern.strip_suffix('*').is_some_and(|start| event_type.starts_with(start));
        let families = self.prices.iter().filter(|(pattern, _)| is_family(pattern));
        let family = families.max_by_key(|(pattern, _)| pattern.len()).map(|(_, dollars)| *dollars);
        self.prices.get(event_type).copied().or(family)
    }
}

#[derive(Debug, Serialize)]
pub(super) struct Cost<'a> {
    types: usize,
    users: usize,
    /// Types times users.
    needed: usize,
    /// Subscriptions of the app, for all its webhooks, once every user is subscribed to every type.
    afterwards: usize,
    limits: Vec<Limit<'a>>,
    date: &'a str,
    source: &'a str,
    /// US dollars per delivered event. `None` for a type that is not in the table.
    prices: BTreeMap<&'a str, Option<Dollars>>,
    #[serde(skip)]
    existing: usize,
    /// The number of subscriptions to create.
    #[serde(skip)]
    new: usize,
    /// The number of subscriptions that cannot be created yet, because a token is missing.
    #[serde(skip)]
    stuck: usize,
}

#[derive(Debug, Serialize)]
struct Limit<'a> {
    plan: &'a str,
    subscriptions: usize,
    /// The number of users that fit, with this number of types each.
    users: usize,
    is_enough: bool,
}

impl<'a> Cost<'a> {
    pub(super) fn new(plan: &MigrationPlan, types: &BTreeSet<&'a str>, prices: &'a Prices) -> Self {
        let users = plan.users;
        let is_new = |step: &&PlanStep| matches!(step, PlanStep::SubscribeTo(_));
        let new = plan.subscribe.steps().iter().filter(is_new).count();
        let stuck: usize = plan.stuck.values().map(Vec::len).sum();
        let afterwards = plan.existing + new + stuck;
        let mut limits: Vec<_> = prices.limits.iter().collect();
        limits.sort_by_key(|(_, subscriptions)| **subscriptions);
        let limit = |(plan, subscriptions): (&'a String, &usize)| Limit {
            plan,
            subscriptions: *subscriptions,
            users: subscriptions.checked_div(types.len()).unwrap_or(0),
            is_enough: afterwards <= *subscriptions,
        };
        Self {
            types: types.len(),
            users,
            needed: types.len() * users,
            afterwards,
            limits: limits.into_iter().map(limit).collect(),
            date: &prices.date,
            source: &prices.source,
            prices: types.iter().map(|name| (*name, prices.of(name))).collect(),
            existing: plan.existing,
            new,
            stuck,
        }
    }

    /// Returns whether the migration creates subscriptions.
    pub(super) fn is_changed(&self) -> bool {
        self.new > 0
    }

    pub(super) fn print(&self) -> Result<()> {
        let Self { types, users, needed, afterwards, existing, new, stuck, .. } = self;
        let stuck = if *stuck > 0 { format!(" + {stuck} without a token") } else { String::new() };
        output::line(format!(
            "subscriptions: {} x {} = {needed}; the app has {existing} now + {new} new{stuck} = {afterwards} afterwards",
            plural(*types, "type"),
            plural(*users, "user")
        ))?;
        for Limit { plan, subscriptions, users, is_enough } in &self.limits {
            let (plan, users) = (shown(plan), plural(*users, "user"));
            let fits = format!("  limit of {plan}: {subscriptions} / {} = {users}", plural(*types, "type"));
            output::line(match is_enough {
                true => fits,
                false => styled(BAD, format!("{fits}: {} too few", afterwards.saturating_sub(*subscriptions))),
            })?;
        }
        output::line(format!(
            "price of each event that the X Activity API delivers, from the first subscription on, in US dollars of {} ({}):",
            shown(self.date),
            shown(self.source)
        ))?;
        let mut names = BTreeMap::<String, Vec<&str>>::new();
        for (name, price) in &self.prices {
            let price = match price {
                None => "not in the table".to_owned(),
                Some(Dollars(0.0)) => "not billed".to_owned(),
                Some(Dollars(dollars)) => dollars.to_string(),
            };
            names.entry(price).or_default().push(name);
        }
        names.iter().try_for_each(|(price, names)| output::line(format!("  {price}: {}", names.join(", "))))?;
        self.sum().map_or(Ok(()), output::line)
    }

    /// Returns the price of one event of each billed type for each user. `None` if nothing is billed.
    fn sum(&self) -> Option<String> {
        let mut counts: Vec<(f64, usize)> = Vec::new();
        for Dollars(price) in self.prices.values().flatten().filter(|Dollars(price)| *price > 0.0) {
            match counts.iter_mut().find(|(known, _)| known.total_cmp(price).is_eq()) {
                Some((_, count)) => *count += 1,
                None => counts.push((*price, 1)),
            }
        }
        counts.sort_by(|(one, _), (other, _)| one.total_cmp(other));
        let total: f64 = counts.iter().map(|(price, count)| price * *count as f64).sum();
        let terms: Vec<_> = counts.iter().map(|(price, count)| format!("{count} x {price}")).collect();
        let unknown = self.prices.values().filter(|price| price.is_none()).count();
        let unknown =
            if unknown == 0 { String::new() } else { format!(" ({} not in the table)", plural(unknown, "type")) };
        (!terms.is_empty()).then(|| {
            format!(
                "one event of each billed type for each user: {} = {}; x {} = {} US dollars{unknown}",
                terms.join(" + "),
                rounded(total),
                plural(self.users, "user"),
                rounded(total * self.users as f64)
            )
        })
    }
}

/// Rounds to a millionth of a dollar, because sums of decimal fractions are not exact.
fn rounded(dollars: f64) -> f64 {
    (dollars * 1e6).round() / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_table_has_a_date_and_prices_by_type_and_family() {
        let prices = Prices::read(None).unwrap();
        assert_eq!(prices.date, "2026-08");
        let of = |name: &str| prices.of(name).map(|Dollars(dollars)| dollars);
        for (name, price) in [
            ("post.create", Some(0.005)),
            ("post.delete", Some(0.0)),
            ("follow.unfollow", Some(0.01)),
            ("mute.unmute", Some(0.001)),
            ("profile.update.bio", Some(0.005)),
            ("like.create", None),
            ("mute", None),
        ] {
            assert_eq!(of(name), price, "{name}");
        }
    }

    #[test]
    fn types_that_cannot_be_subscribed_yet_count_towards_the_limit() {
        let prices = Prices::read(None).unwrap();
        let mut plan = MigrationPlan::default();
        (plan.users, plan.existing) = (2, 1499);
        plan.stuck.insert("9".to_owned(), vec!["like.create".to_owned(), "dm.read".to_owned()]);
        let cost = Cost::new(&plan, &["like.create", "dm.read"].into(), &prices);
        assert_eq!((cost.needed, cost.afterwards), (4, 1501));
        let enough: Vec<_> = cost.limits.iter().map(|limit| (limit.plan, limit.is_enough)).collect();
        assert_eq!(enough, [("self-serve", false), ("enterprise", true), ("partner", true)]);
    }

    #[test]
    fn the_sum_of_prices_shows_its_terms_and_the_types_without_a_price() {
        let (prices, mut plan) = (Prices::read(None).unwrap(), MigrationPlan::default());
        plan.users = 3;
        let sum = |types: &[&'static str]| Cost::new(&plan, &types.iter().copied().collect(), &prices).sum();
        assert_eq!(
            sum(&["block.block", "mute.mute", "mute.unmute", "dm.received", "dm.sent", "like.create"]).unwrap(),
            "one event of each billed type for each user: 3 x 0.001 + 1 x 0.01 = 0.013; x 3 users = 0.039 US dollars \
             (1 type not in the table)"
        );
        assert_eq!(sum(&["dm.sent", "like.create"]), None);
    }

    #[test]
    fn a_type_s_own_price_precedes_that_of_its_longest_family() {
        let table = r#"
            date = "2027-01"
            source = "a test"
            limits = {}
            prices = { "*" = 4, "a.*" = 3, "a.b.*" = 2, "a.b.c" = 1 }
        "#;
        let prices: Prices = toml::from_str(table).unwrap();
        let of = |name: &str| prices.of(name).map(|Dollars(dollars)| dollars);
        assert_eq!(["z", "a.z", "a.b.z", "a.b.c"].map(of), [Some(4.0), Some(3.0), Some(2.0), Some(1.0)]);
    }
}
