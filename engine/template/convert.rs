//! From the parser's tree, which borrows the text, to our own.

use crate::{
    TemplateError,
    ast::{Arg, Block, Comparison, Expr, For, Kind, Macro, Name, Span, Stmt, Target, Template},
    changes::Changes,
    literal,
    source_fixes::Fixed,
    stack,
    syntax::Syntax,
};
use kdo_value::{BigInt, Value, number::Operator};
use minijinja::{machinery::ast, value::ValueKind};
use std::{cell::Cell, cell::RefCell, rc::Rc};

type Result<T> = std::result::Result<T, TemplateError>;

/// Converts one parsed text.
pub(crate) struct Converter<'a> {
    original: &'a str,
    fixed: Option<&'a Fixed>,
    syntax: &'a Syntax,
    printing: Cell<bool>,
    embedding: Cell<bool>,
    blocks: RefCell<Vec<Rc<Block>>>,
    changes: RefCell<Changes>,
}

impl<'a> Converter<'a> {
    pub(crate) fn new(original: &'a str, fixed: Option<&'a Fixed>, syntax: &'a Syntax) -> Self {
        Self {
            original,
            fixed,
            syntax,
            printing: Cell::new(false),
            embedding: Cell::new(syntax.embedded),
            blocks: RefCell::default(),
            changes: RefCell::default(),
        }
    }

    /// A whole template.
    pub(crate) fn template(self, root: &ast::Stmt<'_>) -> Result<Template> {
        let body = match root {
            ast::Stmt::Template(t) => self.body(&t.children)?,
            other => vec![self.stmt(other)?],
        };
        Ok(self.finish(body))
    }

    /// A lone expression.
    pub(crate) fn expression(self, root: &ast::Expr<'_>) -> Result<Template> {
        let body = vec![Stmt::Emit(self.expr(root)?)];
        Ok(self.finish(body))
    }

    fn finish(self, body: Vec<Stmt>) -> Template {
        Template {
            source: self.original.into(),
            body,
            blocks: self.blocks.into_inner(),
            changed: Rc::new(self.changes.into_inner().names()),
        }
    }

    fn name(&self, name: &str) -> Name {
        self.fixed.map_or(name, |f| f.name(name)).into()
    }

    fn span(&self, span: minijinja::machinery::Span) -> Span {
        let map = |o: u32| match self.fixed {
            Some(f) => u32::try_from(f.original(o as usize)).unwrap_or(o),
            None => o,
        };
        Span {
            start: map(span.start_offset),
            end: map(span.end_offset),
        }
    }

    fn slice(&self, span: Span) -> &str {
        self.original
            .get(span.start as usize..span.end as usize)
            .unwrap_or("")
    }

