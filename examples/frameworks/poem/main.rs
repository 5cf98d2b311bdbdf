//! A poem app that receives a webhook on one of its routes.

use birdhook::{Receiver, Webhook};
use example_support::{Error, PATH, address, apps};
use poem::endpoint::TowerCompatExt;
use poem::listener::TcpAcceptor;
use poem::{Route, Server};
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

    let app = Route::new().at(PATH, Receiver::new(pipeline).compat());
    let listener = TcpListener::bind(address()?).await?;
    eprintln!("listening on http://{}{PATH}", listener.local_addr()?);
    Server::new_with_acceptor(TcpAcceptor::from_tokio(listener)?).run(app).await?;
    Ok(())
}
