//! The outcome of a cascade: prices, balance sheets and losses by channel.

use crate::arithmetic::Nearest;
use crate::boundary::{Around, FAR};
use crate::composition::Cascade;
use crate::enclosure::EquilibriaEnclosure;
use crate::map::CascadeMap;
use crate::pass::{CHUNK, PassWork, conclude, inspect_by_chunk};
use crate::rounds::Round;
use crate::shock::Shock;
use delever_core::Execution;
use delever_solver::{FixedPointMap, Solution, Status};
use rayon::prelude::*;

/// One equilibrium and what is known of it. Institutions and assets stand in id order.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// How the solve ended.
    pub status: Status,
    /// Whether a unit in the last place of the input, or a threshold met exactly, could change who defaults or sells.
    pub near_boundary: bool,
    /// Who it is that could, by id.
    pub near_boundary_of: Vec<u32>,
    /// Whether the system has this equilibrium only; `None` where that is not established.
    pub unique: Option<bool>,
    /// How far the answer can be from the true one.
    pub certificate: Certificate,
    /// Applications of the cascade map until nothing moved.
    pub iterations: u64,
    /// Applications in all, the proof's own counted: each reads all holdings and debts once.
    pub passes: u64,
    /// Steps of policy iteration, each with a linear solve; 0 where plain iteration sufficed.
    pub policy_steps: u64,
    /// Passes over the linear systems of policy iteration that were solved by iteration.
    pub linear_sweeps: u64,
    /// Steps after which plain iteration repeats itself, where it was seen to: only unordered systems do.
    pub cycle: Option<u64>,
    /// Bounds that hold all equilibria, of systems that are not ordered: `None` for ordered ones, which have their brackets, and
    /// where some model cannot be bounded.
    pub enclosure: Option<EquilibriaEnclosure>,
    /// Sums over the system.
    pub totals: Totals,
    /// By asset.
    pub assets: Vec<AssetOutcome>,
    /// By institution.
    pub institutions: Vec<InstitutionOutcome>,
    /// Where claims are valued by a process that is no map: its waves, entry 0 the state after the shock. Empty otherwise.
    pub waves: Vec<Round>,
}

/// How far a reported state can be from the true equilibrium.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Certificate {
    /// Largest width of the bracket relative to the shocked price or full payment; `None` without a bracket.
    pub width: Option<f64>,
    /// Largest relative change that one more application of the map would make.
    pub residual: f64,
}

/// Sums over all institutions, money.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Totals {
    /// Equity before the shock, claims at face.
    pub equity_initial: f64,
    /// Equity in equilibrium, negative parts included.
    pub equity: f64,
    /// `loss_shock + loss_fire_sale + loss_contagion`.
    pub loss: f64,
    /// Loss by the shock itself.
    pub loss_shock: f64,
    /// Loss by prices that sales pushed down.
    pub loss_fire_sale: f64,
    /// Loss on claims on institutions.
    pub loss_contagion: f64,
    /// Value that defaults destroyed: part of contagion, and of what creditors outside bear.
    pub loss_bankruptcy_costs: f64,
    /// `loss / loss_shock`; `None` where the shock itself loses nothing.
    pub amplification: Option<f64>,
    /// Institutions that failed.
    pub defaults: usize,
    /// Proceeds of all sales.
    pub sold_value: f64,
}

/// One asset in equilibrium.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AssetOutcome {
    /// Price before the shock, money per unit.
    pub price_initial: f64,
    /// Price after the shock, before any sale.
    pub price_shocked: f64,
    /// Price in equilibrium.
    pub price: f64,
    /// Units sold; negative where more is bought.
    pub sold_quantity: f64,
    /// Units sold over units held by institutions; 0 where none is held.
    pub sold_fraction: f64,
}

/// What became of an institution: the first of these that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstitutionState {
    /// Failed: negative equity, or equity below what the claims model asks for.
    Defaulted,
    /// All holdings sold.
    Liquidated,
    /// Some holdings sold.
    Deleveraging,
    /// Nothing sold.
    Sound,
}

