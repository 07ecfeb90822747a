//! What another person approved for a call: how it is read, and what it adds.

use std::sync::Arc;

use kugel_auth::{Approval, Principal, TerminalClaims, Tokens};
use kugel_error::{Error, codes};
use kugel_proto::Scoped;
use kugel_store::Permit;
use tonic::Extensions;

use crate::APPROVAL;

/// An approval as it came with a call. Whether it means anything there, the method says.
#[derive(Clone)]
pub(crate) enum Presented {
    Read(Approved),
    Refused(Arc<str>),
}

/// An approval that was made here.
#[derive(Clone)]
pub(crate) struct Approved {
    pub(crate) approval: Arc<Approval>,
    is_over: bool,
}

impl Presented {
    pub(crate) fn read(tokens: &Tokens, text: &str) -> Self {
        match tokens.approval(text) {
            Ok(approval) => Self::Read(Approved {
                is_over: approval.end <= tokens.now(),
                approval: Arc::new(approval),
            }),
            Err(error) => Self::Refused(error.to_string().into()),
        }
    }
}

/// The caller with what was approved of this call, and the approval, if one came. It must be for this method, and for who is
/// signed in at the till that calls. Methods that do not ask what a person may do take none.
pub(crate) fn added<T: Scoped>(
    principal: Arc<Principal>,
    extensions: &Extensions,
) -> Result<(Arc<Principal>, Option<Approved>), Error> {
    let presented = extensions.get::<Presented>().filter(|_| T::POLICY.staff);
    let (Some(presented), Principal::Terminal(claims)) = (presented, &*principal) else {
        return Ok((principal, None));
    };
    let refused = |why: &str| {
        codes::PERMISSION_DENIED
            .error(format!("the approval {why}"))
            .with("metadata", APPROVAL)
    };
    let approved = match presented {
        Presented::Read(approved) => approved.clone(),
        Presented::Refused(cause) => {
            return Err(refused("is not valid").caused_by(cause.to_string()));
        }
    };
    let approval = &approved.approval;
    if !approval.is_for(claims) {
        return Err(refused("is for another till or another person"));
    }
    if !T::POLICY
        .permission()
        .is_some_and(|needed| approval.is_of_use(needed))
    {
        return Err(refused(&format!("is for {} alone", approval.permission)).with("method", T::METHOD));
    }
    // What has an effect is told apart by its answer, which may have been kept while the approval was good.
    if approved.is_over && !T::HAS_EFFECT {
        return Err(refused("has ended: ask for another one"));
    }
    let rights = approval.added_to(claims.staff_rights.unwrap_or_default());
    let claims = TerminalClaims {
        staff_rights: Some(rights),
        ..claims.clone()
    };
    Ok((Arc::new(Principal::Terminal(claims)), Some(approved)))
}

/// What lets the call pass once.
pub(crate) fn permit(approved: &Approved) -> Permit {
    Permit {
        // No caller's name has a blank at its beginning, so that no key is written alike.
        id: format!(" approval {}", approved.approval.id),
        is_over: approved.is_over,
    }
}
