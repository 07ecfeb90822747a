//! Item books.

use kugel_proto::master_data::v1 as pb;
use kugel_proto::master_data::v1::item_book_service_server::ItemBookService;
use kugel_rpc::{Caller, admit};
use tonic::{Request, Response, Status};

use super::{convert, render};
use crate::app::App;
use crate::domain::item_book::{self, ItemBook};

pub(super) struct ItemBooks(pub(super) App);

impl ItemBooks {
    /// Edits the tree of a book.
    async fn edit(
        &self,
        caller: &Caller,
        item_book_id: &str,
        edit: impl Fn(&mut ItemBook) -> kugel_error::Result<()>,
    ) -> Result<pb::ItemBook, Status> {
        let book = self.0.edit_item_book(caller, item_book_id, edit).await?;
        Ok(render::item_book(&book, &self.0.zone))
    }
}

#[tonic::async_trait]
impl ItemBookService for ItemBooks {
    async fn create_item_book(
        &self,
        request: Request<pb::CreateItemBookRequest>,
    ) -> Result<Response<pb::CreateItemBookResponse>, Status> {
        let (caller, request) = admit(request)?;
        let item_book = self
            .0
            .create_item_book(&caller, convert::item_book(request.item_book)?)
            .await?;
        Ok(Response::new(pb::CreateItemBookResponse {
            item_book: Some(render::item_book(&item_book, &self.0.zone)),
        }))
    }

    async fn list_item_books(
        &self,
        request: Request<pb::ListItemBooksRequest>,
    ) -> Result<Response<pb::ListItemBooksResponse>, Status> {
        let (caller, request) = admit(request)?;
        let view = convert::view::<ItemBook>(request.limit, request.page, request.sort.as_deref())?;
        let listed = self.0.list(&caller, view, &[]).await?;
        let (item_books, metadata) =
            render::page(listed, |item_book| render::item_book(item_book, &self.0.zone));
        Ok(Response::new(pb::ListItemBooksResponse { item_books, metadata }))
    }

    async fn get_item_book(
        &self,
        request: Request<pb::GetItemBookRequest>,
    ) -> Result<Response<pb::GetItemBookResponse>, Status> {
        let (caller, request) = admit(request)?;
        let item_book = self.0.get(&caller, &request.item_book_id).await?;
        Ok(Response::new(pb::GetItemBookResponse {
            item_book: Some(render::item_book(&item_book, &self.0.zone)),
        }))
    }

    async fn update_item_book(
        &self,
        request: Request<pb::UpdateItemBookRequest>,
    ) -> Result<Response<pb::UpdateItemBookResponse>, Status> {
        let (caller, request) = admit(request)?;
        let item_book = self
            .0
            .update_item_book(&caller, convert::item_book(request.item_book)?)
            .await?;
        Ok(Response::new(pb::UpdateItemBookResponse {
            item_book: Some(render::item_book(&item_book, &self.0.zone)),
        }))
    }

    async fn delete_item_book(
        &self,
        request: Request<pb::DeleteItemBookRequest>,
    ) -> Result<Response<pb::DeleteItemBookResponse>, Status> {
        let (caller, request) = admit(request)?;
        self.0.delete::<ItemBook>(&caller, &request.item_book_id).await?;
        Ok(Response::new(pb::DeleteItemBookResponse {
            item_book_id: request.item_book_id,
        }))
    }

    async fn get_item_book_details(
        &self,
        request: Request<pb::GetItemBookDetailsRequest>,
    ) -> Result<Response<pb::GetItemBookDetailsResponse>, Status> {
        let (caller, request) = admit(request)?;
        let store_code = convert::store_of_book(request.store_code)?;
        let details = self
            .0
            .item_book_details(&caller, &request.item_book_id, &store_code);
        let (book, items) = details.await?;
        Ok(Response::new(pb::GetItemBookDetailsResponse {
            item_book: Some(render::detailed_item_book(&book, &items, &self.0.zone)),
        }))
    }

    async fn create_item_book_category(
        &self,
        request: Request<pb::CreateItemBookCategoryRequest>,
    ) -> Result<Response<pb::CreateItemBookCategoryResponse>, Status> {
        let (caller, request) = admit(request)?;
        let category = convert::category_of_book(request.category)?;
        let edit = |book: &mut ItemBook| item_book::add(&mut book.categories, category.clone());
        let item_book = self.edit(&caller, &request.item_book_id, edit).await?;
        Ok(Response::new(pb::CreateItemBookCategoryResponse {
            item_book: Some(item_book),
        }))
    }

    async fn update_item_book_category(
        &self,
        request: Request<pb::UpdateItemBookCategoryRequest>,
    ) -> Result<Response<pb::UpdateItemBookCategoryResponse>, Status> {
        let (caller, request) = admit(request)?;
        let category = convert::category_of_book(request.category)?;
        let edit = |book: &mut ItemBook| {
            item_book::put(&mut book.categories, request.category_number, category.clone())
        };
        let item_book = self.edit(&caller, &request.item_book_id, edit).await?;
        Ok(Response::new(pb::UpdateItemBookCategoryResponse {
            item_book: Some(item_book),
        }))
    }

