//! Nothing that was answered 200 is lost, whatever happens.
#![cfg(birdhook_faults)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::Path;

use birdhook_inbox_proof::{Violation, aborts, kills, power, stopping};

type Proof = Result<(), Violation>;

fn receiver() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_receiver"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_kills_under_load_lose_nothing() -> Proof {
    kills::lose_nothing(receiver(), 200).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ending_at_any_point_of_a_commit_loses_nothing() -> Proof {
    let named = aborts::named_points();
    assert_eq!(named, aborts::POINTS.map(str::to_owned).into(), "a new point is to be named here");
    assert_eq!(named, aborts::passed_points(receiver()).await?, "all are come to");
    for point in aborts::POINTS {
        for nth in [1, 2, 3, 4, 5, 6, 8, 13, 21, 34] {
            // The file seldom grows.
            if point != "store-grow" || nth == 1 {
                let proof = aborts::lose_nothing(receiver(), point, nth, None).await;
                proof.unwrap_or_else(|violation| panic!("{point}:{nth}: {violation}"));
            }
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ending_in_order_under_load_loses_nothing() -> Proof {
    stopping::lose_nothing(receiver(), 5).await
}

#[test]
fn a_loss_of_power_at_any_moment_loses_nothing() -> Proof {
    power::lose_nothing(40, None)
}
