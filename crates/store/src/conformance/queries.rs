//! Filters, orders and pages.

#![allow(missing_docs, reason = "the names of the tests say what they show")]

use super::{Item, Subject};
use crate::{Direction, FieldKind, Page, Query, Revision, Sort, StoreError};

const UP: Direction = Direction::Ascending;
const DOWN: Direction = Direction::Descending;

/// Five items with numbers 10 to 50 in groups x and y, and one with nothing.
async fn five(subject: &Subject) {
    subject
        .insert([
            Item::new("a").group("x").number(10).sold(true),
            Item::new("b").group("y").number(20).sold(false),
            Item::new("c").group("x").number(30).sold(true),
            Item::new("d").group("y").number(40).sold(false),
            Item::new("e").group("x").number(50),
            Item::new("f"),
        ])
        .await;
}

pub async fn filters_compare_by_kind(subject: Subject) {
    five(&subject).await;
    assert_eq!(subject.codes(Query::all().eq("group", "x")).await, "a c e");
    assert_eq!(subject.codes(Query::all().eq("group", "X")).await, "");
    assert_eq!(subject.codes(Query::all().eq("number", 20)).await, "b");
    assert_eq!(subject.codes(Query::all().eq("sold", true)).await, "a c");
    assert_eq!(subject.codes(Query::all().eq("sold", false)).await, "b d");
    assert_eq!(subject.codes(Query::all().eq("id", "c")).await, "c");
    assert_eq!(
        subject.codes(Query::all().one_of("number", [10, 50, 70])).await,
        "a e"
    );
}

pub async fn ranges_have_open_and_closed_ends(subject: Subject) {
    five(&subject).await;
    assert_eq!(subject.codes(Query::all().at_least("number", 40)).await, "d e");
    assert_eq!(subject.codes(Query::all().greater("number", 40)).await, "e");
    assert_eq!(subject.codes(Query::all().at_most("number", 20)).await, "a b");
    assert_eq!(subject.codes(Query::all().less("number", 20)).await, "a");
    assert_eq!(
        subject
            .codes(Query::all().at_least("number", 20).less("number", 40))
            .await,
        "b c"
    );
    assert_eq!(subject.codes(Query::all().at_least("code", "e")).await, "e f");
}

pub async fn one_of_nothing_is_nothing(subject: Subject) {
    five(&subject).await;
    assert_eq!(subject.codes(Query::all().one_of("number", [0_i64; 0])).await, "");
}

pub async fn contains_takes_every_letter_as_itself(subject: Subject) {
    let texts = [
        "100%",
        "a_b",
        r"c:\x",
        "it's",
        ".*",
        "^a$",
        "領収書",
        "Receipt",
        "\"q\"",
        "[z]",
    ];
    subject
        .insert(
            texts
                .iter()
                .enumerate()
                .map(|(n, text)| Item::new(&n.to_string()).group(text)),
        )
        .await;
    for (number, text) in texts.iter().enumerate() {
        assert_eq!(
            subject.codes(Query::all().contains("group", *text)).await,
            number.to_string(),
            "{text}"
        );
    }
    for (needle, codes) in [
        ("%", "0"),
        ("_", "1"),
        ("\\", "2"),
        ("'", "3"),
        (".", "4"),
        ("収", "6"),
        ("receipt", ""),
    ] {
        assert_eq!(
            subject.codes(Query::all().contains("group", needle)).await,
            codes,
            "{needle}"
        );
    }
    for (needles, codes) in [(vec![], ""), (vec!["%", "^", "receipt"], "0 5")] {
        let query = Query::all().contains_one_of("group", needles.iter().map(ToString::to_string));
        assert_eq!(subject.codes(query).await, codes, "{needles:?}");
    }
    subject.insert([Item::new("none")]).await;
    assert_eq!(
        subject.codes(Query::all().contains("group", "")).await,
        "0 1 2 3 4 5 6 7 8 9"
    );
}

pub async fn null_and_not_there_are_both_absent(subject: Subject) {
    five(&subject).await;
    assert_eq!(subject.codes(Query::all().absent("group")).await, "f", "null");
    assert_eq!(
        subject.codes(Query::all().absent("sold")).await,
        "e f",
        "not there"
    );
    assert_eq!(subject.codes(Query::all().present("sold")).await, "a b c d");
    assert_eq!(
        subject.codes(Query::all().absent("updated_at")).await,
        "a b c d e f"
    );
}

