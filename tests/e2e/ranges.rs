//! Every range that the contract lets a caller ask for ends where it begins or later.

use std::collections::BTreeSet;

use kugel_proto::READING_METHODS;
use kugel_testkit::{Door, World, contract};
use serde_json::json;

use crate::doors::code_of;
use crate::shop::Shop;

/// A range that may be asked for.
struct Range {
    /// What REST asks before it.
    path: &'static str,
    /// Who reads it over gRPC.
    method: &'static str,
    /// The fields of its ends.
    ends: [&'static str; 2],
    /// Two values in order.
    values: [&'static str; 2],
    /// The code of the refusal.
    code: &'static str,
}

const REPORT: &str = "report.v1.ReportService.GetReport";
const JOURNAL: &str = "journal.v1.JournalService.SearchJournals";

const RANGES: [Range; 5] = [
    Range {
        path: "reports?report_scope=daily&report_type=sales&",
        method: REPORT,
        ends: ["business_date_from", "business_date_to"],
        values: ["20260610", "20260611"],
        code: "412003",
    },
    Range {
        path: "journals?",
        method: JOURNAL,
        ends: ["business_date_from", "business_date_to"],
        values: ["20260610", "20260611"],
        code: "300001",
    },
    Range {
        path: "journals?",
        method: JOURNAL,
        ends: ["generate_date_time_from", "generate_date_time_to"],
        values: ["2026-06-11T10:00:00", "2026-06-11T10:00:01"],
        code: "300001",
    },
    Range {
        path: "journals?",
        method: JOURNAL,
        ends: ["receipt_no_from", "receipt_no_to"],
        values: ["9", "10"],
        code: "300001",
    },
    Range {
        path: "stock/snapshots?",
        method: "stock.v1.StockService.ListSnapshots",
        ends: ["start_date", "end_date"],
        values: ["2026-06-11T23:59:59", "2026-06-12"],
        code: "300001",
    },
];

#[tokio::test]
async fn a_range_that_ends_before_it_begins_is_refused() {
    let world = World::start().await;
    let shop = Shop::build(&world).await;
    let (rest, grpc) = (shop.tenant.rest(), shop.tenant.grpc(Door::Native));
    for range in RANGES {
        let Range {
            path, method, code, ..
        } = range;
        let ([from, to], [low, high]) = (range.ends, range.values);
        let ask = async |first: &str, last: &str| {
            let path = shop.store.path(&format!("{path}{from}={first}&{to}={last}"));
            rest.get(&path).await
        };
        let reply = ask(high, low).await.refused(400, code);
        assert_eq!(
            reply.body["userError"]["fields"][0]["field"],
            json!(camel(from)),
            "{}",
            reply.text
        );
        for (first, last) in [(low, high), (low, low)] {
            let reply = ask(first, last).await;
            assert_ne!(
                reply.body["code"], code,
                "{method} {first} to {last}: {}",
                reply.text
            );
        }
        let mut request = json!({
            "tenantId": shop.tenant.id, "storeCode": "tk01", camel(from): high, camel(to): low,
        });
        if method == REPORT {
            request["reportScope"] = json!("daily");
            request["reportType"] = json!("sales");
        }
        let status = grpc.call(method, request).await.unwrap_err();
        assert_eq!(
            (status.code(), code_of(&status)),
            (tonic::Code::InvalidArgument, code.to_owned()),
            "{method}: {status:?}"
        );
    }
}

fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap().to_owned();
    words.fold(first, |name, word| name + &word[..1].to_uppercase() + &word[1..])
}

#[test]
fn every_range_of_the_contract_is_tested() {
    let tested: BTreeSet<_> = RANGES
        .map(
            |Range {
                 method,
                 ends: [from, to],
                 ..
             }| (method.to_owned(), from.to_owned(), to.to_owned()),
        )
        .into();
    let mut declared = BTreeSet::new();
    for rpc in contract() {
        let method = rpc.name().trim_start_matches("kugel.").to_owned();
        let path = format!("/kugel.{}", method.replacen("Service.", "Service/", 1));
        if !READING_METHODS.contains(&path.as_str()) {
            continue;
        }
        let input = rpc.descriptor.input();
        for field in input.fields() {
            let from = field.name();
            let other = match (from.strip_suffix("_from"), from.strip_prefix("start_")) {
                (Some(stem), _) => format!("{stem}_to"),
                (_, Some(stem)) => format!("end_{stem}"),
                _ => continue,
            };
            if input.get_field_by_name(&other).is_some() {
                declared.insert((method.clone(), from.to_owned(), other));
            }
        }
    }
    assert_eq!(tested, declared);
}
