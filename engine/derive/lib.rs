//! `#[derive(Params)]`: a module's parameter struct becomes its argument specification and its parser.
//! `#[derive(Choice)]`: an enum becomes a parameter with fixed choices.

mod choice;
mod params;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Derives `Params`. On the struct: `#[params(exclusive(a, b), together(a, b), one_of(a, b), required_if(state = "present", a, b), required_by(a, b))]`
/// (each may be repeated). On fields: `#[param(required, default = …, alias = "x", choices("a", "b"), no_log, name = "x", elements = "str", hidden, flatten, options)]`.
/// Doc comments are the documentation.
#[proc_macro_derive(Params, attributes(param, params))]
pub fn params(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    params::expand(input)
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}

/// Derives `Choice`: variants are written in snake_case unless `#[choice("…")]` says otherwise.
#[proc_macro_derive(Choice, attributes(choice))]
pub fn choice(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    choice::expand(input)
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}
