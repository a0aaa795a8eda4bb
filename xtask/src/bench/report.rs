//! The report: medians over rounds with their spread, and each server's ratio to ours.
//! JSON has every sample.

use serde_json::json;

use super::measure::Sample;
use super::servers::Server;

/// Every sample as JSON.
pub(super) fn json(samples: &[Sample]) -> String {
    let rows: Vec<_> = samples
        .iter()
        .map(|sample| json!({"server": sample.server.name(), "figure": sample.figure, "value": sample.value}))
        .collect();
    format!("{:#}", json!(rows))
}

/// A Markdown table: a row per figure, a column per server; median, then minimum and maximum.
pub(super) fn table(samples: &[Sample], servers: &[Server]) -> String {
    let mut figures: Vec<&str> = Vec::new();
    for sample in samples {
        if !figures.contains(&sample.figure) {
            figures.push(sample.figure);
        }
    }
    let names = servers
        .iter()
        .map(|server| server.name())
        .collect::<Vec<_>>()
        .join(" | ");
    let mut lines = vec![
        format!("| median (min–max) | {names} |"),
        format!("|---|{}", "---:|".repeat(servers.len())),
    ];
    for figure in figures {
        let cells: Vec<String> = servers
            .iter()
            .map(|server| cell(samples, figure, *server))
            .collect();
        lines.push(format!("| {figure} | {} |", cells.join(" | ")));
    }
    lines.join("\n")
}

fn cell(samples: &[Sample], figure: &str, server: Server) -> String {
    let ours = median(&values(samples, figure, Server::Hybridge));
    let theirs = values(samples, figure, server);
    let (Some(median), Some(min), Some(max)) = (median(&theirs), theirs.first(), theirs.last()) else {
        return "-".to_owned();
    };
    let spread = format!("{} ({}–{})", round(median), round(*min), round(*max));
    match ours {
        Some(ours) if server != Server::Hybridge => format!("{spread}, ours is {:.2} of it", ours / median),
        _ => spread,
    }
}

/// Sorted samples of one figure.
fn values(samples: &[Sample], figure: &str, server: Server) -> Vec<f64> {
    let wanted = samples
        .iter()
        .filter(|sample| sample.figure == figure && sample.server == server);
    let mut values: Vec<f64> = wanted.map(|sample| sample.value).collect();
    values.sort_by(f64::total_cmp);
    values
}

pub(super) fn median(sorted: &[f64]) -> Option<f64> {
    sorted.get(sorted.len() / 2).copied()
}

pub(super) fn round(value: f64) -> String {
    if value >= 100.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.1}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_the_median_with_its_spread_and_our_ratio() {
        let sample = |server, value| Sample {
            server,
            figure: "f",
            value,
        };
        let samples = [
            sample(Server::Hybridge, 200.0),
            sample(Server::Nginx, 500.0),
            sample(Server::Nginx, 400.0),
            sample(Server::Nginx, 900.0),
        ];
        assert_eq!(
            cell(&samples, "f", Server::Nginx),
            "500 (400–900), ours is 0.40 of it"
        );
        assert_eq!(cell(&samples, "f", Server::Hybridge), "200 (200–200)");
        assert_eq!(cell(&samples, "f", Server::Envoy), "-");
    }
}
