#!/usr/bin/env python3
"""Writes catalog.ndjson of Sommelune, an invented shop for bedding and home textiles.

Usage: python3 generate.py [FOLDER]   (default: the folder of this file)

Standard library only and seeded: the same script always writes the same bytes. All brands and
product names are invented. The products are in the tables below; chance decides only stock.
Most goods are sold by size and cost by size; some come in colours too.
"""

import json
import random
import sys
from pathlib import Path

SEED = 20261130

# English feature -> French.
FEATURES = {
    "removable cover": "housse amovible", "breathable cover": "housse respirante",
    "seven comfort zones": "sept zones de confort", "turnable, summer and winter side":
    "réversible, face été et face hiver", "reinforced edges": "bords renforcés",
    "no movement felt by your partner": "indépendance de couchage", "rolled delivery":
    "livré roulé", "cool gel layer": "couche de gel fraîche", "natural latex": "latex naturel",
    "organic cotton cover": "housse en coton bio", "feels like a hotel bed":
    "esprit lit d'hôtel", "quilted in squares": "piqué en carreaux", "corner loops":
    "attaches aux angles", "two duvets that button together": "deux couettes à boutonner",
    "responsible down": "duvet responsable", "dries fast": "sèche vite", "very light":
    "très léger", "feather core": "cœur en plumes", "contoured for the neck":
    "forme ergonomique", "adjustable height": "hauteur réglable", "water repellent":
    "déperlant", "silent, does not rustle": "silencieux", "elastic all round":
    "élastique sur tout le tour", "deep pockets": "bonnets profonds", "button closing":
    "fermeture à boutons", "envelope closing": "fermeture portefeuille", "no ironing":
    "sans repassage", "stone washed": "lavé à la pierre", "smooth and cool": "lisse et frais",
    "soft brushed finish": "finition grattée douce", "fringed edges": "bords frangés",
    "chunky knit": "grosse maille", "weighted with glass beads": "lesté de billes de verre",
    "solid oak": "chêne massif", "storage under the slats": "coffre de rangement",
    "padded headboard": "tête de lit rembourrée", "slats included": "sommier inclus",
    "quick to put together": "montage rapide", "hand woven": "tissé main", "non-slip back":
    "envers antidérapant", "low pile": "poil ras", "thick pile": "poil épais",
    "may lie outdoors": "supporte l'extérieur", "blackout lining": "doublure occultante",
    "eyelets": "œillets", "hidden loops": "pattes cachées", "lets the daylight in":
    "laisse passer le jour", "keeps the cold out": "isole du froid", "hanging loop":
    "bride d'accrochage", "long staple cotton": "coton à longues fibres", "waffle weave":
    "nid d'abeille", "hood": "capuche", "two pockets": "deux poches", "shawl collar":
    "col châle", "fits the corners tight": "tient bien aux angles", "curved slats":
    "lattes cintrées", "adjusts the firmness": "fermeté réglable",
    "for the washing machine": "pour la machine à laver", "elastic band": "bande élastique",
    "scent of lavender": "parfum de lavande", "with a zip": "avec fermeture éclair",
    "heats in three steps": "trois niveaux de chaleur", "switches off by itself":
    "arrêt automatique", "with a carrying bag": "avec sac de transport",
    "checked for harmful substances": "testé sans substances nocives",
}

TITLES = {
    "mattresses": ("mattress", "matelas"), "toppers": ("mattress topper", "surmatelas"),
    "protectors": ("mattress protector", "protège-matelas"), "duvets": ("duvet", "couette"),
    "pillows": ("pillow", "oreiller"), "fitted_sheets": ("fitted sheet", "drap-housse"),
    "duvet_covers": ("duvet cover", "housse de couette"), "pillowcases": ("pillowcase",
    "taie d'oreiller"), "blankets": ("blanket", "couverture"), "throws": ("throw", "plaid"),
    "bed_frames": ("bed frame", "cadre de lit"), "slatted_bases": ("slatted base", "sommier"),
    "rugs": ("rug", "tapis"), "curtains": ("curtain", "rideau"), "towels": ("towel", "serviette"),
    "bath_mats": ("bath mat", "tapis de bain"), "bathrobes": ("bathrobe", "peignoir"),
    "cushions": ("cushion", "coussin"), "slippers": ("slippers", "chaussons"),
    "accessories": ("bedroom accessory", "accessoire de chambre"),
}

