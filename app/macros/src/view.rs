//! `view!` with Leptos' syntax, for small programs. Leptos gives each element and each closure a type of its own
//! and compiles a handful of functions for each; this one makes calls of `app::markup`, whose types all views
//! share, and what never changes becomes text. Refuses what Chatr does not use (slots, spreading, directives).

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use rstml::node::{
    KeyedAttribute, KeyedAttributeValue, Node, NodeAttribute, NodeElement, NodeName,
};
use syn::spanned::Spanned;
use syn::{Error, Expr, ExprLit, Lit};

/// Elements without children, in the order of the alphabet.
const VOID: [&str; 14] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source",
    "track", "wbr",
];

pub fn view(tokens: TokenStream) -> syn::Result<TokenStream> {
    let view = rstml::parse2(tokens).and_then(|nodes| nodes_of(&nodes))?;
    Ok(quote!({ #[allow(unused_braces)] #view }))
}

/// Several nodes as one view.
fn nodes_of(nodes: &[Node]) -> syn::Result<TokenStream> {
    let views = nodes
        .iter()
        .filter(|node| !matches!(node, Node::Comment(_)))
        .map(view_of)
        .collect::<syn::Result<Vec<_>>>()?;
    Ok(match views.as_slice() {
        [] => quote!(crate::markup::part(())),
        [view] => view.clone(),
        views => quote!(crate::markup::fragment(::std::vec![#(#views),*])),
    })
}

fn view_of(node: &Node) -> syn::Result<TokenStream> {
    match node {
        Node::Text(text) => {
            let text = &text.value;
            Ok(quote!(crate::markup::text(#text)))
        }
        Node::Block(block) => Ok(quote_spanned!(block.span()=> crate::markup::part(#block))),
        Node::Element(element) if is_component(element) => component(element),
        Node::Element(element) => self::element(element),
        other => Err(Error::new_spanned(other, "this view! has no such node")),
    }
}

fn element(element: &NodeElement<rstml::Infallible>) -> syn::Result<TokenStream> {
    let tag = element.name().to_string();
    let mut html = String::new();
    if write(element, &mut html) {
        return Ok(quote!(crate::markup::inert(#html)));
    }
    let variable = Ident::new("element", Span::mixed_site());
    let (mut fixed, mut steps) = (Vec::new(), Vec::new());
    for attribute in element.attributes() {
        let attribute = keyed(attribute)?;
        let name = attribute.key.to_string();
        let span = attribute.key.span();
        match (fixed_value(attribute), attribute.value()) {
            (Some(text), _) => fixed.push(quote!((#name, #text))),
            (None, None) => return Err(Error::new(span, "an attribute without a value")),
            (None, Some(value)) => steps.push(if let Some(event) = name.strip_prefix("on:") {
                let event = format_ident!("{event}", span = span);
                quote!(#variable.on(::leptos::ev::#event, #value);)
            } else if let Some(property) = name.strip_prefix("prop:") {
                quote!(#variable.property(#property, #value);)
            } else if name == "node_ref" {
                quote!(#variable.node_ref(#value);)
            } else if name.contains(':') {
                return Err(Error::new(span, "this view! has no such attribute"));
            } else {
                quote!(#variable.attribute(#name, #value);)
            }),
        }
    }
    for child in &element.children {
        if !matches!(child, Node::Comment(_)) {
            let child = view_of(child)?;
            steps.push(quote!(#variable.child(#child);));
        }
    }
    let new = match is_svg(&tag) {
        true => quote!(svg),
        false => quote!(new),
    };
    Ok(quote!({
        let mut #variable = crate::markup::Element::#new(#tag, &[#(#fixed),*]);
        #(#steps)*
        #variable.finish()
    }))
}

fn component(element: &NodeElement<rstml::Infallible>) -> syn::Result<TokenStream> {
    let name = element.name();
    let (mut props, mut bound) = (Vec::new(), None);
    for attribute in element.attributes() {
        let attribute = keyed(attribute)?;
        let key = &attribute.key;
        if let Some(variable) = key.to_string().strip_prefix("let:") {
            bound = Some(format_ident!("{variable}", span = key.span()));
        } else {
            let value = match attribute.value() {
                Some(value) => quote!(#value),
                None => quote!(#key),
            };
            props.push(quote!(.#key(#[allow(unused_braces)] { #value })));
        }
    }
    if !element.children.is_empty() {
        let children = nodes_of(&element.children)?;
        props.push(match bound {
            Some(variable) => quote!(.children(move |#variable| #children)),
            None => quote!(.children(crate::markup::children(move || #children))),
        });
    }
    Ok(
        quote!(crate::markup::part(::leptos::component::component_view(
            &#name,
            ::leptos::component::component_props_builder(&#name)
                #(#props)*
                .build()
        ))),
    )
}

/// Writes an element that never changes; `false` if it may change, and then what was written counts nothing.
fn write(element: &NodeElement<rstml::Infallible>, html: &mut String) -> bool {
    if is_component(element) {
        return false;
    }
    let tag = element.name().to_string();
    html.push('<');
    html.push_str(&tag);
    for attribute in element.attributes() {
        let NodeAttribute::Attribute(attribute) = attribute else {
            return false;
        };
        let Some(value) = fixed_value(attribute) else {
            return false;
        };
        html.push_str(&format!(" {}=\"{}\"", attribute.key, escaped(&value)));
    }
    html.push('>');
    if VOID.contains(&tag.as_str()) {
        return true;
    }
    for child in &element.children {
        match child {
            Node::Text(text) => html.push_str(&escaped(&text.value_string())),
            Node::Element(element) => {
                if !write(element, html) {
                    return false;
                }
            }
            Node::Comment(_) => {}
            _ => return false,
        }
    }
    html.push_str(&format!("</{tag}>"));
    true
}

/// The value of an attribute that never changes.
fn fixed_value(attribute: &KeyedAttribute) -> Option<String> {
    let name = attribute.key.to_string();
    if name.contains(':') || name == "node_ref" {
        return None;
    }
    match (&attribute.possible_value, attribute.value()) {
        (KeyedAttributeValue::None, _) => Some(String::new()),
        (
            _,
            Some(Expr::Lit(ExprLit {
                lit: Lit::Str(text),
                ..
            })),
        ) => Some(text.value()),
        _ => None,
    }
}

fn keyed(attribute: &NodeAttribute) -> syn::Result<&KeyedAttribute> {
    match attribute {
        NodeAttribute::Attribute(attribute) => Ok(attribute),
        NodeAttribute::Block(block) => Err(Error::new_spanned(
            block,
            "this view! spreads no attributes",
        )),
    }
}

fn is_component(element: &NodeElement<rstml::Infallible>) -> bool {
    match element.name() {
        NodeName::Path(path) => {
            let name = path.path.segments.last();
            name.is_some_and(|name| name.ident.to_string().starts_with(char::is_uppercase))
        }
        NodeName::Punctuated(_) | NodeName::Block(_) => false,
    }
}

fn is_svg(tag: &str) -> bool {
    matches!(tag, "svg" | "path")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
