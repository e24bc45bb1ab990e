"""Checks that drafts for the held-out set contain only their facts: a quick approximation of the grounding check in Rust."""

import argparse
import json
import re
import subprocess
import unicodedata
from collections import Counter
from pathlib import Path

import torch

import phrasing
from model import Config, Drafter
from tokenizer import EOS, Tokenizer

ROOT = Path(__file__).resolve().parents[2]
NUMBER = re.compile(r"\d[\d.,:/\u00a0\u202f]*\d|\d")
LINK = re.compile(r"https?://\S+|www\.\S+")
PRICE = re.compile(r"[€$£]\s?\d[\d.,]*|CHF\s?\d[\d.,]*|\d[\d\s.,]*\s?(?:[€$£]|CHF)")


def common_words() -> set[str]:
    """Words of the phrasings, in lower case; any other word of a draft must come from a fact."""
    known = {"ou", "or", "et", "and", "ℹ"}
    for rows in phrasing.TEMPLATES.values():
        for row in rows:
            known.update(re.findall(r"[^\W\d_][\w'’-]*", re.sub(r"\{\w+\}", " ", row[5]).lower()))
    return known


COMMON = common_words()


def faults(row: dict, draft: str) -> list[str]:
    """Faults of a draft; an empty list means that it passes."""
    facts = [tuple(fact) for fact in row["facts"]]
    values = [value for _, value in facts]
    lines = draft.split("\n")
    body, titles = lines[0], lines[1:]
    found = []
    options = [value for key, value in facts if key == "option"]
    if [title.strip() for title in titles] != ["- " + phrasing.title(option) for option in options]:
        found.append("titles")
    if not body.strip():
        found.append("empty")

    slots = phrasing.slots_of(facts, row["language"])
    sets = phrasing.required(row["case"], facts)

    def said(key: str) -> bool:
        if key == "options":
            return all(value in body for value in options)
        if key == "features":
            return any(value in body for k, value in facts if k == "feature")
        return slots.get(key, "\0") in body

    if not any(all(said(key) for key in group) for group in sets):
        missing = {key for group in sets for key in group if not said(key)}
        found.append("missing " + ",".join(sorted(missing)))

    rest = body
    for value in sorted(values, key=len, reverse=True):
        rest = rest.replace(value, " \u25a1 ")
    if LINK.search(rest):
        found.append("link " + LINK.search(rest).group())
    elif PRICE.search(rest):
        found.append("price " + PRICE.search(rest).group())
    elif NUMBER.search(rest):
        found.append("number " + NUMBER.search(rest).group())
    strange = [word for word in re.findall(r"[^\W\d_][\w'’-]*", rest) if word.lower() not in COMMON]
    if strange:
        found.append("words " + " ".join(strange[:4]))
    if "\ufffd" in draft or any(unicodedata.category(char) == "Cc" for char in body):
        found.append("bytes")
    return found


def load(checkpoint: Path):
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    model = Drafter(Config(**state["config"])).eval()
    model.load_state_dict(state["model"])
    return model, Tokenizer.load(checkpoint.parent / "tokenizer.json"), state


def drafter(options):
    """A function from prompt to draft: the torch model, or a command that reads the prompt from standard input."""
    if options.command:
        def run(prompt: str) -> str:
            return subprocess.run(options.command, shell=True, input=prompt, capture_output=True, text=True, check=True).stdout.strip()
        return run
    model, tokenizer, _ = load(options.checkpoint)

    def draft(prompt: str) -> str:
        with torch.no_grad():
            return tokenizer.decode(model.generate(tokenizer.encode(prompt), EOS)).strip()
    return draft


def grade(rows: list[dict], draft) -> list[tuple[dict, str, list[str]]]:
    results = []
    for row in rows:
        text = draft(row["prompt"])
        results.append((row, text, faults(row, text)))
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, default=ROOT / "data" / "drafter" / "checkpoint.pt")
    parser.add_argument("--heldout", type=Path, default=ROOT / "models" / "drafter" / "heldout.jsonl")
    parser.add_argument("--command", help="shell command to grade instead of the checkpoint; reads a prompt, prints a draft")
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--worst", type=int, default=20)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    rows = [json.loads(line) for line in options.heldout.read_text(encoding="utf-8").splitlines()][: options.count]
    results = grade(rows, drafter(options))
    total, passed, kinds = Counter(), Counter(), Counter()
    for row, _, wrong in results:
        total[row["case"]] += 1
        passed[row["case"]] += not wrong
        kinds.update({fault.split()[0] for fault in wrong})
    for case in total:
        print(f"{case:22} {passed[case]:3}/{total[case]:3}")
    print(f"{'all':22} {sum(passed.values())}/{sum(total.values())}  faults: {dict(kinds)}")
    for row, text, wrong in sorted((r for r in results if r[2]), key=lambda r: -len(r[2]))[: options.worst]:
        print(f"\n{row['prompt']}\n>>> {text}\n!!! {'; '.join(wrong)}")


if __name__ == "__main__":
    main()
