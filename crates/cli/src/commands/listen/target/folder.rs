//! The inboxes of targets, in the folder of the main inbox.

use std::fs;
use std::path::{Path, PathBuf};

use birdhook::inbox::Inbox;

use super::{Target, TargetMode};

/// The folder of the targets' inboxes.
const TARGETS: &str = "targets";

/// Returns the folder of a target's own inbox.
pub(crate) fn inbox_folder(main: &Path, name: &str) -> PathBuf {
    main.join(TARGETS).join(name)
}

/// Returns the target whose events the main inbox holds itself, if there is only one.
///
/// A target that has an inbox keeps it, because events may wait there. In the mode `raw`, a delivery
/// is one message but may be several events of the main inbox.
pub(crate) fn sole_target<'t>(main: &Path, targets: &'t [Target]) -> Option<&'t Target> {
    let [target] = targets else { return None };
    let has_inbox = Inbox::contains(inbox_folder(main, &target.name));
    (target.mode != TargetMode::Raw && !has_inbox).then_some(target)
}

/// Returns the inboxes of targets that are not configured.
pub(crate) fn former_targets(main: &Path, targets: &[Target]) -> Vec<(String, PathBuf)> {
    let entries = fs::read_dir(main.join(TARGETS)).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let is_former = |name: &String| targets.iter().all(|target| target.name != *name);
    let folders = names.filter(is_former).map(|name| (name.clone(), inbox_folder(main, &name)));
    let mut former: Vec<_> = folders.filter(|(_, folder)| Inbox::contains(folder)).collect();
    former.sort_unstable();
    former
}
