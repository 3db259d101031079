//! How long modules take on the host, without connection and controller: `cargo bench -p kdo-modules`.
//!
//! Each is told to do what is done already, as most tasks of most runs do; wall time and this process's CPU time, the
//! medians of many calls.
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

use kdo_modules::{Host, NoLink, host::Context, registry};
use kdo_value::{Value, json};
use rustix::time::{ClockId, Timespec, clock_gettime};
use std::{error::Error, fs, path::Path};

const CALLS: usize = 101;

fn microseconds(from: Timespec, to: Timespec) -> i64 {
    (to.tv_sec - from.tv_sec) * 1_000_000 + (to.tv_nsec - from.tv_nsec) / 1000
}

fn median(mut all: Vec<i64>) -> i64 {
    all.sort_unstable();
    all.get(all.len() / 2).copied().unwrap_or_default()
}

fn main() -> Result<(), Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    let place = dir.path().display();
    let content: String = (0..200).map(|n| format!("option_{n} = value {n}\n")).collect();
    fs::write(dir.path().join("f"), &content)?;
    let text = json::line(&Value::str(content));
    let mut tasks = vec![
        ("file", format!(r#"{{"path": "{place}/f", "mode": "0644"}}"#)),
        ("stat", format!(r#"{{"path": "{place}/f", "get_mime": false}}"#)),
        (
            "lineinfile",
            format!(r#"{{"path": "{place}/f", "regexp": "^option_100 ", "line": "option_100 = value 100"}}"#),
        ),
        (
            "copy",
            format!(r#"{{"dest": "{place}/f", "_kdo_content": {text}, "mode": "0644"}}"#),
        ),
        ("setup", "{}".to_owned()),
        ("service_facts", "{}".to_owned()),
    ];
    if Path::new("/var/lib/dpkg/status").exists() {
        tasks.push((
            "apt",
            r#"{"name": ["dpkg", "bash"], "state": "present"}"#.to_owned(),
        ));
        tasks.push(("package_facts", r#"{"manager": ["apt"]}"#.to_owned()));
    }
    println!("module             wall (us)   CPU (us)");
    for (module, args) in tasks {
        let entry = registry::find(module).ok_or(module)?;
        let args = json::read(&args)?;
        let args = args.as_map().ok_or("no map")?;
        let (mut wall, mut cpu) = (Vec::new(), Vec::new());
        for _ in 0..CALLS {
            let mut link = NoLink;
            let mut host = Host::new(Context::default(), &mut link);
            let now = || {
                (
                    clock_gettime(ClockId::Monotonic),
                    clock_gettime(ClockId::ProcessCPUTime),
                )
            };
            let before = now();
            let result = (entry.run)(args, &mut host);
            let result = host.finish(result);
            let after = now();
            if result.contains("failed") {
                return Err(format!("{module}: {}", json::line(&result.into())).into());
            }
            wall.push(microseconds(before.0, after.0));
            cpu.push(microseconds(before.1, after.1));
        }
        println!("{module:18} {:>9} {:>10}", median(wall), median(cpu));
    }
    Ok(())
}