    fn body(&self, stmts: &[ast::Stmt<'_>]) -> Result<Vec<Stmt>> {
        stmts.iter().map(|s| self.stmt(s)).collect()
    }

    fn unknown_tag<T>(&self, tag: &str, span: minijinja::machinery::Span) -> Result<T> {
        let span = self.span(span);
        Err(TemplateError {
            span: Some((span.start as usize, span.end as usize)),
            source: Some(self.original.into()),
            ..TemplateError::syntax(format!(
                "Syntax error in template: Encountered unknown tag '{tag}'."
            ))
        })
    }

    /// Whether a statement says `with context` or `without context`; else the default.
    fn context(&self, span: minijinja::machinery::Span, default: bool) -> bool {
        let text = self.slice(self.span(span));
        let mut words = text.split_whitespace().rev();
        match (words.next(), words.next()) {
            (Some("context"), Some("with")) => true,
            (Some("context"), Some("without")) => false,
            _ if text.contains("without context") => false,
            _ => default,
        }
    }

    fn stmt(&self, stmt: &ast::Stmt<'_>) -> Result<Stmt> {
        stack::check()?;
        Ok(match stmt {
            ast::Stmt::Template(t) => Stmt::Scope(self.body(&t.children)?),
            ast::Stmt::EmitExpr(e) => {
                let before = self.printing.replace(true);
                let expr = self.expr(&e.expr);
                self.printing.set(before);
                Stmt::Emit(expr?)
            }
            ast::Stmt::EmitRaw(raw) => Stmt::Text(Value::str(if self.syntax.newline == "\n" {
                raw.raw.to_owned()
            } else {
                raw.raw.replace('\n', &self.syntax.newline)
            })),
            ast::Stmt::ForLoop(f) => self.for_loop(f)?,
            ast::Stmt::IfCond(i) => Stmt::If(
                self.expr(&i.expr)?,
                self.body(&i.true_body)?,
                self.body(&i.false_body)?,
            ),
            ast::Stmt::WithBlock(w) => {
                let mut assignments = Vec::new();
                for (target, expr) in &w.assignments {
                    assignments.push(self.assignment(target, expr)?);
                }
                Stmt::With(assignments, self.body(&w.body)?)
            }
            ast::Stmt::Set(s) => {
                let (target, expr) = self.assignment(&s.target, &s.expr)?;
                Stmt::Set(target, expr)
            }
            ast::Stmt::SetBlock(s) => Stmt::Capture(
                self.target(&s.target)?,
                s.filter.as_ref().map(|f| self.expr(f)).transpose()?,
                self.body(&s.body)?,
            ),
            ast::Stmt::AutoEscape(a) => Stmt::Scope(self.body(&a.body)?),
            ast::Stmt::FilterBlock(f) => Stmt::Filter(self.expr(&f.filter)?, self.body(&f.body)?),
            ast::Stmt::Block(b) => {
                let block = Rc::new(Block {
                    name: self.name(b.name),
                    required: b.required,
                    body: self.body(&b.body)?,
                });
                self.blocks.borrow_mut().push(Rc::clone(&block));
                Stmt::Block(block)
            }
            ast::Stmt::Extends(e) => Stmt::Extends(self.expr(&e.name)?),
            ast::Stmt::Include(i) => Stmt::Include {
                name: self.expr(&i.name)?,
                ignore_missing: i.ignore_missing,
                context: self.context(i.span(), true),
            },
            ast::Stmt::Import(i) => Stmt::Import {
                name: self.expr(&i.expr)?,
                target: self.plain_name(&i.name)?,
                context: self.context(i.span(), false),
            },
            ast::Stmt::FromImport(f) => {
                let mut names = Vec::new();
                for (name, alias) in &f.names {
                    let name = self.plain_name(name)?;
                    let alias = match alias {
                        Some(alias) => self.plain_name(alias)?,
                        None => Rc::clone(&name),
                    };
                    names.push((name, alias));
                }
                Stmt::From {
                    name: self.expr(&f.expr)?,
                    names,
                    context: self.context(f.span(), false),
                }
            }
            ast::Stmt::Macro(m) => Stmt::Macro(self.macro_def(m)?),
            ast::Stmt::CallBlock(c) => {
                let call = Expr {
                    span: self.span(c.call_expr_span),
                    kind: self.call(&c.call)?,
                };
                Stmt::CallBlock(call, self.macro_def(&c.macro_decl)?)
            }
            ast::Stmt::Continue(c) if !self.syntax.loop_controls => self.unknown_tag("continue", c.span())?,
            ast::Stmt::Break(b) if !self.syntax.loop_controls => self.unknown_tag("break", b.span())?,
            ast::Stmt::Do(d) if !self.syntax.do_tag => self.unknown_tag("do", d.span())?,
            ast::Stmt::Continue(_) => Stmt::Continue,
            ast::Stmt::Break(_) => Stmt::Break,
            ast::Stmt::Do(d) => Stmt::Do(Expr {
                span: self.span(d.span()),
                kind: self.call(&d.call)?,
            }),
        })
    }

    fn for_loop(&self, f: &ast::Spanned<ast::ForLoop<'_>>) -> Result<Stmt> {
        let target = self.target(&f.target)?;
        let iter = self.expr(&f.iter)?;
        self.changes.borrow_mut().alias(&target, &iter);
        Ok(Stmt::For(Rc::new(For {
            target,
            iter,
            filter: f.filter_expr.as_ref().map(|e| self.expr(e)).transpose()?,
            recursive: f.recursive,
            body: self.body(&f.body)?,
            otherwise: self.body(&f.else_body)?,
        })))
    }

    fn assignment(&self, target: &ast::Expr<'_>, expr: &ast::Expr<'_>) -> Result<(Target, Expr)> {
        let target = self.target(target)?;
        let expr = self.expr(expr)?;
        self.changes.borrow_mut().alias(&target, &expr);
        Ok((target, expr))
    }

    fn macro_def(&self, m: &ast::Spanned<ast::Macro<'_>>) -> Result<Rc<Macro>> {
        let text = self.slice(self.span(m.span())).to_owned();
        let first_default = m.args.len().saturating_sub(m.defaults.len());
        let mut params = Vec::new();
        for (i, arg) in m.args.iter().enumerate() {
            let default = i.checked_sub(first_default).and_then(|d| m.defaults.get(d));
            params.push((self.plain_name(arg)?, default.map(|d| self.expr(d)).transpose()?));
        }
        let name: Name = self.name(m.name);
        self.changes
            .borrow_mut()
            .macro_def(&name, params.iter().map(|(n, _)| Rc::clone(n)).collect());
        Ok(Rc::new(Macro {
            name,
            params,
            body: self.body(&m.body)?,
            varargs: text.contains("varargs"),
            kwargs: text.contains("kwargs"),
        }))
    }

    fn plain_name(&self, expr: &ast::Expr<'_>) -> Result<Name> {
        match expr {
            ast::Expr::Var(v) => Ok(self.name(v.id)),
            other => Err(TemplateError::syntax(format!(
                "Syntax error in template: a name was expected, not a {}",
                other.description()
            ))),
        }
    }

    fn target(&self, expr: &ast::Expr<'_>) -> Result<Target> {
        Ok(match expr {
            ast::Expr::Var(v) => Target::Name(self.name(v.id)),
            ast::Expr::List(l) => {
                Target::Tuple(l.items.iter().map(|i| self.target(i)).collect::<Result<_>>()?)
            }
            ast::Expr::Tuple(t) => {
                Target::Tuple(t.items.iter().map(|i| self.target(i)).collect::<Result<_>>()?)
            }
            ast::Expr::GetAttr(a) => Target::Attr(self.expr(&a.expr)?, self.name(a.name)),
            other => {
                return Err(TemplateError::syntax(format!(
                    "Syntax error in template: can't assign to a {}",
                    other.description()
                )));
            }
        })
    }

    fn boxed(&self, expr: &ast::Expr<'_>) -> Result<Box<Expr>> {
        self.expr(expr).map(Box::new)
    }

    fn maybe(&self, expr: Option<&ast::Expr<'_>>) -> Result<Option<Box<Expr>>> {
        expr.map(|e| self.boxed(e)).transpose()
    }

    fn expr(&self, expr: &ast::Expr<'_>) -> Result<Expr> {
        stack::check()?;
        let span = self.span(expr.span());
        let kind = match expr {
            ast::Expr::Var(v) => Kind::Var(self.name(v.id)),
            ast::Expr::Const(c) => match self.constant(&c.value, span)? {
                Value::Str(s) if self.embedding.get() && (s.contains("{{") || s.contains("{%")) => {
                    Kind::Embedded(Value::trusted(s.as_str()))
                }
                value => Kind::Const(value),
            },
            ast::Expr::Slice(s) => Kind::Slice(
                self.boxed(&s.expr)?,
                [
                    self.maybe(s.start.as_ref())?,
                    self.maybe(s.stop.as_ref())?,
                    self.maybe(s.step.as_ref())?,
                ],
            ),
            ast::Expr::UnaryOp(u) => match u.op {
                ast::UnaryOpKind::Not => Kind::Not(self.boxed(&u.expr)?),
                ast::UnaryOpKind::Neg => Kind::Negate(self.boxed(&u.expr)?),
            },
            ast::Expr::BinOp(b) => self.binary(b)?,
            ast::Expr::Compare(c) => {
                let mut rest = Vec::new();
                for op in &c.ops {
                    rest.push((comparison(op.op), self.expr(&op.expr)?));
                }
                Kind::Compare(self.boxed(&c.expr)?, rest)
            }
            ast::Expr::IfExpr(i) => Kind::If {
                test: self.boxed(&i.test_expr)?,
                yes: self.boxed(&i.true_expr)?,
                no: self.maybe(i.false_expr.as_ref())?,
            },
            ast::Expr::Filter(f) => Kind::Filter(
                f.name.into(),
                self.maybe(f.expr.as_ref())?,
                self.args(&f.args, false)?,
            ),
            ast::Expr::Test(t) => Kind::Test(t.name.into(), self.boxed(&t.expr)?, self.args(&t.args, false)?),
            ast::Expr::GetAttr(a) => Kind::Attr(self.boxed(&a.expr)?, self.name(a.name)),
            ast::Expr::GetItem(i) => Kind::Item(self.boxed(&i.expr)?, self.boxed(&i.subscript_expr)?),
            ast::Expr::Call(c) => self.call(c)?,
            ast::Expr::List(l) => Kind::List(l.items.iter().map(|i| self.expr(i)).collect::<Result<_>>()?),
            ast::Expr::Tuple(t) => Kind::Tuple(t.items.iter().map(|i| self.expr(i)).collect::<Result<_>>()?),
            ast::Expr::Map(m) => {
                let mut entries = Vec::new();
                for (k, v) in m.keys.iter().zip(&m.values) {
                    entries.push((self.expr(k)?, self.expr(v)?));
                }
                Kind::Map(entries)
            }
        };
        Ok(Expr { span, kind })
    }

    /// A chain of operators comes nested to the left: it is walked, not recursed into.
    fn binary(&self, b: &ast::Spanned<ast::BinOp<'_>>) -> Result<Kind> {
        let mut steps = vec![(b.op, b.span(), &b.right)];
        let mut left = &b.left;
        while let ast::Expr::BinOp(inner) = left {
            steps.push((inner.op, inner.span(), &inner.right));
            left = &inner.left;
        }
        let mut out = self.expr(left)?;
        while let Some((op, span, right)) = steps.pop() {
            let kind = operation(op, out, self.expr(right)?);
            out = Expr {
                span: self.span(span),
                kind,
            };
        }
        Ok(out.kind)
    }

    fn call(&self, c: &ast::Spanned<ast::Call<'_>>) -> Result<Kind> {
        let callee = self.expr(&c.expr)?;
        let lookup = matches!(&callee.kind, Kind::Var(n) if matches!(&**n, "lookup" | "query" | "q"));
        let args = self.args(&c.args, lookup)?;
        self.changes.borrow_mut().call(&callee, &args);
        Ok(Kind::Call(Box::new(callee), args))
    }

    fn args(&self, args: &[ast::CallArg<'_>], terms: bool) -> Result<Vec<Arg>> {
        args.iter()
            .map(|a| {
                Ok(match a {
                    ast::CallArg::Pos(e) => {
                        let before = self.embedding.get();
                        self.embedding.set(before || terms);
                        let value = self.expr(e);
                        self.embedding.set(before);
                        Arg::Positional(value?)
                    }
                    ast::CallArg::Kwarg(name, e) => Arg::Keyword(self.name(name), self.expr(e)?),
                    ast::CallArg::PosSplat(e) => Arg::Splat(self.expr(e)?),
                    ast::CallArg::KwargSplat(e) => Arg::KeywordSplat(self.expr(e)?),
                })
            })
            .collect()
    }

    fn constant(&self, value: &minijinja::Value, span: Span) -> Result<Value> {
        Ok(match value.kind() {
            ValueKind::None | ValueKind::Undefined => Value::None,
            ValueKind::Bool => Value::Bool(value.is_true()),
            ValueKind::Number if value.is_integer() => {
                if let Ok(n) = i64::try_from(value.clone()) {
                    Value::Int(n)
                } else if let Ok(n) = u128::try_from(value.clone()) {
                    Value::big(BigInt::from(n))
                } else {
                    return Err(TemplateError::syntax(
                        "Syntax error in template: the integer is too large",
                    ));
                }
            }
            ValueKind::Number => Value::Float(f64::try_from(value.clone()).unwrap_or(f64::NAN)),
            _ => {
                let text = value.as_str().unwrap_or_default();
                let written = self.slice(span);
                let keep = self.syntax.keep_backslashes && self.printing.get();
                if written.contains('\\')
                    && let Some(read) = literal::read(written, keep)
                {
                    Value::str(read)
                } else {
                    Value::str(text)
                }
            }
        })
    }
}

fn operation(op: ast::BinOpKind, left: Expr, right: Expr) -> Kind {
    use ast::BinOpKind as Op;
    let left = Box::new(left);
    match op {
        Op::Eq => Kind::Compare(left, vec![(Comparison::Eq, right)]),
        Op::Ne => Kind::Compare(left, vec![(Comparison::Ne, right)]),
        Op::Lt => Kind::Compare(left, vec![(Comparison::Lt, right)]),
        Op::Lte => Kind::Compare(left, vec![(Comparison::Le, right)]),
        Op::Gt => Kind::Compare(left, vec![(Comparison::Gt, right)]),
        Op::Gte => Kind::Compare(left, vec![(Comparison::Ge, right)]),
        Op::In => Kind::Compare(left, vec![(Comparison::In, right)]),
        Op::ScAnd => Kind::And(left, Box::new(right)),
        Op::ScOr => Kind::Or(left, Box::new(right)),
        Op::Concat => Kind::Concat(left, Box::new(right)),
        Op::Add => Kind::Binary(Operator::Add, left, Box::new(right)),
        Op::Sub => Kind::Binary(Operator::Sub, left, Box::new(right)),
        Op::Mul => Kind::Binary(Operator::Mul, left, Box::new(right)),
        Op::Div => Kind::Binary(Operator::Div, left, Box::new(right)),
        Op::FloorDiv => Kind::Binary(Operator::FloorDiv, left, Box::new(right)),
        Op::Rem => Kind::Binary(Operator::Rem, left, Box::new(right)),
        Op::Pow => Kind::Binary(Operator::Pow, left, Box::new(right)),
    }
}

fn comparison(op: ast::CompareOpKind) -> Comparison {
    use ast::CompareOpKind as Op;
    match op {
        Op::Eq => Comparison::Eq,
        Op::Ne => Comparison::Ne,
        Op::Lt => Comparison::Lt,
        Op::Lte => Comparison::Le,
        Op::Gt => Comparison::Gt,
        Op::Gte => Comparison::Ge,
        Op::In => Comparison::In,
        Op::NotIn => Comparison::NotIn,
    }
}
