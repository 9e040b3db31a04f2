//! Solutions: import with progress, list, delete (web-api 27, semantics 6).

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::address::quoted;
use crate::connection::{Body, Connection};
use crate::error::{ClientError, Result};
use crate::retry::pause;
use crate::tables::{flag, required_text, text};

/// Largest package that is sent, in bytes; base64 makes it a third larger on the wire.
const PACKAGE_BYTES_MAX: usize = 96 * 1024 * 1024;
/// Wait between two looks at a running import.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// Most solutions that a listing holds.
const SOLUTIONS_MAX: usize = 10_000;
/// `asyncoperation` (web-api 28): state and status of a job that ended well.
const STATE_COMPLETED: i64 = 3;
const STATUS_SUCCEEDED: i64 = 30;

const SOLUTION_COLUMNS: &str = "solutionid,uniquename,friendlyname,version,ismanaged,installedon";

/// How a package is imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportOptions {
    /// Id of the import job's row, a GUID that the caller chooses to follow the progress.
    pub job_id: String,
    /// Whether changes made on top of the solution are overwritten.
    pub overwrite_unmanaged: bool,
    /// Let the service import in a job instead of inside the request, and wait at most this long for it.
    pub in_background: Option<Duration>,
}

/// What an import job's row says afterwards.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportReport {
    /// Id of the row.
    pub job_id: String,
    /// 0 to 100.
    pub progress: f64,
    /// Unique name of the solution; empty when the service does not say.
    pub solution: String,
    /// The result document (XML), which also names components that were skipped; empty when there is none.
    pub log: String,
}

/// An installed solution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Solution {
    /// Row id.
    pub id: String,
    /// Unique name.
    pub unique_name: String,
    /// Name for people.
    pub friendly_name: String,
    /// `major.minor.build.revision`.
    pub version: String,
    /// Whether deleting it removes its tables and their rows.
    pub is_managed: bool,
    /// When it was installed, ISO 8601; empty when the service does not say.
    pub installed_on: String,
}

impl Connection {
    /// Imports a package. `progress` is called on this thread with 0 to 100 while the service works.
    pub fn import_solution(&self, package: &[u8], options: &ImportOptions, progress: &mut dyn FnMut(f64)) -> Result<ImportReport> {
        if package.len() > PACKAGE_BYTES_MAX {
            let message = format!("the package has {} bytes, at most {PACKAGE_BYTES_MAX} are sent", package.len());
            return Err(ClientError::Settings(message));
        }
        let body = json!({
            "OverwriteUnmanagedCustomizations": options.overwrite_unmanaged,
            "PublishWorkflows": true,
            "CustomizationFile": STANDARD.encode(package),
            "ImportJobId": options.job_id,
        });
        progress(0.0);
        match options.in_background {
            None => self.import_in_request(&body, &options.job_id, progress)?,
            Some(timeout) => self.import_in_job(&body, &options.job_id, timeout, progress)?,
        }
        let report = self.import_report(&options.job_id)?;
        progress(report.progress);
        Ok(report)
    }

    /// The import runs inside the request, made on a second thread; this one watches.
    fn import_in_request(&self, body: &Value, job_id: &str, progress: &mut dyn FnMut(f64)) -> Result<()> {
        let (sender, receiver) = channel();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let outcome = self.post("ImportSolution", Body::Json(body), &[]).map(drop);
                // The watcher below outlives this thread, so that the message always arrives.
                let _ = sender.send(outcome);
            });
            loop {
                match receiver.recv_timeout(LOOK_AGAIN) {
                    Ok(outcome) => return outcome,
                    Err(RecvTimeoutError::Timeout) => self.look_at_import(job_id, progress),
                    Err(RecvTimeoutError::Disconnected) => {
                        return Err(ClientError::Protocol("the import request ended without an outcome".into()));
                    }
                }
            }
        })
    }

    fn import_in_job(&self, body: &Value, job_id: &str, timeout: Duration, progress: &mut dyn FnMut(f64)) -> Result<()> {
        let started = Instant::now();
        let answer = self.post("ImportSolutionAsync", Body::Json(body), &[])?;
        let job = required_text(&answer.json, "AsyncOperationId")?;
        loop {
            let state = self.get(&format!("asyncoperations({job})?$select=statecode,statuscode"), &[])?;
            let number = |name: &str| state.json.get(name).and_then(Value::as_i64);
            if number("statecode") == Some(STATE_COMPLETED) {
                if number("statuscode") == Some(STATUS_SUCCEEDED) {
                    return Ok(());
                }
                return Err(ClientError::JobFailed { job: "the import".into(), message: self.job_message(Some(&job)) });
            }
            if started.elapsed() >= timeout {
                return Err(ClientError::StillRunning { job: "the import".into(), waited: started.elapsed() });
            }
            self.look_at_import(job_id, progress);
            pause(LOOK_AGAIN.min(timeout.saturating_sub(started.elapsed())));
        }
    }

    /// Progress while an import runs. The row may not be visible yet, and a failure to see it is no failure of the import.
    fn look_at_import(&self, job_id: &str, progress: &mut dyn FnMut(f64)) {
        if let Ok(answer) = self.get(&format!("importjobs({job_id})?$select=progress"), &[])
            && let Some(value) = answer.json.get("progress").and_then(Value::as_f64)
        {
            progress(value.clamp(0.0, 100.0));
        }
    }

    /// What the row of an import job says.
    pub fn import_report(&self, job_id: &str) -> Result<ImportReport> {
        let answer = self.get(&format!("importjobs({job_id})?$select=progress,solutionname,data"), &[])?;
        Ok(ImportReport {
            job_id: job_id.to_owned(),
            progress: answer.json.get("progress").and_then(Value::as_f64).unwrap_or(0.0).clamp(0.0, 100.0),
            solution: text(&answer.json, "solutionname"),
            log: text(&answer.json, "data"),
        })
    }

    /// All installed solutions.
    pub fn list_solutions(&self) -> Result<Vec<Solution>> {
        let mut found = Vec::new();
        let mut next = Some(format!("solutions?$select={SOLUTION_COLUMNS}"));
        while let Some(path) = next {
            let answer = self.get(&path, &[])?;
            next = answer.text("@odata.nextLink").map(str::to_owned);
            for item in answer.into_items()? {
                found.push(read_solution(&item)?);
            }
            if found.len() > SOLUTIONS_MAX {
                return Err(ClientError::Protocol(format!("the service lists more than {SOLUTIONS_MAX} solutions")));
            }
        }
        Ok(found)
    }

    /// An installed solution by its unique name (SOL-12).
    pub fn find_solution(&self, unique_name: &str) -> Result<Option<Solution>> {
        let filter = format!("uniquename%20eq%20{}", quoted(unique_name));
        let answer = self.get(&format!("solutions?$select={SOLUTION_COLUMNS}&$filter={filter}"), &[])?;
        answer.into_items()?.first().map(read_solution).transpose()
    }

    /// Deletes a solution by its unique name; a managed one goes with its tables and all their rows (SOL-24).
    pub fn delete_solution(&self, unique_name: &str) -> Result<Solution> {
        let found =
            self.find_solution(unique_name)?.ok_or_else(|| ClientError::NotFound(format!("no solution with the unique name {unique_name} is installed")))?;
        self.delete(&format!("solutions({})", found.id), &[])?;
        Ok(found)
    }
}

