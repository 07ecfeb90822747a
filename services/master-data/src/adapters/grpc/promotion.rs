//! Promotions over gRPC.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use kugel_proto::master_data::v1 as pb;
use kugel_proto::master_data::v1::promotion_service_server::PromotionService;
use kugel_rpc::admit;
use kugel_store::{Stored, Value};
use kugel_types::{LocalTime, Moment, StoreCode};
use rust_decimal::Decimal;
use tonic::{Request, Response, Status};

use super::{Checks, Service, answer, page, page_request};
use crate::domain::promotion::{Detail, Promotion, Wanted};

#[tonic::async_trait]
impl PromotionService for Service {
    async fn create_promotion(
        &self,
        request: Request<pb::CreatePromotionRequest>,
    ) -> Result<Response<pb::CreatePromotionResponse>, Status> {
        let (caller, message) = admit(request)?;
        let promotion = self.new_promotion(message.promotion)?;
        let promotion = self.0.masters.create(&caller, promotion).await?;
        answer(pb::CreatePromotionResponse {
            promotion: Some(self.promotion(&promotion)),
        })
    }

    async fn list_promotions(
        &self,
        request: Request<pb::ListPromotionsRequest>,
    ) -> Result<Response<pb::ListPromotionsResponse>, Status> {
        let (caller, message) = admit(request)?;
        let rule = message
            .promotion_type
            .as_ref()
            .map(|rule| ("promotion_type", Value::from(rule)));
        let active = message.is_active.map(|active| ("is_active", Value::from(active)));
        let filters = rule.into_iter().chain(active).collect();
        let listed = self
            .0
            .promotions
            .list(&caller, page_request!(message, 20), filters)
            .await?;
        let (promotions, metadata) = page(listed, |promotion| self.promotion(promotion));
        answer(pb::ListPromotionsResponse { promotions, metadata })
    }

    async fn list_active_promotions(
        &self,
        request: Request<pb::ListActivePromotionsRequest>,
    ) -> Result<Response<pb::ListActivePromotionsResponse>, Status> {
        let (caller, message) = admit(request)?;
        let wanted = Wanted {
            store_code: message.store_code,
            category_code: message.category_code,
            promotion_type: message.promotion_type,
        };
        let promotions = self.0.promotions.active(&caller, &wanted).await?;
        let promotions = promotions
            .iter()
            .map(|promotion| self.promotion(promotion))
            .collect();
        answer(pb::ListActivePromotionsResponse { promotions })
    }

    async fn get_promotion(
        &self,
        request: Request<pb::GetPromotionRequest>,
    ) -> Result<Response<pb::GetPromotionResponse>, Status> {
        let (caller, message) = admit(request)?;
        let promotion = self.0.promotions.get(&caller, &message.promotion_code).await?;
        answer(pb::GetPromotionResponse {
            promotion: Some(self.promotion(&promotion)),
        })
    }

    async fn update_promotion(
        &self,
        request: Request<pb::UpdatePromotionRequest>,
    ) -> Result<Response<pb::UpdatePromotionResponse>, Status> {
        let (caller, message) = admit(request)?;
        let promotion_code = message.promotion_code.clone();
        let changes = self.changed_fields(message)?;
        let edit = |promotion| changes.apply(promotion);
        let promotion = self.0.promotions.change(&caller, &promotion_code, edit).await?;
        answer(pb::UpdatePromotionResponse {
            promotion: Some(self.promotion(&promotion)),
        })
    }

    async fn delete_promotion(
        &self,
        request: Request<pb::DeletePromotionRequest>,
    ) -> Result<Response<pb::DeletePromotionResponse>, Status> {
        let (caller, message) = admit(request)?;
        self.0.promotions.delete(&caller, &message.promotion_code).await?;
        answer(pb::DeletePromotionResponse {
            promotion_code: message.promotion_code,
        })
    }
}

/// What an update changes; `None` leaves a field as it is.
struct ChangedFields {
    name: Option<String>,
    description: Option<String>,
    start_datetime: Option<Timestamp>,
    end_datetime: Option<Timestamp>,
    is_active: Option<bool>,
    detail: Option<Detail>,
}

impl ChangedFields {
    fn apply(&self, promotion: Promotion) -> Promotion {
        Promotion {
            name: self.name.clone().unwrap_or(promotion.name),
            description: self.description.clone().or(promotion.description),
            start_datetime: self.start_datetime.unwrap_or(promotion.start_datetime),
            end_datetime: self.end_datetime.unwrap_or(promotion.end_datetime),
            is_active: self.is_active.unwrap_or(promotion.is_active),
            detail: self.detail.clone().or(promotion.detail),
            ..promotion
        }
    }
}

