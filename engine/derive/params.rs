//! Expansion of `#[derive(Params)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{
    Attribute, Data, DeriveInput, Error, Expr, Field, Fields, Ident, Lit, LitStr, Result, Token,
    meta::ParseNestedMeta, parenthesized, punctuated::Punctuated,
};

#[derive(Default)]
struct FieldOptions {
    name: Option<String>,
    aliases: Vec<String>,
    choices: Vec<String>,
    required: bool,
    no_log: bool,
    hidden: bool,
    flatten: bool,
    options: bool,
    default: Option<Expr>,
    elements: Option<String>,
}

pub(crate) fn expand(input: DeriveInput) -> Result<TokenStream> {
    let Data::Struct(data) = &input.data else {
        return Err(Error::new_spanned(
            &input.ident,
            "Params can only be derived for structs",
        ));
    };
    let fields = match &data.fields {
        Fields::Named(named) => named.named.iter().collect::<Vec<_>>(),
        Fields::Unit => Vec::new(),
        Fields::Unnamed(_) => return Err(Error::new_spanned(&input.ident, "Params needs named fields")),
    };
    let (mut specs, mut includes, mut reads, mut names) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for field in fields {
        let ident = field
            .ident
            .as_ref()
            .ok_or_else(|| Error::new_spanned(field, "field without a name"))?;
        let ty = &field.ty;
        let options = field_options(field)?;
        if options.flatten {
            includes.push(quote!(&<#ty as crate::params::Params>::SPEC));
            reads.push(quote!(let #ident = crate::params::group::<#ty>(args, &mut error);));
            names.push(ident);
            continue;
        }
        let name = options
            .name
            .clone()
            .unwrap_or_else(|| ident.to_string().trim_start_matches("r#").to_owned());
        specs.push(spec(&name, field, &options)?);
        reads.push(quote!(let #ident = crate::params::read::<#ty>(args, #name, &mut error);));
        names.push(ident);
    }
    let rules = rules(&input.attrs)?;
    let doc = doc(&input.attrs);
    let name = &input.ident;
    let unit = matches!(data.fields, Fields::Unit);
    // All fields are read before any is looked at: leaving at the first error would make the compiler write the
    // clean-up of all fields before it once for each field, which is most of the agent's size.
    let body = if unit {
        quote!(Ok(Self))
    } else {
        quote! {
            let mut error = None;
            #(#reads)*
            match (#(#names,)*) {
                (#(Some(#names),)*) => Ok(Self { #(#names),* }),
                _ => Err(crate::params::ParamError::or_unknown(error)),
            }
        }
    };
    Ok(quote! {
        impl crate::params::Params for #name {
            const SPEC: crate::params::Spec = crate::params::Spec {
                doc: crate::documentation!(#doc),
                params: &[#(#specs),*],
                includes: &[#(#includes),*],
                #rules
            };
            #[allow(unused_variables)]
            fn from_args(args: &kdo_value::Map) -> Result<Self, crate::params::ParamError> {
                #body
            }
        }
    })
}

fn spec(name: &str, field: &Field, options: &FieldOptions) -> Result<TokenStream> {
    let ty = &field.ty;
    let doc = doc(&field.attrs);
    let FieldOptions {
        aliases,
        choices,
        required,
        no_log,
        hidden,
        ..
    } = options;
    let default = match &options.default {
        None => quote!(crate::params::Fixed::None),
        Some(expr) => fixed(expr)?,
    };
    let choices = if choices.is_empty() {
        quote!(<#ty as crate::params::FromParam>::CHOICES)
    } else {
        quote!(&[#(#choices),*])
    };
    let elements = match options.elements.as_deref() {
        None => quote!(<#ty as crate::params::FromParam>::ELEMENTS),
        Some(word) => {
            let kind = kind(word).ok_or_else(|| Error::new_spanned(field, "unknown element type"))?;
            quote!(Some(#kind))
        }
    };
    let sub = if options.options {
        quote!(<#ty as crate::params::FromParam>::OPTIONS)
    } else {
        quote!(None)
    };
    Ok(quote! {
        crate::params::Param {
            name: #name,
            aliases: &[#(#aliases),*],
            kind: <#ty as crate::params::FromParam>::KIND,
            elements: #elements,
            required: #required,
            default: #default,
            choices: #choices,
            no_log: #no_log,
            hidden: #hidden,
            options: #sub,
            doc: crate::documentation!(#doc),
        }
    })
}

fn kind(word: &str) -> Option<TokenStream> {
    Some(match word {
        "str" => quote!(crate::params::Kind::Str),
        "int" => quote!(crate::params::Kind::Int),
        "float" => quote!(crate::params::Kind::Float),
        "bool" => quote!(crate::params::Kind::Bool),
        "path" => quote!(crate::params::Kind::Path),
        "raw" => quote!(crate::params::Kind::Raw),
        "dict" => quote!(crate::params::Kind::Dict),
        "list" => quote!(crate::params::Kind::List),
        _ => return None,
    })
}

fn fixed(expr: &Expr) -> Result<TokenStream> {
    Ok(match expr {
        Expr::Lit(lit) => match &lit.lit {
            Lit::Bool(b) => quote!(crate::params::Fixed::Bool(#b)),
            Lit::Int(n) => quote!(crate::params::Fixed::Int(#n)),
            Lit::Float(f) => quote!(crate::params::Fixed::Float(#f)),
            Lit::Str(s) => quote!(crate::params::Fixed::Str(#s)),
            other => {
                return Err(Error::new_spanned(
                    other,
                    "default must be a bool, number, string or list of strings",
                ));
            }
        },
        Expr::Unary(u) => quote!(crate::params::Fixed::Int(#u)),
        Expr::Array(a) => quote!(crate::params::Fixed::List(&#a)),
        Expr::Block(_) => quote!(crate::params::Fixed::Dict),
        other => {
            return Err(Error::new_spanned(
                other,
                "default must be a bool, number, string or list of strings",
            ));
        }
    })
}

fn field_options(field: &Field) -> Result<FieldOptions> {
    let mut options = FieldOptions::default();
    for attr in field.attrs.iter().filter(|a| a.path().is_ident("param")) {
        attr.parse_nested_meta(|meta| {
            let text = |meta: &ParseNestedMeta<'_>| Ok::<_, Error>(meta.value()?.parse::<LitStr>()?.value());
            let name = meta.path.get_ident().map(Ident::to_string).unwrap_or_default();
            match name.as_str() {
                "required" => options.required = true,
                "no_log" => options.no_log = true,
                "hidden" => options.hidden = true,
                "flatten" => options.flatten = true,
                "options" => options.options = true,
                "name" => options.name = Some(text(&meta)?),
                "alias" => options.aliases.push(text(&meta)?),
                "elements" => options.elements = Some(text(&meta)?),
                "default" => options.default = Some(meta.value()?.parse()?),
                "choices" => {
                    let content;
                    parenthesized!(content in meta.input);
                    let list = Punctuated::<LitStr, Token![,]>::parse_terminated(&content)?;
                    options.choices = list.iter().map(LitStr::value).collect();
                }
                _ => return Err(meta.error("unknown option of #[param]")),
            }
            Ok(())
        })?;
    }
    Ok(options)
}

fn rules(attrs: &[Attribute]) -> Result<TokenStream> {
    let (mut exclusive, mut together, mut one_of) = (Vec::new(), Vec::new(), Vec::new());
    let (mut required_if, mut required_by) = (Vec::new(), Vec::new());
    for attr in attrs.iter().filter(|a| a.path().is_ident("params")) {
        attr.parse_nested_meta(|meta| {
            let rule = meta.path.get_ident().map(Ident::to_string).unwrap_or_default();
            let content;
            parenthesized!(content in meta.input);
            if rule == "required_if" || rule == "required_if_any" {
                let param = content.parse::<Ident>()?.to_string();
                content.parse::<Token![=]>()?;
                let value = match content.parse::<Lit>()? {
                    Lit::Str(s) => s.value(),
                    Lit::Bool(b) => {
                        if b.value {
                            "True".into()
                        } else {
                            "False".into()
                        }
                    }
                    other => return Err(Error::new_spanned(other, "expected a string or bool")),
                };
                content.parse::<Token![,]>()?;
                let names = names(&content)?;
                let any = rule == "required_if_any";
                required_if.push(quote!((#param, #value, &[#(#names),*], #any)));
                return Ok(());
            }
            let names = names(&content)?;
            let list = quote!(&[#(#names),*]);
            match rule.as_str() {
                "exclusive" => exclusive.push(list),
                "together" => together.push(list),
                "one_of" => one_of.push(list),
                "required_by" => {
                    let (first, rest) = names
                        .split_first()
                        .ok_or_else(|| meta.error("names are missing"))?;
                    required_by.push(quote!((#first, &[#(#rest),*])));
                }
                _ => return Err(meta.error("unknown rule of #[params]")),
            }
            Ok(())
        })?;
    }
    Ok(quote! {
        exclusive: &[#(#exclusive),*],
        together: &[#(#together),*],
        one_of: &[#(#one_of),*],
        required_if: &[#(#required_if),*],
        required_by: &[#(#required_by),*],
    })
}

fn names(content: &syn::parse::ParseBuffer<'_>) -> Result<Vec<String>> {
    let list = Punctuated::<Ident, Token![,]>::parse_terminated_with(content, syn::ext::IdentExt::parse_any)?;
    Ok(list
        .iter()
        .map(|i| i.to_string().trim_start_matches("r#").to_owned())
        .collect())
}

fn doc(attrs: &[Attribute]) -> String {
    let mut lines = Vec::new();
    for attr in attrs.iter().filter(|a| a.path().is_ident("doc")) {
        if let syn::Meta::NameValue(nv) = &attr.meta
            && let Expr::Lit(lit) = &nv.value
            && let Lit::Str(s) = &lit.lit
        {
            lines.push(s.value().trim().to_owned());
        }
    }
    lines.join("\n").trim().to_owned()
}
