//! What the benches share: made inputs, a clock that counts CPU time, and a table with the growth of each row.

pub(crate) mod catalogs;
pub(crate) mod inputs;
pub(crate) mod lists;

use std::fs;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// How often each thing is run; the median counts.
const ROUNDS: usize = 7;
/// How much time one measurement takes at least.
const ENOUGH: Duration = Duration::from_millis(60);
/// Runs end early when they have taken so long together.
const PATIENCE: Duration = Duration::from_secs(10);

/// What was asked for on the command line.
pub(crate) struct Suite {
    filter: Option<String>,
    /// Without `cargo bench` each row is run once on its smallest input, to see that it runs at all.
    measured: bool,
}

impl Suite {
    pub(crate) fn from_args() -> Self {
        let args: Vec<String> = std::env::args().skip(1).collect();
        let measured = args.iter().any(|arg| arg == "--bench");
        println!("{:<34} CPU ms (median of {ROUNDS}) at each size, and the exponent of its growth", "");
        Self { filter: args.into_iter().find(|arg| !arg.starts_with('-')), measured }
    }

    /// One row: what is made for each size is not measured, what is then done with it is.
    pub(crate) fn row<I, O>(
        &self,
        name: &str,
        sizes: &[u32],
        make: impl Fn(u32) -> I,
        run: impl Fn(&I) -> O,
    ) {
        if self.filter.as_ref().is_some_and(|filter| !name.contains(filter)) {
            return;
        }
        let mut points = Vec::new();
        for size in sizes.iter().take(if self.measured { sizes.len() } else { 1 }) {
            let input = make(*size);
            let mut times = Vec::new();
            let begun = Instant::now();
            let rounds = if self.measured { ROUNDS } else { 1 };
            while times.len() < rounds && (times.is_empty() || begun.elapsed() < PATIENCE) {
                // The system counts in ticks of some milliseconds, so what is short is run until it is not.
                let (before, mut runs, mut spent) = (cpu(), 0_u32, Duration::ZERO);
                while runs == 0 || (self.measured && spent < ENOUGH) {
                    drop(black_box(run(black_box(&input))));
                    runs += 1;
                    spent = cpu().saturating_sub(before);
                }
                times.push(spent / runs);
            }
            times.sort_unstable();
            points.push((*size, times[times.len() / 2].as_secs_f64() * 1e3));
        }
        let cells: Vec<String> = points.iter().map(|(size, time)| format!("{size}: {time:.3}")).collect();
        let growth = exponent(&points).map_or_else(String::new, |growth| format!("  n^{growth:.2}"));
        println!("{name:<34} {}{growth}", cells.join("  "));
    }
}

/// The time that this thread was on a CPU, where the system tells; else the time that passed.
fn cpu() -> Duration {
    let told = fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.and_then(|told| told.split(' ').next()?.parse().ok());
    nanoseconds.map_or_else(|| START.with(Instant::elapsed), Duration::from_nanos)
}

thread_local! {
    static START: Instant = Instant::now();
}

/// The slope of the line through the logarithms, by least squares.
fn exponent(points: &[(u32, f64)]) -> Option<f64> {
    let logs: Vec<(f64, f64)> =
        points.iter().map(|(size, time)| (f64::from(*size).ln(), time.max(1e-6).ln())).collect();
    let count = f64::from(u32::try_from(logs.len()).ok().filter(|count| *count > 1)?);
    let mean_x = logs.iter().map(|(x, _)| x).sum::<f64>() / count;
    let mean_y = logs.iter().map(|(_, y)| y).sum::<f64>() / count;
    let slope = logs.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum::<f64>();
    Some(slope / logs.iter().map(|(x, _)| (x - mean_x).powi(2)).sum::<f64>())
}
