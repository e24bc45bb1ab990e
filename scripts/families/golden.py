#!/usr/bin/env python3
"""Asks llama.cpp's server what it makes of a tiny random model of every family: the golden files of the family test.

    scripts/families/golden.py --server PATH/TO/llama-server [--only gemma3.plain ...]

`cargo test` writes the models into target/families; the server loads each with f32 keys and values and without fused
attention, and is asked for its most probable tokens after prefixes of one text. The answers go to
tests/golden/families/NAME.json. Standard library only.
"""

import argparse
import hashlib
import json
import subprocess
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from servers import ROOT, Server, post

FILES = ROOT / "target" / "families"
GOLDEN = ROOT / "tests" / "golden" / "families"
# Long enough to leave every window and every trained context that the models have.
TEXT = [1] + [3 + (at * at * 7 + at * 37) % 285 for at in range(159)]
PREFIX_EVERY = 8
TOP = 8
# The letter a. The server keeps no probabilities of a token that ends inside a UTF-8 character, so this one is always
# chosen; the probabilities are those before the choice.
CHOSEN = 264


def answers(url: str) -> list[dict]:
    found = []
    for tokens in range(PREFIX_EVERY, len(TEXT) + 1, PREFIX_EVERY):
        answer = post(url + "/completion", {
            "prompt": TEXT[:tokens], "n_predict": 1, "temperature": 0, "samplers": ["top_k"], "top_k": 1, "n_probs": TOP,
            "logit_bias": [[CHOSEN, 10000.0]], "cache_prompt": False,
        })
        top = answer["completion_probabilities"][0]["top_logprobs"]
        found.append({"tokens": tokens, "top": [[entry["id"], round(entry["logprob"], 5)] for entry in top]})
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", type=Path, required=True, help="llama.cpp's llama-server")
    parser.add_argument("--only", nargs="*", help="names such as gemma3.plain")
    options = parser.parse_args()
    subprocess.run(["cargo", "test", "--quiet", "--lib", "write_family_files", "--", "--ignored"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for path in sorted(FILES.glob("*.gguf")):
        if options.only and path.stem not in options.only:
            continue
        command = [options.server.resolve(), "-m", path, "-t", "1", "--port", "{port}", "-c", "512", "-np", "1", "--no-repack", "-fa", "off",
                   "-ctk", "f32", "-ctv", "f32", "--no-warmup"]
        with Server(f"llama-server with {path.stem}", command, "/health") as server:
            found = answers(server.url)
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        lines = ",\n  ".join(json.dumps(answer) for answer in found)
        text = f'{{"engine": "llama.cpp", "file_sha256": "{sha256}",\n "token_ids": {json.dumps(TEXT)},\n "answers": [\n  {lines}\n ]}}\n'
        (GOLDEN / f"{path.stem}.json").write_text(text)
        print(path.stem)


if __name__ == "__main__":
    main()
