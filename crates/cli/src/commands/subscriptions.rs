//! `birdhook subscriptions`: manages subscriptions to the Account Activity API.

use anyhow::{Result, bail};
use serde::Serialize;

use super::webhooks::{ApiArgs, ApiName};
use crate::account::{AccountArgs, Explained, TableRow, confirmed, print_rows};
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
        let (v2, enterprise) = (client.account_activity(), client.enterprise());
        let premium = client.premium(&self.api.environment);
        match self.action {
            Action::List { webhook } => {
                let users = match self.api.api {
                    ApiName::V2 => v2.subscribers(&webhook).await,
                    ApiName::Enterprise => enterprise.subscribers(&webhook).await,
                    ApiName::Premium => premium.subscribers().await,
                };
                let users: Vec<User> = users.explained()?.into_iter().map(|user_id| User { user_id }).collect();
                print_rows(&users, json)?;
            }
            Action::Add { webhook, users } => {
                for user in users {
                    match self.api.api {
                        ApiName::V2 => v2.subscribe(&webhook, &user).await,
                        ApiName::Enterprise => enterprise.subscribe(&webhook, &user).await,
                        ApiName::Premium => premium.subscribe(&user).await,
                    }
                    .explained()?;
                    output::done("subscribed", &user, json)?;
                }
            }
            Action::Check { webhook, user } => {
                let is_subscribed = match self.api.api {
                    ApiName::V2 => v2.is_subscribed(&webhook, &user).await,
                    ApiName::Enterprise => enterprise.is_subscribed(&webhook, &user).await,
                    ApiName::Premium => premium.is_subscribed(&user).await,
                };
                let subscribed = is_subscribed.explained()?;
                if json {
                    output::json(&serde_json::json!({"user_id": user, "subscribed": subscribed}))?;
                } else {
                    output::line(if subscribed { "subscribed" } else { "not subscribed" })?;
                }
                return Ok(subscribed.into());
            }
            Action::Remove { webhook, users, yes } => {
                if !confirmed(yes, &format!("Remove the subscriptions of {}?", users.join(", ")))? {
                    bail!("nothing was removed");
                }
                for user in users {
                    match self.api.api {
                        ApiName::V2 => v2.unsubscribe(&webhook, &user).await,
                        ApiName::Enterprise => enterprise.unsubscribe(&webhook, &user).await,
                        ApiName::Premium => premium.unsubscribe(&user).await,
                    }
                    .explained()?;
                    output::done("removed", &user, json)?;
                }
            }
            Action::Count => {
                let counts = match self.api.api {
                    ApiName::V2 => v2.count().await,
                    ApiName::Enterprise => enterprise.count().await,
                    ApiName::Premium => premium.count().await,
                }
                .explained()?;
                if json {
                    output::json(&counts)?;
                } else {
                    let of = |number: Option<u64>| number.map_or("?".to_owned(), |number| number.to_string());
                    output::line(format!("{} of {}", of(counts.subscriptions_count), of(counts.provisioned_count)))?;
                }
            }
        }
        Ok(ExitStatus::Success)
    }
}
