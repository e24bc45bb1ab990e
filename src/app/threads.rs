//! How many threads compute.
//!
//! The tensor library reads the number once, from the environment, before its first use. Changing
//! the environment of a running process is unsound where other threads may read it, so the program
//! starts itself again with the variable set: same process id, same arguments, same streams.

use anyhow::Context;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Variables that the tensor library and its thread pool read.
const VARIABLES: [&str; 2] = ["CANDLE_NUM_THREADS", "RAYON_NUM_THREADS"];

/// Makes `threads` the number of compute threads; call it before anything else.
///
/// Does not return when the program has to start again.
///
/// # Errors
/// If it cannot be started again.
pub(crate) fn use_threads(threads: usize) -> anyhow::Result<()> {
    let wanted = threads.to_string();
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let set = std::env::var_os(VARIABLES[0]);
    let right = match &set {
        Some(value) => value.to_str() == Some(wanted.as_str()),
        None => threads == cores,
    };
    if right {
        return Ok(());
    }
    let program = std::env::current_exe().context("the program's own file is not known")?;
    let mut again = Command::new(program);
    again.args(std::env::args_os().skip(1));
    again.envs(VARIABLES.map(|name| (name, wanted.as_str())));
    Err(again.exec()).context("the program could not be started again to set its threads")
}
