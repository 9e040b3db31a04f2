//! Time, ids and randomness. Nothing else in the service asks the system for them, so that tests can repeat a run (A7).

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use driftless_model::Uuid;

/// Where time and randomness come from.
pub trait Environment: Send + Sync {
    /// Milliseconds since 1970-01-01 UTC.
    fn now_ms(&self) -> i64;

    /// Fills `bytes` with randomness that nobody can guess.
    fn fill_random(&self, bytes: &mut [u8]);

    /// A new id that sorts after the ids made before, in the layout of UUID version 7: rows made together then lie together in every index (ADR 0002).
    fn new_id(&self) -> Uuid;
}

/// The system's clock and randomness.
#[derive(Debug, Default)]
pub struct SystemEnvironment {
    ids: IdClock,
}

impl Environment for SystemEnvironment {
    fn now_ms(&self) -> i64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        if let Err(error) = getrandom::fill(bytes) {
            // Without randomness there are no safe ids and keys; going on would hand out guessable ones.
            tracing::error!(%error, "the system gives no randomness");
            std::process::exit(70);
        }
    }

    fn new_id(&self) -> Uuid {
        let mut random = [0; 8];
        self.fill_random(&mut random);
        self.ids.id(self.now_ms(), random)
    }
}

/// Milliseconds and a counter in one number, so that ids of one millisecond stay in order.
#[derive(Debug, Default)]
struct IdClock(AtomicU64);

impl IdClock {
    /// An id for this time, greater than all that this clock gave before.
    fn id(&self, now_ms: i64, random: [u8; 8]) -> Uuid {
        let wanted = u64::try_from(now_ms).unwrap_or(0) << 12;
        let previous = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(wanted.max(last + 1))).unwrap_or(wanted);
        let ticks = wanted.max(previous + 1);
        let mut bytes = [0; 16];
        bytes[..6].copy_from_slice(&(ticks >> 12).to_be_bytes()[2..]);
        let counter = u16::try_from(ticks & 0xfff).unwrap_or(0);
        bytes[6..8].copy_from_slice(&(0x7000 | counter).to_be_bytes());
        bytes[8..].copy_from_slice(&random);
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        Uuid::from_bytes(bytes)
    }
}

/// A clock that stands still unless moved, and randomness from a seed: the same seed gives the same bytes.
#[derive(Debug)]
pub struct SeededEnvironment {
    now_ms: std::sync::atomic::AtomicI64,
    state: AtomicU64,
    ids: IdClock,
}

impl SeededEnvironment {
    /// An environment at `now_ms`.
    pub fn new(seed: u64, now_ms: i64) -> Self {
        Self { now_ms: now_ms.into(), state: seed.into(), ids: IdClock::default() }
    }

    /// Moves the clock.
    pub fn advance_s(&self, seconds: i64) {
        self.now_ms.fetch_add(seconds * 1_000, Ordering::Relaxed);
    }
}

impl Environment for SeededEnvironment {
    fn now_ms(&self) -> i64 {
        self.now_ms.load(Ordering::Relaxed)
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            // SplitMix64: small, and good enough where nobody attacks.
            let mut z = self.state.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed).wrapping_add(0x9e37_79b9_7f4a_7c15);
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(z ^ (z >> 31)).to_le_bytes()[..chunk.len()]);
        }
    }

    fn new_id(&self) -> Uuid {
        let mut random = [0; 8];
        self.fill_random(&mut random);
        self.ids.id(self.now_ms(), random)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_rise_also_when_the_clock_stands_or_goes_back() {
        let clock = IdClock::default();
        let ids: Vec<_> = [1_000, 1_000, 1_000, 900, 1_001].into_iter().map(|ms| clock.id(ms, [0; 8])).collect();
        assert!(ids.is_sorted());
        assert_eq!(ids[0].get_version_num(), 7);
    }

    #[test] // A7
    fn the_same_seed_gives_the_same_bytes() {
        let one = SeededEnvironment::new(7, 5);
        let two = SeededEnvironment::new(7, 5);
        assert_eq!(one.new_id(), two.new_id());
        assert_eq!(one.new_id(), two.new_id());
    }
}
