//! Approvals: one person lets another one do one thing at a till, once.

use kugel_proto::Permission;
use kugel_types::{Rate, StaffRef, TerminalId};
use serde::{Deserialize, Serialize};

use crate::key::Kind;
use crate::token::AHEAD;
use crate::{StaffRights, TerminalClaims, TokenError, Tokens};

/// Seconds within which the call must come.
const LIFETIME: i64 = 120;

/// What was approved, by whom and for whom. It is no credential: it only comes beside that of the till.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Tells it from all others: a call that was let pass keeps it.
    pub id: String,
    /// The till.
    pub terminal: TerminalId,
    /// The staff session at the till of who may do it: see [`TerminalClaims::staff_session`].
    pub staff_session: i64,
    /// The name of the permission.
    pub permission: String,
    /// How far the approver may discount, in percent; `None` is all the way.
    pub discount_limit: Option<Rate>,
    /// Who approved it.
    pub approver: StaffRef,
    /// When it ends, in seconds since 1970.
    #[serde(rename = "exp")]
    pub end: i64,
}

#[derive(Serialize, Deserialize)]
struct ApprovalToken {
    aud: String,
    #[serde(flatten)]
    approval: Approval,
}

impl Approval {
    /// What is approved.
    pub fn permission(&self) -> Option<Permission> {
        Permission::named(&self.permission)
    }

    /// True if it is for whoever is signed in at the till.
    pub fn is_for(&self, claims: &TerminalClaims) -> bool {
        claims.id == self.terminal && claims.staff_session == Some(self.staff_session)
    }

    /// True if it is of use where `permission` is needed. Prices and discounts are decided wherever goods are sold: lines are
    /// entered at a price, and fewer of them may be a larger discount.
    pub fn is_of_use(&self, permission: Permission) -> bool {
        use Permission::{SalesDiscount, SalesOverride, SalesSell};
        match self.permission() {
            Some(SalesOverride) => matches!(permission, SalesOverride | SalesDiscount | SalesSell),
            Some(SalesDiscount) => matches!(permission, SalesDiscount | SalesSell),
            approved => approved == Some(permission),
        }
    }

    /// What a person may do with it.
    pub fn added_to(&self, rights: StaffRights) -> StaffRights {
        let approved = self.permission().into_iter();
        // Whoever approves of overriding approves of any discount.
        let discounts = Some(Permission::SalesDiscount).filter(|discount| self.is_of_use(*discount));
        let own = rights
            .permissions
            .contains(Permission::SalesDiscount)
            .then_some(rights.discount_limit);
        let approvers = discounts.map(|_| self.discount_limit);
        // No limit is the widest.
        let limits: Option<Vec<_>> = own.into_iter().chain(approvers).collect();
        StaffRights {
            permissions: rights.permissions.and(approved.chain(discounts).collect()),
            discount_limit: limits.and_then(|limits| limits.into_iter().max_by_key(|limit| limit.decimal())),
        }
    }
}

impl Tokens {
    /// When an approval of this moment ends, in seconds since 1970.
    pub fn approval_end(&self) -> i64 {
        self.now() + LIFETIME
    }

    /// The text of an approval, for the till to send.
    pub fn issue_approval(&self, approval: &Approval) -> String {
        let token = ApprovalToken {
            aud: Kind::Approval.audience(),
            approval: approval.clone(),
        };
        self.sign(Kind::Approval, &token)
    }

