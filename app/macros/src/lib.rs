//! What `app` writes briefly: `view!` and `derive(Read)`. Both exist for the weight of the program that a browser
//! fetches: they make calls of a few functions where Leptos' and serde's own macros make new functions for each
//! place. What they call is in `app`, in `markup` and `tree`.

mod read;
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
#[proc_macro_derive(Read)]
pub fn read(tokens: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let reader = syn::parse(tokens).and_then(|input| read::reader(&input));
    reader.unwrap_or_else(syn::Error::into_compile_error).into()
}
