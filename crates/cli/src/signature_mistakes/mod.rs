//! Finds the mistakes that explain a wrong signature: with the body, the secret or the signature.

pub(crate) mod body;
pub(crate) mod header;
pub(crate) mod json_text;
pub(crate) mod mistake;
pub(crate) mod secret;

use birdhook::app::SecretKind;
use birdhook::signature::verify;
use bytes::Bytes;

use self::header::GivenSignature;
use self::mistake::{Candidate, Mistake};
use self::secret::PossibleSecret;

/// Returns the fewest mistakes that explain the signature.
pub(crate) fn find(
    secrets: &[Candidate<PossibleSecret>],
    given: &GivenSignature,
    bodies: &[Candidate<Bytes>],
) -> Option<Vec<Mistake>> {
    let signature = given.canonical.as_ref()?;
    let mut best: Option<Vec<Mistake>> = None;
    for body in bodies {
        for secret in secrets {
            let number = body.mistakes.len() + secret.mistakes.len();
            if best.as_ref().is_some_and(|best| number >= best.len()) {
                continue;
            }
            if verify(&secret.value.secret, &body.value, signature.value.as_bytes()).is_ok() {
                let other = secret.value.kind.zip(given.kind).filter(|(made_with, header)| made_with != header);
                let all = signature.mistakes.iter().chain(&secret.mistakes).chain(&body.mistakes).cloned();
                best = Some(all.chain(other.map(|(made_with, header)| other_header(made_with, header))).collect());
            }
        }
    }
    best.filter(|mistakes| !mistakes.is_empty())
}

fn other_header(made_with: SecretKind, header: SecretKind) -> Mistake {
    Mistake {
        change: format!("it is the value of {}, which is made with the {made_with}", made_with.header()).into(),
        cause: format!("the value is of the other header, or the {made_with} and the {header} are exchanged").into(),
        fix: "compare each secret with the app's page in X's console, and each value with its header".into(),
    }
}

/// Mistakes in words.
pub(crate) struct Explanation {
    /// The changes that undo them, after "matches if".
    pub(crate) change: String,
    pub(crate) cause: String,
    pub(crate) fix: String,
}

impl Explanation {
    pub(crate) fn new(mistakes: &[Mistake]) -> Self {
        let joined = |of: fn(&Mistake) -> &str, between: &str| {
            let mut texts: Vec<&str> = Vec::new();
            for text in mistakes.iter().map(of) {
                if !texts.contains(&text) {
                    texts.push(text);
                }
            }
            texts.join(between)
        };
        Self {
            change: joined(|mistake| &mistake.change, " and "),
            cause: joined(|mistake| &mistake.cause, "; "),
            fix: joined(|mistake| &mistake.fix, "; "),
        }
    }

    /// Returns the explanation as one text.
    pub(crate) fn text(&self) -> String {
        format!("matches if {}: {}; {}", self.change, self.cause, self.fix)
    }
}
