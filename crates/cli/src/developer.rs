//! What a service for one developer keeps besides its data: the credentials of an application that may do everything (AUTH-41, AUTH-43).

use std::path::{Path, PathBuf};

use anyhow::Context;
use driftless_auth::{ApplicationFile, NewApplication, RandomUnavailable, WithSecret, replace_private_file};
use driftless_core::Organization;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::configuration::read_bounded;

/// Name of the file inside a data folder.
const FILE_NAME: &str = "developer.json";
/// Name of the application.
const APPLICATION_NAME: &str = "developer";
/// Where people are sent back to by programs on the developer's machine.
const REDIRECT: &str = "http://localhost";

/// How programs of the developer sign in. The file is readable by its owner only, like the administrator's token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Developer {
    /// The organization's id, as a tenant.
    pub(crate) tenant: Uuid,
    /// The application.
    pub(crate) client_id: Uuid,
    /// Its secret.
    pub(crate) client_secret: String,
}

impl Developer {
    /// The developer of a data folder; none if it was never served with `driftless dev`.
    pub(crate) fn read(data: &Path) -> anyhow::Result<Option<Self>> {
        let path = path(data);
        if !path.exists() {
            return Ok(None);
        }
        let text = read_bounded(&path)?;
        serde_json::from_str(&text).with_context(|| path.display().to_string()).map(Some)
    }

    /// Sees to it that the folder has a developer: an application with a random secret whose user has the System Administrator role. One whose application was
    /// removed gets another.
    pub(crate) fn ensure(data: &Path, organization: &Organization) -> anyhow::Result<Self> {
        let file = ApplicationFile::open(data);
        let is_known = |developer: &Self| file.list().is_ok_and(|known| known.iter().any(|application| application.id == developer.client_id));
        let developer = match Self::read(data)?.filter(is_known) {
            Some(developer) => developer,
            None => Self::make(data, &file, organization)?,
        };
        organization.ensure_application_administrator(developer.client_id, APPLICATION_NAME)?;
        Ok(developer)
    }

    fn make(data: &Path, file: &ApplicationFile, organization: &Organization) -> anyhow::Result<Self> {
        let mut fill = |bytes: &mut [u8]| getrandom::fill(bytes).map_err(|_| RandomUnavailable);
        let new = NewApplication { name: APPLICATION_NAME, redirects: vec![REDIRECT.to_owned()], ..NewApplication::default() };
        // One whose secret was lost, because the process ended between the two files, is replaced.
        if file.list()?.iter().any(|application| application.name == APPLICATION_NAME) {
            file.remove(APPLICATION_NAME)?;
        }
        let now_s = organization.environment().now_ms().div_euclid(1_000);
        let (application, secret) = file.make(&new, WithSecret::Yes, now_s, &mut fill)?;
        let client_secret = secret.map(|secret| secret.reveal().to_owned()).unwrap_or_default();
        let developer = Self { tenant: organization.facts().organization, client_id: application.id, client_secret };
        let path = path(data);
        replace_private_file(&path, serde_json::to_string_pretty(&developer)?.as_bytes()).with_context(|| path.display().to_string())?;
        Ok(developer)
    }
}

fn path(data: &Path) -> PathBuf {
    data.join(FILE_NAME)
}
