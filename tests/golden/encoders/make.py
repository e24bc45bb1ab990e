"""Makes two tiny random sentence encoders and what sentence-transformers says they embed to.

    python make.py [MINILM]     needs torch, transformers, sentence-transformers

Writes the folders `bert` and `xlm-roberta`, as their models are published, and `expected.json`.
With the folder of all-MiniLM-L6-v2 it also writes `minilm.json`.
"""

import json
import pathlib
import shutil
import sys

import tokenizers
import torch
import transformers
from sentence_transformers import SentenceTransformer
from sentence_transformers import models
from tokenizers import decoders, normalizers, pre_tokenizers, processors
from tokenizers.models import Unigram, WordPiece
from tokenizers.trainers import UnigramTrainer, WordPieceTrainer

HERE = pathlib.Path(__file__).parent
TOKENS_MAX = 24

CORPUS = [
    "where is my parcel, I ordered two weeks ago",
    "où est mon colis, j'ai commandé il y a deux semaines",
    "I am looking for marathon shoes, size 42 please",
    "je cherche des chaussures de marathon, taille 42 s'il vous plaît",
    "can I return these socks and get a refund",
    "puis-je rendre ces chaussettes et être remboursé",
    "the blue jacket is too small, do you have a larger one",
    "la veste bleue est trop petite, avez-vous plus grand",
] * 4

TEXTS = [
    "where is my parcel",
    "où est mon colis ?",
    "a",
    "",
    "Chaussures  de\tmarathon, taille 42 !",
    "the blue jacket is too small; la veste bleue est trop petite — 日本語 🦙",
    " ".join(CORPUS[:4]),
]


def shake(model, seed):
    """Random weights far from their first values, norms and biases included."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            noise = torch.randn(weight.shape, generator=generator)
            if "LayerNorm.weight" in name:
                weight.copy_(1 + 0.2 * noise)
            elif weight.dim() == 1:
                weight.copy_(0.2 * noise)
            else:
                weight.copy_(noise * (0.6 if "embeddings" in name else weight.shape[1] ** -0.5))


def word_piece():
    tokenizer = tokenizers.Tokenizer(WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    trainer = WordPieceTrainer(vocab_size=160, special_tokens=special, show_progress=False)
    tokenizer.train_from_iterator(CORPUS, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        special_tokens=[(token, tokenizer.token_to_id(token)) for token in ("[CLS]", "[SEP]")],
    )
    return transformers.BertTokenizerFast(tokenizer_object=tokenizer)


def unigram():
    tokenizer = tokenizers.Tokenizer(Unigram())
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFKC(), normalizers.Replace(tokenizers.Regex(" {2,}"), " ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    trainer = UnigramTrainer(
        vocab_size=180, special_tokens=special, unk_token="<unk>", show_progress=False
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        special_tokens=[(token, tokenizer.token_to_id(token)) for token in ("<s>", "</s>")],
    )
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        eos_token="</s>",
        cls_token="<s>",
        sep_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        mask_token="<mask>",
    )


def make(name, model, tokenizer, pooling):
    shake(model, seed=len(name))
    model = model.half().eval()
    transformer_folder = HERE / "transformer"
    model.save_pretrained(transformer_folder, safe_serialization=True)
    tokenizer.save_pretrained(transformer_folder)
    transformer = models.Transformer(str(transformer_folder), max_seq_length=TOKENS_MAX)
    width = model.config.hidden_size
    parts = [transformer, models.Pooling(width, pooling_mode=pooling), models.Normalize()]
    encoder = SentenceTransformer(modules=parts, device="cpu")
    folder = HERE / name
    shutil.rmtree(folder, ignore_errors=True)
    encoder.save(str(folder), create_model_card=False)
    shutil.rmtree(transformer_folder)
    # Computed in f32 from the weights that were written in f16.
    rows = encoder.float().encode(TEXTS, batch_size=3)
    return {"pooling": pooling, "embeddings": [[round(float(x), 6) for x in row] for row in rows]}


def main():
    bert = word_piece()
    bert_config = transformers.BertConfig(
        vocab_size=len(bert),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=40,
    )
    xlm = unigram()
    xlm_config = transformers.XLMRobertaConfig(
        vocab_size=len(xlm),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=40,
        type_vocab_size=1,
        layer_norm_eps=1e-5,
        pad_token_id=1,
        bos_token_id=0,
        eos_token_id=2,
    )
    expected = {
        "texts": TEXTS,
        "bert": make("bert", transformers.BertModel(bert_config), bert, "mean"),
        "xlm-roberta": make("xlm-roberta", transformers.XLMRobertaModel(xlm_config), xlm, "cls"),
    }
    (HERE / "expected.json").write_text(json.dumps(expected, ensure_ascii=False) + "\n")
    if len(sys.argv) > 1:
        rows = SentenceTransformer(sys.argv[1], device="cpu").encode(TEXTS, batch_size=3)
        rows = [[round(float(x), 6) for x in row] for row in rows]
        text = json.dumps({"texts": TEXTS, "embeddings": rows}, ensure_ascii=False)
        (HERE / "minilm.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
