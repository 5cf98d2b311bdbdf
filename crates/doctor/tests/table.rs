//! The table of faults in the guide: faulty receivers, and the first line of the doctor's verdict.

use std::fmt::Write;

use birdhook_doctor::{CheckStatus, Diagnosis, Effect};
use futures_util::StreamExt;

use crate::doctor;
use crate::fault::Fault;
use crate::receiver::Receiver;

const GUIDE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guide/doctor.md");
const HEAD: &str = "| | faulty receiver | first line of the verdict |\n|---|---|---|\n";

const ROWS: &[(&str, Fault)] = &[
    ("correct", Fault::None),
    ("never verifies signatures", Fault::NeverVerifies),
    ("accepts a delivery without a signature", Fault::NoSignatureTaken),
    ("signs every crc_token, also a delivery's body", Fault::Oracle),
    ("compares only the beginning of the signature", Fault::PrefixCompared),
    ("also accepts an empty secret", Fault::EmptySecretToo),
    ("never verifies, and answers challenges in hex", Fault::HexAndNeverVerifies),
    ("shows the secret in its responses", Fault::TellsSecret),
    ("no route for GET", Fault::NoRouteForGet),
    ("accepts only POST", Fault::MethodNotAllowed),
    ("crashes on the challenge", Fault::ChallengeFails),
    ("does not run behind its proxy", Fault::NothingBehindProxy),
    ("never answers the challenge", Fault::ChallengeHangs),
    ("a proxy strips the query", Fault::StripsQuery),
    ("redirects to a login", Fault::Redirects),
    ("redirects to a trailing slash", Fault::RedirectsPermanently),
    ("shows a login form", Fault::LoginPage),
    ("requires HTTP authentication", Fault::BasicAuthentication),
    ("refuses an empty User-Agent with 403", Fault::NoUserAgentRefused),
    ("closes the connection for an empty User-Agent", Fault::NoUserAgentClosed),
    ("behind Cloudflare's bot challenge", Fault::CloudflareChallenge),
    ("behind Vercel's bot challenge", Fault::VercelChallenge),
    ("behind Vercel's deployment protection", Fault::VercelLogin),
    ("API Gateway without the route", Fault::GatewayWithoutRoute),
    ("behind a web application firewall", Fault::FirewallPage),
    ("behind ngrok's warning page", Fault::NgrokPage),
    ("a catch-all page answers", Fault::Page),
    ("the Content-Type is HTML", Fault::PlainText),
    ("Content-Encoding: gzip without gzip", Fault::ClaimsGzip),
    ("an empty response", Fault::EmptyAnswer),
    ("the crc_token alone", Fault::EchoesBareToken),
    ("the response_token without JSON", Fault::BareToken),
    ("another member's name", Fault::OtherMember),
    ("JSON in a JSON string", Fault::JsonTwice),
    ("a Lambda response as the body", Fault::LambdaResponse),
    ("within another member", Fault::WithinMember),
    ("a byte order mark before the JSON", Fault::ByteOrderMark),
    ("a PHP notice before the JSON", Fault::PhpNotice),
    ("text after the JSON", Fault::TextAfterwards),
    ("a Python dict, printed", Fault::PythonDict),
    ("Python bytes, printed", Fault::PythonBytesBody),
    ("a JavaScript object as text", Fault::ObjectAsText),
    ("the same response to every challenge", Fault::HardCoded),
    ("signs the word crc_token", Fault::SignsName),
    ("signs undefined", Fault::SignsUndefined),
    ("echoes the crc_token", Fault::EchoesToken),
    ("hex", Fault::Hex),
    ("base64 of hex", Fault::Base64OfHex),
    ("URL-safe base64", Fault::UrlSafe),
    ("base64 without padding", Fault::Unpadded),
    ("no sha256=", Fault::NoPrefix),
    ("a line break at the end", Fault::LineBreak),
    ("sha256=b'...'", Fault::PythonBytes),
    ("HMAC's arguments swapped", Fault::SwappedArguments),
    ("HMAC-SHA1", Fault::Sha1),
    ("SHA-256 of secret and crc_token", Fault::KeyThenText),
    ("signs the whole query", Fault::SignsQuery),
    ("another app's secret", Fault::OtherSecret),
    ("a line break after the secret", Fault::SecretWithLineBreak),
    ("the secret in quotes", Fault::SecretInQuotes),
    ("the secret and &, as in OAuth 1.0a", Fault::SecretAndAmpersand),
    ("no secret", Fault::NoSecret),
    ("signs the crc_token without decoding it", Fault::SignsUndecoded),
    ("signs crc_token and nonce", Fault::SignsNonce),
    ("no route for POST", Fault::NoRouteForPost),
    ("refuses a POST without a User-Agent", Fault::NoUserAgentRefusedForPost),
    ("closes the connection for a POST without a User-Agent", Fault::NoUserAgentClosedForPost),
    ("CSRF protection of Laravel", Fault::CsrfOfLaravel),
    ("CSRF protection of Django", Fault::CsrfOfDjango),
    ("CSRF protection of Rails", Fault::CsrfOfRails),
    ("403 alike with and without a signature", Fault::CsrfWithoutBody),
    ("crashes on a delivery", Fault::DeliveryCrashes),
    ("a login form answers POST", Fault::LoginForPost),
    ("a middleware consumes the body", Fault::BodyConsumed),
    ("redirects POST", Fault::PostRedirects),
    ("answers deliveries 204", Fault::NoContent),
    ("verifies the JSON after serializing it again", Fault::WritesJsonAgain),
    ("refuses unknown kinds", Fault::UnknownKindRefused),
    ("refuses deliveries of the X Activity API", Fault::ActivityApiRefused),
    ("a body limit of 100 kB", Fault::SmallLimit),
    ("refuses duplicates", Fault::DuplicateRefused),
    ("stores the raw body of every signed delivery", Fault::StoresRawBody),
    ("signs without a crc_token", Fault::NoTokenTaken),
    ("a page without a crc_token", Fault::PageWithoutToken),
    ("fails on a short signature", Fault::ShortSignatureFails),
    ("crashes on malformed JSON", Fault::MalformedCrashes),
    ("shows stack traces", Fault::TracesWhenRefusing),
];

