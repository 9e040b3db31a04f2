//! Calendar arithmetic: the ranges that date operators mean, and parts of dates.
//!
//! Everything here is reckoned in *local seconds*: seconds since 1970-01-01 00:00 of the caller's clock. Only the ends of ranges know how to become instants again.

use driftless_model::{Error, ErrorCode, Result};
use jiff::ToSpan;
use jiff::civil::{Date, date};

use crate::{Calendar, DateOperator, DatePart, Span, Zone};

const DAY_S: i64 = 86_400;

/// Most spans that a condition may count: beyond lies no date.
const SPANS_MAX: i64 = 1_000_000;

/// An end of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct End {
    /// What the clock shows then.
    pub(crate) local_s: i64,
    /// Counted from now in seconds, as on a clock that is never changed. Other ends are the beginnings of days, whatever happened to the clock until then.
    counted: bool,
}

impl End {
    /// When the end is.
    pub(crate) fn instant_s(self, now_s: i64, zone: Zone) -> i64 {
        if self.counted { now_s + self.local_s - zone.local_s(now_s) } else { zone.instant_s(self.local_s) }
    }
}

/// A range of time: from the first up to, but not with, the second. None is without end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) from: Option<End>,
    pub(crate) until: Option<End>,
}

impl Range {
    fn between(from: End, until: End) -> Self {
        Self { from: Some(from), until: Some(until) }
    }
}

/// An end that is a number of spans away.
fn away(span: Span, local_s: i64) -> End {
    End { local_s, counted: matches!(span, Span::Minute | Span::Hour) }
}

/// The beginning of a day.
fn midnight(local_s: i64) -> End {
    End { local_s, counted: false }
}

/// A moment so close to now that it is on the same clock.
fn counted(local_s: i64) -> End {
    End { local_s, counted: true }
}

/// A date too far away is as good as the end of time.
const FAR_S: i64 = 253_402_300_800;

/// The range that an operator means at the moment `now`, with the numbers given.
///
/// # Errors
/// 0x80060888 when numbers are missing or senseless.
pub(crate) fn range(operator: DateOperator, numbers: &[i64], now: i64, calendar: &Calendar) -> Result<Range> {
    let number = |at: usize| numbers.get(at).copied().ok_or_else(|| Error::new(ErrorCode::ODataError, "A condition on a date lacks a number."));
    let count = || match number(0)? {
        count @ 1..=SPANS_MAX => Ok(count),
        other => Err(Error::new(ErrorCode::ODataError, format!("A condition on a date counts from 1 to {SPANS_MAX}, not {other}."))),
    };
    let today = now.div_euclid(DAY_S) * DAY_S;
    let period = |at: usize| match number(at)? {
        period if period >= 1 && period <= i64::from(12 / calendar.fiscal_months.max(1)) => Ok(period),
        other => Err(Error::new(ErrorCode::ODataError, format!("A fiscal year has {} periods; {other} is none.", 12 / calendar.fiscal_months.max(1)))),
    };
    let of_period = || Ok::<_, Error>((fiscal_start(number(1)?, period(0)? - 1, calendar)?, fiscal_start(number(1)?, period(0)?, calendar)?));
    Ok(match operator {
        DateOperator::Within(span, relative) => {
            let relative = i64::from(relative);
            Range::between(away(span, start(span, now, relative, calendar)?), away(span, start(span, now, relative + 1, calendar)?))
        }
        DateOperator::Last(span) => Range::between(away(span, before(span, now, count()?, calendar)?), counted(now + 1)),
        DateOperator::Next(span) => Range::between(counted(now), away(span, after(span, now, count()?, calendar)?)),
        DateOperator::OlderThan(span) => Range { from: None, until: Some(away(span, before(span, now, count()?, calendar)?)) },
        DateOperator::On => Range::between(midnight(day(number(0)?)), midnight(day(number(0)?) + DAY_S)),
        DateOperator::OnOrBefore => Range { from: None, until: Some(midnight(day(number(0)?) + DAY_S)) },
        DateOperator::OnOrAfter => Range { from: Some(midnight(day(number(0)?))), until: None },
        DateOperator::InFiscalYear => Range::between(midnight(fiscal_start(number(0)?, 0, calendar)?), midnight(fiscal_start(number(0)? + 1, 0, calendar)?)),
        DateOperator::InFiscalPeriodAndYear => {
            let (from, until) = of_period()?;
            Range::between(midnight(from), midnight(until))
        }
        DateOperator::InOrAfterFiscalPeriodAndYear => Range { from: Some(midnight(of_period()?.0)), until: None },
        DateOperator::InOrBeforeFiscalPeriodAndYear => Range { from: None, until: Some(midnight(of_period()?.1)) },
        DateOperator::InFiscalPeriod => Range::between(midnight(today), midnight(today)),
    })
}

