//! `birdhook activity`: manages subscriptions to the X Activity API.

use anyhow::{Context, Result, bail};
use birdhook::client::CredentialKind;
use birdhook::client::api::{
    ActivitySubscription, Filter, FilterDirection, NewSubscription, Subscribed, SubscriptionChange, SubscriptionFault,
};
use birdhook::event::Timestamp;
use birdhook_testkit::MockEventKind;

use crate::account::{AccountArgs, Explained, TableRow, confirm, print_rows};
use crate::error::{Code, Failure};
use crate::exit_status::ExitStatus;
use crate::output::{self, note, plural, shown};
use crate::values::{time, value_enum};

/// List, add, change and remove subscriptions to the X Activity API.
#[derive(Debug, clap::Args)]
pub(crate) struct Activity {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    account: AccountArgs,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// List the app's subscriptions.
    List {
        /// List only subscriptions for this user. Without a bearer token, a token of this user is
        /// enough.
        #[arg(long, value_name = "ID")]
        user: Option<String>,
    },
    /// Subscribe to event types.
    ///
    /// Private event types need a token of the user: run `birdhook auth user2`. These are the types
    /// about likes, messages, chats, mentions, replies, quotes, reposts, mutes, blocks,
    /// subscriptions and chats of broadcasts.
    Add {
        /// The event types, for example like.create.
        #[arg(required = true)]
        event_types: Vec<String>,
        #[command(flatten)]
        filter: FilterArgs,
        /// Deliver events to the webhook with this id. Without it, events go only to the stream.
        #[arg(long, value_name = "ID")]
        webhook: Option<String>,
        /// Set the tag that X adds to every event.
        #[arg(long)]
        tag: Option<String>,
        /// End the subscription at this time, for example 2030-01-01T00:00:00Z. Without it, the
        /// subscription does not expire.
        #[arg(long, value_name = "TIME", value_parser = time)]
        expires_at: Option<Timestamp>,
    },
    /// Change when subscriptions expire.
    ///
    /// Each subscription is created again with the same type, filter, webhook and tag.
    Renew {
        /// The ids of the subscriptions.
        #[arg(required = true)]
        ids: Vec<String>,
        /// End the subscriptions at this time, for example 2030-01-01T00:00:00Z.
        #[arg(long, value_name = "TIME", value_parser = time, required_unless_present = "permanent")]
        expires_at: Option<Timestamp>,
        /// Remove the expiry of the subscriptions.
        #[arg(long, conflicts_with = "expires_at")]
        permanent: bool,
    },
    /// Change the tag or the webhook of a subscription. Its filter and its expiry stay the same.
    Update {
        /// The id of the subscription.
        id: String,
        /// Deliver events to the webhook with this id.
        #[arg(long, value_name = "ID")]
        webhook: Option<String>,
        /// Set the tag that X adds to every event.
        #[arg(long)]
        tag: Option<String>,
    },
    /// Remove subscriptions.
    Remove {
        /// The ids of the subscriptions.
        #[arg(required = true)]
        ids: Vec<String>,
        /// Do not ask for confirmation.
        #[arg(long)]
        yes: bool,
    },
}

/// The filter of a subscription.
#[derive(Debug, clap::Args)]
struct FilterArgs {
    /// Select events of this user.
    #[arg(long, value_name = "ID", required_unless_present = "keyword")]
    user: Option<String>,
    /// Select events that contain this word.
    #[arg(long, value_name = "WORD", conflicts_with = "user")]
    keyword: Option<String>,
    /// Select only actions of others towards the user, or only actions of the user.
    #[arg(long)]
    direction: Option<DirectionArg>,
    /// Add a predicate of the event type. X documents direction, post_id and conversation_type. May
    /// be repeated.
    #[arg(long = "qualifier", value_name = "NAME=VALUE", value_parser = qualifier)]
    qualifiers: Vec<(String, String)>,
}

fn qualifier(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').filter(|(name, value)| !name.is_empty() && !value.is_empty());
    pair.map(|(name, value)| (name.to_owned(), value.to_owned())).ok_or("expected NAME=VALUE".to_owned())
}

value_enum! {
    enum DirectionArg for FilterDirection {
        /// Actions of others towards the user.
        Inbound,
        /// Actions of the user.
        Outbound,
    }
}

impl FilterArgs {
    fn filter(&self) -> Filter {
        let mut filter = match (&self.user, &self.keyword) {
            (Some(user), _) => Filter::user(user),
            (None, Some(word)) => Filter::keyword(word),
            (None, None) => Filter::default(),
        };
        filter.direction = self.direction.map(Into::into);
        self.qualifiers.iter().fold(filter, |filter, (name, value)| filter.qualifier(name, value))
    }
}

impl TableRow for ActivitySubscription {
    const HEADER: &'static [&'static str] = &["id", "type", "filter", "tag", "webhook", "ends"];

    fn cells(&self) -> Vec<String> {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let filter = self.filter.to_string().trim_start_matches([' ', ',']).to_owned();
        let expiry = self.expires_at.map(|end| end.to_string()).unwrap_or_default();
        vec![self.id.clone(), self.event_type.clone(), filter, text(&self.tag), text(&self.webhook_id), expiry]
    }
}

