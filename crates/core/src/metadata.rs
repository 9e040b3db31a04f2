//! Definitions: what readers use ([`Snapshot`]), what a customizer asks for (`spec`), and how definitions are checked and written (`write`).

pub(crate) mod choices;
pub(crate) mod columns;
pub(crate) mod companions;
pub(crate) mod keys;
pub(crate) mod many_to_many;
pub(crate) mod options;
pub(crate) mod privileges;
pub(crate) mod regarding;
pub(crate) mod relationships;
pub(crate) mod run;
pub(crate) mod system_columns;
pub(crate) mod tables;
pub(crate) mod validate;
pub(crate) mod views;

mod collection;
mod eligibility;
mod query;
mod snapshot;
mod spec;
mod stored;
#[cfg(test)]
mod tests;

pub use collection::Collection;
pub use eligibility::{Eligibility, eligibility};
pub(crate) use privileges::{ACT_ON_BEHALF, BULK_DELETE, privilege_id, special_privilege_id};
pub use privileges::{TablePrivilege, privileges_of};
pub use query::{Condition, ConditionOperator, Criteria, DefinitionQuery, PartQuery, Properties, SelectedDefinitions, Subject};
pub use snapshot::Snapshot;
pub use spec::{
    ChoiceSpec, ChoiceUpdate, ColumnSpec, ColumnUpdate, KeySpec, ManyToManySpec, ManyToManyUpdate, Origin, RelationshipSpec, RelationshipUpdate, SideSpec,
    TableSpec, TableUpdate,
};
pub use stored::{Definition, InertComponent};
