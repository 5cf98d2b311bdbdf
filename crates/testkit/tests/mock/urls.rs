//! The rules for webhook URLs.

use birdhook_testkit::mock::MockSettings;

use crate::mock::world::World;

#[tokio::test]
async fn rejects_urls_that_x_rejects_unless_local() {
    for (local, section) in [(false, "URLs that X rejects"), (true, "URLs of local receivers")] {
        let world = World::with(|settings| {
            let clock = settings.clock.clone();
            *settings = MockSettings::default();
            (settings.clock, settings.local, settings.rate_limits) = (clock, local, false);
            settings.limits.webhooks = 0;
        })
        .await;
        world.play(section).await;
        assert!(world.receiver.challenges().is_empty(), "{section}");
    }
}
