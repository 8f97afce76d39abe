//! `derive(Read)`: how a type is read out of a tree, as serde's attributes on it say. An attribute that is not
//! known here is an error, so that the two readers cannot part.

use proc_macro2::TokenStream;
use quote::quote;
use syn::spanned::Spanned;
use syn::{Attribute, Data, DataEnum, DeriveInput, Error, Fields, LitStr, Variant};

/// What serde's attributes say of a type, a variant or a field.
#[derive(Default)]
struct Said {
    rename: Option<String>,
    camel: bool,
    camel_fields: bool,
    tag: Option<String>,
    content: Option<String>,
    default: bool,
    try_from: bool,
    strict: bool,
}

impl Said {
    fn by(attributes: &[Attribute]) -> syn::Result<Said> {
        let mut said = Said::default();
        for attribute in attributes.iter().filter(|a| a.path().is_ident("serde")) {
            attribute.parse_nested_meta(|meta| {
                let text = || meta.value()?.parse::<LitStr>();
                let camel = |text: LitStr| match text.value().as_str() {
                    "camelCase" => Ok(true),
                    _ => Err(Error::new(text.span(), "Read knows camelCase only")),
                };
                if meta.path.is_ident("rename") {
                    said.rename = Some(text()?.value());
                } else if meta.path.is_ident("rename_all") {
                    said.camel = camel(text()?)?;
                } else if meta.path.is_ident("rename_all_fields") {
                    said.camel_fields = camel(text()?)?;
                } else if meta.path.is_ident("tag") {
                    said.tag = Some(text()?.value());
                } else if meta.path.is_ident("content") {
                    said.content = Some(text()?.value());
                } else if meta.path.is_ident("default") {
                    said.default = true;
                } else if meta.path.is_ident("try_from") {
                    text()?;
                    said.try_from = true;
                } else if meta.path.is_ident("deny_unknown_fields") {
                    said.strict = true;
                } else if meta.path.is_ident("skip_serializing_if") || meta.path.is_ident("into") {
                    text()?;
                } else if !meta.path.is_ident("transparent") {
                    return Err(meta.error("Read does not know this"));
                }
                Ok(())
            })?;
        }
        Ok(said)
    }
}

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
                let key = said.rename.unwrap_or_else(|| match camel {
                    true => camel_of_field(&name.to_string()),
                    false => name.to_string(),
                });
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
        let of_variant = Said::by(&variant.attrs)?;
        let name = of_variant.rename.unwrap_or_else(|| name_of(variant, said));
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

fn name_of(variant: &Variant, said: &Said) -> String {
    let name = variant.ident.to_string();
    match said.camel {
        true => name[..1].to_ascii_lowercase() + &name[1..],
        false => name,
    }
}

/// `posted_at` is `postedAt`.
fn camel_of_field(name: &str) -> String {
    let mut words = name.split('_');
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        camel.push_str(&word[..1].to_ascii_uppercase());
        camel.push_str(&word[1..]);
    }
    camel
}