impl Activity {
    pub(crate) async fn run(self, json: bool) -> Result<ExitStatus> {
        let client = self.account.client()?;
        let activity = client.activity();
        match self.action {
            Action::List { user: None } => print_rows(&activity.list().await.explained()?, json)?,
            Action::List { user: Some(user) } => print_rows(&activity.list_of(&user).await.explained()?, json)?,
            Action::Add { event_types, filter, webhook, tag, expires_at } => {
                let of_type = |event_type| {
                    let mut new = NewSubscription::new(event_type, filter.filter());
                    (new.webhook_id, new.tag, new.expires_at) = (webhook.clone(), tag.clone(), expires_at);
                    new
                };
                let all: Vec<NewSubscription> = event_types.into_iter().map(of_type).collect();
                return add(activity, &all, json).await;
            }
            Action::Renew { ids, expires_at, .. } => {
                let listed = activity.list().await.explained()?;
                for id in &ids {
                    let one = listed.iter().find(|one| one.id == *id);
                    let one = one.with_context(|| {
                        let fix = "`birdhook activity list` lists the ids";
                        Failure::new(Code::NoSuchSubscription, format!("no subscription {id}"), fix)
                    })?;
                    let new = NewSubscription::again(one, expires_at);
                    print_rows(&[activity.renew(&new).await.explained()?], json)?;
                }
            }
            Action::Update { id, webhook, tag } => {
                let mut change = SubscriptionChange::default();
                (change.webhook_id, change.tag) = (webhook, tag);
                if change == SubscriptionChange::default() {
                    bail!(Failure::new(Code::Usage, "no change is requested", "pass --tag or --webhook"));
                }
                print_rows(&[activity.update(&id, &change).await.explained()?], json)?;
            }
            Action::Remove { ids, yes } => {
                confirm(yes, &format!("Remove {}?", plural(ids.len(), "subscription")), "nothing was removed")?;
                let removed = activity.delete_many(&ids).await.explained()?;
                if json {
                    output::json(&removed)?;
                } else {
                    output::line(format!("removed {}", removed.deleted.len()))?;
                    removed.missing.iter().try_for_each(|id| output::line(format!("not found {id}")))?;
                }
                return Ok(removed.missing.is_empty().into());
            }
        }
        Ok(ExitStatus::Success)
    }
}

/// Returns the error of a subscription that X would refuse.
fn invalid(fault: SubscriptionFault) -> anyhow::Error {
    let fix = fix_of(&fault);
    let message = "X would refuse the subscription; nothing was changed";
    anyhow::Error::new(fault).context(Failure::new(Code::InvalidSubscription, message, fix))
}

/// Returns the fix of a subscription that X would refuse.
pub(super) fn fix_of(fault: &SubscriptionFault) -> String {
    match fault {
        SubscriptionFault::Credentials { takes, .. } => obtain(takes),
        SubscriptionFault::Scope(_) => "run `birdhook auth user2`".to_owned(),
        SubscriptionFault::EventType { name, meant } => {
            // The name may be that of the Account Activity API, or birdhook's.
            let same = name.parse().ok().map(MockEventKind::as_str);
            match same.or_else(|| meant.first().copied()) {
                Some(meant) => format!("use {meant}"),
                None => "use an event type of the X Activity API, for example like.create".to_owned(),
            }
        }
        _ => "correct what the cause names".to_owned(),
    }
}

/// Names the command that obtains the best of these kinds of credentials.
pub(super) fn obtain(takes: &[CredentialKind]) -> String {
    format!("run `birdhook {}`", takes.first().map_or("auth app", |kind| kind.login_command()))
}

async fn add(
    activity: birdhook::client::api::ActivityApi<'_>,
    all: &[NewSubscription],
    json: bool,
) -> Result<ExitStatus> {
    for new in all {
        activity.check(new).await.map_err(invalid)?;
    }
    let (mut added, mut existing, mut unconfirmed, mut refused) = (Vec::new(), Vec::new(), 0, 0);
    for new in all {
        let name = shown(&new.event_type);
        match activity.subscribe(new).await {
            Subscribed::Added(one) => added.push(one),
            Subscribed::AlreadyThere(one) => existing.push(one),
            Subscribed::InTheWay { others, .. } => {
                refused += 1;
                for one in others {
                    let (of, on) = (&one.filter, one.webhook_id.as_deref().unwrap_or("none"));
                    let other = format!("{} ({}{of}, webhook {on})", one.id, one.event_type);
                    note(format!(
                        "refused: {name}: X has a different subscription for the same subject: {}",
                        shown(&other)
                    ));
                    note(format!("  to replace it, run `{}`", shown(&new.replace_command(&one))));
                }
            }
            Subscribed::Refused(error) => {
                refused += 1;
                note(format!("refused: {name}: {}", shown(&error.to_string())));
                note(format!("  {}", error.fix()));
            }
            Subscribed::Unconfirmed(why) => {
                unconfirmed += 1;
                note(format!("unconfirmed: {name}: {}", shown(&why.to_string())));
            }
            other => {
                unconfirmed += 1;
                note(format!("unconfirmed: {name}: {other:?}"));
            }
        }
    }
    for (outcome, all) in [("added", added), ("already there", existing)] {
        for one in all {
            match json {
                true => output::json(&one)?,
                false => output::line(format!("{outcome} {} {}", shown(&one.id), shown(&one.event_type)))?,
            }
        }
    }
    if refused > 0 {
        let message = format!("{refused} of {} refused", plural(all.len(), "subscription"));
        bail!(Failure::new(Code::StepsRefused, message, "do what the notes above say, then run the command again"));
    }
    Ok((unconfirmed == 0).into())
}
