//! The commands, one per file.

pub(crate) mod activity;
pub(crate) mod auth;
pub(crate) mod completions;
pub(crate) mod consume;
pub(crate) mod crc;
pub(crate) mod doctor;
pub(crate) mod ensure;
pub(crate) mod inbox;
pub(crate) mod inspect;
pub(crate) mod listen;
pub(crate) mod man;
pub(crate) mod migrate;
pub(crate) mod mock_x;
pub(crate) mod relay;
pub(crate) mod replay;
pub(crate) mod sign;
pub(crate) mod stream_links;
pub(crate) mod subscriptions;
pub(crate) mod trigger;
pub(crate) mod validate;
pub(crate) mod verify;
pub(crate) mod watch;
pub(crate) mod webhooks;

use anyhow::Result;

use crate::Verdict;
use crate::args::{Args, Command};

pub(crate) async fn run(Args { json, command }: Args) -> Result<Verdict> {
    match command {
        Command::Listen(listen) => listen.run(json).await,
        Command::Trigger(trigger) => trigger.run(json).await,
        Command::Doctor(doctor) => doctor.run(json).await,
        Command::Crc(crc) => crc.run(json),
        Command::Sign(sign) => sign.run(json),
        Command::Verify(verify) => verify.run(json),
        Command::Inspect(inspect) => inspect.run(json),
        Command::Record(record) => record.run(json).await,
        Command::Inbox(inbox) => inbox.run(json).await,
        Command::Relay(relay) => relay.run(json).await,
        Command::Consume(consume) => consume.run(json).await,
        Command::Replay(replay) => replay.run(json).await,
        Command::MockX(mock_x) => mock_x.run(json).await,
        Command::Auth(auth) => auth.run(json).await,
        Command::Ensure(ensure) => ensure.run(json).await,
        Command::Migrate(migrate) => migrate.run(json).await,
        Command::Watch(watch) => watch.run(json).await,
        Command::Validate(validate) => validate.run(json).await,
        Command::Webhooks(webhooks) => webhooks.run(json).await,
        Command::Subscriptions(subscriptions) => subscriptions.run(json).await,
        Command::Activity(activity) => activity.run(json).await,
        Command::StreamLinks(links) => links.run(json).await,
        Command::Completions(completions) => completions.run(),
        Command::Man(man) => man.run(),
        Command::Pages(pages) => pages.run(),
    }
}
