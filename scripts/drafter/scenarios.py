"""Generates seeded training scenarios: a case, a style, facts, the customer's message and a reference reply."""

import random
import re

import customers
import names
import phrasing
import trades_en
import trades_fr

WORDS = {"en": trades_en, "fr": trades_fr}
CASES = [
    "greet", "ask.need", "ask.facet", "ask.size", "ask.confirm", "recommend.product", "recommend.none", "answer.policy",
    "answer.price", "answer.stock", "answer.product", "checkout.link", "order_status.known", "order_status.missing",
    "clarify.options", "clarify.open", "deflect.scope", "handoff.requested", "handoff.complaint", "handoff.unsure", "close.thanks",
]
# Sampling weights of CASES; cases that copy more facts are drawn more often.
WEIGHTS = [4, 3, 7, 5, 6, 8, 4, 7, 5, 5, 7, 7, 7, 2, 4, 1.5, 3, 4, 4, 3, 3]
CHANNELS = ["whatsapp", "instagram", "rcs", "apple", "sms", "webchat"]
VOICES = ["warm", "formal", "playful", "direct"]
TEST_TRADES = ("optics", "music")
ASSISTANT = {"en": "automated assistant", "fr": "assistant automatique"}
FREE = {"name", "shop", "product", "price", "order", "link"}


