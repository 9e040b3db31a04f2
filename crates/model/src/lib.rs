//! The words of the domain: names, values, records, column types, table definitions, versions and errors.
//!
//! Everything here is plain data and pure functions. There is no I/O, no SQL, no JSON syntax and no HTTP. Start with
//! [`Table`] (a definition as readers use it), then [`Value`] (what a column holds) and [`Error`] (what goes wrong).
//!
//! What multiplies has one file each: column types under `column/`, error codes in `error/codes.rs`.

mod caller;
mod choice;
mod codec;
mod column;
mod error;
mod fold;
mod key;
mod label;
mod limits;
pub mod literal;
mod many_to_many;
mod name;
pub mod percent;
mod record;
mod relationship;
mod scopes;
mod table;
mod thousands;
mod value;
mod version;

pub use caller::{Caller, Privilege};
pub use choice::{ChoiceOption, ChoiceSet, ChoiceSource, StateOption, StatusOption};
pub use codec::{decimal_from_order_bytes, decimal_to_order_bytes, money_from_decimal, money_to_decimal};
pub use column::{
    BooleanColumn, ChoiceColumn, Column, ColumnIx, ColumnRole, ColumnType, DateBehavior, DateFormat, DateTimeColumn, DecimalColumn, FileColumn, FloatColumn,
    ImageColumn, IntegerColumn, IntegerFormat, LookupColumn, LookupKind, MoneyColumn, PrecisionSource, RequiredLevel, Shape, StateColumn, StatusColumn,
    TextColumn, TextFormat, Validity,
};
pub use error::{Error, ErrorCode, Result};
pub use fold::{FOLD_VERSION, compare, fold, matches_pattern};
pub use key::{AlternateKey, KeyIndexStatus};
pub use label::{ENGLISH, Label};
pub use limits::Limits;
pub use many_to_many::{ManyToMany, Pairing, Side, SideRole};
pub use name::{LogicalName, SchemaName, SetName, check_name, physical_name};
pub use record::{Reference, TableCode};
pub use relationship::{AssociatedMenu, Cascade, CascadeAction, DeleteAction, MenuBehavior, MenuGroup, Relationship};
pub use rust_decimal::{Decimal, RoundingStrategy};
pub use scopes::{Scopes, ScopesError};
pub use table::{Ownership, SpecialColumns, Table, TableDef};
pub use thousands::separate_thousands;
pub use uuid::Uuid;
pub use value::{Value, ValueRef};
pub use version::{Epoch, Position, Version};
