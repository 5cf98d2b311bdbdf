//! What a scene makes up, a receiver reads as what it is: every kind, told by every API that tells it, of many seeds.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use birdhook_core::{
    Activity, App, DedupeScope, Delivery, Endpoint, Event, EventKind, Generation, PostRelation, RequestHead, Secret,
    Settings, Step, Timestamp,
};
use birdhook_testkit::{Happening, Kind, Post, Scene, sign};
use serde_json::Value;

const SEEDS: u64 = 50;
const SUBSCRIBER: &str = "2200440066008801";
use Generation::{AccountActivity, XActivity};

/// Signed, verified and read as in a receiver.
fn deliver(body: &[u8]) -> Delivery {
    let secret = Secret::new("kettle").unwrap();
    let post = Post::signed(&secret, body.to_vec());
    let endpoint = Endpoint::new(App::new("desk", secret), Settings::default());
    let headers = post.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    match endpoint.begin(&RequestHead::new("POST", "/", None).with_headers(headers)) {
        Step::Body(mut reader) => {
            reader.push(post.body().clone()).unwrap();
            reader.finish().unwrap()
        }
        Step::Reply(reply) => panic!("{:?}", reply.reason()),
    }
}

fn event(happening: &Happening, generation: Generation) -> Event {
    let events = deliver(&happening.told_by(generation).unwrap()).into_events();
    assert_eq!(events.len(), 1);
    events.into_iter().next().unwrap()
}

/// Runs a check for every kind of every seed, and says which failed.
fn each(check: impl Fn(Kind, u64, Happening)) {
    for seed in 0..SEEDS {
        let mut scene = Scene::new(seed);
        for kind in Kind::ALL {
            let happening = scene.happening(*kind, SUBSCRIBER);
            let told = std::panic::AssertUnwindSafe(|| check(*kind, seed, happening));
            if let Err(why) = std::panic::catch_unwind(told) {
                eprintln!("kind {kind}, seed {seed}");
                std::panic::resume_unwind(why);
            }
        }
    }
}

fn id(user: Option<&birdhook_core::activity::User<'_>>) -> Option<String> {
    Some(user?.id.as_deref()?.to_owned())
}

fn second(at: Timestamp) -> Timestamp {
    Timestamp::from_millis(at.as_millis().div_euclid(1000) * 1000)
}

/// The relation that a kind of post has to the subscriber.
fn relation(kind: Kind) -> Option<PostRelation> {
    match kind {
        Kind::Post => Some(PostRelation::Own),
        Kind::Mention => Some(PostRelation::Mention),
        Kind::Reply => Some(PostRelation::Reply),
        Kind::Quote => Some(PostRelation::Quote),
        Kind::Repost => Some(PostRelation::Repost),
        _ => None,
    }
}

/// When this API says that it happened, as precisely as it does.
fn time(kind: Kind, generation: Generation, at: Timestamp) -> Option<Timestamp> {
    match (kind, generation) {
        (Kind::Revoke | Kind::StreamPost, _) => Some(second(at)),
        (Kind::Replay, _) => None,
        (_, AccountActivity) => Some(at),
        (kind, _) if relation(kind).is_some() => Some(second(at)),
        (Kind::Like | Kind::MessageReceived | Kind::MessageSent | Kind::MessagesRead | Kind::Typing, _) => Some(at),
        (Kind::BroadcastStart | Kind::BroadcastEnd | Kind::News, _) => Some(at),
        (kind, _) if kind.as_str().starts_with("chat.") => Some(at),
        _ => None,
    }
}

#[test]
fn every_kind_is_read_as_what_it_is() {
    each(|kind, _, happening| {
        assert_eq!((happening.kind(), happening.subscriber()), (kind, SUBSCRIBER));
        assert!(!kind.generations().is_empty());
        for generation in [AccountActivity, XActivity, Generation::FilteredStream, Generation::Replay] {
            let told = kind.generations().contains(&generation);
            assert_eq!(happening.told_by(generation).is_some(), told, "{generation:?}");
            if told {
                is_read_as_what_it_is(kind, &happening, &event(&happening, generation));
            }
        }
        assert_eq!(happening.told_by(Generation::Unknown), None);
    });
}

