//! `birdhook validate`: waits for the first like.

use std::time::Duration;

use anyhow::Result;
use birdhook::Event;
use birdhook::client::Validation;
use birdhook_doctor::Doctor;
use tokio::sync::{mpsc, oneshot};

use super::listen::{ServerArgs, Work};
use crate::exit_status::ExitStatus;
use crate::output::{self, BAD, GOOD, styled, try_print};
use crate::values::seconds;

/// Receive webhooks until a like arrives: the last step of setting up a webhook.
///
/// While it runs, like a post of the subscribed user with another account. X may take 10 s after
/// subscribing to deliver the first event. You can run `birdhook doctor` against this receiver
/// meanwhile; it does not print or count the doctor's deliveries. Exit code 1 if no like arrives in
/// time.
#[derive(Debug, clap::Args)]
pub(crate) struct Validate {
    /// Wait for a like of a post of the subscribed user with this id. May be repeated. Defaults to
    /// any user.
    #[arg(long, value_name = "ID")]
    user: Vec<String>,
    /// Wait at most this long, including the 10 s that X may take after subscribing.
    #[arg(long, value_name = "SECONDS", default_value = "300", value_parser = seconds)]
    limit: Duration,
    #[command(flatten)]
    server: ServerArgs,
}

/// X's delay after subscribing, passed as already over because `--limit` includes it.
const SUBSCRIPTION_DELAY: Duration = Duration::from_secs(10);

impl Validate {
    pub(crate) async fn run(self, json: bool) -> Result<ExitStatus> {
        let (sender, mut events) = mpsc::unbounded_channel::<Event>();
        let (done, is_done) = oneshot::channel::<()>();
        let validation = Validation::new(self.user).subscribed_ago(SUBSCRIPTION_DELAY);
        let waiting = async {
            let waited = validation.wait(async || events.recv().await, self.limit).await;
            drop(done);
            waited
        };
        let on_event = Box::new(move |event: &Event| drop(sender.send(event.clone())));
        let work = Work { on_event, skipped: Doctor::has_sent, ..Work::default() };
        let serving = self.server.serve(json, work, async { drop(is_done.await) });
        let (served, waited) = tokio::join!(serving, waiting);
        served?;
        try_print(match &waited {
            Ok(validated) if json => output::json_line(validated)?,
            Ok(validated) => styled(GOOD, validated.to_string()),
            Err(missing) if json => output::json_line(missing)?,
            Err(missing) => styled(BAD, missing.to_string()),
        });
        Ok(waited.is_ok().into())
    }
}
