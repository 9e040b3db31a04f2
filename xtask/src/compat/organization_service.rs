//! `organization-service.md`: operations and messages over SOAP, beside what the Web API has, and the messages of Microsoft's samples that are not there.

use super::golden::Exchange;
use super::{evidence, head, messages, table};

const ABOUT: &str = "\
What can be called over the Organization Service (SOAP), and which of it the Web API has too. \"yes\" stands where a golden file shows the call answered with success. Each door derives its form of a \
message from one definition.";

const MESSAGES: &str = "\
By `Execute`. \"Web API\" tells whether a message, or an address that does the same, is shown in [messages](messages.md).";

const OTHERS: &str = "\
What Microsoft's C# samples for the Organization Service call besides; a call is answered with the fault 0x80040315, which names the message.";

const OPERATIONS: [&str; 8] = ["Create", "Retrieve", "Update", "Delete", "RetrieveMultiple", "Associate", "Disassociate", "Execute"];

/// What messages are called by samples and are not there, by the reason.
const ABSENT: &[(&str, &[&str])] = &[
    (
        "business processes of sales: the tables are there, their closing is a state that an update sets",
        &["WinOpportunity", "QualifyLead", "CloseIncident", "Merge"],
    ),
    ("the reckoning of prices and of rollups: business logic that plug-ins of the original do", &["Recalculate", "Rollup", "RetrieveExchangeRate"]),
    (
        "mail, templates and mail merge: the service sends no mail",
        &["InstantiateTemplate", "SendEmail", "SendEmailFromTemplate", "SendBulkMail", "DeliverPromoteEmail"],
    ),
    (
        "calendars, recurrence and the scheduling of service activities",
        &["AddRecurrence", "DeleteOpenInstances", "Book", "Reschedule", "Validate", "QuerySchedule", "QueryMultipleSchedules"],
    ),
    ("queues", &["AddPrincipalToQueue", "AddToQueue", "PickFromQueue", "ReleaseToQueue", "RemoveFromQueue", "RetrieveUserQueues"]),
    (
        "auditing: no history of values is kept; the change feed tells states",
        &["DeleteAuditData", "RetrieveAuditPartitionList", "RetrieveAuditDetails", "RetrieveAttributeChangeHistory", "RetrieveRecordChangeHistory"],
    ),
    (
        "detection of duplicates; alternate keys keep rows apart",
        &["PublishDuplicateRule", "UnpublishDuplicateRule", "BulkDetectDuplicates", "RetrieveDuplicates"],
    ),
    (
        "import of data from files with maps; `CreateMultiple` and `UpsertMultiple` do the same",
        &[
            "ExportMappingsImportMap",
            "ImportMappingsImportMap",
            "GetDistinctValuesImportFile",
            "GetHeaderColumnsImportFile",
            "ParseImport",
            "RetrieveParsedDataImportFile",
            "TransformImport",
            "ImportRecordsImport",
        ],
    ),
    ("workflows are not run", &["ExecuteWorkflow", "CreateWorkflowFromTemplate"]),
    (
        "reports, ribbons and walls: there is no user interface",
        &[
            "DownloadReportDefinition",
            "GetReportHistoryLimit",
            "RetrieveApplicationRibbon",
            "RetrieveEntityRibbon",
            "RetrievePersonalWall",
            "RetrieveRecordWall",
        ],
    ),
    ("licenses: there are none", &["RetrieveDeploymentLicenseType", "RetrieveLicenseInfo"]),
    ("`serve --sample` gives rows to look at", &["InstallSampleData", "UninstallSampleData"]),
    ("later: views; the client reads `fetchxml` of the view and runs it", &["ExecuteByIdSavedQuery", "ExecuteByIdUserQuery"]),
    ("later: definitions of time zones as rows", &["GetAllTimeZonesWithDisplayName"]),
    ("later: definitions; an update with a wrong state is refused with the reason", &["IsValidStateTransition"]),
    ("later: with the table of attachments", &["InitializeAttachmentBlocksUpload", "CommitAttachmentBlocksUpload", "InitializeAttachmentBlocksDownload"]),
    ("presentation is left to clients; the column `data` of the import job says the same", &["RetrieveFormattedImportJobResults"]),
    ("elastic tables", &["ExecuteCosmosSqlQuery"]),
    ("search over an index beside the tables", &["searchquery", "searchsuggest", "searchautocomplete", "searchstatistics", "searchstatus"]),
    ("plug-ins are not run, so messages of custom APIs are not either", &["custom APIs and actions"]),
    ("a client that wants to go on without the answer queues the job's own message, such as `ImportSolutionAsync`", &["ExecuteAsync"]),
];

/// The page.
pub(crate) fn page(exchanges: &[Exchange], envelopes: &[Exchange]) -> String {
    let operation = |name: &&str| {
        let [status, files] = evidence(envelopes, |exchange| exchange.succeeds() && says_action(exchange, name));
        vec![format!("`{name}`"), status, files]
    };
    let message = |name: &&str| {
        let [status, files] = evidence(envelopes, |exchange| exchange.executes(name));
        let web = if messages::is_shown(exchanges, name) { "yes" } else { "no" };
        vec![(*name).to_owned(), status, web.to_owned(), files]
    };
    let names = driftless_orgservice::message_names();
    let mut out = head("Organization Service", ABOUT);
    out += &format!("\n## Operations\n\n{}", table(&["Operation", "Served", "Golden files"], OPERATIONS.iter().map(operation)));
    out += &format!("\n## Messages\n\n{MESSAGES}\n\n{}", table(&["Message", "Served", "Web API", "Golden files"], names.iter().map(message)));
    // A message that gets implemented leaves the list by itself.
    let absent = ABSENT.iter().map(|(reason, absent)| (absent.iter().filter(|name| !names.contains(name)).copied().collect::<Vec<_>>().join(", "), *reason));
    let absent = absent.filter(|(absent, _)| !absent.is_empty()).map(|(absent, reason)| vec![absent, "no".to_owned(), reason.to_owned()]);
    out + &format!("\n## Not there\n\n{OTHERS}\n\n{}", table(&["Messages", "Served", "Reason"], absent))
}

/// Whether the request's action is an operation of the Organization Service.
fn says_action(exchange: &Exchange, operation: &str) -> bool {
    exchange.text.contains(&format!("/IOrganizationService/{operation}\"\n"))
}

#[cfg(test)]
mod tests {
    use super::super::golden::{Door, parse};
    use super::*;

    #[test]
    fn messages_are_served_where_a_file_shows_it() {
        let said = "=== x\nPOST /x\n\n<r><a:RequestName>Assign</a:RequestName></r>\n--- 200\n";
        let page = page(&[], &parse(Door::OrgService, "messages/x", said));
        assert!(page.contains("| Assign | yes | no | [messages/x](../../golden/orgservice/messages/x.http) |"), "{page}");
        assert_eq!(page.matches("| yes |").count(), 1);
    }

    #[test]
    fn what_is_absent_is_named_once() {
        let mut names: Vec<_> = ABSENT.iter().flat_map(|(_, names)| names.iter()).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
