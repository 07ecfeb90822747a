//! A small real day, and all the damage that can be done to what is kept of it.

mod day;
mod drawer;
mod keys;
mod plantings;