pub async fn filters_are_joined_by_and(subject: Subject) {
    five(&subject).await;
    let query = Query::all()
        .eq("group", "x")
        .given(Some(30), |query, number| query.at_least("number", number));
    assert_eq!(subject.codes(query.clone()).await, "c e");
    assert_eq!(
        subject
            .codes(query.given(None::<bool>, |query, sold| query.eq("sold", sold)))
            .await,
        "c e"
    );
}

pub async fn nested_fields_are_reached_by_their_path(subject: Subject) {
    subject
        .insert([
            Item::new("a").shelf("s2"),
            Item::new("b").shelf("s1"),
            Item::new("c"),
        ])
        .await;
    assert_eq!(subject.codes(Query::all().eq("place.shelf", "s1")).await, "b");
    assert_eq!(
        subject.codes(Query::all().sort(("place.shelf", UP))).await,
        "c b a"
    );
}

pub async fn an_order_is_total_in_both_directions(subject: Subject) {
    five(&subject).await;
    assert_eq!(subject.codes(Query::all()).await, "a b c d e f");
    assert_eq!(
        subject.codes(Query::all().sort(("id", DOWN))).await,
        "f e d c b a"
    );
    assert_eq!(
        subject
            .codes(Query::all().present("group").sort(("group", UP)))
            .await,
        "a c e b d"
    );
    assert_eq!(
        subject
            .codes(Query::all().present("group").sort(("group", DOWN)))
            .await,
        "d b e c a"
    );
    let mixed = Sort(vec![("group".to_owned(), DOWN), ("number".to_owned(), UP)]);
    assert_eq!(
        subject.codes(Query::all().present("group").sort(mixed)).await,
        "b d a c e"
    );
    let joined = Query::all()
        .present("group")
        .sort(("group", UP))
        .sort(("number", DOWN));
    assert_eq!(subject.codes(joined).await, "e c a d b");
}

pub async fn nulls_sort_first(subject: Subject) {
    five(&subject).await;
    assert_eq!(
        subject.codes(Query::all().sort(("sold", UP))).await,
        "e f b d a c"
    );
    assert_eq!(
        subject.codes(Query::all().sort(("number", DOWN))).await,
        "e d c b a f"
    );
}

pub async fn decimals_sort_by_value(subject: Subject) {
    let dear = "123456789012345678.0001";
    subject
        .insert([
            Item::new("a").price("10"),
            Item::new("b").price("9.5").group("x"),
            Item::new("c"),
            Item::new("d").price("-0.10"),
            Item::new("e").price("9.50").group("x"),
            Item::new("f").price(dear),
            Item::new("g").price("123456789012345678.0002").group("x"),
            Item::new("h").price("-0.1"),
        ])
        .await;
    let by = |way| Query::all().sort(("price", way));
    assert_eq!(subject.codes(by(UP)).await, "c d h b e a f g");
    assert_eq!(subject.codes(by(DOWN)).await, "g f a e b h d c");
    let page = Page { limit: 3, number: 2 };
    assert_eq!(subject.codes(by(UP).page(page)).await, "b e a");
    let joined = by(UP).sort(("code", DOWN)).sort(("price", DOWN));
    assert_eq!(subject.codes(joined).await, "c h d e b a f g");
    assert_eq!(subject.codes(by(DOWN).eq("group", "x")).await, "g e b");
    let listing = subject
        .find::<Item>(&subject.scope, by(UP).page(page))
        .await
        .unwrap();
    assert_eq!(listing.total, 8);
    let error = subject
        .find::<Item>(&subject.scope, Query::all().eq("price", "10"))
        .await
        .unwrap_err();
    assert!(matches!(error, StoreError::WrongKind { .. }), "{error}");
}

