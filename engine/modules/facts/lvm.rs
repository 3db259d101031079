//! Volume groups, logical and physical volumes.

use super::{Gather, source};
use crate::host::Command;
use kdo_value::Map;

pub(super) fn collect(g: &mut Gather<'_, '_>) {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    if g.host.find_program("vgs").is_none() {
        g.facts.insert("lvm", "N/A");
        return;
    }
    let (vgs, lvs, pvs) = (Map::new(), Map::new(), Map::new());
    // The programs are only worth starting where something was made with LVM.
    let active = source::names("/sys/block")
        .iter()
        .any(|d| source::text(format!("/sys/block/{d}/dm/uuid")).is_some_and(|u| u.starts_with("LVM-")));
    if active || !source::names("/etc/lvm/backup").is_empty() {
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
            pvs.insert(name.as_str(), facts);
        }
    }
    g.facts
        .insert("lvm", Map::from_iter([("lvs", lvs), ("pvs", pvs), ("vgs", vgs)]));
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
