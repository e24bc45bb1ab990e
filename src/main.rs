//! The `vitrine` binary: runs the command line in `vitrine::cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    vitrine::cli::main()
}
