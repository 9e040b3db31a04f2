//! Time zones: what the clock of a user shows (web-api 21, `timezonecode` of `usersettings`).
//!
//! The rules come from the IANA database inside the program, so that every installation of a version answers alike.

mod table;

use std::sync::OnceLock;

use jiff::civil::date;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp};

/// A time zone that users can have. Without more said, it is UTC.
#[derive(Clone, Copy, Debug, Default)]
pub struct Zone(
    /// None for UTC, which needs no rules.
    Option<&'static Entry>,
);

/// A line of the table.
#[derive(Debug)]
struct Entry {
    code: i32,
    standard_name: &'static str,
    /// Name in the IANA database.
    iana: &'static str,
    /// Read when first asked for.
    rules: OnceLock<TimeZone>,
}

impl Entry {
    const fn new(code: i32, standard_name: &'static str, iana: &'static str) -> Self {
        Self { code, standard_name, iana, rules: OnceLock::new() }
    }

    /// A name that the database does not know counts as UTC; a test looks for such names.
    fn rules(&self) -> &TimeZone {
        self.rules.get_or_init(|| TimeZoneDatabase::bundled().get(self.iana).unwrap_or(TimeZone::UTC))
    }
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.code() == other.code()
    }
}

impl Eq for Zone {}

impl Zone {
    /// Coordinated Universal Time.
    pub const UTC: Self = Self(None);

    /// Code of Coordinated Universal Time.
    pub const UTC_CODE: i32 = 92;

    /// The zone that a code stands for, if it stands for any.
    pub fn by_code(code: i32) -> Option<Self> {
        if code == Self::UTC_CODE {
            return Some(Self::UTC);
        }
        let at = table::ENTRIES.binary_search_by_key(&code, |entry| entry.code).ok()?;
        table::ENTRIES.get(at).map(|entry| Self(Some(entry)))
    }

    /// The zone of a standard name such as `Pacific Standard Time`, in whatever case.
    pub fn by_standard_name(name: &str) -> Option<Self> {
        let entry = table::ENTRIES.iter().find(|entry| entry.standard_name.eq_ignore_ascii_case(name))?;
        Self::by_code(entry.code)
    }

    /// Its code.
    pub fn code(self) -> i32 {
        self.0.map_or(Self::UTC_CODE, |entry| entry.code)
    }

    /// What a clock in the zone shows at an instant. Both are seconds since 1970-01-01 00:00, the instant of UTC and the answer of the clock.
    pub fn local_s(self, instant_s: i64) -> i64 {
        let Some(entry) = self.0 else { return instant_s };
        // No rules reach beyond what can be reckoned with.
        Timestamp::from_second(instant_s).map_or(instant_s, |instant| instant_s + i64::from(entry.rules().to_offset(instant).seconds()))
    }

    /// The instant at which a clock in the zone shows a time: the inverse of [`local_s`](Self::local_s). A time that is shown twice is the first of the two; one that is
    /// never shown lies as long after the clock was put forward as it would have without that.
    pub fn instant_s(self, local_s: i64) -> i64 {
        let Some(entry) = self.0 else { return local_s };
        let clock = date(1970, 1, 1).at(0, 0, 0, 0).checked_add(SignedDuration::from_secs(local_s));
        let instant = clock.and_then(|clock| entry.rules().to_ambiguous_timestamp(clock).compatible());
        instant.map_or(local_s, Timestamp::as_second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_second()
    }

    #[test]
    fn the_database_knows_every_zone_and_codes_ascend() {
        for entry in &table::ENTRIES {
            assert!(TimeZoneDatabase::bundled().get(entry.iana).is_ok(), "{}", entry.iana);
            assert_eq!(Zone::by_code(entry.code).map(Zone::code), Some(entry.code));
            assert_eq!(Zone::by_standard_name(&entry.standard_name.to_lowercase()).map(Zone::code), Some(entry.code));
        }
        assert!(table::ENTRIES.is_sorted_by_key(|entry| entry.code));
        for code in [-1, 14, 93, 303, i32::MAX] {
            assert_eq!(Zone::by_code(code), None);
        }
        assert_eq!(Zone::by_standard_name("Nowhere Standard Time"), None);
    }

    #[test] // web-api 21
    fn clocks_change_on_the_days_of_their_zone() {
        for (code, instant, local) in [
            (92, "2031-07-01T12:00:00Z", "2031-07-01T12:00:00Z"),
            // Eastern: forward on 9 March 2031 at 2:00, back on 2 November at 2:00.
            (35, "2031-03-09T06:59:59Z", "2031-03-09T01:59:59Z"),
            (35, "2031-03-09T07:00:00Z", "2031-03-09T03:00:00Z"),
            (35, "2031-11-02T05:59:59Z", "2031-11-02T01:59:59Z"),
            // Western Europe: forward on 30 March 2031, back on 26 October.
            (110, "2031-03-30T00:59:59Z", "2031-03-30T01:59:59Z"),
            (110, "2031-03-30T01:00:00Z", "2031-03-30T03:00:00Z"),
            (85, "2031-07-01T12:00:00Z", "2031-07-01T13:00:00Z"),
            (85, "2031-01-01T12:00:00Z", "2031-01-01T12:00:00Z"),
            (190, "2031-01-01T20:00:00Z", "2031-01-02T01:30:00Z"),
            (290, "2031-01-01T12:00:00Z", "2031-01-02T01:00:00Z"),
        ] {
            let zone = Zone::by_code(code).unwrap();
            assert_eq!(zone.local_s(seconds(instant)), seconds(local), "{code} {instant}");
            assert_eq!(zone.instant_s(seconds(local)), seconds(instant), "{code} {local}");
        }
    }

    #[test]
    fn times_that_are_shown_twice_or_never_have_one_instant() {
        let eastern = Zone::by_code(35).unwrap();
        assert_eq!(eastern.local_s(seconds("2031-11-02T06:30:00Z")), seconds("2031-11-02T01:30:00Z"));
        assert_eq!(eastern.instant_s(seconds("2031-11-02T01:30:00Z")), seconds("2031-11-02T05:30:00Z"));
        assert_eq!(eastern.instant_s(seconds("2031-03-09T02:30:00Z")), seconds("2031-03-09T07:30:00Z"));
        for far in [i64::MIN, i64::MAX, 253_402_300_800] {
            assert_eq!((eastern.local_s(far), eastern.instant_s(far)), (far, far));
        }
    }
}
