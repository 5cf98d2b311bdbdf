//! Tests of `birdhook listen --exec`, with real processes.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::forwarding::{accepted, deletions, keys, post};
use crate::support::target_app::{TargetApp, answer};
use crate::support::{Folder, Serving, birdhook};

/// Waits until a file has this many lines, and returns them.
pub(crate) fn lines(path: &str, count: usize) -> Vec<String> {
    let begun = Instant::now();
    loop {
        let text = fs::read_to_string(path).unwrap_or_default();
        let complete = text.rsplit_once('\n').map_or("", |(complete, _)| complete);
        let lines: Vec<_> = complete.lines().map(str::to_owned).collect();
        if lines.len() >= count {
            return lines;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "{count} lines are expected: {text}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Returns whether a process exists that has not ended.
fn is_running(id: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    // An ended process without a parent that waits for it is a zombie.
    stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with(['Z', 'X']))
}

/// Waits for the end of a process that was killed. The system ends it a moment later.
#[track_caller]
fn ends(id: &str) {
    let begun = Instant::now();
    while is_running(id) {
        assert!(begun.elapsed() < Duration::from_secs(5), "the process {id} still runs");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_program_gets_the_event_on_its_input_and_only_ids_in_its_environment() {
    let folder = Folder::new("exec-run");
    let (input, environment) = (folder.path("input"), folder.path("environment"));
    let shop = folder.file("shop", "shop-secret");
    let script = r#"cat >> "$1"; echo >> "$1"; env | sort > "$2"; echo "$3" >> "$2""#;
    let mut command = birdhook(&["listen", "--quiet", "--json", "--app", "default=APP_SECRET"]);
    command.args(["--exec", "sh", "-c", script, "--", &input, &environment, "--json"]);
    command.env("APP_SECRET", crate::support::SECRET).env("BIRDHOOK_BEARER_TOKEN", &shop).env("KEPT", "kept");
    command.env("OTHER_TARGET", crate::forwarding::whsec(&[1; 32]));
    let front = Serving::start_command(&mut command);
    let body = deletions(&[1]);
    accepted(&post(&front.url, &body, &[]));
    let event: Value = serde_json::from_str(&lines(&input, 1)[0]).unwrap();
    assert_eq!((&event["kind"], &event["ids"]["post"]), (&"post_deleted".into(), &"1".into()));
    let environment = fs::read_to_string(environment).unwrap();
    let own: Vec<_> = environment.lines().filter(|line| line.starts_with("BIRDHOOK_")).collect();
    let key = format!("BIRDHOOK_KEY={}", keys(&body, 1)[0]);
    let expected =
        ["BIRDHOOK_ATTEMPT=1", "BIRDHOOK_KIND=post_deleted", "BIRDHOOK_SUBSCRIBER=1", "BIRDHOOK_TARGET=exec"];
    assert_eq!(own, [expected[0], &key, expected[1], expected[2], expected[3]]);
    assert!(
        !environment.contains("SECRET") && !environment.contains("whsec_") && environment.contains("KEPT=kept"),
        "{environment}"
    );
    assert!(environment.ends_with("--json\n"), "all words after the program are its arguments: {environment}");
}

#[test]
fn a_program_that_fails_is_run_again_and_its_output_is_bounded_and_escaped() {
    let folder = Folder::new("exec-again");
    let inbox = folder.path("inbox");
    let script = r#"printf 'a\033[2Jb\n'; [ "$BIRDHOOK_ATTEMPT" = 2 ] && exit 0; yes | head -c 1000000; exit 7"#;
    let front = Serving::start(&["listen", "--quiet", "--json", "--inbox", &inbox, "--exec", "sh", "-c", script]);
    let body = deletions(&[1]);
    accepted(&post(&front.url, &body, &[]));
    assert_eq!(front.note_of("exec: a"), "exec: a\\u{1b}[2Jb");
    let mut count = 0;
    while front.note() == "exec: y" {
        count += 1;
    }
    assert!(count > 100 && count < 2100, "{count}");
    front.note_of("attempt 1 of 10, will be retried: not forwarded: sh ended with exit status: 7");
    assert_eq!(front.json()["kind"], "post_deleted");
    assert_eq!(front.stop().1.last().unwrap(), "left in the inbox: 0 pending events, 0 dead letters");
}

#[test]
fn a_program_beyond_its_time_limit_is_killed_with_all_its_processes() {
    let folder = Folder::new("exec-limit");
    let (inbox, ids) = (folder.path("inbox"), folder.path("ids"));
    let script = format!("sleep 1000 & echo $! >> {ids}; echo $$ >> {ids}; wait");
    let limits = ["--max-attempts", "1", "--forward-timeout", "0.5"];
    let args = ["listen", "--quiet", "--json", "--inbox", &inbox];
    let front = Serving::start(&[&args[..], &limits, &["--exec", "sh", "-c", &script]].concat());
    accepted(&post(&front.url, &deletions(&[1]), &[]));
    front.note_of("attempt 1 of 1, now a dead letter: not forwarded: sh was killed after 0.5 s");
    for id in lines(&ids, 2) {
        ends(&id);
    }
}

#[test]
fn a_program_is_killed_if_the_deadline_of_x_expires() {
    let folder = Folder::new("exec-deadline");
    let ids = folder.path("ids");
    let script = format!("sleep 1000 & echo $! >> {ids}; echo $$ >> {ids}; wait");
    let front = Serving::start(&["listen", "--quiet", "--json", "--exec", "sh", "-c", &script]);
    assert!(post(&front.url, &deletions(&[1]), &[]).starts_with("HTTP/1.1 503"));
    for id in lines(&ids, 2) {
        ends(&id);
    }
}

#[test]
fn a_missing_program_keeps_its_events() {
    let folder = Folder::new("exec-missing");
    let inbox = folder.path("inbox");
    let program = folder.path("program");
    let args = ["listen", "--quiet", "--json", "--inbox", &inbox, "--max-attempts", "1", "--exec", &program];
    let front = Serving::start(&args);
    accepted(&post(&front.url, &deletions(&[1]), &[]));
    front.note_of(&format!("the target exec is not reachable, and its events wait: cannot run {program}: "));
    let other = folder.file("other", "#!/bin/sh\nexit 0\n");
    fs::set_permissions(&other, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    fs::rename(other, program).unwrap();
    assert_eq!(front.json()["kind"], "post_deleted");
}

#[test]
fn events_of_a_subscriber_reach_a_program_in_their_order() {
    let folder = Folder::new("exec-order");
    let (inbox, output) = (folder.path("inbox"), folder.path("output"));
    // The first event fails once, and the others wait for it.
    let script = format!(
        r#"event=$(cat); case "$event" in *'"post":"1"'*) [ "$BIRDHOOK_ATTEMPT" = 1 ] && exit 1;; esac; echo "$event" >> {output}"#
    );
    let args = ["listen", "--quiet", "--json", "--in-order", "--inbox", &inbox];
    let front = Serving::start(&[&args[..], &["--exec", "sh", "-c", &script]].concat());
    let ids: Vec<u32> = (1..=12).collect();
    for id in &ids {
        accepted(&post(&front.url, &deletions(&[*id]), &[]));
    }
    let posts = lines(&output, ids.len()).into_iter().map(|line| {
        let event: Value = serde_json::from_str(&line).unwrap();
        event["ids"]["post"].as_str().unwrap().parse().unwrap()
    });
    assert_eq!(posts.collect::<Vec<u32>>(), ids);
    drop(front.stop());
}

#[test]
fn a_slow_target_neither_delays_nor_doubles_another_and_a_former_one_is_noted() {
    let folder = Folder::new("exec-several");
    let (inbox, output) = (folder.path("inbox"), folder.path("output"));
    let silent = TargetApp::start(|_| String::new());
    let script = format!("cat >> {output}; echo >> {output}");
    let args = ["listen", "--quiet", "--json", "--inbox", &inbox, "--forward-timeout", "2"];
    let program = ["--exec", "sh", "-c", &script];
    let both = |url: &str| Serving::start(&[&args[..], &["--forward", url], &program].concat());
    let front = both(&silent.url);
    for id in 1..=20 {
        accepted(&post(&front.url, &deletions(&[id]), &[]));
    }
    lines(&output, 20);
    // A stop writes the acknowledgements of the program, and the other target still waits.
    let (_, notes) = front.stop();
    let waiting = "waiting for the target forward: 20 pending events, 0 dead letters";
    assert!(notes.iter().any(|note| note == waiting), "{notes:?}");

    let only = Serving::start(&[&args[..], &program].concat());
    let note = only.note_of("is not configured");
    assert!(
        note.starts_with("the target forward is not configured, but has 20 pending events, 0 dead letters"),
        "{note}"
    );
    only.kill();

    let app = TargetApp::start(|_| answer("200 OK", ""));
    let again = both(&app.url);
    let mut forwarded: Vec<_> = (0..20).map(|_| app.next().has("webhook-id").to_owned()).collect();
    forwarded.sort();
    let mut expected: Vec<_> = (1..=20).map(|id| keys(&deletions(&[id]), 1).remove(0)).collect();
    expected.sort();
    assert_eq!(forwarded, expected);
    drop(again.stop());
    assert!(app.rest().is_empty());
    assert_eq!(lines(&output, 20).len(), 20, "an event was doubled");
}
