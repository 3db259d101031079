//! Volume groups, logical and physical volumes.

use super::{Gather, source};
use crate::host::Command;
use kdo_value::Map;

pub(super) fn collect(g: &mut Gather<'_, '_>) {
    if !rustix::process::geteuid().is_root() || g.host.find_program("vgs").is_none() {
        g.facts.insert("lvm", "N/A");
        return;
    }
    let (vgs, lvs, pvs) = (Map::new(), Map::new(), Map::new());
    if worth_asking() {
        for line in lines(g, "vgs", &[]) {
            let [name, _pv, lv, _, _, size, free] = &line[..] else {
                continue;
            };
            let facts = Map::from_iter([
                ("free_g", free.as_str()),
                ("num_lvs", lv.as_str()),
                ("num_pvs", _pv.as_str()),
                ("size_g", size.as_str()),
            ]);
            vgs.insert(name.as_str(), facts);
        }
        for line in lines(g, "lvs", &[]) {
            let [name, group, _, size, ..] = &line[..] else {
                continue;
            };
            lvs.insert(
                name.as_str(),
                Map::from_iter([("size_g", size.as_str()), ("vg", group.as_str())]),
            );
        }
        for line in lines(
            g,
            "pvs",
            &["-o", "pv_name,vg_name,pv_fmt,pv_attr,pv_size,pv_free"],
        ) {
            let [name, group, _, _, size, free] = &line[..] else {
                continue;
            };
            let facts = Map::from_iter([
                ("free_g", free.as_str()),
                ("size_g", size.as_str()),
                ("vg", group.as_str()),
            ]);
            pvs.insert(mapped(name), facts);
        }
    }
    g.facts
        .insert("lvm", Map::from_iter([("lvs", lvs), ("pvs", pvs), ("vgs", vgs)]));
}

/// Whether something was made with LVM: the programs are slow to start.
fn worth_asking() -> bool {
    let active = source::names("/sys/block")
        .iter()
        .any(|d| source::text(format!("/sys/block/{d}/dm/uuid")).is_some_and(|u| u.starts_with("LVM-")));
    // udev notes what it finds on each device; without it they must be asked.
    let udev = "/run/udev/data";
    let member = |file: &String| {
        file.starts_with('b')
            && source::text(format!("{udev}/{file}")).is_some_and(|t| t.contains("ID_FS_TYPE=LVM2_member"))
    };
    let devices = source::names(udev);
    active || !source::names("/etc/lvm/backup").is_empty() || devices.is_empty() || devices.iter().any(member)
}

/// A physical volume on a mapped device, by the name of the mapping.
fn mapped(device: &str) -> String {
    let number = device.strip_prefix("/dev/").filter(|d| d.starts_with("dm-"));
    let name = number.and_then(|d| source::word(format!("/sys/block/{d}/dm/name")));
    name.map_or_else(|| device.to_owned(), |n| format!("/dev/mapper/{n}"))
}

fn lines(g: &mut Gather<'_, '_>, program: &str, extra: &[&str]) -> Vec<Vec<String>> {
    let Some(path) = g.host.find_program(program) else {
        return Vec::new();
    };
    let options = ["--noheadings", "--nosuffix", "--units", "g", "--separator", ","];
    let command = Command::new(path).args(options).args(extra).timeout(g.limit);
    let text = g.host.query(command).map(|o| o.stdout_text()).unwrap_or_default();
    text.lines()
        .map(|l| l.trim().split(',').map(str::to_owned).collect())
        .collect()
}
