//! Converges to a wanted state: a webhook that is registered and valid, and users who are subscribed.
//!
//! What is there already is left as it is, and nothing is deleted. A run that was interrupted is continued by the next one.
//!
//! ```no_run
//! use birdhook_client::{Client, Filter, Wanted};
//!
//! # async fn example(client: Client) -> Result<(), birdhook_client::EnsureError> {
//! let wanted = Wanted::new("https://app.example/webhooks/twitter")
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
pub use check::{WantedFault, WantedFaults};
pub use plan::{Differing, Plan, Step};
pub use probe::{ProbeFault, probe};
pub use wanted::{Api, Wanted, Wish};

pub(crate) use apply::apply;
pub(crate) use check::wanted as check;
pub(crate) use found::Found;
pub(crate) use plan::plan;

use birdhook_core::SecretKind;

use crate::Client;

/// Brings about a [`Wanted`] state, or says what that would take.
#[derive(Debug)]
#[must_use]
pub struct Ensure<'a> {
    client: &'a Client,
    wanted: &'a Wanted,
    probes: bool,
}

impl Client {
    /// Converges to a wanted state.
    pub fn ensure<'a>(&'a self, wanted: &'a Wanted) -> Ensure<'a> {
        Ensure { client: self, wanted, probes: true }
    }
}

impl Ensure<'_> {
    /// The same without asking the receiver first: where its public URL cannot be reached from here.
    pub fn without_probe(self) -> Self {
        Self { probes: false, ..self }
    }

    /// What is to be done, without doing it.
    ///
    /// # Errors
    /// When X would refuse the URL, a type or a filter, credentials for a step are missing, or X does not say what there is.
    pub async fn plan(&self) -> Result<Plan, EnsureError> {
        check::wanted(self.client, self.wanted)?;
        let found = Found::read(self.client, self.wanted).await?;
        let plan = plan(self.wanted, &found, self.client.now());
        check::credentials(self.client, self.wanted, &plan).await?;
        Ok(plan)
    }

    /// Does it. Before X is asked to challenge the receiver, the receiver is asked by its public URL, so that a refusal is
    /// explained before X gives one. The refusal of one subscription does not stop the others.
    ///
    /// # Errors
    /// When the receiver or X refuses, or X does not confirm a subscription. What was done stays, and the next run goes on from
    /// there.
    pub async fn run(&self) -> Result<Ensured, EnsureError> {
        self.run_with(|_| ()).await
    }

    /// Does it, and tells each step that is done.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn run_with(&self, tell: impl FnMut(&Step)) -> Result<Ensured, EnsureError> {
        let plan = self.plan().await?;
        let challenges = plan.steps().iter().any(|step| matches!(step, Step::Register { .. } | Step::Challenge { .. }));
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
