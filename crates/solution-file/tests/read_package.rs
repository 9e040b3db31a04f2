//! What the reader makes of the format's variations (SOL-2 to SOL-11).

#![allow(clippy::unwrap_used, clippy::panic, reason = "test code")]

mod packing;

use driftless_solution_file::{
    CascadeAction, ChoiceKind, ChoiceSource, ColumnElement, ColumnType, InertKind, Package, PackageError, PackageLimits, RelationshipKind, RequiredLevel,
    TableElement, TableExtent, read, write,
};
use packing::{MANIFEST_CONTENT, ROOT_ATTRIBUTES, customizations, manifest, package_customizing, package_of, package_with};

fn read_bytes(bytes: &[u8]) -> Result<Package, PackageError> {
    read(bytes, &PackageLimits::default())
}

/// Reads customizations, and makes sure that what was read can be written and read again.
fn read_customizations(content: &str) -> Package {
    let package = read_bytes(&package_customizing(content)).unwrap();
    let again = read_bytes(&write(&package).unwrap()).unwrap();
    assert_eq!(again, package);
    package
}

fn read_manifest(attributes: &str, content: &str) -> Result<Package, PackageError> {
    read_bytes(&package_of(&manifest(attributes, content), &customizations(""), &[]))
}

fn read_table(definition: &str) -> TableElement {
    let xml = format!(
        "<Entities><Entity><Name>fab_Order</Name><EntityInfo><entity Name='fab_Order'>{definition}\
         </entity></EntityInfo></Entity></Entities>"
    );
    read_customizations(&xml).tables.remove(0)
}

fn read_column(content: &str) -> ColumnElement {
    let xml = format!("<attributes><attribute PhysicalName='fab_X'>{content}</attribute></attributes>");
    read_table(&xml).columns.remove(0)
}

fn message(content: &str) -> String {
    read_bytes(&package_customizing(content)).unwrap_err().to_string()
}

#[test] // SOL-2
fn a_manifest_is_read_with_publisher_components_and_dependencies() {
    let content = "<UniqueName> Orders </UniqueName>\
        <LocalizedNames><LocalizedName description='Orders &amp; more' languagecode='1033'/>\
        <LocalizedName description='Bestellungen' languagecode='1031'/></LocalizedNames>\
        <Descriptions/><Version>1.10</Version><Managed>1</Managed>\
        <Publisher><UniqueName>fabrikam</UniqueName><EMailAddress></EMailAddress>\
        <SupportingWebsiteUrl>https://example.com/?a=1&amp;b=2</SupportingWebsiteUrl>\
        <CustomizationPrefix>fab</CustomizationPrefix>\
        <CustomizationOptionValuePrefix>72700</CustomizationOptionValuePrefix>\
        <Addresses><Address><AddressNumber>1</AddressNumber><City xsi:nil='true'></City></Address>\
        </Addresses></Publisher>\
        <RootComponents><RootComponent type='1' schemaName='fab_order' behavior='0'/>\
        <RootComponent type='60' id='{00000000-0000-0000-0000-000000000001}'/></RootComponents>\
        <MissingDependencies><MissingDependency>\
        <Required type='1' schemaName='account' displayName='Account' solution='Active'/>\
        <Dependent type='10' schemaName='fab_account_order'/></MissingDependency>\
        </MissingDependencies><Extra>kept</Extra>";
    let attributes = "version='9.2.1' SolutionPackageVersion='9.2' languagecode='1033' \
                      generatedBy='CrmLive' \
                      xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'";
    let package = read_manifest(attributes, content).unwrap();
    let manifest = &package.manifest;
    assert_eq!(manifest.unique_name, "Orders");
    assert_eq!(manifest.labels[&1031], "Bestellungen");
    assert_eq!(manifest.labels[&1033], "Orders & more");
    assert_eq!(manifest.version.to_string(), "1.10");
    assert!(manifest.managed);
    assert_eq!(manifest.package_version.unwrap().to_string(), "9.2");
    assert_eq!(manifest.generated_by.as_deref(), Some("CrmLive"));
    assert_eq!(manifest.language_code, Some(1033));
    assert_eq!(manifest.properties.setting("extra"), Some("kept"));

    let publisher = &manifest.publisher;
    assert_eq!(publisher.unique_name, "fabrikam");
    assert_eq!(publisher.email, None);
    assert_eq!(publisher.website.as_deref(), Some("https://example.com/?a=1&b=2"));
    assert_eq!(publisher.prefix.as_deref(), Some("fab"));
    assert_eq!(publisher.option_value_prefix, Some(72_700));
    assert_eq!(publisher.addresses.len(), 1);
    assert_eq!(publisher.addresses[0].len(), 1);
    assert_eq!(publisher.addresses[0]["AddressNumber"], "1");

    assert_eq!(manifest.root_components.len(), 2);
    assert_eq!(manifest.root_components[0].schema_name.as_deref(), Some("fab_order"));
    assert_eq!(manifest.root_components[1].component_type, 60);
    let dependency = &manifest.missing_dependencies[0];
    assert_eq!(dependency.required.component_type(), Some(1));
    assert_eq!(dependency.required.schema_name(), Some("account"));
    assert_eq!(dependency.required.solution(), Some("Active"));
    assert_eq!(dependency.dependent.component_type(), Some(10));
    assert_eq!(read_bytes(&write(&package).unwrap()).unwrap(), package);
}

