//! The rules, each after those that it builds on.

use std::iter;

use bytes::Bytes;

use super::random::long_run;
use super::subject::{Broken, Subject, ensure, put, remove};
use super::{EMPTY, FROM, IN_ORDER, IN_USE, KEYS, LASTING, LONG_RUN, ORDER, OVERWRITE, READ, RECLAIM, REMOVE, STOP};
use super::{TABLES, VALUES, VERIFY};
use crate::store::{Store, StoreError, Table};

type Check<S> = Box<dyn Fn(&mut Subject<'_, S>) -> Result<(), Broken>>;

/// Records of one commit: more than one page or block holds.
const MANY: u64 = 5000;

pub(super) fn all<S: Store>(seed: u64) -> Vec<(&'static str, Check<S>)> {
    vec![
        (EMPTY, Box::new(empty)),
        (READ, Box::new(read)),
        (ORDER, Box::new(order)),
        (FROM, Box::new(from)),
        (STOP, Box::new(stop)),
        (TABLES, Box::new(tables)),
        (LASTING, Box::new(lasting)),
        (OVERWRITE, Box::new(overwrite)),
        (REMOVE, Box::new(removal)),
        (IN_ORDER, Box::new(in_order)),
        (VALUES, Box::new(values)),
        (KEYS, Box::new(keys)),
        (IN_USE, Box::new(in_use)),
        (RECLAIM, Box::new(reclaim)),
        (VERIFY, Box::new(verify)),
        (LONG_RUN, Box::new(move |subject| long_run(subject, seed))),
    ]
}

fn empty<S: Store>(subject: &mut Subject<'_, S>) -> Result<(), Broken> {
    let get_all = |subject: &mut Subject<'_, S>| {
        Table::ALL
            .into_iter()
            .try_for_each(|table| [0, 1, u64::MAX].into_iter().try_for_each(|key| subject.gets(table, key)))
    };
    get_all(subject)?;
    subject.holds()?;
    subject.holds_when_reopened()?;
    subject.commit(&[])?;
    get_all(subject)?;
    subject.holds()
}

/// One key at a time, so that nothing depends on an order.
fn read<S: Store>(subject: &mut Subject<'_, S>) -> Result<(), Broken> {
    for key in [5, 9] {
        subject.commit(&[put(Table::Deliveries, key, format!("the value of {key}"))])?;
        (4..11).try_for_each(|key| subject.gets(Table::Deliveries, key))?;
    }
    Ok(())
}

fn order<S: Store>(subject: &mut Subject<'_, S>) -> Result<(), Broken> {
    // In no order, and of various lengths in bytes and in digits.
    let keys = [300, 10, 2, 65_536, 255, 256, 7, 1 << 40, 100];
    subject.commit(&keys.map(|key| put(Table::Deliveries, key, key.to_string())))?;
    subject.commit(&[put(Table::Deliveries, 8, "between")])?;
    subject.scans(Table::Deliveries, 0, usize::MAX)
}

fn from<S: Store>(subject: &mut Subject<'_, S>) -> Result<(), Broken> {
    let starts = [0, 1, 2, 3, 255, 256, 257, 1 << 40, (1 << 40) + 1, u64::MAX];
    starts.into_iter().try_for_each(|from| subject.scans(Table::Deliveries, from, usize::MAX))
}

fn stop<S: Store>(subject: &mut Subject<'_, S>) -> Result<(), Broken> {
    [1, 2, 5].into_iter().try_for_each(|most| subject.scans(Table::Deliveries, 2, most))
}

fn tables<S: Store>(subject: &mut Subject<'_, S>) -> Result<(), Broken> {
    subject.commit(&Table::ALL.map(|table| put(table, 6, format!("{table:?}"))))?;
    Table::ALL.into_iter().try_for_each(|table| subject.gets(table, 6))?;
    subject.holds()
}

fn lasting<S: Store>(subject: &mut Subject<'_, S>) -> Result<(), Broken> {
    for key in 0..4 {
        let value = format!("of round {key}");
        subject.commit(&[put(Table::About, key, value.clone()), put(Table::Keys, 100 + key, value)])?;
        subject.holds_when_reopened()?;
    }
    // Many at once, and nothing read before it is dropped.
    let many: Vec<_> = (0..MANY).map(|key| put(Table::Progress, 1000 + key, key.to_string())).collect();
    subject.commit(&many)?;
    subject.holds_when_reopened()
}

fn overwrite<S: Store>(subject: &mut Subject<'_, S>) -> Result<(), Broken> {
    for value in ["short", "other", "a longer one than before", "s"] {
        subject.commit(&[put(Table::Keys, 5, value)])?;
        subject.gets(Table::Keys, 5)?;
        subject.scans(Table::Keys, 0, usize::MAX)?;
    }
    subject.holds_when_reopened()
}

fn removal<S: Store>(subject: &mut Subject<'_, S>) -> Result<(), Broken> {
    subject.commit(&[put(Table::Progress, 1, "1"), put(Table::Progress, 2, "2"), put(Table::Progress, 3, "3")])?;
    subject.commit(&[remove(Table::Progress, 2)])?;
    (0..5).try_for_each(|key| subject.gets(Table::Progress, key))?;
    subject.holds()?;
    // Not there any more, and never there.
    subject.commit(&[remove(Table::Progress, 2), remove(Table::Progress, 77), remove(Table::Keys, u64::MAX)])?;
    subject.holds()?;
    subject.holds_when_reopened()?;
    subject.commit(&[remove(Table::Progress, 1), remove(Table::Progress, 3)])?;
    subject.holds()?;
    let many: Vec<_> = (0..MANY).map(|key| remove(Table::Progress, 1000 + key)).collect();
    subject.commit(&many)?;
    subject.holds_when_reopened()
}

