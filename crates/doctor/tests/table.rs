//! The table of faults in the guide: faulty receivers, and the first line of the doctor's verdict.

use std::fmt::Write;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use birdhook_core::Secret;
use birdhook_doctor::{CheckStatus, Diagnosis, Doctor, Effect};
use birdhook_testkit::sign;
use futures_util::StreamExt;
use tokio::net::TcpListener;

use crate::certificates::{examine_port_without_tls, faulty_chains};
use crate::doctor;
use crate::fault::Fault;
use crate::receiver::{Answering, Head, Receiver, Reply, SECRET, answer, challenge_answer, json, secret};

const GUIDE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guide/doctor.md");
const HEAD: &str = "| | faulty receiver | first line of the verdict |\n|---|---|---|\n";

const CORRECT: &[(&str, Fault)] = &[
    ("correct", Fault::None),
    ("a page without a crc_token", Fault::PageWithoutToken),
    ("stores the raw body of every signed delivery", Fault::StoresRawBody),
    ("accepts malformed JSON", Fault::MalformedTaken),
    ("refuses wrong signatures with 200", Fault::RefusesWith200),
];

const FORGERIES: &[(&str, Fault)] = &[
    ("never verifies signatures", Fault::NeverVerifies),
    ("never verifies, and answers challenges in hex", Fault::HexAndNeverVerifies),
    ("never verifies, and has another app's secret", Fault::OtherSecretAndNeverVerifies),
    ("accepts a delivery without a signature", Fault::NoSignatureTaken),
    ("compares only the beginning of the signature", Fault::PrefixCompared),
    ("compares only 20 characters of the signature", Fault::BeginningCompared),
    ("accepts a signature that is not base64", Fault::NotBase64Taken),
    ("accepts the algorithm none", Fault::AnyAlgorithm),
    ("also accepts an empty secret", Fault::EmptySecretToo),
    ("also accepts the secret undefined", Fault::UndefinedSecretToo),
    ("signs every crc_token, also a delivery's body", Fault::Oracle),
    ("signs a delivery's body after white space", Fault::OracleBehindBlanks),
    ("has an app's client secret, and signs every crc_token", Fault::OAuth2HeaderAlone),
    ("shows the right signature in its responses", Fault::TellsSignature),
    ("shows the secret in its responses", Fault::TellsSecret),
];

const CHALLENGES: &[(&str, Fault)] = &[
    ("no route for GET", Fault::NoRouteForGet),
    ("accepts only POST", Fault::MethodNotAllowed),
    ("crashes on the challenge", Fault::ChallengeFails),
    ("does not run behind its proxy", Fault::NothingBehindProxy),
    ("never answers the challenge", Fault::ChallengeHangs),
    ("the process ends on the challenge", Fault::ChallengeCrashes),
    ("answers challenges 204", Fault::ChallengeNoContent),
    ("the response is cut off", Fault::ChallengeCutOff),
    ("a proxy strips the query", Fault::StripsQuery),
    ("answers challenges 401", Fault::AsksForLogin),
    ("requires HTTP authentication", Fault::BasicAuthentication),
    ("redirects to a login", Fault::Redirects),
    ("redirects to a trailing slash", Fault::RedirectsPermanently),
    ("shows a login form", Fault::LoginPage),
    ("refuses an empty User-Agent with 403", Fault::NoUserAgentRefused),
    ("closes the connection for an empty User-Agent", Fault::NoUserAgentClosed),
    ("behind Cloudflare's bot challenge", Fault::CloudflareChallenge),
    ("behind Vercel's bot challenge", Fault::VercelChallenge),
    ("behind Vercel's deployment protection", Fault::VercelLogin),
    ("API Gateway without the route", Fault::GatewayWithoutRoute),
    ("behind a web application firewall", Fault::FirewallPage),
    ("behind ngrok's warning page", Fault::NgrokPage),
    ("a catch-all page answers", Fault::Page),
];

