//! Messages that are not operations on records or definitions. One file each; the fronts derive their wire forms from the definitions listed here, and so does
//! the compatibility page.

pub(crate) mod filters;
pub(crate) mod query_expression;

mod bulk_delete;
mod convert_query;
mod create_entities;
mod definition_query;
mod delete_and_promote;
mod eligibility;
mod export_solution;
mod files;
mod format_address;
mod import_solution;
mod initialize_from;
mod labels;
mod options;
mod polymorphic_lookups;
mod publish;
mod reactivate_entity_key;
mod retrieve_current_organization;
mod retrieve_definitions;
mod retrieve_dependencies;
mod retrieve_metadata_changes;
mod retrieve_solution_import_result;
mod retrieve_timestamp;
mod retrieve_total_record_count;
mod retrieve_version;
mod role_privileges;
mod sharing;
mod solution_components;
mod stage_solution;
mod time_zones;
mod types;
mod uninstall_solution;
mod who_am_i;

use driftless_model::{Error, Limits, Result, Scopes};
use driftless_store::Length;

use crate::context::{ReadCx, WriteCx};

pub use types::{Arg, Args, BOUND_ROW, ComplexType, EnumType, Outputs, Param, ParamType, SOLUTION};
pub(crate) use types::{missing, opt, req};

/// Every message.
pub const MESSAGES: &[MessageDef] = &[
    delete_and_promote::DEF,
    delete_and_promote::ASYNC,
    export_solution::DEF,
    convert_query::FROM_FETCH,
    convert_query::TO_FETCH,
    convert_query::VALIDATE,
    create_entities::DEF,
    files::COMMIT_UPLOAD,
    files::DELETE_FILE,
    files::DOWNLOAD_BLOCK,
    files::INITIALIZE_DOWNLOAD,
    files::INITIALIZE_UPLOAD,
    files::UPLOAD_BLOCK,
    files::COMMIT_NOTE_UPLOAD,
    files::INITIALIZE_NOTE_DOWNLOAD,
    files::INITIALIZE_NOTE_UPLOAD,
    bulk_delete::DEF,
    eligibility::CAN_BE_REFERENCED,
    eligibility::CAN_BE_REFERENCING,
    eligibility::CAN_MANY_TO_MANY,
    eligibility::GET_VALID_MANY_TO_MANY,
    eligibility::GET_VALID_REFERENCED,
    eligibility::GET_VALID_REFERENCING,
    format_address::DEF,
    import_solution::DEF,
    import_solution::ASYNC,
    initialize_from::DEF,
    labels::RETRIEVE,
    labels::SET,
    options::DELETE,
    options::INSERT,
    options::INSERT_STATUS,
    options::ORDER,
    options::UPDATE,
    options::UPDATE_STATE,
    polymorphic_lookups::CUSTOMER,
    polymorphic_lookups::POLYMORPHIC,
    export_solution::ASYNC,
    export_solution::DOWNLOAD,
    import_solution::UPGRADE,
    import_solution::UPGRADE_ASYNC,
    publish::PUBLISH_ALL_XML,
    publish::PUBLISH_XML,
    reactivate_entity_key::DEF,
    retrieve_current_organization::DEF,
    retrieve_definitions::ALL_ENTITIES,
    retrieve_definitions::ATTRIBUTE,
    retrieve_definitions::ENTITY,
    retrieve_definitions::ENTITY_KEY,
    retrieve_definitions::OPTION_SET,
    retrieve_definitions::RELATIONSHIP,
    retrieve_metadata_changes::DEF,
    retrieve_timestamp::DEF,
    retrieve_total_record_count::DEF,
    retrieve_version::DEF,
    role_privileges::ADD,
    role_privileges::OF_ROLE,
    role_privileges::OF_TEAM,
    role_privileges::OF_USER,
    role_privileges::REMOVE,
    role_privileges::REPLACE,
    sharing::GRANT,
    sharing::MODIFY,
    sharing::OF_TEAM,
    sharing::OF_USER,
    sharing::REVOKE,
    sharing::SHARED,
    retrieve_dependencies::MISSING,
    retrieve_dependencies::FOR_UNINSTALL,
    retrieve_dependencies::FOR_DELETE,
    retrieve_dependencies::DEPENDENT,
    retrieve_dependencies::REQUIRED,
    retrieve_solution_import_result::DEF,
    solution_components::ADD,
    solution_components::REMOVE,
    stage_solution::DEF,
    time_zones::CODE_BY_NAME,
    time_zones::LOCAL_TIME,
    time_zones::UTC_TIME,
    uninstall_solution::DEF,
    who_am_i::DEF,
];

/// A message: its name, parameters, results and code.
pub struct MessageDef {
    /// Name on the wire.
    pub name: &'static str,
    /// Function (GET) or action (POST).
    pub kind: MessageKind,
    /// What it is bound to.
    pub binding: Binding,
    /// What a token must have been made for to call it (AUTH-25). With `admin` it is for System Administrators; without, for everybody who has a role, and its
    /// code asks for the privileges that it needs.
    pub scope: Scopes,
    /// Parameters.
    pub input: &'static [Param],
    /// Results.
    pub output: &'static [Param],
    /// How its unit may be scheduled.
    pub length: Length,
    /// Work that needs no transaction, such as reading a package; done once, before the unit.
    pub(crate) prepare: Option<fn(&mut Args, &Limits) -> Result<()>>,
    /// What it does.
    pub(crate) run: Run,
    /// What a failure leaves behind, in a unit of its own.
    pub(crate) on_failure: Option<OnFailure>,
}

/// Records a failure, from the message's parameters and the error.
pub(crate) type OnFailure = fn(&mut WriteCx<'_>, &Args, &Error) -> Result<()>;

impl MessageDef {
    /// A message that reads, is bound to nothing and is for everybody who has a role.
    pub(crate) const fn reading(
        name: &'static str,
        kind: MessageKind,
        input: &'static [Param],
        output: &'static [Param],
        run: fn(&ReadCx<'_>, &Args) -> Result<Outputs>,
    ) -> Self {
        Self {
            name,
            kind,
            binding: Binding::None,
            scope: Scopes::READ,
            input,
            output,
            length: Length::Short,
            prepare: None,
            run: Run::Read(run),
            on_failure: None,
        }
    }
}

impl std::fmt::Debug for MessageDef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl MessageDef {
    /// True for messages that change nothing.
    #[must_use]
    pub fn is_read(&self) -> bool {
        matches!(self.run, Run::Read(_))
    }
}

/// A message either reads or writes.
pub(crate) enum Run {
    Read(fn(&ReadCx<'_>, &Args) -> Result<Outputs>),
    Write(fn(&mut WriteCx<'_>, &Args) -> Result<Outputs>),
}

/// How a message is called over the Web API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageKind {
    /// By GET, without side effects.
    Function,
    /// By POST.
    Action,
}

/// What a message is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// Nothing.
    None,
    /// A row of this table, which stands among the arguments as [`BOUND_ROW`].
    Row(&'static str),
    /// The set of this table.
    Set(&'static str),
}
