use kugel_types::{Currency, LocalTime};

use super::*;
use crate::Align;

fn money(text: &str) -> Money {
    text.parse().unwrap()
}

fn time(text: &str) -> LocalTime {
    LocalTime::new(
        text.parse().unwrap(),
        &jiff::tz::TimeZone::get("Asia/Tokyo").unwrap(),
    )
}

fn line(description: &str, price: &str, quantity: &str, gross: &str, tax_code: &str) -> ReceiptLine {
    ReceiptLine {
        description: description.to_owned(),
        unit_price: money(price),
        quantity: quantity.parse().unwrap(),
        gross_amount: money(gross),
        tax_code: tax_code.to_owned(),
        discounts: Vec::new(),
        is_cancelled: false,
    }
}

fn off(rate: Option<&str>, amount: &str) -> ReceiptDiscount {
    ReceiptDiscount {
        rate: rate.map(|rate| rate.parse().unwrap()),
        amount: money(amount),
    }
}

fn tax(
    code: &str,
    tax_type: TaxType,
    rate: Option<&str>,
    name: &str,
    target: &str,
    amount: &str,
) -> ReceiptTax {
    ReceiptTax {
        code: code.to_owned(),
        rate: rate.map(|rate| rate.parse().unwrap()),
        tax_type,
        name: name.to_owned(),
        target_amount: money(target),
        amount: money(amount),
    }
}

/// A payment whose change is what it did not settle, if it is cash.
fn payment(code: &str, description: &str, deposit: &str, amount: &str) -> ReceiptPayment {
    let over = money(deposit).minus(money(amount)).unwrap();
    ReceiptPayment {
        code: code.to_owned(),
        is_cash: code == "01",
        description: description.to_owned(),
        deposit: money(deposit),
        amount: money(amount),
        change: if code == "01" && over.is_positive() {
            over
        } else {
            Money::ZERO
        },
    }
}

fn sale() -> ReceiptData {
    let mut milk = line("牛乳 1L <特選>", "1280", "3", "3840", "01");
    milk.discounts = vec![off(Some("8"), "306")];
    let mut bread = line("食パン", "475", "2", "950", "21");
    bread.discounts = vec![off(None, "55")];
    let mut cancelled = line("取消した商品", "100", "1", "100", "01");
    cancelled.is_cancelled = true;
    ReceiptData {
        currency: Currency::JPY,
        transaction_type: TransactionType::Sale,
        is_cancelled: false,
        headers: vec![Banner {
            text: "梅東京一号店".to_owned(),
            align: Align::Center,
        }],
        footers: vec![Banner {
            text: "またのご来店を".to_owned(),
            align: Align::Right,
        }],
        terminal_no: 4,
        staff_id: Some("000031".to_owned()),
        time: time("2026-06-11T09:20:00Z"),
        lines: vec![
            milk,
            bread,
            cancelled,
            line(
                "ワイングラスと長い名前の付いた箱入り商品",
                "2200",
                "1",
                "2200",
                "31",
            ),
        ],
        subtotal_amount: money("6629"),
        subtotal_discounts: vec![off(Some("5"), "331")],
        taxes: vec![
            tax("01", TaxType::External, Some("10"), "外税10%", "3358", "335"),
            tax("21", TaxType::External, Some("8"), "外税 8%", "850", "68"),
            tax("31", TaxType::Internal, Some("10.0"), "内税10%", "2090", "190"),
        ],
        total_amount_with_tax: money("6701"),
        rounding_amount: Money::ZERO,
        payments: vec![
            payment("12", "商品券", "1000", "1000"),
            payment("01", "現金", "700", "700"),
            payment("11", "カード", "3000", "3000"),
            payment("01", "現金", "3000", "2001"),
        ],
        origin: None,
        receipt_no: 111_111,
        stamp_duty: None,
        invoice_registration_number: Some("T1234567890123".to_owned()),
    }
}

/// The journal text with `|` at the end of each line, so that the padding shows.
fn journal(data: &ReceiptData) -> String {
    receipt(data).journal_text().replace('\n', "|\n")
}

