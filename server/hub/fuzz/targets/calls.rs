//! Any request as a REST call: it is refused, or it prints and reads back the same.
#![no_main]

mod request;

use libfuzzer_sys::fuzz_target;
use request::request;
use wire::rest::Call;

fuzz_target!(|bytes: &[u8]| {
    if let Some(request) = request(bytes)
        && let Ok((hub, call)) = Call::from_request(&request)
        && let Ok(printed) = call.to_request("http://h", &hub)
    {
        assert_eq!(Call::from_request(&printed), Ok((hub, call)));
    }
});
