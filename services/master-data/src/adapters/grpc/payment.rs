//! Payment methods over gRPC.

use kugel_proto::master_data::v1 as pb;
use kugel_proto::master_data::v1::payment_service_server::PaymentService;
use kugel_rpc::admit;
use kugel_store::Stored;
use tonic::{Request, Response, Status};

use super::{Checks, Service, answer, page, page_request};
use crate::domain::records::Payment;

fn parse(sent: Option<pb::Payment>) -> kugel_error::Result<Payment> {
    let sent = sent.unwrap_or_default();
    let mut checks = Checks::default();
    checks.within("payment.");
    let payment = Payment {
        payment_code: checks.key("payment_code", sent.payment_code),
        description: checks.text("description", sent.description),
        limit_amount: checks.amount("limit_amount", sent.limit_amount),
        can_refund: checks.required("can_refund", sent.can_refund),
        can_deposit_over: checks.required("can_deposit_over", sent.can_deposit_over),
        can_change: checks.required("can_change", sent.can_change),
        is_active: checks.required("is_active", sent.is_active),
    };
    checks.done().map(|()| payment)
}

#[tonic::async_trait]
impl PaymentService for Service {
    async fn create_payment(
        &self,
        request: Request<pb::CreatePaymentRequest>,
    ) -> Result<Response<pb::CreatePaymentResponse>, Status> {
        let (caller, message) = admit(request)?;
        let payment = self.0.masters.create(&caller, parse(message.payment)?).await?;
        answer(pb::CreatePaymentResponse {
            payment: Some(self.payment(&payment)),
        })
    }

    async fn list_payments(
        &self,
        request: Request<pb::ListPaymentsRequest>,
    ) -> Result<Response<pb::ListPaymentsResponse>, Status> {
        let (caller, message) = admit(request)?;
        let listed = self
            .0
            .masters
            .list(&caller, page_request!(message, 100), Vec::new())
            .await?;
        let (payments, metadata) = page(listed, |payment| self.payment(payment));
        answer(pb::ListPaymentsResponse { payments, metadata })
    }

    async fn get_payment(
        &self,
        request: Request<pb::GetPaymentRequest>,
    ) -> Result<Response<pb::GetPaymentResponse>, Status> {
        let (caller, message) = admit(request)?;
        let payment = self.0.masters.get(&caller, &message.payment_code).await?;
        answer(pb::GetPaymentResponse {
            payment: Some(self.payment(&payment)),
        })
    }

    async fn update_payment(
        &self,
        request: Request<pb::UpdatePaymentRequest>,
    ) -> Result<Response<pb::UpdatePaymentResponse>, Status> {
        let (caller, message) = admit(request)?;
        let payment: Payment = parse(message.payment)?;
        let edit = |_: &Payment| Ok(payment.clone());
        let payment = self
            .0
            .masters
            .change(&caller, &payment.payment_code, edit)
            .await?;
        answer(pb::UpdatePaymentResponse {
            payment: Some(self.payment(&payment)),
        })
    }

    async fn delete_payment(
        &self,
        request: Request<pb::DeletePaymentRequest>,
    ) -> Result<Response<pb::DeletePaymentResponse>, Status> {
        let (caller, message) = admit(request)?;
        self.0
            .masters
            .delete::<Payment>(&caller, &message.payment_code)
            .await?;
        answer(pb::DeletePaymentResponse {
            payment_code: message.payment_code,
        })
    }
}

impl Service {
    fn payment(&self, payment: &Stored<Payment>) -> pb::Payment {
        let (entry_datetime, last_update_datetime) = self.times(payment);
        pb::Payment {
            payment_code: payment.payment_code.clone(),
            description: Some(payment.description.clone()),
            limit_amount: Some(payment.limit_amount.into()),
            can_refund: Some(payment.can_refund),
            can_deposit_over: Some(payment.can_deposit_over),
            can_change: Some(payment.can_change),
            is_active: Some(payment.is_active),
            entry_datetime,
            last_update_datetime,
        }
    }
}
