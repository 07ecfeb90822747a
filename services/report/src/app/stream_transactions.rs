//! Handing out the filed transaction logs to whoever compares them with those of the cart service.

use futures::{Stream, TryStreamExt};
use kugel_error::Error;
use kugel_proto::cart::v1::TransactionLog;
use kugel_rpc::Caller;
use kugel_store::Query;

use super::App;
use crate::records::Filed;

/// Logs that are read at once.
const LOGS_AT_ONCE: u32 = 500;

impl App {
    /// Streams the logs of a store and of a business date, or all, in the order of store, terminal and number.
    pub(crate) fn stream_transactions(
        &self,
        caller: &Caller,
        store: Option<&str>,
        business_date: Option<&str>,
    ) -> impl Stream<Item = Result<TransactionLog, Error>> + Send + use<> {
        let query = Query::all()
            .given(store, |query, store| query.eq("store_code", store))
            .given(business_date, |query, date| query.eq("business_date", date));
        let logs = self
            .documents
            .stream::<Filed<TransactionLog>>(&caller.scope(), query, LOGS_AT_ONCE);
        logs.map_ok(|log| log.0.clone()).map_err(Error::from)
    }
}
