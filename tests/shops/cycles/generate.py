#!/usr/bin/env python3
"""Writes catalog.ndjson of Rayonne, an invented shop for bicycles and parts.

Usage: python3 generate.py [FOLDER]   (default: the folder of this file)

Standard library only; nothing is left to chance. All brands and product names are invented.
"""

import json
import sys
from pathlib import Path

TITLES = {
    "road_bikes": ("road bike", "vélo de route"), "gravel_bikes": ("gravel bike", "vélo gravel"),
    "city_bikes": ("city bike", "vélo de ville"), "mountain_bikes": ("mountain bike", "VTT"),
    "ebikes": ("electric bike", "vélo électrique"), "kids_bikes": ("children's bike", "vélo enfant"),
    "tyres": ("tyre", "pneu"), "tubes": ("inner tube", "chambre à air"), "helmets": ("helmet", "casque"),
    "locks": ("lock", "antivol"), "lights": ("light set", "éclairage"), "pumps": ("pump", "pompe"),
    "saddles": ("saddle", "selle"), "pedals": ("pedals", "pédales"), "child_seats": ("child seat", "siège enfant"),
    "panniers": ("pannier", "sacoche"), "wheels": ("wheel", "roue"),
}

# sku, name, category, {size: (price, stock)} or (price, stock), facets, features (en, fr), attributes
PRODUCTS = [
    ("RB-01", "Alizon Mistral", "road_bikes", {"51 cm": (1190, 2), "54 cm": (1190, 3), "56 cm": (1190, 0), "58 cm": (1240, 1)}, {"use": "sport", "brakes": "disc"}, ("carbon fork", "fourche en carbone"), {"weight_kg": 9.4, "gears": 22, "warranty_years": 5}),
    ("RB-02", "Alizon Sirocco", "road_bikes", {"51 cm": (2290, 1), "54 cm": (2290, 2), "56 cm": (2340, 2), "58 cm": (2340, 0)}, {"use": "sport", "brakes": "disc"}, ("carbon frame", "cadre en carbone"), {"weight_kg": 7.9, "gears": 24, "warranty_years": 5}),
    ("RB-03", "Alizon Zéphyr", "road_bikes", {"51 cm": (790, 4), "54 cm": (790, 4), "56 cm": (790, 2), "58 cm": (790, 2)}, {"use": "sport", "brakes": "rim"}, ("aluminium frame", "cadre en aluminium"), {"weight_kg": 10.2, "gears": 16, "warranty_years": 3}),
    ("GB-01", "Alizon Caillou", "gravel_bikes", {"S": (1490, 2), "M": (1490, 3), "L": (1540, 2)}, {"use": "touring", "brakes": "disc"}, ("room for wide tyres", "passe les pneus larges"), {"weight_kg": 10.1, "gears": 22, "max_tyre_mm": 45, "warranty_years": 5}),
    ("GB-02", "Alizon Sentier", "gravel_bikes", {"S": (990, 0), "M": (990, 2), "L": (990, 5)}, {"use": "touring", "brakes": "disc"}, ("mounts for racks", "fixations pour porte-bagages"), {"weight_kg": 11.3, "gears": 18, "max_tyre_mm": 42, "warranty_years": 3}),
    ("CB-01", "Citadel Boulange", "city_bikes", {"46 cm": (490, 3), "50 cm": (490, 5), "54 cm": (490, 1)}, {"use": "city", "brakes": "rim"}, ("basket included", "panier inclus"), {"weight_kg": 15.5, "gears": 7, "lights_included": True, "warranty_years": 2}),
    ("CB-02", "Citadel Facteur", "city_bikes", {"46 cm": (650, 2), "50 cm": (650, 0), "54 cm": (650, 3)}, {"use": "city", "brakes": "disc"}, ("belt drive, no oil", "courroie sans huile"), {"weight_kg": 14.8, "gears": 8, "lights_included": True, "warranty_years": 3}),
    ("CB-03", "Citadel Pliette", "city_bikes", (720, 4), {"use": "city", "brakes": "rim"}, ("folds in ten seconds", "se plie en dix secondes"), {"weight_kg": 11.9, "gears": 6, "folded_cm": 62, "warranty_years": 3}),
    ("MB-01", "Roquedur Chamois", "mountain_bikes", {"S": (890, 2), "M": (890, 2), "L": (890, 4), "XL": (940, 1)}, {"use": "mountain", "brakes": "disc"}, ("suspension fork", "fourche suspendue"), {"weight_kg": 13.9, "travel_mm": 100, "warranty_years": 3}),
    ("MB-02", "Roquedur Bouquetin", "mountain_bikes", {"S": (1990, 1), "M": (1990, 0), "L": (1990, 2), "XL": (2050, 1)}, {"use": "mountain", "brakes": "disc"}, ("full suspension", "tout suspendu"), {"weight_kg": 14.6, "travel_mm": 140, "warranty_years": 3}),
    ("EB-01", "Voltine Courant", "ebikes", {"46 cm": (1690, 2), "50 cm": (1690, 4), "54 cm": (1690, 2)}, {"use": "city", "brakes": "disc"}, ("removable battery", "batterie amovible"), {"weight_kg": 23.5, "battery_wh": 400, "range_km": 70, "warranty_years": 2}),
    ("EB-02", "Voltine Orage", "ebikes", {"46 cm": (2490, 1), "50 cm": (2490, 2), "54 cm": (2590, 2)}, {"use": ["city", "touring"], "brakes": "disc"}, ("motor in the crank", "moteur central"), {"weight_kg": 25, "battery_wh": 625, "range_km": 120, "warranty_years": 2}),
    ("EB-03", "Voltine Cargo", "ebikes", (4290, "preorder"), {"use": "city", "brakes": "disc"}, ("carries two children", "transporte deux enfants"), {"weight_kg": 38, "battery_wh": 750, "range_km": 80, "max_load_kg": 180, "warranty_years": 2}),
    ("KB-01", "Titou Culbuto", "kids_bikes", {'14"': (169, 3), '16"': (179, 4)}, {"who": "kids", "brakes": "rim"}, ("stabilisers included", "stabilisateurs inclus"), {"weight_kg": 6.8, "warranty_years": 2}),
    ("KB-02", "Titou Cabriole", "kids_bikes", {'20"': (229, 5), '24"': (269, 2)}, {"who": "kids", "brakes": "rim"}, ("six gears", "six vitesses"), {"weight_kg": 9.2, "gears": 6, "warranty_years": 2}),
    ("KB-03", "Titou Draisette", "kids_bikes", (89, 9), {"who": "kids"}, ("no pedals, to learn balance", "sans pédales, pour l'équilibre"), {"weight_kg": 3.6, "warranty_years": 2}),
    ("TY-01", "Gommaxe Lisse", "tyres", {"700x25": (34.9, 12), "700x28": (34.9, 20), "700x32": (36.9, 8)}, {"use": "sport"}, ("fast rolling", "roule vite"), {"puncture_protection": False}),
    ("TY-02", "Gommaxe Cuirasse", "tyres", {"700x28": (44.9, 7), "700x35": (44.9, 15), "700x40": (46.9, 9)}, {"use": ["city", "touring"]}, ("puncture protection", "anti-crevaison"), {"puncture_protection": True}),
    ("TY-03", "Gommaxe Griffe", "tyres", {"29x2.25": (49.9, 6), "27.5x2.25": (47.9, 0)}, {"use": "mountain"}, ("deep tread", "crampons profonds"), {"tubeless": True}),
    ("TU-01", "Gommaxe Bulle", "tubes", {"700x25-32": (6.9, 40), "700x35-43": (7.9, 25), "29": (8.9, 18)}, {}, ("Presta valve", "valve Presta"), {"valve_mm": 48}),
    ("HE-01", "Tatou Plume", "helmets", {"52-55": (59.9, 5), "55-59": (59.9, 9), "59-62": (59.9, 2)}, {"use": "sport"}, ("well ventilated", "bien ventilé"), {"weight_g": 240}),
    ("HE-02", "Tatou Boulevard", "helmets", {"52-55": (79.9, 2), "55-59": (79.9, 4), "59-62": (79.9, 0)}, {"use": "city"}, ("built-in rear light", "feu arrière intégré"), {"weight_g": 390, "light_included": True}),
    ("HE-03", "Tatou Piaf", "helmets", {"46-50": (34.9, 6), "50-54": (34.9, 6)}, {"who": "kids"}, ("easy dial", "molette facile"), {"weight_g": 250}),
    ("LO-01", "Verrouil Arceau", "locks", (59.9, 14), {"use": "city"}, ("hardened steel U", "U en acier trempé"), {"weight_kg": 1.3, "security_level": 8, "warranty_years": 5}),
    ("LO-02", "Verrouil Maille", "locks", (84.9, 6), {"use": "city"}, ("chain with a sleeve", "chaîne gainée"), {"weight_kg": 2.4, "security_level": 10, "warranty_years": 5}),
    ("LO-03", "Verrouil Ficelle", "locks", (19.9, 22), {}, ("light cable", "câble léger"), {"weight_kg": 0.35, "security_level": 3, "warranty_years": 2}),
    ("LI-01", "Lucciol Duo", "lights", (39.9, 17), {"use": ["city", "sport"]}, ("USB rechargeable", "recharge USB"), {"lumen": 80, "battery_hours": 8, "waterproof": True}),
    ("LI-02", "Lucciol Phare", "lights", (89, 5), {"use": ["touring", "mountain"]}, ("lights up dark roads", "éclaire les routes noires"), {"lumen": 800, "battery_hours": 4, "waterproof": True}),
    ("PU-01", "Souffle Atelier", "pumps", (44.9, 10), {}, ("floor pump with gauge", "pompe à pied avec manomètre"), {"max_bar": 11}),
    ("PU-02", "Souffle Poche", "pumps", (22.9, 16), {}, ("fits in a jersey pocket", "tient dans la poche"), {"max_bar": 7, "weight_g": 95}),
    ("SA-01", "Assise Nuage", "saddles", (49.9, 8), {"use": "city"}, ("thick gel", "gel épais"), {"width_mm": 210, "weight_g": 720}),
    ("SA-02", "Assise Flèche", "saddles", (99, 4), {"use": "sport"}, ("cut-out for less pressure", "évidée, moins de pression"), {"width_mm": 145, "weight_g": 220}),
    ("PE-01", "Appui Plate", "pedals", (34.9, 11), {"use": ["city", "mountain"]}, ("grip pins", "picots antidérapants"), {"weight_g": 380}),
    ("PE-02", "Appui Clic", "pedals", (69.9, 7), {"use": "sport"}, ("clip-in, cleats included", "automatiques, cales incluses"), {"weight_g": 290}),
    ("CS-01", "Titou Passager", "child_seats", (119, 5), {"who": "kids"}, ("reclines for a nap", "s'incline pour la sieste"), {"max_load_kg": 22}),
    ("PA-01", "Ballot Roulé", "panniers", (64.9, 9), {"use": "touring"}, ("waterproof roll closing", "fermeture roulée étanche"), {"volume_l": 20, "waterproof": True}),
    ("PA-02", "Ballot Marché", "panniers", (44.9, 6), {"use": "city"}, ("shopping basket shape", "forme de cabas"), {"volume_l": 23, "waterproof": False}),
    ("WH-01", "Moyeu Vif", "wheels", {"front": (149, 3), "rear": (199, 2)}, {"use": "sport", "brakes": "disc"}, ("28 spokes", "28 rayons"), {}),
]
COLOURS = {"CB-01": ("red", "green"), "KB-02": ("blue", "yellow"), "EB-01": ("black", "white"), "EB-03": ("black",), "PA-01": ("black", "yellow")}
COMPARE_AT = {"RB-03": 1.2, "HE-01": 1.25}


