//! Whole sales through the doors of a running server.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod accounts;
mod alerts;
mod books;
mod cart;
mod codes;
mod command_line;
mod connections;
mod counter;
mod crash;
mod doors;
mod drawer;
mod echoes;
mod envelope;
mod errors;
mod events;
mod gateway;
mod guessing;
mod https;
mod isolation;
mod masters;
mod mending;
mod mesh;
mod money;
mod moving;
mod operations;
mod posting;
mod ranges;
mod repeats;
mod reversal;
mod sale;
mod sealing;
mod security;
mod shop;
mod terminals;
mod walk;
