//! Promotions.

use kugel_proto::master_data::v1 as pb;
use kugel_proto::master_data::v1::promotion_service_server::PromotionService;
use kugel_rpc::admit;
use tonic::{Request, Response, Status};

use super::{convert, render};
use crate::app::App;
use crate::domain::promotion::{Promotion, Wanted};

pub(super) struct Promotions(pub(super) App);

#[tonic::async_trait]
impl PromotionService for Promotions {
    async fn create_promotion(
        &self,
        request: Request<pb::CreatePromotionRequest>,
    ) -> Result<Response<pb::CreatePromotionResponse>, Status> {
        let (caller, request) = admit(request)?;
        let promotion = self
            .0
            .create(&caller, convert::promotion(request.promotion, &self.0.zone)?)
            .await?;
        Ok(Response::new(pb::CreatePromotionResponse {
            promotion: Some(render::promotion(&promotion, &self.0.zone)),
        }))
    }

    async fn list_promotions(
        &self,
        request: Request<pb::ListPromotionsRequest>,
    ) -> Result<Response<pb::ListPromotionsResponse>, Status> {
        let (caller, request) = admit(request)?;
        let view = convert::view::<Promotion>(request.limit, request.page, request.sort.as_deref())?;
        let listed = self
            .0
            .promotions(
                &caller,
                view,
                convert::promotion_filters(request.promotion_type, request.is_active),
            )
            .await?;
        let (promotions, metadata) =
            render::page(listed, |promotion| render::promotion(promotion, &self.0.zone));
        Ok(Response::new(pb::ListPromotionsResponse { promotions, metadata }))
    }

    async fn get_promotion(
        &self,
        request: Request<pb::GetPromotionRequest>,
    ) -> Result<Response<pb::GetPromotionResponse>, Status> {
        let (caller, request) = admit(request)?;
        let promotion = self.0.promotion(&caller, &request.promotion_code).await?;
        Ok(Response::new(pb::GetPromotionResponse {
            promotion: Some(render::promotion(&promotion, &self.0.zone)),
        }))
    }

    async fn update_promotion(
        &self,
        request: Request<pb::UpdatePromotionRequest>,
    ) -> Result<Response<pb::UpdatePromotionResponse>, Status> {
        let (caller, request) = admit(request)?;
        let promotion_code = request.promotion_code.clone();
        let changes = convert::promotion_changes(request, &self.0.zone)?;
        let promotion = self
            .0
            .change_promotion(&caller, &promotion_code, &changes)
            .await?;
        Ok(Response::new(pb::UpdatePromotionResponse {
            promotion: Some(render::promotion(&promotion, &self.0.zone)),
        }))
    }

    async fn delete_promotion(
        &self,
        request: Request<pb::DeletePromotionRequest>,
    ) -> Result<Response<pb::DeletePromotionResponse>, Status> {
        let (caller, request) = admit(request)?;
        self.0.delete_promotion(&caller, &request.promotion_code).await?;
        Ok(Response::new(pb::DeletePromotionResponse {
            promotion_code: request.promotion_code,
        }))
    }

    async fn restore_promotion(
        &self,
        request: Request<pb::RestorePromotionRequest>,
    ) -> Result<Response<pb::RestorePromotionResponse>, Status> {
        let (caller, request) = admit(request)?;
        let promotion = self.0.restore_promotion(&caller, &request.promotion_code).await?;
        Ok(Response::new(pb::RestorePromotionResponse {
            promotion: Some(render::promotion(&promotion, &self.0.zone)),
        }))
    }

    async fn list_active_promotions(
        &self,
        request: Request<pb::ListActivePromotionsRequest>,
    ) -> Result<Response<pb::ListActivePromotionsResponse>, Status> {
        let (caller, request) = admit(request)?;
        let wanted = Wanted {
            store_code: request.store_code,
            category_code: request.category_code,
            promotion_type: request.promotion_type,
        };
        let promotions = self.0.active_promotions(&caller, &wanted).await?;
        let promotions = promotions
            .iter()
            .map(|promotion| render::promotion(promotion, &self.0.zone));
        Ok(Response::new(pb::ListActivePromotionsResponse {
            promotions: promotions.collect(),
        }))
    }
}
