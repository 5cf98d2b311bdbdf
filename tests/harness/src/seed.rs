//! Seeds of random tests. A test that takes its seed from here prints the command that repeats it.

use std::env;
use std::path::Path;

#[cfg(feature = "property")]
use proptest::test_runner::{Config, RngSeed};

/// Overrides the seed of every test.
const VARIABLE: &str = "BIRDHOOK_SEED";

/// Returns the seed of the running test: `BIRDHOOK_SEED`, or a random one. Prints the command that repeats the test.
#[must_use]
pub fn seed() -> u64 {
    let seed = given().unwrap_or_else(|| fastrand::u64(..));
    println!("to repeat this test: {}", command(seed));
    seed
}

/// Returns the settings of a property test, with [`seed`] as its seed.
#[cfg(feature = "property")]
#[must_use]
pub fn property() -> Config {
    Config { failure_persistence: None, rng_seed: RngSeed::Fixed(seed()), ..Config::default() }
}

/// Returns `BIRDHOOK_SEED`. Panics if it is not a number: a typo would run another seed than the one
/// that failed.
#[must_use]
pub fn given() -> Option<u64> {
    let text = env::var(VARIABLE).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{VARIABLE}={text:?}: expected a number from 0 to {}", u64::MAX)))
}

/// Returns the command that runs the current test with this seed.
#[must_use]
pub fn command(seed: u64) -> String {
    let package = env::var("CARGO_PKG_NAME").unwrap_or_default();
    let binary = env::current_exe().ok().and_then(|path| binary(&path)).unwrap_or_default();
    let thread = std::thread::current();
    // libtest names the thread after the test, unless it runs one test at a time in the main thread.
    let test = thread.name().filter(|name| *name != "main");
    repeat(seed, &package, &binary, test, cfg!(birdhook_faults))
}

/// `integration` for `target/debug/deps/integration-0123456789abcdef`.
fn binary(path: &Path) -> Option<String> {
    let stem = path.file_stem()?.to_str()?;
    Some(stem.rsplit_once('-').map_or(stem, |(name, _)| name).to_owned())
}

fn repeat(seed: u64, package: &str, binary: &str, test: Option<&str>, with_faults: bool) -> String {
    let (flags, folder) =
        if with_faults { (" RUSTFLAGS='--cfg birdhook_faults'", " --target-dir target/faults") } else { ("", "") };
    let target = if binary == package.replace('-', "_") { "--lib".to_owned() } else { format!("--test {binary}") };
    let filter = test.map_or(String::new(), |test| format!(" -- --exact {test}"));
    format!("{VARIABLE}={seed}{flags} cargo test -p {package} --all-features{folder} {target}{filter}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_names_package_binary_and_test() {
        let repeat = |package, binary, with_faults| repeat(7, package, binary, Some("a::b"), with_faults);
        let expected = "BIRDHOOK_SEED=7 cargo test -p birdhook-core --all-features --test integration -- --exact a::b";
        assert_eq!(repeat("birdhook-core", "integration", false), expected);
        let expected = "BIRDHOOK_SEED=7 cargo test -p birdhook-core --all-features --lib -- --exact a::b";
        assert_eq!(repeat("birdhook-core", "birdhook_core", false), expected);
        let expected = "BIRDHOOK_SEED=7 RUSTFLAGS='--cfg birdhook_faults' cargo test -p birdhook-inbox-proof --all-features \
                        --target-dir target/faults --test nothing_is_lost -- --exact a::b";
        assert_eq!(repeat("birdhook-inbox-proof", "nothing_is_lost", true), expected);
    }

    #[test]
    fn the_command_names_this_test() {
        let command = command(1);
        assert!(command.contains("-p birdhook-test-harness --all-features --lib"), "{command}");
    }
}
