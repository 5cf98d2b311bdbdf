//! Challenges at registration, on PUT, before replays and on schedule, and their effect on a
//! webhook.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use birdhook_core::signature;
use birdhook_testkit::MockEventKind;
use birdhook_testkit::mock::{ChallengeFailure, ChallengeSchedule, Challenges, MockApi, Occasion, Refusal};
use http::header;

use crate::mock::receiver::Crc;
use crate::mock::world::{START, World, h, s};

/// Returns the occasions of the challenges so far, with the hours since the start.
fn challenged(world: &World) -> Vec<(Occasion, f64)> {
    let challenges = world.x.ledger().challenges();
    let hours = |at: birdhook_core::Timestamp| (at.as_millis() - START) as f64 / 3_600_000.0;
    challenges.iter().map(|one| (one.occasion, hours(one.at))).collect()
}

fn valid(world: &World) -> bool {
    world.x.webhooks()[0].valid
}

#[tokio::test]
async fn a_challenge_has_the_format_of_captured_ones() {
    let world = World::new().await;
    let url = format!("{}?tenant=7", world.receiver.url);
    let webhook = world.x.register_for(world.app(), &url, MockApi::Enterprise).await.unwrap();
    world.x.revalidate(&webhook).await.unwrap();
    let challenges = world.receiver.challenges();
    let mut tokens = Vec::new();
    for challenge in &challenges {
        let query = challenge.query.strip_prefix("tenant=7&crc_token=").unwrap();
        let (token, nonce) = query.split_once("&nonce=").unwrap();
        let uuid = String::from_utf8(STANDARD_NO_PAD.decode(token).unwrap()).unwrap();
        assert_eq!(uuid.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12], "{uuid}");
        assert_eq!(STANDARD_NO_PAD.decode(nonce).unwrap(), START.to_string().into_bytes());
        let signed = challenge.header(signature::HEADER).unwrap();
        let message = format!("crc_token={token}&nonce={nonce}");
        signature::verify(world.app().secret(), message.as_bytes(), signed.as_bytes()).unwrap();
        assert!(challenge.body.is_empty());
        tokens.push(token);
    }
    assert_eq!(tokens.len(), 2);
    assert_ne!(tokens[0], tokens[1], "each has a token of its own");

    // v2 does not sign challenges.
    let world = World::new().await;
    world.webhook(MockApi::V2).await;
    assert_eq!(world.receiver.challenges()[0].header(signature::HEADER), None);

    let world = World::with(|settings| {
        settings.challenges_v2.nonce = false;
        settings.challenges_v2.signed = true;
    })
    .await;
    world.webhook(MockApi::V2).await;
    let challenge = &world.receiver.challenges()[0];
    assert!(!challenge.query.contains("nonce"), "{}", challenge.query);
    let signed = challenge.header(signature::HEADER).unwrap();
    signature::verify(world.app().secret(), challenge.query.as_bytes(), signed.as_bytes()).unwrap();
}

/// Lists, for every schedule, the hours at which a responding webhook is challenged within two
/// days.
#[tokio::test]
async fn webhooks_are_challenged_on_their_schedule() {
    let hourly: Vec<f64> = (1..=49).map(f64::from).collect();
    let table = [
        (ChallengeSchedule::DayAfterSuccess, vec![24.0, 48.0]),
        (ChallengeSchedule::Hourly, hourly),
        (ChallengeSchedule::HalfHourlyWhenStale, vec![24.0, 48.0]),
        (ChallengeSchedule::Never, vec![]),
    ];
    for (schedule, hours) in table {
        for generation in [MockApi::Enterprise, MockApi::V2] {
            let world = World::with(|settings| {
                settings.challenges_v1.schedule = schedule;
                settings.challenges_v2.schedule = schedule;
            })
            .await;
            world.webhook(generation).await;
            world.advance(h(49)).await;
            let mut expected = vec![(Occasion::Registration, 0.0)];
            expected.extend(hours.iter().map(|hour| (Occasion::Schedule, *hour)));
            assert_eq!(challenged(&world), expected, "{schedule:?}, {generation:?}");
            // Challenges are signed only at registration and on PUT.
            let scheduled = &world.receiver.challenges()[1..];
            assert!(scheduled.iter().all(|one| one.header(signature::HEADER).is_none()), "{schedule:?}");
        }
    }
    assert_eq!(Challenges::v1().schedule, ChallengeSchedule::DayAfterSuccess);
    assert_eq!(Challenges::v2().schedule, ChallengeSchedule::HalfHourlyWhenStale);
    assert_eq!((Challenges::v1().timeout, Challenges::v2().timeout), (s(3), s(10)));
}

