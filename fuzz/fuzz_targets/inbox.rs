//! A damaged or foreign disk: opening the inbox fails, or everything in it is available.
//!
//! The input is records: table, number, length and bytes. Their checksums are corrected unless a
//! record says otherwise.
#![no_main]

use birdhook_core::Delivery;
use birdhook_fuzz::store::{Disk, records};
use birdhook_inbox::{EventId, EventQuery, EventStatus, Table};
use libfuzzer_sys::fuzz_target;
use pollster::block_on;

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(id) = text.parse::<EventId>()
    {
        assert_eq!(id.to_string().parse(), Ok(id));
    }
    let disk = Disk::new(records(data));
    let Ok(inbox) = disk.open() else { return };
    let all = block_on(inbox.list(EventQuery::all().limit(usize::MAX))).expect("what was opened can be read");
    let ids: Vec<EventId> = all.iter().map(|listed| listed.id).collect();
    assert!(ids.is_sorted_by(|one, other| one < other), "{ids:?}");
    let having = |status| all.iter().filter(|listed| listed.status == status).count();
    let stats = inbox.stats();
    let pending = having(EventStatus::Ready) + having(EventStatus::Waiting) + having(EventStatus::Dead);
    // Unreadable entries are listed and counted too.
    assert_eq!(stats.depth + stats.dead, pending, "{stats:?}");
    assert!(stats.dead >= having(EventStatus::Dead), "{stats:?}");
    // An event whose wait has ended is listed as waiting until it is leased.
    assert!(stats.waiting <= having(EventStatus::Waiting), "{stats:?}");
    for listed in &all {
        match &listed.event {
            Ok(event) => assert!(!event.raw().as_str().is_empty()),
            Err(why) => {
                let read = Delivery::restore(why.app(), why.body().clone(), usize::MAX);
                assert!(read.is_none() && why.to_string().starts_with("its delivery's body "), "{why}");
            }
        }
    }
    block_on(inbox.verify()).expect("what was opened is whole");
    assert_eq!(block_on(inbox.discard(ids.iter().copied())).expect("it is open"), pending);
    assert_eq!(inbox.stats().depth + inbox.stats().dead, 0);
    disk.close(inbox);

    // The inbox can read everything that it wrote.
    let again = disk.open().expect("it has written it");
    assert_eq!(again.stats().depth + again.stats().dead, 0);
    disk.close(again);

    // A flipped bit is detected at any position.
    let mut damaged = records(data);
    let count = damaged.keys().filter(|(table, _)| *table != Table::About).count();
    if count > 0 {
        let at = data.iter().fold(0usize, |sum, &byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte)));
        let record = damaged.iter_mut().filter(|((table, _), _)| *table != Table::About).nth(at % count);
        let (_, record) = record.expect("there are so many");
        let mut bytes = record.to_vec();
        let bit = at % (8 * bytes.len());
        bytes[bit / 8] ^= 1 << (bit % 8);
        *record = bytes.into();
        assert!(Disk::new(damaged).open().is_err(), "bit {bit} is not noticed");
    }
});
