//! Limits as settings: the table `[limits]` of a configuration file. Each limit that a service runs with has one line here, but for that of aggregates, which is a setting of its own.

use std::time::Duration;

use driftless_server::ProtectionLimits;

/// All limits of a service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ServiceLimits {
    /// Of requests and what they ask for.
    pub(crate) organization: driftless_model::Limits,
    /// Of sockets and what comes through them.
    pub(crate) listener: driftless_server::Limits,
    /// Of each user, where users have budgets.
    pub(crate) protection: ProtectionLimits,
}

/// A limit as a setting.
pub(crate) struct Limit {
    /// Its name in the table.
    pub(crate) name: &'static str,
    /// Its name among all settings.
    pub(crate) shown: &'static str,
    least: u64,
    most: u64,
    get: fn(&ServiceLimits) -> String,
    /// Whether the number could be taken.
    set: fn(&mut ServiceLimits, u64) -> bool,
}

impl Limit {
    const fn of(name: &'static str, shown: &'static str, get: fn(&ServiceLimits) -> String, set: fn(&mut ServiceLimits, u64) -> bool) -> Self {
        Self { name, shown, least: 1, most: u64::MAX, get, set }
    }

    const fn least(self, least: u64) -> Self {
        Self { least, ..self }
    }

    const fn most(self, most: u64) -> Self {
        Self { most, ..self }
    }

    /// Sets the limit.
    ///
    /// # Errors
    /// What is wrong with the number, as the end of a sentence.
    pub(crate) fn set(&self, limits: &mut ServiceLimits, number: i64) -> Result<(), String> {
        let taken = u64::try_from(number).ok().filter(|number| (self.least..=self.most).contains(number)).is_some_and(|number| (self.set)(limits, number));
        match self.most {
            _ if taken => Ok(()),
            u64::MAX => Err(format!("must be a number from {}", self.least)),
            most => Err(format!("must be a number from {} to {most}", self.least)),
        }
    }

    /// Its value in effect.
    pub(crate) fn value(&self, limits: &ServiceLimits) -> String {
        (self.get)(limits)
    }
}

/// A limit that is a number.
macro_rules! number {
    ($name:literal, $part:ident.$field:ident) => {
        Limit::of(
            $name,
            concat!("limits.", $name),
            |limits| limits.$part.$field.to_string(),
            |limits, number| number.try_into().map(|number| limits.$part.$field = number).is_ok(),
        )
    };
}

/// A limit that is a time, in the unit that its name ends in.
macro_rules! time {
    ($name:literal, $part:ident.$field:ident, $from:path, $to:path) => {
        Limit::of(
            $name,
            concat!("limits.", $name),
            |limits| $to(&limits.$part.$field).to_string(),
            |limits, number| {
                limits.$part.$field = $from(number);
                true
            },
        )
        .most(TIME_MAX)
    };
}

/// Longest time that can be set, in whatever unit: no clock overflows by it.
const TIME_MAX: u64 = 1_000_000_000;

