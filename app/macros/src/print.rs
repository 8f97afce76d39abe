//! `derive(Print)`: how a type is printed, as serde's attributes on it say.

use crate::said::Said;
use proc_macro2::TokenStream;
use quote::quote;
use syn::spanned::Spanned;
use syn::{Data, DataEnum, DeriveInput, Error, Fields};

pub fn printer(input: &DeriveInput) -> syn::Result<TokenStream> {
    let name = &input.ident;
    let said = Said::by(&input.attrs)?;
    let body = match &input.data {
        _ if said.into => quote! {
            let text: ::std::string::String = ::core::convert::Into::into(self.clone());
            crate::print::Print::print(&text, into);
        },
        Data::Struct(data) if matches!(data.fields, Fields::Unit) => {
            return Err(Error::new(name.span(), "Print knows no structs of nothing"));
        }
        Data::Struct(data) => {
            let (pattern, members) = content(&data.fields, said.camel)?;
            let whole = whole(&data.fields, members);
            quote!(let Self #pattern = self; #whole)
        }
        Data::Enum(data) => variants(data, &said)?,
        Data::Union(_) => return Err(Error::new(name.span(), "Print knows no unions")),
    };
    Ok(quote! {
        impl crate::print::Print for #name {
            fn print(&self, into: &mut ::std::string::String) {
                #body
            }
        }
    })
}

/// The pattern that names all fields, and how they are printed: as the members of an object that is open, or as
/// one value.
fn content(fields: &Fields, camel: bool) -> syn::Result<(TokenStream, TokenStream)> {
    match fields {
        Fields::Unit => Ok((quote!(), quote!())),
        Fields::Unnamed(one) if one.unnamed.len() == 1 => Ok((
            quote!((value)),
            quote!(crate::print::Print::print(value, into);),
        )),
        Fields::Unnamed(_) => Err(Error::new(fields.span(), "Print knows no tuples")),
        Fields::Named(named) => {
            let (mut names, mut members) = (Vec::new(), Vec::new());
            for field in &named.named {
                let said = Said::by(&field.attrs)?;
                if said.skip {
                    return Err(Error::new(field.span(), "Print leaves nothing out"));
                }
                let name = field.ident.as_ref().expect("a named field has a name");
                let key = said.key_of(name, camel);
                members.push(quote!(crate::print::member(into, #key, #name);));
                names.push(name);
            }
            Ok((quote!({ #(#names),* }), quote!(#(#members)*)))
        }
    }
}

/// A value of its own.
fn whole(fields: &Fields, members: TokenStream) -> TokenStream {
    match fields {
        Fields::Named(_) => quote!(into.push('{'); #members into.push('}');),
        Fields::Unnamed(_) | Fields::Unit => members,
    }
}

fn variants(data: &DataEnum, said: &Said) -> syn::Result<TokenStream> {
    let mut arms = Vec::new();
    for variant in &data.variants {
        let (path, fields) = (&variant.ident, &variant.fields);
        let name = said.name_of(variant)?;
        let (pattern, members) = content(fields, said.camel_fields)?;
        let name = quote!(&#name);
        let print = match (&said.tag, &said.content, fields) {
            (None, _, Fields::Unit) => quote!(crate::print::Print::print(#name, into);),
            (Some(tag), Some(_), Fields::Unit)
            | (Some(tag), None, Fields::Unit | Fields::Named(_)) => quote! {
                into.push('{');
                crate::print::member(into, #tag, #name);
                #members
                into.push('}');
            },
            (Some(tag), Some(content), _) => {
                let whole = whole(fields, members);
                quote! {
                    into.push('{');
                    crate::print::member(into, #tag, #name);
                    ::wire::json::name(into, #content);
                    #whole
                    into.push('}');
                }
            }
            _ => return Err(Error::new(variant.span(), "Print knows no such variant")),
        };
        arms.push(quote!(Self::#path #pattern => { #print }));
    }
    Ok(quote!(match self { #(#arms)* }))
}
