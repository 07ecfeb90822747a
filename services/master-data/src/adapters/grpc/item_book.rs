//! Item books over gRPC.

use kugel_proto::master_data::v1 as pb;
use kugel_proto::master_data::v1::item_book_service_server::ItemBookService;
use kugel_rpc::admit;
use tonic::{Request, Response, Status};

use super::item_book_wire::{parse_book, parse_button, parse_category, parse_store_code, parse_tab};
use super::{Service, answer, page, page_request};
use crate::domain::item_book::{self, ItemBook};

#[tonic::async_trait]
impl ItemBookService for Service {
    async fn create_item_book(
        &self,
        request: Request<pb::CreateItemBookRequest>,
    ) -> Result<Response<pb::CreateItemBookResponse>, Status> {
        let (caller, message) = admit(request)?;
        let book = parse_book(message.item_book)?;
        let book = self.0.item_books.create(&caller, book).await?;
        answer(pb::CreateItemBookResponse {
            item_book: Some(self.item_book(&book)),
        })
    }

    async fn list_item_books(
        &self,
        request: Request<pb::ListItemBooksRequest>,
    ) -> Result<Response<pb::ListItemBooksResponse>, Status> {
        let (caller, message) = admit(request)?;
        let listed = self
            .0
            .masters
            .list(&caller, page_request!(message, 100), Vec::new())
            .await?;
        let (item_books, metadata) = page(listed, |book| self.item_book(book));
        answer(pb::ListItemBooksResponse { item_books, metadata })
    }

    async fn get_item_book(
        &self,
        request: Request<pb::GetItemBookRequest>,
    ) -> Result<Response<pb::GetItemBookResponse>, Status> {
        let (caller, message) = admit(request)?;
        let book = self.0.masters.get(&caller, &message.item_book_id).await?;
        answer(pb::GetItemBookResponse {
            item_book: Some(self.item_book(&book)),
        })
    }

    async fn get_item_book_details(
        &self,
        request: Request<pb::GetItemBookDetailsRequest>,
    ) -> Result<Response<pb::GetItemBookDetailsResponse>, Status> {
        let (caller, message) = admit(request)?;
        let store_code = parse_store_code(message.store_code)?;
        let (book, items) = self
            .0
            .item_books
            .details(&caller, &message.item_book_id, &store_code)
            .await?;
        answer(pb::GetItemBookDetailsResponse {
            item_book: Some(self.detailed_item_book(&book, &items)),
        })
    }

    async fn update_item_book(
        &self,
        request: Request<pb::UpdateItemBookRequest>,
    ) -> Result<Response<pb::UpdateItemBookResponse>, Status> {
        let (caller, message) = admit(request)?;
        let book = parse_book(message.item_book)?;
        let book = self.0.item_books.update(&caller, book).await?;
        answer(pb::UpdateItemBookResponse {
            item_book: Some(self.item_book(&book)),
        })
    }

    async fn delete_item_book(
        &self,
        request: Request<pb::DeleteItemBookRequest>,
    ) -> Result<Response<pb::DeleteItemBookResponse>, Status> {
        let (caller, message) = admit(request)?;
        self.0
            .masters
            .delete::<ItemBook>(&caller, &message.item_book_id)
            .await?;
        answer(pb::DeleteItemBookResponse {
            item_book_id: message.item_book_id,
        })
    }

    async fn create_item_book_category(
        &self,
        request: Request<pb::CreateItemBookCategoryRequest>,
    ) -> Result<Response<pb::CreateItemBookCategoryResponse>, Status> {
        let (caller, message) = admit(request)?;
        let category = parse_category(message.category)?;
        let edit = |book: &mut ItemBook| item_book::add(&mut book.categories, category.clone());
        let book = self
            .0
            .item_books
            .edit(&caller, &message.item_book_id, edit)
            .await?;
        answer(pb::CreateItemBookCategoryResponse {
            item_book: Some(self.item_book(&book)),
        })
    }

    async fn update_item_book_category(
        &self,
        request: Request<pb::UpdateItemBookCategoryRequest>,
    ) -> Result<Response<pb::UpdateItemBookCategoryResponse>, Status> {
        let (caller, message) = admit(request)?;
        let category = parse_category(message.category)?;
        let number = message.category_number;
        let edit = |book: &mut ItemBook| item_book::put(&mut book.categories, number, category.clone());
        let book = self
            .0
            .item_books
            .edit(&caller, &message.item_book_id, edit)
            .await?;
        answer(pb::UpdateItemBookCategoryResponse {
            item_book: Some(self.item_book(&book)),
        })
    }

