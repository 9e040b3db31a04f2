//! Messages of records: one row, several rows, links between rows (organization-service 5, 8.2, 8.8).

use std::sync::Arc;

use driftless_contract::companions::CURRENCY;
use driftless_core::{Association, Create, Delete, Existence, Field, Identity, Request, Response, Retrieve, Snapshot, Target, Update, Upsert, Written};
use driftless_model::{ColumnIx, ColumnType, Error, ErrorCode, LogicalName, Result, Table, Value, Version};
use driftless_query::{Columns, Query};

use super::multiple::check_size;
use super::queries::collection_within;
use super::{Act, Exchange, Message, nothing, pair_begin, pair_end, simple_pair, unexpected};
use crate::namespaces::Ns;
use crate::records::{Entity, named_table, no_such_column};
use crate::rows::{EntitySink, Frame, Lowered, write_id, write_reference};
use crate::values::{excerpt, not_offered};
use crate::xml::{Element, Writer};

/// Makes a row; `results` writes its id.
pub(crate) fn create<'a>(exchange: Exchange<'a>, entity: Element<'a>, results: fn(&Written, &mut Writer)) -> Act<'a> {
    Act::write(
        move |snapshot| Ok(creation(snapshot, exchange.reader(snapshot).entity(entity)?)),
        move |response, writer| written(response).map(|written| results(&written, writer)),
    )
}

/// The request to make the row of an entity. Values of a key that it names are the row's, unless its attributes say otherwise.
fn creation(snapshot: &Snapshot, entity: Entity) -> Request {
    let mut record = entity.record;
    let key = if let Some(Identity::Key(values)) = entity.identity { values } else { Vec::new() };
    for (column, value) in key {
        if !record.fields.iter().any(|(own, _)| *own == column) {
            let target = if let Value::Ref(reference) = value { snapshot.by_code(reference.table).map(|table| (table, reference.id)) } else { None };
            let lookup = target.map(|(table, id)| Field::Lookup(Target { table: Arc::clone(table), identity: Identity::Id(id) }));
            record.fields.push((column, lookup.unwrap_or(Field::Value(value))));
        }
    }
    Request::Create(Create { record, returning: None })
}

/// Changes a row.
pub(crate) fn update<'a>(exchange: Exchange<'a>, entity: Element<'a>, concurrency: Concurrency) -> Act<'a> {
    Act::write(
        move |snapshot| {
            let entity = exchange.reader(snapshot).entity(entity)?;
            changed(entity, concurrency)
        },
        nothing,
    )
}

fn changed(entity: Entity, concurrency: Concurrency) -> Result<Request> {
    let (target, if_version) = (entity.target()?, concurrency.version(entity.row_version)?);
    let mut record = entity.record;
    record.id = None;
    Ok(Request::Update(Update { target, record, if_version, returning: None }))
}

/// Removes a row.
pub(crate) fn delete<'a>(target: impl Fn(&Arc<Snapshot>) -> Result<(Target, Option<Version>)> + Send + Sync + 'a) -> Act<'a> {
    Act::write(
        move |snapshot| {
            let (target, if_version) = target(snapshot)?;
            Ok(Request::Delete(Delete { target, if_version }))
        },
        nothing,
    )
}

/// Reads a row into an element, with pairs of rows that are related to it.
pub(crate) fn retrieve<'a>(
    exchange: Exchange<'a>,
    target: impl Fn(&Arc<Snapshot>) -> Result<Target> + Send + Sync + 'a,
    columns: Option<Element<'a>>,
    frame: Frame,
    related: Vec<u8>,
) -> impl FnOnce(&mut Writer) -> Result<()> + Send + 'a {
    move |writer| {
        let lowered = Lowered::default();
        let mut sink = EntitySink::new(writer, &lowered, frame, usize::MAX).with_related(related);
        let mut lower = |snapshot: &Arc<Snapshot>| {
            let target = target(snapshot)?;
            let query = Query { columns: column_set(&target.table, columns)?, lookup_names: true, ..Query::new(target.table.name().clone()) };
            lowered.keep(exchange, snapshot, &query)?;
            Ok(Request::Retrieve(Retrieve { target, query, unless_version: None }))
        };
        match exchange.organization.execute(exchange.caller, &mut lower, &mut sink)? {
            Response::Retrieved => Ok(()),
            _ => Err(unexpected("a retrieve")),
        }
    }
}

