//! Writers that die in the middle of a transaction.

use std::time::{Duration, Instant};

use ::mongodb::Client;
use ::mongodb::bson::doc;
use ::mongodb::options::ClientOptions;

use super::{Namespace, insert, item, tenant};

/// What the transaction has locked is free again long before the server's own limit.
#[tokio::test]
async fn a_dead_writer_is_in_nobodys_way_for_long() {
    let Some(namespace) = Namespace::new() else { return };
    let documents = namespace.documents("cart");
    insert(&documents, item("first", 0)).await.unwrap();
    let database = namespace.database("db_cart_t1").await;
    let collection = &database.list_collection_names().await.unwrap()[0];

    let mut options = ClientOptions::parse(&namespace.uri).await.unwrap();
    options.app_name = Some("kugel".to_owned());
    let dying = Client::with_options(options).unwrap();
    let mut session = dying.start_session().await.unwrap();
    session.start_transaction().await.unwrap();
    let collection = dying
        .database(database.name())
        .collection::<::mongodb::bson::Document>(collection);
    for locked in ["one", "two"] {
        let write = collection.insert_one(doc! { "_id": locked });
        write.session(&mut session).await.unwrap();
    }
    // Dropped, it would end its transaction; the dead do not.
    std::mem::forget(session);

    let begun = Instant::now();
    let changes = documents
        .changes("tester")
        .insert(item("two", 2))
        .insert(item("three", 3));
    let scope = tenant();
    let (alone, together) = tokio::join!(
        insert(&documents, item("one", 1)),
        documents.commit(&scope, changes)
    );
    alone.unwrap();
    together.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}
