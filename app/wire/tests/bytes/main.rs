//! Streams, invocations and protobuf beside the rest: what is printed reads back the same, byte by byte where it
//! matters, and whatever comes in, damaged or made up, there is an answer.

mod frames;
mod hostile;
mod samples;