/// Every limit, in the order of its documentation (docs/wire/security.md).
pub(crate) const LIMITS: [Limit; 59] = [
    number!("request_line_bytes_max", listener.request_line_bytes_max).most(65_000),
    number!("header_fields_max", listener.header_fields_max),
    number!("headers_bytes_max", listener.headers_bytes_max),
    number!("header_field_bytes_max", listener.header_field_bytes_max),
    number!("bodies_bytes_max", listener.bodies_bytes_max),
    number!("body_bytes_max", organization.body_bytes_max),
    number!("bulk_body_bytes_max", organization.bulk_body_bytes_max),
    number!("batch_requests_max", organization.batch_requests_max),
    number!("batch_address_bytes_max", organization.batch_address_bytes_max),
    number!("xml_nodes_max", organization.xml_nodes_max).most(1 << 24),
    number!("xml_depth_max", organization.xml_depth_max).most(10_000),
    number!("page_rows_max", organization.page_rows_max),
    number!("page_bytes_max", organization.page_bytes_max),
    number!("count_max", organization.count_max),
    number!("nested_rows_max", organization.nested_rows_max),
    number!("skipped_rows_max", organization.skipped_rows_max),
    number!("read_time_s", organization.read_time_s).most(TIME_MAX),
    number!("changes_time_s", organization.changes_time_s).most(TIME_MAX),
    number!("write_time_s", organization.write_time_s).most(TIME_MAX),
    number!("write_wait_s", organization.write_wait_s).most(TIME_MAX),
    number!("keys_per_table_max", organization.keys_per_table_max),
    number!("key_columns_max", organization.key_columns_max),
    number!("key_bytes_max", organization.key_bytes_max),
    number!("columns_per_table_max", organization.columns_per_table_max),
    number!("related_records_max", organization.related_records_max),
    number!("related_depth_max", organization.related_depth_max),
    number!("cascade_rows_max", organization.cascade_rows_max),
    number!("choice_options_max", organization.choice_options_max),
    number!("hierarchy_depth_max", organization.hierarchy_depth_max),
    number!("snapshot_retries_max", organization.snapshot_retries_max),
    number!("chain_life_s", organization.chain_life_s).most(TIME_MAX),
    number!("file_chunk_bytes", organization.file_chunk_bytes),
    number!("file_blocks_max", organization.file_blocks_max),
    number!("file_read_bytes_max", organization.file_read_bytes_max),
    number!("upload_life_s", organization.upload_life_s).most(TIME_MAX),
    number!("connections_max", listener.connections_max),
    number!("connections_per_address_max", listener.connections_per_address_max),
    number!("connections_per_loopback_max", listener.connections_per_loopback_max),
    number!("streams_max", listener.streams_max),
    number!("resets_per_s_max", listener.resets_per_s_max),
    time!("handshake_timeout_s", listener.handshake_timeout, Duration::from_secs, Duration::as_secs),
    time!("head_timeout_s", listener.head_timeout, Duration::from_secs, Duration::as_secs),
    time!("body_grace_s", listener.body_grace, Duration::from_secs, Duration::as_secs),
    number!("body_bytes_per_s_min", listener.body_bytes_per_s_min),
    time!("idle_timeout_s", listener.idle_timeout, Duration::from_secs, Duration::as_secs),
    time!("write_stall_timeout_s", listener.write_stall_timeout, Duration::from_secs, Duration::as_secs),
    time!("linger_ms", listener.linger, Duration::from_millis, Duration::as_millis),
    number!("front_threads", listener.front_threads).most(1_024),
    number!("front_threads_usual", listener.front_threads_usual).most(1_024),
    number!("queue_requests_max", listener.queue_requests_max),
    time!("queue_delay_ms", listener.queue_delay, Duration::from_millis, Duration::as_millis),
    time!("shed_after_s", listener.shed_after, Duration::from_secs, Duration::as_secs),
    time!("drain_delay_s", listener.drain_delay, Duration::from_secs, Duration::as_secs).least(0),
    time!("shutdown_timeout_s", listener.shutdown_timeout, Duration::from_secs, Duration::as_secs),
    number!("user_window_s", protection.window_s).least(30),
    number!("user_requests_max", protection.requests_max),
    number!("user_time_ms_max", protection.time_ms_max),
    number!("user_concurrent_max", protection.concurrent_max),
    number!("users_max", protection.users_max),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test] // A9: a limit that is set is the one that is read, and no other
    fn each_limit_has_a_place_of_its_own() {
        let built_in = ServiceLimits::default();
        for limit in &LIMITS {
            let mut limits = built_in.clone();
            limit.set(&mut limits, 77).unwrap();
            assert_eq!(limit.value(&limits), "77", "{}", limit.name);
            let changed = LIMITS.iter().filter(|other| other.value(&limits) != other.value(&built_in));
            assert_eq!(changed.map(|other| other.name).collect::<Vec<_>>(), [limit.name]);
        }
        assert_eq!(LIMITS.iter().map(|limit| limit.name).collect::<BTreeSet<_>>().len(), LIMITS.len());
    }

    #[test] // A9
    fn every_limit_of_the_organization_is_a_setting() {
        let organization = serde_json::to_value(driftless_model::Limits::default()).unwrap();
        for name in organization.as_object().unwrap().keys().filter(|name| *name != "aggregate_rows_max") {
            assert!(LIMITS.iter().any(|limit| limit.name == name), "{name}");
        }
    }

    #[test] // SEC-01, SEC-02, SEC-03, SEC-05, SEC-06, SEC-11, SEC-14, SEC-15, SEC-16
    fn the_documented_defaults() {
        let limits = ServiceLimits::default();
        for (name, value) in [
            ("request_line_bytes_max", "32768"),
            ("batch_address_bytes_max", "65536"),
            ("header_fields_max", "100"),
            ("headers_bytes_max", "65536"),
            ("header_field_bytes_max", "16384"),
            ("body_bytes_max", "16777216"),
            ("bulk_body_bytes_max", "134217728"),
            ("batch_requests_max", "1000"),
            ("page_rows_max", "5000"),
            ("read_time_s", "120"),
            ("write_time_s", "120"),
            ("changes_time_s", "60"),
            ("connections_max", "10000"),
            ("connections_per_address_max", "256"),
            ("streams_max", "100"),
            ("resets_per_s_max", "200"),
            ("handshake_timeout_s", "10"),
            ("head_timeout_s", "10"),
            ("body_grace_s", "30"),
            ("body_bytes_per_s_min", "1024"),
            ("idle_timeout_s", "75"),
            ("write_stall_timeout_s", "60"),
            ("user_window_s", "300"),
            ("user_requests_max", "6000"),
            ("user_time_ms_max", "1200000"),
            ("user_concurrent_max", "52"),
        ] {
            let limit = LIMITS.iter().find(|limit| limit.name == name).unwrap();
            assert_eq!(limit.value(&limits), value, "{name}");
        }
    }

    #[test]
    fn numbers_that_cannot_be() {
        let mut limits = ServiceLimits::default();
        let mut set = |name: &str, number: i64| LIMITS.iter().find(|limit| limit.name == name).unwrap().set(&mut limits, number);
        assert_eq!(set("page_rows_max", 0), Err("must be a number from 1".to_owned()));
        assert_eq!(set("page_rows_max", -5), Err("must be a number from 1".to_owned()));
        assert_eq!(set("page_rows_max", 1 << 40), Err("must be a number from 1".to_owned()));
        assert_eq!(set("request_line_bytes_max", 65_001), Err("must be a number from 1 to 65000".to_owned()));
        assert_eq!((set("drain_delay_s", 0), set("count_max", i64::MAX)), (Ok(()), Ok(())));
        assert_eq!(limits.organization.count_max, u64::MAX >> 1);
    }
}
