//! Selling into a visible order book: prices walk down the bids.

use delever_core::error_free::{CompensatedSum, mul_down, mul_up};
use delever_core::{
    Continuity, ImpactModel, ImpactSpec, Interval, Market, MarketShape, Order, Profile, Quote, Real,
    SpecError, TableShape,
};

/// Largest price and quantity, as of every amount: sums and products stay finite.
const LARGEST: f64 = 1e18;

/// A side of an order book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Offers to buy.
    Bid,
    /// Offers to sell. Nothing is sold into them; they must stand above the bids.
    Ask,
}

/// One level of an order book before the shock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BookLevel {
    /// The asset, as its position.
    pub asset: u32,
    /// Its side.
    pub side: Side,
    /// Money per unit, above 0; bids not above the asset's initial price.
    pub price: f64,
    /// Units, above 0.
    pub quantity: f64,
}

/// What is paid for units that the bids do not take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Beyond {
    /// Nothing: the price is 0 once the last bid is used up.
    #[default]
    Zero,
    /// The last bid's price, for any amount.
    LastBid,
}

/// A bid and what stands above it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Bid {
    price: f64,
    /// Units of this bid and of all better ones: the exact sum lies within, `units.low` is the computed one.
    units: Interval,
    /// Money that all better bids pay, and bounds of it.
    money_above: Interval,
    /// Units of all better bids.
    units_above: Interval,
}

/// `q` is the lowest bid reached times `q0 / initial`: the marginal price of cumulative sales in a book quoted before the shock.
///
/// Bids are walked from the best down. Sales of exactly the quantity of the first bids still get the last of these: the step
/// down comes behind it, so the model is continuous from above, and ordered: more sales never raise the price. Without
/// sales the price is `q0`; the first unit sold gets the best bid, a step by half the spread where the initial price is the
/// mid. Behind the last bid the price is 0, or stays as [`Beyond::LastBid`] says. Under volume-weighted execution sellers get
/// the average over the bids that they walk. There is no derivative: the price is a step function.
///
/// ```
/// use delever_core::{ImpactModel, Market};
/// use delever_impact::{Beyond, BookLevel, OrderBook, Side};
/// let level = |side, price, quantity| BookLevel { asset: 0, side, price, quantity };
/// let levels = [level(Side::Bid, 98.0, 3.0), level(Side::Bid, 99.0, 2.0), level(Side::Ask, 101.0, 5.0)];
/// let book = OrderBook::new(&levels, &[100.0], Beyond::Zero).expect("sound");
/// let market = Market::new(&[100.0], &[50.0]); // the shock halved the price, and the bids with it
/// let after = |units: f64| {
///     let (mut price, mut average) = ([0.0], [0.0]);
///     book.prices_into(market, &[100.0 * units], &mut price);
///     book.average_prices_into(market, &[100.0 * units], &mut average);
///     (price[0], average[0])
/// };
/// assert_eq!(after(0.0), (50.0, 50.0));
/// assert_eq!(after(2.0), (49.5, 49.5));
/// assert_eq!(after(4.0), (49.0, 49.25));
/// assert_eq!(after(5.5).0, 0.0);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct OrderBook {
    /// Bids of each asset, the best first.
    bids: Vec<Vec<Bid>>,
    beyond: Beyond,
}

impl OrderBook {
    /// A book from levels in any order, for assets with these prices before the shock.
    ///
    /// Errors count levels as rows: a price or a quantity that is not above 0 and at most 1e18, a bid above the initial price, a
    /// best bid that is not below the best ask (crossed quotes), an asset that does not exist.
    pub fn new(levels: &[BookLevel], initial_prices: &[f64], beyond: Beyond) -> Result<Self, Vec<SpecError>> {
        let mut problems = Vec::new();
        let count = initial_prices.len();
        let mut by_asset: Vec<Vec<(f64, f64, usize)>> = vec![Vec::new(); count];
        let mut best_ask = vec![f64::INFINITY; count];
        for (row, level) in levels.iter().enumerate() {
            let mut refuse = |problem: SpecError| problems.push(problem.at_row(row));
            let asset = level.asset as usize;
            let Some(&initial) = initial_prices.get(asset) else {
                refuse(SpecError::out_of_range(
                    "asset",
                    f64::from(level.asset),
                    format!("below {count}"),
                ));
                continue;
            };
            for (name, value) in [("price", level.price), ("quantity", level.quantity)] {
                if !(value > 0.0 && value <= LARGEST) {
                    refuse(SpecError::out_of_range(
                        name,
                        value,
                        format!("above 0 and at most {LARGEST:e}"),
                    ));
                }
            }
            if level.side == Side::Ask {
                best_ask[asset] = best_ask[asset].min(level.price);
                continue;
            }
            if level.price > initial {
                let allowed = format!(
                    "at most the asset's initial price of {initial}; give the asset the mid of the book as its price"
                );
                refuse(SpecError::out_of_range("price", level.price, allowed));
            }
            by_asset[asset].push((level.price, level.quantity, row));
        }
        for (bids, ask) in by_asset.iter_mut().zip(best_ask) {
            // Quantities break ties, so that the order of rows leaves no trace.
            bids.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.total_cmp(&b.1)));
            if let Some(&(best, _, row)) = bids.first()
                && best >= ask
            {
                let message = format!("the quotes are crossed: this bid is not below the best ask of {ask}");
                problems.push(SpecError::conflict("price", message).at_row(row));
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(Self {
            bids: by_asset.iter().map(|bids| accumulate(bids)).collect(),
            beyond,
        })
    }

