//! Decides whether the old secrets of a receiver may go.

use std::time::Duration;

use birdhook::app::SecretKind;
use birdhook::event::Timestamp;
use serde::Serialize;

use crate::secret_report::{SecretReport, SecretUse};

/// The result for the secrets of one app and kind.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Verdict {
    pub(super) app: String,
    pub(super) kind: SecretKind,
    /// The secret with which X has signed its last request.
    signs: Option<String>,
    /// The secret that answers challenges.
    answers: Option<String>,
    /// The old secrets that may go.
    may_go: Vec<String>,
    /// Whether no old secret is needed.
    pub(super) ready: bool,
    pub(super) why: String,
}

/// A result with the receiver that was asked.
#[derive(Serialize)]
pub(super) struct OfReceiver<'a> {
    receiver: &'a str,
    #[serde(flatten)]
    verdict: &'a Verdict,
}

impl Verdict {
    pub(super) fn of_receiver<'a>(&'a self, receiver: &'a str) -> OfReceiver<'a> {
        OfReceiver { receiver, verdict: self }
    }
}

/// Returns a result for each app and kind that has a secret.
pub(super) fn verdicts(report: &SecretReport, kinds: &[SecretKind], quiet: Duration) -> Vec<Verdict> {
    let mut apps: Vec<&str> = Vec::new();
    for secret in &report.secrets {
        if !apps.contains(&secret.app.as_str()) {
            apps.push(&secret.app);
        }
    }
    let each = apps.iter().flat_map(|app| kinds.iter().map(move |kind| (*app, *kind)));
    each.filter_map(|(app, kind)| verdict(report, app, kind, quiet)).collect()
}

fn verdict(report: &SecretReport, app: &str, kind: SecretKind, quiet: Duration) -> Option<Verdict> {
    let secrets: Vec<&SecretUse> = report.secrets.iter().filter(|secret| secret.is_of(app, kind)).collect();
    // The newest is the one that was added last. Of those that the receiver had at its start, it is the
    // first one.
    let newest = *secrets.iter().rev().max_by_key(|secret| secret.since.as_millis())?;
    let old: Vec<&SecretUse> = secrets.iter().copied().filter(|secret| secret.position != newest.position).collect();
    let used = secrets.iter().copied().filter(|secret| secret.last_use().is_some());
    let signs = used.max_by_key(|secret| secret.last_use().map(Timestamp::as_millis));
    let answers = secrets.iter().copied().find(|secret| secret.answers);
    let reason = obstacle(report, app, newest, &old, signs, answers, quiet);
    let ready = reason.is_none();
    let names = |secrets: &[&SecretUse]| secrets.iter().map(|secret| secret.name()).collect::<Vec<_>>();
    let why = reason.unwrap_or_else(|| match (old.is_empty(), signs) {
        (true, Some(_)) => format!("no old {kind} of {app} is left, and X signs with the only one"),
        (true, None) => format!("no old {kind} of {app} is left; X has signed nothing with the only one"),
        (false, Some(signs)) => format!("{} of {app} may go: X signs with {}", names(&old).join(", "), signs.name()),
        (false, None) => format!("{} of {app} may go: X signs with another kind", names(&old).join(", ")),
    });
    let may_go = if ready { names(&old) } else { Vec::new() };
    let name = |secret: Option<&SecretUse>| secret.map(SecretUse::name);
    Some(Verdict { app: app.to_owned(), kind, signs: name(signs), answers: name(answers), may_go, ready, why })
}

/// Returns why an old secret may not go yet.
fn obstacle(
    report: &SecretReport,
    app: &str,
    newest: &SecretUse,
    old: &[&SecretUse],
    signs: Option<&SecretUse>,
    answers: Option<&SecretUse>,
    quiet: Duration,
) -> Option<String> {
    if report.refused {
        return Some("the receiver cannot use its changed files; its standard error has the reason".to_owned());
    }
    let of_app = || report.secrets.iter().filter(|secret| secret.app == app);
    if !of_app().any(|secret| secret.answers) {
        return Some("challenges are answered 503; set hold_challenges = false".to_owned());
    }
    let last_use = of_app().filter_map(SecretUse::last_use).map(Timestamp::as_millis).max();
    if let Some(wrong) = report.last_wrong_signature
        && last_use.is_none_or(|last_use| wrong.as_millis() > last_use)
    {
        return Some(format!(
            "{} ago, a delivery had a wrong signature, and none was verified since: X may sign with a secret that the \
             receiver does not have",
            ago(report.now, wrong)
        ));
    }
    if old.is_empty() {
        return None;
    }
    match signs {
        None if last_use.is_none() => return Some("X has signed nothing yet".to_owned()),
        Some(signs) if signs.position != newest.position => {
            return Some(format!("X signs with {}, and not with the newest, {}", signs.name(), newest.name()));
        }
        _ => {}
    }
    if let Some(answers) = answers.filter(|answers| answers.position != newest.position) {
        return Some(format!("{} answers challenges; make {} the first one", answers.name(), newest.name()));
    }
    old.iter().find_map(|secret| {
        let last = [secret.last_use(), Some(secret.since)].into_iter().flatten().max_by_key(|time| time.as_millis())?;
        let passed = u64::try_from(report.now.as_millis().saturating_sub(last.as_millis())).unwrap_or(0);
        let left = quiet.saturating_sub(Duration::from_millis(passed));
        let cause = match secret.last_use() {
            Some(_) => format!("{} ago, X signed with {}", ago(report.now, last), secret.name()),
            None => format!("{} has been observed for {} only", secret.name(), ago(report.now, last)),
        };
        (!left.is_zero()).then(|| format!("{cause}; wait {} s more", left.as_millis().div_ceil(1000)))
    })
}

