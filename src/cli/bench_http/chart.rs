//! Draws latency percentiles over load as an SVG line chart with a logarithmic latency axis.

use crate::cli::svg::open_svg;
use std::fmt::Write;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 110.0;
const TOP: f64 = 30.0;
const BOTTOM: f64 = 60.0;

/// Name, colour and dashes of each line; dashes keep the lines distinct without colour.
const LINES: [(&str, &str, &str); 3] =
    [("p50", "#1b7837", "none"), ("p95", "#2166ac", "8 4"), ("p99", "#b2182b", "2 3")];

/// Latency percentiles p50, p95 and p99, in milliseconds, at one load: requests per second, or
/// clients.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point {
    pub(super) load: f64,
    pub(super) latency_ms: [f64; 3],
}

/// Draws the chart; `points` must be in order of increasing load.
pub(super) fn svg(points: &[Point], load_name: &str) -> String {
    let load_max = points.iter().map(|point| point.load).fold(0.0, f64::max).max(1e-9);
    let all = || points.iter().flat_map(|point| point.latency_ms).filter(|ms| *ms > 0.0);
    let low = all().fold(f64::INFINITY, f64::min).min(1e9).log10().floor();
    let high = all().fold(0.001, f64::max).log10().ceil().max(low + 1.0);
    let x = |load: f64| LEFT + (WIDTH - LEFT - RIGHT) * load / load_max;
    let y = |ms: f64| {
        let share = (ms.max(1e-3).log10() - low) / (high - low);
        HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share
    };
    let mut out = open_svg(WIDTH, HEIGHT, 12);
    let mut put = |line: String| {
        // Writing to a `String` cannot fail.
        let _ = writeln!(out, "{line}");
    };
    let mut power = low;
    while power <= high {
        let (ms, at) = (10_f64.powf(power), y(10_f64.powf(power)));
        let (right, label) = (WIDTH - RIGHT, LEFT - 8.0);
        put(format!(
            "<line x1=\"{LEFT}\" x2=\"{right}\" y1=\"{at:.1}\" y2=\"{at:.1}\" stroke=\"#ddd\"/>\
             <text x=\"{label}\" y=\"{:.1}\" text-anchor=\"end\">{ms} ms</text>",
            at + 4.0
        ));
        power += 1.0;
    }
    for point in points {
        let (at, floor) = (x(point.load), HEIGHT - BOTTOM + 18.0);
        let load = (point.load * 100.0).round() / 100.0;
        put(format!("<text x=\"{at:.1}\" y=\"{floor}\" text-anchor=\"middle\">{load}</text>"));
    }
    let (middle, below) = ((LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 18.0);
    put(format!("<text x=\"{middle}\" y=\"{below}\" text-anchor=\"middle\">{load_name}</text>"));
    for (index, (name, colour, dashes)) in LINES.iter().enumerate() {
        let path: Vec<String> = points
            .iter()
            .map(|point| format!("{:.1},{:.1}", x(point.load), y(point.latency_ms[index])))
            .collect();
        put(format!(
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" \
             stroke-dasharray=\"{dashes}\"/>",
            path.join(" ")
        ));
        if let Some(last) = points.last() {
            let (right, at) = (x(last.load) + 8.0, y(last.latency_ms[index]) + 4.0);
            put(format!("<text x=\"{right:.1}\" y=\"{at:.1}\" fill=\"{colour}\">{name}</text>"));
        }
    }
    out + "</svg>\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_stay_inside_the_svg_and_slower_is_higher() {
        let points = [
            Point { load: 5.0, latency_ms: [10.0, 20.0, 40.0] },
            Point { load: 10.0, latency_ms: [12.0, 90.0, 900.0] },
        ];
        let drawing = svg(&points, "requests a second");
        let lines: Vec<Vec<(f64, f64)>> = drawing
            .split("points=\"")
            .skip(1)
            .map(|rest| {
                let pairs = rest.split('"').next().unwrap().split(' ');
                let number = |text: &str| text.parse::<f64>().unwrap();
                pairs
                    .filter_map(|p| p.split_once(','))
                    .map(|(x, y)| (number(x), number(y)))
                    .collect()
            })
            .collect();
        assert_eq!(lines.len(), 3);
        for (x, y) in lines.iter().flatten() {
            assert!((0.0..WIDTH).contains(x) && (0.0..HEIGHT).contains(y), "{x} {y}");
        }
        assert!(lines[2][1].1 < lines[0][1].1, "p99 is drawn above p50");
        assert!(drawing.contains("requests a second") && drawing.ends_with("</svg>\n"));
    }
}
