//! Every later version must print the members that version 0.1 printed with `--json`. It may add
//! some.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use birdhook::inbox::{Clock, Inbox, InboxSettings};
use birdhook::{Delivery, sink::EventSink};
use redb::{Database, TableDefinition};
use serde_json::Value;

use crate::account::Account;
use crate::inbox::change_record;
use crate::support::{Folder, Serving, birdhook, end, run, run_with_input};

const LIKE: &str = r#"{"for_user_id":"2001","favorite_events":[{"id":"9f8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c","timestamp_ms":1795426320000,"favorited_status":{"id_str":"55","text":"New: bird &amp; feeders","user":{"id_str":"2001","screen_name":"finchworks"}},"user":{"id_str":"3001","screen_name":"ada_reads"}}]}"#;
const FOLLOW: &str = r#"{"data":{"event_uuid":"-7953119945885597316","filter":{"user_id":"2001"},"event_type":"follow.follow","tag":"bell","payload":{"source":{"data":{"id":"3003","username":"grace_birds"}},"target":{"data":{"id":"2001","username":"finchworks"}}}}}"#;
const TWO: &str = r#"{"for_user_id":"2001","tweet_delete_events":[{"status":{"id":"1","user_id":"7"}},{"status":{"id":"2","user_id":"7"}}]}"#;

/// Returns whether a value contains everything that an older one does. Members may be added.
fn holds(new: &Value, old: &Value) -> bool {
    match (new, old) {
        (Value::Object(new), Value::Object(old)) => {
            old.iter().all(|(name, old)| new.get(name).is_some_and(|new| holds(new, old)))
        }
        (Value::Array(new), Value::Array(old)) => {
            new.len() == old.len() && new.iter().zip(old).all(|(new, old)| holds(new, old))
        }
        (new, old) => new == old,
    }
}

/// Replaces the values of these members, which vary, but keeps their types.
fn mask(value: &mut Value, varying: &[&str]) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(text) if varying.contains(&&**name) => "any".clone_into(text),
                    Value::Number(number) if varying.contains(&&**name) => *number = 0.into(),
                    value => mask(value, varying),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| mask(value, varying)),
        _ => {}
    }
}

/// Compares what a command prints with what version 0.1 printed, except for the values that vary.
fn compare(command: &str, mut printed: Vec<Value>, varying: &[&str]) {
    let golden: BTreeMap<String, Vec<Value>> = serde_json::from_str(include_str!("golden/json-0.1.json")).unwrap();
    printed.iter_mut().for_each(|value| mask(value, varying));
    let show = |lines: &[Value]| lines.iter().map(Value::to_string).collect::<Vec<_>>().join(",\n");
    let old = golden.get(command).map_or(&[][..], Vec::as_slice);
    let is_equal =
        !old.is_empty() && printed.len() == old.len() && printed.iter().zip(old).all(|(new, old)| holds(new, old));
    assert!(is_equal, "birdhook {command} prints\n{}\ninstead of\n{}", show(&printed), show(old));
}

/// A clock that no machine's clock has reached. An inbox whose last commit is later than the
/// machine's clock goes on at the time of that commit.
struct Late;

impl Clock for Late {
    fn wall(&self) -> Duration {
        Duration::from_secs(4_102_444_800)
    }

    fn steady(&self) -> Duration {
        Duration::ZERO
    }
}

