//! Sessions, cash and logs over gRPC.

use std::pin::Pin;

use futures::{Stream, StreamExt as _, stream};
use kugel_proto::terminal::v1 as pb;
use kugel_proto::terminal::v1::session_service_server::SessionService;
use kugel_rpc::{Caller, NEW_TOKEN, admit};
use tonic::metadata::MetadataValue;
use tonic::{Request, Response, Status};

use super::{convert, render};
use crate::app::App;
use crate::domain::Terminal;

/// Answers the methods of sessions.
pub(crate) struct Sessions(pub(crate) App);

impl Sessions {
    /// An answer, with a fresh token beside it for the terminal that has called: nobody else gets one.
    fn renewed<T>(&self, caller: &Caller, terminal: &Terminal, message: T) -> Response<T> {
        if caller.terminal().is_none() {
            return Response::new(message);
        }
        let token = self.0.issue_token(terminal).token;
        let mut response = Response::new(message);
        let value = MetadataValue::try_from(token).expect("a token is visible ASCII");
        response.metadata_mut().insert(NEW_TOKEN, value);
        response
    }
}

#[tonic::async_trait]
impl SessionService for Sessions {
    async fn sign_in_terminal(
        &self,
        request: Request<pb::SignInTerminalRequest>,
    ) -> Result<Response<pb::SignInTerminalResponse>, Status> {
        let (caller, request) = admit(request)?;
        let stored = self
            .0
            .sign_in(&caller, convert::sign_in(&caller, request)?)
            .await?;
        let terminal = Some(render::terminal(&stored, &self.0.zone));
        Ok(self.renewed(&caller, &stored.terminal, pb::SignInTerminalResponse { terminal }))
    }

    async fn create_approval(
        &self,
        request: Request<pb::CreateApprovalRequest>,
    ) -> Result<Response<pb::CreateApprovalResponse>, Status> {
        let (caller, request) = admit(request)?;
        let approval = self
            .0
            .approve(&caller, convert::approval(&caller, request)?)
            .await?;
        let text = self.0.tokens.issue_approval(&approval);
        Ok(Response::new(render::approval(approval, text, &self.0.zone)))
    }

    async fn unlock_terminal(
        &self,
        request: Request<pb::UnlockTerminalRequest>,
    ) -> Result<Response<pb::UnlockTerminalResponse>, Status> {
        let (caller, request) = admit(request)?;
        let id = convert::terminal(&caller, &request.terminal_id)?;
        self.0.unlock_terminal(&caller, &id).await?;
        Ok(Response::new(pb::UnlockTerminalResponse {
            terminal_id: id.to_string(),
        }))
    }

    async fn unlock_staff(
        &self,
        request: Request<pb::UnlockStaffRequest>,
    ) -> Result<Response<pb::UnlockStaffResponse>, Status> {
        let (caller, request) = admit(request)?;
        self.0.unlock_staff(&caller, &request.staff_id).await?;
        Ok(Response::new(pb::UnlockStaffResponse {
            staff_id: request.staff_id,
        }))
    }

    async fn sign_out_terminal(
        &self,
        request: Request<pb::SignOutTerminalRequest>,
    ) -> Result<Response<pb::SignOutTerminalResponse>, Status> {
        let (caller, request) = admit(request)?;
        let id = convert::terminal(&caller, &request.terminal_id)?;
        let stored = self.0.sign_out(&caller, &id).await?;
        let terminal = Some(render::terminal(&stored, &self.0.zone));
        Ok(self.renewed(
            &caller,
            &stored.terminal,
            pb::SignOutTerminalResponse { terminal },
        ))
    }

    async fn open_terminal(
        &self,
        request: Request<pb::OpenTerminalRequest>,
    ) -> Result<Response<pb::OpenTerminalResponse>, Status> {
        let (caller, request) = admit(request)?;
        let fund = request.initial_amount.as_ref();
        let (id, fund) = convert::counted(&caller, &request.terminal_id, "initial_amount", fund)?;
        let session = self.0.open_terminal(&caller, &id, fund).await?;
        let terminal = &session.terminal.terminal;
        Ok(self.renewed(&caller, terminal, render::opened(&session, &self.0.zone)))
    }

