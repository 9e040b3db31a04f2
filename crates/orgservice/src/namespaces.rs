//! The namespaces of the wire (organization-service 4.1).

/// A namespace. The short name is the one that this program writes before names of types and elements; readers go by the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Ns {
    /// Operations and their parameters.
    Services,
    /// Rows, queries, requests and answers of `Microsoft.Xrm.Sdk`, faults.
    Contracts,
    /// Messages of `Microsoft.Crm.Sdk` and their values.
    Crm,
    /// `key` and `value` of pairs.
    Generic,
    /// Arrays of simple values.
    Arrays,
    /// `guid`, `duration`, `char`.
    Serialization,
    /// Types of XML Schema.
    Schema,
    /// Keys, changes, transactions.
    Contracts71,
    /// Values of messages of 8.1.
    Contracts81,
    /// Values of messages of 8.2.
    Contracts82,
    /// Values of messages of 9.0.
    Contracts90,
    /// ExecuteMultiple.
    Contracts2012,
    /// Details of the organization.
    Contracts2014,
    /// Definitions.
    Metadata,
    /// Definitions: names of types and formats.
    Metadata2013,
    /// Definitions: keys.
    Metadata71,
    /// Definitions: files, several choices.
    Metadata90,
    /// Queries of definitions.
    MetadataQuery,
    /// Queries of keys.
    Query80,
    /// Internal values of the SDK.
    Sdk,
    /// Internal values of .NET.
    System,
    /// Internal values of the SDK's definitions.
    SdkMetadata,
    /// The list of organizations.
    Discovery,
}

impl Ns {
    /// Every namespace.
    pub(crate) const ALL: [Self; 23] = [
        Self::Services,
        Self::Contracts,
        Self::Crm,
        Self::Generic,
        Self::Arrays,
        Self::Serialization,
        Self::Schema,
        Self::Contracts71,
        Self::Contracts81,
        Self::Contracts82,
        Self::Contracts90,
        Self::Contracts2012,
        Self::Contracts2014,
        Self::Metadata,
        Self::Metadata2013,
        Self::Metadata71,
        Self::Metadata90,
        Self::MetadataQuery,
        Self::Query80,
        Self::Sdk,
        Self::System,
        Self::SdkMetadata,
        Self::Discovery,
    ];

    /// The address.
    pub(crate) const fn address(self) -> &'static str {
        match self {
            Self::Services => "http://schemas.microsoft.com/xrm/2011/Contracts/Services",
            Self::Contracts => "http://schemas.microsoft.com/xrm/2011/Contracts",
            Self::Crm => "http://schemas.microsoft.com/crm/2011/Contracts",
            Self::Generic => "http://schemas.datacontract.org/2004/07/System.Collections.Generic",
            Self::Arrays => "http://schemas.microsoft.com/2003/10/Serialization/Arrays",
            Self::Serialization => "http://schemas.microsoft.com/2003/10/Serialization/",
            Self::Schema => "http://www.w3.org/2001/XMLSchema",
            Self::Contracts71 => "http://schemas.microsoft.com/xrm/7.1/Contracts",
            Self::Contracts81 => "http://schemas.microsoft.com/xrm/8.1/Contracts",
            Self::Contracts82 => "http://schemas.microsoft.com/xrm/8.2/Contracts",
            Self::Contracts90 => "http://schemas.microsoft.com/xrm/9.0/Contracts",
            Self::Contracts2012 => "http://schemas.microsoft.com/xrm/2012/Contracts",
            Self::Contracts2014 => "http://schemas.microsoft.com/xrm/2014/Contracts",
            Self::Metadata => "http://schemas.microsoft.com/xrm/2011/Metadata",
            Self::Metadata2013 => "http://schemas.microsoft.com/xrm/2013/Metadata",
            Self::Metadata71 => "http://schemas.microsoft.com/xrm/7.1/Metadata",
            Self::Metadata90 => "http://schemas.microsoft.com/xrm/9.0/Metadata",
            Self::MetadataQuery => "http://schemas.microsoft.com/xrm/2011/Metadata/Query",
            Self::Query80 => "http://schemas.microsoft.com/xrm/8.0",
            Self::Sdk => "http://schemas.datacontract.org/2004/07/Microsoft.Xrm.Sdk",
            Self::System => "http://schemas.datacontract.org/2004/07/System",
            Self::SdkMetadata => "http://schemas.datacontract.org/2004/07/Microsoft.Xrm.Sdk.Metadata",
            Self::Discovery => "http://schemas.microsoft.com/xrm/2011/Contracts/Discovery",
        }
    }

    /// The short name; declared once at the body of an answer, so the same wherever a name stands.
    pub(crate) const fn prefix(self) -> &'static str {
        match self {
            Self::Services => "v",
            Self::Contracts => "a",
            Self::Crm => "c",
            Self::Generic => "g",
            Self::Arrays => "r",
            Self::Serialization => "e",
            Self::Schema => "x",
            Self::Contracts71 => "k",
            Self::Contracts81 => "k81",
            Self::Contracts82 => "k82",
            Self::Contracts90 => "n",
            Self::Contracts2012 => "l",
            Self::Contracts2014 => "o",
            Self::Metadata => "m",
            Self::Metadata2013 => "m13",
            Self::Metadata71 => "m71",
            Self::Metadata90 => "m90",
            Self::MetadataQuery => "q",
            Self::Query80 => "q80",
            Self::Sdk => "sdk",
            Self::System => "sys",
            Self::SdkMetadata => "sdkm",
            Self::Discovery => "d",
        }
    }

    /// The namespace with an address.
    pub(crate) fn of_address(address: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ns| ns.address() == address)
    }

    /// The namespace with a short name.
    pub(crate) fn of_prefix(prefix: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ns| ns.prefix() == prefix)
    }
}
