//! Has what `scripts/web.sh` built looked at again when it changes. Without a build the folder is
//! empty; it has to be there, so that its filling is noticed.

use std::path::Path;

fn main() {
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/dist");
    let _ = std::fs::create_dir_all(&dist);
    println!("cargo::rerun-if-changed={}", dist.display());
}