async fn examine(fault: Fault) -> Diagnosis {
    // The timeout appears in the table.
    let doctor = doctor(Receiver::start(fault).await).timeout(std::time::Duration::from_secs(2));
    doctor.deadline(std::time::Duration::from_secs(30)).examine().await
}

#[tokio::test]
async fn the_guide_shows_the_verdict_on_each_faulty_receiver() {
    let examined = futures_util::stream::iter(ROWS)
        .map(|(name, fault)| async move { (name, examine(*fault).await.verdict().to_string()) })
        .buffered(8);
    let verdicts: Vec<_> = examined.collect().await;
    let mut table = HEAD.to_owned();
    for (number, (name, verdict)) in verdicts.iter().enumerate() {
        assert_eq!(verdict.lines().count(), 1, "{verdict}");
        let cell = verdict.replace('|', "\\|").replace('<', "&lt;");
        let _ = writeln!(table, "| {} | {name} | {cell} |", number + 1);
    }
    let guide = std::fs::read_to_string(GUIDE).unwrap();
    if guide.contains(&table) {
        return;
    }
    let (before, rest) = guide.split_once(HEAD).unwrap();
    let after: String = rest.split_inclusive('\n').skip_while(|line| line.starts_with("| ")).collect();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(GUIDE, format!("{before}{table}{after}")).unwrap();
        return;
    }
    let differing: Vec<_> = table.lines().filter(|line| !guide.contains(line)).collect();
    panic!("docs/guide/doctor.md differs; run with BLESS=1 to write it:\n{}", differing.join("\n"));
}

#[tokio::test]
async fn forgeries_come_first_then_the_end_of_the_webhook_then_lost_events() {
    let order = |diagnosis: &Diagnosis| diagnosis.findings().iter().map(|one| one.effect()).collect::<Vec<_>>();
    let both = examine(Fault::HexAndNeverVerifies).await;
    assert_eq!(order(&both), [Some(Effect::Forgery), Some(Effect::Refusal)], "{both}");
    assert_eq!(both.verdict().first().map(birdhook_doctor::CheckResult::check), Some("signature_checked"));
    let oracle = examine(Fault::OAuth2HeaderAlone).await;
    assert_eq!(order(&oracle), [Some(Effect::Forgery), Some(Effect::Loss), Some(Effect::Exposure)], "{oracle}");
    let warned = examine(Fault::StoresRawBody).await;
    assert_eq!(warned.verdict().to_string(), "ready for X");
    assert!(warned.findings().iter().all(|one| one.status() == CheckStatus::Warned), "{warned}");
    let correct = examine(Fault::None).await;
    assert_eq!(correct.verdict().to_string(), "ready for X", "{correct}");
}

#[tokio::test]
async fn a_response_of_a_proxy_is_shown_with_its_headers_and_its_beginning() {
    let diagnosis = examine(Fault::CloudflareChallenge).await;
    let evidence = crate::result(&diagnosis, "challenge_status").evidence().unwrap_or_default();
    assert!(evidence.contains("cf-mitigated: \"challenge\"") && evidence.contains("body: \"<html>"), "{evidence}");
}
