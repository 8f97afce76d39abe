//! The messages of package `azure.webpubsub` with their field numbers. Source: protobuf subprotocol reference of the
//! service; time to live, metadata and JSON data: its emulator. Refuses to know what they mean.

use bytes::Bytes;
use std::collections::BTreeMap;

#[derive(Clone, PartialEq, prost::Message)]
pub struct Upstream {
    #[prost(oneof = "UpstreamKind", tags = "1, 5, 6, 7, 8, 9, 13, 14")]
    pub kind: Option<UpstreamKind>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
pub enum UpstreamKind {
    #[prost(message, tag = "1")]
    SendToGroup(SendToGroup),
    #[prost(message, tag = "5")]
    Event(Event),
    #[prost(message, tag = "6")]
    JoinGroup(Group),
    #[prost(message, tag = "7")]
    LeaveGroup(Group),
    #[prost(message, tag = "8")]
    SequenceAck(SequenceAck),
    #[prost(message, tag = "9")]
    Ping(Empty),
    #[prost(message, tag = "13")]
    StreamData(StreamData),
    #[prost(message, tag = "14")]
    StreamEnd(StreamEnd),
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct SendToGroup {
    #[prost(string, tag = "1")]
    pub group: String,
    #[prost(uint64, optional, tag = "2")]
    pub ack_id: Option<u64>,
    #[prost(message, optional, tag = "3")]
    pub data: Option<MessageData>,
    #[prost(bool, optional, tag = "4")]
    pub no_echo: Option<bool>,
    #[prost(uint32, optional, tag = "5")]
    pub ttl_seconds: Option<u32>,
    #[prost(btree_map = "string, string", tag = "6")]
    pub metadata: BTreeMap<String, String>,
    #[prost(message, optional, tag = "7")]
    pub stream: Option<StreamStart>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct StreamStart {
    #[prost(string, tag = "1")]
    pub stream_id: String,
    #[prost(uint32, optional, tag = "2")]
    pub idle_timeout_ms: Option<u32>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Event {
    #[prost(string, tag = "1")]
    pub event: String,
    #[prost(message, optional, tag = "2")]
    pub data: Option<MessageData>,
    #[prost(uint64, optional, tag = "3")]
    pub ack_id: Option<u64>,
    #[prost(btree_map = "string, string", tag = "4")]
    pub metadata: BTreeMap<String, String>,
}

/// `JoinGroupMessage` and `LeaveGroupMessage` have the same fields.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Group {
    #[prost(string, tag = "1")]
    pub group: String,
    #[prost(uint64, optional, tag = "2")]
    pub ack_id: Option<u64>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct SequenceAck {
    #[prost(uint64, tag = "1")]
    pub sequence_id: u64,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Empty {}

#[derive(Clone, PartialEq, prost::Message)]
pub struct StreamData {
    #[prost(string, tag = "1")]
    pub stream_id: String,
    #[prost(uint64, optional, tag = "2")]
    pub stream_sequence_id: Option<u64>,
    #[prost(message, optional, tag = "3")]
    pub data: Option<MessageData>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct StreamEnd {
    #[prost(string, tag = "1")]
    pub stream_id: String,
    #[prost(message, optional, tag = "2")]
    pub error: Option<EndError>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct EndError {
    #[prost(string, tag = "1")]
    pub message: String,
    #[prost(string, optional, tag = "2")]
    pub user_error_code: Option<String>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct MessageData {
    #[prost(oneof = "Data", tags = "1, 2, 3, 4")]
    pub kind: Option<Data>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
pub enum Data {
    #[prost(string, tag = "1")]
    Text(String),
    #[prost(bytes = "bytes", tag = "2")]
    Binary(Bytes),
    /// A `google.protobuf.Any`, kept as the bytes that it arrived in.
    #[prost(bytes = "bytes", tag = "3")]
    Protobuf(Bytes),
    #[prost(string, tag = "4")]
    Json(String),
}

/// `google.protobuf.Any`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Any {
    #[prost(string, tag = "1")]
    pub type_url: String,
    #[prost(bytes = "bytes", tag = "2")]
    pub value: Bytes,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Downstream {
    #[prost(oneof = "DownstreamKind", tags = "1, 2, 3, 4, 6, 7, 8")]
    pub kind: Option<DownstreamKind>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
pub enum DownstreamKind {
    #[prost(message, tag = "1")]
    Ack(Ack),
    #[prost(message, tag = "2")]
    Data(DataMessage),
    #[prost(message, tag = "3")]
    System(System),
    #[prost(message, tag = "4")]
    Pong(Empty),
    #[prost(message, tag = "6")]
    StreamAck(StreamAck),
    #[prost(message, tag = "7")]
    StreamNack(StreamNack),
    #[prost(message, tag = "8")]
    StreamClosed(StreamClosed),
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Ack {
    #[prost(uint64, tag = "1")]
    pub ack_id: u64,
    #[prost(bool, tag = "2")]
    pub success: bool,
    #[prost(message, optional, tag = "3")]
    pub error: Option<Error>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Error {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(string, tag = "2")]
    pub message: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct DataMessage {
    #[prost(string, tag = "1")]
    pub from: String,
    #[prost(string, optional, tag = "2")]
    pub group: Option<String>,
    #[prost(message, optional, tag = "3")]
    pub data: Option<MessageData>,
    #[prost(uint64, optional, tag = "4")]
    pub sequence_id: Option<u64>,
    #[prost(btree_map = "string, string", tag = "5")]
    pub metadata: BTreeMap<String, String>,
    #[prost(message, optional, tag = "6")]
    pub stream: Option<StreamPart>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct StreamPart {
    #[prost(string, tag = "1")]
    pub stream_id: String,
    #[prost(uint64, tag = "2")]
    pub stream_sequence_id: u64,
    #[prost(bool, tag = "3")]
    pub end_of_stream: bool,
    #[prost(message, optional, tag = "4")]
    pub error: Option<PartError>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct PartError {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(string, tag = "2")]
    pub message: String,
    #[prost(string, optional, tag = "3")]
    pub user_error_code: Option<String>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct System {
    #[prost(oneof = "SystemKind", tags = "1, 2")]
    pub kind: Option<SystemKind>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
pub enum SystemKind {
    #[prost(message, tag = "1")]
    Connected(Connected),
    #[prost(message, tag = "2")]
    Disconnected(Disconnected),
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Connected {
    #[prost(string, tag = "1")]
    pub connection_id: String,
    #[prost(string, tag = "2")]
    pub user_id: String,
    #[prost(string, tag = "3")]
    pub reconnection_token: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Disconnected {
    #[prost(string, tag = "2")]
    pub reason: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct StreamAck {
    #[prost(string, tag = "1")]
    pub stream_id: String,
    #[prost(uint64, tag = "2")]
    pub expected_sequence_id: u64,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct StreamNack {
    #[prost(string, tag = "1")]
    pub stream_id: String,
    #[prost(string, tag = "2")]
    pub name: String,
    #[prost(string, tag = "3")]
    pub message: String,
    #[prost(uint64, tag = "4")]
    pub expected_sequence_id: u64,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct StreamClosed {
    #[prost(string, tag = "1")]
    pub stream_id: String,
    #[prost(message, optional, tag = "2")]
    pub error: Option<Error>,
}
