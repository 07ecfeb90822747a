//! Items and store prices.

use kugel_proto::master_data::v1 as pb;
use kugel_proto::master_data::v1::item_service_server::ItemService;
use kugel_rpc::admit;
use kugel_store::Value;
use tonic::{Request, Response, Status};

use super::{convert, render};
use crate::app::App;
use crate::domain::masters::{Item, StoreItem};

pub(super) struct Items(pub(super) App);

#[tonic::async_trait]
impl ItemService for Items {
    async fn create_item(
        &self,
        request: Request<pb::CreateItemRequest>,
    ) -> Result<Response<pb::CreateItemResponse>, Status> {
        let (caller, request) = admit(request)?;
        let item = self.0.create(&caller, convert::new_item(request.item)?).await?;
        Ok(Response::new(pb::CreateItemResponse {
            item: Some(render::item(&item, &self.0.zone)),
        }))
    }

    async fn list_items(
        &self,
        request: Request<pb::ListItemsRequest>,
    ) -> Result<Response<pb::ListItemsResponse>, Status> {
        let (caller, request) = admit(request)?;
        let view = convert::view::<Item>(request.limit, request.page, request.sort.as_deref())?;
        let listed = self.0.list(&caller, view, &[]).await?;
        let (items, metadata) = render::page(listed, |item| render::item(item, &self.0.zone));
        Ok(Response::new(pb::ListItemsResponse { items, metadata }))
    }

    async fn get_item(
        &self,
        request: Request<pb::GetItemRequest>,
    ) -> Result<Response<pb::GetItemResponse>, Status> {
        let (caller, request) = admit(request)?;
        let item = self
            .0
            .item(&caller, &request.item_code, request.is_logical_deleted)
            .await?;
        Ok(Response::new(pb::GetItemResponse {
            item: Some(render::item(&item, &self.0.zone)),
        }))
    }

    async fn update_item(
        &self,
        request: Request<pb::UpdateItemRequest>,
    ) -> Result<Response<pb::UpdateItemResponse>, Status> {
        let (caller, request) = admit(request)?;
        let item = self.0.update_item(&caller, convert::item(request.item)?).await?;
        Ok(Response::new(pb::UpdateItemResponse {
            item: Some(render::item(&item, &self.0.zone)),
        }))
    }

    async fn delete_item(
        &self,
        request: Request<pb::DeleteItemRequest>,
    ) -> Result<Response<pb::DeleteItemResponse>, Status> {
        let (caller, request) = admit(request)?;
        self.0
            .delete_item(&caller, &request.item_code, request.is_logical)
            .await?;
        Ok(Response::new(pb::DeleteItemResponse {
            item_code: request.item_code,
            is_logical: request.is_logical,
        }))
    }

    async fn restore_item(
        &self,
        request: Request<pb::RestoreItemRequest>,
    ) -> Result<Response<pb::RestoreItemResponse>, Status> {
        let (caller, request) = admit(request)?;
        let item = self.0.restore_item(&caller, &request.item_code).await?;
        Ok(Response::new(pb::RestoreItemResponse {
            item: Some(render::item(&item, &self.0.zone)),
        }))
    }

    async fn create_store_item(
        &self,
        request: Request<pb::CreateStoreItemRequest>,
    ) -> Result<Response<pb::CreateStoreItemResponse>, Status> {
        let (caller, request) = admit(request)?;
        let item = convert::store_item(request.store_code, request.item)?;
        let item = self.0.create_store_item(&caller, item).await?;
        Ok(Response::new(pb::CreateStoreItemResponse {
            item: Some(render::store_item(&item, &self.0.zone)),
        }))
    }

    async fn list_store_items(
        &self,
        request: Request<pb::ListStoreItemsRequest>,
    ) -> Result<Response<pb::ListStoreItemsResponse>, Status> {
        let (caller, request) = admit(request)?;
        let filters = [("store_code", Value::from(&request.store_code))];
        let view = convert::view::<StoreItem>(request.limit, request.page, request.sort.as_deref())?;
        let listed = self.0.list(&caller, view, &filters).await?;
        let (items, metadata) = render::page(listed, |item| render::store_item(item, &self.0.zone));
        Ok(Response::new(pb::ListStoreItemsResponse { items, metadata }))
    }

    async fn get_store_item(
        &self,
        request: Request<pb::GetStoreItemRequest>,
    ) -> Result<Response<pb::GetStoreItemResponse>, Status> {
        let (caller, request) = admit(request)?;
        let key = StoreItem::key(&request.store_code, &request.item_code);
        let item = self.0.get(&caller, &key).await?;
        Ok(Response::new(pb::GetStoreItemResponse {
            item: Some(render::store_item(&item, &self.0.zone)),
        }))
    }

    async fn update_store_item(
        &self,
        request: Request<pb::UpdateStoreItemRequest>,
    ) -> Result<Response<pb::UpdateStoreItemResponse>, Status> {
        let (caller, request) = admit(request)?;
        let item = convert::store_item(request.store_code, request.item)?;
        let item = self.0.replace(&caller, item).await?;
        Ok(Response::new(pb::UpdateStoreItemResponse {
            item: Some(render::store_item(&item, &self.0.zone)),
        }))
    }

    async fn delete_store_item(
        &self,
        request: Request<pb::DeleteStoreItemRequest>,
    ) -> Result<Response<pb::DeleteStoreItemResponse>, Status> {
        let (caller, request) = admit(request)?;
        let key = StoreItem::key(&request.store_code, &request.item_code);
        self.0.delete::<StoreItem>(&caller, &key).await?;
        Ok(Response::new(pb::DeleteStoreItemResponse {
            item_code: request.item_code,
        }))
    }

    async fn get_item_details(
        &self,
        request: Request<pb::GetItemDetailsRequest>,
    ) -> Result<Response<pb::GetItemDetailsResponse>, Status> {
        let (caller, request) = admit(request)?;
        let details = self
            .0
            .item_details(&caller, &request.store_code, &request.item_code)
            .await?;
        Ok(Response::new(pb::GetItemDetailsResponse {
            item: Some(render::item_details(&details, &self.0.zone)),
        }))
    }

    async fn batch_get_item_details(
        &self,
        request: Request<pb::BatchGetItemDetailsRequest>,
    ) -> Result<Response<pb::BatchGetItemDetailsResponse>, Status> {
        let (caller, request) = admit(request)?;
        let (items, deleted_item_codes) = self
            .0
            .batch_item_details(&caller, &request.store_code, &request.item_codes)
            .await?;
        let items = items.iter().map(|item| render::item_details(item, &self.0.zone));
        Ok(Response::new(pb::BatchGetItemDetailsResponse {
            items: items.collect(),
            deleted_item_codes,
        }))
    }
}
