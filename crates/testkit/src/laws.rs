//! How laws are drawn: as many cases and from the seed that the environment says, and what failed once first.

use proptest::test_runner::{Config, FileFailurePersistence};

/// The configuration of a law.
///
/// `PROPTEST_CASES` and `PROPTEST_RNG_SEED` say how many cases are drawn and from which seed; in this workspace cargo sets both
/// where the environment does not. A case that fails is written to `tests/regressions`, in a file named after the law, and is
/// drawn first from then on: commit the file with the repair.
pub fn config() -> Config {
    // The test runner names the thread of a test after it.
    let thread = std::thread::current();
    let law = thread.name().filter(|name| *name != "main");
    let file = law.map(|law| {
        let file = law.replace("::", "-");
        let path = format!(
            "{}/../../tests/regressions/{file}.txt",
            env!("CARGO_MANIFEST_DIR")
        );
        // One name a law, for as long as the tests run.
        FileFailurePersistence::Direct(String::leak(path))
    });
    Config {
        failure_persistence: file.map(|file| Box::new(file) as _),
        max_global_rejects: u32::MAX,
        ..Config::default()
    }
}

/// [`config`] with at most this many cases, for laws whose cases are large.
pub fn config_of_at_most(cases: u32) -> Config {
    let config = config();
    Config {
        cases: config.cases.min(cases),
        ..config
    }
}
