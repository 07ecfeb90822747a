//! Categories over gRPC.

use kugel_proto::master_data::v1 as pb;
use kugel_proto::master_data::v1::category_service_server::CategoryService;
use kugel_rpc::admit;
use kugel_store::Stored;
use tonic::{Request, Response, Status};

use super::{Checks, Service, answer, page, page_request};
use crate::domain::records::Category;

fn parse(sent: Option<pb::Category>) -> kugel_error::Result<Category> {
    let sent = sent.unwrap_or_default();
    let mut checks = Checks::default();
    checks.within("category.");
    let category = Category {
        category_code: checks.key("category_code", sent.category_code),
        description: checks.text("description", sent.description),
        description_short: checks.text("description_short", sent.description_short),
        tax_code: checks.key("tax_code", sent.tax_code),
    };
    checks.done().map(|()| category)
}

#[tonic::async_trait]
impl CategoryService for Service {
    async fn create_category(
        &self,
        request: Request<pb::CreateCategoryRequest>,
    ) -> Result<Response<pb::CreateCategoryResponse>, Status> {
        let (caller, message) = admit(request)?;
        let category: Category = parse(message.category)?;
        let category = self.0.masters.create(&caller, category).await?;
        answer(pb::CreateCategoryResponse {
            category: Some(self.category(&category)),
        })
    }

    async fn list_categories(
        &self,
        request: Request<pb::ListCategoriesRequest>,
    ) -> Result<Response<pb::ListCategoriesResponse>, Status> {
        let (caller, message) = admit(request)?;
        let listed = self
            .0
            .masters
            .list(&caller, page_request!(message, 100), Vec::new())
            .await?;
        let (categories, metadata) = page(listed, |category| self.category(category));
        answer(pb::ListCategoriesResponse { categories, metadata })
    }

    async fn get_category(
        &self,
        request: Request<pb::GetCategoryRequest>,
    ) -> Result<Response<pb::GetCategoryResponse>, Status> {
        let (caller, message) = admit(request)?;
        let category = self.0.masters.get(&caller, &message.category_code).await?;
        answer(pb::GetCategoryResponse {
            category: Some(self.category(&category)),
        })
    }

    async fn update_category(
        &self,
        request: Request<pb::UpdateCategoryRequest>,
    ) -> Result<Response<pb::UpdateCategoryResponse>, Status> {
        let (caller, message) = admit(request)?;
        let category: Category = parse(message.category)?;
        let edit = |_: &Category| Ok(category.clone());
        let category = self
            .0
            .masters
            .change(&caller, &category.category_code, edit)
            .await?;
        answer(pb::UpdateCategoryResponse {
            category: Some(self.category(&category)),
        })
    }

    async fn delete_category(
        &self,
        request: Request<pb::DeleteCategoryRequest>,
    ) -> Result<Response<pb::DeleteCategoryResponse>, Status> {
        let (caller, message) = admit(request)?;
        self.0
            .masters
            .delete::<Category>(&caller, &message.category_code)
            .await?;
        answer(pb::DeleteCategoryResponse {
            category_code: message.category_code,
        })
    }
}

impl Service {
    fn category(&self, category: &Stored<Category>) -> pb::Category {
        let (entry_datetime, last_update_datetime) = self.times(category);
        pb::Category {
            category_code: category.category_code.clone(),
            description: Some(category.description.clone()),
            description_short: Some(category.description_short.clone()),
            tax_code: category.tax_code.clone(),
            entry_datetime,
            last_update_datetime,
        }
    }
}
