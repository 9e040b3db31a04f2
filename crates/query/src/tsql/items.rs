//! The list of columns: what is returned, and under which names.

use driftless_model::{LogicalName, Result, Table};
use sqlparser::ast::{Distinct, DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, ObjectNamePart, Select};

use super::tables::Scope;
use super::{item, refused};
use crate::{Aggregate, ColumnPath, ResultKind, Role, SelectedValue};

/// What is returned.
pub(super) struct Items {
    pub(super) result: ResultKind,
    /// Columns of the query's own table that keep their names.
    pub(super) columns: Vec<LogicalName>,
    pub(super) values: Vec<SelectedValue>,
    /// Expressions that have a name in the result.
    named: Vec<(Expr, String)>,
    /// Every name of the result.
    names: Vec<String>,
}

impl Items {
    pub(super) fn of(select: &Select, grouped: &[Expr], scope: &Scope) -> Result<Self> {
        let entries = select.projection.iter().map(item).collect::<Result<Vec<_>>>()?;
        let aggregates = entries.iter().any(|(expr, _)| matches!(expr, Expr::Function(_)));
        let result = match &select.distinct {
            _ if aggregates || !grouped.is_empty() => ResultKind::Groups,
            Some(Distinct::Distinct) => ResultKind::Distinct,
            None | Some(Distinct::All) => ResultKind::Rows,
            Some(Distinct::On(_)) => return Err(refused("DISTINCT ON is not offered.")),
        };
        let groups = grouped.iter().map(|expr| scope.column(expr)).collect::<Result<Vec<_>>>()?;
        let mut items = Self { result, columns: Vec::new(), values: Vec::new(), named: Vec::new(), names: Vec::new() };
        if result == ResultKind::Rows {
            // Rows always bring their identifier.
            items.names.push(scope.root().def.primary_id.to_string());
        }
        for (expr, alias) in entries {
            items.entry(expr, alias, &groups, scope)?;
        }
        let missing = groups.iter().find(|group| !items.values.iter().any(|value| value.column.as_ref() == Some(*group)));
        if let (ResultKind::Groups, Some(missing)) = (result, missing) {
            return Err(refused(format!("The column '{}' of GROUP BY must be among the columns that are returned.", missing.column)));
        }
        Ok(items)
    }

    /// The name in the result that an expression has, or is.
    pub(super) fn named(&self, expr: &Expr) -> Option<&str> {
        let by_name = |name: &str| if let Expr::Identifier(ident) = expr { ident.value.eq_ignore_ascii_case(name) } else { false };
        self.named.iter().find(|(own, name)| own == expr || by_name(name)).map(|(_, name)| name.as_str())
    }

    fn entry(&mut self, expr: &Expr, alias: Option<&str>, groups: &[ColumnPath], scope: &Scope) -> Result<()> {
        if let Expr::Function(function) = expr {
            let (aggregate, column) = aggregate(function, scope)?;
            let name = alias.map_or_else(|| made_name(function, column.as_ref()), str::to_owned);
            self.name(name.clone())?;
            self.named.push((expr.clone(), name.clone()));
            self.values.push(SelectedValue { column, name: Some(name), role: Role::Aggregate(aggregate) });
            return Ok(());
        }
        let Some((path, table)) = scope.find(expr)? else {
            return Err(refused("The list after SELECT has columns, COUNT, SUM, AVG, MIN and MAX; other expressions are not offered."));
        };
        let role = match self.result {
            ResultKind::Groups if groups.contains(&path) => Role::Group(None),
            ResultKind::Groups => return Err(refused(format!("The column '{}' must be in GROUP BY, or in an aggregate.", path.column))),
            ResultKind::Rows | ResultKind::Distinct => Role::Plain,
        };
        let own_row = self.result == ResultKind::Rows && path.link.is_none();
        match alias {
            Some(alias) => {
                self.name(alias.to_owned())?;
                self.named.push((expr.clone(), alias.to_owned()));
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
            return Err(refused(format!(
                "Two columns would be called '{}' in the result: give one of them a name with AS.",
                name.chars().take(100).collect::<String>()
            )));
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
fn made_name(function: &Function, column: Option<&ColumnPath>) -> String {
    let name = function.name.to_string().to_ascii_lowercase();
    column.map_or_else(|| name.clone(), |path| format!("{name}_{}", path.column))
}

/// An aggregate and its column; none for the number of rows.
fn aggregate(function: &Function, scope: &Scope) -> Result<(Aggregate, Option<ColumnPath>)> {
    let refuse = || refused("COUNT, SUM, AVG, MIN and MAX of a column, COUNT(*) and COUNT(DISTINCT column) are offered; other functions are not.");
    let Function {
        name,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(list),
        filter: None,
        null_treatment: None,
        over: None,
        within_group,
        ..
    } = function
    else {
        return Err(refuse());
    };
    let ([ObjectNamePart::Identifier(name)], [FunctionArg::Unnamed(argument)], [], []) =
        (name.0.as_slice(), list.args.as_slice(), list.clauses.as_slice(), within_group.as_slice())
    else {
        return Err(refuse());
    };
    let distinct = list.duplicate_treatment == Some(DuplicateTreatment::Distinct);
    let aggregate = match (name.value.to_ascii_lowercase().as_str(), distinct) {
        ("count" | "count_big", false) => Aggregate::Count,
        ("count" | "count_big", true) => Aggregate::CountDistinct,
        ("sum", false) => Aggregate::Sum,
        ("avg", false) => Aggregate::Average,
        ("min", _) => Aggregate::Min,
        ("max", _) => Aggregate::Max,
        _ => return Err(refuse()),
    };
    match argument {
        FunctionArgExpr::Wildcard if aggregate == Aggregate::Count => Ok((aggregate, None)),
        FunctionArgExpr::Expr(expr) => Ok((aggregate, Some(scope.column(expr)?))),
        _ => Err(refuse()),
    }
}
