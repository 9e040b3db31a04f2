//! The customer of a contact: an account or another contact. Two lookups that callers cannot set follow it, one for each kind (semantics part 8).

use driftless_model::{ColumnIx, Result, Table, Value};

use crate::context::WriteCx;
use crate::records::fields::{get, set};

/// Lookups that follow `parentcustomerid`, with the table that each refers to.
const DERIVED: [(&str, &str); 2] = [("accountid", "account"), ("parentcontactid", "contact")];

/// Sets the derived lookups of a contact when its customer is set.
pub(crate) fn derive(cx: &WriteCx<'_>, table: &Table, cells: &mut Vec<(ColumnIx, Value)>) -> Result<()> {
    if table.name().as_str() != "contact" {
        return Ok(());
    }
    let Some(customer) = get(cells, table.require("parentcustomerid")?).cloned() else { return Ok(()) };
    for (column, target) in DERIVED {
        let code = cx.snapshot.require(target)?.def.code;
        let value = match &customer {
            Value::Ref(reference) if reference.table == code => customer.clone(),
            _ => Value::Null,
        };
        set(cells, table.require(column)?, value);
    }
    Ok(())
}
