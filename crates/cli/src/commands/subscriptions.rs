//! `birdhook subscriptions`: manages subscriptions to the Account Activity API.

use anyhow::Result;
use serde::Serialize;

use super::webhooks::{ApiArgs, ApiName, on_api};
use crate::account::{AccountArgs, Explained, TableRow, confirm, print_rows};
use crate::exit_status::ExitStatus;
use crate::output;

/// List, add, check, remove and count subscriptions to the Account Activity API, which ends on
/// 2027-01-01.
#[derive(Debug, clap::Args)]
pub(crate) struct Subscriptions {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    api: ApiArgs,
    #[command(flatten)]
    account: AccountArgs,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// List the subscribed users.
    List {
        /// The id of the webhook.
        webhook: String,
    },
    /// Subscribe users, each with that user's tokens.
    Add {
        /// The id of the webhook.
        webhook: String,
        /// The ids of the users.
        #[arg(required = true)]
        users: Vec<String>,
    },
    /// Check whether a user is subscribed. Exit code 1 if not.
    Check {
        /// The id of the webhook.
        webhook: String,
        /// The id of the user.
        user: String,
    },
    /// Remove users' subscriptions.
    Remove {
        /// The id of the webhook.
        webhook: String,
        /// The ids of the users.
        #[arg(required = true)]
        users: Vec<String>,
        /// Do not ask for confirmation.
        #[arg(long)]
        yes: bool,
    },
    /// Count the account's subscriptions.
    Count,
}

#[derive(Serialize)]
struct User {
    user_id: String,
}

impl TableRow for User {
    const HEADER: &'static [&'static str] = &["user"];

    fn cells(&self) -> Vec<String> {
        vec![self.user_id.clone()]
    }
}

impl Subscriptions {
    pub(crate) async fn run(self, json: bool) -> Result<ExitStatus> {
        let client = self.account.client()?;
        let api = &self.api;
        match self.action {
            Action::List { webhook } => {
                let users = on_api!(api, client, account_activity.subscribers(&webhook), subscribers()).explained()?;
                let users: Vec<User> = users.into_iter().map(|user_id| User { user_id }).collect();
                print_rows(&users, json)?;
            }
            Action::Add { webhook, users } => {
                for user in users {
                    on_api!(api, client, account_activity.subscribe(&webhook, &user), subscribe(&user)).explained()?;
                    output::done("subscribed", &user, json)?;
                }
            }
            Action::Check { webhook, user } => {
                let subscribed =
                    on_api!(api, client, account_activity.is_subscribed(&webhook, &user), is_subscribed(&user));
                let subscribed = subscribed.explained()?;
                let (text, report) = (
                    if subscribed { "subscribed" } else { "not subscribed" },
                    serde_json::json!({"user_id": user, "subscribed": subscribed}),
                );
                if json { output::json(&report) } else { output::line(text) }?;
                return Ok(subscribed.into());
            }
            Action::Remove { webhook, users, yes } => {
                confirm(yes, &format!("Remove the subscriptions of {}?", users.join(", ")), "nothing was removed")?;
                for user in users {
                    on_api!(api, client, account_activity.unsubscribe(&webhook, &user), unsubscribe(&user))
                        .explained()?;
                    output::done("removed", &user, json)?;
                }
            }
            Action::Count => {
                let counts = on_api!(api, client, account_activity.count(), count()).explained()?;
                let of = |number: Option<u64>| number.map_or("?".to_owned(), |number| number.to_string());
                let text = format!("{} of {}", of(counts.subscriptions_count), of(counts.provisioned_count));
                if json { output::json(&counts) } else { output::line(text) }?;
            }
        }
        Ok(ExitStatus::Success)
    }
}
