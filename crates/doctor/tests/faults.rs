//! The doctor checks receivers, each with one planted fault.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use birdhook_doctor::{CheckStatus, Diagnosis, Doctor};
use futures_util::StreamExt;

use crate::fault::Fault;
use crate::receiver::{Receiver, SECRET};
use crate::{certificates, checks_with, doctor, result, secrets, urls};

async fn examine(fault: Fault) -> Diagnosis {
    examine_within(fault, Duration::from_secs(2)).await
}

async fn examine_within(fault: Fault, timeout: Duration) -> Diagnosis {
    let is_slow = format!("{fault:?}").ends_with("Slow");
    // The end of a response is awaited for 5 s.
    let timeout = if fault == Fault::ChallengeEndless { Duration::from_secs(12) } else { timeout };
    let deadline = if is_slow { Duration::from_millis(250) } else { timeout * 3 / 2 };
    doctor(Receiver::start(fault).await).timeout(timeout).deadline(deadline).examine().await
}

/// Describes the difference between the diagnosis and the expectation for this fault.
fn difference(fault: Fault, diagnosis: &Diagnosis) -> Option<String> {
    let failed = checks_with(diagnosis, CheckStatus::Failed);
    // Ignores warnings about response times, which depend on the load of the machine.
    let mut warned = checks_with(diagnosis, CheckStatus::Warned);
    warned.retain(|check| !check.ends_with("_time"));
    let set = |checks: &[&'static str]| checks.iter().copied().collect::<BTreeSet<_>>();
    let as_expected = [&failed, &warned].map(|checks| set(checks)) == fault.expected().map(set)
        && diagnosis.is_healthy() == failed.is_empty();
    (!as_expected).then(|| format!("{fault:?}: failed {failed:?}, warned {warned:?}\n{diagnosis}"))
}

#[tokio::test]
async fn finds_every_planted_fault_and_no_other() {
    assert!(Fault::ALL.len() > 25);
    let examined = futures_util::stream::iter(Fault::ALL)
        .map(|fault| async move { difference(*fault, &examine(*fault).await).map(|_| *fault) })
        .buffer_unordered(8);
    let doubtful: Vec<_> = examined.filter_map(|fault| async move { fault }).collect().await;
    // Repeats the doubtful ones alone with a longer timeout: under load, they may have been too
    // slow.
    let mut wrong = Vec::new();
    for fault in doubtful {
        wrong.extend(difference(fault, &examine_within(fault, Duration::from_secs(12)).await));
    }
    assert!(wrong.is_empty(), "{} misjudged:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn a_correct_receiver_passes_every_check() {
    let start = Instant::now();
    let diagnosis = examine(Fault::None).await;
    println!("{diagnosis}{:?}", start.elapsed());
    assert!(diagnosis.is_healthy());
    let skipped = checks_with(&diagnosis, CheckStatus::Skipped);
    assert_eq!(
        skipped,
        ["url_https", "url_port", "dns_public", "certificate", "delivery_headers"],
        "what is not asked of a local receiver with one secret"
    );
    assert_eq!(diagnosis.results().len(), Doctor::checks().count());
}

/// A check that cannot fail would prove nothing.
#[test]
fn every_check_can_fail() {
    let failed: BTreeSet<_> = Fault::ALL.iter().flat_map(|fault| fault.expected().concat()).collect();
    let elsewhere = [urls::FAILED, certificates::FAILED, secrets::FAILED].concat();
    for (check, _) in Doctor::checks() {
        assert!(failed.contains(check) || elsewhere.contains(&check), "no fault fails {check}");
    }
}

#[tokio::test]
async fn a_result_is_one_line_with_a_cause_and_a_fix_and_without_the_secret() {
    for fault in
        [Fault::Hex, Fault::Page, Fault::Oracle, Fault::TellsSecret, Fault::TellsSignature, Fault::TwoTokensCrash]
    {
        let diagnosis = examine(fault).await;
        let json = serde_json::to_value(&diagnosis).unwrap();
        assert_eq!(json["healthy"], false);
        for (result, json) in diagnosis.results().iter().zip(json["findings"].as_array().unwrap()) {
            let line = result.to_string();
            assert_eq!(line.lines().count(), 1, "{line}");
            assert!(!line.contains(SECRET), "{line}");
            let wrong = matches!(result.status(), CheckStatus::Failed | CheckStatus::Warned);
            assert_eq!((result.cause().is_some(), result.fix().is_some()), (wrong, wrong), "{line}");
            assert_eq!(json["check"], result.check());
            assert_eq!(json["verdict"], result.status().as_str());
            assert_eq!(json["side"], result.side().as_str());
            assert_eq!(json["observed"], result.observed());
            assert_eq!((json["cause"].as_str(), json["cure"].as_str()), (result.cause(), result.fix()));
        }
        assert!(!json.to_string().contains(SECRET));
    }
    assert!(!format!("{:?}", Doctor::new("http://localhost", SECRET).unwrap()).contains(SECRET));
}

/// Behaves like `xr webhooks listen` of xurl-rs 4.5 for an app with a client secret.
#[tokio::test]
async fn a_receiver_of_the_oauth2_header_fails_only_the_checks_of_its_own_faults() {
    let address = Receiver::start(Fault::OAuth2HeaderAlone).await;
    let doctor = Doctor::with_client_secret(format!("http://{address}/webhooks/twitter"), SECRET).unwrap();
    let diagnosis = doctor.local(true).examine().await;
    assert!(!checks_with(&diagnosis, CheckStatus::Failed).contains(&"delivery_accepted"), "{diagnosis}");
    assert!(checks_with(&diagnosis, CheckStatus::Failed).contains(&"oracle_closed"), "{diagnosis}");
    assert!(checks_with(&diagnosis, CheckStatus::Warned).contains(&"token_repeated"), "{diagnosis}");
}

#[tokio::test]
async fn a_receiver_of_the_oauth2_header_is_not_reported_to_have_another_secret() {
    let diagnosis = examine(Fault::OAuth2HeaderAlone).await;
    let line = |check: &str| result(&diagnosis, check).to_string();
    let refused = line("delivery_accepted");
    let seen = "refused with X-Twitter-Webhooks-Signature, accepted with X-Twitter-Webhooks-Signature-OAuth2";
    assert!(refused.contains(seen) && !refused.contains("another secret"), "{refused}");
    let signed = line("oracle_closed");
    assert!(signed.contains("the delivery with that signature was accepted (200)"), "{signed}");
}

#[tokio::test]
async fn reports_each_result_when_it_is_available() {
    let doctor = doctor(Receiver::start(Fault::OtherSecret).await);
    let mut reported = Vec::new();
    let diagnosis = doctor.examine_with(|result| reported.push(result.to_string())).await;
    assert_eq!(reported.len(), diagnosis.results().len());
    let needs = |line: &&String| line.ends_with("needs challenge_secret, which failed");
    assert!(reported.iter().filter(needs).count() > 20, "{reported:#?}");
}

/// The tables of the guide state what each check proves.
#[test]
fn the_guide_lists_every_check() {
    let guide = include_str!("../../../docs/guide/doctor.md");
    let rows: Vec<_> = guide.lines().filter(|line| line.starts_with("| `")).collect();
    assert_eq!(rows.len(), Doctor::checks().count());
    for (name, proves) in Doctor::checks() {
        let row = format!("| `{name}` | {proves} |");
        assert!(rows.iter().any(|line| line.starts_with(&row)), "{row}");
    }
}
