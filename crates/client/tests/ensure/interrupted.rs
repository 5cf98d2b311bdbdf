//! Runs that are interrupted at every step, before or after X acts, and then repeated.

use birdhook_client::{DesiredState, EnsureError, Filter};
use birdhook_testkit::mock::Outage;

use super::world::{Cut, World};

fn wanted(url: &str) -> DesiredState {
    DesiredState::new(url)
        .account_activity("2001")
        .account_activity("2002")
        .activity("like.create", Filter::user("2001"))
        .tagged_activity("post.create", Filter::user("2001"), "posts")
}

#[tokio::test]
async fn the_next_run_goes_on_wherever_the_line_was_cut() {
    let whole = World::new().await;
    whole.client.ensure(&wanted(&whole.receiver.url)).run().await.unwrap();
    let requests = whole.line.sent.lock().unwrap().len();
    assert!(requests >= 8, "{:?}", whole.line.sent.lock().unwrap());
    for number in 0..requests {
        for how in [Cut::Before, Cut::After] {
            let world = World::new().await;
            let wanted = wanted(&world.receiver.url);
            world.line.cut(number, how);
            let cut_off = world.client.ensure(&wanted).run().await;
            assert!(cut_off.is_err(), "{number} {how:?}: it must not claim to have succeeded");
            world.line.mend();
            let ensured = world.client.ensure(&wanted).run().await.unwrap();
            assert!(ensured.webhook.valid, "{number} {how:?}");
            assert_eq!(world.x.webhooks().len(), 1, "{number} {how:?}");
            assert_eq!(world.x.subscriptions().len(), 2, "{number} {how:?}");
            assert_eq!(world.x.activity_subscriptions().len(), 2, "{number} {how:?}");
            assert!(world.client.ensure(&wanted).plan().await.unwrap().is_empty(), "{number} {how:?}");
        }
    }
}

#[tokio::test]
async fn x_going_down_in_the_middle_is_told_with_what_was_done_and_what_is_left() {
    let world = World::new().await;
    let wanted = wanted(&world.receiver.url);
    let x = &world.x;
    let error = world
        .client
        .ensure(&wanted)
        .run_with(|step| {
            if step.to_string().contains("2001 to the Account") {
                x.set_outage(Some(Outage::Unavailable));
            }
        })
        .await
        .unwrap_err();
    let EnsureError::Step { step, error, done, left, .. } = &error else { panic!("{error}") };
    assert_eq!(step.to_string(), "subscribe 2002 to the Account Activity API");
    assert!(error.is_retryable() && error.status().is_some_and(|status| status == 503), "{error}");
    assert_eq!((done.len(), left.len()), (2, 2));
    x.set_outage(None);
    let ensured = world.client.ensure(&wanted).run().await.unwrap();
    assert_eq!((ensured.done.len(), ensured.kept), (3, 2));
}

#[tokio::test]
async fn what_somebody_else_did_meanwhile_is_no_error() {
    let world = World::new().await;
    let wanted = wanted(&world.receiver.url);
    let x = &world.x;
    let ensure = world.client.ensure(&wanted);
    let ensured = ensure.run_with(|step| {
        if step.to_string().starts_with("register") {
            let webhook = x.webhooks().remove(0);
            x.subscribe(&webhook, "2001").unwrap();
            x.subscribe_to(&webhook, "2001", birdhook_testkit::MockEventKind::Like).unwrap();
        }
    });
    let ensured = ensured.await.unwrap();
    assert_eq!((ensured.done.len(), ensured.kept), (3, 2));
    assert_eq!((x.subscriptions().len(), x.activity_subscriptions().len()), (2, 2));
}
