//! Built-in tables as data, and the first start of an organization.
//!
//! Each file under `tables/` declares one table. An empty store gets all of them and the first rows; an older one gets the tables, columns and
//! privileges that it lacks, in one transaction.

mod declaration;
mod first_rows;
mod install;
mod mappings;
#[cfg(test)]
mod tests;
mod views;

use std::sync::Arc;

use driftless_model::{Caller, Error, Limits, Result, Uuid};
use driftless_store::{Length, Store};
use sha2::{Digest, Sha256};

use crate::behaviors::user_settings;
use crate::context::{Facts, Services, WriteCx};
use crate::environment::Environment;
use crate::messages::filters;
use crate::metadata::{Snapshot, privileges, regarding};
use crate::organization::ExpiredTokens;
use crate::security::RightsChange;

/// The declarations, one file a table.
const TABLES: &[&str] = &[
    include_str!("seed/tables/account.toml"),
    include_str!("seed/tables/activityparty.toml"),
    include_str!("seed/tables/activitypointer.toml"),
    include_str!("seed/tables/annotation.toml"),
    include_str!("seed/tables/appointment.toml"),
    include_str!("seed/tables/asyncoperation.toml"),
    include_str!("seed/tables/attributemap.toml"),
    include_str!("seed/tables/businessunit.toml"),
    include_str!("seed/tables/connection.toml"),
    include_str!("seed/tables/connectionrole.toml"),
    include_str!("seed/tables/contact.toml"),
    include_str!("seed/tables/email.toml"),
    include_str!("seed/tables/entitymap.toml"),
    include_str!("seed/tables/equipment.toml"),
    include_str!("seed/tables/exportsolutionupload.toml"),
    include_str!("seed/tables/importjob.toml"),
    include_str!("seed/tables/incident.toml"),
    include_str!("seed/tables/lead.toml"),
    include_str!("seed/tables/letter.toml"),
    include_str!("seed/tables/localizedlabel.toml"),
    include_str!("seed/tables/opportunity.toml"),
    include_str!("seed/tables/organization.toml"),
    include_str!("seed/tables/phonecall.toml"),
    include_str!("seed/tables/pricelevel.toml"),
    include_str!("seed/tables/principalobjectaccess.toml"),
    include_str!("seed/tables/privilege.toml"),
    include_str!("seed/tables/product.toml"),
    include_str!("seed/tables/publisher.toml"),
    include_str!("seed/tables/role.toml"),
    include_str!("seed/tables/roleprivileges.toml"),
    include_str!("seed/tables/roletemplate.toml"),
    include_str!("seed/tables/savedquery.toml"),
    include_str!("seed/tables/sdkmessage.toml"),
    include_str!("seed/tables/sdkmessagefilter.toml"),
    include_str!("seed/tables/solution.toml"),
    include_str!("seed/tables/solutioncomponent.toml"),
    include_str!("seed/tables/stagesolutionupload.toml"),
    include_str!("seed/tables/subject.toml"),
    include_str!("seed/tables/systemform.toml"),
    include_str!("seed/tables/systemuser.toml"),
    include_str!("seed/tables/systemuserroles.toml"),
    include_str!("seed/tables/task.toml"),
    include_str!("seed/tables/team.toml"),
    include_str!("seed/tables/teammembership.toml"),
    include_str!("seed/tables/teamroles.toml"),
    include_str!("seed/tables/transactioncurrency.toml"),
    include_str!("seed/tables/uom.toml"),
    include_str!("seed/tables/uomschedule.toml"),
    include_str!("seed/tables/userquery.toml"),
    include_str!("seed/tables/usersettings.toml"),
];

/// What the service itself has rows of. A program that knows of more gives an older store those that it lacks at its next start.
const ROWS: &[&str] = &["privileges", "settings of users", "privileges of no table", "relationships to notes and activities", views::VIEWS, mappings::MAPPINGS];

const FACTS: &str = "facts";
const TOKEN_KEY: &str = "token_key";
const DIGEST: &str = "seed_digest";

/// Makes the organization of an empty store, or brings an older one up to the built-in tables of this program. Gives its facts and the key of its tokens.
pub(crate) fn prepare(store: &Arc<dyn Store>, environment: &Arc<dyn Environment>, limits: &Limits) -> Result<(Facts, [u8; 32])> {
    prepare_with(store, environment, limits, TABLES)
}

