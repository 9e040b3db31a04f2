//! Tokens from making to refusal, on real files in a folder of the test's own.

#![allow(clippy::unwrap_used, clippy::panic)] // a test fails by panicking, in its helpers too

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use driftless_auth::{
    EXPIRY_DAYS_DEFAULT, EXPIRY_DAYS_MAX, NewToken, RECHECK, RandomUnavailable, RecordFileError, Scopes, Secret, TokenCheck, TokenFile, TokenFileError,
    TokenRecord, Verdict,
};
use uuid::Uuid;

const NOW_S: i64 = 1_800_000_000;
const DAY_S: i64 = 86_400;
const USER: Uuid = Uuid::from_u128(0xA11CE);

/// A data folder that goes away with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("driftless-auth-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn tokens(&self) -> TokenFile {
        TokenFile::open(&self.0).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn seeded(mut seed: u64) -> impl FnMut(&mut [u8]) -> Result<(), RandomUnavailable> {
    move |bytes| {
        for byte in bytes {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = (seed >> 56) as u8;
        }
        Ok(())
    }
}

fn new(name: &str, expires_in_days: Option<u32>) -> NewToken<'_> {
    NewToken { name, user: USER, scopes: Scopes::ALL, expires_in_days, environment: "dev" }
}

fn make(tokens: &TokenFile, name: &str, days: Option<u32>, seed: u64) -> (Secret, TokenRecord) {
    tokens.make(&new(name, days), NOW_S, &mut seeded(seed)).unwrap()
}

fn header(secret: &Secret) -> String {
    format!("Bearer {}", secret.reveal())
}

#[test] // AUTH-25
fn a_made_token_is_listed_accepted_and_after_revocation_refused() {
    let folder = Folder::new();
    let tokens = folder.tokens();
    let check = TokenCheck::open(tokens.clone(), Duration::ZERO).unwrap();
    let (secret, record) = make(&tokens, "laptop", Some(EXPIRY_DAYS_DEFAULT), 1);
    assert_eq!(record.expires_s, Some(NOW_S + 90 * DAY_S));
    assert_eq!(tokens.list().unwrap(), std::slice::from_ref(&record));

    let Verdict::Ok(identity) = check.check(Some(&header(&secret)), NOW_S) else {
        panic!("refused");
    };
    assert_eq!((identity.user, identity.token), (USER, record.id));
    assert_eq!(identity.scopes, Scopes::ALL);
    assert_eq!(check.last_used_s(record.id), Some(NOW_S));

    let (_, other) = make(&tokens, "other", None, 2);
    assert_eq!(check.last_used_s(record.id), Some(NOW_S));
    assert_eq!(tokens.revoke("laptop").unwrap(), record);
    assert_eq!(check.check(Some(&header(&secret)), NOW_S), Verdict::Unknown);
    assert_eq!(tokens.revoke(&other.id.to_string()).unwrap(), other);
    assert!(tokens.list().unwrap().is_empty());
}

#[test] // AUTH-25
fn the_last_valid_second_is_the_one_before_expiry() {
    let folder = Folder::new();
    let tokens = folder.tokens();
    let (secret, _) = make(&tokens, "short", Some(1), 1);
    let (endless, _) = make(&tokens, "first administrator", None, 2);
    let check = TokenCheck::open(tokens, RECHECK).unwrap();
    let at = |secret: &Secret, now_s| check.check(Some(&header(secret)), now_s);
    assert!(matches!(at(&secret, NOW_S + DAY_S - 1), Verdict::Ok(_)));
    assert_eq!(at(&secret, NOW_S + DAY_S), Verdict::Expired);
    assert!(matches!(at(&endless, i64::MAX), Verdict::Ok(_)));
}

#[test] // AUTH-24
fn headers_without_a_valid_token_are_told_apart() {
    let folder = Folder::new();
    let tokens = folder.tokens();
    let (secret, _) = make(&tokens, "one", None, 1);
    let stranger = Secret::make("dev", &mut seeded(2)).unwrap();
    let check = TokenCheck::open(tokens, RECHECK).unwrap();
    let check = |value: &str| check.check(Some(value), NOW_S);
    let text = secret.reveal();

    for value in ["", "Bearer", "Basic YTpi", text] {
        assert_eq!(check(value), Verdict::Missing, "{value}");
    }
    let cut = &text[..text.len() - 1];
    for value in ["Bearer x", &format!("Bearer {cut}"), "Bearer drft_é_ü"] {
        assert_eq!(check(value), Verdict::Malformed, "{value}");
    }
    assert_eq!(check(&header(&stranger)), Verdict::Unknown);
    assert!(matches!(check(&format!("bearer  {text} ")), Verdict::Ok(_)));
}

