//! From which columns rows of built-in tables can be begun.

use std::collections::HashSet;

use driftless_model::{Error, Result, Uuid, Value};
use serde::Deserialize;

use super::constant_id;
use crate::behaviors::tables::reference;
use crate::context::WriteCx;
use crate::records::system;

/// The maps as data.
pub(super) const MAPPINGS: &str = include_str!("mappings.toml");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Declarations {
    map: Vec<Map>,
}

/// The columns of `target` that a row of `source` gives values to.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Map {
    pub(super) source: String,
    pub(super) target: String,
    columns: Vec<String>,
}

impl Map {
    fn name(&self) -> String {
        format!("{}.{}", self.source, self.target)
    }

    /// The columns of the source, each with the one of the target.
    pub(super) fn columns(&self) -> impl Iterator<Item = (&str, &str)> {
        self.columns.iter().map(|text| text.split_once(" > ").unwrap_or((text, text)))
    }
}

/// Reads the declarations.
pub(super) fn declared() -> Result<Vec<Map>> {
    let declarations: Declarations = toml::from_str(MAPPINGS).map_err(|error| Error::damaged(format!("the built-in maps cannot be read: {error}")))?;
    Ok(declarations.map)
}

/// Makes the maps that the store lacks. One that is there is left as it is: its columns are its owners' to choose.
pub(super) fn complete(cx: &mut WriteCx<'_>) -> Result<()> {
    let present = system::rows(cx.tx.as_read(), cx.snapshot.require("entitymap")?, &[], None)?;
    let present: HashSet<Uuid> = present.iter().map(|row| row.id).collect();
    for map in declared()? {
        let id = constant_id(&format!("entitymap/{}", map.name()));
        if present.contains(&id) {
            continue;
        }
        let tables = [("sourceentityname", Value::text(&map.source)), ("targetentityname", Value::text(&map.target))];
        system::insert(cx, "entitymap", Some(id), &tables)?;
        for (from, to) in map.columns() {
            let own = constant_id(&format!("attributemap/{}/{to}", map.name()));
            let values = [
                ("entitymapid", reference(cx.snapshot.require("entitymap")?, id)),
                ("sourceattributename", Value::text(from)),
                ("targetattributename", Value::text(to)),
                ("issystem", Value::Bool(true)),
            ];
            system::insert(cx, "attributemap", Some(own), &values)?;
        }
    }
    Ok(())
}
