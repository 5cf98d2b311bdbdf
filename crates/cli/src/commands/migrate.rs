//! `birdhook migrate`: moves users to the X Activity API.

mod cost;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use birdhook::client::{EQUIVALENT, EnsureError, Ensured, MigrationPlan, Overlap, PlanStep, Undone};
use serde::Serialize;

use self::cost::{Cost, Prices};

use super::ensure::{failed, print_report, print_step};
use crate::account::{AccountArgs, confirm};
use crate::exit_status::ExitStatus;
use crate::output::{self, BAD, WARNING, note, plural, shown, styled};
use crate::progress::Progress;
use crate::values::{ManagementApiArg, seconds};

/// Move a webhook's users from the Account Activity API to the X Activity API.
///
/// The X Activity API delivers the same events. The command first subscribes the users to both
/// APIs, then removes the old subscriptions. Run the receiver in dual mode (ApiMode::Dual, or
/// `birdhook listen --dual-mode`) from before until after, so that an event that both APIs deliver
/// arrives once: see docs/guide/migration.md.
///
/// Before it begins, the command prints the number of subscriptions, the limits of X's plans and X's
/// prices, with their arithmetic. While both APIs deliver, a terminal shows the remaining time.
///
/// The command prints the users without an OAuth 2.0 token for private types. It does not move
/// them, and the exit code is 1. A user keeps the old subscription unless X lists a new
/// subscription, without further restrictions, for every type.
#[derive(Debug, clap::Args)]
#[command(after_long_help = FILE)]
pub(crate) struct Migrate {
    /// The URL of the webhook.
    url: String,
    /// Print the steps without doing them, then the same arithmetic.
    #[arg(long)]
    dry_run: bool,
    /// Read X's prices and limits from this file. Defaults to a built-in table.
    #[arg(long, value_name = "FILE", requires = "dry_run")]
    prices: Option<PathBuf>,
    /// Subscribe to both APIs, and remove nothing.
    #[arg(long)]
    side_by_side: bool,
    /// Wait this long before removing the old subscriptions, while both APIs deliver. X may take 10
    /// s to deliver the first event of a subscription, and the receiver matches events without an
    /// id within 60 s.
    #[arg(long, value_name = "SECONDS", default_value = "90", value_parser = seconds)]
    overlap: Duration,
    /// Subscribe only to this event type. May be repeated.
    #[arg(long = "type", value_name = "TYPE")]
    types: Vec<String>,
    /// Manage the webhook and the old subscriptions through this API.
    #[arg(long, default_value = "v2")]
    api: ManagementApiArg,
    /// The old name of `--api enterprise`.
    #[arg(long, hide = true, conflicts_with = "api")]
    from_enterprise: bool,
    /// Do not ask for confirmation before subscriptions are removed.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    account: AccountArgs,
}

const FILE: &str = r#"The file of --prices is TOML. It replaces the whole built-in table, which docs/guide/migration.md shows:

    date = "2027-01"         # when the prices were read
    source = "X's pricing page"

    [prices]                 # US dollars per delivered event; 0: not billed
    "post.create" = 0.005
    "mute.*" = 0.001         # all types that begin with mute.

    [limits]                 # subscriptions to the X Activity API, by plan
    self-serve = 1500"#;

#[derive(Serialize)]
struct DryRun<'a> {
    #[serde(flatten)]
    plan: &'a MigrationPlan,
    cost: &'a Cost<'a>,
}

impl Migrate {
    pub(crate) async fn run(self, json: bool) -> Result<ExitStatus> {
        let prices = Prices::read(self.prices.as_deref())?;
        let client = self.account.client()?;
        let mut migration = client.migrate(&*self.url).overlap(self.overlap);
        if !self.types.is_empty() {
            migration = migration.types(&self.types);
        }
        if self.from_enterprise || matches!(self.api, ManagementApiArg::Enterprise) {
            migration = migration.from_enterprise();
        }
        let reading = Progress::spinner("reading the webhook and its subscriptions");
        let plan = migration.plan().await.map_err(|error| failed(&error))?;
        drop(reading);
        for (user, types) in &plan.stuck {
            note(format!("{}: no OAuth 2.0 token for {}", styled(BAD, user), types.join(", ")));
        }
        for one in &plan.expiring {
            let end = one.expires_at.map(|end| end.to_string()).unwrap_or_default();
            let name = styled(WARNING, format!("{}{}", one.event_type, one.filter));
            note(format!("{name} expires at {end}; run `birdhook activity renew {} --permanent`", shown(&one.id)));
        }
        let status = plan.stuck.is_empty().into();
        let types: BTreeSet<_> = match self.types.is_empty() {
            true => EQUIVALENT.into(),
            false => self.types.iter().map(String::as_str).collect(),
        };
        let cost = Cost::new(&plan, &types, &prices);
        if self.dry_run {
            if json {
                output::json(&DryRun { plan: &plan, cost: &cost })?;
            } else {
                output::steps(&[plan.subscribe.steps(), plan.unsubscribe.steps()].concat())?;
                cost.print()?;
            }
            return Ok(status);
        }
        if !json && cost.is_changed() {
            cost.print()?;
        }
        let many = plan.unsubscribe.steps().len();
        if !self.side_by_side && many > 0 {
            let question =
                format!("Remove {} once both APIs have delivered?", plural(many, "Account Activity subscription"));
            confirm(
                self.yes,
                &question,
                "nothing was done; --side-by-side subscribes to both APIs and removes nothing",
            )?;
        }
        let mut printed = Ok(());
        let progress = RefCell::new(Progress::bar(plan.subscribe.steps().len() as u64, "new subscription"));
        let removals = RefCell::new(None);
        let on_step = |step: &_| {
            if let Some(removals) = removals.take() {
                progress.replace(Progress::bar(removals, "removal"));
            }
            if !json && printed.is_ok() {
                printed = progress.borrow().interrupt(|| print_step(step));
            }
            progress.borrow().step();
        };
        let on_overlap = |overlap: Overlap| {
            let text = overlap_text(&overlap);
            if !json {
                let after = format!("{text}; removing the old ones in {:.0} s", overlap.remaining.as_secs_f64().ceil());
                progress.borrow().interrupt(|| note(after));
            }
            removals.replace(Some(overlap.removals as u64));
            progress.replace(Progress::countdown(overlap.remaining, text));
        };
        let done = match self.side_by_side {
            true => migration.side_by_side(on_step).await,
            false => migration.run_with(on_step, on_overlap).await,
        };
        drop(progress);
        printed?;
        if let Err(EnsureError::Incomplete(report)) = &done {
            note_kept(report);
        }
        let finished = print_report(done, json)?;
        Ok(if status == ExitStatus::Problem { status } else { finished })
    }
}

/// Returns the subscriptions on both sides.
fn overlap_text(overlap: &Overlap) -> String {
    let Overlap { new_subscriptions, removals, .. } = overlap;
    format!("both APIs deliver: {}, {removals} old", plural(*new_subscriptions, "new subscription"))
}

/// Prints the users who keep the old subscription because a new one is refused or unconfirmed.
fn note_kept(report: &Ensured) {
    let user = |undone: &Undone| match &undone.step {
        PlanStep::SubscribeTo(desired) => desired.filter.user_id.clone(),
        _ => None,
    };
    let users: BTreeSet<String> = report.refused.iter().chain(&report.unconfirmed).filter_map(user).collect();
    for user in users {
        note(format!("{}: keeps the subscription to the Account Activity API", styled(WARNING, user)));
    }
}
