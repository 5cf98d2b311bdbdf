//! Duplicates are recognised by what several receivers share.

mod bed;
mod outages;
mod receivers;
mod store;