    /// The approval that was made here, of whatever age, but not in the future. It ends with its key.
    pub fn approval(&self, text: &str) -> Result<Approval, TokenError> {
        let invalid = |error: jsonwebtoken::errors::Error| TokenError::Invalid(error.to_string());
        let id = jsonwebtoken::decode_header(text).map_err(invalid)?.kid;
        let (ring, now) = (self.ring(), self.now());
        let (token, end): (ApprovalToken, _) =
            ring.check(Kind::Approval, text, &id.unwrap_or_default(), now)?;
        if token.approval.end > now + LIFETIME + AHEAD {
            return Err(TokenError::NotYetValid);
        }
        Ok(Approval {
            end: token.approval.end.min(end),
            ..token.approval
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kugel_types::ManualClock;

    use super::*;
    use crate::{Lifetimes, Permissions, TillRights, UserClaims};

    fn tokens(root: &str) -> Tokens {
        let lifetimes = Lifetimes {
            user: 1800,
            terminal: 1800,
        };
        let now = "2026-06-11T00:00:00Z".parse().expect("an instant");
        Tokens::new(root, lifetimes, Arc::new(ManualClock::for_test(now)))
    }

    fn approval(permission: Permission, limit: Option<&str>) -> Approval {
        Approval {
            id: "a-1".to_owned(),
            terminal: "Q7301-tk01-4".parse().expect("valid"),
            staff_session: 7,
            permission: permission.name(),
            discount_limit: limit.map(|limit| limit.parse().expect("a rate")),
            approver: StaffRef {
                id: "9".to_owned(),
                name: "Sato".to_owned(),
            },
            end: 1_781_136_120,
        }
    }

    #[test]
    fn it_reads_back_as_issued_and_is_no_credential() {
        let ours = tokens("root");
        for limit in [None, Some("12.5")] {
            let approval = approval(Permission::SalesVoid, limit);
            let text = ours.issue_approval(&approval);
            assert_eq!(ours.approval(&text), Ok(approval));
            assert!(matches!(ours.verify(&text), Err(TokenError::Invalid(_))));
            assert!(matches!(
                tokens("other").approval(&text),
                Err(TokenError::Invalid(_))
            ));
        }
        for (late, is_good) in [(60, true), (61, false)] {
            let early = Approval {
                end: ours.approval_end() + late,
                ..approval(Permission::SalesVoid, None)
            };
            let read = ours.approval(&ours.issue_approval(&early));
            assert_eq!(read == Err(TokenError::NotYetValid), !is_good, "{late}");
        }
        let user = UserClaims::superuser("Q7301".parse().expect("valid"), "owner");
        let user = ours.issue_user(&user);
        for other in ["", "a.b.c", &user] {
            assert!(
                matches!(ours.approval(other), Err(TokenError::Invalid(_))),
                "{other}"
            );
        }
    }

    #[test]
    fn it_is_for_one_person_at_one_till() {
        let approval = approval(Permission::SalesVoid, None);
        let claims = |id: &str, staff_session| TerminalClaims {
            id: id.parse().expect("valid"),
            status: "Opened".to_owned(),
            business_date: None,
            open_counter: 1,
            business_counter: 1,
            staff: None,
            key_id: "k".to_owned(),
            issued_at: 0,
            staff_session,
            staff_rights: None,
            rights: TillRights::default(),
        };
        assert!(approval.is_for(&claims("Q7301-tk01-4", Some(7))));
        for other in [
            claims("Q7301-tk01-5", Some(7)),
            claims("Q7301-tk01-4", Some(8)),
            claims("Q7301-tk01-4", None),
        ] {
            assert!(!approval.is_for(&other));
        }
    }

    #[test]
    fn it_adds_what_was_approved_and_nothing_else() {
        use Permission::{CashMove, SalesDiscount, SalesOverride, SalesSell};
        let rate = |text: &str| Some(text.parse::<Rate>().expect("a rate"));
        for (own, limit, approved, approvers, permissions, expected) in [
            (
                &[SalesSell][..],
                None,
                CashMove,
                rate("5"),
                &[SalesSell, CashMove][..],
                None,
            ),
            (
                &[SalesDiscount],
                rate("20"),
                CashMove,
                None,
                &[SalesDiscount, CashMove],
                rate("20"),
            ),
            (
                &[SalesSell],
                rate("90"),
                SalesDiscount,
                rate("30"),
                &[SalesSell, SalesDiscount],
                rate("30"),
            ),
            (
                &[SalesDiscount],
                rate("20"),
                SalesDiscount,
                rate("30"),
                &[SalesDiscount],
                rate("30"),
            ),
            (
                &[SalesDiscount],
                rate("20"),
                SalesDiscount,
                rate("5"),
                &[SalesDiscount],
                rate("20"),
            ),
            (
                &[SalesDiscount],
                rate("20"),
                SalesDiscount,
                None,
                &[SalesDiscount],
                None,
            ),
            (
                &[SalesDiscount],
                None,
                SalesDiscount,
                rate("5"),
                &[SalesDiscount],
                None,
            ),
            (
                &[SalesDiscount],
                rate("20"),
                SalesOverride,
                None,
                &[SalesDiscount, SalesOverride],
                None,
            ),
        ] {
            let rights = StaffRights {
                permissions: own.iter().copied().collect(),
                discount_limit: limit,
            };
            let mut approval = approval(approved, None);
            approval.discount_limit = approvers;
            let both = approval.added_to(rights);
            let permissions: Permissions = permissions.iter().copied().collect();
            assert_eq!(both.permissions, permissions, "{approval:?}");
            assert_eq!(both.discount_limit, expected, "{approval:?}");
        }
    }
}