/// The number of the fiscal period asked for.
///
/// # Errors
/// 0x80060888 for one that a year does not have.
pub(crate) fn fiscal_period(number: Option<&i64>, calendar: &Calendar) -> Result<i32> {
    let periods = i64::from(12 / calendar.fiscal_months.max(1));
    number
        .filter(|number| (1..=periods).contains(*number))
        .and_then(|number| i32::try_from(*number).ok())
        .ok_or_else(|| Error::new(ErrorCode::ODataError, format!("A fiscal year has the periods 1 to {periods}.")))
}

fn day(local_s: i64) -> i64 {
    local_s.div_euclid(DAY_S) * DAY_S
}

/// Where the span begins that comes `relative` spans after the present one.
fn start(span: Span, now: i64, relative: i64, calendar: &Calendar) -> Result<i64> {
    let today = date_of(now)?;
    Ok(match span {
        Span::Minute => now.div_euclid(60) * 60 + relative * 60,
        Span::Hour => now.div_euclid(3_600) * 3_600 + relative * 3_600,
        Span::Day => day(now) + relative * DAY_S,
        Span::Week => day(now) + (7 * relative - i64::from(today.weekday().to_sunday_zero_offset())) * DAY_S,
        Span::Month => moved(today.first_of_month(), relative)?,
        Span::Year => moved(today.first_of_year(), 12 * relative)?,
        Span::FiscalYear => fiscal_start(i64::from(fiscal_year(today, calendar)) + relative, 0, calendar)?,
        Span::FiscalPeriod => {
            let (year, period) = (fiscal_year(today, calendar), fiscal_period_of(today, calendar));
            fiscal_start(i64::from(year), i64::from(period) - 1 + relative, calendar)?
        }
    })
}

/// Where "the last `count` spans" begin: whole days, hours or fiscal spans before the present one.
fn before(span: Span, now: i64, count: i64, calendar: &Calendar) -> Result<i64> {
    Ok(match span {
        Span::Minute => now - count * 60,
        Span::Hour | Span::FiscalPeriod | Span::FiscalYear => start(span, now, -count, calendar)?,
        Span::Day => day(now) - count * DAY_S,
        Span::Week => day(now) - 7 * count * DAY_S,
        Span::Month => moved(date_of(now)?, -count)?,
        Span::Year => moved(date_of(now)?, -12 * count)?,
    })
}

/// Where "the next `count` spans" end, as the mirror image of [`before`].
fn after(span: Span, now: i64, count: i64, calendar: &Calendar) -> Result<i64> {
    Ok(match span {
        Span::Minute => now + count * 60,
        Span::Hour | Span::FiscalPeriod | Span::FiscalYear => start(span, now, count + 1, calendar)?,
        Span::Day => day(now) + (count + 1) * DAY_S,
        Span::Week => day(now) + (7 * count + 1) * DAY_S,
        Span::Month => moved(date_of(now)?, count)? + DAY_S,
        Span::Year => moved(date_of(now)?, 12 * count)? + DAY_S,
    })
}

fn date_of(local_s: i64) -> Result<Date> {
    let days = local_s.div_euclid(DAY_S);
    i32::try_from(days)
        .ok()
        .and_then(|days| date(1970, 1, 1).checked_add(days.days()).ok())
        .ok_or_else(|| Error::new(ErrorCode::ODataError, "The date is outside of what can be reckoned with."))
}

/// Local seconds of a date moved by months; dates beyond the calendar become its end.
fn moved(from: Date, months: i64) -> Result<i64> {
    let months = i32::try_from(months).unwrap_or(if months < 0 { -120_000 } else { 120_000 }).clamp(-120_000, 120_000);
    Ok(match from.checked_add(months.months()) {
        Ok(to) => seconds_of(to),
        Err(_) if months < 0 => -FAR_S,
        Err(_) => FAR_S,
    })
}

