//! The analysis of the graph against closed forms, dense algebra and definitions taken word for word.

mod centrality;
mod core_periphery;
mod export;
mod fixture;
mod glasserman_young;
mod product;
mod shortest_paths;
mod spectral;
