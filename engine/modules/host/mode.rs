//! File modes, octal and symbolic.

use kdo_value::Value;

/// The mode that `spec` means for a file that now has `current` (permission bits) and is a directory or not.
/// Integers are taken as they are (YAML has already read `0644` as octal); text is octal or symbolic (`u=rw,g+X`).
pub fn parse_mode(spec: &Value, current: u32, directory: bool, umask: u32) -> Result<u32, String> {
    match spec {
        Value::Int(n) => u32::try_from(*n)
            .ok()
            .filter(|n| *n <= 0o7777)
            .ok_or_else(|| bad(&spec.to_text())),
        Value::Str(s) => {
            let text = s.trim();
            if text.is_empty() {
                // What roles give that have none to give: the mode stays.
                return Ok(current & 0o7777);
            }
            if text.chars().all(|c| c.is_ascii_digit()) {
                return u32::from_str_radix(text, 8)
                    .ok()
                    .filter(|n| *n <= 0o7777)
                    .ok_or_else(|| bad(text));
            }
            if let Some(octal) = text.strip_prefix("0o") {
                return u32::from_str_radix(octal, 8).map_err(|_| bad(text));
            }
            symbolic(text, current, directory, umask)
        }
        other => Err(bad(&other.to_text())),
    }
}

fn bad(text: &str) -> String {
    format!("bad symbolic permission for mode: {text}")
}

fn symbolic(text: &str, current: u32, directory: bool, umask: u32) -> Result<u32, String> {
    let mut mode = current & 0o7777;
    for clause in text.split(',') {
        let split = clause.find(['+', '-', '=']).ok_or_else(|| bad(text))?;
        let (who, mut actions) = clause.split_at(split);
        let default_who = who.is_empty();
        let who = if default_who || who == "a" { "ugo" } else { who };
        if who.chars().any(|c| !"ugo".contains(c)) {
            return Err(bad(text));
        }
        while !actions.is_empty() {
            let operator = actions.chars().next().ok_or_else(|| bad(text))?;
            let rest = actions.get(1..).unwrap_or("");
            let end = rest.find(['+', '-', '=']).unwrap_or(rest.len());
            let (perms, after) = rest.split_at(end);
            actions = after;
            for class in who.chars() {
                let shift = match class {
                    'u' => 6,
                    'g' => 3,
                    _ => 0,
                };
                let mut bits =
                    permissions(perms, class, shift, mode, current, directory).ok_or_else(|| bad(text))?;
                if default_who {
                    bits &= !umask;
                }
                let special = match class {
                    'u' => 0o4000,
                    'g' => 0o2000,
                    _ => 0o1000,
                };
                match operator {
                    '+' => mode |= bits,
                    '-' => mode &= !bits,
                    _ => mode = (mode & !((7 << shift) | special)) | bits,
                }
            }
        }
    }
    Ok(mode)
}

fn permissions(
    perms: &str,
    class: char,
    shift: u32,
    mode: u32,
    current: u32,
    directory: bool,
) -> Option<u32> {
    let mut bits = 0;
    for p in perms.chars() {
        bits |= match p {
            'r' => 4 << shift,
            'w' => 2 << shift,
            'x' => 1 << shift,
            'X' if directory || current & 0o111 != 0 => 1 << shift,
            'X' => 0,
            's' if class == 'u' => 0o4000,
            's' if class == 'g' => 0o2000,
            't' if class == 'o' => 0o1000,
            's' | 't' => 0,
            'u' => ((mode >> 6) & 7) << shift,
            'g' => ((mode >> 3) & 7) << shift,
            'o' => (mode & 7) << shift,
            _ => return None,
        };
    }
    Some(bits)
}

#[cfg(test)]
mod tests {
    use super::parse_mode;
    use kdo_value::Value;

    #[test]
    fn symbolic_modes_are_read_as_by_chmod() {
        for (text, current, directory, result) in [
            ("u=rwx,g=rx,o=", 0o644, false, 0o750),
            ("a+X", 0o644, false, 0o644),
            ("a+X", 0o644, true, 0o755),
            ("u+x", 0o644, false, 0o744),
            ("g-w,o-rwx", 0o777, false, 0o750),
            ("u=rw,g=u", 0o000, false, 0o660),
            ("u+s", 0o755, false, 0o4755),
            ("0644", 0, false, 0o644),
            ("+t", 0o755, true, 0o1755),
        ] {
            assert_eq!(
                parse_mode(&Value::str(text), current, directory, 0o022),
                Ok(result),
                "{text}"
            );
        }
        for text in ["u=q", "ao=r", "oa=r", "ufoo=r"] {
            assert!(parse_mode(&Value::str(text), 0, false, 0).is_err(), "{text}");
        }
        assert!(parse_mode(&Value::Int(420), 0, false, 0) == Ok(0o644));
    }
}
