//! A save that is interrupted at any system call leaves the old file or the new one, never a mix.
//!
//! The save runs in a process of its own under `ptrace`: at its n-th system call it is killed, or the call fails.

// Helpers of tests, which clippy does not know as such.
#![allow(unsafe_code, clippy::unwrap_used)]

use super::{FileAttrs, Save};
use crate::{Host, NoLink, host::Context, params::Raw};
use kdo_value::Value;
use std::{
    fs::{self, File, FileTimes},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

const OLD: &str = "the old content\n";
const NEW: &str = "the new content, which is longer\n";

/// What happens to one system call.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// The process ends before it.
    Kill,
    /// It is not made and gives this error.
    Error(i32),
}

/// The system calls of files, which can fail. What starts and awaits the validating program is left alone.
const OF_FILES: &[i64] = &[
    libc::SYS_open,
    libc::SYS_openat,
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_fstat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_flock,
    libc::SYS_copy_file_range,
    libc::SYS_sendfile,
    libc::SYS_fchown,
    libc::SYS_fchmod,
    libc::SYS_fchownat,
    libc::SYS_fchmodat,
    libc::SYS_chmod,
    libc::SYS_fsync,
    libc::SYS_rename,
    libc::SYS_renameat,
    libc::SYS_renameat2,
];

/// How the process ended.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// The save said that it succeeded, or that it failed.
    Said(bool),
    /// By a signal.
    Killed,
}

/// Gives `path` the new content, with everything that a save can be asked for.
fn save(path: &Path) -> bool {
    let mut link = NoLink;
    let mut host = Host::new(Context::default(), &mut link);
    let save = Save {
        backup: true,
        validate: Some("/bin/grep -q new %s".into()),
        unsafe_writes: false,
    };
    let attrs = FileAttrs {
        mode: Some(Raw(Value::str("0640"))),
        owner: Some(rustix::process::getuid().as_raw().to_string()),
        ..FileAttrs::default()
    };
    host.write(path, NEW.as_bytes(), &save, &attrs).is_ok()
}

/// Saves in a process of its own, with a fault at the n-th system call; also says how many there were.
fn save_with_fault(path: &Path, at: usize, fault: Fault) -> (End, usize) {
    // SAFETY: the child has this thread only and does nothing but the save, then ends without unwinding into the
    // test harness; all pointers are to values on this stack.
    unsafe {
        let child = libc::fork();
        assert!(child >= 0, "no process");
        if child == 0 {
            libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0);
            libc::raise(libc::SIGSTOP);
            // The agent aborts on a panic.
            match std::panic::catch_unwind(|| save(path)) {
                Ok(done) => libc::_exit(i32::from(!done)),
                Err(_) => libc::abort(),
            }
        }
        let mut status = 0;
        libc::waitpid(child, &mut status, 0);
        assert!(
            libc::WIFSTOPPED(status),
            "the process cannot be traced: {status:#x}"
        );
        let options = libc::PTRACE_O_TRACESYSGOOD | libc::PTRACE_O_EXITKILL;
        libc::ptrace(libc::PTRACE_SETOPTIONS, child, 0, options);
        let (mut count, mut entering, mut signal) = (0, true, 0);
        loop {
            libc::ptrace(libc::PTRACE_SYSCALL, child, 0, signal);
            libc::waitpid(child, &mut status, 0);
            if libc::WIFEXITED(status) {
                return (End::Said(libc::WEXITSTATUS(status) == 0), count);
            }
            if libc::WIFSIGNALED(status) {
                return (End::Killed, count);
            }
            signal = match libc::WSTOPSIG(status) {
                stop if stop == libc::SIGTRAP | 0x80 => 0,
                other => {
                    // The end of the validating program, told to its parent.
                    signal = other;
                    continue;
                }
            };
            if entering {
                count += 1;
            }
            if count == at {
                let mut registers: libc::user_regs_struct = std::mem::zeroed();
                libc::ptrace(libc::PTRACE_GETREGS, child, 0, &mut registers);
                match (fault, entering) {
                    (Fault::Kill, _) => {
                        libc::kill(child, libc::SIGKILL);
                    }
                    (Fault::Error(_), true) if !OF_FILES.contains(&registers.orig_rax.cast_signed()) => {
                        // Only calls of files are counted here.
                        count -= 1;
                    }
                    // No call has this number.
                    (Fault::Error(_), true) => registers.orig_rax = u64::MAX,
                    (Fault::Error(_), false) if registers.orig_rax != u64::MAX => {}
                    (Fault::Error(errno), false) => registers.rax = i64::from(-errno).cast_unsigned(),
                }
                libc::ptrace(libc::PTRACE_SETREGS, child, 0, &registers);
            }
            entering = !entering;
        }
    }
}

