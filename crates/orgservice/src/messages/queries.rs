//! RetrieveMultiple (organization-service 7).

use driftless_model::Result;

use super::{Act, Exchange, Message};
use crate::values::not_offered;
use crate::xml::{Element, Writer};

pub(super) fn act<'a>(exchange: Exchange<'a>, message: Message<'a>) -> Result<Act<'a>> {
    let query = message.require("Query")?;
    Ok(Act::read(move |writer| {
        writer.raw("<a:KeyValuePairOfstringanyType><g:key>EntityCollection</g:key>");
        retrieve_multiple(exchange, query, "g:value", writer)?;
        writer.raw("</a:KeyValuePairOfstringanyType>");
        Ok(())
    }))
}

pub(crate) fn retrieve_multiple(_exchange: Exchange<'_>, _query: Element<'_>, _element: &str, _writer: &mut Writer) -> Result<()> {
    Err(not_offered("RetrieveMultiple"))
}
