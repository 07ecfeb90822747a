//! A close that is wrong in every copy alike.

use kugel_proto::Decimal as Wire;
use kugel_proto::terminal::v1::{OpenCloseLog, TerminalInfo};

use crate::verify::sessions::over_short;

#[test]
fn a_close_says_what_is_over_or_short() {
    let wire = |text: Option<&str>| {
        text.map(|text| Wire {
            value: text.to_owned(),
        })
    };
    let holds = |[counted, expected, said]: [Option<&str>; 3]| {
        let close = OpenCloseLog {
            terminal_info: Some(TerminalInfo {
                physical_amount: wire(counted),
                ..TerminalInfo::default()
            }),
            expected_amount: wire(expected),
            over_short_amount: wire(said),
            ..OpenCloseLog::default()
        };
        over_short(&close, 20.into(), || "close".to_owned()).is_ok()
    };
    assert!(holds([Some("19.50"), Some("20.00"), Some("-0.5")]));
    assert!(holds([None, Some("20"), None]));
    assert!(holds([Some("0"), Some("20"), Some("-20")]));
    assert!(holds([Some("19.50"), None, None]), "an earlier build");
    for wrong in [
        [Some("19.50"), Some("19.50"), Some("0")],
        [Some("19.50"), Some("20"), Some("0.5")],
        [Some("19.50"), Some("20"), None],
        [None, Some("20"), Some("-20")],
        [Some("19.50"), None, Some("-0.5")],
    ] {
        assert!(!holds(wrong), "{wrong:?}");
    }
}
