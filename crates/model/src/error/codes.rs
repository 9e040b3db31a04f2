//! Every error code: number, HTTP status and default text. The documentation page is generated from this list.

/// Declares the codes. A number that stands twice does not compile: the match in `from_number` would be unreachable.
macro_rules! error_codes {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $status:literal, $text:literal;)*) => {
        /// A published error code of the service (semantics part 9, web-api 29).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ErrorCode {
            $($(#[$doc])* #[doc = $text] $name,)*
        }

        impl ErrorCode {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The number as the Web API writes it in hexadecimal; as a signed 32-bit number it is what SOAP faults carry.
            pub const fn number(self) -> u32 {
                match self { $(Self::$name => $number,)* }
            }

            /// The HTTP status that goes with it.
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }

            /// The text used when nothing more precise is known.
            pub const fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The code with this number.
            #[deny(unreachable_patterns)]
            pub const fn from_number(number: u32) -> Option<Self> {
                match number { $($number => Some(Self::$name),)* _ => None }
            }
        }
    };
}

error_codes! {
    RequiredFieldMissing = 0x8004_0200, 400, "Required field missing.";
    InvalidArgument = 0x8004_0203, 400, "Invalid argument.";
    MissingOwner = 0x8004_0215, 400, "Item does not have an owner.";
    UnExpected = 0x8004_0216, 500, "An unexpected error occurred.";
    ObjectDoesNotExist = 0x8004_0217, 404, "The specified object was not found.";
    PrivilegeDenied = 0x8004_0220, 403, "The user does not hold the necessary privileges.";
    UserNotAssignedRoles = 0x8004_2f09, 403, "The user has not been assigned any roles.";
    UserDisabled = 0x8004_0225, 403, "The specified user is either disabled or is not a member of any business unit.";
    CannotDeleteDueToAssociation = 0x8004_0227, 400, "The object you tried to delete is associated with another object and cannot be deleted.";
    InvalidOwnerId = 0x8004_0229, 400, "The owner is not valid.";
    PrincipalPrivilegeDenied = 0x8004_0231, 403, "The principal has not been granted the necessary privileges.";
    DuplicateRecord = 0x8004_0237, 412, "Operation failed due to a SQL integrity violation.";
    InvalidOperation = 0x8004_023b, 405, "Invalid Operation performed.";
    InvalidFetchXml = 0x8004_0303, 400, "Malformed FetchXml.";
    NotSupported = 0x8004_0315, 405, "This action is not supported.";
    LoopExists = 0x8004_0506, 400, "Creating this parental association would create a loop in the account hierarchy.";
    ContactLoopExists = 0x8004_0509, 400, "Creating this parental association would create a loop in the contact hierarchy.";
    QueryBuilderNoEntity = 0x8004_1102, 400, "The specified entity was not found.";
    QueryBuilderNoAttribute = 0x8004_1103, 400, "The specified attribute does not exist on this entity.";
    PagingCookieOrder = 0x8004_1129, 400, "Order by columns do not match those in paging cookie.";
    InvalidPagingCookie = 0x8004_112a, 400, "Invalid page number in paging cookie.";
    BusinessManagementLoopExists = 0x8004_1d20, 400, "Creating this parental association would create a loop in the business unit hierarchy.";
    UserLoopExists = 0x8004_1d24, 400, "Creating this parental association would create a loop in the user hierarchy.";
    BusinessIsNotDisabled = 0x8004_1d60, 400, "The business unit is not disabled and cannot be deleted.";
    BusinessHasChild = 0x8004_1d61, 400, "The business unit has a child business unit and cannot be deleted.";
    BusinessDefaultTeamOwnsRecords = 0x8004_1d62, 400, "The default team of the business unit owns records; the business unit cannot be deleted.";
    RootBusinessUnit = 0x8004_1d63, 400, "The root business unit cannot be disabled, moved or deleted.";
    LastAdministrator = 0x8004_1d59, 400, "At least one active administrator must remain.";
    StateTransitionRefused = 0x8004_f857, 400, "The status cannot be changed in this way: the table lists the allowed transitions.";
    CannotActOnBehalfOfAnotherUser = 0x8004_a110, 403, "User does not have the privilege to act on behalf another user.";
    AsyncOperationCannotDeleteUnlessCompleted = 0x8004_416a, 400, "The system job can be deleted only when it is completed.";
    SqlTimeout = 0x8004_4151, 503, "The operation took too long. Try again with a smaller request.";
    StoreUnavailable = 0x8004_4150, 503, "The store cannot take the request now. Try again later.";
    RequestLengthTooLarge = 0x8004_418a, 413, "Request message length is too large.";
    RequestIsNotAuthenticated = 0x8004_4302, 401, "Request is not authenticated.";
    PagingLimitWithoutCookie = 0x8004_430a, 400, "Over upper limit of records that can be requested without a paging cookie. A paging cookie is required when retrieving a high page number.";
    TooManyConditionsInQuery = 0x8004_430c, 400, "Number of conditions in query exceeded maximum limit.";
    TooManyLinkEntitiesInQuery = 0x8004_430d, 400, "Number of link entities in query exceeded maximum limit.";
    PicklistValueOutOfRange = 0x8004_431a, 400, "The picklist value is out of the range.";
    BooleanOutOfRange = 0x8004_431c, 400, "The yes/no value must be 0 or 1.";
    OptionAlreadyExists = 0x8004_4333, 400, "An option with the specified value already exists.";
    DateTimeOutOfRange = 0x8004_4326, 400, "The date-time format is invalid, or value is outside the supported range.";
    IntegerValueOutOfRange = 0x8004_432f, 400, "The value of the number is outside the valid range.";
    DecimalValueOutOfRange = 0x8004_4330, 400, "The value of the decimal is outside the valid range.";
    StringLengthTooLong = 0x8004_4331, 400, "The length of the text exceeds the maximum allowed length.";
    RelationshipNameExists = 0x8004_432b, 400, "A relationship with the specified name already exists. Please specify a unique name.";
    ParentalRelationshipExists = 0x8004_432d, 400, "The table already is the child in a relationship with a cascading action.";
    DefaultStatusCannotBeDeleted = 0x8004_4341, 400, "The default status of a state cannot be deleted.";
    ChoiceNameExists = 0x8004_4345, 400, "An OptionSet with the specified name already exists. Please specify a unique name.";
    ExpiredVersionStamp = 0x8004_4352, 400, "Version stamp associated with the client has expired. Please perform a full sync.";
    SchemaNameTaken = 0x8004_4361, 400, "The schema name is not unique.";
    ReservedName = 0x8004_4362, 400, "The schema name is a reserved word.";
    SetNameTaken = 0x8004_4363, 400, "The entity set name is not unique.";
    AttachmentTooLarge = 0x8004_4a02, 400, "Attachment file size is too big.";
    InvalidNameCharacters = 0x8004_4364, 400, "The schema name may hold letters, digits and underscores only.";
    InvalidNameStart = 0x8004_4365, 400, "The schema name must begin with a letter.";
    InvalidNamePrefix = 0x8004_4366, 400, "The schema name must begin with the publisher's prefix and an underscore.";
    InvalidNameLength = 0x8004_4367, 400, "The schema name is too long or empty.";
    ExpiredAuthTicket = 0x8004_a101, 401, "The ticket specified for authentication is expired";
    InvalidAuthTicket = 0x8004_a100, 401, "The ticket specified for authentication didn't pass validation";
    InvalidRelationshipType = 0x8004_7004, 400, "The relationship would make a cycle of cascading actions.";
    EntityNameExists = 0x8004_700b, 400, "An entity with the specified name already exists. Please specify a unique name.";
    InvalidOwnershipTypeMask = 0x8004_700d, 400, "The ownership is not valid for a custom table.";
    AttributeNameExists = 0x8004_7013, 400, "An attribute with the specified name already exists";
    EntityHasNoStateCode = 0x8004_7015, 400, "The table has no state.";
    ImportWrongPublisher = 0x8004_801c, 400, "The installed solution has another publisher.";
    ImportMissingDependencies = 0x8004_801d, 400, "The following solution cannot be imported: {0}. Some dependencies are missing.";
    ImportFailed = 0x8004_8033, 400, "An error occurred while importing a Solution.";
    ExportFailed = 0x8004_8035, 400, "An error occurred while exporting a Solution.";
    ExportManagedSolution = 0x8004_8036, 400, "An error occurred while exporting a solution. Managed solutions cannot be exported.";
    SolutionNotFound = 0x8004_8037, 404, "The solution was not found.";
    ImportManagedOverUnmanaged = 0x8004_8040, 400, "The solution is already installed on this system as an unmanaged solution and the package supplied is attempting to install it in managed mode. Import can only update solutions when the modes match. Uninstall the current solution and try again.";
    ImportUnmanagedOverManaged = 0x8004_8041, 400, "The solution is already installed on this system as a managed solution and the package supplied is attempting to install it in unmanaged mode. Import can only update solutions when the modes match. Uninstall the current solution and try again.";
    ImportBadZipFile = 0x8004_8060, 400, "The solution file is invalid. The compressed file must contain the following files at its root: solution.xml, customizations.xml, and [Content_Types].xml. Customization files exported from previous versions are not supported.";
    ImportPackageVersion = 0x8004_8068, 400, "The version of the solution package is not supported.";
    InvalidCascadeValue = 0x8004_8204, 400, "The cascade value is not valid for the action.";
    CascadeTooManyParents = 0x8004_8205, 400, "The table is already the child in a parental relationship.";
    RemoveLinkOnRequired = 0x8004_8104, 400, "The lookup is required and cannot be cleared when the referenced row is deleted.";
    ReparentWithoutOwner = 0x8004_8107, 400, "Reparent can cascade only between tables whose rows have an owner.";
    UserOwnedOnOrganizationOwned = 0x8004_4156, 400, "A cascade of user-owned rows is not valid for a table that is owned by the organization.";
    CannotUpdateDefaultTeam = 0x8004_830a, 400, "The name of a business unit's default team cannot be changed.";
    CannotDeleteDefaultTeam = 0x8004_8307, 400, "A business unit's default team cannot be deleted.";
    CannotReparentDefaultTeam = 0x8004_8308, 400, "A business unit's default team cannot be moved to another business unit.";
    RecordAccessDenied = 0x8004_8306, 403, "The principal does not have the right to do this to the record.";
    TeamOwnsRecords = 0x8004_830e, 400, "The team owns records and cannot be deleted.";
    CannotAssignToAccessTeam = 0x8004_8340, 400, "An access team cannot own records.";
    InvalidOptionPrefix = 0x8004_8402, 400, "The option value prefix must lie between 10000 and 99999.";
    AccessDenied = 0x8004_8405, 403, "Access is denied.";
    InvalidStateCodeStatusCode = 0x8004_8408, 400, "State code is invalid or state code is valid but status code is invalid for a specified state code.";
    GlobalChoiceInUse = 0x8004_8417, 400, "The global choice is used by columns and cannot be deleted.";
    LowerVersionUpgrade = 0x8004_8541, 400, "The solution must have a higher version than the one that is installed.";
    BaseCurrencyCannotBeDeactivated = 0x8004_8cf4, 400, "The base currency cannot be deactivated.";
    InvalidPayload = 0x8004_8d19, 400, "Error identified in Payload provided by the user.";
    CannotChangeRequiredLevel = 0x8004_d293, 400, "The system-required level cannot be given to or taken from a column.";
    AggregateQueryRecordLimitExceeded = 0x8004_e023, 400, "The maximum record limit is exceeded. Reduce the number of records.";
    InvalidSolutionUniqueName = 0x8004_f002, 400, "The unique name of the solution is not valid.";
    CannotDeleteRestrictedSolution = 0x8004_f005, 400, "The default and system solutions cannot be deleted.";
    CannotDeleteRestrictedPublisher = 0x8004_f006, 400, "The default and system publishers cannot be deleted.";
    ManagedOverwritesUnmanaged = 0x8004_f016, 400, "A managed component cannot overwrite an existing unmanaged one.";
    CannotUninstallWithDependencies = 0x8004_f01d, 400, "The solution cannot be deleted: other components need parts of it.";
    InvalidSolutionVersion = 0x8004_f01e, 400, "The version of the solution is not valid: it must read major.minor[.build[.revision]].";
    CannotDeleteInUseComponent = 0x8004_f01f, 400, "The component cannot be deleted because other components need it.";
    CannotUninstallReferencedSolution = 0x8004_f020, 400, "The solution cannot be uninstalled: another solution needs parts of it.";
    SolutionUniqueNameTaken = 0x8004_f023, 400, "A solution with this unique name exists.";
    CannotUpdateManagedSolution = 0x8004_f024, 400, "A managed solution cannot be changed.";
    CannotDeleteMetadata = 0x8004_f032, 400, "The component is managed or built in and cannot be changed or deleted in this way.";
    AttributePermissionCreateIsMissing = 0x8004_f502, 403, "The user does not have create permissions to a secured field. The requested operation could not be completed.";
    MultiSelectLimitExceeded = 0x8005_0222, 400, "Too many options are selected.";
    AuthenticationRequired = 0x8005_f101, 401, "The requested resource requires authentication.";
    ConcurrencyVersionMismatch = 0x8006_0882, 412, "The version of the existing record doesn't match the RowVersion property provided.";
    ConcurrencyVersionNotProvided = 0x8006_0883, 400, "The RowVersion property must be provided when the value of ConcurrencyBehavior is IfVersionMatches.";
    ODataError = 0x8006_0888, 400, "The request is not valid.";
    ResourceNotFound = 0x8006_088a, 404, "Resource not found for the segment.";
    OptimisticConcurrencyNotEnabled = 0x8006_088d, 400, "Optimistic concurrency isn't enabled for the table.";
    InvalidEntityKeyOperation = 0x8006_088f, 400, "Invalid EntityKey Operation performed.";
    EntityKeyNotDefined = 0x8006_0890, 400, "The specified key attributes are not a defined key for the table.";
    RecordNotFoundByEntityKey = 0x8006_0891, 404, "A record with the specified key values does not exist.";
    DuplicateRecordEntityKey = 0x8006_0892, 412, "A record with the same key values already exists.";
    EntityKeyNameExists = 0x8006_0893, 400, "An entity key with this name already exists on the table.";
    EntityKeyWithSelectedAttributesExists = 0x8006_0894, 400, "An entity key with the selected attributes already exists on entity.";
    CannotSecureEntityKeyAttribute = 0x8006_0896, 400, "The field is not securable as it is part of an entity key.";
    ReactivateEntityKeyOnlyForFailedJobs = 0x8006_0897, 400, "Reactivate entity key is only supported for failed job";
    SetNamePrefix = 0x8006_089c, 400, "The entity set name must start with a valid customization prefix.";
    MultipleRecordsFoundByEntityKey = 0x8006_089d, 400, "More than one record has the key values.";
    SolutionConcurrencyFailure = 0x8007_1151, 400, "Another solution is being imported or removed. Try again when it has ended.";
    ThrottlingTimeExceeded = 0x8007_2321, 429, "Combined execution time of incoming requests exceeded the limit.";
    ThrottlingBurstRequestLimitExceeded = 0x8007_2322, 429, "Number of requests exceeded the limit.";
    ThrottlingConcurrency = 0x8007_2326, 429, "Number of concurrent requests exceeded the limit.";
    ChangeTrackingNotEnabled = 0x8007_2491, 400, "The table isn't enabled for change tracking.";
    ChangeTrackingNotEnabledForRelated = 0x8007_2492, 400, "Changes cannot be retrieved for an intersect table since both related tables are not enabled for change tracking.";
    ProcessImageFailure = 0x8007_2553, 400, "Error occured when processing image.";
    CannotUploadNonPrimaryImageAttributeOnCreate = 0x8009_0487, 400, "A non-primary image is not allowed to upload during Create operation.";
    UserNotMemberOfOrg = 0x8007_2560, 403, "The user is not a member of the organization.";
}