/// As [`prepare`], with these declarations.
fn prepare_with(store: &Arc<dyn Store>, environment: &Arc<dyn Environment>, limits: &Limits, tables: &[&'static str]) -> Result<(Facts, [u8; 32])> {
    let digest = digest(tables);
    let known = store.reading(|tx| Ok((tx.setting(FACTS)?, tx.setting(TOKEN_KEY)?, tx.setting(DIGEST)?)))?;
    if let (Some(facts), Some(key), Some(seen)) = &known {
        if *seen != digest {
            let services = services(environment, limits, read_facts(facts)?, read_key(key)?);
            write(store, services, tables, digest, false)?;
        }
        return Ok((read_facts(facts)?, read_key(key)?));
    }
    let mut key = [0; 32];
    environment.fill_random(&mut key);
    let facts = first_rows::new_facts(&**environment);
    write(store, services(environment, limits, facts.clone(), key), tables, digest, true)?;
    Ok((facts, key))
}

fn services(environment: &Arc<dyn Environment>, limits: &Limits, facts: Facts, token_key: [u8; 32]) -> Arc<Services> {
    Arc::new(Services {
        environment: Arc::clone(environment),
        limits: limits.clone(),
        facts,
        token_key,
        expired_tokens: ExpiredTokens::Full,
        jobs: Default::default(),
        standings: Default::default(),
        feed: Default::default(),
        counted_jobs: Default::default(),
    })
}

fn write(store: &Arc<dyn Store>, services: Arc<Services>, tables: &[&'static str], digest: String, first: bool) -> Result<()> {
    let declared = tables.iter().map(|text| declaration::parse(text)).collect::<Result<Vec<_>>>()?;
    let rights = RightsChange::new(&services);
    store.writing(Length::Long, move |tx| {
        let snapshot = Arc::new(Snapshot::load(tx.as_read())?);
        let caller = Caller::user(services.facts.administrator);
        let mut cx = WriteCx::of_service(tx, snapshot, &caller, &services, &rights);
        install::run(&mut cx, &declared)?;
        if first {
            first_rows::insert(&mut cx)?;
            let facts = serde_json::to_string(&services.facts).map_err(|error| Error::damaged("facts cannot be written").because(error))?;
            cx.tx.set_setting(FACTS, &facts)?;
            cx.tx.set_setting(TOKEN_KEY, &hex(&services.token_key))?;
        }
        privileges::complete(&mut cx)?;
        filters::complete(&mut cx)?;
        first_rows::complete_roles(&mut cx)?;
        user_settings::complete(&mut cx)?;
        views::complete(&mut cx)?;
        mappings::complete(&mut cx)?;
        install::keys(&mut cx, &declared)?;
        install::pairs(&mut cx, &declared)?;
        regarding::complete_all(&mut cx)?;
        cx.tx.set_setting(DIGEST, &digest)?;
        Ok(())
    })
}

/// A digest of all declarations and messages: another one means that a newer program has opened the store.
fn digest(tables: &[&'static str]) -> String {
    let mut digest = Sha256::new();
    // An older store also lacks the rows of messages that came later.
    filters::names().iter().for_each(|name| digest.update(name));
    for text in ROWS.iter().chain(tables) {
        digest.update(text.as_bytes());
    }
    hex(&digest.finalize())
}

/// The constant identity of a built-in definition, from a stable text such as `column/account.name`.
pub(crate) fn constant_id(text: &str) -> Uuid {
    let digest = Sha256::digest(format!("driftless/{text}").as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    // Version 8: bits of our own making, in the standard layout.
    bytes[6] = (bytes[6] & 0x0f) | 0x80;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    Uuid::from_bytes(bytes)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn read_facts(text: &str) -> Result<Facts> {
    serde_json::from_str(text).map_err(|error| Error::damaged("the facts of the organization cannot be read").because(error))
}

fn read_key(text: &str) -> Result<[u8; 32]> {
    let damaged = || Error::damaged("the token key cannot be read");
    let mut key = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return Err(damaged());
    }
    for (at, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).map_err(|_| damaged())?;
    }
    Ok(key)
}
