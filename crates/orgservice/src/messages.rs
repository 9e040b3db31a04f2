//! Messages: what each asks of the organization and how its answer stands in an envelope (organization-service 8). Those of records and changes, whose forms are
//! their own, have a file each; the others are read and written by their definitions in core.

mod arguments;
mod changes;
mod common;
mod definitions;
mod multiple;
mod queries;
mod records;
pub(crate) mod results;
mod specialised;

use std::sync::Arc;

use driftless_core::{Binding, MESSAGES, MessageDef, Organization, Request, Response, Snapshot};
use driftless_model::{Caller, Error, ErrorCode, Result, Uuid};
use driftless_query::Collector;

use crate::contracts;
use crate::namespaces::Ns;
use crate::records::{RecordReader, pairs};
use crate::values::not_offered;
use crate::xml::{Element, Writer};

pub(crate) use common::{pair_begin, pair_end, simple_pair};
pub(crate) use queries::entity_collection;
pub(crate) use records::{Concurrency, create, delete, link, retrieve, update};

/// What all messages of one envelope share.
#[derive(Clone, Copy)]
pub(crate) struct Exchange<'a> {
    pub(crate) organization: &'a Arc<Organization>,
    pub(crate) caller: &'a Arc<Caller>,
    /// Scheme and authority as the client used them.
    pub(crate) origin: &'a str,
    /// The request's id.
    pub(crate) request_id: Uuid,
}

impl<'a> Exchange<'a> {
    /// A reader of rows.
    pub(crate) fn reader(&self, snapshot: &'a Snapshot) -> RecordReader<'a> {
        RecordReader { snapshot, limits: self.organization.limits() }
    }
}

/// Makes a request from the present definitions; called again when they change.
type Lower<'a> = Box<dyn Fn(&Arc<Snapshot>) -> Result<Request> + Send + Sync + 'a>;
/// Writes what came of a write.
type Results<'a> = Box<dyn Fn(Response, &mut Writer) -> Result<()> + Send + 'a>;
/// Writes results; what only reads does so on the way.
type Read<'a> = Box<dyn FnOnce(&mut Writer) -> Result<()> + Send + 'a>;

/// What a message does.
pub(crate) enum Act<'a> {
    /// Reads, and writes its results.
    Read(Read<'a>),
    /// A write, to be run alone or with others.
    Write(Write<'a>),
}

/// A write: what to ask for, and how its results are written.
pub(crate) struct Write<'a> {
    pub(crate) lower: Lower<'a>,
    pub(crate) results: Results<'a>,
}

impl<'a> Act<'a> {
    pub(crate) fn read(run: impl FnOnce(&mut Writer) -> Result<()> + Send + 'a) -> Self {
        Self::Read(Box::new(run))
    }

    pub(crate) fn write(
        lower: impl Fn(&Arc<Snapshot>) -> Result<Request> + Send + Sync + 'a,
        results: impl Fn(Response, &mut Writer) -> Result<()> + Send + 'a,
    ) -> Self {
        Self::Write(Write { lower: Box::new(lower), results: Box::new(results) })
    }

    /// Carries a write out; a read is left for when its results are written. Gives what writes the results.
    ///
    /// # Errors
    /// Whatever a write is refused with.
    pub(crate) async fn carry_out(self, exchange: Exchange<'a>) -> Result<Read<'a>> {
        match self {
            Self::Read(read) => Ok(read),
            Self::Write(write) => {
                let lower = |snapshot: &_| (write.lower)(snapshot);
                let response = exchange.organization.perform(exchange.caller, lower, &mut Collector::default()).await.map_err(Error::alone)?;
                let results = write.results;
                Ok(Box::new(move |writer| results(response, writer)))
            }
        }
    }
}

/// No results.
pub(crate) fn nothing(_: Response, _: &mut Writer) -> Result<()> {
    Ok(())
}

/// The error of an answer of the organization that does not belong to its request.
pub(crate) fn unexpected(what: &str) -> Error {
    Error::damaged(format!("the organization answered {what} with something else"))
}

/// A message of an envelope.
#[derive(Clone, Copy)]
pub(crate) struct Message<'a> {
    /// The element of the request.
    element: Element<'a>,
}

/// A message that has a file of its own.
struct Own {
    name: &'static str,
    parameters: &'static [&'static str],
    act: for<'a> fn(Exchange<'a>, Message<'a>) -> Result<Act<'a>>,
}

