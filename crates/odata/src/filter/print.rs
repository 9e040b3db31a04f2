//! From a tree back to the text of a filter. Parsing the result gives the same tree.

use super::{Argument, Expr, Lit, Operand};
use crate::json::JsonWriter;
use driftless_model::literal::print::guid_text;

/// The filter as text, not percent-encoded.
#[must_use]
pub fn print(expr: &Expr) -> String {
    let mut out = String::new();
    push(&mut out, expr, Binding::Or);
    out
}

/// How loosely the text around an expression binds: what binds looser inside needs parentheses.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binding {
    Or,
    And,
    Not,
}

fn push(out: &mut String, expr: &Expr, around: Binding) {
    match expr {
        Expr::Or(parts) => joined(out, parts, " or ", Binding::And, around > Binding::Or),
        Expr::And(parts) => joined(out, parts, " and ", Binding::Not, around > Binding::And),
        Expr::Not(inner) => {
            out.push_str("not ");
            push_negated(out, inner);
        }
        Expr::Compare { left, op, right } => {
            operand(out, left);
            out.push(' ');
            out.push_str(op.name());
            out.push(' ');
            operand(out, right);
        }
        Expr::Function { name, subject, text } => {
            out.push_str(name.name());
            out.push('(');
            operand(out, subject);
            out.push(',');
            operand(out, text);
            out.push(')');
        }
        Expr::Custom { name, args } => custom(out, name, args),
        Expr::Lambda { quantifier, path, body } => {
            out.push_str(&path.join("/"));
            out.push('/');
            out.push_str(quantifier.name());
            out.push('(');
            if let Some((variable, condition)) = body {
                out.push_str(variable);
                out.push(':');
                push(out, condition, Binding::Or);
            }
            out.push(')');
        }
        Expr::Property(path) => out.push_str(&path.join("/")),
    }
}

/// A negated comparison gets parentheses for readers that let `not` bind tighter than comparison.
fn push_negated(out: &mut String, inner: &Expr) {
    if matches!(inner, Expr::Compare { .. }) {
        out.push('(');
        push(out, inner, Binding::Or);
        out.push(')');
    } else {
        push(out, inner, Binding::Not);
    }
}

fn joined(out: &mut String, parts: &[Expr], word: &str, inside: Binding, parentheses: bool) {
    if parentheses {
        out.push('(');
    }
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            out.push_str(word);
        }
        push(out, part, inside);
    }
    if parentheses {
        out.push(')');
    }
}

fn custom(out: &mut String, name: &str, args: &[(String, Argument)]) {
    out.push_str(name);
    out.push('(');
    for (index, (name, argument)) in args.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        out.push_str(name);
        out.push('=');
        match argument {
            Argument::Single(value) => operand(out, value),
            Argument::List(values) => list(out, values),
        }
    }
    out.push(')');
}

fn list(out: &mut String, values: &[Lit]) {
    out.push('[');
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        match value {
            Lit::Text(text) => {
                let mut json = JsonWriter::new();
                json.text(text);
                out.push_str(&String::from_utf8_lossy(json.as_bytes()));
            }
            other => literal(out, other),
        }
    }
    out.push(']');
}

fn operand(out: &mut String, value: &Operand) {
    match value {
        Operand::Path(path) => out.push_str(&path.join("/")),
        Operand::Literal(lit) => literal(out, lit),
        Operand::Alias(name) => {
            out.push('@');
            out.push_str(name);
        }
    }
}

fn literal(out: &mut String, lit: &Lit) {
    match lit {
        Lit::Null => out.push_str("null"),
        Lit::Bool(true) => out.push_str("true"),
        Lit::Bool(false) => out.push_str("false"),
        Lit::Number(text) | Lit::DateTime(text) | Lit::Date(text) => out.push_str(text),
        Lit::Text(text) => quoted(out, text),
        Lit::Guid(guid) => out.extend(guid_text(guid).map(char::from)),
        Lit::Enum { type_name, member } => {
            out.push_str(type_name);
            quoted(out, member);
        }
    }
}

fn quoted(out: &mut String, text: &str) {
    out.push('\'');
    out.push_str(&text.replace('\'', "''"));
    out.push('\'');
}
