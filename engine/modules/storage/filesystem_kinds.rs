//! Kinds of file systems: their programs and how large they are.

/// How a file system gets a UUID when it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MakeUuid {
    /// It cannot.
    Never,
    /// By these options of its program, of which the first is used; and what must follow the UUID.
    Option(&'static [&'static str], &'static [&'static str]),
    /// It is changed afterwards.
    Afterwards,
}

/// A kind of file system.
#[derive(Debug)]
pub(super) struct Kind {
    /// As users and `blkid` call it.
    pub(super) names: &'static [&'static str],
    /// As messages call it.
    pub(super) title: &'static str,
    /// Package of its programs.
    pub(super) package: &'static str,
    /// Program that makes it, with the options that keep it from asking back.
    pub(super) make: &'static [&'static str],
    pub(super) make_uuid: MakeUuid,
    /// Program and options that change its UUID; the new one follows unless they choose it themselves.
    pub(super) change_uuid: &'static [&'static str],
    /// Program and options that grow it to the device's size, if any.
    pub(super) grow: &'static [&'static str],
    /// It grows only where it is mounted.
    pub(super) grow_mounted: bool,
    /// Bytes at the device's end that it leaves unused.
    pub(super) slack: u64,
    /// Program and options that tell its size.
    pub(super) info: &'static [&'static str],
}

/// What is not said of a kind.
const PLAIN: Kind = Kind {
    names: &[],
    title: "",
    package: "",
    make: &[],
    make_uuid: MakeUuid::Never,
    change_uuid: &[],
    grow: &[],
    grow_mounted: false,
    slack: 0,
    info: &[],
};

const EXT: Kind = Kind {
    package: "e2fsprogs",
    make_uuid: MakeUuid::Option(&["-U"], &[]),
    change_uuid: &["tune2fs", "-U"],
    grow: &["resize2fs"],
    info: &["tune2fs", "-l"],
    ..PLAIN
};

/// All kinds.
const KINDS: &[Kind] = &[
    Kind {
        names: &["ext2"],
        title: "Ext2",
        make: &["mkfs.ext2", "-F"],
        ..EXT
    },
    Kind {
        names: &["ext3"],
        title: "Ext3",
        make: &["mkfs.ext3", "-F"],
        ..EXT
    },
    Kind {
        names: &["ext4", "ext4dev"],
        title: "Ext4",
        make: &["mkfs.ext4", "-F"],
        ..EXT
    },
    Kind {
        names: &["xfs"],
        title: "XFS",
        package: "xfsprogs",
        make: &["mkfs.xfs", "-f"],
        make_uuid: MakeUuid::Afterwards,
        change_uuid: &["xfs_admin", "-U"],
        grow: &["xfs_growfs"],
        grow_mounted: true,
        // Less than 64 blocks are too few for another allocation group.
        slack: 64 * 4096 - 1,
        info: &["xfs_info"],
    },
    Kind {
        names: &["btrfs"],
        title: "Btrfs",
        package: "btrfs-progs",
        make: &["mkfs.btrfs", "-f"],
        grow: &["btrfs", "filesystem", "resize", "max"],
        grow_mounted: true,
        info: &["btrfs", "filesystem", "usage", "-b"],
        ..PLAIN
    },
    Kind {
        names: &["vfat"],
        title: "VFAT",
        package: "dosfstools",
        make: &["mkfs.vfat"],
        grow: &["fatresize", "-s", "max"],
        info: &["fatresize", "--info"],
        ..PLAIN
    },
    Kind {
        names: &["f2fs"],
        title: "F2fs",
        package: "f2fs-tools",
        make: &["mkfs.f2fs", "-f"],
        grow: &["resize.f2fs"],
        info: &["dump.f2fs"],
        ..PLAIN
    },
    Kind {
        names: &["swap"],
        title: "Swap",
        package: "util-linux",
        make: &["mkswap", "-f"],
        ..PLAIN
    },
    Kind {
        names: &["lvm", "LVM2_member"],
        title: "LVM",
        package: "lvm2",
        make: &["pvcreate", "-f"],
        make_uuid: MakeUuid::Option(&["-u", "--uuid"], &["--norestorefile"]),
        change_uuid: &["pvchange", "-u"],
        grow: &["pvresize"],
        info: &[
            "pvs",
            "--noheadings",
            "-o",
            "pv_size",
            "--units",
            "b",
            "--nosuffix",
        ],
        ..PLAIN
    },
    Kind {
        names: &["bcachefs"],
        title: "Bcachefs",
        package: "bcachefs-tools",
        make: &["mkfs.bcachefs", "--force"],
        make_uuid: MakeUuid::Option(&["-U", "--uuid"], &[]),
        grow: &["bcachefs", "device", "resize"],
        info: &["bcachefs", "show-super"],
        ..PLAIN
    },
    Kind {
        names: &["ocfs2"],
        title: "Ocfs2",
        package: "ocfs2-tools",
        make: &["mkfs.ocfs2", "-Fx"],
        ..PLAIN
    },
    Kind {
        names: &["reiserfs"],
        title: "Reiserfs",
        package: "reiserfsprogs",
        make: &["mkfs.reiserfs", "-q"],
        ..PLAIN
    },
    Kind {
        names: &["ufs"],
        title: "UFS",
        package: "ufsutils",
        make: &["newfs"],
        grow: &["growfs", "-y"],
        info: &["dumpfs"],
        ..PLAIN
    },
];