    async fn close_terminal(
        &self,
        request: Request<pb::CloseTerminalRequest>,
    ) -> Result<Response<pb::CloseTerminalResponse>, Status> {
        let (caller, request) = admit(request)?;
        let counted = request.physical_amount.as_ref();
        let (id, counted) = convert::counted(&caller, &request.terminal_id, "physical_amount", counted)?;
        let session = self.0.close_terminal(&caller, &id, counted).await?;
        let terminal = &session.changed.terminal.terminal;
        Ok(self.renewed(&caller, terminal, render::closed(&session, &self.0.zone)))
    }

    async fn record_cash_in(
        &self,
        request: Request<pb::RecordCashInRequest>,
    ) -> Result<Response<pb::RecordCashInResponse>, Status> {
        let (caller, request) = admit(request)?;
        let moved = self
            .0
            .move_cash(&caller, convert::cash_in(&caller, request)?)
            .await?;
        let movement = Some(render::movement(moved));
        Ok(Response::new(pb::RecordCashInResponse { movement }))
    }

    async fn record_cash_out(
        &self,
        request: Request<pb::RecordCashOutRequest>,
    ) -> Result<Response<pb::RecordCashOutResponse>, Status> {
        let (caller, request) = admit(request)?;
        let moved = self
            .0
            .move_cash(&caller, convert::cash_out(&caller, request)?)
            .await?;
        let movement = Some(render::movement(moved));
        Ok(Response::new(pb::RecordCashOutResponse { movement }))
    }

    async fn record_cash_in_out(
        &self,
        request: Request<pb::RecordCashInOutRequest>,
    ) -> Result<Response<pb::RecordCashInOutResponse>, Status> {
        let (caller, request) = admit(request)?;
        let moved = self
            .0
            .move_cash(&caller, convert::cash_in_out(&caller, request)?)
            .await?;
        let movement = Some(render::movement(moved));
        Ok(Response::new(pb::RecordCashInOutResponse { movement }))
    }

    async fn update_delivery_status(
        &self,
        request: Request<pb::UpdateDeliveryStatusRequest>,
    ) -> Result<Response<pb::UpdateDeliveryStatusResponse>, Status> {
        let (caller, request) = admit(request)?;
        let answer = pb::UpdateDeliveryStatusResponse {
            event_id: request.event_id.clone(),
            service: request.service.clone(),
            status: request.status.clone(),
            success: true,
        };
        self.0.note_delivery(convert::delivery(&caller, request)?).await?;
        Ok(Response::new(answer))
    }

    type StreamLogsStream = Pin<Box<dyn Stream<Item = Result<pb::StreamLogsResponse, Status>> + Send>>;

    async fn stream_logs(
        &self,
        request: Request<pb::StreamLogsRequest>,
    ) -> Result<Response<Self::StreamLogsStream>, Status> {
        let (caller, request) = admit(request)?;
        let (app, tenant) = (self.0.clone(), caller.tenant().clone());
        let store = convert::optional_store(&request.store_code)?;
        let terminals = app.logged_terminals(&tenant, store.as_ref()).await?;
        let logs = stream::iter(terminals).then(move |(store, number)| {
            let (app, tenant) = (app.clone(), tenant.clone());
            async move { app.logs(&tenant, &store, number).await }
        });
        let rows = logs.flat_map(|logs| match logs {
            Ok(logs) => stream::iter(
                logs.into_iter()
                    .map(|log| Ok(render::log(log)))
                    .collect::<Vec<_>>(),
            ),
            Err(error) => stream::iter(vec![Err(error.into())]),
        });
        Ok(Response::new(Box::pin(rows)))
    }
}
