//! Bodies of records (web-api 8, 10, 22): columns, references to other rows, rows to make along with them.

use std::borrow::Cow;
use std::sync::Arc;

use driftless_core::{Collection, Field, Record, Related, Snapshot, Target};
use driftless_model::{ColumnIx, Error, ErrorCode, Limits, Result, Table, Value};
use driftless_odata::json::Json;
use driftless_odata::record::value_of_json;

use super::key::lookup_in_name;
use super::navigation::{Single, single};
use super::reference;
use crate::call::Exchange;
use crate::error;
use crate::write::Earlier;

/// Suffix of a member that names rows instead of holding them.
const BIND: &str = "@odata.bind";

/// Reads bodies with one snapshot.
pub(crate) struct RecordReader<'a> {
    origin: &'a str,
    limits: &'a Limits,
    snapshot: &'a Snapshot,
    earlier: &'a Earlier<'a>,
}

impl<'a> RecordReader<'a> {
    /// A reader for one request.
    pub(crate) fn new(exchange: &'a Exchange<'a>, snapshot: &'a Snapshot, earlier: &'a Earlier<'a>) -> Self {
        Self { origin: exchange.origin, limits: exchange.organization.limits(), snapshot, earlier }
    }

    /// The record that a body describes.
    ///
    /// # Errors
    /// 0x80048d19 for unknown properties, unknown navigation properties and values of the wrong type; what [`reference`] refuses.
    pub(crate) fn record(&self, table: &Arc<Table>, body: &Json<'_>) -> Result<Record> {
        let Some(members) = body.as_object() else {
            return Err(error::payload(&table.def.set_name, "The body must be a JSON object."));
        };
        self.members(table, members, 0)
    }

    fn members(&self, table: &Arc<Table>, members: &[(Cow<'_, str>, Json<'_>)], depth: usize) -> Result<Record> {
        if depth > self.limits.related_depth_max {
            return Err(error::payload(&table.def.set_name, &format!("Records may be nested {} levels deep at most.", self.limits.related_depth_max)));
        }
        let mut record = Record::new(table);
        record.fields.reserve(members.len());
        for (name, value) in members {
            match name.strip_suffix(BIND) {
                Some(navigation) => self.bind(&mut record, navigation, value)?,
                // Every other annotation is what a read sends along; bodies may carry it back.
                None if name.contains('@') => {}
                None => self.member(&mut record, name, value, depth)?,
            }
        }
        Ok(record)
    }

    fn member(&self, record: &mut Record, name: &str, value: &Json<'_>, depth: usize) -> Result<()> {
        let table = Arc::clone(&record.table);
        if let Some(ix) = table.find(name)
            && table.column(ix).lookup().is_none()
            && table.column(ix).is_stored()
        {
            return column(record, ix, name, value);
        }
        if lookup_in_name(&table, name).is_some() {
            return Err(error::payload(
                &table.def.set_name,
                &format!("Microsoft.OData.ODataException: The property '{name}' is read-only: set the navigation property with '{BIND}' instead."),
            ));
        }
        if let Some(navigation) = single(self.snapshot, &table, name) {
            return self.parent(record, &navigation, name, value, depth);
        }
        if let Some(collection) = self.snapshot.collection(table.name(), name) {
            return self.children(record, collection, name, value, depth);
        }
        Err(error::unknown_property(&table.def.set_name, table.name(), name))
    }

    /// `"nav":null`, or a record to make and refer to.
    fn parent(&self, record: &mut Record, navigation: &Single, name: &str, value: &Json<'_>, depth: usize) -> Result<()> {
        let set = Arc::clone(&record.table);
        match value {
            Json::Null => record.fields.push((navigation.column, Field::Value(Value::Null))),
            Json::Object(members) => {
                let table = self.target_table(navigation, members).ok_or_else(|| {
                    error::payload(&set.def.set_name, &format!("The record under '{name}' needs '@odata.type': the property leads to several tables."))
                })?;
                let parent = self.members(&table, members, depth + 1)?;
                record.related.push(Related::Parent(navigation.column, Box::new(parent)));
            }
            _ => return Err(error::payload(&set.def.set_name, &format!("A record or null is expected under '{name}'."))),
        }
        Ok(())
    }

