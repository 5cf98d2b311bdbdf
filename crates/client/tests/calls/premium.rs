//! All calls of premium 1.1, in environments whose names need encoding.

use std::slice;

use crate::calls::fixture::{Fixture, OTHER};
use crate::support::receiver::Crc;
use crate::support::{USER, at};

#[tokio::test]
async fn webhooks_are_registered_listed_challenged_and_deleted_in_their_environment() {
    let fixture = Fixture::new().await;
    let (dev, other) = (fixture.client.premium("Dev-env_1.x~"), fixture.client.premium("dév env/2"));
    let first = dev.register(&fixture.receiver.url).await.unwrap();
    let second = other.register(&format!("{}/2", fixture.receiver.url)).await.unwrap();
    assert_eq!((first.url.as_str(), first.valid), (fixture.receiver.url.as_str(), true));
    assert_eq!(first.created_at, Some(at("2026-11-23T09:30:00Z")));
    let post = |name: &str, url: &str| {
        let url: String = form_urlencoded::byte_serialize(url.as_bytes()).collect();
        format!("POST /1.1/account_activity/all/{name}/webhooks.json?url={url}")
    };
    let expected = [post("Dev-env_1.x~", &first.url), post("d%C3%A9v%20env%2F2", &second.url)];
    assert_eq!(fixture.sent.take(), expected);
    assert_eq!(dev.list().await.unwrap(), slice::from_ref(&first));
    assert_eq!(other.list().await.unwrap(), slice::from_ref(&second));
    let mut environments = dev.environments().await.unwrap();
    environments.sort_by(|one, another| one.0.cmp(&another.0));
    let expected = [("Dev-env_1.x~", &first), ("dév env/2", &second)];
    assert_eq!(environments, expected.map(|(name, webhook)| (name.to_owned(), vec![webhook.clone()])));
    assert_eq!(fixture.client.premium("dev-env_1.x~").list().await.unwrap(), [], "names are case-sensitive");

    fixture.receiver.crc(Crc::Status(500));
    dev.challenge(&first.id).await.unwrap_err();
    assert!(!dev.list().await.unwrap()[0].valid);
    fixture.receiver.crc(Crc::Right);
    dev.challenge(&first.id).await.unwrap();
    assert!(dev.list().await.unwrap()[0].valid);
    dev.delete(&first.id).await.unwrap();
    assert_eq!(dev.list().await.unwrap(), []);
    assert_eq!(fixture.x.webhooks().len(), 1);
}

#[tokio::test]
async fn users_are_subscribed_counted_listed_and_unsubscribed() {
    let fixture = Fixture::new().await;
    let dev = fixture.client.premium("dev");
    dev.register(&fixture.receiver.url).await.unwrap();
    assert!(!dev.is_subscribed(USER).await.unwrap());
    dev.subscribe(USER).await.unwrap();
    dev.subscribe(OTHER).await.unwrap();
    assert!(dev.is_subscribed(USER).await.unwrap());
    assert_eq!(dev.subscribers().await.unwrap(), [USER, OTHER]);
    let counts = dev.count().await.unwrap();
    assert_eq!((counts.account_name.as_deref(), counts.subscriptions_count), (Some("mock-x"), Some(2)));
    assert_eq!((counts.subscriptions_count_direct_messages, counts.provisioned_count), (None, Some(5000)));
    dev.unsubscribe(USER).await.unwrap();
    assert!(!dev.is_subscribed(USER).await.unwrap());
    assert_eq!(dev.subscribers().await.unwrap(), [OTHER]);
    let sent = fixture.sent.take()[1..].join(" ").replace("/1.1/account_activity/all", "");
    let expected = "GET /dev/subscriptions.json POST /dev/subscriptions.json POST /dev/subscriptions.json \
                    GET /dev/subscriptions.json GET /dev/subscriptions/list.json GET /subscriptions/count.json \
                    DELETE /dev/subscriptions/2001.json GET /dev/subscriptions.json GET /dev/subscriptions/list.json";
    assert_eq!(sent, expected);
}
