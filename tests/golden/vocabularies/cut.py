"""Cuts vocabularies to the tokens that the test texts can use: writes qwen2.json and bert.json here.

    python cut.py FOLDER

FOLDER holds ggml-vocab-{qwen2,bert-bge}.gguf with their cases (.inp and .out), as in the folder
models/ of llama.cpp's repository. The vocabularies are those of Qwen2 and of BERT (uncased), both
under Apache-2.0; texts and ids of the cases are llama.cpp's, under MIT.

A cut vocabulary keeps every token, and every merge, whose spelling occurs in any of the texts. So
it gives each text the tokens of the whole vocabulary, however the text is split: a wrong split
finds the same wrong merges. `ids` holds the whole vocabulary's id of each kept token.
Standard library only.
"""

import json
import pathlib
import struct
import sys
import unicodedata

HERE = pathlib.Path(__file__).parent
SEPARATOR = "\n__ggml_vocab_test__\n"
NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
TEXT, LIST = 8, 9
NORMAL = 1


def metadata(path):
    """The metadata of a GGUF file."""
    file = path.read_bytes()
    at = 4

    def number(form):
        nonlocal at
        (value,) = struct.unpack_from("<" + form, file, at)
        at += struct.calcsize("<" + form)
        return value

    def text():
        nonlocal at
        length = number("Q")
        at += length
        return file[at - length : at].decode()

    def value(kind):
        if kind == TEXT:
            return text()
        if kind == LIST:
            element = number("I")
            return [value(element) for _ in range(number("Q"))]
        return number(NUMBERS[kind])

    number("I")
    number("Q")
    return {text(): value(number("I")) for _ in range(number("Q"))}


def byte_characters():
    """GPT-2's character for each byte."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = iter(range(0x100, 0x200))
    return [chr(byte if byte in printable else next(others)) for byte in range(0x100)]


def byte_level(text):
    characters = byte_characters()
    return "".join(characters[byte] for byte in text.encode())


def uncased(text):
    """Text as BERT's normaliser leaves it, apart from spaces."""
    parts = unicodedata.normalize("NFD", text.lower())
    return "".join(part for part in parts if unicodedata.category(part) != "Mn")


def cut(folder, name, spelling):
    whole = metadata(folder / f"ggml-vocab-{name}.gguf")
    inputs = (folder / f"ggml-vocab-{name}.gguf.inp").read_text().split(SEPARATOR)
    outputs = (folder / f"ggml-vocab-{name}.gguf.out").read_text().splitlines()
    cases = [
        {"text": text, "ids": [int(id) for id in ids.split()]}
        for text, ids in zip(inputs, outputs)
    ]
    tokens, types = whole["tokenizer.ggml.tokens"], whole["tokenizer.ggml.token_type"]
    special = [
        id for id, kind in enumerate(types)
        if kind != NORMAL and not tokens[id].startswith(("[PAD1", "[unused"))
    ]
    golden = json.loads((HERE.parent / "pre_tokenizers.json").read_text())["text"]
    texts = [case["text"] for case in cases] + [tokens[id] for id in special] + ["a  b", golden]
    spelled = "\n".join(spelling(text) for text in texts)
    occurs = lambda token: token.removeprefix("\u2581") in spelled
    kept = [
        id for id, token in enumerate(tokens)
        if id in special or types[id] == NORMAL and (len(token) == 1 or occurs(token))
    ]
    found = {
        "model": whole["tokenizer.ggml.model"],
        "pre": whole["tokenizer.ggml.pre"],
        "ids": kept,
        "tokens": [tokens[id] for id in kept],
        "types": [types[id] for id in kept],
    }
    merges = whole.get("tokenizer.ggml.merges", [])
    found["merges"] = [merge for merge in merges if merge.replace(" ", "") in spelled]
    for role in ["bos", "eos", "unknown", "seperator", "cls"]:
        key = f"tokenizer.ggml.{role}_token_id"
        if key in whole:
            found[key] = kept.index(whole[key])
    found["cases"] = cases
    return found


def write(name, vocabulary):
    lines = [f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}"
             for key, value in vocabulary.items()]
    (HERE / f"{name}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    write("qwen2", cut(folder, "qwen2", byte_level))
    write("bert", cut(folder, "bert-bge", uncased))


if __name__ == "__main__":
    main()
