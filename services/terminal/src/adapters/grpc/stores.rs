//! Stores over gRPC.

use kugel_proto::terminal::v1 as pb;
use kugel_proto::terminal::v1::store_service_server::StoreService;
use kugel_rpc::admit;
use tonic::{Request, Response, Status};

use super::{convert, render};
use crate::app::App;

/// Answers the methods of stores.
pub(crate) struct Stores(pub(crate) App);

#[tonic::async_trait]
impl StoreService for Stores {
    async fn create_store(
        &self,
        request: Request<pb::CreateStoreRequest>,
    ) -> Result<Response<pb::CreateStoreResponse>, Status> {
        let (caller, request) = admit(request)?;
        let view = self.0.create_store(&caller, convert::new_store(request)?).await?;
        Ok(Response::new(pb::CreateStoreResponse {
            tenant: Some(render::tenant(&view, &self.0.zone)),
        }))
    }

    async fn list_stores(
        &self,
        request: Request<pb::ListStoresRequest>,
    ) -> Result<Response<pb::ListStoresResponse>, Status> {
        let (caller, request) = admit(request)?;
        let view = convert::list_stores(&caller, &request)?;
        let (sort, page) = (view.sort.clone(), view.page);
        let listing = self.0.list_stores(caller.tenant(), sort, page).await?;
        Ok(Response::new(pb::ListStoresResponse {
            stores: listing
                .rows
                .iter()
                .map(|stored| render::store(stored, &self.0.zone))
                .collect(),
            metadata: Some(view.metadata(listing.total)),
        }))
    }

    async fn get_store(
        &self,
        request: Request<pb::GetStoreRequest>,
    ) -> Result<Response<pb::GetStoreResponse>, Status> {
        let (caller, request) = admit(request)?;
        let stored = self
            .0
            .store(caller.tenant(), &convert::store(&request.store_code)?)
            .await?;
        Ok(Response::new(pb::GetStoreResponse {
            store: Some(render::store(&stored, &self.0.zone)),
        }))
    }

    async fn update_store(
        &self,
        request: Request<pb::UpdateStoreRequest>,
    ) -> Result<Response<pb::UpdateStoreResponse>, Status> {
        let (caller, request) = admit(request)?;
        let (code, patch) = convert::store_patch(request)?;
        let stored = self.0.update_store(&caller, &code, patch).await?;
        Ok(Response::new(pb::UpdateStoreResponse {
            store: Some(render::store(&stored, &self.0.zone)),
        }))
    }

    async fn delete_store(
        &self,
        request: Request<pb::DeleteStoreRequest>,
    ) -> Result<Response<pb::DeleteStoreResponse>, Status> {
        let (caller, request) = admit(request)?;
        let code = convert::store(&request.store_code)?;
        self.0.delete_store(&caller, &code).await?;
        Ok(Response::new(pb::DeleteStoreResponse {
            store_code: code.to_string(),
        }))
    }
}