/// Covers the failures that invalidate a v2 webhook immediately.
#[tokio::test]
async fn a_wrong_token_or_a_redirect_invalidates_at_once() {
    let elsewhere = Some((header::LOCATION, "/elsewhere"));
    let table = [
        Crc::OtherSecret,
        Crc::Answer(200, ""),
        Crc::Answer(204, ""),
        Crc::Answer(200, r#"{"response_token":"sha256="}"#),
        Crc::RightWith(301, elsewhere.clone()),
        Crc::RightWith(304, None),
        Crc::RightWith(307, elsewhere),
        Crc::RightWith(200, Some((header::CONTENT_ENCODING, "gzip"))),
        Crc::Gzip,
    ];
    for (number, crc) in table.into_iter().enumerate() {
        let (world, webhook) = World::subscribed().await;
        world.receiver.set().crc = crc.clone();
        if number == 0 {
            // Scheduled challenges have the same effect.
            world.advance(h(24)).await;
            assert!(world.x.ledger().challenges().last().unwrap().failure.is_some());
        } else {
            world.x.revalidate(&webhook).await.unwrap_err();
        }
        assert!(!valid(&world), "{crc:?}");
        world.emit(MockEventKind::Like).await;
        assert_eq!(world.receiver.deliveries().len(), 0, "{crc:?}: nothing is sent to an invalid webhook");

        let before = challenged(&world).len();
        world.advance(h(48)).await;
        assert_eq!(challenged(&world).len(), before, "{crc:?}: only PUT helps");
        world.receiver.set().crc = Crc::Right;
        world.x.revalidate(&webhook).await.unwrap();
        assert!(valid(&world), "{crc:?}");
        world.emit(MockEventKind::Like).await;
        assert_eq!(world.receiver.deliveries().len(), 1, "{crc:?}");
    }
}

/// Transient failures leave a v2 webhook valid for 28 hours.
#[tokio::test]
async fn errors_and_timeouts_invalidate_after_28_hours() {
    for crc in [Crc::Answer(404, ""), Crc::Answer(401, ""), Crc::Answer(500, ""), Crc::RightWith(503, None), Crc::Hang]
    {
        let world = World::that_waits(matches!(crc, Crc::Hang)).await;
        let webhook = world.subscribe(MockApi::V2).await;
        world.advance(h(12)).await;
        world.x.revalidate(&webhook).await.unwrap();
        world.receiver.set().crc = crc.clone();
        world.x.revalidate(&webhook).await.unwrap_err();
        assert!(valid(&world), "{crc:?}: valid at once");
        world.advance(h(28)).await;
        assert!(valid(&world), "{crc:?}: 28 hours after the last success");
        let scheduled: Vec<f64> =
            challenged(&world).into_iter().filter(|one| one.0 == Occasion::Schedule).map(|one| one.1).collect();
        let half_hours: Vec<f64> = (72..=80).map(|half| f64::from(half) / 2.0).collect();
        assert_eq!(scheduled, half_hours, "{crc:?}: every half hour from 24 hours after the last success");
        world.advance(s(1799)).await;
        assert!(valid(&world), "{crc:?}");
        world.advance(s(1)).await;
        assert!(!valid(&world), "{crc:?}: half an hour later");
    }
}

#[tokio::test]
async fn one_success_within_the_grace_period_keeps_a_webhook_valid() {
    let (world, _) = World::subscribed().await;
    world.receiver.set().crc = Crc::Answer(503, "");
    world.advance(h(27)).await;
    world.receiver.set().crc = Crc::Right;
    world.advance(h(1)).await;
    world.receiver.set().crc = Crc::Answer(503, "");
    world.advance(h(27)).await;
    assert!(valid(&world));
    world.advance(h(2)).await;
    assert!(!valid(&world));
}

/// In 1.1 there is no grace period.
#[tokio::test]
async fn enterprise_invalidates_at_once_after_any_failure() {
    for crc in [Crc::OtherSecret, Crc::Answer(404, ""), Crc::Answer(500, ""), Crc::RightWith(302, None), Crc::Hang] {
        let world = World::that_waits(matches!(crc, Crc::Hang)).await;
        world.subscribe(MockApi::Enterprise).await;
        world.receiver.set().crc = crc.clone();
        world.advance(h(24)).await;
        assert!(!valid(&world), "{crc:?}");
        world.emit(MockEventKind::Like).await;
        assert!(world.receiver.deliveries().is_empty(), "{crc:?}");
    }
}

#[tokio::test]
async fn a_refused_connection_is_transient() {
    let (world, webhook) = World::subscribed().await;
    let World { x, receiver, .. } = world;
    drop(receiver);
    tokio::task::yield_now().await;
    let refusal = x.revalidate(&webhook).await.unwrap_err();
    assert!(matches!(refusal, Refusal::Challenge(ChallengeFailure::Connection(_))), "{refusal:?}");
    assert!(x.webhooks()[0].valid);
}

/// On the system clock, the API's timeout applies.
#[tokio::test]
async fn a_response_after_the_timeout_fails_the_challenge() {
    let world = World::with(|settings| {
        settings.clock = birdhook_testkit::Clock::real();
        settings.timeout = s(3);
        settings.challenges_v1.timeout = std::time::Duration::from_millis(50);
        settings.challenges_v2.timeout = std::time::Duration::from_millis(400);
    })
    .await;
    world.receiver.set().crc = Crc::Hang;
    for (generation, least, most) in [(MockApi::Enterprise, 50, 399), (MockApi::V2, 400, 5000)] {
        let refusal = world.x.register_for(world.app(), &world.receiver.url, generation).await.unwrap_err();
        assert_eq!(refusal, Refusal::Challenge(ChallengeFailure::Timeout));
        let took = world.x.ledger().challenges().last().unwrap().took_ms;
        assert!((least..=most).contains(&took), "{generation:?}: {took} ms");
    }
}

#[tokio::test]
async fn the_ledger_records_every_challenge() {
    let world = World::new().await;
    world.receiver.set().crc = Crc::Answer(418, "");
    world.x.register(&world.receiver.url).await.unwrap_err();
    world.receiver.set().crc = Crc::Right;
    let webhook = world.webhook(MockApi::V2).await;
    world.x.revalidate(&webhook).await.unwrap();
    let challenges = world.x.ledger().challenges();
    let reply: Vec<_> =
        challenges.iter().map(|one| (one.number, one.webhook.as_deref(), one.outcome.to_string())).collect();
    let id = Some(webhook.id.as_str());
    assert_eq!(reply, [(1, None, "418".to_owned()), (2, None, "200".to_owned()), (3, id, "200".to_owned())]);
    assert_eq!(challenges[0].failure.as_deref(), Some("the response has status 418 I'm a teapot"));
    assert_eq!((challenges[2].url.as_str(), challenges[2].app.as_str()), (world.receiver.url.as_str(), "default"));
}
