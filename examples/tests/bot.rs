//! Tests of the bot as its users start it, against a mock X, with and without a crash.

use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use birdhook::client::{FileTokenStore, TokenStore, UserToken};
use birdhook_test_harness::TIMEOUT;
use birdhook_test_harness::server_process::ServerProcess;
use birdhook_testkit::mock::{MockSettings, MockWebhook, MockX, Written};
use birdhook_testkit::{MockEvent, MockEventKind};

use crate::servers::program;

const BOT: &str = "2001";

/// A running bot, which is killed at the end of the test.
struct Bot {
    process: ServerProcess,
    /// The lines of its standard output.
    printed: Receiver<String>,
}

impl Bot {
    /// Starts the bot with OAuth 1.0a tokens, or with the OAuth 2.0 token in its folder.
    fn start(x: &MockX, folder: &Path, oauth1: bool) -> Self {
        let (app, user) = (x.app(), x.user(BOT));
        let mut command = Command::new(program("bot"));
        command
            .envs([("BOT_USER_ID", BOT), ("PORT", "0"), ("BIRDHOOK_API_URL", &x.url())])
            .envs([("BIRDHOOK_CONSUMER_KEY", app.consumer_key.as_str())])
            .envs([("BIRDHOOK_CONSUMER_SECRET", app.consumer_secret.as_str())])
            .env("BOT_FOLDER", folder);
        if oauth1 {
            command.envs([("BOT_TOKEN", user.token.as_str()), ("BOT_TOKEN_SECRET", user.token_secret.as_str())]);
        }
        let (lines, printed) = channel();
        let process = ServerProcess::start(&mut command, move |line| drop(lines.send(line.to_owned()))).unwrap();
        Self { process, printed }
    }

