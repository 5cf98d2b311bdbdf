//! Tests of commands for an inbox in PostgreSQL.

use birdhook::Delivery;
use birdhook::inbox::InboxSettings;
use birdhook::postgres::Postgres;
use birdhook::sink::EventSink;
use birdhook_test_harness::postgres::PostgresServer;

use crate::support::run;

const BODY: &str = r#"{"for_user_id":"7","tweet_delete_events":[{"status":{"id":"20","user_id":"7"}}]}"#;

#[test]
#[ignore = "needs PostgreSQL"]
fn the_schema_is_created_and_its_events_are_changed() {
    let server = PostgresServer::start();
    let url = server.url();
    let absent = run(&["inbox", "list", "--postgres", &url]);
    assert_eq!(absent.code, 2);
    assert!(absent.stderr.contains("run `birdhook postgres migrate`"), "{}", absent.stderr);

    let dry = run(&["postgres", "migrate", &url, "--dry-run"]);
    assert!(dry.code == 0 && dry.stdout.contains(r#"CREATE TABLE "birdhook".events"#), "{} {}", dry.stdout, dry.stderr);
    assert_eq!(server.psql("SELECT to_regnamespace('birdhook') IS NULL"), "t", "nothing was changed");
    assert_eq!(run(&["postgres", "migrate", &url]).stdout, "migrated to version 1 in 1 step\n");
    assert_eq!(run(&["postgres", "migrate", &url]).stdout, "nothing to do: the schema has the needed version\n");
    let weak = run(&["postgres", "check", &url]);
    assert!(weak.code == 1 && weak.stdout.contains("synchronous_standby_names is empty"), "{}", weak.stdout);

    let runtime = tokio::runtime::Runtime::new().unwrap();
    let inbox = runtime.block_on(async {
        let inbox = Postgres::connect(&url).await.unwrap().open_inbox(InboxSettings::new()).await.unwrap();
        inbox.deliver(Delivery::restore("shop", BODY.to_owned(), 1).unwrap()).await.unwrap();
        inbox.recv().await.unwrap().reject().await.unwrap();
        inbox
    });
    let at = |words: &[&str]| run(&[words, &["--postgres", &url]].concat());
    assert!(at(&["inbox", "stats"]).stdout.contains("dead letters  1"), "{}", at(&["inbox", "stats"]).stdout);
    let listed = at(&["inbox", "dead-letters", "--json"]).stdout;
    let id = serde_json::from_str::<serde_json::Value>(&listed).unwrap()["id"].as_str().unwrap().to_owned();
    let shown = at(&["inbox", "dead-letters", "--show", &id]);
    assert!(shown.stdout.contains("post_deleted"), "{} {}", shown.stdout, shown.stderr);
    assert_eq!(at(&["inbox", "requeue", &id]).stdout, "requeued 1 event\n", "while the app has it open");
    let lease = runtime.block_on(inbox.recv()).unwrap();
    assert_eq!((lease.id().to_string(), lease.attempts()), (id.clone(), 1));
    runtime.block_on(lease.reject()).unwrap();
    assert_eq!(at(&["inbox", "verify"]).code, 0);
    let none = at(&["inbox", "requeue"]);
    assert!(none.code == 2 && none.stderr.contains("no event is named"), "{}", none.stderr);
    assert_eq!(at(&["inbox", "purge", "7", "--yes"]).stdout, "purged 1 event\n");
    assert_eq!(server.psql("SELECT count(*) FROM birdhook.dead_letters"), "0");
}

#[test]
fn a_missing_variable_is_named() {
    let ended = run(&["postgres", "check", "BIRDHOOK_TEST_UNSET"]);
    assert_eq!(ended.code, 2);
    assert!(ended.stderr.contains("the environment variable BIRDHOOK_TEST_UNSET is not set"), "{}", ended.stderr);
}
