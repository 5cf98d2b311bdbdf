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
    let named = "invalid value of consumer_secret\ncause: the secret holds U+00A0 at position 8";
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
        ("\"caf\u{e9} < a/b\"", sign("\"caf\\u00e9 < a\\/b\"").as_str(), "JSON.stringify"),
        ("\"\u{1f600} < a/b\"", sign("\"\\ud83d\\ude00 \\u003c a\\/b\"").as_str(), "JSON.stringify"),
        ("tess", SIGNED_TEST, "does not match"),
    ] {
        check(body, signature).exits(1).prints(&[hint]);
        let json = with_key_test(&["verify", "--json", "--signature", signature, &folder.file("b", body)]).json();
        assert_eq!(json[0]["valid"], false);
    }
}

/// The body as X sent it, with its escapes and with ids above 2^53.
const SENT: &str = r#"{"for_user_id":"1","a":{"id":1209097192914310001,"id_str":"1209097192914310001","text":"caf\u00e9 \ud83d\ude00 https:\/\/t.co\/a &amp; b"}}"#;

/// Checks the signature of [`SENT`] for this body, and returns the text output.
fn verify_sent(name: &str, body: &[u8]) -> crate::support::Ended {
    let folder = Folder::new(&format!("verify-{name}"));
    let signature = with_key_test(&["sign", &folder.file("sent", SENT)]).stdout;
    std::fs::write(folder.0.join("body"), body).unwrap();
    with_key_test(&["verify", "--signature", signature.trim(), &folder.path("body")])
}

