//! Taxes.

use kugel_proto::master_data::v1 as pb;
use kugel_proto::master_data::v1::tax_service_server::TaxService;
use kugel_rpc::admit;
use tonic::{Request, Response, Status};

use super::{convert, render};
use crate::app::App;
use crate::domain::tax::Tax;

pub(super) struct Taxes(pub(super) App);

#[tonic::async_trait]
impl TaxService for Taxes {
    async fn create_tax(
        &self,
        request: Request<pb::CreateTaxRequest>,
    ) -> Result<Response<pb::CreateTaxResponse>, Status> {
        let (caller, request) = admit(request)?;
        let tax = self.0.create_tax(&caller, convert::tax(request.tax)?).await?;
        Ok(Response::new(pb::CreateTaxResponse {
            tax: Some(render::tax(&tax, &self.0.zone)),
        }))
    }

    async fn list_taxes(
        &self,
        request: Request<pb::ListTaxesRequest>,
    ) -> Result<Response<pb::ListTaxesResponse>, Status> {
        let (caller, request) = admit(request)?;
        let view = convert::view::<Tax>(request.limit, request.page, request.sort.as_deref())?;
        let listed = self.0.taxes(&caller, view).await?;
        let (taxes, metadata) = render::page(listed, |tax| render::tax(tax, &self.0.zone));
        Ok(Response::new(pb::ListTaxesResponse { taxes, metadata }))
    }

    async fn get_tax(
        &self,
        request: Request<pb::GetTaxRequest>,
    ) -> Result<Response<pb::GetTaxResponse>, Status> {
        let (caller, request) = admit(request)?;
        let tax = self.0.tax(&caller, &request.tax_code).await?;
        Ok(Response::new(pb::GetTaxResponse {
            tax: Some(render::tax(&tax, &self.0.zone)),
        }))
    }

    async fn update_tax(
        &self,
        request: Request<pb::UpdateTaxRequest>,
    ) -> Result<Response<pb::UpdateTaxResponse>, Status> {
        let (caller, request) = admit(request)?;
        let tax = self.0.update_tax(&caller, convert::tax(request.tax)?).await?;
        Ok(Response::new(pb::UpdateTaxResponse {
            tax: Some(render::tax(&tax, &self.0.zone)),
        }))
    }

    async fn delete_tax(
        &self,
        request: Request<pb::DeleteTaxRequest>,
    ) -> Result<Response<pb::DeleteTaxResponse>, Status> {
        let (caller, request) = admit(request)?;
        self.0.delete_tax(&caller, &request.tax_code).await?;
        Ok(Response::new(pb::DeleteTaxResponse {
            tax_code: request.tax_code,
        }))
    }
}
