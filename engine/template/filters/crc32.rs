//! The filter of CRC-32 checksums.

use crate::{Call, Callable, TemplateError, declare::callable};
use kdo_value::Value;

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("community.general.crc32", crc32, "The CRC-32 of the text in hexadecimal, without leading zeros.", ["crc32"];
        "{{ 'test' | community.general.crc32 }}" => r#""d87f7e0c""#, "{{ '' | community.general.crc32 }}" => r#""0""#),
];

fn crc32(call: &Call<'_>) -> Result<Value, TemplateError> {
    let value = call.subject()?;
    let Some(text) = value.as_str() else {
        return call.fail(format!(
            "Invalid value type ({}) for crc32 ({})",
            value.type_name(),
            value.repr()
        ));
    };
    let mut crc = u32::MAX;
    for byte in text.bytes() {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
        }
    }
    Ok(Value::str(format!("{:x}", !crc)))
}
