//! The end of a socket: the goodbye, the close frame, and reading on for a moment so that neither is lost to a
//! reset. Refuses to know why.

use crate::session::{Ending, Session};
use crate::websocket::frames::{self, Incoming};
use crate::websocket::{Reader, Socket};
use std::future::poll_fn;
use std::io::IoSlice;
use std::task::{Poll, ready};
use std::time::Duration;
use tokio::time::timeout;
use wire::frame::ServiceFrame;

/// How long the end of a socket may take, the other side's answer included.
const DRAIN: Duration = Duration::from_secs(1);

/// Says goodbye and waits for the answer.
pub(super) async fn close(session: &Session, reader: &mut Reader, ending: Ending) {
    if let Some(message) = ending.message {
        session.reply(&ServiceFrame::Disconnected { message });
    }
    session.say(frames::close(Some(ending.code), ending.reason).into());
    let all = async {
        poll_fn(|context| session.poll_written(context)).await;
        until_closed(reader).await;
    };
    // A peer that neither reads nor closes is left behind.
    let _ = timeout(DRAIN, all).await;
}

/// The other side said goodbye: repeats its code.
pub(super) async fn answer_close(session: &Session, code: Option<u16>) {
    say(session, code, "").await;
}

/// Says goodbye to somebody whose words cannot be understood any more.
pub(super) async fn say(session: &Session, code: Option<u16>, reason: &str) {
    session.say(frames::close(code, reason).into());
    // A peer that does not read is left behind.
    let _ = timeout(DRAIN, poll_fn(|context| session.poll_written(context))).await;
}

/// Closes a socket that no session takes.
pub async fn refuse(socket: Socket) {
    let Socket {
        mut reader,
        mut writer,
    } = socket;
    let bytes = frames::close(Some(1008), "The connection could not be recovered.");
    let mut begun = 0;
    let all = async {
        let written = poll_fn(|context| {
            while begun < bytes.len() {
                begun += ready!(writer.poll_write(context, &[IoSlice::new(&bytes[begun..])]))?;
            }
            writer.poll_flush(context)
        });
        // The client may have gone again; there is nobody to tell.
        if written.await.is_ok() {
            until_closed(&mut reader).await;
        }
    };
    let _ = timeout(DRAIN, all).await;
    reader.end(Some(writer));
}

/// Reads on until the other side has closed, too.
async fn until_closed(reader: &mut Reader) {
    poll_fn(|context| {
        loop {
            let mut open = true;
            let heard = ready!(reader.poll_hear(context, &mut |incoming| {
                open = !matches!(incoming, Incoming::Close(_));
                open
            }));
            if !open || !matches!(heard, Ok(Ok(true))) {
                return Poll::Ready(());
            }
        }
    })
    .await;
}
