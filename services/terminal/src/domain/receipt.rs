//! What is printed about sessions and cash: 32 columns, in the words of the contract.

use kugel_printing::{Printout, amount, business_date, date_time, grouped, price};
use kugel_types::{Currency, LocalTime, Money};
use serde::{Deserialize, Serialize};

use super::{Count, Place, Terminal};

/// The two renderings of one piece of paper.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Printed {
    /// The receipt as print data.
    pub receipt_text: String,
    /// The lines for the journal.
    pub journal_text: String,
}

/// Cash that moved; `signed` is below zero for cash that went out, `over_drawer` what of it the drawer did not hold.
pub(crate) fn cash(
    terminal: &Terminal,
    place: &Place,
    time: &LocalTime,
    signed: Money,
    over_drawer: Option<Money>,
    description: &str,
) -> Printed {
    let title = if signed.is_negative() {
        "【 出 金  レ ポ ー ト 】"
    } else {
        "【 入 金  レ ポ ー ト 】"
    };
    let mut rows = vec![(description, Some(signed))];
    rows.extend(over_drawer.map(|over| ("ドロア残高超過", Some(over))));
    paper(terminal, place, time, title, &rows)
}

/// A session that began.
pub(crate) fn opened(terminal: &Terminal, place: &Place, time: &LocalTime) -> Printed {
    let fund = terminal.initial_amount.unwrap_or(Money::ZERO);
    paper(
        terminal,
        place,
        time,
        "【 開 設  レ ポ ー ト 】",
        &[("釣銭準備金", Some(fund))],
    )
}

/// A session that ended, in the words of the sales report.
pub(crate) fn closed(terminal: &Terminal, place: &Place, time: &LocalTime, count: &Count) -> Printed {
    paper(
        terminal,
        place,
        time,
        "【 精 算  レ ポ ー ト 】",
        &[
            ("ドロア内現金", count.counted),
            ("あるべき現金", Some(count.expected)),
            ("過不足", count.over_short),
        ],
    )
}

fn paper(
    terminal: &Terminal,
    place: &Place,
    time: &LocalTime,
    title: &str,
    rows: &[(&str, Option<Money>)],
) -> Printed {
    let store = match &place.name {
        Some(name) => format!("店舗名 {name}"),
        None => place.code.to_string(),
    };
    let staff = match &terminal.staff {
        Some(staff) => format!("責# {:0>6}", staff.id),
        None => "責# ------".to_owned(),
    };
    let sessions = format!("{}回", grouped(terminal.open_counter.into(), 0));
    let mut paper = Printout::new();
    paper
        .left(store)
        .split(format!("レジNo. {}", terminal.id.number), staff)
        .left(date_time(time))
        .blank()
        .center(title)
        .blank();
    if let Some(day) = terminal.business_date {
        paper.left(format!("営業日付 {}", business_date(day)));
    }
    paper.left(format!("開設回数 {sessions}")).rule();
    for (label, amount) in rows {
        let amount = amount.map(|amount| money(amount, place.currency));
        paper.split(*label, amount.as_deref().unwrap_or("未計数"));
    }
    paper.rule().left("レシートNo. ------");
    Printed {
        receipt_text: paper.receipt_text(),
        journal_text: paper.journal_text(),
    }
}

/// The contract writes yen with the word behind the number; other currencies carry their mark.
fn money(value: Money, currency: Currency) -> String {
    if currency == Currency::JPY {
        format!("{}円", amount(value, currency))
    } else {
        price(value, currency)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use jiff::tz::TimeZone;
    use kugel_auth::ApiKey;
    use kugel_types::StaffRef;

    use super::*;

    fn opened_terminal() -> (Terminal, Place, LocalTime) {
        let mut terminal = Terminal::new(
            "Q7301-tk01-4".parse().expect("valid"),
            "front counter".to_owned(),
            ApiKey::from_request("").hash(),
        );
        let instant: Timestamp = "2026-06-11T09:20:41.004512Z".parse().expect("an instant");
        let time = LocalTime::new(instant, &TimeZone::get("Asia/Tokyo").expect("bundled zone"));
        terminal
            .sign_in(
                StaffRef {
                    id: "31".to_owned(),
                    name: "Mori".to_owned(),
                },
                crate::domain::SignedIn::default(),
            )
            .expect("nobody was");
        for _ in 0..2 {
            let fund = Some("20000".parse().expect("an amount"));
            terminal.open(time.business_date(), fund, instant).expect("opens");
            terminal.close(None).expect("closes");
        }
        let place = Place {
            code: "tk01".parse().expect("valid"),
            name: Some("梅東京一号店".to_owned()),
            currency: Currency::JPY,
            coin: Currency::JPY.cash_coin(),
        };
        (terminal, place, time)
    }

    #[test]
    fn a_withdrawal_prints_as_the_contract_shows_it() {
        let (terminal, place, time) = opened_terminal();
        let paper = |over_drawer: Option<&str>| {
            let amount = |text: &str| text.parse().expect("an amount");
            let over_drawer = over_drawer.map(amount);
            cash(
                &terminal,
                &place,
                &time,
                amount("-3000"),
                over_drawer,
                "bank deposit",
            )
        };
        let warned = paper(Some("500")).journal_text;
        assert!(warned.contains("ドロア残高超過             500円"), "{warned}");
        let paper = paper(None);
        let lines: Vec<_> = paper.journal_text.lines().map(str::trim_end).collect();
        assert_eq!(
            lines,
            [
                "店舗名 梅東京一号店",
                "レジNo. 4             責# 000031",
                "2026年06月11日(木) 18:20",
                "",
                "    【 出 金  レ ポ ー ト 】",
                "",
                "営業日付 2026年06月11日(木)",
                "開設回数 2回",
                "--------------------------------",
                "bank deposit            -3,000円",
                "--------------------------------",
                "レシートNo. ------",
            ]
        );
    }

    #[test]
    fn opening_and_closing_show_fund_and_count() {
        let (mut terminal, mut place, time) = opened_terminal();
        assert!(
            opened(&terminal, &place, &time)
                .journal_text
                .contains("釣銭準備金              20,000円")
        );
        let close = |counted: Option<&str>| {
            let count = Count {
                expected: "20000".parse().expect("an amount"),
                counted: counted.map(|text| text.parse().expect("an amount")),
                over_short: counted.map(|_| "-500".parse().expect("an amount")),
            };
            let lines = closed(&terminal, &place, &time, &count).journal_text;
            let lines: Vec<_> = lines.lines().map(str::to_owned).collect();
            lines[lines.len() - 5..lines.len() - 2].to_vec()
        };
        assert_eq!(
            close(Some("19500")),
            [
                "ドロア内現金            19,500円",
                "あるべき現金            20,000円",
                "過不足                    -500円",
            ]
        );
        assert_eq!(
            close(None),
            [
                "ドロア内現金              未計数",
                "あるべき現金            20,000円",
                "過不足                    未計数",
            ]
        );
        terminal.sign_out();
        place.name = None;
        place.currency = "GBP".parse().expect("a currency");
        let paper = opened(&terminal, &place, &time);
        assert!(paper.journal_text.starts_with("tk01"));
        assert!(paper.journal_text.contains("責# ------") && paper.journal_text.contains("£20,000.00"));
    }
}
