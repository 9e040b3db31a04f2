//! What users may do, and where owners belong, as last read. An answer from here is what a read inside the request's own transaction would have given.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use driftless_model::{Reference, Uuid};

use super::members::TokenSubject;
use super::rights::Standing;

/// Most users that are remembered; more empty the cache.
const CACHED_USERS_MAX: usize = 10_000;

/// Standings by user, valid until a unit that decides rights begins to write.
///
/// While such a unit runs, others read what they need in their own transaction and remember nothing: what they see may be undone, or be older than what the next
/// one sees. All of this rests on one process having the store.
#[derive(Default)]
pub(crate) struct StandingCache(RwLock<Seen>);

#[derive(Default)]
struct Seen {
    users: HashMap<Uuid, Standing>,
    members: HashMap<TokenSubject, Option<Uuid>>,
    /// Business units of users and teams.
    units: HashMap<Reference, Uuid>,
    /// Counts units that changed rights and have ended.
    generation: u64,
    /// Units that have begun to change rights and have not ended.
    changing: usize,
}

/// The state in which something was read, for [`StandingCache::put`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Generation(Option<u64>);

impl StandingCache {
    /// The present state, to be taken before the transaction begins in which a standing is read.
    pub(crate) fn generation(&self) -> Generation {
        let seen = self.seen();
        Generation((seen.changing == 0).then_some(seen.generation))
    }

    /// What is remembered of a user. To be asked inside a transaction: then it is what that transaction would read.
    pub(crate) fn get(&self, user: Uuid) -> Option<Standing> {
        let seen = self.seen();
        if seen.changing == 0 { seen.users.get(&user).cloned() } else { None }
    }

    /// Remembers what a transaction read that began after `generation` was taken, unless rights have changed since or are changing.
    pub(crate) fn put(&self, user: Uuid, standing: Standing, generation: Generation) {
        self.remember(generation, |seen| &mut seen.users, user, standing);
    }

    /// The user that the subject of tokens was found to be, if any; nothing is known yet if this is none.
    pub(crate) fn member(&self, subject: TokenSubject) -> Option<Option<Uuid>> {
        let seen = self.seen();
        if seen.changing == 0 { seen.members.get(&subject).copied() } else { None }
    }

    /// Remembers the user of a subject, as [`StandingCache::put`] does standings. That there is none is remembered too, so that a flood of such tokens reads
    /// nothing.
    pub(crate) fn put_member(&self, subject: TokenSubject, user: Option<Uuid>, generation: Generation) {
        self.remember(generation, |seen| &mut seen.members, subject, user);
    }

    /// The business unit of a user or team that may own rows. To be asked inside a transaction, as [`StandingCache::get`].
    pub(crate) fn unit(&self, owner: Reference) -> Option<Uuid> {
        let seen = self.seen();
        if seen.changing == 0 { seen.units.get(&owner).copied() } else { None }
    }

    /// Remembers the business unit of a user or team that may own rows, as [`StandingCache::put`] does standings.
    pub(crate) fn put_unit(&self, owner: Reference, unit: Uuid, generation: Generation) {
        self.remember(generation, |seen| &mut seen.units, owner, unit);
    }

    fn remember<K: Eq + Hash, V>(&self, generation: Generation, kept: impl FnOnce(&mut Seen) -> &mut HashMap<K, V>, key: K, value: V) {
        let mut seen = self.change();
        if seen.changing > 0 || generation != Generation(Some(seen.generation)) {
            return;
        }
        let kept = kept(&mut seen);
        if kept.len() >= CACHED_USERS_MAX {
            kept.clear();
        }
        kept.insert(key, value);
    }

    /// A unit is about to write what decides rights.
    pub(crate) fn begin_change(&self) {
        self.change().changing += 1;
    }

    /// A unit that had begun has been committed or undone.
    pub(crate) fn end_change(&self) {
        let mut seen = self.change();
        seen.changing = seen.changing.saturating_sub(1);
        seen.generation += 1;
        seen.users.clear();
        seen.members.clear();
        seen.units.clear();
    }

    fn seen(&self) -> RwLockReadGuard<'_, Seen> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self) -> RwLockWriteGuard<'_, Seen> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // SU-15
    fn the_unit_of_an_owner_is_forgotten_when_rights_change() {
        let (cache, owner) = (StandingCache::default(), Reference { table: driftless_model::TableCode(8), id: Uuid::from_u128(1) });
        let before = cache.generation();
        cache.put_unit(owner, Uuid::from_u128(2), before);
        assert_eq!(cache.unit(owner), Some(Uuid::from_u128(2)));
        cache.begin_change();
        assert_eq!(cache.unit(owner), None);
        cache.end_change();
        cache.put_unit(owner, Uuid::from_u128(2), before);
        assert_eq!(cache.unit(owner), None);
    }

    #[test] // AUTHZ-70
    fn what_was_read_before_or_during_a_change_is_not_remembered() {
        let (cache, user) = (StandingCache::default(), Uuid::from_u128(1));
        let knows = |cache: &StandingCache| cache.get(user).is_some();
        let before = cache.generation();
        cache.put(user, Standing::Administrator, before);
        assert!(knows(&cache));
        cache.begin_change();
        assert!(!knows(&cache));
        let during = cache.generation();
        cache.put(user, Standing::Administrator, during);
        cache.end_change();
        assert!(!knows(&cache));
        for earlier in [before, during] {
            cache.put(user, Standing::Administrator, earlier);
            assert!(!knows(&cache));
        }
        cache.put(user, Standing::Administrator, cache.generation());
        assert!(knows(&cache));
    }
}
