//! Promotions: deletion that keeps the key, and which ones hold now.

use std::sync::Arc;

use kugel_error::Result;
use kugel_rpc::Caller;
use kugel_store::{Query, Stored, Value};
use kugel_types::Clock;

use super::masters::missing;
use super::{Listed, Masters, PageRequest};
use crate::domain::promotion::{Promotion, Wanted};

/// The promotions.
#[derive(Clone)]
pub struct Promotions {
    masters: Masters,
    clock: Arc<dyn Clock>,
}

impl Promotions {
    /// The promotions among the masters; `clock` tells which hold now.
    pub fn new(masters: Masters, clock: Arc<dyn Clock>) -> Self {
        Self { masters, clock }
    }

    /// The promotion with that key, unless it is deleted.
    pub async fn get(&self, caller: &Caller, promotion_code: &str) -> Result<Stored<Promotion>> {
        let promotion = self.masters.get::<Promotion>(caller, promotion_code).await?;
        kept(&promotion)?;
        Ok(promotion)
    }

    /// A page of the promotions that are not deleted.
    pub async fn list(
        &self,
        caller: &Caller,
        request: PageRequest<'_>,
        mut filters: Vec<(&'static str, Value)>,
    ) -> Result<Listed<Stored<Promotion>>> {
        filters.insert(0, ("is_deleted", Value::Boolean(false)));
        self.masters.list(caller, request, filters).await
    }

    /// The promotions that hold now, among those asked for, by their key.
    pub async fn active(&self, caller: &Caller, wanted: &Wanted) -> Result<Vec<Stored<Promotion>>> {
        let now = self.clock.now();
        let query = Query::all().eq("is_active", true).eq("is_deleted", false);
        let mut rows = self
            .masters
            .documents()
            .find::<Promotion>(&caller.scope(), query)
            .await?
            .rows;
        rows.retain(|promotion| promotion.holds_at(now) && promotion.fits(wanted));
        Ok(rows)
    }

    /// Changes a promotion that is not deleted.
    pub async fn change(
        &self,
        caller: &Caller,
        promotion_code: &str,
        edit: impl Fn(Promotion) -> Promotion,
    ) -> Result<Stored<Promotion>> {
        let edit = |current: &Promotion| edit(kept(current)?.clone()).checked();
        self.masters.change(caller, promotion_code, edit).await
    }

    /// Marks a promotion as deleted. Its key stays taken: receipts name it.
    pub async fn delete(&self, caller: &Caller, promotion_code: &str) -> Result<()> {
        let edit = |current: &Promotion| {
            kept(current).map(|promotion| Promotion {
                is_deleted: true,
                ..promotion.clone()
            })
        };
        self.masters
            .change(caller, promotion_code, edit)
            .await
            .map(|_| ())
    }
}

fn kept(promotion: &Promotion) -> Result<&Promotion> {
    if promotion.is_deleted {
        Err(missing::<Promotion>(&promotion.promotion_code))
    } else {
        Ok(promotion)
    }
}
