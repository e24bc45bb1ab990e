#!/usr/bin/env python3
"""Measures how far vitrine's logits are from llama.cpp's on the same files: two models in F16, Q8_0 and Q4_K_M.

    scripts/parity/measure.py --bin FOLDER/OF/llama.cpp [--stories PATH/TO/stories260K.gguf] [--positions 2000]

llama-quantize writes the files to target/parity. llama-server then samples texts from each (fixed seeds) and returns the
likeliest tokens at every position; keys and values are f32 on both sides. `cargo test` teacher-forces vitrine with the same
tokens and prints for each file: top-1 agreement, mean KL divergence over llama.cpp's TOP tokens plus one class for the rest,
and the share of equal greedy outputs. It fails if they exceed the bounds in the test. Standard library only.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from servers import ROOT, Server, post

FOLDER = ROOT / "target" / "parity"
DRAFTER = ROOT / "models" / "drafter" / "drafter.gguf"
TYPES = ["Q8_0", "Q4_K_M", "F16"]
TOP = 256
TEXT_TOKENS = 200
GREEDY_TEXTS = 16
GREEDY_TOKENS = 48


def sampled(url: str, prompt: list[int], seed: int) -> dict | None:
    """Samples a text; returns it with llama.cpp's distribution before each of its tokens.

    None if the server omitted some distributions, as it does for tokens that end inside a UTF-8 character.
    """
    answer = post(url + "/completion", {
        "prompt": prompt, "n_predict": TEXT_TOKENS, "temperature": 0.8, "samplers": ["temperature"], "seed": seed, "n_probs": TOP,
        "return_tokens": True, "cache_prompt": False,
    })
    steps = answer.get("completion_probabilities", [])
    if [step["id"] for step in steps] != answer["tokens"]:
        return None
    return {
        "prompt": prompt, "tokens": [step["id"] for step in steps],
        "top": [[[entry["id"], entry["logprob"]] for entry in step["top_logprobs"]] for step in steps],
    }


def greedy(url: str, prompt: list[int]) -> dict:
    answer = post(url + "/completion", {
        "prompt": prompt, "n_predict": GREEDY_TOKENS, "temperature": 0, "top_k": 1, "samplers": ["top_k"], "n_probs": 2,
        "return_tokens": True, "cache_prompt": False,
    })
    pairs = [sorted((top["logprob"] for top in step["top_logprobs"]), reverse=True) for step in answer["completion_probabilities"]]
    margin = min((best - second for best, second, *_ in pairs), default=0.0)
    return {"prompt": prompt, "tokens": answer["tokens"], "margin": margin}


def ask(url: str, prompts: list[str], positions: int) -> dict:
    ids = [post(url + "/tokenize", {"content": prompt, "add_special": True})["tokens"] for prompt in prompts]
    texts, count = [], 0
    for seed in range(1000):
        text = sampled(url, ids[seed % len(ids)], seed)
        if text is None:
            continue
        texts.append(text)
        count += len(text["tokens"])
        if count >= positions:
            break
    return {"texts": texts, "greedy": [greedy(url, prompt) for prompt in ids[:GREEDY_TEXTS]]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=Path, required=True, help="folder that contains llama-server and llama-quantize")
    parser.add_argument("--stories", type=Path, help="path of stories260K.gguf; without it only the drafter is measured")
    parser.add_argument("--positions", type=int, default=2000, help="token positions to compare in each file [2000]")
    parser.add_argument("--only-ask", action="store_true", help="only record llama.cpp's answers; compare later with `cargo test`")
    options = parser.parse_args()
    options.bin = options.bin.resolve()
    rows = [json.loads(line) for line in open(DRAFTER.with_name("heldout.jsonl"), encoding="utf-8")]
    models = {"drafter": (DRAFTER, [row["prompt"] for row in rows[:: max(1, len(rows) // 50)]])}
    if options.stories:
        models["stories"] = (options.stories, ["Once upon a time", "Lily had a red ball", "The dog ran to", "One day, Tom and his mom", "In the garden"])
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, (source, prompts) in models.items():
        for kind in TYPES:
            path = FOLDER / f"{name}.{kind}.gguf"
            subprocess.run([options.bin / "llama-quantize", "--allow-requantize", source, path, kind], check=True, capture_output=True)
            command = [options.bin / "llama-server", "-m", path, "-t", "1", "--port", "{port}", "-c", "1024", "-np", "1",
                       "--no-repack", "-fa", "off", "-ctk", "f32", "-ctv", "f32"]
            with Server(f"llama-server with {path.name}", command, "/health") as server:
                answers = ask(server.url, prompts, options.positions)
            path.with_suffix(".json").write_text(json.dumps(answers))
            print(f"recorded llama.cpp's answers for {path.name}", flush=True)
    if options.only_ask:
        return
    subprocess.run(["cargo", "test", "--quiet", "-p", "vitrine-engine", "--lib", "logits_stay_close_to_llama_cpp", "--", "--ignored", "--nocapture"], cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
