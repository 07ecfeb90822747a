//! Tax rules: the table Kugel brings along, and a tenant's own rules over it.

use std::collections::BTreeMap;

use kugel_types::TaxRule;
use serde::{Deserialize, Serialize};

/// A tenant's own rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tax(pub TaxRule);

/// The rule of that code that Kugel brings along.
pub fn default_of(tax_code: &str) -> Option<TaxRule> {
    TaxRule::defaults().into_iter().find(|rule| rule.code == tax_code)
}

/// All rules of a tenant by code: its own, and the defaults it does not override.
pub fn merged<T: From<TaxRule>>(own: impl IntoIterator<Item = (String, T)>) -> Vec<T> {
    let defaults = TaxRule::defaults().into_iter();
    let mut rules: BTreeMap<String, T> = defaults.map(|rule| (rule.code.clone(), rule.into())).collect();
    rules.extend(own);
    rules.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_rules_join_and_override_the_defaults() {
        let own = TaxRule {
            rate: "12".parse().unwrap(),
            ..default_of("01").unwrap()
        };
        let new = TaxRule {
            code: "05".to_owned(),
            ..own.clone()
        };
        let all: Vec<TaxRule> = merged([own, new].map(|rule| (rule.code.clone(), rule)));
        let shown: Vec<_> = all
            .iter()
            .map(|rule| format!("{} {}", rule.code, rule.rate))
            .collect();
        assert_eq!(shown, ["00 0", "01 12", "02 10", "05 12", "11 8", "12 8"]);
        assert!(default_of("05").is_none());
    }
}
