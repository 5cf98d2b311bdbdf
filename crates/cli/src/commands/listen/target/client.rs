//! Sends messages to a target.

use std::time::Duration;

use anyhow::Result;
use birdhook::Event;

use super::message::Message;
use super::program::Program;
use super::request::Requests;
use super::trace::TraceContext;
use super::{Target, TargetMode};
use crate::apps::SharedApps;

/// A target with its connections.
pub(crate) struct TargetClient {
    pub(crate) target: Target,
    /// Whether requests are signed.
    is_signed: bool,
    apps: SharedApps,
    transport: Transport,
}

enum Transport {
    Http(Requests),
    Exec(Program),
}

/// The reason why an attempt failed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum AttemptError {
    /// The target did not get the event, and would not get another one now: it refuses connections,
    /// or its program cannot be started.
    Unreachable(String),
    /// The target did not acknowledge the event.
    Failed {
        reason: String,
        /// The delay that the target asked for.
        retry_after: Option<Duration>,
        /// Whether the delay is for all events.
        is_overloaded: bool,
    },
}

impl AttemptError {
    pub(super) fn failed(reason: impl Into<String>) -> Self {
        Self::Failed { reason: reason.into(), retry_after: None, is_overloaded: false }
    }

    pub(crate) fn reason(&self) -> &str {
        match self {
            Self::Unreachable(reason) | Self::Failed { reason, .. } => reason,
        }
    }
}

impl TargetClient {
    /// Prepares a checked target. `hidden` are variables that its program must not see.
    pub(crate) fn new(target: Target, apps: SharedApps, hidden: Vec<String>) -> Result<Self> {
        let secrets = target.signing_secrets()?;
        let is_signed = !secrets.is_empty();
        let transport = match &target.url {
            Some(url) => Transport::Http(Requests::new(url.clone(), secrets, target.time_limit())?),
            None => Transport::Exec(Program::new(&target, hidden)),
        };
        Ok(Self { target, is_signed, apps, transport })
    }

    /// Makes one attempt. Returns `Ok` if the target has acknowledged the event.
    pub(crate) async fn send(&self, event: &Event, attempt: u32, trace: &TraceContext) -> Result<(), AttemptError> {
        // A retry would fail too, but the configuration may be corrected meanwhile.
        let message = Message::new(event, self.target.mode, &self.apps.get());
        let message = message.map_err(|error| AttemptError::failed(format!("{error:#}")))?;
        match &self.transport {
            Transport::Http(requests) => requests.send(&message, attempt, trace).await,
            Transport::Exec(program) => program.run(&message, attempt, trace).await,
        }
    }

    /// Describes the target in one line.
    pub(crate) fn description(&self) -> String {
        let Target { name, mode, url, .. } = &self.target;
        let form = match mode {
            TargetMode::Event => "events as JSON",
            TargetMode::CloudEvent => "events as CloudEvents",
            TargetMode::Raw => "deliveries as X sent them",
        };
        let signed = match (url, self.is_signed) {
            (None, _) => "",
            (Some(_), true) => ", signed",
            (Some(_), false) if *mode == TargetMode::Raw => ", with X's signature",
            (Some(_), false) => ", not signed",
        };
        format!("target {name}: {form} to {}{signed}", self.target.place())
    }
}
