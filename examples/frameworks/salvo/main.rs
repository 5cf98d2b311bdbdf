//! A salvo app that receives a webhook on one of its routes.

use birdhook::{Receiver, Webhook};
use example_support::{Error, PATH, address, apps};
use salvo::conn::tcp::TcpAcceptor;
use salvo::http::ReqBody;
use salvo::prelude::{Router, Server, TowerServiceCompat};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let (pipeline, deliveries) = Webhook::new(apps()?).channel(1024);
    tokio::spawn(async move {
        let mut events = deliveries.events();
        while let Some(event) = events.recv().await {
            println!("{}: {}", event.kind(), event.text().unwrap_or_default());
        }
    });

    // The type of the body must be named, because a receiver accepts any.
    let receiver = TowerServiceCompat::<ReqBody, _, _, _>::compat(Receiver::new(pipeline));
    let router = Router::with_path(PATH).goal(receiver);
    let listener = TcpListener::bind(address()?).await?;
    eprintln!("listening on http://{}{PATH}", listener.local_addr()?);
    Server::new(TcpAcceptor::try_from(listener)?).serve(router).await;
    Ok(())
}
