//! Elements in and out.

mod reader;
mod writer;

pub(crate) use reader::{Element, Limits, document, text};
pub(crate) use writer::{Writer, XSI_ADDRESS};