/// One institution in equilibrium, money.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InstitutionOutcome {
    /// Equity before the shock, claims at face.
    pub equity_initial: f64,
    /// Equity after the shock, claims at face, shareholdings as before the shock, before any sale.
    pub equity_shocked: f64,
    /// Equity in equilibrium, negative when insolvent.
    pub equity: f64,
    /// Assets in equilibrium, own default costs not deducted.
    pub assets: f64,
    /// Value that its own failure destroys; not deducted from its assets.
    pub default_cost: f64,
    /// Payments to all creditors.
    pub payment: f64,
    /// Payments over liabilities at face; 1 without liabilities.
    pub payment_ratio: f64,
    /// Share of holdings sold, by value at shocked prices; negative for a buyer.
    pub sold_fraction: f64,
    /// What became of it.
    pub state: InstitutionState,
    /// Sum of the three channels, left to right.
    pub loss: f64,
    /// `equity_initial - equity_shocked`.
    pub loss_shock: f64,
    /// Price effect on what it held, plus execution gain or loss.
    pub loss_fire_sale: f64,
    /// Face less received over its claims, what its shareholdings lost since before the shock, and what it owes by swaps.
    pub loss_contagion: f64,
}

impl InstitutionOutcome {
    /// Before anything is entered.
    pub(crate) const NOTHING: Self = Self {
        equity_initial: 0.0,
        equity_shocked: 0.0,
        equity: 0.0,
        assets: 0.0,
        default_cost: 0.0,
        payment: 0.0,
        payment_ratio: 0.0,
        sold_fraction: 0.0,
        state: InstitutionState::Sound,
        loss: 0.0,
        loss_shock: 0.0,
        loss_fire_sale: 0.0,
        loss_contagion: 0.0,
    };
}

/// The equilibria that were asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Equilibria {
    /// The best equilibrium.
    pub greatest: Option<Outcome>,
    /// The worst equilibrium.
    pub least: Option<Outcome>,
    /// Whether the two are the same; `None` where that is not established.
    pub unique: Option<bool>,
}

/// What one step of the iteration looks like from outside.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// Trial prices, in id order.
    pub prices: Vec<f64>,
    /// Institutions that sell something.
    pub sellers: usize,
    /// Institutions that sell everything.
    pub sold_out: usize,
    /// Institutions that fail.
    pub defaults: usize,
    /// Units sold at trial prices.
    pub sold_value: f64,
    /// Equity lost since before the shock.
    pub loss: f64,
}

/// What one institution does at one state.
struct Books {
    assets: f64,
    received: f64,
    marketable: f64,
    gain: f64,
    liabilities: f64,
    payment: f64,
    destroyed: f64,
    failed: bool,
    /// Equity less that below which the institution counts as failed.
    margin: f64,
    /// Whether it may be near to trading, or not trading.
    trade_undecided: bool,
    sold_value: f64,
    sold_out: bool,
    sold_at_shocked: f64,
    held_at_shocked: f64,
}