fn seconds_of(date_: Date) -> i64 {
    date_.since(date(1970, 1, 1)).map_or(0, |span| i64::from(span.get_days())) * DAY_S
}

/// Where the fiscal year `year` begins, moved by `periods`.
fn fiscal_start(year: i64, periods: i64, calendar: &Calendar) -> Result<i64> {
    let refused = || Error::new(ErrorCode::ODataError, format!("The fiscal year {year} cannot be reckoned with."));
    let year = i16::try_from(year).map_err(|_| refused())?;
    let (month, day) = calendar.fiscal_start;
    let begin = Date::new(year, month, day).map_err(|_| refused())?;
    moved(begin, periods * i64::from(calendar.fiscal_months))
}

fn fiscal_year(of: Date, calendar: &Calendar) -> i16 {
    let (month, day) = calendar.fiscal_start;
    if (of.month(), of.day()) >= (month, day) { of.year() } else { of.year() - 1 }
}

fn fiscal_period_of(of: Date, calendar: &Calendar) -> i32 {
    let (month, day) = calendar.fiscal_start;
    let months = (i32::from(of.month()) - i32::from(month) + if of.day() < day { -1 } else { 0 }).rem_euclid(12);
    months / i32::from(calendar.fiscal_months.max(1)) + 1
}

