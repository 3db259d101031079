//! Whether the host is a virtual machine or container, or runs such.

use super::{Gather, source};
use crate::host::Command;
use kdo_value::Value;
use std::path::Path;

/// Kinds of containers, which are all `container` too.
const CONTAINERS: &[&str] = &["docker", "lxc", "podman", "openvz", "containerd"];

#[derive(Default)]
struct Found {
    /// Kind and role of what was found first.
    first: Option<(String, String)>,
    guest: Vec<String>,
    host: Vec<String>,
}

impl Found {
    fn guest(&mut self, kind: &str) {
        add(&mut self.guest, kind);
        self.is(kind, "guest");
    }

    fn host(&mut self, kind: &str) {
        add(&mut self.host, kind);
        self.is(kind, "host");
    }

    /// What it is, if nothing was found before.
    fn is(&mut self, kind: &str, role: &str) {
        self.first
            .get_or_insert_with(|| (kind.to_owned(), role.to_owned()));
    }
}

fn add(list: &mut Vec<String>, kind: &str) {
    if !list.iter().any(|k| k == kind) {
        list.push(kind.to_owned());
    }
}

pub(super) fn collect(g: &mut Gather<'_, '_>) {
    let mut found = Found::default();
    containers(&mut found);
    let dmi = |file: &str| source::text(format!("/sys/devices/virtual/dmi/id/{file}")).unwrap_or_default();
    firmware(&dmi, &mut found);
    kernel(g, &mut found);
    if g.host.find_program("dmidecode").is_some() {
        // Ansible asks the program for this name.
        let product = dmi("product_name");
        if product.starts_with("VMware") {
            found.guest("VMware");
        }
        if product.contains("BHYVE") {
            found.guest("bhyve");
        }
    }
    if Path::new("/dev/kvm").exists() {
        found.host("kvm");
    }
    let (kind, role) = found.first.unwrap_or(("NA".into(), "NA".into()));
    g.facts.insert("virtualization_type", kind);
    g.facts.insert("virtualization_role", role);
    let list = |kinds: Vec<String>| Value::list(kinds.into_iter().map(Value::from));
    g.facts.insert("virtualization_tech_guest", list(found.guest));
    g.facts.insert("virtualization_tech_host", list(found.host));
}

fn containers(found: &mut Found) {
    let exists = |p: &str| Path::new(p).exists();
    for line in source::text("/proc/1/cgroup").unwrap_or_default().lines() {
        let scope = line.split_once("/docker-").map_or("", |(_, rest)| rest);
        let scope = scope.trim_start_matches(|c: char| c.is_ascii_digit() || ('a'..='f').contains(&c));
        if line.contains("/docker/") || scope.starts_with(".scope") {
            found.guest("docker");
        }
        if line.contains("/lxc/") || line.contains("/machine.slice/machine-lxc") {
            found.guest("lxc");
        }
        if line.contains("/system.slice/containerd.service") {
            found.guest("containerd");
        }
    }
    for variable in source::text("/proc/1/environ").unwrap_or_default().split('\0') {
        for kind in ["lxc", "podman"] {
            if variable.contains(&format!("container={kind}")) {
                found.guest(kind);
            }
        }
        if variable.strip_prefix("container=").is_some_and(|k| !k.is_empty()) {
            found.guest("container");
        }
    }
    if exists("/proc/vz") && !exists("/proc/lve") {
        let role = if exists("/proc/bc") {
            add(&mut found.host, "openvz");
            "host"
        } else {
            add(&mut found.guest, "openvz");
            "guest"
        };
        // The kind, not the role, of what was found before is forgotten.
        let role = found.first.take().map_or(role.to_owned(), |(_, role)| role);
        found.is("openvz", &role);
    }
    let systemd = source::word("/run/systemd/container");
    if let Some(kind) = &systemd {
        found.guest(kind);
    }
    if exists("/.dockerenv") || exists("/.dockerinit") {
        found.guest("docker");
    }
    if systemd.is_some() || found.guest.iter().any(|k| CONTAINERS.contains(&k.as_str())) {
        add(&mut found.guest, "container");
    }
    if exists("/proc/xen") {
        if source::text("/proc/xen/capabilities").is_some_and(|c| c.contains("control_d")) {
            found.host("xen");
        } else {
            found.is("xen", "guest");
        }
    }
}

fn firmware(read: &dyn Fn(&str) -> String, found: &mut Found) {
    let (product, vendor, bios) = (read("product_name"), read("sys_vendor"), read("bios_vendor"));
    let products = ["KVM", "KVM Server", "Bochs", "AHV", "CloudStack KVM Hypervisor"];
    if products.contains(&product.as_str()) {
        found.guest("kvm");
    }
    match vendor.as_str() {
        "oVirt" => found.guest("oVirt"),
        "Red Hat" if read("product_family") == "RHV" => found.guest("RHV"),
        "Red Hat" if product == "RHEV Hypervisor" => found.guest("RHEV"),
        _ => {}
    }
    if product.starts_with("VMware") {
        found.guest("VMware");
    }
    if matches!(product.as_str(), "OpenStack Compute" | "OpenStack Nova") {
        found.guest("openstack");
    }
    match bios.as_str() {
        "Xen" => found.guest("xen"),
        "innotek GmbH" => found.guest("virtualbox"),
        "Amazon EC2" | "DigitalOcean" | "Hetzner" | "Linode" => found.guest("kvm"),
        _ => {}
    }
    match vendor.as_str() {
        "QEMU" | "Amazon EC2" | "DigitalOcean" | "Google" | "Scaleway" | "Nutanix" => found.guest("kvm"),
        "KubeVirt" => found.guest("KubeVirt"),
        "Microsoft Corporation" => found.guest("VirtualPC"),
        "Parallels Software International Inc." => found.guest("parallels"),
        "OpenStack Foundation" => found.guest("openstack"),
        _ => {}
    }
}

