//! The grammar of a filter: `or` binds loosest, then `and`, `not`, comparison.

use super::lexer::Lexer;
use super::{Argument, CompareOp, Expr, FilterLimits, Lit, Operand, Quantifier, TextFunction};
use crate::{ParseError, ParseErrorKind};

/// Parses a decoded filter. Blanks around it do not matter.
///
/// `not` may stand before a comparison without parentheses; `f(…) eq true` is the function itself.
///
/// # Errors
/// `Syntax` with the service's sentences, `Unsupported` for functions and forms that are not offered,
/// `Limit` beyond `limits`. Offsets count in `text`.
pub fn parse(text: &str, limits: &FilterLimits) -> Result<Expr, ParseError> {
    let mut parser = Parser::new(text, limits)?;
    let expr = parser.or()?;
    parser.finish()?;
    Ok(expr)
}

/// Parses the decoded text behind a parameter alias: a value, a column name or a list.
///
/// # Errors
/// As [`parse`].
pub fn parse_argument(text: &str, limits: &FilterLimits) -> Result<Argument, ParseError> {
    let mut parser = Parser::new(text, limits)?;
    let argument = parser.argument()?;
    parser.finish()?;
    Ok(argument)
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    limits: FilterLimits,
    depth: usize,
    leaves: usize,
    /// Query functions seen so far: a negation around one is refused.
    customs: usize,
}

