//! Duplicated, reordered and concurrent deliveries.

use std::sync::Arc;

use birdhook_testkit::MockEventKind;
use birdhook_testkit::mock::{DeliveryCause, DeliveryOrder, MockApi};
use tokio::sync::Semaphore;

use crate::mock::receiver::Take;
use crate::mock::world::{USER, World};

#[tokio::test]
async fn sends_duplicates_on_demand() {
    let (world, _) = World::subscribed().await;
    world.x.deliver_duplicates(2);
    world.emit(MockEventKind::Like).await;
    let sent = world.x.ledger().sent();
    let causes: Vec<DeliveryCause> = sent.iter().map(|sent| sent.cause).collect();
    assert_eq!(causes, [DeliveryCause::MockEvent, DeliveryCause::Duplicate, DeliveryCause::Duplicate]);
    assert!(sent.iter().all(|one| one.body == sent[0].body));
    assert_eq!(world.receiver.deliveries().len(), 3);
    // The test receiver does not deduplicate.
    let error = world.x.ledger().none_consumed_twice().unwrap_err().to_string();
    assert!(error.starts_with("liked of 2001 was consumed 3 times\n"), "{error}");
    world.x.deliver_duplicates(0);
    world.emit(MockEventKind::Follow).await;
    assert_eq!(world.receiver.deliveries().len(), 4);
}

/// Returns the numbers of eight deliveries in the order in which they were sent.
async fn order(order: DeliveryOrder, seed: u64) -> Vec<u64> {
    let world = World::with(|settings| settings.seed = seed).await;
    world.subscribe(MockApi::V2).await;
    world.x.hold();
    for _ in 0..8 {
        world.x.emit(MockEventKind::Like, USER);
    }
    world.x.settle().await;
    assert!(world.receiver.deliveries().is_empty(), "they are held");
    world.x.release(order, 1);
    world.x.settle().await;
    world.x.ledger().sent().iter().map(|sent| sent.delivery).collect()
}

#[tokio::test]
async fn changes_the_order_on_demand() {
    let forward: Vec<u64> = (1..=8).collect();
    let backward: Vec<u64> = forward.iter().rev().copied().collect();
    assert_eq!(order(DeliveryOrder::AsHappened, 7).await, forward);
    assert_eq!(order(DeliveryOrder::Reversed, 7).await, backward);
    let shuffled = order(DeliveryOrder::Shuffled, 7).await;
    assert!(shuffled != forward && shuffled != backward, "{shuffled:?}");
    assert_eq!(order(DeliveryOrder::Shuffled, 7).await, shuffled, "the seed decides");
    assert_ne!(order(DeliveryOrder::Shuffled, 8).await, shuffled);
    let mut all = shuffled.clone();
    all.sort_unstable();
    assert_eq!(all, forward, "nothing is lost");
}

#[tokio::test]
async fn sends_concurrently_on_demand() {
    for at_once in [1, 4] {
        let (world, _) = World::subscribed().await;
        let permits = Arc::new(Semaphore::new(0));
        world.receiver.set().take = Take::Wait(Arc::clone(&permits));
        world.x.hold();
        for _ in 0..6 {
            world.x.emit(MockEventKind::Like, USER);
        }
        world.x.release(DeliveryOrder::AsHappened, at_once);
        // No delivery is answered before the maximum number has arrived.
        world.until(|world| world.receiver.deliveries().len() >= at_once).await;
        permits.add_permits(6);
        world.x.settle().await;
        assert_eq!(world.receiver.set().open.1, at_once);
        assert_eq!(world.x.ledger().sent().len(), 6);
        world.x.ledger().every_200_was_consumed().await.unwrap();
    }
}

#[tokio::test]
async fn a_higher_concurrency_applies_at_once() {
    let (world, _) = World::subscribed().await;
    let permits = Arc::new(Semaphore::new(0));
    world.receiver.set().take = Take::Wait(Arc::clone(&permits));
    for _ in 0..2 {
        world.x.emit(MockEventKind::Like, USER);
    }
    world.until(|world| !world.receiver.deliveries().is_empty()).await;
    world.x.chaos(|chaos| chaos.at_once = 2);
    let both = world.until(|world| world.receiver.deliveries().len() == 2);
    tokio::time::timeout(std::time::Duration::from_secs(2), both).await.expect("the second one waits for the first");
    permits.add_permits(2);
    world.x.settle().await;
}