# Sizes as the shop writes them, with the factor on the price of the first.
SIZES = {
    "bed": [("90x190", 1), ("140x190", 1.4), ("160x200", 1.7), ("180x200", 2)],
    "frame": [("90 x 190 cm", 1), ("140 x 190 cm", 1.25), ("160 x 200 cm", 1.4), ("180 x 200 cm", 1.6)],
    "duvet": [("140x200", 1), ("200x200", 1.35), ("220x240", 1.6), ("240x260", 1.9)],
    "cover": [("140x200", 1), ("220x240", 1.5), ("240x260", 1.75)],
    "pillow": [("50x70", 1), ("65x65", 1.1)],
    "throw": [("130x170", 1), ("180x220", 1.5)],
    "rug": [("80 x 150 cm", 1), ("120 x 170 cm", 1.8), ("160 x 230 cm", 3), ("200 x 290 cm", 4.5)],
    "curtain": [("140x180", 1), ("140x260", 1.3)],
    "towel": [("30x50", 1), ("50x100", 1.8), ("70x140", 3), ("100x150", 4.4)],
    "mat": [("50x70", 1), ("60x100", 1.5)],
    "cot": [("60x120", 1), ("70x140", 1.2)],
    "small": [("40x60", 1)],
    "cushion": [("40x40", 1), ("50x50", 1.3)],
    "kids": [("100x140", 1)],
    "letters": [("S", 1), ("M", 1), ("L", 1), ("XL", 1)],
    "slippers": [("36-37", 1), ("38-39", 1), ("40-41", 1), ("42-43", 1)],
}

# code, brand, name, category, sizes, price of the first size, facets, features, attributes
PRODUCTS = []


def add(code, brand, name, category, sizes, price, facets, features, colours=(), **attributes):
    PRODUCTS.append((code, brand, name, category, sizes, price, facets, features, colours, attributes))


def table(category, sizes, rows):
    for row in rows:
        code, brand, name, price, facets, features, *rest = row
        colours, attributes = (rest + [(), {}])[:2] if rest else ((), {})
        add(code, brand, name, category, sizes, price, facets, features, colours, **attributes)


def f(material=None, **more):
    values = {"material": [material]} if material else {}
    return values | {key: value if isinstance(value, list) else [value] for key, value in more.items()}


