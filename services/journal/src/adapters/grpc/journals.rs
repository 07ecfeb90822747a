//! The journal over gRPC, and the administration of the service.

use futures::stream::{BoxStream, StreamExt, TryStreamExt};
use kugel_proto::journal::v1 as pb;
use kugel_proto::journal::v1::journal_service_server::JournalService;
use kugel_rpc::admit;
use tonic::{Request, Response, Status};

use super::{convert, render};
use crate::app::App;

/// Answers the journal's methods.
pub(crate) struct Journals(pub(crate) App);

#[tonic::async_trait]
impl JournalService for Journals {
    async fn search_journals(
        &self,
        request: Request<pb::SearchJournalsRequest>,
    ) -> Result<Response<pb::SearchJournalsResponse>, Status> {
        let (caller, request) = admit(request)?;
        let search = convert::search(&request, &self.0.zone)?;
        let listing = self.0.search_journals(&caller, &search).await?;
        let rows = listing.rows.iter();
        Ok(Response::new(pb::SearchJournalsResponse {
            journals: rows.map(|row| render::stored(caller.tenant(), row)).collect(),
            metadata: Some(render::metadata(&request, &search, listing.total)),
        }))
    }

    type StreamJournalsStream = BoxStream<'static, Result<pb::StreamJournalsResponse, Status>>;

    async fn stream_journals(
        &self,
        request: Request<pb::StreamJournalsRequest>,
    ) -> Result<Response<Self::StreamJournalsStream>, Status> {
        let (caller, request) = admit(request)?;
        let search = convert::search(&convert::unpaged(request), &self.0.zone)?;
        let tenant = caller.tenant().clone();
        let entries = self.0.stream_journals(&caller, &search).await?;
        let answers = entries.map_ok(move |entry| pb::StreamJournalsResponse {
            journal: Some(render::stored(&tenant, &entry)),
        });
        Ok(Response::new(answers.map_err(Status::from).boxed()))
    }

    async fn create_journal(
        &self,
        request: Request<pb::CreateJournalRequest>,
    ) -> Result<Response<pb::CreateJournalResponse>, Status> {
        let (caller, request) = admit(request)?;
        let entry = convert::new_journal(caller.tenant(), request, &self.0.zone)?;
        let stored = self.0.create_journal(&caller, entry).await?;
        let journal = Some(render::entry(caller.tenant(), &stored, &caller.actor()));
        Ok(Response::new(pb::CreateJournalResponse { journal }))
    }

    async fn post_transaction(
        &self,
        request: Request<pb::PostTransactionRequest>,
    ) -> Result<Response<pb::PostTransactionResponse>, Status> {
        let (caller, request) = admit(request)?;
        let log = convert::posted_transaction(caller.tenant(), request)?;
        let filed = render::filed(&log);
        let posted = self.0.post_transaction(&caller, log).await;
        posted.map_err(|error| error.within("transaction"))?;
        Ok(Response::new(filed))
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
