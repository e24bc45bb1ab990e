"""Asks llama.cpp how its pre-tokenizers part texts: writes pre_tokenizers.json beside this file.

    python pre_tokenizers.py LLAMA_TOKENIZE VOCABULARY.gguf VOCABULARY.gguf.inp

The vocabulary is Qwen2's; what is asked is its ids when the file names another pre-tokenizer.
"""

import json
import pathlib
import struct
import subprocess
import sys
import tempfile

KEY = b"tokenizer.ggml.pre"
NAMES = [
    "qwen2", "gpt-2", "smollm", "default", "llama-bpe", "dbrx", "tekken", "gpt-4o",
    "deepseek-coder", "deepseek-v3", "qwen35", "refact", "stablelm2", "phi-2", "olmo",
]
EXTRA = [
    "HelloWorld HTTPServer iPhone15 don'T ÉCOLE École écoleA naïveX",
    "a1b22c333d4444 12.5€ $100 x==y",
    "日本語テスト한국어 ไทย हिन्दी मराठी",
    "path/to/file\n\n\r\n  tab\t\tend   ",
    "'s 're 'LL we'll I'm",
    "\u00a0nbsp\u2003em 3.14159 1,000,000",
    "foo_bar-baz(qux) [x]{y}<z>!!??",
]


def renamed(file, name):
    """The same GGUF file with another value under KEY."""
    start = file.index(struct.pack("<Q", len(KEY)) + KEY) + 8 + len(KEY)
    kind, length = struct.unpack("<IQ", file[start : start + 12])
    assert kind == 8, "the key holds a string"
    value = struct.pack("<IQ", 8, len(name)) + name.encode()
    return file[:start] + value + file[start + 12 + length :]


def main():
    program, vocabulary, cases = sys.argv[1:]
    file = pathlib.Path(vocabulary).read_bytes()
    texts = pathlib.Path(cases).read_text().split("\n__ggml_vocab_test__\n") + EXTRA
    text = "\n".join(texts)
    ids = {}
    with tempfile.TemporaryDirectory() as folder:
        model, prompt = pathlib.Path(folder, "model.gguf"), pathlib.Path(folder, "prompt.txt")
        prompt.write_text(text, newline="")
        for name in NAMES:
            model.write_bytes(renamed(file, name))
            command = [program, "-m", model, "--ids", "--no-bos", "--no-parse-special"]
            command += ["--no-escape", "--log-disable", "-f", prompt]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            ids[name] = json.loads(done.stdout.strip().splitlines()[-1])
    answer = json.dumps({"text": text, "ids": ids}, ensure_ascii=False)
    pathlib.Path(__file__).with_suffix(".json").write_text(answer + "\n")


if __name__ == "__main__":
    main()
