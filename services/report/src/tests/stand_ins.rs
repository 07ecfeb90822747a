//! Neighbours that do the little that the report service asks of them.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use futures::Stream;
use kugel_auth::Principal;
use kugel_proto::journal::v1::journal_service_server::JournalService;
use kugel_proto::journal::v1::*;
use kugel_proto::master_data::v1::category_service_server::CategoryService;
use kugel_proto::master_data::v1::{
    Category, CreateCategoryRequest, CreateCategoryResponse, DeleteCategoryRequest, DeleteCategoryResponse,
    GetCategoryRequest, GetCategoryResponse, ListCategoriesRequest, ListCategoriesResponse,
    UpdateCategoryRequest, UpdateCategoryResponse,
};
use tonic::{Request, Response, Status};

fn not_needed<T>() -> Result<Response<T>, Status> {
    Err(Status::unimplemented("not needed here"))
}

/// A journal that remembers what it is given.
pub(super) struct JournalStandIn(pub(super) Arc<Mutex<Vec<NewJournalEntry>>>);

#[tonic::async_trait]
impl JournalService for JournalStandIn {
    type StreamJournalsStream = Pin<Box<dyn Stream<Item = Result<StreamJournalsResponse, Status>> + Send>>;

    async fn create_journal(
        &self,
        request: Request<CreateJournalRequest>,
    ) -> Result<Response<CreateJournalResponse>, Status> {
        let (caller, request) = kugel_rpc::admit(request)?;
        assert!(matches!(caller.principal(), Principal::Service { name, .. } if name == "report"));
        self.0.lock().unwrap().extend(request.journal);
        Ok(Response::new(CreateJournalResponse::default()))
    }
    async fn search_journals(
        &self,
        _: Request<SearchJournalsRequest>,
    ) -> Result<Response<SearchJournalsResponse>, Status> {
        not_needed()
    }
    async fn stream_journals(
        &self,
        _: Request<StreamJournalsRequest>,
    ) -> Result<Response<Self::StreamJournalsStream>, Status> {
        not_needed()
    }
    async fn post_transaction(
        &self,
        _: Request<PostTransactionRequest>,
    ) -> Result<Response<PostTransactionResponse>, Status> {
        not_needed()
    }
    async fn set_up_tenant(
        &self,
        _: Request<SetUpTenantRequest>,
    ) -> Result<Response<SetUpTenantResponse>, Status> {
        not_needed()
    }
}

/// Masters that know some names.
pub(super) struct CategoryStandIn(pub(super) Arc<Mutex<BTreeMap<String, String>>>);

#[tonic::async_trait]
impl CategoryService for CategoryStandIn {
    async fn list_categories(
        &self,
        request: Request<ListCategoriesRequest>,
    ) -> Result<Response<ListCategoriesResponse>, Status> {
        let (_, request) = kugel_rpc::admit(request)?;
        assert_eq!(request.limit, Some(0), "all of them");
        let names = self.0.lock().unwrap().clone();
        let categories = names.into_iter().map(|(category_code, description)| Category {
            category_code,
            description: Some(description),
            ..Category::default()
        });
        Ok(Response::new(ListCategoriesResponse {
            categories: categories.collect(),
            ..ListCategoriesResponse::default()
        }))
    }
    async fn create_category(
        &self,
        _: Request<CreateCategoryRequest>,
    ) -> Result<Response<CreateCategoryResponse>, Status> {
        not_needed()
    }
    async fn get_category(
        &self,
        _: Request<GetCategoryRequest>,
    ) -> Result<Response<GetCategoryResponse>, Status> {
        not_needed()
    }
    async fn update_category(
        &self,
        _: Request<UpdateCategoryRequest>,
    ) -> Result<Response<UpdateCategoryResponse>, Status> {
        not_needed()
    }
    async fn delete_category(
        &self,
        _: Request<DeleteCategoryRequest>,
    ) -> Result<Response<DeleteCategoryResponse>, Status> {
        not_needed()
    }
}