/// A part of the date of `local_s`; none beyond the calendar.
pub fn date_part(part: DatePart, local_s: i64, calendar: &Calendar) -> Option<i32> {
    let of = date_of(local_s).ok()?;
    Some(match part {
        DatePart::Day => i32::from(of.day()),
        DatePart::Week => {
            let before_first = i32::from(of.first_of_year().weekday().to_sunday_zero_offset());
            (i32::from(of.day_of_year()) - 1 + before_first) / 7 + 1
        }
        DatePart::Month => i32::from(of.month()),
        DatePart::Quarter => (i32::from(of.month()) - 1) / 3 + 1,
        DatePart::Year => i32::from(of.year()),
        DatePart::FiscalPeriod => fiscal_period_of(of, calendar),
        DatePart::FiscalYear => i32::from(fiscal_year(of, calendar)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        let moment: jiff::civil::DateTime = text.parse().unwrap();
        moment.duration_since(date(1970, 1, 1).at(0, 0, 0, 0)).as_secs()
    }

    #[test] // web-api 16
    fn operators_mean_these_ranges() {
        use DateOperator::*;
        let fiscal = Calendar { fiscal_start: (4, 1), ..Calendar::default() };
        // A Wednesday.
        let now = at("2031-05-07T14:35:10");
        for (operator, numbers, from, until) in [
            (Within(Span::Day, 0), vec![], "2031-05-07T00:00", "2031-05-08T00:00"),
            (Within(Span::Day, -1), vec![], "2031-05-06T00:00", "2031-05-07T00:00"),
            (Within(Span::Week, 0), vec![], "2031-05-04T00:00", "2031-05-11T00:00"),
            (Within(Span::Week, 1), vec![], "2031-05-11T00:00", "2031-05-18T00:00"),
            (Within(Span::Month, -1), vec![], "2031-04-01T00:00", "2031-05-01T00:00"),
            (Within(Span::Year, 1), vec![], "2032-01-01T00:00", "2033-01-01T00:00"),
            (Within(Span::FiscalYear, 0), vec![], "2031-04-01T00:00", "2032-04-01T00:00"),
            (Within(Span::FiscalPeriod, -1), vec![], "2031-01-01T00:00", "2031-04-01T00:00"),
            (Last(Span::Day), vec![7], "2031-04-30T00:00", "2031-05-07T14:35:11"),
            (Last(Span::Hour), vec![1], "2031-05-07T13:00", "2031-05-07T14:35:11"),
            (Last(Span::Month), vec![3], "2031-02-07T00:00", "2031-05-07T14:35:11"),
            (Next(Span::Day), vec![2], "2031-05-07T14:35:10", "2031-05-10T00:00"),
            (Next(Span::Hour), vec![2], "2031-05-07T14:35:10", "2031-05-07T17:00"),
            (Next(Span::Year), vec![1], "2031-05-07T14:35:10", "2032-05-08T00:00"),
            (On, vec![at("2031-02-03T05:00")], "2031-02-03T00:00", "2031-02-04T00:00"),
            (InFiscalYear, vec![2030], "2030-04-01T00:00", "2031-04-01T00:00"),
            (InFiscalPeriodAndYear, vec![4, 2030], "2031-01-01T00:00", "2031-04-01T00:00"),
        ] {
            let Range { from: begin, until: end } = range(operator, &numbers, now, &fiscal).unwrap();
            assert_eq!((begin.map(|end| end.local_s), end.map(|end| end.local_s)), (Some(at(from)), Some(at(until))), "{operator:?}");
        }
        assert_eq!(range(OlderThan(Span::Month), &[1], now, &fiscal).unwrap(), Range { from: None, until: Some(midnight(at("2031-04-07T00:00"))) });
        for (operator, numbers) in
            [(Last(Span::Day), vec![0]), (Last(Span::Day), vec![]), (InFiscalPeriodAndYear, vec![5, 2030]), (InFiscalYear, vec![i64::MAX - 1])]
        {
            assert_eq!(range(operator, &numbers, now, &fiscal).unwrap_err().code(), ErrorCode::ODataError);
        }
    }

    #[test] // web-api 16
    fn ends_of_ranges_follow_the_changes_of_the_clock() {
        use DateOperator::*;
        let eastern = Calendar { zone: Zone::by_code(35).unwrap(), ..Calendar::default() };
        for (now, operator, numbers, from, until) in [
            // The day on which the clock is put forward has 23 hours, the one on which it is put back has 25.
            ("2031-03-09T16:00", Within(Span::Day, 0), vec![], "2031-03-09T05:00", "2031-03-10T04:00"),
            ("2031-11-02T16:00", Within(Span::Day, 0), vec![], "2031-11-02T04:00", "2031-11-03T05:00"),
            ("2031-03-10T16:00", Last(Span::Day), vec![2], "2031-03-08T05:00", "2031-03-10T16:00:01"),
            ("2031-06-10T16:00", Within(Span::Year, 0), vec![], "2031-01-01T05:00", "2032-01-01T05:00"),
            ("2031-06-10T16:00", Within(Span::Month, -3), vec![], "2031-03-01T05:00", "2031-04-01T04:00"),
            // 1:30 for the second time: an hour ago it was 1:30 too.
            ("2031-11-02T06:30", Last(Span::Hour), vec![1], "2031-11-02T05:00", "2031-11-02T06:30:01"),
            ("2031-11-02T06:30", Last(Span::Minute), vec![60], "2031-11-02T05:30", "2031-11-02T06:30:01"),
            ("2031-03-09T06:30", Next(Span::Minute), vec![60], "2031-03-09T06:30", "2031-03-09T07:30"),
        ] {
            let local_s = eastern.zone.local_s(at(now));
            let Range { from: begin, until: end } = range(operator, &numbers, local_s, &eastern).unwrap();
            let instant = |end: Option<End>| end.map(|end| end.instant_s(at(now), eastern.zone));
            assert_eq!((instant(begin), instant(end)), (Some(at(from)), Some(at(until))), "{now} {operator:?}");
        }
    }

    #[test] // web-api 20
    fn parts_of_dates() {
        let fiscal = Calendar { fiscal_start: (4, 6), ..Calendar::default() };
        for (moment, part, number) in [
            ("2031-05-07T00:00", DatePart::Day, 7),
            ("2031-01-01T00:00", DatePart::Week, 1),
            ("2031-01-05T00:00", DatePart::Week, 2),
            ("2031-05-07T23:59:59", DatePart::Month, 5),
            ("2031-05-07T00:00", DatePart::Quarter, 2),
            ("1969-12-31T23:59:59", DatePart::Year, 1969),
            ("2031-04-05T00:00", DatePart::FiscalYear, 2030),
            ("2031-04-05T00:00", DatePart::FiscalPeriod, 4),
            ("2031-04-06T00:00", DatePart::FiscalPeriod, 1),
        ] {
            assert_eq!(date_part(part, at(moment), &fiscal), Some(number), "{moment} {part:?}");
        }
    }
}
