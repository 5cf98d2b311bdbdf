//! Each event crosses an engine exactly once in spite of faults.

use std::path::Path;
use std::time::Duration;

use birdhook_engines_proof::fleet::Setup;
use birdhook_engines_proof::{faults, ledgers};
use birdhook_test_harness::servers::Kind;
use birdhook_test_harness::violation::Violation;

type Proof = Result<(), Violation>;

fn instance() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_instance"))
}

/// Generates each test for both engines, with and without inboxes in front of them.
macro_rules! proofs {
    ($($name:ident = |$kind:ident, $setup:ident| $proof:expr;)*) => {
        proofs! { nats = Nats, Direct; $($name $kind $setup $proof;)* }
        proofs! { redis = Redis, Direct; $($name $kind $setup $proof;)* }
        proofs! { inboxes_before_nats = Nats, Inbox; $($name $kind $setup $proof;)* }
        proofs! { inboxes_before_redis = Redis, Inbox; $($name $kind $setup $proof;)* }
    };
    ($module:ident = $engine:ident, $inbox:ident; $($name:ident $kind:ident $setup:ident $proof:expr;)*) => {
        mod $module {
            use super::*;

            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() -> Proof {
                    let ($kind, $setup) = (Kind::$engine, Setup::$inbox);
                    $proof.await
                }
            )*
        }
    };
}

proofs! {
    copies_at_different_receivers_cross_once = |kind, setup| faults::copies(instance(), kind, setup);
    events_cross_an_engine_that_is_killed_once = |kind, setup| faults::engine_kills(instance(), kind, setup, 6);
    events_cross_a_slow_engine_once = |kind, setup| faults::slow_engine(instance(), kind, setup);
    events_cross_a_network_in_parts_once = |kind, setup| faults::partitions(instance(), kind, setup);
    events_of_receivers_that_are_killed_cross_once =
        |kind, setup| faults::instance_kills(instance(), kind, setup, 8);
    the_ledger_of_the_mock_x_holds_through_kills = |kind, setup| ledgers::balance(instance(), kind, setup);
    events_cross_chaos_once = |kind, setup| faults::chaos(instance(), kind, setup, Duration::from_secs(6));
}
