//! `birdhook console`: a page that shows an inbox.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use birdhook::console::Console;

use super::inbox::access;
use super::listen::console::{local_access, loopback, serve_console};
use crate::account::AccountArgs;
use crate::exit_status::ExitStatus;
use crate::shutdown::stop_requested;

/// Show an inbox on a page: its events, and buttons to requeue, discard and purge them.
///
/// While another process has the inbox open, the page reaches it through the socket `control.sock`
/// in the folder, as `birdhook inbox` does. Otherwise the command opens the inbox, and no receiver
/// can until it is stopped. `birdhook listen --console` shows the same page with the requests of the
/// receiver.
///
/// With the app's keys, a second page shows the webhooks and subscriptions at X, and has buttons to
/// validate a webhook and to replay deliveries.
#[derive(Debug, clap::Args)]
pub(crate) struct ConsoleCommand {
    /// The folder of the inbox.
    #[arg(long, value_name = "DIR")]
    inbox: PathBuf,
    /// Serve the page at this loopback address.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8081", value_parser = loopback)]
    addr: SocketAddr,
    /// Show the inbox without buttons, and refuse every change.
    #[arg(long)]
    read_only: bool,
    #[command(flatten)]
    account: AccountArgs,
}

impl ConsoleCommand {
    pub(crate) async fn run(self) -> Result<ExitStatus> {
        let stop = Box::pin(stop_requested());
        let client = self.account.console_client()?;
        let (access, opened) = access(&self.inbox).await?;
        let console = client.into_iter().fold(Console::of_inbox(access, local_access()), Console::at_x);
        let console = if self.read_only { console.read_only() } else { console };
        tokio::select! {
            () = serve_console(self.addr, console)? => {}
            () = stop => {}
        }
        if let Some(inbox) = opened {
            inbox.close(Duration::from_secs(10)).await;
        }
        Ok(ExitStatus::Success)
    }
}