impl Kind {
    /// The kind of that name.
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.names.contains(&name))
    }

    /// Bytes of the file system by what its `info` program printed.
    pub(super) fn size(&self, printed: &str) -> Option<u64> {
        let after = |key: &str| {
            let rest = printed.lines().find_map(|l| l.trim_start().strip_prefix(key))?;
            let number = rest.trim_start_matches([' ', '\t', ':', '=']);
            number.split([' ', '\t', ',']).next()?.parse::<u64>().ok()
        };
        match self.title {
            "Ext2" | "Ext3" | "Ext4" => Some(after("Block count")? * after("Block size")?),
            "XFS" => {
                let data = printed.lines().find(|l| l.starts_with("data"))?.replace(',', " ");
                let value = |key: &str| {
                    let word = data.split_whitespace().find_map(|w| w.strip_prefix(key));
                    word?.parse::<u64>().ok()
                };
                Some(value("bsize=")? * value("blocks=")?)
            }
            "Btrfs" => after("Device size"),
            "VFAT" => after("Size").or_else(|| after("Cur size")),
            "F2fs" => Some(after("Info: sector size")? * after("Info: total FS sectors")?),
            "LVM" => printed.trim().parse().ok(),
            "Bcachefs" => {
                let line = printed
                    .lines()
                    .find_map(|l| l.trim_start().strip_prefix("Size: "))?;
                let (number, unit) = line.trim().split_once(' ')?;
                let power = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
                let exponent = i32::try_from(power.iter().position(|u| *u == unit.trim())?).ok()?;
                Some((number.parse::<f64>().ok()? * 1024_f64.powi(exponent)) as u64)
            }
            "UFS" => {
                let words = |key: &str| {
                    let mut words = printed.split_whitespace().skip_while(|w| *w != key);
                    words.nth(1)?.parse::<u64>().ok()
                };
                Some(words("fsize")? * words("providersize")?)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Kind;

    #[test]
    fn sizes_are_read_from_what_the_programs_print() {
        for (kind, printed, size) in [
            (
                "ext4",
                "Inode count:  8\nBlock count:              8192\nBlock size:               4096\n",
                Some(33_554_432),
            ),
            (
                "xfs",
                "meta-data=/t/xfs isize=512\ndata     =                       bsize=4096   blocks=81920, imaxpct=25\nnaming   =version 2\n",
                Some(335_544_320),
            ),
            (
                "btrfs",
                "Overall:\n    Device size:\t\t 125829120\n    Device allocated:\t\t  1\n",
                Some(125_829_120),
            ),
            (
                "vfat",
                "Device: /dev/sdb1\nSize: 1048576\nMin size: 0\n",
                Some(1_048_576),
            ),
            (
                "f2fs",
                "Info: sector size = 512\nInfo: total FS sectors = 65536 (32 MB)\n",
                Some(33_554_432),
            ),
            ("lvm", "  62914560\n", Some(62_914_560)),
            (
                "bcachefs",
                "  Size:                       1.50 GiB\n",
                Some(1_610_612_736),
            ),
            ("ufs", "fsize\t4096\nproviders providersize 10\n", Some(40_960)),
            ("ext4", "nonsense", None),
            ("swap", "", None),
        ] {
            assert_eq!(Kind::named(kind).unwrap().size(printed), size, "{kind}");
        }
    }
}
