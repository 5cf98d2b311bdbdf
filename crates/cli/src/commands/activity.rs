//! Subscriptions to the X Activity API.

use anyhow::{Result, bail};
use birdhook::client::api::{ActivitySubscription, Change, Direction, Filter, NewSubscription};

use crate::Verdict;
use crate::account::{AccountArgs, Cells, Explained, confirmed, tell};
use crate::output;

/// List, add, change and remove subscriptions to the X Activity API.
#[derive(Debug, clap::Args)]
pub(crate) struct Activity {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    account: AccountArgs,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// List the app's subscriptions.
    List,
    /// Subscribe to types of events. Private ones (likes, messages, chats, mentions, replies, quotes, reposts, mutes, blocks,
    /// subscriptions, chats of broadcasts) take a token of the user: `birdhook auth user2`.
    Add {
        /// The types: like.create.
        #[arg(required = true)]
        event_types: Vec<String>,
        #[command(flatten)]
        filter: FilterArgs,
        /// The webhook's id; without it, events go to the stream only.
        #[arg(long, value_name = "ID")]
        webhook: Option<String>,
        /// A word of yours that comes with every event.
        #[arg(long)]
        tag: Option<String>,
    },
    /// Change the tag or the webhook of a subscription.
    Update {
        /// The subscription's id.
        id: String,
        /// The webhook's id.
        #[arg(long, value_name = "ID")]
        webhook: Option<String>,
        /// A word of yours that comes with every event.
        #[arg(long)]
        tag: Option<String>,
    },
    /// End subscriptions.
    Remove {
        /// The subscriptions' ids.
        #[arg(required = true)]
        ids: Vec<String>,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
}

/// What of a type of event is told.
#[derive(Debug, clap::Args)]
struct FilterArgs {
    /// What happens to this user.
    #[arg(long, value_name = "ID", required_unless_present = "keyword")]
    user: Option<String>,
    /// What holds this word.
    #[arg(long, value_name = "WORD", conflicts_with = "user")]
    keyword: Option<String>,
    /// Only what others do to the user, or what the user does.
    #[arg(long)]
    direction: Option<Way>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Way {
    /// What others do to the user.
    Inbound,
    /// What the user does.
    Outbound,
}

impl FilterArgs {
    fn filter(&self) -> Filter {
        let filter = match (&self.user, &self.keyword) {
            (Some(user), _) => Filter::user(user),
            (None, Some(word)) => Filter::keyword(word),
            (None, None) => Filter::default(),
        };
        match self.direction {
            Some(Way::Inbound) => filter.direction(Direction::Inbound),
            Some(Way::Outbound) => filter.direction(Direction::Outbound),
            None => filter,
        }
    }
}

impl Cells for ActivitySubscription {
    const HEADER: &'static [&'static str] = &["id", "type", "of", "tag", "webhook"];

    fn cells(&self) -> Vec<String> {
        let direction = match self.filter.direction {
            Some(Direction::Inbound) => " inbound",
            Some(Direction::Outbound) => " outbound",
            _ => "",
        };
        let of = self.filter.user_id.clone().or_else(|| self.filter.keyword.as_ref().map(|word| format!("{word:?}")));
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let of = of.unwrap_or_default() + direction;
        vec![self.id.clone(), self.event_type.clone(), of, text(&self.tag), text(&self.webhook_id)]
    }
}

impl Activity {
    pub(crate) async fn run(self, json: bool) -> Result<Verdict> {
        let client = self.account.client()?;
        let activity = client.activity();
        match self.what {
            What::List => tell(&activity.list().await.explained()?, json)?,
            What::Add { event_types, filter, webhook, tag } => {
                let (mut made, mut all_made) = (Vec::new(), Ok(()));
                for event_type in event_types {
                    let mut new = NewSubscription::new(event_type, filter.filter());
                    (new.webhook_id, new.tag) = (webhook.clone(), tag.clone());
                    match activity.create(&new).await.explained() {
                        Ok(one) => made.push(one),
                        Err(refused) => {
                            all_made = Err(refused);
                            break;
                        }
                    }
                }
                // What was made before one was refused is there.
                if !made.is_empty() {
                    tell(&made, json)?;
                }
                all_made?;
            }
            What::Update { id, webhook, tag } => {
                let mut change = Change::default();
                (change.webhook_id, change.tag) = (webhook, tag);
                if change == Change::default() {
                    bail!("say what to change: --tag or --webhook");
                }
                tell(&[activity.update(&id, &change).await.explained()?], json)?;
            }
            What::Remove { ids, yes } => {
                if !confirmed(yes, &format!("End {} subscriptions?", ids.len()))? {
                    bail!("nothing was removed");
                }
                let removed = activity.delete_many(&ids).await.explained()?;
                if json {
                    output::json(&removed)?;
                } else {
                    output::line(format!("removed {}", removed.deleted.len()))?;
                    removed.missing.iter().try_for_each(|id| output::line(format!("there is no {id}")))?;
                }
                return Ok(removed.missing.is_empty().into());
            }
        }
        Ok(Verdict::Good)
    }
}
