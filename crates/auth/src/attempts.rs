//! Failed attempts to sign in, and how long the next one must wait (AUTH-27).

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;

use crate::watched::lock;

/// Failures without a consequence.
const FREE: u32 = 4;
/// Longest delay, in seconds: nobody is locked out for good.
const DELAY_MAX_S: i64 = 60;
/// Seconds after which failures are forgotten.
const FORGOTTEN_S: i64 = 3_600;
/// Most accounts and addresses that are remembered.
const REMEMBERED_MAX: usize = 20_000;

/// Who failed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Who {
    /// A name as it was typed, in lower case.
    Account(String),
    Address(IpAddr),
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    last_s: i64,
}

impl Failures {
    fn delay_s(self) -> i64 {
        match self.count.checked_sub(FREE) {
            None | Some(0) => 0,
            Some(over) => (1_i64 << over.min(10)).min(DELAY_MAX_S),
        }
    }
}

/// Failures by account and by address. Kept in memory: a restart forgives.
#[derive(Debug, Default)]
pub(crate) struct Attempts(Mutex<HashMap<Who, Failures>>);

impl Attempts {
    /// Whether an attempt may be made now. One that comes too early is not looked at, and gets the answer of a wrong one.
    pub(crate) fn may_try(&self, name: &str, address: IpAddr, now_s: i64) -> bool {
        let known = lock(&self.0);
        let waits = |who: &Who| known.get(who).is_some_and(|failures| now_s < failures.last_s + failures.delay_s());
        !keys(name, address).iter().any(waits)
    }

    /// An attempt failed.
    pub(crate) fn failed(&self, name: &str, address: IpAddr, now_s: i64) {
        let mut known = lock(&self.0);
        if known.len() + 2 > REMEMBERED_MAX {
            known.retain(|_, failures| now_s < failures.last_s + FORGOTTEN_S);
            if known.len() + 2 > REMEMBERED_MAX {
                known.clear();
            }
        }
        for who in keys(name, address) {
            let failures = known.entry(who).or_insert(Failures { count: 0, last_s: now_s });
            let count = if now_s < failures.last_s + FORGOTTEN_S { failures.count.saturating_add(1) } else { 1 };
            *failures = Failures { count, last_s: now_s };
        }
    }

    /// An attempt succeeded: what failed before it was the same person.
    pub(crate) fn succeeded(&self, name: &str, address: IpAddr) {
        let mut known = lock(&self.0);
        for who in keys(name, address) {
            known.remove(&who);
        }
    }
}

fn keys(name: &str, address: IpAddr) -> [Who; 2] {
    let name: String = name.to_lowercase().chars().take(200).collect();
    [Who::Account(name), Who::Address(address)]
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::Attempts;

    #[test] // AUTH-27
    fn the_fifth_failure_delays_and_none_locks_out() {
        let attempts = Attempts::default();
        let [home, other] = [1, 2].map(|last| IpAddr::V4(Ipv4Addr::new(10, 0, 0, last)));
        for _ in 0..4 {
            attempts.failed("Anna", home, 100);
            assert!(attempts.may_try("anna", home, 100));
        }
        attempts.failed("anna", home, 100);
        assert!(!attempts.may_try("anna", other, 101), "the account, from anywhere");
        assert!(!attempts.may_try("bert", home, 101), "the address, for any account");
        assert!(attempts.may_try("bert", other, 101) && attempts.may_try("anna", home, 102));
        for _ in 0..100 {
            attempts.failed("anna", other, 200);
        }
        assert!(!attempts.may_try("anna", other, 259) && attempts.may_try("anna", other, 260));
        attempts.succeeded("anna", other);
        assert!(attempts.may_try("anna", other, 200));
    }
}
