//! Where a page begins: after the row with given values of the order's keys.

use driftless_model::{Error, ErrorCode, Result, Value};
use driftless_query::{OrderKey, ResolvedOrder};

use crate::text::Builder;

impl<'a> Builder<'a> {
    /// The condition that a row comes after the one with the values `after` in the query's order. Null comes first ascending, last descending.
    pub(crate) fn after(&mut self, after: &'a [Value]) -> Result<()> {
        let orders = &self.query.orders;
        if orders.len() != after.len() {
            return Err(Error::of(ErrorCode::PagingCookieOrder));
        }
        self.push("(");
        // Says of the first key what the rest implies, so that an index on it can begin at the cut.
        if let ([first, _, ..], [value, ..]) = (orders.as_slice(), after)
            && !first.descending
            && !value.is_null()
        {
            self.key(first)?;
            self.push(">=");
            self.cut_value(value)?;
            self.push(" AND ");
        }
        for (at, (order, value)) in orders.iter().zip(after).enumerate() {
            self.push("(");
            self.beyond(order, value)?;
            if at + 1 < orders.len() {
                self.push(" OR (");
                self.key(order)?;
                self.push(" IS ");
                self.cut_value(value)?;
                self.push(" AND ");
            }
        }
        if orders.is_empty() {
            self.push("0");
        }
        for at in 0..orders.len() {
            self.push(if at == 0 { ")" } else { "))" });
        }
        self.push(")");
        Ok(())
    }

    fn beyond(&mut self, order: &'a ResolvedOrder, value: &'a Value) -> Result<()> {
        match (order.descending, value.is_null()) {
            (false, true) => {
                self.key(order)?;
                self.push(" IS NOT NULL");
            }
            (false, false) => {
                self.key(order)?;
                self.push(">");
                self.cut_value(value)?;
            }
            (true, true) => self.push("0"),
            (true, false) => {
                self.push("(");
                self.key(order)?;
                self.push("<");
                self.cut_value(value)?;
                self.push(" OR ");
                self.key(order)?;
                self.push(" IS NULL)");
            }
        }
        Ok(())
    }

    /// The column of an order's key. A page of groups has none, and is not continued by values.
    fn key(&mut self, order: &ResolvedOrder) -> Result<()> {
        let OrderKey::Column(source, column) = order.key else {
            return Err(Error::of(ErrorCode::InvalidPagingCookie));
        };
        self.column(source, column);
        Ok(())
    }

    fn cut_value(&mut self, value: &'a Value) -> Result<()> {
        self.value(value).map_err(|error| Error::of(ErrorCode::InvalidPagingCookie).because(error))
    }
}
