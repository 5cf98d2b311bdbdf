//! Makes the pictures of the README and the guide: `pictures FOLDER PROGRAMS`. `PROGRAMS` is the
//! folder of the built tool, which also has the built examples.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a tool")]
#![allow(clippy::print_stdout, dead_code, reason = "a tool that shares modules with the tests")]

#[path = "../browser.rs"]
mod browser;
mod mock_x;
mod png;
#[path = "../site.rs"]
mod site;
mod terminal;

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use browser::Browser;
use site::Site;

/// Pixels of a picture per pixel of a page, so that texts are sharp on dense screens.
const SCALE: f64 = 1.5;
/// Maximum size of a picture: the repository keeps every version.
const MAX_BYTES: usize = 200 << 10;

fn main() {
    let mut args = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(folder), Some(programs)) = (args.next(), args.next()) else { panic!("pictures FOLDER PROGRAMS") };
    std::fs::create_dir_all(&folder).unwrap();
    let mut browser = Browser::start();

    let site = Site::start();
    site.fill();
    browser.look(1000, "light");
    browser.open(&site.url("/"));
    browser.wait_until("document.getElementById('live').textContent === 'Live'");
    save(&mut browser, &folder.join("console.png"));
    let duplicate = "[...document.querySelectorAll('#requests tr')].find(row => row.textContent.includes('duplicate'))";
    let link = browser.eval(&format!("{duplicate}.querySelector('a').href"));
    browser.open(&format!("{}?reveal=1", link.as_str().unwrap()));
    save(&mut browser, &folder.join("console-request.png"));

    let x = mock_x::start();
    browser.open(&x.url());
    browser.wait_until("document.querySelectorAll('#ledger button').length > 4");
    save(&mut browser, &folder.join("mock-x.png"));

    browser.look(1000, "dark");
    for (name, page) in [("quickstart", terminal::quickstart(&programs)), ("doctor", terminal::doctor(&programs))] {
        let file = tempfile::Builder::new().suffix(".html").tempfile().unwrap();
        std::fs::write(file.path(), page).unwrap();
        browser.open(&format!("file://{}", file.path().display()));
        save(&mut browser, &folder.join(format!("{name}.png")));
    }
}

/// Writes a picture of the whole page.
fn save(browser: &mut Browser, path: &Path) {
    let size = browser.eval("(body => [body.right, body.bottom])(document.body.getBoundingClientRect())");
    let clip = json!({"x": 0, "y": 0, "width": size[0], "height": size[1], "scale": SCALE});
    let picture = browser.call("Page.captureScreenshot", &json!({"clip": clip, "captureBeyondViewport": true}));
    let picture = png::compact(&STANDARD.decode(picture["data"].as_str().unwrap()).unwrap());
    println!("{:4} KiB {}", picture.len().div_ceil(1024), path.display());
    assert!(picture.len() <= MAX_BYTES, "{} has more than {MAX_BYTES} bytes", path.display());
    std::fs::write(path, picture).unwrap();
}
