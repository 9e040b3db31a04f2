//! The figures of the organization and of the issuers that it trusts (OPS-10).

use driftless_auth::SignIn;
use driftless_core::Organization;

use crate::exposition::{Exposition, Kind, Seconds};

/// Writes how the store does, how the feed is read, and how keys and jobs stand. What the store cannot tell now is left out.
pub(crate) fn write_organization(organization: &Organization, out: &mut Exposition) {
    write_store(organization, out);
    write_feed(organization, out);
    out.family("key_index_jobs", Kind::Gauge, "Alternate keys by the state of their index.");
    for (state, count) in organization.key_figures() {
        out.sample("key_index_jobs", &[("state", &state)], count);
    }
    match organization.job_figures() {
        Ok(jobs) => {
            out.family("system_jobs", Kind::Gauge, "Jobs by what they do and how they stand, counted once a minute at most.");
            for job in jobs {
                out.sample("system_jobs", &[("type", &job.kind), ("state", &job.state)], job.count);
            }
        }
        Err(error) => tracing::warn!(?error, "jobs cannot be counted"),
    }
}

fn write_store(organization: &Organization, out: &mut Exposition) {
    let store = organization.figures();
    out.single("db_writable", Kind::Gauge, "Whether the store takes writes.", u8::from(store.is_writable));
    out.family("db_transactions_total", Kind::Counter, "Units of work.");
    out.sample("db_transactions_total", &[("result", &"committed")], store.committed);
    out.sample("db_transactions_total", &[("result", &"failed")], store.failed);
    out.family("db_commit_seconds", Kind::Summary, "Time of commits, of many units together, with the sync to disk.");
    out.sample("db_commit_seconds_sum", &[], Seconds(store.commit_ns));
    out.sample("db_commit_seconds_count", &[], store.commits);
    out.single("db_pool_in_use", Kind::Gauge, "Reading connections in use.", store.readers_in_use);
    out.single("db_size_bytes", Kind::Gauge, "Size of the database.", store.database_bytes);
    out.single("wal_size_bytes", Kind::Gauge, "Size of its log.", store.log_bytes);
    out.single("change_version_current", Kind::Gauge, "Version of the last change.", store.version);
}

fn write_feed(organization: &Organization, out: &mut Exposition) {
    match organization.removals() {
        Ok(removals) => {
            let now_s = organization.environment().now_ms().div_euclid(1_000);
            let age_s = removals.oldest_s.map_or(0, |oldest_s| (now_s - oldest_s).max(0));
            out.single("change_tombstones", Kind::Gauge, "Removals that the feed still tells.", removals.count);
            out.single("change_horizon_age_seconds", Kind::Gauge, "Age of the first of them; 0 without any.", age_s);
        }
        Err(error) => tracing::warn!(?error, "removals cannot be counted"),
    }
    let feed = organization.feed_figures();
    out.family("delta_requests_total", Kind::Counter, "Reads of changes: the first ones, differences, all rows for an expired token, further pages, refusals.");
    for (result, count) in feed.answers {
        out.sample("delta_requests_total", &[("result", &result)], count);
    }
    out.family("delta_items_total", Kind::Counter, "Changes that were told.");
    out.sample("delta_items_total", &[("kind", &"row")], feed.rows);
    out.sample("delta_items_total", &[("kind", &"removed")], feed.removed);
    out.family("delta_resync_total", Kind::Counter, "Tokens after which a client must read everything again.");
    for (reason, count) in feed.resyncs {
        out.sample("delta_resync_total", &[("reason", &reason)], count);
    }
}

/// Writes how old the keys of outside issuers are.
pub(crate) fn write_issuers(sign_in: &SignIn, out: &mut Exposition) {
    out.family("jwks_age_seconds", Kind::Gauge, "Time since the keys of an outside issuer were fetched; none are fetched before a token of the issuer comes.");
    for (issuer, age_s) in sign_in.ages_of_keys() {
        if let Some(age_s) = age_s {
            out.sample("jwks_age_seconds", &[("issuer", &issuer)], age_s);
        }
    }
}
