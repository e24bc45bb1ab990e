"""Trains the drafter on generated data, with a schedule over wall time and resumable checkpoints."""

import argparse
import json
import math
import multiprocessing
import os
import random
import time
from dataclasses import asdict
from pathlib import Path
from queue import Full

import numpy as np
import torch
import torch._dynamo
from tqdm import tqdm

import customers
import scenarios
from model import Config, Drafter, Muon
from tokenizer import EOS, Tokenizer, learn

ROOT = Path(__file__).resolve().parents[2]
CARD = ROOT / "models" / "drafter"
HELD_OUT_SEED = 20_000_003
LENGTHS = [64, 80, 96, 112, 128, 144, 176, 240, 400]
LEARNT = 0.47  # share of positions that enter the loss; about the share of reply tokens


def arguments():
    parser = argparse.ArgumentParser(prog="train-drafter", description=__doc__)
    parser.add_argument("--minutes", type=float, default=95, help="wall time of the whole run in minutes, resumed parts included [95]")
    parser.add_argument("--smoke", action="store_true", help="one-minute run from data to GGUF, written to OUT/smoke")
    parser.add_argument("--resume", action="store_true", help="continue from the last checkpoint")
    parser.add_argument("--out", type=Path, default=ROOT / "data" / "drafter", help="checkpoint directory")
    parser.add_argument("--dialogues", type=Path, default=ROOT.parent / "shared" / "data" / "dialogues" / "taskmaster4.jsonl",
                        help="Taskmaster-4 dialogues; used if the file exists")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tokens", type=int, default=4096, help="tokens per step, padding included [4096]")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--vocab", type=int, default=6144)
    parser.add_argument("--lr", type=float, default=0.02, help="peak learning rate of Muon; AdamW uses a tenth of it [0.02]")
    parser.add_argument("--filler", type=float, default=0.1, help="loss weight of the prompt tokens that fill up a batch [0.1]")
    parser.add_argument("--save-minutes", type=float, default=4)
    parser.add_argument("--no-compile", action="store_true", help="skip torch.compile: starts at once, but trains a third slower")
    return parser.parse_args()


def batches(seed: int, tokens: int, tokenizer: Tokenizer, dialogues, filler: float):
    """Endless batches. Examples are grouped by length, so that only a few shapes are compiled."""
    generator, rng = scenarios.Generator(seed, dialogues=dialogues), random.Random(seed + 1)
    buckets: dict[int, list] = {length: [] for length in LENGTHS}
    while True:
        row = generator.example()
        if row is None:
            continue
        prompt = tokenizer.encode(row["prompt"])
        ids = tokenizer.encode(row["prompt"] + " " + row["reference"]) + [EOS]
        length = next((length for length in LENGTHS if len(ids) <= length + 1), None)
        if length is None:
            continue
        bucket = buckets[length]
        bucket.append((ids, len(prompt)))
        if len(bucket) == tokens // length:
            yield collate(bucket, length, rng, filler)
            buckets[length] = []


def collate(rows, length: int, rng, filler: float | None):
    """Returns (ids, positions, weights); positions index the flattened inputs whose next token enters the loss.

    With a `filler` weight, their share is always LEARNT: reply tokens first, then prompt tokens
    with that weight. Without, they are all reply tokens.
    """
    ids = np.zeros((len(rows), length + 1), dtype=np.int32)
    replies, prompts = [], []
    for index, (row, prompt) in enumerate(rows):
        ids[index, :len(row)] = row
        base = index * length - 1
        replies += range(base + prompt, base + len(row))
        prompts += range(base + 1, base + prompt)
    if filler is None:
        return ids, np.array(replies), np.ones(len(replies), dtype=np.float32)
    count = int(len(rows) * length * LEARNT)
    if len(replies) > count:
        replies = rng.sample(replies, count)
    extra = [rng.choice(prompts) for _ in range(count - len(replies))]
    weights = np.array([1.0] * len(replies) + [filler] * len(extra), dtype=np.float32)
    return ids, np.array(replies + extra), weights


def produce(queue, *args):
    """Main function of the data process; it ends when its parent does."""
    os.nice(2)
    parent = os.getppid()
    for batch in batches(*args):
        while os.getppid() == parent:
            try:
                queue.put(batch, timeout=20)
                break
            except Full:
                continue
        else:
            return


