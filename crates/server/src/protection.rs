//! Service protection: what one user may ask for within five minutes (SEC-20, web-api 30).
//!
//! A user's budgets are kept for a window that slides in steps of a thirtieth. Refused requests cost nothing, so that a user who waits as told is served.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use driftless_core::Environment;
use driftless_model::{Error, ErrorCode, separate_thousands};
use uuid::Uuid;

/// Parts of a window.
const STEPS: usize = 30;
/// Users that are looked through, at first, for those whose window is empty.
const SWEEP_FROM: usize = 1_024;
/// Seconds after which a user with too many requests in work may try again: until then one will have ended.
const CONCURRENCY_RETRY_S: u32 = 1;

/// The budgets of one user (SEC-16).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProtectionLimits {
    /// Seconds of the window; at least 30.
    pub window_s: u32,
    /// Requests in a window.
    pub requests_max: u32,
    /// Milliseconds of execution in a window, all requests together.
    pub time_ms_max: u64,
    /// Requests at once.
    pub concurrent_max: u32,
    /// Users whose windows are kept, some 400 bytes each. More at once share the budgets of one.
    pub users_max: usize,
}

impl Default for ProtectionLimits {
    fn default() -> Self {
        Self { window_s: 300, requests_max: 6_000, time_ms_max: 1_200_000, concurrent_max: 52, users_max: 65_536 }
    }
}

/// What is left of a user's budgets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Remaining {
    pub(crate) requests: u32,
    pub(crate) time_ms: u64,
}

/// The budget that is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Facet {
    Requests,
    Time,
    Concurrency,
}

/// A request that is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Excess {
    pub(crate) facet: Facet,
    pub(crate) retry_after_s: u32,
    pub(crate) remaining: Remaining,
}

/// The budgets of all users.
pub(crate) struct Protection {
    limits: ProtectionLimits,
    environment: Arc<dyn Environment>,
    users: Mutex<Users>,
}

struct Users {
    windows: HashMap<Uuid, Window>,
    sweep_at: usize,
}

/// One user's use, by steps. A step is counted from 1970; `latest` is the newest one that is held.
#[derive(Debug, Clone, Default)]
struct Window {
    latest: i64,
    requests: [u32; STEPS],
    time_ms: [u64; STEPS],
    running: u32,
}

/// A request in work. It ends when dropped, also by a panic.
pub(crate) struct Admission<'a> {
    protection: &'a Protection,
    user: Uuid,
    begun_ms: i64,
    has_ended: bool,
}

impl Protection {
    pub(crate) fn new(limits: ProtectionLimits, environment: Arc<dyn Environment>) -> Self {
        Self { limits, environment, users: Mutex::new(Users { windows: HashMap::new(), sweep_at: SWEEP_FROM }) }
    }

