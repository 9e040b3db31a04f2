//! Accounts, contacts and leads.

use driftless_model::{Result, Uuid, Value};

use super::maker::{Given, Maker, money};
use super::words::{CITIES, COMPANIES, FIRST_NAMES, JOB_TITLES, LAST_NAMES, STREETS};

const CONTACTS: usize = 90;
const LEADS: usize = 30;

/// Who buys.
pub(super) struct Customers {
    pub(super) accounts: Vec<Uuid>,
    /// Contacts with the account that each belongs to.
    pub(super) contacts: Vec<(Uuid, Uuid)>,
}

/// Makes all of them.
pub(super) fn make(maker: &mut Maker<'_, '_>) -> Result<Customers> {
    let mut accounts: Vec<Uuid> = Vec::new();
    for (at, name) in COMPANIES.iter().enumerate() {
        let mut values = vec![
            ("name", Given::from(*name)),
            ("accountnumber", format!("A-{:04}", at + 1).into()),
            ("telephone1", phone(maker).into()),
            ("emailaddress1", format!("info@{}.example", domain(name)).into()),
            ("websiteurl", format!("https://{}.example", domain(name)).into()),
            ("revenue", money(i64::from(maker.number(2, 90)) * 50_000)),
            ("numberofemployees", maker.number(3, 400).into()),
            ("industrycode", maker.number(1, 33).into()),
            ("customertypecode", 3.into()),
        ];
        values.extend(address(maker));
        // Every fifth company belongs to one that came before it.
        if at % 5 == 4 {
            values.push(("parentaccountid", Given::To("account", accounts[maker.below(at)])));
        }
        accounts.push(maker.create("account", &values)?);
    }
    let contacts = contacts(maker, &accounts)?;
    leads(maker)?;
    maker.update("account", accounts[COMPANIES.len() - 1], &[("statecode", 1.into()), ("statuscode", 2.into())])?;
    Ok(Customers { accounts, contacts })
}

fn contacts(maker: &mut Maker<'_, '_>, accounts: &[Uuid]) -> Result<Vec<(Uuid, Uuid)>> {
    let mut contacts = Vec::new();
    for number in 0..CONTACTS {
        let at = number % accounts.len();
        let (first, last) = (*maker.one(&FIRST_NAMES), *maker.one(&LAST_NAMES));
        let mut values = vec![
            ("firstname", Given::from(first)),
            ("lastname", last.into()),
            ("jobtitle", (*maker.one(&JOB_TITLES)).into()),
            ("emailaddress1", format!("{}.{}@{}.example", first.to_lowercase(), last.to_lowercase(), domain(COMPANIES[at])).into()),
            ("telephone1", phone(maker).into()),
            ("parentcustomerid", Given::To("account", accounts[at])),
        ];
        values.extend(address(maker));
        if number % 3 == 0 {
            values.push(("birthdate", maker.day(-maker.number(9_000, 22_000))));
        }
        let contact = maker.create("contact", &values)?;
        // The first contact of each company is the one to talk to.
        if number < accounts.len() {
            maker.update("account", accounts[at], &[("primarycontactid", Given::To("contact", contact))])?;
        }
        contacts.push((contact, accounts[at]));
    }
    Ok(contacts)
}

fn leads(maker: &mut Maker<'_, '_>) -> Result<()> {
    for number in 0..LEADS {
        let (first, last) = (*maker.one(&FIRST_NAMES), *maker.one(&LAST_NAMES));
        let company = format!("{last} & Sons");
        let mut values = vec![
            ("subject", Given::from(format!("Interested in {}", maker.one(&["pianos", "violins", "rentals", "repairs"])))),
            ("firstname", first.into()),
            ("lastname", last.into()),
            ("emailaddress1", format!("{}@{}.example", first.to_lowercase(), domain(&company)).into()),
            ("companyname", company.into()),
            ("telephone1", phone(maker).into()),
            ("leadsourcecode", maker.number(1, 10).into()),
            ("leadqualitycode", maker.number(1, 3).into()),
            ("estimatedamount", money(i64::from(maker.number(4, 120)) * 250)),
        ];
        values.extend(address(maker));
        let lead = maker.create("lead", &values)?;
        if number % 6 == 5 {
            maker.update("lead", lead, &[("statecode", 2.into()), ("statuscode", maker.number(4, 7).into())])?;
        }
    }
    Ok(())
}

fn address(maker: &Maker<'_, '_>) -> [(&'static str, Given); 5] {
    let (city, state, code) = *maker.one(&CITIES);
    [
        ("address1_line1", format!("{} {}", maker.number(1, 180), maker.one(&STREETS)).into()),
        ("address1_city", city.into()),
        ("address1_stateorprovince", state.into()),
        ("address1_postalcode", format!("{code}{:02}", maker.number(1, 99)).into()),
        ("address1_country", Given::Value(Value::text("United States"))),
    ]
}

/// One of the numbers that are kept for fiction.
fn phone(maker: &Maker<'_, '_>) -> String {
    format!("{}-555-01{:02}", maker.number(201, 989), maker.number(0, 99))
}

/// The letters and digits of a name.
fn domain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}
