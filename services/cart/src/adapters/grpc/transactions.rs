//! Transactions over gRPC, and the administration of the service.

use futures::StreamExt;
use futures::stream::BoxStream;
use kugel_proto::cart::v1 as pb;
use kugel_proto::cart::v1::transaction_service_server::TransactionService;
use kugel_rpc::admit;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use super::{convert, render};
use crate::app::App;
use crate::domain::reversal::Reversal;

/// Answers the methods of transactions.
pub(crate) struct Transactions(pub(crate) App);

/// What the terminal cache is called.
const TERMINAL_INFO: &str = "terminal_info";

#[tonic::async_trait]
impl TransactionService for Transactions {
    async fn list_transactions(
        &self,
        request: Request<pb::ListTransactionsRequest>,
    ) -> Result<Response<pb::ListTransactionsResponse>, Status> {
        let (caller, request) = admit(request)?;
        let (terminal, filter, view) = convert::list(caller.tenant(), &request)?;
        let (sort, page) = (view.sort.clone(), view.page);
        let found = self.0.list_transactions(&terminal, filter, sort, page).await?;
        Ok(Response::new(pb::ListTransactionsResponse {
            transactions: found.rows.iter().map(render::transaction).collect(),
            metadata: Some(view.metadata(found.total)),
        }))
    }

    async fn get_transaction(
        &self,
        request: Request<pb::GetTransactionRequest>,
    ) -> Result<Response<pb::GetTransactionResponse>, Status> {
        let (caller, request) = admit(request)?;
        let terminal = convert::named_terminal(caller.tenant(), &request.store_code, request.terminal_no)?;
        let found = self.0.get_transaction(&terminal, request.transaction_no).await?;
        Ok(Response::new(pb::GetTransactionResponse {
            transaction: Some(render::transaction(&found)),
        }))
    }

    async fn void_transaction(
        &self,
        request: Request<pb::VoidTransactionRequest>,
    ) -> Result<Response<pb::VoidTransactionResponse>, Status> {
        let (caller, request) = admit(request)?;
        let (tenant, store_code) = (caller.tenant(), &request.store_code);
        let (terminal, payments) =
            convert::reversal(tenant, store_code, request.terminal_no, request.payments)?;
        let (till, number) = (convert::till(&caller)?, request.transaction_no);
        let made = self
            .0
            .reverse_transaction(Reversal::Void, &till, &terminal, number, payments)
            .await?;
        Ok(Response::new(pb::VoidTransactionResponse {
            transaction: Some(render::transaction(&made)),
        }))
    }

    async fn return_transaction(
        &self,
        request: Request<pb::ReturnTransactionRequest>,
    ) -> Result<Response<pb::ReturnTransactionResponse>, Status> {
        let (caller, request) = admit(request)?;
        let (tenant, store_code) = (caller.tenant(), &request.store_code);
        let (terminal, payments) =
            convert::reversal(tenant, store_code, request.terminal_no, request.payments)?;
        let (till, number) = (convert::till(&caller)?, request.transaction_no);
        let made = self
            .0
            .reverse_transaction(Reversal::Return, &till, &terminal, number, payments)
            .await?;
        Ok(Response::new(pb::ReturnTransactionResponse {
            transaction: Some(render::transaction(&made)),
        }))
    }

    async fn update_delivery_status(
        &self,
        request: Request<pb::UpdateDeliveryStatusRequest>,
    ) -> Result<Response<pb::UpdateDeliveryStatusResponse>, Status> {
        let (caller, request) = admit(request)?;
        self.0
            .acknowledge(caller.tenant(), convert::acknowledgement(&request)?)
            .await?;
        Ok(Response::new(pb::UpdateDeliveryStatusResponse {
            event_id: request.event_id,
            service: request.service,
            status: request.status,
            success: true,
        }))
    }

    type StreamTransactionsStream = BoxStream<'static, Result<pb::StreamTransactionsResponse, Status>>;

    async fn stream_transactions(
        &self,
        request: Request<pb::StreamTransactionsRequest>,
    ) -> Result<Response<Self::StreamTransactionsStream>, Status> {
        let (caller, request) = admit(request)?;
        let logs = self
            .0
            .stream_transactions(caller.tenant().clone(), convert::stream(&request)?);
        let answers = ReceiverStream::new(logs).map(|log| {
            let transaction = (*log?).clone();
            Ok(pb::StreamTransactionsResponse {
                transaction: Some(transaction),
            })
        });
        Ok(Response::new(answers.boxed()))
    }

    async fn seal_session(
        &self,
        request: Request<pb::SealSessionRequest>,
    ) -> Result<Response<pb::SealSessionResponse>, Status> {
        let (caller, request) = admit(request)?;
        let (terminal, session) = convert::session(caller.tenant(), &request)?;
        let sealed = self.0.seal_session(&caller, &terminal, session).await?;
        Ok(Response::new(pb::SealSessionResponse {
            session: Some(render::session(&sealed.sums)),
            open_cart_ids: sealed.open_carts,
        }))
    }

    async fn get_session(
        &self,
        request: Request<pb::GetSessionRequest>,
    ) -> Result<Response<pb::GetSessionResponse>, Status> {
        let (caller, request) = admit(request)?;
        let terminal = convert::named_terminal(caller.tenant(), &request.store_code, request.terminal_no)?;
        let session = self.0.last_session(&terminal).await?;
        Ok(Response::new(pb::GetSessionResponse {
            session: session.as_ref().map(render::session),
        }))
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

    async fn get_terminal_cache(
        &self,
        request: Request<pb::GetTerminalCacheRequest>,
    ) -> Result<Response<pb::GetTerminalCacheResponse>, Status> {
        let (caller, _) = admit(request)?;
        let own = self.0.terminals.cached_terminals(caller.tenant());
        let own: Vec<String> = own.iter().map(ToString::to_string).collect();
        Ok(Response::new(pb::GetTerminalCacheResponse {
            cache_type: TERMINAL_INFO.to_owned(),
            tenant_id: caller.tenant().to_string(),
            tenant_cache_size: count(own.len()),
            total_cache_size: count(own.len()),
            cached_terminal_ids: own,
            status: "active".to_owned(),
        }))
    }

    async fn clear_terminal_cache(
        &self,
        request: Request<pb::ClearTerminalCacheRequest>,
    ) -> Result<Response<pb::ClearTerminalCacheResponse>, Status> {
        let (caller, _) = admit(request)?;
        let own = self.0.terminals.cached_terminals(caller.tenant()).len();
        self.0.terminals.forget_terminals(caller.tenant());
        Ok(Response::new(pb::ClearTerminalCacheResponse {
            message: format!("{own} terminals are forgotten"),
            cache_type: TERMINAL_INFO.to_owned(),
            tenant_id: caller.tenant().to_string(),
            items_cleared: count(own),
        }))
    }
}

fn count(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
