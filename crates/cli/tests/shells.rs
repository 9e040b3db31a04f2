//! Completions and manual pages as shells and people get them.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in its helpers too")]
#![allow(clippy::disallowed_methods, reason = "a test of processes waits for them")]

mod support;

use std::io::Write;
use std::process::{Command, Stdio};

use support::{Folder, done, run};

#[test] // OPS-15
fn bash_completes_commands_and_options() {
    if Command::new("bash").arg("--version").stdout(Stdio::null()).status().is_err() {
        return; // a machine without bash completes nothing in it
    }
    for (words, expected) in [("driftless solu", "solution"), ("driftless key re", "reactivate"), ("driftless serve --service-p", "--service-protection")] {
        let script = format!(
            "{}\nCOMP_WORDS=({words})\nCOMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))\n\
             _driftless driftless \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD - 1]}}\"\necho \"${{COMPREPLY[*]}}\"\n",
            done(&["completions", "bash"]).out
        );
        let mut bash = Command::new("bash").arg("--norc").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        bash.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
        let answer = String::from_utf8(bash.wait_with_output().unwrap().stdout).unwrap();
        assert_eq!(answer.trim(), expected, "{words}");
    }
}

#[test] // OPS-15
fn all_manual_pages_are_written_and_one_is_printed() {
    let folder = Folder::new();
    let pages = folder.path().join("man/man1");
    let written = done(&["man", "--out", pages.to_str().unwrap(), "--json"]).document();
    let files = written["files"].as_array().unwrap();
    assert_eq!(std::fs::read_dir(&pages).unwrap().count(), files.len());
    let page = std::fs::read_to_string(pages.join("driftless-solution-import.1")).unwrap();
    assert_eq!(done(&["man", "solution", "import"]).out.trim_end(), page.trim_end());
    let unknown = run(&["man", "no", "such"]);
    assert_eq!((unknown.code, unknown.out.as_str()), (Some(2), ""));
    assert!(unknown.err.contains("there is no command \"driftless no such\""), "{}", unknown.err);
}
