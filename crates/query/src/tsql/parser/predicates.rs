//! What WHERE and ON say.

use driftless_model::{Error, Result};

use super::cursor::Parser;
use super::no_subqueries;
use crate::tsql::ast::{ColumnName, Operand, Predicate};
use crate::tsql::lexer::Token;
use crate::tsql::refused;
use crate::{Comparison, Literal};

/// What parentheses may hold: which it is shows only at their end.
enum Term {
    Predicate(Predicate),
    Operand(Operand),
}

impl Term {
    fn predicate(self) -> Result<Predicate> {
        match self {
            Self::Predicate(predicate) => Ok(predicate),
            Self::Operand(_) => Err(not_a_condition()),
        }
    }
}

impl Parser<'_> {
    pub(super) fn predicate(&mut self) -> Result<Predicate> {
        self.disjunction(0)?.predicate()
    }

    /// One level further inside; `depth` counts NOT and parentheses.
    fn deeper(&self, depth: usize) -> Result<usize> {
        let most = self.limits.depth;
        if depth < most { Ok(depth + 1) } else { Err(refused(format!("Conditions may be nested {most} deep."))) }
    }

    fn disjunction(&mut self, depth: usize) -> Result<Term> {
        let first = self.conjunction(depth)?;
        if !self.is_word("OR") {
            return Ok(first);
        }
        let mut parts = Vec::new();
        let mut next = first.predicate()?;
        loop {
            match next {
                Predicate::Or(inner) => parts.extend(inner),
                part => parts.push(part),
            }
            if !self.eat_word("OR") {
                return Ok(Term::Predicate(Predicate::Or(parts)));
            }
            next = self.conjunction(depth)?.predicate()?;
        }
    }

    fn conjunction(&mut self, depth: usize) -> Result<Term> {
        let first = self.negation(depth)?;
        if !self.is_word("AND") {
            return Ok(first);
        }
        let mut parts = Vec::new();
        let mut next = first.predicate()?;
        loop {
            match next {
                Predicate::And(inner) => parts.extend(inner),
                part => parts.push(part),
            }
            if !self.eat_word("AND") {
                return Ok(Term::Predicate(Predicate::And(parts)));
            }
            next = self.negation(depth)?.predicate()?;
        }
    }

    fn negation(&mut self, depth: usize) -> Result<Term> {
        if self.eat_word("NOT") {
            let negated = self.negation(self.deeper(depth)?)?.predicate()?;
            return Ok(Term::Predicate(Predicate::Not(Box::new(negated))));
        }
        let operand = if self.is_symbol("(") {
            match self.parenthesized(depth)? {
                Term::Operand(operand) => self.alone(operand)?,
                predicate => return Ok(predicate),
            }
        } else {
            self.operand(depth)?
        };
        self.condition(operand, depth)
    }

    fn parenthesized(&mut self, depth: usize) -> Result<Term> {
        self.open()?;
        let term = self.disjunction(self.deeper(depth)?)?;
        if matches!(term, Term::Operand(_)) && !self.is_symbol(")") {
            return Err(not_a_condition());
        }
        self.need_symbol(")")?;
        Ok(term)
    }

    /// Takes an opening parenthesis that no subquery follows.
    fn open(&mut self) -> Result<()> {
        if self.is_subquery() { Err(no_subqueries()) } else { self.need_symbol("(") }
    }

    /// What follows an operand: nothing, or what makes it a condition.
    fn condition(&mut self, operand: Operand, depth: usize) -> Result<Term> {
        let negated = self.eat_word("NOT");
        let condition = if let Some(comparison) = self.comparison().filter(|_| !negated) {
            self.at += 1;
            compare(operand, comparison, self.operand(depth)?)?
        } else if !negated && self.eat_word("IS") {
            let negated = self.eat_word("NOT");
            if !self.eat_word("NULL") {
                return Err(not_a_condition());
            }
            Predicate::Null { column: column(operand)?, negated }
        } else if self.eat_word("IN") {
            Predicate::In { column: column(operand)?, values: self.list(depth)?, negated }
        } else if self.eat_word("BETWEEN") {
            let (column, low) = (column(operand)?, self.literal(depth)?);
            self.need_word("AND")?;
            Predicate::Between { column, low, high: self.literal(depth)?, negated }
        } else if self.eat_word("LIKE") {
            let (column, pattern) = (column(operand)?, self.literal(depth)?);
            if self.is_word("ESCAPE") {
                return Err(self.unexpected("The end of the condition"));
            }
            Predicate::Like { column, pattern, negated }
        } else if negated {
            return Err(not_a_condition());
        } else {
            return Ok(Term::Operand(operand));
        };
        self.conditions += 1;
        if self.conditions > self.limits.conditions {
            return Err(refused(format!("It may have at most {} conditions.", self.limits.conditions)));
        }
        Ok(Term::Predicate(condition))
    }

    fn comparison(&self) -> Option<Comparison> {
        let Some(Token::Symbol(symbol)) = self.peek() else { return None };
        Some(match *symbol {
            "=" => Comparison::Equal,
            "<>" | "!=" => Comparison::NotEqual,
            ">" => Comparison::Greater,
            ">=" => Comparison::GreaterEqual,
            "<" => Comparison::Less,
            "<=" => Comparison::LessEqual,
            _ => return None,
        })
    }

    /// What stands behind IN.
    fn list(&mut self, depth: usize) -> Result<Vec<Literal>> {
        self.open()?;
        let mut values = vec![self.literal(depth)?];
        while self.eat_symbol(",") {
            values.push(self.literal(depth)?);
        }
        self.need_symbol(")")?;
        Ok(values)
    }

    fn literal(&mut self, depth: usize) -> Result<Literal> {
        match self.operand(depth)? {
            Operand::Value(value) => Ok(value),
            Operand::Column(_) => Err(not_a_condition()),
        }
    }

    /// A column or a value.
    fn operand(&mut self, depth: usize) -> Result<Operand> {
        if self.is_symbol("(") {
            self.open()?;
            let operand = self.operand(self.deeper(depth)?)?;
            self.need_symbol(")")?;
            return self.alone(operand);
        }
        let value = match self.peek() {
            Some(Token::Text(text)) => Literal::Text(text.clone().into_owned()),
            Some(Token::Number(number)) => Literal::Number((*number).to_owned()),
            Some(Token::Symbol(sign @ ("-" | "+"))) => {
                let Some(Token::Number(number)) = self.tokens.get(self.at + 1) else { return Err(not_a_condition()) };
                let signed = if *sign == "-" { format!("-{number}") } else { (*number).to_owned() };
                self.at += 1;
                Literal::Number(signed)
            }
            Some(Token::Word(_)) if self.is_word("NULL") => Literal::Null,
            _ => {
                let (table, column) = self.maybe_path()?.ok_or_else(|| self.no_operand())?;
                return self.alone(Operand::Column(ColumnName { table, column }));
            }
        };
        self.at += 1;
        self.alone(Operand::Value(value))
    }

    fn no_operand(&self) -> Error {
        match self.peek() {
            None | Some(Token::Word(_)) => self.unexpected("A condition with a column or a value"),
            _ => not_a_condition(),
        }
    }

    /// An operand that is not part of an expression.
    fn alone(&self, operand: Operand) -> Result<Operand> {
        if self.is_operator() || self.is_symbol("(") { Err(not_a_condition()) } else { Ok(operand) }
    }
}

fn column(operand: Operand) -> Result<ColumnName> {
    match operand {
        Operand::Column(column) => Ok(column),
        Operand::Value(_) => Err(not_a_condition()),
    }
}

/// A comparison with a column on its left.
fn compare(left: Operand, comparison: Comparison, right: Operand) -> Result<Predicate> {
    match (left, right) {
        (Operand::Column(column), other) => Ok(Predicate::Compare { column, comparison, other }),
        (value, Operand::Column(column)) => Ok(Predicate::Compare { column, comparison: turned(comparison), other: value }),
        _ => Err(not_a_condition()),
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

fn not_a_condition() -> Error {
    refused(
        "A condition is a column compared with a value or a column, IN, BETWEEN, LIKE or IS NULL, joined by AND, OR and NOT; other expressions are not offered.",
    )
}
