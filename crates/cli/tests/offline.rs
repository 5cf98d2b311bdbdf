//! Tests of commands that need no network (`crc`, `sign`, `verify`), and of secrets.

use crate::support::{Folder, SECRET, birdhook, end, run, run_with_input};

/// HMAC-SHA256 of `test` with the key `test`, computed by openssl.
const SIGNED_TEST: &str = "sha256=iM0hCLU0fZc885zfkFPX3UJwSHbYyam9ji0WglnT3fc=";

fn with_key_test(args: &[&str]) -> crate::support::Ended {
    end(birdhook(args).env("BIRDHOOK_CONSUMER_SECRET", "test"))
}

/// Every command that takes a secret names an invalid character, and prints nothing else of it.
#[test]
fn a_secret_that_is_not_printable_ascii_is_refused_with_its_character_and_position() {
    let folder = Folder::new("secret-characters");
    let keys = folder.file("keys.toml", "consumer_key = \"k\"\nconsumer_secret = \"hunter2\\u00a0\"\n");
    let commands: [&[&str]; 8] = [
        &["listen"],
        &["record", "/dev/null"],
        &["crc", "token"],
        &["sign", "/dev/null"],
        &["trigger", "http://127.0.0.1:1/"],
        &["doctor", "--local", "http://127.0.0.1:1/"],
        &["mock-x", "--secret", "BIRDHOOK_CONSUMER_SECRET"],
        &["auth", "app", "--credentials", "/nonexistent/keys.toml"],
    ];
    for args in commands {
        for (secret, named) in [("\u{feff}hunter2", "U+FEFF at position 1"), ("hunter2\u{a0}", "U+00A0 at position 8")]
        {
            let mut command = birdhook(args);
            command.env("BIRDHOOK_CONSUMER_KEY", "k").env("BIRDHOOK_CONSUMER_SECRET", secret);
            let refused = end(&mut command);
            assert!(refused.code == 2 && refused.stderr.contains(named), "{args:?}: {}", refused.stderr);
            assert!(!refused.stderr.contains("hunter2") && refused.stdout.is_empty(), "{args:?}: {}", refused.stderr);
        }
    }
    let mut command = birdhook(&["webhooks", "list", "--credentials", &keys]);
    let named = "consumer_secret: the secret holds U+00A0 at position 8";
    end(command.env_remove("BIRDHOOK_CONSUMER_SECRET")).refused(named);
}

#[test]
fn crc_prints_the_response_of_a_receiver() {
    let expected = birdhook::crc::respond(
        &birdhook::Secret::new(SECRET).unwrap(),
        "M2RkODJkZmM",
        birdhook::crc::TokenPolicy::default(),
    );
    let answered = run(&["crc", "M2RkODJkZmM"]);
    assert_eq!((answered.code, answered.stdout.trim_end()), (0, expected.unwrap().as_str()));
}

