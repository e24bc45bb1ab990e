#!/usr/bin/env python3
"""Asks llama.cpp's server for greedy tokens of the house drafter: the golden file of the parity test.

    scripts/drafter/golden.py --server PATH/TO/llama-server [--cases 8] [--out tests/golden/drafter.greedy.json]

With --compare VITRINE it also generates with vitrine and prints the share of prompts with equal tokens.
Standard library only.
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


def post(url: str, body: dict) -> dict:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"content-type": "application/json"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=120) as answer:
        return json.load(answer)


def wait_until_ready(url: str, server: subprocess.Popen):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for _ in range(600):
        if server.poll() is not None:
            sys.exit("golden: the server ended before it was ready")
        try:
            opener.open(url + "/health", timeout=1).read()
            return
        except OSError:
            time.sleep(0.1)
    sys.exit("golden: the server was not ready within a minute")


def peer_tokens(url: str, prompt: str) -> dict:
    ids = post(url + "/tokenize", {"content": prompt, "add_special": True})["tokens"]
    answer = post(url + "/completion", {
        "prompt": ids, "n_predict": TOKENS, "temperature": 0, "top_k": 1, "samplers": ["top_k"], "return_tokens": True, "cache_prompt": False,
    })
    return {"prompt": prompt, "prompt_token_ids": ids, "token_ids": answer["tokens"], "text": answer["content"]}


def without_end(ids: list[int]) -> list[int]:
    """The server counts the end-of-text token as output, vitrine does not."""
    return ids[:-1] if ids and ids[-1] == 2 else ids


def compare(vitrine: str, cases: list[dict]):
    equal = 0
    for case in cases:
        output = subprocess.run(
            [vitrine, "--json", "--quiet", "generate", "--model", str(MODEL), "--raw", "--prompt", case["prompt"], "--max-tokens", str(TOKENS)],
            check=True, capture_output=True)
        found = json.loads(output.stdout)
        same = found["token_ids"] == case["token_ids"] and found["prompt_token_ids"] == case["prompt_token_ids"]
        case["equal"] = same
        equal += same
        if not same:
            print(f"differs:\n  llama.cpp {case['text']!r}\n  vitrine   {found['text']!r}", file=sys.stderr)
    print(f"equal greedy tokens: {equal} of {len(cases)} prompts")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", required=True, help="llama.cpp's llama-server")
    parser.add_argument("--cases", type=int, default=8)
    parser.add_argument("--port", type=int, default=18099)
    parser.add_argument("--out", type=Path, default=ROOT / "tests" / "golden" / "drafter.greedy.json")
    parser.add_argument("--compare", metavar="VITRINE", help="a built vitrine to compare with")
    options = parser.parse_args()
    rows = [json.loads(line) for line in open(ROOT / "models" / "drafter" / "heldout.jsonl", encoding="utf-8")]
    prompts = [row["prompt"] for row in rows[:: max(1, len(rows) // options.cases)][: options.cases]]
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
    sha256 = hashlib.sha256(MODEL.read_bytes()).hexdigest()
    options.out.write_text(json.dumps({"engine": "llama.cpp", "model_sha256": sha256, "cases": cases}, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
