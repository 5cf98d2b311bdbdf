//! A terminal for the standard error of a command.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::process::{Command, Stdio};

use rustix::io::{FdFlags, fcntl_setfd};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// Runs a command with a terminal of 80 columns as standard error. Returns its standard output and
/// what it wrote to the terminal.
pub(crate) fn on_terminal(command: Command) -> (String, String) {
    on_terminal_until(command, |_| false)
}

/// Like [`on_terminal`], but kills the command once `is_enough` accepts what the terminal got.
pub(crate) fn on_terminal_until(mut command: Command, is_enough: impl Fn(&str) -> bool) -> (String, String) {
    let (mut terminal, side) = open();
    if !command.get_envs().any(|(name, _)| name == "TERM") {
        command.env("TERM", "xterm");
    }
    command.stdout(Stdio::piped()).stderr(side);
    let mut child = command.spawn().unwrap();
    // The terminal ends when the last process that has it open ends.
    drop(command);
    let (mut shown, mut piece) = (String::new(), [0; 4096]);
    while let Ok(length @ 1..) = terminal.read(&mut piece) {
        shown += &String::from_utf8_lossy(&piece[..length]);
        if is_enough(&shown) {
            child.kill().unwrap();
        }
    }
    let output = child.wait_with_output().unwrap();
    (String::from_utf8(output.stdout).unwrap(), shown)
}

/// Opens a terminal of 80 columns. Returns the side of the person and that of the programs.
pub(crate) fn open() -> (File, File) {
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    // A command that had this side too would keep the terminal open.
    fcntl_setfd(&terminal, FdFlags::CLOEXEC).unwrap();
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    tcsetwinsize(&terminal, Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
    let name = ptsname(&terminal, Vec::new()).unwrap();
    let side = OpenOptions::new().read(true).write(true).open(std::ffi::OsStr::from_bytes(name.as_bytes())).unwrap();
    (File::from(terminal), side)
}
