//! The serialized text: escapes, and positions of entities.

use super::*;
use std::collections::BTreeMap;

#[test]
fn bodies_are_escaped_as_by_their_api() {
    let mut letters = [0; 2];
    each(|kind, _, mock_event| {
        for generation in kind.api_sources() {
            let body = String::from_utf8(mock_event.reported_by(*generation).unwrap().to_vec()).unwrap();
            let value: Value = serde_json::from_str(&body).unwrap();
            if *generation == AccountActivity {
                assert!(body.is_ascii(), "{body}");
                assert!(!body.replace("\\/", "").contains(['/', '<', '>']), "{body}");
                letters[0] += body.matches("\\ud83").count();
            } else {
                assert!(!body.contains("\\u") && !body.contains("\\/"), "{body}");
                assert_eq!(value.to_string(), body);
                letters[1] += usize::from(!body.is_ascii());
            }
        }
    });
    assert!(letters[0] > 100 && letters[1] > 100, "{letters:?}: nothing was there to be escaped");
}

/// Positions count code points of the text that contains the entity, also in quoted and truncated
/// posts.
#[test]
fn entity_indices_match_the_text() {
    let cut = |text: &str, from: u64, to: u64| -> String {
        text.chars().skip(from as usize).take((to - from) as usize).collect()
    };
    let mut seen = BTreeMap::new();
    each(|kind, seed, mock_event| {
        for generation in kind.api_sources() {
            let body: Value = serde_json::from_slice(&mock_event.reported_by(*generation).unwrap()).unwrap();
            walk(&body, "", &mut |at, value| {
                let Some(text) = ["full_text", "text"].into_iter().find_map(|name| value[name].as_str()) else {
                    return;
                };
                if let Some([from, to]) = value["display_text_range"].as_array().map(Vec::as_slice) {
                    let (from, to) = (from.as_u64().unwrap(), to.as_u64().unwrap());
                    assert!(from < to && to <= text.chars().count() as u64, "{kind} {seed} {at}: {from}..{to}");
                }
                let Some(groups) = value["entities"].as_object() else { return };
                for (group, found) in groups {
                    for entity in found.as_array().unwrap() {
                        let (from, to) = match entity["indices"].as_array() {
                            Some(indices) => (indices[0].as_u64(), indices[1].as_u64()),
                            None => (entity["start"].as_u64(), entity["end"].as_u64()),
                        };
                        let word = |name: &str| entity[name].as_str().map(str::to_owned);
                        let expected = match group.as_str() {
                            "hashtags" => format!("#{}", word("text").or(word("tag")).unwrap()),
                            "symbols" | "cashtags" => format!("${}", word("text").or(word("tag")).unwrap()),
                            "user_mentions" | "mentions" => {
                                format!("@{}", word("screen_name").or(word("username")).unwrap())
                            }
                            _ => word("url").unwrap(),
                        };
                        let there = cut(text, from.unwrap(), to.unwrap());
                        assert_eq!(there, expected, "{kind}, seed {seed}, {at}/{group}");
                        *seen.entry((*generation == AccountActivity, group.clone())).or_insert(0) += 1;
                    }
                }
            });
        }
    });
    for group in ["hashtags", "symbols", "user_mentions", "urls", "media"] {
        assert!(seen.get(&(true, group.to_owned())).is_some_and(|many| *many > 5), "{group} in {seen:?}");
    }
    for group in ["hashtags", "cashtags", "mentions", "urls"] {
        assert!(seen.get(&(false, group.to_owned())).is_some_and(|many| *many > 5), "{group} in {seen:?}");
    }
}
