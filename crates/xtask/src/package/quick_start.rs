//! The quick start of the tool's README, run with an installed tool.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::guides::blocks;
use crate::process::printed;
use crate::tools::target_folder;

const PAGE: &str = "crates/cli/README.md";
/// The address that the page names, where another program may listen.
const ADDRESS: &str = "127.0.0.1:8080";
/// Time limit for the start of the receiver.
const START: Duration = Duration::from_secs(30);

/// A command of the page: variables and words.
type Line = (Vec<(String, String)>, Vec<String>);

/// Runs the page's commands with this program, and checks that the event is printed.
pub(crate) fn quick_start(tool: &Path) -> Result<()> {
    let page = fs::read_to_string(PAGE)?;
    let lines = commands(&page);
    let (receivers, others): (Vec<_>, Vec<_>) =
        lines.into_iter().partition(|(_, words)| words.first().is_some_and(|word| word == "listen"));
    let [(variables, words)] = receivers.as_slice() else { bail!("{PAGE} does not start one receiver") };
    ensure!(!others.is_empty(), "{PAGE} sends no event");
    let free = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
    let folder = target_folder()?.join("packages");
    fs::create_dir_all(&folder)?;
    let output = folder.join("quick-start.txt");
    let mut listen = Command::new(tool);
    listen.args(words).args(["--addr", &free]).envs(variables.iter().cloned());
    listen.stdin(Stdio::null()).stdout(fs::File::create(&output)?);
    println!("$ birdhook {} --addr {free} &", words.join(" "));
    let mut receiver = Receiver(listen.spawn().context("cannot start the tool")?);
    receiver.wait_until_it_listens(&free)?;
    for (variables, words) in others {
        let words = words.iter().map(|word| word.replace(ADDRESS, &free));
        print!("{}", printed(Command::new(tool).args(words).envs(variables))?);
    }
    drop(receiver);
    let events = fs::read_to_string(&output)?;
    print!("{events}");
    ensure!(events.contains("liked"), "the receiver printed no like: {events}");
    Ok(())
}

/// Returns the tool's commands on a page, each with the variables that are set for it.
fn commands(page: &str) -> Vec<Line> {
    let (mut commands, mut exported) = (Vec::new(), Vec::new());
    let shell = blocks(page).into_iter().filter(|(_, language, _)| *language == "sh");
    for line in shell.flat_map(|(_, _, code)| code.lines().map(str::to_owned).collect::<Vec<_>>()) {
        let is_export = line.starts_with("export ");
        let mut words = line.trim_start_matches("export ").split_whitespace().map(str::to_owned).peekable();
        let mut variables = Vec::new();
        while let Some((name, value)) = words.peek().and_then(|word| word.split_once('=')) {
            variables.push((name.to_owned(), value.to_owned()));
            words.next();
        }
        if is_export {
            exported.append(&mut variables);
        } else if words.next().as_deref() == Some("birdhook") {
            commands.push((exported.iter().cloned().chain(variables).collect(), words.collect()));
        }
    }
    commands
}

/// Ends with the value.
struct Receiver(Child);

impl Receiver {
    fn wait_until_it_listens(&mut self, address: &str) -> Result<()> {
        let start = Instant::now();
        while TcpStream::connect(address).is_err() {
            if let Some(status) = self.0.try_wait()? {
                bail!("the receiver ended with {status}");
            }
            ensure!(start.elapsed() < START, "the receiver does not listen after {START:?}");
            sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_have_their_own_and_exported_variables() {
        let page = "```sh\ncargo install x\nA=1 birdhook listen\n```\n```sh\nexport B=2\nbirdhook trigger url\n```\n\
                    ```text\nbirdhook no\n```\n";
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let expected = [(vec![pair("A", "1")], words("listen")), (vec![pair("B", "2")], words("trigger url"))];
        assert_eq!(commands(page), expected);
    }
}
