//! Any request as a webhook, and any answer to one: it is refused, or the event prints and reads back the same.
#![no_main]

mod request;

use http::Response;
use libfuzzer_sys::fuzz_target;
use request::request;
use wire::cloud_event::{ConnectAnswer, Delivery, answered_state, read_user_answer};

fuzz_target!(|bytes: &[u8]| {
    let Some(request) = request(bytes) else {
        return;
    };
    if let Ok(delivery) = Delivery::from_request(&request)
        && let Ok(printed) = delivery.to_request("/in", ["key"])
        && let Ok(again) = Delivery::from_request(&printed)
    {
        assert_eq!(again.event, delivery.event);
    }
    let (parts, body) = request.into_parts();
    let mut answer = Response::new(body);
    *answer.headers_mut() = parts.headers;
    let _ = answered_state(answer.headers());
    let _ = (ConnectAnswer::from_response(&answer), read_user_answer(&answer));
});
