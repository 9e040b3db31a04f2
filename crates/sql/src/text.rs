//! Building a statement: text and values grow together.

use driftless_model::{ColumnIx, Error, ErrorCode, Result, Value};
use driftless_query::{ResolvedQuery, Source};

use crate::name::push_quoted;
use crate::{Bind, Statement, bind};

/// Most values of one statement; SQLite takes 32,766.
const BINDS_MAX: usize = 32_000;

/// A statement over a query's tables that is being built. Tables have the aliases `t0` (the query's own), `t1` (the first join) and so on.
pub(crate) struct Builder<'a> {
    pub(crate) query: &'a ResolvedQuery,
    pub(crate) text: String,
    binds: Vec<Bind<'a>>,
}

impl<'a> Builder<'a> {
    pub(crate) fn new(query: &'a ResolvedQuery) -> Self {
        Self { query, text: String::with_capacity(256), binds: Vec::with_capacity(8) }
    }

    pub(crate) fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    pub(crate) fn alias(&mut self, source: Source) {
        self.text.push('t');
        push_number(&mut self.text, u32::from(source.0));
    }

    pub(crate) fn column(&mut self, source: Source, column: ColumnIx) {
        let physical = &self.query.source(source).column(column).physical;
        self.named(source, physical);
    }

    /// A column by its physical name.
    pub(crate) fn named(&mut self, source: Source, physical: &str) {
        self.alias(source);
        self.text.push('.');
        push_quoted(&mut self.text, physical);
    }

    pub(crate) fn value(&mut self, value: &'a Value) -> Result<()> {
        self.bind(bind(value)?);
        Ok(())
    }

    pub(crate) fn bind(&mut self, bind: Bind<'a>) {
        self.text.push('?');
        self.binds.push(bind);
    }

    pub(crate) fn finish(self) -> Result<Statement<'a>> {
        if self.binds.len() > BINDS_MAX {
            return Err(Error::new(ErrorCode::ODataError, format!("A query may hold at most {BINDS_MAX} values; this one has {}.", self.binds.len())));
        }
        Ok(Statement { text: self.text, binds: self.binds })
    }
}

/// Adds a number without the machinery of formatting: this is on the path of every read.
pub(crate) fn push_number(text: &mut String, number: u32) {
    if number >= 10 {
        push_number(text, number / 10);
    }
    text.push(char::from(b'0' + u8::try_from(number % 10).unwrap_or(0)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written() {
        for number in [0, 9, 10, 65_535, u32::MAX] {
            let mut text = String::new();
            push_number(&mut text, number);
            assert_eq!(text, number.to_string());
        }
    }
}
