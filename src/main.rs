//! The `vitrine` binary: hands the arguments to the command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    vitrine::cli::main()
}
