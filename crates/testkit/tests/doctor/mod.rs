//! The doctor checks receivers, each with one planted fault.

mod certificates;
mod fault;
mod proxy;
mod receiver;
mod secrets;
mod urls;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use birdhook_testkit::{CheckStatus, Diagnosis, Doctor};
use fault::Fault;
use futures_util::StreamExt;
use receiver::{Receiver, SECRET};

fn of(diagnosis: &Diagnosis, verdict: CheckStatus) -> Vec<&'static str> {
    let findings = diagnosis.findings().iter();
    let told = findings.filter(|finding| finding.verdict() == verdict);
    told.map(birdhook_testkit::CheckResult::check).collect()
}

async fn examine(fault: Fault) -> Diagnosis {
    examine_within(fault, Duration::from_secs(2)).await
}

async fn examine_within(fault: Fault, patience: Duration) -> Diagnosis {
    let address = Receiver::start(fault).await;
    let is_slow = format!("{fault:?}").ends_with("Slow");
    let deadline = if is_slow { Duration::from_millis(250) } else { patience * 3 / 2 };
    let doctor = Doctor::new(format!("http://{address}/webhooks/twitter"), SECRET).unwrap().local(true);
    doctor.patience(patience).deadline(deadline).examine().await
}

/// Describes the difference between the diagnosis and the expectation for this fault.
fn misjudged(fault: Fault, diagnosis: &Diagnosis) -> Option<String> {
    let failed = of(diagnosis, CheckStatus::Failed);
    // Ignores warnings about response times, which depend on the load of the machine.
    let mut warned = of(diagnosis, CheckStatus::Warned);
    warned.retain(|check| !check.ends_with("_time"));
    let set = |checks: &[&'static str]| checks.iter().copied().collect::<BTreeSet<_>>();
    let as_told = set(&failed) == set(fault.failed())
        && set(&warned) == set(fault.warned())
        && diagnosis.is_healthy() == fault.failed().is_empty();
    (!as_told).then(|| format!("{fault:?}: failed {failed:?}, warned {warned:?}\n{diagnosis}"))
}

#[tokio::test]
async fn every_planted_fault_is_found_and_no_other() {
    assert!(Fault::ALL.len() > 25);
    let examined = futures_util::stream::iter(Fault::ALL)
        .map(|fault| async move { misjudged(*fault, &examine(*fault).await).map(|_| *fault) })
        .buffer_unordered(8);
    let doubtful: Vec<_> = examined.filter_map(|fault| async move { fault }).collect().await;
    // Repeats the doubtful ones alone with a longer timeout: under load, they may have been too
    // slow.
    let mut wrong = Vec::new();
    for fault in doubtful {
        wrong.extend(misjudged(fault, &examine_within(fault, Duration::from_secs(12)).await));
    }
    assert!(wrong.is_empty(), "{} misjudged:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn a_faultless_receiver_passes_every_check_in_little_time() {
    let start = Instant::now();
    let diagnosis = examine(Fault::None).await;
    println!("{diagnosis}{:?}", start.elapsed());
    assert!(diagnosis.is_healthy());
    let skipped = of(&diagnosis, CheckStatus::Skipped);
    assert_eq!(
        skipped,
        ["url_https", "url_port", "dns_public", "certificate", "delivery_headers"],
        "what is not asked of a local receiver with one secret"
    );
    assert_eq!(diagnosis.findings().len(), Doctor::checks().count());
}

/// A check that cannot fail would prove nothing.
#[test]
fn no_check_is_without_a_fault_that_fails_it() {
    let failed: BTreeSet<_> = Fault::ALL.iter().flat_map(|fault| [fault.failed(), fault.warned()].concat()).collect();
    let elsewhere = [urls::FAILED, certificates::FAILED, secrets::FAILED].concat();
    for (check, _) in Doctor::checks() {
        assert!(failed.contains(check) || elsewhere.contains(&check), "no fault fails {check}");
    }
}

#[tokio::test]
async fn what_is_told_is_one_line_with_a_cause_and_a_cure_and_no_secret() {
    for fault in
        [Fault::Hex, Fault::Page, Fault::Oracle, Fault::TellsSecret, Fault::TellsSignature, Fault::TwoTokensCrash]
    {
        let diagnosis = examine(fault).await;
        let json = serde_json::to_value(&diagnosis).unwrap();
        assert_eq!(json["healthy"], false);
        for (finding, json) in diagnosis.findings().iter().zip(json["findings"].as_array().unwrap()) {
            let line = finding.to_string();
            assert_eq!(line.lines().count(), 1, "{line}");
            assert!(!line.contains(SECRET), "{line}");
            let wrong = matches!(finding.verdict(), CheckStatus::Failed | CheckStatus::Warned);
            assert_eq!((finding.cause().is_some(), finding.fix().is_some()), (wrong, wrong), "{line}");
            assert_eq!(json["check"], finding.check());
            assert_eq!(json["verdict"], finding.verdict().as_str());
            assert_eq!(json["side"], finding.side().as_str());
            assert_eq!(json["observed"], finding.observed());
            assert_eq!((json["cause"].as_str(), json["cure"].as_str()), (finding.cause(), finding.fix()));
        }
        assert!(!json.to_string().contains(SECRET));
    }
    assert!(!format!("{:?}", Doctor::new("http://localhost", SECRET).unwrap()).contains(SECRET));
}

/// Behaves like `xr webhooks listen` of xurl-rs 4.5 for an app with a client secret.
#[tokio::test]
async fn a_receiver_of_the_oauth2_header_is_judged_by_its_real_faults() {
    let address = Receiver::start(Fault::OAuth2HeaderAlone).await;
    let doctor = Doctor::with_client_secret(format!("http://{address}/webhooks/twitter"), SECRET).unwrap();
    let diagnosis = doctor.local(true).examine().await;
    assert!(!of(&diagnosis, CheckStatus::Failed).contains(&"delivery_accepted"), "{diagnosis}");
    assert!(of(&diagnosis, CheckStatus::Failed).contains(&"oracle_closed"), "{diagnosis}");
    assert!(of(&diagnosis, CheckStatus::Warned).contains(&"token_repeated"), "{diagnosis}");
}

#[tokio::test]
async fn a_receiver_of_the_oauth2_header_is_not_said_to_have_another_secret() {
    let diagnosis = examine(Fault::OAuth2HeaderAlone).await;
    let line = |check: &str| diagnosis.findings().iter().find(|one| one.check() == check).unwrap().to_string();
    let refused = line("delivery_accepted");
    let seen = "refused with X-Twitter-Webhooks-Signature, accepted with X-Twitter-Webhooks-Signature-OAuth2";
    assert!(refused.contains(seen) && !refused.contains("another secret"), "{refused}");
    let signed = line("oracle_closed");
    assert!(signed.contains("the delivery with that signature was accepted (200)"), "{signed}");
}

#[tokio::test]
async fn findings_are_told_as_they_come() {
    let address = Receiver::start(Fault::OtherSecret).await;
    let doctor = Doctor::new(format!("http://{address}/"), SECRET).unwrap().local(true);
    let mut told = Vec::new();
    let diagnosis = doctor.examine_with(|finding| told.push(finding.to_string())).await;
    assert_eq!(told.len(), diagnosis.findings().len());
    let needs = |line: &&String| line.ends_with("needs challenge_secret, which failed");
    assert!(told.iter().filter(needs).count() > 20, "{told:#?}");
}

/// The tables of the guide state what each check proves.
#[test]
fn the_guide_has_every_check() {
    let guide = include_str!("../../../../docs/guide/doctor.md");
    let rows: Vec<_> = guide.lines().filter(|line| line.starts_with("| `")).collect();
    assert_eq!(rows.len(), Doctor::checks().count());
    for (name, proves) in Doctor::checks() {
        let row = format!("| `{name}` | {proves} |");
        assert!(rows.iter().any(|line| line.starts_with(&row)), "{row}");
    }
}
