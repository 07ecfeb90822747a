use proptest::prelude::*;
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, SerializeOptions};

use super::{Reader, Refusal, Writer};
use crate::schema::{MessageId, Schema};
use crate::testing::sample_pool;

struct Sample {
    pool: DescriptorPool,
    schema: Schema,
    thing: MessageId,
}

impl Sample {
    fn new() -> Self {
        let pool = sample_pool();
        let mut schema = Schema::default();
        let thing = schema.add(&pool.get_message_by_name("kugel.sample.v1.Thing").unwrap());
        Self { pool, schema, thing }
    }

    fn read(&self, json: &str) -> Result<Vec<u8>, Refusal> {
        let mut reader = Reader::new(&self.schema, 0);
        reader.body(json.as_bytes(), self.thing)?;
        reader.finish()
    }

    fn write(&self, wire: &[u8]) -> String {
        let mut out = Vec::new();
        Writer::new(&self.schema)
            .message(self.thing, wire, &mut out)
            .unwrap();
        String::from_utf8(out).unwrap()
    }

    fn sparse(&self, wire: &[u8]) -> serde_json::Value {
        let mut out = Vec::new();
        Writer::sparse(&self.schema)
            .message(self.thing, wire, &mut out)
            .unwrap();
        serde_json::from_slice(&out).unwrap()
    }

    fn dynamic(&self, wire: &[u8]) -> DynamicMessage {
        DynamicMessage::decode(
            self.pool.get_message_by_name("kugel.sample.v1.Thing").unwrap(),
            wire,
        )
        .unwrap()
    }

    /// Reads, and shows what was read with the protobuf library's own JSON.
    #[track_caller]
    fn check(&self, json: &str, expected: &str) {
        let message = self.dynamic(&self.read(json).unwrap());
        let options = SerializeOptions::new()
            .stringify_64_bit_integers(false)
            .use_proto_field_name(true);
        let shown = message
            .serialize_with_options(serde_json::value::Serializer, &options)
            .unwrap();
        assert_eq!(
            shown,
            serde_json::from_str::<serde_json::Value>(expected).unwrap(),
            "{json}"
        );
    }

    #[track_caller]
    fn refuse(&self, json: &str, expected: &[(&str, &str)]) {
        let Err(Refusal::Fields { wrong: fields, .. }) = self.read(json) else {
            panic!("taken: {json}")
        };
        let fields: Vec<_> = fields
            .iter()
            .map(|wrong| (wrong.field.as_str(), wrong.description.as_str()))
            .collect();
        assert_eq!(fields, expected, "{json}");
    }
}