#[test] // SOL-16
fn errors_that_have_codes_of_their_own_are_told_apart() {
    let named = |name: &str, version: &str| MANIFEST_CONTENT.replace("Orders", name).replace("1.2.3.4", version);
    let error = |attributes: &str, content: &str| read_manifest(attributes, content).unwrap_err();
    assert!(matches!(
        error("", &named("Orders", "1.x")),
        PackageError::BadVersion { text } if text == "1.x"
    ));
    assert!(matches!(
        error("", &named("Or ders", "1.0")),
        PackageError::BadUniqueName { text } if text == "Or ders"
    ));
    assert!(matches!(error("", &named("", "1.0")), PackageError::BadUniqueName { .. }));
    assert!(matches!(error("SolutionPackageVersion='9.3'", MANIFEST_CONTENT), PackageError::PackageVersionTooNew { .. }));
    assert!(matches!(error("SolutionPackageVersion='new'", MANIFEST_CONTENT), PackageError::BadXml { .. }));
    for accepted in ["7.1", "8.0", "9.2", "9.2.5", "9.0"] {
        let attributes = format!("SolutionPackageVersion='{accepted}'");
        assert!(read_manifest(&attributes, MANIFEST_CONTENT).is_ok());
    }
}

#[test] // SOL-2
fn what_a_manifest_lacks_is_named() {
    for (missing, name) in [
        ("<Version>1.2.3.4</Version>", "Version"),
        ("<Managed>0</Managed>", "Managed"),
        ("<Publisher><UniqueName>fabrikam</UniqueName></Publisher>", "Publisher"),
    ] {
        let content = MANIFEST_CONTENT.replace(missing, "");
        let error = read_manifest("", &content).unwrap_err().to_string();
        assert!(error.contains(name), "{error}");
    }
    let bytes = package_of("<ImportExportXml/>", &customizations(""), &[]);
    let error = read_bytes(&bytes).unwrap_err().to_string();
    assert!(error.contains("SolutionManifest"), "{error}");
}

#[test] // SOL-5
fn flags_are_read_in_both_spellings_and_any_case() {
    let table = read_table(
        "<ChangeTrackingEnabled> True </ChangeTrackingEnabled><IsActivity>0</IsActivity>\
         <HasRelatedNotes>True</HasRelatedNotes><HasRelatedActivities>false</HasRelatedActivities>\
         <EntityColor></EntityColor><OwnershipTypeMask>UserOwned</OwnershipTypeMask>\
         <EntitySetName>fab_orders</EntitySetName><IntroducedVersion>1.0</IntroducedVersion>",
    );
    assert!(table.change_tracking());
    assert_eq!(table.properties.flag("IsActivity"), Some(false));
    assert_eq!(table.properties.flag("HasRelatedNotes"), Some(true));
    assert_eq!(table.properties.flag("hasrelatedactivities"), Some(false));
    assert_eq!(table.properties.flag("IsCustomizable"), None);
    assert_eq!(table.properties.setting("EntityColor"), Some(""));
    assert_eq!(table.ownership.as_deref(), Some("UserOwned"));
    assert_eq!(table.set_name.as_deref(), Some("fab_orders"));
    assert_eq!(table.extent, TableExtent::Full);
}

