//! Describes an event in a sentence.

use birdhook::activity::User;
use birdhook::{Activity, Event};

/// Returns the sentence for an event. It is the same for both of X's APIs.
pub(crate) fn of(event: &Event) -> String {
    let activity = event.activity();
    let name = |user: Option<&User<'_>>| {
        let handle = user.and_then(|user| user.handle.as_deref());
        let id = || user.and_then(|user| user.id.as_deref()).unwrap_or("somebody").to_owned();
        handle.map_or_else(id, |handle| format!("@{handle}"))
    };
    let (actor, target) = (name(activity.actor()), name(activity.target()));
    let text = short(activity.text().unwrap_or_default());
    match &activity {
        Activity::PostCreated(_) => format!("{actor} posted {text}"),
        Activity::PostDeleted(deleted) => format!("post {} is gone", deleted.post_id.as_deref().unwrap_or("?")),
        Activity::Liked(_) => format!("{actor} liked {text}"),
        Activity::MessageSent(_) | Activity::MessageReceived(_) => format!("{actor} wrote to {target}: {text}"),
        Activity::ProfileUpdated(update) => format!("{actor} changed their {} to {text}", &*update.field),
        Activity::AccessRevoked(_) => format!("{actor} took our access away"),
        Activity::Unknown { raw } => format!("{} bytes of JSON", raw.as_str().len()),
        _ if activity.target().is_some() => format!("{actor} -> {target}"),
        _ => actor,
    }
}

/// Returns the beginning of a text, quoted and on one line.
fn short(text: &str) -> String {
    let mut letters = text.chars();
    let begun: String = letters.by_ref().take(50).collect();
    if letters.next().is_some() { format!("{begun:?}...") } else { format!("{begun:?}") }
}