fn read_solution(item: &Value) -> Result<Solution> {
    Ok(Solution {
        id: required_text(item, "solutionid")?,
        unique_name: required_text(item, "uniquename")?,
        friendly_name: text(item, "friendlyname"),
        version: text(item, "version"),
        is_managed: flag(item, "ismanaged"),
        installed_on: text(item, "installedon"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Reply, Script};
    use crate::settings::Settings;

    fn open(script: &Script) -> Connection {
        Connection::open(&Settings { url: script.url(), ..Settings::default() }).unwrap()
    }

    fn options(in_background: Option<Duration>) -> ImportOptions {
        ImportOptions { job_id: "j".into(), overwrite_unmanaged: true, in_background }
    }

    fn solution() -> Value {
        json!({"solutionid": "s-1", "uniquename": "O'Books", "version": "1.0.0.0", "ismanaged": true})
    }

    #[test] // SOL-22, web-api 27
    fn import_inside_the_request() {
        let report = json!({"progress": 100.0, "solutionname": "Books", "data": "<importexportxml/>"});
        let script = Script::start(vec![Reply::status(204), Reply::json(200, report)]);
        let mut seen = Vec::new();
        let report = open(&script).import_solution(b"PK", &options(None), &mut |p| seen.push(p)).unwrap();
        assert_eq!((report.solution.as_str(), seen.as_slice()), ("Books", [0.0, 100.0].as_slice()));
        let requests = script.finish().requests;
        assert_eq!(requests[0].json()["CustomizationFile"], "UEs=");
        assert_eq!(requests[0].json()["ImportJobId"], "j");
    }

    #[test] // web-api 27, 28: the job is followed to its end
    fn import_in_a_job() {
        let script = Script::start(vec![
            Reply::json(200, json!({"AsyncOperationId": "a", "ImportJobKey": "j"})),
            Reply::json(200, json!({"statecode": 2, "statuscode": 20})),
            Reply::json(200, json!({"progress": 40})),
            Reply::json(200, json!({"statecode": 3, "statuscode": 31})),
            Reply::json(200, json!({"friendlymessage": "Some dependencies are missing."})),
        ]);
        let mut seen = Vec::new();
        let limit = Some(Duration::from_secs(60));
        let error = open(&script).import_solution(b"PK", &options(limit), &mut |p| seen.push(p)).unwrap_err();
        assert_eq!(error.to_string(), "the import failed: Some dependencies are missing.");
        assert_eq!(seen, [0.0, 40.0]);
    }

    #[test] // SOL-24
    fn find_and_delete_by_unique_name() {
        let found = Reply::json(200, json!({"value": [solution()]}));
        let none = Reply::json(200, json!({"value": []}));
        let script = Script::start(vec![found, Reply::status(204), none]);
        let connection = open(&script);
        assert_eq!(connection.delete_solution("O'Books").unwrap().version, "1.0.0.0");
        assert!(matches!(connection.delete_solution("Gone"), Err(ClientError::NotFound(_))));
        let lines = script.finish().lines();
        assert!(lines[0].ends_with("&$filter=uniquename%20eq%20'O''Books'"), "{}", lines[0]);
        assert_eq!(lines[1], "DELETE /api/data/v9.2/solutions(s-1)");
    }

    #[test] // web-api 17
    fn listings_follow_their_pages() {
        let first = json!({"value": [solution()], "@odata.nextLink": "{origin}/api/data/v9.2/solutions?$skiptoken=x"});
        let script = Script::start(vec![Reply::json(200, first), Reply::json(200, json!({"value": [solution()]}))]);
        assert_eq!(open(&script).list_solutions().unwrap().len(), 2);
    }
}
