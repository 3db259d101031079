//! The command-line options of `ssh` that playbooks and inventories carry in `ansible_ssh_*_args`.

use crate::{options::Options, words::split_keyword};

/// Options given as `ssh` arguments.
#[derive(Clone, Debug, Default)]
pub(crate) struct SshArgs {
    pub(crate) options: Options,
    /// `-F`: configuration file to use instead of the user's and the system's.
    pub(crate) config_file: Option<String>,
}

/// Reads the words of a command line without host and command. An option that is not known is an error that names it.
pub(crate) fn parse(words: &[String]) -> Result<SshArgs, String> {
    let mut args = SshArgs::default();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let Some(letters) = word.strip_prefix('-').filter(|l| !l.is_empty()) else {
            return Err(format!("'{word}' in the ssh arguments is not an option"));
        };
        for (at, letter) in letters.char_indices() {
            match letter {
                '4' => args.options.add("addressfamily", "inet"),
                '6' => args.options.add("addressfamily", "inet6"),
                // Nothing that changes where and as whom is connected, or that makes sense without a user at a terminal.
                'A' | 'a' | 'C' | 'f' | 'G' | 'g' | 'K' | 'k' | 'M' | 'N' | 'n' | 'q' | 's' | 'T' | 't'
                | 'v' | 'X' | 'x' | 'Y' | 'y' => {}
                'B' | 'b' | 'c' | 'D' | 'E' | 'e' | 'F' | 'I' | 'i' | 'J' | 'L' | 'l' | 'm' | 'O' | 'o'
                | 'P' | 'p' | 'R' | 'S' | 'W' | 'w' => {
                    let glued = letters.get(at + 1..).unwrap_or_default();
                    let value = if glued.is_empty() {
                        words
                            .next()
                            .ok_or_else(|| format!("-{letter} in the ssh arguments lacks its value"))?
                    } else {
                        glued
                    };
                    take(&mut args, letter, value)?;
                    break;
                }
                other => return Err(format!("-{other} in the ssh arguments is not an option of ssh")),
            }
        }
    }
    Ok(args)
}

fn take(args: &mut SshArgs, letter: char, value: &str) -> Result<(), String> {
    match letter {
        'o' => {
            let (keyword, rest) = split_keyword(value).ok_or("-o in the ssh arguments lacks its value")?;
            if rest.is_empty() {
                return Err(format!("-o {value} in the ssh arguments lacks its value"));
            }
            args.options.add(&keyword, rest);
        }
        'i' => args.options.add("identityfile", value),
        'p' => args.options.add("port", value),
        'l' => args.options.add("user", value),
        'J' => args.options.add("proxyjump", value),
        'b' => args.options.add("bindaddress", value),
        'I' => args.options.add("pkcs11provider", value),
        'F' => args.config_file = Some(value.to_owned()),
        'W' | 'w' | 'O' => {
            return Err(format!(
                "-{letter} in the ssh arguments does not go with running tasks"
            ));
        }
        _ => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split('|').map(str::to_owned).collect()
    }

    #[test]
    fn glued_and_separate_values_are_read_and_the_first_wins() {
        let args = parse(&words(
            "-C|-o|ControlPersist=60s|-oPort=2222|-p|99|-i/k|-F|/cfg|-vvJ|a,b",
        ))
        .unwrap();
        assert_eq!(args.options.get("port"), Some("2222"));
        assert_eq!(args.options.identity_files, ["/k"]);
        assert_eq!(args.options.get("proxyjump"), Some("a,b"));
        assert_eq!(args.options.get("proxycommand"), Some("none"));
        assert_eq!(args.config_file.as_deref(), Some("/cfg"));
    }

    #[test]
    fn a_bare_word_or_a_missing_value_is_an_error() {
        assert!(parse(&words("host")).is_err());
        assert!(parse(&words("-o")).is_err());
        assert!(parse(&words("-Z")).is_err());
    }
}
