//! What serde's attributes say. One that is not known here is an error, so that serde's readers and printers and
//! ours cannot part.

use syn::{Attribute, Error, Ident, LitStr, Variant};

/// What serde's attributes say of a type, a variant or a field.
#[derive(Default)]
pub struct Said {
    pub rename: Option<String>,
    pub camel: bool,
    pub camel_fields: bool,
    pub tag: Option<String>,
    pub content: Option<String>,
    pub default: bool,
    pub try_from: bool,
    pub strict: bool,
    pub into: bool,
    pub skip: bool,
}

impl Said {
    pub fn by(attributes: &[Attribute]) -> syn::Result<Said> {
        let mut said = Said::default();
        for attribute in attributes.iter().filter(|a| a.path().is_ident("serde")) {
            attribute.parse_nested_meta(|meta| {
                let text = || meta.value()?.parse::<LitStr>();
                let camel = |text: LitStr| match text.value().as_str() {
                    "camelCase" => Ok(true),
                    _ => Err(Error::new(text.span(), "only camelCase is known")),
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
                } else if meta.path.is_ident("into") {
                    text()?;
                    said.into = true;
                } else if meta.path.is_ident("skip_serializing_if") {
                    text()?;
                    said.skip = true;
                } else if !meta.path.is_ident("transparent") {
                    return Err(meta.error("this is not known"));
                }
                Ok(())
            })?;
        }
        Ok(said)
    }

    /// A field's name on the wire; `camel` is said by what it is in.
    pub fn key_of(&self, field: &Ident, camel: bool) -> String {
        match (&self.rename, camel) {
            (Some(name), _) => name.clone(),
            (None, true) => camel_of_field(&field.to_string()),
            (None, false) => field.to_string(),
        }
    }

    /// A variant's name on the wire, where this is what its enum says.
    pub fn name_of(&self, variant: &Variant) -> syn::Result<String> {
        let name = variant.ident.to_string();
        Ok(match Said::by(&variant.attrs)?.rename {
            Some(name) => name,
            None if self.camel => name[..1].to_ascii_lowercase() + &name[1..],
            None => name,
        })
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