table("mattresses", "bed", [
    ("MA-01", "Sommelune", "Alba", 219, f("memory_foam", firmness="medium"), ["removable cover", "rolled delivery"], (), {"thickness_cm": 18, "warranty_years": 5, "washable": False, "removable_cover": True, "made_in": "France"}),
    ("MA-02", "Sommelune", "Brume", 299, f("memory_foam", firmness="soft"), ["breathable cover", "no movement felt by your partner"], (), {"thickness_cm": 22, "warranty_years": 10, "made_in": "France"}),
    ("MA-03", "Sommelune", "Cadence", 389, f("memory_foam", firmness="medium", comfort=["cool"]), ["cool gel layer", "seven comfort zones"], (), {"thickness_cm": 25, "warranty_years": 10, "made_in": "Portugal"}),
    ("MA-04", "Dormane", "Deltane", 249, f("springs", firmness="firm", comfort=["back_support"]), ["reinforced edges", "turnable, summer and winter side"], (), {"thickness_cm": 24, "warranty_years": 7, "springs": 420, "made_in": "Italy"}),
    ("MA-05", "Dormane", "Égide", 349, f("springs", firmness="firm", comfort=["back_support"]), ["seven comfort zones", "reinforced edges"], (), {"thickness_cm": 27, "warranty_years": 10, "springs": 800, "made_in": "Italy"}),
    ("MA-06", "Dormane", "Falaise", 459, f("springs", firmness="medium"), ["feels like a hotel bed", "no movement felt by your partner"], (), {"thickness_cm": 30, "warranty_years": 10, "springs": 1200, "made_in": "Italy"}),
    ("MA-07", "Lattéa", "Gomme", 429, f("latex", firmness="medium", comfort=["anti_allergy"]), ["natural latex", "organic cotton cover"], (), {"thickness_cm": 20, "warranty_years": 12, "made_in": "Belgium"}),
    ("MA-08", "Lattéa", "Hévéa", 549, f("latex", firmness="firm", comfort=["anti_allergy", "back_support"]), ["natural latex", "seven comfort zones"], (), {"thickness_cm": 24, "warranty_years": 15, "made_in": "Belgium"}),
    ("MA-09", "Sommelune", "Ilot", 149, f("memory_foam", firmness="firm"), ["rolled delivery"], (), {"thickness_cm": 15, "warranty_years": 3, "made_in": "Poland"}),
])
table("mattresses", "cot", [
    ("MA-10", "Petit Songe", "Jasmin", 89, f("memory_foam", firmness="firm", who="baby"), ["removable cover", "breathable cover"], (), {"thickness_cm": 11, "warranty_years": 3, "washable_cover": True, "made_in": "France"}),
    ("MA-11", "Petit Songe", "Koala", 139, f("latex", firmness="firm", who="baby", comfort=["anti_allergy"]), ["natural latex", "removable cover"], (), {"thickness_cm": 12, "warranty_years": 5, "washable_cover": True, "made_in": "France"}),
])
table("toppers", "bed", [
    ("TO-01", "Sommelune", "Lisière", 89, f("memory_foam", firmness="soft"), ["removable cover"], (), {"thickness_cm": 5, "warranty_years": 3, "washable_cover": True}),
    ("TO-02", "Sommelune", "Moussaie", 129, f("memory_foam", firmness="medium", comfort=["cool"]), ["cool gel layer", "removable cover"], (), {"thickness_cm": 7, "warranty_years": 5, "washable_cover": True}),
    ("TO-03", "Plumavent", "Nuée", 159, f("feather", firmness="soft"), ["feels like a hotel bed"], (), {"thickness_cm": 6, "warranty_years": 2, "washable": False}),
    ("TO-04", "Lattéa", "Opale", 199, f("latex", firmness="medium", comfort=["anti_allergy"]), ["natural latex", "removable cover"], (), {"thickness_cm": 6, "warranty_years": 8}),
])
table("protectors", "bed", [
    ("PR-01", "Tissalune", "Parade", 19.9, f("cotton", who="adult"), ["elastic all round", "silent, does not rustle"], (), {"waterproof": True, "washable": True, "wash_temperature_c": 60}),
    ("PR-02", "Tissalune", "Quiète", 29.9, f("cotton", comfort=["anti_allergy"]), ["fits the corners tight"], (), {"waterproof": False, "washable": True, "wash_temperature_c": 90}),
    ("PR-03", "Tissalune", "Rosée", 39.9, f("synthetic", comfort=["cool"]), ["silent, does not rustle", "elastic all round"], (), {"waterproof": True, "washable": True, "wash_temperature_c": 60}),
])
table("protectors", "cot", [
    ("PR-04", "Petit Songe", "Sucette", 14.9, f("cotton", who="baby"), ["elastic all round"], (), {"waterproof": True, "washable": True, "wash_temperature_c": 90}),
])
table("duvets", "duvet", [
    ("DU-01", "Plumavent", "Tourmaline", 119, f("down", season="winter"), ["quilted in squares", "responsible down"], (), {"weight_gsm": 300, "washable": True, "wash_temperature_c": 40, "warranty_years": 5, "filling": {"en": "90 % duck down", "fr": "90 % duvet de canard"}}),
    ("DU-02", "Plumavent", "Ultime", 189, f("down", season="all_year"), ["quilted in squares", "very light"], (), {"weight_gsm": 220, "washable": True, "wash_temperature_c": 40, "warranty_years": 7, "filling": {"en": "95 % goose down", "fr": "95 % duvet d'oie"}}),
    ("DU-03", "Plumavent", "Vapeur", 99, f("down", season="summer"), ["very light", "responsible down"], (), {"weight_gsm": 130, "washable": True, "wash_temperature_c": 40, "warranty_years": 5, "filling": {"en": "80 % duck down", "fr": "80 % duvet de canard"}}),
    ("DU-04", "Sommelune", "Wagram", 39.9, f("synthetic", season="all_year"), ["dries fast"], (), {"weight_gsm": 300, "washable": True, "wash_temperature_c": 60, "warranty_years": 2, "filling": {"en": "polyester fibre", "fr": "fibre de polyester"}}),
    ("DU-05", "Sommelune", "Xérès", 54.9, f("synthetic", season="winter", comfort=["anti_allergy"]), ["quilted in squares", "dries fast"], (), {"weight_gsm": 450, "washable": True, "wash_temperature_c": 60, "warranty_years": 3, "filling": {"en": "polyester fibre", "fr": "fibre de polyester"}}),
    ("DU-06", "Sommelune", "Yole", 34.9, f("synthetic", season="summer", comfort=["anti_allergy"]), ["very light", "dries fast"], (), {"weight_gsm": 180, "washable": True, "wash_temperature_c": 60, "warranty_years": 2, "filling": {"en": "polyester fibre", "fr": "fibre de polyester"}}),
    ("DU-07", "Laineige", "Zibelle", 149, f("wool", season="winter"), ["quilted in squares"], (), {"weight_gsm": 400, "washable": False, "warranty_years": 5, "filling": {"en": "pure new wool", "fr": "pure laine vierge"}, "made_in": "France"}),
    ("DU-08", "Sommelune", "Quatuor", 79.9, f("synthetic", season="all_year"), ["two duvets that button together"], (), {"weight_gsm": 500, "washable": True, "wash_temperature_c": 60, "warranty_years": 3, "filling": {"en": "polyester fibre", "fr": "fibre de polyester"}}),
    ("DU-09", "Soyelle", "Bombyx", 229, f("silk", season="all_year", comfort=["cool"]), ["very light", "smooth and cool"], (), {"weight_gsm": 200, "washable": False, "warranty_years": 5, "filling": {"en": "mulberry silk", "fr": "soie de mûrier"}}),
])
table("pillows", "pillow", [
    ("PI-01", "Plumavent", "Ariette", 49.9, f("down", firmness="soft", position="stomach"), ["responsible down"], (), {"washable": True, "wash_temperature_c": 40, "warranty_years": 3, "filling": {"en": "70 % duck down", "fr": "70 % duvet de canard"}}),
    ("PI-02", "Plumavent", "Barcarolle", 34.9, f("feather", firmness="medium", position="back"), ["feather core"], (), {"washable": True, "wash_temperature_c": 40, "warranty_years": 2}),
    ("PI-03", "Sommelune", "Canon", 39.9, f("memory_foam", firmness="firm", position="side", comfort=["neck_support"]), ["contoured for the neck", "removable cover"], (), {"thickness_cm": 12, "washable": False, "washable_cover": True, "warranty_years": 3}),
    ("PI-04", "Sommelune", "Duo", 59.9, f("memory_foam", firmness="medium", position=["side", "back"], comfort=["neck_support"]), ["adjustable height", "removable cover"], (), {"thickness_cm": 13, "washable": False, "washable_cover": True, "warranty_years": 5}),
    ("PI-05", "Lattéa", "Étude", 69.9, f("latex", firmness="firm", position="side", comfort=["anti_allergy", "neck_support"]), ["natural latex", "contoured for the neck"], (), {"thickness_cm": 13, "washable": False, "warranty_years": 6}),
    ("PI-06", "Sommelune", "Fugue", 14.9, f("synthetic", firmness="medium", position="back", comfort=["anti_allergy"]), ["dries fast"], (), {"washable": True, "wash_temperature_c": 60, "warranty_years": 1}),
    ("PI-07", "Sommelune", "Gavotte", 19.9, f("synthetic", firmness="soft", position="stomach"), ["dries fast", "very light"], (), {"washable": True, "wash_temperature_c": 60, "warranty_years": 1}),
    ("PI-08", "Sommelune", "Habanera", 44.9, f("memory_foam", firmness="soft", position="back", comfort=["cool"]), ["cool gel layer"], (), {"thickness_cm": 11, "washable": False, "warranty_years": 3}),
])
table("fitted_sheets", "bed", [
    ("FS-01", "Tissalune", "Aube", 19.9, f("cotton"), ["elastic all round"], ("white", "grey", "blue"), {"thread_count": 57, "washable": True, "wash_temperature_c": 60, "fits_thickness_cm": 27}),
    ("FS-02", "Tissalune", "Bergame", 34.9, f("percale"), ["deep pockets", "smooth and cool"], ("white", "beige"), {"thread_count": 80, "washable": True, "wash_temperature_c": 60, "fits_thickness_cm": 32}),
    ("FS-03", "Filanor", "Chambray", 79, f("linen"), ["stone washed"], ("grey", "rust", "green"), {"weight_gsm": 165, "washable": True, "wash_temperature_c": 40, "fits_thickness_cm": 30, "made_in": "Lithuania"}),
    ("FS-04", "Tissalune", "Drapelle", 24.9, f("flannel", season="winter"), ["soft brushed finish"], ("beige", "red"), {"weight_gsm": 160, "washable": True, "wash_temperature_c": 60, "fits_thickness_cm": 28}),
    ("FS-05", "Soyelle", "Étincelle", 59, f("satin"), ["smooth and cool"], ("white", "pink"), {"thread_count": 120, "washable": True, "wash_temperature_c": 40, "fits_thickness_cm": 30}),
])
table("fitted_sheets", "cot", [
    ("FS-06", "Petit Songe", "Fanfare", 12.9, f("cotton", who="baby"), ["elastic all round", "checked for harmful substances"], ("white", "yellow"), {"washable": True, "wash_temperature_c": 60}),
])
table("duvet_covers", "cover", [
    ("DC-01", "Tissalune", "Galante", 29.9, f("cotton"), ["button closing"], ("white", "grey", "blue"), {"thread_count": 57, "washable": True, "wash_temperature_c": 60}),
    ("DC-02", "Tissalune", "Harmonie", 54.9, f("percale"), ["envelope closing", "smooth and cool"], ("white", "beige"), {"thread_count": 80, "washable": True, "wash_temperature_c": 60}),
    ("DC-03", "Filanor", "Iris", 119, f("linen"), ["stone washed", "button closing"], ("grey", "rust", "green"), {"weight_gsm": 165, "washable": True, "wash_temperature_c": 40, "made_in": "Lithuania"}),
    ("DC-04", "Tissalune", "Jacinthe", 39.9, f("flannel", season="winter"), ["soft brushed finish"], ("beige", "red"), {"weight_gsm": 160, "washable": True, "wash_temperature_c": 60}),
    ("DC-05", "Soyelle", "Kimono", 99, f("satin"), ["smooth and cool", "envelope closing"], ("white", "pink"), {"thread_count": 120, "washable": True, "wash_temperature_c": 40}),
    ("DC-06", "Tissalune", "Lagune", 24.9, f("synthetic"), ["no ironing"], ("blue", "green"), {"washable": True, "wash_temperature_c": 40}),
])
table("pillowcases", "pillow", [
    ("PC-01", "Tissalune", "Mélodie", 7.9, f("cotton"), ["envelope closing"], ("white", "grey", "blue"), {"washable": True, "wash_temperature_c": 60}),
    ("PC-02", "Tissalune", "Nocturne", 14.9, f("percale"), ["envelope closing", "smooth and cool"], ("white", "beige"), {"thread_count": 80, "washable": True, "wash_temperature_c": 60}),
    ("PC-03", "Filanor", "Orée", 24.9, f("linen"), ["stone washed"], ("grey", "rust", "green"), {"weight_gsm": 165, "washable": True, "wash_temperature_c": 40}),
    ("PC-04", "Soyelle", "Pétale", 49.9, f("silk"), ["smooth and cool"], ("white", "pink"), {"weight_gsm": 88, "washable": True, "wash_temperature_c": 30}),
])
table("blankets", "duvet", [
    ("BL-01", "Laineige", "Quenouille", 89, f("wool", season="winter"), ["fringed edges"], ("grey", "red"), {"weight_gsm": 500, "washable": False, "made_in": "France"}),
    ("BL-02", "Sommelune", "Ruche", 49.9, f("cotton", season="summer"), ["waffle weave"], ("white", "green"), {"weight_gsm": 280, "washable": True, "wash_temperature_c": 40}),
    ("BL-03", "Sommelune", "Suave", 29.9, f("synthetic", season="winter"), ["soft brushed finish", "dries fast"], ("beige", "blue"), {"weight_gsm": 350, "washable": True, "wash_temperature_c": 40}),
    ("BL-04", "Sommelune", "Tempo", 119, f("cotton"), ["weighted with glass beads"], ("grey",), {"weight_kg": 7, "washable": False}),
])
table("throws", "throw", [
    ("TH-01", "Laineige", "Ursule", 59.9, f("wool", room=["living_room", "bedroom"]), ["fringed edges"], ("grey", "rust"), {"weight_gsm": 380, "washable": False, "made_in": "France"}),
    ("TH-02", "Sommelune", "Vadrouille", 34.9, f("cotton", room=["living_room"]), ["waffle weave", "fringed edges"], ("white", "green", "rust"), {"weight_gsm": 260, "washable": True, "wash_temperature_c": 40}),
    ("TH-03", "Sommelune", "Winnie", 44.9, f("synthetic", room=["living_room", "bedroom"]), ["chunky knit"], ("beige", "pink"), {"weight_gsm": 600, "washable": True, "wash_temperature_c": 30}),
    ("TH-04", "Sommelune", "Yourte", 69.9, f("synthetic", room=["living_room", "bedroom"]), ["heats in three steps", "switches off by itself"], ("grey",), {"power_w": 120, "washable": True, "wash_temperature_c": 30, "warranty_years": 2}),
])
table("bed_frames", "frame", [
    ("BF-01", "Nordhus", "Åsgard", 249, f("wood"), ["solid oak", "quick to put together"], (), {"height_cm": 35, "max_load_kg": 300, "slats_included": False, "warranty_years": 5}),
    ("BF-02", "Nordhus", "Bergen", 349, f("wood"), ["solid oak", "storage under the slats", "slats included"], (), {"height_cm": 42, "max_load_kg": 280, "slats_included": True, "warranty_years": 5}),
    ("BF-03", "Nordhus", "Dovre", 189, f("metal"), ["quick to put together"], (), {"height_cm": 33, "max_load_kg": 240, "slats_included": False, "warranty_years": 3}),
    ("BF-04", "Nordhus", "Elverum", 399, f("velvet"), ["padded headboard", "slats included"], ("grey", "green"), {"height_cm": 38, "headboard_cm": 110, "max_load_kg": 260, "slats_included": True, "warranty_years": 3}),
    ("BF-05", "Nordhus", "Fjord", 449, f("velvet"), ["padded headboard", "storage under the slats", "slats included"], ("grey", "blue"), {"height_cm": 40, "headboard_cm": 115, "max_load_kg": 260, "slats_included": True, "warranty_years": 3}),
    ("BF-06", "Nordhus", "Geilo", 159, f("wood", who="kids"), ["quick to put together", "slats included"], (), {"height_cm": 28, "max_load_kg": 120, "slats_included": True, "warranty_years": 3}),
])
table("slatted_bases", "frame", [
    ("SB-01", "Nordhus", "Hamar", 99, f("wood"), ["curved slats"], (), {"slats": 14, "max_load_kg": 220, "warranty_years": 3}),
    ("SB-02", "Nordhus", "Inari", 179, f("wood", comfort=["back_support"]), ["curved slats", "adjusts the firmness"], (), {"slats": 28, "max_load_kg": 280, "warranty_years": 7}),
])
table("rugs", "rug", [
    ("RU-01", "Tapisane", "Agadir", 69, f("wool", room=["living_room"]), ["hand woven", "thick pile"], (), {"thickness_cm": 2.5, "washable": False, "made_in": "Morocco"}),
    ("RU-02", "Tapisane", "Bodrum", 39, f("cotton", room=["living_room", "bedroom"]), ["hand woven", "low pile"], (), {"thickness_cm": 0.8, "washable": True, "wash_temperature_c": 30, "made_in": "Turkey"}),
    ("RU-03", "Tapisane", "Cuzco", 49, f("jute", room=["living_room"]), ["hand woven", "low pile"], (), {"thickness_cm": 1.2, "washable": False, "made_in": "India"}),
    ("RU-04", "Tapisane", "Delft", 35, f("synthetic", room=["living_room", "bedroom"]), ["non-slip back", "low pile"], (), {"thickness_cm": 0.6, "washable": True, "wash_temperature_c": 30}),
    ("RU-05", "Tapisane", "Essaouira", 45, f("synthetic", room=["living_room"]), ["may lie outdoors", "low pile"], (), {"thickness_cm": 0.5, "washable": True, "waterproof": True}),
    ("RU-06", "Petit Songe", "Forêt", 42, f("cotton", room=["bedroom"], who="kids"), ["non-slip back"], (), {"thickness_cm": 1, "washable": True, "wash_temperature_c": 30}),
])
table("curtains", "curtain", [
    ("CU-01", "Voilane", "Grisaille", 39.9, f("synthetic", room=["bedroom", "living_room"], comfort=["blackout"]), ["blackout lining", "eyelets"], ("grey", "beige", "blue"), {"blackout": True, "washable": True, "wash_temperature_c": 30}),
    ("CU-02", "Voilane", "Hublot", 59.9, f("velvet", room=["living_room"], comfort=["blackout"]), ["keeps the cold out", "blackout lining", "hidden loops"], ("green", "red", "blue"), {"blackout": True, "washable": False, "weight_gsm": 380}),
    ("CU-03", "Voilane", "Isoline", 24.9, f("cotton", room=["living_room", "bedroom"]), ["eyelets"], ("white", "rust"), {"blackout": False, "washable": True, "wash_temperature_c": 40}),
    ("CU-04", "Filanor", "Jonquille", 64.9, f("linen", room=["living_room", "bedroom"]), ["lets the daylight in", "hidden loops"], ("white", "beige", "green"), {"blackout": False, "washable": True, "wash_temperature_c": 40}),
    ("CU-05", "Voilane", "Lumen", 19.9, f("synthetic", room=["living_room"]), ["lets the daylight in", "eyelets"], ("white",), {"blackout": False, "washable": True, "wash_temperature_c": 30}),
    ("CU-06", "Petit Songe", "Météore", 44.9, f("synthetic", room=["bedroom"], who="kids", comfort=["blackout"]), ["blackout lining", "eyelets"], ("blue", "pink"), {"blackout": True, "washable": True, "wash_temperature_c": 30}),
])
table("towels", "towel", [
    ("TW-01", "Maréval", "Nacre", 4.9, f("cotton", room="bathroom"), ["hanging loop"], ("white", "grey", "blue"), {"weight_gsm": 450, "washable": True, "wash_temperature_c": 60}),
    ("TW-02", "Maréval", "Ondée", 7.9, f("cotton", room="bathroom"), ["long staple cotton", "hanging loop"], ("white", "green", "rust"), {"weight_gsm": 600, "washable": True, "wash_temperature_c": 60, "made_in": "Portugal"}),
    ("TW-03", "Maréval", "Perle", 6.9, f("cotton", room="bathroom"), ["waffle weave", "dries fast"], ("white", "beige"), {"weight_gsm": 280, "washable": True, "wash_temperature_c": 60}),
    ("TW-04", "Filanor", "Quartz", 11.9, f("linen", room="bathroom"), ["dries fast", "stone washed"], ("grey", "pink"), {"weight_gsm": 250, "washable": True, "wash_temperature_c": 40}),
])
table("bath_mats", "mat", [
    ("BM-01", "Maréval", "Rivage", 14.9, f("cotton", room="bathroom"), ["thick pile"], ("white", "grey"), {"weight_gsm": 900, "washable": True, "wash_temperature_c": 60}),
    ("BM-02", "Maréval", "Sable", 22.9, f("synthetic", room="bathroom"), ["non-slip back", "dries fast"], ("beige", "blue"), {"weight_gsm": 1200, "washable": True, "wash_temperature_c": 40}),
])
table("bathrobes", "letters", [
    ("BR-01", "Maréval", "Tiède", 49.9, f("cotton", room="bathroom"), ["hood", "two pockets"], (), {"weight_gsm": 400, "washable": True, "wash_temperature_c": 60}),
    ("BR-02", "Maréval", "Unisson", 69.9, f("cotton", room="bathroom"), ["shawl collar", "long staple cotton", "two pockets"], (), {"weight_gsm": 500, "washable": True, "wash_temperature_c": 60}),
    ("BR-03", "Maréval", "Vague", 59.9, f("linen", room="bathroom"), ["shawl collar", "dries fast"], (), {"weight_gsm": 240, "washable": True, "wash_temperature_c": 40}),
])
table("accessories", None, [
    ("AC-01", "Soyelle", "Loup", 24.9, f("silk", occasion="gift"), ["elastic band", "smooth and cool"], (), {"washable": True, "wash_temperature_c": 30}),
    ("AC-02", "Sommelune", "Brin", 9.9, f(occasion="gift"), ["scent of lavender"], (), {"volume_ml": 100}),
    ("AC-03", "Tissalune", "Filet", 12.9, f("synthetic"), ["for the washing machine", "with a zip"], (), {}),
    ("AC-04", "Sommelune", "Chaudine", 29.9, f("wool", occasion="gift", season="winter"), ["chunky knit"], (), {"volume_l": 2, "washable_cover": True}),
    ("AC-05", "Sommelune", "Nomade", 39.9, f("memory_foam", occasion="gift", comfort=["neck_support"]), ["with a carrying bag"], (), {"washable_cover": True, "weight_g": 320}),
])

