//! Terminals and stores, from the terminal service.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kugel_bus::{Announcement, Bus, ChangeKind};
use kugel_error::{Result, codes};
use kugel_proto::terminal::v1::store_service_client::StoreServiceClient;
use kugel_proto::terminal::v1::terminal_service_client::TerminalServiceClient;
use kugel_proto::terminal::v1::{GetStoreRequest, GetTerminalRequest, Terminal};
use kugel_rpc::Client as _;
use kugel_rpc::{Neighbour, ReadCache};
use kugel_types::{Currency, Money, StaffRef, StoreCode, TenantId, TerminalId};
use parking_lot::Mutex;

use crate::domain::terminal::{Session, StoreState, TerminalState};
use crate::ports::Terminals;

/// Terminals that are kept at hand.
const TERMINALS_AT_HAND: u64 = 20_000;
/// Stores that are kept at hand.
const STORES_AT_HAND: u64 = 10_000;

/// The terminal service.
pub(crate) struct TerminalClient {
    neighbour: Neighbour,
    terminals: Arc<ReadCache<TerminalId, Arc<TerminalState>>>,
    stores: Arc<ReadCache<(TenantId, StoreCode), Arc<StoreState>>>,
    /// Terminals that were read, some of which may be forgotten again.
    seen: Mutex<BTreeSet<TerminalId>>,
}

impl TerminalClient {
    /// Keeps what it reads until it is announced as changed, and no longer than `lifetime`.
    pub(crate) fn new(neighbour: Neighbour, bus: &dyn Bus, lifetime: Duration) -> Self {
        let terminals = Arc::new(ReadCache::new(TERMINALS_AT_HAND, lifetime));
        let stores = Arc::new(ReadCache::new(STORES_AT_HAND, lifetime));
        let (stale_terminals, stale_stores) = (Arc::clone(&terminals), Arc::clone(&stores));
        bus.on_change(Box::new(move |announcement| {
            let Announcement::Changed(change) = announcement else {
                stale_terminals.invalidate_all();
                stale_stores.invalidate_all();
                return;
            };
            match change.kind {
                ChangeKind::Terminal => {
                    if let Ok(id) = change.key.parse::<TerminalId>() {
                        stale_terminals.invalidate(&id);
                    }
                }
                ChangeKind::Store => {
                    if let Ok(code) = change.key.parse::<StoreCode>() {
                        stale_stores.invalidate(&(change.tenant.clone(), code));
                    }
                }
                _ => {}
            }
        }));
        Self {
            neighbour,
            terminals,
            stores,
            seen: Mutex::default(),
        }
    }

    async fn load_terminal(&self, id: &TerminalId) -> Result<Arc<TerminalState>> {
        let request = GetTerminalRequest {
            terminal_id: id.to_string(),
        };
        let mut client = TerminalServiceClient::over(self.neighbour.channel());
        let answer = client
            .get_terminal(self.neighbour.request(&id.tenant, request))
            .await;
        let Some(answer) = self.neighbour.found(answer)? else {
            return Err(codes::NOT_FOUND.error(format!("terminal {id} is not found")));
        };
        let terminal = answer
            .terminal
            .ok_or_else(|| self.neighbour.unusable("a terminal"))?;
        self.seen.lock().insert(id.clone());
        Ok(Arc::new(self.state_of(terminal)?))
    }

    async fn load_store(&self, tenant: &TenantId, store: &StoreCode) -> Result<Arc<StoreState>> {
        let request = GetStoreRequest {
            tenant_id: tenant.to_string(),
            store_code: store.to_string(),
        };
        let mut client = StoreServiceClient::over(self.neighbour.channel());
        let answer = client.get_store(self.neighbour.request(tenant, request)).await;
        let Some(answer) = self.neighbour.found(answer)? else {
            return Err(codes::NOT_FOUND.error(format!("store {store} is not found")));
        };
        let store = answer.store.ok_or_else(|| self.neighbour.unusable("a store"))?;
        let currency = store
            .currency
            .parse::<Currency>()
            .map_err(|_| self.neighbour.unusable("a currency"))?;
        let coin = store.cash_coin.map_or(Ok(currency.cash_coin()), Money::try_from);
        let cash_coin = coin.ok().filter(|coin| coin.is_positive());
        Ok(Arc::new(StoreState {
            name: store.store_name,
            currency,
            cash_coin: cash_coin.ok_or_else(|| self.neighbour.unusable("a coin"))?,
        }))
    }