pub async fn pages_joined_are_the_whole_list(subject: Subject) {
    let items = (0..47).map(|n| {
        Item::new(&format!("{n:02}"))
            .group(&(n % 3).to_string())
            .number(n % 5)
    });
    subject.insert(items).await;
    for sort in [Sort::default(), ("group", DOWN).into(), ("number", UP).into()] {
        let query = Query::all().at_least("number", 1).sort(sort);
        let whole = subject.codes(query.clone()).await;
        for limit in [1, 7, 36, 37, 38, 100] {
            let mut pages = Vec::new();
            for number in 1..=37_u32.div_ceil(limit) {
                let listing = subject
                    .find::<Item>(&subject.scope, query.clone().page(Page { limit, number }))
                    .await
                    .unwrap();
                assert_eq!(listing.total, 37);
                pages.extend(listing.rows.iter().map(|row| row.code.clone()));
            }
            assert_eq!(pages.join(" "), whole, "pages of {limit}");
        }
    }
}

pub async fn a_page_behind_the_end_is_empty_and_counts(subject: Subject) {
    five(&subject).await;
    let query = Query::all().eq("group", "x").page(Page { limit: 2, number: 9 });
    let listing = subject.find::<Item>(&subject.scope, query).await.unwrap();
    assert_eq!((listing.rows.len(), listing.total), (0, 3));
}

pub async fn the_stores_own_times_can_be_queried(subject: Subject) {
    subject.insert([Item::new("a")]).await;
    let noon = subject.item("a").await.unwrap().created_at;
    subject.clock.advance(1);
    subject.insert([Item::new("b")]).await;
    let changes = subject.changes("tester").upsert(Item::new("a"));
    subject.commit(&subject.scope, changes).await.unwrap();
    assert_eq!(subject.codes(Query::all().eq("created_at", noon)).await, "a");
    assert_eq!(subject.codes(Query::all().greater("created_at", noon)).await, "b");
    assert_eq!(subject.codes(Query::all().greater("updated_at", noon)).await, "a");
    assert_eq!(
        subject.codes(Query::all().sort(("created_at", DOWN))).await,
        "b a"
    );
    assert_eq!(
        subject.codes(Query::all().sort(("updated_at", DOWN))).await,
        "a b"
    );
}

pub async fn undeclared_fields_are_refused(subject: Subject) {
    five(&subject).await;
    let mistakes = [
        Query::all().eq("colour", "red"),
        Query::all().sort(("colour", UP)),
        Query::all().absent("revision"),
        Query::all().sort(("x') desc --", UP)),
    ];
    for query in mistakes {
        let error = subject.find::<Item>(&subject.scope, query).await.unwrap_err();
        assert!(
            matches!(
                error,
                StoreError::UnknownField {
                    collection: "items",
                    ..
                }
            ),
            "{error}"
        );
    }
}

pub async fn values_of_another_kind_are_refused(subject: Subject) {
    five(&subject).await;
    let mistakes = [
        (Query::all().eq("number", "20"), FieldKind::Integer),
        (Query::all().one_of("group", [1]), FieldKind::Text),
        (Query::all().contains("number", "2"), FieldKind::Integer),
        (Query::all().at_least("created_at", "2026"), FieldKind::Instant),
        (Query::all().eq("sold", 1), FieldKind::Boolean),
    ];
    for (query, kind) in mistakes {
        let error = subject.find::<Item>(&subject.scope, query).await.unwrap_err();
        assert!(
            matches!(error, StoreError::WrongKind { expected, .. } if expected == kind),
            "{error}"
        );
    }
}

pub async fn a_query_sees_every_commit_that_was_answered(subject: Subject) {
    let first_page = || Query::all().eq("group", "x").page(Page { limit: 10, number: 1 });
    for round in 1..=20 {
        let revision = Revision::new(round);
        let item = Item::new("a").group("x").number(round);
        let changes = subject.changes("tester");
        let changes = if round == 1 {
            changes.insert(item)
        } else {
            changes.replace(item, Revision::new(round - 1))
        };
        subject.commit(&subject.scope, changes).await.unwrap();
        let row = subject
            .first::<Item>(&subject.scope, first_page())
            .await
            .unwrap()
            .unwrap();
        assert_eq!((row.number, row.revision), (Some(round), revision));
    }
    subject
        .commit(
            &subject.scope,
            subject.changes("tester").delete::<Item>("a", None),
        )
        .await
        .unwrap();
    assert_eq!(
        subject
            .find::<Item>(&subject.scope, first_page())
            .await
            .unwrap()
            .total,
        0
    );
}
