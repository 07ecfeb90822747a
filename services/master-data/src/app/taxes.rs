//! Taxes: a tenant's own rules over those Kugel brings along.

use jiff::Timestamp;
use kugel_error::{Result, codes};
use kugel_rpc::{Caller, View};
use kugel_store::{Query, Stored};
use kugel_types::{Direction, TaxRule};

use super::{App, Listed, duplicate, missing};
use crate::domain::tax::{self, Tax};

/// A rule that holds for a tenant.
#[derive(Debug, Clone)]
pub struct EffectiveTax {
    /// The rule.
    pub rule: TaxRule,
    /// When the tenant's own record was created and last changed; `None` for a rule Kugel brings along.
    pub recorded: Option<(Timestamp, Option<Timestamp>)>,
}

impl From<Stored<Tax>> for EffectiveTax {
    fn from(stored: Stored<Tax>) -> Self {
        Self {
            rule: stored.0.clone(),
            recorded: Some((stored.created_at, stored.updated_at)),
        }
    }
}

impl From<TaxRule> for EffectiveTax {
    fn from(rule: TaxRule) -> Self {
        Self { rule, recorded: None }
    }
}

impl App {
    /// Adds a rule of the tenant's own.
    pub async fn create_tax(&self, caller: &Caller, rule: TaxRule) -> Result<EffectiveTax> {
        if tax::default_of(&rule.code).is_some() {
            return Err(duplicate::<Tax>(&rule.code, None));
        }
        self.create(caller, Tax(rule)).await.map(Into::into)
    }

    /// The rule that holds for a code.
    pub async fn tax(&self, caller: &Caller, tax_code: &str) -> Result<EffectiveTax> {
        match self.find::<Tax>(caller, tax_code).await? {
            Some(own) => Ok(own.into()),
            None => tax::default_of(tax_code)
                .map(Into::into)
                .ok_or_else(|| missing::<Tax>(tax_code)),
        }
    }

    /// A page of the rules that hold. There are few: they are sorted and cut here.
    pub async fn taxes(&self, caller: &Caller, view: View) -> Result<Listed<EffectiveTax>> {
        let own = self
            .documents
            .find::<Tax>(&caller.scope(), Query::all())
            .await?
            .rows;
        let own = own
            .into_iter()
            .map(|stored| (stored.0.code.clone(), stored.into()));
        let mut rows: Vec<EffectiveTax> = tax::merged(own);
        let total = rows.len() as u64;
        // As the store does: who agrees in all fields follows by key, in the direction of the last.
        if let Some((_, Direction::Descending)) = view.sort.0.last() {
            rows.reverse();
        }
        // Sorting is stable, so the least significant field comes first.
        for (field, direction) in view.sort.0.iter().rev() {
            rows.sort_by(|left, right| {
                let order = compare(&left.rule, &right.rule, field);
                if *direction == Direction::Ascending {
                    order
                } else {
                    order.reverse()
                }
            });
        }
        let skip = usize::try_from(view.page.skip()).unwrap_or(usize::MAX);
        let limit = match view.page.limit {
            0 => usize::MAX,
            limit => limit as usize,
        };
        let view = view.filtered("tenant_id", Some(caller.tenant()));
        Ok(Listed {
            rows: rows.into_iter().skip(skip).take(limit).collect(),
            metadata: view.metadata(total),
        })
    }

    /// Replaces a rule. One that Kugel brings along gets a record of the tenant's own.
    pub async fn update_tax(&self, caller: &Caller, rule: TaxRule) -> Result<EffectiveTax> {
        let is_new = self.find::<Tax>(caller, &rule.code).await?.is_none();
        if is_new && tax::default_of(&rule.code).is_some() {
            match self.create(caller, Tax(rule.clone())).await {
                // Somebody else was first; theirs is replaced like any other.
                Err(error) if error.is(&codes::DUPLICATE_KEY) => {}
                other => return other.map(Into::into),
            }
        }
        self.replace(caller, Tax(rule)).await.map(Into::into)
    }

    /// Removes the tenant's own record of a rule.
    pub async fn delete_tax(&self, caller: &Caller, tax_code: &str) -> Result<()> {
        let remove = self.remove_tax(caller, tax_code);
        caller.once(&self.documents, remove).await
    }

    async fn remove_tax(&self, caller: &Caller, tax_code: &str) -> Result<()> {
        let own = self.find::<Tax>(caller, tax_code).await?;
        if own.is_none() && tax::default_of(tax_code).is_some() {
            return Err(codes::OPERATION_NOT_ALLOWED.error(format!(
                "tax {tax_code} is built in: it can be overridden, not removed"
            )));
        }
        self.delete::<Tax>(caller, tax_code).await
    }
}

fn compare(left: &TaxRule, right: &TaxRule, field: &str) -> std::cmp::Ordering {
    match field {
        "tax_type" => left.tax_type.name().cmp(right.tax_type.name()),
        "tax_name" => left.name.cmp(&right.name),
        "rate" => left.rate.cmp(&right.rate),
        "round_digit" => left.round_digit.cmp(&right.round_digit),
        "round_method" => {
            let name = |rule: &TaxRule| rule.round_method.map(|method| method.name());
            name(left).cmp(&name(right))
        }
        _ => left.code.cmp(&right.code),
    }
}