fn in_order<S: Store>(subject: &mut Subject<'_, S>) -> Result<(), Broken> {
    let table = Table::Progress;
    subject.commit(&[put(table, 1, "put, then removed"), remove(table, 1)])?;
    subject.gets(table, 1)?;
    subject.commit(&[put(table, 2, "first"), put(table, 2, "second"), put(table, 3, "3")])?;
    subject.gets(table, 2)?;
    subject.commit(&[remove(table, 2), put(table, 2, "removed, then put")])?;
    subject.gets(table, 2)?;
    subject.commit(&[put(table, 2, "again"), remove(table, 2), put(table, 2, "and again"), remove(table, 3)])?;
    subject.gets(table, 2)?;
    // With changes of other tables in between.
    subject.commit(&[put(table, 4, "a"), put(Table::Keys, 4, "b"), remove(table, 4), put(Table::Keys, 4, "c")])?;
    subject.holds()?;
    subject.holds_when_reopened()
}

fn values<S: Store>(subject: &mut Subject<'_, S>) -> Result<(), Broken> {
    let table = Table::Deliveries;
    subject.commit(&[put(table, 20, "")])?;
    subject.gets(table, 20)?;
    subject.scans(table, 20, 1)?;
    let lengths = [1, 4095, 4096, 4097, 65_535, 65_536, 1 << 20, (5 << 20) + 3];
    let large = |length: usize| -> Bytes {
        // Without a period that pages or blocks have.
        let words = iter::successors(Some(length as u32), |word| {
            Some(word.wrapping_mul(1_664_525).wrapping_add(1_013_904_223))
        });
        words.map(|word| word.to_be_bytes()[0]).take(length).collect::<Vec<_>>().into()
    };
    let changes: Vec<_> = (21..).zip(lengths).map(|(key, length)| put(table, key, large(length))).collect();
    subject.commit(&changes)?;
    (20..30).try_for_each(|key| subject.gets(table, key))?;
    subject.holds_when_reopened()?;
    subject.commit(&[put(table, 28, "small again"), put(table, 21, large(3 << 20)), put(table, 27, "")])?;
    subject.holds()?;
    let removals: Vec<_> = (20..30).map(|key| remove(table, key)).collect();
    subject.commit(&removals)?;
    subject.holds()
}

fn keys<S: Store>(subject: &mut Subject<'_, S>) -> Result<(), Broken> {
    let keys = [0, 1, u64::from(u32::MAX), i64::MAX as u64, i64::MAX as u64 + 1, u64::MAX - 1, u64::MAX];
    for table in Table::ALL {
        subject.commit(&keys.map(|key| put(table, key, key.to_string())))?;
        keys.into_iter().try_for_each(|key| subject.gets(table, key))?;
        keys.into_iter().try_for_each(|key| subject.scans(table, key, usize::MAX))?;
    }
    subject.holds_when_reopened()
}

fn in_use<S: Store>(subject: &mut Subject<'_, S>) -> Result<(), Broken> {
    subject.holds()?;
    match subject.open_another() {
        Err(StoreError::InUse(_)) => {}
        Err(error) => return Err(format!("opening it twice should fail with InUse, and fails with: {error}").into()),
        Ok(_) => return Err("it was opened a second time while it was open".to_owned().into()),
    }
    // The attempt does no harm, and once it is closed it opens.
    subject.commit(&[put(Table::About, 4, "after the attempt")])?;
    subject.holds()?;
    subject.holds_when_reopened()
}

fn reclaim<S: Store>(subject: &mut Subject<'_, S>) -> Result<(), Broken> {
    let large: Vec<_> = (0..50).map(|key| put(Table::Deliveries, 2000 + key, vec![key as u8; 50_000])).collect();
    subject.commit(&large)?;
    let removals: Vec<_> = (0..49).map(|key| remove(Table::Deliveries, 2000 + key)).collect();
    subject.commit(&removals)?;
    subject.store()?.reclaim().map_err(|error| format!("it failed: {error}"))?;
    subject.holds()?;
    subject.commit(&[put(Table::About, 5, "after reclaiming")])?;
    subject.holds()?;
    subject.holds_when_reopened()?;
    subject.store()?.reclaim().map_err(|error| format!("it failed: {error}"))?;
    subject.holds_when_reopened()
}

fn verify<S: Store>(subject: &mut Subject<'_, S>) -> Result<(), Broken> {
    for reopen in [false, true] {
        subject.store()?.verify().map_err(|error| format!("it failed: {error}"))?;
        ensure_kept(subject, reopen)?;
        subject.commit(&[put(Table::About, 6, "after verifying")])?;
        ensure_kept(subject, reopen)?;
    }
    Ok(())
}

fn ensure_kept<S: Store>(subject: &mut Subject<'_, S>, reopen: bool) -> Result<(), Broken> {
    if reopen { subject.holds_when_reopened() } else { subject.holds() }?;
    let first = subject.scan(Table::About, 0, 1)?;
    ensure(!first.is_empty(), || "nothing is left".to_owned())
}
