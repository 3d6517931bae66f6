//! Spectral radii of products of sparse matrices, without the product: how a cascade's map multiplies small disturbances.

use super::AnalysisError;
use super::error::check_length;
use super::perron::{nontrivial_classes, power_iteration, quotient_above, quotient_below};
use super::spectral::{SpectralRadius, SpectralSettings, check_entries};
use delever_core::SparseRows;
use delever_core::error_free::{add_down, add_up, mul_down, mul_up};

/// Bounds the spectral radius of `M = layers[last] ... layers[1] layers[0]`, all entries from 0 to `1e150`.
///
/// The product itself, which may be dense where its factors are sparse, is never formed. [`SpectralRadius::class`] names
/// rows of `M`. The method is that of [`super::spectral_radius`]; with one layer the result is the same.
///
/// Errors: layers that do not follow on one another, or whose product is not square; entries out of range.
///
/// ```
/// use delever_core::SparseRows;
/// use delever_network::analysis::spectral_radius_of_product;
/// // (1, 2)' (3, 4) has the eigenvalue 3 + 8.
/// let (row, column) = (
///     SparseRows::from_triplets(1, 2, &[(0, 0, 3.0), (0, 1, 4.0)]),
///     SparseRows::from_triplets(2, 1, &[(0, 0, 1.0), (1, 0, 2.0)]),
/// );
/// let radius = spectral_radius_of_product(&[&row, &column], &Default::default())?;
/// assert!(radius.lower <= 11.0 && 11.0 <= radius.upper && radius.converged);
/// # Ok::<(), Vec<delever_network::analysis::AnalysisError>>(())
/// ```
pub fn spectral_radius_of_product(
    layers: &[&SparseRows],
    settings: &SpectralSettings,
) -> Result<SpectralRadius, Vec<AnalysisError>> {
    let count = layers.first().map_or(0, |layer| layer.column_count());
    let mut problems = Vec::new();
    let mut expected = count;
    for layer in layers {
        problems.extend(check_length("columns", layer.column_count(), expected).err());
        problems.extend(check_entries(layer));
        expected = layer.row_count();
    }
    problems.extend(check_length("rows", expected, count).err());
    if !problems.is_empty() {
        return Err(problems);
    }
    let chain = Chain::new(layers);
    let mut radius = SpectralRadius {
        lower: 0.0,
        upper: 0.0,
        class: Vec::new(),
        steps: 0,
        converged: true,
    };
    let mut local = vec![u32::MAX; chain.nodes];
    for members in nontrivial_classes(&[&chain.graph()]) {
        let block = Block::new(&chain, &members, &mut local);
        let (lower, upper) = block.bracket(settings, radius.lower, &mut radius.steps);
        radius.upper = radius.upper.max(upper);
        if lower > radius.lower {
            radius.lower = lower;
            radius.class = members
                .into_iter()
                .filter(|&node| (node as usize) < count)
                .collect();
        }
    }
    radius.converged = radius.upper - radius.lower <= settings.tolerance * radius.upper;
    Ok(radius)
}

/// The layers as one graph: a node for each column of the first layer, then one for each row of every layer but the last,
/// whose rows are the first nodes again. A ring in it is a ring of the product.
struct Chain<'l> {
    layers: &'l [&'l SparseRows],
    /// The first node of each layer's columns and of its rows.
    places: Vec<(usize, usize)>,
    nodes: usize,
}

impl<'l> Chain<'l> {
    fn new(layers: &'l [&'l SparseRows]) -> Self {
        let mut places = Vec::with_capacity(layers.len());
        let mut columns = 0;
        for (n, layer) in layers.iter().enumerate() {
            let rows = if n + 1 == layers.len() {
                0
            } else {
                columns + layer.column_count()
            };
            places.push((columns, rows));
            columns = rows;
        }
        let nodes = layers.iter().map(|layer| layer.column_count()).sum();
        Self {
            layers,
            places,
            nodes,
        }
    }

    fn graph(&self) -> SparseRows {
        let mut triplets = Vec::with_capacity(self.layers.iter().map(|layer| layer.entry_count()).sum());
        for (layer, &(columns, rows)) in self.layers.iter().zip(&self.places) {
            for (row, column, value) in layer.triplets() {
                triplets.push((rows as u32 + row, columns as u32 + column, value));
            }
        }
        SparseRows::from_triplets(self.nodes, self.nodes, &triplets)
    }
}

/// One class of the chain: its part of every layer, numbered within it.
struct Block {
    layers: Vec<SparseRows>,
}

impl Block {
    fn new(chain: &Chain<'_>, members: &[u32], local: &mut [u32]) -> Self {
        // Members are ascending, so those of one layer stand together.
        let ends = |first: usize, count: usize| {
            let from = members.partition_point(|&node| (node as usize) < first);
            let to = members.partition_point(|&node| (node as usize) < first + count);
            from..to
        };
        let mut layers = Vec::with_capacity(chain.layers.len());
        for (layer, &(columns, rows)) in chain.layers.iter().zip(&chain.places) {
            let inputs = &members[ends(columns, layer.column_count())];
            let outputs = &members[ends(rows, layer.row_count())];
            for (n, &node) in inputs.iter().enumerate() {
                local[node as usize] = n as u32;
            }
            let mut triplets = Vec::new();
            for (n, &node) in outputs.iter().enumerate() {
                for (column, value) in layer.row(node as usize - rows).iter() {
                    let input = local[columns + column];
                    if value > 0.0 && input != u32::MAX {
                        triplets.push((n as u32, input, value));
                    }
                }
            }
            for &node in inputs {
                local[node as usize] = u32::MAX;
            }
            layers.push(SparseRows::from_triplets(outputs.len(), inputs.len(), &triplets));
        }
        Self { layers }
    }

    fn bracket(&self, settings: &SpectralSettings, floor: f64, steps: &mut u32) -> (f64, f64) {
        let count = self.layers[0].column_count();
        let (mut now, mut next) = (Vec::new(), Vec::new());
        let x = power_iteration(count, settings, floor, steps, |x, image| {
            now.clear();
            now.extend_from_slice(x);
            for layer in &self.layers {
                next.clear();
                next.extend((0..layer.row_count()).map(|row| layer.row(row).product_sum(&now)));
                std::mem::swap(&mut now, &mut next);
            }
            image.copy_from_slice(&now);
        });
        self.bounds(&x)
    }

    /// The least and the largest of `(M x)_i / x_i`, rounded outward.
    fn bounds(&self, x: &[f64]) -> (f64, f64) {
        let mut image: Vec<(f64, f64)> = x.iter().map(|&x| (x, x)).collect();
        for layer in &self.layers {
            let row = |row: usize| {
                let (mut below, mut above) = (0.0, 0.0);
                for (column, value) in layer.row(row).iter() {
                    below = add_down(below, mul_down(value, image[column].0).max(0.0));
                    above = add_up(above, mul_up(value, image[column].1));
                }
                (below, above)
            };
            image = (0..layer.row_count()).map(row).collect();
        }
        let (mut lower, mut upper) = (f64::INFINITY, 0.0_f64);
        for (&(below, above), &x) in image.iter().zip(x) {
            lower = lower.min(quotient_below(below, x));
            upper = upper.max(quotient_above(above, x));
        }
        (lower, upper)
    }
}
