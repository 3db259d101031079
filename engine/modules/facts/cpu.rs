//! Processors, from `/proc/cpuinfo`.

use super::{Gather, source};
use kdo_value::{List, Map, Value};

pub(super) fn collect(g: &mut Gather<'_, '_>) {
    let info = source::text("/proc/cpuinfo").unwrap_or_default();
    let machine = g
        .facts
        .get("architecture")
        .map(|a| a.to_text())
        .unwrap_or_default();
    let usable = rustix::thread::sched_getaffinity(None).map_or(0, |set| set.count());
    parse(&info, &machine, i64::from(usable), &g.facts);
}

fn parse(info: &str, machine: &str, usable: i64, out: &Map) {
    let mut list = Vec::new();
    // Values per socket and per core, in the order of their first mention.
    let (mut sockets, mut cores) = (Vec::<(String, i64)>::new(), Vec::<(String, i64)>::new());
    let (mut vendors, mut models, mut numbers, mut entries) = (0_i64, 0_i64, 0_i64, 0_i64);
    // IBM Z: processors and threads of each.
    let (mut all, mut threads) = (0_i64, 0_i64);
    let (mut socket, mut core) = (String::new(), String::new());
    let set = |table: &mut Vec<(String, i64)>, key: &str, value: Option<i64>| match table
        .iter_mut()
        .find(|(k, _)| k == key)
    {
        Some(entry) => entry.1 = value.unwrap_or(entry.1),
        None => table.push((key.to_owned(), value.unwrap_or(1))),
    };
    let xen = std::path::Path::new("/proc/xen").exists()
        || source::text("/sys/hypervisor/type").is_some_and(|t| t.starts_with("xen"));
    let mut paravirtual = false;
    for line in info.lines() {
        let Some((key, value)) = line.split_once(':') else {
            continue;
        };
        let (key, value) = (key.trim(), value.trim());
        match key {
            "flags" => {
                paravirtual |= xen && !value.contains("vme");
                out.insert(
                    "flags",
                    List::new(value.split_whitespace().map(Value::str).collect()),
                );
            }
            "model name" | "Processor" | "vendor_id" | "cpu" | "Vendor" | "processor" => {
                list.push(Value::str(value));
                vendors += i64::from(key == "vendor_id");
                models += i64::from(key == "model name");
                numbers += i64::from(key == "processor");
                entries += 1;
            }
            "physical id" => {
                socket = value.to_owned();
                set(&mut sockets, &socket, None);
            }
            "core id" => {
                core = value.to_owned();
                set(&mut cores, &core, None);
            }
            "cpu cores" => set(&mut sockets, &socket, value.parse().ok()),
            "siblings" => set(&mut cores, &core, value.parse().ok()),
            "# processors" => all = value.parse().unwrap_or(0),
            "max thread id" => threads = value.parse::<i64>().map_or(0, |n| n + 1),
            "ncpus active" => entries = value.parse().unwrap_or(entries),
            _ => {}
        }
    }
    if vendors > 0 && vendors == models {
        entries = vendors;
    }
    if ["armv", "aarch", "ppc"].iter().any(|m| machine.starts_with(m)) {
        entries = numbers;
    }
    let (count, per_socket, per_core) = if paravirtual {
        (entries, entries, 1)
    } else {
        let count = if sockets.is_empty() {
            entries
        } else {
            i64::try_from(sockets.len()).unwrap_or(1)
        };
        let per_socket = sockets.first().map_or(1, |(_, n)| *n).max(1);
        (
            count,
            per_socket,
            quotient(cores.first().map_or(1, |(_, n)| *n), per_socket),
        )
    };
    let vcpus = if paravirtual {
        entries
    } else {
        count * per_socket * per_core
    };
    let (count, per_socket, per_core, vcpus) = if machine == "s390x" {
        (1, quotient(all, threads), threads, all)
    } else {
        (count, per_socket, per_core, vcpus)
    };
    out.insert("processor", List::new(list));
    out.insert("processor_cores", per_socket);
    out.insert("processor_count", count);
    out.insert("processor_nproc", usable);
    out.insert("processor_threads_per_core", per_core);
    out.insert("processor_vcpus", vcpus);
}

/// The nearest whole number, the even one of two.
fn quotient(a: i64, b: i64) -> i64 {
    if b == 0 {
        0
    } else {
        (a as f64 / b as f64).round_ties_even() as i64
    }
}

#[cfg(test)]
mod tests {
    use super::parse;
    use kdo_value::Map;

    #[test]
    fn sockets_cores_and_threads_are_told_apart() {
        let mut info = String::new();
        for i in 0..8 {
            let (socket, core) = (i / 4, i % 2);
            info += &format!(
                "processor\t: {i}\nvendor_id\t: GenuineIntel\nmodel name\t: Xeon\nphysical id\t: {socket}\n"
            );
            info += &format!("siblings\t: 4\ncore id\t\t: {core}\ncpu cores\t: 2\nflags\t\t: fpu vme\n\n");
        }
        let out = Map::new();
        parse(&info, "x86_64", 8, &out);
        for (key, value) in [
            ("count", 2),
            ("cores", 2),
            ("threads_per_core", 2),
            ("vcpus", 8),
            ("nproc", 8),
        ] {
            assert_eq!(
                out.get(&format!("processor_{key}")).unwrap().as_int(),
                Some(value),
                "{key}"
            );
        }
    }

    #[test]
    fn arm_without_topology_counts_processors() {
        let out = Map::new();
        parse(
            "processor\t: 0\nBogoMIPS\t: 48\nFeatures\t: fp asimd\n\nprocessor\t: 1\n",
            "aarch64",
            2,
            &out,
        );
        assert_eq!(out.get("processor_count").unwrap().as_int(), Some(2));
        assert_eq!(out.get("processor_vcpus").unwrap().as_int(), Some(2));
    }
}
