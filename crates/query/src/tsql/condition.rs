//! WHERE and ON. SQL knows true, false and unknown: a filter says when a condition is true, or when it is false.

use driftless_model::Result;

use super::ast::{ColumnName, Operand, Predicate};
use super::tables::Scope;
use crate::{ColumnPath, Comparison, Condition, Filter, Literal, Operator};

/// The rows of which `predicate` is true.
pub(super) fn filter(predicate: &Predicate, scope: &Scope) -> Result<Filter> {
    Lowering { column: &|column| scope.column(column) }.filter(predicate, true)
}

/// The same in the ON of a joined table.
pub(super) fn filter_within(predicate: &Predicate, scope: &Scope, joined: usize) -> Result<Filter> {
    Lowering { column: &|column| scope.column_within(column, joined) }.filter(predicate, true)
}

struct Lowering<'a> {
    /// The column of a name.
    column: &'a dyn Fn(&ColumnName) -> Result<ColumnPath>,
}

impl Lowering<'_> {
    /// The rows of which `predicate` is `wanted`: true, or false. The parser has bounded how deep it is.
    fn filter(&self, predicate: &Predicate, wanted: bool) -> Result<Filter> {
        let all = |parts: &[Predicate]| parts.iter().map(|part| self.filter(part, wanted)).collect::<Result<Vec<_>>>();
        let (column, operator, values, negated) = match predicate {
            Predicate::Not(inner) => return self.filter(inner, !wanted),
            Predicate::And(parts) => return all(parts).map(if wanted { Filter::And } else { Filter::Or }),
            Predicate::Or(parts) => return all(parts).map(if wanted { Filter::Or } else { Filter::And }),
            Predicate::Compare { column, comparison, other } => return self.comparison(column, *comparison, other, wanted),
            Predicate::Null { column, negated } => {
                let operator = if *negated == wanted { Operator::NotNull } else { Operator::Null };
                return Ok(Filter::Condition(Condition::new((self.column)(column)?, operator, Vec::new())));
            }
            Predicate::In { column, values, negated } => {
                // With a null in the list, nothing is known to be outside of it.
                if values.contains(&Literal::Null) && *negated == wanted {
                    return Ok(Filter::Or(Vec::new()));
                }
                (column, Operator::In, values.iter().filter(|value| **value != Literal::Null).cloned().collect(), *negated)
            }
            Predicate::Between { column, low, high, negated } => (column, Operator::Between, vec![low.clone(), high.clone()], *negated),
            Predicate::Like { column, pattern, negated } => (column, Operator::Like, vec![pattern.clone()], *negated),
        };
        let column = (self.column)(column)?;
        if values.contains(&Literal::Null) {
            return Ok(Filter::Or(Vec::new()));
        }
        let known = Condition::new(column.clone(), Operator::NotNull, Vec::new());
        let holds = Filter::Condition(Condition::new(column, operator, values));
        Ok(if negated == wanted { Filter::And(vec![Filter::Not(Box::new(holds)), Filter::Condition(known)]) } else { holds })
    }

    fn comparison(&self, column: &ColumnName, comparison: Comparison, other: &Operand, wanted: bool) -> Result<Filter> {
        let column = (self.column)(column)?;
        let comparison = if wanted { comparison } else { opposite(comparison) };
        let mut known = vec![column.clone()];
        let condition = match other {
            Operand::Value(Literal::Null) => return Ok(Filter::Or(Vec::new())),
            Operand::Value(value) => Condition::new(column, Operator::Compare(comparison), vec![value.clone()]),
            Operand::Column(other) => {
                let other = (self.column)(other)?;
                known.push(other.clone());
                Condition { column, operator: Operator::Compare(comparison), values: Vec::new(), other: Some(other) }
            }
        };
        let holds = Filter::Condition(condition);
        if comparison != Comparison::NotEqual {
            return Ok(holds);
        }
        let known = known.into_iter().map(|path| Filter::Condition(Condition::new(path, Operator::NotNull, Vec::new())));
        Ok(Filter::And(std::iter::once(holds).chain(known).collect()))
    }
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
