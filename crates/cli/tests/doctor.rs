//! Tests of `birdhook doctor`. The crate birdhook-doctor tests the checks themselves.

use crate::support::{Serving, birdhook, end, run};
use serde_json::Value;

#[test]
fn a_correct_receiver_passes() {
    let listening = Serving::start(&["listen"]);
    let examined = run(&["doctor", "--local", &listening.url]).exits(0).says_only("");
    let lines: Vec<_> = examined.stdout.lines().collect();
    let (summary, checks) = lines.split_last().unwrap();
    assert!(summary.starts_with("X would accept it, and nothing unsafe was found: "), "{summary}");
    assert_eq!(checks.len(), birdhook_doctor::Doctor::checks().count());
    assert!(checks.iter().all(|line| line.starts_with("ok ") || line.starts_with("skip ")), "{}", examined.stdout);

    let quiet = run(&["doctor", "--local", "--quiet", &listening.url]).exits(0);
    assert_eq!(quiet.stdout.lines().count(), 1, "{quiet}");
}

#[test]
fn a_fault_is_printed_with_its_cause_and_fix() {
    let listening = Serving::start(&["listen"]);
    let other = |args: &[&str]| end(birdhook(args).env("BIRDHOOK_CONSUMER_SECRET", "the-secret-of-another-app"));
    let examined = other(&["doctor", "--local", &listening.url]).exits(1);
    let failed: Vec<_> = examined.stdout.lines().filter(|line| line.starts_with("FAIL ")).collect();
    let [line] = failed.as_slice() else { panic!("{}", examined.stdout) };
    assert!(line.contains("challenge_secret") && line.contains("; ") && line.contains(" -> "), "{line}");

    let json = other(&["doctor", "--local", "--json", &listening.url]).exits(1);
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
fn a_url_of_this_machine_fails_the_checks_of_x() {
    let listening = Serving::start(&["listen"]);
    let examined = run(&["doctor", &listening.url]).exits(1).says(&["pass --local"]);
    for check in ["url_https", "url_port"] {
        let line = examined.stdout.lines().find(|line| line.contains(check)).unwrap();
        assert!(line.starts_with("FAIL ") && line.contains(" -> "), "{line}");
    }
}

#[test]
fn a_refused_connection_is_one_fault_and_wrong_usage_is_exit_code_two() {
    let refused = run(&["doctor", "--local", "http://127.0.0.1:1/webhooks/twitter"]).exits(1);
    let failed: Vec<_> = refused.stdout.lines().filter(|line| line.starts_with("FAIL ")).collect();
    assert!(matches!(failed.as_slice(), [line] if line.contains("connection")), "{}", refused.stdout);
    let needless = refused.stdout.lines().filter(|line| line.contains("connection, which failed")).count();
    assert_eq!(needless, 1, "checks skipped for one reason share a line: {}", refused.stdout);
    let last = refused.stdout.lines().last().unwrap_or_default();
    assert!(last.starts_with("fix first: the connection was refused") && last.contains(" -> start"), "{last}");
    let quiet = run(&["doctor", "--local", "--quiet", "http://127.0.0.1:1/webhooks/twitter"]);
    assert_eq!(quiet.stdout.lines().count(), 2, "the first failure is not repeated: {}", quiet.stdout);
    for args in [
        &["doctor"] as &[&str],
        &["doctor", "http://127.0.0.1:1/", "--deadline", "0"],
        &["doctor", "http://127.0.0.1:1/", "--trust-root", "nowhere.pem"],
    ] {
        run(args).exits(2).prints_only("");
    }
}

#[test]
fn either_secret_is_accepted_and_named() {
    let variables =
        [("BIRDHOOK_CONSUMER_SECRET", "the-consumer-secret"), ("BIRDHOOK_CLIENT_SECRET", "the-client-secret")];
    for (answer, listens_with) in [("client secret", &variables[1..]), ("consumer secret", &variables[..1])] {
        let mut command = birdhook(&["listen"]);
        command.env_remove("BIRDHOOK_CONSUMER_SECRET").envs(listens_with.iter().copied());
        let listening = Serving::start_command(&mut command);
        let examined = end(birdhook(&["doctor", "--local", &listening.url]).envs(variables)).exits(0);
        let line = examined.stdout.lines().find(|line| line.contains("challenge_secret")).unwrap();
        assert!(line.ends_with(&format!("answered with the {answer}")), "{line}");
    }
}
