//! The corpora of the fuzz targets, and some changes of each, on whatever toolchain the suite has.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use std::panic::catch_unwind;
use std::path::Path;

use fuzzing::{TARGETS, Target};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Changes of each entry that are tried, unless `FUZZ_CHANGES` says how many.
const CHANGES: usize = 40;

fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    let entries = std::fs::read_dir(directory.join(target)).unwrap();
    let mut corpus: Vec<(String, Vec<u8>)> = entries
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read(path).unwrap())
        })
        .collect();
    corpus.sort();
    corpus
}

/// What a fuzzer does first: bytes changed, taken out, put in, doubled.
fn change(data: &[u8], random: &mut StdRng) -> Vec<u8> {
    const TELLING: [u8; 16] = *b"'\"%\\/(){}[]=,:\0\xff";
    let mut data = data.to_vec();
    for _ in 0..random.random_range(1..4) {
        let at = random.random_range(0..=data.len());
        match random.random_range(0..5) {
            0 if at < data.len() => data[at] = random.random(),
            1 if at < data.len() => data[at] = TELLING[random.random_range(0..TELLING.len())],
            2 if at < data.len() => {
                data.remove(at);
            }
            3 => {
                let end = data.len().min(at + random.random_range(0..8));
                let piece = data[at..end].to_vec();
                data.splice(at..at, piece);
            }
            _ => data.insert(at, TELLING[random.random_range(0..TELLING.len())]),
        }
    }
    data
}

fn run(name: &str, target: Target, data: &[u8], whence: &str) {
    assert!(
        catch_unwind(|| target(data)).is_ok(),
        "{name} by {whence}: {:?}",
        String::from_utf8_lossy(data)
    );
}

#[test]
fn nothing_in_the_corpora_breaks_its_target() {
    let changes = std::env::var("FUZZ_CHANGES").ok();
    let changes = changes.map_or(CHANGES, |text| text.parse().unwrap());
    for (name, target) in TARGETS {
        let corpus = corpus(name);
        assert!(!corpus.is_empty(), "{name} has no corpus");
        let mut random = StdRng::seed_from_u64(1);
        for (entry, data) in corpus {
            run(name, target, &data, &entry);
            for _ in 0..changes {
                run(
                    name,
                    target,
                    &change(&data, &mut random),
                    &format!("a change of {entry}"),
                );
            }
        }
    }
}

#[test]
fn every_target_is_built_and_run() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    let manifest = std::fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
    for (name, _) in TARGETS {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
        assert!(
            fuzz.join(format!("fuzz_targets/{name}.rs")).exists(),
            "{name}"
        );
    }
}
