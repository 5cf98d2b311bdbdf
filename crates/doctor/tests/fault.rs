//! The planted faults, and the checks that must fail or warn for each.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use birdhook_testkit::sign;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::receiver::{Head, Memory, Reply, SECRET, answer, challenge_answer, json, secret};

macro_rules! faults {
    ($($fault:ident: [$($failed:ident)*] [$($warned:ident)*];)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Fault {
            $($fault,)*
        }

        impl Fault {
            pub(crate) const ALL: &[Self] = &[$(Self::$fault),*];

            /// Returns the checks that must fail and those that must warn; no others may.
            pub(crate) fn expected(self) -> [&'static [&'static str]; 2] {
                match self {
                    $(Self::$fault => [&[$(stringify!($failed)),*], &[$(stringify!($warned)),*]],)*
                }
            }
        }
    };
}

faults! {
    None: [] [];

    Redirects: [redirect] [];
    RedirectsPermanently: [redirect] [];
    NoRouteForGet: [challenge_status] [];
    AsksForLogin: [challenge_status] [];
    ChallengeFails: [challenge_status] [];
    NothingBehindProxy: [challenge_status] [];
    MethodNotAllowed: [challenge_status] [];
    StripsQuery: [challenge_status] [];
    BasicAuthentication: [challenge_status] [];
    NoUserAgentRefused: [challenge_status] [];
    NoUserAgentClosed: [challenge_status] [];
    CloudflareChallenge: [challenge_status] [];
    VercelChallenge: [challenge_status] [];
    VercelLogin: [challenge_status] [];
    GatewayWithoutRoute: [challenge_status] [];
    FirewallPage: [challenge_json] [];
    LoginPage: [challenge_json] [];
    NgrokPage: [challenge_json] [];
    ChallengeHangs: [challenge_status] [];
    ChallengeCrashes: [challenge_status] [];
    ChallengeNoContent: [challenge_status] [];
    ChallengeCutOff: [challenge_status] [];
    ChallengeEndless: [challenge_status] [];
    ChallengeSlow: [challenge_time] [];
    ClaimsGzip: [challenge_encoding] [];
    Gzip: [challenge_encoding] [];
    GzipUnsaid: [challenge_encoding] [];
    ClaimsGzipWhenOffered: [challenge_encoding] [];
    PlainText: [challenge_content_type] [];
    Page: [challenge_json] [];
    EmptyAnswer: [challenge_json] [];
    EchoesBareToken: [challenge_json] [];
    BareToken: [challenge_json] [];
    OtherMember: [challenge_json] [];
    TokenIsNumber: [challenge_json] [];
    JsonTwice: [challenge_json] [];
    LambdaResponse: [challenge_json] [];
    WithinMember: [challenge_json] [];
    ByteOrderMark: [challenge_json] [];
    PhpNotice: [challenge_json] [];
    TextAfterwards: [challenge_json] [];
    PythonDict: [challenge_json] [];
    PythonBytesBody: [challenge_json] [];
    ObjectAsText: [challenge_json] [];
    HardCoded: [challenge_fresh] [];
    Cached: [challenge_fresh] [];
    EchoesToken: [challenge_token] [];
    Hex: [challenge_token] [];
    Base64OfHex: [challenge_token] [];
    UrlSafe: [challenge_token] [];
    Unpadded: [challenge_token] [];
    NoPrefix: [challenge_token] [];
    LineBreak: [challenge_token] [];
    PythonBytes: [challenge_token] [];
    SwappedArguments: [challenge_token] [];
    Sha1: [challenge_token] [];
    KeyThenText: [challenge_token] [];
    HexAndNeverVerifies: [challenge_token signature_checked] [];
    OtherSecretAndNeverVerifies: [challenge_secret signature_checked] [];
    SignsQuery: [challenge_token] [];
    SignsUndefined: [challenge_fresh] [];
    SignsName: [challenge_fresh] [];
    OtherSecret: [challenge_secret] [];
    SecretWithLineBreak: [challenge_secret] [];
    SecretInQuotes: [challenge_secret] [];
    NoSecret: [challenge_secret] [];
    SecretAndAmpersand: [challenge_secret] [];
    SignsUndecoded: [challenge_decoding] [];
    PlusStaysPlus: [challenge_decoding] [];
    DecodesTwice: [challenge_decoding] [];
    SignsNonce: [challenge_nonce] [];
    TokenMustBeFirst: [challenge_own_query] [];

    NoTokenTaken: [token_missing] [];
    PageWithoutToken: [] [];
    NoTokenHangs: [token_missing] [];
    EmptyTokenSigned: [token_empty] [];
    TwoTokensTaken: [] [token_repeated];
    TwoTokensCrash: [token_repeated alive_afterwards] [];
    TwoTokensTrace: [token_repeated answers_without_traces] [];
    Oracle: [oracle_closed] [];
    OracleBehindBlanks: [oracle_closed] [];
    OracleFails: [oracle_closed] [];

    NoRouteForPost: [delivery_accepted] [];
    BodyConsumed: [delivery_accepted] [];
    NoUserAgentRefusedForPost: [delivery_accepted] [];
    NoUserAgentClosedForPost: [delivery_accepted] [];
    CsrfOfLaravel: [delivery_accepted] [];
    CsrfOfDjango: [delivery_accepted] [];
    CsrfOfRails: [delivery_accepted] [];
    CsrfWithoutBody: [delivery_accepted] [];
    DeliveryCrashes: [delivery_accepted] [];
    SignatureInHex: [delivery_accepted] [];
    SignatureWithoutPrefix: [delivery_accepted] [];
    SignatureOfEmptyBody: [delivery_accepted] [];
    SignatureOfPythonJson: [delivery_accepted] [];
    SignatureInOtherHeader: [delivery_accepted] [];
    SecretOfPostWithLineBreak: [delivery_accepted] [];
    UserRequired: [delivery_accepted] [];
    PageForPost: [delivery_accepted] [];
    RefusesCorrectWith200: [delivery_accepted] [];
    RefusesWith200: [] [signature_checked signature_wrong signature_missing signature_short signature_not_base64 signature_algorithm signature_empty_secret];
    DuplicateNoContent: [delivery_again delivery_at_once] [];
    LargeCrashes: [delivery_large] [];
    LoginForPost: [delivery_accepted] [];
    PostRedirects: [delivery_accepted] [];
    NoContent: [delivery_status] [];
    Accepted: [delivery_status] [];
    DeliverySlow: [delivery_time] [];
    UnknownKindRefused: [delivery_unknown_kind] [];
    ActivityApiRefused: [delivery_unknown_kind] [];
    ExactContentType: [delivery_charset] [];
    WritesJsonAgain: [delivery_escapes] [];
    AsciiOnly: [delivery_unicode] [];
    NamesByCase: [delivery_header_names] [];
    NoEmptyHeaders: [delivery_empty_header] [];
    SmallLimit: [delivery_large] [];
    NeedsLength: [delivery_chunked] [];
    DuplicateRefused: [delivery_again delivery_at_once] [];
    DuplicatesCollide: [delivery_at_once] [];

    NeverVerifies: [signature_checked] [];
    WrongSignatureHangs: [signature_wrong signature_empty_secret] [];
    NoSignatureTaken: [signature_missing body_huge_unsigned] [];
    NoSignatureFails: [signature_missing body_huge_unsigned] [];
    PrefixCompared: [signature_short] [];
    BeginningCompared: [signature_wrong] [];
    UndefinedSecretToo: [signature_empty_secret] [];
    ShortSignatureFails: [signature_short] [];
    NotBase64Taken: [signature_not_base64] [];
    AnyAlgorithm: [signature_algorithm] [];
    AlgorithmNotRead: [] [signature_algorithm];
    EmptySecretToo: [signature_empty_secret] [];
    OneOfTwoSignatures: [] [signature_repeated];
    PaddingNotNeeded: [] [];
    TwoSignaturesFail: [signature_repeated] [];

    MalformedTaken: [] [body_malformed];
    MalformedCrashes: [body_malformed alive_afterwards] [];
    MalformedHangs: [body_malformed] [];
    ArrayTaken: [] [body_not_object];
    ArrayFails: [body_not_object] [];
    EmptyTaken: [] [body_empty];
    StoresRawBody: [] [body_malformed body_not_object body_empty];
    EncodedTaken: [] [body_encoded];
    EncodedFails: [body_encoded] [];
    ReadsUnsigned: [] [body_huge_unsigned];
    HugeUnsignedFails: [body_huge_unsigned] [];
    HugeUnsignedCrashes: [body_huge_unsigned alive_afterwards] [];
    NoLimit: [body_huge_signed] [];
    HugeFails: [body_huge_signed] [];

    PutTaken: [methods] [];
    DeleteRedirects: [methods] [];
    HeadTaken: [] [methods];
    OAuth2HeaderAlone: [oracle_closed delivery_accepted] [token_repeated];
    TellsSecret: [answers_keep_secrets] [];
    TellsSignature: [answers_keep_secrets] [];
    TellsSignatureInHex: [answers_keep_secrets] [];
    TellsWhatWasSent: [] [];
    TracesWhenRefusing: [answers_without_traces] [];
    FallsIll: [alive_afterwards] [];
}

