//! Checks a receiver with the requests that X and an attacker would send.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use birdhook_core::{Event, SecretError, SecretKind};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::checks::{ACTIVITY_TYPE, ALIVE, CHECKS, Check};
use crate::connection::TargetUrl;
use crate::diagnosis::{CheckResult, Diagnosis};
use crate::exchange::NoResponse;
use crate::results::RunResult;
use crate::target::{KnownSecret, Secrets, Target};

/// Checks a receiver at a URL with the requests that X and an attacker would send.
///
/// The doctor knows only the URL and the consumer secret, the client secret, or both, so it works
/// for receivers in any language. It sends about 60 requests, nearly all one after another, each on
/// a new connection, and up to 60 more to find out why a signed delivery is refused.
///
/// **It sends deliveries to a running app.** They are made so that no app acts on them. The
/// correctly signed ones report that a replay has finished (`replay_job_status`), for the webhook
/// `0` and with a job id that begins with `birdhook-doctor-`. Two are of unknown kinds
/// (`birdhook_doctor_events` and, in the form of the X Activity API, `birdhook.doctor`). They contain no user, post or message, so no bot answers them. One
/// of them is 20 MB long; a receiver without a limit accepts it. An app that stores every event it
/// receives will store about 40 of them.
///
/// **A fault is reported once.** A check that needs a failed check is [`Skipped`](crate::CheckStatus::Skipped)
/// and names that check: a receiver with the wrong secret has one failure, not 40.
/// [`Warned`](crate::CheckStatus::Warned) marks behaviour that X accepts and attackers cannot exploit, but
/// that is fragile.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use birdhook_doctor::Doctor;
///
/// let doctor = Doctor::new("http://127.0.0.1:8080/webhooks/twitter", "the-consumer-secret")?.local(true);
/// let diagnosis = doctor.examine_with(|result| println!("{result}")).await;
/// assert!(diagnosis.is_healthy());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Doctor {
    url: String,
    secrets: Secrets,
    local: bool,
    timeout: Duration,
    deadline: Duration,
    roots: Vec<CertificateDer<'static>>,
}

impl Doctor {
    /// Creates a doctor for the receiver at this URL, with the app's consumer secret.
    ///
    /// Problems with the URL are reported as results of checks.
    ///
    /// # Errors
    /// Returns [`DoctorError::Secret`] if the secret is not valid.
    pub fn new(url: impl Into<String>, secret: &str) -> Result<Self, DoctorError> {
        Self::with_secret(url.into(), KnownSecret::new(SecretKind::Consumer, secret)?)
    }

    /// Creates a doctor for the receiver at this URL, with the app's OAuth 2.0 client secret.
    ///
    /// Problems with the URL are reported as results of checks.
    ///
    /// # Errors
    /// Returns [`DoctorError::Secret`] if the secret is not valid.
    pub fn with_client_secret(url: impl Into<String>, secret: &str) -> Result<Self, DoctorError> {
        Self::with_secret(url.into(), KnownSecret::new(SecretKind::Client, secret)?)
    }

    fn with_secret(url: String, known: KnownSecret) -> Result<Self, DoctorError> {
        Ok(Self {
            url,
            secrets: Secrets { answering: known, other: None },
            local: false,
            timeout: Duration::from_secs(10),
            deadline: Duration::from_secs(3),
            roots: Vec::new(),
        })
    }

    /// Adds the app's OAuth 2.0 client secret.
    ///
    /// The receiver may then answer challenges with either secret, and deliveries are signed with
    /// both.
    ///
    /// # Errors
    /// Returns [`DoctorError::Secret`] if the secret is not valid.
    pub fn add_client_secret(mut self, secret: &str) -> Result<Self, DoctorError> {
        self.secrets.add(KnownSecret::new(SecretKind::Client, secret)?);
        Ok(self)
    }

    /// Allows http, ports and private addresses, for a receiver on this machine. Defaults to false.
    pub fn local(mut self, local: bool) -> Self {
        self.local = local;
        self
    }

