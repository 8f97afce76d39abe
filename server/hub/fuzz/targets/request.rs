//! Bytes as an HTTP request: a line with method and address, headers, an empty line, a body. Refuses to know what the
//! request is for.

use bytes::Bytes;
use http::Request;

/// `None` where the http crate itself takes no such request.
pub fn request(bytes: &[u8]) -> Option<Request<Bytes>> {
    let (head, body) = match bytes.windows(2).position(|two| two == b"\n\n") {
        Some(at) => (&bytes[..at], &bytes[at + 2..]),
        None => (bytes, &[][..]),
    };
    let mut lines = head.split(|byte| *byte == b'\n');
    let first = std::str::from_utf8(lines.next()?).ok()?;
    let (method, address) = first.split_once(' ')?;
    let mut request = Request::builder().method(method).uri(address);
    for line in lines {
        let colon = line.iter().position(|byte| *byte == b':')?;
        request = request.header(&line[..colon], &line[colon + 1..]);
    }
    request.body(Bytes::copy_from_slice(body)).ok()
}
