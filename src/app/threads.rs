//! How many threads compute, and how they wait for each other.
//!
//! The tensor library reads the number once, from the environment, before its first use. Changing
//! the environment of a running process is unsound where other threads may read it, so the program
//! starts itself again with the variable set: same process id, same arguments, same streams.

use anyhow::Context;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Variables that the tensor library and its thread pool read.
const THREADS: [&str; 2] = ["CANDLE_NUM_THREADS", "RAYON_NUM_THREADS"];

/// Rounds that a worker of the tensor library spins before it sleeps.
const SPIN: &str = "CANDLE_BARRIER_POOL_SPIN_LIMIT";

/// Its own limit of 25,000 starves neighbours on shared cores: the demo took 28 s beside one busy
/// process on two cores, 1.9 s with a limit of 1. 64 still catches the next operation of a step.
const SPIN_ROUNDS: &str = "64";

/// Makes `threads` the number of compute threads; call it before anything else.
///
/// Does not return when the program has to start again.
///
/// # Errors
/// If it cannot be started again.
pub(crate) fn use_threads(threads: usize) -> anyhow::Result<()> {
    let wanted = threads.to_string();
    let set = std::env::var_os(THREADS[0]);
    let right = set.as_ref().and_then(|value| value.to_str()) == Some(wanted.as_str());
    if right && std::env::var_os(SPIN).is_some() {
        return Ok(());
    }
    let program = std::env::current_exe().context("the program's own file is not known")?;
    let mut again = Command::new(program);
    again.args(std::env::args_os().skip(1));
    again.envs(THREADS.map(|name| (name, wanted.as_str())));
    if std::env::var_os(SPIN).is_none() {
        again.env(SPIN, SPIN_ROUNDS);
    }
    Err(again.exec()).context("the program could not be started again to set its threads")
}
