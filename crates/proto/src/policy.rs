//! Who may call a method, as its options in proto say.

/// A kind of credential, `kugel.options.v1.Caller`.
pub use crate::options::v1::Caller;

/// The policy of a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// The callers that are let in, by number.
    pub allow: &'static [i32],
    /// A terminal may only name its own store.
    pub own_store: bool,
    /// A terminal may only name itself.
    pub own_terminal: bool,
    /// The callers that are let in besides, by number, where older clients are served.
    pub legacy_allow: &'static [i32],
}

impl Policy {
    /// True if the kind of caller is let in; `legacy`: if older clients are served.
    pub fn allows(&self, caller: Caller, legacy: bool) -> bool {
        let caller = caller as i32;
        self.allow.contains(&caller) || (legacy && self.legacy_allow.contains(&caller))
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

pub use scopes::{IDEMPOTENT_METHODS, METHODS, READING_METHODS};