/// A folder with a file to save, or without.
struct Scene {
    folder: tempfile::TempDir,
    existed: bool,
}

impl Scene {
    fn new(existed: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let scene = Self { folder, existed };
        if existed {
            fs::write(scene.file(), OLD).unwrap();
            fs::set_permissions(scene.file(), fs::Permissions::from_mode(0o604)).unwrap();
        }
        scene
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("file")
    }

    /// Whether the new content is there; anything but the old and the new is an error.
    fn is_new(&self, about: &str) -> bool {
        let content = fs::read_to_string(self.file()).ok();
        let mode = fs::metadata(self.file()).map_or(0, |m| m.permissions().mode() & 0o7777);
        match content.as_deref() {
            Some(NEW) => {
                assert_eq!(mode, 0o640, "{about}: the new content under another mode");
                true
            }
            Some(OLD) => {
                assert!(self.existed && mode == 0o604, "{about}: {mode:o}");
                false
            }
            None if !self.existed => false,
            other => panic!("{about}: {other:?}"),
        }
    }

    /// Temporary files that are left; backups are whole.
    fn left(&self, about: &str) -> Vec<PathBuf> {
        let mut left = Vec::new();
        for entry in fs::read_dir(self.folder.path()).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if name.starts_with(".file.") {
                left.push(path);
            } else if name != "file" {
                assert_eq!(fs::read_to_string(&path).unwrap(), OLD, "{about}: backup {name}");
            }
        }
        left
    }
}

/// How many system calls a save makes that nothing disturbs.
fn calls(existed: bool) -> usize {
    let scene = Scene::new(existed);
    let (end, calls) = save_with_fault(&scene.file(), usize::MAX, Fault::Kill);
    assert_eq!(end, End::Said(true));
    assert!(scene.is_new("undisturbed") && scene.left("undisturbed").is_empty());
    calls
}

#[test]
fn a_save_that_is_killed_at_any_system_call_leaves_the_old_file_or_the_new_one() {
    for existed in [true, false] {
        let calls = calls(existed);
        assert!(calls > 20, "{calls}");
        let mut with_leftovers = 0;
        for at in 1.. {
            let about = format!("killed at {at} of about {calls}, file there: {existed}");
            let scene = Scene::new(existed);
            let (end, _) = save_with_fault(&scene.file(), at, Fault::Kill);
            let new = scene.is_new(&about);
            if end != End::Killed {
                // The numbers of calls differ a little: the validating program is waited for.
                assert!(
                    end == End::Said(true) && new && at > calls / 2,
                    "{about}: {end:?}"
                );
                break;
            }
            let left = scene.left(&about);
            assert!(left.len() <= 1, "{about}: {left:?}");
            // What is left does not stand in the way of the next one, who removes it when it is old enough.
            for path in &left {
                with_leftovers += 1;
                let old = SystemTime::now() - Duration::from_secs(3600);
                let file = File::options().write(true).open(path).unwrap();
                file.set_times(FileTimes::new().set_modified(old)).unwrap();
            }
            let again = save(&scene.file());
            assert!(again && scene.is_new(&about), "{about}: saved again");
            if !left.is_empty() {
                assert_eq!(scene.left(&about), [] as [PathBuf; 0], "{about}: saved again");
            }
        }
        assert!(with_leftovers > 3, "{with_leftovers}");
    }
}

#[test]
fn a_save_of_which_any_system_call_fails_says_so_or_succeeds_and_leaves_no_temporary_file() {
    for existed in [true, false] {
        let calls = calls(existed);
        let mut failed = 0;
        for at in 1..=calls {
            let about = format!("no space at {at} of {calls}, file there: {existed}");
            let scene = Scene::new(existed);
            let (end, _) = save_with_fault(&scene.file(), at, Fault::Error(libc::ENOSPC));
            let new = scene.is_new(&about);
            match end {
                End::Said(done) => {
                    failed += usize::from(!done);
                    assert_eq!(new, done, "{about}: what was said");
                    assert_eq!(scene.left(&about), [] as [PathBuf; 0], "{about}");
                }
                // Without memory a program ends at once.
                End::Killed => assert!(scene.left(&about).len() <= 1, "{about}"),
            }
        }
        assert!(failed > 5, "{failed}");
    }
}
