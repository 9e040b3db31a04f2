//! The machine that a run was made on, and what the system says of a process.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

/// What the reader of a figure must know.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    cores: usize,
    model: String,
    memory_mib: u64,
    kernel: String,
}

impl Machine {
    /// This machine.
    pub(crate) fn here() -> Result<Self> {
        let processors = std::fs::read_to_string("/proc/cpuinfo").context("cannot read /proc/cpuinfo")?;
        let model = processors.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
        let memory = std::fs::read_to_string("/proc/meminfo")?;
        Ok(Self {
            cores: std::thread::available_parallelism()?.get(),
            model: model.trim_start_matches([' ', '\t', ':']).to_owned(),
            memory_mib: field_kib(&memory, "MemTotal").unwrap_or(0) / 1024,
            kernel: std::fs::read_to_string("/proc/sys/kernel/osrelease")?.trim().to_owned(),
        })
    }

    /// One sentence.
    pub(crate) fn sentence(&self) -> String {
        format!("Machine: {} cores ({}), {} MiB of memory, Linux {}.", self.cores, self.model, self.memory_mib, self.kernel)
    }

    /// As JSON.
    pub(crate) fn json(&self) -> Value {
        json!({"cores": self.cores, "model": self.model, "memory_mib": self.memory_mib, "kernel": self.kernel})
    }
}

/// A field of `/proc/<pid>/status` that counts memory, such as `VmHWM`, in MiB.
pub(crate) fn memory_mib(pid: u32, field: &str) -> Result<f64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let kib = field_kib(&text, field).with_context(|| format!("the system does not tell {field}"))?;
    Ok(kib as f64 / 1024.0)
}

fn field_kib(text: &str, field: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_by_their_whole_name() {
        let text = "VmHWMx:\t1 kB\nVmHWM:\t   51200 kB\n";
        assert_eq!(field_kib(text, "VmHWM"), Some(51_200));
        assert_eq!(field_kib(text, "VmRSS"), None);
    }
}
