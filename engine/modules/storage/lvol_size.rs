//! Sizes of logical volumes as users write them.

use crate::Failure;

/// Of what a share is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whole {
    Group,
    Devices,
    Free,
    Origin,
}

/// A size: absolute or as a share, alone or to be added or taken away.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Size {
    pub(super) operator: Option<char>,
    /// The number as it is written.
    number: String,
    pub(super) value: f64,
    /// For shares: of what.
    pub(super) whole: Option<Whole>,
    /// Letter of the unit as it is written; megabytes if it is not.
    unit: char,
}

impl Size {
    /// Reads `10g`, `+512m`, `50%FREE`.
    pub(super) fn parse(text: &str, snapshot: bool) -> Result<Self, Failure> {
        let operator = text.chars().next().filter(|c| matches!(c, '+' | '-'));
        let rest = text.get(usize::from(operator.is_some())..).unwrap_or_default();
        let bad = || Failure::new(format!("Bad size specification of '{rest}'"));
        if let Some((number, whole)) = rest.split_once('%') {
            let value: u32 = number.parse().map_err(|_| bad())?;
            if value > 100 {
                return Err("Size percentage cannot be larger than 100%".into());
            }
            let whole = match whole {
                "VG" => Whole::Group,
                "PVS" => Whole::Devices,
                "FREE" => Whole::Free,
                "ORIGIN" if snapshot => Whole::Origin,
                "ORIGIN" => return Err("Percentage of ORIGIN supported only for snapshot volumes".into()),
                _ => return Err("Specify extents as a percentage of VG|PVS|FREE|ORIGIN".into()),
            };
            return Ok(Self {
                operator,
                number: rest.to_owned(),
                value: f64::from(value),
                whole: Some(whole),
                unit: 'm',
            });
        }
        let unit = rest
            .chars()
            .last()
            .filter(|c| "bskmgtpe".contains(c.to_ascii_lowercase()));
        let number = unit.map_or(rest, |u| rest.strip_suffix(u).unwrap_or(rest));
        let value: f64 = number.parse().map_err(|_| bad())?;
        if !number.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(bad());
        }
        Ok(Self {
            operator,
            number: number.to_owned(),
            value,
            whole: None,
            unit: unit.unwrap_or('m'),
        })
    }

    /// The unit in which LVM is to tell sizes, so that they compare.
    pub(super) fn report_unit(&self) -> String {
        self.unit.to_ascii_lowercase().to_string()
    }

    /// Option and value for LVM's programs, without the operator.
    pub(super) fn plain(&self) -> [String; 2] {
        if self.whole.is_some() {
            ["-l".to_owned(), self.number.clone()]
        } else {
            ["-L".to_owned(), self.text()]
        }
    }

    /// The same with the operator.
    pub(super) fn relative(&self) -> [String; 2] {
        let [option, value] = self.plain();
        let operator = self.operator.map(String::from).unwrap_or_default();
        [option, operator + &value]
    }

    /// Number and unit.
    pub(super) fn text(&self) -> String {
        match self.whole {
            Some(_) => self.number.clone(),
            None => format!("{}{}", self.number, self.unit),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Size;

    #[test]
    fn sizes_become_options_of_lvm() {
        for (text, options, unit) in [
            ("512", "-L 512m", "m"),
            ("10G", "-L 10G", "g"),
            ("+1.5t", "-L +1.5t", "t"),
            ("50%FREE", "-l 50%FREE", "m"),
            ("-10%VG", "-l -10%VG", "m"),
        ] {
            let size = Size::parse(text, false).unwrap();
            assert_eq!(
                (size.relative().join(" ").as_str(), size.report_unit().as_str()),
                (options, unit)
            );
        }
        for text in [
            "", "x", "+", "101%FREE", "5%ORIGIN", "5%OTHER", "ten%VG", "-5x", ".5g",
        ] {
            assert!(Size::parse(text, false).is_err(), "{text}");
        }
        assert!(Size::parse("5%ORIGIN", true).is_ok());
    }
}
