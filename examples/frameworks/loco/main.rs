//! A loco app that receives a webhook on one of its routes.
//!
//! loco reads the port from the project's own `config/development.yaml`.

use async_trait::async_trait;
use birdhook::{Receiver, Webhook};
use example_support::{PATH, apps};
use loco_rs::Result;
use loco_rs::app::{AppContext, Hooks};
use loco_rs::bgworker::Queue;
use loco_rs::boot::{BootResult, StartMode, create_app};
use loco_rs::config::Config;
use loco_rs::controller::AppRoutes;
use loco_rs::environment::Environment;
use loco_rs::task::Tasks;

struct App;

#[async_trait]
impl Hooks for App {
    async fn after_routes(router: axum::Router, _: &AppContext) -> Result<axum::Router> {
        let (pipeline, deliveries) = Webhook::new(apps().map_err(loco_rs::Error::Any)?).channel(1024);
        tokio::spawn(async move {
            let mut events = deliveries.events();
            while let Some(event) = events.recv().await {
                println!("{}: {}", event.kind(), event.text().unwrap_or_default());
            }
        });
        Ok(router.route_service(PATH, Receiver::new(pipeline)))
    }

    fn app_name() -> &'static str {
        "example-loco"
    }

    async fn boot(mode: StartMode, environment: &Environment, config: Config) -> Result<BootResult> {
        create_app::<Self>(mode, environment, config).await
    }

    fn routes(_: &AppContext) -> AppRoutes {
        AppRoutes::with_default_routes()
    }

    async fn connect_workers(_: &AppContext, _: &Queue) -> Result<()> {
        Ok(())
    }

    fn register_tasks(_: &mut Tasks) {}
}

#[tokio::main]
async fn main() -> Result<()> {
    loco_rs::cli::main::<App>().await
}
