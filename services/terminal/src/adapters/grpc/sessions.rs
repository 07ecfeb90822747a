use std::pin::Pin;

use futures::{Stream, StreamExt as _, stream};
use kugel_error::Error;
use kugel_proto::terminal::v1::session_service_server::SessionService;
use kugel_proto::terminal::v1::*;
use kugel_rpc::admit;
use tonic::{Request, Response, Status, async_trait};

use super::{parse, render};
use crate::app::{App, CashMovement, DeliveryReport, LogEntry, MoveCash, SignIn};
use crate::domain::CashDirection;

/// `kugel.terminal.v1.SessionService`.
pub struct Sessions(pub App);

#[async_trait]
impl SessionService for Sessions {
    async fn sign_in_terminal(
        &self,
        request: Request<SignInTerminalRequest>,
    ) -> Result<Response<SignInTerminalResponse>, Status> {
        let (caller, message) = admit(request)?;
        let terminal = parse::terminal(&caller, &message.terminal_id)?;
        let who = SignIn {
            terminal,
            staff_id: message.staff_id,
            pin: message.staff_pin,
        };
        let view = self.0.sign_in(&caller, who).await?;
        let terminal = Some(render::terminal(&view, &self.0.zone));
        Ok(render::with_token(
            &self.0,
            &view,
            SignInTerminalResponse { terminal },
        ))
    }

    async fn sign_out_terminal(
        &self,
        request: Request<SignOutTerminalRequest>,
    ) -> Result<Response<SignOutTerminalResponse>, Status> {
        let (caller, message) = admit(request)?;
        let view = self
            .0
            .sign_out(&caller, &parse::terminal(&caller, &message.terminal_id)?)
            .await?;
        let terminal = Some(render::terminal(&view, &self.0.zone));
        Ok(render::with_token(
            &self.0,
            &view,
            SignOutTerminalResponse { terminal },
        ))
    }

    async fn open_terminal(
        &self,
        request: Request<OpenTerminalRequest>,
    ) -> Result<Response<OpenTerminalResponse>, Status> {
        let (caller, message) = admit(request)?;
        let id = parse::terminal(&caller, &message.terminal_id)?;
        let fund = parse::amount("initial_amount", message.initial_amount)?;
        let session = self.0.open_terminal(&caller, &id, fund).await?;
        let terminal = render::terminal(&session.view, &self.0.zone);
        let answer = OpenTerminalResponse {
            terminal_id: terminal.terminal_id.clone(),
            business_date: terminal.business_date.clone().unwrap_or_default(),
            open_counter: terminal.open_counter,
            business_counter: terminal.business_counter,
            initial_amount: terminal.initial_amount.clone(),
            terminal_info: Some(terminal),
            receipt_text: session.receipt_text,
            journal_text: session.journal_text,
        };
        Ok(render::with_token(&self.0, &session.view, answer))
    }

    async fn close_terminal(
        &self,
        request: Request<CloseTerminalRequest>,
    ) -> Result<Response<CloseTerminalResponse>, Status> {
        let (caller, message) = admit(request)?;
        let id = parse::terminal(&caller, &message.terminal_id)?;
        let counted = parse::amount("physical_amount", message.physical_amount)?;
        let session = self.0.close_terminal(&caller, &id, counted).await?;
        let terminal = render::terminal(&session.view, &self.0.zone);
        let answer = CloseTerminalResponse {
            terminal_id: terminal.terminal_id.clone(),
            business_date: terminal.business_date.clone().unwrap_or_default(),
            open_counter: terminal.open_counter,
            business_counter: terminal.business_counter,
            initial_amount: terminal.initial_amount.clone(),
            physical_amount: terminal.physical_amount.clone(),
            terminal_info: Some(terminal),
            receipt_text: session.receipt_text,
            journal_text: session.journal_text,
            expected_amount: Some(session.expected.into()),
            difference_amount: session.difference.map(Into::into),
        };
        Ok(render::with_token(&self.0, &session.view, answer))
    }

    async fn record_cash_in(
        &self,
        request: Request<RecordCashInRequest>,
    ) -> Result<Response<RecordCashInResponse>, Status> {
        let (caller, message) = admit(request)?;
        let terminal = parse::terminal(&caller, &message.terminal_id)?;
        let (direction, amount) = (
            CashDirection::In,
            parse::required_amount("amount", message.amount)?,
        );
        let movement = MoveCash {
            terminal,
            direction,
            amount,
            description: message.description,
        };
        let moved = self.0.move_cash(&caller, movement).await?;
        let CashMovement {
            terminal,
            amount,
            description,
            receipt_text,
            journal_text,
        } = moved;
        let (terminal_id, amount) = (terminal.to_string(), Some(amount.into()));
        Ok(Response::new(RecordCashInResponse {
            terminal_id,
            amount,
            description,
            receipt_text,
            journal_text,
        }))
    }

