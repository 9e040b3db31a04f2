//! WHERE and ON. SQL knows true, false and unknown: a filter says when a condition is true, or when it is false.

use driftless_model::Result;
use sqlparser::ast::{BinaryOperator, Expr, UnaryOperator, Value};

use super::refused;
use super::tables::Scope;
use crate::{ColumnPath, Comparison, Condition, Filter, Literal, Operator};

/// Most conditions of a statement, and how deep they may be nested (SEC-07).
const CONDITIONS_MAX: usize = 500;
const DEPTH_MAX: usize = 64;

/// The rows of which `expr` is true.
pub(super) fn filter(expr: &Expr, scope: &Scope) -> Result<Filter> {
    Lowering { column: &|expr| Ok(scope.find(expr)?.map(|(path, _)| path)), left: CONDITIONS_MAX }.filter(expr, true, 0)
}

/// The same in the ON of a joined table.
pub(super) fn filter_within(expr: &Expr, scope: &Scope, joined: usize) -> Result<Filter> {
    Lowering { column: &|expr| scope.column_within(expr, joined), left: CONDITIONS_MAX }.filter(expr, true, 0)
}

/// An expression without its parentheses.
pub(super) fn unwrapped(mut expr: &Expr) -> &Expr {
    while let Expr::Nested(inner) = expr {
        expr = inner;
    }
    expr
}

/// The parts of `a AND b AND c`.
pub(super) fn conjunction(expr: &Expr) -> Vec<&Expr> {
    chain(expr, &BinaryOperator::And)
}

/// The parts of a chain of one operator, in order. Chains lean to the left and are long.
fn chain<'e>(expr: &'e Expr, operator: &BinaryOperator) -> Vec<&'e Expr> {
    let (mut parts, mut rest) = (Vec::new(), unwrapped(expr));
    while let Expr::BinaryOp { left, op, right } = rest
        && op == operator
    {
        parts.push(&**right);
        rest = unwrapped(left);
    }
    parts.push(rest);
    parts.reverse();
    parts
}

struct Lowering<'a> {
    /// The column that an expression names.
    column: &'a dyn Fn(&Expr) -> Result<Option<ColumnPath>>,
    /// Conditions that may still come.
    left: usize,
}

impl Lowering<'_> {
    /// The rows of which `expr` is `wanted`: true, or false.
    fn filter(&mut self, expr: &Expr, wanted: bool, depth: usize) -> Result<Filter> {
        if depth > DEPTH_MAX {
            return Err(refused(format!("Conditions may be nested {DEPTH_MAX} deep.")));
        }
        match unwrapped(expr) {
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => self.filter(expr, !wanted, depth + 1),
            Expr::BinaryOp { op: op @ (BinaryOperator::And | BinaryOperator::Or), .. } => {
                let parts = chain(expr, op).into_iter().map(|part| self.filter(part, wanted, depth + 1)).collect::<Result<Vec<_>>>()?;
                Ok(if (*op == BinaryOperator::And) == wanted { Filter::And(parts) } else { Filter::Or(parts) })
            }
            atom => {
                self.left = self.left.checked_sub(1).ok_or_else(|| refused(format!("It may have at most {CONDITIONS_MAX} conditions.")))?;
                self.atom(atom, wanted)
            }
        }
    }

    fn atom(&self, expr: &Expr, wanted: bool) -> Result<Filter> {
        let (column, operator, values, negated) = match expr {
            Expr::BinaryOp { left, op, right } => return self.comparison(left, op, right, wanted),
            Expr::IsNull(inner) | Expr::IsNotNull(inner) => {
                let is_null = matches!(expr, Expr::IsNull(_)) == wanted;
                let operator = if is_null { Operator::Null } else { Operator::NotNull };
                return Ok(Filter::Condition(Condition::new(self.required(inner)?, operator, Vec::new())));
            }
            Expr::InList { expr, list, negated } => {
                let values = list.iter().map(literal).collect::<Result<Vec<_>>>()?;
                // With a null in the list, nothing is known to be outside of it.
                if values.contains(&Literal::Null) && *negated == wanted {
                    return Ok(Filter::Or(Vec::new()));
                }
                (self.required(expr)?, Operator::In, values.into_iter().filter(|value| *value != Literal::Null).collect(), *negated)
            }
            Expr::Between { expr, negated, low, high } => (self.required(expr)?, Operator::Between, vec![literal(low)?, literal(high)?], *negated),
            Expr::Like { negated, any: false, expr, pattern, escape_char: None } => (self.required(expr)?, Operator::Like, vec![literal(pattern)?], *negated),
            Expr::Like { .. } => return Err(refused("LIKE is offered without ESCAPE.")),
            Expr::InSubquery { .. } | Expr::Exists { .. } | Expr::Subquery(_) => return Err(refused("Subqueries are not offered.")),
            _ => return Err(unknown()),
        };
        if values.contains(&Literal::Null) {
            return Ok(Filter::Or(Vec::new()));
        }
        let known = Condition::new(column.clone(), Operator::NotNull, Vec::new());
        let holds = Filter::Condition(Condition::new(column, operator, values));
        Ok(if negated == wanted { Filter::And(vec![Filter::Not(Box::new(holds)), Filter::Condition(known)]) } else { holds })
    }

    fn required(&self, expr: &Expr) -> Result<ColumnPath> {
        (self.column)(expr)?.ok_or_else(unknown)
    }

    fn comparison(&self, left: &Expr, op: &BinaryOperator, right: &Expr, wanted: bool) -> Result<Filter> {
        let comparison = comparison(op).ok_or_else(unknown)?;
        let (column, comparison, value) = match ((self.column)(left)?, (self.column)(right)?) {
            (Some(column), Some(other)) => {
                let comparison = if wanted { comparison } else { opposite(comparison) };
                let known = [&column, &other].map(|path| Filter::Condition(Condition::new(path.clone(), Operator::NotNull, Vec::new())));
                let holds = Condition { column, operator: Operator::Compare(comparison), values: Vec::new(), other: Some(other) };
                let holds = Filter::Condition(holds);
                return Ok(if comparison == Comparison::NotEqual { Filter::And(std::iter::once(holds).chain(known).collect()) } else { holds });
            }
            (Some(column), None) => (column, comparison, literal(right)?),
            (None, Some(column)) => (column, turned(comparison), literal(left)?),
            (None, None) => return Err(unknown()),
        };
        let comparison = if wanted { comparison } else { opposite(comparison) };
        if value == Literal::Null {
            return Ok(Filter::Or(Vec::new()));
        }
        let known = Filter::Condition(Condition::new(column.clone(), Operator::NotNull, Vec::new()));
        let holds = Filter::Condition(Condition::new(column, Operator::Compare(comparison), vec![value]));
        Ok(if comparison == Comparison::NotEqual { Filter::And(vec![holds, known]) } else { holds })
    }
}