const RESPONSES: &[(&str, Fault)] = &[
    ("the Content-Type is HTML", Fault::PlainText),
    ("Content-Encoding: gzip without gzip", Fault::ClaimsGzip),
    ("compresses without being asked", Fault::Gzip),
    ("gzip without Content-Encoding", Fault::GzipUnsaid),
    ("an empty response", Fault::EmptyAnswer),
    ("the crc_token alone", Fault::EchoesBareToken),
    ("the response_token without JSON", Fault::BareToken),
    ("another member's name", Fault::OtherMember),
    ("the response_token is a number", Fault::TokenIsNumber),
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
    ("a cache ignores the query", Fault::Cached),
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
    ("does not decode the plus", Fault::PlusStaysPlus),
    ("decodes the crc_token twice", Fault::DecodesTwice),
    ("signs crc_token and nonce", Fault::SignsNonce),
    ("finds crc_token only at the beginning of the query", Fault::TokenMustBeFirst),
];

const DELIVERIES: &[(&str, Fault)] = &[
    ("no route for POST", Fault::NoRouteForPost),
    ("refuses a POST without a User-Agent", Fault::NoUserAgentRefusedForPost),
    ("closes the connection for a POST without a User-Agent", Fault::NoUserAgentClosedForPost),
    ("CSRF protection of Laravel", Fault::CsrfOfLaravel),
    ("CSRF protection of Django", Fault::CsrfOfDjango),
    ("CSRF protection of Rails", Fault::CsrfOfRails),
    ("403 alike with and without a signature", Fault::CsrfWithoutBody),
    ("crashes on a delivery", Fault::DeliveryCrashes),
    ("a login form answers POST", Fault::LoginForPost),
    ("a page answers every POST", Fault::PageForPost),
    ("a middleware consumes the body", Fault::BodyConsumed),
    ("verifies an empty body, because a middleware read it", Fault::SignatureOfEmptyBody),
    ("verifies json.dumps of the parsed body", Fault::SignatureOfPythonJson),
    ("compares the signature in hex", Fault::SignatureInHex),
    ("compares the signature without sha256=", Fault::SignatureWithoutPrefix),
    ("reads the signature from another service's header", Fault::SignatureInOtherHeader),
    ("POST has a line break after the secret", Fault::SecretOfPostWithLineBreak),
    ("refuses a correct signature with 200", Fault::RefusesCorrectWith200),
    ("crashes without for_user_id", Fault::UserRequired),
    ("redirects POST", Fault::PostRedirects),
    ("answers deliveries 204", Fault::NoContent),
    ("answers deliveries 202", Fault::Accepted),
    ("verifies the JSON after serializing it again", Fault::WritesJsonAgain),
    ("accepts only ASCII", Fault::AsciiOnly),
    ("refuses unknown kinds", Fault::UnknownKindRefused),
    ("refuses deliveries of the X Activity API", Fault::ActivityApiRefused),
    ("does not answer a Content-Type with a charset", Fault::ExactContentType),
    ("looks up the header case-sensitively", Fault::NamesByCase),
    ("refuses empty header values", Fault::NoEmptyHeaders),
    ("a body limit of 100 kB", Fault::SmallLimit),
    ("crashes on a body of 200 kB", Fault::LargeCrashes),
    ("refuses chunked bodies", Fault::NeedsLength),
    ("refuses duplicates", Fault::DuplicateRefused),
    ("answers duplicates 204", Fault::DuplicateNoContent),
    ("crashes on copies at the same time", Fault::DuplicatesCollide),
    ("crashes on malformed JSON", Fault::MalformedCrashes),
    ("never answers malformed JSON", Fault::MalformedHangs),
];

const EXPOSURES: &[(&str, Fault)] = &[
    ("signs without a crc_token", Fault::NoTokenTaken),
    ("signs an empty crc_token", Fault::EmptyTokenSigned),
    ("crashes on two crc_tokens", Fault::TwoTokensCrash),
    ("fails on a short signature", Fault::ShortSignatureFails),
    ("has no limit for bodies", Fault::NoLimit),
    ("accepts PUT without a signature", Fault::PutTaken),
    ("shows stack traces", Fault::TracesWhenRefusing),
    ("answers 500 after malformed JSON", Fault::FallsIll),
];

