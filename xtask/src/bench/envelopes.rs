//! The Organization Service beside the Web API, in the same run: creates of one row, and a page of changes.

use std::time::Instant;

use anyhow::{Result, ensure};

use super::creates::CONNECTIONS;
use super::load::{Lane, Lanes, drive, render};
use super::pages::COLUMNS;
use super::report::Row;
use super::stage::{Served, Stage};
use super::tables::{self, BenchTable, Codes, Patch, ROOT};
use super::{Plan, median};

/// Where envelopes go.
const PLACE: &str = "/XRMServices/2011/Organization.svc/web";
const ACTION: &str = "http://schemas.microsoft.com/xrm/2011/Contracts/Services/IOrganizationService";
/// Rows of the page of changes.
const PAGE: usize = 5_000;
/// Reads of the page by each door.
const READS: usize = 40;

/// Measures both.
pub(crate) fn run(plan: &Plan, stage: &Stage) -> Result<Vec<Row>> {
    let mut rows = creates(plan, stage)?;
    rows.extend(changes(stage)?);
    Ok(rows)
}

fn creates(plan: &Plan, stage: &Stage) -> Result<Vec<Row>> {
    let (mut soap, mut web) = (Vec::new(), Vec::new());
    for round in 0..plan.rounds {
        let served = stage.serve()?;
        let table = tables::create(&mut served.connection(), &format!("Enveloped{round}"))?;
        let path = format!("{ROOT}/{}", table.set);
        let web_request = render(&served.address, "POST", &path, &[], Some(&tables::marked_row()));
        let create = format!("<Create><entity>{}</entity></Create>", tables::marked_entity(&table));
        let soap_request = envelope(&served, "Create", &create);
        // In turn, so that neither has the larger table throughout.
        let numbers = plan.creates / 2;
        web.push(rate(plan, &served, &web_request, 0..numbers)?);
        soap.push(rate(plan, &served, &soap_request, numbers..2 * numbers)?);
        served.stop()?;
        eprintln!("    creates: {:.0} over SOAP, {:.0} over the Web API", soap[round], web[round]);
    }
    let (soap, web) = (median(&mut soap), median(&mut web));
    Ok(vec![
        Row { name: "durable creates over SOAP, by the Web API's", value: soap, unit: "rows/s", baseline: Some(web), ..Row::default() }
            .goal(">= 0.60", soap >= 0.6 * web),
    ])
}

fn rate(plan: &Plan, served: &Served, template: &[u8], numbers: std::ops::Range<usize>) -> Result<f64> {
    let patch = Patch::of(template);
    let lanes = Lanes { connections: CONNECTIONS, threads: plan.threads };
    let timing = drive(&served.address, lanes, numbers.len(), &|| template.to_vec(), &|number, request| {
        patch.apply(numbers.start + number, Codes::Rising, request);
    })?;
    Ok(timing.per_second())
}

fn changes(stage: &Stage) -> Result<Vec<Row>> {
    let table = &stage.filled()?.large;
    let served = stage.serve()?;
    let mut lane = Lane::open(&served.address)?;
    let size = format!("odata.track-changes,odata.maxpagesize={PAGE}");
    let path = format!("{ROOT}/{}?$select={}", table.set, COLUMNS.join(","));
    let web = render(&served.address, "GET", &path, &[("Prefer", &size)], None);
    let soap = envelope(&served, "Execute", &retrieve_changes(table));
    let (mut web_rates, mut soap_rates, mut sizes) = (Vec::new(), Vec::new(), (0, 0));
    for _ in 0..READS {
        for (request, rates, bytes) in [(&web, &mut web_rates, &mut sizes.0), (&soap, &mut soap_rates, &mut sizes.1)] {
            let begun = Instant::now();
            *bytes = lane.exchange(request)?.len();
            rates.push(*bytes as f64 / begun.elapsed().as_secs_f64() / f64::from(1 << 20));
        }
    }
    let items = String::from_utf8_lossy(lane.body()).matches("NewOrUpdatedItem").count();
    ensure!(items == PAGE, "{items} items in a page of {PAGE}");
    served.stop()?;
    let (web, soap) = (median(&mut web_rates), median(&mut soap_rates));
    let remark = format!("{} bytes by {} of the Web API for the same rows", sizes.1, sizes.0);
    Ok(vec![
        Row { name: "RetrieveEntityChanges, 5,000 rows, by the Web API's", value: soap, unit: "MiB/s", baseline: Some(web), remark, ..Row::default() }
            .goal(">= 0.50", soap >= 0.5 * web),
    ])
}

fn retrieve_changes(table: &BenchTable) -> String {
    let columns: String = COLUMNS.iter().map(|name| format!("<r:string>{name}</r:string>")).collect();
    let pair = |key: &str, kind: &str, value: &str| {
        format!("<a:KeyValuePairOfstringanyType><g:key>{key}</g:key><g:value i:type=\"{kind}\">{value}</g:value></a:KeyValuePairOfstringanyType>")
    };
    format!(
        "<Execute><request i:type=\"a:RetrieveEntityChangesRequest\"><a:Parameters>{}{}{}</a:Parameters><a:RequestName>RetrieveEntityChanges</a:RequestName></request></Execute>",
        pair("EntityName", "x:string", &table.name),
        pair("Columns", "a:ColumnSet", &format!("<a:AllColumns>false</a:AllColumns><a:Columns>{columns}</a:Columns>")),
        pair("PageInfo", "a:PagingInfo", &format!("<a:Count>{PAGE}</a:Count><a:PageNumber>1</a:PageNumber>")),
    )
}

fn envelope(served: &Served, operation: &str, body: &str) -> Vec<u8> {
    let action = format!("\"{ACTION}/{operation}\"");
    let headers = [("Content-Type", "text/xml; charset=utf-8"), ("SOAPAction", action.as_str())];
    render(&served.address, "POST", PLACE, &headers, Some(&tables::enveloped(body)))
}
