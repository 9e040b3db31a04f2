//! One request, with everything parsed that needs no definitions.

use std::sync::Arc;

use driftless_core::{OnBehalf, Organization, Snapshot};
use driftless_model::{Caller, Decimal, Error, ErrorCode, Result, Uuid};
use driftless_odata::headers::{Format, Preconditions, Preferences, Returning};
use driftless_odata::json::{self, Json, JsonLimits};
use driftless_odata::query::{QueryLimits, QueryOptions};
use driftless_odata::url::{Segment, parse_path, split_query};

use crate::error;

/// The id under which a request is logged. The listener puts one into the request's extensions; parts of a batch share their batch's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestId(pub Uuid);

/// What all requests of one exchange share: a batch and its parts, or one request.
pub(crate) struct Exchange<'a> {
    pub(crate) organization: &'a Arc<Organization>,
    pub(crate) caller: &'a Arc<Caller>,
    /// Scheme and authority as the client used them.
    pub(crate) origin: &'a str,
    /// The service root as the client used it, absolute, with a slash at its end. Links repeat it.
    pub(crate) root: String,
    /// The request's id.
    pub(crate) request_id: Uuid,
}

impl Exchange<'_> {
    /// The newest definitions in memory: for telling what a path means. What runs is lowered with the snapshot that the organization gives.
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.organization.snapshot()
    }
}

/// Headers as pairs of texts; names match in any case.
#[derive(Clone, Copy)]
pub(crate) struct Headers<'a>(pub(crate) &'a [(&'a str, &'a str)]);

