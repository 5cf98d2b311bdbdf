//! Every later version must read the files that version 0.1 wrote, and must leave files of later
//! versions as they are.

use std::fs;

use crate::account::Account;
use crate::support::{Ended, Folder, end, texts, with_keys};

const CREDENTIALS: &str = include_str!("golden/credentials-0.1.toml");
const ENSURE: &str = include_str!("golden/ensure-0.1.toml");
const PRICES: &str = include_str!("golden/prices-0.1.toml");

fn with_version(version: &str, text: &str) -> String {
    format!("version = {version}\n{text}")
}

fn refusal(path: &str) -> String {
    let message = format!("{path} has version 2, but this version of birdhook reads versions up to 1");
    format!("error: {message}\ntry: upgrade birdhook\n")
}

fn with_credentials(path: &str, args: &[&str]) -> Ended {
    end(&mut with_keys(args, path))
}

#[test]
fn a_credentials_file_of_version_0_1_is_read_and_written_as_it_was() {
    let folder = Folder::new("golden-credentials");
    for text in [CREDENTIALS.to_owned(), with_version("1", CREDENTIALS)] {
        let path = folder.file("keys.toml", &text);
        let listed = with_credentials(&path, &["auth", "list", "--json"]).exits(0);
        assert_eq!(texts(&listed.json(), "user_id"), ["2001", "3003"]);
        // Writes the file with the values that it has.
        with_credentials(&path, &["auth", "app"]).exits(0);
        assert_eq!(fs::read_to_string(&path).unwrap(), CREDENTIALS);
    }
}

#[test]
fn a_credentials_file_of_a_later_version_is_refused_and_stays() {
    let folder = Folder::new("golden-later-credentials");
    // A later version may have members of another form.
    for text in [with_version("2", CREDENTIALS), "version = 2\nusers = 5\n[consumer]\nkey = \"k\"\n".to_owned()] {
        let path = folder.file("keys.toml", &text);
        for args in [
            &["auth", "list"][..],
            &["auth", "app"],
            &["auth", "forget", "2001", "--yes"],
            &["auth", "user2", "--port", "0"],
            &["webhooks", "list"],
            &["subscriptions", "check", "1", "2001", "--sign-with", "user2"],
        ] {
            with_credentials(&path, args).exits(2).says_only(&refusal(&path));
            assert_eq!(fs::read_to_string(&path).unwrap(), text, "{args:?}");
        }
        let mock = with_credentials(&path, &["mock-x", "--addr", "127.0.0.1:0", "--credentials", &path]).exits(2);
        assert!(mock.stderr.ends_with(&refusal(&path)), "{mock}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

#[test]
fn a_credentials_file_whose_version_is_not_a_number_is_an_error_and_stays() {
    let folder = Folder::new("golden-odd-credentials");
    for version in ["\"2\"", "2.0", "-1", "99999999999"] {
        let text = with_version(version, CREDENTIALS);
        let path = folder.file("keys.toml", &text);
        let refused = with_credentials(&path, &["auth", "app"]);
        assert!(refused.code == 2 && refused.stderr.contains("keys.toml:1: "), "{version}: {refused}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

#[test]
fn configuration_files_of_version_0_1_are_read_and_those_of_later_versions_are_refused() {
    let account = Account::new("golden-configuration");
    let url = account.listening.url.clone();
    account.json(&["webhooks", "register", &url]);
    for (name, text) in [("ensure", ENSURE), ("prices", PRICES)] {
        let run = |text: &str| {
            let path = account.folder.file(name, text);
            let ended = match name {
                "ensure" => account.run(&["ensure", &path, "--dry-run", "--json"]),
                _ => account.run(&["migrate", &url, "--dry-run", "--json", "--prices", &path]),
            };
            (path, ended)
        };
        let read = run(text).1.exits(0);
        run(&with_version("1", text)).1.exits(0).prints_only(&read.stdout);
        for later in [with_version("2", text), "version = 2\nunknown = []\n".to_owned()] {
            let (path, refused) = run(&later);
            let refused = refused.exits(2).prints_only("");
            let error: serde_json::Value = serde_json::from_str(&refused.stderr).unwrap();
            let text = |member: &str| error[member].as_str().unwrap().to_owned();
            assert_eq!(format!("error: {}\ntry: {}\n", text("message"), text("try")), refusal(&path));
        }
    }
}
