//! Elements in and out.

mod reader;
mod writer;

pub(crate) use reader::{Element, Limits, document};
pub(crate) use writer::{XSI_ADDRESS, Writer};
