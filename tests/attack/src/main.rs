//! Runs the attacks of the library.
#![cfg_attr(not(target_os = "linux"), allow(clippy::print_stderr, reason = "it is a program"))]

#[cfg(target_os = "linux")]
fn main() -> anyhow::Result<std::process::ExitCode> {
    birdhook_attack::attack()
}

#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!("\n!!! NOT ATTACKED: only Linux reports memory and open files\n");
}
