//! The X Activity API: its calls, its filters, and the credentials that subscriptions need.

use birdhook_testkit::MockEventKind;
use birdhook_testkit::mock::{AccessTier, MockApi};
use serde_json::{Value, json};

use crate::mock::world::{As, USER, World};

const ALL: &str = "/2/activity/subscriptions";

async fn create(world: &World, who: As<'_>, body: Value) -> (u16, Value) {
    world.call("POST", ALL, who, &body.to_string()).await.both()
}

#[tokio::test]
async fn creates_lists_changes_and_deletes_a_subscription() {
    let (world, _) = World::registered(MockApi::V2).await;
    world.play("X Activity: a subscription is created").await;
    let id = world.x.activity_subscriptions()[0].id.clone();
    world.emit(MockEventKind::Bio).await;
    assert_eq!(world.delivered(), [], "without a webhook it goes to the stream only");

    world.advance(std::time::Duration::from_millis(1500)).await;
    world.play("X Activity: a subscription is changed and listed").await;
    world.emit(MockEventKind::Bio).await;
    let body: Value = serde_json::from_slice(&world.receiver.deliveries()[0].body).unwrap();
    assert_eq!((&body["data"]["tag"], &body["data"]["filter"]), (&json!("new"), &json!({"user_id": USER})));

    let one = format!("{ALL}/{id}");
    assert_eq!(world.call("DELETE", &one, world.bearer(), "").await.both(), (200, json!({"data": {"deleted": true}})));
    let gone = world.call("DELETE", &one, world.bearer(), "").await;
    assert_eq!((gone.status, gone.body["resource_id"].as_str()), (404, Some(id.as_str())));
    assert_eq!(gone.body["type"], "https://api.x.com/2/problems/resource-not-found");
    assert_eq!(world.call("PUT", &one, world.bearer(), "{}").await.status, 404);
}

#[tokio::test]
async fn lists_subscriptions_in_pages_and_deletes_several_at_once() {
    let world = World::new().await;
    for user in 1..=5 {
        let asked = json!({"event_type": "post.create", "filter": {"user_id": user.to_string()}});
        assert_eq!(create(&world, world.bearer(), asked).await.0, 200);
    }
    let mut path = format!("{ALL}?max_results=2");
    let mut pages: Vec<Vec<String>> = Vec::new();
    let mut ids = Vec::new();
    loop {
        let reply = world.call("GET", &path, world.bearer(), "").await.body;
        let page = reply["data"].as_array().unwrap();
        pages.push(page.iter().map(|one| one["filter"]["user_id"].as_str().unwrap().to_owned()).collect());
        ids.extend(page.iter().map(|one| one["subscription_id"].as_str().unwrap().to_owned()));
        assert_eq!(reply["meta"]["result_count"], page.len());
        assert_eq!(reply["meta"]["total_subscriptions"], 5);
        let Some(next) = reply["meta"]["next_token"].as_str() else { break };
        path = format!("{ALL}?max_results=2&pagination_token={next}");
    }
    assert_eq!(pages, [vec!["1", "2"], vec!["3", "4"], vec!["5"]]);
    for bad in ["max_results=0", "max_results=1001", "max_results=x", "pagination_token=zz"] {
        let reply = world.call("GET", &format!("{ALL}?{bad}"), world.bearer(), "").await;
        assert_eq!(reply.reason(), (400, "InvalidParameter"), "{bad}");
    }

    let many = format!("{ALL}?ids={},{},7", ids[0], ids[1]);
    let reply = world.call("DELETE", &many, world.bearer(), "").await;
    let deleted = |id: &str| json!({"deleted": true, "subscription_id": id});
    assert_eq!(reply.status, 200);
    assert_eq!(reply.body["data"], json!([deleted(&ids[0]), deleted(&ids[1])]));
    assert_eq!(reply.body["errors"][0]["subscription_id"], "7");
    assert_eq!(reply.body["errors"][0]["reason"], "SubscriptionNotFound");
    assert_eq!(reply.body["meta"], json!({"total_subscriptions": 3}));
    let too_many: Vec<String> = (0..101).map(|id: u32| id.to_string()).collect();
    for ids in ["", &too_many.join(",")] {
        let reply = world.call("DELETE", &format!("{ALL}?ids={ids}"), world.bearer(), "").await;
        assert_eq!(reply.reason(), (400, "InvalidParameter"), "{}", ids.len());
    }
}

