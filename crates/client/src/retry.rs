//! When a call is repeated, and after which wait.
//!
//! A service that answers 429, or 503 with its own error body, has not begun the work (its queue or budget was full), so that any call
//! may be repeated. A 503 of something in between, or a broken connection, leaves open whether a write happened: only reads repeat.

use std::time::Duration;

use crate::answer::Answer;
use crate::error::ClientError;

/// Bounds of repeating.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Attempts in all, the first included.
    pub attempts_max: u32,
    /// The longest single wait. A service that asks for more gets no repetition: the error says how long to wait.
    pub wait_max: Duration,
    /// First wait when the service names none; doubled at each attempt.
    pub wait_first: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { attempts_max: 5, wait_max: Duration::from_secs(30), wait_first: Duration::from_millis(200) }
    }
}

impl RetryPolicy {
    /// Never repeats anything.
    pub const NONE: Self = Self { attempts_max: 1, wait_max: Duration::ZERO, wait_first: Duration::ZERO };

    /// The wait before the next attempt, or `None` when this outcome stands. `attempt` counts from 1.
    pub(crate) fn wait(&self, is_read: bool, attempt: u32, outcome: &Result<Answer, ClientError>) -> Option<Duration> {
        if attempt >= self.attempts_max {
            return None;
        }
        let own = self.wait_first.saturating_mul(1 << (attempt - 1).min(16)).min(self.wait_max);
        match outcome {
            Ok(answer) => {
                let not_begun = answer.status == 429 || (answer.status == 503 && (is_read || answer.has_error_body()));
                let wait = retry_after(answer).unwrap_or(own);
                (not_begun && wait <= self.wait_max).then_some(wait)
            }
            Err(ClientError::Network { .. }) if is_read => Some(own),
            Err(_) => None,
        }
    }
}

/// `Retry-After` in whole seconds (web-api 5); the form with a date is not used by services of this protocol.
pub(crate) fn retry_after(answer: &Answer) -> Option<Duration> {
    answer.header("Retry-After")?.trim().parse().ok().map(Duration::from_secs)
}

/// Waits. The only sleep of this crate.
pub(crate) fn pause(wait: Duration) {
    std::thread::sleep(wait);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::error::Delivery;

    fn answer(status: u16, retry_after: Option<&str>, with_body: bool) -> Result<Answer, ClientError> {
        let headers = retry_after.map(|v| ("Retry-After", v)).into_iter().collect::<Vec<_>>();
        let body = if with_body { json!({"error": {"code": "0x1", "message": "busy"}}) } else { json!("busy") };
        Ok(Answer::of(status, &headers, body))
    }

    fn wait_ms(is_read: bool, attempt: u32, outcome: &Result<Answer, ClientError>) -> Option<u128> {
        RetryPolicy::default().wait(is_read, attempt, outcome).map(|wait| wait.as_millis())
    }

    #[test] // web-api 30: 429 and 503 are repeated after Retry-After, within bounds
    fn refusals_are_repeated() {
        assert_eq!(wait_ms(false, 1, &answer(429, Some("2"), true)), Some(2_000));
        assert_eq!(wait_ms(false, 1, &answer(503, None, true)), Some(200));
        assert_eq!(wait_ms(false, 3, &answer(503, None, true)), Some(800));
        assert_eq!(wait_ms(false, 5, &answer(429, Some("2"), true)), None, "attempts are bounded");
        assert_eq!(wait_ms(true, 1, &answer(429, Some("3600"), true)), None, "waits are bounded");
        assert_eq!(wait_ms(true, 1, &answer(500, None, true)), None);
    }

    #[test]
    fn writes_of_unknown_outcome_are_not_repeated() {
        assert_eq!(wait_ms(false, 1, &answer(503, None, false)), None, "503 of a proxy");
        assert_eq!(wait_ms(true, 1, &answer(503, None, false)), Some(200));
        let broken = Err(ClientError::Network { url: String::new(), message: String::new(), delivery: Delivery::Unknown });
        assert_eq!(wait_ms(false, 1, &broken), None);
        assert_eq!(wait_ms(true, 2, &broken), Some(400));
    }
}
