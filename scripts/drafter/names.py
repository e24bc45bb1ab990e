"""Random brands, products, people, shops, order ids, links, prices and dates.

There are far more values than a model of this size can memorise, so copying them
from the facts is the only way to get them right. A value whose hash is 0 modulo 10
belongs to the held-out set and never appears in training.
"""

import hashlib
import random

ONSETS = "b br c ch cl d dr f fl g gl gr h j k kl l m n p pl pr qu r s sk sl st t tr v w y z".split() + [""]
VOWELS = "a e i o u y ai au ea ei ia io oa ou é è ë ö ü ô â".split()
VOWEL_WEIGHTS = [9, 9, 9, 9, 6, 2] + [2] * 8 + [2, 1, 0.5, 1, 0.7, 0.7, 0.5]
CODAS = ["", "", "", "", "n", "r", "l", "s", "x", "m", "nd", "rt", "ck", "t", "v", "z", "ll", "sk", "th"]

MODEL_WORDS = (
    "Air Alba Alto Apex Arc Arctic Atlas Aura Aurora Avant Azur Bay Belle Blanc Bloom Blue Bolt Breeze Brise Cap Cascade Ciel "
    "City Clair Classic Cloud Comet Compact Coral Cosmo Cross Dawn Delta Double Dune Eco Edge Elite Ember Essentiel Extra Fjord "
    "Flash Fleur Flow Flux Forest Forte Fresh Gel Glide Gold Grand Green Grès Halo Horizon Hyper Icon Indigo Iris Ivory Jazz "
    "Joy Jump Kite Laguna Leaf Légende Light Lin Loop Lumière Luna Luxe Max Maison Marine Meadow Mesa Métro Micro Midnight Mini "
    "Mist Mistral Mono Moon Neo Nimbus Noir Nord Nova Nuage Oasis Océan Olive Onyx Opal Orbit Origin Oslo Pacific Pastel Peak "
    "Pearl Pegasus Petit Pilot Plume Polar Prima Prime Pro Pulse Pure Quartz Rapid Reef Retro Ridge Rivage River Rose Royal "
    "Runner Sable Saga Satin Sierra Silk Slim Smart Soft Soleil Solo Sonic Spark Speed Spirit Sprint Star Stone Storm Studio "
    "Summit Sun Swift Tempo Terra Tide Titan Touch Tour Trail Trek Turbo Ultra Urban Vague Velours Velvet Vent Vista Vital Vivid "
    "Volt Wave Wild Wind Wood Zen Zephyr Zest Zoom"
).split()

FIRST_NAMES = (
    "Amélie Anna Antoine Arthur Aïcha Ben Camille Carlos Chloé Claire David Diego Elena Eli Emma Ethan Fatou Félix Finn François "
    "Gabriel Grace Hana Hannah Hugo Ines Isaac Jack Jade Jean Joanna Jules Karim Kate Kenji Laura Léa Leila Liam Louis Lucas "
    "Lucie Lucy Manon Marc Maria Marie Mehdi Mia Mina Nadia Nathan Nina Noah Noé Nora Olivia Omar Oscar Paul Pierre Priya Rachel "
    "Raphaël Rosa Ruth Sacha Sam Sara Sofia Théo Tom Valérie Victor Wei Yann Yasmine Zoé"
).split()

CITIES = "Lyon Lille Nantes Porto Ghent Turin Leeds Bath Nîmes Brest Dijon Annecy Bilbao Malmö Cork Bergen Metz Tours Angers".split()
MONTHS_FR = "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split()
MONTHS_EN = "January February March April May June July August September October November December".split()
ALNUM = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"


def held_out(value: str) -> bool:
    """Whether a value belongs to the held-out set."""
    return int.from_bytes(hashlib.md5(value.encode()).digest()[:4], "big") % 10 == 0