table("cushions", "cushion", [
    ("CS-01", "Sommelune", "Cachette", 14.9, f("cotton", room=["living_room"]), ["removable cover"], ("white", "rust", "green"), {"washable_cover": True}),
    ("CS-02", "Voilane", "Damier", 19.9, f("velvet", room=["living_room"]), ["removable cover"], ("blue", "green", "pink"), {"washable_cover": False}),
    ("CS-03", "Filanor", "Estompe", 29.9, f("linen", room=["living_room", "bedroom"]), ["stone washed", "removable cover"], ("grey", "beige"), {"washable_cover": True, "wash_temperature_c": 40}),
    ("CS-04", "Laineige", "Frileuse", 34.9, f("wool", room=["living_room"]), ["chunky knit"], ("grey", "red"), {"washable_cover": False}),
    ("CS-05", "Tapisane", "Girofle", 24.9, f("cotton", room=["living_room"]), ["hand woven", "may lie outdoors"], ("yellow", "blue"), {"washable_cover": True}),
])
table("duvets", "kids", [
    ("DU-10", "Petit Songe", "Nuage", 29.9, f("synthetic", season="all_year", who="kids", comfort=["anti_allergy"]), ["dries fast", "checked for harmful substances"], (), {"weight_gsm": 250, "washable": True, "wash_temperature_c": 60, "warranty_years": 2}),
    ("DU-11", "Petit Songe", "Ourson", 59.9, f("down", season="winter", who="kids"), ["responsible down"], (), {"weight_gsm": 200, "washable": True, "wash_temperature_c": 40, "warranty_years": 3}),
])
table("duvet_covers", "kids", [
    ("DC-07", "Petit Songe", "Planète", 24.9, f("cotton", who="kids"), ["button closing"], ("blue", "yellow"), {"washable": True, "wash_temperature_c": 60}),
    ("DC-08", "Petit Songe", "Renard", 24.9, f("cotton", who="kids"), ["button closing"], ("rust", "green"), {"washable": True, "wash_temperature_c": 60}),
])
table("slippers", "slippers", [
    ("SL-01", "Laineige", "Pantoufle", 39.9, f("wool", season="winter"), ["soft brushed finish"], (), {"washable": False, "made_in": "France"}),
    ("SL-02", "Maréval", "Spa", 14.9, f("cotton", room="bathroom"), ["waffle weave"], (), {"washable": True, "wash_temperature_c": 40}),
])
table("pillows", "small", [
    ("PI-09", "Petit Songe", "Pépite", 19.9, f("synthetic", who="baby", comfort=["anti_allergy"]), ["checked for harmful substances"], (), {"thickness_cm": 3, "washable": True, "wash_temperature_c": 60}),
])
table("accessories", None, [
    ("AC-06", "Tissalune", "Coffrane", 19.9, f("synthetic"), ["with a zip"], (), {}),
    ("AC-07", "Sommelune", "Lucine", 34.9, f(who="kids", occasion="gift"), ["switches off by itself"], (), {"battery_hours": 12, "warranty_years": 2}),
    ("AC-08", "Sommelune", "Sérénité", 59.9, f(occasion="gift"), ["switches off by itself"], (), {"power_w": 12, "warranty_years": 2}),
])