    fn state_of(&self, terminal: Terminal) -> Result<TerminalState> {
        let date = terminal.business_date.filter(|text| !text.is_empty());
        let date = date.map(|text| text.parse()).transpose();
        let date = date.map_err(|_| self.neighbour.unusable("a business date"))?;
        Ok(TerminalState {
            is_opened: terminal.status == "Opened",
            is_in_maintenance: terminal.function_mode == "Maintenance",
            session: date.map(|business_date| Session {
                business_date,
                open_counter: terminal.open_counter,
                business_counter: terminal.business_counter,
            }),
            staff: terminal.staff.map(|staff| StaffRef {
                id: staff.staff_id,
                name: staff.staff_name,
            }),
        })
    }
}

#[async_trait]
impl Terminals for TerminalClient {
    async fn terminal(&self, id: &TerminalId) -> Result<Arc<TerminalState>> {
        // Only what lets the till sell is answered from memory: one that was opened a moment ago must not be refused because
        // the announcement of it is still on its way.
        let at_hand = self.terminals.get(id);
        if let Some(state) =
            at_hand.filter(|state| state.is_opened && state.staff.is_some() && !state.is_in_maintenance)
        {
            return Ok(state);
        }
        self.terminal_afresh(id).await
    }

    async fn terminal_afresh(&self, id: &TerminalId) -> Result<Arc<TerminalState>> {
        let generation = self.terminals.generation();
        let state = self.load_terminal(id).await?;
        self.terminals
            .insert_loaded(generation, id.clone(), Arc::clone(&state));
        Ok(state)
    }

    async fn store(&self, tenant: &TenantId, store: &StoreCode) -> Result<Arc<StoreState>> {
        let key = (tenant.clone(), store.clone());
        self.stores.get_or_load(key, self.load_store(tenant, store)).await
    }

    fn cached_terminals(&self, tenant: &TenantId) -> Vec<TerminalId> {
        let mut seen = self.seen.lock();
        seen.retain(|id| self.terminals.get(id).is_some());
        seen.iter().filter(|id| id.tenant == *tenant).cloned().collect()
    }

    fn forget_terminals(&self, tenant: &TenantId) {
        for id in self.seen.lock().iter().filter(|id| id.tenant == *tenant) {
            self.terminals.invalidate(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use kugel_bus::Change;
    use kugel_error::Error;
    use kugel_stand::Stand;

    use super::super::nobody;
    use super::*;

    fn at_hand(stand: &Stand) -> TerminalClient {
        TerminalClient::new(nobody(stand, "terminal"), &*stand.bus, Duration::from_secs(300))
    }

    #[tokio::test]
    async fn a_terminal_is_kept_until_it_is_announced_as_changed() {
        let stand = Stand::new(crate::NAME, "t1", "2026-06-11T05:03:09Z");
        let (client, bus) = (at_hand(&stand), &stand.bus);
        let (one, two): (TerminalId, TerminalId) = ("t1-s1-1".parse().unwrap(), "t2-s1-1".parse().unwrap());
        let cashier = StaffRef {
            id: "31".to_owned(),
            name: "Mori".to_owned(),
        };
        let state = Arc::new(TerminalState {
            is_opened: true,
            is_in_maintenance: false,
            session: None,
            staff: Some(cashier),
        });
        for id in [&one, &two] {
            let load = async { Ok::<_, Error>(Arc::clone(&state)) };
            client.terminals.get_or_load(id.clone(), load).await.unwrap();
            client.seen.lock().insert(id.clone());
        }
        let cached = |id: &TerminalId| client.cached_terminals(&id.tenant);
        assert_eq!(
            [cached(&one), cached(&two)],
            [vec![one.clone()], vec![two.clone()]]
        );
        bus.announce(&Change {
            tenant: one.tenant.clone(),
            kind: ChangeKind::Terminal,
            key: one.to_string(),
        });
        let error = client
            .terminal(&one)
            .await
            .expect_err("asked again, and nobody is there");
        assert!(error.is(&codes::CART_NEIGHBOUR_FAILED));
        assert_eq!([cached(&one), cached(&two)], [vec![], vec![two.clone()]]);
        client.forget_terminals(&one.tenant);
        assert!(
            client.terminal(&two).await.is_ok(),
            "another tenant's terminals stay"
        );
        client.forget_terminals(&two.tenant);
        assert!(cached(&two).is_empty());
    }

    #[tokio::test]
    async fn a_refusal_is_never_answered_from_memory() {
        let client = at_hand(&Stand::new(crate::NAME, "t1", "2026-06-11T05:03:09Z"));
        let id: TerminalId = "t1-s1-1".parse().unwrap();
        for is_opened in [false, true] {
            let state = TerminalState {
                is_opened,
                is_in_maintenance: false,
                session: None,
                staff: None,
            };
            let generation = client.terminals.generation();
            client
                .terminals
                .insert_loaded(generation, id.clone(), Arc::new(state));
            let error = client.terminal(&id).await.expect_err("nobody is there to ask");
            assert!(error.is(&codes::CART_NEIGHBOUR_FAILED));
        }
    }
}
