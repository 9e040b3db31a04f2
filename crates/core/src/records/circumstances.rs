//! What the meaning of a query depends on: the moment, and what is known of the caller.

use driftless_model::{Privilege, Result, Uuid, Value};
use driftless_query::{
    Along, Calendar, Circumstances, DatePart, Query, ResolvedCondition, ResolvedQuery, Source, Test, Zone, asks_for_clock, asks_for_fiscal_year,
    asks_for_relations, date_part, resolve, resolve_within,
};

use super::{load, system};
use crate::clock;
use crate::context::ReadCx;
use crate::keys;
use crate::request::Target;

impl ReadCx<'_> {
    /// Checks a query against the definitions.
    pub(crate) fn resolve(&self, query: &Query) -> Result<ResolvedQuery> {
        resolve(query, &*self.snapshot, &self.circumstances(query, self.now_s())?)
    }

    /// Checks a query for the rows that belong to one row; without one, for all. Conditions on dates are read as at `moment_s`.
    pub(crate) fn resolve_within(&self, query: &Query, within: Option<&(Along, Target)>, moment_s: i64) -> Result<ResolvedQuery> {
        let circumstances = self.circumstances(query, moment_s)?;
        let Some((along, parent)) = within else { return resolve(query, &*self.snapshot, &circumstances) };
        let parent = keys::require(self.tx, &self.snapshot, parent, &[])?;
        self.require_row(Privilege::Read, &parent.table, parent.id)?;
        let (mut resolved, place) = resolve_within(query, along, &parent.table, &*self.snapshot, &circumstances)?;
        resolved.keep_within(place, &parent.table, parent.id);
        Ok(resolved)
    }

    fn circumstances(&self, query: &Query, now_s: i64) -> Result<Circumstances> {
        let user = self.caller.user;
        let fiscal = if asks_for_fiscal_year(query) { self.fiscal_year()? } else { Calendar::default() };
        let zone = if asks_for_clock(query) { clock::zone_of(self.tx, &self.snapshot, user)? } else { Zone::UTC };
        let calendar = Calendar { zone, ..fiscal };
        let mut circumstances = Circumstances { now_s, calendar, user, language: i32::from(self.caller.language), ..Circumstances::default() };
        if asks_for_relations(query) {
            let users = self.snapshot.require("systemuser")?;
            let unit = users.require("businessunitid")?;
            let own = load::by_id(self.tx, users, user, &[unit])?;
            circumstances.business_unit = own.and_then(|row| row.value(unit).id()).unwrap_or_default();
            let memberships = self.snapshot.require("teammembership")?;
            let of_user = ResolvedCondition::equals(memberships.require("systemuserid")?, Value::Guid(user));
            circumstances.teams = system::rows(self.tx, memberships, &["teamid"], Some(of_user))?.iter().filter_map(|row| row.value(0).id()).collect();
            circumstances.reports = self.reports(user)?;
        }
        Ok(circumstances)
    }

    /// The organization's fiscal year; where it does not say, one that begins with the year and has quarters.
    fn fiscal_year(&self) -> Result<Calendar> {
        let organizations = self.snapshot.require("organization")?;
        let rows = system::rows(self.tx, organizations, &["fiscalcalendarstart", "fiscalperiodtype"], None)?;
        let mut calendar = Calendar::default();
        let Some(row) = rows.first() else { return Ok(calendar) };
        if let Value::DateTime(start) = row.value(0) {
            let part = |part| date_part(part, *start, &Calendar::default()).and_then(|number| i8::try_from(number).ok()).unwrap_or(1);
            calendar.fiscal_start = (part(DatePart::Month), part(DatePart::Day));
        }
        if let Value::Int(kind) = row.value(1) {
            calendar.fiscal_months = match kind {
                2000 => 12,
                2001 => 6,
                2003 => 1,
                _ => 3,
            };
        }
        Ok(calendar)
    }

    /// The users below one in the hierarchy of managers.
    fn reports(&self, user: Uuid) -> Result<Vec<Uuid>> {
        let users = self.snapshot.require("systemuser")?;
        let parent = users.require("parentsystemuserid")?;
        let mut query = ResolvedQuery::plain(users, &[], None);
        let of = query.add_source(std::sync::Arc::clone(users));
        query.filter = Some(ResolvedCondition::on(Source::ROOT, users.id, Test::Hierarchy { of, parent, id: user, above: false, inclusive: false }));
        let mut rows = driftless_query::Collector::default();
        self.tx.select(&driftless_query::SecuredQuery::unrestricted(query, "the caller's own reports decide what is asked"), None, &mut rows)?;
        Ok(rows.rows.iter().filter_map(|row| row.values.first()?.id()).collect())
    }
}
