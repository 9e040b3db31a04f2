//! Symbols of currencies: what people read before an amount (web-api 21).

use driftless_model::{Result, Uuid, Value};
use driftless_query::ResolvedFilter;

use crate::organization::Organization;
use crate::records::load;

/// Most currencies whose symbols are read for one request. There are fewer than 200 in the world.
const CURRENCIES_MAX: u32 = 1_000;

/// The symbols of all currencies, as they were at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Currencies {
    base: Uuid,
    /// Sorted by id.
    symbols: Vec<(Uuid, String)>,
}

impl Currencies {
    /// Currencies with their symbols; `base` is the one of rows that name none.
    pub fn new(base: Uuid, mut symbols: Vec<(Uuid, String)>) -> Self {
        symbols.sort_unstable_by_key(|(id, _)| *id);
        Self { base, symbols }
    }

    /// The symbol of a currency, or of the base currency. Empty for one that is not known: a wrong symbol would be worse than none.
    pub fn symbol(&self, currency: Option<Uuid>) -> &str {
        let currency = currency.unwrap_or(self.base);
        self.symbols.binary_search_by_key(&currency, |(id, _)| *id).ok().and_then(|at| self.symbols.get(at)).map_or("", |(_, symbol)| symbol)
    }
}

impl Organization {
    /// The symbols of the currencies, read by the service itself: who may see an amount may see what it is an amount of.
    ///
    /// # Errors
    /// When the store fails.
    pub fn currencies(&self) -> Result<Currencies> {
        let snapshot = self.snapshot();
        let table = snapshot.require("transactioncurrency")?;
        let symbol = table.require("currencysymbol")?;
        let all = || ResolvedFilter::And(Vec::new());
        let rows = self.store().reading(|tx| load::matching(tx, table, &[symbol], all(), Some(CURRENCIES_MAX)))?;
        let symbols = rows.into_iter().filter_map(|row| match row.value(symbol) {
            Value::Text(text) => Some((row.id, text.clone())),
            _ => None,
        });
        Ok(Currencies::new(self.facts().base_currency, symbols.collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // web-api 21
    fn rows_without_currency_have_the_base_one_and_unknown_ones_none() {
        let [euro, dollar, unknown] = [1, 2, 3].map(Uuid::from_u128);
        let currencies = Currencies::new(dollar, vec![(dollar, "$".to_owned()), (euro, "€".to_owned())]);
        assert_eq!([Some(euro), Some(dollar), None, Some(unknown)].map(|currency| currencies.symbol(currency)), ["€", "$", "$", ""]);
    }
}
