//! Carts: read, changed and written, with a copy near by where documents are far away.

use std::sync::Arc;

use kugel_error::{Error, codes};
use kugel_store::{Action, Body, Changes, Documents, Missed, Revision, Scope, StoreError, Write, retry};
use kugel_types::{TenantId, TerminalId};

use super::{Copies, Till};
use crate::domain::cart::{Cart, CartId, cart_not_found};
use crate::records::CACHE_CART;

/// The carts. Documents are the authority; a copy only ever saves a read, for what is made from a stale copy is
/// refused by its revision.
#[derive(Clone)]
pub struct CartStore {
    documents: Documents,
    copies: Option<Copies>,
}

/// Where a cart may be read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// The copy, or the document if there is none.
    Copy,
    /// The document.
    Document,
}

/// A cart as read.
pub(crate) struct Loaded {
    pub(crate) cart: Arc<Cart>,
    pub(crate) revision: Revision,
    /// True if it may be out of date.
    pub(crate) is_copy: bool,
}

/// A change of a cart on its way into a commit.
pub(crate) struct Saving {
    pub(crate) cart: Arc<Cart>,
    revision: Revision,
    body: Body,
}

impl CartStore {
    /// Carts in documents, with copies in a state store that is nearer, if there is one.
    pub fn new(documents: Documents, copies: Option<Copies>) -> Self {
        Self { documents, copies }
    }

    /// A cart of the terminal. Somebody else's cart is not found.
    pub(crate) async fn load(
        &self,
        terminal: &TerminalId,
        id: CartId,
        source: Source,
    ) -> Result<Loaded, Error> {
        if source == Source::Copy
            && let Some(copies) = &self.copies
            && let Some((cart, revision)) = copies.get(&terminal.tenant, id).await
            && cart.belongs_to(terminal)
        {
            return Ok(Loaded {
                cart,
                revision,
                is_copy: true,
            });
        }
        let stored = self
            .documents
            .get::<Cart>(&Scope::from(&terminal.tenant), &id.to_string())
            .await?;
        match stored {
            Some(stored) if stored.belongs_to(terminal) => Ok(Loaded {
                cart: stored.value,
                revision: stored.revision,
                is_copy: false,
            }),
            Some(_) | None => Err(cart_not_found(id)),
        }
    }

    /// Adds a new cart.
    pub(crate) async fn insert(&self, till: &Till, mut cart: Cart) -> Result<CartId, Error> {
        let id = cart.cart_id;
        cart.keep_approval(till.approval.as_ref());
        let changes = self.documents.changes(&till.to_string());
        let (changes, saving) = self.stage(changes, cart, Revision::FIRST, Action::Insert)?;
        let changes = changes.answering(till.request.as_ref(), &id);
        let committed = self.documents.commit(&Scope::from(&till.tenant), changes).await;
        committed.map_err(not_committed)?;
        self.saved(&till.tenant, &saving).await;
        Ok(id)
    }

    /// Puts a changed cart into a commit. It fails as stale if the cart was changed since it was read.
    pub(crate) fn save(
        &self,
        changes: Changes,
        cart: Cart,
        read: Revision,
    ) -> Result<(Changes, Saving), Error> {
        self.stage(changes, cart, read.next(), |body| Action::Replace(body, read))
    }

    fn stage(
        &self,
        changes: Changes,
        cart: Cart,
        revision: Revision,
        action: impl FnOnce(Body) -> Action,
    ) -> Result<(Changes, Saving), Error> {
        let cart = Arc::new(cart);
        let body = Body::of(Arc::clone(&cart)).map_err(not_saved)?;
        let changes = changes.write(Write {
            collection: &CACHE_CART,
            id: cart.cart_id.to_string(),
            action: action(body.clone()),
        });
        Ok((changes, Saving { cart, revision, body }))
    }

    /// Brings the copy up to date after the commit.
    pub(crate) async fn saved(&self, tenant: &TenantId, saving: &Saving) {
        if let Some(copies) = &self.copies {
            copies
                .put(tenant, saving.cart.cart_id, saving.revision, &saving.body)
                .await;
        }
    }

    /// Changes a cart. If another request changes it at the same time, this one starts again from what that left, so
    /// that neither is lost.
    pub(crate) async fn change(
        &self,
        till: &Till,
        id: CartId,
        change: impl Fn(&mut Cart) -> Result<(), Error> + Send + Sync,
    ) -> Result<Arc<Cart>, Error> {
        let (change, mut source) = (&change, Source::Copy);
        retry("cart", id, || {
            let source = std::mem::replace(&mut source, Source::Document);
            self.try_change(till, id, source, change)
        })
        .await
    }

    async fn try_change(
        &self,
        till: &Till,
        id: CartId,
        source: Source,
        change: &(impl Fn(&mut Cart) -> Result<(), Error> + Send + Sync),
    ) -> Result<Arc<Cart>, Missed> {
        let loaded = self.load(till, id, source).await?;
        let mut cart = Cart::clone(&loaded.cart);
        // A command that changes nothing may be spared, but not the answer that its repetition will ask for.
        let is_sparable = !loaded.is_copy && till.request.is_none();
        match change(&mut cart).and_then(|()| cart.check_by_hand(&loaded.cart, till.by_hand)) {
            Ok(()) if is_sparable && cart == *loaded.cart => return Ok(loaded.cart),
            Ok(()) => {}
            // What a copy forbids, the cart itself may allow.
            Err(_) if loaded.is_copy => return Err(Missed::Overtaken),
            Err(refusal) => return Err(Missed::Refused(refusal)),
        }
        cart.keep_approval(till.approval.as_ref());
        let changes = self.documents.changes(&till.to_string());
        let (changes, saving) = self.save(changes, cart, loaded.revision)?;
        let changes = changes.answering(till.request.as_ref(), &saving.cart);
        match self.documents.commit(&Scope::from(&till.tenant), changes).await {
            Ok(()) => {
                self.saved(&till.tenant, &saving).await;
                Ok(saving.cart)
            }
            Err(error) if error.is_stale() => Err(Missed::Overtaken),
            Err(error) => Err(Missed::Refused(not_committed(error))),
        }
    }
}

/// What fails in the store itself is told as every service tells it, with its reason.
fn not_committed(error: StoreError) -> Error {
    match error.is_failure() {
        true => error.into(),
        false => not_saved(error),
    }
}

fn not_saved(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    codes::CART_NOT_SAVED
        .error("the cart could not be saved")
        .caused_by(error)
}
