//! Definitions as doors show and read them: tables, columns, keys, relationships, choices (web-api 26, organization-service 8.9).
//!
//! An [`Item`] is one definition as a value of a type that [`types`] describes; its properties are [`Node`]s. A [`Selection`] walks over what a query of
//! definitions selects. [`read`] goes the other way: from what a customizer sends to the organization's specifications; [`update`] and [`delete`]
//! make what changes a present one.

pub mod types;

mod change;
mod choice;
mod column;
mod criteria;
mod item;
mod key;
mod many_to_many;
mod node;
pub mod read;
mod relationship;
mod selection;
mod table;

pub use change::{delete, update};
pub use choice::{Options, SetKind};
pub use item::{Item, Source, View};
pub use node::{Node, Object};
pub use selection::{Chosen, Selection, Shown};