fn is_read_as_what_it_is(kind: Kind, happening: &Happening, event: &Event) {
    let generation = event.generation();
    assert!(kind.generations().contains(&generation));
    assert_eq!(event.kind(), kind.event_kind());
    let is_nobodys = matches!(kind, Kind::News | Kind::StreamPost | Kind::Replay);
    assert_eq!(event.subscriber(), (!is_nobodys).then_some(SUBSCRIBER));
    match generation {
        AccountActivity => assert_eq!(Some(event.name()), kind.account_activity()),
        XActivity => assert_eq!(event.name(), kind.as_str()),
        _ => {}
    }
    assert_eq!(event.occurred_at(), time(kind, generation, happening.at()), "{generation:?}");

    let activity = event.activity();
    // The X Activity API does not tell who liked a post of the subscriber.
    let hides_actor = kind == Kind::Like && generation == XActivity;
    assert_eq!(id(activity.actor()), happening.actor().filter(|_| !hides_actor), "{generation:?}");
    assert_eq!(id(activity.target()), happening.target(), "{generation:?}");
    assert_eq!(identity(&activity), happening.id(), "{generation:?}");
    assert_eq!(text(&activity), happening.text(), "{generation:?}");
    if let Activity::PostCreated(new) = &activity {
        assert_eq!(new.relation, relation(kind), "{generation:?}");
        assert_eq!(new.post.created_at, Some(second(happening.at())));
    } else {
        assert_eq!(relation(kind), None);
    }
    match kind {
        Kind::Replay | Kind::News | Kind::StreamPost => {}
        // What the subscriber does or is done to: whoever it is, the other one is not the subscriber.
        _ => assert_ne!(happening.other(), SUBSCRIBER),
    }
    let by_subscriber = matches!(
        kind,
        Kind::Post | Kind::PostDelete | Kind::Unfollow | Kind::Block | Kind::Unblock | Kind::Mute | Kind::Unmute
    ) || matches!(kind, Kind::MessageSent | Kind::ChatSent | Kind::Revoke);
    if by_subscriber {
        assert_eq!(happening.actor().as_deref(), Some(SUBSCRIBER));
    }
    let by_other = matches!(kind, Kind::Mention | Kind::Reply | Kind::Quote | Kind::Repost | Kind::Like | Kind::Follow)
        || matches!(kind, Kind::MessageReceived | Kind::MessagesRead | Kind::Typing | Kind::ChatReceived);
    if by_other {
        assert_eq!(happening.actor().as_deref(), Some(happening.other()));
    }
}

/// X's id of what happened, as a receiver reads it.
fn identity(activity: &Activity<'_>) -> Option<String> {
    let id = match activity {
        Activity::PostCreated(new) => &new.post.id,
        Activity::PostDeleted(deleted) => &deleted.post_id,
        Activity::PostMatched(matched) => &matched.post.id,
        Activity::Liked(like) => &like.id,
        Activity::MessageSent(message) | Activity::MessageReceived(message) => &message.id,
        Activity::ChatReceived(chat) | Activity::ChatSent(chat) | Activity::ChatChanged(chat) => &chat.id,
        Activity::SpaceStarted(space) | Activity::SpaceEnded(space) => &space.id,
        Activity::BroadcastStarted(broadcast) | Activity::BroadcastEnded(broadcast) => &broadcast.id,
        Activity::BroadcastMessage(message) => &message.id,
        Activity::NewsPublished(news) => &news.id,
        Activity::ReplayFinished(replay) => &replay.job_id,
        _ => return None,
    };
    Some(id.as_deref().unwrap().to_owned())
}

fn text(activity: &Activity<'_>) -> Option<String> {
    let text = match activity {
        Activity::BroadcastMessage(message) => message.text.as_deref(),
        Activity::BroadcastStarted(broadcast) | Activity::BroadcastEnded(broadcast) => broadcast.title.as_deref(),
        Activity::NewsPublished(news) => news.headline.as_deref(),
        Activity::ProfileUpdated(update) => update.after.as_deref(),
        _ => activity.post().map(|post| &post.text).or(activity.message().map(|message| &message.text))?.as_deref(),
    };
    Some(text.unwrap().to_owned())
}

