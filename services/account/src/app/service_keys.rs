//! The keys of service accounts, and the tokens that they get.

use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};
use kugel_auth::{ApiKey, Permission, Permissions, UserClaims};
use kugel_brake::Subject;
use kugel_error::{Result, codes};
use kugel_proto::Permission::{UsersRead, UsersWrite};
use kugel_proto::account::v1::SecurityEventKind;
use kugel_rpc::{Caller, SecurityEntry};
use kugel_store::{Scope, Stored};
use kugel_types::TenantId;
use serde::{Deserialize, Serialize};

use super::App;
use super::attempt::refused;
use crate::domain::{KEYS_MAX, KeyUse, ServiceAccount, ServiceKey};
use crate::records::key_use_id;

/// How exactly it is known when a key was used: noting each use would write for every token.
const USES_KNOWN_TO: SignedDuration = SignedDuration::from_hours(1);

/// What a key is to be.
#[derive(Debug, Clone)]
pub struct KeyContent {
    /// Where it is used.
    pub description: String,
    /// What its tokens may do at most; nothing for all that the account may.
    pub permissions: Vec<String>,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
}

/// A key, and about when it was used last.
#[derive(Debug)]
pub struct KeyView {
    /// The key.
    pub key: ServiceKey,
    /// When, if ever.
    pub last_used_at: Option<Timestamp>,
}

/// What is kept of the making of a key: the key itself is not.
#[derive(Serialize, Deserialize)]
struct Made {
    key: ServiceKey,
    seed: String,
}

/// A service account as it names and proves itself.
#[derive(Debug, Clone)]
pub struct ClientCredentials {
    /// The tenant.
    pub tenant: TenantId,
    /// The account.
    pub name: String,
    /// Its key.
    pub key: ApiKey,
    /// What the token should be able to do, if less than the key.
    pub scope: Option<Permissions>,
}

/// A token for a service account.
#[derive(Debug)]
pub struct ServiceToken {
    /// The token to call with.
    pub access_token: String,
    /// How long it lives, in seconds.
    pub expires_in: i64,
    /// What it can do anywhere.
    pub permissions: Permissions,
}

impl App {
    /// The keys of an account, the oldest first.
    pub async fn service_keys(&self, caller: &Caller, name: &str) -> Result<Vec<KeyView>> {
        self.permitted(caller, UsersRead).await?;
        let scope = caller.scope();
        let account = self.stored_service_account(&scope, name).await?;
        let ids: Vec<_> = account.keys.iter().map(|key| key_use_id(name, &key.id)).collect();
        let uses = self.documents.get_many::<KeyUse>(&scope, &ids).await?;
        let keys = account.keys.iter().cloned().zip(uses);
        let views = keys.map(|(key, used)| KeyView {
            key,
            last_used_at: used.map(|used| used.last_used_at),
        });
        Ok(views.collect())
    }

    /// Makes a key, and gives it with what is kept of it.
    pub async fn create_service_key(
        &self,
        caller: &Caller,
        name: &str,
        new: KeyContent,
    ) -> Result<(ServiceKey, ApiKey)> {
        let tenant = caller.tenant().as_str();
        let key_of = |seed: &str| self.tokens.service_key(seed, tenant, name);
        let work = async {
            let own = self.permitted(caller, UsersWrite).await?;
            let (seed, now) = (self.tokens.seed(), self.clock.now());
            let key = ServiceKey {
                id: format!("{:012x}", rand::random::<u64>() >> 16),
                description: new.description,
                hash: key_of(&seed).hash(),
                permissions: new.permissions,
                expires_at: new.expires_at,
                created_at: now,
            };
            let edit = |mut account: ServiceAccount| {
                if account.keys.len() >= KEYS_MAX {
                    return Err(codes::OPERATION_NOT_ALLOWED.error(format!(
                        "a service account has at most {KEYS_MAX} keys: remove one that is not used"
                    )));
                }
                account.keys.push(key.clone());
                Ok(account)
            };
            let kind = SecurityEventKind::ServiceKeyCreated;
            self.edit_service_account(caller, &own, name, kind, edit, |_| Made {
                key: key.clone(),
                seed: seed.clone(),
            })
            .await
        };
        let made: Made = caller.once(&self.documents, work).await?;
        let key = key_of(&made.seed);
        Ok((made.key, key))
    }

