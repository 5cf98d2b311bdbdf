//! An event in short: enough of its key to distinguish a million events, and a hash of its content.

use birdhook_pipeline::{Event, EventKey};
use birdhook_test_harness::consumption;
use bytes::Bytes;

pub(crate) type Short = (u64, u64);

fn short(key: EventKey, content: u64) -> Short {
    (u64::from_le_bytes(*key.as_bytes().first_chunk().unwrap()), content)
}

pub(crate) fn events_of(body: &Bytes) -> Vec<Short> {
    consumption::events_of(body).into_iter().map(|(key, content)| short(key, content)).collect()
}

/// Returns the bytes that a consumer writes.
pub(crate) fn to_bytes(event: &Event) -> [u8; 16] {
    let (key, content) = short(event.delivery_key(), consumption::content(event));
    (u128::from(key) << 64 | u128::from(content)).to_le_bytes()
}

/// Reads the file that a consumer has written.
pub(crate) fn read(file: &[u8]) -> impl Iterator<Item = Short> {
    let both = file.as_chunks().0.iter().map(|bytes| u128::from_le_bytes(*bytes));
    both.map(|both| ((both >> 64) as u64, both as u64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::payloads;

    #[test]
    fn a_written_event_is_read() {
        let bodies: Vec<Bytes> = std::iter::repeat_with(|| payloads(1).body()).take(3).collect();
        for body in bodies {
            let delivery = birdhook_testkit::read(consumption::APP, body.clone()).unwrap();
            let bytes: Vec<u8> = delivery.events().iter().flat_map(to_bytes).collect();
            assert_eq!(read(&bytes).collect::<Vec<_>>(), events_of(&body));
        }
    }
}
