//! The executable: the command line, and a process with its doors.
//!
//! [`process`] puts the gateway or a port before the services that [`kugel_host`] brings to work; it holds no rule of its
//! own. What is done to documents from a shell is in [`kugel_operator`], the replay of real sales in [`kugel_demo`].

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a failed unwrap fails the test"))]

pub mod certificate;
pub mod cli;
pub mod demo;
pub mod process;
