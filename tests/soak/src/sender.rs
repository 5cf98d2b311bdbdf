//! A client that sends deliveries, challenges and invalid requests.

use std::sync::Arc;
use std::time::Duration;

use birdhook_pipeline::signature;
use birdhook_test_harness::http_client::{self, Answer, Connection};
use birdhook_testkit::{Challenge, WebhookPost, now};
use futures_util::future::join_all;
use tokio::time::{Instant, sleep_until};

use crate::secret;
use crate::tally::Asked;
use crate::traffic::{Body, Next, Traffic};

/// The time limit for a response. A receiver that takes longer counts as hung.
const LIMIT: Duration = Duration::from_secs(30);

/// Longer than the receiver's limit.
const TOO_LONG: usize = (1 << 20) + (1 << 16);

pub(crate) struct Sender {
    traffic: Arc<Traffic>,
    /// One connection for each copy.
    connections: [Connection; 3],
    random: fastrand::Rng,
}

impl Sender {
    pub(crate) fn new(traffic: Arc<Traffic>, seed: u64) -> Self {
        let connections = std::array::from_fn(|_| Connection::new(traffic.address));
        Self { traffic, connections, random: fastrand::Rng::with_seed(seed) }
    }

    /// Sends a request at this interval until the traffic ends.
    pub(crate) async fn send(mut self, apart: Duration) {
        let mut due = Instant::now() + apart.mul_f64(self.random.f64());
        while !self.traffic.is_over() {
            sleep_until(due).await;
            self.act().await;
            due = Instant::now().max(due + apart / self.traffic.mix().haste);
        }
    }

    async fn act(&mut self) {
        let (traffic, place) = (Arc::clone(&self.traffic), self.traffic.place());
        match traffic.next() {
            Next::Deliver(body, copies) => self.deliver(&body, copies).await,
            Next::CutOff(body) => {
                let request =
                    WebhookPost::signed(&traffic.signing().secret, body.bytes.clone()).to_bytes(&traffic.url).unwrap();
                // Sometimes sends the complete request: then the receiver may accept it.
                let after = self.random.usize(..request.len() * 5 / 4);
                let _ = self.connections[0].cut_off(&request, after).await;
                traffic.note(place, Asked::CutOff, 0, Duration::ZERO);
                traffic.answered(&body, &[0]);
            }
            Next::Forge(body) => {
                let request = self.forged(&body);
                ask(&traffic, &mut self.connections[0], &request, Asked::Forged).await;
            }
            Next::Challenge => self.challenge().await,
            Next::Oversize => {
                let request = self.oversized();
                ask(&traffic, &mut self.connections[1], &request, Asked::Oversized).await;
                self.connections[1].close();
            }
            Next::Open => {
                let begun = b"POST /webhooks/twitter HTTP/1.1\r\nhost: app.example\r\ncontent-";
                let after = self.random.usize(..begun.len());
                let _ = Connection::new(traffic.address).cut_off(begun, after).await;
                traffic.note(place, Asked::CutOff, 0, Duration::ZERO);
            }
            Next::Rest => {}
        }
    }

    pub(crate) async fn deliver(&mut self, body: &Arc<Body>, copies: usize) {
        let traffic = &self.traffic;
        // Held until the responses arrive, so that its secret stays valid.
        let signing = traffic.signing();
        let request = WebhookPost::signed(&signing.secret, body.bytes.clone()).to_bytes(&traffic.url).unwrap();
        let asks = self.connections.iter_mut().take(copies).map(|one| ask(traffic, one, &request, Asked::Delivery));
        let answers = join_all(asks).await;
        let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        traffic.answered(body, &statuses);
    }

    fn forged(&mut self, body: &Body) -> Vec<u8> {
        let (own, wrong) = (self.traffic.signing(), Traffic::wrong_secret());
        let signature = match self.random.u8(..4) {
            0 => None,
            1 => Some(signature::sign(&wrong, &body.bytes)),
            2 => Some(signature::sign(&own.secret, &body.bytes)[..40].to_owned()),
            // Signs one byte less than the body.
            _ => Some(signature::sign(&own.secret, &body.bytes[..body.bytes.len() - 1])),
        };
        let mut post = WebhookPost::unsigned(body.bytes.clone());
        if let Some(signature) = signature {
            post = post.header(signature::HEADER.try_into().unwrap(), signature.try_into().unwrap());
        }
        post.to_bytes(&self.traffic.url).unwrap()
    }

    /// Returns a request with a body over the limit, either with a `Content-Length` or chunked.
    fn oversized(&mut self) -> Vec<u8> {
        let request = match self.random.bool() {
            true => http_client::post("").claiming(&TOO_LONG.to_string()),
            false => http_client::post(vec![b' '; TOO_LONG]).chunked(TOO_LONG).stuck_after(TOO_LONG),
        };
        request.header(signature::HEADER, signature::sign(&Traffic::wrong_secret(), b"too long")).to_bytes()
    }

    async fn challenge(&mut self) {
        let (traffic, signing) = (&self.traffic, self.traffic.signing());
        let challenge = Challenge::from_seed(self.random.u64(..), now());
        let query = challenge.query();
        let is_signed = self.random.bool();
        let mut request = http_client::get(&query);
        if is_signed {
            request = request.header(signature::HEADER, signature::sign(&signing.secret, query.as_bytes()));
        }
        let answer = ask(traffic, &mut self.connections[0], &request.to_bytes(), Asked::Challenge).await;
        // An unsigned challenge is answered with the first secret, which may already be the next
        // one.
        let is_right = challenge.verify(&signing.secret, &answer.body).is_ok()
            || !is_signed && challenge.verify(&secret(signing.number + 1), &answer.body).is_ok();
        if answer.status == 200 && !is_right {
            traffic.violation(format!("a wrong answer to a challenge: {}", String::from_utf8_lossy(&answer.body)));
        }
    }
}

/// Sends a request and records the result. Status 0 means no response.
async fn ask(traffic: &Traffic, connection: &mut Connection, request: &[u8], asked: Asked) -> Answer {
    let (place, begun) = (traffic.place(), Instant::now());
    let answer = connection.ask(request, LIMIT).await.unwrap_or_default();
    // The receiver may reject a request without reading its body, and then close the connection.
    if (400..500).contains(&answer.status) {
        connection.close();
    }
    traffic.note(place, asked, answer.status, begun.elapsed());
    answer
}