const OWN: &[Own] = &[
    Own { name: "AddMembersTeam", parameters: &["TeamId", "MemberIds"], act: specialised::add_members },
    Own { name: "Assign", parameters: &["Target", "Assignee"], act: specialised::assign },
    Own { name: "Associate", parameters: &["Target", "Relationship", "RelatedEntities"], act: records::associate_message },
    Own { name: "Create", parameters: &["Target"], act: records::create_message },
    Own { name: "CreateAttribute", parameters: &["EntityName", "Attribute"], act: definitions::create_attribute },
    Own { name: "CreateEntity", parameters: &["Entity", "PrimaryAttribute", "HasActivities", "HasNotes", "HasFeedback"], act: definitions::create_entity },
    Own { name: "CreateEntityKey", parameters: &["EntityName", "EntityKey"], act: definitions::create_key },
    Own { name: "CreateManyToMany", parameters: &["ManyToManyRelationship", "IntersectEntitySchemaName"], act: definitions::create_many_to_many },
    Own { name: "CreateMultiple", parameters: &["Targets"], act: records::create_multiple },
    Own { name: "CreateOneToMany", parameters: &["OneToManyRelationship", "Lookup"], act: definitions::create_one_to_many },
    Own { name: "CreateOptionSet", parameters: &["OptionSet"], act: definitions::create_option_set },
    Own { name: "Delete", parameters: &["Target", "ConcurrencyBehavior"], act: records::delete_message },
    Own { name: "DeleteAttribute", parameters: &["EntityLogicalName", "LogicalName"], act: definitions::delete_attribute },
    Own { name: "DeleteEntity", parameters: &["LogicalName"], act: definitions::delete_entity },
    Own { name: "DeleteEntityKey", parameters: &["EntityLogicalName", "Name"], act: definitions::delete_key },
    Own { name: "DeleteMultiple", parameters: &["Targets"], act: records::delete_multiple },
    Own { name: "DeleteOptionSet", parameters: &["Name"], act: definitions::delete_option_set },
    Own { name: "DeleteRelationship", parameters: &["Name"], act: definitions::delete_relationship },
    Own { name: "Disassociate", parameters: &["Target", "Relationship", "RelatedEntities"], act: records::disassociate_message },
    Own { name: "ExecuteMultiple", parameters: &["Requests", "Settings"], act: multiple::execute_multiple },
    Own { name: "ExecuteTransaction", parameters: &["Requests", "ReturnResponses"], act: multiple::execute_transaction },
    Own { name: "RemoveMembersTeam", parameters: &["TeamId", "MemberIds"], act: specialised::remove_members },
    Own { name: "Retrieve", parameters: &["Target", "ColumnSet", "RelatedEntitiesQuery", "ReturnNotifications"], act: records::retrieve_message },
    Own { name: "RetrieveEntityChanges", parameters: &["EntityName", "Columns", "DataVersion", "PageInfo", "GetGlobalMetadataVersion"], act: changes::act },
    Own { name: "RetrieveAllOptionSets", parameters: &["RetrieveAsIfPublished"], act: definitions::retrieve_all_option_sets },
    Own { name: "RetrieveMultiple", parameters: &["Query"], act: queries::act },
    Own { name: "SetBusinessEquipment", parameters: &["EquipmentId", "BusinessUnitId"], act: specialised::set_unit_of_equipment },
    Own { name: "SetBusinessSystemUser", parameters: &["UserId", "BusinessId", "ReassignPrincipal"], act: specialised::set_unit_of_user },
    Own { name: "SetBusinessUnit", parameters: &["UserId", "BusinessId", "ReassignPrincipal"], act: specialised::set_unit_of_user },
    Own { name: "SetParentBusinessUnit", parameters: &["BusinessUnitId", "ParentId"], act: specialised::set_parent_unit },
    Own { name: "SetParentSystemUser", parameters: &["UserId", "ParentId", "KeepChildUsers"], act: specialised::set_parent_user },
    Own { name: "SetParentTeam", parameters: &["TeamId", "BusinessId"], act: specialised::set_parent_team },
    Own { name: "SetState", parameters: &["EntityMoniker", "State", "Status"], act: specialised::set_state },
    Own { name: "Update", parameters: &["Target", "ConcurrencyBehavior"], act: records::update_message },
    Own { name: "UpdateAttribute", parameters: &["EntityName", "Attribute", "MergeLabels"], act: definitions::update_attribute },
    Own { name: "UpdateEntity", parameters: &["Entity", "HasActivities", "HasNotes", "MergeLabels"], act: definitions::update_entity },
    Own { name: "UpdateMultiple", parameters: &["Targets", "ConcurrencyBehavior"], act: records::update_multiple },
    Own { name: "UpdateOptionSet", parameters: &["OptionSet", "MergeLabels"], act: definitions::update_option_set },
    Own { name: "UpdateRelationship", parameters: &["Relationship", "MergeLabels"], act: definitions::update_relationship },
    Own { name: "Upsert", parameters: &["Target"], act: records::upsert_message },
    Own { name: "UpsertMultiple", parameters: &["Targets"], act: records::upsert_multiple },
];

