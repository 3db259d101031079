//! Builds the agent for this machine as a static program and makes it part of `kdo`.

use std::{env, error::Error, fs, path::PathBuf, process::Command};

/// Folders whose change means another agent.
const PARTS: [&str; 5] = ["agent", "modules", "wire", "value", "derive"];

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(env::var("OUT_DIR")?);
    for part in PARTS {
        println_directive(&format!("rerun-if-changed=engine/{part}"));
    }
    println_directive("rerun-if-changed=Cargo.toml");
    println_directive("rerun-if-changed=Cargo.lock");
    println_directive("rerun-if-changed=build.rs");
    println_directive("rerun-if-env-changed=KDO_BUILD_AGENT");
    let target = env::var("TARGET")?;
    let text = match env::var_os("KDO_BUILD_AGENT") {
        // A ready agent, for example one that a distribution built on its own.
        Some(ready) => embed(&PathBuf::from(ready)),
        None if env::var("CARGO_CFG_TARGET_OS")? == "linux" => embed(&build(&root, &out, &target)?),
        // The agent is for Linux; a controller elsewhere finds its agents beside it at run time.
        None => "pub(crate) const EMBEDDED: Option<(&str, &[u8])> = None;\n".to_owned(),
    };
    fs::write(out.join("embedded_agent.rs"), text)?;
    Ok(())
}

#[allow(clippy::print_stdout)]
fn println_directive(text: &str) {
    println!("cargo:{text}");
}

/// The name that `uname -m` prints on the target.
fn machine() -> String {
    let arch = env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_default();
    match arch.as_str() {
        "x86" => "i686".into(),
        "powerpc64" => "ppc64le".into(),
        "arm" => "armv7l".into(),
        _ => arch,
    }
}

fn embed(agent: &std::path::Path) -> String {
    println_directive(&format!("rerun-if-changed={}", agent.display()));
    format!(
        "pub(crate) const EMBEDDED: Option<(&str, &[u8])> = Some(({:?}, include_bytes!({:?})));\n",
        machine(),
        agent.display().to_string()
    )
}

/// Static, at a fixed address and without unwind tables (a panic ends the agent): a megabyte less.
fn agent_flags(root: &std::path::Path) -> String {
    [
        "-Ctarget-feature=+crt-static".to_owned(),
        "-Crelocation-model=static".to_owned(),
        "-Cforce-unwind-tables=no".to_owned(),
        "-Clink-arg=-Wl,--no-eh-frame-hdr".to_owned(),
        format!(
            "-Clink-arg=-Wl,-T,{}",
            root.join("engine/agent/small.ld").display()
        ),
    ]
    .join("\x1f")
}

fn build(root: &std::path::Path, out: &std::path::Path, target: &str) -> Result<PathBuf, Box<dyn Error>> {
    let profile = if env::var("PROFILE")? == "release" {
        "agent"
    } else {
        "agent-dev"
    };
    let folder = out.join("agent");
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .current_dir(root)
        .args(["build", "--package", "kdo-agent", "--bin", "kdo-agent"])
        .args(["--profile", profile, "--target", target, "--target-dir"])
        .arg(&folder)
        // The outer cargo has just resolved the lock file and fetched the packages.
        .args(root.join("Cargo.lock").exists().then_some("--locked"))
        .env("CARGO_ENCODED_RUSTFLAGS", agent_flags(root))
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_BUILD_TARGET")
        .env_remove("CARGO_TARGET_DIR")
        // Set while clippy or a compiler cache drives the outer build.
        .env_remove("RUSTC_WORKSPACE_WRAPPER")
        .env_remove("CLIPPY_ARGS");
    let result = cargo
        .output()
        .map_err(|e| format!("cannot start cargo to build the agent: {e}"))?;
    if !result.status.success() {
        return Err(format!(
            "the agent (package kdo-agent, static, target {target}) could not be built; a static C library is needed \
             (Debian: libc6-dev). cargo said:\n{}",
            String::from_utf8_lossy(&result.stderr)
        )
        .into());
    }
    let agent = folder.join(target).join(profile).join("kdo-agent");
    if !agent.is_file() {
        return Err(format!("cargo built the agent, but {} is not there", agent.display()).into());
    }
    Ok(agent)
}
