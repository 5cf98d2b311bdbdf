//! A fake X that answers by fixed rules.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// Method, start of the path, status and body.
pub(crate) type Rule = (&'static str, &'static str, u16, &'static str);

/// A fake X, which listens until the tests end.
pub(crate) struct FakeX {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl FakeX {
    /// Starts it. The first rule that matches a request answers it, else 404.
    pub(crate) fn start(rules: &'static [Rule]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let list = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // The tool may have ended already.
                let _ = answer(stream, rules, &list);
            }
        });
        Self { url, asked }
    }

    /// Returns the method and the path of each request.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn answer(mut stream: TcpStream, rules: &[Rule], asked: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut line, mut length) = (String::new(), 0);
    reader.read_line(&mut line)?;
    let request = line.rsplit_once(' ').map_or("", |(request, _)| request).to_owned();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        if header.trim().is_empty() {
            break;
        }
        let (name, value) = header.split_once(':').unwrap_or_default();
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().unwrap();
        }
    }
    reader.read_exact(&mut vec![0; length])?;
    let fits = |(method, path, ..): &&Rule| request.starts_with(&format!("{method} {path}"));
    let (status, body) = rules.iter().find(fits).map_or((404, ""), |(_, _, status, body)| (*status, *body));
    asked.lock().unwrap().push(request);
    let length = body.len();
    write!(stream, "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}")
}
