//! Tests of the validation with a like, on tokio's paused clock.

use std::time::Duration;

use birdhook_client::Validation;
use birdhook_core::{ApiSource, Event, Timestamp};
use birdhook_testkit::{MockEventKind, PayloadGenerator};
use tokio::time::Instant;

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Returns an event of this kind, as this API reports it.
fn event(kind: MockEventKind, user: &str, reported_by: ApiSource) -> Event {
    let mock_event = PayloadGenerator::new(1).at(Timestamp::from_millis(1_795_426_200_000)).event(kind, user);
    let body = mock_event.reported_by(reported_by).unwrap();
    birdhook_testkit::read("app", body).unwrap().into_events().remove(0)
}

/// Returns a source of these events, each due after a number of seconds. It then ends or stays
/// pending.
fn feed(events: Vec<(u64, Event)>, ends: bool) -> impl AsyncFnMut() -> Option<Event> {
    let (begun, mut events) = (Instant::now(), events.into_iter());
    async move || match events.next() {
        Some((seconds, event)) => {
            tokio::time::sleep_until(begun + s(seconds)).await;
            Some(event)
        }
        None if ends => None,
        None => std::future::pending().await,
    }
}

const OLD: ApiSource = ApiSource::AccountActivity;
const NEW: ApiSource = ApiSource::XActivity;

#[tokio::test(start_paused = true)]
async fn a_like_from_either_api_validates_and_arrived_events_are_listed() {
    for (reported_by, name) in [(OLD, "favorite_events"), (NEW, "like.create")] {
        let events = vec![
            (1, event(MockEventKind::Follow, "2001", OLD)),
            (2, event(MockEventKind::Follow, "2001", OLD)),
            (2, event(MockEventKind::Follow, "2001", NEW)),
            (3, event(MockEventKind::Like, "3003", reported_by)),
            (5, event(MockEventKind::Like, "2001", reported_by)),
            (6, event(MockEventKind::Block, "2001", reported_by)),
        ];
        let validated = Validation::new(["2001", "2002"]).wait(feed(events, false), s(60)).await.unwrap();
        assert_eq!((validated.user.as_deref(), &*validated.like.name, validated.after), (Some("2001"), name, s(5)));
        let arrived = validated.arrived.iter().map(|one| (one.kind.as_str(), one.generation, one.count));
        let like = ("liked", reported_by, 1);
        assert_eq!(arrived.collect::<Vec<_>>(), [("followed", OLD, 2), ("followed", NEW, 1), like, like]);
        assert!(validated.to_string().starts_with(&format!("{name} of 2001 arrived after 5.0 s")), "{validated}");
        assert_eq!(serde_json::to_value(&validated).unwrap()["like"]["kind"], "liked");
    }
}

#[tokio::test(start_paused = true)]
async fn without_users_any_like_validates() {
    let events = vec![(0, event(MockEventKind::Like, "3003", NEW))];
    let validated = Validation::new([""; 0]).wait(feed(events, true), s(1)).await.unwrap();
    assert_eq!(validated.user.as_deref(), Some("3003"));
}

#[tokio::test(start_paused = true)]
async fn the_limit_begins_after_x_s_delay() {
    for (ago, waits) in [(None, 30), (Some(4), 26), (Some(10), 20), (Some(1000), 20)] {
        let new = Validation::new(["2001"]);
        let validation = ago.map_or(new.clone(), |ago| new.subscribed_ago(s(ago)));
        let late = vec![(waits + 1, event(MockEventKind::Like, "2001", NEW))];
        let not = validation.clone().wait(feed(late, false), s(20)).await.unwrap_err();
        assert_eq!((not.after.as_secs(), not.is_early, not.is_closed), (waits, false, false), "{ago:?}");
        let in_time = vec![(waits - 1, event(MockEventKind::Like, "2001", NEW))];
        validation.wait(feed(in_time, false), s(20)).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_failed_validation_has_hints() {
    let wait = async |events, ends| Validation::new(["2001"]).wait(feed(events, ends), s(60)).await.unwrap_err();

    let nothing = wait(vec![], false).await;
    let start = "no favorite_events or like.create of 2001 arrived in 70.0 s; possible causes: ";
    assert!(nothing.to_string().starts_with(start), "{nothing}");
    let hints = nothing.hints().join("\n");
    assert!(hints.contains("liked") && hints.contains("not subscribed") && hints.contains("invalid"), "{hints}");

    let others =
        wait(vec![(1, event(MockEventKind::Like, "3003", NEW)), (2, event(MockEventKind::Block, "2001", OLD))], false)
            .await;
    let text = "but 1 like.create (x_activity) for 3003, 1 block_events (account_activity) for 2001; possible causes: the \
                likes were for 3003, not for an expected user";
    assert!(others.to_string().ends_with(text), "{others}");

    let no_like = wait(vec![(1, event(MockEventKind::Block, "2001", OLD))], false).await;
    assert!(no_like.hints()[0].starts_with("deliveries arrive"), "{no_like}");

    let early = wait(vec![], true).await;
    assert!(early.is_early && early.is_closed);
    let text = early.to_string();
    assert!(text.contains("subscribed less than 10 s ago") && text.contains("receiver stopped"), "{text}");
}
