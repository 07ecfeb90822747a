//! Settings that have to fit to others.

use kugel_error::{Result, codes};
use kugel_rpc::Caller;
use kugel_store::Stored;
use kugel_types::trade::setting::{RECEIPT_NO_END, RECEIPT_NO_START, receipt_number};

use super::App;
use crate::domain::setting::Setting;

impl App {
    /// Adds a setting that fits to the others, once for each request.
    pub async fn create_setting(&self, caller: &Caller, setting: Setting) -> Result<Stored<Setting>> {
        let work = async {
            self.check_receipt_range(caller, &setting).await?;
            self.create(caller, setting).await
        };
        caller.once(&self.documents, work).await
    }

    /// Replaces a setting by one that fits to the others, once for each request.
    pub async fn replace_setting(&self, caller: &Caller, setting: Setting) -> Result<Stored<Setting>> {
        let work = async {
            self.check_receipt_range(caller, &setting).await?;
            self.replace(caller, setting).await
        };
        caller.once(&self.documents, work).await
    }

    /// Refuses a first receipt number above the last one of the same place: no till there could open a cart. Two who write
    /// one of them each at the same moment may still miss each other, and then the till says so.
    async fn check_receipt_range(&self, caller: &Caller, setting: &Setting) -> Result<()> {
        let other = match setting.name.as_str() {
            RECEIPT_NO_START => RECEIPT_NO_END,
            RECEIPT_NO_END => RECEIPT_NO_START,
            _ => return Ok(()),
        };
        let Some(found) = self.find::<Setting>(caller, other).await? else {
            return Ok(());
        };
        let (start, end) = match other {
            RECEIPT_NO_END => (setting, &*found),
            _ => (&*found, setting),
        };
        let fits = start.fits(end, |start, end| {
            let numbers = (receipt_number(start), receipt_number(end));
            // What an earlier version let in is refused where it is read.
            !matches!(numbers, (Ok(start), Ok(end)) if start > end)
        });
        if fits {
            return Ok(());
        }
        let rule = format!("must leave a range of receipt numbers with {other} at every terminal");
        Err(codes::INVALID_INPUT
            .error("the first receipt number is above the last one")
            .field("setting.values", rule))
    }
}
