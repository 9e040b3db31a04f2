//! The place among the tokens, and what every rule of the grammar asks of it.

use driftless_model::{Error, Result};

use super::all_columns;
use crate::tsql::lexer::Token;
use crate::tsql::{SqlLimits, excerpt, refused, words};

/// A place among the tokens of a statement.
pub(super) struct Parser<'t> {
    pub(super) tokens: Vec<Token<'t>>,
    pub(super) at: usize,
    pub(super) limits: &'t SqlLimits,
    /// Conditions so far.
    pub(super) conditions: usize,
}

impl<'t> Parser<'t> {
    pub(super) fn peek(&self) -> Option<&Token<'t>> {
        self.tokens.get(self.at)
    }

    pub(super) fn is_word(&self, keyword: &str) -> bool {
        matches!(self.peek(), Some(Token::Word(word)) if word.eq_ignore_ascii_case(keyword))
    }

    pub(super) fn is_symbol(&self, symbol: &str) -> bool {
        matches!(self.peek(), Some(Token::Symbol(own)) if *own == symbol)
    }

    pub(super) fn eat_word(&mut self, keyword: &str) -> bool {
        let found = self.is_word(keyword);
        self.at += usize::from(found);
        found
    }

    /// Takes one of two words that mean the same here.
    pub(super) fn eat_either(&mut self, keyword: &str, other: &str) -> bool {
        self.eat_word(keyword) || self.eat_word(other)
    }

    pub(super) fn eat_symbol(&mut self, symbol: &str) -> bool {
        let found = self.is_symbol(symbol);
        self.at += usize::from(found);
        found
    }

    pub(super) fn need_word(&mut self, keyword: &str) -> Result<()> {
        if self.eat_word(keyword) { Ok(()) } else { Err(self.unexpected(keyword)) }
    }

    pub(super) fn need_symbol(&mut self, symbol: &str) -> Result<()> {
        if self.eat_symbol(symbol) { Ok(()) } else { Err(self.unexpected(&format!("'{symbol}'"))) }
    }

    /// The sentence for a token that cannot stand here: that of a word that is not offered, or what is expected.
    pub(super) fn unexpected(&self, expected: &str) -> Error {
        match self.peek() {
            Some(Token::Word(word)) => match words::refusal(word) {
                Some(sentence) => refused(sentence),
                None => refused(format!("{expected} is expected where '{}' stands.", excerpt(word))),
            },
            Some(token) => refused(format!("{expected} is expected where '{}' stands.", token.shown())),
            None => refused(format!("{expected} is expected where the text ends.")),
        }
    }

    /// A name, unless a word of the grammar or something else stands here.
    pub(super) fn maybe_name(&mut self) -> Option<String> {
        let name = match self.peek()? {
            Token::Word(word) if !words::is_reserved(word) => (*word).to_owned(),
            Token::Name(name) => name.clone().into_owned(),
            _ => return None,
        };
        self.at += 1;
        Some(name)
    }

    /// Names with points between them, in lower case: the last, and the one before it. None if no name stands here.
    pub(super) fn maybe_path(&mut self) -> Result<Option<(Option<String>, String)>> {
        let Some(first) = self.maybe_name() else { return Ok(None) };
        let (mut before, mut last) = (None, first.to_ascii_lowercase());
        while self.eat_symbol(".") {
            let next = match self.peek() {
                // Behind a point, each word is a name.
                Some(Token::Word(word)) => word.to_ascii_lowercase(),
                Some(Token::Name(name)) => name.to_ascii_lowercase(),
                Some(Token::Symbol("*")) => return Err(all_columns()),
                _ => return Err(self.unexpected("A name")),
            };
            self.at += 1;
            before = Some(std::mem::replace(&mut last, next));
        }
        Ok(Some((before, last)))
    }

    /// Whether something stands here that would make an expression of what is before it.
    pub(super) fn is_operator(&self) -> bool {
        matches!(self.peek(), Some(Token::Symbol("+" | "-" | "*" | "/" | "%" | "&" | "|" | "^" | "||")))
    }

    pub(super) fn is_subquery(&self) -> bool {
        self.is_symbol("(") && matches!(self.tokens.get(self.at + 1), Some(Token::Word(word)) if word.eq_ignore_ascii_case("SELECT"))
    }
}