/// Creates an inbox with an event in each state, and one that cannot be read.
#[tokio::main(flavor = "current_thread")]
async fn fill(folder: &str) {
    let options = InboxSettings::new().keep_acknowledged(Duration::from_secs(3600)).clock(Late);
    let inbox = options.open(folder).await.unwrap();
    let store = async |app: &str, body: &str| {
        inbox.deliver(Delivery::restore(app, body.to_owned(), 10).unwrap()).await.unwrap();
    };
    store("shop", LIKE).await;
    inbox.recv().await.unwrap().ack().await.unwrap();
    store("shop", TWO).await;
    inbox.recv().await.unwrap().reject().await.unwrap();
    inbox.recv().await.unwrap().nack(Duration::from_secs(60)).await.unwrap();
    store("default", FOLLOW).await;
    store("default", r#"{"unreadable":true}"#).await;
    Inbox::close(&inbox, Duration::from_secs(10)).await;
    drop(inbox);
    change_record(folder, 3, |record| {
        let start = record.iter().position(|byte| *byte == b'{').unwrap();
        record[start] = b'[';
    });
}

#[test]
fn the_commands_of_an_inbox_print_the_members_of_version_0_1() {
    let folder = Folder::new("golden-json-inbox");
    let dir = folder.path("inbox");
    fill(&dir);
    for (args, code) in [
        (&["stats"][..], 0),
        (&["list"], 0),
        (&["export"], 0),
        (&["dead-letters"], 0),
        (&["dead-letters", "--show", "1.0"], 0),
        (&["verify"], 0),
        (&["requeue", "1.0", "7.0"], 1),
        (&["discard", "1.0", "7.0", "--yes"], 1),
    ] {
        let ended = run(&[&["inbox", args[0], &dir], &args[1..], &["--json"]].concat()).exits(code);
        compare(&format!("inbox {}", args.join(" ")), ended.json(), &["disk", "oldest_seconds", "unreadable"]);
    }
}

#[test]
fn a_damaged_inbox_is_reported_with_the_members_of_version_0_1() {
    let folder = Folder::new("golden-json-damaged");
    let dir = folder.path("inbox");
    fill(&dir);
    let file = format!("{dir}/inbox.redb");
    let database = Database::open(&file).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(TableDefinition::<u64, &[u8]>::new("progress")).unwrap().remove(1).unwrap();
    transaction.commit().unwrap();
    drop(database);
    let damaged = run(&["inbox", "verify", &dir, "--json"]).exits(1);
    compare("inbox verify, damaged", damaged.json(), &["damage"]);
}

#[test]
fn the_commands_without_network_print_the_members_of_version_0_1() {
    let read =
        run_with_input(&["inspect", "--json", "--raw", "--app", "shop", "-"], &format!("{LIKE}\n{FOLLOW}\n{TWO}"));
    compare("inspect", read.exits(0).json(), &[]);
    compare("crc", run(&["crc", "a-token"]).json(), &[]);
    compare("sign", run_with_input(&["sign", "--json", "-"], LIKE).json(), &[]);

    let folder = Folder::new("golden-json-offline");
    let file = folder.file("body", LIKE);
    let signature = run(&["sign", "--json", &file]).json()[0]["signature"].as_str().unwrap().to_owned();
    compare("verify", run(&["verify", "--json", "--signature", &signature, &file]).json(), &[]);
    let other = folder.file("other", &format!("{LIKE}\n"));
    let wrong = run(&["verify", "--json", "--signature", &signature, &other]).exits(1);
    compare("verify, wrong", wrong.json(), &["error", "hint"]);

    let path = folder.file("keys.toml", include_str!("golden/credentials-0.1.toml"));
    let with_credentials = |args: &[&str]| end(birdhook(args).env("BIRDHOOK_CREDENTIALS", &path)).json();
    compare("auth list", with_credentials(&["auth", "list", "--json"]), &[]);
    compare("auth forget", with_credentials(&["auth", "forget", "3003", "--yes", "--json"]), &["kept"]);
    assert!(fs::read_to_string(&path).unwrap().contains("2001"));
}

#[test]
fn the_doctor_prints_the_members_of_version_0_1() {
    let examined = run(&["doctor", "--local", "--json", "http://127.0.0.1:1/webhooks/twitter"]).exits(1);
    let mut diagnosis = examined.json();
    // The checks are those of the test kit, which may add some.
    diagnosis[0]["findings"].as_array_mut().unwrap().retain(|finding| finding["verdict"] == "failed");
    compare("doctor", diagnosis, &["proves", "observed", "cause", "cure"]);
}

#[test]
fn what_was_sent_is_summed_up_with_the_members_of_version_0_1() {
    let listening = Serving::start(&["listen", "--quiet", "--json"]);
    let args = ["trigger", &listening.url, "like.create", "--generation", "xaa", "--seed", "7", "--json"];
    let varying = ["seconds", "min", "median", "p99", "max"];
    compare("trigger", run(&args).json(), &varying);
}

#[test]
fn the_commands_that_call_x_print_the_members_of_version_0_1() {
    let account = Account::new("golden-json-account");
    let (url, golden) = (account.listening.url.clone(), include_str!("golden/ensure-0.1.toml"));
    let varying = ["id", "webhook_id", "subscription_id", "url", "created_at", "updated_at", "ready_at"];
    let file = account.folder.file("golden.toml", golden);
    compare("ensure --dry-run", account.json(&["ensure", &file, "--dry-run"]), &varying);
    let file = account.desired(
        "account_activity = [\"2001\"]\n[[activity]]\ntypes = [\"like.create\"]\nusers = [\"2002\"]\ntag = \"bell\"\n",
    );
    compare("ensure", account.json(&["ensure", &file]), &varying);
    let webhooks = account.json(&["webhooks", "list"]);
    let id = webhooks[0]["id"].as_str().unwrap().to_owned();
    compare("webhooks list", webhooks, &varying);
    compare("subscriptions list", account.json(&["subscriptions", "list", &id]), &varying);
    compare("activity list", account.json(&["activity", "list"]), &varying);
    let prices = account.folder.file("prices.toml", include_str!("golden/prices-0.1.toml"));
    let migrate = ["migrate", &url, "--dry-run", "--type", "post.create", "--type", "like.create", "--prices", &prices];
    compare("migrate --dry-run", account.json(&migrate), &varying);
}
