//! The machine that the figures are of, and what a process takes of it.

use std::{
    fs::{File, OpenOptions},
    io::{Seek, SeekFrom, Write},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use anyhow::Result;
use serde_json::{Value, json};

use crate::statistics::Sorted;

/// Writes that are timed to tell what one costs.
const SYNCS: usize = 200;

/// What stands beside every figure.
#[derive(Debug, Clone)]
pub(crate) struct Machine {
    cores: usize,
    memory_mib: u64,
    cpu: String,
    kernel: String,
    /// Milliseconds until 4 KiB are on the disk.
    sync_ms: Sorted,
}

impl Machine {
    /// Looks at this machine, and at the disk that `directory` is on.
    pub(crate) fn look(directory: &Path) -> Result<Self> {
        let cpus = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        Ok(Self {
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory_mib: kib(&memory, "MemTotal:") / 1024,
            cpu: field(&cpus, "model name")
                .unwrap_or("unknown processor")
                .to_owned(),
            kernel: kernel.trim().to_owned(),
            sync_ms: sync_latency(directory)?,
        })
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "cores": self.cores,
            "memoryMiB": self.memory_mib,
            "cpu": self.cpu,
            "kernel": self.kernel,
            "fsyncMilliseconds": self.sync_ms.to_json(),
            "fsyncP99Milliseconds": self.sync_ms.percentile(0.99),
        })
    }

    /// For a cell of the table.
    pub(crate) fn show(&self) -> String {
        format!(
            "{} × {}, {:.1} GiB, Linux {}, fsync {:.2} ms (p99 {:.2})",
            self.cores,
            self.cpu,
            self.memory_mib as f64 / 1024.0,
            self.kernel,
            self.sync_ms.median(),
            self.sync_ms.percentile(0.99),
        )
    }
}

fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim())
}

/// A value of `/proc` that is given in kB.
fn kib(text: &str, name: &str) -> u64 {
    let line = text.lines().find(|line| line.starts_with(name));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok())
        .unwrap_or(0)
}

fn sync_latency(directory: &Path) -> Result<Sorted> {
    let path = directory.join("sync.tmp");
    let mut file = OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .open(&path)?;
    file.write_all(&[0; 4096])?;
    file.sync_all()?;
    let mut times = Vec::with_capacity(SYNCS);
    for round in 0..SYNCS {
        let started = Instant::now();
        // Overwriting, as a write-ahead log does once it has its size.
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&[round as u8; 4096])?;
        file.sync_data()?;
        times.push(started.elapsed().as_secs_f64() * 1e3);
    }
    std::fs::remove_file(path)?;
    Ok(Sorted::new(times))
}

/// The seconds of processor time that a process has taken, threads and kernel included.
pub(crate) fn cpu_seconds(process: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // After the name, which is in brackets and may hold anything; in hundredths, as Linux has it.
    let fields = stat
        .rsplit_once(')')
        .map(|(_, rest)| rest.split_whitespace());
    let ticks: u64 = fields
        .into_iter()
        .flatten()
        .skip(11)
        .take(2)
        .filter_map(|f| f.parse::<u64>().ok())
        .sum();
    ticks as f64 / 100.0
}

/// Watches the memory of a process until it is asked.
pub(crate) struct Memory {
    process: u32,
    over: Arc<AtomicBool>,
    most_kib: Arc<AtomicU64>,
    watcher: Option<JoinHandle<()>>,
}

/// What a process had in memory at most, in megabytes (what the kernel calls kB has 1,024 bytes).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Most {
    /// The greatest that was seen while watching.
    pub(crate) rss_mb: f64,
    /// The kernel's own record since the process began.
    pub(crate) high_water_mb: f64,
}

impl Memory {
    /// Begins to watch: a look every 20 ms.
    pub(crate) fn watch(process: u32) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let most_kib = Arc::new(AtomicU64::new(0));
        let watcher = std::thread::spawn({
            let (over, most_kib) = (Arc::clone(&over), Arc::clone(&most_kib));
            move || {
                while !over.load(Ordering::Relaxed) {
                    most_kib.fetch_max(kib(&status(process), "VmRSS:"), Ordering::Relaxed);
                    std::thread::sleep(Duration::from_millis(20));
                }
            }
        });
        Self {
            process,
            over,
            most_kib,
            watcher: Some(watcher),
        }
    }

    /// Ends it.
    pub(crate) fn end(mut self) -> Most {
        self.over.store(true, Ordering::Relaxed);
        if let Some(watcher) = self.watcher.take() {
            let _ = watcher.join();
        }
        let last = status(self.process);
        let most = self
            .most_kib
            .load(Ordering::Relaxed)
            .max(kib(&last, "VmRSS:"));
        Most {
            rss_mb: most as f64 * 1.024e-3,
            high_water_mb: kib(&last, "VmHWM:") as f64 * 1.024e-3,
        }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

fn status(process: u32) -> String {
    std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default()
}

/// The processes that a process has started.
pub(crate) fn children(process: u32) -> Result<Vec<u32>> {
    let list = std::fs::read_to_string(format!("/proc/{process}/task/{process}/children"))?;
    let numbers = list.split_ascii_whitespace().map(str::parse);
    Ok(numbers.collect::<Result<_, _>>()?)
}

/// Copies a directory with its files; sockets and the like stay behind.
pub(crate) fn copy_directory(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let (kind, target) = (entry.file_type()?, to.join(entry.file_name()));
        if kind.is_dir() {
            copy_directory(&entry.path(), &target)?;
        } else if kind.is_file() {
            std::fs::copy(entry.path(), &target)?;
            // What the copy left to be written would be paid for by what is measured next.
            File::open(&target)?.sync_all()?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_kernel_says() {
        let text = "Name:\tx\nVmHWM:\t  204800 kB\nVmRSS:\t  102400 kB\n";
        assert_eq!(kib(text, "VmRSS:"), 102_400);
        assert_eq!(kib(text, "VmSwap:"), 0);
        assert_eq!(
            field("model name\t: A, B\nflags : c", "model name"),
            Some("A, B")
        );
        assert!(cpu_seconds(std::process::id()) >= 0.0);
        assert!(Memory::watch(std::process::id()).end().high_water_mb > 1.0);
    }
}