/// Replies to GET that the app did not send, or of another handler.
const INSTEAD_OF_CHALLENGES: &[(&str, Answering)] = &[
    ("a 404 of Traefik", |head| to_get(head, || answer(404, "404 page not found\n"))),
    ("an expired ngrok tunnel", |head| to_get(head, || answer(404, "<html>The endpoint is offline. ERR_NGROK_3200"))),
    ("nothing behind an ngrok tunnel", |head| {
        to_get(head, || answer(502, "").header("ngrok-error-code", "ERR_NGROK_8012"))
    }),
    ("localtunnel's warning page", |head| to_get(head, || answer(511, "<title>Tunnel website ahead!</title>"))),
    ("a Cloudflare tunnel that does not run", |head| {
        to_get(head, || answer(530, "error code: 1033").header("Server", "cloudflare"))
    }),
    ("Cloudflare's 503 with a bot challenge", |head| {
        to_get(head, || answer(503, "<title>Just a moment...</title>").header("Server", "cloudflare"))
    }),
    ("Cloudflare's firewall", |head| to_get(head, || answer(403, "error code: 1020").header("Server", "cloudflare"))),
    ("Cloudflare cannot connect to the app", |head| {
        to_get(head, || answer(521, "<title>521: Web server is down</title>").header("Server", "cloudflare"))
    }),
    ("Cloudflare rejects the app's certificate", |head| {
        to_get(head, || answer(526, "error code: 526").header("Server", "cloudflare"))
    }),
    ("Cloudflare Access", |head| {
        to_get(head, || answer(302, "").header("Location", "https://a.cloudflareaccess.com/cdn-cgi/access/login"))
    }),
    ("Vercel's firewall", |head| to_get(head, || answer(403, "").header("X-Vercel-Mitigated", "deny"))),
    ("a Vercel deployment that does not exist", |head| {
        to_get(head, || answer(404, "DEPLOYMENT_NOT_FOUND").header("X-Vercel-Error", "DEPLOYMENT_NOT_FOUND"))
    }),
    ("a Vercel function that crashes", |head| {
        to_get(head, || answer(500, "").header("X-Vercel-Error", "FUNCTION_INVOCATION_FAILED"))
    }),
    ("API Gateway with an API key", |head| {
        to_get(head, || answer(403, "{\"message\":\"Forbidden\"}").header("X-Amzn-ErrorType", "ForbiddenException"))
    }),
    ("API Gateway's Forbidden without headers", |head| to_get(head, || answer(403, "{\"message\":\"Forbidden\"}"))),
    ("API Gateway before a function that fails", |head| {
        to_get(head, || {
            answer(502, "{\"message\":\"Internal server error\"}")
                .header("X-Amzn-ErrorType", "InternalServerErrorException")
        })
    }),
    ("API Gateway before a function that is too slow", |head| {
        to_get(head, || answer(504, "{\"message\":\"Endpoint request timed out\"}"))
    }),
    ("a Lambda function URL with IAM", |head| {
        to_get(head, || answer(403, "{\"Message\":\"Forbidden\"}").header("x-amzn-ErrorType", "AccessDeniedException"))
    }),
    ("AWS WAF", |head| to_get(head, || answer(403, "<title>403 Forbidden</title>").header("Server", "awselb/2.0"))),
    ("Akamai", |head| to_get(head, || answer(403, "<TITLE>Access Denied</TITLE>").header("Server", "AkamaiGHost"))),
    ("mod_security", |head| to_get(head, || answer(406, "generated by Mod_Security"))),
    ("Google Cloud without unauthenticated calls", |head| {
        to_get(head, || answer(403, "<title>403 Forbidden</title>Your client does not have permission to get URL"))
    }),
    ("a stopped Azure web app", |head| to_get(head, || answer(403, "<h1>Error 403 - This web app is stopped.</h1>"))),
    ("an allow list of addresses", |head| to_get(head, || answer(403, "{\"error\":\"IP not allowed\"}"))),
    ("Heroku's application error", |head| {
        to_get(head, || answer(503, "<title>Application Error</title>").header("Server", "Cowboy"))
    }),
    ("Heroku's No such app", |head| to_get(head, || answer(404, "<title>No such app</title>"))),
    ("a suspended service at Render", |head| to_get(head, || answer(503, "").header("x-render-routing", "suspend"))),
    ("nginx's 504", |head| {
        to_get(head, || answer(504, "<title>504 Gateway Time-out</title>").header("Server", "nginx"))
    }),
    ("nginx's 503", |head| {
        to_get(head, || answer(503, "<title>503 Service Temporarily Unavailable</title>").header("Server", "nginx"))
    }),
    ("nginx's default page", |head| {
        to_get(head, || answer(200, "<html><title>Welcome to nginx!</title>").header("Content-Type", "text/html"))
    }),
    ("a single-page app", |head| {
        to_get(head, || {
            answer(200, "<!doctype html><title>App</title><div id=\"root\"></div>").header("Content-Type", "text/html")
        })
    }),
    ("WordPress's Page not found, with 200", |head| {
        to_get(head, || answer(200, "<!DOCTYPE html><title>Page not found</title>").header("Content-Type", "text/html"))
    }),
    ("WordPress's REST API with a login", |head| {
        to_get(head, || {
            answer(401, "{\"code\":\"rest_forbidden\",\"message\":\"Sorry, you are not allowed to do that.\"}")
        })
    }),
    ("a token is required", |head| to_get(head, || answer(401, "{\"msg\":\"Missing Authorization Header\"}"))),
    ("Django's ALLOWED_HOSTS", |head| to_get(head, || answer(400, "<h1>Bad Request (400)</h1>"))),
    ("Rails' config.hosts", |head| to_get(head, || answer(403, "<h1>Blocked hosts: app.example</h1>"))),
    ("a parameter with another name in FastAPI", |head| {
        to_get(head, || answer(422, "{\"detail\":[{\"loc\":[\"query\",\"crc\"],\"msg\":\"Field required\"}]}"))
    }),
    ("GET expects a signature", |head| to_get(head, || answer(400, "missing x-twitter-webhooks-signature"))),
    ("a GraphQL server", |head| {
        to_get(head, || answer(400, "{\"errors\":[{\"message\":\"Must provide query string.\"}]}"))
    }),
    ("http at a TLS port", |head| {
        to_get(head, || answer(400, "<title>400 The plain HTTP request was sent to HTTPS port</title>"))
    }),
    ("a rate limit", |head| to_get(head, || answer(429, "Retry later\n"))),
    ("http is redirected to https", |head| {
        to_get(head, || answer(301, "").header("Location", "https://127.0.0.1/webhooks/twitter"))
    }),
    ("a redirect to another path", |head| to_get(head, || answer(307, "").header("Location", "/en/webhooks/twitter"))),
    ("a cache answers 304", |head| to_get(head, || answer(304, ""))),
    ("answers challenges 202", |head| to_get(head, || answer(202, ""))),
    ("an n8n workflow that is not active", |head| {
        to_get(head, || answer(404, "{\"message\":\"The requested webhook is not registered.\"}"))
    }),
    ("Python's http.server without do_GET", |head| to_get(head, || answer(501, "<title>Error response</title>"))),
];