impl CascadeMap<'_> {
    /// Visits every institution at a state, compiled position and books, chunks in parallel. Returns what the visits of each
    /// chunk leave, and units sold by asset. `around`: who would trade otherwise there is marked.
    fn visit_books<R: Send>(
        &self,
        x: &[f64],
        work: &mut PassWork<Nearest>,
        around: Option<&Around<'_>>,
        begin: impl IndexedParallelIterator<Item = R>,
        visit: impl Fn(&mut R, usize, &Books) + Sync,
    ) -> (Vec<R>, Vec<f64>) {
        let cascade = self.cascade;
        let shocked = &self.data.market.shocked;
        let assets = cascade.system.asset_count();
        let begin = begin.map(|left| (left, vec![0.0; assets]));
        let chunks = inspect_by_chunk::<Nearest, _>(
            cascade,
            &self.data,
            x,
            work,
            begin,
            |(left, units_sold), seen| {
                let sheet = seen.sheet;
                let id = cascade.order[seen.position];
                let margin = sheet.assets() - sheet.liabilities - cascade.claims.failure_equity(id);
                let mut books = Books {
                    assets: sheet.assets(),
                    received: sheet.received,
                    marketable: sheet.marketable,
                    gain: sheet.execution_gain,
                    liabilities: sheet.liabilities,
                    payment: cascade.claims.payment(id, sheet),
                    failed: margin < 0.0,
                    margin,
                    trade_undecided: around.is_some_and(|around| around.undecided(seen.position, sheet)),
                    destroyed: cascade.claims.value_destroyed(id, sheet),
                    sold_value: 0.0,
                    sold_out: !seen.units.is_empty(),
                    sold_at_shocked: 0.0,
                    held_at_shocked: 0.0,
                };
                for ((asset, held), &sold) in sheet.holdings.iter().zip(seen.units) {
                    units_sold[asset] += sold;
                    books.sold_value += sold * sheet.average_prices[asset];
                    books.sold_out &= sold >= held;
                    books.sold_at_shocked += sold * shocked[asset];
                    books.held_at_shocked += held * shocked[asset];
                }
                books.sold_out &= seen.units.iter().any(|&sold| sold > 0.0);
                visit(left, seen.position, &books);
            },
        );
        let (left, units): (Vec<R>, Vec<Vec<f64>>) = chunks.into_iter().unzip();
        let mut units_sold = vec![0.0; assets];
        for chunk in units {
            for (sum, units) in units_sold.iter_mut().zip(chunk) {
                *sum += units;
            }
        }
        (left, units_sold)
    }

    /// What a trial state looks like: who sells, who fails, what is lost.
    pub fn snapshot(&self, x: &[f64]) -> Snapshot {
        let mut snapshot = Snapshot {
            prices: Vec::new(),
            sellers: 0,
            sold_out: 0,
            defaults: 0,
            sold_value: 0.0,
            loss: 0.0,
        };
        let chunks = self.cascade.order.len().div_ceil(CHUNK);
        let nothing = rayon::iter::repeat_n(snapshot.clone(), chunks);
        let mut work = PassWork::new(self.cascade);
        let (chunks, _) = self.visit_books(x, &mut work, None, nothing, |snapshot, position, books| {
            snapshot.sellers += usize::from(books.sold_at_shocked > 0.0 || books.sold_value > 0.0);
            snapshot.sold_out += usize::from(books.sold_out);
            snapshot.defaults += usize::from(books.failed);
            snapshot.sold_value += books.sold_value;
            snapshot.loss += self.data.equity_initial[position] - (books.assets - books.liabilities);
        });
        snapshot.prices = self.cascade.view(x).prices.to_vec();
        for chunk in chunks {
            snapshot.sellers += chunk.sellers;
            snapshot.sold_out += chunk.sold_out;
            snapshot.defaults += chunk.defaults;
            snapshot.sold_value += chunk.sold_value;
            snapshot.loss += chunk.loss;
        }
        snapshot
    }

    /// Accounts for a solution. What the order of the models would have to support is claimed only where the answer's own image
    /// agrees, see [`Self::keeps_order`]; `seen_at_top` says that a part of that test was made on the way.
    pub(crate) fn outcome(&self, solution: &Solution, seen_at_top: bool) -> Outcome {
        let cascade = self.cascade;
        let system = cascade.system;
        let market = &self.data.market;
        let view = cascade.view(&solution.point);
        // Memory that is first written by several threads is at hand sooner.
        let mut institutions = Vec::new();
        (0..cascade.order.len())
            .into_par_iter()
            .map(|_| InstitutionOutcome::NOTHING)
            .collect_into_vec(&mut institutions);
        let visit = |left: &mut (&mut [InstitutionOutcome], f64), position: usize, books: &Books| {
            let (institutions, margin_of_solvency) = left;
            let holdings = cascade.holdings.row(position);
            let (initial, shocked) = (
                self.data.equity_initial[position],
                self.data.equity_shocked[position],
            );
            let before = holdings.product_sum(&market.shocked);
            let loss_shock = initial - shocked;
            let loss_fire_sale = match cascade.execution {
                Execution::Terminal => before - books.marketable,
                Execution::Vwap => before - books.marketable - books.gain,
            };
            let loss_contagion = if cascade.components == 0 {
                0.0
            } else {
                cascade.claims_face.value[position] + self.data.shareholdings[position] - books.received
                    + (books.liabilities - cascade.liabilities.value[position])
            };
            let equity = books.assets - books.liabilities;
            let sold_fraction = if books.sold_out {
                1.0
            } else if books.held_at_shocked > 0.0 {
                (books.sold_at_shocked / books.held_at_shocked).min(1.0)
            } else {
                0.0
            };
            let state = if books.failed {
                InstitutionState::Defaulted
            } else if books.sold_out {
                InstitutionState::Liquidated
            } else if sold_fraction > 0.0 {
                InstitutionState::Deleveraging
            } else {
                InstitutionState::Sound
            };
            let exposure = books.held_at_shocked
                + cascade.claims_face.value[position]
                + self.data.shareholdings[position];
            let rounding = 1e-9 * (books.assets.abs() + books.liabilities + exposure);
            let margin = if books.trade_undecided {
                f64::NEG_INFINITY
            } else {
                (books.margin.abs() - rounding) / (exposure + f64::MIN_POSITIVE)
            };
            *margin_of_solvency = margin_of_solvency.min(margin);
            institutions[position % CHUNK] = InstitutionOutcome {
                equity_initial: initial,
                equity_shocked: shocked,
                equity,
                assets: books.assets,
                default_cost: books.destroyed,
                payment: books.payment,
                payment_ratio: if books.liabilities > 0.0 {
                    (books.payment / books.liabilities).min(1.0)
                } else {
                    1.0
                },
                sold_fraction,
                state,
                loss: loss_shock + loss_fire_sale + loss_contagion,
                loss_shock,
                loss_fire_sale,
                loss_contagion,
            };
        };
        let begin = institutions
            .par_chunks_mut(CHUNK)
            .map(|institutions| (institutions, f64::INFINITY));
        let mut work = PassWork::new(cascade);
        let around = Around::new(self, view, FAR);
        let (chunks, units_sold) = self.visit_books(&solution.point, &mut work, Some(&around), begin, visit);
        let mut image = vec![0.0; self.dim()];
        conclude(cascade, &self.data, &mut image, &mut work);
        let refuted = self.shape().isotone && !self.keeps_order(solution, &image, seen_at_top);
        let bracket = solution.bracket.as_ref().filter(|_| !refuted);
        // How far the institution closest to zero equity is from it, in widths that its holdings and claims can take,
        // after what rounding and a change of the input's last place can do; below zero where one is near to trading.
        let margins = chunks.iter().map(|(_, margin)| *margin);
        let margin_of_solvency = margins.fold(f64::INFINITY, f64::min);
        let totals = Totals::of(&institutions);
        if !cascade.is_by_id() {
            let in_order = institutions.clone();
            for (outcome, &id) in in_order.into_iter().zip(&cascade.order) {
                institutions[id as usize] = outcome;
            }
        }
        let held = units_held(cascade);
        let assets: Vec<AssetOutcome> = (0..system.asset_count())
            .map(|k| AssetOutcome {
                price_initial: market.initial[k],
                price_shocked: market.shocked[k],
                price: view.prices[k],
                sold_quantity: units_sold[k],
                sold_fraction: if held[k] > 0.0 {
                    (units_sold[k] / held[k]).min(1.0)
                } else {
                    0.0
                },
            })
            .collect();
        let width = bracket.map(|bracket| bracket.width);
        // Under volume-weighted execution proceeds move too, by more than prices do.
        let clear = cascade.execution == Execution::Terminal
            && margin_of_solvency > 2.0 * width.unwrap_or(0.0)
            && width.unwrap_or(0.0) < FAR;
        let near_boundary_of = match bracket {
            _ if clear => Vec::new(),
            Some(bracket) => self.near_boundary(&bracket.upper, &bracket.lower),
            None => self.near_boundary_at(&solution.point),
        };
        Outcome {
            status: if refuted {
                Status::Unordered
            } else {
                solution.status
            },
            near_boundary: !near_boundary_of.is_empty(),
            near_boundary_of,
            unique: None,
            certificate: Certificate {
                width,
                residual: solution.residual,
            },
            iterations: solution.iterations,
            passes: solution.passes,
            policy_steps: solution.policy_steps,
            linear_sweeps: solution.linear.sweeps,
            cycle: solution.cycle,
            enclosure: None,
            totals: Totals {
                sold_value: units_sold
                    .iter()
                    .zip(view.averages)
                    .map(|(units, price)| units * price)
                    .sum::<f64>()
                    + 0.0,
                ..totals
            },
            assets,
            institutions,
            waves: Vec::new(),
        }
    }
}

