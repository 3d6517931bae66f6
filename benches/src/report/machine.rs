//! What the figures were measured on.

use serde::Serialize;

/// A machine, as far as it says.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Machine {
    /// Name of the processor; `None` where nothing tells it.
    pub processor: Option<String>,
    /// Threads that run at once.
    pub cores: usize,
    /// Processes that wanted to run over the last minute, this one among them: above `threads`, times are noisy.
    pub load: Option<f64>,
}

impl Machine {
    /// This machine, now.
    pub fn this() -> Self {
        let field = |text: String| {
            let line = text.lines().find(|line| line.starts_with("model name"))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        };
        Self {
            processor: std::fs::read_to_string("/proc/cpuinfo").ok().and_then(field),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            load: std::fs::read_to_string("/proc/loadavg")
                .ok()
                .and_then(|text| text.split_whitespace().next()?.parse().ok()),
        }
    }
}
