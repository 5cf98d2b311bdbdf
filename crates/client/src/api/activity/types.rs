use super::super::EVENT_TYPES;

/// Returns the event types of X's OpenAPI 2.173, and `oauth.revoke`, which X's introduction lists.
fn names() -> impl Iterator<Item = &'static str> {
    EVENT_TYPES.iter().map(|known| known.name).chain(["oauth.revoke"])
}

/// A deprecated name. X's responses use `chat.conversation.join`.
const ALIAS: &str = "chat.conversation_join";

pub(crate) fn canonical(event_type: &str) -> &str {
    if event_type == ALIAS { "chat.conversation.join" } else { event_type }
}

pub(super) fn is_known(event_type: &str) -> bool {
    names().any(|known| known == event_type)
}

/// Returns suggestions for an unknown name: the nearest type, otherwise the types of the same
/// family.
pub(super) fn suggestions(name: &str) -> Vec<&'static str> {
    let near = names().map(|known| (distance(name, known), known)).min();
    if let Some((_, known)) = near.filter(|(distance, known)| *distance <= (known.len() / 4).max(2)) {
        return vec![known];
    }
    let family = |name: &str| name.split('.').next().unwrap_or_default().to_owned();
    names().filter(|known| family(known) == family(name)).collect()
}

fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (number, letter) in one.chars().enumerate() {
        let (mut left, mut above_left) = (number + 1, number);
        let mut next = vec![left];
        for (other, above) in other.chars().zip(row.iter().skip(1).copied()) {
            left = (above_left + usize::from(letter != other)).min(above + 1).min(left + 1);
            above_left = above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_event_type_has_a_suggestion() {
        assert_eq!(suggestions("like.created"), ["like.create"]);
        assert_eq!(suggestions("follow.unfolow"), ["follow.unfollow"]);
        assert_eq!(suggestions("dm.recieved"), ["dm.received"]);
        assert_eq!(suggestions("mute.everybody"), ["mute.mute", "mute.unmute"]);
        assert!(suggestions("tea.was_drunk").is_empty());
        assert_eq!((distance("", "abc"), distance("abc", "abd"), distance("abc", "c")), (3, 1, 2));
    }

    #[test]
    fn every_kind_of_the_test_kit_can_be_subscribed() {
        for kind in birdhook_testkit::MockEventKind::ALL {
            let is_delivered_unasked = ["replay_job_status", "stream.post"].contains(&kind.as_str());
            assert!(is_known(kind.as_str()) || is_delivered_unasked, "{}", kind.as_str());
        }
    }
}
