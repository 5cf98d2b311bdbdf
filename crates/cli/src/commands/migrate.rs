//! `birdhook migrate`: moves users to the X Activity API.

mod cost;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail};
use birdhook::client::{EQUIVALENT, EnsureError, Ensured, MigrationPlan, Step, Undone};
use serde::Serialize;

use self::cost::{Cost, Prices};

use super::doctor::seconds;
use super::ensure::{failed, tell_report, tell_step};
use crate::Verdict;
use crate::account::{AccountArgs, confirmed};
use crate::output::{self, BAD, CAREFUL, note, shown, styled};

/// Move the users of a webhook from the Account Activity API to the X Activity API, which tells the same.
///
/// They are subscribed to both first, and then the old subscriptions are ended. Let the receiver run with CutOver::Both from
/// before until after, so that what is told twice arrives once: docs/guide/cut-over.md. Users who have no OAuth 2.0 token for
/// private types stay as they are, and are named; exit code 1 then. A user keeps the old subscription unless X lists a new one for
/// every type that nothing narrows.
#[derive(Debug, clap::Args)]
#[command(after_long_help = FILE)]
pub(crate) struct Migrate {
    /// The webhook's URL.
    url: String,
    /// Say what is to be done, and do nothing. Also prints the number of subscriptions beside the limits of X's plans, and X's
    /// price per event of each type.
    #[arg(long)]
    dry_run: bool,
    /// Read X's prices and limits from this file. Defaults to a built-in table.
    #[arg(long, value_name = "FILE", requires = "dry_run")]
    prices: Option<PathBuf>,
    /// Subscribe to both, and end nothing.
    #[arg(long)]
    side_by_side: bool,
    /// How long both tell everything before the old subscriptions are ended. X may take 10 s after subscribing until it tells
    /// the first event, and the receiver matches what has no id within 60 s.
    #[arg(long, value_name = "SECONDS", default_value = "90", value_parser = seconds)]
    overlap: Duration,
    /// Subscribe to these types of events only. Again for several.
    #[arg(long = "type", value_name = "TYPE")]
    types: Vec<String>,
    /// The old subscriptions are those of enterprise 1.1.
    #[arg(long)]
    from_enterprise: bool,
    /// Do not ask before subscriptions are ended.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    account: AccountArgs,
}

const FILE: &str = r#"The file of --prices is TOML. It replaces the whole built-in table, which docs/guide/cut-over.md shows:

    date = "2027-01"              # when the prices were read
    source = "X's pricing page"

    [prices]                      # US dollars per delivered event; 0 means not billed
    "post.create" = 0.005
    "mute.*" = 0.001              # every type that begins with mute.

    [limits]                      # subscriptions to the X Activity API, by plan
    self-serve = 1500"#;

/// The JSON output of a dry run.
#[derive(Serialize)]
struct DryRun<'a> {
    #[serde(flatten)]
    plan: &'a MigrationPlan,
    cost: &'a Cost<'a>,
}

impl Migrate {
    pub(crate) async fn run(self, json: bool) -> Result<Verdict> {
        let prices = Prices::read(self.prices.as_deref())?;
        let client = self.account.client()?;
        let mut migration = client.migrate(&*self.url).overlap(self.overlap);
        if !self.types.is_empty() {
            migration = migration.types(&self.types);
        }
        if self.from_enterprise {
            migration = migration.from_enterprise();
        }
        let plan = migration.plan().await.map_err(|error| failed(&error))?;
        for (user, types) in &plan.stuck {
            note(format!("{}: no OAuth 2.0 token for {}", styled(BAD, user), types.join(", ")));
        }
        for one in &plan.expiring {
            let end = one.expires_at.map(|end| end.to_string()).unwrap_or_default();
            let name = styled(CAREFUL, format!("{}{}", one.event_type, one.filter));
            note(format!("{name} ends at {end}; run `birdhook activity renew {} --permanent`", shown(&one.id)));
        }
        let verdict = plan.stuck.is_empty().into();
        if self.dry_run {
            let types: BTreeSet<_> = match self.types.is_empty() {
                true => EQUIVALENT.into(),
                false => self.types.iter().map(String::as_str).collect(),
            };
            let cost = Cost::new(&plan, &types, &prices);
            if json {
                output::json(&DryRun { plan: &plan, cost: &cost })?;
            } else {
                output::steps(&[plan.subscribe.steps(), plan.unsubscribe.steps()].concat())?;
                cost.print()?;
            }
            return Ok(verdict);
        }
        let many = plan.unsubscribe.steps().len();
        if !self.side_by_side && many > 0 {
            let question = format!("End {many} subscriptions to the Account Activity API after both were told?");
            if !confirmed(self.yes, &question)? {
                bail!("nothing was done; --side-by-side subscribes to both and ends nothing");
            }
        }
        let mut told = Ok(());
        let tell = |step: &_| {
            if !json && told.is_ok() {
                told = tell_step(step);
            }
        };
        let done = match self.side_by_side {
            true => migration.side_by_side(tell).await,
            false => migration.run(tell).await,
        };
        told?;
        if let Err(EnsureError::Incomplete(report)) = &done {
            note_kept(report);
        }
        let finished = tell_report(done, json)?;
        Ok(if verdict == Verdict::Bad { verdict } else { finished })
    }
}

/// Prints the users who keep the old subscription because a new one is refused or unconfirmed.
fn note_kept(report: &Ensured) {
    let user = |undone: &Undone| match &undone.step {
        Step::SubscribeTo(wish) => wish.filter.user_id.clone(),
        _ => None,
    };
    let users: BTreeSet<String> = report.refused.iter().chain(&report.unconfirmed).filter_map(user).collect();
    for user in users {
        note(format!("{}: keeps the subscription to the Account Activity API", styled(CAREFUL, user)));
    }
}
