//! The tables of a query as SQL.

use driftless_model::{Result, Shape};
use driftless_query::{Join, JoinKind, Source};

use crate::name::{push_quoted, quoted, type_column};
use crate::text::Builder;

impl<'a> Builder<'a> {
    /// `FROM` and the query's tables; `index` is prescribed for the query's own.
    pub(crate) fn tables(&mut self, index: Option<&str>) -> Result<()> {
        let query = self.query;
        self.push(" FROM ");
        push_quoted(&mut self.text, &query.table.def.physical);
        self.push(" AS t0");
        if let Some(index) = index {
            self.push(" INDEXED BY ");
            self.push(&quoted(index));
        }
        self.joins(&query.joins)
    }

    /// The tables joined to one, with those joined to them.
    fn joins(&mut self, joins: &'a [Join]) -> Result<()> {
        for join in joins {
            self.push(if join.kind == JoinKind::Outer { " LEFT JOIN " } else { " JOIN " });
            // A partner that lacks a partner of its own is none: so both are joined before they are offered.
            let together = join.kind == JoinKind::Outer && join.joins.iter().any(|inner| inner.kind != JoinKind::Outer);
            self.push(if together { "(" } else { "" });
            self.table(join.source);
            if together {
                self.joins(&join.joins)?;
                self.push(")");
            }
            self.push(" ON ");
            if join.kind == JoinKind::First {
                self.first(join)?;
            } else {
                self.on(join)?;
            }
            if !together {
                self.joins(&join.joins)?;
            }
        }
        Ok(())
    }

    /// That there is a partner.
    pub(crate) fn exists(&mut self, join: &'a Join) -> Result<()> {
        self.push("EXISTS(SELECT 1 FROM ");
        self.partners(join)?;
        self.push(")");
        Ok(())
    }

    /// That the row is the first of the partners. Inside, the alias means the rows to choose from.
    fn first(&mut self, join: &'a Join) -> Result<()> {
        let id = self.query.source(join.source).id;
        self.column(join.source, id);
        self.push("=(SELECT ");
        self.column(join.source, id);
        self.push(" FROM ");
        self.partners(join)?;
        self.push(" ORDER BY ");
        self.column(join.source, id);
        self.push(" LIMIT 1)");
        Ok(())
    }

    fn partners(&mut self, join: &'a Join) -> Result<()> {
        self.table(join.source);
        self.joins(&join.joins)?;
        self.push(" WHERE ");
        self.on(join)
    }

    fn table(&mut self, source: Source) {
        push_quoted(&mut self.text, &self.query.source(source).def.physical);
        self.push(" AS ");
        self.alias(source);
    }

    /// What makes a row of the joined table a partner.
    fn on(&mut self, join: &'a Join) -> Result<()> {
        let query = self.query;
        let (own, to) = (query.source(join.source).column(join.own), query.source(join.parent).column(join.to));
        self.column(join.source, join.own);
        self.push("=");
        self.column(join.parent, join.to);
        for (column, at, other) in [(own, join.source, join.parent), (to, join.parent, join.source)] {
            if column.shape() == Shape::PolyLookup {
                self.push(" AND ");
                self.named(at, &type_column(column));
                self.push(&format!("={}", query.source(other).def.code));
            }
        }
        if let Some(filter) = &join.filter {
            self.push(" AND ");
            self.filter(filter)?;
        }
        Ok(())
    }
}
