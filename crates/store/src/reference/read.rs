//! What can be read.

use std::ops::Range;

use driftless_model::{Epoch, Error, ErrorCode, Position, Result, Table, TableCode, Uuid, Version};
use driftless_query::{Flow, PageHead, RowSink, SecuredQuery, all_rows_of};

use super::rows::Found;
use super::{State, parts};
use crate::{ChangeRequest, ChangesEnd, Cut, DefinitionKind, DefinitionRow, Phase, PositionState, ReadTx, Removals, StoreError, StoreResult, StoredFile};

impl ReadTx for State {
    fn metadata_number(&self) -> StoreResult<Version> {
        Ok(self.metadata)
    }

    fn definitions(&self, since: Version, each: &mut dyn FnMut(DefinitionRow) -> Result<()>) -> StoreResult<()> {
        let mut rows: Vec<_> = self.definitions.values().filter(|row| row.version > since).cloned().collect();
        rows.sort_by_key(|row| row.version);
        Ok(rows.into_iter().try_for_each(each)?)
    }

    fn removed_definitions(&self, since: Version) -> StoreResult<Vec<(DefinitionKind, Uuid, Version)>> {
        let mut removed: Vec<_> = self.removed_definitions.iter().map(|((kind, id), version)| (*kind, *id, *version)).collect();
        removed.retain(|(_, _, version)| *version > since);
        removed.sort_by_key(|(_, _, version)| *version);
        Ok(removed)
    }

    fn setting(&self, name: &str) -> StoreResult<Option<String>> {
        Ok(self.settings.get(name).cloned())
    }

    fn epoch(&self) -> StoreResult<Epoch> {
        Ok(self.epoch)
    }

    fn position(&self) -> StoreResult<Position> {
        Ok(self.position_at(self.position))
    }

    fn judge(&self, table: TableCode, position: &Position) -> StoreResult<PositionState> {
        let horizon = self.tables.get(&table).map_or(Version(0), |table| table.horizon);
        Ok(match parts(position) {
            None => PositionState::Malformed,
            Some((epoch, version)) if epoch != self.epoch || version > self.position => PositionState::Foreign,
            Some((_, version)) if version < horizon => PositionState::Purged,
            Some(_) => PositionState::Good,
        })
    }

    fn removals(&self) -> StoreResult<Removals> {
        let firsts = self.tables.values().filter_map(|table| table.tombstones.values().min_by_key(|tombstone| tombstone.version));
        let count = self.tables.values().map(|table| table.tombstones.len() as u64).sum();
        Ok(Removals { count, oldest_s: firsts.map(|first| first.at_s).min() })
    }

    fn version_of(&self, table: &Table, id: Uuid) -> StoreResult<Option<Version>> {
        Ok(self.table(table)?.rows.get(&id).map(|row| row.version))
    }

    fn select(&self, query: &SecuredQuery, count: Option<u64>, sink: &mut dyn RowSink) -> StoreResult<bool> {
        let resolved = query.query();
        if resolved.after.as_ref().is_some_and(|after| after.len() != resolved.orders.len()) {
            return Err(Error::of(ErrorCode::PagingCookieOrder).into());
        }
        let found = self.find(query)?;
        sink.start(&PageHead { query: resolved, count })?;
        let limit = resolved.limit.map_or(usize::MAX, |limit| limit as usize);
        let mut delivered = 0;
        for found in found.iter().take(limit) {
            delivered += 1;
            if sink.row(&found.row)? == Flow::Stop {
                break;
            }
        }
        Ok(delivered < found.len())
    }

    fn count(&self, query: &SecuredQuery, cap: Option<u64>) -> StoreResult<u64> {
        let found = all_rows_of(query, self)?.len() as u64;
        Ok(cap.map_or(found, |cap| found.min(cap)))
    }

    fn changes(&self, request: &ChangeRequest<'_>, sink: &mut dyn RowSink) -> StoreResult<ChangesEnd> {
        let mut items = self.items(request)?;
        if let Some(cut) = request.cut {
            items.retain(|item| item.place() > place(cut));
        }
        sink.start(&PageHead { query: request.query.query(), count: None })?;
        let mut last = None;
        for (at, item) in items.iter().enumerate().take(request.limit.max(1) as usize) {
            let flow = match item {
                Item::Row(found) => sink.row(&found.row)?,
                Item::Removed { id, .. } => sink.removed(*id)?,
            };
            last = Some((at, item.cut()));
            if flow == Flow::Stop {
                break;
            }
        }
        Ok(ChangesEnd { next: last.filter(|(at, _)| at + 1 < items.len()).map(|(_, cut)| cut) })
    }

    fn count_changes(&self, request: &ChangeRequest<'_>) -> StoreResult<u64> {
        Ok(self.items(request)?.len() as u64)
    }

    fn file(&self, id: Uuid) -> StoreResult<Option<StoredFile>> {
        Ok(self.known_file(id))
    }

    fn file_blocks(&self, id: Uuid) -> StoreResult<Vec<(String, u64)>> {
        Ok(self.blocks_of(id))
    }

    fn read_file(&self, id: Uuid, range: Range<u64>, each: &mut dyn FnMut(&[u8]) -> Result<()>) -> StoreResult<()> {
        self.bytes_of(id, range, each)
    }
}

/// An item of the feed.
enum Item {
    Row(Found),
    Removed { id: Uuid, version: Version },
}

impl Item {
    fn cut(&self) -> Cut {
        match self {
            Self::Row(row) => Cut { phase: Phase::Rows, version: row.version, id: row.id },
            Self::Removed { id, version } => Cut { phase: Phase::Removed, version: *version, id: *id },
        }
    }

    fn place(&self) -> (bool, Version, Uuid) {
        place(&self.cut())
    }
}

/// Rows come first, then what was removed; each by version (CT-26).
fn place(cut: &Cut) -> (bool, Version, Uuid) {
    (cut.phase == Phase::Removed, cut.version, cut.id)
}

impl State {
    /// All items of a range, in order. Limit and cut are not looked at.
    fn items(&self, request: &ChangeRequest<'_>) -> StoreResult<Vec<Item>> {
        let version = |position: &Position| match parts(position) {
            Some((epoch, version)) if epoch == self.epoch => Ok(version),
            _ => Err(StoreError::failed("a position that was not judged")),
        };
        let (since, until) = (request.since.map(version).transpose()?, version(request.until)?);
        let in_range = |version: Version| since.is_none_or(|since| version > since) && version <= until;
        let mut items: Vec<_> = self.find(request.query)?.into_iter().filter(|row| in_range(row.version)).map(Item::Row).collect();
        if since.is_some() {
            let tombstones = &self.table(&request.query.query().table)?.tombstones;
            items.extend(tombstones.iter().filter(|(_, grave)| in_range(grave.version)).map(|(id, grave)| Item::Removed { id: *id, version: grave.version }));
        }
        items.sort_by_key(Item::place);
        Ok(items)
    }
}
