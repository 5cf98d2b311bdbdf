//! The code of the guides that needs no setup, as documentation tests.

#[doc = include_str!("../../docs/guide/getting-started.md")]
struct GettingStarted;

#[doc = include_str!("../../docs/guide/inbox.md")]
struct Inbox;

#[doc = include_str!("../../docs/guide/bot.md")]
struct Bot;

#[doc = include_str!("../../docs/guide/console.md")]
struct Console;

#[doc = include_str!("../../docs/guide/scale.md")]
struct Scale;

#[doc = include_str!("../../docs/guide/migration.md")]
struct Migration;

#[doc = include_str!("../../docs/guide/operations.md")]
struct Operations;
