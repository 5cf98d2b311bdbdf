//! All checks, in the order in which they run.

mod afterwards;
mod bodies;
mod challenge;
mod deliveries;
mod network;
mod oracle;
mod response;
mod response_token;
mod schemes;
mod signatures;
mod token_form;
mod tokens;
mod url;
mod variants;

pub(super) use deliveries::ACTIVITY_TYPE;
#[cfg(fuzzing)]
pub(super) use response_token::fault;

use std::pin::Pin;

use crate::diagnosis::{CheckResult, Side};
use crate::exchange::RawRequest;
use crate::results::RunResult;
use crate::target::Target;
use crate::verdict::Effect;

type RunFuture<'a> = Pin<Box<dyn Future<Output = RunResult> + Send + 'a>>;

/// A check: its name, its description, and its function.
#[derive(Clone, Copy)]
pub(super) struct Check {
    pub(super) name: &'static str,
    pub(super) side: Side,
    /// The property that a passing target has.
    pub(super) proves: &'static str,
    /// The checks that must pass first. This check is skipped if one of them fails.
    pub(super) needs: &'static [&'static str],
    /// The fix to suggest, unless the result has a more specific one.
    pub(super) fix: &'static str,
    pub(super) run: for<'a> fn(&'a mut Target) -> RunFuture<'a>,
}

impl Check {
    pub(super) fn with_result(&self, result: RunResult) -> CheckResult {
        let RunResult { status, observed, cause, fix, evidence, effect } = result;
        let fix = cause.is_some().then_some(fix.unwrap_or(self.fix));
        let effect = effect.filter(|_| self.side == Side::Stranger).unwrap_or_else(|| self.effect());
        let effect = cause.is_some().then_some(effect);
        let consequence = self.consequence();
        let (check, side, proves) = (self.name, self.side, self.proves);
        CheckResult { check, status, side, proves, observed, cause, fix, evidence, effect, consequence }
    }

    /// Returns the effect of a failure, unless the result has a more specific one.
    fn effect(&self) -> Effect {
        match self.name {
            "dns_resolves" | "dns_public" | "connection" => Effect::Unreachable,
            "oracle_closed" => Effect::Forgery,
            name if name.starts_with("signature_") => Effect::Forgery,
            name if name.starts_with("delivery_") || name.starts_with("body_") && self.side == Side::X => Effect::Loss,
            _ if self.side == Side::Stranger => Effect::Exposure,
            _ => Effect::Refusal,
        }
    }

    /// Returns what X does if this check fails.
    fn consequence(&self) -> &'static str {
        match self.name {
            "url_form" | "url_https" | "url_port" => "X refuses to register the URL",
            "certificate" | "redirect" => {
                "X refuses to register the URL; it invalidates a registered webhook at once, and sends nothing until a \
                 validation succeeds"
            }
            "dns_resolves" | "dns_public" | "connection" | "challenge_status" | "challenge_time" => {
                "X refuses to register the URL; it invalidates a registered webhook after 28 h without a successful \
                 challenge (in 1.1 at once), and sends nothing until a validation succeeds"
            }
            name if name.starts_with("challenge_") => {
                "X refuses to register the URL; it invalidates a registered webhook at once, and sends nothing until a \
                 validation succeeds"
            }
            "delivery_again" | "delivery_at_once" => {
                "X may send a delivery twice, and repeats one that is not answered 200"
            }
            name if name.starts_with("delivery_") => {
                "X counts the delivery as failed; enterprise 1.1 repeats it up to three times within about 5 minutes, v2 \
                 documents no schedule; then the event is lost unless it is replayed"
            }
            name if name.starts_with("body_") && self.side == Side::X => {
                "X is not known to send such bodies; a proxy may change a body on its way"
            }
            _ => "X does not test this; attackers do",
        }
    }
}

/// A pseudo-check for `needs`: no earlier check has ended the target's process.
pub(super) const ALIVE: &str = "alive";

