//! `$filter` to a filter over columns (web-api 16). Names become logical names and paths of lookups here; types are checked when the query is resolved.

use std::collections::BTreeMap;
use std::sync::Arc;

use driftless_core::Snapshot;
use driftless_model::{Column, Error, ErrorCode, LogicalName, Result, Shape, Table, Uuid};
use driftless_odata::filter::{Argument, CompareOp, Expr, FilterLimits, Lit, Operand, TextFunction, parse_argument};
use driftless_odata::literal;
use driftless_query::{ColumnPath, Comparison, Condition, Filter, Literal, Operator};

use super::navigation::single;
use super::query::property;
use crate::error;

/// Lookups to follow, each with the table that it leads to.
type Steps = Vec<(LogicalName, LogicalName)>;

/// What names in a filter may lead to.
pub(super) struct Lowering<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) aliases: &'a BTreeMap<String, String>,
}

impl Lowering<'_> {
    /// The filter that an expression means for rows of `table`.
    pub(super) fn filter(&self, table: &Arc<Table>, expr: &Expr) -> Result<Filter> {
        Ok(match expr {
            Expr::And(parts) => Filter::And(parts.iter().map(|part| self.filter(table, part)).collect::<Result<_>>()?),
            Expr::Or(parts) => Filter::Or(parts.iter().map(|part| self.filter(table, part)).collect::<Result<_>>()?),
            Expr::Not(part) => Filter::Not(Box::new(self.filter(table, part)?)),
            Expr::Compare { left, op, right } => self.compare(table, left, *op, right)?,
            Expr::Function { name, subject, text } => self.text_function(table, *name, subject, text)?,
            Expr::Property(path) => self.condition(table, path, Operator::Compare(Comparison::Equal), vec![Lit::Bool(true)], None)?,
            Expr::Custom { name, .. } => return Err(error::not_offered(&format!("The query function {name}"))),
            Expr::Lambda { .. } => return Err(error::not_offered("A filter over a collection with any or all")),
        })
    }

    /// Lookups and column of a path.
    ///
    /// # Errors
    /// 0x80060888 when a segment is no property, 0x80040315 for a lookup of several tables inside a path.
    pub(super) fn path(&self, table: &Arc<Table>, segments: &[String]) -> Result<ColumnPath> {
        let (lookups, table, last) = self.steps(table, segments)?;
        let column = property(&table, last)?;
        Ok(ColumnPath { link: None, lookups, column: table.column(column).name.clone() })
    }

    /// Follows all segments but the last.
    fn steps<'s>(&self, table: &Arc<Table>, segments: &'s [String]) -> Result<(Steps, Arc<Table>, &'s str)> {
        let Some((last, before)) = segments.split_last() else {
            return Err(error::no_such_property("", table.name()));
        };
        let mut steps = Vec::with_capacity(before.len());
        let mut table = Arc::clone(table);
        for name in before {
            let navigation = single(self.snapshot, &table, name).ok_or_else(|| error::no_such_property(name, table.name()))?;
            let [target] = navigation.targets.as_slice() else {
                return Err(error::not_offered(&format!("A path through '{name}', which leads to several tables,")));
            };
            steps.push((table.column(navigation.column).name.clone(), target.clone()));
            table = Arc::clone(self.snapshot.require(target)?);
        }
        Ok((steps, table, last))
    }

    fn compare(&self, table: &Arc<Table>, left: &Operand, op: CompareOp, right: &Operand) -> Result<Filter> {
        let (left, right) = (self.resolved(left)?, self.resolved(right)?);
        match (left, right) {
            (Operand::Path(path), Operand::Literal(lit)) => self.condition(table, &path, Operator::Compare(comparison(op)), vec![lit], None),
            (Operand::Literal(lit), Operand::Path(path)) => self.condition(table, &path, Operator::Compare(mirrored(op)), vec![lit], None),
            (Operand::Path(path), Operand::Path(other)) => self.condition(table, &path, Operator::Compare(comparison(op)), Vec::new(), Some(&other)),
            _ => Err(Error::new(ErrorCode::ODataError, "A comparison in $filter needs a property on at least one side.")),
        }
    }

    fn text_function(&self, table: &Arc<Table>, name: TextFunction, subject: &Operand, text: &Operand) -> Result<Filter> {
        let operator = match name {
            TextFunction::Contains => Operator::Contains,
            TextFunction::StartsWith => Operator::BeginsWith,
            TextFunction::EndsWith => Operator::EndsWith,
        };
        match (self.resolved(subject)?, self.resolved(text)?) {
            (Operand::Path(path), Operand::Literal(lit)) => self.condition(table, &path, operator, vec![lit], None),
            _ => Err(Error::new(ErrorCode::ODataError, format!("The function {} takes a property and a text.", name.name()))),
        }
    }

    /// An operand with its alias replaced; one that is not assigned is null (web-api 15).
    fn resolved(&self, operand: &Operand) -> Result<Operand> {
        let Operand::Alias(name) = operand else { return Ok(operand.clone()) };
        let Some(text) = self.aliases.get(name) else { return Ok(Operand::Literal(Lit::Null)) };
        match parse_argument(text, &FilterLimits::default()).map_err(error::of_syntax)? {
            Argument::Single(Operand::Alias(_)) | Argument::List(_) => {
                Err(Error::new(ErrorCode::ODataError, format!("The parameter '@{name}' must stand for one value or property.")))
            }
            Argument::Single(operand) => Ok(operand),
        }
    }

    fn condition(&self, table: &Arc<Table>, path: &[String], operator: Operator, lits: Vec<Lit>, other: Option<&[String]>) -> Result<Filter> {
        let (steps, owner, last) = self.steps(table, path)?;
        // `nav eq null` is how OData asks whether a lookup is empty.
        let navigation = || single(self.snapshot, &owner, last).filter(|_| lits.as_slice() == [Lit::Null]).map(|navigation| navigation.column);
        let column = property(&owner, last).or_else(|error| navigation().ok_or(error))?;
        let other = match other {
            None => None,
            Some(path) => {
                let path = self.path(table, path)?;
                if path.lookups != steps {
                    return Err(Error::new(ErrorCode::ODataError, "Two properties can be compared only when they belong to one record."));
                }
                Some(path)
            }
        };
        let values = lits.iter().map(|lit| value(owner.column(column), lit)).collect::<Result<_>>()?;
        let column = ColumnPath { link: None, lookups: steps, column: owner.column(column).name.clone() };
        Ok(Filter::Condition(Condition { column, operator, values, other }))
    }
}

