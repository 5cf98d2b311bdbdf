//! An actix-web app that receives a webhook on one of its resources.
//!
//! actix-web has no timeout for clients that do not read their responses, and keeps buffering
//! responses in memory. Where possible, this example has the operating system close such
//! connections.
#![allow(clippy::print_stderr)]

use std::any::Any;

use actix_web::{App, HttpServer};
use birdhook::{Webhook, actix::ActixReceiver};
use birdhook_examples::{
    Error, IDLE, PATH, PATIENCE, address, apps, asked_to_stop, cannot_listen, finish, print_events,
};

#[actix_web::main]
async fn main() -> Result<(), Error> {
    let (pipeline, deliveries) = Webhook::new(apps()?).channel(1024);
    let printing = actix_web::rt::spawn(print_events(deliveries));

    let receiver = ActixReceiver::new(pipeline.clone());
    let server = HttpServer::new(move || App::new().service(receiver.at(PATH)))
        .keep_alive(IDLE)
        .on_connect(|stream, _| end_when_answers_are_not_taken(stream));
    let address = address()?;
    let server = server.bind(address).map_err(|why| cannot_listen(address, &why))?;
    server.addrs().iter().for_each(|address| eprintln!("listening on http://{address}{PATH}"));
    let server = server.disable_signals().run();
    let handle = server.handle();
    actix_web::rt::spawn(async move {
        asked_to_stop().await;
        pipeline.shutdown(PATIENCE).await;
        handle.stop(true).await;
    });
    server.await?;
    finish(printing).await
}

/// Closes the connection if the client stops reading. Only Linux has this option.
#[cfg_attr(not(target_os = "linux"), allow(unused_variables))]
fn end_when_answers_are_not_taken(stream: &dyn Any) {
    #[cfg(target_os = "linux")]
    if let Some(stream) = stream.downcast_ref::<tokio::net::TcpStream>() {
        let _ = socket2::SockRef::from(stream).set_tcp_user_timeout(Some(birdhook_examples::SILENCE));
    }
}
