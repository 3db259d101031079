//! Whether the host is a virtual machine or container, or runs such.

use super::{Gather, source};
use kdo_value::Value;
use std::path::Path;

#[derive(Default)]
struct Found {
    first: Option<(String, &'static str)>,
    guest: Vec<String>,
    host: Vec<String>,
}

impl Found {
    fn guest(&mut self, kind: &str) {
        if !self.guest.iter().any(|g| g == kind) {
            self.guest.push(kind.to_owned());
        }
        self.first.get_or_insert((kind.to_owned(), "guest"));
    }

    fn host(&mut self, kind: &str) {
        if !self.host.iter().any(|g| g == kind) {
            self.host.push(kind.to_owned());
        }
        self.first.get_or_insert((kind.to_owned(), "host"));
    }
}

pub(super) fn collect(g: &mut Gather<'_, '_>) {
    let mut found = Found::default();
    containers(&mut found);
    firmware(&mut found);
    kernel(&mut found);
    let (kind, role) = found.first.unwrap_or(("NA".into(), "NA"));
    g.facts.insert("virtualization_type", kind);
    g.facts.insert("virtualization_role", role);
    g.facts.insert(
        "virtualization_tech_guest",
        Value::list(found.guest.into_iter().map(Value::str)),
    );
    g.facts.insert(
        "virtualization_tech_host",
        Value::list(found.host.into_iter().map(Value::str)),
    );
}

fn containers(found: &mut Found) {
    let exists = |p: &str| Path::new(p).exists();
    for line in source::text("/proc/1/cgroup").unwrap_or_default().lines() {
        if line.contains("/docker/") || line.contains("/docker-") {
            found.guest("docker");
            found.guest("container");
        } else if line.contains("/lxc/") || line.contains("/machine.slice/machine-lxc") {
            found.guest("lxc");
            found.guest("container");
        } else if line.contains("/system.slice/containerd.service") {
            found.guest("containerd");
            found.guest("container");
        }
    }
    for variable in source::text("/proc/1/environ").unwrap_or_default().split('\0') {
        match variable.strip_prefix("container=") {
            Some(kind @ ("lxc" | "podman")) => {
                found.guest(kind);
                found.guest("container");
            }
            Some(kind) if !kind.is_empty() => found.guest("container"),
            _ => {}
        }
    }
    if exists("/.dockerenv") || exists("/.dockerinit") {
        found.guest("docker");
        found.guest("container");
    }
    if exists("/proc/vz") && !exists("/proc/lve") {
        if exists("/proc/bc") {
            found.host("openvz");
        } else {
            found.guest("openvz");
        }
    }
    if let Some(kind) = source::word("/run/systemd/container") {
        found.guest(&kind);
    }
    if exists("/proc/xen") {
        if source::text("/proc/xen/capabilities").is_some_and(|c| c.contains("control_d")) {
            found.host("xen");
        } else {
            found.guest("xen");
        }
    }
}

fn firmware(found: &mut Found) {
    let read = |file: &str| source::text(format!("/sys/devices/virtual/dmi/id/{file}")).unwrap_or_default();
    let (product, vendor, family) = (read("product_name"), read("sys_vendor"), read("product_family"));
    match product.as_str() {
        "KVM" | "KVM Server" | "Bochs" | "AHV" => found.guest("kvm"),
        "RHEV Hypervisor" => found.guest("RHEV"),
        "VMware Virtual Platform" | "VMware7,1" | "VMware20,1" => found.guest("VMware"),
        "OpenStack Compute" | "OpenStack Nova" => found.guest("openstack"),
        _ => {}
    }
    if family == "oVirt" || vendor == "oVirt" {
        found.guest("oVirt");
    }
    if read("bios_vendor") == "Xen" {
        found.guest("xen");
    }
    match vendor.as_str() {
        "QEMU" | "Amazon EC2" | "DigitalOcean" | "Google" | "Scaleway" | "Nutanix" | "Hetzner" => {
            found.guest("kvm")
        }
        "innotek GmbH" => found.guest("virtualbox"),
        "Microsoft Corporation" if product == "Virtual Machine" => found.guest("VirtualPC"),
        "Parallels Software International Inc." | "Parallels International GmbH." => found.guest("parallels"),
        "OpenStack Foundation" => found.guest("openstack"),
        "VMware, Inc." => found.guest("VMware"),
        "BHYVE" => found.guest("bhyve"),
        _ => {}
    }
}

fn kernel(found: &mut Found) {
    let status = source::text("/proc/self/status").unwrap_or_default();
    if let Some(id) = status.lines().find_map(|l| l.strip_prefix("VxID:")) {
        if id.trim() == "0" {
            found.host("linux_vserver");
        } else {
            found.guest("linux_vserver");
        }
    }
    let cpus = source::text("/proc/cpuinfo").unwrap_or_default();
    for line in cpus.lines() {
        let model = line.starts_with("model name") || line.starts_with("cpu model");
        if model && line.contains("QEMU Virtual CPU") {
            found.guest("kvm");
        } else if line.starts_with("vendor_id") && line.contains("User Mode Linux")
            || model && line.ends_with(": UML")
        {
            found.guest("uml");
        } else if line.starts_with("vendor_id") && line.contains("PowerVM Lx86") {
            found.guest("powervm_lx86");
        } else if line.starts_with("machine") && line.contains("CHRP IBM pSeries (emulated by qemu)") {
            found.guest("kvm");
        }
    }
    let modules: Vec<_> = source::text("/proc/modules")
        .unwrap_or_default()
        .lines()
        .filter_map(|l| l.split(' ').next().map(str::to_owned))
        .collect();
    let loaded = |name: &str| modules.iter().any(|m| m == name);
    if Path::new("/dev/kvm").exists() || loaded("kvm") {
        found.host("kvm");
    }
    if loaded("vboxdrv") {
        found.host("virtualbox");
    }
    if loaded("virtio") {
        found.guest("kvm");
    }
}