NAMES = {  # what the title says beside the kind
    "MA-10": ("cot mattress", "matelas bébé"), "MA-11": ("cot mattress", "matelas bébé"),
    "PR-04": ("cot mattress protector", "protège-matelas bébé"), "FS-06": ("cot fitted sheet", "drap-housse bébé"),
    "BL-04": ("weighted blanket", "couverture lestée"), "TH-04": ("heated throw", "plaid chauffant"),
    "BF-06": ("children's bed", "lit enfant"), "AC-01": ("sleep mask", "masque de nuit"),
    "AC-02": ("pillow spray", "brume d'oreiller"), "AC-03": ("laundry net", "filet de lavage"),
    "AC-06": ("mattress storage bag", "housse de rangement"), "AC-07": ("night light", "veilleuse"),
    "AC-08": ("white noise machine", "machine à bruit blanc"), "PI-09": ("cot pillow", "oreiller bébé"),
    "DU-10": ("children's duvet", "couette enfant"), "DU-11": ("children's duvet", "couette enfant"),
    "AC-04": ("hot water bottle", "bouillotte"), "AC-05": ("travel pillow", "coussin de voyage"),
    "RU-06": ("children's rug", "tapis enfant"), "CU-06": ("children's curtain", "rideau enfant"),
    "DU-08": ("four season duvet", "couette quatre saisons"), "TW-01": ("terry towel", "serviette éponge"),
}

