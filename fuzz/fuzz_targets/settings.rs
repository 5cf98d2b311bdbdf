//! The files that the tool reads: the keys, which no error may reveal, and the desired state for
//! `ensure`.
//!
//! The tool's sources are included, because a program cannot be linked.
#![no_main]

#[path = "../../crates/cli/src/commands/ensure/config.rs"]
mod config;
#[allow(dead_code, reason = "of the tool's file only what reads is used")]
#[path = "../../crates/cli/src/account/keys.rs"]
mod keys;
#[allow(dead_code, reason = "versions are checked before a text is parsed")]
#[path = "../../crates/cli/src/version.rs"]
mod version;

/// What the included files use of the tool's errors.
mod error {
    #[derive(Debug)]
    pub(crate) enum Code {
        InvalidFile,
        InvalidSecret,
        LaterVersion,
        NoKeys,
        NotFound,
    }

    #[derive(Debug)]
    pub(crate) struct Failure(Code, String, String);

    impl Failure {
        pub(crate) fn new(code: Code, message: impl Into<String>, fix: impl Into<String>) -> Self {
            Self(code, message.into(), fix.into())
        }
    }

    impl std::fmt::Display for Failure {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "{:?}: {}; {}", self.0, self.1, self.2)
        }
    }

    impl std::error::Error for Failure {}
}

mod apps {
    use crate::error::{Code, Failure};

    pub(crate) fn invalid_secret(name: impl std::fmt::Display) -> Failure {
        Failure::new(Code::InvalidSecret, format!("{name} cannot be a secret"), "copy it again")
    }
}

use std::collections::BTreeSet;

use birdhook::client::Credentials;
use config::ConfigFile;
use keys::Keys;
use libfuzzer_sys::fuzz_target;
use toml::{Table, Value};

/// A part of each secret in the seeds.
const SECRET: &str = "hunter2";

fuzz_target!(|text: &str| {
    match Keys::parse(text) {
        Ok(keys) => {
            let written = toml::to_string(&keys).expect("it can be written");
            let again = Keys::parse(&written).expect("it can be read again");
            assert_eq!(toml::to_string(&again).expect("it can be written"), written);
            assert!(!format!("{keys:?} {:?}", Credentials::try_from(&keys)).contains(SECRET) || is_a_name(text));
        }
        Err((line, message)) => {
            assert!(line >= 1 && line <= text.lines().count().max(1));
            assert!(!message.contains(SECRET), "{message}");
        }
    }

    let Ok(written) = toml::from_str::<ConfigFile>(text) else { return };
    let table: Table = text.parse().expect("it was read");
    let Ok(wanted) = written.desired() else { return };
    assert_eq!(table["url"].as_str(), Some(&*wanted.url));
    let list = |table: &Table, name: &str| -> Vec<String> {
        let values = table.get(name).and_then(Value::as_array).into_iter().flatten();
        values.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let users: BTreeSet<String> = list(&table, "account_activity").into_iter().collect();
    assert_eq!(users, wanted.account_activity);
    let mut wishes = BTreeSet::new();
    for wish in table.get("activity").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_table) {
        let (users, keywords) = (list(wish, "users"), list(wish, "keywords"));
        assert_ne!(users.is_empty(), keywords.is_empty());
        for name in list(wish, "types") {
            let tag = wish.get("tag").and_then(Value::as_str).map(str::to_owned);
            let way = wish.get("direction").and_then(Value::as_str).map(str::to_owned);
            wishes.extend(users.iter().map(|user| (name.clone(), Some(user.clone()), None, way.clone(), tag.clone())));
            wishes
                .extend(keywords.iter().map(|word| (name.clone(), None, Some(word.clone()), way.clone(), tag.clone())));
        }
    }
    let told = wanted.activity.into_iter().map(|wish| {
        let filter = serde_json::to_value(&wish.filter).expect("it can be written");
        let member = |name: &str| filter[name].as_str().map(str::to_owned);
        (wish.event_type, member("user_id"), member("keyword"), member("direction"), wish.tag)
    });
    assert_eq!(told.collect::<BTreeSet<_>>(), wishes);
});

/// Returns whether the secret occurs where an id or address belongs. These are not secret, and are
/// printed.
fn is_a_name(text: &str) -> bool {
    let table: Table = text.parse().expect("it was read");
    let told = |name: &str| table.get(name).is_some_and(|value| value.to_string().contains(SECRET));
    let users = table.get("users").and_then(Value::as_table);
    told("api_url")
        || told("consumer_key")
        || told("client_id")
        || users.is_some_and(|users| users.keys().any(|id| id.contains(SECRET)))
}
