//! A simulated host in the role of Redis. Runs the library's scripts on the simulated clock.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mlua::{Lua, MultiValue, Value};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::task::spawn_local;
use turmoil::net::{TcpListener, TcpStream};

use crate::oracle::{Call, Oracle};

pub const PORT: u16 = 6379;

/// The server's data. Outlives the host, as on a disk.
#[derive(Clone, Default)]
pub struct Disk(Arc<Mutex<BTreeMap<Vec<u8>, Entry>>>);

struct Entry {
    value: Vec<u8>,
    expires_at: Option<Duration>,
}

impl Disk {
    pub fn forget(&self) {
        self.0.lock().unwrap().clear();
    }

    pub fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        let now = turmoil::sim_elapsed().unwrap_or_default();
        let mut entries = self.0.lock().unwrap();
        if entries.get(key).is_some_and(|entry| entry.expires_at.is_some_and(|at| at <= now)) {
            entries.remove(key);
        }
        entries.get(key).map(|entry| entry.value.clone())
    }

    /// Implements only the commands that the scripts call.
    fn call(&self, words: &[Vec<u8>]) -> Reply {
        let word = |place: usize| words[place].as_slice();
        let name = String::from_utf8_lossy(word(0)).to_uppercase();
        match (name.as_str(), words.len()) {
            ("GET", 2) => self.get(word(1)).map_or(Reply::Nil, Reply::Bulk),
            ("SET", 3 | 5) => {
                let expires_at = words.get(4).map(|_| {
                    assert!(word(3).eq_ignore_ascii_case(b"PX"), "SET with another option than PX");
                    let millis: u64 = std::str::from_utf8(word(4)).unwrap().parse().unwrap();
                    turmoil::sim_elapsed().unwrap() + Duration::from_millis(millis)
                });
                let entry = Entry { value: word(2).to_vec(), expires_at };
                self.0.lock().unwrap().insert(word(1).to_vec(), entry);
                Reply::Okay
            }
            ("DEL", 2) => {
                let was_there = self.get(word(1)).is_some();
                self.0.lock().unwrap().remove(word(1));
                Reply::Number(i64::from(was_there))
            }
            _ => panic!("the scripts call {name} with {} words", words.len()),
        }
    }
}

pub enum Reply {
    Okay,
    Nil,
    Number(i64),
    Bulk(Vec<u8>),
    Error(String),
}

