//! Carts over gRPC.

use kugel_proto::cart::v1 as pb;
use kugel_proto::cart::v1::cart_service_server::CartService;
use kugel_rpc::admit;
use tonic::{Request, Response, Status};

use super::{convert, render};
use crate::app::App;

/// Answers the methods of carts.
pub(crate) struct Carts(pub(crate) App);

#[tonic::async_trait]
impl CartService for Carts {
    async fn create_cart(
        &self,
        request: Request<pb::CreateCartRequest>,
    ) -> Result<Response<pb::CreateCartResponse>, Status> {
        let (caller, request) = admit(request)?;
        let id = self
            .0
            .create_cart(&convert::till(&caller)?, convert::new_cart(request))
            .await?;
        Ok(Response::new(pb::CreateCartResponse {
            cart_id: id.to_string(),
        }))
    }

    async fn get_cart(
        &self,
        request: Request<pb::GetCartRequest>,
    ) -> Result<Response<pb::GetCartResponse>, Status> {
        let (caller, request) = admit(request)?;
        let cart = self
            .0
            .get_cart(convert::terminal(&caller)?, request.cart_id.parse()?)
            .await?;
        Ok(Response::new(pb::GetCartResponse {
            cart: Some(render::shown(&cart)),
        }))
    }

    async fn cancel_cart(
        &self,
        request: Request<pb::CancelCartRequest>,
    ) -> Result<Response<pb::CancelCartResponse>, Status> {
        let (caller, request) = admit(request)?;
        let (till, id) = (convert::till(&caller)?, request.cart_id.parse()?);
        let cart = self.0.cancel_cart(&till, id).await?;
        Ok(Response::new(pb::CancelCartResponse {
            cart: Some(render::shown(&cart)),
        }))
    }

    async fn add_line_items(
        &self,
        request: Request<pb::AddLineItemsRequest>,
    ) -> Result<Response<pb::AddLineItemsResponse>, Status> {
        let (caller, request) = admit(request)?;
        let (till, id) = (convert::till(&caller)?, request.cart_id.parse()?);
        let cart = self
            .0
            .add_line_items(&till, id, convert::line_entries(request.line_items)?)
            .await?;
        Ok(Response::new(pb::AddLineItemsResponse {
            cart: Some(render::cart(&cart)),
        }))
    }

    async fn cancel_line_item(
        &self,
        request: Request<pb::CancelLineItemRequest>,
    ) -> Result<Response<pb::CancelLineItemResponse>, Status> {
        let (caller, request) = admit(request)?;
        let (till, id) = (convert::till(&caller)?, request.cart_id.parse()?);
        let cart = self.0.cancel_line_item(&till, id, request.line_no).await?;
        Ok(Response::new(pb::CancelLineItemResponse {
            cart: Some(render::cart(&cart)),
        }))
    }

    async fn update_unit_price(
        &self,
        request: Request<pb::UpdateUnitPriceRequest>,
    ) -> Result<Response<pb::UpdateUnitPriceResponse>, Status> {
        let (caller, request) = admit(request)?;
        let (till, id) = (convert::till(&caller)?, request.cart_id.parse()?);
        let cart = self
            .0
            .update_unit_price(
                &till,
                id,
                request.line_no,
                convert::unit_price(request.unit_price.as_ref())?,
            )
            .await?;
        Ok(Response::new(pb::UpdateUnitPriceResponse {
            cart: Some(render::cart(&cart)),
        }))
    }

    async fn update_quantity(
        &self,
        request: Request<pb::UpdateQuantityRequest>,
    ) -> Result<Response<pb::UpdateQuantityResponse>, Status> {
        let (caller, request) = admit(request)?;
        let (till, id) = (convert::till(&caller)?, request.cart_id.parse()?);
        let cart = self
            .0
            .update_quantity(
                &till,
                id,
                request.line_no,
                convert::quantity(request.quantity.as_ref())?,
            )
            .await?;
        Ok(Response::new(pb::UpdateQuantityResponse {
            cart: Some(render::cart(&cart)),
        }))
    }

    async fn discount_line_item(
        &self,
        request: Request<pb::DiscountLineItemRequest>,
    ) -> Result<Response<pb::DiscountLineItemResponse>, Status> {
        let (caller, request) = admit(request)?;
        let (till, id) = (convert::till(&caller)?, request.cart_id.parse()?);
        let cart = self
            .0
            .discount_line_item(&till, id, request.line_no, convert::discounts(request.discounts)?)
            .await?;
        Ok(Response::new(pb::DiscountLineItemResponse {
            cart: Some(render::cart(&cart)),
        }))
    }

    async fn subtotal_cart(
        &self,
        request: Request<pb::SubtotalCartRequest>,
    ) -> Result<Response<pb::SubtotalCartResponse>, Status> {
        let (caller, request) = admit(request)?;
        let (till, id) = (convert::till(&caller)?, request.cart_id.parse()?);
        let cart = self.0.subtotal_cart(&till, id).await?;
        Ok(Response::new(pb::SubtotalCartResponse {
            cart: Some(render::cart(&cart)),
        }))
    }

    async fn discount_cart(
        &self,
        request: Request<pb::DiscountCartRequest>,
    ) -> Result<Response<pb::DiscountCartResponse>, Status> {
        let (caller, request) = admit(request)?;
        let (till, id) = (convert::till(&caller)?, request.cart_id.parse()?);
        let cart = self
            .0
            .discount_cart(&till, id, convert::discounts(request.discounts)?)
            .await?;
        Ok(Response::new(pb::DiscountCartResponse {
            cart: Some(render::cart(&cart)),
        }))
    }

    async fn add_payments(
        &self,
        request: Request<pb::AddPaymentsRequest>,
    ) -> Result<Response<pb::AddPaymentsResponse>, Status> {
        let (caller, request) = admit(request)?;
        let (till, id) = (convert::till(&caller)?, request.cart_id.parse()?);
        let cart = self
            .0
            .add_payments(&till, id, convert::payments(request.payments)?)
            .await?;
        Ok(Response::new(pb::AddPaymentsResponse {
            cart: Some(render::cart(&cart)),
        }))
    }

    async fn bill_cart(
        &self,
        request: Request<pb::BillCartRequest>,
    ) -> Result<Response<pb::BillCartResponse>, Status> {
        let (caller, request) = admit(request)?;
        let (till, id) = (convert::till(&caller)?, request.cart_id.parse()?);
        let cart = self.0.bill_cart(&till, id).await?;
        Ok(Response::new(pb::BillCartResponse {
            cart: Some(render::shown(&cart)),
        }))
    }

    async fn resume_item_entry(
        &self,
        request: Request<pb::ResumeItemEntryRequest>,
    ) -> Result<Response<pb::ResumeItemEntryResponse>, Status> {
        let (caller, request) = admit(request)?;
        let (till, id) = (convert::till(&caller)?, request.cart_id.parse()?);
        let cart = self.0.resume_item_entry(&till, id).await?;
        Ok(Response::new(pb::ResumeItemEntryResponse {
            cart: Some(render::cart(&cart)),
        }))
    }
}
