//! Apps parsed from text, and the selection of the app for a challenge.
//!
//! The input is the text of the apps, and after the first NUL the path and the query of a
//! challenge.
#![no_main]

use birdhook_core::{
    AppSelector, Apps, AppsError, Endpoint, EndpointSettings, HeadResult, Outcome, RequestHead, Secret, signature,
};
use birdhook_fuzz::post;
use libfuzzer_sys::fuzz_target;

const BODY: &[u8] = br#"{"for_user_id":"1"}"#;

fuzz_target!(|input: &str| {
    let (text, place) = input.split_once('\0').unwrap_or((input, "/"));
    let model = model(text);
    let apps = match text.parse::<Apps>() {
        Ok(apps) => apps,
        Err(AppsError::NotAPair(at) | AppsError::Secret(at, _)) => {
            assert!(model.is_none() && at >= 1 && at <= text.split(',').count());
            return;
        }
        Err(other) => panic!("{other}"),
    };
    let model = model.expect("what is accepted is apps");
    let names = || model.iter().map(|(name, _)| *name);
    assert!(apps.iter().map(|app| app.name()).eq(names()));

    // Each secret is accepted for its app. If apps share a secret, it belongs to the first of them.
    let endpoint = Endpoint::new(apps.clone(), EndpointSettings::default());
    for secret in model.iter().flat_map(|(_, secrets)| secrets) {
        let signed = signature::sign(&Secret::new(secret).expect("it was accepted"), BODY);
        let delivery = post(&endpoint, &[(signature::HEADER, signed.as_bytes())], [BODY]).expect("it is signed");
        let owner = model.iter().find(|(_, secrets)| secrets.contains(secret)).expect("its own").0;
        assert_eq!(delivery.app(), owner);
    }

    // Text written from the model has the same meaning.
    let pairs: Vec<String> =
        model.iter().flat_map(|(name, all)| all.iter().map(move |secret| format!(" {name} = {secret} "))).collect();
    let again: Apps = pairs.join(",").parse().expect("it can be written");
    assert!(again.iter().map(|app| app.name()).eq(names()));

    let (path, query) = place.split_once('?').unwrap_or((place, ""));
    let query = format!("{query}&crc_token=a");
    let segment = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let parameter = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "app").map(|(_, value)| value);
    for (selector, named) in [
        (AppSelector::First, None),
        (AppSelector::PathSegment, Some(segment)),
        (AppSelector::QueryParameter("app".to_owned()), parameter.as_deref()),
    ] {
        let mut settings = EndpointSettings::default();
        settings.app_selector = selector;
        let head = RequestHead::new("GET", path, Some(&query));
        let HeadResult::Reply(reply) = Endpoint::new(apps.clone(), settings).begin(&head) else { panic!("a GET") };
        if form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "crc_token").count() > 1 {
            assert_eq!(reply.outcome(), Outcome::TokenRepeated);
            continue;
        }
        match named.map_or(model.first(), |named| model.iter().find(|(name, _)| *name == named)) {
            None => assert_eq!((reply.status(), reply.outcome()), (503, Outcome::NoSecret)),
            Some((_, secrets)) => {
                let signed = signature::sign(&Secret::new(secrets[0]).expect("it was accepted"), b"a");
                assert_eq!(*reply.body(), format!(r#"{{"response_token":"{signed}"}}"#));
            }
        }
    }
});

/// Returns the names with their secrets in order, or `None` for text that must be rejected.
fn model(text: &str) -> Option<Vec<(&str, Vec<&str>)>> {
    let good = |secret: &str| (!secret.is_empty() && secret.bytes().all(|byte| byte.is_ascii_graphic())).then_some(());
    let text = text.trim_ascii();
    if !text.contains('=') {
        good(text)?;
        return (!text.contains(',')).then(|| vec![(Apps::DEFAULT_NAME, vec![text])]);
    }
    let mut apps: Vec<(&str, Vec<&str>)> = Vec::new();
    for pair in text.split(',') {
        let [name, secret] = pair.split('=').map(str::trim_ascii).collect::<Vec<_>>()[..] else { return None };
        good(secret)?;
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || ['_', '.', '-'].contains(&letter);
        if name.is_empty() || !name.chars().all(is_plain) {
            return None;
        }
        match apps.iter_mut().find(|(known, _)| *known == name) {
            Some((_, secrets)) => secrets.push(secret),
            None => apps.push((name, vec![secret])),
        }
    }
    Some(apps)
}
