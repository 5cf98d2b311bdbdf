//! `ApiMode`: events that both of X's APIs report.

use std::time::Duration;

use crate::support::{app, asking, count, deleted, deliver, deliver_signed, pending, race, run_sequences};
use birdhook_pipeline::{
    ApiMode, ApiSource, Apps, DedupeScope, Deliveries, Delivery, EventKind, Outcome, SinkError, Webhook,
};

const MINUTE: Duration = Duration::from_secs(60);

const ACCEPTED: Outcome = Outcome::Accepted;
const DUPLICATE: Outcome = Outcome::Duplicate;

fn webhook() -> Webhook {
    crate::support::webhook().api_mode(ApiMode::Dual)
}

fn aaa(array: &str, event: &str) -> String {
    aaa_for("7", array, event)
}

fn aaa_for(subscriber: &str, array: &str, event: &str) -> String {
    format!(r#"{{"for_user_id":"{subscriber}","{array}":[{event}]}}"#)
}

fn xaa(event_type: &str, uuid: u64, payload: &str) -> String {
    xaa_for("7", event_type, uuid, payload)
}

fn xaa_for(subscriber: &str, event_type: &str, uuid: u64, payload: &str) -> String {
    format!(
        r#"{{"data":{{"event_uuid":"{uuid}","event_type":"{event_type}","filter":{{"user_id":"{subscriber}"}},"payload":{payload}}}}}"#
    )
}

/// Returns the Account Activity API's report that 8 follows, mutes ... 7 at this time.
fn aaa_relation(what: &str, at: u64) -> String {
    let family = what.trim_start_matches("un");
    aaa(
        &format!("{family}_events"),
        &format!(r#"{{"type":"{what}","created_timestamp":"{at}","source":{{"id":"8"}},"target":{{"id":"7"}}}}"#),
    )
}

fn xaa_relation(what: &str, uuid: u64) -> String {
    let family = what.trim_start_matches("un");
    xaa(
        &format!("{family}.{what}"),
        uuid,
        r#"{"source":{"data":{"id":"8","username":"eight"}},"target":{"data":{"id":"7"}}}"#,
    )
}

fn typing(at: u64) -> String {
    format!(r#"{{"created_timestamp":"{at}","sender_id":"8","target":{{"recipient_id":"7"}}}}"#)
}

/// One message from 30 to 40, as the X Activity API reports it to one of the two.
fn xaa_message_for(subscriber: &str) -> String {
    let body = crate::support::message_for(subscriber, "1");
    let event_type = if subscriber == "30" { "dm.sent" } else { "dm.received" };
    xaa_for(subscriber, event_type, 1, &body.replace(&format!(r#""for_user_id":"{subscriber}","#), ""))
}

/// Events with an id, as reported by both APIs. X uses the same id in both.
fn with_ids() -> Vec<(String, String)> {
    pairs(include_str!("reports/with_ids.jsonl"))
}

/// Events without an id, as reported by both APIs.
fn timeless() -> Vec<(String, String)> {
    pairs(include_str!("reports/without_ids.jsonl"))
}

/// Returns the reports of each event: a line by the Account Activity API, then one by the other.
fn pairs(reports: &str) -> Vec<(String, String)> {
    let mut reports = reports.lines().map(str::to_owned);
    std::iter::from_fn(|| reports.next().zip(reports.next())).collect()
}

fn every_pair() -> Vec<(String, String)> {
    with_ids().into_iter().chain(timeless()).collect()
}

/// Returns the events that are in the channel right now.
async fn taken(deliveries: &mut Deliveries) -> Vec<(EventKind, ApiSource)> {
    let events = crate::support::taken(deliveries).await.into_iter().flat_map(Delivery::into_events);
    events.map(|event| (event.kind(), event.api_source())).collect()
}

#[tokio::test(start_paused = true)]
async fn an_event_that_both_apis_report_is_delivered_once_in_either_order() {
    let pairs = every_pair();
    for old_first in [true, false] {
        let (pipeline, mut deliveries) = webhook().channel(64);
        for (old, new) in &pairs {
            let (first, second) = if old_first { (old, new) } else { (new, old) };
            assert_eq!(deliver(&pipeline, first).await, ACCEPTED, "{first}");
            assert_eq!(deliver(&pipeline, second).await, DUPLICATE, "{second}");
            assert_eq!(deliver(&pipeline, first).await, DUPLICATE, "again: {first}");
            assert_eq!(deliver(&pipeline, second).await, DUPLICATE, "again: {second}");
            let reported_by = if old_first { ApiSource::AccountActivity } else { ApiSource::XActivity };
            let taken = taken(&mut deliveries).await;
            assert!(matches!(taken[..], [(kind, by)] if by == reported_by && kind != EventKind::Unknown), "{taken:?}");
        }
        let health = pipeline.health();
        // An event without an id leaves a key for each API, an event with an id leaves one.
        assert_eq!(health.remembered, with_ids().len() + 2 * timeless().len());
        assert_eq!((health.events as usize, health.duplicates as usize), (pairs.len(), 3 * pairs.len()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_64_concurrent_reports_by_both_apis_is_delivered() {
    for (old, new) in every_pair() {
        let (pipeline, mut deliveries) = webhook().deadline(Duration::from_secs(60)).channel(64);
        let bodies: Vec<_> = (0..64).map(|at| if at % 2 == 0 { old.clone() } else { new.clone() }).collect();
        let answers = race(&pipeline, &bodies).await;
        assert_eq!(count(&answers, [ACCEPTED, DUPLICATE]), [1, 63], "{old}");
        assert_eq!(taken(&mut deliveries).await.len(), 1, "{old}");
    }
}

#[tokio::test(start_paused = true)]
async fn in_single_mode_reports_by_both_apis_are_two_events() {
    for webhook in [crate::support::webhook(), crate::support::webhook().api_mode(ApiMode::Single)] {
        for (old, new) in every_pair() {
            let reports = |report: &str| if report == "old" { old.clone() } else { new.clone() };
            run_sequences(reports, [(&old, webhook.clone(), "+old +new =old =new")]).await;
        }
    }
}

/// Returns the X Activity API's report of a follow with `data.created_at`, in milliseconds.
fn xaa_relation_at(what: &str, uuid: u64, at: u64) -> String {
    xaa_relation(what, uuid).replacen(r#""event_uuid""#, &format!(r#""created_at":"{at}","event_uuid""#), 1)
}

/// Both APIs report follow, unfollow, follow with times, in every order.
///
/// This includes reports that are out of order within one API.
#[tokio::test(start_paused = true)]
async fn follow_unfollow_follow_with_times_are_three_events_in_any_order() {
    let actions = [("follow", 1_000), ("unfollow", 3_000), ("follow", 5_000)];
    let bodies: Vec<_> = (1..)
        .zip(actions)
        .flat_map(|(uuid, (what, at))| [aaa_relation(what, at), xaa_relation_at(what, uuid, at + 40)])
        .collect();
    let mut order: Vec<_> = (0..bodies.len()).collect();
    for turn in 0..720 {
        // The next permutation, from the digits of `turn` in the factorial number system.
        let (mut left, mut digits) = ((0..bodies.len()).collect::<Vec<_>>(), turn);
        order.clear();
        while !left.is_empty() {
            order.push(left.remove(digits % left.len()));
            digits /= left.len() + 1;
        }
        are_three_events(order.iter().map(|at| bodies[*at].clone()).collect()).await;
    }
}

/// Asserts that these reports deliver two follows and an unfollow.
async fn are_three_events(reports: Vec<String>) {
    let (pipeline, mut deliveries) = webhook().channel(64);
    for report in &reports {
        assert_eq!(deliver(&pipeline, report).await.status(), 200);
    }
    let mut kinds: Vec<_> = taken(&mut deliveries).await.into_iter().map(|(kind, _)| kind.as_str()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["followed", "followed", "unfollowed"], "{reports:#?}");
}

/// Follow, unfollow, follow are three events, in each interleaving of the two APIs' reports.
#[tokio::test(start_paused = true)]
async fn follow_unfollow_follow_without_times_are_three_events() {
    let actions = ["follow", "unfollow", "follow"];
    for interleaving in (0u32..64).filter(|bits| bits.count_ones() == 3) {
        let (mut old, mut new) = ((1..).zip(actions), (1..).zip(actions));
        let reports = (0..6).filter_map(|step| match interleaving >> step & 1 {
            0 => old.next().map(|(at, what)| aaa_relation(what, at)),
            _ => new.next().map(|(at, what)| xaa_relation(what, at)),
        });
        are_three_events(reports.collect()).await;
    }
}

/// Longer histories, with redeliveries, in random order.
#[tokio::test(start_paused = true)]
async fn a_long_history_reported_by_both_apis_is_delivered_once() {
    let seed = birdhook_test_harness::seed::seed();
    let mut state = seed;
    let mut random = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for _ in 0..50 {
        let (pipeline, mut deliveries) = webhook().channel(512);
        let history: Vec<_> = (0..20).map(|_| ["follow", "unfollow", "block", "mute"][random(4) as usize]).collect();
        let mut reported = [0, 0];
        while reported != [20, 20] {
            let by = random(2) as usize;
            // The next event, or one that was reported before.
            let at = if random(4) == 0 { random(reported[by] + 1) } else { reported[by] };
            let Some(what) = history.get(at as usize) else { continue };
            reported[by] = reported[by].max(at + 1);
            let body = if by == 0 { aaa_relation(what, at) } else { xaa_relation(what, at) };
            assert_eq!(deliver(&pipeline, &body).await.status(), 200);
        }
        assert_eq!(taken(&mut deliveries).await.len(), 20, "seed {seed}, {history:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_failed_delivery_is_not_remembered_and_the_other_report_is_delivered() {
    for (old, new) in every_pair() {
        let (pipeline, mut asked) = asking(webhook());
        let [first, second] = [&old, &new].map(|body| pending(deliver(&pipeline, body)));
        asked.now().unwrap().1.say(Err(SinkError::failed("no")));
        assert!(asked.now().is_none(), "the second waits for the first: {new}");
        assert_eq!(first.await, Outcome::SinkFailed);
        assert_eq!(pipeline.health().remembered, 0);
        assert_eq!(asked.answer(Ok(()), second).await, ACCEPTED, "{new}");
        assert_eq!(deliver(&pipeline, &old).await, DUPLICATE, "{old}");
    }
}

/// The other API's report waits for two follows of one API, both in flight.
#[tokio::test(start_paused = true)]
async fn a_report_waits_for_both_reports_of_the_other_api_in_flight() {
    let (pipeline, mut asked) = asking(webhook());
    let bodies = [aaa_relation("follow", 1), xaa_relation("follow", 1), aaa_relation("follow", 2)];
    let [one, other, two] = bodies.each_ref().map(|body| pending(deliver(&pipeline, body)));
    let verdicts: Vec<_> = std::iter::from_fn(|| asked.now()).collect();
    assert_eq!(verdicts.len(), 2, "one follow after another is no duplicate");
    verdicts.into_iter().for_each(|(_, verdict)| verdict.say(Ok(())));
    assert_eq!((one.await, two.await), (ACCEPTED, ACCEPTED));
    assert_eq!(other.await, DUPLICATE);
}

#[tokio::test(start_paused = true)]
async fn a_failed_report_does_not_release_another_in_flight() {
    let (pipeline, mut asked) = asking(webhook());
    let bodies = [aaa_relation("follow", 1), aaa_relation("follow", 2), xaa_relation("follow", 2)];
    let [one, two] = [&bodies[0], &bodies[1]].map(|body| pending(deliver(&pipeline, body)));
    asked.now().unwrap().1.say(Err(SinkError::failed("no")));
    assert_eq!(one.await, Outcome::SinkFailed);
    let other = pending(deliver(&pipeline, &bodies[2]));
    asked.now().unwrap().1.say(Ok(()));
    assert!(asked.now().is_none(), "the second follow is in flight, so what the other API tells must wait");
    assert_eq!((two.await, other.await), (ACCEPTED, DUPLICATE));
}

#[tokio::test(start_paused = true)]
async fn events_with_an_id_are_matched_within_the_window() {
    for (old, new) in with_ids() {
        let reports = |report: &str| if report == "old" { old.clone() } else { new.clone() };
        let webhook = webhook().dedupe_window(100, MINUTE);
        run_sequences(reports, [(&old, webhook, "+old 59999 =new 1 +new =old")]).await;
    }
}

/// Each report matches one report of the other API, by the times of both or within the tolerance.
///
/// An event that the faster API misses is delivered, and a matched report hides none that follows.
#[tokio::test(start_paused = true)]
async fn reports_without_an_id_are_matched_by_time() {
    let reports = |report: &str| {
        let (kind, number) = report.split_at(report.find(|c: char| c.is_ascii_digit()).unwrap());
        let (number, at) = number.split_once('@').unwrap_or((number, "none"));
        let count = number.parse().unwrap();
        match kind {
            "old" => aaa_relation("follow", count),
            "new" => {
                at.parse().map_or_else(|_| xaa_relation("follow", count), |at| xaa_relation_at("follow", count, at))
            }
            "typing" => aaa("direct_message_indicate_typing_events", &typing(count)),
            // No sample from X shows whether `dm.indicate_typing` has a time. Without a time, only
            // `event_uuid` distinguishes two events.
            "untimed" => xaa("dm.indicate_typing", count, r#"{"sender_id":"8","target":{"recipient_id":"7"}}"#),
            _ => deleted(&[number]),
        }
    };
    let ten_seconds = || webhook().dual_mode_tolerance(Duration::from_secs(10));
    let sequences = [
        ("the Account Activity API alone", webhook(), "+old1 =old1 +old2 =old2 +old3 =old3 =old1"),
        ("the X Activity API alone", webhook(), "+new1 =new1 +new2 =new2 +new3 =new3 =new1"),
        ("typing", webhook(), "+typing1 =typing1 +typing2 =typing2 +typing3 =typing3 =typing1"),
        ("typing without a time", webhook(), "+untimed1 =untimed1 +untimed2"),
        // Within the tolerance: without times, the two would be merged.
        ("two follows by one API each", webhook(), "+old1000 +new1@21000 =new2@1900 =old20500 =old20500"),
        // X's third retry comes 242 seconds after the second.
        ("a late report with a time", webhook(), "+new1@1000 272000 =old1000"),
        ("each report is matched once", webhook(), "+old1 =new1 =new1 +old2 =new2 =new2 +new3"),
        // A redelivery is known as long as the window has it.
        ("the tolerance is a minute", webhook(), "+old1 59999 =new1 1 +new2 =old1"),
        ("a tolerance of 10 s", ten_seconds(), "+old1 9999 =new1 1 +new2 =old1"),
        ("the last report counts", webhook().dedupe_window(100, MINUTE), "+old1 =new1 50000 +old2 15000 =new2"),
        ("posts do not evict reports", webhook().dedupe_window(2, MINUTE), "+old1 +post1 +post2 +post3 =new1"),
    ];
    run_sequences(reports, sequences).await;
}

/// A message and a follow, reported to each of two subscribers by both APIs of two apps.
#[tokio::test(start_paused = true)]
async fn each_scope_merges_the_documented_copies_of_both_apis() {
    let scopes = [
        (DedupeScope::Subscription, 4),
        (DedupeScope::Conversation, 2),
        (DedupeScope::AcrossApps, 2),
        (DedupeScope::Everywhere, 1),
    ];
    let follow = r#"{"type":"follow","created_timestamp":"5","source":{"id":"30"},"target":{"id":"40"}}"#;
    let followed = r#"{"source":{"data":{"id":"30"}},"target":{"data":{"id":"40"}}}"#;
    for (scope, expected) in scopes {
        let apps = Apps::new([app("one", "first-secret"), app("two", "second-secret")]).unwrap();
        let webhook = Webhook::new(apps).api_mode(ApiMode::Dual).dedupe_scope(scope);
        let (pipeline, mut deliveries) = webhook.channel(64);
        for subscriber in ["30", "40"] {
            for key in ["first-secret", "second-secret"] {
                for body in [
                    crate::support::message_for(subscriber, "1"),
                    xaa_message_for(subscriber),
                    aaa_for(subscriber, "follow_events", follow),
                    xaa_for(subscriber, "follow.follow", 6, followed),
                ] {
                    assert_eq!(deliver_signed(&pipeline, key, &body).await.status(), 200);
                }
            }
        }
        let taken = taken(&mut deliveries).await;
        let follows = taken.iter().filter(|(kind, _)| *kind == EventKind::Followed).count();
        assert_eq!((follows, taken.len() - follows), (expected, expected), "{scope:?}");
        assert_eq!(pipeline.health().duplicates as usize, 16 - 2 * expected, "{scope:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn reports_of_both_apis_wait_for_each_other_only_in_dual_mode() {
    let reports = [aaa_relation("follow", 5), xaa_relation("follow", 1)];
    // In single mode they are not duplicates, and need not wait.
    for (webhook, in_progress) in [(webhook(), 1), (crate::support::webhook(), 2)] {
        let (pipeline, mut asked) = asking(webhook);
        let _both = reports.each_ref().map(|body| pending(deliver(&pipeline, body)));
        assert_eq!(std::iter::from_fn(|| asked.now()).count(), in_progress);
    }
}
