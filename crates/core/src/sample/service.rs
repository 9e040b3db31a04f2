//! Cases, activities, notes and connections.

use driftless_model::{Result, Uuid};

use super::customers::Customers;
use super::maker::{Given, Maker};
use super::words::{CALLS, CASES, EMAILS, MEETINGS, NOTES, SUBJECTS, TASKS};

const CASE_COUNT: usize = 36;
const TASK_COUNT: usize = 80;
const CALL_COUNT: usize = 30;
const MEETING_COUNT: usize = 16;
const EMAIL_COUNT: usize = 12;
const NOTE_COUNT: usize = 20;
const CONNECTION_COUNT: usize = 16;
/// `participationtypemask` of who sends and of who receives.
const SENDER: i32 = 1;
const RECIPIENT: i32 = 2;

/// Makes the cases with their subjects; every third one is resolved.
pub(super) fn cases(maker: &mut Maker<'_, '_>, customers: &Customers, products: &[Uuid]) -> Result<Vec<Uuid>> {
    let mut subjects: Vec<Uuid> = Vec::new();
    for (at, title) in SUBJECTS.into_iter().enumerate() {
        let mut values = vec![("title", Given::from(title))];
        // The three after the first are kinds of instruments.
        if (1..4).contains(&at) {
            values.push(("parentsubject", Given::To("subject", subjects[0])));
        }
        subjects.push(maker.create("subject", &values)?);
    }
    let mut cases = Vec::new();
    for number in 0..CASE_COUNT {
        let (contact, account) = *maker.one(&customers.contacts);
        let (title, has_product) = *maker.one(&CASES);
        let mut values = vec![
            ("title", Given::from(title)),
            ("ticketnumber", format!("CAS-{:05}", 1_001 + number).into()),
            ("customerid", Given::To("account", account)),
            ("primarycontactid", Given::To("contact", contact)),
            ("subjectid", Given::To("subject", *maker.one(&subjects))),
            ("caseorigincode", maker.number(1, 3).into()),
            ("casetypecode", maker.number(1, 3).into()),
            ("prioritycode", maker.number(1, 3).into()),
        ];
        if has_product {
            values.push(("productid", Given::To("product", *maker.one(products))));
        }
        let case = maker.create("incident", &values)?;
        if number % 3 == 2 {
            maker.update("incident", case, &[("statecode", 1.into()), ("statuscode", 5.into())])?;
        }
        cases.push(case);
    }
    Ok(cases)
}

/// Makes tasks, phone calls, appointments and emails.
pub(super) fn activities(maker: &mut Maker<'_, '_>, customers: &Customers, opportunities: &[Uuid], cases: &[Uuid]) -> Result<()> {
    for number in 0..TASK_COUNT {
        let regarding = match number % 4 {
            0 => Given::To("account", *maker.one(&customers.accounts)),
            1 => Given::To("contact", maker.one(&customers.contacts).0),
            2 => Given::To("opportunity", *maker.one(opportunities)),
            _ => Given::To("incident", *maker.one(cases)),
        };
        let day = maker.number(-30, 30);
        let values = [
            ("subject", Given::from(*maker.one(&TASKS))),
            ("regardingobjectid", regarding),
            ("prioritycode", maker.number(0, 2).into()),
            ("scheduledstart", maker.time(day - 2, 9)),
            ("scheduledend", maker.time(day, maker.number(9, 17))),
        ];
        let task = maker.create("task", &values)?;
        if day < 0 {
            maker.update(
                "task",
                task,
                &[("statecode", 1.into()), ("statuscode", 5.into()), ("actualend", maker.time(day, 12)), ("percentcomplete", 100.into())],
            )?;
        }
    }
    for number in 0..CALL_COUNT {
        let (contact, _) = *maker.one(&customers.contacts);
        let day = maker.number(-20, 20);
        let values = [
            ("subject", Given::from(*maker.one(&CALLS))),
            ("regardingobjectid", Given::To("contact", contact)),
            ("phonenumber", format!("206-555-01{number:02}").into()),
            ("scheduledend", maker.time(day, maker.number(9, 17))),
        ];
        let call = maker.create("phonecall", &values)?;
        if day < 0 {
            maker.update("phonecall", call, &[("statecode", 1.into()), ("statuscode", 2.into()), ("actualend", maker.time(day, 12))])?;
        }
    }
    for _ in 0..MEETING_COUNT {
        let (day, hour) = (maker.number(1, 40), maker.number(9, 15));
        let values = [
            ("subject", Given::from(*maker.one(&MEETINGS))),
            ("location", format!("Room {}", maker.number(1, 9)).into()),
            ("regardingobjectid", Given::To("account", *maker.one(&customers.accounts))),
            ("scheduledstart", maker.time(day, hour)),
            ("scheduledend", maker.time(day, hour + maker.number(1, 2))),
        ];
        let meeting = maker.create("appointment", &values)?;
        maker.update("appointment", meeting, &[("statecode", 3.into()), ("statuscode", 5.into())])?;
    }
    emails(maker, customers)
}

fn emails(maker: &mut Maker<'_, '_>, customers: &Customers) -> Result<()> {
    for _ in 0..EMAIL_COUNT {
        let (contact, account) = *maker.one(&customers.contacts);
        let subject = *maker.one(&EMAILS);
        let values = [
            ("subject", Given::from(subject)),
            ("description", format!("<p>{subject}: please see below.</p>").into()),
            ("regardingobjectid", Given::To("account", account)),
        ];
        let email = maker.create("email", &values)?;
        for (kind, party) in [(SENDER, Given::To("systemuser", maker.owner())), (RECIPIENT, Given::To("contact", contact))] {
            let values = [("activityid", Given::To("email", email)), ("partyid", party), ("participationtypemask", kind.into())];
            maker.create("activityparty", &values)?;
        }
    }
    Ok(())
}

/// Makes notes on accounts.
pub(super) fn notes(maker: &mut Maker<'_, '_>, customers: &Customers) -> Result<()> {
    for _ in 0..NOTE_COUNT {
        let text = *maker.one(&NOTES);
        let values = [("subject", "Note".into()), ("notetext", text.into()), ("objectid", Given::To("account", *maker.one(&customers.accounts)))];
        maker.create("annotation", &values)?;
    }
    Ok(())
}

/// Connects contacts with opportunities, each in a role.
pub(super) fn connections(maker: &mut Maker<'_, '_>, customers: &Customers, opportunities: &[Uuid]) -> Result<()> {
    let mut roles = Vec::new();
    for (name, category) in [("Decision maker", 1_000), ("Influencer", 1_000), ("Referred by", 1), ("Technical contact", 1_002)] {
        roles.push(maker.create("connectionrole", &[("name", name.into()), ("category", category.into())])?);
    }
    for _ in 0..CONNECTION_COUNT {
        let values = [
            ("record1id", Given::To("opportunity", *maker.one(opportunities))),
            ("record2id", Given::To("contact", maker.one(&customers.contacts).0)),
            ("record2roleid", Given::To("connectionrole", *maker.one(&roles))),
        ];
        maker.create("connection", &values)?;
    }
    Ok(())
}