const WITHOUT_USER_AGENT: &[(&str, Answering)] = &[
    ("a page for an empty User-Agent", |head| {
        to_get(head, || answer(200, "<html><title>Blocked</title>"))
            .filter(|_| head.values("user-agent").concat().is_empty())
    }),
    ("a redirect for an empty User-Agent", |head| {
        to_get(head, || answer(302, "").header("Location", "/blocked"))
            .filter(|_| head.values("user-agent").concat().is_empty())
    }),
    ("503 for an empty User-Agent", |head| {
        to_get(head, || answer(503, "")).filter(|_| head.values("user-agent").concat().is_empty())
    }),
];

/// Responses to challenges, from the token and the right signature.
const CHALLENGE_RESPONSES: &[(&str, Answering)] = &[
    ("a PHP message after the JSON", |head| {
        to_challenge(head, |_, right| {
            json(format!(
                "{{\"response_token\":\"{right}\"}}<br />\n<b>Warning</b>: headers already sent in <b>/srv/a.php</b>"
            ))
        })
    }),
    ("a PHP error instead of the JSON", |head| {
        to_challenge(head, |_, _| json("<b>Fatal error</b>: Uncaught Error: undefined function in /srv/a.php:3"))
    }),
    ("the source of a PHP script", |head| to_challenge(head, |_, _| json("<?php echo 1;"))),
    ("a Ruby hash, printed", |head| {
        to_challenge(head, |_, right| json(format!("{{\"response_token\"=>\"{right}\"}}")))
    }),
    ("a JavaScript object, printed", |head| {
        to_challenge(head, |_, right| json(format!("{{ response_token: '{right}' }}")))
    }),
    ("a PHP array, printed", |head| {
        to_challenge(head, |_, right| json(format!("Array\n(\n  [response_token] => {right}\n)")))
    }),
    ("a Java map, printed", |head| to_challenge(head, |_, right| json(format!("{{response_token={right}}}")))),
    ("UTF-16", |head| {
        to_challenge(head, |_, right| {
            json(
                format!("{{\"response_token\":\"{right}\"}}")
                    .encode_utf16()
                    .flat_map(u16::to_le_bytes)
                    .collect::<Vec<_>>(),
            )
        })
    }),
    ("XML", |head| to_challenge(head, |_, _| json("<?xml version=\"1.0\"?><response_token/>"))),
    ("JSON within a page", |head| {
        to_challenge(head, |_, right| json(format!("<html><pre>{{\"response_token\":\"{right}\"}}</pre>")))
    }),
    ("JSON in a list", |head| to_challenge(head, |_, right| json(format!("[{{\"response_token\":\"{right}\"}}]")))),
    ("the JSON in base64", |head| {
        to_challenge(head, |_, right| json(STANDARD.encode(format!("{{\"response_token\":\"{right}\"}}"))))
    }),
    ("the error of a Lambda function", |head| {
        to_challenge(head, |_, _| json("{\"errorMessage\":\"'queryStringParameters'\",\"errorType\":\"KeyError\"}"))
    }),
    ("another handler's JSON", |head| to_challenge(head, |_, _| json("{\"message\":\"Hello World\"}"))),
    ("a Content-Length in characters", |head| to_challenge(head, |_, _| json("{\"response_token\": \""))),
    ("JSONP", |head| to_challenge(head, |_, right| json(format!("callback({{\"response_token\":\"{right}\"}})")))),
    ("no signature: sha256=undefined", |head| to_challenge(head, |_, _| challenge_answer("sha256=undefined"))),
    ("sha256=[object Promise]", |head| to_challenge(head, |_, _| challenge_answer("sha256=[object Promise]"))),
    ("SHA256= in capitals", |head| {
        to_challenge(head, |_, right| challenge_answer(&right.replace("sha256=", "SHA256=")))
    }),
    ("'sha256 =' with a space", |head| {
        to_challenge(head, |_, right| challenge_answer(&right.replace("sha256=", "sha256 =")))
    }),
    ("sha256= twice", |head| to_challenge(head, |_, right| challenge_answer(&format!("sha256={right}")))),
    ("sha1= before the right base64", |head| {
        to_challenge(head, |_, right| challenge_answer(&right.replace("sha256=", "sha1=")))
    }),
    ("base64 in lower case", |head| to_challenge(head, |_, right| challenge_answer(&right.to_lowercase()))),
    ("percent-encoded base64", |head| {
        to_challenge(head, |_, right| {
            challenge_answer(
                &right
                    .replace('+', "%2B")
                    .replace('/', "%2F")
                    .replacen("sha256=", "sha256*", 1)
                    .replace('=', "%3D")
                    .replace('*', "="),
            )
        })
    }),
    ("hex in capitals, without sha256=", |head| {
        to_challenge(head, |_, right| challenge_answer(&hex_of(&right).to_uppercase()))
    }),
    ("the digest as a list of numbers", |head| to_challenge(head, |_, right| challenge_answer(&numbers_of(&right)))),
    ("signs the crc_token in quotes", |head| to_challenge(head, |token, _| signed_text(&format!("\"{token}\"")))),
    ("signs the crc_token and a line break", |head| to_challenge(head, |token, _| signed_text(&format!("{token}\n")))),
    ("signs a template that was not filled in", |head| to_challenge(head, |_, _| signed_text("${crc_token}"))),
    ("signs the JSON of the query", |head| {
        to_challenge(head, |token, _| signed_text(&format!("{{\"crc_token\":\"{token}\"}}")))
    }),
    ("the name of a variable as secret", |head| {
        to_challenge(head, |token, _| signed_with("TWITTER_CONSUMER_SECRET", &token))
    }),
    ("a reference to a variable as secret", |head| {
        to_challenge(head, |token, _| signed_with("${CONSUMER_SECRET}", &token))
    }),
    ("the last character of the secret is missing", |head| {
        to_challenge(head, |token, _| signed_with(&SECRET[..SECRET.len() - 1], &token))
    }),
    ("the secret in base64", |head| to_challenge(head, |token, _| signed_with(&STANDARD.encode(SECRET), &token))),
];

