//! Items and store prices over gRPC.

use kugel_proto::master_data::v1 as pb;
use kugel_proto::master_data::v1::item_service_server::ItemService;
use kugel_rpc::admit;
use kugel_store::{Stored, Value};
use kugel_types::{ItemCode, StoreCode};
use tonic::{Request, Response, Status};

use super::{Checks, Service, answer, page, page_request};
use crate::app::Details;
use crate::domain::records::{Item, StoreItem};

fn parse(sent: Option<pb::Item>) -> kugel_error::Result<Item> {
    let sent = sent.unwrap_or_default();
    let mut checks = Checks::default();
    checks.within("item.");
    checks.parsed("item_code", sent.item_code.parse::<ItemCode>());
    let item = Item {
        item_code: sent.item_code,
        description: checks.text("description", sent.description),
        unit_price: checks.amount("unit_price", sent.unit_price),
        unit_cost: checks.amount("unit_cost", sent.unit_cost),
        item_details: checks.texts("item_details", sent.item_details),
        image_urls: checks.texts("image_urls", sent.image_urls),
        category_code: checks.key("category_code", sent.category_code),
        tax_code: checks.key("tax_code", sent.tax_code),
        is_discount_restricted: sent.is_discount_restricted,
        is_deleted: false,
    };
    checks.done().map(|()| item)
}

fn parse_store(store_code: String, sent: Option<pb::StoreItem>) -> kugel_error::Result<StoreItem> {
    let sent = sent.unwrap_or_default();
    let mut checks = Checks::default();
    checks.parsed("store_code", store_code.parse::<StoreCode>());
    checks.within("item.");
    checks.parsed("item_code", sent.item_code.parse::<ItemCode>());
    let item = StoreItem {
        store_price: checks.amount("store_price", sent.store_price),
        store_code,
        item_code: sent.item_code,
    };
    checks.done().map(|()| item)
}

#[tonic::async_trait]
impl ItemService for Service {
    async fn create_item(
        &self,
        request: Request<pb::CreateItemRequest>,
    ) -> Result<Response<pb::CreateItemResponse>, Status> {
        let (caller, message) = admit(request)?;
        let item = self.0.masters.create(&caller, parse(message.item)?).await?;
        answer(pb::CreateItemResponse {
            item: Some(self.item(&item)),
        })
    }

    async fn list_items(
        &self,
        request: Request<pb::ListItemsRequest>,
    ) -> Result<Response<pb::ListItemsResponse>, Status> {
        let (caller, message) = admit(request)?;
        let listed = self
            .0
            .masters
            .list(&caller, page_request!(message, 100), Vec::new())
            .await?;
        let (items, metadata) = page(listed, |item| self.item(item));
        answer(pb::ListItemsResponse { items, metadata })
    }

    async fn get_item(
        &self,
        request: Request<pb::GetItemRequest>,
    ) -> Result<Response<pb::GetItemResponse>, Status> {
        let (caller, message) = admit(request)?;
        let item = self
            .0
            .items
            .get(&caller, &message.item_code, message.is_logical_deleted)
            .await?;
        answer(pb::GetItemResponse {
            item: Some(self.item(&item)),
        })
    }

    async fn update_item(
        &self,
        request: Request<pb::UpdateItemRequest>,
    ) -> Result<Response<pb::UpdateItemResponse>, Status> {
        let (caller, message) = admit(request)?;
        let item = self.0.items.update(&caller, parse(message.item)?).await?;
        answer(pb::UpdateItemResponse {
            item: Some(self.item(&item)),
        })
    }

    async fn delete_item(
        &self,
        request: Request<pb::DeleteItemRequest>,
    ) -> Result<Response<pb::DeleteItemResponse>, Status> {
        let (caller, message) = admit(request)?;
        self.0
            .items
            .delete(&caller, &message.item_code, message.is_logical)
            .await?;
        answer(pb::DeleteItemResponse {
            item_code: message.item_code,
            is_logical: message.is_logical,
        })
    }

    async fn create_store_item(
        &self,
        request: Request<pb::CreateStoreItemRequest>,
    ) -> Result<Response<pb::CreateStoreItemResponse>, Status> {
        let (caller, message) = admit(request)?;
        let item = self
            .0
            .items
            .create_store_item(&caller, parse_store(message.store_code, message.item)?)
            .await?;
        answer(pb::CreateStoreItemResponse {
            item: Some(self.store_item(&item)),
        })
    }

