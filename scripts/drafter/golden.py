#!/usr/bin/env python3
"""Records llama.cpp's greedy tokens for the built-in drafter: the golden file of the parity test.

    scripts/drafter/golden.py --server PATH/TO/llama-server [--cases 8] [--out tests/golden/drafter.greedy.json]

The drafter has learnt many equally good openings, so the two best tokens are often nearly tied and rounding decides
between them. A prompt counts as decided if llama.cpp's best token leads by at least MARGIN nats at every step; the
golden file contains the first --cases decided prompts. --compare VITRINE also generates with vitrine and prints the
share of equal outputs, over all prompts and over the decided ones. Standard library only.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "models" / "drafter" / "drafter.gguf"
TOKENS = 96
MARGIN = 0.1


def post(url: str, body: dict) -> dict:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"content-type": "application/json"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=120) as answer:
        return json.load(answer)


def wait_until_ready(url: str, server: subprocess.Popen):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for _ in range(600):
        if server.poll() is not None:
            sys.exit("golden: the server ended during startup")
        try:
            opener.open(url + "/health", timeout=1).read()
            return
        except OSError:
            time.sleep(0.1)
    sys.exit("golden: the server was not ready within a minute")


def peer_tokens(url: str, prompt: str) -> dict:
    ids = post(url + "/tokenize", {"content": prompt, "add_special": True})["tokens"]
    answer = post(url + "/completion", {
        "prompt": ids, "n_predict": TOKENS, "temperature": 0, "top_k": 1, "samplers": ["top_k"], "n_probs": 2,
        "return_tokens": True, "cache_prompt": False,
    })
    pairs = [sorted((top["logprob"] for top in step["top_logprobs"]), reverse=True) for step in answer["completion_probabilities"]]
    margin = min((best - second for best, second, *_ in pairs), default=0.0)
    return {"prompt": prompt, "prompt_token_ids": ids, "token_ids": answer["tokens"], "text": answer["content"], "margin": round(margin, 4)}


def without_end(ids: list[int]) -> list[int]:
    """Removes the end-of-text token, which the server includes in its output and vitrine does not."""
    return ids[:-1] if ids and ids[-1] == 2 else ids


def compare(vitrine: str, cases: list[dict]):
    equal, decided = [], []
    for case in cases:
        output = subprocess.run(
            [vitrine, "--json", "--quiet", "generate", "--model", str(MODEL), "--raw", "--prompt", case["prompt"], "--max-tokens", str(TOKENS)],
            check=True, capture_output=True)
        found = json.loads(output.stdout)
        same = found["token_ids"] == case["token_ids"] and found["prompt_token_ids"] == case["prompt_token_ids"]
        equal.append(same)
        if case["margin"] >= MARGIN:
            decided.append(same)
        if not same:
            print(f"differs, margin {case['margin']}:\n  llama.cpp {case['text']!r}\n  vitrine   {found['text']!r}", file=sys.stderr)
    print(f"equal greedy outputs: {sum(equal)} of {len(equal)} prompts; {sum(decided)} of {len(decided)} decided prompts")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", required=True, help="path of llama.cpp's llama-server")
    parser.add_argument("--cases", type=int, default=8, help="cases in the golden file [8]")
    parser.add_argument("--prompts", type=int, default=50, help="held-out prompts to try [50]")
    parser.add_argument("--port", type=int, default=18099)
    parser.add_argument("--out", type=Path, default=ROOT / "tests" / "golden" / "drafter.greedy.json")
    parser.add_argument("--compare", metavar="VITRINE", help="path of a vitrine binary to compare with")
    options = parser.parse_args()
    rows = [json.loads(line) for line in open(ROOT / "models" / "drafter" / "heldout.jsonl", encoding="utf-8")]
    prompts = [row["prompt"] for row in rows[:: max(1, len(rows) // options.prompts)][: options.prompts]]
    server = subprocess.Popen(
        [options.server, "-m", str(MODEL), "-t", "2", "--port", str(options.port), "--no-repack", "-c", "1024", "-np", "1"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{options.port}"
    try:
        wait_until_ready(url, server)
        cases = [peer_tokens(url, prompt) for prompt in prompts]
    finally:
        server.terminate()
    for case in cases:
        case["token_ids"] = without_end(case["token_ids"])
    if options.compare:
        compare(options.compare, cases)
    cases = [case for case in cases if case["margin"] >= MARGIN][: options.cases]
    sha256 = hashlib.sha256(MODEL.read_bytes()).hexdigest()
    options.out.write_text(json.dumps({"engine": "llama.cpp", "model_sha256": sha256, "cases": cases}, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