const INSTEAD_OF_DELIVERIES: &[(&str, Answering)] = &[
    ("API Gateway refuses POST", |head| {
        (head.method == "POST").then(|| answer(403, "{\"message\":\"Missing Authentication Token\"}"))
    }),
    ("a firewall refuses POST", |head| (head.method == "POST").then(|| answer(403, "").header("X-Sucuri-ID", "1"))),
    ("a schema of FastAPI refuses the body", |head| {
        (head.method == "POST")
            .then(|| answer(422, "{\"detail\":[{\"loc\":[\"body\",\"for_user_id\"],\"msg\":\"Field required\"}]}"))
    }),
    ("a parser of bodies refuses all", |head| {
        (head.method == "POST").then(|| answer(400, "{\"error\":\"Unexpected token\"}"))
    }),
    ("CSRF protection of Flask-WTF", |head| {
        (head.method == "POST").then(|| answer(400, "<p>The CSRF token is missing.</p>"))
    }),
    ("accepts no JSON", |head| (head.method == "POST").then(|| answer(415, ""))),
    ("redirects POST to a trailing slash", |head| {
        (head.method == "POST").then(|| answer(301, "").header("Location", "/webhooks/twitter/"))
    }),
    ("never answers a delivery", |head| (head.method == "POST").then_some(Reply::Hang)),
    ("closes the connection on a delivery", |head| (head.method == "POST").then_some(Reply::Close)),
];

