//! actix-web, as in examples/actix.rs, with one worker.

use actix_web::{App as Routes, HttpResponse, HttpServer, web};
use birdhook::actix::ActixReceiver;

use super::{App, PATH, count, listening, webhook};

#[actix_web::main]
pub(super) async fn serve(app: App) {
    let receiver = (app != App::Bare).then(|| {
        let (pipeline, deliveries) = webhook(app).channel(1024);
        actix_web::rt::spawn(count(deliveries.events()));
        ActixReceiver::new(pipeline)
    });
    let server = HttpServer::new(move || match &receiver {
        Some(receiver) => Routes::new().service(receiver.at(PATH)),
        None => Routes::new().service(web::resource(PATH).to(bare)),
    });
    let server = server.workers(1).bind("127.0.0.1:0").expect("a port");
    listening(server.addrs()[0]);
    server.disable_signals().run().await.expect("a server");
}

async fn bare(_: web::Bytes) -> HttpResponse {
    HttpResponse::Ok().finish()
}
