//! Bodies that differ from X's documentation in one member.

use serde_json::Value;

/// Placeholder for a number out of range, which `serde_json` cannot write.
pub(crate) const HUGE: &str = "@HUGE@";

/// Returns the body as text.
pub(crate) fn write(value: &Value) -> String {
    value.to_string().replace(&format!("\"{HUGE}\""), "1e999")
}

/// Replaces or removes the value at a pointer.
pub(crate) fn set(body: &mut Value, pointer: &str, to: Option<Value>) {
    let (parent, member) = pointer.rsplit_once('/').unwrap();
    match (body.pointer_mut(parent).unwrap(), to) {
        (Value::Object(members), Some(to)) => *members.get_mut(member).unwrap() = to,
        (Value::Object(members), None) => _ = members.remove(member),
        (Value::Array(elements), Some(to)) => *elements.get_mut(member.parse::<usize>().unwrap()).unwrap() = to,
        (Value::Array(elements), None) => _ = elements.remove(member.parse().unwrap()),
        _ => unreachable!("only objects and arrays hold anything"),
    }
}
