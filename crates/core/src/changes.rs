//! Change tracking: tokens and reads of the feed. Versions and tombstones themselves are the store's (A4, A5).

pub(crate) mod counts;
pub(crate) mod read;
pub(crate) mod retention;
pub(crate) mod token;