impl Cascade<'_> {
    /// Whether several equilibria exist for sure under a shock, by the structure of the claims alone.
    pub(crate) fn not_unique_under(&self, shock: &Shock) -> bool {
        if !self.can_be_not_unique {
            return false;
        }
        let mut nothing = vec![false; self.order.len()];
        for (position, &id) in self.order.iter().enumerate() {
            let after = shock.institution_after(id as usize, &self.system.institutions()[id as usize]);
            let holds = self
                .holdings
                .row(position)
                .values
                .iter()
                .any(|&units| units > 0.0);
            nothing[id as usize] = after.cash == 0.0 && after.other_assets == 0.0 && !holds;
        }
        self.claims.not_unique(&nothing)
    }
}

/// Units that all institutions hold before any sale, by asset.
pub(crate) fn units_held(cascade: &Cascade<'_>) -> Vec<f64> {
    let mut held = vec![0.0; cascade.system.asset_count()];
    let holdings = cascade.system.holdings();
    for row in holdings.rows(0..holdings.row_count()) {
        for (asset, units) in row.iter() {
            held[asset] += units;
        }
    }
    held
}

impl Totals {
    /// Sums over institutions in compiled order, in the shape of all sums: inside chunks, then over chunks. Proceeds are not
    /// counted here.
    pub(crate) fn of(institutions: &[InstitutionOutcome]) -> Self {
        let mut totals = [0.0; 6];
        for chunk in institutions.chunks(CHUNK) {
            let mut sums = [0.0; 6];
            for i in chunk {
                let channels = [i.loss_shock, i.loss_fire_sale, i.loss_contagion];
                sums[0] += i.equity_initial;
                sums[1] += i.equity;
                sums[2] += i.default_cost;
                for (sum, loss) in sums[3..].iter_mut().zip(channels) {
                    *sum += loss;
                }
            }
            for (total, sum) in totals.iter_mut().zip(sums) {
                *total += sum;
            }
        }
        let [equity_initial, equity, loss_bankruptcy_costs, channels @ ..] = totals;
        let defaulted = |i: &&InstitutionOutcome| i.state == InstitutionState::Defaulted;
        Self {
            equity_initial,
            equity,
            loss_bankruptcy_costs,
            defaults: institutions.iter().filter(defaulted).count(),
            ..Self::of_channels(channels)
        }
    }

    /// The loss by the shock, by fire sales and by contagion, and what follows from them: the total loss is their sum, left to
    /// right.
    pub(crate) fn of_channels([loss_shock, loss_fire_sale, loss_contagion]: [f64; 3]) -> Self {
        let loss = loss_shock + loss_fire_sale + loss_contagion;
        Self {
            loss,
            loss_shock,
            loss_fire_sale,
            loss_contagion,
            amplification: (loss_shock != 0.0).then(|| loss / loss_shock),
            ..Self::default()
        }
    }
}