    /// The one table that a navigation property leads to, or the one that the record's type names.
    fn target_table(&self, navigation: &Single, members: &[(Cow<'_, str>, Json<'_>)]) -> Option<Arc<Table>> {
        let named =
            members.iter().find(|(name, _)| name == "@odata.type").and_then(|(_, value)| value.as_text()).map(|name| name.rsplit('.').next().unwrap_or(name));
        let target = match (named, navigation.targets.as_slice()) {
            (None, [only]) => only,
            (None, _) => return None,
            (Some(named), targets) => targets.iter().find(|target| target.as_str() == named)?,
        };
        self.snapshot.find(target).cloned()
    }

    fn children(&self, record: &mut Record, collection: Collection, name: &str, value: &Json<'_>, depth: usize) -> Result<()> {
        let Some(items) = value.as_array() else {
            return Err(error::payload(&record.table.def.set_name, &format!("An array of records is expected under '{name}'.")));
        };
        let table = Arc::clone(self.snapshot.require(collection.table())?);
        let mut children = Vec::with_capacity(items.len());
        for item in items {
            let Some(members) = item.as_object() else {
                return Err(error::payload(&record.table.def.set_name, &format!("An array of records is expected under '{name}'.")));
            };
            children.push(self.members(&table, members, depth + 1)?);
        }
        record.related.push(Related::Children(collection, children));
        Ok(())
    }

    /// `"nav@odata.bind"`: a reference, null, or for a collection an array of references.
    fn bind(&self, record: &mut Record, name: &str, value: &Json<'_>) -> Result<()> {
        let table = Arc::clone(&record.table);
        if let Some(navigation) = single(self.snapshot, &table, name) {
            let field = match value {
                Json::Null => Field::Value(Value::Null),
                Json::Text(text) => Field::Lookup(self.bound(&table, &navigation, name, text)?),
                _ => return Err(error::payload(&table.def.set_name, &format!("The address of a record or null is expected under '{name}{BIND}'."))),
            };
            record.fields.push((navigation.column, field));
            return Ok(());
        }
        let Some(collection) = self.snapshot.collection(table.name(), name) else {
            return Err(error::unknown_navigation(&table.def.set_name, name));
        };
        let texts = value.as_array().and_then(|items| items.iter().map(Json::as_text).collect::<Option<Vec<_>>>());
        let texts = texts.ok_or_else(|| error::payload(&table.def.set_name, &format!("An array of addresses of records is expected under '{name}{BIND}'.")))?;
        let links = texts.into_iter().map(|text| self.referenced(text, collection.table())).collect::<Result<Vec<_>>>()?;
        record.related.push(Related::Links(collection, links));
        Ok(())
    }

    fn bound(&self, table: &Table, navigation: &Single, name: &str, text: &str) -> Result<Target> {
        let target = reference(self.origin, self.snapshot, self.earlier, text)?;
        if navigation.targets.contains(target.table.name()) {
            return Ok(target);
        }
        Err(error::payload(
            &table.def.set_name,
            &format!(
                "Microsoft.OData.ODataException: The property '{name}' cannot refer to a record of the type 'Microsoft.Dynamics.CRM.{}'.",
                target.table.name()
            ),
        ))
    }

    fn referenced(&self, text: &str, table: &str) -> Result<Target> {
        let target = reference(self.origin, self.snapshot, self.earlier, text)?;
        if target.table.name().as_str() == table {
            return Ok(target);
        }
        Err(Error::new(ErrorCode::ODataError, format!("The reference '{text}' names a record of '{}'; one of '{table}' is expected.", target.table.name())))
    }
}