const NEEDS_RESPONSE: &[&str] = &["redirect"];
const NEEDS_CHALLENGE: &[&str] = &[ALIVE, "redirect", "challenge_status"];
const NEEDS_JSON: &[&str] = &[ALIVE, "challenge_json"];
const NEEDS_SIGNATURE: &[&str] = &[ALIVE, "challenge_token", "challenge_secret"];
const NEEDS_DELIVERY: &[&str] = &[ALIVE, "delivery_accepted"];
const NEEDS_VERIFICATION: &[&str] = &[ALIVE, "delivery_accepted", "signature_checked"];

macro_rules! checks {
    ($($name:ident: $side:ident, $file:ident::$run:ident $(($($argument:expr),*))?, $needs:expr, $proves:literal, $fix:literal;)*) => {
        pub(super) const CHECKS: &[Check] = &[$(
            Check {
                name: stringify!($name),
                side: Side::$side,
                proves: $proves,
                needs: $needs,
                fix: $fix,
                run: |target| Box::pin($file::$run(target $($(, $argument)*)?)),
            },
        )*];
    };
}

checks! {
    url_form: X, url::form, &[],
        "the URL is one that X accepts: up to 200 characters, without a fragment, a user or a password",
        "register another URL";
    url_https: X, url::https, &["url_form"],
        "the URL is https",
        "serve the app with TLS, and register its https URL";
    url_port: X, url::port, &["url_form"],
        "the URL names no port",
        "serve the app at port 443, or put a proxy there, and remove the port from the URL";
    dns_resolves: X, network::resolves, &["url_form", "url_https"],
        "the host has an address",
        "correct the host's name, or its A and AAAA records";
    dns_public: X, network::public, &["dns_resolves"],
        "every address of the host is public",
        "point the name to a public address; for an app on this machine, use a tunnel, or check it as local";
    connection: X, network::connection, &["dns_resolves"],
        "something accepts connections there",
        "start the app, and open its port in the firewall";
    certificate: X, network::certificate, &["connection"],
        "TLS 1.2 or later, with a certificate for this name from an authority that Mozilla trusts",
        "check what terminates TLS in front of the app";
    redirect: X, challenge::redirect, &["connection", "certificate"],
        "the URL does not redirect",
        "register the URL that it redirects to, or exempt this path from the redirect (usually a rule for https, www or a trailing slash)";

    challenge_status: X, challenge::status, &[ALIVE, "redirect"],
        "a challenge (GET with crc_token) is answered 200",
        "answer GET on this path with 200 and {\"response_token\":\"sha256=...\"}";
    challenge_time: X, challenge::time, NEEDS_CHALLENGE,
        "a challenge is answered in time",
        "answer challenges without I/O, and avoid cold starts";
    challenge_encoding: X, challenge::encoding, NEEDS_CHALLENGE,
        "the response body matches its Content-Encoding",
        "send the response uncompressed: exempt this path from compression in the app, the proxy and the CDN";
    challenge_content_type: X, challenge::content_type, NEEDS_CHALLENGE,
        "the Content-Type of the response is JSON",
        "send Content-Type: application/json";
    challenge_json: X, response::json, &["challenge_status", "challenge_encoding"],
        "the response is a JSON object with the string response_token",
        "answer {\"response_token\":\"sha256=...\"}, and nothing else";
    challenge_fresh: X, response::fresh, NEEDS_JSON,
        "each token gets its own response_token",
        "compute the response from each request's crc_token, and exempt it from caches";
    challenge_token: X, response::token, &["challenge_json", "challenge_fresh"],
        "the response_token is 'sha256=' and the base64 of HMAC-SHA256 over the crc_token",
        "answer 'sha256=' + base64(HMAC-SHA256(key: client secret, or consumer secret of an app without one; message: crc_token))";
    challenge_secret: X, response::secret, &["challenge_json", "challenge_fresh"],
        "the receiver signs with a secret that the doctor knows",
        "give the receiver and the doctor the secrets of the app that owns the webhook: the OAuth 2.0 client secret if it has one, otherwise the consumer secret (API Key Secret); never a bearer or access token";
    challenge_decoding: X, variants::decoding, NEEDS_SIGNATURE,
        "the crc_token is form-decoded: %2B is a plus, and a plus is a space",
        "read the crc_token with a query parser that decodes forms, and decode it once";
    challenge_nonce: X, variants::nonce, NEEDS_SIGNATURE,
        "a nonce in the query does not change the response",
        "sign the value of crc_token alone";
    challenge_own_query: X, variants::own_query, NEEDS_SIGNATURE,
        "another parameter before crc_token does not change the response",
        "find crc_token by its name, at any position in the query";

    token_missing: Stranger, tokens::missing, NEEDS_SIGNATURE,
        "a GET without crc_token gets no signature",
        "answer 400 when there is no crc_token, and sign nothing";
    token_empty: Stranger, tokens::empty, NEEDS_SIGNATURE,
        "an empty crc_token is not signed",
        "answer 400 when the crc_token is empty, because its signature is that of an empty body";
    token_repeated: Stranger, tokens::repeated, NEEDS_SIGNATURE,
        "two crc_tokens in one query are not signed",
        "answer 400 when there are several crc_tokens; some frameworks return a list then";
    oracle_closed: Stranger, oracle::closed, NEEDS_SIGNATURE,
        "a crc_token that could be a delivery is not signed",
        "answer 400 to a crc_token with characters other than the letters, digits and +/=_- that X uses";

    delivery_accepted: X, deliveries::accepted, &[ALIVE, "challenge_secret"],
        "a signed delivery is accepted",
        "verify the raw bytes of the body with the app's secret, before any middleware reads them";
    delivery_headers: X, deliveries::headers, NEEDS_DELIVERY,
        "the signature of the secret that answers challenges is sufficient",
        "verify the header x-twitter-webhooks-signature-oauth2 with the client secret, and x-twitter-webhooks-signature with the consumer secret";
    delivery_status: X, deliveries::status, NEEDS_DELIVERY,
        "a delivery is answered exactly 200",
        "answer 200: X documents no other success";
    delivery_time: X, deliveries::time, NEEDS_DELIVERY,
        "a delivery is answered in time",
        "put the event into a queue, answer 200, and process it afterwards";
    delivery_unknown_kind: X, deliveries::unknown_kind, NEEDS_DELIVERY,
        "events of an unknown kind are accepted, because X adds kinds without notice",
        "answer 200 to every verified JSON object, and ignore unknown events";
    delivery_charset: X, deliveries::form("with a charset", "the Content-Type is compared as a whole, so a charset is refused", RawRequest::with_charset), NEEDS_DELIVERY,
        "Content-Type: application/json; charset=utf-8 is accepted",
        "do not compare the Content-Type as a whole";
    delivery_escapes: X, deliveries::escapes, NEEDS_DELIVERY,
        "a body with \\/ and \\u escapes is accepted",
        "verify the received bytes; parsing and serializing the JSON changes them";
    delivery_unicode: X, deliveries::form("é ü 日本語 \u{1f426} \u{2028}", "the app verifies decoded text, or text in another encoding, not the received bytes", |request| request), NEEDS_DELIVERY,
        "a body with raw UTF-8 is accepted",
        "verify the received bytes before decoding them as UTF-8";
    delivery_header_names: X, deliveries::header_names, NEEDS_DELIVERY,
        "header names are case-insensitive",
        "look up the signature's header case-insensitively";
    delivery_empty_header: X, deliveries::form("with an empty header", "a proxy or parser refuses a header with an empty value", RawRequest::with_empty_header), NEEDS_DELIVERY,
        "a header with an empty value, which X sends, is accepted",
        "configure the proxy or parser to accept empty header values";
    // 200 kB: posts and reposts with all their media are smaller.
    delivery_large: X, deliveries::form("large ".repeat(33_333), "a body limit of the app or a proxy is below 200 kB, or the app fails on a large body", |request| request), NEEDS_DELIVERY,
        "a body of 200 kB is accepted",
        "raise the body limit to 1 MiB (body-parser's default is 100 kB)";
    delivery_chunked: X, deliveries::form("in chunks ".repeat(50), "a body without a Content-Length is refused, or not read to its end", RawRequest::chunked), NEEDS_DELIVERY,
        "a chunked body, as proxies forward it, is accepted",
        "read the body to its end, whether or not there is a Content-Length";
    delivery_again: X, deliveries::repeated, NEEDS_DELIVERY,
        "the same delivery again is accepted",
        "answer 200 to a duplicate; otherwise X sends it again";
    delivery_at_once: X, deliveries::at_once, NEEDS_DELIVERY,
        "copies at the same time are answered 200 or 503",
        "answer a duplicate with 200, or 503 while the first copy is being processed";

    signature_checked: Stranger, signatures::checked, &[ALIVE, "challenge_json"],
        "a delivery with a wrong signature is not accepted",
        "compare the signature of every POST with HMAC-SHA256 of its raw body, in constant time, and answer 401";
    signature_wrong: Stranger, signatures::wrong, NEEDS_VERIFICATION,
        "a wrong signature of the right length is refused",
        "answer 401 to a wrong signature";
    signature_missing: Stranger, signatures::missing, NEEDS_VERIFICATION,
        "a delivery without a signature is refused",
        "answer 401 when the signature's header is missing or empty";
    signature_short: Stranger, signatures::short, NEEDS_VERIFICATION,
        "a truncated signature is refused",
        "compare lengths before the constant-time comparison, and answer 401 when they differ";
    signature_not_base64: Stranger, signatures::not_base64, NEEDS_VERIFICATION,
        "a signature that is not base64 is refused",
        "answer 401 when the signature cannot be decoded";
    signature_algorithm: Stranger, signatures::algorithm, NEEDS_VERIFICATION,
        "only the algorithm sha256 is accepted",
        "accept the prefix 'sha256=' and no other";
    signature_empty_secret: Stranger, signatures::empty_secret, NEEDS_VERIFICATION,
        "a signature made with an empty secret is refused",
        "refuse to start without a secret; a missing environment variable is often read as an empty one";
    signature_repeated: Stranger, signatures::repeated, NEEDS_VERIFICATION,
        "a correct and a wrong signature together are refused",
        "answer 401 when there are two signature headers";

    body_malformed: X, bodies::malformed, NEEDS_VERIFICATION,
        "malformed JSON is refused, though signed",
        "answer 400 when the body is not JSON";
    body_not_object: X, bodies::not_object, NEEDS_VERIFICATION,
        "JSON that is not an object is refused, though signed",
        "answer 400 when the body is not a JSON object, because all of X's are";
    body_empty: X, bodies::empty, NEEDS_VERIFICATION,
        "an empty body is refused, though signed",
        "answer 400 when the body is empty";
    body_encoded: X, bodies::encoded, NEEDS_VERIFICATION,
        "a compressed body is refused",
        "answer 415 to a Content-Encoding; X sends none";
    body_huge_unsigned: Stranger, bodies::huge_unsigned, NEEDS_VERIFICATION,
        "20 MB without a signature are refused, without reading them",
        "check the signature's header and Content-Length before reading the body";
    body_huge_signed: Stranger, bodies::huge_signed, NEEDS_VERIFICATION,
        "the body size is limited",
        "limit bodies to about 1 MiB, and answer 413 as soon as a body exceeds the limit";

    methods: Stranger, afterwards::methods, NEEDS_SIGNATURE,
        "methods other than GET and POST are refused",
        "answer 405 to other methods";
    answers_keep_secrets: Stranger, afterwards::keep_secrets, NEEDS_RESPONSE,
        "no response contained the secret, or the correct signature of a request",
        "answer errors with an empty body, disable debug pages, and regenerate the secret in X's console if it was shown";
    answers_without_traces: Stranger, afterwards::without_traces, NEEDS_RESPONSE,
        "no response contained a stack trace",
        "disable debug pages: NODE_ENV=production, DEBUG=False, or the equivalent of the framework";
    alive_afterwards: Stranger, afterwards::alive, &["challenge_fresh"],
        "after all checks, a challenge is answered as before",
        "find the request that stopped it: see the first failed check and the receiver's log";
}
