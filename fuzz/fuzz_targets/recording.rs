//! A file of recorded requests: no line is lost, and a parsed line is written unchanged.
#![no_main]

use birdhook_core::Timestamp;
use birdhook_testkit::{Recorded, Recording};
use bytes::Bytes;
use http::{HeaderValue, Request};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let lines: Vec<&[u8]> = data.strip_suffix(b"\n").unwrap_or(data).split(|&byte| byte == b'\n').collect();
    let is_blank = |line: &[u8]| std::str::from_utf8(line).is_ok_and(|line| line.trim().is_empty());
    let mut expected = lines.iter().enumerate().filter(|(_, line)| !is_blank(line)).map(|(at, _)| at + 1);
    let mut good = Vec::new();
    for line in Recording::new(data) {
        let number = expected.next().expect("no more than there are");
        match line {
            Ok(recorded) => good.push((number, recorded)),
            Err((told, why)) => {
                assert_eq!(told, number, "{why}");
                assert!(!why.to_string().contains('\n'));
            }
        }
    }
    assert_eq!(expected.next(), None, "a line is lost");

    let mut file = Vec::new();
    for (number, recorded) in &good {
        // The reported line number is that of the parsed line.
        let line = std::str::from_utf8(lines[number - 1]).expect("it was read");
        assert_eq!(&line.parse::<Recorded>().expect("it was read"), recorded);
        Recording::append(&mut file, recorded).expect("memory takes it");
    }
    let again: Vec<_> = Recording::new(&*file).map(|line| line.expect("it was written")).collect();
    assert!(again.iter().eq(good.iter().map(|(_, recorded)| recorded)));

    // Any request can be recorded.
    let mut request = Request::new(Bytes::copy_from_slice(data));
    for value in data.split(|&byte| byte == b'\n').take(3).filter_map(|value| HeaderValue::from_bytes(value).ok()) {
        request.headers_mut().append("x-any", value);
    }
    let recorded = Recorded::new(Timestamp::from_millis(data.len() as i64), &request);
    let line = recorded.to_string();
    assert!(!line.contains(['\n', '\r']));
    assert_eq!(line.parse::<Recorded>().expect("it was written"), recorded);
});
