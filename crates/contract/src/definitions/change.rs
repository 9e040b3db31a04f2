//! Changes and removals of the definitions that items show.

use driftless_core::Define;
use driftless_model::{Error, ErrorCode, Result};

use super::choice::Options;
use super::item::{Source, View};
use super::node::Node;
use super::read;

/// The change of a present definition that a whole one asks for; none for what has no definition of its own. `merge_labels` keeps the labels in languages that
/// are not named.
///
/// # Errors
/// What the reader of the definition refuses; 0x8004023b for alternate keys.
pub fn update(view: View<'_>, source: Source<'_>, wanted: &Node<'_>, merge_labels: bool) -> Result<Option<Define>> {
    Ok(Some(match source {
        Source::Table(table) => Define::UpdateTable(table.name().clone(), read::table_update(view, table, wanted, merge_labels)?),
        Source::Column(table, ix) => {
            let column = table.column(ix);
            Define::UpdateColumn(table.name().clone(), column.name.clone(), read::column_update(view.snapshot, column, wanted, merge_labels)?)
        }
        Source::Relationship(relationship) => Define::UpdateRelationship(relationship.schema_name.to_string(), read::relationship_update(wanted)?),
        Source::ManyToMany(relationship) => Define::UpdateManyToMany(relationship.schema_name.to_string(), read::many_to_many_update(wanted)?),
        Source::Options(Options::Set(set, _)) if set.global => Define::UpdateChoice(set.name.clone(), read::choice_update(wanted, merge_labels)?),
        Source::Options(_) => return Ok(None),
        Source::Key(..) => {
            return Err(Error::new(ErrorCode::InvalidOperation, "An alternate key cannot be changed: delete it and make another one."));
        }
    }))
}

/// The removal of a definition; none for what has no definition of its own.
#[must_use]
pub fn delete(source: Source<'_>) -> Option<Define> {
    Some(match source {
        Source::Table(table) => Define::DeleteTable(table.name().clone()),
        Source::Column(table, ix) => Define::DeleteColumn(table.name().clone(), table.column(ix).name.clone()),
        Source::Key(table, key) => Define::DeleteKey(table.name().clone(), key.name.clone()),
        Source::Relationship(relationship) => Define::DeleteRelationship(relationship.schema_name.to_string()),
        Source::ManyToMany(relationship) => Define::DeleteManyToMany(relationship.schema_name.to_string()),
        Source::Options(Options::Set(set, _)) if set.global => Define::DeleteChoice(set.name.clone()),
        Source::Options(_) => return None,
    })
}
