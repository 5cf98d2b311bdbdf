//! Tests of the credentials file, which several processes change at once.

use std::fs;
use std::net::TcpListener;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::{Folder, birdhook, end, with_keys};

const USERS: [&str; 6] = ["1", "2", "3", "4", "5", "6"];

fn text_of(users: &[&str]) -> String {
    let user = |id: &&str| format!("[users.{id}]\naccess_token = \"a{id}\"\nrefresh_token = \"r{id}\"\n");
    format!("client_id = \"id\"\nbearer_token = \"b\"\n{}", users.iter().map(user).collect::<String>())
}

fn toml_of(path: &str) -> toml::Table {
    toml::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn spawn(path: &str, args: &[&str], environment: &[(&str, &str)]) -> Child {
    let mut command = with_keys(args, path);
    command.envs(environment.iter().copied()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// 25 rounds of 8 writers: 200 changes.
#[test]
fn concurrent_changes_of_the_file_are_all_kept() {
    let folder = Folder::new("credentials-writers");
    for round in 0..25 {
        let path = folder.file("keys.toml", &text_of(&USERS));
        let mut runs: Vec<_> = USERS.iter().map(|user| spawn(&path, &["auth", "forget", user, "--yes"], &[])).collect();
        runs.push(spawn(&path, &["auth", "app"], &[("BIRDHOOK_CLIENT_ID", "new")]));
        let keys = [("BIRDHOOK_CONSUMER_KEY", "k"), ("BIRDHOOK_CONSUMER_SECRET", "s")];
        runs.push(spawn(&path, &["auth", "app"], &keys));
        for run in runs {
            let output = run.wait_with_output().unwrap();
            assert!(output.status.success(), "round {round}: {}", String::from_utf8_lossy(&output.stderr));
        }
        let keys = toml_of(&path);
        let text = |name: &str| keys.get(name).and_then(toml::Value::as_str);
        let all = ["client_id", "bearer_token", "consumer_key", "consumer_secret"].map(text);
        assert_eq!(all, [Some("new"), Some("b"), Some("k"), Some("s")], "round {round}");
        assert!(!keys.contains_key("users"), "round {round}: {keys}");
    }
    let mut names: Vec<_> = fs::read_dir(&folder.0).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["keys.lock", "keys.toml"]);
}

#[test]
fn an_empty_or_unreadable_file_is_an_error_and_is_not_changed() {
    let folder = Folder::new("credentials-empty");
    for content in ["", "\n \n", "[users"] {
        let path = folder.file("keys.toml", content);
        for args in [&["auth", "app"][..], &["auth", "list"], &["webhooks", "list"], &["auth", "forget", "1", "--yes"]]
        {
            let says = if content.trim().is_empty() { "keys.toml is empty" } else { "keys.toml" };
            end(with_keys(args, &path).env("BIRDHOOK_BEARER_TOKEN", "b")).refused(says);
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_others_can_read_causes_a_warning_and_becomes_private_when_written() {
    use std::os::unix::fs::PermissionsExt;

    let folder = Folder::new("credentials-mode");
    let path = folder.file("keys.toml", &text_of(&USERS));
    let list = || end(birdhook(&["auth", "list"]).env("BIRDHOOK_CREDENTIALS", &path));
    for mode in [0o640, 0o604] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let warning = format!("warning: others can read {path} (mode 0{mode:o}): run `chmod 600 {path}`\n");
        list().exits(0).says_only(&warning);
    }
    end(birdhook(&["auth", "forget", "1", "--yes"]).env("BIRDHOOK_CREDENTIALS", &path)).exits(0);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    list().exits(0).says_only("");
}

/// X may have accepted the refresh token, but does not answer. The run takes 10 s.
#[test]
fn a_renewal_without_a_response_is_sent_once_and_names_the_user() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    // Holds the connections open.
    let accept = move || Vec::from_iter(listener.incoming().inspect(|_| _ = count.fetch_add(1, Ordering::Relaxed)));
    std::thread::spawn(accept);
    let folder = Folder::new("credentials-silence");
    let text = format!("{}expires_at = \"2020-01-01T00:00:00Z\"\n", text_of(&["2001"]));
    let path = folder.file("keys.toml", &text);
    let check = ["subscriptions", "check", "1", "2001", "--sign-with", "user2"];
    let begun = std::time::Instant::now();
    let silent = end(birdhook(&check).env("BIRDHOOK_CREDENTIALS", &path).env("BIRDHOOK_API_URL", url));
    assert!((10..15).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    assert_eq!(connections.load(Ordering::Relaxed), 1, "{silent}");
    let fix = "run `birdhook auth user2` and have user 2001 authorise the app again";
    silent.exits(2).says(&["X may have accepted the refresh token", fix]);
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}
