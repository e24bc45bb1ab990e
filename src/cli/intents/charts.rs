//! SVG charts of an evaluation: confusion matrix, calibration curve and coverage curve.

use crate::cli::svg::open_svg;
use std::fmt::Write;
use vitrine_intent::curves::Confusion;
use vitrine_intent::curves::CoveragePoint;
use vitrine_intent::curves::ReliabilityBin;

/// Most labels in a confusion matrix; beyond it, the labels with most errors are drawn.
const LABELS_MAX: usize = 60;
/// Side of one cell of the confusion matrix, in SVG units.
const CELL: usize = 14;
/// Space for the labels to the left of and above the matrix.
const MARGIN: usize = 150;
/// Side of a square plot, and the margin around it, in SVG units.
const SIDE: f64 = 320.0;
const EDGE: f64 = 56.0;

/// Confusion matrix: rows are the correct labels, columns the answers.
pub(super) fn confusion(confusion: &Confusion) -> String {
    let drawn = confusion.worst(LABELS_MAX);
    let cells = drawn.labels.len() * CELL;
    let (width, height) = (MARGIN + cells + 20, MARGIN + cells + 40);
    let mut out = open_svg(width, height, 10);
    for (row, label) in drawn.labels.iter().enumerate() {
        let (middle, label) = (MARGIN + row * CELL + CELL - 4, escaped(label));
        put(
            &mut out,
            &format!(
                "<text x=\"{}\" y=\"{middle}\" text-anchor=\"end\">{label}</text>\
             <text transform=\"translate({middle} {}) rotate(-60)\">{label}</text>",
                MARGIN - 4,
                MARGIN - 4
            ),
        );
        let total: usize = drawn.counts[row].iter().sum();
        for (column, count) in drawn.counts[row].iter().enumerate().filter(|(_, n)| **n > 0) {
            put(&mut out, &cell(&drawn, (row, column), opacity(*count, total)));
        }
    }
    let (shown, all) = (drawn.labels.len(), confusion.labels.len());
    let below = MARGIN + cells + 24;
    let note = "rows: correct label, columns: answer; abstentions count as oos";
    let frame = format!(
        "<rect x=\"{MARGIN}\" y=\"{MARGIN}\" width=\"{cells}\" height=\"{cells}\" \
         fill=\"none\" stroke=\"#999\"/><text x=\"{MARGIN}\" y=\"{below}\">{note}; {shown} of \
         {all} labels</text>"
    );
    put(&mut out, &frame);
    out + "</svg>\n"
}

/// One cell; only errors show their count.
fn cell(drawn: &Confusion, (row, column): (usize, usize), strength: f64) -> String {
    let (x, y) = (MARGIN + column * CELL, MARGIN + row * CELL);
    let (right, answer) = (escaped(&drawn.labels[row]), escaped(&drawn.labels[column]));
    let count = drawn.counts[row][column];
    let colour = if row == column { "#1b7837" } else { "#b2182b" };
    let square = format!(
        "<rect x=\"{x}\" y=\"{y}\" width=\"{CELL}\" height=\"{CELL}\" fill=\"{colour}\" \
         fill-opacity=\"{strength:.2}\"><title>{right} as {answer}: {count}</title></rect>"
    );
    if row == column {
        return square;
    }
    let (middle, below) = (x + CELL / 2, y + CELL - 4);
    format!(
        "{square}<text x=\"{middle}\" y=\"{below}\" text-anchor=\"middle\" \
         font-size=\"8\">{count}</text>"
    )
}

/// Opacity of a mark: 1 if `count` equals `total`, at least 0.25 so that one example is visible.
#[expect(clippy::cast_precision_loss, reason = "example counts are small")]
fn opacity(count: usize, total: usize) -> f64 {
    0.25 + 0.75 * count as f64 / total.max(1) as f64
}

/// Calibration curve: accuracy by confidence; perfect calibration follows the diagonal.
pub(super) fn calibration(bins: &[ReliabilityBin], ece: Option<f64>) -> String {
    let note = ece.map_or_else(String::new, |ece| format!(" (calibration error {ece:.3})"));
    let mut out = plot("confidence", &format!("share correct{note}"));
    let largest = bins.iter().map(|bin| bin.examples).max().unwrap_or(1);
    put(
        &mut out,
        &format!(
            "<line x1=\"{EDGE}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{EDGE}\" stroke=\"#999\" \
         stroke-dasharray=\"4 4\"/>",
            EDGE + SIDE,
            EDGE + SIDE
        ),
    );
    let points: Vec<(f64, f64)> = bins.iter().map(|bin| (bin.confidence, bin.accuracy)).collect();
    polyline(&mut out, &points);
    for bin in bins {
        let radius = 2.0 + 6.0 * opacity(bin.examples, largest);
        put(
            &mut out,
            &format!(
                "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"{radius:.1}\" fill=\"#2166ac\" \
             fill-opacity=\"0.6\"><title>{} examples</title></circle>",
                across(bin.confidence),
                upwards(bin.accuracy),
                bin.examples
            ),
        );
    }
    out + "</svg>\n"
}

