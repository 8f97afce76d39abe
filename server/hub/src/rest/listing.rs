//! The connections of a group, page by page. Refuses to know who asks.

use super::problem::Problem;
use crate::registry::Registry;
use crate::session::Session;
use serde::Serialize;
use std::sync::Arc;
use wire::rest::{API_VERSION, MAX_PAGE, PageRequest};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Listing {
    value: Vec<Listed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_link: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    connection_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<String>,
}

/// A page of a group, ordered by connection id. The continuation token is the last id that was listed.
pub(super) fn list(
    registry: &Registry<Arc<Session>>,
    group: &str,
    page: &PageRequest,
    address: &str,
) -> Result<Listing, Problem> {
    let after = page.continuation.as_deref().unwrap_or_default();
    if !after.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(Problem::invalid("The continuation token is not valid."));
    }
    let mut ids: Vec<&str> = registry
        .in_group(group)
        .map(|(id, _)| id)
        .filter(|id| *id > after)
        .collect();
    ids.sort_unstable();
    let size = page
        .max_page_size
        .unwrap_or(MAX_PAGE)
        .min(page.top.unwrap_or(usize::MAX));
    let more = ids.len() > size;
    ids.truncate(size);
    let left = page.top.map(|top| top - ids.len());
    let next_link = (more && left != Some(0)).then(|| {
        let mut link = format!("{address}?api-version={API_VERSION}");
        if let Some(size) = page.max_page_size {
            link.push_str(&format!("&maxpagesize={size}"));
        }
        if let Some(left) = left {
            link.push_str(&format!("&top={left}"));
        }
        link.push_str(&format!(
            "&continuationToken={}",
            ids.last().copied().unwrap_or_default()
        ));
        link
    });
    let value = ids
        .iter()
        .map(|id| Listed {
            connection_id: (*id).to_owned(),
            user_id: registry.user_of(id).map(str::to_owned),
        })
        .collect();
    Ok(Listing { value, next_link })
}
