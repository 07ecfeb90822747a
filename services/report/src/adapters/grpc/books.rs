//! The mending of sessions over gRPC.

use kugel_proto::report::v1 as pb;
use kugel_proto::report::v1::books_service_server::BooksService;
use kugel_rpc::admit;
use tonic::{Request, Response, Status};

use super::{convert, render};
use crate::app::App;

/// Answers the methods of sessions that do not settle.
pub(crate) struct Books(pub(crate) App);

#[tonic::async_trait]
impl BooksService for Books {
    async fn list_unsettled_sessions(
        &self,
        request: Request<pb::ListUnsettledSessionsRequest>,
    ) -> Result<Response<pb::ListUnsettledSessionsResponse>, Status> {
        let (caller, request) = admit(request)?;
        let store = convert::unsettled(&request)?;
        let sessions = self.0.unsettled_sessions(&caller, store.as_ref()).await?;
        Ok(Response::new(pb::ListUnsettledSessionsResponse {
            sessions: sessions.into_iter().map(render::unsettled).collect(),
        }))
    }

    async fn mend_session(
        &self,
        request: Request<pb::MendSessionRequest>,
    ) -> Result<Response<pb::MendSessionResponse>, Status> {
        let (caller, request) = admit(request)?;
        let session = convert::mend(&request)?;
        let mended = self.0.mend_session(&caller, &session).await?;
        Ok(Response::new(render::mended(mended)))
    }

    async fn settle_session(
        &self,
        request: Request<pb::SettleSessionRequest>,
    ) -> Result<Response<pb::SettleSessionResponse>, Status> {
        let (caller, request) = admit(request)?;
        let (session, reason, made_by) = convert::settle(request)?;
        let remark = self.0.settle_session(&caller, session, reason, made_by).await?;
        let remark = Some(render::remark(&remark));
        Ok(Response::new(pb::SettleSessionResponse { remark }))
    }
}
