//! A simple store, and what may be wrong with one.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard};

use birdhook_inbox::conformance as rules;
use birdhook_inbox::{Change, Store, StoreError, Table};
use bytes::Bytes;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bug {
    RemembersAnother,
    FindsTheNext,
    SwapsBytes,
    OrdersAsText,
    ShowsTheNewestFirst,
    IgnoresFrom,
    BeginsBehindFrom,
    GoesOn,
    SharesTables,
    ForgetsWhenDropped,
    WritesTheLastOneLate,
    ForgetsALargeCommit,
    KeepsTheFirstValue,
    KeepsTheFirstLength,
    LosesRemovals,
    RemovesFromAllTables,
    CannotRemoveWhatIsNotThere,
    BringsTheRemovedBack,
    RemovesLast,
    RemovesFirst,
    KeepsTheFirstOfACommit,
    TakesEmptyForNothing,
    CutsLargeValues,
    OrdersAsSigned,
    LosesTheLastKey,
    OpensTwice,
    RefusesOddly,
    ReclaimsTooMuch,
    CannotReclaim,
    VerifiesTooMuch,
    MistakesALength,
    KeepsAPart,
    KeepsOneTable,
    FailsAsAWhole,
    FailsAfterwards,
}

pub(crate) const BUGS: [(Bug, &str); 33] = [
    (Bug::RemembersAnother, rules::EMPTY),
    (Bug::FindsTheNext, rules::READ),
    (Bug::SwapsBytes, rules::ORDER),
    (Bug::OrdersAsText, rules::ORDER),
    (Bug::ShowsTheNewestFirst, rules::ORDER),
    (Bug::IgnoresFrom, rules::FROM),
    (Bug::BeginsBehindFrom, rules::FROM),
    (Bug::GoesOn, rules::STOP),
    (Bug::SharesTables, rules::TABLES),
    (Bug::ForgetsWhenDropped, rules::LASTING),
    (Bug::WritesTheLastOneLate, rules::LASTING),
    (Bug::ForgetsALargeCommit, rules::LASTING),
    (Bug::KeepsTheFirstValue, rules::OVERWRITE),
    (Bug::KeepsTheFirstLength, rules::OVERWRITE),
    (Bug::LosesRemovals, rules::REMOVE),
    (Bug::RemovesFromAllTables, rules::REMOVE),
    (Bug::CannotRemoveWhatIsNotThere, rules::REMOVE),
    (Bug::BringsTheRemovedBack, rules::REMOVE),
    (Bug::RemovesLast, rules::IN_ORDER),
    (Bug::RemovesFirst, rules::IN_ORDER),
    (Bug::KeepsTheFirstOfACommit, rules::IN_ORDER),
    (Bug::TakesEmptyForNothing, rules::VALUES),
    (Bug::CutsLargeValues, rules::VALUES),
    (Bug::OrdersAsSigned, rules::KEYS),
    (Bug::LosesTheLastKey, rules::KEYS),
    (Bug::OpensTwice, rules::IN_USE),
    (Bug::RefusesOddly, rules::IN_USE),
    (Bug::ReclaimsTooMuch, rules::RECLAIM),
    (Bug::CannotReclaim, rules::RECLAIM),
    (Bug::VerifiesTooMuch, rules::VERIFY),
    (Bug::MistakesALength, rules::LONG_RUN),
    (Bug::KeepsAPart, rules::ATOMIC),
    (Bug::KeepsOneTable, rules::ATOMIC),
];

type Map = BTreeMap<(Table, u64), Bytes>;

#[derive(Default)]
struct Disk {
    map: Map,
    /// As it was before the last commit, and as it was when something was first removed.
    before: Map,
    removed: Option<Map>,
    commits: usize,
    is_open: bool,
}

/// Where a store is kept between two openings.
#[derive(Clone, Default)]
pub(crate) struct Place(Arc<Mutex<Disk>>);

impl Place {
    pub(crate) fn open(&self, bug: Option<Bug>) -> Result<BrokenStore, StoreError> {
        let mut disk = self.0.lock().unwrap();
        match bug {
            Some(Bug::OpensTwice) => {}
            Some(Bug::RefusesOddly) if disk.is_open => return Err(StoreError::Other("busy".into())),
            _ if disk.is_open => return Err(StoreError::InUse(None)),
            Some(Bug::RemembersAnother) => _ = disk.map.insert((Table::About, 0), Bytes::from_static(b"1")),
            Some(Bug::BringsTheRemovedBack) => {
                let back: Vec<_> = disk.removed.take().into_iter().flatten().collect();
                disk.map.extend(back);
            }
            _ => {}
        }
        disk.is_open = true;
        Ok(BrokenStore { place: self.clone(), bug })
    }
}

/// With one bug, or none.
pub(crate) struct BrokenStore {
    place: Place,
    bug: Option<Bug>,
}

