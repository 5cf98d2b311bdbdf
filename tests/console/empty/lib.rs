//! Only tests, in `main.rs`: they start Chromium, which `cargo xtask ci console` installs.
