//! The promises of the port, kept by MongoDB.

use std::sync::Arc;

use kugel_store::conformance::Subject;

use super::Namespace;

async fn open() -> Option<Subject> {
    let namespace = Namespace::new()?;
    let store = Arc::new(namespace.store("conformance"));
    Some(Subject::new(store).keeping(namespace))
}

kugel_store::conformance_tests!(open);