    async fn delete_item_book_category(
        &self,
        request: Request<pb::DeleteItemBookCategoryRequest>,
    ) -> Result<Response<pb::DeleteItemBookCategoryResponse>, Status> {
        let (caller, message) = admit(request)?;
        let edit = |book: &mut ItemBook| item_book::remove(&mut book.categories, message.category_number);
        self.0
            .item_books
            .edit(&caller, &message.item_book_id, edit)
            .await?;
        answer(pb::DeleteItemBookCategoryResponse {
            item_book_id: message.item_book_id,
            category_number: message.category_number,
        })
    }

    async fn create_item_book_tab(
        &self,
        request: Request<pb::CreateItemBookTabRequest>,
    ) -> Result<Response<pb::CreateItemBookTabResponse>, Status> {
        let (caller, message) = admit(request)?;
        let tab = parse_tab(message.tab)?;
        let edit = |book: &mut ItemBook| {
            item_book::add(&mut book.category(message.category_number)?.tabs, tab.clone())
        };
        let book = self
            .0
            .item_books
            .edit(&caller, &message.item_book_id, edit)
            .await?;
        answer(pb::CreateItemBookTabResponse {
            item_book: Some(self.item_book(&book)),
        })
    }

    async fn update_item_book_tab(
        &self,
        request: Request<pb::UpdateItemBookTabRequest>,
    ) -> Result<Response<pb::UpdateItemBookTabResponse>, Status> {
        let (caller, message) = admit(request)?;
        let tab = parse_tab(message.tab)?;
        let edit = |book: &mut ItemBook| {
            item_book::put(
                &mut book.category(message.category_number)?.tabs,
                message.tab_number,
                tab.clone(),
            )
        };
        let book = self
            .0
            .item_books
            .edit(&caller, &message.item_book_id, edit)
            .await?;
        answer(pb::UpdateItemBookTabResponse {
            item_book: Some(self.item_book(&book)),
        })
    }

    async fn delete_item_book_tab(
        &self,
        request: Request<pb::DeleteItemBookTabRequest>,
    ) -> Result<Response<pb::DeleteItemBookTabResponse>, Status> {
        let (caller, message) = admit(request)?;
        let edit = |book: &mut ItemBook| {
            item_book::remove(
                &mut book.category(message.category_number)?.tabs,
                message.tab_number,
            )
        };
        self.0
            .item_books
            .edit(&caller, &message.item_book_id, edit)
            .await?;
        answer(pb::DeleteItemBookTabResponse {
            item_book_id: message.item_book_id,
            category_number: message.category_number,
            tab_number: message.tab_number,
        })
    }

    async fn create_item_book_button(
        &self,
        request: Request<pb::CreateItemBookButtonRequest>,
    ) -> Result<Response<pb::CreateItemBookButtonResponse>, Status> {
        let (caller, message) = admit(request)?;
        let button = parse_button(message.button)?;
        let edit = |book: &mut ItemBook| {
            let tab = book.tab(message.category_number, message.tab_number)?;
            item_book::add(&mut tab.buttons, button.clone())
        };
        let book = self
            .0
            .item_books
            .edit(&caller, &message.item_book_id, edit)
            .await?;
        answer(pb::CreateItemBookButtonResponse {
            item_book: Some(self.item_book(&book)),
        })
    }

    async fn update_item_book_button(
        &self,
        request: Request<pb::UpdateItemBookButtonRequest>,
    ) -> Result<Response<pb::UpdateItemBookButtonResponse>, Status> {
        let (caller, message) = admit(request)?;
        let button = parse_button(message.button)?;
        let edit = |book: &mut ItemBook| {
            let tab = book.tab(message.category_number, message.tab_number)?;
            item_book::put(&mut tab.buttons, (message.pos_x, message.pos_y), button.clone())
        };
        let book = self
            .0
            .item_books
            .edit(&caller, &message.item_book_id, edit)
            .await?;
        answer(pb::UpdateItemBookButtonResponse {
            item_book: Some(self.item_book(&book)),
        })
    }

    async fn delete_item_book_button(
        &self,
        request: Request<pb::DeleteItemBookButtonRequest>,
    ) -> Result<Response<pb::DeleteItemBookButtonResponse>, Status> {
        let (caller, message) = admit(request)?;
        let edit = |book: &mut ItemBook| {
            let tab = book.tab(message.category_number, message.tab_number)?;
            item_book::remove(&mut tab.buttons, (message.pos_x, message.pos_y))
        };
        self.0
            .item_books
            .edit(&caller, &message.item_book_id, edit)
            .await?;
        answer(pb::DeleteItemBookButtonResponse {
            item_book_id: message.item_book_id,
            category_number: message.category_number,
            tab_number: message.tab_number,
            pos_x: message.pos_x,
            pos_y: message.pos_y,
        })
    }
}
