//! Memory, files and children of a process, as Linux reports them in `/proc`.

use std::fs;
use std::io::{Error, ErrorKind, Result};

/// The memory of a process in bytes: resident, and with shared pages counted in proportion.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Memory {
    pub resident: f64,
    pub proportional: f64,
}

impl Memory {
    pub fn of(process: u32) -> Self {
        let bytes = |name| field(process, "smaps_rollup", name).expect("a process that runs") as f64;
        Self { resident: bytes("Rss:"), proportional: bytes("Pss:") }
    }
}

/// Returns the resident memory and its peak since [`reset_peak`], in bytes.
pub fn resident_and_peak(process: u32) -> Result<(u64, u64)> {
    Ok((field(process, "status", "VmRSS:")?, field(process, "status", "VmHWM:")?))
}

pub fn reset_peak(process: u32) -> Result<()> {
    fs::write(format!("/proc/{process}/clear_refs"), "5")
}

/// Returns the number of open files.
pub fn open_files(process: u32) -> usize {
    fs::read_dir(format!("/proc/{process}/fd")).expect("a process that runs").count()
}

pub fn children(process: u32) -> impl Iterator<Item = u32> {
    let children = fs::read_to_string(format!("/proc/{process}/task/{process}/children")).unwrap_or_default();
    children.split_whitespace().filter_map(|child| child.parse().ok()).collect::<Vec<_>>().into_iter()
}

/// Raises this process's limit of open files, which its children inherit. Returns the limit.
#[cfg(unix)]
pub fn raise_file_limit() -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    const DESIRED: u64 = 65_536;
    let most = getrlimit(Resource::Nofile).maximum;
    let set = |maximum| setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    // Root can raise the limit; other users cannot.
    if !most.is_some_and(|most| most < DESIRED && set(Some(DESIRED)).is_ok()) {
        let _ = set(most);
    }
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// Returns the limit: Windows has none that a process can raise.
#[cfg(not(unix))]
pub fn raise_file_limit() -> u64 {
    u64::MAX
}

/// Reads a field in kB and returns it in bytes.
fn field(process: u32, file: &str, name: &str) -> Result<u64> {
    let text = fs::read_to_string(format!("/proc/{process}/{file}"))?;
    let kilobytes = text.lines().find_map(|line| line.strip_prefix(name)?.trim().trim_end_matches(" kB").parse().ok());
    // A process that has ended has no memory.
    kilobytes.map(|kilobytes: u64| kilobytes << 10).ok_or_else(|| Error::from(ErrorKind::NotFound))
}
