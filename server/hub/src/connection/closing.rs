//! The end of a socket: the goodbye, the close frame, and reading on for a moment so that neither is lost to a
//! reset. Refuses to know why.

use crate::session::{Ending, Protocol};
use axum::extract::ws::{CloseFrame, Message as Frame, WebSocket};
use std::time::Duration;
use tokio::time::timeout;
use wire::frame::ServiceFrame;

/// How long a closed socket is still read, so that the close frame is not lost to a reset.
const DRAIN: Duration = Duration::from_secs(1);

/// Says goodbye and reads on for a moment.
pub(super) async fn close(socket: &mut WebSocket, protocol: Protocol, ending: Ending) {
    let all = async {
        if let Some(message) = ending.message
            && let Some(goodbye) = protocol.print(&ServiceFrame::Disconnected { message })
        {
            socket.send(goodbye).await?;
        }
        let frame = CloseFrame {
            code: ending.code,
            reason: ending.reason.into(),
        };
        socket.send(Frame::Close(Some(frame))).await?;
        while let Some(Ok(_)) = socket.recv().await {}
        Ok::<(), axum::Error>(())
    };
    // A peer that neither reads nor closes is left behind.
    let _ = timeout(DRAIN, all).await;
}

/// The other side said goodbye: sees to it that the answer, which the library has queued, goes out.
pub(super) async fn finish(socket: &mut WebSocket) {
    let all = async { while let Some(Ok(_)) = socket.recv().await {} };
    let _ = timeout(DRAIN, all).await;
}

/// The close code for a frame that breaks the rules. Source: RFC 6455, 7.4.1.
pub(super) fn close_code(error: &axum::Error) -> Option<(u16, &'static str)> {
    use std::error::Error as _;
    use tungstenite::Error;
    match error.source()?.downcast_ref::<Error>()? {
        Error::Capacity(_) => Some((1009, "The message is too big.")),
        Error::Utf8(_) => Some((1007, "The text is not UTF-8.")),
        Error::Protocol(tungstenite::error::ProtocolError::ResetWithoutClosingHandshake) => None,
        Error::Protocol(_) => Some((1002, "The frame breaks the protocol.")),
        _ => None,
    }
}