    /// Returns the first word of the next line.
    async fn says(&self) -> String {
        let begun = std::time::Instant::now();
        while begun.elapsed() < TIMEOUT {
            if let Ok(line) = self.printed.try_recv() {
                return line.split(' ').next().unwrap().to_owned();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("the bot says nothing");
    }
}

async fn x() -> MockX {
    let mut settings = MockSettings::local();
    settings.rate_limits = false;
    MockX::start(settings).await.unwrap()
}

async fn webhook(x: &MockX, bot: &Bot) -> MockWebhook {
    let webhook = x.register(bot.process.url()).await.unwrap();
    x.subscribe(&webhook, BOT).unwrap();
    webhook
}

/// Waits until this many messages are written, and returns them.
async fn written(x: &MockX, many: usize) -> Vec<Written> {
    let wait = async {
        while x.written().len() < many {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(TIMEOUT, wait).await.expect("an answer");
    x.written()
}

/// Returns the expected answer to a message.
fn answer(message: &MockEvent) -> String {
    format!("You wrote: {}", message.text().unwrap())
}

#[tokio::test]
async fn answers_each_message_once_and_never_its_own() {
    for oauth1 in [true, false] {
        let (x, folder) = (x().await, tempfile::tempdir().unwrap());
        if !oauth1 {
            let token = UserToken::new(x.user(BOT).oauth2_token.as_str());
            FileTokenStore::new(folder.path().join("tokens")).set(BOT, Some(token)).await.unwrap();
        }
        let bot = Bot::start(&x, folder.path(), oauth1);
        let webhook = webhook(&x, &bot).await;
        for kind in [MockEventKind::MessageReceived, MockEventKind::MessageSent] {
            x.subscribe_to(&webhook, BOT, kind).unwrap();
        }
        // Both APIs report each event, each of them twice.
        x.deliver_duplicates(1);
        let first = x.emit(MockEventKind::MessageReceived, BOT);
        assert_eq!(bot.says().await, "answered");
        x.emit(MockEventKind::MessageSent, BOT);
        x.emit(MockEventKind::Like, BOT);
        x.settle().await;
        // The bot handles events in order: once it answers the last message, earlier events are
        // done.
        let last = x.emit(MockEventKind::MessageReceived, BOT);
        assert_eq!(bot.says().await, "answered");
        x.settle().await;
        let all = x.written();
        let texts: Vec<_> = all.iter().map(|one| (one.user_id.as_str(), one.text.clone().unwrap())).collect();
        assert_eq!(texts, [(BOT, answer(&first)), (BOT, answer(&last))]);
        assert!(all.iter().all(|one| one.to.as_deref().is_some_and(|to| to != BOT)), "{all:?}");
        assert!(x.ledger().sent().iter().all(|sent| sent.outcome.is_ok()));
    }
}

#[tokio::test]
async fn a_crash_between_the_call_and_the_ack_leaves_one_answer() {
    let (x, folder) = (x().await, tempfile::tempdir().unwrap());
    let bot = Bot::start(&x, folder.path(), true);
    let webhook = webhook(&x, &bot).await;
    // X has sent the answer, but the bot has not received the response.
    x.withhold_answers(true);
    let message = x.emit(MockEventKind::MessageReceived, BOT);
    written(&x, 1).await;
    // As a crash does.
    drop(bot);
    x.withhold_answers(false);

    let bot = Bot::start(&x, folder.path(), true);
    assert_eq!(bot.says().await, "unknown", "the inbox leases the event again once the bot is back");
    x.delete(&webhook);
    self::webhook(&x, &bot).await;
    let next = x.emit(MockEventKind::MessageReceived, BOT);
    assert_eq!(bot.says().await, "answered");
    let texts: Vec<_> = x.written().into_iter().map(|one| one.text.unwrap()).collect();
    assert_eq!(texts, [answer(&message), answer(&next)]);
}

#[tokio::test]
async fn what_x_refuses_is_tried_again_and_what_x_may_have_sent_is_not() {
    let (x, folder) = (x().await, tempfile::tempdir().unwrap());
    let bot = Bot::start(&x, folder.path(), true);
    webhook(&x, &bot).await;
    x.set_outage(Some(birdhook_testkit::mock::Outage::Unavailable));
    x.emit(MockEventKind::MessageReceived, BOT);
    assert_eq!(bot.says().await, "unknown", "after 503");
    x.set_outage(None);
    let message = x.emit(MockEventKind::MessageReceived, BOT);
    assert_eq!(bot.says().await, "answered");
    drop(bot);
    let texts: Vec<_> = x.written().into_iter().map(|one| one.text.unwrap()).collect();
    assert_eq!(texts, [answer(&message)]);

    // X refuses an OAuth 2.0 token that it does not know yet.
    let (x, folder) = (self::x().await, tempfile::tempdir().unwrap());
    let store = FileTokenStore::new(folder.path().join("tokens"));
    store.set(BOT, Some(UserToken::new("not a token"))).await.unwrap();
    let bot = Bot::start(&x, folder.path(), false);
    webhook(&x, &bot).await;
    let message = x.emit(MockEventKind::MessageReceived, BOT);
    x.settle().await;
    assert_eq!(x.written(), []);
    store.set(BOT, Some(UserToken::new(x.user(BOT).oauth2_token.as_str()))).await.unwrap();
    assert_eq!(bot.says().await, "answered");
    assert_eq!(x.written()[0].text.as_deref(), Some(answer(&message).as_str()));
}

#[test]
fn the_guide_shows_this_bot() {
    let (_, shown) = include_str!("../bot.rs").split_once("// guide: begin\n").unwrap();
    let (shown, _) = shown.split_once("        // guide: end\n").unwrap();
    let shown: String = shown.lines().map(|line| format!("{}\n", line.get(8..).unwrap_or_default())).collect();
    let guide = include_str!("../../docs/guide/bot.md");
    assert!(guide.contains(&format!("```rust,ignore\n{shown}```\n")), "copy it into docs/guide/bot.md:\n{shown}");
}