    /// Removes a key. The tokens of the account end.
    pub async fn delete_service_key(&self, caller: &Caller, name: &str, id: &str) -> Result<()> {
        let work = async {
            let own = self.permitted(caller, UsersWrite).await?;
            let edit = |mut account: ServiceAccount| {
                let before = account.keys.len();
                account.keys.retain(|key| key.id != id);
                if account.keys.len() == before {
                    return Err(codes::NOT_FOUND.error(format!("key {id} is not found")));
                }
                Ok(account)
            };
            let kind = SecurityEventKind::ServiceKeyDeleted;
            self.edit_service_account(caller, &own, name, kind, edit, |_| ())
                .await
        };
        caller.once(&self.documents, work).await
    }

    /// A token for a service account. Every refusal looks alike, and slows the address: a key cannot be guessed, so whoever
    /// counted them by account would let anybody keep it out.
    pub async fn issue_service_token(
        &self,
        credentials: &ClientCredentials,
        address: Option<IpAddr>,
    ) -> Result<ServiceToken> {
        let subjects: Vec<_> = address.map(Subject::Address).into_iter().collect();
        let scope = Scope::from(&credentials.tenant);
        let account = self
            .documents
            .get::<ServiceAccount>(&scope, &credentials.name)
            .await?;
        let now = self.clock.now();
        let good = account.as_ref().and_then(|account| {
            let key = account.key(&credentials.key, now);
            key.filter(|_| account.is_good(now)).map(|key| (account, key))
        });
        let Some((account, key)) = good else {
            let one_try = self.service_keys.take(&subjects).await?;
            self.tell_refused_key(credentials, account.is_some(), address);
            one_try.failed();
            return Err(refused());
        };
        let rights = key.narrow(&self.rights(&scope, false, &account.roles).await?);
        let rights = match credentials.scope {
            Some(permissions) => rights.within(permissions),
            None => rights,
        };
        let permissions = rights.anywhere();
        let claims = UserClaims {
            tenant: credentials.tenant.clone(),
            username: UserClaims::name_of(&account.name),
            is_superuser: false,
            rights,
            generation: account.generation,
            session: None,
        };
        let (access_token, expires_in) = self.tokens.issue_service_account(&claims, account.end(key));
        self.note_use(&claims, account, key, address).await?;
        Ok(ServiceToken {
            access_token,
            expires_in,
            permissions,
        })
    }

    /// Notes that a key was used. Nobody waits for it, and its failure is no failure of the call.
    async fn note_use(
        &self,
        claims: &UserClaims,
        account: &Stored<ServiceAccount>,
        key: &ServiceKey,
        address: Option<IpAddr>,
    ) -> Result<()> {
        let (tenant, name, now) = (claims.tenant.clone(), &claims.username, self.clock.now());
        let id = key_use_id(&account.name, &key.id);
        let known = self.documents.get::<KeyUse>(&Scope::from(&tenant), &id).await?;
        let mut changes = self.documents.changes(name);
        if known.is_none_or(|known| now.duration_since(known.last_used_at) >= USES_KNOWN_TO) {
            changes = changes.upsert(KeyUse {
                account: account.name.clone(),
                key: key.id.clone(),
                last_used_at: now,
            });
        }
        let entry = SecurityEntry::by_anybody(address, SecurityEventKind::Login, name).of(name);
        let app = self.clone();
        tokio::spawn(async move {
            if let Err(error) = app.commit(&tenant, changes, &[entry]).await {
                tracing::warn!(tenant.id = %tenant, %error, "the use of a key could not be noted");
            }
        });
        Ok(())
    }

    /// Names only what is an account: people paste keys where names belong.
    fn tell_refused_key(&self, credentials: &ClientCredentials, is_account: bool, address: Option<IpAddr>) {
        let subject = match is_account {
            true => UserClaims::name_of(&credentials.name),
            false => String::new(),
        };
        let entry = SecurityEntry::by_anybody(address, SecurityEventKind::LoginRefused, subject);
        self.tell(credentials.tenant.as_str(), vec![entry]);
    }
}

/// The permissions of a scope as OAuth2 writes it, or the first name that is none.
pub fn permissions_of(scope: &str) -> std::result::Result<Permissions, String> {
    let names = scope.split_ascii_whitespace();
    names
        .map(|name| Permission::named(name).ok_or_else(|| name.to_owned()))
        .collect()
}
