//! Tells the tests whether the shared folder of reference cases stands beside the project, so that what needs it
//! counts as ignored where it is absent.

use std::path::Path;

fn main() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    println!("cargo::rustc-check-cfg=cfg(shared_absent)");
    println!("cargo::rerun-if-changed={}", shared.display());
    println!("cargo::rerun-if-changed=build.rs");
    if !shared.is_dir() {
        println!("cargo::rustc-cfg=shared_absent");
    }
}