/// A literal as the query model has it. Dates in quotes are taken as dates where the column is one.
fn value(column: &Column, lit: &Lit) -> Result<Literal> {
    // Compared is what is stored (MD-23).
    let date_time = if column.is_wall_time() { literal::wall_time } else { literal::date_time };
    let bad = |text: &str| {
        let text: String = text.chars().take(100).collect();
        Error::new(ErrorCode::ODataError, format!("Unrecognized 'Edm.DateTimeOffset' literal '{text}' in $filter."))
    };
    Ok(match lit {
        Lit::Null => Literal::Null,
        Lit::Bool(value) => Literal::Bool(*value),
        Lit::Number(text) => Literal::Number(text.clone()),
        Lit::Guid(bytes) => Literal::Guid(Uuid::from_bytes(*bytes)),
        Lit::DateTime(text) => Literal::DateTime(date_time(text).map_err(|_| bad(text))?),
        Lit::Date(text) => Literal::Date(literal::date(text).map_err(|_| bad(text))?),
        Lit::Text(text) => match column.shape() {
            Shape::DateTime if !text.is_empty() => Literal::DateTime(date_time(text).map_err(|_| bad(text))?),
            Shape::Date if !text.is_empty() => Literal::Date(literal::date(text).map_err(|_| bad(text))?),
            _ => Literal::Text(text.clone()),
        },
        Lit::Enum { type_name, .. } => return Err(Error::new(ErrorCode::ODataError, format!("The type '{type_name}' is not one of a record's properties."))),
    })
}

fn comparison(op: CompareOp) -> Comparison {
    match op {
        CompareOp::Eq => Comparison::Equal,
        CompareOp::Ne => Comparison::NotEqual,
        CompareOp::Gt => Comparison::Greater,
        CompareOp::Ge => Comparison::GreaterEqual,
        CompareOp::Lt => Comparison::Less,
        CompareOp::Le => Comparison::LessEqual,
    }
}

/// The operator that says the same with its sides exchanged.
fn mirrored(op: CompareOp) -> Comparison {
    comparison(match op {
        CompareOp::Gt => CompareOp::Lt,
        CompareOp::Ge => CompareOp::Le,
        CompareOp::Lt => CompareOp::Gt,
        CompareOp::Le => CompareOp::Ge,
        CompareOp::Eq | CompareOp::Ne => op,
    })
}