/// Links rows to a row, or undoes that, as `request` says.
pub(crate) fn link<'a>(
    exchange: Exchange<'a>,
    target: impl Fn(&Arc<Snapshot>) -> Result<Target> + Send + Sync + 'a,
    relationship: Element<'a>,
    related: Element<'a>,
    request: fn(Association) -> Request,
) -> Act<'a> {
    Act::write(move |snapshot| association(exchange, snapshot, target(snapshot)?, relationship, related).map(request), nothing)
}

fn association(exchange: Exchange<'_>, snapshot: &Snapshot, target: Target, relationship: Element<'_>, related: Element<'_>) -> Result<Association> {
    let reader = exchange.reader(snapshot);
    let collection = reader.collection(relationship, &target.table)?;
    Ok(Association { related: reader.references(related)?, collection, target })
}

/// The columns of a `ColumnSet`; none for the primary id alone.
///
/// # Errors
/// 0x80041103 for unknown columns.
pub(crate) fn column_set(table: &Table, element: Option<Element<'_>>) -> Result<Columns> {
    let Some(element) = element else { return Ok(Columns::Some(Vec::new())) };
    if element.member("AllColumns").map_or(Ok(false), |all| super::flag(all, "AllColumns"))? {
        return Ok(Columns::All);
    }
    if element.member("AttributeExpressions").is_some_and(|list| list.children().next().is_some()) {
        return Err(not_offered("AttributeExpressions outside a query"));
    }
    let mut columns: Vec<ColumnIx> = Vec::new();
    for item in element.member("Columns").into_iter().flat_map(Element::children) {
        let name = item.text();
        let ix = table.find(name.trim_ascii()).ok_or_else(|| no_such_column(table, &name))?;
        if table.column(ix).is_stored() && !columns.contains(&ix) {
            columns.push(ix);
        }
    }
    let mut columns = Columns::Some(columns.into_iter().map(|ix| table.column(ix).name.clone()).collect());
    add_currency(table, &mut columns);
    Ok(columns)
}

/// Adds the currency to columns with an amount: it is not understood without.
pub(super) fn add_currency(table: &Table, columns: &mut Columns) {
    let Columns::Some(names) = columns else { return };
    let is_amount = |name: &LogicalName| table.find(name).is_some_and(|ix| matches!(table.column(ix).kind, ColumnType::Money(_)));
    if names.iter().any(is_amount)
        && let Some(currency) = table.find(CURRENCY).map(|ix| &table.column(ix).name)
        && !names.contains(currency)
    {
        names.push(currency.clone());
    }
}

/// What a version in a request means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Concurrency {
    /// Nothing.
    Ignored,
    /// The row must have it.
    Matches,
}

impl Concurrency {
    /// What the parameter says.
    ///
    /// # Errors
    /// 0x80040203 for words that are none of the enumeration.
    fn of(element: Option<Element<'_>>) -> Result<Self> {
        match element.map(Element::text).as_deref().map(str::trim_ascii) {
            None | Some("" | "Default" | "AlwaysOverwrite") => Ok(Self::Ignored),
            Some("IfRowVersionMatches") => Ok(Self::Matches),
            Some(other) => Err(Error::argument(format!("'{}' is no ConcurrencyBehavior.", excerpt(other)))),
        }
    }

    fn version(self, version: Option<Version>) -> Result<Option<Version>> {
        match (self, version) {
            (Self::Ignored, _) => Ok(None),
            (Self::Matches, Some(version)) => Ok(Some(version)),
            (Self::Matches, None) => Err(Error::of(ErrorCode::ConcurrencyVersionNotProvided)),
        }
    }
}

pub(super) fn create_message<'a>(exchange: Exchange<'a>, message: Message<'a>) -> Result<Act<'a>> {
    Ok(create(exchange, message.require("Target")?, |written, writer| {
        pair_begin(writer, "id", (Ns::Serialization, "guid"));
        write_id(writer, written.id);
        pair_end(writer);
    }))
}

