//! Pages that show what programs print on a terminal.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use anstyle_svg::{Term, WIN10_CONSOLE};

/// The colours of the pages' dark scheme.
const STYLE: &str = "<style>
body { margin: 0; width: max-content; background: #14191e; }
.container { padding: 8px 16px; color: #dde4ea; }
span { font-family: 'DejaVu Sans Mono', monospace; }
.dimmed { opacity: .7; }
</style>";

/// The quickstart of the README.
pub(crate) fn quickstart(programs: &Path) -> String {
    let program = programs.join("examples/quickstart");
    page("cargo run --example quickstart", &printed(&program.display().to_string(), 122, ""))
}

/// The doctor, at a receiver that has the secret of another app.
pub(crate) fn doctor(programs: &Path) -> String {
    let tool = programs.join("birdhook");
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut listen = Command::new(&tool);
    listen.args(["listen", "--addr", &address.to_string()]).env("BIRDHOOK_CLIENT_SECRET", "secret-of-another-app");
    let _receiver = Receiver(listen.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    while TcpStream::connect(address).is_err() {
        sleep(Duration::from_millis(20));
    }
    let words = format!("doctor --local http://{address}/webhooks/twitter");
    page(&format!("birdhook {words}"), &printed(&format!("{} {words}", tool.display()), 92, "secret-of-the-app"))
}

struct Receiver(Child);

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Returns what a command prints on a terminal of this width, with its escape codes.
fn printed(command: &str, columns: u32, secret: &str) -> String {
    let script = format!("stty cols {columns} rows 50; exec {command}");
    let mut terminal = Command::new("script");
    // `script` reports the exit code, which is 1 if the doctor finds a fault.
    terminal.args(["--quiet", "--command", &script, "/dev/null"]).stdin(Stdio::null());
    terminal.env_remove("NO_COLOR").env("TERM", "xterm-256color").env("BIRDHOOK_CLIENT_SECRET", secret);
    let output = String::from_utf8(terminal.output().unwrap().stdout).unwrap();
    assert!(!output.is_empty(), "`{command}` prints nothing");
    // Progress is written over the line again and again. Only the last text stays.
    let lines = output.lines().map(|line| line.rsplit("\x1b[2K").next().unwrap_or(line).trim_end());
    lines.collect::<Vec<_>>().join("\n")
}

fn page(command: &str, output: &str) -> String {
    let shown = format!("\x1b[2m$\x1b[0m \x1b[1m{command}\x1b[0m\n{output}");
    Term::new().palette(WIN10_CONSOLE).render_html(&shown).replace("</head>", &format!("{STYLE}</head>"))
}