#[test]
fn crc_refuses_a_token_that_could_be_a_delivery() {
    let refused = run(&["crc", r#"{"for_user_id":"1"}"#]);
    assert_eq!((refused.code, refused.stdout.as_str()), (1, ""));
    assert!(refused.stderr.contains("refused"), "{}", refused.stderr);
}

#[test]
fn sign_signs_the_exact_bytes_of_a_file_or_standard_input() {
    let folder = Folder::new("sign");
    let file = folder.file("body", "test");
    let signed = with_key_test(&["sign", &file]);
    assert_eq!((signed.code, signed.stdout.trim_end()), (0, SIGNED_TEST));
    let json = with_key_test(&["sign", &file, "--json"]).json().remove(0);
    assert_eq!(json["signature"], SIGNED_TEST);
    assert_eq!(json["header"], "x-twitter-webhooks-signature");

    let from_stdin = run_with_input(&["sign", "-"], "{}\n").stdout;
    assert_ne!(from_stdin, run_with_input(&["sign", "-"], "{}").stdout, "the line break is signed");
}

#[test]
fn verify_names_the_likely_cause_of_a_wrong_signature() {
    let folder = Folder::new("verify");
    let check =
        |body: &str, signature: &str| with_key_test(&["verify", "--signature", signature, &folder.file("b", body)]);
    check("test", SIGNED_TEST).exits(0);
    let hexadecimal = "sha256=88cd2108b5347d973cf39cdf9053d7dd42704876d8c9a9bd8e2d168259d3ddf7";
    let sign = |body: &str| {
        let signed = with_key_test(&["sign", &folder.file("signed", body)]);
        signed.stdout.trim_end().to_owned()
    };
    let escaped = r#"{"url":"https:\/\/t.co"}"#;
    let rewritten = r#"{"url":"https://t.co"}"#;
    for (body, signature, hint) in [
        ("test\n", SIGNED_TEST, "trailing white space"),
        ("test", hexadecimal, "hexadecimal"),
        ("test", SIGNED_TEST.trim_start_matches("sha256="), "the prefix 'sha256=' is missing"),
        (escaped, sign(rewritten).as_str(), "different formatting"),
        ("\u{feff}test", SIGNED_TEST, "byte order mark"),
        ("dGVzdA==\n", SIGNED_TEST, "the body is base64"),
        (rewritten, sign(escaped).as_str(), "JSON.stringify"),
        ("caf\u{e9} < a/b", sign("caf\\u00e9 < a\\/b").as_str(), "JSON.stringify"),
        ("\u{1f600} < a/b", sign("\\ud83d\\ude00 \\u003c a\\/b").as_str(), "JSON.stringify"),
        ("tess", SIGNED_TEST, "does not match"),
    ] {
        let checked = check(body, signature);
        assert_eq!(checked.code, 1, "{body} {signature}");
        assert!(checked.stdout.contains(hint), "{body} {signature}: {}", checked.stdout);
        let json = with_key_test(&["verify", "--json", "--signature", signature, &folder.file("b", body)]).json();
        assert_eq!(json[0]["valid"], false);
    }
}

#[test]
fn verify_names_a_gzipped_body() {
    let folder = Folder::new("gzipped");
    std::fs::write(folder.0.join("b"), [0x1f, 0x8b, 8, 0, 0, 0, 0, 0]).unwrap();
    let checked = with_key_test(&["verify", "--signature", SIGNED_TEST, folder.0.join("b").to_str().unwrap()]).exits(1);
    assert!(checked.stdout.contains("gzipped"), "{}", checked.stdout);
}

#[test]
fn secrets_are_read_from_variables_or_files_and_never_printed() {
    let folder = Folder::new("secrets");
    let file = folder.file("secret", "test\n");
    let body = folder.file("body", "test");
    let from_file = run(&["sign", &body, "--secret", &file]);
    assert_eq!(from_file.stdout.trim_end(), SIGNED_TEST, "without the line break");
    let from_variable = end(birdhook(&["sign", &body, "--secret", "OTHER"]).env("OTHER", "test"));
    assert_eq!(from_variable.stdout.trim_end(), SIGNED_TEST);

    let literal = run(&["sign", &body, "--secret", "z3ZX4v7mAAUGykl3EcmkqbartmuW8VFOOzCloLx9Q45P0hLrFu"]);
    assert_eq!((literal.code, literal.stdout.as_str()), (2, ""));
    assert!(literal.stderr.contains("literal secrets are not accepted"), "{}", literal.stderr);
    assert!(!literal.stderr.contains("z3ZX4v7m"), "{}", literal.stderr);
    let literal_app = run(&["listen", "--app", "shop=z3ZX4v7mAAUGykl3Ecm"]).exits(2);
    assert!(!literal_app.stderr.contains("z3ZX4v7m"), "{}", literal_app.stderr);

    end(birdhook(&["sign", &body]).env_remove("BIRDHOOK_CONSUMER_SECRET")).refused("set BIRDHOOK_CONSUMER_SECRET");
    end(birdhook(&["sign", &body]).env("BIRDHOOK_CONSUMER_SECRET", "")).exits(2);
}

#[test]
fn wrong_usage_is_exit_code_two() {
    for args in
        [&["nonsense"] as &[&str], &["sign"], &["trigger", "http://127.0.0.1:1/", "nonsense"], &["sign", "nowhere"]]
    {
        let ended = run(args);
        assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{args:?}");
        assert!(!ended.stderr.is_empty(), "{args:?}");
    }
}

/// The error of an invalid value names the option by its new name.
#[test]
fn old_option_names_are_accepted() {
    for (args, option) in [
        (&["listen", "--cut-over=x"] as &[&str], "--dual-mode"),
        (&["relay", "--cut-over=x"], "--dual-mode"),
        (&["listen", "--tries", "x"], "--max-attempts"),
        (&["trigger", "http://127.0.0.1:1/", "--generation", "x"], "--api"),
        (&["mock-x", "--generation", "x"], "--api"),
        (&["inbox", "list", "x", "--standing", "x"], "--status"),
    ] {
        run(args).refused(&format!("value 'x' for '{option}"));
    }
}

#[test]
fn options_of_an_unused_engine_are_wrong_usage() {
    let (ca, engine) = ("'--nats <URL>' cannot be used with '--redis-ca <FILE>'", "--nats <URL>|--redis <URL>");
    for (args, expected) in [
        (&["consume", "--nats", "nats://127.0.0.1:1", "--redis-ca", "x"] as &[&str], ca),
        (&["relay", "--inbox", "x", "--nats", "nats://127.0.0.1:1", "--redis-ca", "x"], ca),
        (&["listen", "--nats", "nats://127.0.0.1:1", "--redis-ca", "x"], ca),
        (&["listen", "--redis-ca", "x"], "--redis <URL>"),
        (&["listen", "--stream", "S"], engine),
        (&["listen", "--subject", "a.{kind}"], engine),
        (&["listen", "--max-bytes", "1 GiB"], engine),
        (&["listen", "--cloud-events"], engine),
        (&["listen", "--inbox", "x", "--in-order"], engine),
    ] {
        // An address that this machine does not have, so that the command ends in any case.
        let more: &[&str] = if args[0] == "listen" { &["--addr", "192.0.2.1:1"] } else { &[] };
        let ended = run(&[args, more].concat());
        assert_eq!(ended.code, 2, "{args:?}");
        assert!(ended.stderr.contains(expected), "{args:?}: {}", ended.stderr);
    }
}

/// The variable may be set for every program on a machine.
#[test]
fn the_redis_ca_variable_applies_only_to_redis() {
    let consume = |args: &[&str]| end(birdhook(&[&["consume"], args].concat()).env("BIRDHOOK_REDIS_CA", "/nowhere"));
    consume(&["--nats", "nats://127.0.0.1:1"]).refused("cannot reach a NATS server");
    consume(&["--redis", "rediss://127.0.0.1:1"]).refused("cannot read /nowhere");
    consume(&["--redis", "rediss://127.0.0.1:1", "--redis-ca", "/elsewhere"]).refused("cannot read /elsewhere");
}

#[test]
fn the_manual_and_the_completions_name_every_command() {
    let commands = ["listen", "trigger", "doctor", "crc", "sign", "verify", "inspect", "record", "replay", "mock-x"];
    for shell in ["bash", "zsh", "fish"] {
        let script = run(&["completions", shell]).exits(0);
        commands.iter().for_each(|command| assert!(script.stdout.contains(command), "{shell} {command}"));
    }
    let page = run(&["man"]).stdout;
    assert!(page.contains(".TH birdhook 1"), "{page}");
    let folder = Folder::new("man");
    assert_eq!(run(&["man", folder.0.to_str().unwrap()]).code, 0);
    commands.iter().for_each(|command| {
        assert!(page.contains(&command.replace('-', "\\-")), "{command}");
        assert!(folder.0.join(format!("birdhook-{command}.1")).is_file(), "{command}");
    });
}

/// `docs/cli` is generated from the command-line help: `birdhook pages docs/cli` writes it.
#[test]
fn the_pages_of_the_manual_are_up_to_date() {
    let folder = Folder::new("pages");
    assert_eq!(run(&["pages", folder.0.to_str().unwrap()]).code, 0);
    let kept = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/cli");
    let names = |folder: &std::path::Path| {
        let mut names: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    assert_eq!(names(&folder.0), names(kept.as_ref()));
    for name in names(&folder.0) {
        let [made, kept] = [folder.0.join(&name), std::path::Path::new(kept).join(&name)]
            .map(|path| std::fs::read_to_string(path).unwrap());
        assert!(made == kept, "{name:?} is stale: run `cargo run -p birdhook-cli -- pages docs/cli`");
    }
}

#[test]
fn the_client_secret_signs_answers_and_verifies() {
    let folder = Folder::new("client-secret");
    let (body, client) = (folder.file("body", "test"), folder.file("client", "test"));
    let with = |args: &[&str], consumer: Option<&str>| {
        let mut command = birdhook(&[args, &["--client-secret", &client]].concat());
        command
            .env_remove("BIRDHOOK_CONSUMER_SECRET")
            .envs(consumer.map(|secret| ("BIRDHOOK_CONSUMER_SECRET", secret)));
        end(&mut command)
    };
    assert_eq!(with(&["sign", &body], None).stdout.trim_end(), SIGNED_TEST);
    assert_eq!(with(&["sign", &body, "--json"], None).json()[0]["header"], "x-twitter-webhooks-signature-oauth2");
    let both = with(&["sign", &body], Some("another")).stdout;
    assert!(both.starts_with(&format!("x-twitter-webhooks-signature-oauth2: {SIGNED_TEST}\n")), "{both}");
    assert!(both.lines().nth(1).unwrap().starts_with("x-twitter-webhooks-signature: sha256="), "{both}");

    let signature = format!("--signature={SIGNED_TEST}");
    for consumer in [None, Some("another")] {
        let checked = with(&["verify", &signature, &body, "--json"], consumer);
        assert_eq!((checked.code, &checked.json()[0]["secret"]), (0, &"client".into()));
    }
    let printed = with(&["verify", &signature, &body], Some("another")).stdout;
    assert!(printed.contains("made with the client secret"), "{printed}");

    let alone = with(&["crc", "abc"], None).stdout;
    assert_eq!(with(&["crc", "abc"], Some("another")).stdout, alone, "X's newest pages");
    assert_eq!(with_key_test(&["crc", "abc"]).stdout, alone, "the same key");

    let literal = end(
        birdhook(&["sign", &body, "--client-secret", "z3ZX4v7mAAUGykl3Ecm"]).env_remove("BIRDHOOK_CONSUMER_SECRET")
    )
    .exits(2);
    assert!(!literal.stderr.contains("z3ZX4v7m"), "{}", literal.stderr);
}