def money(value):
    return {"amount": f"{value:.2f}", "currency": "EUR"}


def variant(code, size, price, stock, colour):
    parts = [code, *([size.removesuffix(" cm").strip('"')] if size else []), *([colour.upper()] if colour else [])]
    options = ({"size": size} if size else {}) | ({"colour": colour} if colour else {})
    state = stock if isinstance(stock, str) else "in_stock" if stock else "sold_out"
    made = {"sku": "-".join(parts), "options": options, "price": money(price),
            "stock": 0 if isinstance(stock, str) else stock, "availability": state}
    return made | ({"compare_at": money(round(price * COMPARE_AT[code], -1))} if code in COMPARE_AT else {})


def product(rank, row):
    code, name, category, sizes, facets, (english, french), attributes = row
    colours = COLOURS.get(code, ())
    facets = {key: value if isinstance(value, list) else [value] for key, value in facets.items()}
    made = {"sku": code, "name": name, "brand": name.split()[0], "category": category, "price": None,
            "facets": facets | ({"colour": list(colours)} if colours else {}),
            "title": dict(zip(("en", "fr"), TITLES[category])), "features": {"en": [english], "fr": [french]},
            "url": f"https://rayonne.example/{code.lower()}", "rank": rank}
    if attributes:
        made["attributes"] = attributes
    several = sizes if isinstance(sizes, dict) else {None: sizes}
    if len(several) > 1 or colours:
        made["options"] = [*(["size"] if isinstance(sizes, dict) else []), *(["colour"] if colours else [])]
        made["variants"] = [variant(code, size, price, stock, colour)
                            for size, (price, stock) in several.items() for colour in colours or (None,)]
    else:
        made["stock"] = sizes[1]
    made["price"] = money(min(price for price, _ in several.values()))
    return made


def main():
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent
    catalog = [product(10 * place + 10, row) for place, row in enumerate(PRODUCTS)]
    lines = (json.dumps(item, ensure_ascii=False, separators=(",", ":")) for item in catalog)
    (folder / "catalog.ndjson").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(catalog)} products in {folder}", file=sys.stderr)


if __name__ == "__main__":
    main()
