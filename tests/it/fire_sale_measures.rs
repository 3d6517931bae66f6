//! Published cases of the measures of fire-sale risk, through the public API.

use crate::fixture::*;
use delever::core::SparseRows;
use delever::network::analysis::SpectralSettings;
use delever::prelude::*;
use delever::stress::breakdown::{BreakdownSettings, Verdict, breakdown};
use delever::stress::overlap::{Normalisation, Overlap};
use delever::stress::vulnerability::{Balances, Sales, Vulnerability};

fn rows(dense: &[Vec<f64>]) -> SparseRows {
    let entries = dense.iter().enumerate().flat_map(|(i, row)| {
        let held = row.iter().enumerate().filter(|(_, value)| **value > 0.0);
        held.map(move |(k, &value)| (i as u32, k as u32, value))
    });
    SparseRows::from_triplets(dense.len(), dense[0].len(), &entries.collect::<Vec<_>>())
}

#[test]
fn cont_schaanning_2019_overlap_and_indices() {
    let held = [vec![90.0, 0.0], vec![70.0, 30.0], vec![0.0, 50.0]];
    let overlap = Overlap::new(rows(&held), &[1000.0, 500.0]).expect("valid");
    // Omega_ij = sum_k held_ik held_jk / depth_k.
    let omega = [[8.1, 6.3, 0.0], [6.3, 6.7, 3.0], [0.0, 3.0, 5.0]];
    for (row, expected) in overlap.dense().iter().zip(omega) {
        all_close(row, &expected, 1e-14, "Omega");
    }
    all_close(
        &overlap.indirect_contagion_index(),
        &[6.3, 9.3, 3.0],
        1e-14,
        "ICI",
    );
    let risk = overlap
        .endogenous_risk_index(Normalisation::TwoNorm, &SpectralSettings::default())
        .expect("valid");
    let largest = 14.193_017_586_733_136;
    close(risk.eigenvalue, largest, 1e-12, "lambda_max");
    assert!(risk.radius.lower <= largest * (1.0 + 1e-14) && largest * (1.0 - 1e-14) <= risk.radius.upper);
    let index = [
        0.701_002_677_878_075_9,
        0.677_971_689_628_276_1,
        0.221_245_641_019_991_6,
    ];
    all_close(&risk.index, &index, 1e-10, "ERI");
}

#[test]
fn greenwood_landier_thesmar_2015_two_banks_two_assets() {
    let model = Vulnerability::new(Balances {
        assets: vec![100.0, 100.0],
        equity: vec![10.0, 20.0],
        leverage: vec![9.0, 4.0],
        weights: rows(&[vec![0.5, 0.5], vec![0.2, 0.8]]),
        impact: vec![0.001, 0.002],
    })
    .expect("valid");
    let shock = [-0.1, 0.0];
    let round = model.round(&shock, Sales::Linear).expect("fits");
    all_close(&round.returns, &[-0.05, -0.02], 1e-14, "r1");
    // The source counts sales as negative demand.
    let demand: Vec<f64> = round.sold.iter().map(|sold| -sold).collect();
    all_close(&demand, &[-24.1, -28.9], 1e-12, "sales");
    all_close(&round.price_changes, &[-0.0241, -0.0578], 1e-14, "F2");
    all_close(&round.losses, &[4.095, 5.106], 1e-12, "losses");
    all_close(&round.systemicness, &[0.2475, 0.0592], 1e-14, "S");
    all_close(&round.direct_vulnerability, &[0.5, 0.1], 1e-14, "DV");
    all_close(&round.indirect_vulnerability, &[0.4095, 0.2553], 1e-14, "IV");
    all_close(&model.connectedness(), &[0.165, 0.222], 1e-14, "gamma");
    let whole = 0.3067;
    close(round.aggregate_vulnerability, whole, 1e-14, "AV");
    close(round.systemicness.iter().sum(), whole, 1e-14, "sum of S");
    let factors = model.decomposition(&shock).expect("fits");
    close(
        factors.aggregate_vulnerability(),
        whole,
        1e-14,
        "product of factors",
    );

    let radius = model
        .loss_map_radius(&SpectralSettings::default())
        .expect("valid");
    let largest = 1.146_479_128_040_698_5;
    assert!(radius.converged && radius.exceeds(1.0) == Some(true));
    close(radius.lower, largest, 1e-9, "radius from below");
    close(radius.upper, largest, 1e-9, "radius from above");
    assert!(radius.lower <= largest * (1.0 + 1e-14) && largest * (1.0 - 1e-14) <= radius.upper);
}

/// Full liquidation of one bank: a jump where markets are shallow, reached smoothly where they are deep.
#[test]
fn single_bank_leverage_spiral_breaks_down_where_the_closed_form_does() {
    let (debt, ratio) = (0.9, 0.08);
    let kappa = 1.0 / ratio - 1.0;
    let mut builder = SystemBuilder::new();
    let bank = Institution {
        external_liabilities: debt,
        ..Institution::default()
    };
    builder.asset("asset", 1.0).institution("bank", bank);
    builder.holding("bank", "asset", 1.0);
    let (system, graph) = (builder.build().expect("valid"), ContagionGraph::empty(1));
    // Tangency at `s = (1 - kappa b) / (2 b)`, or, where that is more than there is, the loss of all equity.
    let tangency = |b: f64| {
        let s = (1.0 - kappa * b) / (2.0 * b);
        (debt / (ratio * (kappa + (1.0 - kappa * b) * s / 2.0)), s)
    };
    for (b, (price, sold)) in [(0.08, tangency(0.08)), (0.02, (debt / (1.0 - 0.02), 1.0))] {
        let row = LeverageCapRow {
            max_leverage: None,
            min_leverage_ratio: Some(ratio),
        };
        let models = Models {
            impact: Box::new(PerAsset::new(Linear, vec![DepthRow { depth: 1.0 / b }])),
            execution: Execution::Terminal,
            rules: everyone(Box::new(PerInstitution::new(LeverageCap, vec![row], vec![])), 1),
            strategy: Box::new(ProRata),
            claims: Box::new(FaceValue::new(1)),
        };
        let cascade = Cascade::new(&system, &graph, models).expect("models fit");
        // The scale of this ray is the fall of the price.
        let mut shock = Shock::none(&system);
        shock.prices[0] = -1.0;
        let found = breakdown(&cascade, &shock, &BreakdownSettings::default()).expect("fits");
        assert_eq!(found.verdict, Verdict::Located, "{:?}", found.doubt);
        let (below, above) = (found.below.expect("proved"), found.above.expect("proved"));
        let fall = 1.0 - price;
        assert!(below.scale - 1e-12 <= fall && fall <= above.scale + 1e-12);
        assert!(above.scale - below.scale <= 1e-6);
        close(
            below.outcome.assets[0].sold_quantity,
            sold,
            2e-2,
            "sold on the side below",
        );
        assert_eq!(above.outcome.assets[0].sold_quantity, 1.0);
    }
}
