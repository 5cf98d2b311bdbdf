//! Direct messages, typing and reading, field by field.

use crate::support::{changed, event, fixture, value};
use birdhook_core::schema::v1::{DirectMessage, Payload};
use birdhook_core::{ApiSource, Direction, Event, EventKind, Timestamp};

fn message(event: &Event) -> Box<DirectMessage<'_>> {
    let Payload::DirectMessage(message) = event.v1() else { panic!("no message") };
    message
}

fn at(millis: i64) -> Option<Timestamp> {
    Some(Timestamp::from_millis(millis))
}

#[test]
fn a_received_message() {
    let event = event(fixture("dm_received"));
    assert_eq!((event.kind(), event.name()), (EventKind::MessageReceived, "direct_message_events"));
    assert_eq!((event.direction(), event.subscriber()), (Some(Direction::Received), Some("4040")));
    assert_eq!((event.occurred_at(), event.api_source()), (at(1_678_000_000_001), ApiSource::AccountActivity));
    assert_eq!(event.source_app_id(), None);
    assert!(event.source_app().is_none());

    let message = message(&event);
    assert_eq!((message.id.as_deref(), message.created_timestamp), (Some("1570000000000000001"), event.occurred_at()));
    assert_eq!((message.sender_id(), message.recipient_id()), (Some("3030"), Some("4040")));
    assert!(message.source_app_id().is_none() && message.initiated_via.is_none());
    assert_eq!(message.text().unwrap(), "Is the brass clock <fixed> & ready? see https://t.co/ffff");
    assert!(message.data().unwrap().text.as_deref().unwrap().contains("&lt;fixed&gt; &amp; ready"), "as X wrote it");
    let url = &message.data().unwrap().entities.as_ref().unwrap().urls[0];
    assert_eq!(url.expanded_url.as_deref(), Some("https://clocks.example/brass"));
    assert!(message.quick_reply_response().is_none() && message.data().unwrap().attachment.is_none());
}

#[test]
fn a_sent_message_and_its_app() {
    let event = event(fixture("dm_sent"));
    assert_eq!((event.kind(), event.direction()), (EventKind::MessageSent, Some(Direction::Sent)));
    assert_eq!((event.subscriber(), event.source_app_id()), (Some("4040"), Some("55512")));
    let app = event.source_app().unwrap();
    assert_eq!((app.id.as_deref(), app.name.as_deref()), (Some("55512"), Some("Pendulum Desk")));
    assert_eq!(app.url.as_deref(), Some("https://pendulum.example/"));
    assert_eq!(message(&event).source_app_id(), Some("55512"));
}

#[test]
fn the_direction_depends_on_the_subscriber() {
    let side = |subscriber: &str| {
        let event = event(changed("dm_received", "/for_user_id", value(subscriber)));
        (event.kind(), event.direction())
    };
    let (sent, received) = (EventKind::MessageSent, EventKind::MessageReceived);
    assert_eq!(side("\"3030\""), (sent, Some(Direction::Sent)));
    assert_eq!(side("3030"), (sent, Some(Direction::Sent)), "a number is an id too");
    assert_eq!(side("\"4040\""), (received, Some(Direction::Received)));
    assert_eq!(side("\"303\""), (received, Some(Direction::Received)));
    assert_eq!(side("\"30303\""), (received, Some(Direction::Received)));
    for sender in ["null", "[]", "{}", "true", "1.5"] {
        assert_eq!(side(sender), (received, None), "{sender}");
    }
}

