//! What Kugel says is in its books, asked through REST.

use std::collections::{BTreeMap, BTreeSet};

use kugel_testkit::{Reply, Rest};
use serde_json::Value;

use crate::shop::Shop;

const ROWS: usize = 1000;

/// A transaction in the log or in the journal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    pub(crate) till: i32,
    pub(crate) number: i64,
    pub(crate) receipt: i64,
    pub(crate) kind: i32,
    pub(crate) total: i64,
}

/// What the report on all days adds up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    pub(crate) gross: i64,
    pub(crate) returns: i64,
    pub(crate) payments: BTreeMap<String, i64>,
    pub(crate) cash_in: i64,
}

/// The books as Kugel shows them.
#[derive(Debug, Clone)]
pub(crate) struct Observed {
    /// By till and number.
    pub(crate) log: Vec<Entry>,
    pub(crate) journal: Vec<Entry>,
    pub(crate) stock: BTreeMap<String, i64>,
    /// Cash that was moved by the journal: by till, every amount in order of size.
    pub(crate) cash: BTreeMap<i32, Vec<i64>>,
    pub(crate) sums: Sums,
}

impl Observed {
    /// Asks for everything. `Err`: an answer was refused or missing.
    pub(crate) async fn ask(shop: &Shop) -> Result<Self, String> {
        let rest = shop.books();
        let mut seen = Self {
            log: Vec::new(),
            journal: Vec::new(),
            stock: BTreeMap::new(),
            cash: BTreeMap::new(),
            sums: sums(shop, rest).await?,
        };
        let mut days = BTreeSet::new();
        for till in shop.tills() {
            let number = till.number;
            let path = till.transactions("?include_cancelled=true&sort=transaction_no:1");
            for row in rows(&till.rest(), &path, "/").await? {
                days.extend(row["businessDate"].as_str().map(str::to_owned));
                seen.log.push(entry(number, &row, "totalAmountWithTax")?);
            }
            let path = shop.path(&format!("journals?terminals={number}&sort=receipt_no:1"));
            for row in rows(rest, &path, "/").await? {
                match integer(&row["transactionType"])? {
                    -101..300 => seen.journal.push(entry(number, &row, "amount")?),
                    // The change fund of an opening is logged too, and it is nothing here.
                    401 | 402 => match integer(&row["amount"])? {
                        0 => {}
                        amount => seen.cash.entry(number).or_default().push(amount),
                    },
                    _ => {}
                }
            }
        }
        for day in days {
            daily(shop, rest, &format!("business_date={day}")).await?;
        }
        for row in rows(rest, &shop.path("stock?"), "/data").await? {
            let item = row["itemCode"].as_str().unwrap_or_default().to_owned();
            seen.stock.insert(item, integer(&row["currentQuantity"])?);
        }
        seen.cash.values_mut().for_each(|amounts| amounts.sort_unstable());
        Ok(seen)
    }
}

fn entry(till: i32, row: &Value, amount: &str) -> Result<Entry, String> {
    let cancelled = row["status"]["isCancelled"] == true || row["sales"]["isCancelled"] == true;
    let kind = i32::try_from(integer(&row["transactionType"])?).unwrap();
    Ok(Entry {
        till,
        number: integer(&row["transactionNo"])?,
        receipt: integer(&row["receiptNo"])?,
        kind: if cancelled && kind == 101 { -101 } else { kind },
        total: integer(&row[amount])?,
    })
}

async fn sums(shop: &Shop, rest: &Rest) -> Result<Sums, String> {
    let report = daily(
        shop,
        rest,
        "business_date_from=20000101&business_date_to=29991231",
    )
    .await?;
    let mut sums = Sums {
        gross: integer(&report["salesGross"]["amount"])?,
        returns: integer(&report["returns"]["amount"])?,
        payments: BTreeMap::new(),
        cash_in: integer(&report["cash"]["cashIn"]["amount"])?,
    };
    for payment in report["payments"].as_array().into_iter().flatten() {
        let code = payment["paymentCode"].as_str().unwrap_or_default().to_owned();
        sums.payments.insert(code, integer(&payment["amount"])?);
    }
    Ok(sums)
}

async fn daily(shop: &Shop, rest: &Rest, days: &str) -> Result<Value, String> {
    let path = format!("reports?report_scope=daily&report_type=sales&{days}");
    data(rest, &shop.path(&path)).await
}

/// All pages of a list.
async fn rows(rest: &Rest, path: &str, pointer: &str) -> Result<Vec<Value>, String> {
    let mut all = Vec::new();
    loop {
        let page = all.len() / ROWS + 1;
        let mut answer = data(rest, &format!("{path}&limit={ROWS}&page={page}")).await?;
        let list = match pointer {
            "/" => Some(&mut answer),
            nested => answer.pointer_mut(nested),
        };
        let list = list.and_then(Value::as_array_mut).map(std::mem::take);
        let list = list.ok_or_else(|| format!("{path} answers no list"))?;
        let is_last = list.len() < ROWS;
        all.extend(list);
        if is_last {
            return Ok(all);
        }
    }
}

async fn data(rest: &Rest, path: &str) -> Result<Value, String> {
    let answer = rest.try_send(http::Method::GET, path, None).await;
    match answer {
        Ok(Reply {
            status: 200,
            mut body,
            ..
        }) => Ok(body["data"].take()),
        Ok(reply) => Err(format!("{path}: {} {}", reply.status, reply.text)),
        Err(error) => Err(format!("{path}: {error}")),
    }
}

/// A JSON number without a fraction that counts.
pub(crate) fn integer(value: &Value) -> Result<i64, String> {
    let text = value.to_string();
    let whole = text.split_once('.').map_or(text.as_str(), |(whole, fraction)| {
        if fraction.trim_end_matches('0').is_empty() {
            whole
        } else {
            "a fraction"
        }
    });
    whole.parse().map_err(|_| format!("{text} is no whole number"))
}