/// `{}`, gzip-compressed.
const GZIP: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xab\xae\x05\x00\x43\xbf\xa6\xa3\x02\x00\x00\x00";

const TRACE: &str = "Error: no\n    at Object.<anonymous> (/srv/app/node_modules/express/lib/router/index.js:284:15)";

const LOGIN: &str = "<!doctype html><form method=post><input name=user><input type=\"password\"></form>";

fn mac(message: &[u8]) -> Vec<u8> {
    STANDARD.decode(&sign(&secret(), message)[7..]).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Answers a challenge with the signature of this text.
fn signed(message: &str) -> Reply {
    challenge_answer(&sign(&secret(), message.as_bytes()))
}

/// Signs with a key that `Secret` would reject.
fn sign_with(key: &str, message: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(message);
    format!("sha256={}", STANDARD.encode(mac.finalize().into_bytes()))
}

/// Accepts or refuses a delivery.
fn only(accepts: bool) -> Option<Reply> {
    Some(answer(if accepts { 200 } else { 401 }, ""))
}

impl Fault {
    /// Returns this fault, or the fault of this part of it.
    fn part(self, head: &Head) -> Self {
        match self {
            Self::HexAndNeverVerifies if head.method == "GET" => Self::Hex,
            Self::OtherSecretAndNeverVerifies if head.method == "GET" => Self::OtherSecret,
            Self::HexAndNeverVerifies | Self::OtherSecretAndNeverVerifies => Self::NeverVerifies,
            fault => fault,
        }
    }

    /// Returns a faulty decision before the body is read: `Some(None)` accepts the head and reads
    /// the body.
    pub(crate) fn before_body(self, head: &Head) -> Option<Option<Reply>> {
        let (post, huge) = (head.method == "POST", head.length() > 1 << 20);
        let signatures = head.values("x-twitter-webhooks-signature").len();
        let is_encoded = !head.values("content-encoding").is_empty();
        let is_empty = |(name, value): &(String, String)| value.is_empty() && name.starts_with('F');
        let is_nameless = head.values("user-agent").concat().is_empty();
        Some(Some(match self.part(head) {
            Self::NoUserAgentRefused if is_nameless => answer(403, "").header("Server", "nginx"),
            Self::NoUserAgentClosed if is_nameless => Reply::Close,
            Self::NoUserAgentRefusedForPost if post && is_nameless => answer(403, ""),
            Self::NoUserAgentClosedForPost if post && is_nameless => Reply::Close,
            Self::CsrfOfLaravel if post => answer(419, "<html><title>Page Expired</title>"),
            Self::CsrfOfDjango if post => answer(403, "<html><h1>Forbidden</h1><p>CSRF verification failed."),
            Self::CsrfOfRails if post => answer(422, "ActionController::InvalidAuthenticityToken"),
            Self::CsrfWithoutBody if post => answer(403, ""),
            Self::DeliveryCrashes if post => answer(500, ""),
            Self::PageForPost if post => answer(200, "<!doctype html><title>Our shop</title>"),
            Self::SignatureInOtherHeader if post => {
                return Some(huge.then(|| answer(413, "")));
            }
            Self::LoginForPost if post => answer(200, LOGIN).header("Content-Type", "text/html"),
            Self::OAuth2HeaderAlone if post => return Some(huge.then(|| answer(413, ""))),
            Self::ReadsUnsigned if post && huge && signatures == 0 => return Some(None),
            Self::NoLimit if post && huge && signatures == 1 => return Some(None),
            Self::Redirects if head.method == "GET" => {
                answer(302, "").header("Location", "https://app.example/login?next=x")
            }
            Self::RedirectsPermanently => answer(308, "").header("Location", "/webhooks/twitter/"),
            Self::NoRouteForPost if post => answer(404, ""),
            Self::PostRedirects if post => answer(307, "").header("Location", "/"),
            Self::NeverVerifies | Self::NoSignatureTaken if post && signatures == 0 => answer(200, ""),
            Self::NoSignatureFails if post && signatures == 0 => answer(500, ""),
            Self::HugeUnsignedFails if post && huge && signatures == 0 => answer(500, ""),
            Self::HugeUnsignedCrashes if post && huge && signatures == 0 => Reply::Crash,
            Self::HugeFails if post && huge && signatures == 1 => answer(502, ""),
            Self::SmallLimit if post && head.length() > 100_000 => answer(413, ""),
            Self::NeedsLength if post && head.values("content-length").is_empty() => answer(411, ""),
            Self::EncodedTaken if is_encoded => answer(200, ""),
            Self::EncodedFails if is_encoded => answer(500, ""),
            Self::OneOfTwoSignatures if signatures == 2 => answer(200, ""),
            Self::TwoSignaturesFail if signatures == 2 => answer(500, ""),
            Self::NoEmptyHeaders if post && head.headers.iter().any(is_empty) => answer(400, ""),
            Self::ExactContentType if post && head.values("content-type") != ["application/json"] => Reply::Hang,
            Self::PutTaken if head.method == "PUT" => answer(200, ""),
            Self::DeleteRedirects if head.method == "DELETE" => answer(303, ""),
            Self::HeadTaken if head.method == "HEAD" => answer(200, ""),
            _ => return None,
        }))
    }

    /// Returns a faulty reply, if this fault affects the request.
    pub(crate) fn instead(self, head: &Head, body: &[u8], memory: &mut Memory) -> Option<Reply> {
        let part = self.part(head);
        if head.method == "GET" { part.to_challenge(head, memory) } else { part.to_delivery(head, body, memory) }
    }

    fn to_challenge(self, head: &Head, memory: &mut Memory) -> Option<Reply> {
        memory.challenges += 1;
        if memory.is_ill {
            return Some(answer(500, ""));
        }
        Some(match (self, head.parameters("crc_token").as_slice()) {
            (Self::NoTokenTaken, []) => signed("undefined"),
            (Self::PageWithoutToken, [] | [_, _]) => answer(200, "<html><title>Welcome</title>"),
            (Self::NoTokenHangs, []) => Reply::Hang,
            (Self::TwoTokensTaken, [first, _]) => signed(first),
            (Self::TwoTokensCrash, [_, _]) => Reply::Crash,
            (Self::TwoTokensTrace, [_, _]) => answer(500, TRACE),
            (Self::OAuth2HeaderAlone, [token, ..]) if !token.is_empty() => signed(token),
            (Self::EmptyTokenSigned, [token, ..]) if token.is_empty() => signed(token),
            (Self::Oracle, [token, ..]) if token.contains('{') => signed(token),
            (Self::OracleBehindBlanks, [token, ..]) if token.starts_with('\n') => signed(token),
            (Self::OracleFails, [token, ..]) if token.contains('{') => answer(500, ""),
            (_, [token]) if !token.is_empty() && !token.contains(['{', '\n']) => {
                return self.to_usual_challenge(head, token, memory);
            }
            _ => return None,
        })
    }

    fn to_usual_challenge(self, head: &Head, token: &str, memory: &mut Memory) -> Option<Reply> {
        let right = sign(&secret(), token.as_bytes());
        let mac = mac(token.as_bytes());
        let encoded = head.query.split('&').find_map(|pair| pair.strip_prefix("crc_token="))?;
        let prefixed = |encoded: String| challenge_answer(&format!("sha256={encoded}"));
        let signed_with = |key: &str| challenge_answer(&sign_with(key, token.as_bytes()));
        Some(match self {
            Self::NoRouteForGet => answer(404, ""),
            Self::MethodNotAllowed => answer(405, "").header("Allow", "POST"),
            Self::StripsQuery => answer(400, ""),
            Self::NothingBehindProxy => answer(502, "").header("Server", "nginx"),
            Self::BasicAuthentication => answer(401, "").header("WWW-Authenticate", "Basic realm=\"staging\""),
            Self::CloudflareChallenge => {
                answer(403, "<html><title>Just a moment...</title>").header("CF-Mitigated", "challenge")
            }
            Self::VercelChallenge => answer(429, "").header("X-Vercel-Mitigated", "challenge"),
            Self::VercelLogin => answer(401, "<html>Authentication Required").header("Server", "Vercel"),
            Self::GatewayWithoutRoute => answer(403, r#"{"message":"Missing Authentication Token"}"#)
                .header("X-Amzn-ErrorType", "MissingAuthenticationTokenException"),
            Self::FirewallPage => answer(200, "<html><title>Request Rejected</title>The requested URL was rejected."),
            Self::LoginPage => answer(200, LOGIN).header("Content-Type", "text/html"),
            Self::NgrokPage => answer(200, "<!DOCTYPE html>").header("ngrok-error-code", "ERR_NGROK_6024"),
            Self::LambdaResponse => {
                json(format!(r#"{{"statusCode":200,"body":"{{\"response_token\":\"{right}\"}}"}}"#))
            }
            Self::WithinMember => json(format!(r#"{{"data":{{"response_token":"{right}"}}}}"#)),
            Self::ByteOrderMark => json(format!("\u{feff}{{\"response_token\":\"{right}\"}}")),
            Self::PhpNotice => json(format!(
                "<br />\n<b>Notice</b>: Undefined index: nonce in <b>/srv/hook.php</b>\n{{\"response_token\":\"{right}\"}}"
            )),
            Self::TextAfterwards => json(format!(r#"{{"response_token":"{right}"}}0"#)),
            Self::PythonDict => json(format!("{{'response_token': '{right}'}}")),
            Self::PythonBytesBody => json(format!("b'{{\"response_token\": \"{right}\"}}'")),
            Self::ObjectAsText => json("[object Object]"),
            Self::PythonBytes => challenge_answer(&format!("sha256=b'{}'", &right[7..])),
            Self::SwappedArguments => challenge_answer(&sign_with(token, SECRET.as_bytes())),
            Self::Sha1 => {
                let mut mac = Hmac::<sha1::Sha1>::new_from_slice(SECRET.as_bytes()).unwrap();
                mac.update(token.as_bytes());
                prefixed(STANDARD.encode(mac.finalize().into_bytes()))
            }
            Self::KeyThenText => prefixed(STANDARD.encode(Sha256::digest(format!("{SECRET}{token}")))),
            Self::SecretAndAmpersand => signed_with(&format!("{SECRET}&")),
            Self::SignsName => signed("crc_token"),
            Self::AsksForLogin => answer(401, ""),
            Self::ChallengeFails => answer(500, ""),
            Self::ChallengeHangs => Reply::Hang,
            Self::ChallengeCrashes => Reply::Crash,
            Self::ChallengeNoContent => answer(204, ""),
            Self::ChallengeSlow if memory.challenges == 1 => challenge_answer(&right).after(500),
            Self::ChallengeEndless => Reply::Endless(format!(r#"{{"response_token":"{right}"}}"#)),
            Self::ChallengeCutOff => challenge_answer(&right).missing(1),
            Self::ClaimsGzip => challenge_answer(&right).header("Content-Encoding", "gzip"),
            Self::Gzip => json(GZIP).header("Content-Encoding", "gzip"),
            Self::GzipUnsaid => json(GZIP),
            Self::ClaimsGzipWhenOffered if !head.values("accept-encoding").is_empty() => {
                challenge_answer(&right).header("Content-Encoding", "gzip")
            }
            Self::PlainText => challenge_answer(&right).header("Content-Type", "text/html; charset=utf-8"),
            Self::Page => answer(200, "<!doctype html><title>Log in</title>").header("Content-Type", "text/html"),
            Self::EmptyAnswer => json(""),
            Self::EchoesBareToken => json(token),
            Self::BareToken => json(right),
            Self::OtherMember => json(format!(r#"{{"responseToken":"{right}"}}"#)),
            Self::TokenIsNumber => json(r#"{"response_token":7}"#),
            Self::JsonTwice => json(format!(r#""{{\"response_token\":\"{right}\"}}""#)),
            Self::HardCoded => signed("written down"),
            Self::Cached => challenge_answer(memory.first_answer.get_or_insert(right)),
            Self::EchoesToken => challenge_answer(token),
            Self::Hex => prefixed(hex(&mac)),
            Self::Base64OfHex => prefixed(STANDARD.encode(hex(&mac))),
            Self::UrlSafe => prefixed(URL_SAFE.encode(mac)),
            Self::Unpadded => challenge_answer(right.trim_end_matches('=')),
            Self::NoPrefix => challenge_answer(&right[7..]),
            Self::LineBreak => challenge_answer(&format!("{right}\\n")),
            Self::SignsQuery => signed(&head.query),
            Self::SignsUndefined => signed("undefined"),
            Self::OtherSecret => signed_with("another-secret"),
            Self::SecretWithLineBreak => signed_with(&format!("{SECRET}\n")),
            Self::SecretInQuotes => signed_with(&format!("\"{SECRET}\"")),
            Self::NoSecret => signed_with(""),
            Self::SignsUndecoded => signed(encoded),
            Self::PlusStaysPlus => signed(&percent_encoding::percent_decode_str(encoded).decode_utf8_lossy()),
            Self::DecodesTwice => signed(&token.replace('+', " ")),
            Self::SignsNonce => signed(&format!("{token}{}", head.parameters("nonce").concat())),
            Self::TokenMustBeFirst if !head.query.starts_with("crc_token=") => answer(200, ""),
            _ => return None,
        })
    }

    fn to_delivery(self, head: &Head, body: &[u8], memory: &mut Memory) -> Option<Reply> {
        memory.deliveries += 1;
        let (right, text) = (sign(&secret(), body), String::from_utf8_lossy(body));
        let signature = head.values("x-twitter-webhooks-signature").first().copied().unwrap_or_default();
        let is_right = signature == right;
        let json = serde_json::from_slice::<serde_json::Value>(body);
        let (is_affected, reply) = match self {
            Self::BodyConsumed => (true, answer(401, "")),
            Self::SignatureInHex => return only(signature == format!("sha256={}", hex(&mac(body)))),
            Self::SignatureWithoutPrefix => return only(signature == right.trim_start_matches("sha256=")),
            Self::SignatureOfEmptyBody => return only(signature == sign(&secret(), b"")),
            Self::SignatureOfPythonJson => {
                let spaced = text.replace("\":", "\": ").replace(",\"", ", \"");
                return only(signature == sign(&secret(), spaced.as_bytes()));
            }
            Self::SignatureInOtherHeader => return only(head.values("x-hub-signature-256") == [&*right]),
            Self::SecretOfPostWithLineBreak => return only(signature == sign_with(&format!("{SECRET}\n"), body)),
            Self::UserRequired => (is_right && !text.contains("for_user_id"), answer(500, "")),
            Self::RefusesCorrectWith200 => (true, answer(200, r#"{"error":"invalid signature"}"#)),
            Self::RefusesWith200 => (!is_right, answer(200, r#"{"statusCode":401}"#)),
            Self::DuplicateNoContent => (is_right && !memory.seen.insert(body.to_vec()), answer(204, "")),
            Self::LargeCrashes => (body.len() > 102_400, answer(500, "")),
            Self::OAuth2HeaderAlone => {
                let first = head.values("x-twitter-webhooks-signature-oauth2").first().copied();
                (true, answer(if first == Some(&*right) { 200 } else { 401 }, ""))
            }
            Self::NeverVerifies => (true, answer(200, "")),
            Self::WritesJsonAgain => {
                let again = json.map(|json| json.to_string()).unwrap_or_default();
                (signature != sign(&secret(), again.as_bytes()), answer(401, ""))
            }
            Self::AsciiOnly => (!body.is_ascii(), answer(400, "")),
            Self::NamesByCase => {
                (!head.headers.iter().any(|(name, _)| name == "X-Twitter-Webhooks-Signature"), answer(401, ""))
            }
            Self::UnknownKindRefused => (text.contains("birdhook_doctor_events"), answer(422, "")),
            Self::ActivityApiRefused => (text.starts_with("{\"data\""), answer(400, "")),
            Self::WrongSignatureHangs => {
                let is_formed = signature.len() == 51 && signature.starts_with("sha256=") && !signature.contains('!');
                (is_formed && !is_right, Reply::Hang)
            }
            Self::PrefixCompared => {
                ((11..51).contains(&signature.len()) && right.starts_with(signature), answer(200, ""))
            }
            Self::BeginningCompared => {
                (!is_right && signature.len() == 51 && signature[..20] == right[..20], answer(200, ""))
            }
            Self::ShortSignatureFails => (signature.starts_with("sha256=") && signature.len() < 51, answer(500, "")),
            Self::NotBase64Taken => (signature.contains('!'), answer(200, "")),
            Self::AnyAlgorithm => (signature.starts_with("none="), answer(200, "")),
            Self::AlgorithmNotRead => (signature.strip_prefix("sha1=") == Some(&right[7..]), answer(200, "")),
            // Node's `Buffer.from(text, 'base64')` decodes it to the same 32 bytes.
            Self::PaddingNotNeeded => (!is_right && signature == right.trim_end_matches('='), answer(200, "")),
            Self::UndefinedSecretToo => (signature == sign_with("undefined", body), answer(200, "")),
            Self::EmptySecretToo => (signature == sign_with("", body), answer(200, "")),
            Self::TellsSecret => (!is_right, answer(401, format!("cannot verify with {SECRET}"))),
            Self::TellsSignature => (!is_right, answer(401, format!("expected {right}"))),
            Self::TellsSignatureInHex => {
                (!is_right, answer(401, format!("expected {}", hex(&mac(body)).to_uppercase())))
            }
            Self::TellsWhatWasSent => (!is_right, answer(401, format!("{signature} is wrong"))),
            Self::TracesWhenRefusing => (!is_right, answer(403, TRACE)),
            _ if !is_right => return None,
            Self::DeliverySlow => (memory.deliveries == 1, answer(200, "").after(500)),
            Self::DuplicateRefused => (!memory.seen.insert(body.to_vec()), answer(409, "")),
            Self::DuplicatesCollide => {
                let is_first = memory.in_flight.insert(body.to_vec());
                let reply = if is_first { answer(200, "").after(50) } else { answer(500, "") };
                (json.is_ok_and(|json| json.is_object()), reply)
            }
            Self::StoresRawBody => (true, answer(200, "")),
            Self::MalformedTaken => (json.is_err() && !body.is_empty(), answer(200, "")),
            Self::MalformedCrashes => (json.is_err(), Reply::Crash),
            Self::MalformedHangs => (json.is_err() && !body.is_empty(), Reply::Hang),
            Self::FallsIll => {
                memory.is_ill = json.is_err();
                return None;
            }
            Self::ArrayTaken => (json.is_ok_and(|json| json.is_array()), answer(200, "")),
            Self::ArrayFails => (json.is_ok_and(|json| json.is_array()), answer(500, "")),
            Self::EmptyTaken => (body.is_empty(), answer(200, "")),
            _ => return None,
        };
        is_affected.then_some(reply)
    }

    pub(crate) fn afterwards(self, reply: Reply, head: &Head) -> Reply {
        match (self, reply) {
            (Self::NoContent, Reply::Answer(right)) if head.method == "POST" && right.status == 200 => answer(204, ""),
            (Self::Accepted, Reply::Answer(right)) if head.method == "POST" && right.status == 200 => {
                answer(202, "queued")
            }
            (_, reply) => reply,
        }
    }
}
