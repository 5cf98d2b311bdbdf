//! The doctor finds no problem in birdhook on any adapter, not even a warning.

use birdhook::{Secret, Webhook};
use birdhook_doctor::{CheckResult, CheckStatus, Doctor};
use birdhook_test_harness::http_client::PATH;
use birdhook_tests::server::{Adapter, Behaviour, Server};

const SECRET: &str = "z3ZX4v7mAAUGykl3EcmkqbartmuW8VFOOzCloLx9Q45P0hLrFu";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_adapter_is_healthy() {
    for adapter in Adapter::ALL {
        let webhook = Webhook::new(Secret::new(SECRET).unwrap());
        let mut server = Server::start(adapter, webhook, Behaviour::Takes).await;
        let url = format!("http://{}{PATH}", server.address);
        let mut diagnosis = Doctor::new(url.clone(), SECRET).unwrap().local(true).examine().await;
        // On a machine under load, a huge body may be sent completely before the client sees the
        // early rejection. This must not happen repeatedly.
        let is_late =
            |finding: &CheckResult| finding.check() == "body_huge_unsigned" && finding.status() == CheckStatus::Warned;
        for _ in 0..4 {
            if diagnosis.results().iter().any(is_late) {
                diagnosis = Doctor::new(url.clone(), SECRET).unwrap().local(true).examine().await;
            }
        }
        // Such a machine may also be slow.
        let wrong = diagnosis.results().iter().filter(|finding| match finding.status() {
            CheckStatus::Passed => false,
            CheckStatus::Warned => !finding.check().ends_with("_time"),
            CheckStatus::Skipped => {
                !["url_https", "url_port", "dns_public", "certificate", "delivery_headers"].contains(&finding.check())
            }
            _ => true,
        });
        let wrong: Vec<_> = wrong.map(ToString::to_string).collect();
        assert!(diagnosis.is_healthy() && wrong.is_empty(), "{adapter:?}:\n{}", wrong.join("\n"));
        assert!(server.taken().iter().all(|delivery| delivery.body().as_str().contains("birdhook")));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_secret_is_one_failure() {
    for adapter in Adapter::ALL {
        let webhook = Webhook::new(Secret::new("another-secret").unwrap());
        let server = Server::start(adapter, webhook, Behaviour::Takes).await;
        let url = format!("http://{}{PATH}", server.address);
        let diagnosis = Doctor::new(url, SECRET).unwrap().local(true).examine().await;
        let failed = diagnosis.results().iter().filter(|finding| finding.status() == CheckStatus::Failed);
        let failed: Vec<_> = failed.map(CheckResult::check).collect();
        assert_eq!(failed, ["challenge_secret"], "{adapter:?}\n{diagnosis}");
    }
}
