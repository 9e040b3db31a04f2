//! `token`: bearer tokens of a data folder; works while a service holds the folder.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use clap::{Args, Subcommand};
use driftless_auth::{EXPIRY_DAYS_DEFAULT, EXPIRY_DAYS_MAX, NewToken, RandomUnavailable, Scopes, TokenFile, TokenRecord};
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Context;
use crate::configuration::{Configuration, Key};
use crate::exit::{Exit, Failure};
use crate::inspection;
use crate::output::columns;

/// Part of a token's text that says where it is valid.
const ENVIRONMENT: &str = "org";

/// The commands below `token`.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a token and print it; it cannot be shown again
    #[command(after_help = "Examples:\n  driftless token make nightly-sync --scope read --days 30\n  driftless token make ci --data ./books --json")]
    Make(MakeArguments),
    /// List tokens, expired ones included
    #[command(after_help = "Examples:\n  driftless token list")]
    List(FolderArguments),
    /// Revoke a token; a running service refuses it within a second
    #[command(after_help = "Examples:\n  driftless token revoke nightly-sync")]
    Revoke(RevokeArguments),
}

/// Where the tokens are.
#[derive(Debug, Args)]
pub(crate) struct FolderArguments {
    /// Data folder [default: ./driftless-data] [env: DRIFTLESS_DATA]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// Arguments of `token make`.
#[derive(Debug, Args)]
pub(crate) struct MakeArguments {
    /// Name, unique in the folder
    name: String,
    /// Id of the system user that it acts as [default: the user of the folder's first token, the first administrator]
    #[arg(long, value_name = "GUID")]
    user: Option<Uuid>,
    /// What it allows, separated by commas: read, write (records), admin (definitions, solutions, users and roles)
    #[arg(long, value_delimiter = ',', default_value = "read,write,admin")]
    scope: Vec<String>,
    /// Days until it expires
    #[arg(long, default_value_t = EXPIRY_DAYS_DEFAULT, value_parser = clap::value_parser!(u32).range(1..=i64::from(EXPIRY_DAYS_MAX)))]
    days: u32,
    #[command(flatten)]
    folder: FolderArguments,
}

/// Arguments of `token revoke`.
#[derive(Debug, Args)]
pub(crate) struct RevokeArguments {
    /// Name or id
    token: String,
    #[command(flatten)]
    folder: FolderArguments,
}

/// Does what the command says.
pub(crate) fn run(command: &Command, context: &Context) -> anyhow::Result<()> {
    let output = context.output;
    match command {
        Command::Make(arguments) => {
            let data = folder(&arguments.folder, context)?;
            let tokens = TokenFile::open(&data)?;
            let scopes = Scopes::parse(arguments.scope.iter().map(String::as_str)).map_err(|error| Failure::error(Exit::Usage, error.to_string()))?;
            let new = NewToken {
                name: &arguments.name,
                user: arguments.user.map_or_else(|| first_user(&tokens), |user| checked_user(&data, user))?,
                scopes,
                expires_in_days: Some(arguments.days),
                environment: ENVIRONMENT,
            };
            let mut fill = |bytes: &mut [u8]| getrandom::fill(bytes).map_err(|_| RandomUnavailable);
            let (secret, record) = tokens.make(&new, now_s()?, &mut fill)?;
            let document = || {
                let mut document = token_document(&record);
                document["token"] = secret.reveal().into();
                document
            };
            output.result(|| secret.reveal().to_owned(), document)?;
        }
        Command::List(arguments) => {
            let found = open(arguments, context)?.list()?;
            output.result(|| list_text(&found), || json!({"tokens": found.iter().map(token_document).collect::<Vec<_>>()}))?;
        }
        Command::Revoke(arguments) => {
            let record = open(&arguments.folder, context)?.revoke(&arguments.token)?;
            output.result(|| format!("revoked {} ({})", record.name, record.id), || json!({"revoked": token_document(&record)}))?;
        }
    }
    Ok(())
}

fn folder(folder: &FolderArguments, context: &Context) -> anyhow::Result<PathBuf> {
    let given = folder.data.iter().map(|path| (Key::Data, path.display().to_string())).collect();
    Ok(Configuration::load(given, &context.general)?.data())
}

fn open(arguments: &FolderArguments, context: &Context) -> anyhow::Result<TokenFile> {
    Ok(TokenFile::open(&folder(arguments, context)?)?)
}

/// A user that the folder has: the token of any other would be refused with every request.
fn checked_user(data: &Path, user: Uuid) -> anyhow::Result<Uuid> {
    if inspection::has_user(data, user)? {
        return Ok(user);
    }
    Err(Failure::error(Exit::NotFound, format!("{} has no system user {user}", data.display())))
}

/// The user of the oldest token: a first start makes one for the first administrator.
fn first_user(tokens: &TokenFile) -> anyhow::Result<Uuid> {
    let first = tokens.list()?.first().map(|record| record.user);
    first.ok_or_else(|| Failure::error(Exit::Usage, "the folder has no token whose user could be taken; say --user"))
}

fn now_s() -> anyhow::Result<i64> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
    Ok(i64::try_from(since.as_secs())?)
}

