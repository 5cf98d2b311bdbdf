//! The pages, as a person uses them.

use std::path::Path;

use serde_json::json;

use crate::browser::Browser;
use crate::site::{Site, activity, message};

const ROWS: &str = "document.querySelectorAll('#requests tbody tr:not(.empty)').length";

#[test]
fn requests_appear_live_and_pause_holds_them_back() {
    let (site, mut browser) = (Site::start(), Browser::start());
    browser.open(&site.url("/"));
    assert!(browser.eval("document.body.textContent.includes('No request yet')").as_bool().unwrap());
    browser.wait_until("document.getElementById('live').textContent === 'Live'");
    site.deliver(&activity("1", "like.create"));
    browser.wait_until(&format!("{ROWS} === 1"));
    assert!(!browser.eval("document.body.textContent.includes('No request yet')").as_bool().unwrap());
    browser.eval("document.getElementById('pause').click()");
    site.deliver(&activity("2", "like.create"));
    site.deliver(&activity("1", "like.create"));
    browser.wait_until("document.getElementById('live').textContent === 'Paused, 2 new'");
    assert_eq!(browser.eval(ROWS), 1);
    browser.eval("document.getElementById('pause').click()");
    browser.wait_until(&format!("{ROWS} === 3"));
    let first = browser.eval("document.querySelector('#requests tbody tr .outcome strong').textContent");
    assert_eq!(first, "duplicate", "the newest is first");
    browser.open(&site.url("/?outcome=duplicate"));
    assert_eq!(browser.eval(ROWS), 1);
    assert_eq!(browser.complaints, Vec::<String>::new());
}

#[test]
fn hostile_texts_run_no_script_in_rows_that_arrive_live_nor_in_a_delivery() {
    const HOSTILE: &str = "<img src=x onerror=alert(1)><script>alert(2)</script></pre><svg onload=alert(3)>";
    let (site, mut browser) = (Site::start(), Browser::start());
    browser.open(&site.url("/?reveal=1"));
    browser.wait_until("document.getElementById('live').textContent === 'Live'");
    site.deliver(&message("1", HOSTILE));
    let text = serde_json::Value::from(HOSTILE);
    site.deliver(&format!(
        r#"{{"for_user_id":{text},"tweet_delete_events":[{{"status":{{"id":"1","user_id":"2"}}}}]}}"#
    ));
    browser.wait_until(&format!("{ROWS} === 2"));
    assert!(
        browser.eval("document.getElementById('requests').textContent.includes('onerror=alert(1)')").as_bool().unwrap()
    );
    let elements = "document.querySelectorAll('main img, main script, svg:not(.spark)').length";
    assert_eq!(browser.eval(elements), 0);
    let link = browser.eval("document.querySelector('#requests tbody tr:last-child a').href");
    browser.open(link.as_str().unwrap());
    assert!(browser.eval("document.querySelector('pre').textContent.includes('onerror=alert(1)')").as_bool().unwrap());
    assert_eq!(browser.eval(elements), 0);
    assert_eq!(browser.complaints, Vec::<String>::new());
}

#[test]
fn everything_is_reached_with_the_keyboard_alone() {
    let (site, mut browser) = (Site::start(), Browser::start());
    site.fill();
    browser.open(&site.url("/"));
    browser.wait_until("document.getElementById('live').textContent === 'Live'");
    tab_to(&mut browser, "document.activeElement.className === 'skip'");
    browser.press("Enter");
    tab_to(&mut browser, "document.activeElement.id === 'pause'");
    browser.press(" ");
    browser.wait_until("document.getElementById('pause').getAttribute('aria-pressed') === 'true'");
    let outline = "getComputedStyle(document.activeElement).outlineStyle !== 'none'";
    assert!(browser.eval(outline).as_bool().unwrap(), "the focus is visible");
    tab_to(&mut browser, "document.activeElement.closest('#requests') !== null");
    browser.press("Enter");
    browser.wait_until("location.pathname.startsWith('/birdhook/deliveries/') && document.readyState === 'complete'");
    tab_to(&mut browser, "document.activeElement.className === 'reveal'");
    browser.press("Enter");
    browser.wait_until("location.search === '?reveal=1'");
}

pub(crate) fn tab_to(browser: &mut Browser, condition: &str) {
    for _ in 0..60 {
        browser.press("Tab");
        if browser.eval(condition).as_bool().unwrap() {
            return;
        }
    }
    panic!("60 tabs never reach: {condition}");
}

