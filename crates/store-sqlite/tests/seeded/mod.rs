//! Property tests that print their seed and accept one.

use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// The seed: of the variable `DRIFTLESS_SEED`, else fixed.
pub(crate) fn seed() -> u64 {
    std::env::var("DRIFTLESS_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(20_170_822)
}

/// A runner of so many cases; a failed one is made smaller in at most `shrinks` runs.
pub(crate) fn runner(cases: u32, shrinks: u32) -> TestRunner {
    println!("DRIFTLESS_SEED={}", seed());
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed().to_le_bytes());
    let config = Config { cases, failure_persistence: None, max_shrink_iters: shrinks, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}
