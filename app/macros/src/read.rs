//! `derive(Read)`: how a type is read out of a tree, as serde's attributes on it say.

use crate::said::Said;
use proc_macro2::TokenStream;
use quote::quote;
use syn::spanned::Spanned;
use syn::{Data, DataEnum, DeriveInput, Error, Fields};

pub fn reader(input: &DeriveInput) -> syn::Result<TokenStream> {
    let name = &input.ident;
    let said = Said::by(&input.attrs)?;
    let body = match &input.data {
        _ if said.try_from => quote! {
            let text: ::std::string::String = crate::tree::Read::read(tree)?;
            text.parse().map_err(|_| crate::tree::Unread)
        },
        Data::Struct(data) => {
            let fields = fields(quote!(#name), &data.fields, said.camel, said.strict)?;
            quote!(::core::result::Result::Ok(#fields))
        }
        Data::Enum(data) => variants(data, &said)?,
        Data::Union(_) => return Err(Error::new(name.span(), "Read knows no unions")),
    };
    Ok(quote! {
        impl crate::tree::Read for #name {
            fn read(tree: crate::tree::Tree) -> ::core::result::Result<Self, crate::tree::Unread> {
                #body
            }
        }
    })
}

/// A struct, or a variant with its content, out of `tree`.
fn fields(
    path: TokenStream,
    fields: &Fields,
    camel: bool,
    strict: bool,
) -> syn::Result<TokenStream> {
    match fields {
        Fields::Unit => Ok(path),
        Fields::Unnamed(one) if one.unnamed.len() == 1 => {
            Ok(quote!(#path(crate::tree::Read::read(tree)?)))
        }
        Fields::Unnamed(_) => Err(Error::new(fields.span(), "Read knows no tuples")),
        Fields::Named(named) => {
            let mut reads = Vec::new();
            for field in &named.named {
                let said = Said::by(&field.attrs)?;
                let name = field.ident.as_ref().expect("a named field has a name");
                let key = said.key_of(name, camel);
                reads.push(match said.default {
                    true => quote!(#name: fields.take_or_default(#key)?),
                    false => quote!(#name: fields.take(#key)?),
                });
            }
            let end = strict.then(|| quote!(fields.end()?;));
            Ok(quote!({
                let mut fields = tree.fields()?;
                let read = #path { #(#reads),* };
                #end
                read
            }))
        }
    }
}

fn variants(data: &DataEnum, said: &Said) -> syn::Result<TokenStream> {
    let mut arms = Vec::new();
    for variant in &data.variants {
        let name = said.name_of(variant)?;
        let path = &variant.ident;
        let read = fields(
            quote!(Self::#path),
            &variant.fields,
            said.camel_fields,
            said.strict,
        )?;
        arms.push(quote!(#name => #read));
    }
    let open = match (&said.tag, &said.content) {
        (None, _) => quote!(let (name, tree) = tree.variant()?;),
        (Some(tag), None) => quote!(let (name, tree) = tree.tagged(#tag)?;),
        (Some(tag), Some(content)) => {
            quote!(let (name, tree) = tree.tagged_beside(#tag, #content)?;)
        }
    };
    Ok(quote! {
        #open
        ::core::result::Result::Ok(match name.as_str() {
            #(#arms,)*
            _ => return ::core::result::Result::Err(crate::tree::Unread),
        })
    })
}
