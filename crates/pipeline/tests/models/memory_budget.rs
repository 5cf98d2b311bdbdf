//! Model tests of the memory budget.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::Waker;
use std::time::Duration;

use shuttle::future::{block_on, spawn};
use tokio::time::Instant;

use super::run;
use crate::memory_budget::{BudgetGuard, MemoryBudget};

/// Accepted bodies never exceed the budget, and all of it is released.
#[test]
fn bodies_never_exceed_the_budget_and_release_all_of_it() {
    run::under_all(|| {
        const LIMIT: usize = 5;
        block_on(async {
            let (budget, held) = (Arc::new(MemoryBudget::new(LIMIT)), Arc::new(AtomicUsize::new(0)));
            let tasks = [3, 4].map(|bytes| {
                let (budget, held) = (Arc::clone(&budget), Arc::clone(&held));
                spawn(async move {
                    let guard = BudgetGuard::default();
                    let reserved = guard.reserve(&budget, bytes, Instant::now);
                    if reserved.is_ok() {
                        assert!(held.fetch_add(bytes, SeqCst) + bytes <= LIMIT, "over the budget");
                        held.fetch_sub(bytes, SeqCst);
                    }
                    guard.release(&budget);
                    guard.release(&budget);
                    reserved.is_ok()
                })
            });
            for task in tasks {
                task.await.unwrap();
            }
            assert_eq!(budget.used(), 0);
            assert!(BudgetGuard::default().reserve(&budget, LIMIT, Instant::now).is_ok());
        });
    });
}

/// An upload ended in favour of another one does not complete; its bytes are released once.
#[test]
fn a_body_completes_or_its_bytes_are_released_for_another_one() {
    run::under_all(|| {
        const LIMIT: usize = 5;
        block_on(async {
            let (budget, held) = (Arc::new(MemoryBudget::new(LIMIT)), Arc::new(AtomicUsize::new(0)));
            let (begun, later) = (Instant::now(), Instant::now() + Duration::from_secs(1));
            let slow = BudgetGuard::default();
            slow.reserve(&budget, 3, || begun).unwrap();
            slow.wait_for_more(&budget, begun, || begun, Waker::noop()).unwrap();
            let (slow_budget, holds) = (Arc::clone(&budget), Arc::clone(&held));
            let slow = spawn(async move {
                if slow.complete(&slow_budget).is_ok() {
                    assert!(holds.fetch_add(3, SeqCst) + 3 <= LIMIT, "over the budget");
                    holds.fetch_sub(3, SeqCst);
                }
                slow.release(&slow_budget);
            });
            let newcomer = spawn(async move {
                let guard = BudgetGuard::default();
                if guard.reserve(&budget, 4, || later).is_ok() {
                    assert!(held.fetch_add(4, SeqCst) + 4 <= LIMIT, "over the budget");
                    held.fetch_sub(4, SeqCst);
                }
                guard.release(&budget);
                budget
            });
            slow.await.unwrap();
            assert_eq!(newcomer.await.unwrap().used(), 0);
        });
    });
}
