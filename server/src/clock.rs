//! The time of day. The only place that asks the system for it on behalf of the chat.

use app::chat::Millis;
use std::time::{SystemTime, UNIX_EPOCH};

/// Never before 1970, whatever the system's clock says.
pub fn now() -> Millis {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