#[test] // SOL-5
fn nonsense_in_an_important_flag_is_an_error() {
    let text = message(
        "<Entities><Entity><Name>a</Name><EntityInfo><entity Name='a'>\
         <ChangeTrackingEnabled>maybe</ChangeTrackingEnabled></entity></EntityInfo></Entity>\
         </Entities>",
    );
    assert!(text.contains("ChangeTrackingEnabled: expected 0, 1, true or false, found 'maybe'"), "{text}");
    let table = read_table("<CanDance>sometimes</CanDance>");
    assert_eq!(table.properties.setting("CanDance"), Some("sometimes"));
}

#[test] // SOL-6, SOL-7
fn columns_of_every_kind_are_read() {
    let text = read_column(
        "<Type>NVARCHAR</Type><LogicalName>fab_x</LogicalName><RequiredLevel>required\
         </RequiredLevel><DisplayMask>PrimaryName|ValidForForm</DisplayMask><Format>email</Format>\
         <MaxLength>100</MaxLength><Length>200</Length><ValidForReadApi>1</ValidForReadApi>\
         <displaynames><displayname description='X' languagecode='1033'/></displaynames>",
    );
    assert_eq!(text.column_type, ColumnType::Text);
    assert_eq!(text.logical_name, "fab_x");
    assert_eq!(text.required_level, Some(RequiredLevel::ApplicationRequired));
    assert!(text.is_primary_name());
    assert_eq!(text.format.as_deref(), Some("email"));
    assert_eq!((text.max_length, text.length_bytes), (Some(100), Some(200)));
    assert_eq!(text.properties.flag("ValidForReadApi"), Some(true));
    assert_eq!(text.properties.flag("ValidForCreateApi"), None);
    assert_eq!(text.labels[&1033], "X");

    let money = read_column(
        "<Type>money</Type><Format/><MinValue>-922337203685477.5808</MinValue>\
         <MaxValue>922337203685477</MaxValue><Accuracy>2</Accuracy>\
         <AccuracySource>2</AccuracySource>",
    );
    assert_eq!(money.logical_name, "fab_X");
    assert_eq!(money.min_value.as_deref(), Some("-922337203685477.5808"));
    assert_eq!((money.precision, money.precision_source), (Some(2), Some(2)));
    assert_eq!(money.format, None);

    let date = read_column("<Type>datetime</Type><Format>date</Format><Behavior>2</Behavior>");
    assert_eq!(date.behavior, Some(2));

    let lookup = read_column(
        "<Type>lookup</Type><LookupStyle>single</LookupStyle><LookupTypes>\
         <LookupType id='{0}'>8</LookupType><LookupType>account</LookupType></LookupTypes>\
         <ReferencedEntityObjectTypeCode>8</ReferencedEntityObjectTypeCode>",
    );
    assert_eq!(lookup.lookup_targets[0].id.as_deref(), Some("{0}"));
    assert_eq!(lookup.lookup_targets[1].table, "account");
    assert_eq!(lookup.referenced_type_code, Some(8));

    let other = read_column("<Type>telepathy</Type>");
    assert_eq!(other.column_type, ColumnType::Other("telepathy".to_owned()));
}

#[test] // SOL-8
fn choices_are_local_or_shared() {
    let shared = read_column(
        "<Type>picklist</Type><AppDefaultValue>-1</AppDefaultValue>\
         <OptionSetName>fab_color</OptionSetName>",
    );
    assert_eq!(shared.choice, Some(ChoiceSource::Shared("fab_color".into())));
    assert_eq!(shared.default_value, Some(-1));

    let status = read_column(
        "<Type>status</Type><optionset Name='fab_order_statuscode'><OptionSetType>status\
         </OptionSetType><statuses><status value='1' state='0'><labels>\
         <label description='Active' languagecode='1033'/></labels></status></statuses></optionset>",
    );
    let Some(ChoiceSource::Local(choice)) = status.choice else {
        panic!("local");
    };
    assert_eq!(choice.kind, ChoiceKind::Status);
    assert_eq!(choice.options[0].state, Some(0));
    assert_eq!(choice.options[0].labels[&1033], "Active");

    let package = read_customizations(
        "<optionsets><optionset Name='fab_color' localizedName='Color'>\
         <OptionSetType>picklist</OptionSetType><IsGlobal>1</IsGlobal><options>\
         <option value='727000000' Color='#ff0000' ExternalValue='' IsHidden='0'><labels>\
         <label description='Red' languagecode='1033'/></labels></option></options></optionset>\
         </optionsets>",
    );
    let color = &package.choices[0];
    assert_eq!(color.name, "fab_color");
    assert_eq!(color.localized_name.as_deref(), Some("Color"));
    assert_eq!(color.properties.flag("IsGlobal"), Some(true));
    assert_eq!(color.options[0].value, 727_000_000);
    assert_eq!(color.options[0].color.as_deref(), Some("#ff0000"));
    assert_eq!(color.options[0].external_value, None);
    assert_eq!(color.options[0].hidden, Some(false));
}

