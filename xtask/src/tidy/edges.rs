//! Crate edges: which crate may depend on which, in rings from pure to binary.
//!
//! The table here is the rule; the one in ARCHITECTURE.md is its readable copy and is compared with it.
//! A development dependency may go beside the table, but never up a ring, except in the binary.

use std::path::Path;

use cargo_metadata::{DependencyKind, MetadataCommand, Package};

use super::violation::Violation;

pub(crate) const TABLE_PATH: &str = "ARCHITECTURE.md";
/// Packages of ours are `hybridge-<crate>`; the binary's is `hybridge`.
const PREFIX: &str = "hybridge-";

/// Ordered: a crate may only reach rings that are not above its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Ring {
    Pure,
    State,
    Network,
    Binary,
    /// Beside the rings: depends on none of ours.
    Tool,
}

struct Row {
    name: &'static str,
    ring: Ring,
    may_use: &'static [&'static str],
}

const fn row(name: &'static str, ring: Ring, may_use: &'static [&'static str]) -> Row {
    Row { name, ring, may_use }
}

const TABLE: &[Row] = &[
    row("crypto", Ring::Pure, &[]),
    row("hello", Ring::Pure, &[]),
    row("policy", Ring::Pure, &["crypto"]),
    row("exchange", Ring::Pure, &["crypto"]),
    row("store", Ring::State, &["crypto"]),
    row("keys", Ring::State, &["crypto", "exchange", "policy", "store"]),
    row("scan", Ring::State, &["crypto", "hello", "policy"]),
    row("edge", Ring::Network, &["hello", "policy"]),
    row("client", Ring::Network, &["crypto", "exchange"]),
    row(
        "api",
        Ring::Network,
        &["crypto", "exchange", "hello", "keys", "policy", "scan"],
    ),
    row(
        "hybridge",
        Ring::Binary,
        &[
            "crypto", "exchange", "hello", "policy", "store", "keys", "scan", "edge", "client", "api",
        ],
    ),
    row("xtask", Ring::Tool, &[]),
];

/// The workspace's own crates and the edges between them.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    crates: Vec<String>,
    edges: Vec<Edge>,
}

#[derive(Debug)]
struct Edge {
    from: String,
    to: String,
    development: bool,
}

impl Graph {
    /// Asks cargo; needs no network.
    ///
    /// # Errors
    /// Cargo cannot be run, or a manifest does not parse.
    pub(crate) fn read(root: &Path) -> anyhow::Result<Self> {
        let metadata = MetadataCommand::new()
            .manifest_path(root.join("Cargo.toml"))
            .no_deps()
            .exec()?;
        let crates = metadata
            .packages
            .iter()
            .map(|package| short(&package.name))
            .collect();
        let mut graph = Self {
            crates,
            edges: Vec::new(),
        };
        metadata.packages.iter().for_each(|package| graph.add(package));
        Ok(graph)
    }

    fn add(&mut self, package: &Package) {
        let from = short(&package.name);
        for dependency in package
            .dependencies
            .iter()
            .filter(|each| self.crates.contains(&short(&each.name)))
        {
            let development = dependency.kind == DependencyKind::Development;
            self.edges.push(Edge {
                from: from.clone(),
                to: short(&dependency.name),
                development,
            });
        }
    }
}

fn short(package: &str) -> String {
    package.strip_prefix(PREFIX).unwrap_or(package).to_owned()
}

fn find(name: &str) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.name == name)
}

/// Compares the workspace with the table.
pub(crate) fn check(graph: &Graph) -> Vec<Violation> {
    let unknown = graph.crates.iter().filter(|name| find(name).is_none());
    let unknown = unknown.map(|name| {
        at_manifest(
            name,
            "the crate has no row in the table of xtask/src/tidy/edges.rs",
        )
    });
    let gone = TABLE
        .iter()
        .filter(|row| !graph.crates.iter().any(|name| name == row.name));
    let gone = gone.map(|row| {
        at_manifest(
            row.name,
            "the table of xtask/src/tidy/edges.rs has a row, but there is no such crate",
        )
    });
    let edges = graph.edges.iter().filter_map(check_edge);
    unknown.chain(gone).chain(edges).collect()
}

fn check_edge(edge: &Edge) -> Option<Violation> {
    let (from, to) = (find(&edge.from)?, find(&edge.to)?);
    if from.may_use.contains(&to.name) {
        return None;
    }
    let beside = edge.development && from.ring != Ring::Tool && to.ring <= from.ring;
    (!beside).then(|| {
        at_manifest(
            from.name,
            &format!("`{}` may not depend on `{}`", from.name, to.name),
        )
    })
}

fn at_manifest(name: &str, message: &str) -> Violation {
    let path = if name == "xtask" {
        "xtask/Cargo.toml".to_owned()
    } else {
        format!("crates/{name}/Cargo.toml")
    };
    Violation::error(&path, 1, message)
}