#[test]
fn a_sale_in_yen() {
    insta::assert_snapshot!(journal(&sale()), @r"
              梅東京一号店          |
    レジNo. 4             責# 000031|
    2026年06月11日(木) 18:20        |
             【 領 収 証 】         |
    --------------------------------|
    牛乳 1L <特選>          \3,840外|
             3点@\1,280             |
              割引 8.0%      -\306  |
    食パン                    \950軽|
             2点@\475               |
               値引           -\55  |
    ワイングラスと長い名前  \2,200内|
    --------------------------------|
    小計             6点    \6,629  |
      小計割引 5.0%          -\331  |
      外税10%                 \335  |
      外税 8%                  \68  |
    合計                    \6,701  |
      (外税10%対象          \3,358) |
      (外税10%税額            \335) |
      (外税 8%対象            \850) |
      (外税 8%税額             \68) |
      (内税10%対象          \2,090) |
      (内税10%税額            \190) |
      軽は軽減税率対象商品です      |
    お預り                  \3,700  |
    お釣                      \999  |
    --------------------------------|
    現金                    \2,701  |
    カード                  \3,000  |
    商品券                  \1,000  |
    --------------------------------|
    レシートNo. 111111              |
    登録番号 T1234567890123         |
                      またのご来店を|
    ");
}

#[test]
fn a_sale_in_pounds() {
    let mut data = sale();
    data.currency = "GBP".parse().unwrap();
    data.headers.clear();
    data.footers.clear();
    data.invoice_registration_number = None;
    data.staff_id = None;
    data.lines = vec![
        line("WHITE HANGING HEART T-LIGHT", "2.55", "6", "15.30", "S"),
        line("CHEDDAR, LOOSE", "8.40", "0.345", "2.90", "Z"),
    ];
    data.subtotal_amount = money("18.20");
    data.subtotal_discounts = vec![off(None, "1.5")];
    data.taxes = vec![
        tax("S", TaxType::Internal, Some("20"), "VAT 20%", "14.04", "2.34"),
        tax("Z", TaxType::Exempt, Some("0"), "Zero", "2.66", "0"),
    ];
    data.total_amount_with_tax = money("16.70");
    data.payments = vec![payment("01", "Cash", "20", "16.70")];
    insta::assert_snapshot!(journal(&data), @r"
    レジNo. 4             責# ------|
    2026年06月11日(木) 18:20        |
             【 領 収 証 】         |
    --------------------------------|
    WHITE HANGING HEART T-L £15.30内|
             6点@£2.55              |
    CHEDDAR, LOOSE           £2.90  |
           0.345@£8.40              |
    --------------------------------|
    小計             7点    £18.20  |
      小計値引              -£1.50  |
    合計                    £16.70  |
      (VAT 20%対象          £14.04) |
      (VAT 20%税額           £2.34) |
      (Zero対象              £2.66) |
      (Zero税額              £0.00) |
    お預り                  £20.00  |
    お釣                     £3.30  |
    --------------------------------|
    Cash                    £16.70  |
    --------------------------------|
    レシートNo. 111111              |
    ");
}

#[test]
fn a_return_names_its_origin() {
    let mut data = sale();
    data.transaction_type = TransactionType::Return;
    data.headers.clear();
    data.footers.clear();
    data.lines.truncate(1);
    data.payments = vec![payment("01", "現金", "0", "6701")];
    data.origin = Some(Origin {
        time: time("2026-06-10T01:05:00Z"),
        transaction_type: TransactionType::Sale,
        store_code: "tk01".to_owned(),
        store_name: "梅東京一号店".to_owned(),
        terminal_no: 3,
        receipt_no: 111_107,
        transaction_no: 52,
    });
    insta::assert_snapshot!(journal(&data), @r"
    レジNo. 4             責# 000031|
    2026年06月11日(木) 18:20        |
              【 返 品 】           |
    --------------------------------|
    牛乳 1L <特選>          \3,840外|
             3点@\1,280             |
              割引 8.0%      -\306  |
    --------------------------------|
    小計             3点    \6,629  |
      小計割引 5.0%          -\331  |
      外税10%                 \335  |
      外税 8%                  \68  |
    合計                    \6,701  |
      (外税10%対象          \3,358) |
      (外税10%税額            \335) |
      (外税 8%対象            \850) |
      (外税 8%税額             \68) |
      (内税10%対象          \2,090) |
      (内税10%税額            \190) |
    現金                    \6,701  |
    --------------------------------|
    元取引                          |
    2026年06月10日(水) 10:05        |
    取引種別                    売上|
    店舗コード                  tk01|
    店舗名              梅東京一号店|
    レジNo.                        3|
    レシートNo.               111107|
    取引No.                       52|
    --------------------------------|
    レシートNo. 111111              |
    登録番号 T1234567890123         |
    ");
}

#[test]
fn a_cancelled_sale_has_its_own_title() {
    let mut data = sale();
    data.is_cancelled = true;
    data.lines.truncate(1);
    data.payments.clear();
    insta::assert_snapshot!(journal(&data), @r"
              梅東京一号店          |
    レジNo. 4             責# 000031|
    2026年06月11日(木) 18:20        |
           【 取 引 中 止 】        |
    --------------------------------|
    牛乳 1L <特選>          \3,840外|
             3点@\1,280             |
              割引 8.0%      -\306  |
    --------------------------------|
    小計             3点    \6,629  |
      小計割引 5.0%          -\331  |
      外税10%                 \335  |
      外税 8%                  \68  |
    合計                    \6,701  |
      (外税10%対象          \3,358) |
      (外税10%税額            \335) |
      (外税 8%対象            \850) |
      (外税 8%税額             \68) |
      (内税10%対象          \2,090) |
      (内税10%税額            \190) |
    --------------------------------|
    レシートNo. 111111              |
    登録番号 T1234567890123         |
                      またのご来店を|
    ");
}

#[test]
fn stamp_duty_prints_a_box() {
    let mut data = sale();
    data.stamp_duty = Some(money("200"));
    let text = journal(&data);
    let foot = text.split("レシートNo.").last().unwrap();
    insta::assert_snapshot!(foot, @r"
     111111              |
                                    |
    +---------+                     |
    |  収 入  |                     |
    |  印 紙  |                     |
    |         |                     |
    |         |                     |
    +---------+                     |
    印紙税 \200                     |
    登録番号 T1234567890123         |
                      またのご来店を|
    ");
}

#[test]
fn voids_have_titles() {
    for (transaction_type, title) in [
        (TransactionType::VoidSale, "【 取 消 】"),
        (TransactionType::VoidReturn, "【 返 品 取 消 】"),
    ] {
        let data = ReceiptData {
            transaction_type,
            ..sale()
        };
        assert!(journal(&data).contains(title), "{transaction_type}");
    }
}

#[test]
fn the_printer_gets_the_same_lines_as_xml() {
    let text = receipt(&sale()).receipt_text();
    assert_eq!(
        text.matches("<Line ").count(),
        receipt(&sale()).journal_text().lines().count()
    );
    assert!(text.contains("牛乳 1L &lt;特選&gt;"), "{text}");
}

/// A sale of the lines and payments in dollars, whose taxes have no mark.
fn priced(lines: Vec<ReceiptLine>, total: &str, payments: Vec<ReceiptPayment>) -> ReceiptData {
    ReceiptData {
        currency: "AUD".parse().unwrap(),
        headers: Vec::new(),
        footers: Vec::new(),
        lines,
        subtotal_amount: money(total),
        subtotal_discounts: Vec::new(),
        taxes: Vec::new(),
        total_amount_with_tax: money(total),
        payments,
        invoice_registration_number: None,
        ..sale()
    }
}

#[test]
fn fine_prices_and_weights_print_with_all_their_digits() {
    let lines = vec![
        line("DIESEL", "1.749", "41.37", "72.36", "F"),
        line("DIESEL CAN", "1.749", "1", "1.75", "F"),
        line("SCREW", "0.0125", "1000", "12.50", "F"),
    ];
    insta::assert_snapshot!(journal(&priced(lines, "86.61", Vec::new())), @r"
    レジNo. 4             責# 000031|
    2026年06月11日(木) 18:20        |
             【 領 収 証 】         |
    --------------------------------|
    DIESEL                   72.36  |
           41.37@1.749              |
    DIESEL CAN                1.75  |
             1点@1.749              |
    SCREW                    12.50  |
         1,000点@0.0125             |
    --------------------------------|
    小計         1,002点     86.61  |
    合計                     86.61  |
    --------------------------------|
    レシートNo. 111111              |
    ");
}

#[test]
fn cash_rounding_stands_between_total_and_payments() {
    let mut data = priced(
        vec![line("BREAD", "4.98", "1", "4.98", "F")],
        "4.98",
        vec![payment("01", "Cash", "10", "5")],
    );
    data.rounding_amount = money("0.02");
    insta::assert_snapshot!(journal(&data), @r"
    レジNo. 4             責# 000031|
    2026年06月11日(木) 18:20        |
             【 領 収 証 】         |
    --------------------------------|
    BREAD                     4.98  |
    --------------------------------|
    小計             1点      4.98  |
    合計                      4.98  |
    端数調整                  0.02  |
    お預り                   10.00  |
    お釣                      5.00  |
    --------------------------------|
    Cash                      5.00  |
    --------------------------------|
    レシートNo. 111111              |
    ");
}

#[test]
fn what_a_voucher_does_not_give_back_is_printed() {
    let gift_card = ReceiptPayment {
        change: money("10"),
        ..payment("31", "Gift card", "50", "40")
    };
    let data = priced(
        vec![line("COAT", "70", "1", "70", "F")],
        "70",
        vec![payment("32", "Voucher", "35", "30"), gift_card],
    );
    insta::assert_snapshot!(journal(&data), @r"
    レジNo. 4             責# 000031|
    2026年06月11日(木) 18:20        |
             【 領 収 証 】         |
    --------------------------------|
    COAT                     70.00  |
    --------------------------------|
    小計             1点     70.00  |
    合計                     70.00  |
    Gift card                40.00  |
      お預り                 50.00  |
      お釣                   10.00  |
    Voucher                  30.00  |
      お預り                 35.00  |
      お釣なし                5.00  |
    --------------------------------|
    レシートNo. 111111              |
    ");
}

#[test]
fn long_amounts_cut_no_figure() {
    let mut truck = line("TRUCK", "12345678.90", "150", "1851851835", "F");
    truck.discounts = vec![off(Some("12.5"), "231481479.37")];
    let mut data = priced(vec![truck], "1620370355.63", Vec::new());
    data.taxes = vec![tax(
        "F",
        TaxType::Internal,
        Some("10"),
        "Goods and Services Tax",
        "1620370355.63",
        "147306395.97",
    )];
    insta::assert_snapshot!(journal(&data), @r"
    レジNo. 4             責# 000031|
    2026年06月11日(木) 18:20        |
             【 領 収 証 】         |
    --------------------------------|
    TRUCK         1,851,851,835.00内|
           150点@12,345,678.90      |
        割引 12.5% -231,481,479.37  |
    --------------------------------|
    小計    150点 1,620,370,355.63  |
    合計          1,620,370,355.63  |
      (Goods 対象 1,620,370,355.63) |
      (Goods an税額 147,306,395.97) |
    --------------------------------|
    レシートNo. 111111              |
    ");
}

#[test]
fn marks_follow_type_and_rate_of_the_tax() {
    let mark_of = |tax_type, rate, currency: &str| {
        let mut data = priced(vec![line("ITEM", "100", "1", "100", "K")], "100", Vec::new());
        data.currency = currency.parse().unwrap();
        data.taxes = vec![tax("K", tax_type, rate, "Tax", "100", "0")];
        let text = journal(&data);
        let line = text.lines().find(|line| line.starts_with("ITEM")).unwrap();
        let mark = line.trim_end_matches('|').rsplit("00").next().unwrap();
        let is_explained = text.contains("軽は軽減税率対象商品です");
        assert_eq!(is_explained, mark == "軽", "{text}");
        mark.to_owned()
    };
    for (tax_type, rate, currency, expected) in [
        (TaxType::External, Some("10"), "JPY", "外"),
        (TaxType::Internal, Some("10"), "JPY", "内"),
        (TaxType::External, Some("8"), "JPY", "軽"),
        (TaxType::Internal, Some("8.0"), "JPY", "軽"),
        (TaxType::External, Some("0"), "JPY", "外"),
        (TaxType::External, None, "JPY", "外"),
        (TaxType::Exempt, Some("0"), "JPY", "  "),
        (TaxType::Exempt, Some("8"), "JPY", "  "),
        (TaxType::Internal, Some("5"), "GBP", "内"),
        (TaxType::External, Some("7"), "EUR", "外"),
    ] {
        assert_eq!(
            mark_of(tax_type, rate, currency),
            expected,
            "{tax_type} {rate:?} {currency}"
        );
    }
}
