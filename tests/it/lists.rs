use crate::program::Bench;

const PLAY: &str = "- name: First
  hosts: all
  gather_facts: false
  tasks:
    - name: One
      debug:
        msg: hi
      tags: [a]
    - name: Two
      debug:
        msg: ho
      tags: [b]
";

#[test]
fn tasks_tags_and_hosts_are_listed_without_running() {
    let bench = Bench::new();
    bench.file("p.yml", PLAY);
    let said = bench.run(&["play", "-i", "h1,h2", "--list-tasks", "p.yml"]);
    assert_eq!(
        (said.code, said.out.as_str()),
        (
            0,
            "\nplaybook: p.yml\n\n  play #1 (all): First\tTAGS: []\n    tasks:\n      One\tTAGS: [a]\n      Two\tTAGS: [b]\n"
        ),
        "{said:?}"
    );
    let said = bench.run(&["play", "-i", "h1,h2", "-t", "b", "--list-tasks", "p.yml"]);
    assert!(!said.out.contains("One") && said.out.contains("Two"), "{said:?}");
    let said = bench.run(&["play", "-i", "h1,h2", "--list-tags", "p.yml"]);
    assert!(said.out.contains("TASK TAGS: [a, b]"), "{said:?}");
    let said = bench.run(&["play", "-i", "h1,h2", "-l", "h2", "--list-hosts", "p.yml"]);
    assert!(said.out.contains("hosts (1):\n      h2\n"), "{said:?}");
}
