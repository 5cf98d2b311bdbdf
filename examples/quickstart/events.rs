//! Deliveries as X writes them, cut to what matters: one of every kind of the Account Activity API, some of the X Activity
//! API.

pub(crate) const EVENTS: [(&str, &str); 17] = [
    (
        "a mention",
        r#"{"for_user_id":"2001","user_has_blocked":"false","tweet_create_events":[{"created_at":"Mon Nov 23 09:30:00 +0000 2026","id":1992500000000000101,"id_str":"1992500000000000101","text":"@finchworks do you ship to Malm\u00f6? tea &amp; biscuits","user":{"id":3001,"id_str":"3001","name":"Ada","screen_name":"ada_reads"},"lang":"en","timestamp_ms":"1795426200000"}]}"#,
    ),
    (
        "a deletion",
        r#"{"for_user_id":"2001","tweet_delete_events":[{"status":{"id":"1992500000000000101","user_id":"3001"},"timestamp_ms":"1795426260000"}]}"#,
    ),
    (
        "a like",
        r#"{"for_user_id":"2001","favorite_events":[{"id":"9f8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c","created_at":"Mon Nov 23 09:32:00 +0000 2026","timestamp_ms":1795426320000,"favorited_status":{"id":1992500000000000055,"id_str":"1992500000000000055","text":"New: bird feeders","user":{"id":2001,"id_str":"2001","screen_name":"finchworks"}},"user":{"id":3001,"id_str":"3001","screen_name":"ada_reads"}}]}"#,
    ),
    (
        "a follow",
        r#"{"for_user_id":"2001","follow_events":[{"type":"follow","created_timestamp":"1795426380000","target":{"id":"2001","screen_name":"finchworks"},"source":{"id":"3001","screen_name":"ada_reads"}}]}"#,
    ),
    (
        "an unfollow, which comes as a follow event",
        r#"{"for_user_id":"2001","follow_events":[{"type":"unfollow","created_timestamp":"1795426381000","target":{"id":"3002","screen_name":"spamfeed"},"source":{"id":"2001","screen_name":"finchworks"}}]}"#,
    ),
    (
        "a block",
        r#"{"for_user_id":"2001","block_events":[{"type":"block","created_timestamp":"1795426382000","source":{"id":"2001","screen_name":"finchworks"},"target":{"id":"3002","screen_name":"spamfeed"}}]}"#,
    ),
    (
        "an unblock",
        r#"{"for_user_id":"2001","block_events":[{"type":"unblock","created_timestamp":"1795426383000","source":{"id":"2001","screen_name":"finchworks"},"target":{"id":"3002","screen_name":"spamfeed"}}]}"#,
    ),
    (
        "a mute",
        r#"{"for_user_id":"2001","mute_events":[{"type":"mute","created_timestamp":"1795426384000","source":{"id":"2001","screen_name":"finchworks"},"target":{"id":"3002","screen_name":"spamfeed"}}]}"#,
    ),
    (
        "an unmute",
        r#"{"for_user_id":"2001","mute_events":[{"type":"unmute","created_timestamp":"1795426385000","source":{"id":"2001","screen_name":"finchworks"},"target":{"id":"3002","screen_name":"spamfeed"}}]}"#,
    ),
    (
        "somebody typing",
        r#"{"for_user_id":"2001","direct_message_indicate_typing_events":[{"created_timestamp":"1795426390000","sender_id":"3001","target":{"recipient_id":"2001"}}],"users":{"3001":{"id":"3001","screen_name":"ada_reads"},"2001":{"id":"2001","screen_name":"finchworks"}}}"#,
    ),
    (
        "a message",
        r#"{"for_user_id":"2001","direct_message_events":[{"type":"message_create","id":"1992500000000000201","created_timestamp":"1795426400000","message_create":{"target":{"recipient_id":"2001"},"sender_id":"3001","message_data":{"text":"Yes &amp; thanks!","entities":{"hashtags":[],"symbols":[],"user_mentions":[],"urls":[]},"quick_reply_response":{"type":"options","metadata":"order:42:yes"}}}}],"users":{"3001":{"id":"3001","screen_name":"ada_reads"},"2001":{"id":"2001","screen_name":"finchworks"}}}"#,
    ),
    (
        "our own answer, which X delivers too",
        r#"{"for_user_id":"2001","direct_message_events":[{"type":"message_create","id":"1992500000000000202","created_timestamp":"1795426410000","message_create":{"target":{"recipient_id":"3001"},"sender_id":"2001","source_app_id":"13090192","message_data":{"text":"On its way."}}}],"apps":{"13090192":{"id":"13090192","name":"Finchworks bot"}},"users":{"3001":{"id":"3001","screen_name":"ada_reads"},"2001":{"id":"2001","screen_name":"finchworks"}}}"#,
    ),
    (
        "a read receipt",
        r#"{"for_user_id":"2001","direct_message_mark_read_events":[{"created_timestamp":"1795426420000","sender_id":"3001","target":{"recipient_id":"2001"},"last_read_event_id":"1992500000000000202"}],"users":{"3001":{"id":"3001","screen_name":"ada_reads"}}}"#,
    ),
    (
        "a revocation",
        r#"{"user_event":{"revoke":{"date_time":"2026-11-23T09:35:00+00:00","target":{"app_id":"13090192"},"source":{"user_id":"2001"}}}}"#,
    ),
    (
        "a reply, by the X Activity API",
        r#"{"data":{"event_uuid":"1992500000000000301","filter":{"user_id":"2001"},"event_type":"post.reply.create","tag":"replies","payload":{"id":"1992500000000000301","author_id":"3001","text":"@finchworks they arrived &lt;3","created_at":"2026-11-23T09:40:00.000Z","lang":"en","in_reply_to_user_id":"2001"},"includes":{"users":[{"id":"3001","username":"ada_reads"}]}}}"#,
    ),
    (
        "a follow, by the X Activity API",
        r#"{"data":{"event_uuid":"-7953119945885597316","filter":{"user_id":"2001"},"event_type":"follow.follow","payload":{"source":{"data":{"id":"3003","username":"grace_birds"}},"target":{"data":{"id":"2001","username":"finchworks"}}}}}"#,
    ),
    (
        "a new bio, which only the X Activity API tells",
        r#"{"data":{"event_uuid":"-8917909039855612786","filter":{"user_id":"2001"},"event_type":"profile.update.bio","payload":{"before":"Feeders.","after":"Feeders and nest boxes."}}}"#,
    ),
];
