//! Measurements of a folder, and of a separate process that opens one.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use crate::clients::Running;
use crate::contestants::Contestant;

/// Returns the type of the file system that holds a folder.
pub(crate) fn file_system(folder: &Path) -> String {
    let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
    let mount = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(1);
        let (place, kind) = (fields.next()?, fields.next()?);
        folder.starts_with(place).then_some((place.len(), kind))
    });
    mount.max().map_or("unknown", |(_, kind)| kind).to_owned()
}

/// Returns the size of a folder on disk, in bytes.
pub(crate) fn disk(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(about) if about.is_dir() => disk(&entry.path()),
            #[cfg(unix)]
            Ok(about) => std::os::unix::fs::MetadataExt::blocks(&about) * 512,
            #[cfg(not(unix))]
            Ok(about) => about.len(),
            Err(_) => 0,
        })
        .sum()
}

/// Returns the resident memory of this process, in bytes.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok()).unwrap_or(0) * 1024
}

/// The time to open a folder, in seconds, and the memory this took, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Opened {
    pub(crate) seconds: f64,
    pub(crate) memory: f64,
}

const OPEN: &str = "--only-open";

/// Opens a folder in a separate process, whose memory is not used by anything else.
pub(crate) fn open(contestant: Contestant, folder: &Path) -> Opened {
    let program = std::env::current_exe().unwrap();
    let output = Command::new(program).args([OPEN, contestant.name()]).arg(folder).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let numbers: Vec<f64> = text.split_whitespace().map(|number| number.parse().unwrap()).collect();
    let [seconds, memory] = numbers[..] else { panic!("{text} {}", String::from_utf8_lossy(&output.stderr)) };
    Opened { seconds, memory }
}

/// Runs in the separate process. Returns `false` in the main one.
pub(crate) async fn opened() -> bool {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, open, name, folder] = &arguments[..] else { return false };
    let contestant = Contestant::ALL.into_iter().find(|contestant| open == OPEN && contestant.name() == name);
    let Some(contestant) = contestant else { return false };
    let (before, started) = (resident(), Instant::now());
    let running = Running::open(contestant, Path::new(folder)).await;
    let seconds = started.elapsed().as_secs_f64();
    println!("{seconds} {}", resident().saturating_sub(before));
    running.close().await;
    true
}
