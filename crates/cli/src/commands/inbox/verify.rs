//! `birdhook inbox verify`: checks an inbox against its checksums.

use anyhow::{Error, Result};
use birdhook::inbox::StoreError;
use birdhook::inbox::control::ControlError;
use serde_json::json;

use super::folder::Folder;
use crate::exit_status::ExitStatus;
use crate::output::{self, BAD, GOOD, plural, styled};

/// Check an inbox against its checksums.
///
/// The whole inbox is read. Exit code 1 if it is damaged, 2 if it cannot be read. With --json, the
/// output is an object: `sound`, and either `events`, the number of events, or `damage`, the fault.
#[derive(Debug, clap::Args)]
pub(super) struct Verify {
    #[command(flatten)]
    folder: Folder,
}

impl Verify {
    pub(super) async fn run(self, json: bool) -> Result<ExitStatus> {
        let verified = self.folder.with(async |inbox| Ok(inbox.verify().await?)).await;
        let (is_sound, report, text) = match verified {
            Ok(events) => {
                let text = format!("sound: {}, all checksums match", plural(events, "event"));
                (true, json!({"sound": true, "events": events}), styled(GOOD, text))
            }
            Err(error) => match damage(&error) {
                Some(what) => (false, json!({"sound": false, "damage": what}), styled(BAD, format!("damaged: {what}"))),
                None => return Err(error),
            },
        };
        if json { output::json(&report) } else { output::line(text) }?;
        Ok(is_sound.into())
    }
}

fn damage(error: &Error) -> Option<&str> {
    let store = match error.downcast_ref() {
        Some(ControlError::Store(store)) => store,
        _ => error.downcast_ref::<StoreError>()?,
    };
    match store {
        StoreError::Corrupt(what) => Some(what),
        _ => None,
    }
}
