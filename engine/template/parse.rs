//! From text to syntax tree, with a cache per thread.

use crate::{
    TemplateError,
    ast::Template,
    convert::Converter,
    source_fixes::{self, Fixed},
    stack,
    syntax::Syntax,
};
use minijinja::{
    machinery::{Token, parse, parse_expr, tokenize},
    syntax::SyntaxConfig,
};
use std::{cell::RefCell, collections::HashMap, rc::Rc};

/// Parsed templates kept per thread; beyond it the cache starts anew.
const MAX_CACHED: usize = 8192;
/// Texts longer than this are not kept.
const MAX_CACHED_TEXT: usize = 64 << 10;
/// Longest chain of operators in one expression: the parser works through it by recursion.
const MAX_OPERATORS: usize = 1500;

#[derive(Default)]
struct Cache {
    by_syntax: HashMap<Syntax, HashMap<Box<str>, Rc<Template>>>,
    count: usize,
}

thread_local! {
    static CACHE: RefCell<Cache> = RefCell::default();
}

/// The syntax tree of a text.
pub(crate) fn template(source: &str, syntax: &Syntax) -> Result<Rc<Template>, TemplateError> {
    let cached = CACHE.with_borrow(|c| c.by_syntax.get(syntax)?.get(source).cloned());
    if let Some(template) = cached {
        return Ok(template);
    }
    let template = Rc::new(parse_text(source, syntax)?);
    if source.len() <= MAX_CACHED_TEXT {
        CACHE.with_borrow_mut(|c| {
            if c.count >= MAX_CACHED {
                c.by_syntax.clear();
                c.count = 0;
            }
            c.count += 1;
            if !c.by_syntax.contains_key(syntax) {
                c.by_syntax.insert(syntax.clone(), HashMap::new());
            }
            if let Some(texts) = c.by_syntax.get_mut(syntax) {
                texts.insert(source.into(), Rc::clone(&template));
            }
        });
    }
    Ok(template)
}

fn parse_text(source: &str, syntax: &Syntax) -> Result<Template, TemplateError> {
    let _entry = stack::enter();
    let normal;
    let source = if source.contains('\r') {
        normal = source.replace("\r\n", "\n").replace('\r', "\n");
        &normal
    } else {
        source
    };
    let config = syntax.config()?;
    let first = match attempt(source, source, None, syntax, &config) {
        Err(error) if error.syntax => error,
        other => return other,
    };
    match source_fixes::fix(source, syntax) {
        Some(fixed) => attempt(&fixed.text, source, Some(&fixed), syntax, &config).map_err(|_| first),
        None => Err(first),
    }
}

fn attempt(
    text: &str,
    original: &str,
    fixed: Option<&Fixed>,
    syntax: &Syntax,
    config: &SyntaxConfig,
) -> Result<Template, TemplateError> {
    let wrong = |e: minijinja::Error| syntax_error(&e, original, fixed, syntax.expression);
    if text.len() > MAX_OPERATORS {
        limit_operators(text, syntax, config)?;
    }
    let converter = Converter::new(original, fixed, syntax);
    if syntax.expression {
        converter.expression(&parse_expr(text).map_err(wrong)?)
    } else {
        converter.template(&parse(text, "<template>", config.clone()).map_err(wrong)?)
    }
}

/// The parser's complaint as Jinja words it, where it has words of its own.
fn in_jinja_words(detail: &str, expression: bool) -> String {
    let first = detail.split(',').next().unwrap_or(detail);
    match first {
        "unexpected end of variable block" => "unexpected 'end of print statement'".into(),
        "unexpected end of block" => "Expected an expression, got 'end of statement block'".into(),
        "unexpected end of input" if expression => "unexpected 'end of template'".into(),
        _ => match first
            .strip_prefix("unexpected `")
            .and_then(|t| t.strip_suffix('`'))
        {
            Some(token) => format!(
                "unexpected '{token}'{}",
                detail.get(first.len()..).unwrap_or_default()
            ),
            None => detail.to_owned(),
        },
    }
}

fn syntax_error(
    error: &minijinja::Error,
    original: &str,
    fixed: Option<&Fixed>,
    expression: bool,
) -> TemplateError {
    let detail = error.detail().map_or_else(|| error.to_string(), str::to_owned);
    let detail = match detail.strip_prefix("unknown statement ") {
        Some(tag) => format!("Encountered unknown tag '{tag}'."),
        None => in_jinja_words(&detail, expression),
    };
    let span = error.range().map(|r| match fixed {
        Some(f) => (f.original(r.start), f.original(r.end)),
        None => (r.start, r.end),
    });
    let what = if expression { "expression" } else { "template" };
    TemplateError {
        span,
        source: Some(original.into()),
        ..TemplateError::syntax(format!("Syntax error in {what}: {detail}"))
    }
}

/// Refuses expressions whose operators, at one level of brackets, are too many.
fn limit_operators(text: &str, syntax: &Syntax, config: &SyntaxConfig) -> Result<(), TemplateError> {
    let mut counts = vec![0_usize];
    let mut branches = 0;
    for token in tokenize(text, syntax.expression, config.clone()) {
        let Ok((token, _)) = token else { return Ok(()) };
        match token {
            Token::ParenOpen | Token::BracketOpen | Token::BraceOpen => {
                if let Some(c) = counts.last_mut() {
                    *c += 1;
                }
                counts.push(0);
            }
            Token::ParenClose | Token::BracketClose | Token::BraceClose if counts.len() > 1 => {
                counts.pop();
            }
            Token::VariableEnd | Token::BlockEnd => counts = vec![0],
            Token::Comma | Token::Colon => {
                if let Some(c) = counts.last_mut() {
                    *c = 0;
                }
            }
            Token::Ident("elif") => branches += 1,
            Token::Ident("and" | "or" | "not" | "in" | "is" | "if" | "else")
            | Token::Plus
            | Token::Minus
            | Token::Mul
            | Token::Div
            | Token::FloorDiv
            | Token::Pow
            | Token::Mod
            | Token::Dot
            | Token::Tilde
            | Token::Pipe => {
                if let Some(c) = counts.last_mut() {
                    *c += 1;
                }
            }
            _ => {}
        }
        if branches > MAX_OPERATORS || counts.last().is_some_and(|c| *c > MAX_OPERATORS) {
            return Err(TemplateError::new(
                "The template has too many operators in one expression.",
            ));
        }
    }
    Ok(())
}
