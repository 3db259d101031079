//! Expansion of `#[derive(Choice)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Error, LitStr, Result};

pub(crate) fn expand(input: DeriveInput) -> Result<TokenStream> {
    let Data::Enum(data) = &input.data else {
        return Err(Error::new_spanned(
            &input.ident,
            "Choice can only be derived for enums",
        ));
    };
    let name = &input.ident;
    let mut words = Vec::new();
    let mut variants = Vec::new();
    for v in &data.variants {
        let mut word = snake(&v.ident.to_string());
        for a in &v.attrs {
            if a.path().is_ident("choice") {
                word = a.parse_args::<LitStr>()?.value();
            }
        }
        words.push(word);
        variants.push(&v.ident);
    }
    Ok(quote! {
        impl crate::params::FromParam for #name {
            const KIND: crate::params::Kind = crate::params::Kind::Str;
            const CHOICES: &'static [&'static str] = &[#(#words),*];
            fn from_param(value: &kdo_value::Value) -> Option<Self> {
                match value.as_str()? {
                    #(#words => Some(Self::#variants),)*
                    _ => None,
                }
            }
        }
    })
}

fn snake(ident: &str) -> String {
    let mut out = String::new();
    for (i, c) in ident.chars().enumerate() {
        if c.is_uppercase() && i > 0 {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}
