//! Tests of the errors that users can reach: their codes, and their form as text and as JSON.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::net::TcpListener;
use std::process::Command;

use serde_json::Value;

use crate::support::fake_x::{FakeX, Rule, rule};
use crate::support::{Ended, Folder, Serving, birdhook, end, run, with_keys};

const KEYS: &str = "consumer_key = \"key\"\nconsumer_secret = \"secret\"\nbearer_token = \"bearer\"\nclient_id = \"client\"\n\
                    [owner]\ntoken = \"42-o\"\ntoken_secret = \"s\"\n\
                    [users.3141]\ntoken = \"3141-u\"\ntoken_secret = \"s\"\naccess_token = \"access\"\n\
                    [users.2718]\naccess_token = \"old\"\nrefresh_token = \"r\"\nexpires_at = \"2020-01-01T00:00:00Z\"\n";

/// Codes that the tables below do not reach: no test can be such a user, or another test reaches
/// them.
const ELSEWHERE: &[&str] = &[
    "failed",            // a fault of birdhook
    "permission_denied", // the tests may run as root
    "not_confirmed",     // needs a terminal as standard input
    "token_lost",        // in auth.rs, with a login
];

/// Checks that a command fails in the same way as text and as JSON. Returns the code.
#[track_caller]
fn code_of(name: &str, command: impl Fn(&[&str]) -> Ended + Sync) -> String {
    let (text, json) = std::thread::scope(|scope| {
        let text = scope.spawn(|| command(&[]));
        let json = command(&["--json"]);
        (text.join().unwrap().exits(2), json.exits(2))
    });
    let objects = json.stderr.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let objects: Vec<Value> = objects.filter(|object| object.get("code").is_some()).collect();
    let [object] = objects.as_slice() else { panic!("{name}: expected one JSON object: {json}") };
    let member =
        |member: &str| object[member].as_str().unwrap_or_else(|| panic!("{name}: no {member}: {json}")).to_owned();
    let (message, fix) = (member("message"), member("try"));
    let cause = object.get("cause").map_or_else(String::new, |_| format!("cause: {}\n", member("cause")));
    let printed = format!("error: {message}\n{cause}try: {fix}\n");
    assert!(text.stderr.ends_with(&printed), "{name}: {text}expected: {printed}");
    for label in ["error: ", "cause: ", "try: "] {
        let lines = text.stderr.lines().filter(|line| line.starts_with(label)).count();
        assert!(lines <= 1, "{name}: {label}is printed {lines} times: {text}");
    }
    for hint in ["; run `", ": run `", "; pass ", ": pass "] {
        assert!(!message.contains(hint), "{name}: the message contains a hint: {message}");
    }
    if let Some(command) = object.get("command") {
        let command = command.as_str().unwrap();
        assert!(fix.contains(&format!("`{command}`")), "{name}: {json}");
    }
    member("code")
}

/// Returns the codes of the manual.
fn documented() -> BTreeSet<String> {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/cli/errors.md")).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    rows.map(str::to_owned).collect()
}

/// Runs each case on a thread, because some wait for retries. Returns the codes.
fn check<T: Send>(cases: Vec<(&str, T)>, reached: impl Fn(&str, T) -> String + Sync) -> BTreeSet<String> {
    let reached = &reached;
    std::thread::scope(|scope| {
        let running: Vec<_> = cases
            .into_iter()
            .enumerate()
            .map(|(number, (code, case))| (code, scope.spawn(move || reached(&format!("{number} {code}"), case))))
            .collect();
        let ended = running.into_iter().map(|(code, case)| {
            assert_eq!(case.join().unwrap_or_else(|_| panic!("{code}: see above")), code);
            code.to_owned()
        });
        ended.collect()
    })
}

