//! The views of built-in tables.

use std::collections::HashSet;
use std::sync::Arc;

use driftless_model::{Error, Result, Uuid};
use serde::Deserialize;

use crate::context::WriteCx;
use crate::metadata::views::View;
use crate::records::system;

/// The views as data.
pub(super) const VIEWS: &str = include_str!("views.toml");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Declarations {
    view: Vec<View>,
}

/// Reads the declarations.
pub(super) fn declared() -> Result<Vec<View>> {
    let declarations: Declarations = toml::from_str(VIEWS).map_err(|error| Error::damaged(format!("the built-in views cannot be read: {error}")))?;
    Ok(declarations.view)
}

/// Makes the views that the store lacks.
pub(super) fn complete(cx: &mut WriteCx<'_>) -> Result<()> {
    let present = system::rows(cx.tx.as_read(), cx.snapshot.require("savedquery")?, &[], None)?;
    let present: HashSet<Uuid> = present.iter().map(|row| row.id).collect();
    let snapshot = Arc::clone(&cx.snapshot);
    for view in declared()? {
        let Some(table) = snapshot.find(&view.table) else { continue };
        if !present.contains(&view.id(table)) {
            view.insert(cx, table)?;
        }
    }
    Ok(())
}
