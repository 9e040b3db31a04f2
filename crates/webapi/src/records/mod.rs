//! Resources of rows: sets, rows, their columns and their relations.

mod address;
mod applied;
mod file;
mod links;
mod list;
mod property;
mod read;
mod texts;
mod write;

use driftless_model::Result;
use driftless_odata::url::{NamedSegment, Segment};

pub(crate) use address::{RowAddress, table};
pub(crate) use applied::applied;
pub(crate) use list::{ListTail, cookie, page_rows, page_token, plain_count, write_list};

use crate::call::Call;
use crate::write::Action;
use crate::{bulk, changes, error};

/// What a path names, as far as its form tells.
enum Shape<'a> {
    /// `set`
    Set(&'a str),
    /// `set/$count`
    SetCount(&'a str),
    /// `set/Microsoft.Dynamics.CRM.CreateMultiple`
    Bound(&'a str, &'a str),
    /// `set(key)`, `$1`
    Row(RowAddress<'a>),
    /// `set(key)/name`: a column or a navigation property.
    Member(RowAddress<'a>, &'a str),
    /// `set(key)/name/$value`
    Raw(RowAddress<'a>, &'a str),
    /// `set(key)/name/$count`
    MemberCount(RowAddress<'a>, &'a str),
    /// `set(key)/name/$ref`
    Ref(RowAddress<'a>, &'a str),
    /// `set(key)/name(key)/$ref`
    MemberRef(RowAddress<'a>, &'a NamedSegment<'a>),
}

/// Carries out a request on rows; `path` begins with a set or a Content-ID.
///
/// # Errors
/// 0x8006088a for paths that lead nowhere; what reads and writes refuse.
pub(crate) fn act<'a>(call: &'a Call<'a>) -> Result<Action<'a>> {
    let shape = shape(&call.path).ok_or_else(|| error::no_such_segment(call.resource))?;
    match (call.method, shape) {
        ("GET", Shape::Set(set)) if changes::is_asked_for(call) => changes::read(call, set).map(Action::Answer),
        ("GET", Shape::Set(set)) => list::read(call, set).map(Action::Answer),
        ("POST", Shape::Set(set)) => Ok(Action::Write(write::create(call, set)?)),
        ("GET", Shape::SetCount(set)) if changes::is_asked_for(call) => changes::count(call, set).map(Action::Answer),
        ("GET", Shape::SetCount(set)) => list::count(call, set).map(Action::Answer),
        ("POST", Shape::Bound(set, name)) => Ok(Action::Write(bulk::act(call, set, name)?)),
        ("GET", Shape::Row(row)) => read::row(call, row).map(Action::Answer),
        ("PATCH", Shape::Row(row)) => Ok(Action::Write(write::patch(call, row)?)),
        ("DELETE", Shape::Row(row)) => Ok(Action::Write(write::delete(call, row)?)),
        ("GET", Shape::Member(row, name)) => read::member(call, row, name).map(Action::Answer),
        ("PATCH", Shape::Member(row, name)) => Ok(Action::Write(file::patch(call, row, name)?)),
        ("PUT", Shape::Member(row, name)) if file::is_binary(call) => Ok(Action::Write(file::whole(call, row, name)?)),
        ("PUT", Shape::Member(row, name)) => Ok(Action::Write(property::put(call, row, name)?)),
        ("DELETE", Shape::Member(row, name)) => Ok(Action::Write(property::clear(call, row, name))),
        ("POST", Shape::Member(row, name)) => Ok(Action::Write(write::create_within(call, row, name)?)),
        ("GET", Shape::Raw(row, name)) => property::raw(call, row, name).map(Action::Answer),
        ("GET", Shape::MemberCount(row, name)) => list::count_within(call, row, name).map(Action::Answer),
        ("GET", Shape::Ref(row, name)) => links::read(call, row, name).map(Action::Answer),
        ("POST", Shape::Ref(row, name)) => Ok(Action::Write(links::add(call, row, name)?)),
        ("PUT", Shape::Ref(row, name)) => Ok(Action::Write(links::set(call, row, name)?)),
        ("DELETE", Shape::Ref(row, name)) => Ok(Action::Write(links::remove(call, row, name))),
        ("DELETE", Shape::MemberRef(row, member)) => Ok(Action::Write(links::remove_member(call, row, member))),
        _ => Err(call.wrong_method()),
    }
}

fn shape<'a>(path: &'a [Segment<'a>]) -> Option<Shape<'a>> {
    let (first, rest) = path.split_first()?;
    let row = match first {
        Segment::ContentId(id) => RowAddress::ContentId(id),
        Segment::Named(first) => match RowAddress::of(first) {
            Some(row) => row,
            None => {
                return match rest {
                    [] => Some(Shape::Set(&first.name)),
                    [Segment::Count] => Some(Shape::SetCount(&first.name)),
                    [Segment::Named(bound)] => Some(Shape::Bound(&first.name, &bound.name)),
                    _ => None,
                };
            }
        },
        _ => return None,
    };
    Some(match rest {
        [] => Shape::Row(row),
        [Segment::Named(member)] if member.key.is_none() => Shape::Member(row, &member.name),
        [Segment::Named(member), Segment::Value] if member.key.is_none() => Shape::Raw(row, &member.name),
        [Segment::Named(member), Segment::Count] if member.key.is_none() => Shape::MemberCount(row, &member.name),
        [Segment::Named(member), Segment::Ref] if member.key.is_none() => Shape::Ref(row, &member.name),
        [Segment::Named(member), Segment::Ref] => Shape::MemberRef(row, member),
        _ => return None,
    })
}