#[test] // SOL-9
fn keys_keep_the_order_of_their_columns() {
    let table = read_table(
        "<EntityKeys><EntityKey><Name>fab_Code</Name><LogicalName>fab_code</LogicalName>\
         <IsCustomizable>0</IsCustomizable><EntityKeyAttributes><AttributeName>fab_z</AttributeName>\
         <AttributeName>fab_a</AttributeName></EntityKeyAttributes></EntityKey></EntityKeys>",
    );
    let key = &table.keys[0];
    assert_eq!((key.schema_name.as_str(), key.logical_name.as_str()), ("fab_Code", "fab_code"));
    assert_eq!(key.columns, ["fab_z", "fab_a"]);
    assert_eq!(key.properties.flag("IsCustomizable"), Some(false));
}

#[test] // SOL-10
fn relationships_of_both_kinds_are_read() {
    let package = read_customizations(
        "<EntityRelationships><EntityRelationship Name='fab_account_order'>\
         <ReferencingEntityName>fab_Order</ReferencingEntityName>\
         <EntityRelationshipType>OneToMany</EntityRelationshipType>\
         <ReferencedEntityName>Account</ReferencedEntityName><CascadeAssign>cascade</CascadeAssign>\
         <CascadeDelete>RemoveLink</CascadeDelete><CascadeArchive>Odd</CascadeArchive>\
         <ReferencingAttributeName>fab_AccountId</ReferencingAttributeName>\
         <RelationshipDescription><Descriptions><Description description='d' languagecode='1033'/>\
         </Descriptions></RelationshipDescription>\
         <field name='fab_accountid' lookuptypes='1, 2'><IsSecured>0</IsSecured></field>\
         <EntityRelationshipRoles><EntityRelationshipRole><NavPaneOrder>1</NavPaneOrder>\
         <NavigationPropertyName>fab_AccountId</NavigationPropertyName>\
         <RelationshipRoleType>1</RelationshipRoleType></EntityRelationshipRole>\
         <EntityRelationshipRole><NavigationPropertyName>fab_orders_of</NavigationPropertyName>\
         <RelationshipRoleType>0</RelationshipRoleType></EntityRelationshipRole>\
         </EntityRelationshipRoles></EntityRelationship>\
         <EntityRelationship Name='fab_order_tag'>\
         <EntityRelationshipType>ManyToMany</EntityRelationshipType>\
         <FirstEntityName>fab_Order</FirstEntityName><SecondEntityName>fab_Tag</SecondEntityName>\
         <IntersectEntityName>fab_order_tag</IntersectEntityName><EntityRelationshipRoles>\
         <EntityRelationshipRole><NavigationPropertyName>tags</NavigationPropertyName>\
         <AssociationRoleOrdinal>1</AssociationRoleOrdinal></EntityRelationshipRole>\
         </EntityRelationshipRoles></EntityRelationship></EntityRelationships>",
    );
    let [one_to_many, many_to_many] = &package.relationships[..] else {
        panic!("two");
    };
    let RelationshipKind::OneToMany(one) = &one_to_many.kind else {
        panic!("one-to-many");
    };
    assert_eq!(one.referencing_table, "fab_Order");
    assert_eq!(one.referenced_table, "Account");
    assert_eq!(one.referencing_column.as_deref(), Some("fab_AccountId"));
    assert_eq!(one.cascades.assign, Some(CascadeAction::Cascade));
    assert_eq!(one.cascades.delete, Some(CascadeAction::RemoveLink));
    assert_eq!(one.cascades.archive, Some(CascadeAction::Other("Odd".into())));
    assert_eq!(one.cascades.merge, None);
    let column = one.column.as_ref().unwrap();
    assert_eq!(column.attributes["lookuptypes"], "1, 2");
    assert_eq!(one_to_many.descriptions[&1033], "d");
    assert_eq!(one_to_many.lookup_navigation(), Some("fab_AccountId"));
    assert_eq!(one_to_many.collection_navigation(), Some("fab_orders_of"));
    assert_eq!(one_to_many.roles[0].properties.setting("NavPaneOrder"), Some("1"));

    let RelationshipKind::ManyToMany(many) = &many_to_many.kind else {
        panic!("many-to-many");
    };
    assert_eq!(many.first_table, "fab_Order");
    assert_eq!(many.intersect_table, "fab_order_tag");
    assert_eq!(many_to_many.many_to_many_navigation(1), Some("tags"));
    assert_eq!(many_to_many.many_to_many_navigation(2), None);
}

