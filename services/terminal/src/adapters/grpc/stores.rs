use kugel_error::Error;
use kugel_proto::terminal::v1::store_service_server::StoreService;
use kugel_proto::terminal::v1::*;
use kugel_rpc::{Caller, admit};
use kugel_types::StoreCode;
use tonic::{Request, Response, Status, async_trait};

use super::{parse, render};
use crate::app::{App, ListStores, NewStore, StorePatch};

/// `kugel.terminal.v1.StoreService`.
pub struct Stores(pub App);

#[async_trait]
impl StoreService for Stores {
    async fn create_store(
        &self,
        request: Request<CreateStoreRequest>,
    ) -> Result<Response<CreateStoreResponse>, Status> {
        let (caller, message) = admit(request)?;
        let view = self.0.create_store(&caller, new_store(&caller, message)?).await?;
        Ok(Response::new(CreateStoreResponse {
            tenant: Some(render::tenant(&view, &self.0.zone)),
        }))
    }

    async fn list_stores(
        &self,
        request: Request<ListStoresRequest>,
    ) -> Result<Response<ListStoresResponse>, Status> {
        let (caller, message) = admit(request)?;
        let list = list_stores(&caller, &message)?;
        let (page, sort) = (list.page, list.sort.clone());
        let listing = self.0.list_stores(list).await?;
        let filter = [("tenant_id", caller.tenant().to_string())];
        Ok(Response::new(ListStoresResponse {
            stores: listing
                .rows
                .iter()
                .map(|stored| render::store(stored, &self.0.zone))
                .collect(),
            metadata: Some(render::metadata(listing.total, page, &sort, &filter)),
        }))
    }

    async fn get_store(
        &self,
        request: Request<GetStoreRequest>,
    ) -> Result<Response<GetStoreResponse>, Status> {
        let (caller, message) = admit(request)?;
        let stored = self.0.store(caller.tenant(), &code(&message.store_code)?).await?;
        Ok(Response::new(GetStoreResponse {
            store: Some(render::store(&stored, &self.0.zone)),
        }))
    }

    async fn update_store(
        &self,
        request: Request<UpdateStoreRequest>,
    ) -> Result<Response<UpdateStoreResponse>, Status> {
        let (caller, message) = admit(request)?;
        let code = code(&message.store_code)?;
        let stored = self
            .0
            .update_store(&caller, caller.tenant(), &code, patch(message)?)
            .await?;
        Ok(Response::new(UpdateStoreResponse {
            store: Some(render::store(&stored, &self.0.zone)),
        }))
    }

    async fn delete_store(
        &self,
        request: Request<DeleteStoreRequest>,
    ) -> Result<Response<DeleteStoreResponse>, Status> {
        let (caller, message) = admit(request)?;
        let code = code(&message.store_code)?;
        self.0.delete_store(&caller, caller.tenant(), &code).await?;
        Ok(Response::new(DeleteStoreResponse {
            store_code: code.to_string(),
        }))
    }
}

fn code(text: &str) -> Result<StoreCode, Error> {
    Ok(text.parse()?)
}

fn new_store(caller: &Caller, message: CreateStoreRequest) -> Result<NewStore, Error> {
    Ok(NewStore {
        tenant: caller.tenant().clone(),
        code: code(&message.store_code)?,
        name: message.store_name,
        tags: message.tags,
        currency: parse::given(message.currency.as_deref())?,
    })
}

fn list_stores(caller: &Caller, message: &ListStoresRequest) -> Result<ListStores, Error> {
    Ok(ListStores {
        tenant: caller.tenant().clone(),
        sort: parse::sort(message.sort.as_deref(), "store_code:1")?,
        page: parse::page(message.limit, message.page)?,
    })
}

fn patch(message: UpdateStoreRequest) -> Result<StorePatch, Error> {
    Ok(StorePatch {
        business_date: parse::given(message.business_date.as_deref())?,
        currency: parse::given(message.currency.as_deref())?,
        name: message.store_name,
        status: message.status,
        tags: message.tags,
    })
}