    async fn list_store_items(
        &self,
        request: Request<pb::ListStoreItemsRequest>,
    ) -> Result<Response<pb::ListStoreItemsResponse>, Status> {
        let (caller, message) = admit(request)?;
        let filters = vec![("store_code", Value::from(&message.store_code))];
        let listed = self
            .0
            .masters
            .list(&caller, page_request!(message, 100), filters)
            .await?;
        let (items, metadata) = page(listed, |item| self.store_item(item));
        answer(pb::ListStoreItemsResponse { items, metadata })
    }

    async fn get_store_item(
        &self,
        request: Request<pb::GetStoreItemRequest>,
    ) -> Result<Response<pb::GetStoreItemResponse>, Status> {
        let (caller, message) = admit(request)?;
        let key = StoreItem::key(&message.store_code, &message.item_code);
        let item = self.0.masters.get(&caller, &key).await?;
        answer(pb::GetStoreItemResponse {
            item: Some(self.store_item(&item)),
        })
    }

    async fn update_store_item(
        &self,
        request: Request<pb::UpdateStoreItemRequest>,
    ) -> Result<Response<pb::UpdateStoreItemResponse>, Status> {
        let (caller, message) = admit(request)?;
        let item: StoreItem = parse_store(message.store_code, message.item)?;
        let key = StoreItem::key(&item.store_code, &item.item_code);
        let item = self
            .0
            .masters
            .change(&caller, &key, |_: &StoreItem| Ok(item.clone()))
            .await?;
        answer(pb::UpdateStoreItemResponse {
            item: Some(self.store_item(&item)),
        })
    }

    async fn delete_store_item(
        &self,
        request: Request<pb::DeleteStoreItemRequest>,
    ) -> Result<Response<pb::DeleteStoreItemResponse>, Status> {
        let (caller, message) = admit(request)?;
        let key = StoreItem::key(&message.store_code, &message.item_code);
        self.0.masters.delete::<StoreItem>(&caller, &key).await?;
        answer(pb::DeleteStoreItemResponse {
            item_code: message.item_code,
        })
    }

    async fn get_item_details(
        &self,
        request: Request<pb::GetItemDetailsRequest>,
    ) -> Result<Response<pb::GetItemDetailsResponse>, Status> {
        let (caller, message) = admit(request)?;
        let details = self
            .0
            .items
            .details(&caller, &message.store_code, &message.item_code)
            .await?;
        answer(pb::GetItemDetailsResponse {
            item: Some(self.details(&details)),
        })
    }

    async fn batch_get_item_details(
        &self,
        request: Request<pb::BatchGetItemDetailsRequest>,
    ) -> Result<Response<pb::BatchGetItemDetailsResponse>, Status> {
        let (caller, message) = admit(request)?;
        let items = self
            .0
            .items
            .batch_details(&caller, &message.store_code, &message.item_codes)
            .await?;
        answer(pb::BatchGetItemDetailsResponse {
            items: items.iter().map(|item| self.details(item)).collect(),
        })
    }
}

impl Service {
    fn item(&self, item: &Stored<Item>) -> pb::Item {
        let (entry_datetime, last_update_datetime) = self.times(item);
        pb::Item {
            item_code: item.item_code.clone(),
            description: Some(item.description.clone()),
            unit_price: Some(item.unit_price.into()),
            unit_cost: Some(item.unit_cost.into()),
            item_details: item.item_details.clone(),
            image_urls: item.image_urls.clone(),
            category_code: item.category_code.clone(),
            tax_code: item.tax_code.clone(),
            is_discount_restricted: item.is_discount_restricted,
            is_deleted: item.is_deleted,
            entry_datetime,
            last_update_datetime,
        }
    }

    fn store_item(&self, item: &Stored<StoreItem>) -> pb::StoreItem {
        let (entry_datetime, last_update_datetime) = self.times(item);
        pb::StoreItem {
            item_code: item.item_code.clone(),
            store_price: Some(item.store_price.into()),
            entry_datetime,
            last_update_datetime,
        }
    }

    fn details(&self, Details { item, store }: &Details) -> pb::ItemDetails {
        let (entry_datetime, last_update_datetime) = store
            .as_ref()
            .map_or_else(|| self.times(item), |store| self.times(store));
        pb::ItemDetails {
            item_code: item.item_code.clone(),
            description: item.description.clone(),
            unit_price: Some(item.unit_price.into()),
            unit_cost: Some(item.unit_cost.into()),
            store_price: store.as_ref().map(|store| store.store_price.into()),
            item_details: item.item_details.clone(),
            image_urls: item.image_urls.clone(),
            category_code: item.category_code.clone(),
            tax_code: item.tax_code.clone(),
            is_discount_restricted: item.is_discount_restricted,
            is_deleted: false,
            entry_datetime,
            last_update_datetime,
        }
    }
}
