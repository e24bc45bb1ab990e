"""Writes a checkpoint as a GGUF file: Q8_0 matrices, F32 norms, SPM vocabulary."""

import argparse
import hashlib
from pathlib import Path

import gguf
import numpy as np
import torch

from phrasing import lexicon
from tokenizer import BOS, EOS, UNK, Tokenizer

ROOT = Path(__file__).resolve().parents[2]
FORMAT = 1
NAMES = {"q": "attn_q", "k": "attn_k", "v": "attn_v", "o": "attn_output", "gate": "ffn_gate", "up": "ffn_up", "down": "ffn_down"}


def interleave(weight: np.ndarray, heads: int) -> np.ndarray:
    """Reorders rows from split halves to interleaved pairs, the rotary layout of GGUF's llama architecture."""
    return weight.reshape(heads, 2, weight.shape[0] // heads // 2, -1).swapaxes(1, 2).reshape(weight.shape)


def export(checkpoint: Path, vocabulary: Path, target: Path):
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    config, tokenizer = state["config"], Tokenizer.load(vocabulary)
    writer = gguf.GGUFWriter(str(target), "llama")
    writer.add_name("vitrine-drafter")
    writer.add_license("apache-2.0")
    writer.add_languages(["en", "fr"])
    writer.add_context_length(config["context"])
    writer.add_embedding_length(config["width"])
    writer.add_block_count(config["layers"])
    writer.add_feed_forward_length(config["hidden"])
    writer.add_head_count(config["heads"])
    writer.add_head_count_kv(config["heads"])
    writer.add_rope_dimension_count(config["width"] // config["heads"])
    writer.add_rope_freq_base(config["rope_base"])
    writer.add_layer_norm_rms_eps(config["epsilon"])
    writer.add_vocab_size(config["vocab"])
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_uint32("vitrine.drafter.format", FORMAT)
    writer.add_array("vitrine.drafter.lexicon", lexicon())

    kinds = [gguf.TokenType.UNKNOWN, gguf.TokenType.CONTROL, gguf.TokenType.CONTROL] + [gguf.TokenType.BYTE] * 256
    kinds += [gguf.TokenType.NORMAL] * (tokenizer.size - len(kinds))
    writer.add_tokenizer_model("llama")
    writer.add_token_list([token.encode() for token in tokenizer.tokens])
    writer.add_token_scores(tokenizer.scores())
    writer.add_token_types(kinds)
    writer.add_bos_token_id(BOS)
    writer.add_eos_token_id(EOS)
    writer.add_unk_token_id(UNK)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
    writer.add_add_space_prefix(True)

    quantized = gguf.GGMLQuantizationType.Q8_0
    for name, tensor in state["model"].items():
        data = tensor.float().numpy()
        if name == "embedding.weight":
            title = "token_embd.weight"
        elif name == "norm":
            title = "output_norm.weight"
        else:
            _, layer, part = name.split(".")[:3]
            if part in ("q", "k"):
                data = interleave(data, config["heads"])
            title = f"blk.{layer}.{NAMES.get(part, part)}.weight"
        if data.ndim == 1:
            writer.add_tensor(title, data.astype(np.float32))
        else:
            writer.add_tensor(title, gguf.quants.quantize(data, quantized), raw_dtype=quantized)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    write_manifest(target)
    print(f"{target.name}: {target.stat().st_size / 1e6:.2f} MB, step {state['step']}")


def write_manifest(target: Path):
    """Writes the checksum list that `vitrine models verify` checks the model against."""
    content = target.read_bytes()
    line = f"{hashlib.sha256(content).hexdigest()}  {len(content)}  {target.name}\n"
    (target.parent / "MANIFEST").write_text(f"# made by scripts/train-drafter\n{line}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, default=ROOT / "data" / "drafter" / "checkpoint.pt")
    parser.add_argument("--tokenizer", type=Path, help="tokenizer file [tokenizer.json next to the checkpoint]")
    parser.add_argument("--out", type=Path, default=ROOT / "models" / "drafter" / "drafter.gguf")
    options = parser.parse_args()
    export(options.checkpoint, options.tokenizer or options.checkpoint.parent / "tokenizer.json", options.out)


if __name__ == "__main__":
    main()
