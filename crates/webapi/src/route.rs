//! What kind of address a request has, for figures and logs: a few templates, never a name from the outside (OPS-10).

use driftless_odata::url::parse_root;

use crate::{definitions, messages};

/// The kind of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// The service document.
    Service,
    /// `$metadata`.
    Metadata,
    /// `$batch`.
    Batch,
    /// Definitions of tables, relationships and choices.
    Definitions,
    /// A function or an action that is called on nothing.
    Message,
    /// A table's rows.
    Rows,
    /// One row.
    Row,
    /// What is behind a table or a row: a property, a reference, a count, a bound function or action.
    Behind,
}

impl Route {
    /// Every kind.
    pub const ALL: [Self; 8] = [Self::Service, Self::Metadata, Self::Batch, Self::Definitions, Self::Message, Self::Rows, Self::Row, Self::Behind];

    /// The kind of a path, as sent and without its query; none if it is none of the Web API's.
    pub fn of(path: &str) -> Option<Self> {
        let rest = parse_root(path)?.rest;
        let (first, behind) = rest.split_once('/').map_or((rest, ""), |(first, behind)| (first, behind));
        let name_ends = first.find('(').or_else(|| first.find("%28"));
        let name = &first[..name_ends.unwrap_or(first.len())];
        Some(match name {
            "" => Self::Service,
            "$metadata" | "%24metadata" => Self::Metadata,
            "$batch" | "%24batch" => Self::Batch,
            name if definitions::is_set(name) => Self::Definitions,
            _ if !behind.is_empty() => Self::Behind,
            name if messages::find(name).is_some() => Self::Message,
            _ if name_ends.is_some() => Self::Row,
            _ => Self::Rows,
        })
    }

    /// The template of its addresses.
    pub const fn template(self) -> &'static str {
        match self {
            Self::Service => "/api/data/{version}",
            Self::Metadata => "/api/data/{version}/$metadata",
            Self::Batch => "/api/data/{version}/$batch",
            Self::Definitions => "/api/data/{version}/{definitions}",
            Self::Message => "/api/data/{version}/{message}",
            Self::Rows => "/api/data/{version}/{set}",
            Self::Row => "/api/data/{version}/{set}({key})",
            Self::Behind => "/api/data/{version}/{set}/{behind}",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Route;

    #[test] // OPS-10
    fn every_address_has_one_of_few_templates() {
        for (path, route) in [
            ("/api/data/v9.2", Some(Route::Service)),
            ("/api/data/v9.2/$metadata", Some(Route::Metadata)),
            ("/org/api/data/v9.0/$batch", Some(Route::Batch)),
            ("/api/data/v9.2/EntityDefinitions(LogicalName='account')/Keys", Some(Route::Definitions)),
            ("/api/data/v9.2/WhoAmI", Some(Route::Message)),
            ("/api/data/v9.2/InitializeFrom(EntityMoniker=@p1)", Some(Route::Message)),
            ("/api/data/v9.2/accounts", Some(Route::Rows)),
            ("/api/data/v9.2/accounts(name='a/b')", Some(Route::Behind)), // a slash in a value: still one of the templates
            ("/api/data/v9.2/accounts%28name='a'%29", Some(Route::Row)),
            ("/api/data/v9.2/accounts(1)/name", Some(Route::Behind)),
            ("/api/data/v9.2/no_such_thing_at_all", Some(Route::Rows)),
            ("/elsewhere", None),
        ] {
            assert_eq!(Route::of(path), route, "{path}");
        }
    }
}