#[tokio::test]
async fn private_events_require_a_token_of_the_user_concerned() {
    let world = World::new().await;
    let (ada, bob) = (world.x.user(USER), world.x.user("3003"));
    let private = "like.create dm.received dm.sent dm.read dm.indicate_typing chat.received chat.sent \
        chat.conversation.join post.mention.create post.reply.create post.quote.create post.repost.create \
        mute.mute mute.unmute block.block block.unblock broadcast.chat";
    let public = "post.create post.delete follow.follow follow.unfollow profile.update.bio \
        profile.update.profile_picture profile.update.banner_picture profile.update.screenname \
        profile.update.handle profile.update.geo profile.update.url profile.update.verified_badge \
        profile.update.affiliate_badge news.new spaces.start spaces.end broadcast.start broadcast.end";
    let asked = |kind: &str| json!({"event_type": kind, "filter": {"user_id": USER}});
    for kind in private.split(' ') {
        for (who, name) in
            [(world.bearer(), "app"), (As::User(world.app(), &bob), "1.0a"), (As::Bearer(&bob.oauth2_token), "other")]
        {
            let (status, reply) = create(&world, who, asked(kind)).await;
            assert_eq!((status, &reply["title"]), (403, &json!("Forbidden")), "{kind} by {name}: {reply}");
        }
        let (status, reply) = create(&world, As::Bearer(&ada.oauth2_token), asked(kind)).await;
        assert_eq!(status, 200, "{kind}: {reply}");
    }
    for kind in public.split(' ') {
        assert_eq!(create(&world, world.bearer(), asked(kind)).await.0, 200, "{kind}");
    }
    assert_eq!(world.x.activity_subscriptions().len(), private.split(' ').chain(public.split(' ')).count());

    let asked = json!({"event_type": "like.create", "filter": {"user_id": "3003"}});
    assert_eq!(create(&world, As::User(world.app(), &bob), asked).await.0, 200, "OAuth 1.0a, as OpenAPI has it");

    let eve = world.x.user("4004");
    world.x.restrict(&eve, &["tweet.read", "users.read"]);
    let asked = json!({"event_type": "dm.received", "filter": {"user_id": "4004"}});
    assert_eq!(create(&world, As::Bearer(&eve.oauth2_token), asked).await.0, 403, "without the scope dm.read");
}

#[tokio::test]
async fn rejects_invalid_subscriptions() {
    let world = World::with(|settings| settings.limits.activity_subscriptions = 3).await;
    world.play("X Activity: invalid subscriptions are rejected").await;
}

#[tokio::test]
async fn accepts_deprecated_event_names() {
    World::new().await.play("X Activity: deprecated names are accepted").await;
}

#[tokio::test]
async fn delivers_only_events_that_match_the_filter() {
    let (world, webhook) = World::registered(MockApi::V2).await;
    let subscribe = async |kind: &str, filter: Value| {
        let asked = json!({"event_type": kind, "filter": filter, "webhook_id": webhook.id});
        assert_eq!(create(&world, world.bearer(), asked).await.0, 200);
    };
    subscribe("post.create", json!({"keyword": "Kettle"})).await;
    subscribe("news.new", json!({"keyword": "payload"})).await;
    let post = world.x.emit(MockEventKind::Post, USER);
    world.x.deliver(&post.clone().with_text("The kettle sings"));
    world.x.deliver(&post.clone().with_text("The pot is silent"));
    world.x.deliver(&post.with_text("author_id and text are not words of it"));
    // `payload` is a member name, and keywords match only values.
    world.emit(MockEventKind::News).await;
    assert_eq!(world.delivered(), [MockEventKind::Post]);
    assert!(world.receiver.deliveries()[0].text().contains("The kettle sings"));
}

#[tokio::test]
async fn pay_per_use_allows_fewer_subscriptions() {
    let limits = AccessTier::PayPerUse.limits();
    assert_eq!((limits.webhooks, limits.users, limits.activity_subscriptions), (1, 3, 1_500));
    assert_eq!(AccessTier::Enterprise.limits().activity_subscriptions, 150_000);
    let world = World::with(|settings| *settings = settings.clone().plan(AccessTier::PayPerUse)).await;
    let webhook = world.webhook(MockApi::V2).await;
    for user in ["1", "2", "3"] {
        world.x.subscribe(&webhook, user).unwrap();
    }
    world.play("pay per use").await;
}
