//! The list of columns: what is returned, and under which names.

use driftless_model::{LogicalName, Result, Table};

use super::ast::{AggregateOf, ColumnName, Item, Select, Selected};
use super::tables::Scope;
use super::{excerpt, refused};
use crate::{ColumnPath, ResultKind, Role, SelectedValue};

/// What is returned.
pub(super) struct Items {
    pub(super) result: ResultKind,
    /// Columns of the query's own table that keep their names.
    pub(super) columns: Vec<LogicalName>,
    pub(super) values: Vec<SelectedValue>,
    /// Columns and aggregates that have a name in the result.
    named: Vec<(Selected, String)>,
    /// Every name of the result.
    names: Vec<String>,
}

impl Items {
    pub(super) fn of(select: &Select, scope: &Scope) -> Result<Self> {
        let aggregates = select.items.iter().any(|item| matches!(item.value, Selected::Aggregate(_)));
        let result = match select.distinct {
            _ if aggregates || !select.groups.is_empty() => ResultKind::Groups,
            true => ResultKind::Distinct,
            false => ResultKind::Rows,
        };
        let groups = select.groups.iter().map(|column| scope.column(column)).collect::<Result<Vec<_>>>()?;
        let mut items = Self { result, columns: Vec::new(), values: Vec::new(), named: Vec::new(), names: Vec::new() };
        if result == ResultKind::Rows {
            // Rows always bring their identifier.
            items.names.push(scope.root().def.primary_id.to_string());
        }
        for Item { value, alias } in &select.items {
            match value {
                Selected::Aggregate(aggregate) => items.aggregate(aggregate, alias.as_deref(), scope)?,
                Selected::Column(column) => items.column(column, alias.as_deref(), &groups, scope)?,
            }
        }
        let missing = groups.iter().find(|group| !items.values.iter().any(|value| value.column.as_ref() == Some(*group)));
        if let (ResultKind::Groups, Some(missing)) = (result, missing) {
            return Err(refused(format!("The column '{}' of GROUP BY must be among the columns that are returned.", missing.column)));
        }
        Ok(items)
    }

    /// The name in the result that a column or an aggregate has, or is.
    pub(super) fn named(&self, value: &Selected) -> Option<&str> {
        let by_name = |name: &str| matches!(value, Selected::Column(ColumnName { table: None, column }) if column.eq_ignore_ascii_case(name));
        self.named.iter().find(|(own, name)| own == value || by_name(name)).map(|(_, name)| name.as_str())
    }

    fn aggregate(&mut self, of: &AggregateOf, alias: Option<&str>, scope: &Scope) -> Result<()> {
        let column = of.column.as_ref().map(|column| scope.column(column)).transpose()?;
        let name = alias.map_or_else(|| made_name(&of.function, column.as_ref()), str::to_owned);
        self.name(name.clone())?;
        self.named.push((Selected::Aggregate(of.clone()), name.clone()));
        self.values.push(SelectedValue { column, name: Some(name), role: Role::Aggregate(of.aggregate) });
        Ok(())
    }

    fn column(&mut self, column: &ColumnName, alias: Option<&str>, groups: &[ColumnPath], scope: &Scope) -> Result<()> {
        let (path, table) = scope.find(column)?;
        let role = match self.result {
            ResultKind::Groups if groups.contains(&path) => Role::Group(None),
            ResultKind::Groups => return Err(refused(format!("The column '{}' must be in GROUP BY, or in an aggregate.", path.column))),
            ResultKind::Rows | ResultKind::Distinct => Role::Plain,
        };
        let own_row = self.result == ResultKind::Rows && path.link.is_none();
        match alias {
            Some(alias) => {
                self.name(alias.to_owned())?;
                self.named.push((Selected::Column(column.clone()), alias.to_owned()));
            }
            // The identifier is there already.
            None if own_row && path.column == table.def.primary_id => {}
            None => self.name(wire_name(table, &path.column))?,
        }
        if own_row && alias.is_none() {
            self.columns.push(path.column);
        } else {
            self.values.push(SelectedValue { column: Some(path), name: alias.map(str::to_owned), role });
        }
        Ok(())
    }

    /// Takes a name that is free.
    fn name(&mut self, name: String) -> Result<()> {
        if self.names.contains(&name) {
            return Err(refused(format!("Two columns would be called '{}' in the result: give one of them a name with AS.", excerpt(&name))));
        }
        self.names.push(name);
        Ok(())
    }
}

/// The name that a column has in rows (web-api 22).
fn wire_name(table: &Table, column: &LogicalName) -> String {
    match table.find(column) {
        Some(ix) if table.column(ix).lookup().is_some() => format!("_{column}_value"),
        _ => column.to_string(),
    }
}

/// The name of an aggregate that got none: `count`, `sum_amount`.
fn made_name(function: &str, column: Option<&ColumnPath>) -> String {
    column.map_or_else(|| function.to_owned(), |path| format!("{function}_{}", path.column))
}
