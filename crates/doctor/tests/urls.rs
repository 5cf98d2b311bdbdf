//! URLs that X rejects or cannot reach.

use std::time::Duration;

use birdhook_doctor::{CheckStatus, Doctor, DoctorError};
use tokio::net::TcpListener;

use crate::checks_with;
use crate::receiver::SECRET;

/// The checks that fail in these tests.
pub(crate) const FAILED: &[&str] = &["url_form", "url_https", "url_port", "dns_resolves", "dns_public", "connection"];

#[tokio::test]
async fn reports_urls_that_x_rejects_without_sending_a_request() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let long = format!("https://birdhook-doctor.invalid/{}", "a".repeat(180));
    let rows: &[(&str, bool, &[&str])] = &[
        ("webhooks/twitter", false, &["url_form"]),
        ("ftp://app.example/", false, &["url_form"]),
        ("https://", false, &["url_form"]),
        ("ftp://user:pass@app.example/", false, &["url_form"]),
        ("https://user:pass@birdhook-doctor.invalid/", false, &["url_form"]),
        ("https://birdhook-doctor.invalid/#here", false, &["url_form"]),
        (&long, false, &["url_form"]),
        ("http://birdhook-doctor.invalid/", false, &["url_https"]),
        ("https://birdhook-doctor.invalid:443/", false, &["url_port", "dns_resolves"]),
        ("https://birdhook-doctor.invalid:/", false, &["url_port", "dns_resolves"]),
        ("https://birdhook-doctor.invalid/", false, &["dns_resolves"]),
        (&format!("https://127.0.0.1:{closed}/"), false, &["url_port", "dns_public", "connection"]),
        (&format!("https://[::ffff:127.0.0.1]:{closed}/"), false, &["url_port", "dns_public", "connection"]),
        (&format!("http://127.0.0.1:{closed}/"), true, &["connection"]),
    ];
    for (url, local, failed) in rows {
        let doctor = Doctor::new(*url, SECRET).unwrap().local(*local).timeout(Duration::from_secs(5));
        let diagnosis = doctor.examine().await;
        assert_eq!(checks_with(&diagnosis, CheckStatus::Failed), *failed, "{url}\n{diagnosis}");
        assert!(!diagnosis.url().contains("pass"), "{}", diagnosis.url());
        assert!(!diagnosis.to_string().contains("pass@"), "{diagnosis}");
    }
}

#[test]
fn rejects_invalid_secrets_and_certificates() {
    assert!(matches!(Doctor::new("https://app.example/", ""), Err(DoctorError::Secret(_))));
    let doctor = || Doctor::new("https://app.example/", SECRET).unwrap();
    assert!(matches!(doctor().trust_root(b"no certificate"), Err(DoctorError::Root)));
    assert!(matches!(doctor().trust_root(b"-----BEGIN NOTHING-----"), Err(DoctorError::Root)));
}
