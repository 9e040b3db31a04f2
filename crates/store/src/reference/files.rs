//! Files: whole blocks in memory.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use driftless_model::{Result, Uuid};

use super::State;
use crate::{Completion, FilePlace, StoreError, StoreResult, StoredFile};

/// Length of the pieces that a read gives.
const PIECE_BYTES: usize = 1 << 10;

/// A file, with its blocks by name until it is complete, and then as one.
#[derive(Clone)]
pub(super) struct Kept {
    file: StoredFile,
    blocks: BTreeMap<String, Arc<[u8]>>,
    bytes: Arc<[u8]>,
}

impl State {
    pub(super) fn known_file(&self, id: Uuid) -> Option<StoredFile> {
        self.files.get(&id).map(|kept| {
            if kept.file.complete {
                return kept.file.clone();
            }
            let bytes = kept.blocks.values().map(|block| block.len() as u64).sum();
            StoredFile { bytes, blocks: u32::try_from(kept.blocks.len()).unwrap_or(u32::MAX), ..kept.file.clone() }
        })
    }

    pub(super) fn blocks_of(&self, id: Uuid) -> Vec<(String, u64)> {
        let blocks = self.files.get(&id).map(|kept| &kept.blocks);
        blocks.into_iter().flatten().map(|(name, bytes)| (name.clone(), bytes.len() as u64)).collect()
    }

    pub(super) fn bytes_of(&self, id: Uuid, range: Range<u64>, each: &mut dyn FnMut(&[u8]) -> Result<()>) -> StoreResult<()> {
        let kept = self.files.get(&id).filter(|kept| kept.file.complete).ok_or_else(|| StoreError::failed("there is no such file"))?;
        let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(kept.bytes.len());
        let bytes = kept.bytes.get(place(range.start)..place(range.end)).unwrap_or_default();
        Ok(bytes.chunks(PIECE_BYTES).try_for_each(each)?)
    }

    pub(super) fn begin(&mut self, file: &StoredFile) -> StoreResult<()> {
        if self.files.contains_key(&file.id) {
            return Err(StoreError::failed("the id is that of another file"));
        }
        let file = StoredFile { bytes: 0, blocks: 0, complete: false, ..file.clone() };
        self.files.insert(file.id, Kept { file, blocks: BTreeMap::new(), bytes: Arc::default() });
        Ok(())
    }

    fn open_file(&mut self, id: Uuid) -> Option<&mut Kept> {
        self.files.get_mut(&id).filter(|kept| !kept.file.complete)
    }

    pub(super) fn put(&mut self, id: Uuid, name: &str, bytes: &[u8], at_s: i64) -> bool {
        let Some(kept) = self.open_file(id) else { return false };
        kept.blocks.insert(name.to_owned(), bytes.into());
        kept.file.at_s = at_s;
        true
    }

    pub(super) fn complete(&mut self, id: Uuid, blocks: &[String], name: &str, media_type: &str) -> Completion {
        let Some(kept) = self.open_file(id) else { return Completion::NoSuchFile };
        let mut given = kept.blocks.clone();
        let mut bytes = Vec::new();
        for block in blocks {
            match given.remove(block) {
                Some(block) => bytes.extend_from_slice(&block),
                None => return Completion::NoSuchBlock(block.clone()),
            }
        }
        kept.blocks.retain(|name, _| !given.contains_key(name));
        kept.file = StoredFile {
            name: name.to_owned(),
            media_type: media_type.to_owned(),
            bytes: bytes.len() as u64,
            blocks: u32::try_from(blocks.len()).unwrap_or(u32::MAX),
            complete: true,
            ..kept.file.clone()
        };
        kept.bytes = bytes.into();
        Completion::Done(kept.file.bytes)
    }

    /// Removes the files of places that `goes` holds of.
    pub(super) fn remove_files(&mut self, goes: impl Fn(&FilePlace) -> bool) {
        self.files.retain(|_, kept| !goes(&kept.file.place));
    }

    pub(super) fn expire(&mut self, before_s: i64) {
        self.files.retain(|_, kept| kept.file.complete || kept.file.at_s >= before_s);
    }
}
