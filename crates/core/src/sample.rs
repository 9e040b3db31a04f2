//! Sample data: a few hundred rows of a company that sells and repairs instruments, for whoever wants to look around before they have data of their own.
//!
//! Rows are made by the messages that callers use, in one unit, and only where none of their tables has rows. The same program makes the same rows with the
//! same ids; only dates differ, since they lie around the day on which the rows are made.

mod customers;
mod maker;
mod sales;
mod service;
mod words;

use driftless_model::Result;
use driftless_query::ResolvedFilter;
use driftless_store::Length;

use crate::context::WriteCx;
use crate::organization::Organization;
use crate::records::load;
use maker::Maker;

/// Tables that must be without rows.
const TABLES: [&str; 8] = ["account", "contact", "lead", "opportunity", "incident", "product", "activitypointer", "annotation"];

impl Organization {
    /// Makes the sample data, and tells how many rows were asked for; none if one of their tables has rows already: then nothing is made.
    ///
    /// # Errors
    /// When the store fails, or a customizer has made a rule that the rows do not keep, such as a required column.
    pub fn add_sample_data(&self) -> Result<Option<usize>> {
        let made = self.run_own(Length::Long, add)?;
        match made {
            Some(rows) => tracing::info!(rows, "sample data was made"),
            None => tracing::info!("no sample data was made: there are rows already"),
        }
        Ok(made)
    }
}

fn add(cx: &mut WriteCx<'_>) -> Result<Option<usize>> {
    for table in TABLES {
        let table = cx.snapshot.require(table)?;
        if !load::matching(cx.tx.as_read(), table, &[], ResolvedFilter::And(Vec::new()), Some(1))?.is_empty() {
            return Ok(None);
        }
    }
    let mut maker = Maker::new(cx);
    let customers = customers::make(&mut maker)?;
    let products = sales::products(&mut maker)?;
    let opportunities = sales::opportunities(&mut maker, &customers)?;
    let cases = service::cases(&mut maker, &customers, &products)?;
    service::activities(&mut maker, &customers, &opportunities, &cases)?;
    service::notes(&mut maker, &customers)?;
    service::connections(&mut maker, &customers, &opportunities)?;
    Ok(Some(maker.rows()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use driftless_model::{Limits, Value};
    use driftless_store::Store;
    use driftless_store_sqlite::{SqliteOptions, SqliteStore};

    use super::*;
    use crate::environment::SeededEnvironment;
    use crate::records::system;

    /// The rows of two tables, as one organization has them.
    fn sample(folder: &std::path::Path) -> Vec<Vec<Value>> {
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(folder, &SqliteOptions::default()).unwrap());
        let environment = Arc::new(SeededEnvironment::new(7, 1_700_000_000_000));
        let organization = Organization::open(Arc::clone(&store), environment, Limits::default()).unwrap();
        let made = organization.add_sample_data().unwrap().unwrap();
        assert!((300..1_000).contains(&made), "{made} rows");
        assert_eq!(organization.add_sample_data().unwrap(), None, "a second time there is nothing to do");
        let snapshot = organization.snapshot();
        let columns = |table: &str| match table {
            "account" => ["accountid", "name", "revenue"],
            _ => ["activityid", "subject", "scheduledend"],
        };
        let rows = ["account", "activitypointer"].into_iter().flat_map(|table| {
            let rows = store.reading(|tx| system::rows(tx, snapshot.require(table)?, &columns(table), None)).unwrap();
            rows.into_iter().map(|row| (0..3).map(|at| row.value(at).clone()).collect()).collect::<Vec<_>>()
        });
        rows.collect()
    }

    #[test] // STD-10
    fn the_same_rows_are_made_once_in_every_organization() {
        let folders = [1, 2].map(|number| std::env::temp_dir().join(format!("driftless-sample-{}-{number}", std::process::id())));
        let [first, second] = folders.each_ref().map(|folder| sample(folder));
        folders.iter().for_each(|folder| drop(std::fs::remove_dir_all(folder)));
        assert!(first.len() > 100);
        assert_eq!(first, second);
    }
}
