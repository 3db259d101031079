//! `kdo vault encrypt_string`

use crate::{
    prompt, screen,
    settings::Settings,
    stop::{Result, Stop},
    vault_files::{done, read, write},
    vault_keys::KeyArgs,
};
use clap::Args;
use std::{
    io::IsTerminal,
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// Arguments of `kdo vault encrypt_string`.
#[derive(Args)]
pub(crate) struct StringArgs {
    #[command(flatten)]
    keys: KeyArgs,
    /// Write to this file
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Ask for the text
    #[arg(short = 'p', long)]
    prompt: bool,
    /// Show it while it is typed
    #[arg(long)]
    show_input: bool,
    /// Name of the variable, one for each text
    #[arg(short = 'n', long, value_name = "NAME")]
    name: Vec<String>,
    /// Name of the variable for the text from standard input
    #[arg(long, value_name = "NAME")]
    stdin_name: Option<String>,
    /// Texts; - for standard input
    texts: Vec<String>,
}

/// A text to encrypt.
struct Clear {
    bytes: Zeroizing<Vec<u8>>,
    name: Option<String>,
    /// Where it comes from, for people.
    from: &'static str,
}

/// Encrypts texts, to be pasted into YAML.
pub(crate) fn encrypt_string(args: StringArgs) -> Result<()> {
    let stdin = args.texts.iter().any(|t| t == "-") || args.stdin_name.is_some();
    if args.prompt && stdin {
        return Err(
            Stop::new("The --prompt option is not supported if also reading input from stdin").code(5),
        );
    }
    let sources =
        args.texts.len() + usize::from(args.prompt || stdin && !args.texts.iter().any(|t| t == "-"));
    if args.output.is_some() && sources > 1 {
        return Err(Stop::new("At most one input file may be used with the --output option").code(5));
    }
    let sealer = args.keys.sealer(&Settings::load()?)?;
    let texts = texts(&args, stdin)?;
    let mut out = String::new();
    for (index, text) in texts.iter().enumerate() {
        if texts.len() > 1 {
            screen::complain(&headline(index + 1, text));
        }
        if let Some(name) = &text.name {
            out.push_str(&format!("{name}: "));
        }
        out.push_str("!vault |\n");
        for line in sealer.seal(&text.bytes)?.lines() {
            out.push_str(&format!("          {line}\n"));
        }
    }
    write(args.output.as_deref().unwrap_or(Path::new("-")), out.as_bytes())?;
    done("Encryption");
    Ok(())
}

fn headline(number: usize, text: &Clear) -> String {
    let from = text.from;
    match &text.name {
        Some(name) => {
            format!("# The encrypted version of variable (\"{name}\", the string #{number} from {from}).")
        }
        None => format!("# The encrypted version of the string #{number} from {from}.)"),
    }
}

/// All texts, in the order in which they are told: from the prompt, from standard input, from the command line.
fn texts(args: &StringArgs, stdin: bool) -> Result<Vec<Clear>> {
    let mut out = Vec::new();
    let mut add = |bytes: Zeroizing<Vec<u8>>, name: Option<String>, from: &'static str| {
        if bytes.is_empty() {
            return Err(Stop::new(format!(
                "The plaintext provided from {from} was empty, not encrypting"
            ))
            .code(5));
        }
        out.push(Clear { bytes, name, from });
        Ok(())
    };
    if args.prompt {
        let name = prompt::ask("Variable name (enter for no name): ", false)
            .map(|n| n.to_string())
            .filter(|n| !n.is_empty());
        let question = match &name {
            Some(name) => format!("String to encrypt for variable \"{name}\": "),
            None => "String to encrypt: ".to_owned(),
        };
        let text = prompt::ask(&question, !args.show_input).ok_or_else(|| Stop::new("nothing to encrypt"))?;
        add(Zeroizing::new(text.as_bytes().to_vec()), name, "the prompt")?;
    }
    if stdin || args.texts.is_empty() && !args.prompt {
        if std::io::stdin().is_terminal() {
            screen::complain(
                "Reading plaintext input from stdin. (ctrl-d to end input, twice if your content does not already have a \
                 newline)",
            );
        }
        add(read(Path::new("-"))?, args.stdin_name.clone(), "stdin")?;
    }
    let given: Vec<&String> = args.texts.iter().filter(|t| *t != "-").collect();
    if args.name.len() > 1 && args.name.len() != given.len() {
        screen::complain("The number of --name options do not match the number of args.");
        let last = args.name.last().map(String::as_str).unwrap_or_default();
        screen::complain(&format!(
            "The last named variable will be \"{last}\". The rest will not have names."
        ));
    }
    let mut names = args.name.iter();
    for text in given {
        let bytes = Zeroizing::new(text.as_bytes().to_vec());
        add(bytes, names.next().cloned(), "the command line args")?;
    }
    Ok(out)
}
