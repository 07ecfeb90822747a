//! Categories.

use kugel_proto::master_data::v1 as pb;
use kugel_proto::master_data::v1::category_service_server::CategoryService;
use kugel_rpc::admit;
use tonic::{Request, Response, Status};

use super::{convert, render};
use crate::app::App;
use crate::domain::masters::Category;

pub(super) struct Categories(pub(super) App);

#[tonic::async_trait]
impl CategoryService for Categories {
    async fn create_category(
        &self,
        request: Request<pb::CreateCategoryRequest>,
    ) -> Result<Response<pb::CreateCategoryResponse>, Status> {
        let (caller, request) = admit(request)?;
        let category = self
            .0
            .create(&caller, convert::category(request.category)?)
            .await?;
        Ok(Response::new(pb::CreateCategoryResponse {
            category: Some(render::category(&category, &self.0.zone)),
        }))
    }

    async fn list_categories(
        &self,
        request: Request<pb::ListCategoriesRequest>,
    ) -> Result<Response<pb::ListCategoriesResponse>, Status> {
        let (caller, request) = admit(request)?;
        let view = convert::view::<Category>(request.limit, request.page, request.sort.as_deref())?;
        let listed = self.0.list(&caller, view, &[]).await?;
        let (categories, metadata) =
            render::page(listed, |category| render::category(category, &self.0.zone));
        Ok(Response::new(pb::ListCategoriesResponse { categories, metadata }))
    }

    async fn get_category(
        &self,
        request: Request<pb::GetCategoryRequest>,
    ) -> Result<Response<pb::GetCategoryResponse>, Status> {
        let (caller, request) = admit(request)?;
        let category = self.0.get(&caller, &request.category_code).await?;
        Ok(Response::new(pb::GetCategoryResponse {
            category: Some(render::category(&category, &self.0.zone)),
        }))
    }

    async fn update_category(
        &self,
        request: Request<pb::UpdateCategoryRequest>,
    ) -> Result<Response<pb::UpdateCategoryResponse>, Status> {
        let (caller, request) = admit(request)?;
        let category = self
            .0
            .replace(&caller, convert::category(request.category)?)
            .await?;
        Ok(Response::new(pb::UpdateCategoryResponse {
            category: Some(render::category(&category, &self.0.zone)),
        }))
    }

    async fn delete_category(
        &self,
        request: Request<pb::DeleteCategoryRequest>,
    ) -> Result<Response<pb::DeleteCategoryResponse>, Status> {
        let (caller, request) = admit(request)?;
        self.0.delete::<Category>(&caller, &request.category_code).await?;
        Ok(Response::new(pb::DeleteCategoryResponse {
            category_code: request.category_code,
        }))
    }
}