impl Service {
    fn new_promotion(&self, sent: Option<pb::Promotion>) -> kugel_error::Result<Promotion> {
        let sent = sent.unwrap_or_default();
        let mut checks = Checks::default();
        checks.within("promotion.");
        let zone = &self.0.zone;
        let start = checks.name("start_datetime", sent.start_datetime);
        let end = checks.name("end_datetime", sent.end_datetime);
        let promotion = Promotion {
            promotion_code: checks.key("promotion_code", sent.promotion_code),
            promotion_type: checks.key("promotion_type", sent.promotion_type),
            name: checks.name("name", sent.name),
            description: sent
                .description
                .map(|text| checks.text("description", Some(text))),
            start_datetime: checks.start("start_datetime", &start, zone),
            end_datetime: checks.end("end_datetime", &end, zone),
            is_active: sent.is_active.unwrap_or(true),
            is_deleted: false,
            detail: sent.detail.map(|detail| checks.detail("promotion.", detail)),
        };
        checks.done()?;
        promotion.checked()
    }

    fn changed_fields(&self, message: pb::UpdatePromotionRequest) -> kugel_error::Result<ChangedFields> {
        let mut checks = Checks::default();
        let zone = &self.0.zone;
        let changes = ChangedFields {
            name: message.name.map(|name| checks.name("name", name)),
            description: message
                .description
                .map(|text| checks.text("description", Some(text))),
            start_datetime: message
                .start_datetime
                .map(|text| checks.start("start_datetime", &text, zone)),
            end_datetime: message
                .end_datetime
                .map(|text| checks.end("end_datetime", &text, zone)),
            is_active: message.is_active,
            detail: message.detail.map(|detail| checks.detail("", detail)),
        };
        checks.done().map(|()| changes)
    }

    fn promotion(&self, promotion: &Stored<Promotion>) -> pb::Promotion {
        let (entry_datetime, last_update_datetime) = self.times(promotion);
        pb::Promotion {
            promotion_code: promotion.promotion_code.clone(),
            promotion_type: promotion.promotion_type.clone(),
            name: promotion.name.clone(),
            description: promotion.description.clone(),
            start_datetime: self.window_time(promotion.start_datetime),
            end_datetime: self.window_time(promotion.end_datetime),
            is_active: Some(promotion.is_active),
            detail: promotion.detail.as_ref().map(|detail| pb::PromotionDetail {
                target_store_codes: detail.target_store_codes.clone(),
                target_category_codes: detail.target_category_codes.clone(),
                discount_rate: Some(detail.discount_rate.into()),
            }),
            entry_datetime,
            last_update_datetime,
        }
    }

    fn window_time(&self, instant: Timestamp) -> String {
        LocalTime::new(instant, &self.0.zone)
            .zoned()
            .strftime("%Y-%m-%dT%H:%M:%S")
            .to_string()
    }
}

impl Checks {
    /// The first instant that a text names.
    fn start(&mut self, field: &str, text: &str, zone: &TimeZone) -> Timestamp {
        self.moment(field, text, zone)
            .map_or(Timestamp::UNIX_EPOCH, |moment| moment.first)
    }

    /// The last instant that a text names: a day ends with its last second.
    fn end(&mut self, field: &str, text: &str, zone: &TimeZone) -> Timestamp {
        self.moment(field, text, zone)
            .map_or(Timestamp::UNIX_EPOCH, |moment| moment.last)
    }

    fn moment(&mut self, field: &str, text: &str, zone: &TimeZone) -> Option<Moment> {
        self.parsed(field, Moment::parse(text, zone))
    }

    fn detail(&mut self, path: &str, detail: pb::PromotionDetail) -> Detail {
        self.within(format!("{path}detail."));
        for (position, store) in detail.target_store_codes.iter().enumerate() {
            self.parsed(
                &format!("target_store_codes[{position}]"),
                store.parse::<StoreCode>(),
            );
        }
        if detail.target_category_codes.is_empty() {
            self.refuse("target_category_codes", "needs at least one category");
        }
        let rule = "must be above 0 and at most 100";
        let detail = Detail {
            target_store_codes: detail.target_store_codes,
            target_category_codes: self.texts("target_category_codes", detail.target_category_codes),
            discount_rate: self.percent("discount_rate", detail.discount_rate, rule, |rate| {
                rate > Decimal::ZERO
            }),
        };
        self.within(path);
        detail
    }
}
