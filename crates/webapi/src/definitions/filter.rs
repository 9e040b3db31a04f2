//! `$filter` over definitions (web-api 16, 26.1): evaluated item by item, typed by the description of the item's type.

use std::collections::BTreeMap;

use driftless_contract::definitions::types::{self, ENUMS, Kind, TypeDef};
use driftless_contract::definitions::{Item, Node, View};
use driftless_model::literal;
use driftless_model::{Decimal, Error, ErrorCode, Result, Uuid};
use driftless_odata::filter::{Argument, CompareOp, Expr, FilterLimits, Lit, Operand, TextFunction, parse_argument};

use crate::error;

/// A filter with what it needs.
pub(super) struct Filter<'a> {
    pub(super) expr: &'a Expr,
    pub(super) aliases: &'a BTreeMap<String, String>,
}

impl Filter<'_> {
    /// True if the filter holds of the item. `declared` is the type that the set's items have at least: a property of a derived type is null for the others.
    ///
    /// # Errors
    /// 0x80060888 for unknown properties and literals that do not fit, 0x80040315 for lambdas and query functions.
    pub(super) fn holds(&self, view: View<'_>, declared: &'static TypeDef, item: &Item<'_>) -> Result<bool> {
        self.expr(view, declared, item, self.expr)
    }

    fn expr(&self, view: View<'_>, declared: &'static TypeDef, item: &Item<'_>, expr: &Expr) -> Result<bool> {
        match expr {
            Expr::And(parts) => {
                let mut all = true;
                for part in parts {
                    all &= self.expr(view, declared, item, part)?;
                }
                Ok(all)
            }
            Expr::Or(parts) => {
                let mut any = false;
                for part in parts {
                    any |= self.expr(view, declared, item, part)?;
                }
                Ok(any)
            }
            Expr::Not(part) => self.expr(view, declared, item, part).map(|holds| !holds),
            Expr::Compare { left, op, right } => match (self.resolved(left)?, self.resolved(right)?) {
                (Operand::Path(path), Operand::Literal(lit)) => compare(&value(view, declared, item, &path)?, *op, &lit),
                (Operand::Literal(lit), Operand::Path(path)) => compare(&value(view, declared, item, &path)?, mirrored(*op), &lit),
                _ => Err(Error::new(ErrorCode::ODataError, "A comparison needs a property and a value.")),
            },
            Expr::Function { name, subject, text } => match (self.resolved(subject)?, self.resolved(text)?) {
                (Operand::Path(path), Operand::Literal(Lit::Text(text))) => Ok(text_function(*name, &value(view, declared, item, &path)?, &text)),
                _ => Err(Error::new(ErrorCode::ODataError, format!("The function {} takes a property and a text.", name.name()))),
            },
            Expr::Property(path) => Ok(value(view, declared, item, path)? == Node::Bool(true)),
            Expr::Custom { name, .. } => Err(error::not_offered(&format!("The query function {name}"))),
            Expr::Lambda { .. } => Err(error::not_offered("A filter over a collection with any or all")),
        }
    }

    fn resolved(&self, operand: &Operand) -> Result<Operand> {
        let Operand::Alias(name) = operand else { return Ok(operand.clone()) };
        let Some(text) = self.aliases.get(name) else { return Ok(Operand::Literal(Lit::Null)) };
        match parse_argument(text, &FilterLimits::default()).map_err(error::of_syntax)? {
            Argument::Single(operand) => Ok(operand),
            Argument::List(_) => Err(Error::new(ErrorCode::ODataError, format!("The parameter '@{name}' must stand for one value."))),
        }
    }
}

/// The value that a path leads to.
fn value<'a>(view: View<'a>, declared: &TypeDef, item: &Item<'a>, path: &[String]) -> Result<Node<'a>> {
    let Some((first, rest)) = path.split_first() else { return Ok(Node::Null) };
    let Some(property) = item.property(first) else {
        // Of a polymorphic set only some items have the property; when none of the derived types has it either, the name is wrong.
        let known = types::all().any(|def| def.is_a(declared.name) && def.property(first).is_some());
        return if known { Ok(Node::Null) } else { Err(error::no_such_property(first, declared.name)) };
    };
    if property.kind.is_navigation() {
        return Err(error::not_offered(&format!("A filter over '{first}'")));
    }
    let mut node = item.get(view, property);
    let mut kind = property.kind;
    for name in rest {
        let Kind::Complex(type_name) = kind else { return Err(error::no_such_property(name, first)) };
        let part = types::find(type_name).and_then(|def| def.property(name)).ok_or_else(|| error::no_such_property(name, type_name))?;
        node = node.get(name).cloned().unwrap_or(Node::Null);
        kind = part.kind;
    }
    Ok(node)
}

