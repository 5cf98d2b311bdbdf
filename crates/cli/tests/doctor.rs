//! Tests of `birdhook doctor`. The crate birdhook-doctor tests the checks themselves.

use crate::support::{Serving, birdhook, end, run};
use serde_json::Value;

#[test]
fn a_good_receiver_is_found_good() {
    let listening = Serving::start(&["listen"]);
    let examined = run(&["doctor", "--local", &listening.url]);
    assert_eq!((examined.code, examined.stderr.as_str()), (0, ""), "{}", examined.stdout);
    let lines: Vec<_> = examined.stdout.lines().collect();
    let (summary, checks) = lines.split_last().unwrap();
    assert!(summary.starts_with("X would accept it, and nothing unsafe was found: "), "{summary}");
    assert_eq!(checks.len(), birdhook_doctor::Doctor::checks().count());
    assert!(checks.iter().all(|line| line.starts_with("ok ") || line.starts_with("skip ")), "{}", examined.stdout);

    let quiet = run(&["doctor", "--local", "--quiet", &listening.url]);
    assert_eq!((quiet.code, quiet.stdout.lines().count()), (0, 1), "{}", quiet.stdout);
}

#[test]
fn a_fault_is_a_line_with_its_cause_and_its_cure() {
    let listening = Serving::start(&["listen"]);
    let other = |args: &[&str]| end(birdhook(args).env("BIRDHOOK_CONSUMER_SECRET", "the-secret-of-another-app"));
    let examined = other(&["doctor", "--local", &listening.url]);
    assert_eq!(examined.code, 1, "{}", examined.stdout);
    let failed: Vec<_> = examined.stdout.lines().filter(|line| line.starts_with("FAIL ")).collect();
    let [line] = failed.as_slice() else { panic!("{}", examined.stdout) };
    assert!(line.contains("challenge_secret") && line.contains("; ") && line.contains(" -> "), "{line}");

    let json = other(&["doctor", "--local", "--json", &listening.url]);
    assert_eq!(json.code, 1);
    let [diagnosis] = json.json().try_into().unwrap();
    assert_eq!((&diagnosis["healthy"], &diagnosis["url"]), (&Value::Bool(false), &Value::from(listening.url.as_str())));
    let findings = diagnosis["findings"].as_array().unwrap();
    assert_eq!(findings.len(), birdhook_doctor::Doctor::checks().count());
    let failed: Vec<_> = findings.iter().filter(|finding| finding["verdict"] == "failed").collect();
    let [finding] = failed.as_slice() else { panic!("{failed:?}") };
    assert_eq!(finding["check"], "challenge_secret");
    assert!(finding["cause"].is_string() && finding["cure"].is_string(), "{finding}");
}

#[test]
fn what_x_would_refuse_is_said_of_a_url_of_this_machine() {
    let listening = Serving::start(&["listen"]);
    let examined = run(&["doctor", &listening.url]);
    assert_eq!(examined.code, 1);
    for check in ["url_https", "url_port"] {
        let line = examined.stdout.lines().find(|line| line.contains(check)).unwrap();
        assert!(line.starts_with("FAIL ") && line.contains(" -> "), "{line}");
    }
    assert!(examined.stderr.contains("with --local"), "{}", examined.stderr);
}

#[test]
fn nobody_at_the_url_is_one_fault_and_a_wrong_call_is_exit_code_two() {
    let nobody = run(&["doctor", "--local", "http://127.0.0.1:1/webhooks/twitter"]);
    assert_eq!(nobody.code, 1);
    let failed: Vec<_> = nobody.stdout.lines().filter(|line| line.starts_with("FAIL ")).collect();
    assert!(matches!(failed.as_slice(), [line] if line.contains("connection")), "{}", nobody.stdout);
    let needless = nobody.stdout.lines().filter(|line| line.contains("connection, which failed")).count();
    assert_eq!(needless, 1, "what is skipped for one reason is one line: {}", nobody.stdout);
    let last = nobody.stdout.lines().last().unwrap_or_default();
    assert!(last.starts_with("First of all: the connection was refused") && last.contains(" -> start"), "{last}");
    let quiet = run(&["doctor", "--local", "--quiet", "http://127.0.0.1:1/webhooks/twitter"]);
    assert_eq!(quiet.stdout.lines().count(), 2, "what is the first line already is not told again: {}", quiet.stdout);
    for args in [
        &["doctor"] as &[&str],
        &["doctor", "http://127.0.0.1:1/", "--deadline", "0"],
        &["doctor", "http://127.0.0.1:1/", "--trust-root", "nowhere.pem"],
    ] {
        let ended = run(args);
        assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{args:?}");
    }
}

#[test]
fn an_answer_made_with_either_secret_is_right_and_it_is_said_which() {
    let variables =
        [("BIRDHOOK_CONSUMER_SECRET", "the-consumer-secret"), ("BIRDHOOK_CLIENT_SECRET", "the-client-secret")];
    for (answer, listens_with) in [("client secret", &variables[1..]), ("consumer secret", &variables[..1])] {
        let mut command = birdhook(&["listen"]);
        command.env_remove("BIRDHOOK_CONSUMER_SECRET").envs(listens_with.iter().copied());
        let listening = Serving::start_command(&mut command);
        let examined = end(birdhook(&["doctor", "--local", &listening.url]).envs(variables));
        assert_eq!(examined.code, 0, "{}", examined.stdout);
        let line = examined.stdout.lines().find(|line| line.contains("challenge_secret")).unwrap();
        assert!(line.ends_with(&format!("answered with the {answer}")), "{line}");
    }
}
