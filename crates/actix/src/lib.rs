//! Receives Twitter/X webhooks with actix-web.
//!
//! ```
//! use actix_web::App;
//! # mod birdhook { pub use birdhook_pipeline::{Secret, Webhook}; pub mod actix { pub use birdhook_actix::ActixReceiver; } }
//! use birdhook::{Secret, Webhook, actix::ActixReceiver};
//!
//! let (pipeline, deliveries) = Webhook::new(Secret::new("consumer-secret").unwrap()).channel(1024);
//! let receiver = ActixReceiver::new(pipeline);
//! let app = App::new().service(receiver.at("/webhooks/twitter"));
//! # let _ = (app, deliveries);
//! ```
//!
//! In `HttpServer::new`, clone the receiver into the factory, so that all workers share one
//! pipeline.
//!
//! A sink whose future is not `Send` works too: create its pipeline inside the factory, one per
//! worker. Duplicates are then detected only within each worker.

mod receiver;

pub use receiver::ActixReceiver;
