//! What `app` writes briefly: `view!`, `derive(Read)` and `derive(Print)`. All exist for the weight of the program
//! that a browser fetches: they make calls of a few functions where Leptos' and serde's own macros make new
//! functions for each place. What they call is in `app`, in `markup`, `tree` and `print`.

mod print;
mod read;
mod said;
mod view;

use quote::quote;

/// A view with Leptos' syntax, as an `AnyView`.
#[proc_macro]
pub fn view(tokens: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let view = view::view(tokens.into());
    view.unwrap_or_else(|error| {
        let error = error.into_compile_error();
        quote!({ #error })
    })
    .into()
}

/// `tree::Read` for a type that serde can read too, by the same attributes.
#[proc_macro_derive(Read, attributes(serde))]
pub fn read(tokens: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let reader = syn::parse(tokens).and_then(|input| read::reader(&input));
    reader.unwrap_or_else(syn::Error::into_compile_error).into()
}

/// `print::Print` for a type that serde can print too, by the same attributes.
#[proc_macro_derive(Print, attributes(serde))]
pub fn print(tokens: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let printer = syn::parse(tokens).and_then(|input| print::printer(&input));
    printer
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}
