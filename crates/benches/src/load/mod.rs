//! A client that costs less than any server: one thread, keep-alive connections, and one request in
//! flight on each.

mod answer;
mod connection;
mod requests;

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use mio::{Events, Poll};

use connection::{Connection, Received};
pub(crate) use requests::Requests;

/// The time limit for a response. A server that takes longer counts as hung.
const PATIENCE: Duration = Duration::from_secs(20);

/// Connections to one server.
pub(crate) struct Load {
    address: SocketAddr,
    poll: Poll,
    events: Events,
    connections: Vec<Connection>,
    /// The connections without a request in flight, the longest idle one first: many servers close
    /// a connection that is idle for some seconds.
    free: VecDeque<usize>,
    buffer: Vec<u8>,
}

/// The results of the requests of one run.
pub(crate) struct Outcome {
    pub(crate) answers: u64,
    /// The responses with another status than 200.
    pub(crate) not_200: u64,
    /// Connections that were closed without a response. Only a run of [`begin`](Load::begin) allows
    /// them.
    pub(crate) closed: u64,
    /// The time from the first request to the last response.
    pub(crate) seconds: f64,
    /// Latencies in nanoseconds.
    pub(crate) latencies: Histogram<u64>,
}

impl Outcome {
    fn new() -> Self {
        let latencies = Histogram::new(3).expect("3 digits");
        Self { answers: 0, not_200: 0, closed: 0, seconds: 0.0, latencies }
    }

    /// Returns the responses per second.
    pub(crate) fn rate(&self) -> f64 {
        self.answers as f64 / self.seconds
    }

    /// Returns the latency quantile for this share of the responses, in seconds.
    pub(crate) fn within(&self, share: f64) -> f64 {
        self.latencies.value_at_quantile(share) as f64 / 1e9
    }
}

/// The times at which requests are due.
#[derive(Clone, Copy)]
enum Pace {
    /// A request is due as soon as a connection is free.
    Fastest,
    /// Requests are due one by one, at this interval.
    Apart(Duration),
}

impl Load {
    /// Opens the connections. The server must already listen.
    pub(crate) fn connect(address: SocketAddr, connections: usize) -> Self {
        let poll = Poll::new().expect("a poll");
        let open = |number| {
            // Pauses now and then: the server's queue of pending connections holds a few hundred.
            if number % 100 == 99 {
                std::thread::sleep(Duration::from_millis(2));
            }
            Connection::open(address, poll.registry(), number)
        };
        let opened = (0..connections).map(open).collect();
        let free = (0..connections).collect();
        let (events, buffer) = (Events::with_capacity(1024), vec![0; 64 * 1024]);
        Self { address, poll, events, connections: opened, free, buffer }
    }

    /// Sends requests on every connection, as fast as possible, for this time.
    pub(crate) fn run(&mut self, requests: &mut Requests, time: Duration) -> Outcome {
        self.drive(requests, time, Pace::Fastest)
    }

    /// Sends `rate` requests per second at equal intervals, even if responses do not keep up.
    ///
    /// A latency is counted from the due time of a request, so that waiting for a free connection
    /// counts too.
    pub(crate) fn run_at(&mut self, rate: f64, requests: &mut Requests, time: Duration) -> Outcome {
        self.drive(requests, time, Pace::Apart(Duration::from_secs_f64(1.0 / rate)))
    }

    /// Sends one request on each connection, one after the other.
    pub(crate) fn ask_once(&mut self, requests: &mut Requests) {
        self.renew();
        let mut outcome = Outcome::new();
        self.free.clear();
        for connection in 0..self.connections.len() {
            self.connections[connection].send(requests.make(), Instant::now());
            while self.connections[connection].is_waiting() {
                self.collect(&mut outcome, PATIENCE);
            }
        }
        assert_eq!(outcome.not_200, 0, "answers other than 200");
    }

    /// Sends all but the last byte of a request on every connection, until the server reads no
    /// more. The server may reject the requests.
    pub(crate) fn begin(&mut self, requests: &mut Requests) -> Outcome {
        self.renew();
        while let Some(free) = self.free.pop_front() {
            self.connections[free].send_but_the_last_byte(requests.make(), Instant::now());
        }
        let mut outcome = Outcome::new();
        loop {
            self.take(&mut outcome, Duration::from_millis(100));
            if self.events.is_empty() {
                return outcome;
            }
        }
    }

