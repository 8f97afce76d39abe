//! The server.

pub mod auth;
pub mod chat;
pub mod config;
pub mod error;
pub mod store;
pub mod web;
