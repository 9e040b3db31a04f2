//! Units, a price list, products and opportunities.

use driftless_model::{Decimal, Result, Uuid, Value};

use super::customers::Customers;
use super::maker::{Given, Maker, money};
use super::words::{COMPANIES, DEALS, PRODUCTS};

const OPPORTUNITIES: usize = 48;

/// Makes the products with their units.
pub(super) fn products(maker: &mut Maker<'_, '_>) -> Result<Vec<Uuid>> {
    let group = maker.create("uomschedule", &[("name", "Pieces".into())])?;
    let quantity = |number: i64| Given::Value(Value::Decimal(Decimal::new(number, 0)));
    let piece = maker.create("uom", &[("name", "Piece".into()), ("quantity", quantity(1)), ("uomscheduleid", Given::To("uomschedule", group))])?;
    let dozen =
        [("name", "Dozen".into()), ("quantity", quantity(12)), ("uomscheduleid", Given::To("uomschedule", group)), ("baseuom", Given::To("uom", piece))];
    maker.create("uom", &dozen)?;
    let prices = maker.create("pricelevel", &[("name", "Retail".into()), ("begindate", maker.day(-200))])?;
    let mut products = Vec::new();
    for (at, (name, number, price, cost)) in PRODUCTS.into_iter().enumerate() {
        let values = [
            ("name", Given::from(name)),
            ("productnumber", number.into()),
            ("price", money(price)),
            ("currentcost", money(cost)),
            ("quantitydecimal", 0.into()),
            ("defaultuomid", Given::To("uom", piece)),
            ("defaultuomscheduleid", Given::To("uomschedule", group)),
            ("pricelevelid", Given::To("pricelevel", prices)),
        ];
        let product = maker.create("product", &values)?;
        // The last one is still a draft.
        if at + 1 < PRODUCTS.len() {
            maker.update("product", product, &[("statecode", 0.into()), ("statuscode", 1.into())])?;
        }
        products.push(product);
    }
    Ok(products)
}

/// Makes the opportunities: of six, one is won and one is lost.
pub(super) fn opportunities(maker: &mut Maker<'_, '_>, customers: &Customers) -> Result<Vec<Uuid>> {
    let mut opportunities = Vec::new();
    for number in 0..OPPORTUNITIES {
        let at = maker.below(customers.contacts.len());
        let (contact, account) = customers.contacts[at];
        let value = i64::from(maker.number(4, 240)) * 250;
        let values = [
            ("name", Given::from(format!("{}: {}", COMPANIES[at % COMPANIES.len()], maker.one(&DEALS)))),
            ("customerid", Given::To("account", account)),
            ("parentaccountid", Given::To("account", account)),
            ("parentcontactid", Given::To("contact", contact)),
            ("estimatedvalue", money(value)),
            ("estimatedclosedate", maker.day(maker.number(-60, 120))),
            ("closeprobability", (maker.number(1, 19) * 5).into()),
            ("opportunityratingcode", maker.number(1, 3).into()),
        ];
        let opportunity = maker.create("opportunity", &values)?;
        let closed = ("actualclosedate", maker.day(-maker.number(1, 90)));
        match number % 6 {
            4 => maker.update("opportunity", opportunity, &[("statecode", 1.into()), ("statuscode", 3.into()), ("actualvalue", money(value)), closed])?,
            5 => maker.update("opportunity", opportunity, &[("statecode", 2.into()), ("statuscode", maker.number(4, 5).into()), closed])?,
            _ => {}
        }
        opportunities.push(opportunity);
    }
    Ok(opportunities)
}
