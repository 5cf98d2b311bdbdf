//! A poem app that receives a webhook on one of its routes.

use birdhook::{Receiver, Webhook};
use example_support::{Error, PATH, address, apps};
use poem::endpoint::TowerCompatExt;
use poem::listener::TcpListener;
use poem::{Route, Server};

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
    let address = address()?;
    eprintln!("listening on http://{address}{PATH}");
    Server::new(TcpListener::bind(address)).run(app).await?;
    Ok(())
}
