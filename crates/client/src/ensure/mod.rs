//! Converges to a desired state: a webhook that is registered and valid, and subscribed users.
//!
//! Existing state stays as it is, and nothing is deleted. A run continues where an interrupted one
//! stopped.
//!
//! ```no_run
//! # mod birdhook { pub mod client { pub use birdhook_client::{Client, DesiredState, Filter}; } }
//! use birdhook::client::{Client, DesiredState, Filter};
//!
//! # async fn example(client: Client) -> Result<(), birdhook_client::EnsureError> {
//! let desired = DesiredState::new("https://app.example/webhooks/twitter")
//!     .account_activity("2001")
//!     .activity("like.create", Filter::user("2001"));
//! println!("{}", client.ensure(&desired).plan().await?); // a dry run
//! let ensured = client.ensure(&desired).run().await?;
//! assert!(client.ensure(&desired).plan().await?.is_empty());
//! # let _ = ensured;
//! # Ok(()) }
//! ```

mod apply;
mod check;
mod current;
mod desired;
mod plan;
mod probe;
mod report;

pub use desired::{DesiredState, DesiredSubscription};
pub use plan::{Difference, Plan, PlanStep};
pub use probe::{ProbeFault, probe};
pub use report::{DesiredStateError, DesiredStateFault, EnsureError, Ensured, Undone};

pub(crate) use apply::apply;
pub(crate) use check::check_state;
pub(crate) use current::CurrentState;
pub(crate) use plan::{plan, show_steps};

use birdhook_core::SecretKind;

use crate::Client;
use check::check_credentials;

/// The planner and executor for a desired state ([`DesiredState`]).
#[derive(Debug)]
#[must_use]
pub struct Ensure<'a> {
    client: &'a Client,
    desired: &'a DesiredState,
    probes: bool,
}

impl Client {
    /// Returns an [`Ensure`] for this desired state.
    pub fn ensure<'a>(&'a self, desired: &'a DesiredState) -> Ensure<'a> {
        Ensure { client: self, desired, probes: true }
    }
}

impl Ensure<'_> {
    /// Skips the check of the receiver. Needed if its public URL cannot be reached from here.
    pub fn without_probe(self) -> Self {
        Self { probes: false, ..self }
    }

    /// Checks the URL, the event types, the filters, the tags and the expiries, without a call.
    pub fn check(&self) -> Result<(), EnsureError> {
        check_state(self.client, self.desired)
    }

    /// Returns the steps to do, without doing them. Fails if X would refuse the URL, a type or a
    /// filter, if credentials for a step are missing, or if X's current state cannot be read.
    pub async fn plan(&self) -> Result<Plan, EnsureError> {
        check_state(self.client, self.desired)?;
        let current = CurrentState::read(self.client, self.desired).await?;
        let plan = plan(self.desired, &current, self.client.now());
        check_credentials(self.client, self.desired.api, &plan).await?;
        Ok(plan)
    }

    /// Applies the desired state.
    ///
    /// Checks the receiver at its public URL before X challenges it, so that a fault is explained
    /// before X refuses. If X refuses one subscription, the others are still created. Fails if the
    /// receiver fails the check, or if X refuses or does not confirm a step. Completed steps
    /// remain, and the next run continues from there.
    pub async fn run(&self) -> Result<Ensured, EnsureError> {
        self.run_with(|_| ()).await
    }

    /// Applies the desired state, and calls `on_step` after each completed step.
    ///
    /// # Errors
    /// As for [`run`](Self::run).
    pub async fn run_with(&self, on_step: impl FnMut(&PlanStep)) -> Result<Ensured, EnsureError> {
        let plan = self.plan().await?;
        let challenges =
            plan.steps().iter().any(|step| matches!(step, PlanStep::Register { .. } | PlanStep::Challenge { .. }));
        let challenge_secret = match self.probes && challenges {
            true => Some(probe(self.client, &self.desired.url).await.map_err(EnsureError::Receiver)?),
            false => None,
        };
        let mut ensured = apply(self.client, self.desired, plan, on_step).await.map_err(|mut error| {
            if let (EnsureError::Step { error, hint, .. }, Some(kind)) = (&mut error, challenge_secret)
                && probe::may_be_the_secret(error)
            {
                *hint = Some(probe::use_other_secret(kind));
            }
            error
        })?;
        ensured.challenge_secret = challenge_secret.map(SecretKind::as_str);
        ensured.complete()
    }
}
