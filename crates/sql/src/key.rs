//! Alternate keys: their unique indexes, and who collides. A null in any column keeps a row out of the key (AK-20), as unique indexes of SQL do.

use driftless_model::{AlternateKey, ColumnIx, Error, Result, Shape, Table, TableCode, Value};

use crate::name::{key_index, push_quoted, quoted};
use crate::row::ROWID;
use crate::{Bind, Slot, Statement, Targets, bind};

/// The columns of a key, in the order of the definition.
#[derive(Clone, Debug)]
pub struct KeyColumns(Vec<ColumnIx>);

impl KeyColumns {
    /// The columns of `key`.
    ///
    /// # Errors
    /// 0x80040216 when the table has not all of them.
    pub fn of(table: &Table, key: &AlternateKey) -> Result<Self> {
        let missing = |name: &str| Error::damaged(format!("the key '{}' names the missing column '{name}' of '{}'", key.name, table.name()));
        Ok(Self(key.columns.iter().map(|name| table.find(name).ok_or_else(|| missing(name))).collect::<Result<_>>()?))
    }

    /// Places of the columns.
    pub fn places(&self) -> &[ColumnIx] {
        &self.0
    }

    /// Names of the physical columns, quoted.
    pub fn physical<'a>(&'a self, table: &'a Table) -> impl Iterator<Item = String> + 'a {
        self.0.iter().map(|ix| quoted(&table.column(*ix).physical))
    }

    /// How the columns are read from a row of [`key_collisions`].
    pub fn slots(&self, table: &Table, targets: &Targets) -> Vec<Slot> {
        let slot = |(at, ix): (usize, &ColumnIx)| {
            let column = table.column(*ix);
            let code = column.lookup().and_then(|lookup| lookup.targets.first()).map_or(TableCode(0), |name| targets.code(name));
            // The number of the table is no part of a key: the id alone is unique.
            let shape = if column.shape() == Shape::PolyLookup { Shape::Lookup } else { column.shape() };
            Slot { at, shape, table: code }
        };
        self.0.iter().enumerate().map(slot).collect()
    }
}

/// Builds the unique index of a key, if it is not there.
///
/// # Errors
/// 0x80040216 when the table has not all columns of the key.
pub fn index_key(table: &Table, key: &AlternateKey) -> Result<String> {
    let columns = KeyColumns::of(table, key)?;
    let list = columns.physical(table).collect::<Vec<_>>().join(",");
    Ok(format!("CREATE UNIQUE INDEX IF NOT EXISTS {} ON {}({list})", quoted(&key_index(table, key)), quoted(&table.def.physical)))
}

/// Removes the index of a key, if it is there.
pub fn drop_key(table: &Table, key: &AlternateKey) -> String {
    format!("DROP INDEX IF EXISTS {}", quoted(&key_index(table, key)))
}

/// Key values that several rows have, each with the number of the rows. Reads the rows themselves, never an index.
pub fn key_collisions(table: &Table, columns: &KeyColumns) -> String {
    collisions(table, &columns.physical(table).collect::<Vec<_>>())
}

/// As [`key_collisions`], for physical columns whose names are quoted.
pub fn collisions(table: &Table, columns: &[String]) -> String {
    let list = columns.join(",");
    let all = columns.iter().map(|name| format!("{name} IS NOT NULL")).collect::<Vec<_>>().join(" AND ");
    format!("SELECT {list},count(*) FROM {} NOT INDEXED WHERE {all} GROUP BY {list} HAVING count(*)>1", quoted(&table.def.physical))
}

/// The number of key values that several rows have.
pub fn key_collision_count(table: &Table, columns: &KeyColumns) -> String {
    format!("SELECT count(*) FROM ({})", key_collisions(table, columns))
}

/// Gives a row if another one than `rowid` has the value of `key` that writing `cells` would give. None when the value has a null and cannot collide.
///
/// # Errors
/// 0x80040216 when the table has not all columns of the key.
pub fn key_taken<'a>(table: &Table, key: &AlternateKey, cells: &'a [(ColumnIx, Value)], rowid: Option<i64>) -> Result<Option<Statement<'a>>> {
    let mut text = String::from("SELECT 1 FROM ");
    push_quoted(&mut text, &table.def.physical);
    text.push_str(" AS o WHERE ");
    let mut binds = Vec::new();
    for ix in KeyColumns::of(table, key)?.0 {
        let name = quoted(&table.column(ix).physical);
        let cell = cells.iter().find(|(at, _)| *at == ix).map(|(_, value)| value);
        match (cell, rowid) {
            (Some(Value::Null), _) | (None, None) => return Ok(None),
            (Some(value), _) => {
                text.push_str(&format!("o.{name}=? AND "));
                binds.push(bind(value)?);
            }
            (None, Some(rowid)) => {
                text.push_str(&format!("o.{name}=(SELECT c.{name} FROM {} AS c WHERE c.{ROWID}=?) AND ", quoted(&table.def.physical)));
                binds.push(Bind::Int(rowid));
            }
        }
    }
    text.push_str(&format!("o.{ROWID} IS NOT ? LIMIT 1"));
    binds.push(rowid.map_or(Bind::Null, Bind::Int));
    Ok(Some(Statement { text, binds }))
}
