//! Copies of carts save reads and nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use kugel_error::codes;
use kugel_stand::decimal;
use kugel_state::{Guarded, MemoryState, State, StateError};

use crate::support::{Shop, refused, till};

/// A state store of another process.
struct Far(MemoryState);

#[async_trait]
impl State for Far {
    async fn get(&self, key: &str) -> Result<Option<Bytes>, StateError> {
        self.0.get(key).await
    }
    async fn set(&self, key: &str, value: Bytes, lifetime: Duration) -> Result<(), StateError> {
        self.0.set(key, value, lifetime).await
    }
    async fn delete(&self, key: &str) -> Result<(), StateError> {
        self.0.delete(key).await
    }
    async fn compare_and_set(
        &self,
        key: &str,
        expected: Option<&Bytes>,
        value: Bytes,
        lifetime: Duration,
    ) -> Result<bool, StateError> {
        self.0.compare_and_set(key, expected, value, lifetime).await
    }
    async fn ping(&self) -> Result<(), StateError> {
        self.0.ping().await
    }
    fn is_local(&self) -> bool {
        false
    }
}

#[tokio::test]
async fn a_stale_copy_changes_nothing_but_the_time_it_takes() {
    let shop = Shop::open();
    let pos = till(1);
    let copied = shop.beside(Arc::new(Far(MemoryState::default())));
    let cart = shop.cart(&pos).await;
    copied.add(&pos, &cart, &[("tea", "1")]).await.unwrap();
    shop.add(&pos, &cart, &[("rice", "1")]).await.unwrap();
    let after = copied.add(&pos, &cart, &[("melon", "1")]).await.unwrap();
    assert_eq!(after.total_quantity, decimal("3"));
    // The copy says that items are being entered; the document knows better, in both directions.
    shop.subtotal_cart(&pos, &cart).await.unwrap();
    refused(
        copied.add(&pos, &cart, &[("tea", "1")]).await,
        &codes::OPERATION_NOT_ALLOWED,
    );
    copied.pay(&pos, &cart, &[("01", "5000")]).await.unwrap();
    let billed = copied.bill_cart(&pos, &cart).await.unwrap();
    assert_eq!(billed.cart_status, "Completed");
    refused(shop.bill_cart(&pos, &cart).await, &codes::OPERATION_NOT_ALLOWED);
    refused(copied.get_cart(&till(2), &cart).await, &codes::CART_NOT_FOUND);
    refused(
        copied.add(&till(2), &cart, &[("tea", "1")]).await,
        &codes::CART_NOT_FOUND,
    );
}

/// A state store that never answers, and counts how often it was asked.
#[derive(Default)]
struct Broken(AtomicUsize);

impl Broken {
    fn fail<T>(&self) -> Result<T, StateError> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Err(StateError("gone".to_owned()))
    }
}

#[async_trait]
impl State for Broken {
    async fn get(&self, _: &str) -> Result<Option<Bytes>, StateError> {
        self.fail()
    }
    async fn set(&self, _: &str, _: Bytes, _: Duration) -> Result<(), StateError> {
        self.fail()
    }
    async fn delete(&self, _: &str) -> Result<(), StateError> {
        self.fail()
    }
    async fn compare_and_set(
        &self,
        _: &str,
        _: Option<&Bytes>,
        _: Bytes,
        _: Duration,
    ) -> Result<bool, StateError> {
        self.fail()
    }
    async fn ping(&self) -> Result<(), StateError> {
        self.fail()
    }
    fn is_local(&self) -> bool {
        false
    }
}

#[tokio::test]
async fn without_a_state_store_carts_go_on_and_it_is_left_alone() {
    let shop = Shop::open();
    let broken = Arc::new(Broken::default());
    let copied = shop.beside(Arc::new(Guarded::new("copies", broken.clone())));
    copied.sell(&till(1)).await;
    copied.sell(&till(1)).await;
    assert_eq!(broken.0.load(Ordering::SeqCst), 3);
}
