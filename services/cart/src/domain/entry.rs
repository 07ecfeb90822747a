//! Entering items: lines, their quantities, prices and discounts.

use std::sync::Arc;

use jiff::civil::DateTime;
use kugel_error::{Error, codes};
use kugel_pricing::{COMES_TO_NOTHING, Discount, PricedLine};
use kugel_types::{ItemCode, Money, Quantity, TaxRule};

use super::cart::{Cart, CartLine, LINES_MAX};
use super::masters::{Found, ItemMaster, NotSold, PromotionMaster};
use super::state::CartEvent;

/// A line to be entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineEntry {
    /// The item.
    pub item_code: ItemCode,
    /// How much of it.
    pub quantity: Quantity,
    /// A price instead of the master's; zero means the master's.
    pub unit_price: Option<Money>,
}

/// The masters of entered lines as they are now. The cart uses them for what it does not keep already.
#[derive(Debug)]
pub struct EntryMasters<'a> {
    /// The item of each entry.
    pub items: &'a [Found],
    /// The tax table.
    pub taxes: &'a [TaxRule],
    /// The promotions of all stores and times.
    pub promotions: &'a [PromotionMaster],
    /// The local time, which decides which promotions hold.
    pub now: DateTime,
}

impl Cart {
    /// Adds a line for each entry.
    pub fn add_lines(&mut self, entries: &[LineEntry], masters: &EntryMasters<'_>) -> Result<(), Error> {
        let next = self.cart_status.transition(CartEvent::AddItems)?;
        if entries.is_empty() {
            return Err(codes::INVALID_INPUT
                .error("there is no line to add")
                .field("line_items", "must not be empty"));
        }
        if self.line_items.len() + entries.len() > LINES_MAX {
            return Err(codes::REQUEST_REFUSED
                .error(format!("a cart has at most {LINES_MAX} lines"))
                .with("lines_max", LINES_MAX));
        }
        if self.masters.promotions.is_none() {
            let hold = masters
                .promotions
                .iter()
                .filter(|master| master.holds(&self.store_code, masters.now));
            self.masters.promotions = Some(hold.map(|master| master.promotion.clone()).collect());
        }
        let first = self.line_items.len();
        for (entry, item) in entries.iter().zip(masters.items) {
            self.add_line(entry, item.as_ref().map_err(|why| *why), masters.taxes)?;
        }
        self.check_amounts(first, |index| format!("line_items[{}].quantity", index - first))?;
        self.reprice()?;
        self.cart_status = next;
        Ok(())
    }

    fn add_line(
        &mut self,
        entry: &LineEntry,
        item: Result<&Arc<ItemMaster>, NotSold>,
        taxes: &[TaxRule],
    ) -> Result<(), Error> {
        let known = self
            .line_items
            .iter()
            .map(|line| &line.item)
            .find(|known| known.item_code == entry.item_code);
        let item = known.map_or(item, Ok).map_err(|why| {
            let (spec, what) = match why {
                NotSold::Unknown => (&codes::ITEM_NOT_FOUND, "is not found"),
                NotSold::Deleted => (&codes::ITEM_DELETED, "is deleted; RestoreItem brings it back"),
            };
            spec.error(format!("item {} {what}", entry.item_code))
                .with("item_code", &entry.item_code)
        })?;
        let item = Arc::clone(item);
        self.keep_tax(&item.tax_code, taxes)?;
        let price = entry.unit_price.filter(|price| !price.is_zero());
        self.line_items.push(CartLine {
            line_no: i32::try_from(self.line_items.len())
                .unwrap_or(i32::MAX)
                .saturating_add(1),
            unit_price: price.unwrap_or(item.unit_price),
            item,
            unit_price_original: Money::ZERO,
            is_unit_price_changed: false,
            quantity: entry.quantity,
            is_cancelled: false,
            priced: PricedLine::default(),
        });
        Ok(())
    }

