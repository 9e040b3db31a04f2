//! The eight operations (organization-service 5). Each is a message in a form of its own.

use std::sync::Arc;

use driftless_core::{Request, Snapshot};
use driftless_model::{Error, Result};

use crate::messages::{self, Exchange, Message};
use crate::records::row_by_id;
use crate::respond;
use crate::rows::{Frame, write_id};
use crate::values::not_offered;
use crate::xml::{Element, Writer};

/// Carries out an operation and writes its answer, the one child of the body.
///
/// # Errors
/// 0x80040315 for an operation that is not there; whatever the operation is refused with. Then what was written is to be thrown away.
pub(crate) async fn run(exchange: Exchange<'_>, operation: &str, element: Element<'_>, writer: &mut Writer) -> Result<()> {
    let parameter = |name: &str| element.member(name).ok_or_else(|| Error::argument(format!("Required field '{name}' is missing.")));
    // The row that a table's name and an id say.
    let row = |id: &str| {
        let (table, id) = (parameter("entityName")?, parameter(id)?);
        Ok::<_, Error>(move |snapshot: &Arc<Snapshot>| row_by_id(snapshot, &table.text(), &id.text()))
    };
    match operation {
        "Create" => {
            let act = messages::create(exchange, parameter("entity")?, |written, writer| {
                writer.raw("<CreateResult>");
                write_id(writer, written.id);
                writer.raw("</CreateResult>");
            });
            respond::operation(writer, operation, act.carry_out(exchange).await?)
        }
        "Update" => {
            let act = messages::update(exchange, parameter("entity")?, messages::Concurrency::Ignored);
            respond::operation(writer, operation, act.carry_out(exchange).await?)
        }
        "Delete" => {
            let target = row("id")?;
            let act = messages::delete(move |snapshot| Ok((target(snapshot)?, None)));
            respond::operation(writer, operation, act.carry_out(exchange).await?)
        }
        "Retrieve" => {
            let columns = element.member("columnSet");
            respond::operation(writer, operation, messages::retrieve(exchange, row("id")?, columns, Frame::Element("RetrieveResult"), Vec::new()))
        }
        "RetrieveMultiple" => {
            let query = parameter("query")?;
            respond::operation(writer, operation, |writer| {
                writer.open("RetrieveMultipleResult");
                messages::entity_collection(exchange, query, writer)?;
                writer.close("RetrieveMultipleResult");
                Ok(())
            })
        }
        "Associate" | "Disassociate" => {
            let target = row("entityId")?;
            let (relationship, related) = (parameter("relationship")?, parameter("relatedEntities")?);
            let request = if operation == "Associate" { Request::Associate } else { Request::Disassociate };
            let act = messages::link(exchange, target, relationship, related, request);
            respond::operation(writer, operation, act.carry_out(exchange).await?)
        }
        "Execute" => {
            let known = Message::new(parameter("request")?).act(exchange)?;
            respond::operation(writer, operation, known.carry_out(exchange, "ExecuteResult").await?)
        }
        other => Err(not_offered(&format!("The operation '{other}'"))),
    }
}
