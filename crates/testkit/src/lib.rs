//! What tests of the whole service share: a service on a folder of its own, a plain HTTP client, solution packages, and the runner of golden
//! files.
//!
//! Start with [`TestServer`]. Nothing here is used by the program itself.

mod folder;
mod golden;
mod http;
mod normal;
mod packages;
mod server;

pub use folder::TestFolder;
pub use golden::{Exchange, GoldenFile, play, run_golden};
pub use http::{Answer, HttpClient};
pub use normal::Captures;
pub use packages::{BERTHS, berths, encoded};
pub use server::TestServer;