fn kernel(g: &mut Gather<'_, '_>, found: &mut Found) {
    let status = source::text("/proc/self/status").unwrap_or_default();
    if let Some(id) = status.lines().find_map(|l| l.strip_prefix("VxID:")) {
        if id.trim_start().starts_with('0') {
            found.host("linux_vserver");
        } else {
            found.guest("linux_vserver");
        }
    }
    for line in source::text("/proc/cpuinfo").unwrap_or_default().lines() {
        let (model, vendor) = (line.starts_with("model name"), line.starts_with("vendor_id"));
        if model && line.contains("QEMU Virtual CPU") {
            found.guest("kvm");
        } else if vendor && line.contains("User Mode Linux") || model && line.contains("UML") {
            found.guest("uml");
        } else if line.starts_with("machine") && line.contains("CHRP IBM pSeries (emulated by qemu)") {
            found.guest("kvm");
        } else if vendor && line.contains("PowerVM Lx86") {
            found.guest("powervm_lx86");
        } else if vendor && line.contains("IBM/S390") {
            mainframe(g, found);
        }
    }
    let modules = source::text("/proc/modules").unwrap_or_default();
    let loaded = |name: &str| modules.lines().any(|l| l.split(' ').next() == Some(name));
    if loaded("kvm") {
        add(&mut found.host, "kvm");
        let kind = if manages_machines() {
            add(&mut found.host, "RHEV");
            "RHEV"
        } else {
            "kvm"
        };
        found.is(kind, "host");
    }
    if loaded("vboxdrv") {
        found.host("virtualbox");
    }
    if loaded("virtio") {
        add(&mut found.host, "kvm");
        found.is("kvm", "guest");
    }
}

/// Whether oVirt's daemon runs here.
fn manages_machines() -> bool {
    let daemon = |process: &String| {
        let name = source::text(format!("/proc/{process}/comm"));
        matches!(name.as_deref(), Some("vdsm" | "vdsmd"))
    };
    Path::new("/rhev/").is_dir() && source::names("/proc").iter().any(daemon)
}

/// IBM Z is always divided; a hypervisor in a part of it is what the host is a guest of.
fn mainframe(g: &mut Gather<'_, '_>, found: &mut Found) {
    add(&mut found.guest, "PR/SM");
    let (mut kind, mut role) = ("PR/SM".to_owned(), "LPAR");
    if let Some(program) = g.host.find_program("lscpu") {
        let answer = g.host.query(Command::new(program).timeout(g.limit));
        let text = answer.map(|a| a.stdout_text()).unwrap_or_default();
        let told = text
            .lines()
            .filter_map(|l| l.split_once(':'))
            .find(|(key, _)| key.trim() == "Hypervisor");
        if let Some((_, name)) = told {
            add(&mut found.guest, name.trim());
            (kind, role) = (name.trim().to_owned(), "guest");
        }
    } else {
        add(&mut found.guest, "ibm_systemz");
        (kind, role) = ("ibm_systemz".to_owned(), "guest");
    }
    found.is(&kind, role);
}

#[cfg(test)]
mod tests {
    use super::{Found, firmware};

    #[test]
    fn the_firmware_tells_the_hypervisor() {
        for (product, vendor, bios, family, guest) in [
            ("Standard PC (Q35 + ICH9, 2009)", "QEMU", "SeaBIOS", "", "kvm"),
            ("t3.micro", "Amazon EC2", "Amazon EC2", "", "kvm"),
            ("HVM domU", "Xen", "Xen", "", "xen"),
            ("VirtualBox", "innotek GmbH", "innotek GmbH", "", "virtualbox"),
            ("VMware20,1", "VMware, Inc.", "VMware, Inc.", "", "VMware"),
            (
                "Virtual Machine",
                "Microsoft Corporation",
                "Hyper-V UEFI",
                "",
                "VirtualPC",
            ),
            (
                "OpenStack Nova",
                "OpenStack Foundation",
                "SeaBIOS",
                "",
                "openstack",
            ),
            ("RHEL", "Red Hat", "SeaBIOS", "RHV", "RHV"),
            ("PowerEdge R640", "Dell Inc.", "Dell Inc.", "", ""),
        ] {
            let mut found = Found::default();
            let read = |file: &str| {
                let text = match file {
                    "product_name" => product,
                    "sys_vendor" => vendor,
                    "bios_vendor" => bios,
                    _ => family,
                };
                text.to_owned()
            };
            firmware(&read, &mut found);
            assert_eq!(found.guest.join(" "), guest, "{product}");
        }
    }
}