    /// Whether somebody bids for an asset.
    pub fn has_bids(&self, asset: usize) -> bool {
        !self.bids[asset].is_empty()
    }

    /// The price before the shock at a place in the bids, or behind them.
    fn bid_at(&self, asset: usize, place: usize) -> f64 {
        let bids = &self.bids[asset];
        match (bids.get(place), self.beyond) {
            (Some(bid), _) => bid.price,
            (None, Beyond::Zero) => 0.0,
            (None, Beyond::LastBid) => bids.last().map_or(0.0, |bid| bid.price),
        }
    }

    /// The first bid that takes all of `sold`, money at the initial price.
    fn reached(&self, asset: usize, sold: f64, money_of: impl Fn(Interval) -> f64) -> usize {
        self.bids[asset].partition_point(|bid| money_of(bid.units) < sold)
    }

    /// The places at which the exact sale can end: the best, and the worst.
    fn reached_bounds(&self, asset: usize, quote: Quote, sold: f64) -> (usize, usize) {
        let best = self.reached(asset, sold, |units| mul_up(quote.initial, units.high));
        let worst = self.reached(asset, sold, |units| mul_down(quote.initial, units.low));
        (best, worst)
    }

    fn price<N: Real>(&self, asset: usize, quote: Quote, place: usize) -> N {
        let share = N::from(self.bid_at(asset, place)) / N::from(quote.initial);
        (N::from(quote.shocked) * share).at_most(quote.shocked)
    }

    /// The average over the bids before a place and what that one takes; `money` and `units` stand above it.
    fn average<N: Real>(
        &self,
        asset: usize,
        quote: Quote,
        sold: f64,
        place: usize,
        (money, units): (N, N),
    ) -> N {
        let walked = N::from(sold) / N::from(quote.initial);
        let here = (walked - units).at_least(0.0);
        let paid = money + here * N::from(self.bid_at(asset, place));
        let share = paid / walked / N::from(quote.initial);
        (N::from(quote.shocked) * share).at_most(quote.shocked)
    }

    /// Money and units above a place, within bounds.
    fn above(&self, asset: usize, place: usize) -> (Interval, Interval) {
        let bids = &self.bids[asset];
        match (bids.get(place), bids.last()) {
            (Some(bid), _) => (bid.money_above, bid.units_above),
            (None, Some(last)) => {
                let here = (last.units - last.units_above).at_least(0.0) * Interval::from(last.price);
                (last.money_above + here, last.units)
            }
            (None, None) => (Interval::from(0.0), Interval::from(0.0)),
        }
    }
}

/// Running sums down the bids, with bounds.
fn accumulate(bids: &[(f64, f64, usize)]) -> Vec<Bid> {
    let interval = |sum: &CompensatedSum| {
        let (low, high) = sum.bounds();
        Interval { low, high }
    };
    let (mut units, mut money) = (CompensatedSum::default(), CompensatedSum::default());
    let mut least = Interval::from(0.0);
    bids.iter()
        .map(|&(price, quantity, _)| {
            let (units_above, money_above) = (least, interval(&money));
            units.add(quantity);
            money.add_product(price, quantity);
            let sum = interval(&units);
            // Bounds of a smaller sum hold for a larger one: places stay sorted.
            least = Interval {
                low: sum.low.max(units_above.low),
                high: sum.high.max(units_above.high),
            };
            Bid {
                price,
                units: least,
                money_above,
                units_above,
            }
        })
        .collect()
}

impl ImpactModel for OrderBook {
    fn prices_into(&self, market: Market<'_>, sold: &[f64], prices: &mut [f64]) {
        for (asset, out) in prices.iter_mut().enumerate() {
            let quote = market.quote(asset);
            *out = if sold[asset] == 0.0 {
                quote.shocked
            } else {
                let place = self.reached(asset, sold[asset], |units| quote.initial * units.low);
                self.price(asset, quote, place)
            };
        }
    }

