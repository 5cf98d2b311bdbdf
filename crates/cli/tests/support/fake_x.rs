//! A fake X that answers by fixed rules.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A response to requests that begin with a method and a path.
#[derive(Clone)]
pub(crate) struct Rule {
    request: &'static str,
    status: u16,
    body: String,
    count: usize,
}

/// Creates a rule that answers any number of requests, for example `GET /2/webhooks`.
pub(crate) fn rule(request: &'static str, status: u16, body: impl Into<String>) -> Rule {
    Rule { request, status, body: body.into(), count: usize::MAX }
}

impl Rule {
    pub(crate) fn once(self) -> Self {
        Self { count: 1, ..self }
    }
}

/// A fake X, which listens until the tests end.
pub(crate) struct FakeX {
    pub(crate) url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl FakeX {
    /// Starts it. The first rule that matches a request answers it, else 404.
    pub(crate) fn start(rules: impl IntoIterator<Item = Rule>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let (list, mut rules) = (Arc::clone(&requests), Vec::from_iter(rules));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // The tool may have ended already.
                let _ = answer(stream, &mut rules, &list);
            }
        });
        Self { url, requests }
    }

    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn answer(mut stream: TcpStream, rules: &mut [Rule], requests: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let head: Vec<_> = reader.by_ref().lines().map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
    let request = head.first().and_then(|line| line.rsplit_once(' ')).map_or("", |(request, _)| request).to_owned();
    let mut headers = head.iter().filter_map(|line| line.split_once(": "));
    let length = headers.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    reader.read_exact(&mut vec![0; length.map_or(0, |(_, length)| length.parse().unwrap())])?;
    let rule = rules.iter_mut().find(|rule| rule.count > 0 && request.starts_with(rule.request));
    let (status, body) = rule.map_or((404, ""), |rule| {
        rule.count -= 1;
        (rule.status, &rule.body)
    });
    requests.lock().unwrap().push(request);
    let length = if status == 204 { String::new() } else { format!("content-length: {}\r\n", body.len()) };
    write!(stream, "HTTP/1.1 {status} X\r\nconnection: close\r\n{length}\r\n{body}")
}