fn to_get(head: &Head, reply: impl Fn() -> Reply) -> Option<Reply> {
    (head.method == "GET").then(reply)
}

/// Replies to the challenges that X sends, and not to those of attackers.
fn to_challenge(head: &Head, reply: impl Fn(String, String) -> Reply) -> Option<Reply> {
    let [token] = head.parameters("crc_token").try_into().ok()?;
    let is_of_x = head.method == "GET" && !token.is_empty() && !token.contains(['{', '\n']);
    is_of_x.then(|| reply(token.clone(), sign(&secret(), token.as_bytes())))
}

fn signed_text(text: &str) -> Reply {
    challenge_answer(&sign(&secret(), text.as_bytes()))
}

fn signed_with(key: &str, token: &str) -> Reply {
    challenge_answer(&sign(&Secret::new(key).unwrap(), token.as_bytes()))
}

fn bytes_of(signature: &str) -> Vec<u8> {
    STANDARD.decode(&signature[7..]).unwrap()
}

fn hex_of(signature: &str) -> String {
    bytes_of(signature).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn numbers_of(signature: &str) -> String {
    let numbers: Vec<_> = bytes_of(signature).iter().map(u8::to_string).collect();
    format!("sha256={}", numbers.join(","))
}

/// URLs that X refuses to register, or cannot reach.
const URLS: &[(&str, &str)] = &[
    ("not a complete URL", "app.example/webhooks/twitter"),
    ("a user in the URL", "https://user:password@app.example/webhooks/twitter"),
    ("a fragment in the URL", "https://app.example/webhooks/twitter#x"),
    ("http, not https", "http://app.example/webhooks/twitter"),
    ("a port in the URL", "https://birdhook-doctor.invalid:8443/webhooks/twitter"),
    ("a host that does not exist", "https://birdhook-doctor.invalid/webhooks/twitter"),
    ("a private address", "https://127.0.0.1/webhooks/twitter"),
];

async fn examine(fault: Fault) -> Diagnosis {
    examine_at(Receiver::start(fault).await).await
}

async fn examine_at(address: SocketAddr) -> Diagnosis {
    // The timeout appears in the table.
    let doctor = doctor(address).timeout(Duration::from_secs(2));
    doctor.deadline(Duration::from_secs(30)).examine().await
}

/// Examines a slow receiver, again if the machine was slow in another check.
async fn examine_slow(fault: Fault) -> Diagnosis {
    for _ in 0..5 {
        let doctor = doctor(Receiver::start(fault).await).deadline(Duration::from_millis(450));
        let diagnosis = doctor.examine().await;
        let failed = diagnosis.results().iter().filter(|result| result.status() == CheckStatus::Failed);
        if failed.count() == 1 {
            return diagnosis;
        }
    }
    panic!("{fault:?} fails other checks too");
}

/// Replaces the measured time of a response.
fn without_time(verdict: &str) -> String {
    match verdict.split_once("answered after ").and_then(|(before, rest)| Some((before, rest.split_once(';')?.1))) {
        Some((before, after)) => format!("{before}answered after 0.5 s;{after}"),
        None => verdict.to_owned(),
    }
}

/// Returns the name and the diagnosis of each row of the table.
async fn examine_all() -> Vec<(&'static str, Diagnosis)> {
    type Examination = Pin<Box<dyn Future<Output = (&'static str, Diagnosis)>>>;
    let mut all: Vec<Examination> = Vec::new();
    let faults = |rows: &'static [(&'static str, Fault)]| {
        rows.iter().map(|(name, fault)| Box::pin(async move { (*name, examine(*fault).await) }) as Examination)
    };
    let answers = |rows: &'static [(&'static str, Answering)]| {
        rows.iter().map(|(name, answering)| {
            let examination = async move { (*name, examine_at(Receiver::start_with(*answering).await).await) };
            Box::pin(examination) as Examination
        })
    };
    all.extend(faults(CORRECT));
    all.extend(faults(FORGERIES));
    for (name, url) in URLS {
        all.push(Box::pin(async move { (*name, Doctor::new(*url, SECRET).unwrap().examine().await) }));
    }
    all.push(Box::pin(async {
        let url = format!("https://app.example/{}", "a".repeat(181));
        ("a URL of 201 characters", Doctor::new(url, SECRET).unwrap().examine().await)
    }));
    all.push(Box::pin(async {
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        ("nothing listens", doctor(closed).examine().await)
    }));
    for chain in faulty_chains() {
        all.push(Box::pin(async move { (chain.name, chain.examine().await) }));
    }
    all.push(Box::pin(async { ("no TLS at the port", examine_port_without_tls().await) }));
    all.extend(faults(CHALLENGES));
    all.push(Box::pin(async {
        let receiver = Receiver::start(Fault::ChallengeEndless).await;
        ("never ends the response", doctor(receiver).examine().await)
    }));
    all.push(Box::pin(async { ("answers challenges too late", examine_slow(Fault::ChallengeSlow).await) }));
    all.extend(answers(INSTEAD_OF_CHALLENGES));
    all.extend(answers(WITHOUT_USER_AGENT));
    all.extend(faults(RESPONSES));
    all.extend(answers(CHALLENGE_RESPONSES));
    all.extend(faults(DELIVERIES));
    all.push(Box::pin(async { ("answers deliveries too late", examine_slow(Fault::DeliverySlow).await) }));
    all.extend(answers(INSTEAD_OF_DELIVERIES));
    all.extend(faults(EXPOSURES));
    futures_util::stream::iter(all).buffered(8).collect().await
}

#[tokio::test]
async fn the_guide_shows_the_verdict_on_each_faulty_receiver() {
    let mut table = HEAD.to_owned();
    for (number, (name, diagnosis)) in examine_all().await.iter().enumerate() {
        let verdict = without_time(&diagnosis.verdict().to_string());
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

/// A leaked secret does not mean that the receiver accepts everything, but it comes first all the
/// same. A leaked signature is that of a delivery which an attacker can send at once.
#[tokio::test]
async fn a_leaked_secret_is_an_exposure_that_precedes_other_faults() {
    let leaking_and_broken = Receiver::start_with(|head| to_get(head, || answer(500, SECRET))).await;
    let diagnosis = examine_at(leaking_and_broken).await;
    let order: Vec<_> = diagnosis.findings().iter().map(|one| (one.check(), one.effect())).collect();
    let expected = [("answers_keep_secrets", Some(Effect::Exposure)), ("challenge_status", Some(Effect::Refusal))];
    assert!(order.starts_with(&expected), "{diagnosis}");
    assert!(!diagnosis.to_string().contains(SECRET), "{diagnosis}");
    let signature = examine(Fault::TellsSignature).await;
    assert_eq!(signature.verdict().summary(), "unsafe: accepts forged deliveries", "{signature}");
}
