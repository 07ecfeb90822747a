//! The documents: where tenants, users and what goes with them are kept.

use kugel_store::{Collection, Field, Index, PROCESSED_REQUESTS, Record};

use kugel_proto::account::v1::SecurityEvent;
use serde::{Deserialize, Serialize};

use crate::domain::{
    EndedSessions, KeyUse, LastLogin, PasswordPolicy, Role, ServiceAccount, Session, SuperuserGuard, Tenant,
    UsedInvitation, User,
};

/// The key of the one policy of a tenant.
pub(crate) const POLICY_KEY: &str = "policy";
/// The key of the one guard of a tenant.
pub(crate) const GUARD_KEY: &str = "superusers";

static TENANTS: Collection = Collection {
    name: "tenants",
    fields: &[],
    indexes: &[],
};
static USERS: Collection = Collection {
    name: "user_accounts",
    fields: &[
        Field::text("username"),
        Field::boolean("is_superuser"),
        Field::boolean("is_active"),
    ],
    indexes: &[Index::on(&["is_superuser", "is_active"])],
};
static LAST_LOGINS: Collection = Collection {
    name: "user_logins",
    fields: &[],
    indexes: &[],
};
static GUARDS: Collection = Collection {
    name: "superuser_guards",
    fields: &[],
    indexes: &[],
};
static POLICIES: Collection = Collection {
    name: "password_policies",
    fields: &[],
    indexes: &[],
};
static ROLES: Collection = Collection {
    name: "own_roles",
    fields: &[],
    indexes: &[],
};
static SERVICE_ACCOUNTS: Collection = Collection {
    name: "service_accounts",
    fields: &[],
    indexes: &[],
};
static KEY_USES: Collection = Collection {
    name: "service_key_uses",
    fields: &[],
    indexes: &[],
};
static SESSIONS: Collection = Collection {
    name: "user_sessions",
    fields: &[Field::text("username"), Field::integer("expires_at")],
    indexes: &[Index::on(&["username", "created_at"]), Index::on(&["expires_at"])],
};
static ENDED_SESSIONS: Collection = Collection {
    name: "ended_sessions",
    fields: &[],
    indexes: &[],
};
static INVITATIONS: Collection = Collection {
    name: "used_invitations",
    fields: &[],
    indexes: &[],
};

impl Record for Tenant {
    const COLLECTION: &'static Collection = &TENANTS;
    fn id(&self) -> String {
        Self::key(&self.tenant_id)
    }
}

impl Record for User {
    const COLLECTION: &'static Collection = &USERS;
    fn id(&self) -> String {
        self.username.clone()
    }
}

impl Record for LastLogin {
    const COLLECTION: &'static Collection = &LAST_LOGINS;
    fn id(&self) -> String {
        self.username.clone()
    }
}

impl Record for SuperuserGuard {
    const COLLECTION: &'static Collection = &GUARDS;
    fn id(&self) -> String {
        GUARD_KEY.to_owned()
    }
}

impl Record for PasswordPolicy {
    const COLLECTION: &'static Collection = &POLICIES;
    fn id(&self) -> String {
        POLICY_KEY.to_owned()
    }
}

impl Record for Role {
    const COLLECTION: &'static Collection = &ROLES;
    fn id(&self) -> String {
        self.name.clone()
    }
}

impl Record for ServiceAccount {
    const COLLECTION: &'static Collection = &SERVICE_ACCOUNTS;
    fn id(&self) -> String {
        self.name.clone()
    }
}

/// Where the use of a key is noted.
pub(crate) fn key_use_id(account: &str, key: &str) -> String {
    format!("{account}.{key}")
}

impl Record for KeyUse {
    const COLLECTION: &'static Collection = &KEY_USES;
    fn id(&self) -> String {
        key_use_id(&self.account, &self.key)
    }
}

impl Record for Session {
    const COLLECTION: &'static Collection = &SESSIONS;
    fn id(&self) -> String {
        self.id.clone()
    }
}

impl Record for EndedSessions {
    const COLLECTION: &'static Collection = &ENDED_SESSIONS;
    fn id(&self) -> String {
        self.username.clone()
    }
}

impl Record for UsedInvitation {
    const COLLECTION: &'static Collection = &INVITATIONS;
    fn id(&self) -> String {
        self.id.clone()
    }
}

/// An entry of the security log: the message of the contract, and the body of the event that brought it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecurityEventDocument(pub SecurityEvent);

static SECURITY_EVENTS: Collection = Collection {
    name: "security_events",
    fields: &[
        Field::integer("kind"),
        Field::text("occurred_at"),
        Field::text("subject"),
        Field::text("actor"),
        Field::text("address"),
    ],
    indexes: &[
        Index::on(&["occurred_at"]),
        Index::on(&["subject", "occurred_at"]),
    ],
};

impl Record for SecurityEventDocument {
    const COLLECTION: &'static Collection = &SECURITY_EVENTS;
    fn id(&self) -> String {
        self.0.event_id.clone()
    }
}

/// All collections of the service.
pub static COLLECTIONS: [&Collection; 13] = [
    &TENANTS,
    &USERS,
    &LAST_LOGINS,
    &GUARDS,
    &POLICIES,
    &ROLES,
    &SERVICE_ACCOUNTS,
    &KEY_USES,
    &SESSIONS,
    &ENDED_SESSIONS,
    &INVITATIONS,
    &SECURITY_EVENTS,
    &PROCESSED_REQUESTS,
];
