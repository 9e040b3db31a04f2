//! Rows and references as clients write them (organization-service 6): `Entity`, `EntityReference`, `EntityCollection`.

use std::sync::Arc;

use driftless_core::{Collection, Field, Identity, Record, Related, Snapshot, Target};
use driftless_model::{ColumnIx, Error, ErrorCode, Limits, Reference, Result, Shape, SideRole, Table, TableCode, Uuid, Value, Version, literal};

use crate::values::{column_value, excerpt};
use crate::xml::Element;

/// Reads rows with one snapshot.
#[derive(Clone, Copy)]
pub(crate) struct RecordReader<'a> {
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) limits: &'a Limits,
}

/// A row to write: what to write, and which row it is, if it says so.
pub(crate) struct Entity {
    pub(crate) record: Record,
    pub(crate) identity: Option<Identity>,
    pub(crate) row_version: Option<Version>,
}

impl Entity {
    /// The row that is to be changed.
    ///
    /// # Errors
    /// 0x80040203 when the entity says neither its id nor a key.
    pub(crate) fn target(&self) -> Result<Target> {
        let identity = self.identity.clone().ok_or_else(|| Error::argument("The entity must have its Id or its KeyAttributes."))?;
        Ok(Target { table: Arc::clone(&self.record.table), identity })
    }
}

/// The table that an element names in a member.
///
/// # Errors
/// 0x80041102 for a name of no table.
pub(crate) fn named_table<'s>(snapshot: &'s Snapshot, name: &str) -> Result<&'s Arc<Table>> {
    snapshot.find(name).or_else(|| snapshot.find(&name.to_ascii_lowercase())).ok_or_else(|| Error::no_such_table(&excerpt(name)))
}

/// The error for a name of no column.
pub(crate) fn no_such_column(table: &Table, name: &str) -> Error {
    Error::new(ErrorCode::QueryBuilderNoAttribute, format!("'{}' entity doesn't contain attribute with Name = '{}'.", table.name(), excerpt(name)))
}

/// The id in a text; none for the empty one.
///
/// # Errors
/// 0x80040203 for what is no GUID.
pub(crate) fn id_of(text: &str) -> Result<Option<Uuid>> {
    let bare = text.trim_ascii().trim_start_matches('{').trim_end_matches('}');
    if bare.is_empty() {
        return Ok(None);
    }
    let id = literal::guid(bare).map(Uuid::from_bytes).map_err(|_| Error::argument(format!("'{}' is not a GUID.", excerpt(text))))?;
    Ok((!id.is_nil()).then_some(id))
}

/// The row of a table whose id a text says; the empty id is that of no row.
///
/// # Errors
/// 0x80041102 for an unknown table, 0x80040203 for what is no GUID.
pub(crate) fn row_by_id(snapshot: &Snapshot, table: &str, id: &str) -> Result<Target> {
    let table = named_table(snapshot, table.trim_ascii())?;
    Ok(Target { table: Arc::clone(table), identity: Identity::Id(id_of(id)?.unwrap_or_default()) })
}

/// A version in a text.
fn version_of(text: &str) -> Result<Option<Version>> {
    match text.trim_ascii() {
        "" => Ok(None),
        text => text
            .parse()
            .map(|version| Some(Version(version)))
            .map_err(|_| Error::argument(format!("The RowVersion '{}' is not one of the service.", excerpt(text)))),
    }
}

impl<'a> RecordReader<'a> {
    /// The row that an `Entity` element describes.
    ///
    /// # Errors
    /// 0x80041102 for an unknown table, 0x80041103 for unknown columns, 0x80040203 for values of the wrong type and unknown relationships.
    pub(crate) fn entity(&self, element: Element<'_>) -> Result<Entity> {
        self.entity_within(element, 0)
    }