pub(super) fn update_message<'a>(exchange: Exchange<'a>, message: Message<'a>) -> Result<Act<'a>> {
    Ok(update(exchange, message.require("Target")?, Concurrency::of(message.get("ConcurrencyBehavior"))?))
}

pub(super) fn delete_message<'a>(exchange: Exchange<'a>, message: Message<'a>) -> Result<Act<'a>> {
    let (target, concurrency) = (message.require("Target")?, Concurrency::of(message.get("ConcurrencyBehavior"))?);
    Ok(delete(move |snapshot| {
        let reader = exchange.reader(snapshot);
        Ok((reader.reference(target)?, concurrency.version(reader.row_version(target)?)?))
    }))
}

pub(super) fn retrieve_message<'a>(exchange: Exchange<'a>, message: Message<'a>) -> Result<Act<'a>> {
    let target = message.require("Target")?;
    let queries = message.get("RelatedEntitiesQuery");
    Ok(Act::read(move |writer| {
        let related = queries.map_or(Ok(Vec::new()), |queries| related_entities(exchange, target, queries))?;
        writer.raw("<a:KeyValuePairOfstringanyType><g:key>Entity</g:key>");
        retrieve(exchange, move |snapshot| exchange.reader(snapshot).reference(target), message.get("ColumnSet"), Frame::Value, related)(writer)?;
        writer.raw("</a:KeyValuePairOfstringanyType>");
        Ok(())
    }))
}

/// The pairs of `RelatedEntities` that a `RelationshipQueryCollection` asks for: for each relationship that leads from the row to many rows those of its query.
fn related_entities(exchange: Exchange<'_>, target: Element<'_>, queries: Element<'_>) -> Result<Vec<u8>> {
    let mut writer = Writer::default();
    for pair in queries.children() {
        check_size(exchange, writer.len())?;
        let (Some(relationship), Some(query)) = (pair.member("key"), pair.member("value")) else {
            return Err(Error::argument("A query of related entities needs the relationship as key and the query as value."));
        };
        let within = |snapshot: &Snapshot| {
            let reader = exchange.reader(snapshot);
            let target = reader.reference(target)?;
            Ok(Some((reader.collection(relationship, &target.table)?.along(), target)))
        };
        writer.raw("<a:KeyValuePairOfRelationshipEntityCollectionX_PsK4FkN><g:key>");
        writer.element_if("a:PrimaryEntityRole", relationship.member_text("PrimaryEntityRole").as_deref());
        writer.element("a:SchemaName", &relationship.member_text("SchemaName").unwrap_or_default());
        writer.raw("</g:key><g:value>");
        collection_within(exchange, query, &within, &mut writer)?;
        writer.raw("</g:value></a:KeyValuePairOfRelationshipEntityCollectionX_PsK4FkN>");
    }
    Ok(writer.into_bytes())
}

pub(super) fn associate_message<'a>(exchange: Exchange<'a>, message: Message<'a>) -> Result<Act<'a>> {
    link_message(exchange, message, Request::Associate)
}

pub(super) fn disassociate_message<'a>(exchange: Exchange<'a>, message: Message<'a>) -> Result<Act<'a>> {
    link_message(exchange, message, Request::Disassociate)
}

fn link_message<'a>(exchange: Exchange<'a>, message: Message<'a>, request: fn(Association) -> Request) -> Result<Act<'a>> {
    let target = message.require("Target")?;
    let (relationship, related) = (message.require("Relationship")?, message.require("RelatedEntities")?);
    Ok(link(exchange, move |snapshot| exchange.reader(snapshot).reference(target), relationship, related, request))
}

pub(super) fn upsert_message<'a>(exchange: Exchange<'a>, message: Message<'a>) -> Result<Act<'a>> {
    let target = message.require("Target")?;
    Ok(Act::write(
        move |snapshot| upserted(snapshot, exchange.reader(snapshot).entity(target)?),
        |response, writer| written(response).map(|written| upsert_results(&written, writer)),
    ))
}