#[test]
fn users_have_the_shape_of_messages() {
    let event = event(fixture("dm_sent"));
    let user = event.user("3030").unwrap();
    assert_eq!((user.id(), user.id_str.as_deref()), (Some("3030"), None));
    assert_eq!(user.name.as_deref(), Some("Tamsin Okoro-Vale"));
    assert_eq!(user.screen_name.as_deref(), Some("tamsin_ov"));
    assert_eq!((user.location.as_deref(), user.description.as_deref()), (Some("Harbour 12"), Some("Repairs clocks")));
    assert_eq!((user.url.as_deref(), user.created_at), (Some("https://t.co/eeee"), at(1_561_975_200_000)));
    assert_eq!((user.followers_count, user.friends_count, user.statuses_count), (Some(9), Some(8), Some(7)));
    assert_eq!((user.protected, user.verified), (Some(false), Some(false)));
    assert_eq!(event.user("4040").unwrap().screen_name.as_deref(), Some("clockshop"));
    assert!(event.user("5050").is_none() && event.user("").is_none());
    for odd in ["null", "[]", "5", r#"{"3030":5}"#, r#"{"3030":null}"#] {
        assert!(crate::support::event(changed("dm_sent", "/users", value(odd))).user("3030").is_none(), "{odd}");
    }
}

#[test]
fn a_prompt_and_its_responses() {
    let prompt = event(fixture("dm_prompt"));
    let prompt = message(&prompt);
    let prompt = prompt.data().unwrap().quick_reply.as_ref().unwrap();
    assert_eq!(prompt.kind.as_deref(), Some("options"));
    let options: Vec<_> = prompt
        .options
        .iter()
        .map(|option| (option.label.as_deref().unwrap(), option.description.as_deref(), option.metadata.as_deref()))
        .collect();
    assert_eq!(
        options,
        [
            ("The brass one", Some("Bought in May"), Some("clock:brass")),
            ("The oak one", None, Some("clock:oak")),
            ("Neither of them", None, None),
        ]
    );

    let answer = event(fixture("dm_answer"));
    assert_eq!(answer.kind(), EventKind::MessageReceived);
    let answer = message(&answer);
    let response = answer.quick_reply_response().unwrap();
    assert_eq!((response.kind.as_deref(), response.metadata.as_deref()), (Some("options"), Some("clock:oak")));
    assert_eq!(prompt.chosen(response), Some(&prompt.options[1]));

    let bare = event(fixture("dm_answer_bare"));
    let bare = message(&bare);
    let response = bare.quick_reply_response().unwrap();
    assert_eq!((response.kind.as_deref(), response.metadata.as_deref()), (Some("options"), None));
    assert_eq!(prompt.chosen(response), None, "an option without metadata matches no response");
    assert!(bare.data().unwrap().entities.is_none());
}

#[test]
fn a_picture() {
    let event = event(fixture("dm_media"));
    let message = message(&event);
    let attachment = message.data().unwrap().attachment.as_ref().unwrap();
    assert_eq!(attachment.kind.as_deref(), Some("media"));
    assert!(attachment.location.is_none());
    let media = attachment.media().unwrap();
    assert_eq!((media.id(), media.id.as_deref()), (Some("1570000000000009999"), Some("1570000000000009999")));
    assert_eq!((media.kind.as_deref(), media.url.as_deref()), (Some("photo"), Some("https://t.co/gggg")));
    assert_eq!(media.media_url_https.as_deref(), Some("https://dm.example/1s.jpg"));
    assert_eq!(media.media_url.as_deref(), Some("https://dm.example/1.jpg"));
    assert_eq!(media.expanded_url.as_deref(), Some("https://pic.example/dm/gggg"));
    assert_eq!((media.display_url.as_deref(), media.indices), (Some("pic.example/gggg"), Some([1, 18])));
    let large = &media.sizes[&"large".into()];
    assert_eq!((large.w, large.h, large.resize.as_deref()), (Some(1024), Some(768), Some("fit")));
}

#[test]
fn places() {
    let event = event(fixture("dm_point"));
    let point = message(&event);
    let attachment = point.data().unwrap().attachment.as_ref().unwrap();
    assert_eq!(attachment.kind.as_deref(), Some("location"));
    let location = attachment.location.as_ref().unwrap();
    assert_eq!(location.kind.as_deref(), Some("shared_coordinate"));
    let point = location.shared_coordinate.as_ref().unwrap().coordinates.as_ref().unwrap();
    assert_eq!(point.kind.as_deref(), Some("Point"));
    assert_eq!(point.coordinates.unwrap(), [-122.25, 37.5]);

    let event = crate::support::event(fixture("dm_place"));
    let place = message(&event);
    let attachment = place.data().unwrap().attachment.as_ref().unwrap();
    assert_eq!(attachment.kind, None, "X leaves it out at times");
    let location = attachment.location.as_ref().unwrap();
    let place = location.shared_place.as_ref().unwrap().place.as_ref().unwrap();
    assert_eq!(place.full_name.as_deref(), Some("Gull Tower, Port Elm"));
}

