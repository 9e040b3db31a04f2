//! One reader of the feed: what it holds, and what its pages must be.

use std::collections::{BTreeMap, BTreeSet};

use driftless_model::Uuid;

use super::{Judge, Page, Rows, Start};

/// A broken rule, and how.
type Broken = (&'static str, String);

#[derive(Default)]
pub(super) struct Reader {
    copy: BTreeMap<Uuid, (i64, String)>,
    /// Event at which the last chain that was read to its end began: its token covers what was before.
    token: Option<usize>,
    chain: Option<Chain>,
}

struct Chain {
    /// Event of its first page: the chain covers what was before.
    began: usize,
    /// The table at that moment.
    table: Rows,
    first_read: bool,
    count: Option<u64>,
    delivered: BTreeSet<Uuid>,
    last_row: Option<i64>,
    last_removal: Option<i64>,
    in_removals: bool,
}

impl Reader {
    pub(super) fn begin(&mut self, start: Start, at: usize, table: &Rows) {
        let (first_read, count) = match start {
            Start::Full => (true, None),
            Start::Delta { count } => (false, count),
        };
        if first_read {
            self.copy.clear();
            self.token = None;
        }
        self.chain = Some(Chain {
            began: at,
            table: table.clone(),
            first_read,
            count,
            delivered: BTreeSet::new(),
            last_row: None,
            last_removal: None,
            in_removals: false,
        });
    }

    pub(super) fn take(&mut self, page: &Page, judge: &Judge) -> Result<(), Broken> {
        let Some(chain) = &mut self.chain else {
            return Err(("CT-36", "a page came outside of any chain".to_owned()));
        };
        for row in &page.rows {
            chain.admit(&row.id, self.token, judge)?;
            if chain.in_removals || chain.last_row.replace(row.version).is_some_and(|last| last >= row.version) {
                return Err(("CT-26", format!("the row {} came out of order", row.id)));
            }
            self.copy.insert(row.id, (row.version, row.content.clone()));
        }
        for id in &page.removed {
            chain.admit(id, self.token, judge)?;
            if chain.first_read {
                return Err(("CT-22", format!("a first read delivered {id} as removed")));
            }
            chain.in_removals = true;
            let last = std::mem::replace(&mut chain.last_removal, judge.version(id));
            if last.is_some() && last >= chain.last_removal {
                return Err(("CT-26", format!("the removal of {id} came out of order")));
            }
            self.copy.remove(id);
        }
        if !page.more {
            chain.end(&self.copy, judge)?;
            self.token = Some(chain.began);
            self.chain = None;
        }
        Ok(())
    }
}

impl Chain {
    /// Each item once, none written after the first page (CT-37), none that the token covers (W4).
    fn admit(&mut self, id: &Uuid, token: Option<usize>, judge: &Judge) -> Result<(), Broken> {
        if !self.delivered.insert(*id) {
            return Err(("CT-16", format!("{id} was delivered twice in one chain")));
        }
        match judge.written(id) {
            None => Err(("W2", format!("{id} was delivered, but never written"))),
            Some(at) if at > self.began => Err(("CT-37", format!("{id} was delivered, but written after the first page"))),
            Some(at) if token.is_some_and(|token| at < token) => Err(("W4", format!("{id} was delivered, but the token covers its last write"))),
            Some(_) => Ok(()),
        }
    }

    /// After a chain the copy is the table of the chain's beginning, but for rows that were written since (CT-53).
    fn end(&self, copy: &Rows, judge: &Judge) -> Result<(), Broken> {
        let untouched = |id: &&Uuid| judge.written(id).is_none_or(|at| at < self.began);
        for id in copy.keys().chain(self.table.keys()).filter(untouched) {
            if copy.get(id) != self.table.get(id) {
                return Err(("CT-53", format!("the copy has {:?} of {id}, the table {:?}", copy.get(id), self.table.get(id))));
            }
        }
        let told = self.count.filter(|_| !judge.written_since(self.began));
        match told {
            Some(count) if count != self.delivered.len() as u64 => Err(("CT-29", format!("{} items came, the count said {count}", self.delivered.len()))),
            _ => Ok(()),
        }
    }
}
