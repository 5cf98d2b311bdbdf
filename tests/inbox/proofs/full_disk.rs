//! The disk fills up, because of the inbox and because of other files.

use birdhook_test_harness::seed::seed;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::clock::SetClock;
use crate::clocks::set_clock;
use crate::fixture::{Fixture, options};
use birdhook_test_harness::load::Load;
use birdhook_test_harness::violation::{Violation, holds};

/// A small disk, unmounted on drop.
struct SmallDisk(TempDir);

const MEGABYTES: usize = 16;
const LOW: u64 = 6 << 20;

impl SmallDisk {
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let size = format!("size={MEGABYTES}m");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &size, "birdhook-proof"]).arg(folder.path());
        let is_mounted = mount.output().is_ok_and(|output| output.status.success());
        is_mounted.then_some(Self(folder))
    }

    fn inbox(&self) -> PathBuf {
        self.0.path().join("inbox")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0.path()).output();
    }
}

pub async fn loses_nothing() -> Result<(), Violation> {
    let Some(disk) = SmallDisk::mount() else {
        // Not `eprintln`, whose output is hidden when the test succeeds.
        let line = b"SKIPPED: no tmpfs can be mounted here, which root can: nothing is known about full disks\n";
        std::io::stderr().write_all(line).unwrap();
        return holds(std::env::var_os("CI").is_none(), || "no tmpfs can be mounted");
    };
    let load = Load::new(seed());
    let clock = set_clock();
    let open = async |low| {
        let opened = Fixture::open(options().free_space(low).clock(clock.clone()), &disk.inbox()).await;
        opened.map_err(Violation::other)
    };
    let fixture = open(LOW).await?;
    let mut lines = Vec::new();

    // The inbox fills the disk itself, and stops before it is full.
    holds(until(&fixture, &load, 503).await?, || "it never says that the disk is nearly full")?;
    let left = free(disk.0.path());
    holds(left > LOW / 2, || format!("it is to leave {LOW} bytes, and left {left}"))?;
    // Consuming frees space.
    lines.extend(fixture.drain().await?);
    recovers(&fixture, &load, &clock).await?;

    // Other files take the disk below the limit: stored events can still be consumed.
    let others = disk.0.path().join("others");
    fill(&others, disk.0.path(), LOW / 2);
    refuses(&fixture, &load, LOW / 2).await?;
    lines.extend(fixture.drain().await?);
    fs::remove_file(&others).unwrap();
    recovers(&fixture, &load, &clock).await?;
    // Then other files fill it completely: consuming may have to wait for space, and then
    // continues.
    fill(&others, disk.0.path(), 0);
    refuses(&fixture, &load, 0).await?;
    let make_room = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        fs::remove_file(&others).unwrap();
        recovers(&fixture, &load, &clock).await
    };
    let (drained, recovered) = tokio::join!(fixture.drain(), make_room);
    recovered?;
    lines.extend(drained?);
    // The disk is full during a write, which the limit cannot prevent.
    fixture.close().await;
    let fixture = open(0).await?;
    fill(&others, disk.0.path(), 0);
    holds(until(&fixture, &load, 503).await?, || "nothing is left, and it answers 200")?;
    fs::remove_file(&others).unwrap();
    recovers(&fixture, &load, &clock).await?;
    fixture.close().await;

    let fixture = open(0).await?;
    lines.extend(fixture.drain().await?);
    fixture.close().await;
    load.journal(|journal| journal.judge(&lines))
}

/// Sends until a delivery gets this status. Returns `false` if many were sent and none did.
async fn until(fixture: &Fixture, load: &Load, wanted: u16) -> Result<bool, Violation> {
    for _ in 0..300 {
        let bodies: Vec<_> = (0..32).map(|_| load.fresh()).collect();
        let statuses = futures_util::future::join_all(bodies.iter().map(|body| fixture.send(body))).await;
        for (body, status) in bodies.iter().zip(&statuses) {
            load.answered(body, *status);
            holds([200, 503].contains(status), || format!("it answered {status}"))?;
        }
        if statuses.contains(&wanted) {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn refuses(fixture: &Fixture, load: &Load, left: u64) -> Result<(), Violation> {
    let status = fixture.send_fresh(load).await;
    holds(status == 503, || format!("{left} bytes are left, and it answers {status}"))
}

/// Checks that deliveries are accepted again after some time: the store returns space now and then,
/// and is reopened after a failure.
async fn recovers(fixture: &Fixture, load: &Load, clock: &SetClock) -> Result<(), Violation> {
    for _ in 0..50 {
        if fixture.send_fresh(load).await == 200 {
            return Ok(());
        }
        clock.advance(Duration::from_secs(61));
        // The writer reads its clock at least once a second.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Err(Violation::other("there is room again, and it does not recover"))
}

fn free(folder: &Path) -> u64 {
    let about = rustix::fs::statvfs(folder).unwrap();
    about.f_bavail * about.f_frsize
}

fn fill(file: &Path, folder: &Path, left: u64) {
    let mut out = fs::File::create(file).unwrap();
    let chunk = vec![1; 4096];
    while free(folder) > left {
        if out.write_all(&chunk).is_err() {
            break;
        }
    }
}
