//! Japanese dates, without a locale of the operating system.

use jiff::civil::{Date, Weekday};
use kugel_types::{BusinessDate, LocalTime};

/// A day as `YYYY年MM月DD日(曜)`.
pub fn date(day: Date) -> String {
    format!(
        "{:04}年{:02}月{:02}日({})",
        day.year(),
        day.month(),
        day.day(),
        weekday(day)
    )
}

/// A business date as `YYYY年MM月DD日(曜)`.
pub fn business_date(day: BusinessDate) -> String {
    date(day.date())
}

/// A time as `YYYY年MM月DD日(曜) HH:MM`.
pub fn date_time(time: &LocalTime) -> String {
    let zoned = time.zoned();
    format!("{} {:02}:{:02}", date(zoned.date()), zoned.hour(), zoned.minute())
}

fn weekday(day: Date) -> char {
    match day.weekday() {
        Weekday::Monday => '月',
        Weekday::Tuesday => '火',
        Weekday::Wednesday => '水',
        Weekday::Thursday => '木',
        Weekday::Friday => '金',
        Weekday::Saturday => '土',
        Weekday::Sunday => '日',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_carry_the_day_of_the_week() {
        let zone = jiff::tz::TimeZone::get("Asia/Tokyo").unwrap();
        let time = LocalTime::new("2026-06-11T09:20:59Z".parse().unwrap(), &zone);
        assert_eq!(date_time(&time), "2026年06月11日(木) 18:20");
        assert_eq!(business_date("20260306".parse().unwrap()), "2026年03月06日(金)");
        let week: String = (1..=7).map(|day| weekday(Date::constant(2026, 6, day))).collect();
        assert_eq!(week, "月火水木金土日");
    }
}
