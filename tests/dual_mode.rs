//! Dual mode: one receiver gets the same events from the Account Activity API and the X Activity
//! API, in mixed order.

use birdhook::activity::User;
use birdhook::{
    Activity, Delivery, Event, Secret, Webhook,
    activity::PostRelation,
    dedupe::ApiMode,
    event::{ApiSource, Direction},
};
use birdhook_test_harness::http_client::post;
use birdhook_tests::server::{Adapter, Behaviour, Server};

const SECRET: &str = "testsecret";

/// An event as both APIs report it, and the values that the app must read.
struct MockEvent {
    old: String,
    new: String,
    read: Read,
}

/// Kind, subscriber, actor, target, and subject.
type Read = [String; 5];

fn read(of: [&str; 5]) -> Read {
    of.map(str::to_owned)
}

fn aaa(subscriber: &str, array: &str, event: &str) -> String {
    format!(r#"{{"for_user_id":"{subscriber}","{array}":[{event}]}}"#)
}

/// Returns a delivery of the X Activity API. `uuid` is any text unique to the event.
fn xaa(subscriber: &str, event_type: &str, uuid: &str, payload: &str) -> String {
    let filter = if subscriber.is_empty() { "{}".into() } else { format!(r#"{{"user_id":"{subscriber}"}}"#) };
    format!(
        r#"{{"data":{{"event_uuid":"{uuid}","filter":{filter},"event_type":"{event_type}","tag":"day","payload":{payload},"includes":{{"users":[{{"id":"8","username":"eight"}}]}}}}}}"#
    )
}

/// Returns a post. `old` and `new` are the members that make it a reply, a repost and so on in each
/// API.
fn a_post(event_type: &str, id: &str, author: &str, relation: &str, old: &str, new: &str) -> MockEvent {
    let tweet = format!(
        r#"{{"created_at":"Thu Oct 01 16:10:37 +0000 2026","id":{id},"id_str":"{id}","text":"tea &amp; cake","user":{{"id":{author},"id_str":"{author}"}}{old}}}"#
    );
    let payload = format!(
        r#"{{"author_id":"{author}","created_at":"2026-10-01T16:10:37.000Z","id":"{id}","text":"tea &amp; cake"{new}}}"#
    );
    MockEvent {
        old: aaa("7", "tweet_create_events", &tweet),
        new: xaa("7", event_type, id, &payload),
        read: read(["post_created", "7", author, "", &format!("{id} {relation}: tea & cake")]),
    }
}

fn posts() -> Vec<MockEvent> {
    let by_us = r#"{"id":90,"id_str":"90","text":"tea?","user":{"id":7,"id_str":"7"}}"#;
    let by_others = r#"{"id":91,"id_str":"91","text":"tea?","user":{"id":9,"id_str":"9"}}"#;
    let refers = |kind: &str| format!(r#","referenced_tweets":[{{"type":"{kind}","id":"90"}}]"#);
    let mentions = r#","entities":{"user_mentions":[{"id":7,"id_str":"7","screen_name":"seven"}]}"#;
    let answers = r#","in_reply_to_status_id_str":"90","in_reply_to_user_id_str":"7""#;
    let quotes = format!(r#","quoted_status_id_str":"90","is_quote_status":true,"quoted_status":{by_us}"#);
    let repeats = |tweet: &str| format!(r#","retweeted_status":{tweet}"#);
    let long = (
        r#","truncated":true,"extended_tweet":{"full_text":"tea &amp; cake"}"#,
        r#","note_tweet":{"text":"tea &amp; cake"}"#,
    );
    vec![
        a_post("post.create", "101", "7", "Own", "", ""),
        a_post("post.create", "102", "7", "Own", &repeats(by_others), r#","referenced_tweets":[]"#),
        a_post("post.create", "103", "7", "Own", long.0, long.1),
        a_post("post.mention.create", "104", "8", "Mention", mentions, ""),
        a_post("post.reply.create", "105", "8", "Reply", &format!("{answers}{mentions}"), &refers("replied_to")),
        a_post("post.quote.create", "106", "8", "Quote", &quotes, &refers("quoted")),
        a_post("post.repost.create", "107", "8", "Repost", &repeats(by_us), &refers("retweeted")),
    ]
}

fn deletion(id: &str) -> MockEvent {
    let old = format!(r#"{{"status":{{"id":"{id}","user_id":"7"}},"timestamp_ms":"1759335037000"}}"#);
    MockEvent {
        old: aaa("7", "tweet_delete_events", &old),
        new: xaa("7", "post.delete", &format!("-{id}"), &format!(r#"{{"id":"{id}","author_id":"7"}}"#)),
        read: read(["post_deleted", "7", "7", "", id]),
    }
}

/// Returns a like. Only the Account Activity API reports the user who liked a post of the
/// subscriber.
fn like(id: &str, by: &str, of: &str) -> MockEvent {
    let old = format!(
        r#"{{"id":"{id}","timestamp_ms":1759335037000,"favorited_status":{{"id_str":"90","user":{{"id_str":"{of}"}}}},"user":{{"id":{by},"id_str":"{by}"}}}}"#
    );
    let new = format!(
        r#"{{"id":"{id}","liked_tweet_id":"90","liked_tweet_author_id":"{of}","timestamp_ms":"1759335037000"}}"#
    );
    MockEvent {
        old: aaa("7", "favorite_events", &old),
        new: xaa("7", "like.create", id, &new),
        read: read(["liked", "7", if by == "7" { by } else { "" }, of, "90"]),
    }
}

fn relation(what: &str, kind: &str, source: &str, target: &str, at: &str) -> MockEvent {
    let family = what.trim_start_matches("un");
    let old = format!(
        r#"{{"type":"{what}","created_timestamp":"{at}","source":{{"id":"{source}"}},"target":{{"id":"{target}"}}}}"#
    );
    let new = format!(r#"{{"source":{{"data":{{"id":"{source}"}}}},"target":{{"data":{{"id":"{target}"}}}}}}"#);
    MockEvent {
        old: aaa("7", &format!("{family}_events"), &old),
        new: xaa("7", &format!("{family}.{what}"), at, &new),
        read: read([kind, "7", source, target, ""]),
    }
}

fn message(id: &str, subscriber: &str, sender: &str, recipient: &str) -> MockEvent {
    let event = format!(
        r#"{{"type":"message_create","id":"{id}","created_timestamp":"1759335037000","message_create":{{"target":{{"recipient_id":"{recipient}"}},"sender_id":"{sender}","message_data":{{"text":"1 &lt; 2"}}}}}}"#
    );
    let (kind, direction, event_type) = match sender == subscriber {
        true => ("message_sent", "Sent", "dm.sent"),
        false => ("message_received", "Received", "dm.received"),
    };
    let payload = format!(
        r#"{{"direct_message_events":[{event}],"users":{{"{sender}":{{"data":{{"id":"{sender}","username":"sender"}}}}}}}}"#
    );
    MockEvent {
        old: aaa(subscriber, "direct_message_events", &event),
        new: xaa(subscriber, event_type, &format!("{id}-{subscriber}"), &payload),
        read: read([kind, subscriber, sender, recipient, &format!("{id} {direction}: 1 < 2")]),
    }
}

/// Returns an event of a conversation.
///
/// X has published no sample of `dm.read` and `dm.indicate_typing`, so they are tested both as
/// arrays and as the event itself.
fn conversation(event_type: &str, in_array: bool, writer: &str, other: &str) -> MockEvent {
    let (array, kind, last) = match event_type {
        "dm.read" => ("direct_message_mark_read_events", "messages_read", r#","last_read_event_id":"201""#),
        _ => ("direct_message_indicate_typing_events", "typing", ""),
    };
    let event = format!(
        r#"{{"created_timestamp":"1759335037000","sender_id":"{writer}","target":{{"recipient_id":"{other}"}}{last}}}"#
    );
    let payload = if in_array { format!(r#"{{"{array}":[{event}]}}"#) } else { event.clone() };
    MockEvent {
        old: aaa("7", array, &event),
        new: xaa("7", event_type, &format!("{event_type}-{writer}"), &payload),
        read: read([kind, "7", writer, other, if last.is_empty() { "" } else { "201" }]),
    }
}

fn revocation() -> MockEvent {
    let payload = r#"{"date_time":"2026-10-01T09:48:12.000Z","user_id":"7","app_id":"13090192"}"#;
    MockEvent {
        old: r#"{"user_event":{"revoke":{"date_time":"2026-10-01T09:48:12+00:00","target":{"app_id":"13090192"},"source":{"user_id":"7"}}}}"#.into(),
        new: xaa("", "oauth.revoke", "revocation", payload),
        read: read(["access_revoked", "7", "7", "", "13090192"]),
    }
}

fn day() -> Vec<MockEvent> {
    let mut day = posts();
    day.extend([
        deletion("101"),
        deletion("80"),
        like("0a1b", "8", "7"),
        like("0a1c", "7", "9"),
        relation("follow", "followed", "8", "7", "11"),
        relation("unfollow", "unfollowed", "8", "7", "12"),
        relation("follow", "followed", "8", "7", "13"),
        relation("follow", "followed", "7", "9", "14"),
        relation("block", "blocked", "7", "9", "15"),
        relation("unblock", "unblocked", "7", "9", "16"),
        relation("mute", "muted", "7", "9", "17"),
        relation("unmute", "unmuted", "7", "9", "18"),
        message("201", "7", "7", "10"),
        message("201", "10", "7", "10"),
        message("202", "7", "8", "7"),
        conversation("dm.read", true, "10", "7"),
        conversation("dm.read", false, "8", "7"),
        conversation("dm.indicate_typing", true, "8", "7"),
        conversation("dm.indicate_typing", false, "10", "7"),
        revocation(),
    ]);
    day
}

fn id(user: Option<&User<'_>>) -> String {
    user.and_then(|user| user.id.as_deref()).unwrap_or_default().to_owned()
}

fn text(text: Option<&str>) -> &str {
    text.unwrap_or_default()
}

/// Returns the values that an app reads of an event from either API.
fn read_of(event: &Event) -> Read {
    let activity = event.activity();
    let relation = |relation: Option<PostRelation>| relation.map(|one| format!("{one:?}")).unwrap_or_default();
    let direction = |direction: Option<Direction>| direction.map(|one| format!("{one:?}")).unwrap_or_default();
    let about = match &activity {
        Activity::PostCreated(new) => {
            let (id, words) = (text(new.post.id.as_deref()), text(new.post.text.as_deref()));
            format!("{id} {}: {words}", relation(new.relation))
        }
        Activity::PostDeleted(deleted) => text(deleted.post_id.as_deref()).to_owned(),
        Activity::Liked(like) => text(like.post.id.as_deref()).to_owned(),
        Activity::MessageSent(message) | Activity::MessageReceived(message) => {
            let (id, words) = (text(message.id.as_deref()), text(message.text.as_deref()));
            format!("{id} {}: {words}", direction(event.direction()))
        }
        Activity::MessagesRead(reading) => text(reading.last_message_id.as_deref()).to_owned(),
        Activity::AccessRevoked(revocation) => text(revocation.app_id.as_deref()).to_owned(),
        _ => String::new(),
    };
    let mut actor = id(activity.actor());
    // The X Activity API does not report this actor: see `like`.
    if matches!(activity, Activity::Liked(_)) && Some(actor.as_str()) != event.subscriber() {
        actor.clear();
    }
    let subscriber = text(event.subscriber()).to_owned();
    [event.kind().as_str().to_owned(), subscriber, actor, id(activity.target()), about]
}

/// Returns every event from both APIs, each twice.
fn deliveries(day: &[MockEvent]) -> Vec<&str> {
    let old: Vec<_> = day.iter().map(|happening| happening.old.as_str()).collect();
    let new: Vec<_> = day.iter().map(|happening| happening.new.as_str()).collect();
    [old.clone(), new.clone(), old, new].concat()
}

fn sorted(mut read: Vec<Read>) -> Vec<Read> {
    read.sort();
    read
}

async fn start(adapter: Adapter, cut_over: ApiMode) -> Server {
    let webhook = Webhook::new(Secret::new(SECRET).unwrap()).api_mode(cut_over);
    Server::start(adapter, webhook, Behaviour::Takes).await
}

async fn send(server: &Server, bodies: &[&str]) {
    for body in bodies {
        assert_eq!(post(*body).signed(SECRET).send(server.address).await.status, 200, "{body}");
    }
}

fn taken(server: &mut Server) -> Vec<Event> {
    server.taken().into_iter().flat_map(Delivery::into_events).collect()
}

/// Compares the received events with the expected ones, each `times` times.
fn check(events: &[Event], day: &[MockEvent], times: usize, how: &str) {
    let expected = std::iter::repeat_n(day, times).flatten().map(|happening| happening.read.clone());
    let (read, expected) = (sorted(events.iter().map(read_of).collect()), sorted(expected.collect()));
    let missing: Vec<_> = expected.iter().filter(|one| !read.contains(one)).collect();
    let strange: Vec<_> = read.iter().filter(|one| !expected.contains(one)).collect();
    assert_eq!(read, expected, "{how}; missing {missing:#?}, not expected {strange:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_told_by_one_after_the_other_arrives_once() {
    let day = day();
    assert!(day.len() >= 25);
    let bodies = deliveries(&day);
    let (old, new) = bodies[..2 * day.len()].split_at(day.len());
    for (first, second, by) in [(old, new, ApiSource::AccountActivity), (new, old, ApiSource::XActivity)] {
        let mut server = start(Adapter::Axum, ApiMode::Dual).await;
        send(&server, first).await;
        let events = taken(&mut server);
        assert!(events.iter().all(|event| event.api_source() == by));
        check(&events, &day, 1, by.as_str());
        send(&server, second).await;
        assert_eq!(taken(&mut server).len(), 0, "reported before: {}", by.as_str());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_told_by_both_arrives_once() {
    let day = day();
    let random = birdhook_test_harness::seed::seed();
    for adapter in Adapter::ALL {
        for seed in [1, 2, 3, random] {
            let mut bodies = deliveries(&day);
            fastrand::Rng::with_seed(seed).shuffle(&mut bodies);
            let mut server = start(adapter, ApiMode::Dual).await;
            send(&server, &bodies).await;
            check(&taken(&mut server), &day, 1, &format!("{adapter:?}, seed {seed}"));
            let health = server.health();
            assert_eq!((health.events as usize, health.duplicates as usize), (day.len(), 3 * day.len()));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_day_told_by_both_at_the_same_time_arrives_once() {
    let day = day();
    for adapter in Adapter::ALL {
        let mut server = start(adapter, ApiMode::Dual).await;
        let address = server.address;
        let requests = deliveries(&day).into_iter().map(|body| post(body).signed(SECRET));
        let sent: Vec<_> =
            requests.map(|request| tokio::spawn(async move { request.send(address).await.status })).collect();
        for status in sent {
            assert_eq!(status.await.unwrap(), 200, "{adapter:?}");
        }
        check(&taken(&mut server), &day, 1, &format!("{adapter:?}"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_setting_each_api_tells_it() {
    let day = day();
    let mut bodies = deliveries(&day);
    fastrand::Rng::with_seed(1).shuffle(&mut bodies);
    let mut server = start(Adapter::Axum, ApiMode::Single).await;
    send(&server, &bodies).await;
    check(&taken(&mut server), &day, 2, "both");
}