#[test]
fn buttons_and_the_origin_of_a_message() {
    let event = event(fixture("dm_buttons"));
    let buttons = message(&event);
    let initiated = buttons.initiated_via.as_ref().unwrap();
    assert_eq!((initiated.welcome_message_id.as_deref(), &initiated.tweet_id), (Some("844385345234"), &None));
    let [left, right] = &*buttons.data().unwrap().ctas else { panic!("two buttons") };
    assert_eq!((left.kind.as_deref(), left.label.as_deref()), (Some("web_url"), Some("Left door")));
    assert_eq!(left.url.as_deref(), Some("https://left.example/"));
    assert_eq!((left.tco_url.as_deref(), right.tco_url.as_deref()), (Some("https://t.co/hhhh"), None));
    assert_eq!(right.label.as_deref(), Some("Right door"));

    let event = crate::support::event(fixture("dm_from_tweet"));
    let initiated = message(&event).initiated_via.unwrap();
    assert_eq!((initiated.tweet_id.as_deref(), initiated.welcome_message_id), (Some("1632094811998265345"), None));
}

#[test]
fn typing() {
    let event = event(fixture("typing"));
    assert_eq!((event.kind(), event.name()), (EventKind::Typing, "direct_message_indicate_typing_events"));
    assert_eq!((event.occurred_at(), event.direction()), (at(1_678_100_000_001), None));
    let Payload::IndicateTyping(typing) = event.v1() else { panic!("not typing") };
    assert_eq!((typing.sender_id.as_deref(), typing.created_timestamp), (Some("3030"), event.occurred_at()));
    assert_eq!(typing.target.unwrap().recipient_id.as_deref(), Some("4040"));
    assert_eq!(event.user("3030").unwrap().screen_name.as_deref(), Some("tamsin_ov"));
}

#[test]
fn reading() {
    let event = event(fixture("mark_read"));
    assert_eq!((event.kind(), event.name()), (EventKind::MessagesRead, "direct_message_mark_read_events"));
    assert_eq!(event.occurred_at(), at(1_678_100_000_002));
    let Payload::MarkRead(read) = event.v1() else { panic!("not read") };
    assert_eq!((read.sender_id.as_deref(), read.created_timestamp), (Some("3030"), event.occurred_at()));
    assert_eq!(read.target.unwrap().recipient_id.as_deref(), Some("4040"));
    assert_eq!(read.last_read_event_id.as_deref(), Some("1570000000000000002"));
    assert_eq!(event.user("4040").unwrap().name.as_deref(), Some("Clock Shop Bot"));
}

#[test]
fn an_event_without_the_shape_of_a_message_is_unknown() {
    for (pointer, to) in [
        ("/direct_message_events/0/type", "\"message_edit\""),
        ("/direct_message_events/0/id", "null"),
        ("/direct_message_events/0/id", "{}"),
        ("/direct_message_events/0/message_create", "null"),
        ("/direct_message_events/0/message_create", "\"oops\""),
        ("/direct_message_events/0/message_create/sender_id", "null"),
        ("/direct_message_events/0/message_create/sender_id", "[]"),
    ] {
        let event = event(changed("dm_received", pointer, value(to)));
        assert_eq!((event.kind(), event.direction()), (EventKind::Unknown, None), "{pointer} = {to}");
        assert_eq!((event.name(), event.subscriber()), ("direct_message_events", Some("4040")));
        assert!(event.user("3030").is_some(), "the envelope is read all the same");
    }
}
