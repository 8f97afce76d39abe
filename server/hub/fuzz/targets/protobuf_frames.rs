//! Any bytes as a protobuf frame of either side: they are refused, or they print and read back the same.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use wire::frame::{ClientFrame, ServiceFrame};

fuzz_target!(|bytes: &[u8]| {
    let bytes = Bytes::copy_from_slice(bytes);
    if let Ok(frame) = ClientFrame::from_protobuf(bytes.clone()) {
        let printed = frame.to_protobuf().expect("came from there");
        let again = ClientFrame::from_protobuf(printed);
        assert_eq!(again.expect("prints what reads"), frame);
    }
    if let Ok(Some(frame)) = ServiceFrame::from_protobuf(bytes) {
        let printed = frame.to_protobuf().expect("came from there");
        let again = ServiceFrame::from_protobuf(printed);
        assert_eq!(again.expect("prints what reads"), Some(frame));
    }
});
