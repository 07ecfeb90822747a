//! The documents: where tenants, users and what goes with them are kept.

use kugel_store::{Collection, Field, Index, PROCESSED_REQUESTS, Record};

use crate::domain::{LastLogin, SuperuserGuard, Tenant, User};

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

/// All collections of the service.
pub static COLLECTIONS: [&Collection; 5] = [&TENANTS, &USERS, &LAST_LOGINS, &GUARDS, &PROCESSED_REQUESTS];
