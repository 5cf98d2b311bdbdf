//! The likely causes of refusals, in words.

use axum::http::request::Parts;
use birdhook::adapter::{Endpoint, Outcome, RequestHead};
use birdhook::app::SecretKind;

use super::observed::{NOT_FOUND, Observed, UNANSWERED, short};
use super::signature_cause::{self, Explainer, variable};

/// Returns the head of a request for the library.
pub(super) fn head(parts: &Parts) -> RequestHead<'_> {
    RequestHead::new(parts.method.as_str(), parts.uri.path(), parts.uri.query())
        .with_headers(parts.headers.iter().map(|(name, value)| (name, value.as_bytes())))
}

/// Returns the likely cause of a refusal. `None` if there is nothing to explain.
pub(super) fn of(request: &Observed, explainer: &Explainer) -> Option<String> {
    let Explainer { endpoint, destination, path, .. } = explainer;
    if request.outcome == NOT_FOUND {
        return Some(other_path(request.uri.path(), path));
    }
    if request.outcome == UNANSWERED {
        return Some("the sender hung up before the answer".to_owned());
    }
    let outcome = Outcome::ALL.iter().copied().find(|outcome| outcome.as_str() == request.outcome)?;
    let text = match outcome {
        Outcome::ChallengeAnswered => return challenge_signature(request, endpoint),
        Outcome::SignatureMissing => return Some(no_signature(request, endpoint)),
        Outcome::SignatureMalformed => return Some(signature_cause::of_malformed(request)),
        Outcome::SignatureWrong => return Some(signature_cause::of_wrong(request, explainer)),
        Outcome::BodyEncoded => {
            let encoding = short(request.encoding.as_deref().unwrap_or("unknown"));
            return Some(format!(
                "the body has the content-encoding {encoding}: X does not encode bodies, so a proxy has done it"
            ));
        }
        Outcome::ChallengeUnsigned => return Some(signature_cause::of_challenge(request, explainer)),
        Outcome::Dropped => "it has no event to print",
        Outcome::SinkTooSlow => {
            return Some(format!("the events were not {} in time: {}", destination.done, destination.if_slow));
        }
        Outcome::SinkFull | Outcome::SinkClosed | Outcome::SinkFailed => {
            return Some(format!("the events were not {}: see the note before this line", destination.done));
        }
        Outcome::SinkPanicked => "the receiver panicked, which is a bug in birdhook: see the note before this line",
        other => other.cause()?,
    };
    Some(text.to_owned())
}

fn other_path(requested: &str, path: &str) -> String {
    let (requested, path) = (short(requested), short(path));
    let hint = if requested.trim_end_matches('/') == path.trim_end_matches('/') {
        ": they differ in the slash at the end"
    } else if requested.eq_ignore_ascii_case(&path) {
        ": they differ in upper and lower case"
    } else {
        ""
    };
    format!(
        "the request is for {requested}, but this receiver listens on {path}{hint}; register the URL with {path}, or \
         restart with --path"
    )
}

fn no_signature(request: &Observed, endpoint: &Endpoint) -> String {
    unchecked_signature(request, endpoint).unwrap_or_else(|| {
        format!(
            "no signature: is it X who sends? X's deliveries have {} or {}; a proxy may remove them",
            SecretKind::Client.header(),
            SecretKind::Consumer.header()
        )
    })
}

/// Returns why an answered challenge has a signature that does not prove that X sent it. `None` if it
/// proves that, or if there is none.
fn challenge_signature(request: &Observed, endpoint: &Endpoint) -> Option<String> {
    if request.is_signed_by_x == Some(true) || request.signatures.is_empty() {
        return None;
    }
    let of_token = "the signature covers only the token, so it does not prove that X sent the challenge";
    unchecked_signature(request, endpoint).or_else(|| Some(of_token.to_owned()))
}

/// Explains a signature that cannot be checked, because no secret of its kind is configured.
fn unchecked_signature(request: &Observed, endpoint: &Endpoint) -> Option<String> {
    let has = |kind| endpoint.apps().iter().any(|app| app.has(kind));
    let (kind, _) = request.signatures.iter().find(|(kind, _)| !has(*kind))?;
    Some(format!(
        "the only signature is in {}, which is checked with the {kind}, and none is configured: set {}",
        kind.header(),
        variable(*kind)
    ))
}

/// Returns the command that finds out more about requests with this outcome.
pub(super) fn command(outcome: &str, Explainer { url, path, .. }: &Explainer) -> String {
    let public = format!("`birdhook doctor https://YOUR-HOST{path}`");
    if outcome == Outcome::SignatureWrong.as_str() {
        return format!(
            "to check a body that you have saved, run `birdhook verify --signature VALUE FILE`; to check everything \
             between X and this receiver, run {public}"
        );
    }
    if outcome == NOT_FOUND {
        return "to see the URL that X calls, run `birdhook webhooks list`".to_owned();
    }
    if Outcome::ALL.iter().any(|known| known.as_str() == outcome && known.status() == 503) || outcome == UNANSWERED {
        return format!("to check this receiver, run `birdhook doctor --local {url}`");
    }
    format!("to check everything between X and this receiver, run {public}")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::http::{Method, Uri};
    use birdhook::Secret;
    use birdhook::adapter::EndpointSettings;
    use birdhook::event::Timestamp;

    use super::super::destination::Destination;
    use super::*;
    use crate::signature_mistakes::secret::Secrets;

    fn explainer(secret: &Secret, destination: Destination) -> Explainer {
        Explainer {
            endpoint: Endpoint::new(secret.clone(), EndpointSettings::default()),
            secrets: Secrets::new(&[]),
            destination,
            url: String::new(),
            path: "/".to_owned(),
        }
    }

    #[test]
    fn a_slow_sink_is_explained_by_its_kind() {
        let secret = Secret::new("secret").unwrap();
        for (destination, expected) in [
            (Destination::output(), "in time: is standard output not read"),
            (Destination::inbox(String::new()), "were not stored in the inbox in time: is the disk slow or full?"),
            (Destination::engine("", String::new()), "not confirmed by the engine in time: is its server reachable?"),
        ] {
            let observed = Observed {
                time: Timestamp::from_millis(0),
                method: Method::POST,
                uri: Uri::from_static("/"),
                signatures: Vec::new(),
                encoding: None,
                status: Some(503),
                outcome: Outcome::SinkTooSlow.as_str(),
                duration: Duration::ZERO,
                is_signed_by_x: None,
                app: None,
                events: None,
                body: None,
                permit: None,
            };
            let cause = of(&observed, &explainer(&secret, destination)).unwrap();
            assert!(cause.contains(expected), "{cause}");
        }
    }
}