# What chance may not decide: (product, size) or (product, size, colour) -> stock, availability.
FIXED = {
    ("MA-01", "180x200"): (0, "sold_out"), ("MA-02", "140x190"): (0, "sold_out"),
    ("MA-05", "160x200"): (0, "preorder"), ("MA-04", "140x190"): (6, "in_stock"),
    ("MA-07", "90x190"): (0, "sold_out"), ("DU-01", "240x260"): (0, "sold_out"),
    ("DU-05", "220x240"): (9, "in_stock"), ("DU-02", "200x200"): (0, "preorder"),
    ("BF-02", "180 x 200 cm"): (0, "sold_out"), ("RU-01", "200 x 290 cm"): (0, "sold_out"),
    ("CU-02", "140x260", "green"): (0, "sold_out"), ("FS-01", "140x190", "blue"): (0, "sold_out"),
    ("TW-02", "70x140", "rust"): (0, "sold_out"), ("BR-01", "XL"): (0, "sold_out"),
    ("AC-05", None): (0, "sold_out"), ("DC-03", "240x260", "green"): (0, "preorder"),
}
# Price before the reduction, per product: factor on today's price.
REDUCED = {"MA-03": 1.25, "DU-04": 1.2, "TW-01": 1.3, "CU-05": 1.5, "RU-04": 1.2}


