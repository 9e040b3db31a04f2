//! Elements in and out.

mod writer;