/// The names of all messages that are served, in their order.
pub fn message_names() -> Vec<&'static str> {
    let mut names: Vec<_> = OWN.iter().map(|own| own.name).chain(MESSAGES.iter().map(|def| def.name)).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Parameters that any message may have (organization-service 8.1). But for the solution, which messages of definitions read, none has an effect here: there are no
/// plug-ins to pass by and no duplicates to detect.
const ANYWHERE: [&str; 10] = [
    "BypassBusinessLogicExecution",
    "BypassBusinessLogicExecutionStepIds",
    "BypassCustomPluginExecution",
    "CalculateMatchCodeSynchronously",
    "SolutionUniqueName",
    "SuppressCallbackRegistrationExpanderJob",
    "SuppressDuplicateDetection",
    "partitionId",
    "tag",
    "MaintainLegacyAppServerBehavior",
];

/// The name and the namespace of a message's answer, and what it does.
pub(crate) struct Known<'a> {
    pub(crate) name: &'static str,
    ns: Option<Ns>,
    pub(crate) act: Act<'a>,
}

impl<'a> Message<'a> {
    /// The message of a request element.
    pub(crate) fn new(element: Element<'a>) -> Self {
        Self { element }
    }

    /// The name that the request says. What its type says does not count (organization-service 8.1).
    ///
    /// # Errors
    /// 0x80040203 when it says none.
    pub(crate) fn name(self) -> Result<String> {
        let name = self.element.member_text("RequestName").map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
        let stated = || self.element.type_name().and_then(|(_, name)| name.strip_suffix("Request")).map(str::to_owned);
        name.or_else(stated).ok_or_else(|| Error::argument("The request must have its RequestName."))
    }

