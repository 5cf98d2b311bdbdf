//! One table of scenarios, run unchanged against every adapter over real sockets.

mod challenges;
mod deliveries;
mod hand_over;
mod peers;
pub(crate) mod row;

use std::net::SocketAddr;

use birdhook_test_harness::http_client::{Answer, get, post, sign};
use birdhook_tests::server::{Adapter, Behaviour, Server};
use row::{DELETED, Row, SECRET, signed, webhook};

pub(crate) fn table() -> Vec<Row> {
    [challenges::rows(), deliveries::rows(), hand_over::rows(), peers::rows()].concat()
}

async fn run(adapter: Adapter) {
    let table = table();
    assert!(table.len() >= 40, "only {} rows", table.len());
    let mut failures = Vec::new();
    for row in &table {
        if let Err(why) = row.run(adapter).await {
            failures.push(format!("{}: {why}", row.name));
        }
    }
    let (failed, all) = (failures.len(), table.len());
    assert!(failures.is_empty(), "{failed} of {all} rows failed on {adapter:?}:\n{}", failures.join("\n"));
}

macro_rules! on_adapters {
    ($($name:ident = $adapter:ident;)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            run(Adapter::$adapter).await;
        }
    )*};
}

on_adapters! {
    axum = Axum;
    axum_verified = AxumVerified;
    hyper = Hyper;
    tower_layer = TowerLayer;
    actix = Actix;
}

#[test]
fn no_two_rows_have_one_name() {
    let mut names: Vec<_> = table().iter().map(|row| row.name).collect();
    names.sort_unstable();
    names.windows(2).for_each(|pair| assert_ne!(pair[0], pair[1]));
}

/// 64 concurrent copies of one event get 64 responses with 200. Not a row, because it needs many
/// connections at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copies_at_the_same_time() {
    for adapter in Adapter::ALL {
        let mut server = Server::start(adapter, webhook(), Behaviour::TakesWhenReleased).await;
        let address = server.address;
        let copies: Vec<_> =
            (0..64).map(|_| tokio::spawn(async move { signed(DELETED).send(address).await })).collect();
        while server.health().in_flight < 64 {
            tokio::task::yield_now().await;
        }
        server.release(64);
        for copy in copies {
            assert_eq!(copy.await.unwrap().status, 200, "{adapter:?}");
        }
        assert_eq!(server.taken().len(), 1, "{adapter:?}");
        assert_eq!(server.health().duplicates, 63, "{adapter:?}");
    }
}

/// Sends requests on one connection, all before the first response. Returns the statuses.
pub(crate) async fn pipelined(server: SocketAddr) -> Vec<u16> {
    let more = [get("crc_token=abc"), signed(DELETED), get(""), post(DELETED).signed("guess"), signed("{}").chunked(1)];
    signed(DELETED).send_together(&more, server).await
}

/// X keeps its connections open. Pipelined requests are each answered, in order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_connection() {
    for adapter in Adapter::ALL {
        let mut server = Server::start(adapter, webhook(), Behaviour::Takes).await;
        assert_eq!(pipelined(server.address).await, [200, 200, 200, 400, 401, 200], "{adapter:?}");
        assert_eq!(server.taken().len(), 2, "{adapter:?}");
    }
}

/// A client with `Expect: 100-continue` is asked to continue only if its body will be read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn expect_continue() {
    for adapter in Adapter::ALL {
        let server = Server::start(adapter, webhook(), Behaviour::Takes).await;
        let asking = signed(DELETED).header("Expect", "100-continue");
        assert_eq!(asking.send(server.address).await.status, 200, "{adapter:?}");
        let unsigned = post(DELETED).header("Expect", "100-continue").stuck_after(0);
        assert_eq!(unsigned.send(server.address).await.status, 401, "{adapter:?}");
    }
}

/// Sends the head of an unsigned delivery, then its body together with a signed delivery. Returns
/// the first response, and the status of the second unless the server closed the connection.
pub(crate) async fn body_after_refusal(server: SocketAddr) -> (Answer, Option<u16>) {
    let mut answers = (Answer::default(), None);
    // Retried: a client that is not scheduled for half a second is too late.
    for _ in 0..3 {
        answers = post(DELETED).send_late(&signed(DELETED), server).await;
        if answers.1.is_some() {
            break;
        }
    }
    answers
}

/// A proxy may reuse a connection whose last request was rejected before its body arrived.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_comes_after_its_refusal_does_not_end_the_connection() {
    for adapter in Adapter::ALL {
        let mut server = Server::start(adapter, webhook(), Behaviour::Takes).await;
        let (refusal, next) = body_after_refusal(server.address).await;
        assert_eq!(refusal.status, 401, "{adapter:?}");
        if adapter == Adapter::Actix {
            // actix-web closes the connection, and announces it in the response.
            let closes = ("connection".to_owned(), "close".to_owned());
            assert!(refusal.headers.contains(&closes), "{refusal:?}");
            continue;
        }
        assert_eq!(next, Some(200), "{adapter:?}");
        assert_eq!(server.taken().len(), 1, "{adapter:?}");
    }
}

/// The client disconnects while its delivery waits: nothing was accepted, so the delivery may be
/// repeated.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_leaves() {
    for adapter in Adapter::ALL {
        let mut server = Server::start(adapter, webhook(), Behaviour::TakesWhenReleased).await;
        signed(DELETED).send_and_leave(server.address).await;
        // Not every server notices. Either the request was dropped, or it continues and succeeds.
        server.release(2);
        let answer = signed(DELETED).send(server.address).await;
        assert_eq!(answer.status, 200, "{adapter:?}");
        assert_eq!(server.taken().len(), 1, "{adapter:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_are_replaced_while_running() {
    for adapter in Adapter::ALL {
        let mut server = Server::start(adapter, webhook(), Behaviour::Takes).await;
        let old = post(DELETED).header("x-twitter-webhooks-signature", sign(SECRET, DELETED.as_bytes()));
        assert_eq!(old.send(server.address).await.status, 200, "{adapter:?}");
        server.replace_apps("default=fresh".parse().unwrap());
        assert_eq!(old.send(server.address).await.status, 401, "{adapter:?}");
        assert_eq!(post(DELETED).signed("fresh").send(server.address).await.status, 200, "{adapter:?}");
        assert_eq!(server.taken().len(), 1, "{adapter:?}: a rotated secret must not double an event");
    }
}
