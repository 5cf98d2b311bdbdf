//! A file of JSON values in any layout, as the tool reads it: each value is complete and has its
//! line number, and nothing is lost.
#![no_main]

#[allow(dead_code, reason = "of the tool's file only what reads is used")]
#[path = "../../crates/cli/src/input.rs"]
mod input;

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;

fuzz_target!(|data: &[u8]| {
    let file = Bytes::copy_from_slice(data);
    let parts = input::parts(&file);
    let text = data.strip_prefix("\u{feff}".as_bytes()).unwrap_or(data);
    let (mut at, mut is_lost) = (0, false);
    for part in &parts {
        let Ok(json) = &part.json else {
            is_lost = true;
            continue;
        };
        let begins = json.as_ptr() as usize - file.as_ptr() as usize - (data.len() - text.len());
        // Between two values is only white space, or text that was reported as invalid JSON.
        let between = &text[at..begins];
        assert!(is_lost || between.iter().all(u8::is_ascii_whitespace), "{between:?} is lost");
        let lines = text[..begins].iter().filter(|&&byte| byte == b'\n').count();
        assert_eq!(part.line, lines + 1);
        serde_json::from_slice::<IgnoredAny>(json).expect("it is JSON");
        (at, is_lost) = (begins + json.len(), false);
    }
    assert!(is_lost || text[at..].iter().all(u8::is_ascii_whitespace));
    // A file with a single document has one part.
    if serde_json::from_slice::<&serde_json::value::RawValue>(text).is_ok() {
        assert!(matches!(&parts[..], [one] if one.json.is_ok()));
    }
});