#[test]
fn verify_undoes_each_usual_change_of_a_body() {
    let stringified = SENT.replace("\\/", "/").replace("\\u00e9", "\u{e9}").replace("\\ud83d\\ude00", "\u{1f600}");
    let rounded = stringified.replace("\"id\":1209097192914310001", "\"id\":1209097192914310000");
    let spaced = SENT.replace("\":", "\": ").replace(",\"", ", \"");
    let lines = SENT.replace("{\"", "{\r\n  \"");
    let encoded = base64(SENT.as_bytes());
    let quoted = serde_json::to_string(SENT).unwrap();
    let lambda = serde_json::json!({"headers": {}, "body": encoded, "isBase64Encoded": true}).to_string();
    let recording = crate::support::recorded("2026-11-23T09:32:01Z", SENT);
    let utf16: Vec<u8> = std::iter::once(0xfeff).chain(SENT.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let (bom, in_quotes, with_newline) = (format!("\u{feff}{SENT}"), format!("'{SENT}'\n"), format!("{SENT}\r\n"));
    let gzipped = gzip(SENT.as_bytes());
    let cases: [(&str, &[u8], &[&str]); 13] = [
        ("stringified", stringified.as_bytes(), &["X's escapes", "JSON.stringify"]),
        ("rounded", rounded.as_bytes(), &["X's escapes", "ids that JavaScript rounded"]),
        ("spaced", spaced.as_bytes(), &["white space between the values", "pretty-printed"]),
        ("pretty", lines.as_bytes(), &["white space between the values"]),
        ("base64", encoded.as_bytes(), &["decoded from base64", "Lambda"]),
        ("gzip", &gzipped, &["is decompressed", "gzipped"]),
        ("bom", bom.as_bytes(), &["byte order mark"]),
        ("utf16", &utf16, &["UTF-16"]),
        ("string", quoted.as_bytes(), &["JSON string", "quotes"]),
        ("quotes", in_quotes.as_bytes(), &["quotes around the body"]),
        ("newline", with_newline.as_bytes(), &["trailing white space"]),
        ("lambda", lambda.as_bytes(), &["the base64 `body` of a logged request"]),
        ("recording", recording.as_bytes(), &["a recording"]),
    ];
    for (name, body, texts) in cases {
        let ended = verify_sent(name, body).exits(1).prints(&["matches if: ", "\ncause: ", "\ntry: "]).prints(texts);
        assert!(!ended.stdout.contains("usual causes"), "{ended}");
    }
    verify_sent("as-sent", SENT.as_bytes()).exits(0);
}

#[test]
fn verify_undoes_changed_line_ends_and_a_removed_line_break() {
    let folder = Folder::new("verify-lines");
    for (sent, body, change) in [
        ("a\nb", "a\r\nb", "from CRLF to LF"),
        ("a\r\nb", "a\nb", "from LF to CRLF"),
        ("{}\n", "{}", "a line break is added"),
        ("{\"b\":1,\"a\":[2]}", "{ \"b\": 1,\n \"a\": [2] }", "white space between the values"),
        ("{\"b\": 1, \"a\": \"\\u00e9\"}", "{\"b\":1,\"a\":\"\u{e9}\"}", "json.dumps"),
        ("{\n  \"b\": 1\n}", "{\"b\":1}", "pretty-printed with 2 spaces"),
    ] {
        let signature = with_key_test(&["sign", &folder.file("sent", sent)]).stdout;
        with_key_test(&["verify", "--signature", signature.trim(), &folder.file("body", body)])
            .exits(1)
            .prints(&[change]);
    }
}

#[test]
fn verify_undoes_usual_mistakes_with_a_secret_and_never_prints_it() {
    let folder = Folder::new("verify-secrets");
    let (body, secret) = (folder.file("body", "test"), "z3ZX4v7mAAUG");
    let signature = end(birdhook(&["sign", &body]).env("BIRDHOOK_CONSUMER_SECRET", secret)).stdout;
    let check = |configured: &str, variables: &[(&str, &str)]| {
        let mut command = birdhook(&["verify", "--signature", signature.trim(), &body]);
        command.env("BIRDHOOK_CREDENTIALS", "/nonexistent/keys.toml").env("BIRDHOOK_CONSUMER_SECRET", configured);
        end(command.envs(variables.iter().copied())).hides(&[secret])
    };
    check(secret, &[]).exits(0);
    let hexadecimal: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    for (configured, change) in [
        (format!("{secret}\n"), "white space around the secret"),
        (format!(" {secret}"), "white space around the secret"),
        (format!("\"{secret}\""), "quotes around the secret"),
        (format!("SECRET={secret}"), "after `=`"),
        (base64(secret.as_bytes()), "secret is decoded from base64"),
        (base64(format!("{secret}\n").as_bytes()), "secret is decoded from base64"),
        (hexadecimal, "decoded from hexadecimal"),
    ] {
        check(&configured, &[]).exits(1).prints(&[change]);
    }
    let key = check("the-api-key", &[("BIRDHOOK_CONSUMER_KEY", "the-api-key")]);
    key.exits(1).prints(&["usual causes", "the configured consumer secret is the app's API key"]);
    let signed_with_key = check("other", &[("BIRDHOOK_CONSUMER_KEY", secret)]);
    signed_with_key.exits(1).prints(&["the API key (consumer key) is used as the secret"]);
    check("other\n", &[]).refused("U+000A");
    let keys = folder.file("keys.toml", &format!("consumer_secret = \"{secret}\"\n"));
    check("other", &[("BIRDHOOK_CREDENTIALS", &keys)]).exits(1).prints(&["consumer secret of the credentials file"]);
}

#[test]
fn verify_with_the_name_of_a_header_accepts_only_its_secret() {
    let folder = Folder::new("verify-header");
    let body = folder.file("body", "test");
    let check = |name: &str| with_key_test(&["verify", "--signature", &format!("{name}: {SIGNED_TEST}"), &body]);
    check("X-Twitter-Webhooks-Signature").exits(0);
    let other = check("x-twitter-webhooks-signature-oauth2");
    other.exits(1).prints(&["it is the value of x-twitter-webhooks-signature,", "the other header"]);
}

#[test]
fn verify_reads_signatures_in_other_encodings() {
    let folder = Folder::new("verify-encodings");
    let body = folder.file("body", "test");
    let encoded = SIGNED_TEST.trim_start_matches("sha256=");
    let hexadecimal = "88cd2108b5347d973cf39cdf9053d7dd42704876d8c9a9bd8e2d168259d3ddf7";
    for (signature, change) in [
        (format!("\"{SIGNED_TEST}\""), "quotes around the signature"),
        (SIGNED_TEST.replace('=', "%3D"), "URL-decoded"),
        (format!("sha256={}", encoded.trim_end_matches('=')), "standard, padded base64"),
        (format!("sha256={}", base64(hexadecimal.as_bytes())), "hexadecimal text"),
        (hexadecimal.to_owned(), "the signature is base64 and the signature begins with"),
    ] {
        with_key_test(&["verify", "--signature", &signature, &body]).exits(1).prints(&[change, "matches if"]);
    }
}

#[test]
fn verify_lists_the_usual_causes_if_nothing_matches() {
    let folder = Folder::new("verify-causes");
    for (body, cause) in [
        ("", "the body is empty"),
        ("{\"a\":1,", "not complete JSON"),
        ("{\"a\":1}", "different deliveries"),
        (
            "{\"a\":1}",
            "x-twitter-webhooks-signature-oauth2: X makes it with the client secret, which is not configured",
        ),
    ] {
        let ended = with_key_test(&["verify", "--signature", SIGNED_TEST, &folder.file("body", body)]);
        ended.exits(1).prints(&["no usual mistake explains it", cause]);
    }
    let cut = with_key_test(&["verify", "--signature", "sha256=iM0hCLU0", &folder.file("body", "test")]);
    cut.exits(1).prints(&["the signature is cut off"]);
}

fn base64(bytes: &[u8]) -> String {
    base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut encoder, bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn verify_names_an_incomplete_gzipped_body() {
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

#[test]
fn an_error_is_printed_as_message_cause_and_fix_or_as_one_json_object() {
    let without = |args: &[&str]| end(birdhook(args).env_remove("BIRDHOOK_CONSUMER_SECRET"));
    let fix = "set BIRDHOOK_CLIENT_SECRET to the app's OAuth 2.0 client secret, or set BIRDHOOK_CONSUMER_SECRET to its consumer secret, or name a variable or file that contains one";
    without(&["sign", "-"]).exits(2).says_only(&format!("error: no secret\ntry: {fix}\n"));
    let unreadable = run(&["sign", "/nonexistent/body"]).exits(2);
    assert_eq!(unreadable.stderr.lines().count(), 3, "{unreadable}");
    unreadable.says(&["error: cannot read /nonexistent/body\ncause: "]);

    let json = |ended: crate::support::Ended| -> serde_json::Value {
        assert_eq!((ended.code, ended.stdout.as_str(), ended.stderr.lines().count()), (2, "", 1), "{ended}");
        serde_json::from_str(&ended.stderr).unwrap()
    };
    let no_secret = json(without(&["sign", "-", "--json"]));
    assert_eq!(no_secret, serde_json::json!({"code": "no_secret", "message": "no secret", "try": fix}));
    let unreadable = json(run(&["sign", "/nonexistent/body", "--json"]));
    assert_eq!(unreadable["code"], "not_found");
    assert_eq!(unreadable["message"], "cannot read /nonexistent/body");
    assert!(unreadable["cause"].is_string());
    let usage = json(run(&["--json", "nonsense"]));
    assert_eq!(usage["code"], "usage");
    assert_eq!(usage["message"], "unrecognized subcommand 'nonsense'");
}

#[test]
fn the_tool_without_arguments_names_the_commands_for_newcomers() {
    let ended = run(&[]).exits(2).prints_only("");
    let named = ended.stderr.lines().filter(|line| line.starts_with("  birdhook ")).count();
    assert_eq!(named, 5, "{ended}");
    assert!(ended.stderr.lines().all(|line| line.len() <= 80), "{ended}");
}

#[test]
fn the_help_lists_commands_under_headings_within_80_columns() {
    let help = run(&["-h"]).exits(0);
    for heading in ["Receive:", "Diagnose:", "Simulate:", "Manage X:", "Inbox:", "Engines:"] {
        assert!(help.stdout.lines().any(|line| line == heading), "{heading}: {help}");
    }
    let listed = |line: &&str| line.starts_with("  ") && !line.trim_start().starts_with('-');
    assert!(help.stdout.lines().filter(listed).all(|line| line.len() <= 80), "{help}");
    help.hides(&["  pages ", "\u{1b}"]);
    let verify = run(&["verify", "--help"]).exits(0);
    verify.prints(&["EXAMPLES:\n  birdhook verify ", "EXIT CODES:\n  0  success\n  1  the signature is wrong\n  2  "]);
    run(&["trigger", "--help"]).exits(0).prints(&["EXAMPLES:", "like.create"]);
}

#[test]
fn color_selects_colours_also_for_errors_and_help() {
    let folder = Folder::new("color");
    let body = folder.file("body", "test");
    let valid = |more: &[&str]| with_key_test(&[&["verify", "--signature", SIGNED_TEST, &body], more].concat());
    let plain = "the signature is valid\n";
    valid(&[]).prints_only(plain);
    valid(&["--color", "never"]).prints_only(plain);
    valid(&["--color=always"]).prints(&["\u{1b}[32mthe signature is valid"]);
    let no_color = |more: &[&str]| {
        let mut command = birdhook(&[&["verify", "--signature", SIGNED_TEST, &body], more].concat());
        end(command.env("NO_COLOR", "1").env("CLICOLOR_FORCE", "1").env("BIRDHOOK_CONSUMER_SECRET", "test"))
    };
    no_color(&[]).prints_only(plain);
    run(&["--help", "--color", "always"]).prints(&["\u{1b}[1m"]);
    run(&["sign", "/nonexistent/body", "--color", "always"]).exits(2).says(&["\u{1b}["]);
    run(&["sign", "--color", "always"]).exits(2).says(&["\u{1b}["]);
    run(&["sign", "--color", "never"]).exits(2).hides(&["\u{1b}"]);
    run(&["sign", "--color", "sometimes"]).refused("possible values: auto, always, never");
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
        (&["listen", "--inbox", "x", "--in-order"], "--in-order needs --forward, --exec or an engine"),
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
