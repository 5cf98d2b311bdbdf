//! Deliveries, and the signatures in their headers.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use birdhook::{Secret, signature};
use fastrand::Rng;

use super::race::Input;

/// The number of messages per class. Several, so that no result depends on a single message.
const MESSAGES: u64 = 64;

pub(super) fn secret(app: usize) -> Secret {
    Secret::new(format!("the-consumer-secret-of-app-number-{app}")).unwrap()
}

/// The change that a class makes to the correct signature of a message.
#[derive(Clone, Copy)]
pub(super) enum Header {
    Right,
    WrongAt(usize),
    Wrong,
    /// Contains a character in the middle that is not base64.
    NotBase64,
    TooShort,
    NoPrefix,
}

/// Returns messages of one length, with signatures by this secret, changed for this class.
pub(super) fn class(secret: &Secret, header: Header, random: &mut Rng) -> Vec<Input> {
    let one = |number: u64| {
        let id = 1_000_000_000_000_000_000 + number;
        let event = format!(r#"{{"status":{{"id":"{id}","user_id":"2001"}},"timestamp_ms":"1795426200000"}}"#);
        let message = format!(r#"{{"for_user_id":"2001","tweet_delete_events":[{event}]}}"#).into_bytes();
        Input { header: header.of(secret, &message, random), message }
    };
    (0..MESSAGES).map(one).collect()
}

impl Header {
    fn of(self, secret: &Secret, message: &[u8], random: &mut Rng) -> Vec<u8> {
        let right = signature::sign(secret, message);
        let mut digest = STANDARD.decode(right.trim_start_matches("sha256=")).unwrap();
        let changed = match self {
            Self::WrongAt(place) => place..place + 1,
            Self::Wrong => 0..digest.len(),
            Self::Right | Self::NotBase64 | Self::TooShort | Self::NoPrefix => 0..0,
        };
        digest[changed].iter_mut().for_each(|byte| *byte ^= random.u8(1..));
        let mut text = format!("sha256={}", STANDARD.encode(digest));
        match self {
            Self::NotBase64 => text.replace_range(28..29, "!"),
            Self::TooShort => text.truncate(47),
            Self::NoPrefix => text.replace_range(..7, "sha512="),
            Self::Right | Self::WrongAt(_) | Self::Wrong => {}
        }
        text.into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use birdhook::signature::{SignatureError, verify};

    use super::*;

    #[test]
    fn each_class_is_what_it_says() {
        let (secret, mut random) = (secret(0), Rng::with_seed(3));
        let mut answers = |header| {
            let class = class(&secret, header, &mut random);
            let answers: Vec<_> = class.iter().map(|one| verify(&secret, &one.message, &one.header)).collect();
            assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
            answers[0]
        };
        assert_eq!(answers(Header::Right), Ok(()));
        for wrong in [Header::WrongAt(0), Header::WrongAt(31), Header::Wrong] {
            assert_eq!(answers(wrong), Err(SignatureError::Wrong));
        }
        for malformed in [Header::NotBase64, Header::TooShort, Header::NoPrefix] {
            assert_eq!(answers(malformed), Err(SignatureError::Malformed));
        }
    }
}
