//! Whole sales through the doors of a running server.