class Generator:
    """Draws scenarios for training, or for the held-out set if `test`."""

    def __init__(self, seed: int, test: bool = False, dialogues: list[str] | None = None):
        self.rng = random.Random(seed)
        self.test = test
        self.dialogues = [line for line in dialogues or [] if names.held_out(line) == test]
        self.lists: dict[tuple, list[str]] = {}

    def unique(self, draw) -> str:
        """Draws until the value belongs to this side of the split."""
        while True:
            value = draw()
            if names.held_out(value) == self.test:
                return value

    def listed(self, values: str, minimum: int = 1) -> list[str]:
        """Values of a `|` list that may be used; training never sees held-out ones."""
        cached = self.lists.get((values, minimum))
        if cached is None:
            every = values.split("|")
            mine = [value for value in every if names.held_out(value) == self.test]
            cached = mine if len(mine) >= minimum else (every if self.test else [v for v in every if not names.held_out(v)] or every)
            self.lists[values, minimum] = cached
        return cached

    def pick(self, values: str) -> str:
        if self.test and self.rng.random() < 0.5:
            return self.rng.choice(values.split("|"))
        return self.rng.choice(self.listed(values))

    def odd_value(self, low: int = 1, high: int = 3) -> str:
        """An unusual value: unrelated or invented words."""
        rng, words = self.rng, []
        for _ in range(rng.randint(low, high)):
            if rng.random() < 0.45:
                words.append(names.pseudo_word(rng))
            else:
                trade = self.words.TRADES[rng.choice(list(self.words.TRADES))]
                source = rng.choice(["needs", "features", "facet"])
                text = rng.choice(rng.choice(list(trade["facets"].values())) .split("|") if source == "facet" else trade[source].split("|"))
                words.append(rng.choice(text.split()))
        if rng.random() < 0.06:
            words.append(names.version(rng))
        return self.unique_odd(" ".join(words))

    def unique_odd(self, value: str) -> str:
        return value if names.held_out(value) == self.test else value + " " + names.pseudo_word(self.rng, 1, 2)

    def need(self) -> str:
        return self.odd_value() if self.rng.random() < 0.22 else self.pick(self.trade["needs"])

    def feature(self) -> str:
        return self.odd_value() if self.rng.random() < 0.25 else self.pick(self.trade["features"])

    def size(self) -> str:
        rng = self.rng
        roll = rng.random()
        if roll < 0.12:
            return self.odd_value(1, 1)
        if roll < 0.35:
            return str(rng.randint(1, 60)) + rng.choice(["", "", ".5" if self.language == "en" else ",5", " cm", " ml", " L", "/" + str(rng.randint(30, 99))])
        return self.pick(self.words.SIZES[self.trade["sizes"]])

    def distinct(self, draw, count: int) -> list[str]:
        values: list[str] = []
        for _ in range(60):
            if len(values) == count:
                break
            value = draw()
            if value.lower() not in (v.lower() for v in values):
                values.append(value)
        return values

    def facet(self) -> tuple[str, list[str]]:
        """A facet and two or three of its values."""
        rng, count = self.rng, self.rng.choice([2, 2, 3])
        if rng.random() < 0.25:
            return self.odd_value(1, 2), self.distinct(lambda: self.odd_value(1, 2), count)
        facet = rng.choice(list(self.trade["facets"]))
        values = self.trade["facets"][facet]
        if rng.random() < 0.15:
            values = rng.choice(list(rng.choice(list(self.words.TRADES.values()))["facets"].values()))
        pool = values.split("|") if self.test else [v for v in values.split("|") if not names.held_out(v)]
        chosen = rng.sample(pool, min(count, len(pool)))
        while len(chosen) < count:
            chosen.append(self.odd_value(1, 2))
        return facet, chosen

    def options(self, values: str, low: int, high: int) -> list[str]:
        count = self.rng.randint(low, high)
        odd = self.rng.random() < 0.15
        return self.distinct(lambda: self.odd_value(1, 3) if odd or self.rng.random() < 0.06 else self.pick(values), count)

    def fill(self, template: str) -> str:
        """Fills the placeholders of a policy, a stock count or opening hours."""
        rng, language = self.rng, self.language
        first = rng.randint(1, 8)
        values = {
            "n": lambda: str(rng.choice([rng.randint(2, 60), rng.choice([14, 30, 24, 48, 100, 7, 90])])), "a": lambda: str(first),
            "b": lambda: str(first + rng.randint(1, 7)), "p": lambda: self.unique(lambda: names.price(rng, language)),
            "q": lambda: self.unique(lambda: names.price(rng, language)), "h": lambda: names.hour(rng, language, 7, 12),
            "h2": lambda: names.hour(rng, language, 13, 22), "city": lambda: rng.choice(names.CITIES + [names.pseudo_word(rng).capitalize()]),
            "street": lambda: ("rue " if language == "fr" else "") + names.pseudo_word(rng).capitalize() + ("" if language == "fr" else " Street"),
        }
        return re.sub(r"\{(\w+)\}", lambda match: values[match.group(1)](), template)

    def policy(self) -> tuple[str, str]:
        rng, book = self.rng, self.words.POLICIES
        topic = rng.choice(list(book))
        text = self.fill(self.pick(book[topic]))
        roll = rng.random()
        if roll < 0.25:
            text += " " + self.fill(self.pick(book[rng.choice(list(book))]))
        elif roll < 0.4:
            odd = self.odd_value(2, 4)
            extra = [odd[:1].upper() + odd[1:], self.feature(), names.pseudo_word(rng), str(rng.randint(2, 400)), self.need()]
            text = rng.choice([text + " ", ""]) + f"{extra[0]} : {extra[1]}, {extra[3]} {extra[2]}, {extra[4]}."
        if rng.random() < 0.2:
            topic = self.odd_value(1, 2)
        return topic, text

    def maybe(self, key: str, draw, chance: float = 0.5) -> list[tuple[str, str]]:
        return [(key, draw())] if self.rng.random() < chance else []

    def facts(self, case: str) -> list[tuple[str, str]]:
        """Random facts for a case, in the order of the prompt format."""
        rng, words, language = self.rng, self.words, self.language
        shop = lambda: self.unique(lambda: names.shop(rng))
        name = lambda: self.unique(lambda: names.person(rng))
        price = lambda: self.unique(lambda: names.price(rng, language))
        link = lambda: self.unique(lambda: names.link(rng))
        date = lambda: names.date(rng, language)
        product = ("product", self.unique(lambda: names.product(rng, self.need())))
        option = lambda values: [("option", value) for value in values]
        odd_or = lambda values, chance=0.12: self.odd_value(1, 2) if rng.random() < chance else self.pick(values)
        team = lambda: odd_or(words.TEAMS)
        hours = lambda: self.fill(self.pick(words.HOURS))

        if case == "greet":
            return [("shop", shop())] + self.maybe("name", name, 0.4) + self.maybe("assistant", lambda: ASSISTANT[language]) + option(self.options(words.GREET_OPTIONS, 0, 3))
        if case == "ask.need":
            pool = words.GREET_OPTIONS if rng.random() < 0.3 else self.trade["needs"]
            return self.maybe("shop", shop) + option(self.options(pool, 0, 3))
        if case == "ask.facet":
            facet, values = self.facet()
            return [("need", self.need()), ("facet", facet)] + option(values) + self.maybe("count", lambda: str(rng.randint(2, 180)), 0.4)
        if case == "ask.size":
            return [product] + option(self.distinct(self.size, rng.randint(1, 3)))
        if case == "ask.confirm":
            return [product, ("size", self.size())] + self.maybe("price", price) + option(self.options(words.CONFIRM_OPTIONS, 2, 2))
        if case == "recommend.product":
            features = [("feature", value) for value in self.distinct(self.feature, rng.choice([0, 1, 1, 2, 2]))] if rng.random() < 0.85 else []
            return ([product, ("price", price())] + features + self.maybe("size", self.size, 0.3)
                    + self.maybe("stock", lambda: self.fill(self.pick(words.STOCK)), 0.25) + option(self.options(words.RECOMMEND_OPTIONS, 2, 2)))
        if case == "recommend.none":
            pool = words.NONE_OPTIONS if rng.random() < 0.6 else self.trade["needs"]
            return [("need", self.need())] + option(self.options(pool, 0, 2))
        if case == "answer.policy":
            topic, text = self.policy()
            return [("topic", topic), ("policy", text)]
        if case == "answer.price":
            return [product, ("price", price())]
        if case == "answer.stock":
            value = ("stock", self.fill(self.pick(words.STOCK))) if rng.random() < 0.5 else ("availability", odd_or(words.AVAILABILITY))
            return [product] + self.maybe("size", self.size) + [value]
        if case == "answer.product":
            return [product] + [("feature", value) for value in self.distinct(self.feature, rng.randint(1, 3))] + self.maybe("price", price)
        if case == "checkout.link":
            return [product] + self.maybe("size", self.size) + [("price", price()), ("link", link())]
        if case == "order_status.known":
            order = self.unique(lambda: names.order_id(rng))
            return [("order", order), ("status", odd_or(words.STATUSES))] + self.maybe("date", date) + self.maybe("link", link, 0.4)
        if case == "clarify.options":
            return option(self.options(words.CLARIFY_OPTIONS, 2, 2))
        if case == "deflect.scope":
            return [("shop", shop()), ("topic", odd_or(self.trade["topic"], 0.2))]
        if case in ("handoff.requested", "handoff.complaint"):
            return self.maybe("name", name) + [("team", team())] + self.maybe("hours", hours)
        if case == "handoff.unsure":
            return [("team", team())] + self.maybe("hours", hours)
        if case == "close.thanks":
            return [("shop", shop())] + self.maybe("name", name)
        return []

    def customer(self, case: str, facts: list[tuple[str, str]]) -> str | None:
        """The customer's message, which may contain numbers and names that are not facts; None for no message."""
        rng, language = self.rng, self.language
        if rng.random() < 0.22:
            return None
        slots = {key: value for key, value in reversed(facts)}
        slots.setdefault("need", self.need())
        roll = rng.random()
        if language == "en" and self.dialogues and roll < 0.15:
            text = rng.choice(self.dialogues)
        elif roll < 0.2:
            text = rng.choice(customers.LINES[language][rng.choice(CASES)])
        else:
            text = rng.choice(customers.LINES[language][case])
        if rng.random() < 0.15:
            text = rng.choice(customers.OPENERS[language]) + text
        if rng.random() < 0.15:
            text += rng.choice(customers.CLOSERS[language])

        def value(match):
            key = match.group(1)
            if key == "x":
                return rng.choice([str(rng.randint(1, 300)), names.price(rng, language), names.date(rng, language), names.order_id(rng)][:rng.choice([1, 1, 2, 4])])
            if rng.random() < 0.12 or key not in slots:
                return {"product": lambda: names.product(rng, self.need()), "name": lambda: names.person(rng), "order": lambda: names.order_id(rng)}.get(key, self.odd_value)()
            return slots[key]

        text = re.sub(r"\{(\w+)\}", value, text)
        if rng.random() < 0.3:
            text = text[:1].upper() + text[1:]
        if rng.random() < 0.12:
            text = customers.typos(text, rng)
        return " ".join(text.split())[:160].strip() or None

    def example(self, case: str | None = None, language: str | None = None) -> dict | None:
        """One example, or None if no phrasing fits."""
        rng = self.rng
        case = case or rng.choices(CASES, WEIGHTS)[0]
        self.language = language or rng.choice(["en", "fr"])
        self.words = WORDS[self.language]
        known = [trade for trade in self.words.TRADES if trade not in TEST_TRADES]
        names_of_trades = list(TEST_TRADES) if self.test and rng.random() < 0.5 else known
        self.trade = self.words.TRADES[rng.choice(names_of_trades)]
        voice, length = rng.choice(VOICES), rng.choice(["short", "long"])
        address = rng.choice(["vous", "vous", "tu"]) if self.language == "fr" else "you"
        emoji = rng.random() < 0.4
        style = " ".join([self.language, rng.choice(CHANNELS), voice, address, length, "emoji" if emoji else "plain"])
        facts = self.facts(case)
        reference = phrasing.reply(case, facts, self.language, voice, address, length, emoji, rng)
        if reference is None:
            return None
        lines = [f"action: {case}", f"style: {style}"] + [f"{key}: {value}" for key, value in facts]
        message = self.customer(case, facts)
        if message:
            lines.append(f"customer: {message}")
        prompt = "\n".join(lines) + "\nreply:"
        return {"case": case, "style": style, "prompt": prompt, "facts": [list(fact) for fact in facts], "reference": reference, "language": self.language}


def held_out_set(count: int, seed: int, dialogues: list[str] | None = None) -> list[dict]:
    """The fixed held-out set, balanced over cases and languages."""
    generator, rows = Generator(seed, test=True, dialogues=dialogues), []
    pairs = [(case, language) for case in CASES for language in ("en", "fr")]
    for index in range(count * 4):
        row = generator.example(*pairs[index % len(pairs)])
        if row:
            rows.append(row)
        if len(rows) == count:
            break
    return rows