    /// Sets the timeout of each request, including the connection.
    ///
    /// Defaults to 10 s, X's longest timeout.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the maximum response time.
    ///
    /// A slower response is a failure, and one above a third of the maximum is a warning. Defaults
    /// to 3 s, X's timeout in v1.1 and enterprise. In v2 it is 10 s.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Trusts an additional root certificate, in PEM or DER. X does not trust it.
    ///
    /// # Errors
    /// Returns [`DoctorError::Root`] if it is not a valid certificate.
    pub fn trust_root(mut self, certificate: &[u8]) -> Result<Self, DoctorError> {
        let certificate = match certificate.trim_ascii_start().starts_with(b"-----") {
            true => CertificateDer::from_pem_slice(certificate).map_err(|_| DoctorError::Root)?,
            false => CertificateDer::from(certificate.to_vec()),
        };
        RootCertStore::empty().add(certificate.clone()).map_err(|_| DoctorError::Root)?;
        self.roots.push(certificate);
        Ok(self)
    }

    /// Returns whether a doctor sent this event, so that an app can ignore it.
    ///
    /// Such events are replay jobs with ids that begin with `birdhook-doctor-`, and unknown events
    /// named `birdhook_doctor_events` or `birdhook.doctor`.
    pub fn has_sent(event: &Event) -> bool {
        let job = || {
            let raw: serde_json::Value = serde_json::from_str(event.raw().as_str()).ok()?;
            let job = raw.get("job_id").or_else(|| raw.pointer("/replay_job_status/job_id"))?.as_str()?;
            Some(job.starts_with("birdhook-doctor-"))
        };
        matches!(event.name(), "birdhook_doctor_events" | ACTIVITY_TYPE)
            || (event.name() == "replay_job_status" && job().unwrap_or(false))
    }

    /// Returns the name of every check, in order, and the property that it proves.
    pub fn checks() -> impl Iterator<Item = (&'static str, &'static str)> {
        CHECKS.iter().map(|check| (check.name, check.proves))
    }

    /// Runs all checks.
    pub async fn examine(&self) -> Diagnosis {
        self.examine_with(|_| ()).await
    }

    /// Runs all checks, and calls `on_result` with each result as soon as it is available.
    pub async fn examine_with(&self, mut on_result: impl FnMut(&CheckResult)) -> Diagnosis {
        let mut target = self.target();
        let mut results = Vec::new();
        // Maps each check that failed, or was skipped because of a failure, to the check that
        // failed first.
        let mut first_failures = BTreeMap::new();
        for check in CHECKS {
            let blocked = check.needs.iter().find_map(|need| first_failures.get(need).copied());
            let result = match blocked {
                Some(first) => {
                    first_failures.insert(check.name, first);
                    RunResult::skipped(format!("needs {first}, which failed"))
                }
                None => examine(&mut target, check).await,
            };
            if result.has_failed() {
                first_failures.insert(check.name, check.name);
                if target.has_died {
                    first_failures.insert(ALIVE, check.name);
                }
            }
            let result = check.with_result(result);
            on_result(&result);
            results.push(result);
        }
        Diagnosis::new(target.url_without_login(), results)
    }

    fn target(&self) -> Target {
        Target {
            url: self.url.clone(),
            parsed_url: TargetUrl::parse(&self.url),
            secrets: self.secrets.clone(),
            local: self.local,
            timeout: self.timeout,
            deadline: self.deadline,
            roots: self.roots.clone(),
            connector: None,
            challenge: None,
            delivery: None,
            forgery: None,
            check: "",
            missed_response: false,
            has_died: false,
            leaked_secrets: BTreeSet::new(),
            leaked_traces: BTreeSet::new(),
            random: fastrand::Rng::new(),
        }
    }
}

/// Runs one check. If the receiver's process ended during the check, reports that instead.
async fn examine(target: &mut Target, check: &Check) -> RunResult {
    (target.check, target.missed_response) = (check.name, false);
    let result = (check.run)(target).await;
    if !target.missed_response || target.has_died || target.challenge.is_none() {
        return result;
    }
    let Some(connector) = target.connector.clone() else { return result };
    // Wait, because a crashing process takes a moment to end.
    tokio::time::sleep(Duration::from_millis(50)).await;
    if !matches!(connector.probe().await, Err(NoResponse::Refused)) {
        return result;
    }
    target.has_died = true;
    RunResult::failed("no response, and nothing listens at this port now", "this request ended the receiver's process")
        .fix("handle the error and answer 400; the receiver's log shows what it was")
}

/// The reason why a doctor cannot be configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DoctorError {
    /// The secret is not valid.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The root certificate is not valid.
    #[error("invalid root certificate: expected PEM or DER")]
    Root,
}