/// Coverage curve: accuracy if only the most confident share is answered. `chosen` is the share
/// that the head's own threshold answers.
pub(super) fn coverage(curve: &[CoveragePoint], chosen: Option<f64>) -> String {
    let mut out = plot("share answered", "share of answers correct");
    let points: Vec<(f64, f64)> =
        curve.iter().map(|point| (point.coverage, point.accuracy)).collect();
    polyline(&mut out, &points);
    if let Some(chosen) = chosen {
        let x = across(chosen);
        put(
            &mut out,
            &format!(
                "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{EDGE}\" y2=\"{:.1}\" stroke=\"#b2182b\" \
             stroke-dasharray=\"4 4\"/><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">this \
             head's threshold</text>",
                EDGE + SIDE,
                x - 4.0,
                EDGE + SIDE - 8.0
            ),
        );
    }
    out + "</svg>\n"
}

fn across(share: f64) -> f64 {
    EDGE + SIDE * share.clamp(0.0, 1.0)
}

fn upwards(share: f64) -> f64 {
    EDGE + SIDE * (1.0 - share.clamp(0.0, 1.0))
}

/// Opens a square plot with both axes from 0 to 1, a grid and axis names.
fn plot(name_across: &str, name_upwards: &str) -> String {
    let size = SIDE + 2.0 * EDGE;
    let mut out = open_svg(size, size, 12);
    for tenths in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let (x, y, far) = (across(tenths), upwards(tenths), EDGE + SIDE);
        put(
            &mut out,
            &format!(
                "<line x1=\"{EDGE}\" x2=\"{far}\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"#ddd\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{tenths}</text>\
             <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{tenths}</text>",
                EDGE - 6.0,
                y + 4.0,
                far + 18.0
            ),
        );
    }
    put(
        &mut out,
        &format!(
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{name_across}</text>\
         <text x=\"{EDGE}\" y=\"{:.1}\">{name_upwards}</text>",
            EDGE + SIDE / 2.0,
            EDGE + SIDE + 40.0,
            EDGE - 16.0
        ),
    );
    out
}

fn polyline(out: &mut String, points: &[(f64, f64)]) {
    let path: Vec<String> =
        points.iter().map(|(x, y)| format!("{:.1},{:.1}", across(*x), upwards(*y))).collect();
    put(
        out,
        &format!(
            "<polyline points=\"{}\" fill=\"none\" stroke=\"#2166ac\" stroke-width=\"2\"/>",
            path.join(" ")
        ),
    );
}

fn put(out: &mut String, line: &str) {
    // Writing to a `String` cannot fail.
    let _ = writeln!(out, "{line}");
}

/// Escapes a label for XML: labels come from user files.
fn escaped(label: &str) -> String {
    label.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_confusion_picture_names_its_labels_and_escapes_them() {
        let of = Confusion {
            labels: vec!["a<b".into(), "c".into()],
            counts: vec![vec![3, 1], vec![0, 2]],
        };
        let drawing = confusion(&of);
        assert!(drawing.contains("a&lt;b as c: 1") && drawing.contains("c as c: 2"));
        assert!(!drawing.contains("c as a&lt;b") && drawing.contains("2 of 2 labels"));
        assert!(drawing.starts_with("<svg") && drawing.ends_with("</svg>\n"));
    }

    #[test]
    fn curves_stay_inside_their_square_and_better_is_higher() {
        let curve = [
            CoveragePoint { coverage: 0.5, accuracy: 1.0 },
            CoveragePoint { coverage: 1.0, accuracy: 0.25 },
        ];
        let drawing = coverage(&curve, Some(0.5));
        let points = drawing.split("points=\"").nth(1).unwrap().split('"').next().unwrap();
        let numbers: Vec<f64> =
            points.split([' ', ',']).map(|number| number.parse().unwrap()).collect();
        assert!(numbers.iter().all(|n| (EDGE..=EDGE + SIDE).contains(n)), "{numbers:?}");
        assert!(numbers[1] < numbers[3] && drawing.contains("threshold"));
        let bin = ReliabilityBin { confidence: 0.9, accuracy: 0.8, examples: 7 };
        assert!(calibration(&[bin], Some(0.1)).contains("calibration error 0.100"));
        assert!(calibration(&[], None).ends_with("</svg>\n"));
    }
}
