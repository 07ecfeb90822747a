//! Who may call a method, as its options in proto say.

/// A kind of credential, `kugel.options.v1.Caller`.
pub use crate::options::v1::{Caller, Permission};

/// The policy of a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// The callers that are let in, by number.
    pub allow: &'static [i32],
    /// What a user has to be permitted, by number; 0 where no user is let in.
    pub permission: i32,
    /// A permission for any store is enough.
    pub any_store: bool,
    /// A terminal may only name its own store.
    pub own_store: bool,
    /// A terminal may only name itself.
    pub own_terminal: bool,
    /// At a terminal, the person who is signed in has to be permitted it.
    pub staff: bool,
    /// At a terminal somebody has to be signed in, unless older clients are served.
    pub needs_staff: bool,
    /// A terminal is let in where the tenant lets tills write masters, or older clients are served.
    pub terminal_by_setting: bool,
    /// The callers that are let in besides, by number, where older clients are served.
    pub legacy_allow: &'static [i32],
}

impl Policy {
    /// True if the kind of caller is let in; `legacy`: if older clients are served.
    pub fn allows(&self, caller: Caller, legacy: bool) -> bool {
        let caller = caller as i32;
        self.allow.contains(&caller) || (legacy && self.legacy_allow.contains(&caller))
    }

    /// What a user, or the person at a till, has to be permitted; `None` where nobody has to.
    pub fn permission(&self) -> Option<Permission> {
        Permission::try_from(self.permission)
            .ok()
            .filter(|permission| *permission != Permission::Unspecified)
    }
}

/// Something that can be permitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PermissionEntry {
    /// Which.
    pub permission: Permission,
    /// What it permits.
    pub description: &'static str,
    /// The methods that ask for it, `package.Service.Method`.
    pub methods: &'static [&'static str],
}

impl Permission {
    /// The name in JSON, tokens and roles: `sales.sell`.
    pub fn name(self) -> String {
        let name = self.as_str_name().trim_start_matches("PERMISSION_");
        name.to_lowercase().replacen('_', ".", 1)
    }

    /// The permission of a name that can be given.
    pub fn named(name: &str) -> Option<Self> {
        let given = PERMISSIONS.iter().map(|entry| entry.permission);
        given.into_iter().find(|permission| permission.name() == name)
    }
}

/// A request message: its method's policy, and the fields that name whose data it is about.
///
/// Generated for the request of every method; a method without a policy does not build.
pub trait Scoped: crate::Content {
    /// The method, `package.Service.Method`.
    const METHOD: &'static str;
    /// Who may call it.
    const POLICY: Policy;
    /// False if the method only reads.
    const HAS_EFFECT: bool;
    /// The tenant the request names, if it has such a field.
    fn tenant_id(&self) -> Option<&str>;
    /// The store the request names.
    fn store_code(&self) -> Option<&str>;
    /// The terminal number the request names.
    fn terminal_no(&self) -> Option<i64>;
    /// The terminal the request names.
    fn terminal_id(&self) -> Option<&str>;
}

mod scopes {
    include!(concat!(env!("OUT_DIR"), "/scopes.rs"));
}

include!(concat!(env!("OUT_DIR"), "/permissions.rs"));

pub use scopes::{IDEMPOTENT_METHODS, METHODS, READING_METHODS};
