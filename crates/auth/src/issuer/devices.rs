//! Device codes: what a program without a browser shows, and what a person elsewhere makes of it (AUTH-13). Kept in memory.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;

use uuid::Uuid;

use super::scope::Asked;
use crate::secret::digest;
use crate::watched::lock;

/// Seconds that a code lives.
pub(super) const LIFE_S: i64 = 900;
/// Seconds between two polls at first; each one that comes too early adds as many.
pub(super) const INTERVAL_S: i64 = 5;
/// Letters of a user code: no vowels, so that no words come up, and none that look alike.
const LETTERS: &[u8; 19] = b"BCDFGHJKLMNPQRSTVWX";
const LETTERS_SHOWN: usize = 8;
/// Most codes at once.
const CODES_MAX: usize = 10_000;
/// Wrong user codes that one address may send in a minute.
const WRONG_MAX: u32 = 10;
const MINUTE_S: i64 = 60;

/// A code that waits for a person.
#[derive(Debug, Clone)]
pub(super) struct Device {
    pub(super) user_code: String,
    pub(super) application: Uuid,
    pub(super) asked: Asked,
    /// Where it was asked for.
    pub(super) address: IpAddr,
    made_s: i64,
    next_poll_s: i64,
    interval_s: i64,
    decision: Decision,
}

#[derive(Debug, Clone, Copy)]
enum Decision {
    Open,
    Allowed(Uuid),
    Refused,
}

/// The answer to a poll.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Poll {
    Pending,
    TooSoon,
    Refused,
    /// Not known, used, or over.
    Over,
    Allowed(Uuid, Asked),
}

/// Codes by the digest of what the device keeps, and wrong user codes by address.
#[derive(Debug, Default)]
pub(crate) struct Devices {
    codes: Mutex<HashMap<[u8; 32], Device>>,
    wrong: Mutex<HashMap<IpAddr, (i64, u32)>>,
}

impl Devices {
    /// Begins a sign-in; gives the user code, or none when there are too many. `random` decides it.
    pub(super) fn begin(&self, device_code: &str, application: Uuid, asked: Asked, address: IpAddr, random: [u8; 32], now_s: i64) -> Option<String> {
        let mut codes = lock(&self.codes);
        codes.retain(|_, device| now_s < device.made_s + LIFE_S);
        let user_code = user_code(random)?;
        if codes.len() >= CODES_MAX || codes.values().any(|device| device.user_code == user_code) {
            return None;
        }
        let device = Device {
            user_code: user_code.clone(),
            application,
            asked,
            address,
            made_s: now_s,
            next_poll_s: now_s,
            interval_s: INTERVAL_S,
            decision: Decision::Open,
        };
        codes.insert(digest(device_code), device);
        Some(user_code)
    }

    /// The device asks. An answer that ends the wait uses the code up.
    pub(super) fn poll(&self, device_code: &str, application: Uuid, now_s: i64) -> Poll {
        let mut codes = lock(&self.codes);
        let key = digest(device_code);
        let Some(device) = codes.get_mut(&key).filter(|device| device.application == application && now_s < device.made_s + LIFE_S) else {
            return Poll::Over;
        };
        let (decision, asked) = (device.decision, device.asked);
        match decision {
            Decision::Open if now_s < device.next_poll_s => {
                device.interval_s += INTERVAL_S;
                device.next_poll_s = now_s + device.interval_s;
                Poll::TooSoon
            }
            Decision::Open => {
                device.next_poll_s = now_s + device.interval_s;
                Poll::Pending
            }
            Decision::Allowed(user) => {
                codes.remove(&key);
                Poll::Allowed(user, asked)
            }
            Decision::Refused => {
                codes.remove(&key);
                Poll::Refused
            }
        }
    }

    /// The open sign-in that a person named. Wrong codes count against their address.
    pub(super) fn find(&self, typed: &str, address: IpAddr, now_s: i64) -> Option<Device> {
        let mut wrong = lock(&self.wrong);
        wrong.retain(|_, (begun_s, _)| now_s < *begun_s + MINUTE_S);
        if wrong.get(&address).is_some_and(|(_, count)| *count >= WRONG_MAX) {
            return None;
        }
        let code = shown(typed);
        let found = lock(&self.codes).values().find(|device| device.is_open(&code, now_s)).cloned();
        if found.is_none() {
            wrong.entry(address).or_insert((now_s, 0)).1 += 1;
        }
        found
    }