    fn entity_within(&self, element: Element<'_>, depth: usize) -> Result<Entity> {
        if depth > self.limits.related_depth_max {
            return Err(Error::argument(format!("Related entities may be nested {} levels deep at most.", self.limits.related_depth_max)));
        }
        let name = element.member_text("LogicalName").ok_or_else(|| Error::argument("An entity must have its LogicalName."))?;
        let table = named_table(self.snapshot, &name)?;
        let mut record = Record::new(table);
        for (name, value) in element.member("Attributes").into_iter().flat_map(pairs) {
            let name = name?;
            let column = table.find(&name).ok_or_else(|| no_such_column(table, &name))?;
            self.attribute(&mut record, column, value)?;
        }
        if let Some(id) = id_of(&element.member_text("Id").unwrap_or_default())? {
            record.id = Some(id);
        }
        let keys = self.key(table, element.member("KeyAttributes"))?;
        let identity = match record.id {
            Some(id) => Some(Identity::Id(id)),
            None if keys.is_empty() => None,
            None => Some(Identity::Key(keys)),
        };
        for pair in element.member("RelatedEntities").into_iter().flat_map(Element::children) {
            self.related(&mut record, pair, depth)?;
        }
        Ok(Entity { record, identity, row_version: version_of(&element.member_text("RowVersion").unwrap_or_default())? })
    }

    /// One column of a row. Those that only the service writes are for the organization to pass over, as are those without a value of their own.
    fn attribute(&self, record: &mut Record, ix: ColumnIx, element: Element<'_>) -> Result<()> {
        let column = record.table.column(ix);
        if !column.is_stored() {
            return Ok(());
        }
        if column.lookup().is_none() || element.is_nil() {
            let value = column_value(column, element)?;
            record.set(ix, value);
            return Ok(());
        }
        match element.type_name() {
            Some((_, "EntityReference")) | None => record.fields.push((ix, Field::Lookup(self.reference(element)?))),
            Some((_, other)) => {
                return Err(Error::argument(format!("A value of the type '{}' cannot be given to the lookup '{}'.", excerpt(other), column.name)));
            }
        }
        Ok(())
    }

    /// The columns of a key with their values.
    fn key(&self, table: &Table, element: Option<Element<'_>>) -> Result<Vec<(ColumnIx, Value)>> {
        element.into_iter().flat_map(pairs).map(|(name, value)| self.key_value(table, &name?, value)).collect()
    }

    fn key_value(&self, table: &Table, name: &str, element: Element<'_>) -> Result<(ColumnIx, Value)> {
        let ix = table.find(name).filter(|ix| table.column(*ix).is_stored()).ok_or_else(|| no_such_column(table, name))?;
        let column = table.column(ix);
        if !matches!(column.shape(), Shape::Lookup | Shape::PolyLookup) || element.is_nil() {
            return Ok((ix, column_value(column, element)?));
        }
        // A row by its reference, or by its id alone.
        let (code, id) = match element.type_name() {
            Some((_, "EntityReference")) => {
                let target = self.reference(element)?;
                let Identity::Id(id) = target.identity else { return Err(Error::argument("The value of a lookup in a key must have its Id.")) };
                (target.table.def.code, id)
            }
            _ => {
                let only = column.lookup().and_then(|lookup| lookup.targets.first()).and_then(|target| self.snapshot.find(target));
                (only.map_or(TableCode(0), |table| table.def.code), id_of(&element.text())?.unwrap_or_default())
            }
        };
        Ok((ix, Value::Ref(Reference { table: code, id })))
    }

    /// The row that an `EntityReference` names.
    ///
    /// # Errors
    /// 0x80041102 for an unknown table, 0x80040203 without id and key.
    pub(crate) fn reference(&self, element: Element<'_>) -> Result<Target> {
        let name = element.member_text("LogicalName").ok_or_else(|| Error::argument("An entity reference must have its LogicalName."))?;
        let table = named_table(self.snapshot, &name)?;
        let identity = match id_of(&element.member_text("Id").unwrap_or_default())? {
            Some(id) => Identity::Id(id),
            None => match self.key(table, element.member("KeyAttributes"))? {
                keys if keys.is_empty() => Identity::Id(Uuid::nil()),
                keys => Identity::Key(keys),
            },
        };
        Ok(Target { table: Arc::clone(table), identity })
    }

