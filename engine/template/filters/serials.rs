//! Filters of `community.crypto` on serial numbers and PEM files.

use crate::{Call, Callable, TemplateError, declare::callable};
use kdo_value::{BigInt, Value, number};

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("community.crypto.parse_serial", parse_serial, "The integer of a serial number in hexadecimal bytes with colons.", ["parse_serial"];
        "{{ '11:22:33' | community.crypto.parse_serial }}" => "1122867"),
    callable!("community.crypto.to_serial", to_serial, "A serial number as hexadecimal bytes with colons.", ["to_serial"];
        "{{ 1234567 | community.crypto.to_serial }}" => r#""12:D6:87""#, "{{ 0 | community.crypto.to_serial }}" => r#""00""#),
    callable!("community.crypto.split_pem", split_pem, "The PEM blocks of a text, with what stands before each of them left out.", ["split_pem"];
        "{{ 'x' | community.crypto.split_pem }}" => "[]"),
];

fn parse_serial(call: &Call<'_>) -> Result<Value, TemplateError> {
    let value = call.subject()?;
    let Some(text) = value.as_str() else {
        return call.fail(format!(
            "The input for the community.crypto.parse_serial filter must be a string; got {} instead",
            value.type_name()
        ));
    };
    let mut number = BigInt::from(0);
    for (i, part) in text.split(':').enumerate() {
        match u8::from_str_radix(part, 16) {
            Ok(byte) if (1..=2).contains(&part.len()) && !part.starts_with('+') => {
                number = (number << 8) + byte;
            }
            _ => {
                return call.fail(format!(
                    "Part {} '{part}' is not a hexadecimal number in range [0, 255]",
                    i + 1
                ));
            }
        }
    }
    Ok(Value::big(number))
}

fn to_serial(call: &Call<'_>) -> Result<Value, TemplateError> {
    let value = call.subject()?;
    let Some(n) = number::to_big(value) else {
        return call.fail(format!(
            "The input for the community.crypto.to_serial filter must be an integer; got {} instead",
            value.type_name()
        ));
    };
    if n < BigInt::from(0) {
        return call.fail("The input for the community.crypto.to_serial filter must not be negative");
    }
    let (_, bytes) = n.to_bytes_be();
    let parts: Vec<String> = bytes.iter().map(|b| format!("{b:02X}")).collect();
    Ok(Value::str(parts.join(":")))
}

fn split_pem(call: &Call<'_>) -> Result<Value, TemplateError> {
    let value = call.subject()?;
    let Some(text) = value.as_str() else {
        return call.fail(format!(
            "The community.crypto.split_pem input should be a text string, but got {}",
            value.type_name()
        ));
    };
    let mut out = Vec::new();
    let mut block: Option<String> = None;
    for line in text.split_inclusive('\n') {
        let bare = line.trim();
        if block.is_none() && bare.starts_with("-----BEGIN ") && bare.ends_with("-----") {
            block = Some(String::new());
        }
        if let Some(mut lines) = block.take() {
            lines.push_str(line);
            if bare.starts_with("-----END ") && bare.ends_with("-----") {
                out.push(Value::str(lines));
            } else {
                block = Some(lines);
            }
        }
    }
    Ok(Value::list(out))
}