impl<'a> Headers<'a> {
    /// All values of a header.
    pub(crate) fn all(self, name: &'static str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    }

    /// The first value of a header.
    pub(crate) fn one(self, name: &'static str) -> Option<&'a str> {
        self.all(name).next()
    }

    /// A yes/no header; .NET writes `True`.
    ///
    /// # Errors
    /// 0x80060888 when the value is neither.
    pub(crate) fn flag(self, name: &'static str) -> Result<bool> {
        match self.one(name).map(str::trim) {
            None | Some("") => Ok(false),
            Some(text) if text.eq_ignore_ascii_case("true") => Ok(true),
            Some(text) if text.eq_ignore_ascii_case("false") => Ok(false),
            Some(_) => Err(Error::new(ErrorCode::ODataError, format!("The header {name} must be true or false."))),
        }
    }
}

/// A header that names a user, and how it does.
type Naming = (&'static str, fn(Uuid) -> OnBehalf);

/// Headers that name the user for whom a request is made (web-api 30); the preferred one first.
const ON_BEHALF: [Naming; 2] = [("callerobjectid", OnBehalf::DirectoryObject), ("mscrmcallerid", OnBehalf::User)];

/// Headers that say yes or no (web-api 3).
const FLAGS: [&str; 4] =
    ["mscrm.suppressduplicatedetection", "mscrm.bypasscustompluginexecution", "mscrm.suppresscallbackregistrationexpanderjob", "mscrm.mergelabels"];

/// A header, what its values look like, and that in words.
type ReadableValue = (&'static str, fn(&str) -> bool, &'static str);

/// Headers with few possible values (web-api 3). Of the versions the highest that a client understands may be any that includes ours.
const VALUES: [ReadableValue; 4] = [
    ("odata-version", |text| matches!(text, "4.0" | "4.01"), "4.0"),
    ("odata-maxversion", |text| text.parse::<Decimal>().is_ok_and(|version| version >= Decimal::from(4)), "4.0 or above"),
    ("mscrm.bypassbusinesslogicexecution", is_list_of_steps, "CustomSync, CustomAsync or both"),
    ("consistency", |text| text.eq_ignore_ascii_case("strong"), "Strong"),
];

fn is_list_of_steps(text: &str) -> bool {
    text.split(',').all(|step| ["CustomSync", "CustomAsync"].iter().any(|known| known.eq_ignore_ascii_case(step.trim())))
}

impl Headers<'_> {
    /// The user for whom the request is made (web-api 30); the preferred header wins.
    fn on_behalf(self) -> Result<Option<OnBehalf>> {
        for (name, form) in ON_BEHALF {
            if let Some(text) = self.all(name).map(str::trim).find(|text| !text.is_empty()) {
                let id = Uuid::try_parse(text).map_err(|_| Error::new(ErrorCode::ODataError, format!("The header {name} must be a GUID.")))?;
                return Ok(Some(form(id)));
            }
        }
        Ok(None)
    }

    /// The caller who acts for the user that the headers name; none if they name nobody.
    ///
    /// # Errors
    /// 0x8004a110 when the caller may not act for others, 0x80040217 for a user that there is not, 0x80060888 for what is no GUID.
    pub(crate) fn caller(self, organization: &Organization, caller: &Arc<Caller>) -> Result<Option<Arc<Caller>>> {
        self.on_behalf()?.map(|of| organization.on_behalf(caller, of)).transpose()
    }
}

/// Refuses known headers with values that cannot be read (web-api 3), whether or not they have an effect here: a client that sends them expects one.
fn known_values(headers: Headers<'_>) -> Result<()> {
    for name in FLAGS {
        headers.flag(name)?;
    }
    for (name, is_readable, expected) in VALUES {
        let value = headers.one(name).map(|text| text.split(';').next().unwrap_or_default().trim());
        if value.is_some_and(|text| !text.is_empty() && !is_readable(text)) {
            return Err(Error::new(ErrorCode::ODataError, format!("The header {name} must be {expected}.")));
        }
    }
    Ok(())
}

/// One request of a client.
pub(crate) struct Call<'a> {
    pub(crate) exchange: &'a Exchange<'a>,
    pub(crate) method: &'a str,
    /// The raw path behind the service root.
    pub(crate) resource: &'a str,
    pub(crate) path: Vec<Segment<'a>>,
    pub(crate) options: QueryOptions<'a>,
    pub(crate) preferences: Preferences<'a>,
    pub(crate) preconditions: Preconditions,
    pub(crate) format: Format,
    pub(crate) headers: Headers<'a>,
    pub(crate) body: &'a [u8],
}

impl<'a> Call<'a> {
    /// Parses a request. `address` is the path behind the service root, with the query.
    ///
    /// # Errors
    /// 0x80060888 for malformed addresses, options and headers, 0x8006088a for a segment that can name nothing.
    pub(crate) fn parse(exchange: &'a Exchange<'a>, method: &'a str, address: &'a str, headers: Headers<'a>, body: &'a [u8]) -> Result<Self> {
        known_values(headers)?;
        let (resource, query) = split_query(address);
        let path = parse_path(resource).map_err(error::of_syntax)?.segments;
        let options = QueryOptions::parse(query.unwrap_or_default(), &QueryLimits::default()).map_err(error::of_syntax)?;
        let preferences = Preferences::parse(headers.all("prefer")).map_err(error::of_syntax)?;
        let preconditions = Preconditions::parse(headers.all("if-match"), headers.all("if-none-match")).map_err(error::of_syntax)?;
        let format = Format::parse(headers.all("accept"));
        Ok(Self { exchange, method, resource, path, options, preferences, preconditions, format, headers, body })
    }

    /// The body as JSON; an empty body is an empty object.
    ///
    /// # Errors
    /// 0x80048d19, naming the offset.
    pub(crate) fn json(&self, limits: &JsonLimits) -> Result<Json<'a>> {
        if self.body.trim_ascii().is_empty() {
            return Ok(Json::Object(Vec::new()));
        }
        json::read(self.body, limits).map_err(|error| error::of_body(self.resource, &error))
    }

    /// True when the record is to be sent back after a write.
    pub(crate) fn wants_representation(&self) -> bool {
        self.preferences.returning == Some(Returning::Representation)
    }

    /// The address of this resource, absolute, without the query.
    pub(crate) fn address(&self) -> String {
        format!("{}{}", self.exchange.root, self.resource)
    }

    /// The solution that new definitions join (web-api 3).
    pub(crate) fn solution(&self) -> Option<&str> {
        self.headers
            .one("mscrm.solutionuniquename")
            .or_else(|| self.options.unknown("SolutionUniqueName"))
            .map(|name| name.trim().trim_matches('\''))
            .filter(|name| !name.is_empty())
    }

    /// The error of a method that the resource does not have.
    pub(crate) fn wrong_method(&self) -> Error {
        let resource: String = self.resource.chars().take(128).collect();
        error::wrong_method(self.method, &resource)
    }
}
