//! Arbitrary JSON, biased towards the form of a delivery.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::Value;

/// Generates a JSON value with a few levels. Names and texts are often those of the protocol.
pub(crate) fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 48, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            btree_map(name(), inner, 0..6).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

/// Generates a JSON object.
pub(crate) fn object() -> impl Strategy<Value = Value> {
    btree_map(name(), json(), 0..7).prop_map(|members| members.into_iter().collect())
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[0-9]{1,20}",
        "message_create|follow|unfollow|block|mute|options|location|true|false",
        "[ -~]{0,12}",
    ]
}

fn name() -> impl Strategy<Value = String> {
    const NAMES: &str = "for_user_id|users|apps|user_has_blocked|is_blocked_by|user_event|revoke|tweet_create_events|\
        tweet_delete_events|favorite_events|follow_events|unfollow_events|block_events|mute_events|\
        direct_message_events|direct_message_indicate_typing_events|direct_message_mark_read_events|new_kind_events";
    const MEMBERS: &str = "id|id_str|type|source|target|status|user_id|app_id|sender_id|recipient_id|message_create|\
        created_timestamp|timestamp_ms|date_time|created_at|message_data|text|entities|user|quoted_status";
    prop_oneof![3 => NAMES, 3 => MEMBERS, 1 => any::<String>()]
}
