//! Sends kept deliveries again from the console.

use std::time::Duration;

use anyhow::{Context, Result};
use axum::http::Response;
use birdhook::Secret;
use birdhook::client::redact_url;
use birdhook::console::{Console, Resend};
use birdhook_testkit::{SendError, Sender};
use bytes::Bytes;

use super::super::target::Target;
use crate::apps::read_secret;
use crate::error::{Code, Failure};
use crate::help::CREDENTIALS;
use crate::output::note;
use crate::values::{check_url, is_of_this_machine};

/// Time limit of one request.
const TIME_LIMIT: Duration = Duration::from_secs(10);

/// The name of the target of `--resend-url`.
const LOCAL: &str = "local";

#[derive(Debug, clap::Args)]
pub(super) struct ResendArgs {
    /// Let the console send a kept delivery again, as it was or edited, to this URL of this machine,
    /// under the name `local`. The targets with a URL of --forward and of the configuration file can be
    /// chosen too. Needs --keep-bodies.
    #[arg(long, value_name = "URL", requires = "admin_server")]
    resend_url: Option<String>,
    /// Sign the deliveries that the console copies and sends again with the secret in this environment
    /// variable or file. Defaults to birdhook-test-secret. If it is a secret of an app, the console sends
    /// to this machine only.
    #[arg(long, value_name = "ENV_OR_FILE", requires = "admin_server", help_heading = CREDENTIALS)]
    resend_secret: Option<String>,
    /// Names and URLs of the targets that receive events.
    #[arg(skip)]
    offered: Vec<(String, String)>,
}

/// Checked settings.
pub(super) struct PreparedResend {
    resend: Resend,
    secret: Option<Secret>,
}

impl ResendArgs {
    /// Offers those targets that have a URL.
    pub(super) fn offer(&mut self, targets: &[Target]) {
        let with_url = |target: &Target| Some((target.name.clone(), target.url.clone()?));
        self.offered = targets.iter().filter_map(with_url).collect();
    }

    pub(super) fn prepare(&self) -> Result<PreparedResend> {
        // Follows no redirects, and uses no proxy of the environment.
        let sender = Sender::new(TIME_LIMIT)?;
        let mut resend = Resend::new(move |request| {
            let sender = sender.clone();
            async move {
                let url = redact_url(&request.uri().to_string()).to_string();
                let answer = sender.send(request).await;
                let outcome = match &answer {
                    Ok(answer) => answer.status.to_string(),
                    Err(error) => error.to_string(),
                };
                note(format!("the console sent a delivery again to {url}: {outcome}"));
                let answer = answer?;
                let mut response = Response::new(answer.body);
                *response.status_mut() = answer.status;
                *response.headers_mut() = answer.headers;
                Ok::<Response<Bytes>, SendError>(response)
            }
        })
        .time_limit(TIME_LIMIT);
        if let Some(url) = &self.resend_url {
            check_url("--resend-url", url)?;
            if !is_of_this_machine(url) {
                let message = format!("invalid --resend-url {:?}: it is not on this machine", redact_url(url));
                let fix = "use a loopback URL such as http://127.0.0.1:3000/webhooks/twitter, or a target";
                return Err(Failure::new(Code::Usage, message, fix).into());
            }
            resend = resend.target(LOCAL, url)?;
        }
        for (name, url) in &self.offered {
            let invalid = || {
                let message = format!("the console cannot offer the target {name}");
                Failure::new(Code::Usage, message, format!("give it another name than {LOCAL}"))
            };
            resend = resend.target(name, url).with_context(invalid)?;
        }
        Ok(PreparedResend { resend, secret: self.resend_secret.as_deref().map(read_secret).transpose()? })
    }
}

impl PreparedResend {
    pub(super) fn add_to(&self, console: Console) -> Console {
        let console = self.secret.iter().cloned().fold(console, Console::test_secret);
        console.resend(self.resend.clone())
    }
}
