//! actix-web, as in examples/actix.rs, with one worker.

use actix_web::{App as Routes, HttpResponse, HttpServer, web};
use birdhook::actix::Receiver;

use super::{App, PATH, count, listening, webhook};

#[actix_web::main]
pub(super) async fn serve(app: App) {
    if app == App::Bare {
        let server = HttpServer::new(|| Routes::new().service(web::resource(PATH).to(bare)));
        let server = server.workers(1).bind("127.0.0.1:0").expect("a port");
        listening(server.addrs()[0]);
        return server.disable_signals().run().await.expect("a server");
    }
    let (pipeline, deliveries) = webhook(app).channel(1024);
    actix_web::rt::spawn(count(deliveries.events()));
    let receiver = Receiver::new(pipeline);
    let server = HttpServer::new(move || Routes::new().service(receiver.at(PATH)));
    let server = server.workers(1).bind("127.0.0.1:0").expect("a port");
    listening(server.addrs()[0]);
    server.disable_signals().run().await.expect("a server");
}

async fn bare(_: web::Bytes) -> HttpResponse {
    HttpResponse::Ok().finish()
}