    /// A parameter that is there and not nil.
    pub(crate) fn get(self, name: &str) -> Option<Element<'a>> {
        let mut pairs = self.element.member("Parameters").into_iter().flat_map(pairs);
        pairs.find(|(key, _)| key.as_ref().is_ok_and(|key| key == name)).map(|(_, value)| value).filter(|value| !value.is_nil())
    }

    /// A parameter that must be there.
    ///
    /// # Errors
    /// 0x80040203 when it is not.
    pub(crate) fn require(self, name: &str) -> Result<Element<'a>> {
        self.get(name).ok_or_else(|| Error::argument(format!("Required field '{name}' is missing.")))
    }

    /// A parameter that is yes or no; no if it is not there.
    ///
    /// # Errors
    /// 0x80040203 when it is neither.
    pub(crate) fn flag(self, name: &str) -> Result<bool> {
        self.get(name).map_or(Ok(false), |element| flag(element, name))
    }

    /// Refuses parameters that the message does not have.
    fn check(self, known: &[&str]) -> Result<()> {
        for (key, _) in self.element.member("Parameters").into_iter().flat_map(pairs) {
            let key = key?;
            if !known.contains(&key.as_str()) && !ANYWHERE.contains(&key.as_str()) {
                return Err(Error::argument(format!("Unrecognized request parameter: {}", crate::values::excerpt(&key))));
            }
        }
        Ok(())
    }

    /// What the message does.
    ///
    /// # Errors
    /// 0x80040315 naming a message that is not there; whatever the message refuses at first sight.
    pub(crate) fn act(self, exchange: Exchange<'a>) -> Result<Known<'a>> {
        let name = self.name()?;
        if let Some(own) = OWN.iter().find(|own| own.name.eq_ignore_ascii_case(&name)) {
            self.check(own.parameters)?;
            return Ok(Known { name: own.name, ns: contracts::message(own.name), act: (own.act)(exchange, self)? });
        }
        let def = self.declared(&name).ok_or_else(|| not_offered(&format!("The message '{name}'")))?;
        let known: Vec<_> = def.input.iter().map(|param| param.name).chain(arguments::bound_parameter(def)).chain(["Principal"]).collect();
        self.check(&known)?;
        let act = Act::write(
            move |snapshot| arguments::Reader { exchange, snapshot }.read(def, self).map(|args| Request::Message(def, args)),
            move |response, writer| results::write(def, (&exchange.organization.snapshot(), exchange.caller.language), response, writer),
        );
        let act = if def.is_read() { Act::read(move |writer| pollster::block_on(act.carry_out(exchange))?(writer)) } else { act };
        Ok(Known { name: def.name, ns: contracts::message(def.name), act })
    }

    /// The declaration of a message in core. Where one name is bound to rows of several tables, the principal says which is meant.
    fn declared(self, name: &str) -> Option<&'static MessageDef> {
        let named = || MESSAGES.iter().filter(|def| def.name.eq_ignore_ascii_case(name));
        let table = self.get("Principal").and_then(|principal| principal.member_text("LogicalName"));
        let bound = table.and_then(|table| named().find(|def| matches!(def.binding, Binding::Row(own) if own == table)));
        bound.or_else(|| named().next())
    }
}

/// Yes or no.
///
/// # Errors
/// 0x80040203 when the element says neither.
pub(crate) fn flag(element: Element<'_>, name: &str) -> Result<bool> {
    match element.text().trim_ascii() {
        "true" | "1" => Ok(true),
        "false" | "0" | "" => Ok(false),
        other => Err(Error::argument(format!("The value '{}' of '{name}' must be true or false.", crate::values::excerpt(other)))),
    }
}

/// A whole number of a member; none if it is not there.
///
/// # Errors
/// 0x80040203 when it is no number.
pub(crate) fn number(element: Element<'_>, name: &str) -> Result<Option<i32>> {
    let Some(text) = element.member_text(name) else { return Ok(None) };
    match text.trim_ascii() {
        "" => Ok(None),
        text => {
            text.parse().map(Some).map_err(|_| Error::argument(format!("The value '{}' of '{name}' must be a whole number.", crate::values::excerpt(text))))
        }
    }
}

impl<'a> Known<'a> {
    /// Runs the message and gives what writes its answer as an element of the name `element`, with its type (organization-service 8.1).
    ///
    /// # Errors
    /// Whatever it is refused with.
    pub(crate) async fn carry_out(self, exchange: Exchange<'a>, element: &'static str) -> Result<Read<'a>> {
        let results = self.act.carry_out(exchange).await?;
        Ok(Box::new(move |writer| response(writer, element, self.name, self.ns, results)))
    }
}

/// Writes the answer to a message: its name, and the results that `results` writes.
///
/// # Errors
/// Those of `results`.
pub(crate) fn response(writer: &mut Writer, element: &str, name: &str, ns: Option<Ns>, results: impl FnOnce(&mut Writer) -> Result<()>) -> Result<()> {
    match ns {
        Some(ns) => writer.open_typed(element, (ns, &format!("{name}Response"))),
        None => writer.open(element),
    }
    writer.element("a:ResponseName", name);
    writer.raw("<a:Results>");
    results(writer)?;
    writer.raw("</a:Results>");
    writer.close(element);
    Ok(())
}

/// The error for a message that cannot stand where it does.
pub(crate) fn not_here(sentence: &str) -> Error {
    Error::new(ErrorCode::InvalidArgument, sentence)
}