    /// Counts a request of this user, or refuses it.
    pub(crate) fn admit(&self, user: Uuid) -> Result<Admission<'_>, Excess> {
        let now_ms = self.environment.now_ms();
        let step = self.step(now_ms);
        let mut users = self.users();
        let user = users.place(user, step, self.limits.users_max);
        let window = users.windows.entry(user).or_default();
        window.slide(step);
        if let Some((facet, retry_after_s)) = self.excess(window, now_ms) {
            return Err(Excess { facet, retry_after_s, remaining: self.remaining(window) });
        }
        window.running += 1;
        let at = window.at(window.latest);
        window.requests[at] += 1;
        Ok(Admission { protection: self, user, begun_ms: now_ms, has_ended: false })
    }

    fn excess(&self, window: &Window, now_ms: i64) -> Option<(Facet, u32)> {
        let limits = &self.limits;
        if window.running >= limits.concurrent_max {
            return Some((Facet::Concurrency, CONCURRENCY_RETRY_S));
        }
        let requests = window.requests.map(u64::from);
        let facets = [(Facet::Requests, requests, u64::from(limits.requests_max)), (Facet::Time, window.time_ms, limits.time_ms_max)];
        let (facet, used, max) = facets.into_iter().find(|(_, used, max)| used.iter().sum::<u64>() >= *max)?;
        let mut left: u64 = used.iter().sum();
        // Steps leave the window one after another, the oldest first: until so many have left, there is no room.
        let gone = (1..=STEPS as i64).find(|gone| {
            left -= used[window.at(window.latest + gone)];
            left < max
        });
        let free_ms = (window.latest + gone.unwrap_or(STEPS as i64)) * self.step_ms();
        let wait_s = (free_ms - now_ms).max(0).saturating_add(999) / 1_000;
        Some((facet, u32::try_from(wait_s).unwrap_or(limits.window_s).clamp(1, limits.window_s)))
    }

    fn remaining(&self, window: &Window) -> Remaining {
        Remaining {
            requests: self.limits.requests_max.saturating_sub(window.requests.iter().sum()),
            time_ms: self.limits.time_ms_max.saturating_sub(window.time_ms.iter().sum()),
        }
    }

    /// The error of a refused request, in the words of the service.
    pub(crate) fn error(&self, excess: &Excess) -> Error {
        let limits = &self.limits;
        let error = match excess.facet {
            Facet::Requests => Error::new(
                ErrorCode::ThrottlingBurstRequestLimitExceeded,
                format!("Number of requests exceeded the limit of {} over time window of {} seconds.", limits.requests_max, limits.window_s),
            ),
            Facet::Time => Error::new(
                ErrorCode::ThrottlingTimeExceeded,
                format!(
                    "Combined execution time of incoming requests exceeded limit of {} milliseconds over time window of {} seconds. Decrease number of \
                     concurrent requests or reduce the duration of requests and try again later.",
                    grouped(limits.time_ms_max),
                    limits.window_s
                ),
            ),
            Facet::Concurrency => {
                Error::new(ErrorCode::ThrottlingConcurrency, format!("Number of concurrent requests exceeded the limit of {}.", limits.concurrent_max))
            }
        };
        error.retry_after(excess.retry_after_s)
    }

    fn step_ms(&self) -> i64 {
        i64::from(self.limits.window_s) * 1_000 / STEPS as i64
    }

    fn step(&self, now_ms: i64) -> i64 {
        now_ms.div_euclid(self.step_ms().max(1))
    }

    fn users(&self) -> MutexGuard<'_, Users> {
        self.users.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Users {
    /// Under whose name a user is counted: the own one, unless as many users as may be have windows already.
    fn place(&mut self, user: Uuid, step: i64, users_max: usize) -> Uuid {
        if self.windows.contains_key(&user) {
            return user;
        }
        if self.windows.len() >= self.sweep_at.min(users_max) {
            self.windows.retain(|_, window| window.running > 0 || step - window.latest < STEPS as i64);
            self.sweep_at = (2 * self.windows.len()).max(SWEEP_FROM);
        }
        if self.windows.len() < users_max { user } else { Uuid::nil() }
    }
}

impl Window {
    fn at(&self, step: i64) -> usize {
        usize::try_from(step.rem_euclid(STEPS as i64)).unwrap_or(0)
    }

    /// Forgets what has left the window. When the clock was set back, all that is held counts as of now: nothing is given away, and nobody waits for the clock.
    fn slide(&mut self, step: i64) {
        if step < self.latest {
            let (requests, time_ms) = (self.requests.iter().sum(), self.time_ms.iter().sum());
            *self = Self { latest: step, running: self.running, ..Self::default() };
            let at = self.at(step);
            (self.requests[at], self.time_ms[at]) = (requests, time_ms);
            return;
        }
        let first = (self.latest + 1).max(step - (STEPS as i64 - 1));
        for gone in first..=step {
            let at = self.at(gone);
            self.requests[at] = 0;
            self.time_ms[at] = 0;
        }
        self.latest = step;
    }
}

impl Admission<'_> {
    /// The request has been answered. Gives what is left to its user.
    pub(crate) fn end(mut self) -> Remaining {
        self.finish()
    }

    fn finish(&mut self) -> Remaining {
        self.has_ended = true;
        let protection = self.protection;
        let now_ms = protection.environment.now_ms();
        let mut users = protection.users();
        let window = users.windows.entry(self.user).or_default();
        window.slide(protection.step(now_ms));
        window.running = window.running.saturating_sub(1);
        let at = window.at(window.latest);
        window.time_ms[at] += u64::try_from(now_ms - self.begun_ms).unwrap_or(0);
        protection.remaining(window)
    }
}

