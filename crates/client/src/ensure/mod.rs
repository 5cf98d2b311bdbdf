//! Converges to a desired state: a webhook that is registered and valid, and subscribed users.
//!
//! Existing state stays as it is, and nothing is deleted. A run continues where an interrupted one
//! stopped.
//!
//! ```no_run
//! use birdhook_client::{Client, Filter, DesiredState};
//!
//! # async fn example(client: Client) -> Result<(), birdhook_client::EnsureError> {
//! let wanted = DesiredState::new("https://app.example/webhooks/twitter")
//!     .account_activity("2001")
//!     .activity("like.create", Filter::user("2001"));
//! println!("{}", client.ensure(&wanted).plan().await?); // a dry run
//! let ensured = client.ensure(&wanted).run().await?;
//! assert!(client.ensure(&wanted).plan().await?.is_empty());
//! # let _ = ensured;
//! # Ok(()) }
//! ```

mod apply;
mod check;
mod found;
mod plan;
mod probe;
mod wanted;

pub use apply::{EnsureError, Ensured, Undone};
pub use check::{DesiredStateError, DesiredStateFault};
pub use plan::{Differing, Plan, PlanStep};
pub use probe::{ProbeFault, probe};
pub use wanted::{DesiredState, DesiredSubscription, ManagementApi};

pub(crate) use apply::apply;
pub(crate) use check::wanted as check;
pub(crate) use found::CurrentState;
pub(crate) use plan::plan;

use birdhook_core::SecretKind;

use crate::Client;

/// The planner and executor for a desired state ([`DesiredState`]).
#[derive(Debug)]
#[must_use]
pub struct Ensure<'a> {
    client: &'a Client,
    wanted: &'a DesiredState,
    probes: bool,
}

impl Client {
    /// Returns an [`Ensure`] for this desired state.
    pub fn ensure<'a>(&'a self, wanted: &'a DesiredState) -> Ensure<'a> {
        Ensure { client: self, wanted, probes: true }
    }
}

impl Ensure<'_> {
    /// Skips the check of the receiver. Needed if its public URL cannot be reached from here.
    pub fn without_probe(self) -> Self {
        Self { probes: false, ..self }
    }

    /// Returns the steps to do, without doing them.
    ///
    /// # Errors
    /// Returns an error if X would refuse the URL, a type or a filter, if credentials for a step
    /// are missing, or if X's current state cannot be read.
    pub async fn plan(&self) -> Result<Plan, EnsureError> {
        check::wanted(self.client, self.wanted)?;
        let found = CurrentState::read(self.client, self.wanted).await?;
        let plan = plan(self.wanted, &found, self.client.now());
        check::credentials(self.client, self.wanted, &plan).await?;
        Ok(plan)
    }

    /// Applies the desired state.
    ///
    /// Checks the receiver at its public URL before X challenges it, so that a fault is explained
    /// before X refuses. If X refuses one subscription, the others are still created.
    ///
    /// # Errors
    /// Returns an error if the receiver fails the check, or if X refuses or does not confirm a
    /// step. Completed steps remain, and the next run continues from there.
    pub async fn run(&self) -> Result<Ensured, EnsureError> {
        self.run_with(|_| ()).await
    }

    /// Applies the desired state, and calls `tell` after each completed step.
    ///
    /// # Errors
    /// As for [`run`](Self::run).
    pub async fn run_with(&self, tell: impl FnMut(&PlanStep)) -> Result<Ensured, EnsureError> {
        let plan = self.plan().await?;
        let challenges =
            plan.steps().iter().any(|step| matches!(step, PlanStep::Register { .. } | PlanStep::Challenge { .. }));
        let answered_with = match self.probes && challenges {
            true => Some(probe(self.client, &self.wanted.url).await.map_err(EnsureError::Receiver)?),
            false => None,
        };
        let mut ensured = apply(self.client, self.wanted, plan, tell).await.map_err(|mut error| {
            if let (EnsureError::Step { error, hint, .. }, Some(kind)) = (&mut error, answered_with)
                && probe::may_be_the_secret(error)
            {
                *hint = Some(probe::answer_with_the_other(kind));
            }
            error
        })?;
        ensured.answered_with = answered_with.map(SecretKind::as_str);
        ensured.complete()
    }
}