#[test]
fn reads_both_spellings_and_skips_the_unknown() {
    let sample = Sample::new();
    sample.check(
        r#"{"thingId": "a", "stock_count": 3, "nonsense": [{}]}"#,
        r#"{"thing_id": "a", "stock_count": 3}"#,
    );
    sample.check(
        r#"{"thing_id": "a", "thingId": "b", "event_id": "e"}"#,
        r#"{"thing_id": "b", "event_id": "e"}"#,
    );
    sample.check(r#"{"thingId": "b", "thing_id": "a"}"#, r#"{"thing_id": "b"}"#);
    sample.check(
        r#"{"tag_names": ["x"], "stock_count": 1, "tagNames": ["y"]}"#,
        r#"{"tag_names": ["y"], "stock_count": 1}"#,
    );
}

#[test]
fn skips_what_only_answers_have() {
    let pool = DescriptorPool::decode(kugel_proto::DESCRIPTORS).unwrap();
    let category = pool.get_message_by_name("kugel.master_data.v1.Category").unwrap();
    let mut schema = Schema::default();
    let id = schema.add(&category);
    let mut reader = Reader::new(&schema, 0);
    let json = br#"{"taxCode":"01","entryDatetime":7,"last_update_datetime":{}}"#;
    reader.body(json, id).unwrap();
    let read = DynamicMessage::decode(category, reader.finish().unwrap().as_slice()).unwrap();
    let fields: Vec<_> = read.fields().map(|(field, _)| field.name().to_owned()).collect();
    assert_eq!(fields, ["tax_code"]);
}

#[test]
fn a_member_given_twice_is_refused() {
    let sample = Sample::new();
    sample.refuse(
        r#"{"remark": "a", "thingId": "x", "remark": "b", "thing_id": "y"}"#,
        &[("remark", "is given twice")],
    );
    sample.refuse(
        r#"{"thing_id": "a", "thingId": "b", "thingId": "c"}"#,
        &[("thing_id", "is given twice")],
    );
}

#[test]
fn coerces_scalars() {
    let sample = Sample::new();
    sample.check(
        r#"{"unitPrice": 1234.50, "stockCount": "9007199254740993", "isActive": "yes", "level": 2.0, "balance": "-4"}"#,
        r#"{"unit_price": {"value": "1234.50"}, "stock_count": 9007199254740993, "is_active": true, "level": 2, "balance": -4}"#,
    );
    sample.check(
        r#"{"unitPrice": "0.10", "color": "COLOR_RED", "image": "AQI="}"#,
        r#"{"unit_price": {"value": "0.10"}, "color": "COLOR_RED", "image": "AQI="}"#,
    );
    sample.check(
        r#"{"color": 2, "weight": "1.5", "ratio": 0.5, "digits": [1, "2", 3.0]}"#,
        r#"{"color": "COLOR_BLUE", "weight": 1.5, "ratio": 0.5, "digits": [1, 2, 3]}"#,
    );
    sample.check(
        r#"{"thingId": "é\u00e9\n\"", "words": {"a b": "c"}, "numbers": {"-1": "7"}}"#,
        r#"{"thing_id": "éé\n\"", "words": {"a b": "c"}, "numbers": {"-1": 7}}"#,
    );
    sample.check(
        r#"{"madeAt": "2026-06-11T05:03:09Z", "extra": {"a": [1, null]}, "this": "x", "that": 4}"#,
        r#"{"made_at": "2026-06-11T05:03:09Z", "extra": {"a": [1.0, null]}, "that": 4}"#,
    );
    sample.check(
        r#"{"inner": {"parts": [{"level": 1}, {}]}, "amounts": [1, "2.5"]}"#,
        r#"{"inner": {"parts": [{"level": 1}, {}]}, "amounts": [{"value": "1"}, {"value": "2.5"}]}"#,
    );
}

#[test]
fn null_is_absent_but_not_within_a_list() {
    let sample = Sample::new();
    sample.check(
        r#"{"unitPrice": null, "remark": null, "parts": null, "words": null, "inner": null, "madeAt": null, "digits": null}"#,
        "{}",
    );
    sample.check("null", "{}");
    sample.check(r#"{"stockCount": null, "thingId": null, "isActive": null}"#, "{}");
    sample.refuse(
        r#"{"tagNames": ["a", null]}"#,
        &[("tag_names[1]", "must not be null")],
    );
    sample.refuse(r#"{"parts": [null]}"#, &[("parts[0]", "must not be null")]);
}

#[test]
fn names_every_wrong_field() {
    let sample = Sample::new();
    sample.refuse(
        r#"{"thingId": 5, "unitPrice": "cheap", "isActive": "perhaps", "inner": {"parts": [{}, {"level": 3000000000}]}}"#,
        &[
            ("thing_id", "must be text"),
            ("unit_price", "must be a number of at most 28 digits"),
            ("is_active", "must be true or false"),
            ("inner.parts[1].level", "must be between -2147483648 and 2147483647"),
        ],
    );
    sample.refuse(
        r#"{"stockCount": 1.5, "digits": [1, {}]}"#,
        &[
            ("stock_count", "must be a whole number"),
            ("digits[1]", "must be a single value"),
        ],
    );
    sample.refuse(
        r#"{"color": "GREEN", "numbers": {"x": 1}}"#,
        &[
            ("color", "must be one of COLOR_UNSPECIFIED, COLOR_RED, COLOR_BLUE"),
            ("numbers.x", "must be a whole number"),
        ],
    );
    sample.refuse(
        r#"{"parts": 7}"#,
        &[("parts", "invalid type: integer `7`, expected a list")],
    );
    sample.refuse(
        r#"{"inner": "x"}"#,
        &[("inner", "invalid type: string \"x\", expected an object")],
    );
    sample.refuse("[]", &[("body", "invalid type: sequence, expected an object")]);
    let mistakes = format!(r#"{{"digits": [{}"x"]}}"#, "\"x\",".repeat(50));
    let Err(Refusal::Fields { wrong: fields, .. }) = sample.read(&mistakes) else {
        panic!()
    };
    assert_eq!(fields.len(), 20);
}

#[test]
fn tells_syntax_from_fields() {
    let sample = Sample::new();
    for broken in [
        "{",
        "",
        "{\"thingId\": }",
        "{} x",
        "{\"thingId\": \"a\"",
        "nul",
        "{\"thingId\": 01}",
        "\u{feff}{}",
    ] {
        assert!(matches!(sample.read(broken), Err(Refusal::Syntax(_))), "{broken}");
    }
    let deep = format!("{}1{}", "{\"inner\":".repeat(500), "}".repeat(500));
    assert!(matches!(sample.read(&deep), Err(Refusal::Syntax(_))));
    assert!(matches!(
        sample.read("{\"thingId\": \"\\ud800\"}"),
        Err(Refusal::Syntax(_)) | Err(Refusal::Fields { .. })
    ));
}

#[test]
fn writes_every_field_in_order() {
    let sample = Sample::new();
    insta::assert_snapshot!(sample.write(&[]), @r#"{"thingId":"","unitPrice":null,"stockCount":0,"remark":null,"tagNames":[],"parts":[],"words":{},"numbers":{},"color":"COLOR_UNSPECIFIED","isActive":false,"image":"","digits":[],"balance":0,"serial":0,"weight":0,"madeAt":null,"extra":null,"level":null,"inner":null,"event_id":"","size":0,"this":null,"that":null,"amounts":[],"ratio":0,"offset":0}"#);
    let wire = sample
        .read(r#"{"unitPrice": 10.00, "stockCount": 9007199254740993, "tagNames": ["a", "b"], "digits": [1, -2],
            "numbers": {"1": -1}, "words": {"k": "v"}, "balance": -3, "serial": 18446744073709551615, "level": 0,
            "madeAt": "2026-06-11T05:03:09Z", "amounts": [0.5, -1], "offset": -9, "size": 4294967295, "thingId": "日\"本"}"#)
        .unwrap();
    insta::assert_snapshot!(sample.write(&wire), @r#"{"thingId":"日\"本","unitPrice":10.00,"stockCount":9007199254740993,"remark":null,"tagNames":["a","b"],"parts":[],"words":{"k":"v"},"numbers":{"1":-1},"color":"COLOR_UNSPECIFIED","isActive":false,"image":"","digits":[1,-2],"balance":-3,"serial":18446744073709551615,"weight":0,"madeAt":"2026-06-11T05:03:09Z","extra":null,"level":0,"inner":null,"event_id":"","size":4294967295,"this":null,"that":null,"amounts":[0.5,-1],"ratio":0,"offset":-9}"#);
}

#[test]
fn merges_a_message_in_parts_and_takes_unpacked_lists() {
    let sample = Sample::new();
    let mut wire = sample
        .read(r#"{"inner": {"thingId": "a", "level": 1}, "digits": [1]}"#)
        .unwrap();
    wire.extend(
        sample
            .read(r#"{"inner": {"level": 2}, "unitPrice": "7"}"#)
            .unwrap(),
    );
    wire.extend([12 << 3, 5]); // digits, not packed
    let shown = sample.sparse(&wire);
    assert_eq!(shown["inner"]["thingId"], "a");
    assert_eq!(shown["inner"]["level"], 2);
    assert_eq!(shown["digits"], serde_json::json!([1, 5]));
    assert!(shown.get("remark").is_none());
}

#[test]
fn odd_decimals_become_json_numbers() {
    let sample = Sample::new();
    for (text, expected) in [
        ("", "0"),
        ("+1", "1"),
        (".5", "0.5"),
        ("1E2", "100"),
        ("12.340", "12.340"),
    ] {
        let mut decimal = Vec::new();
        crate::wire::put_bytes(&mut decimal, 1, text.as_bytes());
        let mut wire = Vec::new();
        crate::wire::put_bytes(&mut wire, 2, &decimal);
        assert!(
            sample
                .write(&wire)
                .contains(&format!(r#""unitPrice":{expected},"#)),
            "{text}"
        );
    }
}

fn shown(message: &DynamicMessage) -> serde_json::Value {
    serde_json::to_value(message).unwrap()
}

fn things() -> impl Strategy<Value = serde_json::Value> {
    let leaf = (
        ".{0,8}",
        any::<i64>(),
        proptest::option::of("[0-9]{1,9}(\\.[0-9]{1,6})?"),
        proptest::collection::vec(any::<i32>(), 0..4),
        any::<(bool, i32, u64, u32)>(),
        proptest::collection::btree_map(".{0,4}", ".{0,4}", 0..3),
        proptest::option::of(any::<i32>()),
        proptest::collection::vec(any::<u8>(), 0..5),
    );
    let leaf = leaf.prop_map(
        |(id, count, price, digits, (active, balance, serial, size), words, level, image)| {
            use base64::Engine;
            serde_json::json!({
                "thingId": id, "stockCount": count, "unitPrice": price, "digits": digits, "isActive": active,
                "balance": balance, "serial": serial, "size": size, "words": words, "level": level,
                "image": base64::engine::general_purpose::STANDARD.encode(image), "offset": balance,
            })
        },
    );
    leaf.prop_recursive(3, 12, 3, |inner| {
        (
            inner.clone(),
            proptest::collection::vec(inner.clone(), 0..3),
            proptest::option::of(inner),
        )
            .prop_map(|(mut thing, parts, within)| {
                thing["parts"] = parts.into();
                thing["inner"] = within.into();
                thing
            })
    })
}

proptest! {
    #[test]
    fn wire_to_json_to_wire_is_the_same_message(json in things()) {
        let sample = Sample::new();
        let first = sample.dynamic(&sample.read(&json.to_string()).unwrap());
        let written = sample.write(&first.encode_to_vec());
        let second = sample.dynamic(&sample.read(&written).unwrap());
        prop_assert_eq!(shown(&first), shown(&second));
    }

    #[test]
    fn no_bytes_make_the_writer_panic(wire in proptest::collection::vec(any::<u8>(), 0..200)) {
        let sample = Sample::new();
        let mut out = Vec::new();
        if Writer::new(&sample.schema).message(sample.thing, &wire, &mut out).is_ok() {
            prop_assert!(serde_json::from_slice::<serde_json::Value>(&out).is_ok());
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in ".{0,60}") {
        let _ = Sample::new().read(&text);
    }
}
