use std::time::Instant;

use crate::control::{ensure_supervisor, tell_supervisor};
use crate::flavor::Init;
use crate::tell::tell;
use crate::{Engine, Flavor, Host, Lab, LabError, State, UpArgs, keys, machine, root, uml_image, wait};

/// Hosts in one request to the supervisor.
const BATCH: usize = 100;

/// Starts hosts that do not run and waits until every one of them answers.
pub(crate) fn up(lab: &Lab, args: &UpArgs) -> Result<(), LabError> {
    let hosts = wanted(args)?;
    let flavor = if args.vm { Flavor::Uml } else { args.flavor };
    machine::ensure(&[machine::NETWORK, root::needs(flavor)])?;
    if flavor.init() == Init::Systemd && !flavor.is_vm() {
        machine::allow_inotify();
    }
    keys::login(lab)?;
    let layers = root::ensure(lab, flavor, &args.packages)?;
    if args.vm {
        uml_image::ensure(lab, &layers)?;
    }
    let began = Instant::now();
    let names: Vec<String> = hosts.iter().map(|host| host.name.clone()).collect();
    let state = {
        let _lock = lab.lock_run()?;
        ensure_supervisor(lab)?;
        let state = State::load(lab)?;
        let mut lines = Vec::new();
        for mut host in hosts {
            host.layers.clone_from(&layers);
            if let Ok(old) = state.host(&host.name)
                && (old.flavor != host.flavor || old.layers != host.layers)
            {
                return Err(LabError::Refused(format!(
                    "{} is there with another root ({}); --prefix picks other names",
                    old.name,
                    old.layers.last().map_or("", String::as_str)
                )));
            }
            keys::host(lab, &host.name)?;
            lines.push(host.to_string());
        }
        for batch in lines.chunks(BATCH) {
            tell_supervisor(lab, "up", batch)?;
        }
        let state = State::load(lab)?;
        keys::write_known_hosts(lab, &state)?;
        state
    };
    let started = began.elapsed().as_secs_f64();
    let timeout = args.timeout.unwrap_or(if args.vm { 600 } else { 120 });
    wait::for_ssh(lab, &state.pick(&names)?, timeout)?;
    tell(&format!(
        "{} host(s) up: {started:.2} s to start, {:.2} s until every sshd answers",
        names.len(),
        began.elapsed().as_secs_f64()
    ));
    Ok(())
}

fn wanted(args: &UpArgs) -> Result<Vec<Host>, LabError> {
    if args.vm && args.engine == Engine::Qemu {
        return Err(LabError::Refused(
            "the lab has no qemu engine yet: `--engine uml` (the default) boots a virtual machine with a kernel and \
             boot loader of its own under User-Mode Linux"
                .into(),
        ));
    }
    let flavor = if args.vm { Flavor::Uml } else { args.flavor };
    let prefix = args
        .prefix
        .as_deref()
        .unwrap_or(if args.vm { "vm" } else { "host" });
    (1..=args.count)
        .map(|number| {
            let name = format!("{prefix}{number}");
            if !Host::good_name(&name) {
                return Err(LabError::Refused(format!(
                    "a host cannot be called '{name}': small letters, digits and '-' only"
                )));
            }
            let mut host = Host::new(&name, flavor);
            host.loop_devices = args.loop_devices;
            host.boot_delay = args.boot_delay;
            host.memory = args.memory;
            Ok(host)
        })
        .collect()
}