def syllable(rng: random.Random) -> str:
    vowel = rng.choices(VOWELS, VOWEL_WEIGHTS)[0]
    return rng.choice(ONSETS) + vowel + rng.choice(CODAS)


def pseudo_word(rng: random.Random, low: int = 1, high: int = 3) -> str:
    """A pronounceable word without meaning."""
    word = "".join(syllable(rng) for _ in range(rng.randint(low, high)))
    return word if len(word) > 2 else word + syllable(rng)


def brand(rng: random.Random) -> str:
    word = pseudo_word(rng).capitalize()
    roll = rng.random()
    if roll < 0.06:
        return word.upper()
    if roll < 0.10:
        return word + " & " + pseudo_word(rng, 1, 2).capitalize()
    if roll < 0.13:
        return word + "-" + pseudo_word(rng, 1, 2).capitalize()
    return word


def person(rng: random.Random) -> str:
    name = rng.choice(FIRST_NAMES) if rng.random() < 0.55 else pseudo_word(rng, 1, 3).capitalize()
    if rng.random() < 0.15:
        name += " " + pseudo_word(rng, 1, 3).capitalize()
    if rng.random() < 0.04:
        name += "-" + rng.choice(FIRST_NAMES)
    return name


def shop(rng: random.Random) -> str:
    base = brand(rng) if rng.random() < 0.6 else rng.choice(MODEL_WORDS)
    roll = rng.random()
    if roll < 0.15:
        return rng.choice(["Maison ", "Atelier ", "Chez ", "La ", "Le ", "House of ", "Studio ", "The "]) + base
    if roll < 0.35:
        return base + " " + rng.choice("Sport Shop Store Optique Paris Bijoux Market Home Déco Vins Books Co Boutique Jardin Audio".split())
    if roll < 0.45:
        return base + " " + rng.choice(MODEL_WORDS)
    return base


def version(rng: random.Random) -> str:
    return rng.choice([
        lambda: str(rng.randint(2, 60)), lambda: str(rng.randint(100, 9900)), lambda: f"V{rng.randint(1, 9)}",
        lambda: rng.choice("ABCDEGKLMRSTXZ") + str(rng.randint(1, 999)), lambda: f"{rng.randint(1, 9)}.{rng.randint(0, 9)}",
        lambda: rng.choice(["II", "III", "IV", "GTX", "SE", "XL", "Pro", "Max", "Lite", "Plus", "X", "R", "GT", "Mini"]),
        lambda: str(rng.randint(2018, 2028)), lambda: f"{rng.randint(1, 99)}{rng.choice('xsgk')}",
    ])()


def product(rng: random.Random, need: str) -> str:
    """A product name: a model, often with a brand or version, sometimes with the kind of product."""
    def word() -> str:
        return rng.choice(MODEL_WORDS) if rng.random() < 0.55 else pseudo_word(rng).capitalize()

    roll = rng.random()
    if roll < 0.16:
        parts = [word(), word(), version(rng)]
    elif roll < 0.30:
        parts = [word(), version(rng)]
    elif roll < 0.40:
        parts = [word() + "-" + rng.choice([version(rng), word(), "X", "Z"]), version(rng)]
    elif roll < 0.52:
        parts = [brand(rng), word()]
    elif roll < 0.64:
        parts = [brand(rng), word(), version(rng)]
    elif roll < 0.70:
        parts = [brand(rng), word(), word(), version(rng)]
    elif roll < 0.78:
        parts = [word()]
    elif roll < 0.90:
        noun = need.split()[0].rstrip("sx") if len(need.split()) > 1 and rng.random() < 0.5 else need
        parts = [noun.capitalize(), word()] + ([version(rng)] if rng.random() < 0.3 else [])
    elif roll < 0.95:
        parts = [word(), word()]
    else:
        parts = [brand(rng), rng.choice([word().lower(), need]), version(rng)]
    return " ".join(parts)


