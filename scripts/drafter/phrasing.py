"""Expands the phrasing templates: `(a|b)` chooses one alternative, `{key}` inserts a fact."""

import random
import re

import phrasings_en
import phrasings_fr

BOOKS = {"en": phrasings_en, "fr": phrasings_fr}
SLOT = re.compile(r"\{(\w+)\}")

# Facts that a reply must contain, by case; one of the sets is enough.
MANDATORY = {
    "greet": [{"shop"}], "ask.facet": [{"options"}], "ask.size": [{"product"}], "ask.confirm": [{"product", "size"}],
    "recommend.product": [{"product", "price"}], "answer.policy": [{"policy"}], "answer.price": [{"product", "price"}],
    "answer.stock": [{"product", "stock"}, {"product", "availability"}], "answer.product": [{"product", "features"}],
    "checkout.link": [{"product", "link"}], "order_status.known": [{"order", "status"}], "deflect.scope": [{"shop"}, {"topic"}],
    "clarify.options": [{"options"}], "handoff.requested": [{"team"}], "handoff.complaint": [{"team"}], "handoff.unsure": [{"team"}],
}


def parse(template: str):
    """Parses a template into a list of strings and of alternatives (each alternative again such a list)."""
    def sequence(position: int, depth: int):
        items, text = [], ""
        while position < len(template):
            char = template[position]
            if char == "(":
                if text:
                    items.append(text)
                text, branches = "", []
                while True:
                    branch, position = sequence(position + 1, depth + 1)
                    branches.append(branch)
                    if position >= len(template):
                        raise ValueError(f"unclosed group: {template}")
                    if template[position] == ")":
                        break
                items.append(branches)
            elif depth and char in "|)":
                break
            else:
                text += char
            position += 1
        if text:
            items.append(text)
        return items, position

    return sequence(0, 0)[0]


def expand(tree, rng: random.Random) -> str:
    return "".join(item if isinstance(item, str) else expand(rng.choice(item), rng) for item in tree)


def _load():
    book = {}
    for language, module in BOOKS.items():
        for case, rows in module.PHRASINGS.items():
            book[language, case] = [
                (set(v.split()), set(n.split()), set(a.split()), set(SLOT.findall(t)), parse(t), t) for v, n, a, t in rows
            ]
    return book


TEMPLATES = _load()


def join(values: list[str], word: str) -> str:
    return values[0] if len(values) == 1 else ", ".join(values[:-1]) + f" {word} " + values[-1]


def title(option: str) -> str:
    """Button title of an option: capitalised, cut between words to at most 20 characters."""
    text = option[:1].upper() + option[1:]
    if len(text) <= 20:
        return text
    cut = text[:20] if text[20] == " " else text[:20].rsplit(" ", 1)[0]
    return cut[:20].rstrip(" ,;:-'(")


def slots_of(facts: list[tuple[str, str]], language: str) -> dict[str, str]:
    """Values that a template may insert, by key; options and features are joined to lists."""
    slots = {}
    for key, value in facts:
        slots.setdefault(key, value)
    options = [value for key, value in facts if key == "option"]
    features = [value for key, value in facts if key == "feature"]
    if options:
        slots["options"] = join(options, "ou" if language == "fr" else "or")
    if features:
        slots["features"] = join(features, "et" if language == "fr" else "and")
    return slots


def required(case: str, facts: list[tuple[str, str]]) -> list[set[str]]:
    sets = [set(s) for s in MANDATORY.get(case, [set()])]
    keys = [key for key, _ in facts]
    if case == "ask.size" and keys.count("option") > 1:
        sets = [s | {"options"} for s in sets]
    if case == "greet" and "assistant" in keys:
        sets = [s | {"assistant"} for s in sets]
    return sets


def candidates(case, language, voice, address, length, slots, sets):
    """Templates that fit the facts and the style; if none does, requirements of the style are dropped first."""
    fits = [
        row for row in TEMPLATES.get((language, case), [])
        if row[3] <= slots.keys() and any(s <= row[3] or not s & slots.keys() for s in sets)
    ]

    def matches(row, use_voice, use_length, use_address):
        return ((not use_voice or voice in row[0] or "*" in row[0]) and (not use_length or length in row[1] or "*" in row[1])
                and (not use_address or address in row[2] or "*" in row[2]))

    for flags in ((1, 1, 1), (1, 0, 1), (0, 1, 1), (0, 0, 1), (0, 0, 0)):
        rows = [row for row in fits if matches(row, *flags)]
        if rows:
            return rows
    return []


def reply(case, facts, language, voice, address, length, emoji, rng) -> str | None:
    """One reply with its option titles, or None if no template fits."""
    slots = slots_of(facts, language)
    sets = required(case, facts)
    if case == "greet" and "assistant" in slots:
        if not any("assistant" in row[3] for row in TEMPLATES.get((language, case), [])):
            sets = [s - {"assistant"} for s in sets]
    rows = candidates(case, language, voice, address, length, slots, sets)
    if not rows:
        return None
    if rng.random() < 0.75:
        best = max(len(row[3]) for row in rows)
        rows = [row for row in rows if len(row[3]) == best] if rng.random() < 0.5 else [row for row in rows if len(row[3]) >= best - 1]
    for _ in range(20):
        text = expand(rng.choice(rows)[4], rng)
        used = set(SLOT.findall(text))
        if any(s <= used for s in sets):
            break
    else:
        return None
    text = " ".join(SLOT.sub(lambda match: slots[match.group(1)], text).split(" ")).strip()
    while "  " in text:
        text = text.replace("  ", " ")
    if emoji and rng.random() < 0.93:
        text += " " + rng.choice(BOOKS[language].EMOJI.get(case) or ["🙂"])
    return "\n".join([text] + ["- " + title(value) for key, value in facts if key == "option"])


def lexicon() -> list[str]:
    """Every word in the templates, in lower case; words in capitals (I, OK) are kept.

    The grounding check accepts only these words and those of a draft's facts.
    """
    words = {"or", "and", "ou", "et"}
    for rows in TEMPLATES.values():
        for *_, text in rows:
            for token in re.split(r"[\s()|'’/-]+", SLOT.sub(" ", text)):
                token = re.sub(r"^\W+|\W+$", "", token)
                if token:
                    words.add(token if token == "I" or (token.isupper() and len(token) > 1) else token.lower())
    return sorted(words)
