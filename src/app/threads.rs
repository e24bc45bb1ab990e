//! Sets the number of compute threads of the tensor library (candle) and how they wait.
//!
//! The library reads both from the environment before its first use. Changing the environment of a
//! running process is unsound if other threads may read it, so the program replaces itself (`exec`)
//! with the variables set: same process id, arguments and streams.

use anyhow::Context;
use std::num::NonZeroUsize;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Environment variables for the thread count: of candle, and of the thread pool it uses.
const THREADS: [&str; 2] = ["CANDLE_NUM_THREADS", "RAYON_NUM_THREADS"];

/// Environment variable: rounds that an idle candle worker spins before it sleeps.
const SPIN: &str = "CANDLE_BARRIER_POOL_SPIN_LIMIT";

/// Value for [`SPIN`]. Candle's default of 25,000 starves other threads on shared cores: on two
/// cores with one other busy process the demo took 28 s, and 1.9 s with a value of 1. With 64,
/// workers still find the next operation of a step without sleeping.
const SPIN_ROUNDS: &str = "64";

/// Sets the number of compute threads. Call it before anything else.
///
/// If a variable has another value, the program replaces itself and the function does not return.
///
/// # Errors
/// If the program cannot be replaced.
pub(crate) fn use_threads(threads: NonZeroUsize) -> anyhow::Result<()> {
    let wanted = threads.to_string();
    let set = std::env::var_os(THREADS[0]);
    let right = set.as_ref().and_then(|value| value.to_str()) == Some(wanted.as_str());
    if right && std::env::var_os(SPIN).is_some() {
        return Ok(());
    }
    let program = std::env::current_exe().context("cannot find the program's own executable")?;
    let mut restart = Command::new(program);
    restart.args(std::env::args_os().skip(1));
    restart.envs(THREADS.map(|name| (name, wanted.as_str())));
    if std::env::var_os(SPIN).is_none() {
        restart.env(SPIN, SPIN_ROUNDS);
    }
    Err(restart.exec()).context("cannot restart the program to set its number of threads")
}
