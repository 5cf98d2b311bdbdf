//! Records the commands that scripts call, for tests without a server.

use std::sync::{Arc, Mutex};

use mlua::{Lua, Value as LuaValue, Variadic};
use redis::{ConnectionLike, RedisResult, Script, ScriptInvocation, Value};

/// Takes one command in place of a connection.
#[derive(Default)]
struct Taker(Vec<String>);

impl ConnectionLike for Taker {
    fn req_packed_command(&mut self, command: &[u8]) -> RedisResult<Value> {
        // `*2`, then `$3` and the text for each argument. No argument of these tests has a line
        // break.
        let lines = str::from_utf8(command).unwrap().split_terminator("\r\n");
        self.0 = lines.skip(1).skip(1).step_by(2).map(str::to_owned).collect();
        Ok(Value::Nil)
    }

    fn req_packed_commands(&mut self, _: &[u8], _: usize, _: usize) -> RedisResult<Vec<Value>> {
        Ok(Vec::new())
    }

    fn get_db(&self) -> i64 {
        0
    }

    fn check_connection(&mut self) -> bool {
        true
    }

    fn is_open(&self) -> bool {
        true
    }
}

/// Runs this call of a script in an empty database. Returns the commands that write, with one
/// argument a line and an empty line between two commands.
pub(crate) fn written(call: &ScriptInvocation<'_>, code: &str) -> String {
    let mut taker = Taker::default();
    call.invoke::<()>(&mut taker).unwrap();
    let [name, hash, keys, arguments @ ..] = taker.0.as_slice() else { panic!("{:?}", taker.0) };
    assert_eq!((&**name, &**hash), ("EVALSHA", Script::new(code).get_hash()));
    let (keys, arguments) = arguments.split_at(keys.parse().unwrap());

    let commands = Arc::<Mutex<Vec<String>>>::default();
    let (lua, record) = (Lua::new(), Arc::clone(&commands));
    let call = lua.create_function(move |_, words: Variadic<String>| {
        let (write, reply) = match &*words[0] {
            "EXISTS" | "XLEN" => (false, LuaValue::Integer(0)),
            "GET" => (false, LuaValue::Boolean(false)),
            _ => (true, LuaValue::Boolean(true)),
        };
        if write {
            record.lock().unwrap().push(words.join("\n"));
        }
        Ok(reply)
    });
    let redis = lua.create_table_from([("call", call.unwrap())]).unwrap();
    lua.globals().set("redis", redis).unwrap();
    lua.globals().set("KEYS", keys).unwrap();
    lua.globals().set("ARGV", arguments).unwrap();
    lua.load(code).exec().unwrap();
    let commands = commands.lock().unwrap();
    commands.join("\n\n")
}
