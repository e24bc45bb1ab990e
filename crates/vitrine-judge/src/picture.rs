//! Picture of success over the exchanges, as SVG.

use crate::outcome::Outcome;
use crate::outcome::share;
use std::fmt::Write;

/// Size of the plot, and the margin around it, in SVG units.
const WIDTH: f64 = 520.0;
const HEIGHT: f64 = 220.0;
const EDGE: f64 = 48.0;

/// Most exchanges on the horizontal axis; what comes later is left out.
const EXCHANGES_MAX: usize = 12;

/// Colours of the two curves.
const GOALS: &str = "#2166ac";
const TURNS: &str = "#b35806";

/// Two curves over the number of the customer's message: the share of simulated customers who got
/// what they wanted within so many, and the share of scripts' turns at this place that passed.
pub(crate) fn success_over_exchanges(outcome: &Outcome) -> String {
    let (goals, turns) = (goals_won(outcome), turns_passed(outcome));
    let columns = goals.len().max(turns.len()).max(2);
    let (width, height) = (WIDTH + 2.0 * EDGE, HEIGHT + 2.0 * EDGE);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"sans-serif\" font-size=\"12\" role=\"img\">\n\
         <title>Success over exchanges</title>\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"white\"/>\n"
    );
    for percent in [0_u8, 25, 50, 75, 100] {
        let y = upwards(f64::from(percent) / 100.0);
        let (left, right) = (EDGE, EDGE + WIDTH);
        put(
            &mut out,
            &format!(
                "<line x1=\"{left}\" x2=\"{right}\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"#ddd\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{percent} %</text>",
                left - 6.0,
                y + 4.0,
            ),
        );
    }
    for column in 0..columns {
        let (x, y) = (across(column, columns), EDGE + HEIGHT + 18.0);
        put(
            &mut out,
            &format!(
                "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">{}</text>",
                column + 1
            ),
        );
    }
    let (middle, below) = (EDGE + WIDTH / 2.0, EDGE + HEIGHT + 38.0);
    put(
        &mut out,
        &format!(
            "<text x=\"{middle}\" y=\"{below}\" text-anchor=\"middle\">customer's message</text>"
        ),
    );
    let curves = [
        (GOALS, "goals reached by then", goals, 20.0),
        (TURNS, "turns passed at this place", turns, 36.0),
    ];
    for (colour, name, points, y) in curves.iter().filter(|(_, _, points, _)| !points.is_empty()) {
        curve(&mut out, colour, points, columns);
        put(&mut out, &format!("<text x=\"{EDGE}\" y=\"{y}\" fill=\"{colour}\">{name}</text>"));
    }
    out + "</svg>\n"
}

fn curve(out: &mut String, colour: &str, shares: &[f64], columns: usize) {
    let place = |(column, share): (usize, &f64)| (across(column, columns), upwards(*share));
    let points: Vec<(f64, f64)> = shares.iter().enumerate().map(place).collect();
    let line: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    put(
        out,
        &format!(
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
            line.join(" ")
        ),
    );
    for ((x, y), share) in points.iter().zip(shares) {
        put(
            out,
            &format!(
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\" fill=\"{colour}\">\
             <title>{:.0} %</title></circle>",
                100.0 * share
            ),
        );
    }
}

/// Share of simulated customers who got what they wanted within one message, two, and so on.
fn goals_won(outcome: &Outcome) -> Vec<f64> {
    let goals: Vec<_> = outcome.played.iter().filter(|played| played.is_goal()).collect();
    let longest = goals.iter().map(|goal| goal.exchanges.len()).max().unwrap_or(0);
    let within = |most: usize| {
        let won = goals.iter().filter(|goal| goal.passed && goal.exchanges.len() <= most);
        share(won.count(), goals.len())
    };
    (1..=longest.min(EXCHANGES_MAX)).filter_map(within).collect()
}

/// Share of the scripts' first turns that passed, of their second ones, and so on.
fn turns_passed(outcome: &Outcome) -> Vec<f64> {
    let scripts = || outcome.played.iter().filter(|played| !played.is_goal());
    let at = |place: usize| {
        let turns = || scripts().filter_map(move |script| script.exchanges.get(place));
        share(turns().filter(|turn| turn.failed.is_empty()).count(), turns().count())
    };
    (0..EXCHANGES_MAX).map_while(at).collect()
}

#[expect(clippy::cast_precision_loss, reason = "there are few columns")]
fn across(column: usize, columns: usize) -> f64 {
    EDGE + WIDTH * column as f64 / (columns - 1) as f64
}

fn upwards(share: f64) -> f64 {
    EDGE + HEIGHT * (1.0 - share)
}

fn put(out: &mut String, text: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{text}");
}