impl Drop for Admission<'_> {
    fn drop(&mut self) {
        if !self.has_ended {
            self.finish();
        }
    }
}

/// A number with commas between thousands.
pub(crate) fn grouped(number: u64) -> String {
    let mut text = number.to_string();
    separate_thousands(&mut text, 0);
    text
}

#[cfg(test)]
mod tests {
    use driftless_core::SeededEnvironment;

    use super::*;

    const ONE: Uuid = Uuid::from_u128(1);
    const OTHER: Uuid = Uuid::from_u128(2);

    fn protection(limits: ProtectionLimits) -> (Protection, Arc<SeededEnvironment>) {
        let clock = Arc::new(SeededEnvironment::new(1, 1_000_000_000));
        (Protection::new(limits, Arc::clone(&clock) as _), clock)
    }

    fn refused(protection: &Protection, user: Uuid) -> Option<(Facet, u32)> {
        protection.admit(user).err().map(|excess| (excess.facet, excess.retry_after_s))
    }

    #[test] // SEC-20
    fn requests_are_counted_for_each_user_in_a_window_that_slides() {
        let (protection, clock) = protection(ProtectionLimits { requests_max: 3, ..ProtectionLimits::default() });
        for left in [2, 1] {
            assert_eq!(protection.admit(ONE).unwrap_or_else(|_| panic!()).end().requests, left);
        }
        clock.advance_s(100);
        assert_eq!(refused(&protection, ONE), None);
        assert_eq!(refused(&protection, ONE), Some((Facet::Requests, 200)), "when the first two are five minutes old");
        assert_eq!(refused(&protection, OTHER), None);
        clock.advance_s(199);
        assert_eq!(refused(&protection, ONE), Some((Facet::Requests, 1)));
        clock.advance_s(1);
        assert_eq!((refused(&protection, ONE), refused(&protection, ONE)), (None, None));
        assert_eq!(refused(&protection, ONE), Some((Facet::Requests, 100)));
    }

    #[test] // SEC-20
    fn execution_time_adds_up_and_requests_in_work_are_counted() {
        let (protection, clock) = protection(ProtectionLimits { time_ms_max: 5_000, concurrent_max: 2, ..ProtectionLimits::default() });
        let (first, second) = (protection.admit(ONE), protection.admit(ONE));
        assert_eq!(refused(&protection, ONE), Some((Facet::Concurrency, 1)));
        clock.advance_s(3);
        drop((first, second)); // as after a panic
        assert_eq!(refused(&protection, ONE), Some((Facet::Time, 297)));
        clock.advance_s(300);
        assert_eq!(protection.admit(ONE).unwrap_or_else(|_| panic!()).end(), Remaining { requests: 5_999, time_ms: 5_000 });
    }

    #[test] // A9
    fn windows_are_forgotten_and_their_number_is_bounded() {
        let (protection, clock) = protection(ProtectionLimits { users_max: 4, requests_max: 2, ..ProtectionLimits::default() });
        for user in 1..=6 {
            assert_eq!(refused(&protection, Uuid::from_u128(user)), None);
        }
        assert_eq!(protection.users().windows.len(), 5, "four, and one that the others share");
        assert_eq!(refused(&protection, Uuid::from_u128(9)), Some((Facet::Requests, 300)));
        clock.advance_s(300);
        assert_eq!(refused(&protection, Uuid::from_u128(9)), None);
        assert_eq!(protection.users().windows.len(), 1);
    }

    #[test]
    fn a_clock_that_is_set_back_frees_nothing() {
        let (protection, clock) = protection(ProtectionLimits { requests_max: 1, ..ProtectionLimits::default() });
        assert_eq!(refused(&protection, ONE), None);
        clock.advance_s(-3_600);
        assert_eq!(refused(&protection, ONE), Some((Facet::Requests, 300)));
        clock.advance_s(300);
        assert_eq!(refused(&protection, ONE), None);
    }

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(["0", "999", "1,000", "1,200,000"].map(str::to_owned), [0, 999, 1_000, 1_200_000].map(grouped));
    }
}
