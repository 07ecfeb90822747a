//! A till whose carts are driven by REST or by gRPC with the same words, and answered alike.

use http::Method;
use kugel_testkit::{Door, Till};
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// By which door a till sells.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Through {
    Rest,
    Grpc,
}

pub(crate) const DOORS: [Through; 2] = [Through::Rest, Through::Grpc];

/// A cart at a till.
pub(crate) struct Counter<'t> {
    till: &'t Till,
    through: Through,
    cart: String,
}

/// A refusal: its code and the fields it names, as JSON spells them.
pub(crate) type Refusal = (String, Vec<String>);

impl<'t> Counter<'t> {
    pub(crate) async fn open(till: &'t Till, through: Through) -> Self {
        let mut counter = Self {
            till,
            through,
            cart: String::new(),
        };
        let made = match through {
            Through::Rest => till.rest().post("/carts", json!({})).await.created(),
            Through::Grpc => counter.grpc("CartService.CreateCart", json!({})).await.unwrap(),
        };
        made["cartId"].as_str().unwrap().clone_into(&mut counter.cart);
        counter
    }

    /// Adds lines of items and quantities.
    pub(crate) async fn add(&self, lines: &[(&str, &str)]) -> Result<Value, Refusal> {
        let lines: Vec<_> = lines
            .iter()
            .map(|(item, quantity)| json!({"itemCode": item, "quantity": quantity}))
            .collect();
        self.send("AddLineItems", "lineItems", json!(lines)).await
    }

    /// Cancels a line.
    pub(crate) async fn cancel(&self, line: i32) -> Result<Value, Refusal> {
        self.on_line("CancelLineItem", line, "cancel", Value::Null).await
    }

    /// Sets a line's quantity.
    pub(crate) async fn set_quantity(&self, line: i32, quantity: &str) -> Result<Value, Refusal> {
        self.on_line("UpdateQuantity", line, "quantity", json!(quantity))
            .await
    }

    /// Sets a line's price.
    pub(crate) async fn set_price(&self, line: i32, price: &str) -> Result<Value, Refusal> {
        self.on_line("UpdateUnitPrice", line, "unitPrice", json!(price))
            .await
    }

    /// Replaces a line's discounts: percentages end with `%`.
    pub(crate) async fn discount_line(&self, line: i32, discounts: &[&str]) -> Result<Value, Refusal> {
        self.on_line("DiscountLineItem", line, "discounts", discounts_of(discounts))
            .await
    }

    /// Ends the entry of items.
    pub(crate) async fn subtotal(&self) -> Value {
        self.send("SubtotalCart", "subtotal", Value::Null).await.unwrap()
    }

    /// Replaces the discounts on the whole cart.
    pub(crate) async fn discount(&self, discounts: &[&str]) -> Result<Value, Refusal> {
        self.send("DiscountCart", "discounts", discounts_of(discounts))
            .await
    }

    /// Takes payments by code.
    pub(crate) async fn pay(&self, payments: &[(&str, &str)]) -> Result<Value, Refusal> {
        let payments: Vec<_> = payments
            .iter()
            .map(|(code, amount)| json!({"paymentCode": code, "amount": amount}))
            .collect();
        self.send("AddPayments", "payments", json!(payments)).await
    }

    /// Bills the cart.
    pub(crate) async fn bill(&self) -> Result<Value, Refusal> {
        self.send("BillCart", "bill", Value::Null).await
    }

    /// Enters goods and sells them.
    pub(crate) async fn sell(&self, lines: &[(&str, &str)], payments: &[(&str, &str)]) -> Value {
        self.add(lines).await.unwrap();
        self.subtotal().await;
        self.pay(payments).await.unwrap();
        self.bill().await.unwrap()
    }

    async fn send(&self, method: &str, path: &str, body: Value) -> Result<Value, Refusal> {
        match self.through {
            Through::Rest => self.rest(Method::POST, path, body).await,
            Through::Grpc => {
                let name = match path {
                    "lineItems" | "payments" | "discounts" => path,
                    _ => "",
                };
                self.grpc_cart(method, json!({}), name, body).await
            }
        }
    }

