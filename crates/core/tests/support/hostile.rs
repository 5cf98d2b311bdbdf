//! Signed bodies of 1 MiB that cause as much work as possible: their shared parts are long, or
//! their values take more memory than their text.

/// The size of each body, in bytes.
pub(crate) const SIZE: usize = 1 << 20;

/// Repeats `piece` as often as it fits into this many bytes, at most `most` times. Replaces `$`
/// with the number of the piece.
fn repeated(piece: &str, bytes: usize, most: usize) -> String {
    if !piece.contains('$') {
        let often = (bytes / (piece.len() + 1)).min(most);
        return vec![piece; often].join(",");
    }
    let mut all = String::new();
    for number in 0..most {
        let next = piece.replace('$', &number.to_string());
        if all.len() + next.len() + 1 > bytes {
            break;
        }
        if !all.is_empty() {
            all.push(',');
        }
        all.push_str(&next);
    }
    all
}

/// Returns every shape with its name, each in about this size.
pub(crate) fn bodies(size: usize) -> Vec<(&'static str, String)> {
    let events = size / 105;
    let long = "a".repeat(size * 6 / 10);
    let deleted = repeated(r#"{"status": {"id":"$"}}"#, size * 4 / 10, events);
    let message = r#"{"id":"$","message_create":{"sender_id":"1","target":{"recipient_id":"2"},"source_app_id":"3"}}"#;
    let messages = repeated(message, size * 4 / 10, events);
    let empty = repeated("{}", size, events);
    // The maximum number of events in an activity.
    let (few, few_messages) = (repeated("{}", size, 16), repeated(message, size, 16));
    let fewer = repeated("{}", size / 3, usize::MAX);
    let empties = repeated("{}", size - 300, usize::MAX);
    let keys = repeated(r#""3_$""#, size / 3, usize::MAX);
    let media = repeated(r#"{"media_key":"3_$"}"#, size / 2, usize::MAX);
    let activity = |event_type: &str, members: &str| format!(r#"{{"data":{{"event_type":"{event_type}",{members}}}}}"#);
    vec![
        ("a long subscriber", format!(r#"{{"for_user_id":"{long}","tweet_delete_events":[{deleted}]}}"#)),
        (
            "a long member beside events",
            format!(r#"{{"for_user_id":"1","x":"{long}","tweet_delete_events":[{deleted}]}}"#),
        ),
        (
            "a long id",
            format!(r#"{{"for_user_id":"1","tweet_create_events":[{{"id_str":"{long}"}},{{"id_str":"1"}}]}}"#),
        ),
        (
            "a long user",
            format!(
                r#"{{"for_user_id":"1","users":{{"1":{{"id":"1","name":"{long}"}}}},"direct_message_events":[{messages}]}}"#
            ),
        ),
        (
            "a long app",
            format!(
                r#"{{"for_user_id":"1","apps":{{"3":{{"id":"3","name":"{long}"}}}},"direct_message_events":[{messages}]}}"#
            ),
        ),
        (
            "many users",
            format!(
                r#"{{"for_user_id":"1","users":{{{}}},"direct_message_events":[{messages}]}}"#,
                repeated(r#""$":{"id":"$","name":"Ida"}"#, size * 6 / 10, usize::MAX),
            ),
        ),
        (
            "events outside of arrays",
            format!(
                r#"{{"for_user_id":"1","x":"{long}",{}}}"#,
                repeated(r#""favorite_events":{"id":"$"}"#, size * 4 / 10, events)
            ),
        ),
        (
            "revocations",
            format!(
                r#"{{"x":"{long}",{}}}"#,
                repeated(
                    r#""user_event":{"revoke":{"source":{"user_id":"$"},"target":{"app_id":"1"}}}"#,
                    size * 4 / 10,
                    events
                ),
            ),
        ),
        (
            "events beside an activity",
            format!(r#"{{"data":{{"event_type":"x","tag":"{long}"}},"tweet_delete_events":[{deleted}]}}"#),
        ),
        (
            "events beside a replay",
            format!(r#"{{"replay_job_status":{{"job_id":"{long}"}},"tweet_delete_events":[{deleted}]}}"#),
        ),
        ("a long tag", activity("post.create", &format!(r#""tag":"{long}","payload":[{empty}]"#))),
        ("a long word", activity("post.create", &format!(r#""filter":{{"keyword":"{long}"}},"payload":[{empty}]"#))),
        ("a long type of event", activity(&format!("chat.update.{long}"), &format!(r#""payload":[{empty}]"#))),
        ("a type of event of many words", activity(&"a.".repeat(size / 2 - 100), r#""payload":{"id":"1"}"#)),
        (
            "a long name of the delivery",
            activity("follow.follow", &format!(r#""event_uuid":"{long}","payload":{{"x_events":[{empty}]}}"#)),
        ),
        (
            "messages in an activity",
            activity(
                "dm.received",
                &format!(r#""payload":{{"users":{{"1":{{"name":"{long}"}}}},"direct_message_events":[{messages}]}}"#),
            ),
        ),
        ("a long tag of 16 events", activity("post.create", &format!(r#""tag":"{long}","payload":[{few}]"#))),
        (
            "a long word of 16 events",
            activity("post.create", &format!(r#""filter":{{"keyword":"{long}"}},"payload":[{few}]"#)),
        ),
        ("a long type of 16 events", activity(&format!("chat.update.{long}"), &format!(r#""payload":[{few}]"#))),
        (
            "16 messages in an activity",
            activity(
                "dm.sent",
                &format!(
                    r#""payload":{{"users":{{"1":{{"name":"{long}"}}}},"direct_message_events":[{few_messages}]}}"#
                ),
            ),
        ),
        (
            "16 likes with empty posts",
            activity("like.create", &format!(r#""payload":[{few}],"includes":{{"tweets":[{fewer}]}}"#)),
        ),
        (
            "empty posts",
            activity("like.create", &format!(r#""payload":{{"id":"1"}},"includes":{{"tweets":[{empties}]}}"#)),
        ),
        (
            "empty users",
            activity("post.create", &format!(r#""payload":{{"id":"1"}},"includes":{{"users":[{empties}]}}"#)),
        ),
        (
            "empty media",
            activity("post.create", &format!(r#""payload":{{"id":"1"}},"includes":{{"media":[{empties}]}}"#)),
        ),
        (
            "keys of media",
            activity(
                "post.create",
                &format!(
                    r#""payload":{{"id":"1","attachments":{{"media_keys":[{keys}]}}}},"includes":{{"media":[{media}]}}"#
                ),
            ),
        ),
        (
            "links to media",
            activity("post.create", &format!(r#""payload":{{"id":"1","entities":{{"urls":[{media}]}}}}"#)),
        ),
        (
            "empty entities",
            format!(
                r#"{{"for_user_id":"1","tweet_create_events":[{{"id_str":"1","extended_entities":{{"media":[{empties}]}}}}]}}"#
            ),
        ),
        (
            "empty mentions",
            format!(
                r#"{{"for_user_id":"1","tweet_create_events":[{{"id_str":"1","entities":{{"user_mentions":[{empties}]}}}}]}}"#
            ),
        ),
        (
            "a profile of lists",
            activity(
                "profile.update.bio",
                &format!(r#""payload":{{"before":[{}]}}"#, repeated("[]", size - 300, usize::MAX)),
            ),
        ),
        (
            "a profile of objects",
            activity(
                "profile.update.bio",
                &format!(r#""payload":{{"before":[{}]}}"#, repeated(r#"{"":0}"#, size - 300, usize::MAX)),
            ),
        ),
        (
            "halves of emojis",
            format!(
                r#"{{"for_user_id":"1","tweet_create_events":[{{"id_str":"1","text":"{}"}}]}}"#,
                r"\ud83d".repeat(size / 6 - 30)
            ),
        ),
    ]
}