    /// The rows of an `EntityReferenceCollection`.
    ///
    /// # Errors
    /// As [`RecordReader::reference`].
    pub(crate) fn references(&self, element: Element<'_>) -> Result<Vec<Target>> {
        element.children().map(|item| self.reference(item)).collect()
    }

    /// The version that an `EntityReference` is of.
    ///
    /// # Errors
    /// 0x80040203 for what is no version.
    pub(crate) fn row_version(&self, element: Element<'_>) -> Result<Option<Version>> {
        version_of(&element.member_text("RowVersion").unwrap_or_default())
    }

    /// The collection that a relationship is, seen from a table.
    ///
    /// # Errors
    /// 0x80040203 when there is no such relationship or it does not lead from the table to many rows.
    pub(crate) fn collection(&self, relationship: Element<'_>, table: &Table) -> Result<Collection> {
        let (name, role) = named_relationship(relationship)?;
        let found = self.snapshot.collection_of(&name, table.name(), role);
        found.ok_or_else(|| Error::argument(format!("The relationship '{}' does not lead from '{}' to a collection of rows.", excerpt(&name), table.name())))
    }

    /// A pair of `RelatedEntities`: rows to make along with this one, or to link to it.
    fn related(&self, record: &mut Record, pair: Element<'_>, depth: usize) -> Result<()> {
        let (Some(relationship), Some(value)) = (pair.member("key"), pair.member("value")) else {
            return Err(Error::argument("Related entities need the relationship as key and the entities as value."));
        };
        let entities = value.member("Entities").into_iter().flat_map(Element::children);
        let entities = entities.map(|item| self.entity_within(item, depth + 1)).collect::<Result<Vec<_>>>()?;
        let (name, role) = named_relationship(relationship)?;
        if let Some(collection) = self.snapshot.collection_of(&name, record.table.name(), role) {
            let (links, children): (Vec<_>, Vec<_>) = entities.into_iter().partition(|entity| entity.identity.is_some() && entity.record.fields.is_empty());
            if !links.is_empty() {
                record.related.push(Related::Links(collection.clone(), links.iter().map(Entity::target).collect::<Result<_>>()?));
            }
            if !children.is_empty() {
                record.related.push(Related::Children(collection, children.into_iter().map(|entity| entity.record).collect()));
            }
            return Ok(());
        }
        let lookup = self.snapshot.relationship(&name).filter(|found| *found.referencing_table == *record.table.name().as_str());
        let lookup = lookup.and_then(|found| record.table.find(&found.referencing_column));
        match (lookup, <[Entity; 1]>::try_from(entities)) {
            (Some(column), Ok([parent])) => record.related.push(Related::Parent(column, Box::new(parent.record))),
            (Some(_), Err(_)) => return Err(Error::argument(format!("The relationship '{}' leads to one row: one entity is expected.", excerpt(&name)))),
            (None, _) => return Err(Error::argument(format!("There is no relationship '{}' of '{}'.", excerpt(&name), record.table.name()))),
        }
        Ok(())
    }
}

/// The name of a `Relationship`, and from which side it is meant.
fn named_relationship(element: Element<'_>) -> Result<(String, Option<SideRole>)> {
    let name = element.member_text("SchemaName").ok_or_else(|| Error::argument("A relationship must have its SchemaName."))?;
    let role = match element.member_text("PrimaryEntityRole").as_deref() {
        Some("Referencing") => Some(SideRole::First),
        Some("Referenced") => Some(SideRole::Second),
        _ => None,
    };
    Ok((name.into_owned(), role))
}

/// The pairs of a collection: keys, and the elements of the values.
///
/// # Errors
/// 0x80040203 for each pair without key or value.
pub(crate) fn pairs(element: Element<'_>) -> impl Iterator<Item = (Result<String>, Element<'_>)> {
    element.children().map(|pair| {
        let key = pair.member_text("key").map(|key| key.into_owned()).ok_or_else(|| Error::argument("A pair must have its key."));
        let value = pair.children().find(|child| child.name() == "value");
        match value {
            Some(value) => (key, value),
            None => (Err(Error::argument("A pair must have its value.")), pair),
        }
    })
}
