//! Settings: which value holds at a terminal, and the one form that JSON values are stored in.

use serde::{Deserialize, Serialize};

use super::json;

/// A named value with exceptions for stores and terminals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    /// The key within the tenant.
    pub name: String,
    /// What holds where no value fits.
    pub default_value: String,
    /// The exceptions.
    pub values: Vec<SettingValue>,
}

/// An exception and where it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingValue {
    /// The store; `None` holds everywhere.
    pub store_code: Option<String>,
    /// The terminal of the store; `None` holds in the whole store.
    pub terminal_no: Option<i32>,
    /// The value.
    pub value: String,
}

impl Setting {
    /// Makes a setting whose JSON values are in canonical form.
    pub fn new(name: String, default_value: &str, mut values: Vec<SettingValue>) -> Self {
        for value in &mut values {
            value.value = json::canonical(&value.value);
        }
        Self {
            name,
            default_value: json::canonical(default_value),
            values,
        }
    }

    /// What holds at a terminal: its own value, else its store's, else the one for everywhere, else the default.
    pub fn resolve(&self, store_code: &str, terminal_no: i32) -> &str {
        self.at(Some(store_code), Some(terminal_no))
    }

    fn at(&self, store: Option<&str>, terminal: Option<i32>) -> &str {
        let find = |store: Option<&str>, terminal: Option<i32>| {
            self.values
                .iter()
                .find(|value| value.store_code.as_deref() == store && value.terminal_no == terminal)
        };
        find(store, terminal)
            .or_else(|| find(store, None))
            .or_else(|| find(None, None))
            .map_or(&self.default_value, |value| &value.value)
    }

    /// True if this one and another hold values that `fit` everywhere: at every place that either names, and at all others.
    /// Where one of them says nothing the deployment decides, so that it fits.
    pub fn fits(&self, other: &Self, fit: impl Fn(&str, &str) -> bool) -> bool {
        let named = self.values.iter().chain(&other.values);
        let places = named.map(|value| (value.store_code.as_deref(), value.terminal_no));
        places.chain([(None, None)]).all(|(store, terminal)| {
            let (one, another) = (self.at(store, terminal).trim(), other.at(store, terminal).trim());
            one.is_empty() || another.is_empty() || fit(one, another)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(store: Option<&str>, terminal: Option<i32>, value: &str) -> SettingValue {
        SettingValue {
            store_code: store.map(str::to_owned),
            terminal_no: terminal,
            value: value.to_owned(),
        }
    }

    #[test]
    fn the_closest_value_holds() {
        let values = vec![
            value(None, Some(4), "never: records of earlier versions may say so"),
            value(None, None, "everywhere"),
            value(Some("tk01"), None, "store"),
            value(Some("tk01"), Some(4), "terminal"),
            value(Some("tk01"), Some(4), "later ones of the same place lose"),
        ];
        let setting = Setting::new("X".to_owned(), "default", values);
        for (store, terminal, expected) in [
            ("tk01", 4, "terminal"),
            ("tk01", 9, "store"),
            ("tk02", 4, "everywhere"),
        ] {
            assert_eq!(setting.resolve(store, terminal), expected, "{store} {terminal}");
        }
        let fits = |default: &str, values: Vec<SettingValue>| {
            let end = Setting::new("END".to_owned(), "500", vec![value(Some("tk01"), Some(4), "50")]);
            let start = Setting::new("START".to_owned(), default, values);
            start.fits(&end, |start, end| {
                start.parse::<i64>().unwrap() <= end.parse().unwrap()
            })
        };
        assert!(fits("1", Vec::new()) && fits("50", Vec::new()) && fits("", Vec::new()));
        assert!(!fits("51", Vec::new()), "at terminal 4");
        assert!(fits("51", vec![value(Some("tk01"), None, " 7 ")]));
        assert!(!fits("1", vec![value(Some("tk02"), None, "501")]));
        assert_eq!(
            Setting::new("X".to_owned(), "default", Vec::new()).resolve("tk01", 4),
            "default"
        );
    }
}
