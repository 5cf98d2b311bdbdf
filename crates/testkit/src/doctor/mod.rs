//! Examines a receiver as X would, and as an attacker would.

mod checks;
mod exchange;
mod finding;
#[cfg(fuzzing)]
pub mod fuzzing;
mod judgement;
mod leak;
mod line;
mod patient;
mod tls;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use birdhook_core::{Event, SecretError, SecretKind};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

pub use finding::{Diagnosis, Finding, Side, Verdict};

use checks::{ALIVE, CHECKS, Check};
use exchange::NoAnswer;
use judgement::Judgement;
use line::Target;
use patient::{Keys, Known, Patient};

/// Examines a receiver at a URL, of which it knows nothing but the consumer secret, the client
/// secret, or both: as X would, and as an attacker would.
///
/// It works on any receiver in any language. It makes about 60 requests, nearly all one after
/// another, each on a connection of its own.
///
/// **It sends deliveries to a running app, which no app acts on.** Those that are correctly signed
/// tell that a replay has ended (`replay_job_status`) which nobody asked for, of the webhook `0`,
/// with a job id that begins with `birdhook-doctor-`; one is of a kind that does not exist
/// (`birdhook_doctor_events`). They name no user, hold no post and no message, so that no bot
/// answers them. One is 20 MB long, which a receiver without a limit accepts. An app that records
/// whatever it gets will have recorded some forty of them.
///
/// **A failure is told once.** A check that would show nothing new, because one before it failed,
/// is [`Skipped`](Verdict::Skipped) and says for which: a receiver with another secret has one
/// failure, not forty. [`Warned`](Verdict::Warned) is what X accepts and no stranger can use, but
/// is a step away from it.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use birdhook_testkit::Doctor;
///
/// let doctor = Doctor::new("http://127.0.0.1:8080/webhooks/twitter", "the-consumer-secret")?.local(true);
/// let diagnosis = doctor.examine_with(|finding| println!("{finding}")).await;
/// assert!(diagnosis.is_healthy());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Doctor {
    url: String,
    keys: Keys,
    local: bool,
    patience: Duration,
    deadline: Duration,
    roots: Vec<CertificateDer<'static>>,
}

impl Doctor {
    /// A doctor for the receiver at this URL, with the app's consumer secret.
    ///
    /// # Errors
    /// [`DoctorError::Secret`] when the secret is none. What is wrong with the URL is a finding.
    pub fn new(url: impl Into<String>, secret: &str) -> Result<Self, DoctorError> {
        Self::knowing(url.into(), Known::new(SecretKind::Consumer, secret)?)
    }

    /// A doctor for the receiver at this URL, with the app's OAuth 2.0 client secret.
    ///
    /// # Errors
    /// [`DoctorError::Secret`] when the secret is none. What is wrong with the URL is a finding.
    pub fn with_client_secret(url: impl Into<String>, secret: &str) -> Result<Self, DoctorError> {
        Self::knowing(url.into(), Known::new(SecretKind::Client, secret)?)
    }

    fn knowing(url: String, known: Known) -> Result<Self, DoctorError> {
        Ok(Self {
            url,
            keys: Keys { answering: known, other: None },
            local: false,
            patience: Duration::from_secs(10),
            deadline: Duration::from_secs(3),
            roots: Vec::new(),
        })
    }

    /// Adds the app's OAuth 2.0 client secret. The receiver may answer challenges with either
    /// secret, and deliveries are sent with both headers.
    ///
    /// # Errors
    /// [`DoctorError::Secret`] when the secret is none.
    pub fn add_client_secret(mut self, secret: &str) -> Result<Self, DoctorError> {
        self.keys.add(Known::new(SecretKind::Client, secret)?);
        Ok(self)
    }

    /// Whether http, ports and private addresses will do, as for a receiver on this machine. Not
    /// unless told.
    pub fn local(mut self, local: bool) -> Self {
        self.local = local;
        self
    }