/// Compares the readable copy with the table: rows `| ring | crate | sentence | may depend on |`.
pub(crate) fn check_table(page: &str) -> Vec<Violation> {
    let shown: Vec<(usize, ShownRow)> = page
        .lines()
        .enumerate()
        .filter_map(|(index, line)| Some((index + 1, ShownRow::parse(line)?)))
        .collect();
    let missing = TABLE
        .iter()
        .filter(|row| !shown.iter().any(|(_, each)| each.name == row.name));
    let missing = missing
        .map(|row| Violation::error(TABLE_PATH, 1, format!("the table lacks the crate `{}`", row.name)));
    let differing = shown.iter().filter_map(|(line, each)| {
        let same = find(&each.name).is_some_and(|row| each.agrees_with(row));
        (!same).then(|| {
            Violation::error(
                TABLE_PATH,
                *line,
                format!("the row of `{}` differs from xtask/src/tidy/edges.rs", each.name),
            )
        })
    });
    missing.chain(differing).collect()
}

struct ShownRow {
    ring: String,
    name: String,
    may_use: String,
}

impl ShownRow {
    /// A table row with four cells whose second is one word in backticks.
    fn parse(line: &str) -> Option<Self> {
        let cells: Vec<&str> = line
            .trim()
            .strip_prefix('|')?
            .strip_suffix('|')?
            .split('|')
            .map(str::trim)
            .collect();
        let [ring, name, _, may_use] = cells[..] else {
            return None;
        };
        let name = name.strip_prefix('`')?.strip_suffix('`')?.to_owned();
        Some(Self {
            ring: ring.to_owned(),
            name,
            may_use: may_use.to_owned(),
        })
    }

    fn agrees_with(&self, row: &Row) -> bool {
        let (ring, may_use) = match row.ring {
            Ring::Pure => ("pure", row.may_use.join(", ")),
            Ring::State => ("state", row.may_use.join(", ")),
            Ring::Network => ("network", row.may_use.join(", ")),
            Ring::Binary => ("binary", "all".to_owned()),
            Ring::Tool => ("-", "none of ours".to_owned()),
        };
        let may_use = if may_use.is_empty() { "-" } else { &may_use };
        self.ring == ring && self.may_use == may_use
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(edges: &[(&str, &str, bool)]) -> Graph {
        let edge = |(from, to, development): &(&str, &str, bool)| Edge {
            from: (*from).to_owned(),
            to: (*to).to_owned(),
            development: *development,
        };
        Graph {
            crates: TABLE.iter().map(|row| row.name.to_owned()).collect(),
            edges: edges.iter().map(edge).collect(),
        }
    }

    fn check_edges(edges: &[(&str, &str, bool)]) -> usize {
        check(&graph(edges)).len()
    }

    #[test]
    fn accepts_what_the_table_allows() {
        assert_eq!(
            check_edges(&[
                ("edge", "hello", false),
                ("api", "scan", false),
                ("hybridge", "edge", false)
            ]),
            0
        );
    }

    #[test]
    fn refuses_an_edge_that_is_not_written() {
        let cases = [
            ("hello", "crypto"),
            ("edge", "crypto"),
            ("api", "edge"),
            ("xtask", "hello"),
            ("crypto", "api"),
        ];
        for (from, to) in cases {
            assert_eq!(check_edges(&[(from, to, false)]), 1, "{from} -> {to}");
        }
    }

    #[test]
    fn a_development_dependency_stays_within_its_ring_or_below() {
        assert_eq!(
            check_edges(&[("hello", "crypto", true), ("edge", "scan", true)]),
            0
        );
        assert_eq!(check_edges(&[("hello", "edge", true)]), 1);
        assert_eq!(check_edges(&[("scan", "edge", true)]), 1);
        assert_eq!(check_edges(&[("xtask", "hello", true)]), 1);
    }

    #[test]
    fn a_crate_without_a_row_and_a_row_without_a_crate_are_refused() {
        let mut graph = graph(&[]);
        graph.crates.push("misfit".to_owned());
        graph.crates.retain(|name| name != "scan");
        let paths: Vec<String> = check(&graph).into_iter().map(|each| each.path).collect();
        assert_eq!(paths, ["crates/misfit/Cargo.toml", "crates/scan/Cargo.toml"]);
    }

    #[test]
    fn the_table_itself_never_points_up_a_ring() {
        for row in TABLE {
            for used in row.may_use {
                let used = find(used).expect("every name in the table has a row");
                assert!(used.ring <= row.ring, "{} -> {}", row.name, used.name);
            }
        }
    }

    fn page() -> String {
        let rings = ["pure", "state", "network", "binary", "-"];
        let line = |row: &Row| {
            let may_use = match row.ring {
                Ring::Binary => "all".to_owned(),
                Ring::Tool => "none of ours".to_owned(),
                _ if row.may_use.is_empty() => "-".to_owned(),
                _ => row.may_use.join(", "),
            };
            format!(
                "| {} | `{}` | A sentence. | {may_use} |\n",
                rings[row.ring as usize], row.name
            )
        };
        TABLE.iter().map(line).collect()
    }

    #[test]
    fn the_readable_copy_must_say_the_same() {
        assert_eq!(check_table(&page()), []);
        assert_eq!(
            check_table(&page().replace("| crypto, hello, policy |", "| hello |")).len(),
            1
        );
        assert_eq!(
            check_table(&page().replace("| pure | `hello`", "| state | `hello`")).len(),
            1
        );
        assert_eq!(check_table("").len(), TABLE.len());
        assert_eq!(check_table(&(page() + "| pure | `extra` | x | - |")).len(), 1);
    }
}
