use birdhook_client::EnsureError;
use birdhook_testkit::mock::Outage;

use super::fixture::Fixture;
use crate::support::transport::Cut;

#[tokio::test]
async fn the_next_run_continues_after_any_interruption() {
    let whole = Fixture::new().await;
    whole.client.ensure(&whole.desired()).run().await.unwrap();
    let requests = whole.network.sent.count();
    assert!(requests >= 8, "{:?}", whole.network.sent.all());
    for number in 0..requests {
        for how in [Cut::Before, Cut::After] {
            let fixture = Fixture::new().await;
            let desired = fixture.desired();
            fixture.network.cut(number, how);
            let cut_off = fixture.client.ensure(&desired).run().await;
            assert!(cut_off.is_err(), "{number} {how:?}: it must not claim to have succeeded");
            fixture.network.restore();
            let ensured = fixture.client.ensure(&desired).run().await.unwrap();
            assert!(ensured.webhook.valid, "{number} {how:?}");
            assert_eq!(fixture.x.webhooks().len(), 1, "{number} {how:?}");
            assert_eq!(fixture.x.subscriptions().len(), 2, "{number} {how:?}");
            assert_eq!(fixture.x.activity_subscriptions().len(), 2, "{number} {how:?}");
            assert!(fixture.client.ensure(&desired).plan().await.unwrap().is_empty(), "{number} {how:?}");
        }
    }
}

#[tokio::test]
async fn an_outage_is_reported_with_the_completed_and_remaining_steps() {
    let fixture = Fixture::new().await;
    let desired = fixture.desired();
    let x = &fixture.x;
    let ensure = fixture.client.ensure(&desired);
    let run = ensure.run_with(|step| {
        if step.to_string().contains("2001 to the Account") {
            x.set_outage(Some(Outage::Unavailable));
        }
    });
    let error = run.await.unwrap_err();
    let EnsureError::Step { step, error, done, left, .. } = &error else { panic!("{error}") };
    assert_eq!(step.to_string(), "subscribe 2002 to the Account Activity API");
    assert!(error.is_retryable() && error.status().is_some_and(|status| status == 503), "{error}");
    assert_eq!((done.len(), left.len()), (2, 2));
    x.set_outage(None);
    let ensured = fixture.client.ensure(&desired).run().await.unwrap();
    assert_eq!((ensured.done.len(), ensured.kept), (3, 2));
}

#[tokio::test]
async fn concurrent_changes_by_others_are_accepted() {
    let fixture = Fixture::new().await;
    let desired = fixture.desired();
    let x = &fixture.x;
    let ensure = fixture.client.ensure(&desired);
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
