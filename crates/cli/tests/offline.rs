//! Tests of commands that need no network (`crc`, `sign`, `verify`), and of secrets.

use crate::support::{Folder, SECRET, birdhook, end, run, run_with_input, with_keys};

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
            end(&mut command).refused(named).hides(&["hunter2"]).prints_only("");
        }
    }
    let named = "consumer_secret: the secret holds U+00A0 at position 8";
    end(&mut with_keys(&["webhooks", "list"], &keys)).refused(named);
}

#[test]
fn crc_prints_the_response_of_a_receiver() {
    let expected = birdhook::crc::respond(
        &birdhook::Secret::new(SECRET).unwrap(),
        "M2RkODJkZmM",
        birdhook::crc::TokenPolicy::default(),
    );
    run(&["crc", "M2RkODJkZmM"]).exits(0).prints_only(&format!("{}\n", expected.unwrap()));
}

#[test]
fn crc_refuses_a_token_that_could_be_a_delivery() {
    run(&["crc", r#"{"for_user_id":"1"}"#]).exits(1).prints_only("").says(&["refused"]);
}

#[test]
fn sign_signs_the_exact_bytes_of_a_file_or_standard_input() {
    let folder = Folder::new("sign");
    let file = folder.file("body", "test");
    with_key_test(&["sign", &file]).exits(0).prints_only(&format!("{SIGNED_TEST}\n"));
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
        check(body, signature).exits(1).prints(&[hint]);
        let json = with_key_test(&["verify", "--json", "--signature", signature, &folder.file("b", body)]).json();
        assert_eq!(json[0]["valid"], false);
    }
}

#[test]
fn verify_names_a_gzipped_body() {
    let folder = Folder::new("gzipped");
    std::fs::write(folder.0.join("b"), [0x1f, 0x8b, 8, 0, 0, 0, 0, 0]).unwrap();
    with_key_test(&["verify", "--signature", SIGNED_TEST, folder.0.join("b").to_str().unwrap()])
        .exits(1)
        .prints(&["gzipped"]);
}

#[test]
fn secrets_are_read_from_variables_or_files_and_never_printed() {
    let folder = Folder::new("secrets");
    let file = folder.file("secret", "test\n");
    let body = folder.file("body", "test");
    // The line break at the end of the file is not a part of the secret.
    let signed = format!("{SIGNED_TEST}\n");
    run(&["sign", &body, "--secret", &file]).prints_only(&signed);
    end(birdhook(&["sign", &body, "--secret", "OTHER"]).env("OTHER", "test")).prints_only(&signed);

    let literal = run(&["sign", &body, "--secret", "z3ZX4v7mAAUGykl3EcmkqbartmuW8VFOOzCloLx9Q45P0hLrFu"]);
    literal.refused("literal secrets are not accepted").prints_only("").hides(&["z3ZX4v7m"]);
    run(&["listen", "--app", "shop=z3ZX4v7mAAUGykl3Ecm"]).exits(2).hides(&["z3ZX4v7m"]);

    end(birdhook(&["sign", &body]).env_remove("BIRDHOOK_CONSUMER_SECRET")).refused("set BIRDHOOK_CONSUMER_SECRET");
    end(birdhook(&["sign", &body]).env("BIRDHOOK_CONSUMER_SECRET", "")).exits(2);
}

#[test]
fn wrong_usage_is_exit_code_two() {
    for args in
        [&["nonsense"] as &[&str], &["sign"], &["trigger", "http://127.0.0.1:1/", "nonsense"], &["sign", "nowhere"]]
    {
        let ended = run(args).exits(2).prints_only("");
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
        run(&[args, more].concat()).exits(2).says(&[expected]);
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
        run(&["completions", shell]).exits(0).prints(&commands);
    }
    let page = run(&["man"]).stdout;
    assert!(page.contains(".TH birdhook 1"), "{page}");
    let folder = Folder::new("man");
    run(&["man", folder.0.to_str().unwrap()]).exits(0);
    commands.iter().for_each(|command| {
        assert!(page.contains(&command.replace('-', "\\-")), "{command}");
        assert!(folder.0.join(format!("birdhook-{command}.1")).is_file(), "{command}");
    });
}

/// `docs/cli` is generated from the command-line help: `birdhook pages docs/cli` writes it.
#[test]
fn the_pages_of_the_manual_are_up_to_date() {
    let folder = Folder::new("pages");
    run(&["pages", folder.0.to_str().unwrap()]).exits(0);
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
        let consumer = consumer.map(|secret| ("BIRDHOOK_CONSUMER_SECRET", secret));
        end(command.env_remove("BIRDHOOK_CONSUMER_SECRET").envs(consumer))
    };
    assert_eq!(with(&["sign", &body], None).stdout.trim_end(), SIGNED_TEST);
    assert_eq!(with(&["sign", &body, "--json"], None).json()[0]["header"], "x-twitter-webhooks-signature-oauth2");
    let both = with(&["sign", &body], Some("another")).stdout;
    assert!(both.starts_with(&format!("x-twitter-webhooks-signature-oauth2: {SIGNED_TEST}\n")), "{both}");
    assert!(both.lines().nth(1).unwrap().starts_with("x-twitter-webhooks-signature: sha256="), "{both}");

    let signature = format!("--signature={SIGNED_TEST}");
    for consumer in [None, Some("another")] {
        assert_eq!(with(&["verify", &signature, &body, "--json"], consumer).exits(0).json()[0]["secret"], "client");
    }
    with(&["verify", &signature, &body], Some("another")).prints(&["made with the client secret"]);

    let alone = with(&["crc", "abc"], None).stdout;
    assert_eq!(with(&["crc", "abc"], Some("another")).stdout, alone, "X's newest pages");
    assert_eq!(with_key_test(&["crc", "abc"]).stdout, alone, "the same key");

    let mut literal = birdhook(&["sign", &body, "--client-secret", "z3ZX4v7mAAUGykl3Ecm"]);
    end(literal.env_remove("BIRDHOOK_CONSUMER_SECRET")).exits(2).hides(&["z3ZX4v7m"]);
}
