"""Prints medians and ratios from the records of `bench-llama-cpp`, and draws an SVG chart.

Usage: bench_llama_cpp.py RECORDS OUT.svg
"""

import json
import pathlib
import statistics
import sys

MEASURES = ("prefill", "decode")
WIDTH, HEIGHT, MARGIN = 640, 360, 56
COLOURS = {"vitrine": "#1b6ca8", "llama.cpp": "#c4572b"}


def read_ours(folder):
    """One {(batch, measure): tokens per second} for each run."""
    runs = []
    for path in sorted(folder.glob("ours.*.json")):
        rows = json.loads(path.read_text())["rows"]
        runs.append(
            {
                (row["batch"], measure): row[f"{measure}_tokens_per_second"]
                for row in rows
                for measure in MEASURES
            }
        )
    return runs


def read_theirs(folder):
    """The same for each variant of llama.cpp: {variant: runs}."""
    variants = {}
    for path in sorted(folder.glob("theirs.*.jsonl")):
        variant = path.name.split(".")[1] or "default"
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        variants.setdefault(variant, []).append(
            {
                (row["pl"], measure): row[key]
                for row in rows
                for measure, key in (("prefill", "speed_pp"), ("decode", "speed_tg"))
            }
        )
    return variants


def better(variants, key):
    """The variant with the higher median for `key`, and its figures."""
    name = max(variants, key=lambda name: statistics.median(run[key] for run in variants[name]))
    return name, [run[key] for run in variants[name]]


def table(ours, variants):
    """Prints the table; returns {measure: {program: [(batch, median)]}}."""
    curves = {measure: {name: [] for name in COLOURS} for measure in MEASURES}
    print(f"{'':8} {'B':>4} {'vitrine':>10} {'llama.cpp':>10} {'ratio':>6}  runs (ratio of each pair)")
    for measure in MEASURES:
        for batch in sorted({batch for run in ours for batch, _ in run}):
            key = (batch, measure)
            own = [run[key] for run in ours]
            variant, peer = better(variants, key)
            ratios = [a / b for a, b in zip(own, peer)]
            medians = statistics.median(own), statistics.median(peer)
            ratio = statistics.median(ratios)
            pairs = " ".join(f"{ratio:.2f}" for ratio in ratios)
            print(
                f"{measure:8} {batch:>4} {medians[0]:>10.1f} {medians[1]:>10.1f} {ratio:>6.2f}"
                f"  {pairs}  ({variant})"
            )
            for name, median in zip(COLOURS, medians):
                curves[measure][name].append((batch, median))
    return curves


def svg(curves):
    """SVG chart of decoded tokens per second over concurrent sequences."""
    decode = curves["decode"]
    batches = [batch for batch, _ in decode["vitrine"]]
    top = max(value for points in decode.values() for _, value in points) * 1.1
    step = (WIDTH - 2 * MARGIN) / max(len(batches) - 1, 1)
    x = {batch: MARGIN + at * step for at, batch in enumerate(batches)}

    def y(value):
        return HEIGHT - MARGIN - value / top * (HEIGHT - 2 * MARGIN)

    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
        ' font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{MARGIN}" y="24" font-size="14">Decoded tokens per second, all sequences together</text>',
    ]
    for part in range(5):
        value = top * part / 4
        lines.append(
            f'<line x1="{MARGIN}" x2="{WIDTH - MARGIN}" y1="{y(value):.1f}" y2="{y(value):.1f}" stroke="#ddd"/>'
            f'<text x="{MARGIN - 6}" y="{y(value) + 4:.1f}" text-anchor="end">{value:.0f}</text>'
        )
    for batch in batches:
        lines.append(f'<text x="{x[batch]:.1f}" y="{HEIGHT - MARGIN + 18}" text-anchor="middle">{batch}</text>')
    lines.append(f'<text x="{WIDTH / 2}" y="{HEIGHT - 14}" text-anchor="middle">concurrent sequences</text>')
    for at, (name, points) in enumerate(decode.items()):
        path = " ".join(f"{x[batch]:.1f},{y(value):.1f}" for batch, value in points)
        colour = COLOURS[name]
        lines.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        lines.append(f'<text x="{WIDTH - MARGIN - 90}" y="{48 + 18 * at}" fill="{colour}">{name}</text>')
    return "\n".join(lines + ["</svg>", ""])


def main():
    folder, picture = map(pathlib.Path, sys.argv[1:])
    curves = table(read_ours(folder), read_theirs(folder))
    picture.write_text(svg(curves))
    print(f"chart written to {picture}")


if __name__ == "__main__":
    main()
