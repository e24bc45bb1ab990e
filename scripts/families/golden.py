#!/usr/bin/env python3
"""Records llama.cpp's likeliest tokens for a tiny random model of each family: the golden files of the family test.

    scripts/families/golden.py --server PATH/TO/llama-server [--only gemma3.plain ...]

`cargo test` writes the models to target/families. llama-server loads each with f32 keys and values and without fused
attention, and returns its likeliest tokens after several prefixes of one text. They are written to
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
# Longer than every attention window and trained context of the models.
TEXT = [1] + [3 + (at * at * 7 + at * 37) % 285 for at in range(159)]
PREFIX_EVERY = 8
TOP = 8
# The letter a. The server omits probabilities of tokens that end inside a UTF-8 character, so a bias makes it choose
# this one always; the probabilities recorded are those before the choice.
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
    parser.add_argument("--server", type=Path, required=True, help="path of llama.cpp's llama-server")
    parser.add_argument("--only", nargs="*", help="record only these models, such as gemma3.plain")
    options = parser.parse_args()
    subprocess.run(["cargo", "test", "--quiet", "-p", "vitrine-engine", "--lib", "write_family_files", "--", "--ignored"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
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
