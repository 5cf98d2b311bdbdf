//! The planted faults, and the checks that must fail or warn for each.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use birdhook_core::Secret;
use birdhook_testkit::sign;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::receiver::{Head, Memory, Reply, SECRET, answer, challenge_answer, secret};

macro_rules! faults {
    ($($fault:ident: [$($failed:ident)*] [$($warned:ident)*];)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Fault {
            $($fault,)*
        }

        impl Fault {
            pub(crate) const ALL: &[Self] = &[$(Self::$fault),*];

            /// Returns the checks that must fail; no others may.
            pub(crate) fn failed(self) -> &'static [&'static str] {
                match self {
                    $(Self::$fault => &[$(stringify!($failed)),*],)*
                }
            }

            /// Returns the checks that must warn; no others may.
            pub(crate) fn warned(self) -> &'static [&'static str] {
                match self {
                    $(Self::$fault => &[$(stringify!($warned)),*],)*
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
    ChallengeHangs: [challenge_status] [];
    ChallengeCrashes: [challenge_status] [];
    ChallengeNoContent: [challenge_status] [];
    ChallengeCutOff: [challenge_status] [];
    ChallengeSlow: [challenge_time] [];
    ClaimsGzip: [challenge_encoding] [];
    Gzip: [challenge_encoding] [];
    GzipUnsaid: [challenge_encoding] [];
    ClaimsGzipWhenOffered: [challenge_encoding] [];
    PlainText: [challenge_content_type] [];
    Page: [challenge_content_type challenge_json] [];
    EmptyAnswer: [challenge_json] [];
    EchoesBareToken: [challenge_json] [];
    BareToken: [challenge_json] [];
    OtherMember: [challenge_json] [];
    TokenIsNumber: [challenge_json] [];
    JsonTwice: [challenge_json] [];
    HardCoded: [challenge_fresh] [];
    Cached: [challenge_fresh] [];
    EchoesToken: [challenge_token] [];
    Hex: [challenge_token] [];
    Base64OfHex: [challenge_token] [];
    UrlSafe: [challenge_token] [];
    Unpadded: [challenge_token] [];
    NoPrefix: [challenge_token] [];
    LineBreak: [challenge_token] [];
    SignsQuery: [challenge_token] [];
    SignsUndefined: [challenge_fresh] [];
    OtherSecret: [challenge_secret] [];
    SecretWithLineBreak: [challenge_secret] [];
    SecretInQuotes: [challenge_secret] [];
    NoSecret: [challenge_secret] [];
    SignsUndecoded: [challenge_decoding] [];
    PlusStaysPlus: [challenge_decoding] [];
    DecodesTwice: [challenge_decoding] [];
    SignsNonce: [challenge_nonce] [];
    TokenMustBeFirst: [challenge_own_query] [];

    NoTokenTaken: [token_missing] [];
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
    PostRedirects: [delivery_accepted] [];
    NoContent: [delivery_status] [];
    Accepted: [delivery_status] [];
    DeliverySlow: [delivery_time] [];
    UnknownKindRefused: [delivery_unknown_kind] [];
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
    ShortSignatureFails: [signature_short] [];
    NotBase64Taken: [signature_not_base64] [];
    AnyAlgorithm: [signature_algorithm] [];
    AlgorithmNotRead: [] [signature_algorithm];
    EmptySecretToo: [signature_empty_secret] [];
    OneOfTwoSignatures: [] [signature_repeated];
    PaddingNotNeeded: [] [];
    TwoSignaturesFail: [signature_repeated] [];

    MalformedTaken: [body_malformed] [];
    MalformedCrashes: [body_malformed alive_afterwards] [];
    MalformedHangs: [body_malformed] [];
    ArrayTaken: [body_not_object] [];
    ArrayFails: [body_not_object] [];
    EmptyTaken: [body_empty] [];
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

fn mac(message: &[u8]) -> Vec<u8> {
    STANDARD.decode(&sign(&secret(), message)[7..]).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn signature(head: &Head) -> &str {
    head.values("x-twitter-webhooks-signature").first().copied().unwrap_or_default()
}

/// Signs with a key that `Secret` would reject.
fn sign_with(key: &str, message: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(message);
    format!("sha256={}", STANDARD.encode(mac.finalize().into_bytes()))
}

impl Fault {
    /// Returns a faulty decision before the body is read: `Some(None)` accepts the head and reads
    /// the body.
    pub(crate) fn before_body(self, head: &Head) -> Option<Option<Reply>> {
        let (post, huge) = (head.method == "POST", head.length() > 1 << 20);
        let signatures = head.values("x-twitter-webhooks-signature").len();
        Some(match self {
            Self::OAuth2HeaderAlone if post => huge.then(|| answer(413, "")),
            Self::Redirects if head.method == "GET" => {
                Some(answer(302, "").header("Location", "https://app.example/login?next=x"))
            }
            Self::RedirectsPermanently => Some(answer(308, "").header("Location", "/webhooks/twitter/")),
            Self::NoRouteForPost if post => Some(answer(404, "")),
            Self::PostRedirects if post => Some(answer(307, "").header("Location", "/")),
            Self::NeverVerifies | Self::NoSignatureTaken if post && signatures == 0 => Some(answer(200, "")),
            Self::NoSignatureFails if post && signatures == 0 => Some(answer(500, "")),
            Self::ReadsUnsigned if post && huge && signatures == 0 => None,
            Self::HugeUnsignedFails if post && huge && signatures == 0 => Some(answer(500, "")),
            Self::HugeUnsignedCrashes if post && huge && signatures == 0 => Some(Reply::Crash),
            Self::NoLimit if post && huge && signatures == 1 => None,
            Self::HugeFails if post && huge && signatures == 1 => Some(answer(502, "")),
            Self::SmallLimit if post && head.length() > 100_000 => Some(answer(413, "")),
            Self::NeedsLength if post && head.values("content-length").is_empty() => Some(answer(411, "")),
            Self::EncodedTaken if !head.values("content-encoding").is_empty() => Some(answer(200, "")),
            Self::EncodedFails if !head.values("content-encoding").is_empty() => Some(answer(500, "")),
            Self::OneOfTwoSignatures if signatures == 2 => Some(answer(200, "")),
            Self::TwoSignaturesFail if signatures == 2 => Some(answer(500, "")),
            Self::NoEmptyHeaders
                if head.headers().iter().any(|(name, value)| post && value.is_empty() && name.starts_with("F")) =>
            {
                Some(answer(400, ""))
            }
            Self::ExactContentType if post && head.values("content-type") != ["application/json"] => Some(Reply::Hang),
            Self::PutTaken if head.method == "PUT" => Some(answer(200, "")),
            Self::DeleteRedirects if head.method == "DELETE" => Some(answer(303, "")),
            Self::HeadTaken if head.method == "HEAD" => Some(answer(200, "")),
            _ => return None,
        })
    }

    /// Returns a faulty reply, if this fault affects the request.
    pub(crate) fn instead(self, head: &Head, body: &[u8], memory: &mut Memory) -> Option<Reply> {
        if head.method == "GET" { self.to_challenge(head, memory) } else { self.to_delivery(head, body, memory) }
    }

    fn to_challenge(self, head: &Head, memory: &mut Memory) -> Option<Reply> {
        memory.challenges += 1;
        let tokens = head.parameters("crc_token");
        if memory.is_ill {
            return Some(answer(500, ""));
        }
        // Faults in the handling of unusual challenges.
        match self {
            Self::NoTokenTaken if tokens.is_empty() => return Some(answer(200, "")),
            Self::NoTokenHangs if tokens.is_empty() => return Some(Reply::Hang),
            Self::TwoTokensTaken if tokens.len() == 2 => {
                return Some(challenge_answer(&sign(&secret(), tokens[0].as_bytes())));
            }
            Self::TwoTokensCrash if tokens.len() == 2 => return Some(Reply::Crash),
            Self::TwoTokensTrace if tokens.len() == 2 => return Some(answer(500, TRACE)),
            _ => {}
        }
        let token = tokens.first()?;
        match self {
            Self::OAuth2HeaderAlone if !token.is_empty() => {
                return Some(challenge_answer(&sign(&secret(), token.as_bytes())));
            }
            Self::EmptyTokenSigned if token.is_empty() => return Some(challenge_answer(&sign(&secret(), b""))),
            Self::Oracle if token.contains('{') => return Some(challenge_answer(&sign(&secret(), token.as_bytes()))),
            Self::OracleBehindBlanks if token.starts_with('\n') => {
                return Some(challenge_answer(&sign(&secret(), token.as_bytes())));
            }
            Self::OracleFails if token.contains('{') => return Some(answer(500, "")),
            _ => {}
        }
        if token.is_empty() || token.contains(['{', '\n']) || tokens.len() > 1 {
            return None;
        }
        // Faults in the response to any challenge.
        let right = sign(&secret(), token.as_bytes());
        let encoded = head.query.split('&').find_map(|pair| pair.strip_prefix("crc_token="))?;
        let query_first = head.query.starts_with("crc_token=");
        let signed = |message: &str| challenge_answer(&sign(&secret(), message.as_bytes()));
        Some(match self {
            Self::NoRouteForGet => answer(404, ""),
            Self::AsksForLogin => answer(401, ""),
            Self::ChallengeFails => answer(500, ""),
            Self::ChallengeHangs => Reply::Hang,
            Self::ChallengeCrashes => Reply::Crash,
            Self::ChallengeNoContent => answer(204, ""),
            Self::ChallengeSlow if memory.challenges == 1 => challenge_answer(&right).after(500),
            Self::ChallengeCutOff => challenge_answer(&right).missing(1),
            Self::ClaimsGzip => challenge_answer(&right).header("Content-Encoding", "gzip"),
            Self::Gzip => {
                answer(200, GZIP).header("Content-Type", "application/json").header("Content-Encoding", "gzip")
            }
            Self::GzipUnsaid => answer(200, GZIP).header("Content-Type", "application/json"),
            Self::ClaimsGzipWhenOffered if !head.values("accept-encoding").is_empty() => {
                challenge_answer(&right).header("Content-Encoding", "gzip")
            }
            Self::PlainText => challenge_answer(&right).header("Content-Type", "text/html; charset=utf-8"),
            Self::Page => answer(200, "<!doctype html><title>Log in</title>").header("Content-Type", "text/html"),
            Self::EmptyAnswer => answer(200, "").header("Content-Type", "application/json"),
            Self::EchoesBareToken => answer(200, token.as_str()).header("Content-Type", "application/json"),
            Self::BareToken => answer(200, right).header("Content-Type", "application/json"),
            Self::OtherMember => {
                answer(200, format!(r#"{{"responseToken":"{right}"}}"#)).header("Content-Type", "application/json")
            }
            Self::TokenIsNumber => answer(200, r#"{"response_token":7}"#).header("Content-Type", "application/json"),
            Self::JsonTwice => answer(200, format!(r#""{{\"response_token\":\"{right}\"}}""#))
                .header("Content-Type", "application/json"),
            Self::HardCoded => signed("written down"),
            Self::Cached => challenge_answer(memory.first_answer.get_or_insert(right)),
            Self::EchoesToken => challenge_answer(token),
            Self::Hex => challenge_answer(&format!("sha256={}", hex(&mac(token.as_bytes())))),
            Self::Base64OfHex => challenge_answer(&format!("sha256={}", STANDARD.encode(hex(&mac(token.as_bytes()))))),
            Self::UrlSafe => challenge_answer(&format!("sha256={}", URL_SAFE.encode(mac(token.as_bytes())))),
            Self::Unpadded => challenge_answer(right.trim_end_matches('=')),
            Self::NoPrefix => challenge_answer(&right[7..]),
            Self::LineBreak => challenge_answer(&format!("{right}\\n")),
            Self::SignsQuery => signed(&head.query),
            Self::SignsUndefined => signed("undefined"),
            Self::OtherSecret => challenge_answer(&sign(&Secret::new("another-secret").unwrap(), token.as_bytes())),
            Self::SecretWithLineBreak => challenge_answer(&sign_with(&format!("{SECRET}\n"), token.as_bytes())),
            Self::SecretInQuotes => challenge_answer(&sign_with(&format!("\"{SECRET}\""), token.as_bytes())),
            Self::NoSecret => challenge_answer(&sign_with("", token.as_bytes())),
            Self::SignsUndecoded => signed(encoded),
            Self::PlusStaysPlus => signed(&percent_encoding::percent_decode_str(encoded).decode_utf8_lossy()),
            Self::DecodesTwice => signed(&token.replace('+', " ")),
            Self::SignsNonce => signed(&format!("{token}{}", head.parameters("nonce").concat())),
            Self::TokenMustBeFirst if !query_first => answer(200, ""),
            _ => return None,
        })
    }

    fn to_delivery(self, head: &Head, body: &[u8], memory: &mut Memory) -> Option<Reply> {
        memory.deliveries += 1;
        let (right, text) = (sign(&secret(), body), String::from_utf8_lossy(body));
        let is_right = signature(head) == right;
        let json = serde_json::from_slice::<serde_json::Value>(body);
        let wrong = |reply: Reply| (!is_right).then_some(reply);
        let when = |condition: bool, reply: Reply| condition.then_some(reply);
        match self {
            Self::BodyConsumed => Some(answer(401, "")),
            Self::OAuth2HeaderAlone => {
                let first = head.values("x-twitter-webhooks-signature-oauth2").first().copied();
                Some(answer(if first == Some(&*right) { 200 } else { 401 }, ""))
            }
            Self::NeverVerifies => Some(answer(200, "")),
            Self::WritesJsonAgain => {
                let again = json.map(|json| json.to_string()).unwrap_or_default();
                when(signature(head) != sign(&secret(), again.as_bytes()), answer(401, ""))
            }
            Self::AsciiOnly => when(!body.is_ascii(), answer(400, "")),
            Self::NamesByCase => {
                when(!head.headers().iter().any(|(name, _)| name == "X-Twitter-Webhooks-Signature"), answer(401, ""))
            }
            Self::UnknownKindRefused => when(text.contains("birdhook_doctor_events"), answer(422, "")),
            Self::WrongSignatureHangs => when(
                signature(head).len() == 51
                    && signature(head).starts_with("sha256=")
                    && !signature(head).contains('!')
                    && !is_right,
                Reply::Hang,
            ),
            Self::PrefixCompared => {
                when((11..51).contains(&signature(head).len()) && right.starts_with(signature(head)), answer(200, ""))
            }
            Self::ShortSignatureFails => {
                when(signature(head).starts_with("sha256=") && signature(head).len() < 51, answer(500, ""))
            }
            Self::NotBase64Taken => when(signature(head).contains('!'), answer(200, "")),
            Self::AnyAlgorithm => when(signature(head).starts_with("none="), answer(200, "")),
            Self::AlgorithmNotRead => {
                when(signature(head).strip_prefix("sha1=").is_some_and(|value| value == &right[7..]), answer(200, ""))
            }
            // Node's `Buffer.from(text, 'base64')` decodes it to the same 32 bytes.
            Self::PaddingNotNeeded => {
                when(!is_right && signature(head) == right.trim_end_matches('='), answer(200, ""))
            }
            Self::EmptySecretToo => when(signature(head) == sign_with("", body), answer(200, "")),
            Self::TellsSecret => wrong(answer(401, format!("cannot verify with {SECRET}"))),
            Self::TellsSignature => wrong(answer(401, format!("expected {right}"))),
            Self::TellsSignatureInHex => wrong(answer(401, format!("expected {}", hex(&mac(body)).to_uppercase()))),
            Self::TellsWhatWasSent => wrong(answer(401, format!("{} is wrong", signature(head)))),
            Self::TracesWhenRefusing => wrong(answer(403, TRACE)),
            _ if !is_right => None,
            Self::DeliverySlow => when(memory.deliveries == 1, answer(200, "").after(500)),
            Self::DuplicateRefused => when(!memory.seen.insert(body.to_vec()), answer(409, "")),
            Self::DuplicatesCollide => {
                let reply =
                    if memory.in_flight.insert(body.to_vec()) { answer(200, "").after(50) } else { answer(500, "") };
                when(json.is_ok_and(|json| json.is_object()), reply)
            }
            Self::MalformedTaken => when(json.is_err() && !body.is_empty(), answer(200, "")),
            Self::MalformedCrashes => when(json.is_err(), Reply::Crash),
            Self::MalformedHangs => when(json.is_err() && !body.is_empty(), Reply::Hang),
            Self::FallsIll => {
                memory.is_ill = json.is_err();
                None
            }
            Self::ArrayTaken => when(json.is_ok_and(|json| json.is_array()), answer(200, "")),
            Self::ArrayFails => when(json.is_ok_and(|json| json.is_array()), answer(500, "")),
            Self::EmptyTaken => when(body.is_empty(), answer(200, "")),
            _ => None,
        }
    }

    /// Changes a correct reply.
    pub(crate) fn afterwards(self, head: &Head, _body: &[u8], reply: Reply, _memory: &mut Memory) -> Reply {
        match (self, reply) {
            (Self::NoContent, Reply::Answer(right)) if head.method == "POST" && right.status == 200 => answer(204, ""),
            (Self::Accepted, Reply::Answer(right)) if head.method == "POST" && right.status == 200 => {
                answer(202, "queued")
            }
            (_, reply) => reply,
        }
    }
}
