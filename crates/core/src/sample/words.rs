//! What the sample's people, companies and things are called. All of it is invented.

pub(super) const COMPANIES: [&str; 40] = [
    "Alder & Finch",
    "Amberline Pianos",
    "Arcwell Music",
    "Baltic Strings",
    "Bellhouse",
    "Birchwood Academy",
    "Blue Door Theater",
    "Brasswick",
    "Candlemere Hall",
    "Cedar Point School",
    "Clearwater Winds",
    "Copperfield Audio",
    "Corvane Studios",
    "Drumlin Brothers",
    "Eastgate Opera",
    "Elmira Sound",
    "Fernhill Festival",
    "Flintlock Records",
    "Granite Bay Choir",
    "Harbor Light Stage",
    "Hollin & Reed",
    "Ironbridge Brass",
    "Juniper Lane Music",
    "Kestrel Broadcasting",
    "Larkspur Theater",
    "Maple Row Schools",
    "Meridian Philharmonic",
    "Northfold Strings",
    "Oakhurst Conservatory",
    "Palisade Events",
    "Quillon Guitars",
    "Redstart Rentals",
    "Saltmarsh Folk Club",
    "Silverbirch Hotel",
    "Stonegate Chapel",
    "Tamarack Tours",
    "Umberfield Orchestra",
    "Violet Hour",
    "Westerly Jazz House",
    "Yarrow Music Shop",
];
pub(super) const FIRST_NAMES: [&str; 30] = [
    "Ada", "Amir", "Anouk", "Bela", "Carmen", "Chidi", "Dana", "Elif", "Emil", "Farah", "Goran", "Hana", "Ines", "Ivo", "Jonas", "Kaya", "Leila", "Luca",
    "Mara", "Milan", "Nia", "Noor", "Oskar", "Priya", "Rafael", "Sanna", "Tariq", "Uma", "Viktor", "Zoe",
];
pub(super) const LAST_NAMES: [&str; 30] = [
    "Abara",
    "Bergholm",
    "Castellan",
    "Dvorsky",
    "Eklund",
    "Farrow",
    "Gallagher",
    "Haddad",
    "Ibarra",
    "Jansen",
    "Kovac",
    "Lindqvist",
    "Marchetti",
    "Novak",
    "Okafor",
    "Petrov",
    "Quist",
    "Rahman",
    "Sato",
    "Tanaka",
    "Ueda",
    "Varga",
    "Whitlock",
    "Xavier",
    "Yilmaz",
    "Zeller",
    "Moreau",
    "Nilsen",
    "Ortega",
    "Pascal",
];
pub(super) const JOB_TITLES: [&str; 10] =
    ["Music Director", "Purchasing Manager", "Stage Manager", "Owner", "Head of Strings", "Teacher", "Accountant", "Technician", "Event Planner", "Librarian"];
/// City, state, code before the last two digits.
pub(super) const CITIES: [(&str, &str, &str); 8] = [
    ("Harborview", "WA", "981"),
    ("Millbrook", "NY", "125"),
    ("Cedar Falls", "IA", "506"),
    ("Lakeport", "CA", "954"),
    ("Ashby", "MA", "014"),
    ("Red Oak", "TX", "751"),
    ("Fairhope", "AL", "365"),
    ("Granby", "CO", "804"),
];
pub(super) const STREETS: [&str; 8] =
    ["Station Road", "Mill Lane", "High Street", "Quay Street", "Orchard Way", "Chapel Hill", "Market Square", "River Terrace"];
/// Name, number, list price and cost.
pub(super) const PRODUCTS: [(&str, &str, i64, i64); 16] = [
    ("Concert violin", "V-100", 4_800, 2_900),
    ("Student violin", "V-010", 390, 210),
    ("Viola", "V-200", 3_200, 1_900),
    ("Cello", "V-300", 5_600, 3_400),
    ("Upright piano", "P-100", 8_900, 5_800),
    ("Grand piano", "P-200", 42_000, 29_000),
    ("Stage piano", "P-300", 2_400, 1_500),
    ("Trumpet", "B-100", 1_450, 820),
    ("Trombone", "B-200", 1_900, 1_100),
    ("French horn", "B-300", 3_800, 2_300),
    ("Clarinet", "W-100", 980, 560),
    ("Flute", "W-200", 1_150, 640),
    ("Snare drum", "D-100", 320, 170),
    ("Music stand", "A-100", 45, 18),
    ("Tuning and care", "S-100", 120, 60),
    ("Full overhaul", "S-200", 650, 310),
];
pub(super) const SUBJECTS: [&str; 6] = ["Instruments", "Strings", "Keyboards", "Brass and winds", "Deliveries", "Invoices"];
pub(super) const DEALS: [&str; 8] = [
    "instruments for the new season",
    "a grand piano for the hall",
    "a set of student violins",
    "rental for the summer festival",
    "care contract",
    "brass section renewal",
    "stage pianos for two rooms",
    "stands and accessories",
];
/// Title, and whether it is about a product.
pub(super) const CASES: [(&str, bool); 10] = [
    ("Key sticks in cold weather", true),
    ("Bow arrived damaged", true),
    ("Valve leaks", true),
    ("Wrong item delivered", true),
    ("Invoice shows an old address", false),
    ("Question about rental terms", false),
    ("Tuning does not hold", true),
    ("Missing certificate of origin", true),
    ("Delivery is late", false),
    ("Asks for a spare part", true),
];
pub(super) const TASKS: [&str; 8] = [
    "Send the catalog",
    "Prepare an offer",
    "Check the stock",
    "Call back about the delivery",
    "Arrange a tuning",
    "Review the contract",
    "Order spare parts",
    "Ask for feedback",
];
pub(super) const CALLS: [&str; 5] =
    ["Talk about the offer", "Confirm the delivery date", "Introduce the new series", "Follow up on the repair", "Ask for references"];
pub(super) const MEETINGS: [&str; 4] = ["Visit to the workshop", "Presentation of instruments", "Review of the year", "Acoustics of the hall"];
pub(super) const EMAILS: [&str; 4] = ["Your offer", "Dates for the tuning", "Thank you for your order", "Our spring catalog"];
pub(super) const NOTES: [&str; 4] =
    ["Prefers deliveries in the morning", "Asks for a discount from ten pieces on", "Loading dock is behind the building", "Decision is made by the board"];
