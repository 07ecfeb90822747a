//! The gRPC face: admit, call, render.

use std::sync::Arc;

use futures::stream::{BoxStream, StreamExt, TryStreamExt};
use jiff::tz::TimeZone;
use kugel_error::Error;
use kugel_proto::journal::v1 as pb;
use kugel_proto::journal::v1::journal_service_server::JournalService;
use kugel_rpc::admit;
use kugel_store::Documents;
use kugel_types::Clock;
use tonic::{Request, Response, Status};

use crate::adapters::convert::{self, Place};
use crate::adapters::documents::missing;
use crate::app::{add_entry, file_logs, search_journals};

/// Answers the journal's methods.
pub(crate) struct Journal {
    pub(crate) documents: Documents,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) zone: TimeZone,
}

#[tonic::async_trait]
impl JournalService for Journal {
    async fn search_journals(
        &self,
        request: Request<pb::SearchJournalsRequest>,
    ) -> Result<Response<pb::SearchJournalsResponse>, Status> {
        let (caller, request) = admit(request)?;
        let search = convert::search(&request, &self.zone)?;
        let listing = search_journals::search_journals(&self.documents, &caller.scope(), &search).await?;
        Ok(Response::new(pb::SearchJournalsResponse {
            journals: listing
                .rows
                .iter()
                .map(|row| convert::journal_entry(caller.tenant(), row))
                .collect(),
            metadata: Some(convert::metadata(&request, &search, listing.total)),
        }))
    }

    type StreamJournalsStream = BoxStream<'static, Result<pb::StreamJournalsResponse, Status>>;

    async fn stream_journals(
        &self,
        request: Request<pb::StreamJournalsRequest>,
    ) -> Result<Response<Self::StreamJournalsStream>, Status> {
        let (caller, request) = admit(request)?;
        let search = convert::search(&convert::unpaged(request), &self.zone)?;
        let (scope, tenant) = (caller.scope(), caller.tenant().clone());
        let entries =
            search_journals::stream_journals(self.documents.clone(), scope, search, self.clock.now());
        let answers = entries
            .map_err(Status::from)
            .map_ok(move |entry| pb::StreamJournalsResponse {
                journal: Some(convert::journal_entry(&tenant, &entry)),
            });
        Ok(Response::new(answers.boxed()))
    }

    async fn create_journal(
        &self,
        request: Request<pb::CreateJournalRequest>,
    ) -> Result<Response<pb::CreateJournalResponse>, Status> {
        let (caller, request) = admit(request)?;
        let place = Place::new(caller.tenant(), &request.store_code, request.terminal_no)?;
        let posted = request.journal.ok_or_else(|| missing("journal"))?;
        let entry =
            convert::new_entry(&place, posted, &self.zone).map_err(|error| error.within("journal"))?;
        let (scope, actor) = (caller.scope(), caller.actor());
        let stored = add_entry::add_entry(&self.documents, &scope, &actor, caller.request(), entry).await?;
        let journal = Some(convert::journal_entry(caller.tenant(), &stored));
        Ok(Response::new(pb::CreateJournalResponse { journal }))
    }

    async fn post_transaction(
        &self,
        request: Request<pb::PostTransactionRequest>,
    ) -> Result<Response<pb::PostTransactionResponse>, Status> {
        let (caller, request) = admit(request)?;
        let place = Place::new(caller.tenant(), &request.store_code, request.terminal_no)?;
        let log = request.transaction.ok_or_else(|| missing("transaction"))?;
        let in_log = |error: Error| error.within("transaction");
        place
            .must_be(&log.tenant_id, &log.store_code, log.terminal_no)
            .map_err(in_log)?;
        let transaction = Some(pb::FiledTransaction {
            tenant_id: log.tenant_id.clone(),
            store_code: log.store_code.clone(),
            terminal_no: log.terminal_no,
            transaction_no: log.transaction_no,
        });
        file_logs::post_transaction(&self.documents, &caller.scope(), &caller.actor(), log)
            .await
            .map_err(in_log)?;
        Ok(Response::new(pb::PostTransactionResponse { transaction }))
    }

    async fn set_up_tenant(
        &self,
        request: Request<pb::SetUpTenantRequest>,
    ) -> Result<Response<pb::SetUpTenantResponse>, Status> {
        let (caller, _) = admit(request)?;
        // The tenant's database comes into being with its first document, so there is nothing to prepare.
        Ok(Response::new(pb::SetUpTenantResponse {
            tenant_id: caller.tenant().to_string(),
        }))
    }
}
