//! Premium 1.1, for existing code that still uses it.

use crate::mock::world::World;

#[tokio::test]
async fn an_environment_has_a_webhook_and_subscriptions() {
    World::new().await.play("premium: a webhook is registered in an environment").await;
}
