//! Promotions: deletion that keeps the key, and which ones hold now.

use kugel_error::Result;
use kugel_rpc::{Caller, View};
use kugel_store::{Query, Stored, Value};

use super::{App, Listed, live};
use crate::domain::promotion::{Changes, Promotion, Wanted};

impl App {
    /// The promotion with that key, unless it is deleted.
    pub async fn promotion(&self, caller: &Caller, promotion_code: &str) -> Result<Stored<Promotion>> {
        let promotion = self.get::<Promotion>(caller, promotion_code).await?;
        live(&*promotion)?;
        Ok(promotion)
    }

    /// A page of the promotions that are not deleted.
    pub async fn promotions(
        &self,
        caller: &Caller,
        view: View,
        mut filters: Vec<(&'static str, Value)>,
    ) -> Result<Listed<Stored<Promotion>>> {
        filters.push(("is_deleted", Value::Boolean(false)));
        self.list(caller, view, &filters).await
    }

    /// The promotions that hold now, among those asked for, by their key.
    pub async fn active_promotions(
        &self,
        caller: &Caller,
        wanted: &Wanted,
    ) -> Result<Vec<Stored<Promotion>>> {
        let now = self.clock.now();
        let query = Query::all().eq("is_active", true).eq("is_deleted", false);
        let mut rows = self
            .documents
            .find::<Promotion>(&caller.scope(), query)
            .await?
            .rows;
        rows.retain(|promotion| promotion.holds_at(now) && promotion.fits(wanted));
        Ok(rows)
    }

    /// Changes a promotion that is not deleted.
    pub async fn change_promotion(
        &self,
        caller: &Caller,
        promotion_code: &str,
        changes: &Changes,
    ) -> Result<Stored<Promotion>> {
        let edit = |current: &Promotion| changes.apply(live(current)?.clone()).checked();
        self.change(caller, promotion_code, edit).await
    }

    /// Marks a promotion as deleted. Its key stays taken: receipts name it.
    pub async fn delete_promotion(&self, caller: &Caller, promotion_code: &str) -> Result<()> {
        let edit = |current: &Promotion| {
            live(current).map(|promotion| Promotion {
                is_deleted: true,
                ..promotion.clone()
            })
        };
        self.change(caller, promotion_code, edit).await.map(|_| ())
    }

    /// Takes the mark of deletion off a promotion.
    pub async fn restore_promotion(
        &self,
        caller: &Caller,
        promotion_code: &str,
    ) -> Result<Stored<Promotion>> {
        let edit = |current: &Promotion| {
            Ok(Promotion {
                is_deleted: false,
                ..current.clone()
            })
        };
        self.change(caller, promotion_code, edit).await
    }
}
