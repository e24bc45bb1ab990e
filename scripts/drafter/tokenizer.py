"""A byte-fallback tokenizer that behaves exactly like llama.cpp's "llama" (SPM) tokenizer.

The `tokenizers` package learns the vocabulary; encoding is implemented here. It repeatedly
merges the adjacent pair whose concatenation is the token with the highest score. A learnt
token is `▁?letters` or `▁?sign`; digits are single tokens and a newline is a byte token. No
token spans two matches of `CHUNK`, so chunks are encoded one by one and cached.
"""

import json
import re
from pathlib import Path

UNK, BOS, EOS = 0, 1, 2
SPACE = "\u2581"
CHUNK = re.compile(r"▁?[^\W\d_]+|\d|▁?[^\w▁\n]|▁?_|\n|▁|.", re.S)
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789ÀÂÄÇÉÈÊËÎÏÔÖÙÛÜàâäçéèêëîïíóôöùûüúñáãåøœŒæßÿ"
SIGNS = "!\"#$%&'()*+,-./:;<=>?@[]_|~°€£’‘“”«»…–—·•\u00a0\u202f" + SPACE


class Tokenizer:
    def __init__(self, learnt: list[str]):
        """`learnt`: the tokens after the special and the byte tokens, in order of decreasing score."""
        self.tokens = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)] + learnt
        self.ids = {token: index for index, token in enumerate(self.tokens) if index >= 259}
        self.cache: dict[str, list[int]] = {}

    @property
    def size(self) -> int:
        return len(self.tokens)

    def scores(self) -> list[float]:
        return [0.0] * 259 + [-float(rank) for rank in range(1, self.size - 258)]

    def encode(self, text: str, bos: bool = True) -> list[int]:
        ids = [BOS] if bos else []
        for chunk in CHUNK.findall((SPACE + text).replace(" ", SPACE)):
            found = self.cache.get(chunk)
            if found is None:
                found = self._merge(chunk)
                if len(self.cache) < 200_000:
                    self.cache[chunk] = found
            ids += found
        return ids

    def _merge(self, chunk: str) -> list[int]:
        parts = list(chunk)
        while len(parts) > 1:
            best, at = None, -1
            for index in range(len(parts) - 1):
                rank = self.ids.get(parts[index] + parts[index + 1])
                if rank is not None and (best is None or rank < best):
                    best, at = rank, index
            if best is None:
                break
            parts[at:at + 2] = [parts[at] + parts[at + 1]]
        ids = []
        for part in parts:
            found = self.ids.get(part)
            ids += [found] if found is not None else [3 + byte for byte in part.encode()]
        return ids

    def decode(self, ids: list[int]) -> str:
        data = b""
        for index in ids:
            if index < 3:
                continue
            data += bytes([index - 3]) if index < 259 else self.tokens[index].replace(SPACE, " ").encode()
        return data.decode(errors="replace")

    def save(self, path: Path):
        path.write_text(json.dumps(self.tokens[259:], ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> "Tokenizer":
        return cls(json.loads(path.read_text(encoding="utf-8")))


def learn(texts, size: int, extra: str = "") -> Tokenizer:
    """Learns a vocabulary of `size` tokens from `texts`; each character of `extra` gets a token."""
    from tokenizers import Regex, Tokenizer as Trained, models, pre_tokenizers, trainers

    trained = Trained(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.Split(Regex(r"▁?\p{L}+|\d|▁?[^\p{L}\d▁\n]|▁|\n"), "isolated")
    alphabet = sorted(set(LETTERS + SIGNS + extra) - {"\n", " "})
    trainer = trainers.BpeTrainer(vocab_size=size - 259 + 64, initial_alphabet=alphabet, limit_alphabet=len(alphabet), show_progress=False)
    trained.train_from_iterator(((SPACE + text).replace(" ", SPACE) for text in texts), trainer)
    vocabulary = sorted(trained.get_vocab().items(), key=lambda item: item[1])
    single = [token for token, _ in vocabulary if len(token) == 1 and token not in "\n "]
    merged = [token for token, _ in vocabulary if len(token) > 1 and "\n" not in token and CHUNK.fullmatch(token)]
    return Tokenizer(merged[: size - 259 - len(single)] + single)
