//! `$filter` to a filter over columns (web-api 16). Names become logical names and paths of lookups here; types are checked when the query is resolved.

use std::collections::BTreeMap;
use std::sync::Arc;

use driftless_core::Snapshot;
use driftless_model::literal;
use driftless_model::{Column, Error, ErrorCode, LogicalName, Result, Shape, Table, Uuid};
use driftless_odata::filter::{Argument, CompareOp, Expr, FilterLimits, Lit, Operand, Quantifier, TextFunction, parse_argument};
use driftless_query::{Along, ColumnPath, Comparison, Condition, Filter, Link, LinkKind, Literal, Operator};

use super::functions;
use super::navigation::{single, target_of, way};
use super::query::property;
use crate::error;

/// Lookups to follow, each with the table that it leads to.
type Steps = Vec<(LogicalName, LogicalName)>;

/// What names in a filter may lead to.
#[derive(Clone, Copy)]
pub(super) struct Lowering<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) aliases: &'a BTreeMap<String, String>,
    /// The range variable that paths begin with, inside `any` and `all`.
    pub(super) variable: Option<&'a str>,
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
            Expr::Custom { name, args } => self.query_function(table, name, args)?,
            Expr::Lambda { quantifier, path, body } => self.lambda(table, *quantifier, path, body.as_ref())?,
        })
    }

    /// Lookups and column of a path.
    ///
    /// # Errors
    /// 0x80060888 when a segment is no property, 0x80040315 for a lookup of several tables inside a path.
    pub(super) fn path(&self, table: &Arc<Table>, segments: &[String]) -> Result<ColumnPath> {
        let (lookups, table, last) = self.steps(table, segments)?;
        let column = property(&table, last)?;
        Ok(self.column_path(lookups, table.column(column)))
    }

    fn column_path(&self, lookups: Steps, column: &Column) -> ColumnPath {
        ColumnPath { link: self.variable.map(str::to_owned), lookups, column: column.name.clone() }
    }

    /// A path without the range variable that it begins with.
    fn behind_variable<'s>(&self, segments: &'s [String]) -> Result<&'s [String]> {
        match (self.variable, segments) {
            (None, segments) => Ok(segments),
            (Some(variable), [first, rest @ ..]) if first == variable && !rest.is_empty() => Ok(rest),
            (Some(variable), segments) => Err(Error::new(
                ErrorCode::ODataError,
                format!("The path '{}' inside any or all must begin with the variable '{variable}' and a slash.", segments.join("/")),
            )),
        }
    }

    /// Follows all segments but the last.
    fn steps<'s>(&self, table: &Arc<Table>, segments: &'s [String]) -> Result<(Steps, Arc<Table>, &'s str)> {
        let segments = self.behind_variable(segments)?;
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

    /// `collection/any(o:…)` and `collection/all(o:…)`: partners that meet a condition, or none that does not.
    fn lambda(&self, table: &Arc<Table>, quantifier: Quantifier, path: &[String], body: Option<&(String, Box<Expr>)>) -> Result<Filter> {
        let [name] = self.behind_variable(path)? else {
            return Err(Error::new(ErrorCode::ODataError, format!("The path '{}' leads to no collection of this record.", path.join("/"))));
        };
        let along = way(self.snapshot, table, name).ok_or_else(|| error::no_such_property(name, table.name()))?;
        let variable = body.map_or(NO_VARIABLE, |(variable, _)| variable);
        let target = Arc::clone(self.snapshot.require(target_of(&along))?);
        let condition = body.map(|(_, expr)| Lowering { variable: Some(variable), ..*self }.filter(&target, expr)).transpose()?;
        Ok(match quantifier {
            Quantifier::Any => Filter::Exists(Box::new(link(&along, table, &target, variable, condition))),
            Quantifier::All => {
                let opposite = condition.map(|condition| Filter::Not(Box::new(condition)));
                Filter::Not(Box::new(Filter::Exists(Box::new(link(&along, table, &target, variable, opposite)))))
            }
        })
    }

    /// A query function: the column by its logical name, and values (web-api 16).
    fn query_function(&self, table: &Arc<Table>, name: &str, args: &[(String, Argument)]) -> Result<Filter> {
        let short = name.strip_prefix("Microsoft.Dynamics.CRM.").unwrap_or(name);
        let function = functions::find(short).ok_or_else(|| error::no_such_function(name))?;
        let mut path = None;
        let mut values = function.fixed.map(|fixed| Lit::Number(fixed.to_string())).into_iter().collect::<Vec<_>>();
        for (name, argument) in args {
            match (name.as_str(), self.argument(argument)?) {
                ("PropertyName", Argument::Single(Operand::Literal(Lit::Text(text)))) => path = Some(text.split('/').map(str::to_owned).collect::<Vec<_>>()),
                ("PropertyName", Argument::Single(Operand::Path(segments))) => path = Some(segments),
                ("PropertyValue" | "PropertyValue1" | "PropertyValue2", Argument::Single(Operand::Literal(lit))) => values.push(lit),
                ("PropertyValues", Argument::List(list)) => values.extend(list),
                (other, _) => return Err(function_argument(short, other)),
            }
        }
        let path = path.ok_or_else(|| function_argument(short, "PropertyName"))?;
        let (steps, owner, last) = match self.variable {
            Some(variable) if path.first().is_none_or(|first| first != variable) => {
                let path = [&[variable.to_owned()][..], &path].concat();
                let (steps, owner, _) = self.steps(table, &path)?;
                (steps, owner, path.last().cloned().unwrap_or_default())
            }
            _ => {
                let (steps, owner, last) = self.steps(table, &path)?;
                (steps, owner, last.to_owned())
            }
        };
        let ix = owner.find(&last).filter(|ix| owner.column(*ix).is_stored()).map_or_else(|| property(&owner, &last), Ok)?;
        let column = owner.column(ix);
        let values = values.iter().map(|lit| if function.is_plain() { Ok(plain(lit)) } else { value(column, lit) }).collect::<Result<_>>()?;
        let condition = Filter::Condition(Condition::new(self.column_path(steps, column), function.operator, values));
        Ok(if function.negated { Filter::Not(Box::new(condition)) } else { condition })
    }

    /// An argument with its alias replaced.
    fn argument(&self, argument: &Argument) -> Result<Argument> {
        let Argument::Single(Operand::Alias(name)) = argument else { return Ok(argument.clone()) };
        match self.aliases.get(name) {
            Some(text) => parse_argument(text, &FilterLimits::default()).map_err(error::of_syntax),
            None => Ok(Argument::Single(Operand::Literal(Lit::Null))),
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
        let column = self.column_path(steps, owner.column(column));
        Ok(Filter::Condition(Condition { column, operator, values, other }))
    }
}

/// Alias of the rows of `any()`; no variable of a filter can be named so.
const NO_VARIABLE: &str = "\u{0}any";

fn function_argument(function: &str, name: &str) -> Error {
    Error::new(ErrorCode::ODataError, format!("The query function {function} lacks the parameter '{name}', or has one that it does not take."))
}

/// The subquery for the rows that `along` leads to from rows of `table`.
fn link(along: &Along, table: &Table, target: &Table, alias: &str, filter: Option<Filter>) -> Link {
    let own = |link: LogicalName, to: LogicalName, filter| Link {
        alias: alias.to_owned(),
        table: target.name().clone(),
        from: link,
        to,
        kind: LinkKind::Inner,
        filter,
        links: Vec::new(),
    };
    match along {
        Along::Collection { lookup, .. } | Along::Lookup { lookup, .. } => own(lookup.clone(), table.def.primary_id.clone(), filter),
        Along::Intersect { intersect, near, far, .. } => Link {
            alias: format!("{alias}\u{0}pairs"),
            table: intersect.clone(),
            from: near.clone(),
            to: table.def.primary_id.clone(),
            kind: LinkKind::Inner,
            filter: None,
            links: vec![own(target.def.primary_id.clone(), far.clone(), filter)],
        },
    }
}

/// A literal that means a number or a day, whatever its column holds.
fn plain(lit: &Lit) -> Literal {
    match lit {
        Lit::Null => Literal::Null,
        Lit::Bool(value) => Literal::Bool(*value),
        Lit::Number(text) => Literal::Number(text.clone()),
        Lit::Guid(bytes) => Literal::Guid(Uuid::from_bytes(*bytes)),
        Lit::Text(text) | Lit::DateTime(text) | Lit::Date(text) | Lit::Enum { member: text, .. } => Literal::Text(text.clone()),
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
