//! The options of the command line for targets.

use super::secret::SecretSource;
use super::{DEFAULT_CONCURRENCY, Target, TargetMode};
use crate::help::CREDENTIALS;

/// The targets that the command line names.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct TargetArgs {
    /// Send a POST to this URL for each event, and acknowledge the event if the answer is 2xx.
    /// Redirects are not followed. Without --inbox, a delivery is answered 200 only if all its
    /// events are acknowledged in time.
    #[arg(long, value_name = "URL")]
    forward: Option<String>,
    /// Sign requests to the URL by the Standard Webhooks specification, with the secret in this
    /// environment variable or file: whsec_ and the base64 of 24 to 64 bytes. May be repeated once,
    /// for a rotation. Required if the URL is on another machine.
    #[arg(long, value_name = "ENV_OR_FILE", requires = "forward", value_parser = SecretSource::named, help_heading = CREDENTIALS)]
    forward_secret: Vec<SecretSource>,
    /// The form in which events are sent to the URL or the program. With raw, each delivery is sent
    /// as X wrote it, signed again with the secrets of its app.
    #[arg(long, value_name = "MODE", default_value = "event")]
    forward_as: TargetMode,
    /// Maximum number of events that are sent to the URL, or programs that run, at once.
    #[arg(long, value_name = "N", default_value_t = DEFAULT_CONCURRENCY)]
    forward_concurrency: usize,
    /// Time limit of one request, or of one run of the program, in seconds. Without --inbox, X's
    /// deadline is shorter.
    #[arg(long, value_name = "SECONDS", default_value_t = super::DEFAULT_TIMEOUT)]
    forward_timeout: f64,
    /// Run this program for each event, with its JSON on standard input, and acknowledge the event
    /// if the exit code is 0. All words after it are its arguments, so it must be the last option.
    /// No shell is used.
    #[arg(long, value_name = "PROGRAM [ARGS]", num_args = 1.., allow_hyphen_values = true)]
    exec: Vec<String>,
}

impl TargetArgs {
    /// Returns the targets, which are not checked yet.
    pub(crate) fn targets(self, max_attempts: u32, in_order: bool) -> Vec<Target> {
        let Self { forward, forward_secret, forward_as, forward_concurrency, forward_timeout, exec } = self;
        let target = |name: &str| Target {
            name: name.to_owned(),
            url: None,
            exec: Vec::new(),
            mode: forward_as,
            kinds: Vec::new(),
            subscribers: Vec::new(),
            concurrency: forward_concurrency,
            timeout: forward_timeout,
            max_attempts,
            in_order,
            secrets: Vec::new(),
        };
        let mut targets = Vec::new();
        if forward.is_some() {
            targets.push(Target { url: forward, secrets: forward_secret, ..target("forward") });
        }
        if !exec.is_empty() {
            targets.push(Target { exec, ..target("exec") });
        }
        targets
    }
}