    async fn delete_item_book_category(
        &self,
        request: Request<pb::DeleteItemBookCategoryRequest>,
    ) -> Result<Response<pb::DeleteItemBookCategoryResponse>, Status> {
        let (caller, request) = admit(request)?;
        let edit = |book: &mut ItemBook| item_book::remove(&mut book.categories, request.category_number);
        self.edit(&caller, &request.item_book_id, edit).await?;
        Ok(Response::new(pb::DeleteItemBookCategoryResponse {
            item_book_id: request.item_book_id,
            category_number: request.category_number,
        }))
    }

    async fn create_item_book_tab(
        &self,
        request: Request<pb::CreateItemBookTabRequest>,
    ) -> Result<Response<pb::CreateItemBookTabResponse>, Status> {
        let (caller, request) = admit(request)?;
        let tab = convert::tab(request.tab)?;
        let edit = |book: &mut ItemBook| {
            item_book::add(&mut book.category(request.category_number)?.tabs, tab.clone())
        };
        let item_book = self.edit(&caller, &request.item_book_id, edit).await?;
        Ok(Response::new(pb::CreateItemBookTabResponse {
            item_book: Some(item_book),
        }))
    }

    async fn update_item_book_tab(
        &self,
        request: Request<pb::UpdateItemBookTabRequest>,
    ) -> Result<Response<pb::UpdateItemBookTabResponse>, Status> {
        let (caller, request) = admit(request)?;
        let tab = convert::tab(request.tab)?;
        let edit = |book: &mut ItemBook| {
            item_book::put(
                &mut book.category(request.category_number)?.tabs,
                request.tab_number,
                tab.clone(),
            )
        };
        let item_book = self.edit(&caller, &request.item_book_id, edit).await?;
        Ok(Response::new(pb::UpdateItemBookTabResponse {
            item_book: Some(item_book),
        }))
    }

    async fn delete_item_book_tab(
        &self,
        request: Request<pb::DeleteItemBookTabRequest>,
    ) -> Result<Response<pb::DeleteItemBookTabResponse>, Status> {
        let (caller, request) = admit(request)?;
        let edit = |book: &mut ItemBook| {
            item_book::remove(
                &mut book.category(request.category_number)?.tabs,
                request.tab_number,
            )
        };
        self.edit(&caller, &request.item_book_id, edit).await?;
        Ok(Response::new(pb::DeleteItemBookTabResponse {
            item_book_id: request.item_book_id,
            category_number: request.category_number,
            tab_number: request.tab_number,
        }))
    }

    async fn create_item_book_button(
        &self,
        request: Request<pb::CreateItemBookButtonRequest>,
    ) -> Result<Response<pb::CreateItemBookButtonResponse>, Status> {
        let (caller, request) = admit(request)?;
        let button = convert::button(request.button)?;
        let edit = |book: &mut ItemBook| {
            item_book::add(
                &mut book.tab(request.category_number, request.tab_number)?.buttons,
                button.clone(),
            )
        };
        let item_book = self.edit(&caller, &request.item_book_id, edit).await?;
        Ok(Response::new(pb::CreateItemBookButtonResponse {
            item_book: Some(item_book),
        }))
    }

    async fn update_item_book_button(
        &self,
        request: Request<pb::UpdateItemBookButtonRequest>,
    ) -> Result<Response<pb::UpdateItemBookButtonResponse>, Status> {
        let (caller, request) = admit(request)?;
        let button = convert::button(request.button)?;
        let edit = |book: &mut ItemBook| {
            item_book::put(
                &mut book.tab(request.category_number, request.tab_number)?.buttons,
                (request.pos_x, request.pos_y),
                button.clone(),
            )
        };
        let item_book = self.edit(&caller, &request.item_book_id, edit).await?;
        Ok(Response::new(pb::UpdateItemBookButtonResponse {
            item_book: Some(item_book),
        }))
    }

    async fn delete_item_book_button(
        &self,
        request: Request<pb::DeleteItemBookButtonRequest>,
    ) -> Result<Response<pb::DeleteItemBookButtonResponse>, Status> {
        let (caller, request) = admit(request)?;
        let edit = |book: &mut ItemBook| {
            item_book::remove(
                &mut book.tab(request.category_number, request.tab_number)?.buttons,
                (request.pos_x, request.pos_y),
            )
        };
        self.edit(&caller, &request.item_book_id, edit).await?;
        Ok(Response::new(pb::DeleteItemBookButtonResponse {
            item_book_id: request.item_book_id,
            category_number: request.category_number,
            tab_number: request.tab_number,
            pos_x: request.pos_x,
            pos_y: request.pos_y,
        }))
    }
}
