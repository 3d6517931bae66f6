//! Published cases of the measures of fire-sale risk, through the public API.

use crate::fixture::*;
use delever::core::SparseRows;
use delever::network::analysis::SpectralSettings;
use delever::prelude::*;
use delever::stress::breakdown::{BreakdownSettings, Verdict, breakdown};
use delever::stress::overlap::{Normalisation, Overlap};
use delever::stress::vulnerability::{Balances, Sales, Vulnerability};
use delever_testkit::reference::shared_json;

fn rows(dense: &[Vec<f64>]) -> SparseRows {
    let entries = dense.iter().enumerate().flat_map(|(i, row)| {
        let held = row.iter().enumerate().filter(|(_, value)| **value > 0.0);
        held.map(move |(k, &value)| (i as u32, k as u32, value))
    });
    SparseRows::from_triplets(dense.len(), dense[0].len(), &entries.collect::<Vec<_>>())
}

#[test]
#[cfg_attr(shared_absent, ignore = "the shared folder is absent")]
fn cont_schaanning_2019_overlap_and_indices() {
    let Some(file) = shared_json("reference/literature/liquidity_weighted_overlap.json") else {
        return;
    };
    let (input, expected) = (&file["inputs"], &file["expected"]);
    let overlap = Overlap::new(rows(&matrix(&input["Pi"])), &numbers(&input["D"])).expect("valid");
    for (row, published) in overlap.dense().iter().zip(matrix(&expected["Omega"])) {
        all_close(row, &published, 1e-14, "Omega");
    }
    all_close(
        &overlap.indirect_contagion_index(),
        &numbers(&expected["ICI"]),
        1e-14,
        "ICI",
    );
    let risk = overlap
        .endogenous_risk_index(Normalisation::TwoNorm, &SpectralSettings::default())
        .expect("valid");
    let largest = expected["lambda_max"].as_f64().expect("lambda_max");
    close(risk.eigenvalue, largest, 1e-12, "lambda_max");
    assert!(risk.radius.lower <= largest * (1.0 + 1e-14) && largest * (1.0 - 1e-14) <= risk.radius.upper);
    all_close(&risk.index, &numbers(&expected["ERI"]), 1e-10, "ERI");
}

#[test]
#[cfg_attr(shared_absent, ignore = "the shared folder is absent")]
fn greenwood_landier_thesmar_2015_two_banks_two_assets() {
    let Some(file) = shared_json("reference/literature/greenwood_landier_thesmar_2x2.json") else {
        return;
    };
    let (input, expected) = (&file["inputs"], &file["expected"]);
    let model = Vulnerability::new(Balances {
        assets: numbers(&input["a"]),
        equity: numbers(&input["equity"]),
        leverage: numbers(&input["leverage_D_over_E"]),
        weights: rows(&matrix(&input["M"])),
        impact: numbers(&input["l"]),
    })
    .expect("valid");
    let shock = numbers(&input["F1"]);
    let round = model.round(&shock, Sales::Linear).expect("fits");
    let published = |name: &str| numbers(&expected[name]);
    all_close(&round.returns, &published("r1"), 1e-14, "r1");
    // The source counts sales as negative demand.
    let demand: Vec<f64> = round.sold.iter().map(|sold| -sold).collect();
    all_close(&demand, &published("sales"), 1e-12, "sales");
    all_close(&round.price_changes, &published("F2"), 1e-14, "F2");
    all_close(&round.losses, &published("bank_losses_round2"), 1e-12, "losses");
    all_close(&round.systemicness, &published("S"), 1e-14, "S");
    all_close(&round.direct_vulnerability, &published("DV"), 1e-14, "DV");
    all_close(&round.indirect_vulnerability, &published("IV"), 1e-14, "IV");
    all_close(&model.connectedness(), &published("gamma"), 1e-14, "gamma");
    let whole = expected["AV"].as_f64().expect("AV");
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
    let largest = expected["spectral_radius_loss_map_uncapped"]
        .as_f64()
        .expect("radius");
    assert!(radius.converged && radius.exceeds(1.0) == Some(true));
    close(radius.lower, largest, 1e-9, "radius from below");
    close(radius.upper, largest, 1e-9, "radius from above");
    assert!(radius.lower <= largest * (1.0 + 1e-14) && largest * (1.0 - 1e-14) <= radius.upper);
}

/// Full liquidation of one bank: a jump where markets are shallow, reached smoothly where they are deep.
#[test]
#[cfg_attr(shared_absent, ignore = "the shared folder is absent")]
fn single_bank_leverage_spiral_breaks_down_where_the_closed_form_does() {
    let Some(file) = shared_json("reference/literature/single_bank_leverage_spiral.json") else {
        return;
    };
    let number = |name: &str| file["inputs"][name].as_f64().expect("a number");
    let mut builder = SystemBuilder::new();
    let bank = Institution {
        cash: number("cash"),
        external_liabilities: number("D"),
        ..Institution::default()
    };
    builder.asset("asset", 1.0).institution("bank", bank);
    builder.holding("bank", "asset", number("h"));
    let (system, graph) = (builder.build().expect("valid"), ContagionGraph::empty(1));
    let stress = &file["reverse_stress"];
    for (b, price, sold_before) in [
        (
            0.08,
            &stress["b=0.08"]["q0_star"],
            &stress["b=0.08"]["s_before_jump"],
        ),
        (
            0.02,
            &stress["b=0.02"]["q0_star_full_liquidation"],
            &serde_json::Value::from(1.0),
        ),
    ] {
        let row = LeverageCapRow {
            max_leverage: None,
            min_leverage_ratio: Some(number("r")),
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
        let fall = 1.0 - price.as_f64().expect("a price");
        assert!(below.scale - 1e-12 <= fall && fall <= above.scale + 1e-12);
        assert!(above.scale - below.scale <= 1e-6);
        let sold = sold_before.as_f64().expect("sold before");
        close(
            below.outcome.assets[0].sold_quantity,
            sold,
            2e-2,
            "sold on the side below",
        );
        assert_eq!(above.outcome.assets[0].sold_quantity, 1.0);
    }
}
