//! `birdhook webhooks`: manages webhooks.

use anyhow::{Result, anyhow};
use birdhook::client::api::{RegisteredWebhook, same_url};
use birdhook::client::{Client, Error, ErrorCause};

use crate::account::{AccountArgs, Explained, Fixable, TableRow, confirm, print_rows, with_fix};
use crate::error::Failure;
use crate::exit_status::ExitStatus;
use crate::output::{self, BAD, GOOD, note, shown, styled};

/// List, register, validate and delete webhooks.
#[derive(Debug, clap::Args)]
pub(crate) struct Webhooks {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    api: ApiArgs,
    #[command(flatten)]
    account: AccountArgs,
}

/// The API that manages webhooks and subscriptions.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ApiArgs {
    /// Manage webhooks through this API.
    #[arg(long, global = true, default_value = "v2")]
    pub(crate) api: ApiName,
    /// Use this environment of premium 1.1.
    #[arg(long, global = true, value_name = "NAME", default_value = "dev")]
    pub(crate) environment: String,
}

/// An API that manages webhooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ApiName {
    /// v2.
    V2,
    /// Enterprise 1.1.
    Enterprise,
    /// Premium 1.1, which X no longer sells.
    Premium,
}

/// Calls a method of the API that the arguments select. The last call is that of premium 1.1.
macro_rules! on_api {
    ($args:expr, $client:expr, $v2:ident.$method:ident $arguments:tt, $premium:ident $more:tt) => {
        match $args.api {
            ApiName::V2 => $client.$v2().$method $arguments.await,
            ApiName::Enterprise => $client.enterprise().$method $arguments.await,
            ApiName::Premium => $client.premium(&$args.environment).$premium $more.await,
        }
    };
}
pub(super) use on_api;

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// List the app's webhooks.
    List,
    /// Register a URL, which X challenges first. Exit code 1 if X registers it as invalid.
    Register {
        /// The public URL of the receiver.
        url: String,
    },
    /// Ask X to challenge a webhook. An invalid webhook that answers correctly becomes valid. Exit
    /// code 1 if it stays invalid.
    Validate {
        /// The id of the webhook.
        id: String,
    },
    /// Delete a webhook and its subscriptions.
    Delete {
        /// The id of the webhook.
        id: String,
        /// Do not ask for confirmation.
        #[arg(long)]
        yes: bool,
    },
}

impl TableRow for RegisteredWebhook {
    const HEADER: &'static [&'static str] = &["id", "URL", "state", "registered"];

    fn cells(&self) -> Vec<String> {
        let state = if self.valid { "valid" } else { "invalid" };
        let since = self.created_at.map(|time| time.to_string()).unwrap_or_default();
        vec![self.id.clone(), self.url.clone(), state.to_owned(), since]
    }
}

impl Webhooks {
    pub(crate) async fn run(self, json: bool) -> Result<ExitStatus> {
        let (client, api) = (self.account.client()?, &self.api);
        match self.action {
            Action::List => print_rows(&api.list(&client).await?, json)?,
            Action::Register { url } => {
                let made = match on_api!(api, client, webhooks.register(&url), register(&url)) {
                    Ok(made) => made,
                    Err(error) => return Err(api.not_registered(&client, &url, &error).await),
                };
                print_rows(std::slice::from_ref(&made), json)?;
                if !made.valid {
                    note(format!(
                        "X registered the webhook as invalid; run `birdhook doctor` on the URL, then `birdhook webhooks validate {}`",
                        shown(&made.id)
                    ));
                }
                return Ok(made.valid.into());
            }
            Action::Validate { id } => {
                let valid = api.validate(&client, &id).await?;
                let text = match valid {
                    true => styled(GOOD, "valid"),
                    false => styled(BAD, "still invalid; run `birdhook doctor` on its URL"),
                };
                let report = serde_json::json!({"id": id, "valid": valid});
                if json { output::json(&report) } else { output::line(text) }?;
                return Ok(valid.into());
            }
            Action::Delete { id, yes } => {
                confirm(yes, &format!("Delete the webhook {id} with all its subscriptions?"), "nothing was deleted")?;
                on_api!(api, client, webhooks.delete(&id), delete(&id)).explained()?;
                output::done("deleted", &id, json)?;
            }
        }
        Ok(ExitStatus::Success)
    }
}

impl ApiArgs {
    async fn list(&self, client: &Client) -> Result<Vec<RegisteredWebhook>> {
        on_api!(self, client, webhooks.list(), list()).explained()
    }

    /// Returns the error for a URL that X did not register. If the app has too many webhooks, the
    /// error lists them, because X sends the same message for a URL that is already registered.
    async fn not_registered(&self, client: &Client, url: &str, error: &Error) -> anyhow::Error {
        if let Some(hint) = client.refused_answer(url, error).await {
            note(hint);
        }
        if !matches!(error.cause(), ErrorCause::LimitReached | ErrorCause::DuplicateUrl) {
            return with_fix(error);
        }
        let Ok(all) = self.list(client).await else { return with_fix(error) };
        if let Some(same) = all.iter().find(|one| same_url(&one.url, url)) {
            let (id, state) = (shown(&same.id), if same.valid { "valid" } else { "invalid" });
            let message = format!("{url} is already registered as {id} ({}, {state})", shown(&same.url));
            let fix = format!("use it, or delete it with `birdhook webhooks delete {id}`");
            return anyhow!(shown(&error.to_string())).context(Failure::new(error.stable_code(), message, fix));
        }
        let all = all.iter().map(|one| format!("\n  {} {}", shown(&one.id), shown(&one.url))).collect::<String>();
        let all = if all.is_empty() { String::new() } else { format!("\nthe app's webhooks:{all}") };
        let message = format!("cannot register {}", shown(url));
        anyhow!("{}{all}", shown(&error.to_string())).context(Failure::new(error.stable_code(), message, error.fix()))
    }

    async fn validate(&self, client: &Client, id: &str) -> Result<bool> {
        let valid = match self.api {
            ApiName::V2 => client.webhooks().validate(id).await,
            ApiName::Enterprise => client.enterprise().challenge(id).await.map(|()| true),
            ApiName::Premium => client.premium(&self.environment).challenge(id).await.map(|()| true),
        };
        if let Err(error) = &valid
            && matches!(error.cause(), ErrorCause::ChallengeFailed(_))
            && let Ok(all) = self.list(client).await
            && let Some(webhook) = all.iter().find(|one| one.id == id)
            && let Some(hint) = client.refused_answer(&webhook.url, error).await
        {
            note(hint);
        }
        valid.explained()
    }
}