#[test]
fn both_apis_tell_one_happening() {
    each(|kind, _, happening| {
        let [Some(old), Some(new)] = [AccountActivity, XActivity]
            .map(|generation| happening.told_by(generation).is_some().then(|| event(&happening, generation)))
        else {
            return;
        };
        for scope in [DedupeScope::Subscription, DedupeScope::Conversation, DedupeScope::Everywhere] {
            assert_eq!(old.content_key_in(scope), new.content_key_in(scope));
            assert_ne!(old.delivery_key_in(scope), new.delivery_key_in(scope));
        }
        let is_timeless = kind.as_str().starts_with("follow.")
            || kind.as_str().starts_with("block.")
            || kind.as_str().starts_with("mute.")
            || kind == Kind::Typing;
        assert_eq!((old.is_timeless(), new.is_timeless()), (is_timeless, is_timeless));
        assert_eq!(old.direction(), new.direction());
        assert_eq!(old.source_app_id(), new.source_app_id());
        if let Some(app) = old.source_app_id() {
            assert_eq!(old.source_app().unwrap().id.as_deref(), Some(app));
        }
        let unexplained: Vec<_> =
            differences(&old.activity(), &new.activity()).into_iter().filter(|at| !is_known(kind, at)).collect();
        assert_eq!(unexplained, Vec::<String>::new());
    });
}

/// What docs/activity.md says that one API tells alone, or in its own way.
fn is_known(kind: Kind, pointer: &str) -> bool {
    match kind {
        Kind::PostDelete => pointer.starts_with("+/author/"),
        Kind::Like if pointer.starts_with("-/by/") => true,
        _ => {
            matches!(pointer, "-/author_blocked" | "+/post/conversation_id" | "+/post/edit_history/0")
                || pointer == "~/post/media/0/id"
        }
    }
}

fn differences(old: &Activity<'_>, new: &Activity<'_>) -> Vec<String> {
    let [old, new] = [old, new].map(|activity| {
        let mut leaves = BTreeMap::new();
        walk(&serde_json::to_value(activity).unwrap(), "", &mut |pointer, value| {
            if !value.is_object() && !value.is_array() {
                leaves.insert(pointer.to_owned(), value.clone());
            }
        });
        leaves
    });
    let names: BTreeSet<_> = old.keys().chain(new.keys()).collect();
    let differing = names.into_iter().filter_map(|name| match (old.get(name), new.get(name)) {
        (None, Some(_)) => Some(format!("+{name}")),
        (Some(_), None) => Some(format!("-{name}")),
        (old, new) => (old != new).then(|| format!("~{name}")),
    });
    differing.collect()
}

/// Every value inside of a value, with its pointer.
fn walk(value: &Value, at: &str, see: &mut impl FnMut(&str, &Value)) {
    see(at, value);
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| walk(value, &format!("{at}/{name}"), see)),
        Value::Array(elements) => {
            elements.iter().enumerate().for_each(|(index, value)| walk(value, &format!("{at}/{index}"), see));
        }
        _ => {}
    }
}

