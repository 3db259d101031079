//! Detached jobs (`async`): a process of its own runs the module and leaves the result in a file.

use crate::step;
use kdo_modules::NoLink;
use kdo_value::{Map, json};
use kdo_wire::Invoke;
use std::{
    env, fs,
    io::{self, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::PathBuf,
    process::{Command, ExitCode, Stdio},
    time::{Duration, Instant},
};

/// Where results of jobs are left: `~/.ansible_async`, as Ansible has it, so that roles which look there find them.
fn folder() -> PathBuf {
    env::var("ANSIBLE_ASYNC_DIR").map_or_else(
        |_| PathBuf::from(env::var("HOME").unwrap_or_else(|_| "/".into())).join(".ansible_async"),
        |d| PathBuf::from(kdo_modules::host::expand(&d)),
    )
}

fn save(path: &PathBuf, result: &Map) -> io::Result<()> {
    let temp = path.with_extension("tmp");
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&temp)?;
    file.write_all(json::line(&result.clone().into()).as_bytes())?;
    fs::rename(temp, path)
}

/// Starts the job in a session of its own and tells where its result will be.
pub(crate) fn start(invoke: &Invoke, job: &str) -> Map {
    let dir = folder();
    let path = dir.join(job);
    let begin = || -> io::Result<()> {
        fs::create_dir_all(&dir)?;
        let running = Map::new();
        running.insert("started", true);
        running.insert("finished", false);
        running.insert("ansible_job_id", job);
        save(&path, &running)?;
        let me = env::current_exe()?;
        let mut child = Command::new(me);
        child
            .arg("--job")
            .arg(&path)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut child = child.spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(&invoke.encode())?;
        }
        // Reaped when it ends; it outlives this agent if it must.
        std::thread::spawn(move || {
            let _ = child.wait();
        });
        Ok(())
    };
    if let Err(e) = begin() {
        return step::failed(format!("could not start the asynchronous job: {e}"));
    }
    let map = Map::new();
    map.insert("started", true);
    map.insert("finished", false);
    map.insert("ansible_job_id", job);
    map.insert("results_file", path.to_string_lossy().into_owned());
    map.insert("changed", true);
    map
}

/// The job's process: reads the order, runs the module, saves the result.
pub fn job(path: &str) -> ExitCode {
    let _ = rustix::process::setsid();
    let mut payload = Vec::new();
    if io::stdin().read_to_end(&mut payload).is_err() {
        return ExitCode::FAILURE;
    }
    let Some(invoke) = Invoke::decode(&payload) else {
        return ExitCode::FAILURE;
    };
    let path = PathBuf::from(path);
    if invoke.timeout > 0 {
        let limit = Duration::from_secs(u64::try_from(invoke.timeout).unwrap_or(0));
        let (path, id) = (path.clone(), invoke.job.clone().unwrap_or_default());
        std::thread::spawn(move || watch(limit, &path, &id));
    }
    let result = step::run(&invoke, &mut NoLink);
    finish(&path, &result, invoke.job.as_deref().unwrap_or_default());
    ExitCode::SUCCESS
}

fn finish(path: &PathBuf, result: &Map, id: &str) {
    result.insert("started", true);
    result.insert("finished", true);
    result.insert("ansible_job_id", id);
    // Nobody is there to be told; whoever asks for the job finds it unfinished.
    let _ = save(path, result);
}

/// Ends the job's whole session when its time is up.
fn watch(limit: Duration, path: &PathBuf, id: &str) {
    let end = Instant::now() + limit;
    while let Some(left) = end.checked_duration_since(Instant::now()) {
        std::thread::sleep(left);
    }
    let result = step::failed("Timeout exceeded".into());
    result.insert("child_pid", i64::from(std::process::id()));
    finish(path, &result, id);
    let _ = rustix::process::kill_current_process_group(rustix::process::Signal::KILL);
}
