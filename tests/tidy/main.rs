//! Properties of the whole tree, held by `cargo test`: layering, sizes, lints, documentation.
