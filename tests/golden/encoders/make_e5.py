"""Writes `e5.json`: what multilingual-e5-small, as `scripts/fetch-encoder` lays it, embeds ten sentences to.

    python make_e5.py [FOLDER]      needs numpy and tokenizers; default: models/multilingual-e5-small

The forward pass is written out here in f32, apart from the engine's.
"""

import json
import math
import pathlib
import struct
import sys

import numpy
from tokenizers import Tokenizer

HERE = pathlib.Path(__file__).resolve().parent
FOLDER = HERE.parents[2] / "models" / "multilingual-e5-small"
PREFIX = "query: "
TEXTS = [
    "where is my parcel",
    "où est mon colis ?",
    "wo bleibt mein Paket",
    "¿dónde está mi pedido?",
    "dov'è il mio pacco",
    "onde está a minha encomenda",
    "",
    "Chaussures  de\tmarathon, taille 42 !",
    "the blue jacket is too small; la veste bleue est trop petite — 日本語 🦙",
    "ok",
]


def tensors(path):
    """The tensors of a safetensors file of f16, as f32."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    found = {}
    for name, entry in json.loads(data[8 : 8 + length]).items():
        begin, end = (8 + length + at for at in entry["data_offsets"])
        found[name] = numpy.frombuffer(data[begin:end], "<f2").reshape(entry["shape"])
    return found


def embed(weights, config, ids):
    def get(name):
        return weights[name].astype("f4")

    def norm(rows, name):
        rows = rows - rows.mean(-1, keepdims=True)
        scale = numpy.sqrt((rows * rows).mean(-1, keepdims=True) + config["layer_norm_eps"])
        return rows / scale * get(f"{name}.weight") + get(f"{name}.bias")

    def linear(rows, name):
        return rows @ get(f"{name}.weight").T + get(f"{name}.bias")

    def split(rows):
        return rows.reshape(len(ids), heads, -1).transpose(1, 0, 2)

    heads = config["num_attention_heads"]
    rows = weights["embeddings.word_embeddings.weight"][ids].astype("f4")
    rows = rows + get("embeddings.position_embeddings.weight")[: len(ids)]
    rows = norm(rows + get("embeddings.token_type_embeddings.weight")[0], "embeddings.LayerNorm")
    for layer in range(config["num_hidden_layers"]):
        stem = f"encoder.layer.{layer}"
        parts = ("query", "key", "value")
        query, key, value = (split(linear(rows, f"{stem}.attention.self.{part}")) for part in parts)
        scores = query @ key.transpose(0, 2, 1) / math.sqrt(query.shape[-1])
        shares = numpy.exp(scores - scores.max(-1, keepdims=True))
        shares /= shares.sum(-1, keepdims=True)
        mixed = (shares @ value).transpose(1, 0, 2).reshape(len(ids), -1)
        rows = norm(rows + linear(mixed, f"{stem}.attention.output.dense"), f"{stem}.attention.output.LayerNorm")
        inner = linear(rows, f"{stem}.intermediate.dense")
        inner = inner * 0.5 * (1 + numpy.vectorize(math.erf)(inner / math.sqrt(2)))
        rows = norm(rows + linear(inner, f"{stem}.output.dense"), f"{stem}.output.LayerNorm")
    mean = rows.mean(0)
    return mean / numpy.linalg.norm(mean)


def main():
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    config = json.loads((folder / "config.json").read_text())
    weights = tensors(folder / "model.safetensors")
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    found = [embed(weights, config, tokenizer.encode(PREFIX + text).ids) for text in TEXTS]
    rounded = [[round(float(value), 6) for value in embedding] for embedding in found]
    document = {"texts": TEXTS, "embeddings": rounded}
    (HERE / "e5.json").write_text(json.dumps(document, ensure_ascii=False) + "\n")


main()