#[test] // AUTH-25
fn what_a_token_may_be_is_bounded() {
    let folder = Folder::new();
    let tokens = folder.tokens();
    let refused = |new: NewToken<'_>| tokens.make(&new, NOW_S, &mut seeded(1)).unwrap_err();
    let too_long = "x".repeat(101);
    for name in ["", "two\nlines", &too_long] {
        assert!(matches!(refused(new(name, None)), TokenFileError::Name));
    }
    for days in [0, EXPIRY_DAYS_MAX + 1, u32::MAX] {
        let error = refused(new("x", Some(days)));
        assert!(matches!(error, TokenFileError::Expiry(found) if found == days));
    }
    make(&tokens, "taken", Some(EXPIRY_DAYS_MAX), 1);
    assert!(matches!(refused(new("taken", None)), TokenFileError::NameTaken(_)));
    assert!(matches!(tokens.revoke("nobody").unwrap_err(), TokenFileError::NoSuchToken(_)));
}

#[cfg(unix)]
#[test] // AUTH-25
fn the_file_is_private_and_holds_no_token() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let tokens = folder.tokens();
    let (secret, record) = make(&tokens, "one", None, 1);
    let mode = fs::metadata(tokens.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let text = fs::read_to_string(tokens.path()).unwrap();
    let random = secret.reveal().split('_').nth(2).unwrap();
    assert!(text.contains(&record.id.to_string()) && !text.contains(random));
}

#[test]
fn a_damaged_file_admits_nobody_and_is_named() {
    let folder = Folder::new();
    let tokens = folder.tokens();
    let (secret, _) = make(&tokens, "one", None, 1);
    let good = fs::read(tokens.path()).unwrap();
    let check = TokenCheck::open(tokens.clone(), Duration::ZERO).unwrap();
    for damage in ["", "{", "[]", r#"{"format":2,"tokens":[]}"#] {
        fs::write(tokens.path(), damage).unwrap();
        assert_eq!(check.check(Some(&header(&secret)), NOW_S), Verdict::Unknown);
        assert!(check.problem().unwrap().contains("tokens.json"));
        assert!(matches!(tokens.list().unwrap_err(), TokenFileError::File(RecordFileError::Damaged { .. })));
        // A change must not throw the damaged file away either.
        tokens.revoke("one").unwrap_err();
    }
    fs::write(tokens.path(), good).unwrap();
    assert!(matches!(check.check(Some(&header(&secret)), NOW_S), Verdict::Ok(_)));
    assert_eq!(check.problem(), None);
}

#[test]
fn makers_in_several_threads_lose_nothing() {
    let folder = Folder::new();
    let tokens = folder.tokens();
    std::thread::scope(|scope| {
        for maker in 0..4_u64 {
            let tokens = &tokens;
            scope.spawn(move || {
                for turn in 0..5 {
                    let name = format!("{maker}-{turn}");
                    make(tokens, &name, None, maker * 100 + turn);
                }
            });
        }
    });
    assert_eq!(tokens.list().unwrap().len(), 20);
}

#[test]
fn a_check_of_a_known_file_is_cheap() {
    let folder = Folder::new();
    let tokens = folder.tokens();
    let (secret, _) = make(&tokens, "one", None, 1);
    let check = TokenCheck::open(tokens, RECHECK).unwrap();
    let header = header(&secret);
    let best = (0..20)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..100 {
                assert!(matches!(check.check(Some(&header), NOW_S), Verdict::Ok(_)));
            }
            start.elapsed() / 100
        })
        .min()
        .unwrap();
    println!("one check: {best:?}");
    // An unoptimized build on a busy machine gets ten times the goal of 10 us.
    assert!(best < Duration::from_micros(100), "{best:?}");
}
