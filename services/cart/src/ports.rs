//! What the use cases need from neighbours.
//!
//! Implementations keep what they read until its owner announces a change, so that a use case may ask at every command.
//! A neighbour that does not answer is the error `CART_NEIGHBOUR_FAILED`: a cart is never priced from guesses.

use std::sync::Arc;

use async_trait::async_trait;
use kugel_error::Result;
use kugel_types::{ItemCode, StoreCode, TaxRule, TenantId, TerminalId};

use crate::domain::masters::{Found, PaymentMaster, PromotionMaster};
use crate::domain::settings::SettingMaster;
use crate::domain::terminal::{StoreState, TerminalState};

/// Terminals and stores, which the terminal service owns.
#[async_trait]
pub trait Terminals: Send + Sync + 'static {
    /// The terminal as it stands now. Only a state that lets the till sell may be one that was kept.
    async fn terminal(&self, id: &TerminalId) -> Result<Arc<TerminalState>>;
    /// The terminal as it stands now, read from its owner whatever is kept, and kept instead.
    async fn terminal_afresh(&self, id: &TerminalId) -> Result<Arc<TerminalState>>;
    /// The store.
    async fn store(&self, tenant: &TenantId, store: &StoreCode) -> Result<Arc<StoreState>>;
    /// The cached terminals of a tenant.
    fn cached_terminals(&self, tenant: &TenantId) -> Vec<TerminalId>;
    /// Forgets the cached terminals of a tenant.
    fn forget_terminals(&self, tenant: &TenantId);
}

/// Master data, which the master data service owns.
#[async_trait]
pub trait Masters: Send + Sync + 'static {
    /// The items as the store sells them, an answer for each code in its place.
    async fn items(&self, tenant: &TenantId, store: &StoreCode, codes: &[ItemCode]) -> Result<Vec<Found>>;
    /// The tax table.
    async fn taxes(&self, tenant: &TenantId) -> Result<Arc<Vec<TaxRule>>>;
    /// All settings.
    async fn settings(&self, tenant: &TenantId) -> Result<Arc<Vec<SettingMaster>>>;
    /// All promotions that are switched on, whenever and wherever they hold.
    async fn promotions(&self, tenant: &TenantId) -> Result<Arc<Vec<PromotionMaster>>>;
    /// A payment method.
    async fn payment(&self, tenant: &TenantId, payment_code: &str) -> Result<Option<Arc<PaymentMaster>>>;
}
