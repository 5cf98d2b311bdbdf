//! An actix-web app that receives a webhook on one of its resources.
#![allow(clippy::print_stderr)]

use actix_web::{App, HttpServer};
use birdhook::{Webhook, actix::Receiver};
use birdhook_examples::{Error, IDLE, PATH, PATIENCE, address, apps, asked_to_stop, cannot_listen, print_events};

#[actix_web::main]
async fn main() -> Result<(), Error> {
    let (pipeline, deliveries) = Webhook::new(apps()?).channel(1024);
    let printing = actix_web::rt::spawn(print_events(deliveries.events()));

    let receiver = Receiver::new(pipeline.clone());
    let server = HttpServer::new(move || App::new().service(receiver.at(PATH))).keep_alive(IDLE);
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
    printing.await?;
    Ok(())
}
