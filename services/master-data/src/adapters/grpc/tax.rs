//! Taxes over gRPC.

use kugel_proto::master_data::v1 as pb;
use kugel_proto::master_data::v1::tax_service_server::TaxService;
use kugel_rpc::admit;
use rust_decimal::Decimal;
use tonic::{Request, Response, Status};

use super::{Checks, Service, answer, page, page_request};
use crate::app::EffectiveTax;
use crate::domain::names::{Rounding, TaxType};
use crate::domain::tax::Tax;

fn parse(sent: Option<pb::Tax>) -> kugel_error::Result<Tax> {
    let sent = sent.unwrap_or_default();
    let mut checks = Checks::default();
    checks.within("tax.");
    let name = sent.tax_type.as_str();
    let tax_type = checks.one_of(
        "tax_type",
        name,
        TaxType::NAMES,
        TaxType::from_name(name),
        TaxType::External,
    );
    let (rule, fits): (_, fn(Decimal) -> bool) = match tax_type {
        TaxType::Exempt => ("must be 0 for Exempt", |rate| rate.is_zero()),
        TaxType::External | TaxType::Internal => ("must be 0 to 100", |rate| rate >= Decimal::ZERO),
    };
    if !(-10..=4).contains(&sent.round_digit) {
        checks.refuse("round_digit", "must be -10 to 4");
    }
    let tax = Tax {
        tax_code: checks.key("tax_code", sent.tax_code),
        tax_type,
        tax_name: checks.name("tax_name", sent.tax_name),
        rate: checks.percent("rate", sent.rate, rule, fits),
        round_digit: sent.round_digit,
        round_method: sent.round_method.map(|name| {
            let parsed = Rounding::from_name(&name);
            checks.one_of("round_method", &name, Rounding::NAMES, parsed, Rounding::Round)
        }),
    };
    checks.done().map(|()| tax)
}

#[tonic::async_trait]
impl TaxService for Service {
    async fn create_tax(
        &self,
        request: Request<pb::CreateTaxRequest>,
    ) -> Result<Response<pb::CreateTaxResponse>, Status> {
        let (caller, message) = admit(request)?;
        let tax = self.0.taxes.create(&caller, parse(message.tax)?).await?;
        answer(pb::CreateTaxResponse {
            tax: Some(self.tax(&tax)),
        })
    }

    async fn list_taxes(
        &self,
        request: Request<pb::ListTaxesRequest>,
    ) -> Result<Response<pb::ListTaxesResponse>, Status> {
        let (caller, message) = admit(request)?;
        let listed = self.0.taxes.list(&caller, page_request!(message, 100)).await?;
        let (taxes, metadata) = page(listed, |tax| self.tax(tax));
        answer(pb::ListTaxesResponse { taxes, metadata })
    }

    async fn get_tax(
        &self,
        request: Request<pb::GetTaxRequest>,
    ) -> Result<Response<pb::GetTaxResponse>, Status> {
        let (caller, message) = admit(request)?;
        let tax = self.0.taxes.get(&caller, &message.tax_code).await?;
        answer(pb::GetTaxResponse {
            tax: Some(self.tax(&tax)),
        })
    }

    async fn update_tax(
        &self,
        request: Request<pb::UpdateTaxRequest>,
    ) -> Result<Response<pb::UpdateTaxResponse>, Status> {
        let (caller, message) = admit(request)?;
        let tax = self.0.taxes.update(&caller, parse(message.tax)?).await?;
        answer(pb::UpdateTaxResponse {
            tax: Some(self.tax(&tax)),
        })
    }

    async fn delete_tax(
        &self,
        request: Request<pb::DeleteTaxRequest>,
    ) -> Result<Response<pb::DeleteTaxResponse>, Status> {
        let (caller, message) = admit(request)?;
        self.0.taxes.delete(&caller, &message.tax_code).await?;
        answer(pb::DeleteTaxResponse {
            tax_code: message.tax_code,
        })
    }
}

impl Service {
    fn tax(&self, EffectiveTax { tax, recorded }: &EffectiveTax) -> pb::Tax {
        pb::Tax {
            tax_code: tax.tax_code.clone(),
            tax_type: tax.tax_type.name().to_owned(),
            tax_name: tax.tax_name.clone(),
            rate: Some(tax.rate.into()),
            round_digit: tax.round_digit,
            round_method: tax.round_method.map(|method| method.name().to_owned()),
            entry_datetime: recorded.map(|(created, _)| self.time(created)),
            last_update_datetime: recorded
                .and_then(|(_, updated)| updated)
                .map(|instant| self.time(instant)),
        }
    }
}