fn time_text(seconds: Option<i64>) -> String {
    seconds.and_then(|s| Timestamp::from_second(s).ok()).map(|time| time.to_string()).unwrap_or_default()
}

fn token_document(record: &TokenRecord) -> Value {
    json!({
        "id": record.id.to_string(),
        "name": record.name,
        "user": record.user.to_string(),
        "scopes": record.scopes.names().collect::<Vec<_>>(),
        "createdOn": time_text(Some(record.created_s)),
        "expiresOn": record.expires_s.map(|s| time_text(Some(s))),
    })
}

fn list_text(records: &[TokenRecord]) -> String {
    let row = |record: &TokenRecord| {
        let expiry = if record.expires_s.is_some() { time_text(record.expires_s) } else { "never".to_owned() };
        vec![record.name.clone(), record.scopes.to_string(), expiry, record.id.to_string()]
    };
    columns(&["token", "scopes", "expires", "id"], &records.iter().map(row).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use clap::Parser;
    use driftless_core::{ExpiredTokens, Organization, SystemEnvironment};
    use driftless_model::Limits;
    use driftless_store_sqlite::{SqliteOptions, SqliteStore};

    use super::*;
    use crate::arguments::{Arguments, Command as Any};
    use crate::output::Output;

    fn run_line(line: &str) -> anyhow::Result<()> {
        let arguments = Arguments::try_parse_from(line.split_whitespace())?;
        let Any::Token(command) = arguments.command else { panic!("{line}") };
        let context = Context { output: Output::new(&arguments.general), general: arguments.general };
        run(&command, &context)
    }

    #[test] // AUTH-25
    fn make_list_revoke() {
        let folder = std::env::temp_dir().join(format!("driftless-token-{}", std::process::id()));
        let store = SqliteStore::open(&folder, &SqliteOptions::default()).unwrap();
        let environment = Arc::new(SystemEnvironment::default());
        let organization = Organization::open_with(Arc::new(store), environment, Limits::default(), ExpiredTokens::Full).unwrap();
        let user = &*organization.facts().administrator.to_string();
        let at = folder.display();
        assert!(run_line(&format!("driftless token make a --data {at}")).is_err(), "no user to take");
        let unknown = run_line(&format!("driftless token make a --user 00000000-0000-0000-0000-000000000001 --data {at}")).unwrap_err();
        assert_eq!(crate::exit::of(&unknown), Exit::NotFound, "no such user");
        run_line(&format!("driftless token make a --user {user} --scope read --data {at}")).unwrap();
        run_line(&format!("driftless token make b --days 30 --data {at}")).unwrap();
        let records = TokenFile::open(&folder).unwrap().list().unwrap();
        assert_eq!((records.len(), records[1].user.to_string().as_str(), records[0].scopes), (2, user, Scopes::READ));
        assert!(list_text(&records).contains("a      read              20"), "{}", list_text(&records));
        run_line(&format!("driftless token revoke a --data {at}")).unwrap();
        let error = run_line(&format!("driftless token revoke a --data {at}")).unwrap_err();
        assert_eq!(crate::exit::of(&error), Exit::NotFound);
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn bounds() {
        assert!(run_line("driftless token make a --days 367").is_err());
        let error = run_line(&format!("driftless token make a --scope everything --data {}", std::env::temp_dir().display())).unwrap_err();
        assert_eq!(crate::exit::of(&error), Exit::Usage);
    }
}