    fn keep_tax(&mut self, tax_code: &str, taxes: &[TaxRule]) -> Result<(), Error> {
        if self.masters.taxes.iter().any(|kept| kept.code == tax_code) {
            return Ok(());
        }
        let rule = taxes.iter().find(|rule| rule.code == tax_code).ok_or_else(|| {
            codes::NOT_FOUND
                .error(format!("tax code {tax_code} is not found"))
                .with("tax_code", tax_code)
        })?;
        self.masters.taxes.push(rule.clone());
        Ok(())
    }

    /// Cancels a line. It stays in the list; cancelling it again changes nothing.
    pub fn cancel_line(&mut self, line_no: i32) -> Result<(), Error> {
        let next = self.cart_status.transition(CartEvent::CancelLine)?;
        let index = self.line_index(line_no)?;
        self.line_items[index].is_cancelled = true;
        self.reprice()?;
        self.cart_status = next;
        Ok(())
    }

    /// Sets the price of a line by hand. The price before the first change is kept.
    pub fn set_unit_price(&mut self, line_no: i32, unit_price: Money) -> Result<(), Error> {
        self.change_line(CartEvent::ChangeUnitPrice, line_no, "unit_price", |line| {
            if !line.is_unit_price_changed {
                line.unit_price_original = line.unit_price;
                line.is_unit_price_changed = true;
            }
            line.unit_price = unit_price;
        })
    }

    /// Sets the quantity of a line.
    pub fn set_quantity(&mut self, line_no: i32, quantity: Quantity) -> Result<(), Error> {
        self.change_line(CartEvent::ChangeQuantity, line_no, "quantity", |line| {
            line.quantity = quantity
        })
    }

    /// Replaces the manual discounts of a line.
    pub fn discount_line(&mut self, line_no: i32, discounts: Vec<Discount>) -> Result<(), Error> {
        let next = self.cart_status.transition(CartEvent::DiscountLine)?;
        let index = self.counting_line(line_no)?;
        let priced = kugel_pricing::discount_line(&self.basket(), index, discounts, &self.policy())?;
        self.adopt(priced);
        self.cart_status = next;
        Ok(())
    }

    fn change_line(
        &mut self,
        event: CartEvent,
        line_no: i32,
        field: &str,
        change: impl FnOnce(&mut CartLine),
    ) -> Result<(), Error> {
        let next = self.cart_status.transition(event)?;
        let index = self.counting_line(line_no)?;
        change(&mut self.line_items[index]);
        self.check_amounts(index, |_| field.to_owned())?;
        self.reprice()?;
        self.cart_status = next;
        Ok(())
    }

    /// Refuses lines, from the one at `first` on, of which too little is sold to be paid. `field` names one as the request
    /// does.
    fn check_amounts(&self, first: usize, field: impl Fn(usize) -> String) -> Result<(), Error> {
        let (basket, policy) = (self.basket(), self.policy());
        let mut refusal = None;
        for (index, line) in basket.lines.iter().enumerate().skip(first) {
            if line.comes_to_nothing(&policy)? {
                let error = refusal.unwrap_or_else(|| codes::INVALID_INPUT.error(COMES_TO_NOTHING));
                refusal = Some(error.field(field(index), COMES_TO_NOTHING));
            }
        }
        refusal.map_or(Ok(()), Err)
    }

    /// The place of a line that may be changed: one that was not cancelled.
    fn counting_line(&self, line_no: i32) -> Result<usize, Error> {
        let index = self.line_index(line_no)?;
        match self.line_items[index].is_cancelled {
            false => Ok(index),
            true => Err(codes::LINE_CANCELLED
                .error(format!("line {line_no} was cancelled: enter the item again"))
                .with("line_no", line_no)),
        }
    }

    /// The place of a line. Lines are counted from 1 and never renumbered.
    fn line_index(&self, line_no: i32) -> Result<usize, Error> {
        let index = usize::try_from(line_no)
            .ok()
            .and_then(|number| number.checked_sub(1));
        index
            .filter(|index| *index < self.line_items.len())
            .ok_or_else(|| {
                codes::NOT_FOUND
                    .error(format!("cart {} has no line {line_no}", self.cart_id))
                    .with("line_no", line_no)
            })
    }
}
