//! Logging a user out everywhere.

use kugel_error::Result;
use kugel_rpc::Caller;

use super::users::{is_own, missing};
use super::{App, UserView};
use crate::domain::User;

impl App {
    /// Revokes everything that was issued for an account: one's own, or another one for who is permitted.
    pub async fn log_out_user(&self, caller: &Caller, username: &str) -> Result<UserView> {
        let work = async {
            if is_own(caller, username) {
                self.own_account(caller).await?;
            } else {
                self.permitted_over(caller, username).await?;
            }
            let edit = |user: User| Some(user.raised(self.clock.now()));
            self.edit_user(caller, username, edit, |view| view).await
        };
        let view: Option<UserView> = caller.once(&self.documents, work).await?;
        view.ok_or_else(|| missing(username))
    }
}