#[test]
fn values_are_revealed_and_copied() {
    let (site, mut browser) = (Site::start(), Browser::start());
    site.deliver(&message("1", "See you at noon"));
    browser.open(&site.url("/"));
    let link = browser.eval("document.querySelector('#requests tbody a').href");
    browser.open(link.as_str().unwrap());
    assert!(!browser.eval("document.documentElement.innerHTML.includes('See you')").as_bool().unwrap());
    browser.open(&format!("{}?reveal=1", link.as_str().unwrap()));
    assert!(browser.eval("document.querySelector('.pair').textContent.includes('See you at noon')").as_bool().unwrap());
    browser.eval("document.querySelector('[data-copy=copy-curl]').click()");
    browser.wait_until("['Copied', 'Selected'].includes(document.querySelector('[data-copy=copy-curl]').textContent)");
    assert_eq!(browser.complaints, Vec::<String>::new());
}

#[test]
fn pages_fit_into_400_pixels_and_stay_readable_in_both_colours() {
    let (site, mut browser) = (Site::start(), Browser::start());
    site.fill();
    browser.open(&site.url("/"));
    let duplicate = "[...document.querySelectorAll('#requests tr')].find(row => row.textContent.includes('duplicate'))";
    let link = browser.eval(&format!("{duplicate}.querySelector('a').href"));
    let link = link.as_str().unwrap();
    for (name, url) in
        [("requests", site.url("/")), ("hidden", link.to_owned()), ("revealed", format!("{link}?reveal=1"))]
    {
        let selectors = [".note", ".cause", ".bad", ".good", "a", "code"];
        fits_and_is_readable(&mut browser, name, &[400, 1280], &selectors, |browser| browser.open(&url));
    }
}

/// Checks a page at these widths in both colours, and keeps pictures if asked.
pub(crate) fn fits_and_is_readable(
    browser: &mut Browser,
    name: &str,
    widths: &[u32],
    selectors: &[&str],
    open: impl Fn(&mut Browser),
) {
    let pictures = std::env::var_os("BIRDHOOK_SCREENSHOTS");
    for &width in widths {
        for scheme in ["light", "dark"] {
            browser.look(width, scheme);
            open(browser);
            let overflow = browser.eval("document.documentElement.scrollWidth - innerWidth");
            assert!(overflow.as_i64().unwrap() <= 0, "{name} at {width} px: {overflow} px too wide");
            if let Some(folder) = &pictures {
                let picture = browser.picture();
                std::fs::write(Path::new(folder).join(format!("{name}-{width}-{scheme}.png")), picture).unwrap();
            }
            for selector in selectors {
                let contrast = contrast_of(browser, selector);
                assert!(contrast >= 4.5, "{name}, {scheme}: {selector} has a contrast of {contrast:.1}");
            }
        }
    }
}

#[test]
fn ten_thousand_requests_leave_a_page_that_is_short_and_responds() {
    let (site, mut browser) = (Site::start(), Browser::start());
    browser.open(&site.url("/"));
    browser.wait_until("document.getElementById('live').textContent === 'Live'");
    for hundred in 0..100 {
        // Duplicates, because nothing consumes the events.
        (0..100).for_each(|_| _ = site.deliver(&activity("1", "like.create")));
        // The newest is shown before the next hundred is sent.
        browser.wait_until(&format!(
            "document.querySelector('#requests tbody tr').id.endsWith('-{}')",
            (hundred + 1) * 100
        ));
        assert!(browser.eval(ROWS).as_u64().unwrap() <= 500);
    }
    assert_eq!(browser.eval(ROWS), 500);
    tab_to(&mut browser, "document.activeElement.id === 'pause'");
    browser.press(" ");
    site.deliver(&activity("x", "like.create"));
    browser.wait_until("document.getElementById('live').textContent === 'Paused, 1 new'");
    assert_eq!(browser.complaints, Vec::<String>::new());
}

fn contrast_of(browser: &mut Browser, selector: &str) -> f64 {
    browser.eval(&format!("({CONTRAST})({})", json!(selector))).as_f64().unwrap()
}

/// Returns the lowest contrast of the elements' texts with the page, by the formula of WCAG 2.
const CONTRAST: &str = "selector => {
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const light = colour => {
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map(value => {
            const part = value / 255;
            return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const background = element => {
        const colour = getComputedStyle(element).backgroundColor;
        return colour !== 'rgba(0, 0, 0, 0)' || !element.parentElement ? colour : background(element.parentElement);
    };
    const contrasts = [...document.querySelectorAll(selector)].map(element => {
        const pair = [light(getComputedStyle(element).color), light(background(element))].sort((a, b) => b - a);
        return (pair[0] + 0.05) / (pair[1] + 0.05);
    });
    return Math.min(21, ...contrasts);
}";