    /// Sends the last bytes and waits for the responses.
    pub(crate) fn finish(&mut self) -> Outcome {
        let (mut outcome, start) = (Outcome::new(), Instant::now());
        self.connections.iter_mut().for_each(Connection::release);
        while self.is_waiting() {
            self.collect(&mut outcome, PATIENCE);
        }
        outcome.seconds = start.elapsed().as_secs_f64();
        outcome
    }

    fn drive(&mut self, requests: &mut Requests, time: Duration, pace: Pace) -> Outcome {
        self.renew();
        let mut outcome = Outcome::new();
        let start = Instant::now();
        let end = start + time;
        let (mut due, mut last) = (start, start);
        loop {
            if let Pace::Fastest = pace {
                due = Instant::now();
            }
            while due < end
                && due <= Instant::now()
                && let Some(free) = self.free.pop_front()
            {
                self.connections[free].send(requests.make(), due);
                due = match pace {
                    Pace::Fastest => Instant::now(),
                    Pace::Apart(apart) => due + apart,
                };
            }
            if due >= end && !self.is_waiting() {
                outcome.seconds = last.duration_since(start).as_secs_f64();
                return outcome;
            }
            // Polls without sleeping. The server would have to wake a sleeping client, which costs
            // slow servers more, and timeouts of whole milliseconds are too coarse to keep the
            // rate.
            let answers = outcome.answers;
            self.collect(&mut outcome, Duration::ZERO);
            if outcome.answers > answers {
                last = Instant::now();
            }
            assert!(last.elapsed() < PATIENCE, "no answer in {PATIENCE:?}");
        }
    }

    fn is_waiting(&self) -> bool {
        self.free.len() < self.connections.len()
    }

    /// Collects the available responses, or waits for one.
    fn collect(&mut self, outcome: &mut Outcome, timeout: Duration) {
        self.take(outcome, timeout);
        assert!(timeout < PATIENCE || !self.events.is_empty(), "no answer in {PATIENCE:?}");
        assert_eq!(outcome.closed, 0, "the server has closed a connection on which it was asked");
    }

    fn take(&mut self, outcome: &mut Outcome, timeout: Duration) {
        match self.poll.poll(&mut self.events, Some(timeout)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return,
            polled => polled.expect("a poll"),
        }
        for event in &self.events {
            let number = event.token().0;
            let connection = &mut self.connections[number];
            let was_asked = connection.is_waiting();
            let mut is_over = event.is_read_closed();
            if was_asked {
                connection.send_on();
                match connection.receive(&mut self.buffer) {
                    Received::Nothing => continue,
                    Received::Answer(answer, due) => {
                        outcome.answers += 1;
                        outcome.not_200 += u64::from(answer.status != 200);
                        outcome.latencies.record(due.elapsed().as_nanos() as u64).expect("a histogram that grows");
                        is_over |= answer.closes || connection.is_unfinished();
                    }
                    Received::Closed => {
                        outcome.closed += 1;
                        is_over = true;
                    }
                }
                self.free.push_back(number);
            }
            if is_over {
                *connection = Connection::open(self.address, self.poll.registry(), number);
            }
        }
    }

    /// Reopens connections that the server has closed while they were idle, as many servers do
    /// after some seconds.
    pub(crate) fn renew(&mut self) {
        loop {
            self.collect(&mut Outcome::new(), Duration::ZERO);
            if self.events.is_empty() {
                return;
            }
        }
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
        let seen = load.run_at(1000.0, &mut requests, Duration::from_millis(20));
        assert_eq!((seen.answers, seen.not_200, seen.latencies.len()), (20, 0, 20));
        assert!(load.run(&mut requests, Duration::from_millis(5)).answers > 0);
        assert!(load.connections.iter().all(|connection| !connection.is_waiting()));
    }

    #[test]
    fn a_request_goes_out_but_for_its_last_byte() {
        let mut load = Load::connect(server(2, ""), 3);
        let mut requests = Requests::new(BODY, "s3cret", "/");
        load.ask_once(&mut requests);
        assert_eq!(load.begin(&mut requests).answers, 0);
        assert!(load.is_waiting() && load.free.is_empty());
        let seen = load.finish();
        assert_eq!((seen.answers, seen.not_200), (3, 0));
    }

    #[test]
    #[should_panic = "closed a connection on which it was asked"]
    fn a_request_without_an_answer_is_told_loudly() {
        let mut load = Load::connect(server(1, ""), 1);
        load.run(&mut Requests::new(BODY, "s3cret", "/"), Duration::from_secs(5));
    }
}
