//! No bytes make a reader panic or run away.

use super::{Source, check_log, check_time, ktap, results_tsv, run_txt, xunit};
use crate::{baseline::Baseline, note::Notes, outcome::Outcomes};
use std::{collections::HashMap, io::BufReader, path::Path};

/// Pieces of all formats, so that random texts get deeper than random bytes would.
const PIECES: &[&[u8]] = &[
    b"\n",
    b"\n",
    b"\t",
    b" ",
    b"  ",
    b"# ",
    b"ok ",
    b"not ok ",
    b"1",
    b"1..2\n",
    b"1..0 # SKIP",
    b"TAP version 13\n",
    b"selftests: ",
    b"net: ",
    b"# selftests: a: b\n",
    b" # SKIP",
    b" # TIMEOUT 45 seconds",
    b"# exit=1",
    b"Bail out!",
    b"<testcase ",
    b"name=\"x\"",
    b"classname='xfstests.global'",
    b" time=\"1\"",
    b">",
    b"/>",
    b"</testcase>",
    b"<failure",
    b"<![CDATA[",
    b"]]>",
    b"<!--",
    b"-->",
    b"&lt;",
    b"&#x",
    b"&#55296;",
    b"\"",
    b"'",
    b"<system-out>",
    b"</system-out>",
    b"Ran: ",
    b"Not run:",
    b"Failures: ",
    b"SECTION -- ",
    b"Interrupted!\n",
    b"generic/001",
    b"pass",
    b"crash",
    b"flaky",
    b"6.*",
    b"kernel\t",
    b"loops\t2\n",
    b"0.5",
    b"-1",
    b"1e400",
    b"\xff",
    b"\x00",
    b"\x1b[",
    b"\xe2\x82",
    b"\xc3\xa9",
    b"=",
    b"<",
    b"/",
    b"..",
    b"\r\n",
    b"\xe2\x80\xae",
];

/// A small generator: the tests give the same texts each time.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap() % limit
    }

    fn bytes(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        for _ in 0..self.below(60) {
            if self.below(6) == 0 {
                out.push(u8::try_from(self.below(256)).unwrap());
            } else {
                out.extend_from_slice(PIECES[self.below(PIECES.len())]);
            }
        }
        out
    }
}

#[test]
fn no_bytes_make_a_reader_panic() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for round in 0..4000 {
        let bytes = random.bytes();
        let (mut found, mut notes) = (Outcomes::new(round % 2 == 0), Notes::default());
        let path = if round % 20 == 0 {
            std::fs::write(file.path(), &bytes).unwrap();
            file.path()
        } else {
            Path::new("/nowhere/x.tap")
        };
        // A buffer of three bytes cuts everything in two.
        let source = || Source {
            path,
            reader: BufReader::with_capacity(3, &bytes[..]),
        };
        run_txt::read(source(), &mut notes);
        results_tsv::read(source(), &mut found, &mut notes);
        ktap::read(source(), "s", &mut found, &mut notes);
        xunit::read(source(), &mut found, &mut notes);
        check_time::read(source(), &mut notes);
        check_log::read(source(), "s", &HashMap::new(), &mut found, &mut notes);
        let baseline = Baseline::read(source(), &mut notes);
        for outcome in found.finish(path, &mut notes) {
            assert!(!outcome.test.contains(['\x1b', '\0', '\u{202e}']), "{outcome:?}");
            baseline.expected("s", &outcome.section, &outcome.test, "6.1");
            for log in outcome.logs {
                // Most of them are parts of a file that is not there.
                let _ = log.tail();
            }
        }
    }
}
