//! The types of the wire as data: one file for each namespace under `contracts/`, in the order of members that data contract serializers write and demand
//! (organization-service 4.2). WSDL and schemas are made from them, and so are the elements of definitions and of messages' values.