/// Returns the time between two moments, in a unit in which it is short.
pub(super) fn ago(now: Timestamp, then: Timestamp) -> String {
    let seconds = now.as_millis().saturating_sub(then.as_millis()).max(0) / 1000;
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret_report::VERSION;

    const NOW: i64 = 1_000_000_000;
    const QUIET: Duration = Duration::from_secs(300);

    fn at(seconds_ago: i64) -> Timestamp {
        Timestamp::from_millis(NOW - seconds_ago * 1000)
    }

    /// Returns the use of a consumer secret: seconds since it is known, and since its last delivery.
    fn secret(position: usize, answers: bool, since: i64, last: Option<i64>) -> SecretUse {
        SecretUse {
            app: "shop".to_owned(),
            kind: "consumer".to_owned(),
            position,
            answers,
            since: at(since),
            deliveries: last.is_some().into(),
            last_delivery: last.map(at),
            last_signed_challenge: None,
        }
    }

    fn report(secrets: Vec<SecretUse>) -> SecretReport {
        SecretReport {
            version: VERSION,
            now: at(0),
            secrets,
            refused: false,
            wrong_signatures: 0,
            last_wrong_signature: None,
        }
    }

    fn decide(report: &SecretReport) -> Verdict {
        let all = verdicts(report, &[SecretKind::Consumer], QUIET);
        let [verdict] = all.as_slice() else { panic!("{all:?}") };
        verdict.clone()
    }

    #[test]
    fn the_old_secret_may_go_once_x_has_not_signed_with_it_for_the_time() {
        for (last_of_old, left) in [(400, None), (300, None), (299, Some("wait 1 s more")), (10, Some("wait 290 s"))] {
            let report = report(vec![secret(1, true, 500, Some(5)), secret(2, false, 9000, Some(last_of_old))]);
            let verdict = decide(&report);
            assert_eq!(verdict.ready, left.is_none(), "{verdict:?}");
            assert!(
                verdict
                    .why
                    .contains(left.unwrap_or("consumer secret 2 of shop may go: X signs with consumer secret 1"))
            );
            assert_eq!(verdict.may_go.is_empty(), left.is_some());
        }
    }

    #[test]
    fn a_new_secret_with_which_x_does_not_sign_yet_is_not_the_old_one() {
        let verdict = decide(&report(vec![secret(1, true, 9000, Some(5)), secret(2, false, 400, None)]));
        assert!(!verdict.ready && verdict.why.contains("X signs with consumer secret 1, and not with the newest"));
    }

    #[test]
    fn the_newest_secret_must_answer_challenges() {
        let verdict = decide(&report(vec![secret(1, true, 9000, Some(900)), secret(2, false, 800, Some(5))]));
        assert!(
            !verdict.ready
                && verdict.why == "consumer secret 1 answers challenges; make consumer secret 2 the first one"
        );
        let verdict = decide(&report(vec![secret(1, false, 800, Some(5)), secret(2, false, 9000, Some(900))]));
        assert!(!verdict.ready && verdict.why.contains("answered 503"), "{verdict:?}");
    }

    #[test]
    fn a_receiver_that_has_just_started_does_not_know_enough() {
        let verdict = decide(&report(vec![secret(1, true, 20, Some(5)), secret(2, false, 20, None)]));
        assert!(!verdict.ready && verdict.why == "consumer secret 2 has been observed for 20 s only; wait 280 s more");
        let verdict = decide(&report(vec![secret(1, true, 400, None), secret(2, false, 400, None)]));
        assert!(!verdict.ready && verdict.why == "X has signed nothing yet");
    }

    #[test]
    fn refused_files_and_wrong_signatures_are_obstacles() {
        let good = report(vec![secret(1, true, 400, Some(5))]);
        assert!(decide(&good).ready && decide(&good).may_go.is_empty());
        let refused = SecretReport { refused: true, ..good.clone() };
        assert!(decide(&refused).why.contains("standard error"));
        let wrong = |seconds| SecretReport { last_wrong_signature: Some(at(seconds)), ..good.clone() };
        assert!(decide(&wrong(6)).ready, "a later delivery was verified");
        assert!(!decide(&wrong(4)).ready && decide(&wrong(4)).why.contains("a wrong signature"));
    }

    #[test]
    fn a_kind_with_which_x_does_not_sign_may_go_too() {
        let client = SecretUse { kind: "client".to_owned(), ..secret(1, true, 400, Some(5)) };
        let verdict = decide(&report(vec![client, secret(1, false, 400, None), secret(2, false, 400, None)]));
        assert!(verdict.ready && verdict.why.ends_with("X signs with another kind"), "{verdict:?}");
    }
}