/// A plain column.
fn column(record: &mut Record, ix: ColumnIx, name: &str, json: &Json<'_>) -> Result<()> {
    let table = &record.table;
    let value = value_of_json(table.column(ix), json).map_err(|error| error::wrong_type(&table.def.set_name, name, &error))?;
    record.set(ix, value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use driftless_core::Identity;
    use driftless_odata::json::{JsonLimits, read};

    use super::*;
    use crate::fixture::{id, snapshot};

    fn record(body: &str) -> Result<Record> {
        let snapshot = snapshot();
        let body = body.replace("{id}", &id(9).to_string());
        let reader = RecordReader { origin: "http://h", limits: &Limits::default(), snapshot: &snapshot, earlier: &Earlier::default() };
        reader.record(snapshot.find("drf_parcel").unwrap(), &read(body.as_bytes(), &JsonLimits::default()).unwrap())
    }

    fn shown(record: &Record) -> Vec<String> {
        let field = |(ix, field): &(ColumnIx, Field)| match field {
            Field::Value(value) => format!("{}={value:?}", record.table.column(*ix).name),
            Field::Image(_) => format!("{} as an image", record.table.column(*ix).name),
            Field::Lookup(target) => format!("{}->{} {:?}", record.table.column(*ix).name, target.table.name(), target.identity),
        };
        record.fields.iter().map(field).collect()
    }

    #[test] // web-api 8, 22
    fn columns_references_and_what_is_ignored() {
        let body = r#"{"@odata.type":"x","drf_name":"Crate","drf_size":"5","drf_live":"True","drf_weight":4.50,"drf_kind@y":1,"drf_parcelid":"{id}",
            "drf_DepotId@odata.bind":"/drf_depots({id})","ownerid@odata.bind":"/teams({id})","drf_price":null}"#;
        let record = record(body).unwrap();
        assert_eq!(record.id, Some(id(9)));
        let target = format!("{:?}", Identity::Id(id(9)));
        assert_eq!(
            shown(&record),
            [
                "drf_name=Text(\"Crate\")".to_owned(),
                "drf_size=Int(5)".to_owned(),
                "drf_live=Bool(true)".to_owned(),
                "drf_weight=Decimal(4.5)".to_owned(),
                format!("drf_depotid->drf_depot {target}"),
                format!("ownerid->team {target}"),
                "drf_price=Null".to_owned(),
            ]
        );
    }

    #[test] // web-api 10
    fn a_lookup_is_cleared_in_two_ways() {
        for body in [r#"{"drf_DepotId":null}"#, r#"{"drf_DepotId@odata.bind":null}"#] {
            assert_eq!(shown(&record(body).unwrap()), ["drf_depotid=Null"], "{body}");
        }
    }

    #[test] // web-api 8
    fn records_nest() {
        let record = record(r#"{"drf_DepotId":{"drf_name":"on the way"},"ownerid":{"@odata.type":"Microsoft.Dynamics.CRM.team","drf_name":"t"}}"#).unwrap();
        let tables: Vec<_> = record
            .related
            .iter()
            .map(|related| match related {
                Related::Parent(ix, parent) => format!("{} {}", record.table.column(*ix).name, parent.table.name()),
                Related::Children(..) | Related::Links(..) => String::new(),
            })
            .collect();
        assert_eq!(tables, ["drf_depotid drf_depot", "ownerid team"]);
    }

    #[test] // web-api 22, 29
    fn mistakes_are_named() {
        for (body, part) in [
            (r#"{"drf_nosuch":1}"#, "The property 'drf_nosuch' does not exist on type 'Microsoft.Dynamics.CRM.drf_parcel'"),
            (r#"{"Drf_Name":"x"}"#, "The property 'Drf_Name' does not exist"),
            (r#"{"drf_size":"twelve"}"#, "Cannot convert the literal 'twelve' to the expected type 'Edm.Int32'"),
            (r#"{"drf_depotid@odata.bind":"/drf_depots({id})"}"#, "An undeclared property 'drf_depotid' which only has property annotations"),
            (r#"{"_drf_depotid_value":"{id}"}"#, "is read-only"),
            (r#"{"drf_depotid":"{id}"}"#, "The property 'drf_depotid' does not exist"),
            (r#"{"drf_depotidname":"x"}"#, "The property 'drf_depotidname' does not exist"),
            (r#"{"drf_DepotId@odata.bind":"/teams({id})"}"#, "cannot refer to a record of the type 'Microsoft.Dynamics.CRM.team'"),
            (r#"{"drf_DepotId":5}"#, "A record or null is expected"),
            ("[]", "must be a JSON object"),
        ] {
            let error = record(body).err().unwrap_or_else(|| panic!("{body} was taken"));
            assert_eq!(error.code(), ErrorCode::InvalidPayload, "{body}");
            assert!(error.message().contains(part), "{body}: {}", error.message());
        }
    }
}