/// Follows and their like are what somebody did to somebody, so only the keys of deliveries tell them apart.
#[test]
fn no_two_happenings_of_a_scene_share_a_key_or_an_id() {
    for seed in 0..SEEDS {
        let mut scene = Scene::new(seed);
        let (mut keys, mut ids, mut last) = (BTreeMap::new(), BTreeSet::new(), 0);
        for round in 0..4 {
            for kind in Kind::ALL {
                let happening = scene.happening(*kind, SUBSCRIBER);
                let what = format!("{kind} in round {round} of seed {seed}");
                if let Some(id) = happening.id() {
                    assert!(ids.insert(id), "{what} has an id that another has");
                }
                if let (Some(id), true) = (happening.id(), relation(*kind).is_some()) {
                    let id: u64 = id.parse().unwrap();
                    assert!(id > last && id > 1 << 53, "{what}: {id} after {last}");
                    last = id;
                }
                for generation in kind.generations() {
                    let event = event(&happening, *generation);
                    let mut told = vec![event.delivery_key()];
                    if !event.is_timeless() && event.content_key() != event.delivery_key() && *generation == XActivity {
                        told.push(event.content_key());
                    }
                    for key in told {
                        let other = keys.insert(key, what.clone());
                        // The Account Activity API's key of a delivery is that of what it tells.
                        assert!(other.is_none() || other.as_ref() == Some(&what), "{what} has the key of {other:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn bodies_are_escaped_as_their_api_escapes() {
    let mut letters = [0; 2];
    let mut see = |happening: &Happening, generation: Generation| {
        let body = String::from_utf8(happening.told_by(generation).unwrap().to_vec()).unwrap();
        let value: Value = serde_json::from_str(&body).unwrap();
        if generation == AccountActivity {
            assert!(body.is_ascii(), "{body}");
            assert!(!body.replace("\\/", "").contains(['/', '<', '>']), "{body}");
            letters[0] += body.matches("\\ud83").count();
        } else {
            assert!(!body.contains("\\u") && !body.contains("\\/"), "{body}");
            assert_eq!(value.to_string(), body);
            letters[1] += usize::from(!body.is_ascii());
        }
    };
    for seed in 0..SEEDS {
        let mut scene = Scene::new(seed);
        for kind in Kind::ALL {
            let happening = scene.happening(*kind, SUBSCRIBER);
            kind.generations().iter().for_each(|generation| see(&happening, *generation));
        }
    }
    assert!(letters[0] > 100 && letters[1] > 100, "{letters:?}: nothing was there to be escaped");
}

/// Places are in code points of the text that they are in, in posts that are quoted and cut too.
#[test]
fn entities_are_where_they_say_they_are() {
    let cut = |text: &str, from: u64, to: u64| -> String {
        text.chars().skip(from as usize).take((to - from) as usize).collect()
    };
    let mut seen = BTreeMap::new();
    for seed in 0..SEEDS {
        let mut scene = Scene::new(seed);
        for kind in Kind::ALL {
            let happening = scene.happening(*kind, SUBSCRIBER);
            for generation in kind.generations() {
                let body: Value = serde_json::from_slice(&happening.told_by(*generation).unwrap()).unwrap();
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
        }
    }
    for group in ["hashtags", "symbols", "user_mentions", "urls", "media"] {
        assert!(seen.get(&(true, group.to_owned())).is_some_and(|many| *many > 5), "{group} in {seen:?}");
    }
    for group in ["hashtags", "cashtags", "mentions", "urls"] {
        assert!(seen.get(&(false, group.to_owned())).is_some_and(|many| *many > 5), "{group} in {seen:?}");
    }
}

/// The shapes of v1.1 that trip people up, and how often the rarer ones come in fifty seeds.
#[test]
fn the_account_activity_api_writes_what_trips_people_up() {
    let mut seen = BTreeMap::<&str, u32>::new();
    each_body(AccountActivity, |kind, body| {
        let is_alone = kind == Kind::Revoke;
        assert_eq!(body["for_user_id"].as_str(), (!is_alone).then_some(SUBSCRIBER));
        assert_eq!(body[kind.account_activity().unwrap()].is_array(), !is_alone);
        assert_eq!(body["user_has_blocked"].as_bool(), (kind == Kind::Mention).then_some(false));
        walk(body, "", &mut |at, value| {
            if let Some(id) = value["id_str"].as_str() {
                assert_eq!(value["id"].as_u64().unwrap().to_string(), id, "{at}");
            }
            if value["truncated"] == true {
                *seen.entry("cut").or_default() += 1;
                let whole = value["extended_tweet"]["full_text"].as_str().unwrap().chars().count();
                assert!(whole > 140 && value["text"].as_str().unwrap().chars().count() <= 140, "{at}");
                *seen.entry("long").or_default() += u32::from(whole > 280);
            }
        });
        let event = &body[kind.account_activity().unwrap()][0];
        match kind {
            Kind::Like => assert!(event["timestamp_ms"].is_u64() && event["id"].as_str().unwrap().len() == 32),
            Kind::PostDelete => assert!(event["timestamp_ms"].is_string()),
            Kind::Post | Kind::Mention => assert!(event["timestamp_ms"].is_string()),
            Kind::Follow | Kind::Unmute => {
                assert_eq!(event["type"].as_str(), kind.as_str().split_once('.').map(|(_, name)| name));
                assert!(event["source"]["id"].is_string() && event["source"]["id_str"].is_null());
                assert_eq!(event["source"]["profile_link_color"], -1);
            }
            Kind::Quote => assert!(event["quoted_status"]["user"].is_object()),
            Kind::Repost => {
                assert!(event["text"].as_str().unwrap().starts_with("RT @"));
                assert!(event["retweeted_status"]["user"].is_object());
            }
            Kind::Reply => assert_eq!(event["in_reply_to_user_id_str"], SUBSCRIBER),
            _ => {}
        }
        let (data, users) = (&event["message_create"]["message_data"], &body["users"]);
        for name in ["quick_reply", "quick_reply_response", "attachment", "ctas"] {
            *seen.entry(name).or_default() += u32::from(!data[name].is_null());
        }
        *seen.entry("video").or_default() += u32::from(event["extended_entities"]["media"][0]["type"] == "video");
        *seen.entry("media").or_default() += u32::from(!event["extended_entities"].is_null());
        *seen.entry("via").or_default() += u32::from(!event["initiated_via"].is_null());
        *seen.entry("apps").or_default() += u32::from(!body["apps"].is_null());
        if !users.is_null() {
            assert_eq!(users.as_object().unwrap().len(), 2);
            assert!(users[SUBSCRIBER]["created_timestamp"].is_string());
        }
    });
    for (what, many) in seen {
        assert!(many > 0, "{what} never came");
    }
}

#[test]
fn the_x_activity_api_writes_what_trips_people_up() {
    let mut seen = BTreeMap::<&str, u32>::new();
    each_body(XActivity, |kind, body| {
        let data = &body["data"];
        let uuid = data["event_uuid"].as_str().unwrap();
        if relation(kind).is_some() {
            assert_eq!(data["payload"]["id"], uuid);
        }
        *seen.entry("negative").or_default() += u32::from(uuid.starts_with('-'));
        *seen.entry("uuid").or_default() += u32::from(uuid.len() == 36);
        *seen.entry("tag").or_default() += u32::from(data["tag"].is_string());
        *seen.entry("no tag").or_default() += u32::from(data["tag"].is_null());
        *seen.entry("note").or_default() += u32::from(!data["payload"]["note_tweet"].is_null());
        *seen.entry("media").or_default() += u32::from(!data["includes"]["media"].is_null());
        walk(body, "", &mut |at, value| {
            for (name, value) in value.as_object().into_iter().flatten() {
                assert!(!name.ends_with("_id") || value.is_string(), "{at}/{name}");
            }
            if let (Some(members), true) = (value.as_object(), at.ends_with("metrics")) {
                assert_eq!(members.len() % 2, 0, "{at}");
                for (name, count) in members.iter().filter(|(name, _)| !name.ends_with("_str")) {
                    assert_eq!(members[&format!("{name}_str")].as_str(), Some(&*count.to_string()), "{at}");
                }
            }
        });
        match kind {
            Kind::Revoke => assert_eq!(data["filter"].as_object().map(serde_json::Map::len), Some(0)),
            Kind::News => assert!(data["filter"]["keyword"].is_string()),
            _ => assert_eq!(data["filter"]["user_id"], SUBSCRIBER),
        }
        match kind {
            Kind::Follow | Kind::Block => assert!(data["payload"]["source"]["data"]["username"].is_string()),
            Kind::PostDelete => assert!(data["includes"]["users"][0]["data"]["username"].is_string()),
            Kind::Post => assert!(data["includes"]["users"][0]["username"].is_string()),
            Kind::Like => assert!(data["payload"]["timestamp_ms"].is_string()),
            Kind::MessageSent => assert!(data["payload"]["users"][SUBSCRIBER]["data"]["username"].is_string()),
            _ => {}
        }
    });
    for (what, many) in seen {
        assert!(many > 0, "{what} never came");
    }
}

fn each_body(generation: Generation, mut see: impl FnMut(Kind, &Value)) {
    for seed in 0..SEEDS {
        let mut scene = Scene::new(seed);
        for kind in Kind::ALL {
            if let Some(body) = scene.happening(*kind, SUBSCRIBER).told_by(generation) {
                see(*kind, &serde_json::from_slice(&body).unwrap());
            }
        }
    }
}

#[test]
fn two_subscribers_of_one_conversation_are_told_the_same() {
    each(|kind, _, happening| {
        if kind.account_activity().is_none() || kind == Kind::Revoke {
            return;
        }
        let turned = happening.told_to(happening.other());
        for generation in kind.generations() {
            let [mine, theirs] = [&happening, &turned].map(|told| event(told, *generation));
            assert_eq!(theirs.subscriber(), Some(happening.other()));
            assert_eq!(theirs.kind(), turned.kind().event_kind());
            assert_eq!(
                mine.content_key_in(DedupeScope::Conversation),
                theirs.content_key_in(DedupeScope::Conversation)
            );
            assert_ne!(mine.delivery_key(), theirs.delivery_key());
            if let Activity::PostCreated(new) = theirs.activity()
                && kind != Kind::Post
            {
                assert_eq!(new.relation, Some(PostRelation::Own));
            }
        }
        let expected = match kind {
            Kind::Mention | Kind::Reply | Kind::Quote | Kind::Repost => Kind::Post,
            Kind::MessageReceived => Kind::MessageSent,
            Kind::MessageSent => Kind::MessageReceived,
            _ => kind,
        };
        assert_eq!(turned.kind(), expected);
        assert_eq!((turned.id(), turned.text(), turned.actor()), (happening.id(), happening.text(), happening.actor()));
    });
}

#[test]
fn a_batch_is_one_body_of_many_events() {
    for member in ["tweet_create_events", "direct_message_events", "follow_events", "favorite_events"] {
        let mut scene = Scene::new(3);
        let kinds = Kind::ALL.iter().filter(|kind| kind.account_activity() == Some(member));
        let happenings: Vec<_> = kinds.cycle().take(7).map(|kind| scene.happening(*kind, SUBSCRIBER)).collect();
        let events = deliver(&Happening::batch(&happenings).unwrap()).into_events();
        assert_eq!(events.len(), 7, "{member}");
        for (event, happening) in events.iter().zip(&happenings) {
            assert_eq!(event.delivery_key(), self::event(happening, AccountActivity).delivery_key(), "{member}");
            assert_eq!(event.kind(), happening.kind().event_kind());
            assert!(event.activity().actor().unwrap().handle.is_some(), "{member}");
        }
    }
    let mut scene = Scene::new(3);
    let mut one = |kind| scene.happening(kind, SUBSCRIBER);
    let (like, follow, revoke, bio) = (one(Kind::Like), one(Kind::Follow), one(Kind::Revoke), one(Kind::Bio));
    assert_eq!(Happening::batch([]), None);
    assert_eq!(Happening::batch([&like, &follow]), None);
    assert_eq!(Happening::batch([&like, &like.told_to(like.other())]), None);
    assert_eq!(Happening::batch([&revoke, &revoke]), None);
    assert_eq!(Happening::batch([&bio]), None);
    assert_eq!(Happening::batch([&revoke]), revoke.told_by(AccountActivity));
}

#[test]
fn a_test_can_say_who_and_what() {
    let said = "Is 3 < 4 & who is @somebody_else? #maths https://maths.example/three 🐝";
    for kind in [Kind::Post, Kind::Mention, Kind::Reply, Kind::Quote, Kind::MessageReceived, Kind::BroadcastChat] {
        let happening = Scene::new(5).happening(kind, SUBSCRIBER).with_other("3003").with_text(said);
        for generation in kind.generations() {
            let event = event(&happening, *generation);
            let activity = event.activity();
            let text = text(&activity).unwrap();
            let is_plain = kind == Kind::BroadcastChat;
            let (begin, end) = said.split_once("https://maths.example/three").unwrap();
            assert!(text.contains(begin) && (is_plain || text.contains("https://t.co/")), "{kind}: {text}");
            assert!(text.contains(end), "{kind}: {text}");
            assert_eq!(happening.text(), Some(text), "{kind}");
            if kind != Kind::Post {
                assert_eq!(id(activity.actor()).as_deref(), Some("3003"), "{kind}");
            }
            if let Some(post) = activity.post() {
                assert!(post.hashtags.iter().any(|tag| tag == "maths"), "{kind}");
                let handle = post.mentions.last().unwrap().handle.as_deref();
                assert_eq!(handle, Some("somebody_else"), "{kind}");
                let leads = |link: &birdhook_core::activity::Link<'_>| {
                    link.expanded_url.as_deref() == Some("https://maths.example/three")
                };
                assert!(post.links.iter().any(leads), "{kind}");
            }
        }
    }
    let liked = Scene::new(5).happening(Kind::Like, SUBSCRIBER).with_text("tea");
    assert_eq!(text(&event(&liked, AccountActivity).activity()).as_deref(), Some("tea"));
}

/// Ids that are no numbers, and times that X has never seen, still give bodies that can be read.
#[test]
fn odd_subscribers_and_times_are_told_too() {
    for millis in [0, 1_000, -5_000, 4_102_444_800_000, 32_503_680_000_000] {
        let mut scene = Scene::new(1).at(Timestamp::from_millis(millis));
        for kind in Kind::ALL {
            let happening = scene.happening(*kind, "wren \"& 🐝");
            for generation in kind.generations() {
                let event = event(&happening, *generation);
                assert_eq!(event.kind(), kind.event_kind(), "{kind} at {millis}");
                assert_ne!(event.kind(), EventKind::Unknown);
            }
        }
    }
}

#[test]
fn a_user_is_the_same_person_throughout_a_scene() {
    let mut scene = Scene::new(9);
    let mut people = BTreeMap::new();
    for kind in Kind::ALL.iter().cycle().take(400) {
        let happening = scene.happening(*kind, SUBSCRIBER);
        for generation in kind.generations() {
            let event = event(&happening, *generation);
            let activity = event.activity();
            for user in [activity.actor(), activity.target()].into_iter().flatten().filter(|user| user.handle.is_some())
            {
                let json = serde_json::to_value((&user.handle, &user.name, &user.followers, &user.picture)).unwrap();
                let known = people.entry(user.id.as_deref().unwrap().to_owned()).or_insert_with(|| json.clone());
                assert_eq!(*known, json, "{kind}");
            }
        }
    }
    assert!(people.len() > 10 && people.len() < 30, "{} people", people.len());
}

#[test]
fn time_goes_on() {
    let at = Timestamp::from_millis(1_800_000_000_000);
    let mut scene = Scene::new(1).at(at);
    assert_eq!(scene.happening(Kind::Like, "1").at(), at);
    let next = scene.now();
    assert!((1_000..3_000).contains(&(next.as_millis() - at.as_millis())));
    scene.advance(Duration::from_secs(60));
    assert_eq!(scene.happening(Kind::Like, "1").at().as_millis(), next.as_millis() + 60_000);
}

/// Whoever changes what a scene tells, changes what the tests of others see: let it be on purpose.
#[test]
fn the_same_seed_tells_the_same() {
    let all = |seed: u64| {
        let mut scene = Scene::new(seed);
        let happenings: Vec<_> = Kind::ALL.iter().map(|kind| scene.happening(*kind, SUBSCRIBER)).collect();
        let told = happenings.iter().flat_map(|happening| {
            happening.kind().generations().iter().map(|generation| happening.told_by(*generation).unwrap())
        });
        told.collect::<Vec<_>>().concat()
    };
    let bodies = all(1);
    assert_eq!(bodies, all(1));
    assert_ne!(bodies, all(2));
    // The signature is a SHA-256 of them all.
    assert_eq!(sign(&Secret::new("pinned").unwrap(), &bodies), "sha256=FcqT01bi4xwD6tJBsZ5cXLnBiad99Aeiv+dnmmjBCGk=");
}