def amount(rng: random.Random) -> tuple[int, int]:
    """Units and cents of a plausible price."""
    units = int(10 ** rng.uniform(0.3, 3.5))
    return units, rng.choice([0, 0, 0, 90, 99, 95, 50, rng.randint(1, 99)])


def price(rng: random.Random, language: str) -> str:
    units, cents = amount(rng)
    if language == "fr":
        gap = rng.choice([" ", " ", "\u00a0", "\u202f"]) if rng.random() < 0.15 else " "
        whole = f"{units:,}".replace(",", gap) if units < 10000 and rng.random() < 0.6 else str(units)
        return f"{whole},{cents:02d}{gap}" + rng.choices(["€", "$", "£", "CHF"], [90, 3, 3, 4])[0]
    whole = f"{units:,}" if rng.random() < 0.6 else str(units)
    return rng.choices(["€", "$", "£", "CHF "], [50, 28, 18, 4])[0] + f"{whole}.{cents:02d}"


def order_id(rng: random.Random) -> str:
    digits = "".join(rng.choice("0123456789") for _ in range(rng.randint(4, 9)))
    code = "".join(rng.choice(ALNUM) for _ in range(rng.randint(2, 5)))
    letters = "".join(rng.choice(ALNUM[:24]) for _ in range(rng.randint(1, 3)))
    return rng.choice([digits, "#" + digits, f"{letters}-{digits}", f"{letters}{digits}", f"CMD-{digits}",
                       f"ORD-{digits}", f"{code}-{digits[:4]}", f"{rng.randint(2024, 2029)}-{digits}", f"#{letters}{digits[:5]}"])


def link(rng: random.Random) -> str:
    plain = str.maketrans("éèëöüôâ", "eeeouoa")
    domain = pseudo_word(rng, 1, 3).translate(plain) + rng.choice(["", "", "-shop", "shop", "-store", "pay"])
    domain = rng.choice(["", "", "", "www.", "pay.", "shop.", "m."]) + domain + rng.choice([".com", ".fr", ".example", ".shop", ".co.uk", ".eu", ".io"])
    code = "".join(rng.choice(rng.choice([ALNUM, ALNUM.lower(), "0123456789abcdef"])) for _ in range(rng.randint(3, 10)))
    slug = "-".join(pseudo_word(rng, 1, 2).translate(plain) for _ in range(rng.randint(1, 2)))
    path = rng.choice(["pay", "p", "c", "cart", "checkout", "panier", "o", "order", "suivi", "track", "t", "l", slug])
    return f"https://{domain}/" + rng.choice([f"{path}/{code}", f"{path}/{code}", code, f"{path}/{slug}", f"{path}?id={code}", f"{path}/{slug}-{rng.randint(1, 999)}"])


def date(rng: random.Random, language: str) -> str:
    day = rng.randint(1, 31)
    if language == "fr":
        month = rng.choice(MONTHS_FR)
        day_text = "1er" if day == 1 else str(day)
        return rng.choice([f"{day_text} {month}"] * 4 + [f"{rng.choice(['lundi', 'mardi', 'jeudi', 'samedi'])} {day_text} {month}", f"{day_text} {month} {rng.randint(2025, 2029)}"])
    month = rng.choice(MONTHS_EN)
    return rng.choice([f"{month} {day}"] * 4 + [f"{rng.choice(['Monday', 'Tuesday', 'Friday', 'Saturday'])}, {month} {day}", f"{day} {month}"])


def hour(rng: random.Random, language: str, low: int, high: int) -> str:
    value, half = rng.randint(low, high), rng.random() < 0.25
    if language == "fr":
        return f"{value} h 30" if half else (f"{value} h" if rng.random() < 0.7 else f"{value}h")
    if rng.random() < 0.5:
        return f"{value:02d}:{'30' if half else '00'}"
    return f"{(value - 1) % 12 + 1}{':30' if half else ''} {'am' if value < 12 else 'pm'}"
