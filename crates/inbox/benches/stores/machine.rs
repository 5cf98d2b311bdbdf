//! Facts about the machine, and measurements of a separate process that opens a folder.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use crate::clients::Running;
use crate::contestants::Contestant;

/// Describes the machine. Elsewhere than on Linux it returns less.
pub(crate) fn facts(folder: &Path) -> String {
    let read = |file: &str| fs::read_to_string(file).unwrap_or_default();
    let field = |text: &str, name: &str| -> Option<String> {
        let line = text.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let processor = field(&read("/proc/cpuinfo"), "model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let kilobytes =
        field(&read("/proc/meminfo"), "MemTotal").and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
    let memory = kilobytes.map_or_else(String::new, |kilobytes| format!(", {:.0} GiB", kilobytes / 1_048_576.0));
    let system = format!("{} {}", std::env::consts::OS, read("/proc/sys/kernel/osrelease").trim());
    let mounts = read("/proc/mounts");
    let mount = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(1);
        let (place, kind) = (fields.next()?, fields.next()?);
        folder.starts_with(place).then_some((place.len(), kind))
    });
    let files = mount.max().map_or("unknown", |(_, kind)| kind);
    format!("{cores} cores of {processor}{memory}, {}, {files}", system.trim())
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