def amount(value):
    """Whole euros from 100, else the same cents as the list price."""
    return f"{value:.0f}.00" if value >= 100 else f"{int(value) + (0.9 if value % 1 else 0):.2f}"


def money(value):
    return {"amount": amount(value), "currency": "EUR"}


def variants(chance, code, sizes, base, colours):
    made = []
    for (size, factor) in SIZES[sizes]:
        for colour in colours or (None,):
            key = (code, size, colour) if colour else (code, size)
            drawn = chance.choice([2, 3, 4, 5, 7, 9, 12, 15])
            stock, availability = FIXED.get(key, (drawn, "in_stock"))
            sku = "-".join([code, size.replace(" x ", "x").removesuffix(" cm"), *([colour.upper()] if colour else [])])
            made.append({"sku": sku, "options": {"size": size, **({"colour": colour} if colour else {})},
                         "price": money(base * factor), "stock": stock, "availability": availability})
            if code in REDUCED:
                made[-1]["compare_at"] = money(base * factor * REDUCED[code])
    return made


def product(chance, rank, row):
    code, brand, name, category, sizes, price, facets, features, colours, attributes = row
    english, french = NAMES.get(code, TITLES[category])
    phrases = {"en": features, "fr": [FEATURES[feature] for feature in features]}
    facets = facets | ({"colour": list(colours)} if colours else {})
    made = {"sku": code, "name": f"{brand} {name}", "brand": brand, "category": category,
            "price": money(price), "facets": facets, "title": {"en": english, "fr": french},
            "features": phrases, "url": f"https://sommelune.example/p/{code.lower()}", "rank": rank}
    if attributes:
        made["attributes"] = attributes
    made["description"] = {
        "en": f"{brand} {name} is a {english}: {', '.join(phrases['en'])}.",
        "fr": f"{brand} {name}, {french} : {', '.join(phrases['fr'])}."}
    if sizes in ("letters", "slippers"):  # the old form: one price, stock by size
        made["stock"] = {size: FIXED.get((code, size), (chance.randint(2, 12),))[0] for size, _ in SIZES[sizes]}
    elif sizes:
        made["options"] = ["size", *(["colour"] if colours else [])]
        made["variants"] = variants(chance, code, sizes, price, colours)
        lowest = min(made["variants"], key=lambda variant: float(variant["price"]["amount"]))
        made["price"] = lowest["price"]
    else:
        made["stock"] = FIXED.get((code, None), (chance.randint(5, 60),))[0]
    return made


def main():
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent
    chance = random.Random(SEED)
    catalog = [product(chance, 100 + 10 * place, row) for place, row in enumerate(PRODUCTS)]
    lines = (json.dumps(item, ensure_ascii=False, separators=(",", ":")) for item in catalog)
    (folder / "catalog.ndjson").write_text("\n".join(lines) + "\n", encoding="utf-8")
    sold = sum(len(item.get("variants", [])) for item in catalog)
    print(f"{len(catalog)} products, {sold} variants in {folder}", file=sys.stderr)


if __name__ == "__main__":
    main()