impl BrokenStore {
    fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.place.0.lock().unwrap()
    }

    fn make(&self, disk: &mut Disk, change: &Change) -> Result<(), StoreError> {
        let table = if self.has(Bug::SharesTables) { Table::Deliveries } else { change.table };
        let place = (table, change.key);
        match &change.value {
            None if self.has(Bug::LosesRemovals) => {}
            None if self.has(Bug::RemovesFromAllTables) => disk.map.retain(|(_, key), _| *key != change.key),
            None => {
                if self.has(Bug::BringsTheRemovedBack) {
                    let value = disk.map.get(&place).cloned();
                    disk.removed.get_or_insert_default().extend(value.map(|value| (place, value)));
                }
                let removed = disk.map.remove(&place);
                if removed.is_none() && self.has(Bug::CannotRemoveWhatIsNotThere) {
                    return Err(StoreError::Other("there is no such key".into()));
                }
            }
            Some(_) if self.has(Bug::KeepsTheFirstValue) && disk.map.contains_key(&place) => {}
            Some(value) if value.is_empty() && self.has(Bug::TakesEmptyForNothing) => _ = disk.map.remove(&place),
            Some(_) if change.key == u64::MAX && self.has(Bug::LosesTheLastKey) => {}
            Some(value) => {
                let mut value = value.clone();
                if self.has(Bug::CutsLargeValues) {
                    value.truncate(4 << 20);
                }
                if let Some(old) = disk.map.get(&place).filter(|_| self.has(Bug::KeepsTheFirstLength)) {
                    value.truncate(old.len());
                }
                if self.has(Bug::MistakesALength)
                    && disk.map.get(&place).is_some_and(|old| old.len() == value.len() + 7)
                {
                    return Ok(());
                }
                disk.map.insert(place, value);
            }
        }
        Ok(())
    }
}

impl Store for BrokenStore {
    fn commit(&mut self, changes: &[Change]) -> Result<(), StoreError> {
        let mut disk = self.disk();
        disk.before = disk.map.clone();
        disk.commits += 1;
        let mut changes = changes.to_vec();
        let is_removal = |change: &Change| change.value.is_none();
        match self.bug {
            Some(Bug::RemovesLast) => changes.sort_by_key(is_removal),
            Some(Bug::RemovesFirst) => changes.sort_by_key(|change| !is_removal(change)),
            Some(Bug::KeepsTheFirstOfACommit) => changes.reverse(),
            Some(Bug::ForgetsALargeCommit) => changes.truncate(4000),
            _ => {}
        }
        // In the long run, and large enough that a part of it is never all that it changes.
        let fails = disk.commits > 60 && changes.len() > 100;
        let (first, second) = changes.split_at(changes.len() / 2);
        match self.bug {
            Some(Bug::FailsAsAWhole) if fails => {}
            Some(Bug::KeepsAPart) if fails => first.iter().try_for_each(|change| self.make(&mut disk, change))?,
            Some(Bug::KeepsOneTable) if fails => {
                let kept = changes.iter().filter(|change| change.table == Table::Keys);
                kept.into_iter().try_for_each(|change| self.make(&mut disk, change))?;
            }
            _ => first.iter().chain(second).try_for_each(|change| self.make(&mut disk, change))?,
        }
        let can_fail = [Bug::FailsAsAWhole, Bug::KeepsAPart, Bug::KeepsOneTable, Bug::FailsAfterwards];
        if fails && self.bug.is_some_and(|bug| can_fail.contains(&bug)) {
            return Err(StoreError::Other("planted".into()));
        }
        Ok(())
    }

    fn get(&self, table: Table, key: u64) -> Result<Option<Bytes>, StoreError> {
        let disk = self.disk();
        if self.has(Bug::FindsTheNext) {
            return Ok(disk.map.range((table, key)..=(table, u64::MAX)).next().map(|(_, value)| value.clone()));
        }
        let table = if self.has(Bug::SharesTables) { Table::Deliveries } else { table };
        Ok(disk.map.get(&(table, key)).cloned())
    }

    fn scan(&self, table: Table, from: u64, visit: &mut dyn FnMut(u64, Bytes) -> bool) -> Result<(), StoreError> {
        let disk = self.disk();
        let table = if self.has(Bug::SharesTables) { Table::Deliveries } else { table };
        let start = match self.bug {
            Some(Bug::IgnoresFrom) => Bound::Included((table, 0)),
            Some(Bug::BeginsBehindFrom) if from > 0 => Bound::Excluded((table, from)),
            _ => Bound::Included((table, from)),
        };
        let found = disk.map.range((start, Bound::Included((table, u64::MAX))));
        let mut found: Vec<_> = found.map(|((_, key), value)| (*key, value.clone())).collect();
        match self.bug {
            Some(Bug::SwapsBytes) => found.sort_by_key(|(key, _)| key.to_le_bytes()),
            Some(Bug::OrdersAsText) => found.sort_by_key(|(key, _)| key.to_string()),
            Some(Bug::ShowsTheNewestFirst) => found.reverse(),
            Some(Bug::OrdersAsSigned) => found.sort_by_key(|(key, _)| key.cast_signed()),
            _ => {}
        }
        for (key, value) in found {
            if !visit(key, value) && !self.has(Bug::GoesOn) {
                break;
            }
        }
        Ok(())
    }

    fn size(&self) -> Result<u64, StoreError> {
        Ok(self.disk().map.values().map(|value| value.len() as u64).sum())
    }

    fn reclaim(&mut self) -> Result<(), StoreError> {
        match self.bug {
            Some(Bug::CannotReclaim) => return Err(StoreError::Other("not now".into())),
            Some(Bug::ReclaimsTooMuch) => _ = self.disk().map.pop_last(),
            _ => {}
        }
        Ok(())
    }

    fn verify(&mut self) -> Result<(), StoreError> {
        if self.has(Bug::VerifiesTooMuch) {
            self.disk().map.retain(|(_, key), _| *key != 0);
        }
        Ok(())
    }
}

impl Drop for BrokenStore {
    fn drop(&mut self) {
        let mut disk = self.disk();
        disk.is_open = false;
        if self.has(Bug::ForgetsWhenDropped) {
            disk.map.clear();
        }
        if self.has(Bug::WritesTheLastOneLate) {
            disk.map = disk.before.clone();
        }
    }
}
