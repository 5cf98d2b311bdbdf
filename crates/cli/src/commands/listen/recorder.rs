//! Appends requests to a file, and starts a new file at a size.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use birdhook_testkit::{Recorded, Recording};
use bytes::Bytes;

use crate::error::{Code, Failure};
use crate::output::QueuedWriter;

const CAPACITY: usize = 64;

/// A file for deliveries.
#[derive(Clone, Debug)]
pub(crate) struct RecordFile {
    pub(crate) path: PathBuf,
    /// The size at which a new file is started, in bytes.
    pub(crate) max_bytes: u64,
    /// The number of earlier files that are kept.
    pub(crate) keep: u32,
}

/// Appends to a file, one delivery at a time.
pub(super) struct Recorder(QueuedWriter<Recorded>);

impl Recorder {
    pub(super) fn open(record: RecordFile) -> Result<Self> {
        let mut output = OutputFile::open(record)?;
        Ok(Self(QueuedWriter::new(CAPACITY, move |recorded| output.append(&recorded))))
    }

    pub(super) async fn record(&self, request: &http::Request<Bytes>) -> io::Result<()> {
        self.0.write(Recorded::now(request)).await
    }
}

struct OutputFile {
    record: RecordFile,
    file: File,
    /// Whether it is a regular file, which can be renamed.
    is_regular: bool,
}

impl OutputFile {
    fn open(record: RecordFile) -> Result<Self> {
        let path = &record.path;
        let failed = || format!("cannot write {}", path.display());
        let (mut file, is_regular) = open(path).with_context(failed)?;
        if is_regular {
            // After a failed write, a second recorder would cut off lines of the first.
            file.try_lock().with_context(|| {
                let message = format!("cannot record to {}: another process is recording to it", path.display());
                Failure::new(Code::FileInUse, message, "stop the other process, or name another file")
            })?;
            // The file may have existed with wider permissions.
            #[cfg(unix)]
            file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600)).with_context(failed)?;
            if file.metadata().with_context(failed)?.len() > 0 {
                // A line cut off by a crash must not merge with the next line.
                let mut last = [0];
                file.seek(SeekFrom::End(-1)).and_then(|_| file.read_exact(&mut last)).with_context(failed)?;
                if last != *b"\n" {
                    file.write_all(b"\n").with_context(failed)?;
                }
            }
        }
        Ok(Self { record, file, is_regular })
    }

    fn append(&mut self, recorded: &Recorded) -> io::Result<()> {
        let mut length = self.file.metadata()?.len();
        if self.is_regular && length >= self.record.max_bytes.max(1) {
            self.rotate()?;
            length = 0;
        }
        let written = Recording::append(&self.file, recorded);
        if written.is_err() {
            // A partial line, as on a full disk, must not merge with the next line.
            let _ = self.file.set_len(length);
        }
        written
    }

    /// Renames the file to `FILE.1`, `FILE.1` to `FILE.2` and so on, and starts a new file. Replaces
    /// the oldest one.
    fn rotate(&mut self) -> io::Result<()> {
        let RecordFile { path, keep, .. } = &self.record;
        if *keep == 0 {
            return self.file.set_len(0);
        }
        // If the last attempt could not create the new file, the earlier ones have their names.
        if path.exists() {
            for number in (1..*keep).rev() {
                match fs::rename(earlier(path, number), earlier(path, number + 1)) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
            fs::rename(path, earlier(path, 1))?;
        }
        let (file, _) = open(path)?;
        file.try_lock()?;
        self.file = file;
        Ok(())
    }
}

fn open(path: &Path) -> io::Result<(File, bool)> {
    let mut options = File::options();
    options.create(true).read(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    let is_regular = file.metadata()?.is_file();
    Ok((file, is_regular))
}

fn earlier(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of this test, for one recording.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("birdhook-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn record(&self, max_bytes: u64, keep: u32) -> RecordFile {
            RecordFile { path: self.0.join("r.jsonl"), max_bytes, keep }
        }

        /// Returns the bodies in each file, by its name.
        fn bodies(&self) -> Vec<(String, Vec<String>)> {
            let mut files: Vec<_> = fs::read_dir(&self.0).unwrap().map(|file| file.unwrap().path()).collect();
            files.sort();
            let bodies = |path: &PathBuf| {
                let lines = Recording::new(io::BufReader::new(File::open(path).unwrap()));
                lines.map(|line| String::from_utf8(line.unwrap().body.to_vec()).unwrap())
            };
            let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
            files.iter().map(|path| (name(path), bodies(path).collect())).collect()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn delivery(number: usize) -> Recorded {
        Recorded::now(&http::Request::new(Bytes::from(number.to_string())))
    }

    fn expected(files: &[(&str, &[&str])]) -> Vec<(String, Vec<String>)> {
        let strings = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        files.iter().map(|(name, bodies)| ((*name).to_owned(), strings(bodies))).collect()
    }

    #[test]
    fn a_file_of_the_size_limit_is_renamed_and_the_oldest_one_is_replaced() {
        let folder = Folder::new("rotation");
        let mut output = OutputFile::open(folder.record(1, 2)).unwrap();
        (1..=2).for_each(|number| output.append(&delivery(number)).unwrap());
        assert_eq!(folder.bodies(), expected(&[("r.jsonl", &["2"]), ("r.jsonl.1", &["1"])]));
        (3..=5).for_each(|number| output.append(&delivery(number)).unwrap());
        let files = expected(&[("r.jsonl", &["5"]), ("r.jsonl.1", &["4"]), ("r.jsonl.2", &["3"])]);
        assert_eq!(folder.bodies(), files);
        // A second recorder is refused, and a restart continues.
        assert!(OutputFile::open(folder.record(1, 2)).is_err());
        drop(output);
        OutputFile::open(folder.record(1 << 20, 2)).unwrap().append(&delivery(6)).unwrap();
        assert_eq!(folder.bodies()[0].1, ["5", "6"]);
    }

    #[test]
    fn without_earlier_files_the_file_starts_again() {
        let folder = Folder::new("no-rotation");
        let mut output = OutputFile::open(folder.record(1, 0)).unwrap();
        (1..=3).for_each(|number| output.append(&delivery(number)).unwrap());
        assert_eq!(folder.bodies(), expected(&[("r.jsonl", &["3"])]));
    }

    #[test]
    fn a_new_file_that_cannot_be_created_is_created_later_and_loses_no_earlier_one() {
        let folder = Folder::new("failed-rotation");
        let mut output = OutputFile::open(folder.record(1, 1)).unwrap();
        output.append(&delivery(1)).unwrap();
        // A folder that has the name of the earlier file prevents the renaming.
        let (path, first) = (folder.0.join("r.jsonl"), folder.0.join("r.jsonl.1"));
        fs::create_dir_all(&first).unwrap();
        output.append(&delivery(2)).unwrap_err();
        fs::remove_dir(&first).unwrap();
        // As if the new file could not be created.
        fs::rename(path, first).unwrap();
        output.append(&delivery(3)).unwrap();
        assert_eq!(folder.bodies(), expected(&[("r.jsonl", &["3"]), ("r.jsonl.1", &["1"])]));
    }
}
