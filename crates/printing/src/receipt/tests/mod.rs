mod figures;

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