/// What a name leads to.
enum Term {
    Operand(Operand),
    Condition(Expr),
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, limits: &FilterLimits) -> Result<Self, ParseError> {
        if text.len() > limits.bytes {
            return Err(ParseError::limit(limits.bytes, "bytes in one filter", limits.bytes));
        }
        Ok(Self { lexer: Lexer::new(text), limits: *limits, depth: 0, leaves: 0, customs: 0 })
    }

    fn finish(&mut self) -> Result<(), ParseError> {
        if self.lexer.at_end() { Ok(()) } else { Err(self.lexer.error()) }
    }

    fn or(&mut self) -> Result<Expr, ParseError> {
        let first = self.and()?;
        if !self.lexer.keyword("or") {
            return Ok(first);
        }
        let mut all = Vec::new();
        flatten(&mut all, first, or_parts);
        loop {
            let next = self.and()?;
            flatten(&mut all, next, or_parts);
            if !self.lexer.keyword("or") {
                return Ok(Expr::Or(all));
            }
        }
    }

    fn and(&mut self) -> Result<Expr, ParseError> {
        let first = self.unary()?;
        if !self.lexer.keyword("and") {
            return Ok(first);
        }
        let mut all = Vec::new();
        flatten(&mut all, first, and_parts);
        loop {
            let next = self.unary()?;
            flatten(&mut all, next, and_parts);
            if !self.lexer.keyword("and") {
                return Ok(Expr::And(all));
            }
        }
    }

    fn unary(&mut self) -> Result<Expr, ParseError> {
        let start = self.lexer.offset();
        if self.lexer.keyword("not") {
            let customs = self.customs;
            let inner = self.nested(Self::unary)?;
            if self.customs > customs {
                return Err(ParseError::unsupported(start, "Not operator along with the Custom Named Condition operators is not allowed"));
            }
            return Ok(Expr::Not(Box::new(inner)));
        }
        if self.lexer.take(b'(') {
            let inner = self.nested(Self::or)?;
            self.lexer.expect(b')')?;
            return Ok(inner);
        }
        self.condition()
    }

    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Result<T, ParseError>) -> Result<T, ParseError> {
        if self.depth == self.limits.depth {
            return Err(ParseError::limit(self.lexer.offset(), "levels in one filter", self.limits.depth));
        }
        self.depth += 1;
        let value = parse(self)?;
        self.depth -= 1;
        Ok(value)
    }

    /// A comparison, a call or a boolean column.
    fn condition(&mut self) -> Result<Expr, ParseError> {
        let offset = self.lexer.offset();
        match self.term()? {
            Term::Condition(expr) => self.compared_to_true(expr),
            Term::Operand(left) => {
                self.count_leaf(offset)?;
                match (self.compare_op(), left) {
                    (Some(op), left) => Ok(Expr::Compare { left, op, right: self.operand()? }),
                    (None, Operand::Path(path)) => Ok(Expr::Property(path)),
                    (None, _) => Err(self.lexer.error()),
                }
            }
        }
    }

    /// A call may be compared with `true` or `false`, which some generators write.
    fn compared_to_true(&mut self, expr: Expr) -> Result<Expr, ParseError> {
        let Some(op) = self.compare_op() else {
            return Ok(expr);
        };
        let positive = match (op, self.operand()?) {
            (CompareOp::Eq, Operand::Literal(Lit::Bool(value))) => value,
            (CompareOp::Ne, Operand::Literal(Lit::Bool(value))) => !value,
            _ => return Err(self.lexer.error()),
        };
        match expr {
            expr if positive => Ok(expr),
            expr @ Expr::Function { .. } => Ok(Expr::Not(Box::new(expr))),
            _ => Err(self.lexer.error()),
        }
    }

    fn compare_op(&mut self) -> Option<CompareOp> {
        CompareOp::ALL.into_iter().find(|op| self.lexer.keyword(op.name()))
    }

    fn operand(&mut self) -> Result<Operand, ParseError> {
        let offset = self.lexer.offset();
        match self.term()? {
            Term::Operand(operand) => Ok(operand),
            Term::Condition(_) => Err(self.lexer.error_at(offset)),
        }
    }

    fn term(&mut self) -> Result<Term, ParseError> {
        if self.lexer.take(b'@') {
            return Ok(Term::Operand(Operand::Alias(self.lexer.name()?.to_owned())));
        }
        if let Some(lit) = self.lexer.literal()? {
            return Ok(Term::Operand(Operand::Literal(lit)));
        }
        let offset = self.lexer.offset();
        let name = self.lexer.name()?;
        if self.lexer.quote_follows() {
            return self.enum_literal(offset, name).map(|lit| Term::Operand(Operand::Literal(lit)));
        }
        if self.lexer.take(b'(') {
            return self.call(offset, name).map(Term::Condition);
        }
        let lit = match name {
            "null" => Lit::Null,
            "true" => Lit::Bool(true),
            "false" => Lit::Bool(false),
            _ => return self.path(name),
        };
        Ok(Term::Operand(Operand::Literal(lit)))
    }

    fn enum_literal(&mut self, offset: usize, name: &str) -> Result<Lit, ParseError> {
        if !name.contains('.') {
            let message = format!("The literal form {name}'...' is not supported.");
            return Err(ParseError::unsupported(offset, message));
        }
        Ok(Lit::Enum { type_name: name.to_owned(), member: self.lexer.quoted()? })
    }

    /// The rest of a path that starts with `first`; at its end may stand a lambda.
    fn path(&mut self, first: &str) -> Result<Term, ParseError> {
        let mut path = vec![first.to_owned()];
        while self.lexer.take_adjacent(b'/') {
            let offset = self.lexer.offset();
            let name = self.lexer.adjacent_name()?;
            if self.lexer.take_adjacent(b'(') {
                let quantifier = match name {
                    "any" => Quantifier::Any,
                    "all" => Quantifier::All,
                    _ => return Err(unknown_function(offset, name)),
                };
                return self.lambda(quantifier, path).map(Term::Condition);
            }
            path.push(name.to_owned());
        }
        Ok(Term::Operand(Operand::Path(path)))
    }

    /// The rest of a lambda behind its opening parenthesis.
    fn lambda(&mut self, quantifier: Quantifier, path: Vec<String>) -> Result<Expr, ParseError> {
        if self.lexer.peek() == Some(b')') && quantifier == Quantifier::Any {
            self.lexer.take(b')');
            self.count_leaf(self.lexer.offset())?;
            return Ok(Expr::Lambda { quantifier, path, body: None });
        }
        let variable = self.lexer.name()?.to_owned();
        self.lexer.expect(b':')?;
        let condition = self.nested(Self::or)?;
        self.lexer.expect(b')')?;
        Ok(Expr::Lambda { quantifier, path, body: Some((variable, Box::new(condition))) })
    }

    /// The rest of a call behind its opening parenthesis.
    fn call(&mut self, offset: usize, name: &str) -> Result<Expr, ParseError> {
        self.count_leaf(offset)?;
        if name.contains('.') {
            self.customs += 1;
            return Ok(Expr::Custom { name: name.to_owned(), args: self.named_arguments()? });
        }
        let Some(function) = TextFunction::ALL.into_iter().find(|f| f.name() == name) else {
            return Err(unknown_function(offset, name));
        };
        let subject = self.operand()?;
        self.lexer.expect(b',')?;
        let text = self.operand()?;
        self.lexer.expect(b')')?;
        Ok(Expr::Function { name: function, subject, text })
    }

    fn named_arguments(&mut self) -> Result<Vec<(String, Argument)>, ParseError> {
        let mut args: Vec<(String, Argument)> = Vec::new();
        if self.lexer.take(b')') {
            return Ok(args);
        }
        loop {
            let offset = self.lexer.offset();
            let name = self.lexer.name()?;
            if args.iter().any(|(other, _)| other == name) {
                let message = format!("The parameter '{name}' is given more than once.");
                return Err(ParseError::new(ParseErrorKind::Value, offset, message));
            }
            self.lexer.expect(b'=')?;
            args.push((name.to_owned(), self.argument()?));
            if self.lexer.take(b')') {
                return Ok(args);
            }
            self.lexer.expect(b',')?;
        }
    }

    fn argument(&mut self) -> Result<Argument, ParseError> {
        if !self.lexer.take(b'[') {
            return self.operand().map(Argument::Single);
        }
        let mut values = Vec::new();
        if self.lexer.take(b']') {
            return Ok(Argument::List(values));
        }
        loop {
            if values.len() == self.limits.list_values {
                let offset = self.lexer.offset();
                return Err(ParseError::limit(offset, "values in one list", self.limits.list_values));
            }
            values.push(self.list_value()?);
            if self.lexer.take(b']') {
                return Ok(Argument::List(values));
            }
            self.lexer.expect(b',')?;
        }
    }

    fn list_value(&mut self) -> Result<Lit, ParseError> {
        if self.lexer.peek() == Some(b'"') {
            return self.lexer.double_quoted().map(Lit::Text);
        }
        let offset = self.lexer.offset();
        match self.operand()? {
            Operand::Literal(lit) => Ok(lit),
            _ => Err(self.lexer.error_at(offset)),
        }
    }

    fn count_leaf(&mut self, offset: usize) -> Result<(), ParseError> {
        if self.leaves == self.limits.leaves {
            return Err(ParseError::limit(offset, "conditions in one filter", self.limits.leaves));
        }
        self.leaves += 1;
        Ok(())
    }
}

/// Appends `expr`, or its parts when `parts` takes it apart.
fn flatten(all: &mut Vec<Expr>, expr: Expr, parts: fn(Expr) -> Result<Vec<Expr>, Expr>) {
    match parts(expr) {
        Ok(parts) => all.extend(parts),
        Err(single) => all.push(single),
    }
}

fn or_parts(expr: Expr) -> Result<Vec<Expr>, Expr> {
    match expr {
        Expr::Or(parts) => Ok(parts),
        other => Err(other),
    }
}

fn and_parts(expr: Expr) -> Result<Vec<Expr>, Expr> {
    match expr {
        Expr::And(parts) => Ok(parts),
        other => Err(other),
    }
}

fn unknown_function(offset: usize, name: &str) -> ParseError {
    ParseError::unsupported(offset, format!("An unknown function with name '{name}' was found."))
}