#[test] // SOL-11
fn forms_views_and_ribbon_are_kept_as_text() {
    let package = read_customizations(
        "<Entities><Entity><Name LocalizedName='Order'>fab_Order</Name>\
         <FormXml><forms type='main'>\r\n<form a = \"1\"/><!-- c --></forms></FormXml>\
         <SavedQueries><savedqueries><savedquery><isdefault>1</isdefault>\
         <savedqueryid>{11111111-1111-1111-1111-111111111111}</savedqueryid>\
         <layoutxml>\n <grid><row/></grid>\n</layoutxml><querytype>0</querytype>\
         <fetchxml>&lt;fetch&gt;&lt;entity name='a'/&gt;&lt;/fetch&gt;</fetchxml>\
         <LocalizedNames><LocalizedName description='All' languagecode='1033'/></LocalizedNames>\
         </savedquery></savedqueries></SavedQueries><RibbonDiffXml><a/></RibbonDiffXml>\
         <Visualizations><v/></Visualizations></Entity></Entities>",
    );
    let table = &package.tables[0];
    assert_eq!(table.extent, TableExtent::Parts);
    assert_eq!(table.localized_name.as_deref(), Some("Order"));
    assert_eq!(table.forms.as_deref(), Some("<FormXml><forms type='main'>\r\n<form a = \"1\"/><!-- c --></forms></FormXml>"));
    assert_eq!(table.ribbon.as_deref(), Some("<RibbonDiffXml><a/></RibbonDiffXml>"));
    assert_eq!(table.other_elements[0].name, "Visualizations");
    let view = &table.views[0];
    assert_eq!(view.is_default, Some(true));
    assert_eq!(view.query_type, Some(0));
    assert_eq!(view.labels[&1033], "All");
    assert_eq!(view.layout_xml.as_deref(), Some("<grid><row/></grid>"));
    assert_eq!(view.fetch_xml.as_deref(), Some("<fetch><entity name='a'/></fetch>"));
}

#[test]
fn a_table_may_come_without_changes_of_its_own() {
    let package = read_customizations(
        "<Entities><Entity><EntityInfo><entity Name='Account' unmodified='1'><attributes>\
         <attribute PhysicalName='fab_Rank'><Type>int</Type></attribute></attributes></entity>\
         </EntityInfo></Entity></Entities>",
    );
    assert_eq!(package.tables[0].schema_name, "Account");
    assert_eq!(package.tables[0].extent, TableExtent::Unmodified);
    assert_eq!(package.tables[0].columns.len(), 1);
}

#[test]
fn unknown_elements_never_fail_the_read() {
    let table = read_table(
        "<Novelty><Part a='1'>x</Part></Novelty><attributes><attribute PhysicalName='a'>\
         <Type>int</Type><Future b='2'/><Plain>y</Plain></attribute></attributes>",
    );
    assert_eq!(table.properties.elements[0].name, "Novelty");
    assert_eq!(table.properties.elements[0].xml, "<Novelty><Part a='1'>x</Part></Novelty>");
    let package = read_customizations(
        "<Entities><New/><Entity><Name>a</Name><EntityInfo><entity><attributes><New/></attributes>\
         <EntityKeys><New/></EntityKeys><Descriptions><New/></Descriptions></entity><New/>\
         </EntityInfo><SavedQueries><New/><savedqueries><New/></savedqueries></SavedQueries>\
         </Entity></Entities><EntityRelationships><New/></EntityRelationships>\
         <optionsets><New/><optionset><options><New/></options></optionset></optionsets>\
         <Languages><New/></Languages>",
    );
    assert_eq!(package.tables.len(), 1);
    assert_eq!(package.choices.len(), 1);

    let column = &table.columns[0];
    assert_eq!(column.properties.elements[0].xml, "<Future b='2'/>");
    assert_eq!(column.properties.setting("Plain"), Some("y"));
}

