//! The JSON text of a document or an event, together with what it was parsed into.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, OnceLock};

use serde::Serialize;
use serde::de::{DeserializeOwned, Deserializer as _, MapAccess, Visitor};
use serde_json::value::RawValue;

/// JSON text that remembers its typed form.
///
/// Clones share the text and the memo, so a body that was made of a value, or was parsed once, costs every later reader
/// in the process one reference count.
#[derive(Clone)]
pub struct Body(Arc<Inner>);

struct Inner {
    text: Box<str>,
    parsed: OnceLock<Arc<dyn Any + Send + Sync>>,
}

impl Body {
    /// Serialises a value and keeps it as the parsed form.
    pub fn of<T: Serialize + Send + Sync + 'static>(value: Arc<T>) -> Result<Self, serde_json::Error> {
        let text = serde_json::to_string(&*value)?.into_boxed_str();
        let memo: Arc<dyn Any + Send + Sync> = value;
        Ok(Self(Arc::new(Inner {
            text,
            parsed: OnceLock::from(memo),
        })))
    }

    /// Takes text as it came from a disk or a wire. Whether it is JSON shows when it is parsed.
    pub fn from_text(text: impl Into<Box<str>>) -> Self {
        Self(Arc::new(Inner {
            text: text.into(),
            parsed: OnceLock::new(),
        }))
    }

    /// The JSON text.
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// The same object without some of its members, whatever else it holds.
    pub fn without(&self, members: &'static [&'static str]) -> Result<Self, serde_json::Error> {
        let mut json = serde_json::Deserializer::from_str(&self.0.text);
        let text = json.deserialize_map(Remainder(members))?;
        json.end()?;
        Ok(Self::from_text(text))
    }

    /// The typed form. The first type that is asked for is remembered; another type is parsed afresh each time.
    pub fn parse<T: DeserializeOwned + Send + Sync + 'static>(&self) -> Result<Arc<T>, serde_json::Error> {
        if let Some(memo) = self.0.parsed.get()
            && let Ok(value) = Arc::clone(memo).downcast::<T>()
        {
            return Ok(value);
        }
        let value: Arc<T> = Arc::new(serde_json::from_str(&self.0.text)?);
        // Another thread, or another type, may have been first: its memo stays, ours is as good.
        let _ = self
            .0
            .parsed
            .set(Arc::clone(&value) as Arc<dyn Any + Send + Sync>);
        Ok(value)
    }
}

/// Copies the members of an object but for some, each as it is spelt.
struct Remainder(&'static [&'static str]);

impl<'de> Visitor<'de> for Remainder {
    type Value = String;
    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<String, A::Error> {
        let mut text = String::from("{");
        // Keys are copied as they are spelt too, quotes and all.
        while let Some((key, value)) = object.next_entry::<&RawValue, &RawValue>()? {
            if !self.0.contains(&key.get().trim_matches('"')) {
                let comma = if text.len() > 1 { "," } else { "" };
                text.extend([comma, key.get(), ":", value.get()]);
            }
        }
        text.push('}');
        Ok(text)
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Bodies hold names and amounts of customers, which must not reach a log by way of `{:?}`.
        write!(formatter, "Body({} bytes)", self.0.text.len())
    }
}

impl PartialEq for Body {
    fn eq(&self, other: &Self) -> bool {
        self.0.text == other.0.text
    }
}

impl Eq for Body {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_remembered_and_shared_by_clones() {
        let value = Arc::new(vec!["a".to_owned()]);
        let body = Body::of(Arc::clone(&value)).unwrap();
        assert_eq!(body.text(), r#"["a"]"#);
        assert!(Arc::ptr_eq(&body.clone().parse::<Vec<String>>().unwrap(), &value));
    }

    #[test]
    fn text_is_parsed_once_per_body() {
        let body = Body::from_text("[1]");
        let copy = body.clone();
        let first = body.parse::<Vec<i64>>().unwrap();
        assert!(Arc::ptr_eq(&first, &copy.parse::<Vec<i64>>().unwrap()));
    }

    #[test]
    fn members_are_taken_out_and_the_rest_is_left_as_it_was() {
        let body = Body::from_text(r#" {"a": [1, {"b":2.50}], "b":"\"}", "c" : null, "new": {"b":1}} "#);
        let rest = |members| body.without(members).unwrap().text().to_owned();
        assert_eq!(rest(&["b", "c"]), r#"{"a":[1, {"b":2.50}],"new":{"b":1}}"#);
        assert_eq!(rest(&["a", "b", "c", "new"]), "{}");
        assert!(Body::from_text("[]").without(&["b"]).is_err());
        assert!(Body::from_text(r#"{"a":1} {"#).without(&["b"]).is_err());
    }

    #[test]
    fn another_type_is_parsed_afresh() {
        let body = Body::of(Arc::new(7_i64)).unwrap();
        assert!(body.parse::<String>().is_err());
        assert_eq!(*body.parse::<u8>().unwrap(), 7);
        assert_eq!(*body.parse::<i64>().unwrap(), 7);
    }
}
