//! RetrieveEntityChanges (organization-service 8.4).

use std::sync::Arc;

use driftless_core::{Changes, Request, Response, Snapshot};
use driftless_model::Result;
use driftless_query::Query;

use super::records::column_set;
use super::{Act, Exchange, Message, not_here, number, pair_begin, pair_end, unexpected};
use crate::namespaces::Ns;
use crate::records::named_table;
use crate::rows::{EntitySink, Frame, Lowered};

pub(super) fn act<'a>(exchange: Exchange<'a>, message: Message<'a>) -> Result<Act<'a>> {
    let entity = message.require("EntityName")?;
    let columns = message.get("Columns");
    let token = message.get("DataVersion").map(|version| version.text().into_owned()).filter(|text| !text.is_empty());
    let page = message.get("PageInfo");
    let member = |name| page.map_or(Ok(None), |page| number(page, name));
    let limits = exchange.organization.limits();
    let page_rows = member("Count")?.and_then(|count| u32::try_from(count).ok()).filter(|count| *count > 0);
    let page_rows = page_rows.map_or(limits.page_rows_max, |count| count.min(limits.page_rows_max));
    let page_token = page.and_then(|page| page.member_text("PagingCookie")).map(|cookie| cookie.trim().to_owned()).filter(|cookie| !cookie.is_empty());
    if page_token.is_none() && member("PageNumber")?.is_some_and(|page| page > 1) {
        return Err(not_here("The pages of changes belong together: each page after the first needs the PagingCookie of the page before."));
    }
    let wants_metadata_version = message.flag("GetGlobalMetadataVersion")?;
    Ok(Act::read(move |writer| {
        pair_begin(writer, "EntityChanges", (Ns::Contracts71, "BusinessEntityChanges"));
        writer.raw("<k:Changes>");
        let lowered = Lowered::default();
        let mut number = None;
        let mut sink = EntitySink::new(writer, &lowered, Frame::Changes, limits.page_bytes_max);
        let mut lower = |snapshot: &Arc<Snapshot>| {
            let table = named_table(snapshot, entity.text().trim_ascii())?;
            let query = Query { columns: column_set(table, columns)?, lookup_names: true, ..Query::new(table.name().clone()) };
            lowered.keep(exchange, snapshot, &query)?;
            number = Some(snapshot.number());
            // Such an answer does not say whether it begins anew, so a token that is too old is always a fault here (CT-45).
            let (token, page_token) = (token.clone(), page_token.clone());
            Ok(Request::Changes(Changes { table: table.name().clone(), query, token, page_token, page_rows, expired_fault: true }))
        };
        let response = exchange.organization.execute(exchange.caller, &mut lower, &mut sink)?;
        let Response::Changes(page) = response else { return Err(unexpected("a read of changes")) };
        writer.raw("</k:Changes>");
        writer.element_if("k:DataToken", page.token.as_deref());
        let number = number.filter(|_| wants_metadata_version).map(|number| number.to_string());
        writer.element_if("k:GlobalMetadataVersion", number.as_deref());
        writer.element("k:MoreRecords", if page.next.is_some() { "true" } else { "false" });
        writer.element_if("k:PagingCookie", page.next.as_ref().map(|next| next.token.as_str()));
        pair_end(writer);
        Ok(())
    }))
}