    async fn on_line(&self, method: &str, line: i32, name: &str, body: Value) -> Result<Value, Refusal> {
        match self.through {
            Through::Rest => {
                let path = format!("lineItems/{line}/{name}");
                match name {
                    "quantity" | "unitPrice" => self.rest(Method::PATCH, &path, json!({name: body})).await,
                    _ => self.rest(Method::POST, &path, body).await,
                }
            }
            Through::Grpc => {
                let name = if body.is_null() { "" } else { name };
                self.grpc_cart(method, json!({"lineNo": line}), name, body).await
            }
        }
    }

    async fn rest(&self, method: Method, path: &str, body: Value) -> Result<Value, Refusal> {
        let body = if body.is_null() { json!({}) } else { body };
        let path = format!("/carts/{}/{path}", self.cart);
        let reply = self.till.rest().send(method, &path, Some(&body)).await;
        if reply.status == 200 {
            return Ok(figures(reply.ok()));
        }
        let refusal = &reply.body["userError"];
        let fields = refusal["fields"].as_array().into_iter().flatten();
        let fields = fields.map(|one| one["field"].as_str().unwrap().to_owned());
        Err((refusal["code"].as_str().unwrap().to_owned(), fields.collect()))
    }

    async fn grpc_cart(
        &self,
        method: &str,
        mut request: Value,
        name: &str,
        body: Value,
    ) -> Result<Value, Refusal> {
        request["cartId"] = json!(self.cart);
        if !name.is_empty() {
            request[name] = wire(body);
        }
        let answer = self.grpc(&format!("CartService.{method}"), request).await?;
        Ok(figures(answer["cart"].clone()))
    }

    async fn grpc(&self, method: &str, request: Value) -> Result<Value, Refusal> {
        let grpc = self.till.grpc(Door::Native);
        grpc.call(&format!("cart.v1.{method}"), request)
            .await
            .map_err(|status| {
                let refusal = kugel_stand::refusal(&status);
                let fields = refusal.fields.iter().map(|field| camel(field));
                (refusal.code.to_owned(), fields.collect())
            })
    }
}

/// Expects a refusal with its code and fields.
#[track_caller]
pub(crate) fn refused(result: Result<Value, Refusal>, code: &str, fields: &[&str]) {
    let (found, named) = result.unwrap_err();
    assert_eq!(
        (found.as_str(), named),
        (code, fields.iter().map(ToString::to_string).collect())
    );
}

/// Compares figures of an answer by their value.
#[track_caller]
pub(crate) fn check(cart: &Value, figures: &[(&str, &str)]) {
    for (name, expected) in figures {
        assert_eq!(number(&cart[name]), number(&json!(expected)), "{name}");
    }
}

#[track_caller]
fn number(value: &Value) -> Decimal {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no figure"))
        .parse()
        .unwrap()
}

fn discounts_of(discounts: &[&str]) -> Value {
    let one = |discount: &&str| match discount.strip_suffix('%') {
        Some(rate) => json!({"discountType": "DiscountPercentage", "discountValue": rate}),
        None => json!({"discountType": "DiscountAmount", "discountValue": discount}),
    };
    discounts.iter().map(one).collect()
}

/// Numbers as protobuf's JSON has them.
fn wire(body: Value) -> Value {
    match body {
        Value::String(number) => json!({"value": number}),
        Value::Array(entries) => entries.into_iter().map(members).collect(),
        other => other,
    }
}

fn members(mut entry: Value) -> Value {
    for name in ["quantity", "amount", "discountValue"] {
        if let Some(number) = entry.get(name) {
            entry[name] = json!({"value": number});
        }
    }
    entry
}

/// Every number as text, whichever door it came through.
pub(crate) fn figures(value: Value) -> Value {
    match value {
        Value::Number(number) => json!(number.to_string()),
        Value::Array(entries) => entries.into_iter().map(figures).collect(),
        Value::Object(mut members) => match members.remove("value") {
            Some(number) if members.is_empty() => number,
            Some(_) | None => members
                .into_iter()
                .map(|(name, value)| (name, figures(value)))
                .collect(),
        },
        other => other,
    }
}

fn camel(field: &str) -> String {
    let mut words = field.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| {
        let (head, tail) = word.split_at(1);
        name + &head.to_uppercase() + tail
    })
}
