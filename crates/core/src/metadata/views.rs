//! Views: rows of `savedquery` that tell which columns and rows of a table people look at (STD-9). Built-in tables have those that a file of the seed
//! declares; a table that a customizer makes gets one of its active rows and one of its inactive ones, and its views go with it.

use std::fmt::Write as _;
use std::sync::Arc;

use driftless_model::{ENGLISH, Result, Table, Uuid, Value};
use driftless_query::ResolvedCondition;
use serde::Deserialize;

use crate::context::WriteCx;
use crate::records::{labels, system};
use crate::seed::constant_id;

/// `querytype` of a view that people choose from a list.
const PUBLIC: i32 = 0;
/// Width of a column in pixels: of the first one, and of the others.
const WIDTHS: [u32; 2] = [300, 150];

/// A view.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct View {
    /// The table whose rows it shows.
    pub(crate) table: String,
    /// What people call it.
    pub(crate) name: String,
    /// The one of its table that is shown first.
    #[serde(default)]
    pub(crate) default: bool,
    /// The columns, from left to right.
    pub(crate) columns: Vec<String>,
    /// Conditions that all must hold: a column, an operator of FetchXML and its values, with blanks between.
    #[serde(default, rename = "where")]
    pub(crate) conditions: Vec<String>,
    /// The column by which rows are ordered.
    pub(crate) order: String,
    /// The greatest value comes first.
    #[serde(default)]
    pub(crate) descending: bool,
}

impl View {
    /// The view's identity: the same in every organization that has this table.
    pub(crate) fn id(&self, table: &Table) -> Uuid {
        constant_id(&format!("view/{}/{}", table.def.id, self.name))
    }

    /// The query, as FetchXML. All that is in it are names and numbers of our own, so nothing needs to be escaped.
    fn fetch_xml(&self, table: &Table) -> String {
        let mut xml = format!(r#"<fetch version="1.0" output-format="xml-platform" mapping="logical"><entity name="{}">"#, self.table);
        for column in self.columns.iter().map(String::as_str).chain([table.def.primary_id.as_str()]) {
            // Writing to a text cannot fail.
            let _ = write!(xml, r#"<attribute name="{column}"/>"#);
        }
        let _ = write!(xml, r#"<order attribute="{}" descending="{}"/>"#, self.order, self.descending);
        if !self.conditions.is_empty() {
            xml.push_str(r#"<filter type="and">"#);
            self.conditions.iter().for_each(|condition| push_condition(condition, &mut xml));
            xml.push_str("</filter>");
        }
        xml.push_str("</entity></fetch>");
        xml
    }

    /// How the columns stand beside each other.
    fn layout_xml(&self, table: &Table) -> String {
        let jump = table.def.primary_name.as_deref().unwrap_or(&table.def.primary_id);
        let mut xml = format!(
            r#"<grid name="resultset" object="{}" jump="{jump}" select="1" icon="1" preview="1"><row name="result" id="{}">"#,
            table.def.code, table.def.primary_id
        );
        for (at, column) in self.columns.iter().enumerate() {
            let _ = write!(xml, r#"<cell name="{column}" width="{}"/>"#, WIDTHS[at.min(1)]);
        }
        xml.push_str("</row></grid>");
        xml
    }

    /// Makes its row.
    pub(crate) fn insert(&self, cx: &mut WriteCx<'_>, table: &Table) -> Result<()> {
        let values = [
            ("name", Value::text(self.name.as_str())),
            ("returnedtypecode", Value::text(self.table.as_str())),
            ("querytype", Value::Int(PUBLIC)),
            ("fetchxml", Value::Text(self.fetch_xml(table))),
            ("layoutxml", Value::Text(self.layout_xml(table))),
            ("isdefault", Value::Bool(self.default)),
            ("iscustom", Value::Bool(table.def.custom)),
            ("ismanaged", Value::Bool(table.def.managed)),
            ("iscustomizable", Value::Bool(true)),
            ("canbedeleted", Value::Bool(table.def.custom)),
            ("componentstate", Value::Int(0)),
            ("introducedversion", Value::text(table.def.introduced_version.as_str())),
        ];
        system::insert(cx, "savedquery", Some(self.id(table)), &values)?;
        Ok(())
    }
}

fn push_condition(condition: &str, xml: &mut String) {
    let mut words = condition.split(' ');
    let (column, operator) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let values: Vec<&str> = words.collect();
    let _ = match values.as_slice() {
        [] => write!(xml, r#"<condition attribute="{column}" operator="{operator}"/>"#),
        [value] => write!(xml, r#"<condition attribute="{column}" operator="{operator}" value="{value}"/>"#),
        values => {
            let values: String = values.iter().map(|value| format!("<value>{value}</value>")).collect();
            write!(xml, r#"<condition attribute="{column}" operator="{operator}">{values}</condition>"#)
        }
    };
}

/// Makes the views of a new table.
pub(crate) fn add(cx: &mut WriteCx<'_>, table: &Table) -> Result<()> {
    let (Some(_), Some(name)) = (table.special.state, &table.def.primary_name) else { return Ok(()) };
    let plural = table.def.display_collection_name.text(ENGLISH).unwrap_or(&table.def.collection_schema_name);
    for (word, state) in [("Active", 0), ("Inactive", 1)] {
        let view = View {
            table: table.name().to_string(),
            name: format!("{word} {plural}"),
            default: state == 0,
            columns: vec![name.to_string(), "createdon".to_owned()],
            conditions: vec![format!("statecode eq {state}")],
            order: name.to_string(),
            descending: false,
        };
        view.insert(cx, table)?;
    }
    Ok(())
}

/// Removes the views of a table that goes, those of single users too.
pub(crate) fn remove(cx: &mut WriteCx<'_>, table: &str) -> Result<()> {
    for views in ["savedquery", "userquery"] {
        let views = Arc::clone(cx.snapshot.require(views)?);
        let of_table = ResolvedCondition::equals(views.require("returnedtypecode")?, Value::text(table));
        for row in system::rows(cx.tx.as_read(), &views, &[], Some(of_table))? {
            labels::forget_row(cx, &views, row.id)?;
            system::remove(cx, &views, row.id)?;
        }
    }
    Ok(())
}
