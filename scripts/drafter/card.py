"""Fills the measured part of the model card: size, training time, held-out loss."""

import argparse
import json
import re
from pathlib import Path

import grade
import train

ROOT = Path(__file__).resolve().parents[2]
CARD = ROOT / "models" / "drafter" / "README.md"


def fill(card: str, name: str, text: str) -> str:
    """Replaces the text between the markers `<!-- name -->` and `<!-- /name -->`."""
    pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.S)
    if not pattern.search(card):
        raise SystemExit(f"the card has no markers named {name}")
    return pattern.sub(lambda match: match.group(1) + text.rstrip() + "\n" + match.group(2), card)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, default=ROOT / "data" / "drafter" / "checkpoint.pt")
    parser.add_argument("--heldout", type=Path, default=ROOT / "models" / "drafter" / "heldout.jsonl")
    options = parser.parse_args()
    rows = [json.loads(line) for line in options.heldout.read_text(encoding="utf-8").splitlines()]
    model, tokenizer, state = grade.load(options.checkpoint)
    loss = train.loss_of(model, tokenizer, rows, "cpu")

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
    CARD.write_text(card, encoding="utf-8")
    print(facts)


if __name__ == "__main__":
    main()