/// The request to change the row of an entity or to make it. Without id and key it is a new one (UP-5).
fn upserted(snapshot: &Snapshot, entity: Entity) -> Result<Request> {
    if entity.identity.is_none() {
        return Ok(creation(snapshot, entity));
    }
    let target = entity.target()?;
    Ok(Request::Upsert(Upsert { target, record: entity.record, existence: Existence::MayCreate, returning: None }))
}

fn upsert_results(written: &Written, writer: &mut Writer) {
    simple_pair(writer, "RecordCreated", (Ns::Schema, "boolean"), if written.created { "true" } else { "false" });
    pair_begin(writer, "Target", (Ns::Contracts, "EntityReference"));
    write_reference(writer, written.id, written.table.name(), None);
    pair_end(writer);
}

pub(super) fn create_multiple<'a>(exchange: Exchange<'a>, message: Message<'a>) -> Result<Act<'a>> {
    let targets = message.require("Targets")?;
    let lower = several(exchange, targets, |snapshot, entity| Ok(creation(snapshot, entity)));
    Ok(Act::write(lower, |response, writer| {
        pair_begin(writer, "Ids", (Ns::Arrays, "ArrayOfguid"));
        for written in all_written(response)? {
            writer.raw("<r:guid>");
            write_id(writer, written.id);
            writer.raw("</r:guid>");
        }
        pair_end(writer);
        Ok(())
    }))
}

pub(super) fn update_multiple<'a>(exchange: Exchange<'a>, message: Message<'a>) -> Result<Act<'a>> {
    let concurrency = Concurrency::of(message.get("ConcurrencyBehavior"))?;
    Ok(Act::write(several(exchange, message.require("Targets")?, move |_, entity| changed(entity, concurrency)), nothing))
}

pub(super) fn upsert_multiple<'a>(exchange: Exchange<'a>, message: Message<'a>) -> Result<Act<'a>> {
    Ok(Act::write(several(exchange, message.require("Targets")?, upserted), |response, writer| {
        pair_begin(writer, "Results", (Ns::Contracts, "ArrayOfUpsertResponse"));
        for written in all_written(response)? {
            writer.raw("<a:UpsertResponse><a:ResponseName>Upsert</a:ResponseName><a:Results>");
            upsert_results(&written, writer);
            writer.raw("</a:Results></a:UpsertResponse>");
        }
        pair_end(writer);
        Ok(())
    }))
}

pub(super) fn delete_multiple<'a>(exchange: Exchange<'a>, message: Message<'a>) -> Result<Act<'a>> {
    let targets = message.require("Targets")?;
    Ok(Act::write(
        move |snapshot| {
            let targets = exchange.reader(snapshot).references(targets)?;
            Ok(Request::Multiple(targets.into_iter().map(|target| Request::Delete(Delete { target, if_version: None })).collect()))
        },
        nothing,
    ))
}

/// Lowers the entities of an `EntityCollection`, which must be of the one table that it names.
fn several<'a>(
    exchange: Exchange<'a>,
    targets: Element<'a>,
    request: impl Fn(&Snapshot, Entity) -> Result<Request> + Send + Sync + 'a,
) -> impl Fn(&Arc<Snapshot>) -> Result<Request> + Send + Sync + 'a {
    move |snapshot| {
        let named = targets.member_text("EntityName").filter(|name| !name.trim_ascii().is_empty());
        let named = named.map(|name| named_table(snapshot, name.trim_ascii())).transpose()?;
        let entities = targets.member("Entities").into_iter().flat_map(Element::children);
        let read = |(number, element)| {
            let entity = exchange.reader(snapshot).entity(element)?;
            if named.is_some_and(|table| table.name() != entity.record.table.name()) {
                return Err(Error::argument("Every entity of the collection must be of the table that its EntityName says.").in_request(number));
            }
            request(snapshot, entity)
        };
        entities.enumerate().map(read).collect::<Result<_>>().map(Request::Multiple)
    }
}

/// The one row that was written.
fn written(response: Response) -> Result<Written> {
    match response {
        Response::Written(written) => Ok(written),
        _ => Err(unexpected("a write")),
    }
}

fn all_written(response: Response) -> Result<Vec<Written>> {
    match response {
        Response::Multiple(responses) => responses.into_iter().map(written).collect(),
        _ => Err(unexpected("a bulk action")),
    }
}