impl Reply {
    fn encode(&self) -> Vec<u8> {
        match self {
            Self::Okay => b"+OK\r\n".to_vec(),
            Self::Nil => b"$-1\r\n".to_vec(),
            Self::Number(number) => format!(":{number}\r\n").into_bytes(),
            Self::Error(text) => format!("-{text}\r\n").into_bytes(),
            Self::Bulk(bytes) => [format!("${}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat(),
        }
    }
}

/// A part of a script, and its replacement.
pub type Mistake = (&'static str, &'static str);

struct Server {
    oracle: Oracle,
    lua: Lua,
    scripts: std::cell::RefCell<BTreeMap<String, String>>,
    mistake: Mistake,
}

pub async fn run(disk: Disk, oracle: Oracle, mistake: Mistake) -> turmoil::Result {
    let lua = Lua::new();
    let known = disk.clone();
    let call = lua.create_function(move |lua, words: MultiValue| {
        let words: Vec<Vec<u8>> = words.iter().map(bytes).collect();
        Ok(match known.call(&words) {
            Reply::Okay => Value::Table(lua.create_table_from([("ok", "OK")])?),
            Reply::Nil => Value::Boolean(false),
            Reply::Number(number) => Value::Integer(number),
            Reply::Bulk(bytes) => Value::String(lua.create_string(bytes)?),
            Reply::Error(text) => return Err(mlua::Error::runtime(text)),
        })
    })?;
    lua.globals().set("redis", lua.create_table_from([("call", call)])?)?;
    let server = Rc::new(Server { oracle, lua, scripts: Default::default(), mistake });
    let listener = TcpListener::bind(("0.0.0.0", PORT)).await?;
    loop {
        let (stream, from) = listener.accept().await?;
        let server = Rc::clone(&server);
        spawn_local(async move {
            // An error means that the client has disconnected.
            let _ = server.serve(stream, from.ip()).await;
        });
    }
}

fn bytes(value: &Value) -> Vec<u8> {
    match value {
        Value::String(text) => text.as_bytes().to_vec(),
        Value::Integer(number) => number.to_string().into_bytes(),
        other => panic!("a script calls with {other:?}"),
    }
}

impl Server {
    async fn serve(&self, stream: TcpStream, from: IpAddr) -> std::io::Result<()> {
        let mut stream = BufReader::new(stream);
        loop {
            let words = request(&mut stream).await?;
            let reply = self.answer(&words, from);
            stream.get_mut().write_all(&reply.encode()).await?;
        }
    }

    fn answer(&self, words: &[Vec<u8>], from: IpAddr) -> Reply {
        let text = |place: usize| String::from_utf8_lossy(&words[place]).into_owned();
        match text(0).to_uppercase().as_str() {
            "CLIENT" | "PING" => Reply::Okay,
            "SCRIPT" if text(1) == "LOAD" => {
                let code = text(2);
                let hash = redis::Script::new(&code).get_hash().to_owned();
                self.scripts.borrow_mut().insert(hash.clone(), code);
                Reply::Bulk(hash.into_bytes())
            }
            "EVALSHA" => match self.scripts.borrow().get(&text(1)) {
                None => Reply::Error("NOSCRIPT No matching script. Please use EVAL.".to_owned()),
                Some(code) => self.script(code, &words[3..], text(2).parse().unwrap(), from),
            },
            other => panic!("the client sends {other}"),
        }
    }

    fn script(&self, code: &str, words: &[Vec<u8>], keys: usize, from: IpAddr) -> Reply {
        let array = |words: &[Vec<u8>]| {
            let words = words.iter().map(|word| self.lua.create_string(word).unwrap());
            self.lua.create_sequence_from(words).unwrap()
        };
        let (keys, arguments) = words.split_at(keys);
        let globals = self.lua.globals();
        globals.set("KEYS", array(keys)).unwrap();
        globals.set("ARGV", array(arguments)).unwrap();
        let reply = match self.lua.load(code.replace(self.mistake.0, self.mistake.1)).eval::<Value>().unwrap() {
            Value::String(text) => Reply::Bulk(text.as_bytes().to_vec()),
            Value::Integer(number) => Reply::Number(number),
            #[expect(clippy::cast_possible_truncation, reason = "Redis does so too")]
            Value::Number(number) => Reply::Number(number as i64),
            Value::Nil | Value::Boolean(false) => Reply::Nil,
            other => panic!("a script returns {other:?}"),
        };
        let keys: Vec<String> = keys.iter().map(|key| String::from_utf8_lossy(key).into_owned()).collect();
        self.oracle.called(from, &keys, Call::of(code, &reply));
        reply
    }
}

/// Reads an array of strings, the only form that clients send.
async fn request(stream: &mut BufReader<TcpStream>) -> std::io::Result<Vec<Vec<u8>>> {
    let count = number(stream, '*').await?;
    let mut words = Vec::new();
    for _ in 0..count {
        let length = number(stream, '$').await?;
        let mut word = vec![0; length + 2];
        stream.read_exact(&mut word).await?;
        word.truncate(length);
        words.push(word);
    }
    Ok(words)
}

async fn number(stream: &mut BufReader<TcpStream>, mark: char) -> std::io::Result<usize> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    let digits = line.trim_end().strip_prefix(mark);
    Ok(digits.unwrap_or_else(|| panic!("invalid request {line:?}")).parse().unwrap())
}