fn unknown() -> driftless_model::Error {
    refused(
        "A condition is a column compared with a value or a column, IN, BETWEEN, LIKE or IS NULL, joined by AND, OR and NOT; other expressions are not offered.",
    )
}

fn comparison(op: &BinaryOperator) -> Option<Comparison> {
    Some(match op {
        BinaryOperator::Eq => Comparison::Equal,
        BinaryOperator::NotEq => Comparison::NotEqual,
        BinaryOperator::Gt => Comparison::Greater,
        BinaryOperator::GtEq => Comparison::GreaterEqual,
        BinaryOperator::Lt => Comparison::Less,
        BinaryOperator::LtEq => Comparison::LessEqual,
        _ => return None,
    })
}

/// What holds when the comparison is false.
fn opposite(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Equal => Comparison::NotEqual,
        Comparison::NotEqual => Comparison::Equal,
        Comparison::Greater => Comparison::LessEqual,
        Comparison::GreaterEqual => Comparison::Less,
        Comparison::Less => Comparison::GreaterEqual,
        Comparison::LessEqual => Comparison::Greater,
    }
}

/// The comparison with its sides exchanged.
fn turned(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Greater => Comparison::Less,
        Comparison::GreaterEqual => Comparison::LessEqual,
        Comparison::Less => Comparison::Greater,
        Comparison::LessEqual => Comparison::GreaterEqual,
        same => same,
    }
}

fn literal(expr: &Expr) -> Result<Literal> {
    match unwrapped(expr) {
        Expr::Value(value) => match &value.value {
            Value::Number(text, _) => Ok(Literal::Number(text.clone())),
            Value::SingleQuotedString(text) | Value::NationalStringLiteral(text) => Ok(Literal::Text(text.clone())),
            Value::Boolean(flag) => Ok(Literal::Bool(*flag)),
            Value::Null => Ok(Literal::Null),
            _ => Err(unknown()),
        },
        Expr::UnaryOp { op: sign @ (UnaryOperator::Minus | UnaryOperator::Plus), expr } => match literal(expr)? {
            Literal::Number(text) if !text.starts_with('-') => Ok(Literal::Number(if *sign == UnaryOperator::Minus { format!("-{text}") } else { text })),
            _ => Err(unknown()),
        },
        _ => Err(unknown()),
    }
}
