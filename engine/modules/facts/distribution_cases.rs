//! Distributions as the reference tells them.

use super::distribution::describe;
use kdo_value::{Map, json};

type Case = (
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static str,
);

const CASES: &[Case] = &[
    (
        "fedora",
        &[
            (
                "/etc/os-release",
                "NAME=\"Fedora Linux\"\nVERSION=\"39 (Server Edition)\"\nID=fedora\nVERSION_ID=39\nVERSION_CODENAME=\"\"\n",
            ),
            ("/etc/redhat-release", "Fedora release 39 (Thirty Nine)"),
        ],
        "Fedora 39 39 '' RedHat /etc/redhat-release RedHat",
    ),
    (
        "rocky",
        &[
            (
                "/etc/os-release",
                "NAME=\"Rocky Linux\"\nVERSION=\"9.3 (Blue Onyx)\"\nID=\"rocky\"\nVERSION_ID=\"9.3\"\n",
            ),
            ("/etc/redhat-release", "Rocky Linux release 9.3 (Blue Onyx)"),
        ],
        "Rocky 9.3 9 'Blue Onyx' RedHat /etc/redhat-release RedHat",
    ),
    (
        "centos stream",
        &[
            (
                "/etc/os-release",
                "NAME=\"CentOS Stream\"\nVERSION=\"9\"\nID=\"centos\"\nVERSION_ID=\"9\"\n",
            ),
            ("/etc/centos-release", "CentOS Stream release 9"),
            ("/etc/redhat-release", "CentOS Stream release 9"),
        ],
        "CentOS 9 9 'Stream' RedHat /etc/centos-release CentOS",
    ),
    (
        "centos 7",
        &[
            (
                "/etc/os-release",
                "NAME=\"CentOS Linux\"\nVERSION=\"7 (Core)\"\nID=\"centos\"\nVERSION_ID=\"7\"\n",
            ),
            ("/etc/centos-release", "CentOS Linux release 7.9.2009 (Core)"),
            ("/etc/redhat-release", "CentOS Linux release 7.9.2009 (Core)"),
        ],
        "CentOS 7.9 7 'Core' RedHat /etc/redhat-release RedHat",
    ),
    (
        "rhel",
        &[
            (
                "/etc/os-release",
                "NAME=\"Red Hat Enterprise Linux\"\nVERSION=\"8.6 (Ootpa)\"\nID=\"rhel\"\nVERSION_ID=\"8.6\"\n",
            ),
            (
                "/etc/redhat-release",
                "Red Hat Enterprise Linux release 8.6 (Ootpa)",
            ),
        ],
        "RedHat 8.6 8 'Ootpa' RedHat /etc/redhat-release RedHat",
    ),
    (
        "leap",
        &[(
            "/etc/os-release",
            "NAME=\"openSUSE Leap\"\nVERSION=\"15.5\"\nID=\"opensuse-leap\"\nID_LIKE=\"suse opensuse\"\nVERSION_ID=\"15.5\"\n",
        )],
        "openSUSE Leap 15.5 15 '5' Suse /etc/os-release SUSE",
    ),
    (
        "tumbleweed",
        &[(
            "/etc/os-release",
            "NAME=\"openSUSE Tumbleweed\"\nID=\"opensuse-tumbleweed\"\nVERSION_ID=\"20230101\"\n",
        )],
        "openSUSE Tumbleweed 20230101 20230101 '' Suse /etc/os-release SUSE",
    ),
    (
        "alpine",
        &[
            (
                "/etc/os-release",
                "NAME=\"Alpine Linux\"\nID=alpine\nVERSION_ID=3.18.4\n",
            ),
            ("/etc/alpine-release", "3.18.4"),
        ],
        "Alpine 3.18.4 3 'NA' Alpine /etc/alpine-release Alpine",
    ),
    (
        "arch",
        &[
            ("/etc/os-release", "NAME=\"Arch Linux\"\nID=arch\n"),
            ("/etc/arch-release", ""),
        ],
        "Archlinux NA NA 'NA' Archlinux /etc/arch-release Archlinux",
    ),
    (
        "ubuntu",
        &[
            (
                "/etc/os-release",
                "PRETTY_NAME=\"Ubuntu 22.04.3 LTS\"\nNAME=\"Ubuntu\"\nVERSION_ID=\"22.04\"\nVERSION=\"22.04.3 LTS (Jammy Jellyfish)\"\nVERSION_CODENAME=jammy\nID=ubuntu\nID_LIKE=debian\n",
            ),
            ("/etc/debian_version", "bookworm/sid"),
        ],
        "Ubuntu 22.04 22 'jammy' Debian /etc/os-release Debian",
    ),
    (
        "debian",
        &[
            (
                "/etc/os-release",
                "PRETTY_NAME=\"Debian GNU/Linux 11 (bullseye)\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"11\"\nVERSION=\"11 (bullseye)\"\nVERSION_CODENAME=bullseye\nID=debian\n",
            ),
            ("/etc/debian_version", "11.7"),
        ],
        "Debian 11.7 11 'bullseye' Debian /etc/os-release Debian",
    ),
    (
        "amazon",
        &[(
            "/etc/os-release",
            "NAME=\"Amazon Linux\"\nVERSION=\"2023\"\nID=\"amzn\"\nVERSION_ID=\"2023\"\n",
        )],
        "Amazon 2023 2023 'NA' RedHat /etc/os-release Amazon",
    ),
    (
        "mint",
        &[(
            "/etc/os-release",
            "NAME=\"Linux Mint\"\nVERSION=\"21.2 (Victoria)\"\nID=linuxmint\nID_LIKE=\"ubuntu debian\"\nVERSION_ID=\"21.2\"\nVERSION_CODENAME=victoria\n",
        )],
        "Linux Mint 21.2 21 'victoria' Debian /etc/os-release Debian",
    ),
    ("busybox", &[], "OtherLinux NA NA 'NA' OtherLinux - -"),
];

#[test]
fn distributions_are_told_as_ansible_tells_them() {
    for (what, given, wanted) in CASES {
        let files = |path: &str| {
            given
                .iter()
                .find(|(p, _)| *p == path)
                .map(|(_, c)| (*c).to_owned())
        };
        let out = Map::new();
        describe(&files, false, &out);
        let get = |key: &str| out.get(key).map_or_else(|| "-".to_owned(), |v| v.to_text());
        let is = format!(
            "{} {} {} '{}' {} {} {}",
            get("distribution"),
            get("distribution_version"),
            get("distribution_major_version"),
            get("distribution_release"),
            get("os_family"),
            get("distribution_file_path"),
            get("distribution_file_variety")
        );
        assert_eq!(is, *wanted, "{what}: {}", json::line(&out.into()));
    }
}
