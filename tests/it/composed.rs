//! Channels of contagion in one run, in every combination and in both engines: fire sales under a leverage cap, clearing,
//! shareholdings, withdrawal of funding, redemption of fund shares.

use delever::cascade::rounds::RoundsStatus;
use delever::io::{LoadOptions, Loaded, Tables, load_from};
use delever::prelude::*;

/// Which channels are open.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::struct_excessive_bools)] // Five channels, each open or not: all 32 combinations are drawn.
struct Channels {
    cap: bool,
    clearing: bool,
    shares: bool,
    withdrawal: bool,
    redemption: bool,
}

impl Channels {
    fn all() -> impl Iterator<Item = Self> {
        (0..32).map(|bits: u32| Self {
            cap: bits & 1 > 0,
            clearing: bits & 2 > 0,
            shares: bits & 4 > 0,
            withdrawal: bits & 8 > 0,
            redemption: bits & 16 > 0,
        })
    }

    fn load(self) -> Loaded {
        let mut tables = Tables::new()
            .with(
                "institutions.csv",
                "id,cash,external_liabilities,rule\n\
                 bank,4,80,banks\nlender,3,62,banks\nshadow,2,33,shadow\nfund,5,0,funds\n",
            )
            .with("assets.csv", "id,depth\nbond,700\nshare,300\n")
            .with(
                "holdings.csv",
                "institution,asset,quantity\nbank,bond,80\nbank,share,10\nlender,bond,30\nlender,share,20\n\
                 shadow,bond,50\nfund,share,40\nfund,bond,20\n",
            )
            .with(
                "debts.csv",
                "debtor,creditor,amount\nbank,lender,10\nshadow,lender,12\nlender,bank,6\n",
            );
        if self.shares {
            tables = tables.with(
                "shareholdings.csv",
                "holder,issuer,fraction\nfund,bank,0.4\nbank,lender,0.2\n",
            );
        }
        let rule = |open: bool, rule: &str| {
            if open {
                rule.to_owned()
            } else {
                "rule = \"none\"".to_owned()
            }
        };
        let scenario = format!(
            "version = 1\n[shock]\nprices = {{ bond = -0.06, share = -0.1 }}\n\
             [deleveraging.rules.banks]\n{}\n[deleveraging.rules.shadow]\n{}\n[deleveraging.rules.funds]\n{}\n\
             [impact]\nmodel = \"exponential\"\n[clearing]\nmodel = \"{}\"\n[engine]\nmax_iterations = 100000\n",
            rule(self.cap, "rule = \"leverage-cap\"\nmax_leverage = 20"),
            rule(
                self.withdrawal,
                "rule = \"funding-withdrawal\"\nrun_below = 0.15\nrun_complete_below = 0.01"
            ),
            rule(
                self.redemption,
                "rule = \"redemption\"\nflow_sensitivity = 0.8\ngate = 0.5"
            ),
            if self.clearing || self.shares {
                "elsinger"
            } else {
                "none"
            },
        );
        load_from(
            &tables,
            "composed.toml",
            &scenario,
            &registry(),
            &LoadOptions::default(),
        )
        .unwrap_or_else(|problems| panic!("{self:?}\n{problems}"))
    }

    fn equilibrium(self) -> Outcome {
        let solved = self.load().solve(&registry()).expect("models fit");
        solved.greatest.expect("asked for")
    }
}

#[test]
fn every_combination_of_channels_is_certified_and_its_losses_add_up() {
    for channels in Channels::all() {
        let outcome = channels.equilibrium();
        assert_eq!(outcome.status, Status::Certified, "{channels:?}");
        let totals = &outcome.totals;
        let sells = channels.cap || channels.withdrawal || channels.redemption;
        assert_eq!(totals.loss_fire_sale > 0.0, sells, "{channels:?} {totals:?}");
        for one in &outcome.institutions {
            let lost = one.equity_initial - one.equity;
            assert!((one.loss - lost).abs() < 1e-9, "{channels:?} {one:?}");
        }
        let rounds = channels.load().run_rounds(&registry()).expect("models fit");
        assert_eq!(rounds.status, RoundsStatus::Complete, "{channels:?}");
        assert_eq!(rounds.totals.sold_value > 0.0, sells, "{channels:?}");
        for one in &rounds.institutions {
            let lost = one.equity_initial - one.equity;
            assert!((one.loss - lost).abs() < 1e-9, "{channels:?} {one:?}");
        }
        if !sells {
            // Without sales both engines only clear.
            for (a, b) in rounds.institutions.iter().zip(&outcome.institutions) {
                assert!((a.equity - b.equity).abs() < 1e-12, "{channels:?}");
            }
        }
    }
}

/// One channel more never makes anyone's assets worth more, in an equilibrium. (Shareholdings add assets, so they stay as
/// they are.)
#[test]
fn one_channel_more_never_raises_a_price_or_an_equity() {
    for fewer in Channels::all() {
        let before = fewer.equilibrium();
        let more = [
            Channels { cap: true, ..fewer },
            Channels {
                clearing: true,
                ..fewer
            },
            Channels {
                withdrawal: true,
                ..fewer
            },
            Channels {
                redemption: true,
                ..fewer
            },
        ];
        for more in more {
            let after = more.equilibrium();
            for (a, b) in after.assets.iter().zip(&before.assets) {
                assert!(a.price <= b.price, "{fewer:?} {more:?}");
            }
            for (a, b) in after.institutions.iter().zip(&before.institutions) {
                assert!(a.equity <= b.equity + 1e-9, "{fewer:?} {more:?}");
            }
        }
    }
}
