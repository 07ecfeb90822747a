//! Setting up a tenant: its owner, who gives roles, to the staff too, and by its office stores, masters, opening stock and tills.

use anyhow::ensure;
use kugel_proto::Permission;
use kugel_shop::{Client, Item, Owner, Shop};
use kugel_types::PaymentKind;
use rust_decimal::Decimal;

use super::client::connect;
use super::plan::{Plan, Store};
use super::random_text;
use super::till::{Cashier, Till};

/// The owner's name.
pub(super) const OWNER: &str = "admin";

/// The role of who works at a till: invoices are sold at prices of their own, voided and taken back, and cash is moved.
const ROLE: &str = "supervisor";

/// The tax of all items: contained in the price, as prices in British shops are.
const VAT: &str = "GB20";

/// Goods, and what else invoices are made of: postage, fees, manual entries.
const CATEGORIES: [(&str, &str); 2] = [("GOODS", "Goods"), ("OTHER", "Postage, fees and manual entries")];

/// A tenant with those who work for it.
pub(super) struct Tenant {
    owner: Owner,
    /// The tenant in the hands of its office.
    pub(super) shop: Shop,
    /// Who reads the reports.
    pub(super) accountant: Client,
    /// The owner's password.
    pub(super) password: String,
}

impl Tenant {
    /// Registers a tenant, prepares every service and gives roles, which is all that its owner does.
    pub(super) async fn create(url: &str, wished: Option<&str>) -> anyhow::Result<Self> {
        let password = random_text(16);
        let owner = Owner::register(connect(url).await?, OWNER, &password, wished).await?;
        // A tenant id that is taken gets another one; whoever wished for a name wants to find the sales under it.
        ensure!(
            wished.is_none_or(|wished| wished == owner.tenant),
            "tenant {} exists already: choose another name with --tenant or leave it out",
            wished.unwrap_or_default()
        );
        owner.set_up("Online Retail", &["demo"]).await?;
        Ok(Self {
            shop: owner.office().await?,
            accountant: owner.accountant(&[Permission::ReportsRead]).await?,
            password,
            owner,
        })
    }

    /// Enters everything the plan needs, and answers with the tills by store.
    pub(super) async fn furnish(&self, url: &str, plan: &Plan) -> anyhow::Result<Vec<Vec<Till>>> {
        self.enter_masters(plan).await?;
        let mut tills = Vec::new();
        for store in &plan.stores {
            self.shop.store(&store.code, &store.name, Some("GBP")).await?;
            let opening = store.opening_stock.iter();
            let opening = opening.map(|(code, quantity)| (code.clone(), *quantity));
            self.shop.stock(&store.code, opening).await?;
            let mut row = Vec::new();
            for number in (1..).take(store.tills) {
                row.push(self.enter_till(url, store, number).await?);
            }
            tills.push(row);
        }
        Ok(tills)
    }

    /// The tax, the payment methods, the words on receipts and the catalogue.
    async fn enter_masters(&self, plan: &Plan) -> anyhow::Result<()> {
        let shop = &self.shop;
        shop.tax(VAT, "VAT 20%", Decimal::from(20)).await?;
        for (kind, name) in [
            (PaymentKind::Cash, "Cash"),
            (PaymentKind::Cashless, "Card"),
            (PaymentKind::Other, "Gift card"),
        ] {
            shop.payment(kind, name).await?;
        }
        for (code, name) in CATEGORIES {
            shop.category(code, name, VAT).await?;
        }
        let footer = r#"[{"text": "Thank you", "align": "center"}]"#;
        shop.setting("RECEIPT_FOOTERS", footer).await?;
        let items = plan.items.iter().map(|(code, item)| {
            let [goods, other] = CATEGORIES;
            let is_goods = code.starts_with(|first: char| first.is_ascii_digit());
            let (category, _) = if is_goods { goods } else { other };
            Item {
                code: code.clone(),
                description: item.description.clone(),
                unit_price: item.unit_price,
                category: category.to_owned(),
                tax: VAT.to_owned(),
            }
        });
        Ok(shop.items(items).await?)
    }

    /// A till with its own connection and its own cashier.
    async fn enter_till(&self, url: &str, store: &Store, number: i32) -> anyhow::Result<Till> {
        let cashier = Cashier {
            id: format!("{}{number:02}", store.code),
            pin: random_text(6),
        };
        let name = format!("Cashier {number}");
        self.owner.staff(&cashier.id, &name, &cashier.pin, ROLE).await?;
        let (connection, description) = (connect(url).await?, format!("Till {number}"));
        let till = self
            .shop
            .till(connection, &store.code, number, &description)
            .await?;
        Ok(Till::new(till, cashier))
    }
}
