//! Payment methods.

use kugel_proto::master_data::v1 as pb;
use kugel_proto::master_data::v1::payment_service_server::PaymentService;
use kugel_rpc::admit;
use tonic::{Request, Response, Status};

use super::{convert, render};
use crate::app::App;
use crate::domain::masters::Payment;

pub(super) struct Payments(pub(super) App);

#[tonic::async_trait]
impl PaymentService for Payments {
    async fn create_payment(
        &self,
        request: Request<pb::CreatePaymentRequest>,
    ) -> Result<Response<pb::CreatePaymentResponse>, Status> {
        let (caller, request) = admit(request)?;
        let payment = self.0.create(&caller, convert::payment(request.payment)?).await?;
        Ok(Response::new(pb::CreatePaymentResponse {
            payment: Some(render::payment(&payment, &self.0.zone)),
        }))
    }

    async fn list_payments(
        &self,
        request: Request<pb::ListPaymentsRequest>,
    ) -> Result<Response<pb::ListPaymentsResponse>, Status> {
        let (caller, request) = admit(request)?;
        let view = convert::view::<Payment>(request.limit, request.page, request.sort.as_deref())?;
        let listed = self.0.list(&caller, view, &[]).await?;
        let (payments, metadata) = render::page(listed, |payment| render::payment(payment, &self.0.zone));
        Ok(Response::new(pb::ListPaymentsResponse { payments, metadata }))
    }

    async fn get_payment(
        &self,
        request: Request<pb::GetPaymentRequest>,
    ) -> Result<Response<pb::GetPaymentResponse>, Status> {
        let (caller, request) = admit(request)?;
        let payment = self.0.get(&caller, &request.payment_code).await?;
        Ok(Response::new(pb::GetPaymentResponse {
            payment: Some(render::payment(&payment, &self.0.zone)),
        }))
    }

    async fn update_payment(
        &self,
        request: Request<pb::UpdatePaymentRequest>,
    ) -> Result<Response<pb::UpdatePaymentResponse>, Status> {
        let (caller, request) = admit(request)?;
        let payment = self
            .0
            .replace(&caller, convert::payment(request.payment)?)
            .await?;
        Ok(Response::new(pb::UpdatePaymentResponse {
            payment: Some(render::payment(&payment, &self.0.zone)),
        }))
    }

    async fn delete_payment(
        &self,
        request: Request<pb::DeletePaymentRequest>,
    ) -> Result<Response<pb::DeletePaymentResponse>, Status> {
        let (caller, request) = admit(request)?;
        self.0.delete::<Payment>(&caller, &request.payment_code).await?;
        Ok(Response::new(pb::DeletePaymentResponse {
            payment_code: request.payment_code,
        }))
    }
}