fn compare(own: &Node<'_>, op: CompareOp, lit: &Lit) -> Result<bool> {
    use std::cmp::Ordering;
    let order = match (own, lit) {
        (Node::Null, Lit::Null) => Some(Ordering::Equal),
        (Node::Null, _) | (_, Lit::Null) => None,
        (Node::Bool(a), Lit::Bool(b)) => Some(a.cmp(b)),
        (Node::Bool(a), Lit::Text(text)) => literal::boolean(text).ok().map(|b| a.cmp(&b)),
        (Node::Int(a), Lit::Number(text) | Lit::Text(text)) => Decimal::from_str_exact(text).ok().map(|b| Decimal::from(*a).cmp(&b)),
        (Node::Decimal(a), Lit::Number(text)) => Decimal::from_str_exact(text).ok().map(|b| a.cmp(&b)),
        (Node::Double(a), Lit::Number(text)) => literal::double(text).ok().and_then(|b| a.partial_cmp(&b)),
        (Node::Guid(a), Lit::Guid(b)) => Some(a.cmp(&Uuid::from_bytes(*b))),
        (Node::Guid(a), Lit::Text(text)) => literal::guid(text).ok().map(|b| a.cmp(&Uuid::from_bytes(b))),
        (Node::DateTime(a), Lit::DateTime(text) | Lit::Date(text)) => literal::date_time(text).ok().map(|b| a.cmp(&b)),
        (Node::Text(a), Lit::Text(b)) => Some(a.to_lowercase().cmp(&b.to_lowercase())),
        (Node::Text(a), Lit::Guid(b)) => Some(a.to_lowercase().cmp(&Uuid::from_bytes(*b).to_string())),
        (Node::Text(a), Lit::Enum { type_name, member }) => Some(a.as_ref().cmp(enum_member(type_name, member)?)),
        _ => return Err(Error::new(ErrorCode::ODataError, "A binary operator with incompatible types was detected in $filter.")),
    };
    Ok(match (order, op) {
        (None, CompareOp::Ne) => true,
        (None, _) => false,
        (Some(order), CompareOp::Eq) => order.is_eq(),
        (Some(order), CompareOp::Ne) => order.is_ne(),
        (Some(order), CompareOp::Gt) => order.is_gt(),
        (Some(order), CompareOp::Ge) => order.is_ge(),
        (Some(order), CompareOp::Lt) => order.is_lt(),
        (Some(order), CompareOp::Le) => order.is_le(),
    })
}

/// The member that an enumeration's literal names, by its name or its number.
fn enum_member(type_name: &str, member: &str) -> Result<&'static str> {
    let def = type_name.strip_prefix("Microsoft.Dynamics.CRM.").and_then(|name| ENUMS.iter().find(|def| def.name == name));
    let number = member.parse::<i64>().ok();
    let found = def.and_then(|def| def.members.iter().find(|(name, value)| *name == member || Some(*value) == number));
    found
        .map(|(name, _)| *name)
        .ok_or_else(|| Error::new(ErrorCode::ODataError, format!("The string '{member}' is not a valid enumeration type constant of '{type_name}'.")))
}

fn text_function(function: TextFunction, own: &Node<'_>, text: &str) -> bool {
    let Node::Text(own) = own else { return false };
    let (own, text) = (own.to_lowercase(), text.to_lowercase());
    match function {
        TextFunction::Contains => own.contains(&text),
        TextFunction::StartsWith => own.starts_with(&text),
        TextFunction::EndsWith => own.ends_with(&text),
    }
}

fn mirrored(op: CompareOp) -> CompareOp {
    match op {
        CompareOp::Gt => CompareOp::Lt,
        CompareOp::Ge => CompareOp::Le,
        CompareOp::Lt => CompareOp::Gt,
        CompareOp::Le => CompareOp::Ge,
        CompareOp::Eq | CompareOp::Ne => op,
    }
}
