//! The `vitrine` binary: runs the command line in `vitrine::cli`.

#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    vitrine::cli::main()
}
