//! What reports look like: their lines, their order and their currency.

use kugel_types::{Currency, Page, Sort};

use crate::bills::Bill;
use crate::examples::{day_a, query, report, report_by, sums, text};

#[test]
fn example_a_prints_as_laid_out() {
    let expected = "\
店舗名 S1                       
店舗合計                    責# 
2026年03月06日(金) 09:00        
                                
【 売 上 レ ポ ー ト ( 日報 ) 】
                                
営業日付 2026年03月05日(木)     
精算通番 9                      
--------------------------------
売 上 合 計                     
 総売上       3件        3,590円
              6点               
 返品         1件        1,100円
              1点               
 明細値引     1件          100円
              1点               
 小計値引     1件          200円
              3点               
 税額                     -190円
 純売上       2件        2,000円
              5点               
--------------------------------
税 額（内訳）                   
 外税10%                   150円
 内税10%                     0円
 外税 8%                    40円
--------------------------------
支 払                           
 Cash                    1,540円
 Card                      650円
--------------------------------
入出金                          
 入金         2件       10,500円
 出金         1件         -300円
--------------------------------
現 金                           
 ドロア内現金           11,700円
 あるべき現金           11,740円
 過不足                    -40円
--------------------------------
レシートNo. ------              
";
    assert_eq!(report("sales", &day_a()).journal_text.unwrap(), expected);
}

#[test]
fn rows_are_sorted_and_cut_but_totals_cover_all() {
    let mut query = query("category");
    query.sort = Sort::parse("net_amount:-1").unwrap();
    query.page = Page { limit: 1, number: 2 };
    let report = report_by(&query, &day_a(), Currency::JPY);
    let codes: Vec<_> = report
        .categories
        .iter()
        .map(|row| row.category_code.as_deref())
        .collect();
    assert_eq!(codes, [Some("C2")]);
    assert_eq!(text(&report.total_net_amount), "2000");
}

#[test]
fn every_report_prints_lines_as_wide_as_the_paper() {
    let sums = day_a();
    for maker in kugel_report::app::makers::MAKERS {
        let report = report(maker.report_type(), &sums);
        for line in report.journal_text.unwrap().lines() {
            assert_eq!(
                kugel_printing::width(line),
                32,
                "{}: {line:?}",
                maker.report_type()
            );
        }
        assert!(report.receipt_text.unwrap().contains("<PrintData>"));
    }
}

#[test]
fn paper_speaks_the_stores_currency() {
    let bill = Bill::new(1, 101)
        .line("A", "", "00", "0.5", "1234.50")
        .paid("01", "Cash", "1234.50");
    let sums = sums(&[bill.log()], &[], &[]);
    let report = report_by(&query("category"), &sums, "GBP".parse().unwrap());
    let paper = report.journal_text.unwrap();
    assert!(paper.contains("分類なし      0.5点    £1,234.50\n"), "{paper}");
    assert_eq!(report.categories[0].category_code, None);
}
