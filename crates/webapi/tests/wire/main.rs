//! The front on a real organization, asked as clients ask: each test is one conversation.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests fail as tests do

mod changes;
mod definitions;
mod queries;
mod records;
mod rules;
mod service;