/// Returns the codes of errors that X's responses cause.
fn codes_of_x(folder: &Folder) -> BTreeSet<String> {
    let keys = folder.file("keys.toml", KEYS);
    let list: &[&str] = &["webhooks", "list"];
    let register: &[&str] = &["webhooks", "register", "https://hooks.example/x"];
    let replay: &[&str] =
        &["replay", "--webhook", "27", "--from", "2026-11-23T09:00:00Z", "--to", "2026-11-23T10:00:00Z"];
    let reason = |name: &str| format!(r#"{{"errors":[{{"message":"{name}"}}]}}"#);
    let numbered = |code: u32| format!(r#"{{"errors":[{{"code":{code},"message":"x"}}]}}"#);
    let cases = vec![
        ("challenge_failed", (400, reason("CrcValidationFailed: status"), register)),
        ("url_refused", (400, reason("UrlValidationFailed"), register)),
        ("duplicate_url", (400, reason("DuplicateUrlFailed"), register)),
        ("limit_reached", (400, reason("WebhookLimitExceeded"), register)),
        ("already_subscribed", (400, reason("DuplicateSubscriptionFailed"), list)),
        ("not_subscribed", (400, reason("SubscriptionNotFound"), list)),
        ("no_such_webhook", (400, reason("WebhookIdInvalid"), list)),
        ("webhook_invalid", (400, reason("CrcValidationFailed: marked invalid"), list)),
        ("not_allowed", (403, "{}".to_owned(), list)),
        ("access_level", (403, numbered(453), list)),
        ("suspended", (403, numbered(63), list)),
        ("locked", (403, numbered(326), list)),
        ("no_credits", (402, reason("CreditsDepleted"), list)),
        ("usage_cap", (429, reason("UsageCapExceeded"), list)),
        ("permission", (403, numbered(93), list)),
        ("unauthenticated", (401, "{}".to_owned(), list)),
        ("wrong_credential", (403, reason("forbidden for this endpoint"), list)),
        ("no_credential", (500, String::new(), &["subscriptions", "add", "27", "99"])),
        ("not_renewed", (400, r#"{"error":"invalid_request"}"#.to_owned(), &["subscriptions", "add", "27", "2718"])),
        ("rate_limited", (429, "{}".to_owned(), list)),
        ("replay_under_way", (409, "{}".to_owned(), replay)),
        ("replay_dates", (400, numbered(368), replay)),
        ("x_down", (503, String::new(), list)),
        ("unreadable_response", (200, "x".to_owned(), list)),
        ("x_refused", (418, String::new(), list)),
        ("login_failed", (403, String::new(), &["auth", "user", "--port", "0"])),
    ];
    check(cases, |name, (status, body, args)| {
        let any = |request| -> Rule { rule(request, status, body.clone()) };
        let x = FakeX::start([any("GET /"), any("POST /")]);
        code_of(name, |more| end(with_keys(&[args, more].concat(), &keys).env("BIRDHOOK_API_URL", &x.url)))
    })
}

fn without_secret(mut command: Command) -> Command {
    command.env_remove("BIRDHOOK_CONSUMER_SECRET");
    command
}

/// Returns the codes of all other errors.
fn codes_of_this_machine(folder: &Folder) -> BTreeSet<String> {
    let keys = folder.file("some-keys.toml", KEYS);
    let (none, empty) = (folder.path("missing"), folder.file("empty.toml", ""));
    let later = folder.file("later.toml", "version = 2\n");
    let garbage = folder.file("garbage.toml", "= 5\n");
    let used = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = used.local_addr().unwrap().to_string();
    let recording = folder.path("used.jsonl");
    let locked = File::create(&recording).unwrap();
    locked.lock().unwrap();
    let dir = |name: &str| {
        let dir = folder.path(name);
        drop(Serving::start(&["listen", "--inbox", &dir]).stop());
        dir
    };
    let (inbox, damaged) = (dir("inbox"), dir("damaged"));
    fs::write(format!("{damaged}/inbox.redb"), [7; 9000]).unwrap();
    let used_inbox = folder.path("used-inbox");
    let _receiver = Serving::start(&["listen", "--inbox", &used_inbox]);
    let webhooks = |url: &str| {
        let webhook = format!(r#"{{"data":[{{"id":"27","url":"{url}","valid":true}}]}}"#);
        FakeX::start([rule("GET /2/webhooks", 200, webhook), rule("GET /", 200, r#"{"data":[]}"#)])
    };
    let x = webhooks("https://App.example/hook/");
    let config = |name: &str, text: &str| folder.file(name, text);
    let ensured = |file: &str| with_keys(&["ensure", file, "--api-url", &x.url], &keys);
    let similar = config("similar.toml", "url = \"https://app.example/hook\"\n");
    let with_port = config("port.toml", "url = \"https://app.example:8443/hook\"\n");
    let unknown_type = config(
        "type.toml",
        "url = \"https://app.example/hook/\"\n[[activity]]\ntypes = [\"like.created\"]\nusers = [\"3141\"]\n",
    );
    let no_receiver = config("receiver.toml", "url = \"http://127.0.0.1:1/x\"\n");
    let activity = |args: &[&str]| with_keys(&[&["activity", "--api-url", &x.url], args].concat(), &keys);
    let app = |args: &[&str]| with_keys(args, &keys);
    let url = "http://127.0.0.1:1/";
    let cases: Vec<(&str, Command)> = vec![
        ("usage", birdhook(&["sgin"])),
        ("usage", birdhook(&["sign"])),
        ("usage", birdhook(&["sign", "-", "--colour", "never"])),
        ("usage", birdhook(&["sign", "-", "--color", "sometimes"])),
        ("usage", birdhook(&["trigger", url, "nonsense"])),
        ("usage", birdhook(&["trigger", url, "profile.update.bio", "--api", "aaa"])),
        ("usage", birdhook(&["trigger", url, "--rate", "1e-300"])),
        ("usage", birdhook(&["replay", "x", url, "--speed", "-1"])),
        (
            "usage",
            birdhook(&["replay", "--webhook", "1", "--from", "2026-01-02T00:00:00Z", "--to", "2026-01-01T00:00:00Z"]),
        ),
        (
            "usage",
            app(&[
                "replay",
                "--api",
                "premium",
                "--webhook",
                "1",
                "--from",
                "2026-01-01T00:00:00Z",
                "--to",
                "2026-01-01T01:00:00Z",
            ]),
        ),
        ("usage", birdhook(&["listen", "--path", "x"])),
        ("usage", birdhook(&["listen", "--record", "x", "--nats", "nats://127.0.0.1:1"])),
        ("usage", birdhook(&["doctor", url, "--report", "x.pdf"])),
        ("usage", app(&["watch", url, "--down-from", "2026-01-02T00:00:00Z", "--down-to", "2026-01-01T00:00:00Z"])),
        ("usage", activity(&["update", "1"])),
        ("invalid_url", birdhook(&["trigger", "example"])),
        ("invalid_url", birdhook(&["listen", "--forward", "example"])),
        ("invalid_target", birdhook(&["listen", "--forward", "https://shop.example/"])),
        ("invalid_url", app(&["webhooks", "list", "--api-url", "ftp://x.example"])),
        ("insecure_url", app(&["webhooks", "list", "--api-url", "http://x.example"])),
        ("invalid_file", with_keys(&["auth", "list"], &empty)),
        ("invalid_file", with_keys(&["auth", "list"], &garbage)),
        ("invalid_file", ensured(&garbage)),
        ("invalid_file", ensured(&config("both.toml", "url = \"x\"\n[[activity]]\ntypes = []\n"))),
        ("invalid_file", ensured(&config("api.toml", "url = \"x\"\napi = \"enterprize\"\n"))),
        ("invalid_file", app(&["migrate", url, "--dry-run", "--prices", &garbage])),
        ("invalid_file", birdhook(&["doctor", url, "--trust-root", &garbage])),
        ("later_version", ensured(&later)),
        ("later_version", with_keys(&["auth", "list"], &later)),
        ("not_found", birdhook(&["sign", &none])),
        ("not_found", ensured(&none)),
        ("not_found", birdhook(&["replay", &none, url])),
        ("address_in_use", birdhook(&["listen", "--addr", &address])),
        ("address_in_use", birdhook(&["mock-x", "--addr", &address])),
        ("address_in_use", app(&["auth", "user", "--port", address.rsplit(':').next().unwrap()])),
        ("file_in_use", birdhook(&["record", &recording, "--addr", "127.0.0.1:0"])),
        ("io", birdhook(&["sign", folder.0.to_str().unwrap()])),
        ("confirmation_required", app(&["webhooks", "delete", "27"])),
        ("no_secret", without_secret(birdhook(&["sign", "-"]))),
        ("no_secret", without_secret(birdhook(&["listen"]))),
        ("no_secret", without_secret(birdhook(&["doctor", url]))),
        ("invalid_secret", birdhook(&["sign", "-", "--secret", "a-literal"])),
        ("invalid_secret", birdhook(&["sign", "-", "--secret", &empty])),
        ("invalid_secret", birdhook(&["verify", "--signature", "x", "-", "--secret", &empty])),
        ("invalid_secret", birdhook(&["doctor", url, "--secret", &empty])),
        ("invalid_secret", birdhook(&["mock-x", "--secret", &empty])),
        ("no_keys", with_keys(&["webhooks", "list"], &none)),
        ("no_keys", with_keys(&["auth", "app"], &none)),
        ("no_keys", with_keys(&["auth", "user"], &none)),
        ("no_keys", with_keys(&["auth", "user2"], &none)),
        ("no_such_user", app(&["auth", "forget", "7"])),
        ("no_inbox", birdhook(&["inbox", "stats", &none])),
        ("no_inbox", birdhook(&["relay", "--inbox", &none, "--nats", "nats://127.0.0.1:1"])),
        ("inbox_in_use", birdhook(&["listen", "--addr", "127.0.0.1:0", "--inbox", &used_inbox])),
        ("inbox_unreadable", birdhook(&["inbox", "stats", &damaged])),
        ("backup_failed", birdhook(&["inbox", "backup", &inbox, "--to", &garbage])),
        ("no_such_event", birdhook(&["inbox", "dead-letters", &inbox, "--show", "9.0"])),
        ("no_engine", birdhook(&["consume"])),
        ("engine_unavailable", birdhook(&["consume", "--nats", "nats://127.0.0.1:1"])),
        ("engine_unavailable", birdhook(&["consume", "--redis", "redis://127.0.0.1:1"])),
        ("database_unavailable", birdhook(&["postgres", "check", "postgres://app@127.0.0.1:1/app"])),
        ("invalid_state", ensured(&with_port)),
        ("invalid_state", ensured(&unknown_type)),
        ("invalid_subscription", activity(&["add", "like.created", "--user", "3141"])),
        ("invalid_subscription", activity(&["add", "like.create", "--user", "x"])),
        ("no_such_subscription", activity(&["renew", "9", "--permanent"])),
        ("receiver_fault", ensured(&no_receiver)),
        ("similar_url", ensured(&similar)),
        ("steps_refused", activity(&["add", "post.create", "--keyword", "ferry"])),
        ("mock_refused", birdhook(&["mock-x", "--addr", "127.0.0.1:0", "--webhook", url])),
        ("no_answer", app(&["webhooks", "list", "--api-url", "http://127.0.0.1:1"])),
    ];
    let cases = cases.into_iter().map(|(code, command)| {
        let args: Vec<_> = command.get_args().map(|arg| arg.to_str().unwrap().to_owned()).collect();
        let envs: Vec<_> =
            command.get_envs().map(|(name, value)| (name.to_owned(), value.map(ToOwned::to_owned))).collect();
        (code, (args, envs))
    });
    check(cases.collect(), |name, (args, envs)| {
        code_of(name, |more| {
            let args: Vec<&str> = args.iter().map(String::as_str).chain(more.iter().copied()).collect();
            let mut command = birdhook(&args);
            for (name, value) in &envs {
                match value {
                    Some(value) => command.env(name, value),
                    None => command.env_remove(name),
                };
            }
            end(&mut command)
        })
    })
}

#[test]
fn every_documented_error_has_its_code_a_fix_and_the_same_texts_as_text_and_as_json() {
    let folder = Folder::new("errors");
    let reached = std::thread::scope(|scope| {
        let of_x = scope.spawn(|| codes_of_x(&folder));
        &codes_of_this_machine(&folder) | &of_x.join().unwrap()
    });
    let elsewhere: BTreeSet<String> = ELSEWHERE.iter().map(|code| (*code).to_owned()).collect();
    assert_eq!(&reached | &elsewhere, documented());
    assert!(reached.is_disjoint(&elsewhere));
}

#[test]
fn usage_errors_suggest_what_was_meant_and_name_the_help_of_the_command() {
    for (args, says) in [
        (&["sgin"] as &[&str], "error: unrecognized subcommand 'sgin'\ntry: use sign, or run `birdhook --help`\n"),
        (
            &["sign", "-", "--colour", "never"],
            "error: unexpected argument '--colour' found\ntry: use --color, or run `birdhook sign --help`\n",
        ),
        (
            &["sign", "-", "--color", "neve"],
            "error: invalid value 'neve' for '--color <WHEN>'\ncause: possible values: auto, always, never\n\
             try: use never, or run `birdhook sign --help`\n",
        ),
        (
            &["inbox", "discard"],
            "error: the following required arguments were not provided: <DIR>, <ID>...\n\
             try: run `birdhook inbox discard --help`\n",
        ),
    ] {
        run(args).exits(2).prints_only("").says_only(says);
    }
    for args in [["inbox", "--json"], ["--json", "inbox"]] {
        let missing = run(&args).exits(2).prints_only("");
        let missing: Value = serde_json::from_str(&missing.stderr).unwrap();
        assert_eq!((&missing["code"], &missing["command"]), (&"usage".into(), &"birdhook inbox --help".into()));
    }
    run(&["inbox"]).exits(2).prints_only("").says(&["Usage: birdhook inbox", "EXAMPLES:"]);
}

#[test]
fn an_unknown_event_type_is_answered_with_the_name_that_x_knows() {
    let folder = Folder::new("types");
    let keys = folder.file("keys.toml", KEYS);
    for (name, meant) in [
        ("like.created", "like.create"),
        ("favorite_events", "like.create"),
        ("liked", "like.create"),
        ("nonsense", "an event type of the X Activity API, for example like.create"),
    ] {
        let says = format!("try: use {meant}\n");
        let text = format!("url = \"https://x.example/\"\n[[activity]]\ntypes = [\"{name}\"]\nusers = [\"3141\"]\n");
        let file = folder.file("webhook.toml", &text);
        for args in [&["ensure", &file] as &[&str], &["activity", "add", name, "--user", "3141"]] {
            // Nothing listens there: the type is checked before any call.
            let ended = end(with_keys(args, &keys).env("BIRDHOOK_API_URL", "http://127.0.0.1:1"));
            ended.refused(&says).says(&["unknown event type", "nothing was changed"]);
        }
    }
}

#[test]
fn ensure_suggests_a_registered_variant_of_the_url_and_changes_nothing() {
    let folder = Folder::new("variants");
    let keys = folder.file("keys.toml", KEYS);
    for (registered, is_variant) in [
        ("https://app.example/hook/", true),
        ("https://www.app.example/hook", true),
        ("https://app.example/Hook", true),
        ("https://app.example/hook", false),
        ("https://APP.example/hook", false),
        ("https://app.example/hook?a=b", false),
        ("https://app.example/", false),
    ] {
        let webhook = format!(r#"{{"data":[{{"id":"27","url":"{registered}","valid":true}}]}}"#);
        let x = FakeX::start([rule("GET /2/webhooks", 200, webhook)]);
        let file = folder.file("webhook.toml", "url = \"https://app.example/hook\"\n");
        let ensure = |more: &[&str]| {
            let mut command = with_keys(&[&["ensure", &file, "--no-probe"], more].concat(), &keys);
            end(command.env("BIRDHOOK_API_URL", &x.url))
        };
        let is_registering = || x.requests().iter().any(|request| request.starts_with("POST /2/webhooks"));
        for more in [&[][..], &["--dry-run"]] {
            let ended = ensure(more);
            let says = format!("set url = \"{registered}\", or delete it with `birdhook webhooks delete 27`");
            assert_eq!(ended.stderr.contains(&says), is_variant, "{registered}: {ended}");
        }
        let is_registered = registered.eq_ignore_ascii_case("https://app.example/hook") && !is_variant;
        assert_eq!(is_registering(), !is_variant && !is_registered, "{registered}");
        ensure(&["--new-url"]);
        assert_eq!(is_registering(), !is_registered, "{registered}");
    }
}

/// Returns whether a text has a colour or a weight.
#[cfg(unix)]
fn is_styled(text: &str) -> bool {
    text.split("\u{1b}[")
        .skip(1)
        .any(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';').starts_with('m'))
}

#[cfg(unix)]
#[test]
fn a_terminal_gets_colours_unless_an_option_or_a_variable_forbids_them() {
    use crate::support::terminal::on_terminal;

    let folder = Folder::new("colours");
    let keys = folder.file("keys.toml", KEYS);
    let receiver = Serving::start(&["listen", "--quiet"]);
    // Errors, wrong usage and help.
    for args in [
        &["sign", "/nonexistent"] as &[&str],
        &["sgin"],
        &["inbox"],
        &["webhooks", "list", "--api-url", "http://x.example"],
        &["listen", "--addr", receiver.address()],
    ] {
        let shown = |more: &[&str], no_color: bool| {
            let mut command = with_keys(&[args, more].concat(), &keys);
            command.env("BIRDHOOK_CONSUMER_SECRET", "secret");
            if no_color {
                command.env("NO_COLOR", "1");
            }
            on_terminal(command).1
        };
        assert!(is_styled(&shown(&[], false)), "{args:?}");
        assert!(is_styled(&shown(&["--color", "always"], true)), "{args:?}");
        for plain in [shown(&[], true), shown(&["--color", "never"], false), shown(&["--color=never"], false)] {
            assert!(!plain.is_empty() && !is_styled(&plain), "{args:?}: {plain:?}");
        }
    }
}
