//! Signing in, from a form to a caller, on a real organization in a folder of the test's own.

#![allow(clippy::unwrap_used, clippy::panic)] // a test fails by panicking, in its helpers too

mod assertions;
mod confusion;
mod credentials;
mod outside;
mod people;
mod rsa;
mod stage;
mod tokens;
