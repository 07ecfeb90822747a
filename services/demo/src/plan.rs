//! What is to be replayed, where: stores, catalogue, opening stock, and which sale each cancellation reverses.

use std::collections::{BTreeMap, HashMap};

use rust_decimal::Decimal;

use super::input::{Day, Document, Line};
use super::ledger::{Ledger, Reason};

/// Opening stock is counted in boxes of this many pieces.
const BOX: Decimal = Decimal::ONE_HUNDRED;

/// An item of the catalogue.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Item {
    /// The first name that is not blank, or the code.
    pub(super) description: String,
    /// The price it was sold at most often.
    pub(super) unit_price: Decimal,
}

/// A store of the demo.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Store {
    /// Its code.
    pub(super) code: String,
    /// Its name.
    pub(super) name: String,
    /// Its tills.
    pub(super) tills: usize,
    /// What each item's stock opens with: enough for everything that will be sold, in whole boxes.
    pub(super) opening_stock: BTreeMap<String, Decimal>,
}

/// What a document becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// A sale.
    Sell,
    /// The same day's void of a sale, at the till that made it.
    Void(usize),
    /// The return of a sale of another day, at any till.
    Return(usize),
}

/// A document with what becomes of it.
#[derive(Debug)]
pub(super) struct Task {
    /// The store.
    pub(super) store: usize,
    /// What becomes of it.
    pub(super) action: Action,
    /// The document.
    pub(super) document: Document,
}

/// The plan.
#[derive(Debug)]
pub(super) struct Plan {
    /// The catalogue.
    pub(super) items: BTreeMap<String, Item>,
    /// The stores, the biggest first.
    pub(super) stores: Vec<Store>,
    /// All documents in the order they were made. Actions name sales by their place here.
    pub(super) tasks: Vec<Task>,
    /// The days: a name and the range of its tasks.
    pub(super) days: Vec<(String, std::ops::Range<usize>)>,
}

impl Plan {
    /// Plans the days for a number of tills. What cannot be replayed goes to the ledger.
    pub(super) fn new(mut days: Vec<Day>, tills: usize, ledger: &mut Ledger) -> Self {
        days.sort_by_key(|day| day.documents.first().map(|document| document.time));
        let items = catalogue(days.iter().flat_map(|day| &day.documents));
        let home = home_country(days.iter().flat_map(|day| &day.documents));
        let store_of = |document: &Document| usize::from(tills > 1 && document.country != home);
        let mut standing = Standing::default();
        let mut tasks = Vec::new();
        let mut ranges = Vec::new();
        for day in days {
            let start = tasks.len();
            for document in day.documents {
                let place = tasks.len();
                match standing.action(&document, place, start) {
                    Ok(action) => tasks.push(Task {
                        store: store_of(&document),
                        action,
                        document,
                    }),
                    Err(reason) => ledger.skip(document.lines.into_iter().map(|line| line.row), &reason),
                }
            }
            ranges.push((day.name, start..tasks.len()));
        }
        let stores = stores(&home, &tasks, tills);
        Self {
            items,
            stores,
            tasks,
            days: ranges,
        }
    }
}

/// What was bought: quantities by item and price.
type Basket = BTreeMap<(String, Decimal), Decimal>;

fn basket(lines: &[Line]) -> Basket {
    let mut basket = Basket::new();
    for line in lines {
        *basket
            .entry((line.item_code.clone(), line.unit_price))
            .or_default() += line.quantity;
    }
    basket
}

/// The sales so far that nothing has reversed, by customer and country, in the order they were made.
#[derive(Default)]
struct Standing {
    sales: HashMap<(String, String), Vec<(usize, Basket)>>,
}

impl Standing {
    /// What becomes of the document at a place of a day that begins at `day`. A cancellation reverses the latest sale
    /// to the same customer with just the same items, quantities and prices; customers who are not known are told
    /// apart by country alone, so for them the goods decide.
    fn action(&mut self, document: &Document, place: usize, day: usize) -> Result<Action, Reason> {
        let customer = (document.customer.clone(), document.country.clone());
        let sales = self.sales.entry(customer).or_default();
        let wanted = basket(&document.lines);
        if !document.is_cancellation {
            sales.push((place, wanted));
            return Ok(Action::Sell);
        }
        let whole = sales.iter().rposition(|(_, sold)| *sold == wanted);
        if let Some(found) = whole {
            let (sale, _) = sales.remove(found);
            return Ok(if sale >= day {
                Action::Void(sale)
            } else {
                Action::Return(sale)
            });
        }
        let contained = |sold: &Basket| {
            wanted
                .iter()
                .all(|(key, quantity)| sold.get(key).is_some_and(|had| had >= quantity))
        };
        let part = sales.iter().any(|(_, sold)| contained(sold));
        Err(if part {
            Reason::SalePart
        } else {
            Reason::SaleUnknown
        })
    }
}

/// Every item with the price it was sold at most often (the lowest of several) and its first name.
fn catalogue<'a>(documents: impl Iterator<Item = &'a Document>) -> BTreeMap<String, Item> {
    let mut seen = BTreeMap::<&str, (&str, BTreeMap<Decimal, usize>)>::new();
    for line in documents.flat_map(|document| &document.lines) {
        let (description, prices) = seen.entry(&line.item_code).or_default();
        if description.is_empty() {
            *description = &line.description;
        }
        *prices.entry(line.unit_price).or_default() += 1;
    }
    let item = |(code, (description, prices)): (&str, (&str, BTreeMap<Decimal, usize>))| {
        let most_often = prices.into_iter().rev().max_by_key(|(_, count)| *count);
        let description = if description.is_empty() { code } else { description };
        most_often.map(|(unit_price, _)| {
            let description = description.to_owned();
            (
                code.to_owned(),
                Item {
                    description,
                    unit_price,
                },
            )
        })
    };
    seen.into_iter().filter_map(item).collect()
}

/// Where most sales were made.
fn home_country<'a>(documents: impl Iterator<Item = &'a Document>) -> String {
    let mut counts = BTreeMap::<&str, usize>::new();
    for document in documents {
        *counts.entry(&document.country).or_default() += 1;
    }
    let most = counts.into_iter().max_by_key(|(_, count)| *count);
    most.map_or_else(String::new, |(country, _)| country.to_owned())
}

/// A store for the country where most is sold and one for all others, with tills by their share of the documents.
fn stores(home: &str, tasks: &[Task], tills: usize) -> Vec<Store> {
    let abroad = tasks.iter().filter(|task| task.store == 1).count();
    let abroad_tills = match abroad {
        0 => 0,
        _ => (tills * abroad / tasks.len()).clamp(1, tills - 1),
    };
    let home = if home.is_empty() { "Main store" } else { home };
    let names = [(home, tills - abroad_tills), ("Export", abroad_tills)];
    let mut stores: Vec<Store> = names
        .into_iter()
        .filter(|(_, tills)| *tills > 0)
        .zip(1..)
        .map(|((name, tills), number)| Store {
            code: format!("{number:04}"),
            name: name.to_owned(),
            tills,
            opening_stock: BTreeMap::new(),
        })
        .collect();
    for task in tasks.iter().filter(|task| task.action == Action::Sell) {
        for line in &task.document.lines {
            *stores[task.store]
                .opening_stock
                .entry(line.item_code.clone())
                .or_default() += line.quantity;
        }
    }
    for quantity in stores
        .iter_mut()
        .flat_map(|store| store.opening_stock.values_mut())
    {
        *quantity = (*quantity / BOX).ceil() * BOX;
    }
    stores
}
