//! `birdhook stream-links`: links webhooks to filtered streams.

use anyhow::Result;
use birdhook::client::api::StreamLink;

use crate::account::{AccountArgs, Explained, TableRow, confirm, print_rows};
use crate::exit_status::ExitStatus;
use crate::output;

/// List, add and remove links that deliver the filtered stream to a webhook.
#[derive(Debug, clap::Args)]
pub(crate) struct StreamLinks {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    account: AccountArgs,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// List the app's links.
    List,
    /// Deliver the filtered stream to a webhook.
    Add {
        /// The id of the webhook.
        webhook: String,
        /// Include these fields of posts, comma-separated, for example created_at,lang.
        #[arg(long, value_name = "FIELDS")]
        tweet_fields: Option<String>,
        /// Include these fields of users, comma-separated.
        #[arg(long, value_name = "FIELDS")]
        user_fields: Option<String>,
        /// Include these fields of media, comma-separated, for example url,alt_text.
        #[arg(long, value_name = "FIELDS")]
        media_fields: Option<String>,
        /// Include these fields of polls, comma-separated, for example options,end_datetime.
        #[arg(long, value_name = "FIELDS")]
        poll_fields: Option<String>,
        /// Include these fields of places, comma-separated, for example full_name,country.
        #[arg(long, value_name = "FIELDS")]
        place_fields: Option<String>,
        /// Include these related objects, comma-separated, for example author_id.
        #[arg(long, value_name = "NAMES")]
        expansions: Option<String>,
    },
    /// Stop the delivery of the filtered stream to a webhook.
    Remove {
        /// The id of the webhook.
        webhook: String,
        /// Do not ask for confirmation.
        #[arg(long)]
        yes: bool,
    },
}

impl TableRow for StreamLink {
    const HEADER: &'static [&'static str] = &["webhook", "fields", "since"];

    fn cells(&self) -> Vec<String> {
        let since = self.created_at.map(|time| time.to_string()).unwrap_or_default();
        vec![self.webhook_id.clone(), self.fields.join(" "), since]
    }
}

impl StreamLinks {
    pub(crate) async fn run(self, json: bool) -> Result<ExitStatus> {
        let client = self.account.client()?;
        let links = client.stream_links();
        match self.action {
            Action::List => print_rows(&links.list().await.explained()?, json)?,
            Action::Add { webhook, tweet_fields, user_fields, media_fields, poll_fields, place_fields, expansions } => {
                let options = [
                    ("tweet.fields", &tweet_fields),
                    ("user.fields", &user_fields),
                    ("media.fields", &media_fields),
                    ("poll.fields", &poll_fields),
                    ("place.fields", &place_fields),
                    ("expansions", &expansions),
                ];
                let fields: Vec<_> =
                    options.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?))).collect();
                links.create(&webhook, &fields).await.explained()?;
                output::done("linked", &webhook, json)?;
            }
            Action::Remove { webhook, yes } => {
                confirm(
                    yes,
                    &format!("Stop the delivery of the filtered stream to {webhook}?"),
                    "nothing was removed",
                )?;
                links.delete(&webhook).await.explained()?;
                output::done("removed", &webhook, json)?;
            }
        }
        Ok(ExitStatus::Success)
    }
}