    /// The person decided; none of them refused.
    pub(super) fn decide(&self, user_code: &str, allowed: Option<Uuid>, now_s: i64) -> bool {
        let mut codes = lock(&self.codes);
        let found = codes.values_mut().find(|device| device.is_open(user_code, now_s));
        found.is_some_and(|device| {
            device.decision = allowed.map_or(Decision::Refused, Decision::Allowed);
            true
        })
    }
}

impl Device {
    fn is_open(&self, user_code: &str, now_s: i64) -> bool {
        matches!(self.decision, Decision::Open) && now_s < self.made_s + LIFE_S && self.user_code == user_code
    }
}

/// Eight letters with a hyphen between.
fn user_code(random: [u8; 32]) -> Option<String> {
    // 247 is the largest multiple of 19 in a byte; larger ones would favor the first letters.
    let mut letters = random.iter().filter(|byte| **byte < 247).map(|byte| char::from(LETTERS[usize::from(byte % 19)]));
    let text: String = letters.by_ref().take(LETTERS_SHOWN).collect();
    (text.len() == LETTERS_SHOWN).then(|| shown(&text))
}

/// A user code in the form in which it is shown, however it was typed.
fn shown(typed: &str) -> String {
    let letters: String = typed.chars().filter(char::is_ascii_alphabetic).map(|letter| letter.to_ascii_uppercase()).take(LETTERS_SHOWN + 1).collect();
    match letters.split_at_checked(LETTERS_SHOWN / 2) {
        Some((first, second)) => format!("{first}-{second}"),
        None => letters,
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use uuid::Uuid;

    use super::{Devices, Poll, user_code};
    use crate::issuer::scope::Asked;

    const HOME: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test] // AUTH-13
    fn user_codes_have_eight_letters_without_vowels() {
        let code = user_code(std::array::from_fn(|at| at as u8 * 7)).unwrap();
        assert_eq!((code.len(), code.as_bytes()[4]), (9, b'-'));
        assert!(!code.contains(['A', 'E', 'I', 'O', 'U', 'Y', 'Z']));
        assert_eq!(user_code([255; 32]), None, "no randomness in it");
    }

    #[test] // AUTH-13
    fn polls_wait_and_a_decision_is_told_once() {
        let devices = Devices::default();
        let [application, user] = [1, 2].map(Uuid::from_u128);
        let code = devices.begin("d", application, Asked::default(), HOME, [7; 32], 0).unwrap();
        assert_eq!(devices.poll("d", application, 0), Poll::Pending);
        assert_eq!(devices.poll("d", application, 4), Poll::TooSoon);
        assert_eq!(devices.poll("d", application, 13), Poll::TooSoon, "ten seconds more");
        assert_eq!(devices.poll("d", user, 40), Poll::Over, "of another application");
        assert!(devices.find(&code.to_lowercase().replace('-', " "), HOME, 41).is_some());
        assert!(devices.decide(&code, Some(user), 41) && !devices.decide(&code, None, 41), "decided once");
        assert_eq!(devices.poll("d", application, 42), Poll::Allowed(user, Asked::default()));
        assert_eq!(devices.poll("d", application, 43), Poll::Over);
        devices.begin("e", application, Asked::default(), HOME, [7; 32], 100).unwrap();
        assert_eq!(devices.poll("e", application, 1_000), Poll::Over, "a quarter of an hour");
    }

    #[test] // AUTH-13
    fn guesses_of_user_codes_are_few() {
        let devices = Devices::default();
        let code = devices.begin("d", Uuid::nil(), Asked::default(), HOME, [7; 32], 0).unwrap();
        for _ in 0..10 {
            assert!(devices.find("BBBB-BBBB", HOME, 1).is_none());
        }
        assert!(devices.find(&code, HOME, 2).is_none(), "the right one, too late");
        assert!(devices.find(&code, IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)), 2).is_some());
        assert!(devices.find(&code, HOME, 61).is_some());
    }
}