    /// How long to wait for each answer before it is said that there is none: 10 s unless told, as
    /// long as X waits at its longest.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// How long an answer may take, and fail above that, with a warning above a third: 3 s unless
    /// told, as in 1.1 and enterprise. In v2, X gives 10 s.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Trusts a further root certificate, PEM or DER, besides Mozilla's. X trusts no such root.
    ///
    /// # Errors
    /// [`DoctorError::Root`] when it is no certificate.
    pub fn trust_root(mut self, certificate: &[u8]) -> Result<Self, DoctorError> {
        let certificate = match certificate.trim_ascii_start().starts_with(b"-----") {
            true => CertificateDer::from_pem_slice(certificate).map_err(|_| DoctorError::Root)?,
            false => CertificateDer::from(certificate.to_vec()),
        };
        RootCertStore::empty().add(certificate.clone()).map_err(|_| DoctorError::Root)?;
        self.roots.push(certificate);
        Ok(self)
    }

    /// Whether an event is one that a doctor sent, which no app acts on: its replay jobs have ids
    /// that begin with `birdhook-doctor-`, and its unknown events are `birdhook_doctor_events`.
    pub fn has_sent(event: &Event) -> bool {
        let job = || {
            let raw: serde_json::Value = serde_json::from_str(event.raw().as_str()).ok()?;
            let job = raw.get("job_id").or_else(|| raw.pointer("/replay_job_status/job_id"))?.as_str()?;
            Some(job.starts_with("birdhook-doctor-"))
        };
        event.name() == "birdhook_doctor_events" || (event.name() == "replay_job_status" && job().unwrap_or(false))
    }

    /// The names of all checks, in the order in which they are made, each with what it proves.
    pub fn checks() -> impl Iterator<Item = (&'static str, &'static str)> {
        CHECKS.iter().map(|check| (check.name, check.proves))
    }

    /// Examines the receiver.
    pub async fn examine(&self) -> Diagnosis {
        self.examine_with(|_| ()).await
    }

    /// Examines the receiver, and tells each finding as soon as it is there.
    pub async fn examine_with(&self, mut tell: impl FnMut(&Finding)) -> Diagnosis {
        let mut patient = self.patient();
        let mut findings = Vec::new();
        // Every check that failed, or was skipped for one that did: the name of that one.
        let mut roots = BTreeMap::new();
        for check in CHECKS {
            let blocked = check.needs.iter().find_map(|need| roots.get(need).copied());
            let judgement = match blocked {
                Some(root) => {
                    roots.insert(check.name, root);
                    Judgement::skipped(format!("needs {root}, which failed"))
                }
                None => examine(&mut patient, check).await,
            };
            if judgement.has_failed() {
                roots.insert(check.name, check.name);
                if patient.has_died {
                    roots.insert(ALIVE, check.name);
                }
            }
            let finding = check.finding(judgement);
            tell(&finding);
            findings.push(finding);
        }
        Diagnosis::new(patient.shown_url(), findings)
    }

    fn patient(&self) -> Patient {
        Patient {
            url: self.url.clone(),
            target: Target::parse(&self.url),
            keys: self.keys.clone(),
            local: self.local,
            patience: self.patience,
            deadline: self.deadline,
            roots: self.roots.clone(),
            line: None,
            challenge: None,
            delivery: None,
            forgery: None,
            check: "",
            fell_silent: false,
            has_died: false,
            secrets_told: BTreeSet::new(),
            traces_told: BTreeSet::new(),
            random: fastrand::Rng::new(),
        }
    }
}

/// Makes one check. If the receiver did not survive it, that is what there is to say.
async fn examine(patient: &mut Patient, check: &Check) -> Judgement {
    (patient.check, patient.fell_silent) = (check.name, false);
    let judgement = (check.run)(patient).await;
    if !patient.fell_silent || patient.has_died || patient.challenge.is_none() {
        return judgement;
    }
    let Some(line) = patient.line.clone() else { return judgement };
    // A process takes a moment to end.
    tokio::time::sleep(Duration::from_millis(50)).await;
    if !matches!(line.reach().await, Err(NoAnswer::Refused)) {
        return judgement;
    }
    patient.has_died = true;
    Judgement::failed("there was no answer, and nothing listens any more", "this request ended the receiver's process")
        .cure("catch what is thrown here and answer 400: see the receiver's log for what it was")
}

/// Why there is no doctor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DoctorError {
    /// The secret is none.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// What should be a root certificate is none.
    #[error("what should be a root certificate is neither PEM nor DER of one")]
    Root,
}
