//! Any text as a JSON frame of either side: it is refused, or it prints and reads back the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::frame::{ClientFrame, ServiceFrame};

fuzz_target!(|text: &str| {
    if let Ok(frame) = ClientFrame::from_json(text) {
        let again = ClientFrame::from_json(&frame.to_json());
        assert_eq!(again.expect("prints what reads"), frame);
    }
    if let Ok(Some(frame)) = ServiceFrame::from_json(text) {
        let again = ServiceFrame::from_json(&frame.to_json());
        assert_eq!(again.expect("prints what reads"), Some(frame));
    }
});
