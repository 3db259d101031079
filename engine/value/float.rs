//! Floats as Python writes them.

/// With fewer digits no two texts are equally near to a float.
const MANY: i32 = 16;

/// The fewest digits that read back the same, with an exponent; of two equally near texts the one with the even last digit.
fn shortest(f: f64) -> String {
    let text = format!("{f:e}");
    let digits = text
        .bytes()
        .take_while(|b| *b != b'e')
        .filter(u8::is_ascii_digit)
        .count();
    if digits < MANY as usize {
        return text;
    }
    let even = format!("{f:.places$e}", places = digits - 1);
    if even.parse() == Ok(f) { even } else { text }
}

/// `repr(float)`: the shortest digits that read back the same; exponents as Python chooses them.
pub fn float_repr(f: f64) -> String {
    if f.is_nan() {
        return "nan".into();
    }
    if f.is_infinite() {
        return if f > 0.0 { "inf".into() } else { "-inf".into() };
    }
    if f == 0.0 {
        return if f.is_sign_negative() {
            "-0.0".into()
        } else {
            "0.0".into()
        };
    }
    let text = shortest(f);
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&exponent) {
        let digits = i32::try_from(mantissa.bytes().filter(u8::is_ascii_digit).count()).unwrap_or(17);
        // so many digits may lie as near as those that Rust prefers
        let even = usize::try_from(digits - 1 - exponent)
            .ok()
            .filter(|_| digits >= MANY)
            .map(|places| format!("{f:.places$}"))
            .filter(|text| text.parse() == Ok(f));
        let plain = even.unwrap_or_else(|| format!("{f}"));
        return if plain.contains('.') {
            plain
        } else {
            format!("{plain}.0")
        };
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

#[cfg(test)]
mod tests {
    use super::float_repr;

    #[test]
    fn floats_are_written_as_python_writes_them() {
        for (f, text) in [
            (1e16, "1e+16"),
            (1e15, "1000000000000000.0"),
            (1e-5, "1e-05"),
            (0.0001, "0.0001"),
            (2.5, "2.5"),
            (1.0, "1.0"),
            (-0.0, "-0.0"),
            (1.5e300, "1.5e+300"),
            (-1_885_307_381_375_305.2, "-1885307381375305.2"),
            (5e-324, "5e-324"),
            (1.797_693_134_862_315_7e308, "1.7976931348623157e+308"),
            (f64::INFINITY, "inf"),
        ] {
            assert_eq!(float_repr(f), text);
        }
    }
}
