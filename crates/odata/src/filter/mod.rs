//! `$filter`: its tree, its parser and its printer (web-api 16).

mod lexer;
mod parse;
mod print;

pub use parse::{parse, parse_argument};
pub use print::print;

/// A condition.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// At least one of two or more; none of them is an `Or` itself.
    Or(Vec<Expr>),
    /// All of two or more; none of them is an `And` itself.
    And(Vec<Expr>),
    /// The opposite. Contains no [`Expr::Custom`] at any depth.
    Not(Box<Expr>),
    /// A comparison.
    Compare {
        /// Left side, mostly a path.
        left: Operand,
        /// The operator.
        op: CompareOp,
        /// Right side.
        right: Operand,
    },
    /// `contains(path,'text')` and its like.
    Function {
        /// Which function.
        name: TextFunction,
        /// Where to look.
        subject: Operand,
        /// What to look for.
        text: Operand,
    },
    /// `Microsoft.Dynamics.CRM.LastXHours(PropertyName='createdon',PropertyValue=5)`
    Custom {
        /// The qualified name.
        name: String,
        /// The named parameters in source order, no name twice.
        args: Vec<(String, Argument)>,
    },
    /// `path/any(o:condition)`, `path/all(o:condition)`, `path/any()`
    Lambda {
        /// Any or all.
        quantifier: Quantifier,
        /// The collection.
        path: Vec<String>,
        /// Name of the range variable and the condition; paths in it start with the variable. Only `any` can
        /// be without.
        body: Option<(String, Box<Expr>)>,
    },
    /// A boolean column as a condition of its own.
    Property(Vec<String>),
}

/// A comparison operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompareOp {
    /// `eq`
    Eq,
    /// `ne`
    Ne,
    /// `gt`
    Gt,
    /// `ge`
    Ge,
    /// `lt`
    Lt,
    /// `le`
    Le,
}

/// A function that compares text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextFunction {
    /// `contains`
    Contains,
    /// `startswith`
    StartsWith,
    /// `endswith`
    EndsWith,
}

/// Any or all of a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantifier {
    /// At least one.
    Any,
    /// Every one.
    All,
}

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// A column, or a navigation and a column: never empty.
    Path(Vec<String>),
    /// A value.
    Literal(Lit),
    /// `@p1`, without the sign. What it stands for may be a value or a column name.
    Alias(String),
}

/// A literal as far as its own text tells what it is.
#[derive(Debug, Clone, PartialEq)]
pub enum Lit {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, exactly as written.
    Number(String),
    /// A quoted text, without quotes.
    Text(String),
    /// A bare GUID.
    Guid([u8; 16]),
    /// A bare date-time, as written.
    DateTime(String),
    /// A bare date, as written.
    Date(String),
    /// `Microsoft.Dynamics.CRM.OwnershipTypes'UserOwned'`
    Enum {
        /// The qualified type name.
        type_name: String,
        /// The text between the quotes.
        member: String,
    },
}

/// A parameter of a query function, or the text behind an alias.
#[derive(Debug, Clone, PartialEq)]
pub enum Argument {
    /// One value, column name or alias.
    Single(Operand),
    /// `["a","b"]`
    List(Vec<Lit>),
}

/// Bounds of one filter (SEC-07).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FilterLimits {
    /// Length in bytes, decoded.
    pub bytes: usize,
    /// Nesting of parentheses, negations and lambdas.
    pub depth: usize,
    /// Conditions that contain no others.
    pub leaves: usize,
    /// Values in one list.
    pub list_values: usize,
}

impl Default for FilterLimits {
    fn default() -> Self {
        Self { bytes: 65_536, depth: 64, leaves: 500, list_values: 2_000 }
    }
}

impl CompareOp {
    const ALL: [Self; 6] = [Self::Eq, Self::Ne, Self::Gt, Self::Ge, Self::Lt, Self::Le];

    /// The operator's name in a filter.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Gt => "gt",
            Self::Ge => "ge",
            Self::Lt => "lt",
            Self::Le => "le",
        }
    }
}

impl TextFunction {
    const ALL: [Self; 3] = [Self::Contains, Self::StartsWith, Self::EndsWith];

    /// The function's name in a filter.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Contains => "contains",
            Self::StartsWith => "startswith",
            Self::EndsWith => "endswith",
        }
    }
}

impl Quantifier {
    /// The quantifier's name in a filter.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::All => "all",
        }
    }
}
