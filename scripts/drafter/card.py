"""Fills the measured parts of the model card: held-out loss, pass share by case, unedited samples."""

import argparse
import json
import re
from collections import Counter
from pathlib import Path

import torch

import grade
import train

ROOT = Path(__file__).resolve().parents[2]
CARD = ROOT / "models" / "drafter" / "README.md"


def fill(card: str, name: str, text: str) -> str:
    """Replaces what stands between the markers `<!-- name -->` and `<!-- /name -->`."""
    pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.S)
    if not pattern.search(card):
        raise SystemExit(f"the card has no place for {name}")
    return pattern.sub(lambda match: match.group(1) + text.rstrip() + "\n" + match.group(2), card)


def pass_table(results) -> str:
    cells: Counter = Counter()
    for row, _, wrong in results:
        for case in (row["case"], "all"):
            for language in (row["language"], "both"):
                cells[case, language, "n"] += 1
                cells[case, language, "ok"] += not wrong
    cases = list(dict.fromkeys(row["case"] for row, _, _ in results)) + ["all"]
    lines = ["| case | English | French | both |", "|---|---|---|---|"]
    for case in cases:
        shares = [f"{cells[case, language, 'ok']}/{cells[case, language, 'n']}" for language in ("en", "fr", "both")]
        lines.append(f"| {case} | " + " | ".join(shares) + " |")
    share = 100 * cells["all", "both", "ok"] / cells["all", "both", "n"]
    return f"First greedy draft, no retry: {share:.1f} % pass.\n\n" + "\n".join(lines)


def samples(results, count: int) -> str:
    """Evenly spaced over the fixed set, so that nobody picks them."""
    step = len(results) / count
    blocks = []
    for index in range(count):
        row, text, wrong = results[int(index * step)]
        verdict = "passes" if not wrong else "fails: " + "; ".join(wrong)
        blocks.append(f"```\n{row['prompt']} {text}\n```\n{verdict}\n")
    return "\n".join(blocks)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, default=ROOT / "data" / "drafter" / "checkpoint.pt")
    parser.add_argument("--heldout", type=Path, default=ROOT / "models" / "drafter" / "heldout.jsonl")
    parser.add_argument("--command", help="a shell command that reads a prompt and prints a draft; default: the checkpoint")
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    rows = [json.loads(line) for line in options.heldout.read_text(encoding="utf-8").splitlines()][: options.count]
    model, tokenizer, state = grade.load(options.checkpoint)
    loss = train.loss_of(model, tokenizer, rows, "cpu")
    results = grade.grade(rows, grade.drafter(options))

    speed = state["tokens"] / state["spent"]
    facts = (
        f"- parameters: {sum(weight.numel() for weight in model.parameters()):,}\n"
        f"- steps: {state['step']:,}; tokens (padding included): {state['tokens'] / 1e6:.1f} million\n"
        f"- wall time: {state['spent'] / 60:.0f} minutes, {speed:,.0f} tokens a second on average, compilation included\n"
        f"- seed: {state['seed']}; schedule: {state['minutes']:g} minutes\n"
        f"- held-out loss, reply tokens, teacher forced, {len(rows)} examples: {loss:.4f} nats a token"
    )
    card = CARD.read_text(encoding="utf-8")
    card = fill(card, "measured", facts)
    card = fill(card, "passes", pass_table(results))
    card = fill(card, "samples", samples(results, 20))
    CARD.write_text(card, encoding="utf-8")
    print(facts + "\n" + pass_table(results))


if __name__ == "__main__":
    main()
