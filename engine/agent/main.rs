//! The agent's program: frames on standard input and output, until either ends.

use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.as_slice() {
        [] => kdo_agent::serve(),
        [flag] if flag == "--version" => kdo_agent::version(),
        [flag, job] if flag == "--job" => kdo_agent::job(job),
        _ => ExitCode::from(2),
    }
}
