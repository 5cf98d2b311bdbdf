//! Checks a receiver of Twitter/X webhooks at a URL with the requests that X and an attacker would
//! send.
//!
//! Start with [`Doctor`]. It returns a [`Diagnosis`] with one [`CheckResult`] for each check.

mod checks;
mod connection;
mod diagnosis;
mod doctor;
mod exchange;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod leak;
mod results;
mod target;
mod tls;
mod vendor;
mod verdict;

pub use diagnosis::{CheckResult, CheckStatus, Diagnosis, Side};
pub use doctor::{Doctor, DoctorError};
pub use verdict::{Effect, Verdict};