    fn average_prices_into(&self, market: Market<'_>, sold: &[f64], prices: &mut [f64]) {
        for (asset, out) in prices.iter_mut().enumerate() {
            let quote = market.quote(asset);
            *out = if sold[asset] == 0.0 {
                quote.shocked
            } else {
                let place = self.reached(asset, sold[asset], |units| quote.initial * units.low);
                let (money, units) = self.above(asset, place);
                let average: f64 = self.average(asset, quote, sold[asset], place, (money.low, units.low));
                average.max(self.price(asset, quote, place))
            };
        }
    }

    fn price_bounds_into(&self, market: Market<'_>, sold: &[f64], low: &mut [f64], high: &mut [f64]) {
        for (asset, &sold) in sold.iter().enumerate() {
            let quote = market.quote(asset);
            (low[asset], high[asset]) = if sold == 0.0 {
                (quote.shocked, quote.shocked)
            } else {
                let (best, worst) = self.reached_bounds(asset, quote, sold);
                let price = |place| self.price::<Interval>(asset, quote, place);
                (price(worst).low, price(best).high)
            };
        }
    }

    fn average_price_bounds_into(&self, market: Market<'_>, sold: &[f64], low: &mut [f64], high: &mut [f64]) {
        for (asset, &sold) in sold.iter().enumerate() {
            let quote = market.quote(asset);
            if sold == 0.0 {
                (low[asset], high[asset]) = (quote.shocked, quote.shocked);
                continue;
            }
            let (best, worst) = self.reached_bounds(asset, quote, sold);
            // The exact average is that of one of the places.
            let bounds = (best..=worst)
                .map(|place| {
                    let above = self.above(asset, place);
                    self.average::<Interval>(asset, quote, sold, place, above)
                })
                .reduce(Interval::hull);
            let least = self.price::<Interval>(asset, quote, worst).low;
            (low[asset], high[asset]) = bounds.map_or((0.0, quote.shocked), |bounds| {
                let low = bounds.low.max(least);
                (low, bounds.high.max(low))
            });
        }
    }

    fn profile(&self) -> Profile {
        Profile {
            order: Order::Antitone,
            continuity: Continuity::FromAbove,
            bounded: true,
        }
    }

    fn has_average_prices(&self) -> bool {
        true
    }
}

/// `order-book` in scenario files: [`OrderBook`] from a table of levels.
///
/// The columns are `asset`, `side` (`bid` or `ask`), `price` and `quantity`. Every asset that somebody holds needs a bid.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
pub struct OrderBookSpec {
    /// `book`: the file, in the folder of the tables.
    pub book: String,
    /// `beyond`: `zero` (default) or `last-bid`, the price behind the last bid.
    #[serde(default)]
    pub beyond: Beyond,
}

impl ImpactSpec for OrderBookSpec {
    const KIND: &'static str = "order-book";
    const TABLES: &'static [TableShape] = &[TableShape {
        parameter: "book",
        assets: &["asset"],
        texts: &["side"],
        numbers: &["price", "quantity"],
    }];
    type Model = OrderBook;

    fn build(self, market: &MarketShape<'_>) -> Result<OrderBook, Vec<SpecError>> {
        let table = market.table("book")?;
        let mut problems = Vec::new();
        let mut levels = Vec::with_capacity(table.row_count());
        let (assets, sides) = (table.assets("asset"), table.texts("side"));
        for row in 0..table.row_count() {
            let side = match sides[row].as_str() {
                "bid" => Side::Bid,
                "ask" => Side::Ask,
                _ => {
                    let problem = SpecError::wrong_type("side", "`bid` or `ask`");
                    problems.push(problem.at_row(row).in_table("book"));
                    // Only so that rows keep their numbers.
                    Side::Ask
                }
            };
            levels.push(BookLevel {
                asset: assets[row],
                side,
                price: table.numbers("price")[row],
                quantity: table.numbers("quantity")[row],
            });
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let initial = market.market.initial;
        let book = OrderBook::new(&levels, initial, self.beyond).map_err(|problems| {
            problems
                .into_iter()
                .map(|problem| problem.in_table("book"))
                .collect::<Vec<_>>()
        })?;
        for (asset, (&held, &price)) in market.held.iter().zip(initial).enumerate() {
            if held > 0.0 && price > 0.0 && !book.has_bids(asset) {
                let message = "the asset is held, and the order book has no bid for it";
                problems.push(SpecError::unsupported("book", message).at_row(asset));
            }
        }
        if problems.is_empty() {
            Ok(book)
        } else {
            Err(problems)
        }
    }
}