#[test]
fn sections_and_files_that_are_not_interpreted_are_named() {
    let bytes = package_of(
        &manifest(ROOT_ATTRIBUTES, MANIFEST_CONTENT),
        &customizations(
            "<Roles><Role name='Sales Manager' id='{1}'/><Role id='{2}'/></Roles><Workflows/>\
             <Templates>\n</Templates><CustomControls><CustomControl><Name>fab.Slider</Name>\
             </CustomControl><odd/></CustomControls><Languages><Language>1033</Language>\
             <Language>1031</Language></Languages>",
        ),
        &[("WebResources/", b""), ("WebResources\\fab_app.js", b"alert(1)")],
    );
    let package = read_bytes(&bytes).unwrap();
    let found: Vec<_> = package.other_parts.iter().map(|part| (part.kind, part.name.as_str(), part.items.join(", "))).collect();
    assert_eq!(
        found,
        [
            (InertKind::Section, "CustomControls", "fab.Slider, odd".to_owned()),
            (InertKind::Section, "Roles", "Sales Manager, {2}".to_owned()),
            (InertKind::File, "WebResources/fab_app.js", String::new()),
        ]
    );
    assert_eq!(package.other_parts[2].content, b"alert(1)");
    assert_eq!(package.languages, [1033, 1031]);
    assert_eq!(read_bytes(&write(&package).unwrap()).unwrap(), package);
}

#[test]
fn element_names_are_read_in_any_case() {
    let package = read_customizations(
        "<entities><entity><name>fab_Order</name><entityinfo><Entity name='fab_Order'>\
         <Attributes><Attribute physicalname='fab_A'><type>bit</type></Attribute></Attributes>\
         </Entity></entityinfo></entity></entities><OptionSets/>",
    );
    assert_eq!(package.tables[0].columns[0].column_type, ColumnType::Boolean);
}

#[test]
fn prefixes_of_the_root_still_hold_in_a_written_package() {
    let customizations = "<ImportExportXml xmlns:q='urn:q&amp;'><Entities><Entity><Name>a</Name>\
        <FormXml q:version='1'><q:form/></FormXml></Entity></Entities></ImportExportXml>";
    let bytes = package_of(&manifest(ROOT_ATTRIBUTES, MANIFEST_CONTENT), customizations, &[]);
    let package = read_bytes(&bytes).unwrap();
    assert_eq!(package.namespaces["q"], "urn:q&");
    assert_eq!(read_bytes(&write(&package).unwrap()).unwrap(), package);
}

#[test]
fn elements_without_what_they_are_about_are_errors() {
    for (xml, expected) in [
        ("<Entities><Entity/></Entities>", "the table has no name"),
        (
            "<Entities><Entity><Name>a</Name><EntityInfo><entity><attributes><attribute/>\
             </attributes></entity></EntityInfo></Entity></Entities>",
            "attribute must have attribute PhysicalName",
        ),
        (
            "<Entities><Entity><Name>a</Name><EntityInfo><entity><attributes>\
             <attribute PhysicalName='b'/></attributes></entity></EntityInfo></Entity></Entities>",
            "the column has no Type",
        ),
        (
            "<Entities><Entity><Name>a</Name><ObjectTypeCode>many</ObjectTypeCode></Entity>\
             </Entities>",
            "ObjectTypeCode: expected a whole number, found 'many'",
        ),
        ("<EntityRelationships><EntityRelationship Name='a'/></EntityRelationships>", "the relationship has no EntityRelationshipType"),
        ("<optionsets><optionset Name='a'><options><option/></options></optionset></optionsets>", "an option must have attribute value"),
        (
            "<Entities><Entity><Name>a</Name><EntityInfo><entity><Descriptions>\
             <Description languagecode='en'/></Descriptions></entity></EntityInfo></Entity>\
             </Entities>",
            "Description: expected a language code, found 'en'",
        ),
        ("<Languages><Language>English</Language></Languages>", "Language: expected a language code, found 'English'"),
    ] {
        let text = message(xml);
        assert!(text.contains(expected), "{text}");
        assert!(text.starts_with("customizations.xml line 1 column "), "{text}");
    }
}

#[test]
fn directories_are_no_parts() {
    let package = read_bytes(&package_with(&[("Workflows/", b"")])).unwrap();
    assert!(package.other_parts.is_empty());
}
