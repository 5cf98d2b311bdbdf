//! Tests of `birdhook doctor`. The crate birdhook-doctor tests the checks themselves.

use std::fs;

use crate::support::fake_x::{FakeX, rule};
use crate::support::{Folder, SECRET, Serving, birdhook, end, run};
use serde_json::Value;

#[test]
fn a_correct_receiver_passes() {
    let listening = Serving::start(&["listen"]);
    let examined = run(&["doctor", "--local", &listening.url]).exits(0).says_only("");
    let lines: Vec<_> = examined.stdout.lines().collect();
    let [.., passed, "", verdict, counts] = lines.as_slice() else { panic!("{examined}") };
    assert_eq!(*verdict, "ready for X", "{examined}");
    assert!(passed.starts_with("Passed: ") && counts.contains(" 0 warned, 0 failed, "), "{examined}");

    let verbose = run(&["doctor", "--local", "-v", "--ids", &listening.url]).exits(0);
    let listed = |line: &&str| line.starts_with("  ok ") || line.starts_with("  skip ");
    assert!(verbose.stdout.lines().filter(listed).count() > 40, "{verbose}");

    let quiet = run(&["doctor", "--local", "--quiet", &listening.url]).exits(0);
    assert_eq!(quiet.stdout, "ready for X\n", "{quiet}");
}

#[test]
fn a_fault_is_printed_with_its_cause_and_fix_and_the_verdict_last() {
    let listening = Serving::start(&["listen"]);
    let other = |args: &[&str]| end(birdhook(args).env("BIRDHOOK_CONSUMER_SECRET", "the-secret-of-another-app"));
    let examined = other(&["doctor", "--local", &listening.url]).exits(1);
    let lines: Vec<_> = examined.stdout.lines().collect();
    let count = |begin: &str| lines.iter().filter(|line| line.trim_start().starts_with(begin)).count();
    assert_eq!(["FAIL ", "cause: ", "fix: "].map(count), [1, 1, 1], "{examined}");
    assert_eq!(lines.first(), Some(&"Makes X refuse or invalidate the webhook"), "{examined}");
    let [.., verdict, _counts] = lines.as_slice() else { panic!("{examined}") };
    let begin = "X would refuse it: challenge_secret: the response_token was computed with another secret";
    assert!(verdict.starts_with(begin) && verdict.contains(" -> give the receiver"), "{verdict}");
    let wide = lines.iter().filter(|line| line.chars().count() > 80 && *line != verdict);
    assert_eq!(wide.count(), 0, "only the verdict is wider than 80 columns: {examined}");
    assert!(!examined.stdout.contains("docs.x.com"), "{examined}");

    let quiet = other(&["doctor", "--local", "-q", &listening.url]).exits(1);
    assert_eq!(quiet.stdout.lines().last(), Some(*verdict), "{quiet}");
    other(&["doctor", "--local", "--why", &listening.url]).exits(1).prints(&[
        "why:",
        "X refuses to register",
        "https://docs.x.com/",
    ]);

    let json = other(&["doctor", "--local", "--json", &listening.url]).exits(1);
    let [diagnosis] = json.json().try_into().unwrap();
    assert_eq!((&diagnosis["healthy"], &diagnosis["url"]), (&Value::Bool(false), &Value::from(listening.url.as_str())));
    assert_eq!(diagnosis["verdict"], *verdict);
    let findings = diagnosis["findings"].as_array().unwrap();
    assert_eq!(findings.len(), birdhook_doctor::Doctor::checks().count());
    let failed: Vec<_> = findings.iter().filter(|finding| finding["verdict"] == "failed").collect();
    let [finding] = failed.as_slice() else { panic!("{failed:?}") };
    assert_eq!((&finding["check"], &finding["effect"]), (&Value::from("challenge_secret"), &Value::from("refusal")));
    assert!(finding["cause"].is_string() && finding["cure"].is_string(), "{finding}");
}

#[test]
fn a_url_of_this_machine_fails_the_checks_of_x() {
    let listening = Serving::start(&["listen"]);
    let examined = run(&["doctor", "--ids", &listening.url]).exits(1).says(&["pass --local"]);
    for check in ["url_https", "url_port"] {
        assert!(examined.stdout.lines().any(|line| line == format!("  FAIL {check}")), "{examined}");
    }
}

#[test]
fn a_refused_connection_is_one_fault_and_wrong_usage_is_exit_code_two() {
    let refused = run(&["doctor", "--local", "--ids", "http://127.0.0.1:1/webhooks/twitter"]).exits(1);
    let failed: Vec<_> = refused.stdout.lines().filter(|line| line.starts_with("  FAIL ")).collect();
    assert_eq!(failed, ["  FAIL connection"], "{refused}");
    let needless = refused.stdout.lines().filter(|line| line.contains("connection, which failed")).count();
    assert_eq!(needless, 1, "checks skipped for one reason share a line: {refused}");
    let verdict = refused.stdout.lines().rev().nth(1).unwrap_or_default();
    let begin = "unreachable: connection: the connection was refused";
    assert!(verdict.starts_with(begin) && verdict.contains(" -> start"), "{verdict}");
    for args in [
        &["doctor"] as &[&str],
        &["doctor", "http://127.0.0.1:1/", "--deadline", "0"],
        &["doctor", "http://127.0.0.1:1/", "--trust-root", "nowhere.pem"],
        &["doctor", "http://127.0.0.1:1/", "--report", "report.txt"],
        &["doctor", "http://127.0.0.1:1/", "-q", "-v"],
    ] {
        run(args).exits(2).prints_only("");
    }
}

#[test]
fn a_report_shows_the_findings_without_secrets() {
    let folder = Folder::new("doctor-report");
    let page = format!("<html><b>debug</b> secret={SECRET} tenant=hidden-query</html>");
    let receiver = FakeX::start([rule("GET", 500, page)]);
    let url = format!("{}?tenant=hidden-query", receiver.url);
    for name in ["report.html", "report.md"] {
        let path = folder.0.join(name);
        let args = ["doctor", "--local", "--report", path.to_str().unwrap(), &url];
        run(&args).exits(1).says(&["wrote the report"]).hides(&[SECRET]);
        let report = fs::read_to_string(path).unwrap();
        for text in ["unsafe: ", "the app crashed on this request", "docs.x.com"] {
            assert!(report.contains(text), "{text}: {report}");
        }
        assert!(!report.contains(SECRET) && !report.contains("hidden-query"), "{report}");
        assert!(!report.contains("<b>debug"), "{report}");
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
        let args = ["doctor", "--local", "--ids", "-v", &listening.url];
        let examined = end(birdhook(&args).envs(variables)).exits(0);
        let line = examined.stdout.lines().find(|line| line.contains("challenge_secret")).unwrap();
        assert!(line.ends_with(&format!("answered with the {answer}")), "{line}");
    }
}