    async fn record_cash_out(
        &self,
        request: Request<RecordCashOutRequest>,
    ) -> Result<Response<RecordCashOutResponse>, Status> {
        let (caller, message) = admit(request)?;
        let terminal = parse::terminal(&caller, &message.terminal_id)?;
        let (direction, amount) = (
            CashDirection::Out,
            parse::required_amount("amount", message.amount)?,
        );
        let movement = MoveCash {
            terminal,
            direction,
            amount,
            description: message.description,
        };
        let moved = self.0.move_cash(&caller, movement).await?;
        let CashMovement {
            terminal,
            amount,
            description,
            receipt_text,
            journal_text,
        } = moved;
        let (terminal_id, amount) = (terminal.to_string(), Some(amount.into()));
        Ok(Response::new(RecordCashOutResponse {
            terminal_id,
            amount,
            description,
            receipt_text,
            journal_text,
        }))
    }

    async fn record_cash_in_out(
        &self,
        request: Request<RecordCashInOutRequest>,
    ) -> Result<Response<RecordCashInOutResponse>, Status> {
        let (caller, message) = admit(request)?;
        let terminal = parse::terminal(&caller, &message.terminal_id)?;
        let amount = parse::required_amount("amount", message.amount)?;
        let (direction, amount) = parse::movement(message.operation.as_deref(), amount)?;
        let movement = MoveCash {
            terminal,
            direction,
            amount,
            description: message.description,
        };
        let moved = self.0.move_cash(&caller, movement).await?;
        let CashMovement {
            terminal,
            amount,
            description,
            receipt_text,
            journal_text,
        } = moved;
        let (terminal_id, amount) = (terminal.to_string(), Some(amount.into()));
        Ok(Response::new(RecordCashInOutResponse {
            terminal_id,
            amount,
            description,
            receipt_text,
            journal_text,
        }))
    }

    async fn update_delivery_status(
        &self,
        request: Request<UpdateDeliveryStatusRequest>,
    ) -> Result<Response<UpdateDeliveryStatusResponse>, Status> {
        let (caller, message) = admit(request)?;
        let UpdateDeliveryStatusRequest {
            event_id,
            service,
            status,
            message,
            ..
        } = message;
        let report = DeliveryReport {
            tenant: caller.tenant().clone(),
            event: event_id.parse().map_err(Error::from)?,
            service: service.clone(),
            outcome: parse::outcome(&status, message)?,
        };
        self.0.note_delivery(report).await?;
        Ok(Response::new(UpdateDeliveryStatusResponse {
            event_id,
            service,
            status,
            success: true,
        }))
    }

    type StreamLogsStream = Pin<Box<dyn Stream<Item = Result<StreamLogsResponse, Status>> + Send>>;

    async fn stream_logs(
        &self,
        request: Request<StreamLogsRequest>,
    ) -> Result<Response<Self::StreamLogsStream>, Status> {
        let (caller, message) = admit(request)?;
        let (app, tenant) = (self.0.clone(), caller.tenant().clone());
        let store = parse::given(Some(&message.store_code))?;
        let terminals = app.logged_terminals(&tenant, store.as_ref()).await?;
        let logs = stream::iter(terminals).then(move |(store, number)| {
            let (app, tenant) = (app.clone(), tenant.clone());
            async move { app.logs(&tenant, &store, number).await }
        });
        Ok(Response::new(Box::pin(
            logs.flat_map(|logs| stream::iter(rows(logs))),
        )))
    }
}

fn rows(logs: Result<Vec<LogEntry>, Error>) -> Vec<Result<StreamLogsResponse, Status>> {
    use stream_logs_response::Log;
    let row = |entry| {
        let log = match entry {
            LogEntry::Cash(log) => Log::CashLog(log.0.clone()),
            LogEntry::OpenClose(log) => Log::OpenCloseLog(log.0.clone()),
        };
        Ok(StreamLogsResponse { log: Some(log) })
    };
    match logs {
        Ok(logs) => logs.into_iter().map(row).collect(),
        Err(error) => vec![Err(error.into())],
    }
}
