//! A client that costs less than any server: one thread, keep-alive connections, and one request in
//! flight on each.

mod connection;
mod requests;

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};
use tokio::runtime::{Builder, Runtime};
use tokio::task::yield_now;
use tokio::time::{sleep, timeout};

use connection::{Answer, Connection};
pub(crate) use requests::Requests;

/// The time limit for a response. A server that takes longer counts as hung.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Load {
    runtime: Runtime,
    connections: Vec<Connection>,
}

#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) answers: u64,
    pub(crate) not_200: u64,
    /// Connections that were closed without a response. Only requests of [`begin`](Load::begin)
    /// allow them.
    pub(crate) closed: u64,
    /// The time from the first request to the last response.
    pub(crate) seconds: f64,
}

impl Outcome {
    pub(crate) fn rate(&self) -> f64 {
        self.answers as f64 / self.seconds
    }

    fn add(&mut self, answer: Option<Answer>) {
        self.answers += u64::from(answer.is_some());
        self.not_200 += u64::from(answer.is_some_and(|answer| answer.status != 200));
        self.closed += u64::from(answer.is_none());
    }
}

impl Load {
    /// Opens the connections. The server must already listen.
    pub(crate) fn connect(address: SocketAddr, connections: usize) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let open = |number| {
            // Pauses now and then: the server's queue of pending connections holds a few hundred.
            if number % 100 == 99 {
                std::thread::sleep(Duration::from_millis(2));
            }
            runtime.block_on(Connection::open(address))
        };
        let connections = (0..connections).map(open).collect();
        Self { runtime, connections }
    }

    /// Sends requests on every connection, as fast as possible, for this time.
    pub(crate) fn run(&mut self, requests: &mut Requests, time: Duration) -> Outcome {
        let Self { runtime, connections } = self;
        let (start, count) = (Instant::now(), connections.len());
        let (end, last, left) = (start + time, Cell::new(start), Cell::new(count));
        let (requests, outcome) = (RefCell::new(requests), RefCell::new(Outcome::default()));
        // Polls without sleeping. The server would have to wake a sleeping client, which costs slow
        // servers more.
        let watch = async {
            while left.get() > 0 {
                assert!(last.get().max(end).elapsed() < PATIENCE, "no answer in {PATIENCE:?}");
                yield_now().await;
            }
        };
        let work = async |connection: &mut Connection| {
            let mut is_first = true;
            while Instant::now() < end {
                connection.renew().await;
                connection.fill(requests.borrow_mut().make());
                let mut answer = connection.ask().await;
                // A server may close a connection that was idle while others were measured.
                if answer.is_none() && is_first {
                    connection.renew().await;
                    connection.fill(requests.borrow_mut().make());
                    answer = connection.ask().await;
                }
                is_first = false;
                assert!(answer.is_some(), "the server has closed a connection on which it was asked");
                outcome.borrow_mut().add(answer);
                last.set(Instant::now());
            }
            left.set(left.get() - 1);
        };
        runtime.block_on(join(watch, join_all(connections.iter_mut().map(work))));
        let mut outcome = outcome.into_inner();
        outcome.seconds = last.get().duration_since(start).as_secs_f64();
        outcome
    }

    /// Sends one request on each connection, one after the other.
    pub(crate) fn ask_once(&mut self, requests: &mut Requests) {
        let Self { runtime, connections } = self;
        runtime.block_on(async {
            for connection in connections {
                connection.renew().await;
                connection.fill(requests.make());
                let answer = timeout(PATIENCE, connection.ask()).await.expect("an answer in time");
                assert_eq!(answer.map(|answer| answer.status), Some(200));
            }
        });
    }

    /// Sends all but the last byte of a request on every connection, until the server reads no
    /// more. The server may reject the requests.
    pub(crate) fn begin(&mut self, requests: &mut Requests) {
        let Self { runtime, connections } = self;
        for connection in &mut *connections {
            connection.fill(requests.make());
            runtime.block_on(connection.renew());
        }
        let mut before = 0;
        loop {
            let sent = connections.iter_mut().map(Connection::push).sum();
            if sent == before {
                return;
            }
            before = sent;
            runtime.block_on(async { sleep(Duration::from_millis(100)).await });
        }
    }

    /// Sends the last bytes and waits for the responses.
    pub(crate) fn finish(&mut self) -> Outcome {
        let Self { runtime, connections } = self;
        let asking = join_all(connections.iter_mut().map(Connection::finish));
        let answers = runtime.block_on(async { timeout(PATIENCE, asking).await.expect("answers in time") });
        let mut outcome = Outcome::default();
        answers.into_iter().for_each(|answer| outcome.add(answer));
        outcome
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::thread;

    use super::*;

    const BODY: &str = r#"{"for_user_id":"1","favorite_events":[{"id":"2","user":{"id":3}}]}"#;

    /// Starts a server that sends `answers` responses on each connection and closes it at the next
    /// request.
    fn server(answers: usize, last: &'static str) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let serve = move |mut stream: TcpStream| {
            let mut request = vec![0; Requests::new(BODY, "s3cret", "/").make().len()];
            for left in (0..answers).rev() {
                stream.read_exact(&mut request).unwrap();
                let head = if left == 0 { last } else { "" };
                write!(stream, "HTTP/1.1 200 OK\r\n{head}content-length: 0\r\n\r\n").unwrap();
            }
            if last.is_empty() {
                stream.read_exact(&mut request).unwrap();
            }
        };
        thread::spawn(move || {
            for stream in listener.incoming() {
                thread::spawn(move || serve(stream.unwrap()));
            }
        });
        address
    }

    #[test]
    fn connections_are_renewed_when_the_server_says_so() {
        let mut load = Load::connect(server(3, "connection: close\r\n"), 2);
        let mut requests = Requests::new(BODY, "s3cret", "/");
        let mut answers = 0;
        // More than two connections of three answers. Fails if an answer does not come.
        while answers <= 6 {
            let seen = load.run(&mut requests, Duration::from_millis(20));
            assert_eq!(seen.not_200, 0);
            answers += seen.answers;
        }
    }

    #[test]
    fn a_request_goes_out_but_for_its_last_byte() {
        let mut load = Load::connect(server(2, ""), 3);
        let mut requests = Requests::new(BODY, "s3cret", "/");
        load.ask_once(&mut requests);
        load.begin(&mut requests);
        let sent: usize = load.connections.iter_mut().map(Connection::push).sum();
        assert_eq!(sent, 3 * (requests.make().len() - 1));
        let seen = load.finish();
        assert_eq!((seen.answers, seen.not_200, seen.closed), (3, 0, 0));
    }

    #[test]
    #[should_panic = "closed a connection on which it was asked"]
    fn a_request_without_an_answer_is_reported() {
        let mut load = Load::connect(server(1, ""), 1);
        load.run(&mut Requests::new(BODY, "s3cret", "/"), Duration::from_secs(5));
    }
}
