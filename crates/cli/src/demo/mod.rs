//! The change tracking sample as a story (CT-70): the parts that `commands/demo.rs` puts together.
//!
//! `package` makes the demo's own solution, `bookshelf` finds the table to write to, `story` makes the requests and collects facts, `telling`
//! turns facts into text and JSON, `requests` shows and keeps what went over the wire, `home` is the folder that the service lives in.

pub(crate) mod bookshelf;
pub(crate) mod home;
pub(crate) mod package;
pub(crate) mod requests;
pub(crate) mod story;
pub(crate) mod telling;