def rate(progress: float, step: int) -> float:
    """Learning-rate factor: warm-up over 100 steps, constant, then linear to zero at the end of the time."""
    return min(1.0, (step + 1) / 100) * min(1.0, max(0.0, (1 - progress) / 0.75))


def loss_of(model, tokenizer, rows, device) -> float:
    """Mean loss per reply token over held-out rows, in nats."""
    total = count = 0.0
    model.eval()
    encoded = [(tokenizer.encode(row["prompt"] + " " + row["reference"]) + [EOS], len(tokenizer.encode(row["prompt"]))) for row in rows]
    encoded.sort(key=lambda item: len(item[0]))
    with torch.no_grad(), torch.autocast(device, torch.bfloat16):
        for start in range(0, len(encoded), 25):
            part = encoded[start:start + 25]
            ids, positions, weights = collate(part, len(part[-1][0]) - 1, None, None)
            total += float(model.loss(*tensors(device, ids, positions, weights))) * len(positions)
            count += len(positions)
    model.train()
    return total / count


def tensors(device, ids, positions, weights):
    return (torch.from_numpy(ids).long().to(device), torch.from_numpy(positions).long().to(device), torch.from_numpy(weights).to(device))


def write_curve(path: Path, curve, held):
    """Writes the loss curve as an SVG: loss (logarithmic) over tokens."""
    if len(curve) < 2:
        return
    width, height, left, bottom = 640, 320, 56, 40
    values = [loss for _, loss in curve] + [loss for _, loss in held]
    low, high, last = math.log10(min(values) * 0.9), math.log10(max(values) * 1.1), curve[-1][0]

    def line(points, colour):
        pairs = " ".join(f"{left + (width - left - 12) * x / last:.1f},{12 + (height - bottom - 12) * (high - math.log10(y)) / (high - low):.1f}" for x, y in points)
        return f'<polyline fill="none" stroke="{colour}" stroke-width="1.5" points="{pairs}"/>'

    ticks = []
    for value in (0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 3, 5, 8):
        if low < math.log10(value) < high:
            y = 12 + (height - bottom - 12) * (high - math.log10(value)) / (high - low)
            ticks.append(f'<line x1="{left}" x2="{width - 12}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/><text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{value}</text>')
    for part in range(5):
        x = left + (width - left - 12) * part / 4
        ticks.append(f'<text x="{x:.1f}" y="{height - 22}" text-anchor="middle">{last * part / 4e6:.1f}</text>')
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11">'
        f'<rect width="{width}" height="{height}" fill="#fff"/>{"".join(ticks)}{line(curve, "#7a9cc6")}{line(held, "#c0392b") if len(held) > 1 else ""}'
        f'<text x="{(width + left) / 2}" y="{height - 6}" text-anchor="middle">million tokens; blue: training loss, red: held-out loss (reply tokens)</text></svg>\n', encoding="utf-8")


def save(path: Path, state: dict):
    part = path.with_suffix(".part")
    torch.save(state, part)
    part.replace(path)


def prepare(options, card: Path):
    """Tokenizer, held-out set and dialogues. `--resume` reuses the existing files."""
    dialogues = customers.load_dialogues(options.dialogues) if options.dialogues.exists() else []
    options.out.mkdir(parents=True, exist_ok=True)
    card.mkdir(parents=True, exist_ok=True)
    held_path, vocabulary = card / "heldout.jsonl", options.out / "tokenizer.json"
    if not (options.resume and held_path.exists()):
        rows = scenarios.held_out_set(500, HELD_OUT_SEED, dialogues)
        held_path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    rows = [json.loads(line) for line in held_path.read_text(encoding="utf-8").splitlines()]
    if options.resume and vocabulary.exists():
        return Tokenizer.load(vocabulary), rows, dialogues
    generator = scenarios.Generator(options.seed + 100, dialogues=dialogues)
    made = (generator.example() for _ in range(4_000 if options.smoke else 40_000))
    texts = [row["prompt"] + " " + row["reference"] for row in made if row] + dialogues
    emoji = "".join(char for language in scenarios.phrasing.BOOKS.values() for values in language.EMOJI.values() for value in values for char in value)
    tokenizer = learn(texts, options.vocab, emoji)
    tokenizer.save(vocabulary)
    return tokenizer, rows, dialogues


