//! API keys of terminals, checked by the terminal service and remembered until the terminal changes.

use std::sync::Arc;
use std::time::Duration;

use kugel_auth::{ApiKey, Permission, Principal, StaffRights, TerminalClaims, TillRights, Tokens};
use kugel_bus::{Announcement, Bus, ChangeKind};
use kugel_config::Settings;
use kugel_error::{Error, codes, pause_of, reason_of};
use kugel_proto::terminal::v1::terminal_service_client::TerminalServiceClient;
use kugel_proto::terminal::v1::{AuthenticateTerminalRequest, TerminalStaff, TerminalStanding};
use kugel_types::{InvalidId, Rate, StaffRef, TerminalId};

use super::standing::REMEMBERED;
use crate::{Channel, Client as _, ReadCache, outgoing};

/// Checks API keys for every service of the process.
pub struct ApiKeys {
    terminals: TerminalServiceClient<Channel>,
    tokens: Arc<Tokens>,
    /// Keyed by terminal id and hash of the key, so that no key lies in memory.
    known: Arc<ReadCache<(String, String), Arc<Principal>>>,
}

impl ApiKeys {
    /// Asks the terminal service behind `channel`.
    pub fn new(channel: Channel, tokens: Arc<Tokens>, bus: &dyn Bus, settings: &Settings) -> Self {
        let lifetime = if settings.use_terminal_cache {
            // A key that was replaced is good for no longer than a revoked token.
            Duration::from_secs(settings.terminal_cache_ttl_seconds).min(REMEMBERED)
        } else {
            Duration::ZERO
        };
        let known: Arc<ReadCache<(String, String), Arc<Principal>>> =
            Arc::new(ReadCache::new(10_000, lifetime));
        let cache = known.clone();
        bus.on_change(Box::new(move |announcement| match announcement {
            Announcement::Everything => cache.invalidate_all(),
            Announcement::Changed(change) if change.kind == ChangeKind::Terminal => {
                let terminal = change.key.clone();
                cache.invalidate_if(move |(id, _)| *id == terminal);
            }
            Announcement::Changed(change) if concerns_all_tills(change.kind) => {
                let tenant = format!("{}-", change.tenant);
                cache.invalidate_if(move |(id, _)| id.starts_with(&tenant));
            }
            Announcement::Changed(_) => {}
        }));
        Self {
            terminals: TerminalServiceClient::over(channel),
            tokens,
            known,
        }
    }

    /// The terminal, if the key is its own.
    pub(crate) async fn verify(&self, terminal_id: &str, key: &str) -> Result<Arc<Principal>, Error> {
        let hash = ApiKey::from_request(key).hash().as_str().to_owned();
        let load = async {
            let id: TerminalId = terminal_id.parse().map_err(|error| refused().caused_by(error))?;
            let message = AuthenticateTerminalRequest {
                terminal_id: terminal_id.to_owned(),
                api_key: key.to_owned(),
            };
            // The caller says who it claims to be; only the answer makes it true.
            let request = outgoing(&self.tokens, "gateway", &id.tenant, message);
            let answer = self
                .terminals
                .clone()
                .authenticate_terminal(request)
                .await
                .map_err(failed)?;
            let standing = answer.into_inner().standing.ok_or_else(refused)?;
            let claims = claims(id, standing).map_err(|error| refused().caused_by(error))?;
            Ok(Arc::new(Principal::Terminal(claims)))
        };
        self.known.get_or_load((terminal_id.to_owned(), hash), load).await
    }
}

/// True if what all tills of a tenant may do can change with it.
pub(super) fn concerns_all_tills(kind: ChangeKind) -> bool {
    matches!(kind, ChangeKind::Tenant | ChangeKind::Staff | ChangeKind::Role)
}

/// What a terminal's credential says, as the terminal service has it.
pub(super) fn claims(id: TerminalId, standing: TerminalStanding) -> Result<TerminalClaims, InvalidId> {
    let terminal = standing.terminal.unwrap_or_default();
    let rights = standing.till_rights.unwrap_or_default();
    Ok(TerminalClaims {
        id,
        status: terminal.status,
        business_date: terminal.business_date.as_deref().map(str::parse).transpose()?,
        open_counter: terminal.open_counter,
        business_counter: terminal.business_counter,
        staff_rights: terminal.staff.as_ref().map(staff_rights),
        staff: terminal.staff.map(|staff| StaffRef {
            id: staff.staff_id,
            name: staff.staff_name,
        }),
        key_id: standing.key_id,
        issued_at: 0,
        staff_session: standing.staff_session,
        rights: TillRights {
            read_other_stores: rights.read_other_stores,
            write_masters: rights.write_masters,
        },
    })
}

/// A permission that this version does not know is none, and a limit that cannot be read is the strictest.
fn staff_rights(staff: &TerminalStaff) -> StaffRights {
    let limit = staff.discount_limit_percent.as_ref();
    StaffRights {
        permissions: staff
            .permissions
            .iter()
            .filter_map(|name| Permission::named(name))
            .collect(),
        discount_limit: limit.map(|limit| Rate::try_from(limit).unwrap_or_default()),
    }
}

fn refused() -> Error {
    codes::UNAUTHENTICATED.error("the API key does not belong to this terminal")
}

/// A refusal stays a refusal, and who is to wait still is; a terminal service that cannot answer is no statement about the key.
fn failed(status: tonic::Status) -> Error {
    if reason_of(&status).is_some_and(|spec| spec.reason == codes::TOO_MANY_TRIES.reason) {
        let error = codes::TOO_MANY_TRIES.error(status.message());
        return error.retry_after(pause_of(&status).unwrap_or_default());
    }
    match status.code() {
        tonic::Code::Unauthenticated | tonic::Code::NotFound | tonic::Code::InvalidArgument => {
            refused().caused_by(status)
        }
        _ => codes::NEIGHBOUR_FAILED
            .error("the terminal service could not check the API key")
            .caused_by(status),
    }
}

#[cfg(test)]
mod tests;
