//! Answers of the Organization Service, of any server, read by the table of types and written anew.
//!
//! Whoever has answers of other servers sees with it that nothing in them is unknown here, and can hold what is written against a schema.

use std::path::Path;

use anyhow::{Context as _, Result, anyhow};

use crate::Outcome;
use crate::arguments::{Arguments, Usage};

const USAGE: Usage = Usage {
    help: "\
cargo xtask wire --from FOLDER --to FOLDER

Reads each .xml file of a folder as an envelope, writes it anew under the same name, and names what was lost.",
    options: &["from", "to"],
    switches: &[],
    words_max: 0,
};

/// Runs the task.
pub(crate) fn run(given: &[String]) -> Result<Outcome> {
    let Some(arguments) = Arguments::parse(&USAGE, given)? else {
        println!("{}", USAGE.help);
        return Ok(Outcome::Passed);
    };
    let folder = |name: &str| arguments.value(name).ok_or_else(|| anyhow!("--{name} is missing\n\n{}", USAGE.help));
    let (from, to) = (folder("from")?, folder("to")?);
    std::fs::create_dir_all(to)?;
    let mut files = std::fs::read_dir(from).with_context(|| format!("cannot read {from}"))?.collect::<Result<Vec<_>, _>>()?;
    files.retain(|file| file.path().extension().is_some_and(|extension| extension == "xml"));
    files.sort_by_key(std::fs::DirEntry::file_name);
    let mut lossless = 0;
    for file in &files {
        let name = file.file_name();
        let lost = match driftless_orgservice::rewrite(&std::fs::read(file.path())?) {
            Ok((written, lost)) => {
                std::fs::write(Path::new(to).join(&name), written)?;
                lost
            }
            Err(error) => vec![error.message().to_owned()],
        };
        lossless += usize::from(lost.is_empty());
        for what in lost {
            println!("{}: {what}", name.to_string_lossy());
        }
    }
    println!("{} of {} files say the same", lossless, files.len());
    Ok(Outcome::of(lossless == files.len()))
}