def main():
    options = arguments()
    card = CARD
    if options.smoke:
        options.minutes, options.save_minutes, options.no_compile, options.out = 0.6, 0.2, True, options.out / "smoke"
        card = options.out
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    tokenizer, rows, dialogues = prepare(options, card)

    config = Config(vocab=tokenizer.size, layers=options.layers)
    model = Drafter(config).to(device)
    matrices = [weight for name, weight in model.named_parameters() if weight.ndim == 2 and "embedding" not in name]
    others = [weight for name, weight in model.named_parameters() if weight.ndim == 1 or "embedding" in name]
    optimizers = [Muon(matrices, lr=options.lr, decay=0.1), torch.optim.AdamW(others, lr=options.lr / 10, betas=(0.9, 0.98), weight_decay=0.0)]
    peaks = [options.lr, options.lr / 10]
    step = tokens = 0
    spent, curve, held = 0.0, [], []
    checkpoint = options.out / "checkpoint.pt"
    if options.resume and checkpoint.exists():
        state = torch.load(checkpoint, map_location=device, weights_only=True)
        model.load_state_dict(state["model"])
        for optimizer, saved in zip(optimizers, state["optimizers"]):
            optimizer.load_state_dict(saved)
        step, tokens, spent, curve, held = (state[key] for key in ("step", "tokens", "spent", "curve", "held"))
    print(f"{sum(w.numel() for w in model.parameters()) / 1e6:.2f} M parameters, vocabulary {tokenizer.size}, {device}, {len(dialogues)} dialogue lines", flush=True)

    queue = multiprocessing.Queue(maxsize=64)
    worker = multiprocessing.Process(
        target=produce, args=(queue, options.seed + 1000 + step, options.tokens * (8 if device == "cuda" else 1), tokenizer, dialogues, options.filler), daemon=True)
    worker.start()
    compute = model.loss
    if not options.no_compile:
        torch._dynamo.config.recompile_limit = 4 * len(LENGTHS)
        compute = torch.compile(model.loss, dynamic=False)

    def snapshot():
        held.append([tokens, loss_of(model, tokenizer, rows[:250], device)])
        save(checkpoint, {
            "model": model.state_dict(), "optimizers": [optimizer.state_dict() for optimizer in optimizers], "config": asdict(config),
            "step": step, "tokens": tokens, "spent": spent + time.time() - begun, "curve": curve, "held": held,
            "minutes": options.minutes, "seed": options.seed,
        })
        write_curve(card / "loss.svg", curve, held)
        print(f"\nstep {step}, {tokens / 1e6:.1f} M tokens, {(spent + time.time() - begun) / 60:.1f} min, held-out loss {held[-1][1]:.4f}", flush=True)

    begun = last_save = time.time()
    started_tokens, window = tokens, []
    total = options.minutes * 60
    bar = tqdm(total=round(total), initial=round(spent), unit="s", mininterval=5, bar_format="{l_bar}{bar:20}| {n:.0f}/{total} s {postfix}")
    while (elapsed := spent + time.time() - begun) < total:
        factor = rate(elapsed / total, step)
        for optimizer, peak in zip(optimizers, peaks):
            for group in optimizer.param_groups:
                group["lr"] = peak * factor
        batch = queue.get()
        with torch.autocast(device, torch.bfloat16):
            loss = compute(*tensors(device, *batch))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(others, 1.0)
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        step, tokens = step + 1, tokens + batch[0].size
        window.append(float(loss.detach()))
        if len(window) == 50:
            curve.append([tokens, sum(window) / 50])
            window = []
            speed = (tokens - started_tokens) / (time.time() - begun)
            bar.set_postfix_str(f"step {step}, loss {curve[-1][1]:.4f}, {speed:.0f} tokens/s")
            bar.n = round(elapsed)
            bar.refresh()
        if time.time() - last_save > options.save_minutes * 60:
            last_save = time.time()
            snapshot()
    bar.close()
    snapshot()
    worker.terminate()
    import export
    export.export(checkpoint, options.out / "tokenizer.json", card / "drafter.gguf")


if __name__ == "__main__":
    main()
