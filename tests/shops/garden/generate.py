#!/usr/bin/env python3
"""Writes catalog.ndjson of Boisverne, an invented garden and DIY shop. Standard library only, seeded."""
import json, random
from pathlib import Path

chance = random.Random(20261201)
OUT, CATALOG = Path(__file__).resolve().parent / "catalog.ndjson", []

FEATURES = {
    "soft grip": "poignée souple", "keyless chuck": "mandrin autoserrant", "LED light": "éclairage LED", "two gears": "deux vitesses",
    "hammer action for masonry": "percussion pour la maçonnerie", "brushless motor": "moteur sans charbon", "carrying case": "mallette de transport",
    "SDS-plus chuck": "mandrin SDS-plus", "depth stop": "butée de profondeur", "set of 10 bits": "jeu de 10 embouts", "USB charging": "recharge USB",
    "laser guide": "guide laser", "tilts to 45 degrees": "inclinable à 45 degrés", "dust bag": "sac à poussière", "fits into corners": "atteint les angles",
    "hickory handle": "manche en hickory", "magnetic tips": "pointes aimantées", "hardened teeth": "denture trempée", "two bubbles": "deux fioles",
    "sockets and bits": "douilles et embouts", "removable tray": "plateau amovible", "lock on the tape": "ruban à blocage", "no fuel, no cable": "sans essence ni câble",
    "grass box": "bac de ramassage", "folding handle": "guidon pliable", "self-propelled": "tractée", "mulching": "mulching", "battery and charger included": "batterie et chargeur fournis",
    "electric start": "démarrage électrique", "drives by itself": "roule toute seule", "controlled by app": "pilotage par application", "rain sensor": "capteur de pluie",
    "guard for flowers": "protège-fleurs", "turning rear handle": "poignée arrière pivotante", "adjustable nozzle": "buse réglable", "detergent tank": "réservoir à détergent",
    "10 m hose": "flexible de 10 m", "ash handle": "manche en frêne", "stainless blade": "lame en inox", "bypass blade": "lame franche", "for left-handers": "pour gauchers",
    "puncture-proof wheel": "roue increvable", "rounded edges": "bords arrondis", "three layers": "trois couches", "anti-kink": "anti-vrille", "UV resistant": "résistant aux UV",
    "couplings included": "raccords fournis", "grows to three times its length": "triple sa longueur", "rewinds by itself": "enroulement automatique", "wall bracket": "support mural",
    "16 nozzles": "16 buses", "removable rose": "pomme amovible", "waters at set times": "arrose à heures fixes", "hand thrown": "tourné à la main", "drainage hole": "trou de drainage",
    "glazed": "émaillé", "very light": "très léger", "water reserve": "réserve d'eau", "hooks for railings": "crochets pour balustrade", "catches the water": "retient l'eau",
    "with compost": "avec compost", "organic": "bio", "sweet fruit": "fruits sucrés", "good for bees": "bon pour les abeilles", "dense and hard-wearing": "dense et résistant",
    "fast germination": "germination rapide", "pot and soil included": "pot et terreau fournis", "one coat covers": "couvre en une couche", "washable": "lessivable",
    "low odour": "peu d'odeur", "breathes": "respirante", "against mould": "anti-moisissures", "stops rust": "antirouille", "shows the grain": "laisse voir le veinage",
    "microporous": "microporeuse", "tray included": "bac fourni", "no drips": "sans coulures", "split bristles": "soies fendues", "nitrile palm": "paume en nitrile",
    "cowhide": "cuir de vachette", "long cuffs": "manchettes longues", "fleece lining": "doublure polaire", "non-slip sole": "semelle antidérapante", "steel toe cap": "embout acier",
    "composite toe cap": "embout composite", "puncture-proof sole": "semelle anti-perforation", "removable insole": "semelle amovible", "reflective strip": "bande réfléchissante",
    "lights up at dusk": "s'allume à la tombée de la nuit", "warm white": "blanc chaud", "eight light modes": "huit modes d'éclairage", "motion sensor": "détecteur de mouvement",
    "magnetic base": "base aimantée", "three brightness steps": "trois intensités", "lid thermometer": "thermomètre sur le couvercle", "ash catcher": "cendrier amovible",
    "two burners": "deux brûleurs", "three burners": "trois brûleurs", "side burner": "brûleur latéral", "wheels": "sur roulettes", "for balconies": "pour balcon",
    "folds flat": "se plie à plat", "enamelled plate": "plaque émaillée", "tongs, spatula and fork": "pince, spatule et fourchette", "drawstring": "cordon de serrage",
    "air vents": "aérations", "buckles against wind": "sangles contre le vent", "self-levelling": "autonivelante", "with jar and brush": "avec pot et pinceau",
}
LABELS = {}

def size(*pairs):
    return [({"size": s}, p) for s, p in pairs]

def sized(sizes, price):
    return [({"size": s}, price) for s in sizes]

def coloured(rows, colours):
    return [({**o, "colour": c}, p) for o, p in rows for c in colours]

def add(sku, name, category, title, facets, features, price=None, variants=None, stock=None, text=None, was=None, out=(), pre=(), **attributes):
    brand = name.rsplit(" ", 1)[0]
    facets = {k: v if isinstance(v, list) else [v] for k, v in facets.items()}
    en = [f for f in features]; fr = [FEATURES[f] for f in features]
    item = {"sku": sku, "name": name, "brand": brand, "category": category, "facets": facets, "title": {"en": title[0], "fr": title[1]},
            "features": {"en": en, "fr": fr}, "url": f"https://boisverne.example/p/{sku.lower()}", "rank": 100 + 10 * len(CATALOG)}
    if attributes:
        item["attributes"] = attributes
    text = text or (f"{name}, {title[0]}: {', '.join(en)}.", f"{name}, {title[1]} : {', '.join(fr)}.")
    item["description"] = {"en": text[0], "fr": text[1]}
    money = lambda p: {"amount": f"{p:.2f}", "currency": "EUR"}
    if variants:
        item["options"] = list(variants[0][0])
        colours = sorted({o["colour"] for o, _ in variants if "colour" in o}, key=[o.get("colour") for o, _ in variants].index)
        if colours:
            facets["colour"] = colours
        item["variants"] = []
        for options, cost in variants:
            key = tuple(options.values())
            key = key[0] if len(key) == 1 else key
            code = "-".join([sku, *(str(v).replace(" ", "").replace(".", "").upper() for v in options.values())])
            v = {"sku": code, "options": options, "price": money(cost), "stock": chance.choice([3, 4, 6, 8, 11, 15, 22]), "availability": "in_stock"}
            if key in out: v.update(stock=0, availability="sold_out")
            if key in pre: v.update(stock=0, availability="preorder")
            if was: v["compare_at"] = money(round(cost * was, 0) if cost >= 100 else round(cost * was) - 0.1)
            item["variants"].append(v)
        item["price"] = money(min(p for _, p in variants))
    else:
        item["price"] = money(price)
        item["stock"] = chance.choice([6, 9, 14, 25, 40]) if stock is None else stock
    CATALOG.append(item)

kits = lambda *prices: [({"kit": k}, p) for k, p in zip(("bare", "one_battery", "two_batteries"), prices)]
D = "drills"
add("DR-01", "Torvane Pivo", D, ("cordless drill driver", "perceuse-visseuse sans fil"), dict(energy="battery", surface=["wood", "metal"], level="occasional"), ["keyless chuck", "LED light", "battery and charger included"], 79, voltage_v=12, torque_nm=28, weight_kg=0.95, hammer=False, battery_included=True, warranty_years=2)
add("DR-02", "Torvane Vrillon", D, ("cordless hammer drill", "perceuse à percussion sans fil"), dict(energy="battery", surface=["wood", "metal", "concrete"], level="regular"), ["hammer action for masonry", "two gears", "brushless motor"], variants=kits(99, 149, 199), voltage_v=18, torque_nm=60, weight_kg=1.6, hammer=True, warranty_years=3)
add("DR-03", "Kordax Brutal", D, ("cordless hammer drill", "perceuse à percussion sans fil"), dict(energy="battery", surface=["wood", "metal", "concrete"], level="pro"), ["hammer action for masonry", "brushless motor", "carrying case"], variants=kits(189, 249, 309), pre=("two_batteries",), voltage_v=20, torque_nm=95, weight_kg=2.1, hammer=True, warranty_years=5)
add("DR-04", "Lumbert Filo", D, ("corded hammer drill", "perceuse à percussion filaire"), dict(energy="electric", surface=["wood", "metal", "concrete"], level="occasional"), ["hammer action for masonry", "depth stop"], 49.9, power_w=650, cable_m=3, weight_kg=1.8, hammer=True, warranty_years=2)
add("DR-05", "Kordax Sismo", D, ("rotary hammer", "perforateur"), dict(energy="electric", surface="concrete", level="pro"), ["SDS-plus chuck", "carrying case", "depth stop"], 169, power_w=900, cable_m=4, weight_kg=3.1, hammer=True, warranty_years=5)
add("DR-06", "Lumbert Minus", D, ("cordless screwdriver", "tournevis sans fil"), dict(energy="battery", surface="wood", level="occasional", occasion="gift"), ["set of 10 bits", "USB charging"], 34.9, voltage_v=3.6, weight_kg=0.4, hammer=False, battery_included=True, warranty_years=2)
S = "power_saws"
add("SW-01", "Torvane Scala", S, ("cordless circular saw", "scie circulaire sans fil"), dict(energy="battery", surface="wood", level="regular"), ["laser guide", "tilts to 45 degrees"], 129, voltage_v=18, cutting_depth_mm=54, weight_kg=2.9, battery_included=False, warranty_years=3)
add("SW-02", "Lumbert Courbe", S, ("corded jigsaw", "scie sauteuse filaire"), dict(energy="electric", surface=["wood", "metal"], level="occasional"), ["LED light", "tilts to 45 degrees"], 59.9, power_w=550, cutting_depth_mm=65, weight_kg=2.0, warranty_years=2)
add("SA-01", "Lumbert Grain", "sanders", ("detail sander", "ponceuse de détail"), dict(energy="electric", surface="wood", level="occasional"), ["fits into corners", "dust bag"], 39.9, power_w=200, weight_kg=1.1, noise_db=78, warranty_years=2)
add("SA-02", "Torvane Orbe", "sanders", ("random orbital sander", "ponceuse excentrique"), dict(energy="electric", surface=["wood", "metal"], level="regular"), ["dust bag", "soft grip"], 84.9, power_w=430, weight_kg=1.9, noise_db=82, warranty_years=3)
H = "hand_tools"
add("HA-01", "Ferolac Massif", "hammers", ("claw hammer", "marteau arrache-clou"), {}, ["hickory handle"], variants=size(("300 g", 14.9), ("500 g", 18.9)), warranty_years=10)
add("HA-02", "Ferolac Sixte", "screwdrivers", ("set of 6 screwdrivers", "jeu de 6 tournevis"), dict(occasion="gift"), ["magnetic tips", "soft grip"], 24.9, pieces=6, warranty_years=10)
add("HA-04", "Ferolac Bulle", "measuring", ("spirit level", "niveau à bulle"), {}, ["two bubbles"], variants=size(("40 cm", 12.9), ("60 cm", 16.9), ("100 cm", 24.9)), magnetic=False)
add("HA-05", "Ferolac Intégral", H, ("82-piece tool set", "coffret de 82 outils"), dict(level="occasional", occasion="gift"), ["sockets and bits", "carrying case"], 89, pieces=82, weight_kg=6.2, warranty_years=10)
add("HA-06", "Rangeo Caisse", "tool_boxes", ("tool box", "caisse à outils"), {}, ["removable tray"], variants=size(("40 cm", 19.9), ("50 cm", 27.9)), lockable=True)
add("HA-07", "Ferolac Ruban", "measuring", ("tape measure", "mètre ruban"), {}, ["lock on the tape"], variants=size(("3 m", 5.9), ("5 m", 8.9), ("8 m", 13.9)), magnetic=True)
M = "mowers"
add("MO-01", "Verlane Poussette", M, ("manual lawn mower", "tondeuse manuelle"), dict(energy="manual", lawn="small"), ["no fuel, no cable"], 79, cutting_width_cm=30, weight_kg=7.5, lawn_area_m2=150, grass_box=False, warranty_years=2)
add("MO-02", "Verlane Brise", M, ("corded lawn mower", "tondeuse électrique filaire"), dict(energy="electric", lawn="small"), ["grass box", "folding handle"], 129, power_w=1300, cutting_width_cm=33, weight_kg=9.5, noise_db=92, lawn_area_m2=300, grass_box_l=30, warranty_years=2)
add("MO-03", "Verlane Alizé", M, ("cordless lawn mower", "tondeuse sans fil"), dict(energy="battery", lawn="medium"), ["battery and charger included", "grass box", "mulching"], 279, voltage_v=36, cutting_width_cm=37, weight_kg=14, noise_db=88, lawn_area_m2=500, grass_box_l=40, battery_included=True, warranty_years=3)
add("MO-04", "Tondéa Bourrasque", M, ("cordless lawn mower", "tondeuse sans fil"), dict(energy="battery", lawn="large"), ["self-propelled", "battery and charger included", "mulching"], 449, voltage_v=40, cutting_width_cm=42, weight_kg=19, noise_db=90, lawn_area_m2=900, grass_box_l=50, battery_included=True, warranty_years=3)
add("MO-05", "Tondéa Mistral", M, ("petrol lawn mower", "tondeuse thermique"), dict(energy="petrol", lawn="large"), ["self-propelled", "grass box", "mulching"], 399, cutting_width_cm=46, weight_kg=32, noise_db=96, lawn_area_m2=1400, grass_box_l=60, warranty_years=2)
add("MO-06", "Tondéa Nomade", "robot_mowers", ("robot mower", "robot tondeuse"), dict(energy="battery", lawn=["medium", "large"]), ["drives by itself", "controlled by app", "rain sensor"], variants=size(("500 m2", 699), ("1000 m2", 949)), pre=("1000 m2",), cutting_width_cm=22, weight_kg=10, noise_db=58, warranty_years=3)
add("MO-07", "Verlane Zéphyr", M, ("cordless lawn mower", "tondeuse sans fil"), dict(energy="battery", lawn="small"), ["battery and charger included", "grass box"], 189, stock=0, voltage_v=20, cutting_width_cm=32, weight_kg=10.5, noise_db=86, lawn_area_m2=250, warranty_years=3)
add("TR-01", "Verlane Fil", "trimmers", ("cordless grass trimmer", "coupe-bordures sans fil"), dict(energy="battery"), ["guard for flowers", "battery and charger included"], 89.9, voltage_v=20, cutting_width_cm=25, weight_kg=2.3, battery_included=True, warranty_years=3)
add("TR-02", "Tondéa Lisière", "trimmers", ("corded grass trimmer", "coupe-bordures filaire"), dict(energy="electric"), ["guard for flowers"], 54.9, power_w=450, cutting_width_cm=27, weight_kg=2.6, warranty_years=2)
add("HT-01", "Verlane Buis", "hedge_trimmers", ("cordless hedge trimmer", "taille-haie sans fil"), dict(energy="battery"), ["turning rear handle", "battery and charger included"], 119, voltage_v=20, blade_cm=52, weight_kg=2.7, battery_included=True, warranty_years=3)
add("HT-02", "Tondéa Charmille", "hedge_trimmers", ("corded hedge trimmer", "taille-haie filaire"), dict(energy="electric"), ["turning rear handle"], 79.9, power_w=600, blade_cm=60, weight_kg=3.4, warranty_years=2)
add("PW-01", "Aquorn Jet", "pressure_washers", ("pressure washer", "nettoyeur haute pression"), dict(energy="electric", level="occasional"), ["adjustable nozzle", "detergent tank"], 99, power_w=1500, pressure_bar=110, weight_kg=5.8, warranty_years=2)
add("PW-02", "Aquorn Torrent", "pressure_washers", ("pressure washer", "nettoyeur haute pression"), dict(energy="electric", level="regular"), ["adjustable nozzle", "10 m hose", "wheels"], 229, power_w=2200, pressure_bar=145, weight_kg=12.5, warranty_years=3)
add("GT-01", "Bêchine Racine", "garden_tools", ("spade", "bêche"), {}, ["ash handle", "stainless blade"], 34.9, length_cm=110, weight_kg=1.9, warranty_years=10)
add("GT-02", "Bêchine Peigne", "garden_tools", ("leaf rake", "râteau à feuilles"), {}, ["ash handle"], 17.9, length_cm=160, weight_kg=0.9)
add("GT-03", "Bêchine Coupe", "secateurs", ("secateurs", "sécateur"), dict(occasion="gift"), ["bypass blade", "soft grip"], 22.9, cutting_diameter_mm=20, left_handed=False, warranty_years=5)
add("GT-04", "Bêchine Gauche", "secateurs", ("left-handed secateurs", "sécateur pour gaucher"), dict(occasion="gift"), ["for left-handers", "bypass blade"], 36.9, cutting_diameter_mm=22, left_handed=True, warranty_years=5)
add("GT-05", "Bêchine Cabriole", "wheelbarrows", ("wheelbarrow", "brouette"), {}, ["puncture-proof wheel"], 89.9, capacity_l=100, max_load_kg=150, weight_kg=13)
add("GT-06", "Petit Pouce Jardinet", "garden_tools", ("children's garden tool set", "kit de jardinage enfant"), dict(who="kids", occasion="gift"), ["rounded edges"], 19.9, pieces=4, age_from_years=3)
W = "hoses"
add("HO-01", "Aquorn Souple", W, ("garden hose", "tuyau d'arrosage"), {}, ["three layers"], variants=size(("15 m", 19.9), ("25 m", 29.9), ("50 m", 54.9)), diameter_mm=15, anti_kink=False, warranty_years=5)
add("HO-02", "Aquorn Torsade", W, ("anti-kink garden hose", "tuyau d'arrosage anti-vrille"), dict(quality="anti_kink"), ["anti-kink", "UV resistant", "couplings included"], variants=size(("15 m", 34.9), ("25 m", 49.9), ("50 m", 89.9)), out=("50 m",), diameter_mm=15, anti_kink=True, frost_proof=True, warranty_years=12)
add("HO-03", "Aquorn Extensa", W, ("expandable hose", "tuyau extensible"), dict(quality="expandable"), ["grows to three times its length", "very light"], variants=size(("15 m", 29.9), ("30 m", 44.9)), weight_kg=0.9, frost_proof=False, warranty_years=2)
add("HO-04", "Aquorn Enrouleur", W, ("wall hose reel", "dévidoir mural"), dict(quality="anti_kink"), ["rewinds by itself", "wall bracket", "couplings included"], variants=size(("20 m", 79.9), ("35 m", 119)), was=1.2, frost_proof=False, warranty_years=3)
add("WA-01", "Aquorn Pluie", "sprinklers", ("oscillating sprinkler", "arroseur oscillant"), {}, ["16 nozzles"], 24.9, area_m2=220, warranty_years=2)
add("WA-02", "Aquorn Rosette", "watering_cans", ("watering can", "arrosoir"), {}, ["removable rose"], variants=coloured(size(("5 L", 12.9), ("10 L", 17.9)), ["green", "grey"]), out=(("10 L", "grey"),))
add("WA-03", "Aquorn Minuto", "watering", ("watering timer", "programmateur d'arrosage"), dict(energy="battery"), ["waters at set times", "rain sensor"], 39.9, battery_included=False, warranty_years=2)
P = "pots"
add("PO-01", "Argilène Toscane", P, ("terracotta pot", "pot en terre cuite"), dict(material="clay", colour="terracotta", place=["outdoor", "indoor"]), ["hand thrown", "drainage hole"], variants=size(("20 cm", 9.9), ("30 cm", 19.9), ("40 cm", 34.9), ("50 cm", 59)), drainage_hole=True, frost_proof=False, made_in="Italy")
add("PO-02", "Argilène Grésane", P, ("stoneware pot", "pot en grès"), dict(material="stoneware", place="outdoor", weather="frost"), ["glazed", "drainage hole"], variants=coloured(size(("25 cm", 29.9), ("35 cm", 49.9), ("45 cm", 79.9)), ["blue", "grey"]), out=(("35 cm", "blue"),), drainage_hole=True, frost_proof=True)
add("PO-03", "Plantéo Légère", P, ("resin pot", "pot en résine"), dict(material="plastic", place=["outdoor", "indoor"], weather="frost"), ["very light", "UV resistant"], variants=coloured(size(("20 cm", 6.9), ("30 cm", 12.9), ("40 cm", 21.9)), ["grey", "white", "green"]), drainage_hole=True, frost_proof=True)
add("PO-04", "Plantéo Réserve", P, ("self-watering pot", "pot à réserve d'eau"), dict(material="plastic", place=["indoor", "outdoor"], quality="self_watering"), ["water reserve"], variants=coloured(size(("30 cm", 24.9), ("40 cm", 37.9)), ["white", "black"]), pre=(("40 cm", "black"),), reserve_l=4, frost_proof=False)
add("PO-05", "Plantéo Balcon", "planters", ("window box", "jardinière"), dict(material="plastic", place="outdoor"), ["hooks for railings", "drainage hole"], variants=coloured(size(("60 cm", 16.9), ("80 cm", 22.9)), ["white", "terracotta"]), drainage_hole=True, frost_proof=True)
add("PO-06", "Argilène Soucoupe", "saucers", ("saucer", "soucoupe"), dict(material="clay", colour="terracotta"), ["catches the water"], variants=size(("20 cm", 4.9), ("30 cm", 7.9), ("40 cm", 11.9)))
add("SO-01", "Humelis Universel", "soil", ("potting soil", "terreau universel"), {}, ["with compost"], variants=size(("20 L", 6.9), ("40 L", 10.9), ("70 L", 15.9)), organic=False, peat_free=True)
add("SO-02", "Humelis Potager", "soil", ("vegetable soil", "terreau potager"), dict(plant="vegetables"), ["organic", "with compost"], variants=size(("20 L", 8.9), ("40 L", 13.9)), organic=True, peat_free=True)
Z = "seeds"
add("SE-01", "Grainval Cerisette", Z, ("cherry tomato seeds", "graines de tomates cerises"), dict(plant="vegetables", sun="sun"), ["sweet fruit", "organic"], 3.5, organic=True, sowing_depth_cm=1)
add("SE-03", "Grainval Prairie", Z, ("wildflower seed mix", "mélange de fleurs des champs"), dict(plant="flowers", sun="sun"), ["good for bees"], 5.9, organic=False, area_m2=20)
add("SE-04", "Grainval Gazon", Z, ("lawn seed", "graines de gazon"), dict(plant="lawn", sun="sun"), ["dense and hard-wearing"], variants=size(("1 kg", 14.9), ("3 kg", 36.9), ("5 kg", 54.9)), grams_per_m2=30)
add("SE-05", "Grainval Sous-bois", Z, ("lawn seed for shade", "graines de gazon pour l'ombre"), dict(plant="lawn", sun="shade"), ["fast germination"], variants=size(("1 kg", 17.9), ("3 kg", 44.9)), grams_per_m2=30)
add("SE-06", "Petit Pouce Tournesol", Z, ("sunflower growing kit", "kit de culture tournesol"), dict(plant="flowers", who="kids", occasion="gift"), ["pot and soil included"], 9.9, age_from_years=4)
I = "interior_paint"
def litres(a, colours): return coloured(size(*a), colours)
add("PA-01", "Colorane Murale", I, ("interior wall paint", "peinture murale intérieure"), dict(finish="matt", surface="walls", place="indoor"), ["one coat covers", "low odour"], variants=litres([("0.5 L", 12.9), ("2.5 L", 34.9), ("10 L", 99)], ["white", "beige", "grey", "blue", "green"]), out=(("10 L", "green"), ("2.5 L", "blue")), coverage_m2_per_l=10, drying_time_h=4, washable=False)
add("PA-02", "Colorane Satine", I, ("washable satin paint", "peinture satinée lessivable"), dict(finish="satin", surface="walls", place="indoor", room="kitchen"), ["washable", "no drips"], variants=litres([("0.5 L", 16.9), ("2.5 L", 44.9), ("10 L", 139)], ["white", "grey", "yellow"]), coverage_m2_per_l=12, drying_time_h=6, washable=True)
add("PA-03", "Colorane Façade", "exterior_paint", ("façade paint", "peinture façade"), dict(finish="matt", surface="walls", place="outdoor"), ["breathes", "UV resistant"], variants=litres([("2.5 L", 49.9), ("10 L", 159)], ["white", "beige"]), coverage_m2_per_l=7, drying_time_h=12)
add("PA-04", "Boisange Lasure", "wood_stain", ("wood stain", "lasure bois"), dict(finish="satin", surface="wood", place="outdoor"), ["shows the grain", "microporous"], variants=litres([("1 L", 22.9), ("2.5 L", 47.9), ("5 L", 84.9)], ["oak", "grey", "brown"]), out=(("5 L", "grey"),), coverage_m2_per_l=14, drying_time_h=8, lasts_years=6)
add("PA-05", "Colorane Ferrure", "metal_paint", ("metal paint", "peinture fer"), dict(finish="gloss", surface="metal", place=["outdoor", "indoor"]), ["stops rust", "no drips"], variants=litres([("0.5 L", 17.9), ("2.5 L", 62.9)], ["black", "green", "red"]), coverage_m2_per_l=11, drying_time_h=6)
add("PA-06", "Colorane Vapeur", I, ("bathroom paint", "peinture salle de bain"), dict(finish="satin", surface="walls", place="indoor", room="bathroom"), ["against mould", "washable"], variants=litres([("0.5 L", 19.9), ("2.5 L", 52.9)], ["white", "blue"]), coverage_m2_per_l=10, drying_time_h=5, washable=True)
add("BR-01", "Colorane Tournis", "brushes", ("paint roller set", "kit rouleau"), dict(surface="walls"), ["tray included"], 14.9, width_cm=18)
add("BR-02", "Colorane Soie", "brushes", ("paint brush", "pinceau"), {}, ["split bristles"], variants=size(("30 mm", 4.9), ("50 mm", 6.9), ("70 mm", 8.9)))
G = "gloves"
add("GL-01", "Manival Paume", G, ("gardening gloves", "gants de jardinage"), dict(use="gardening"), ["nitrile palm"], variants=sized("7 8 9 10".split(), 8.9), washable=True, wash_temperature_c=40)
add("GL-02", "Manival Vachette", G, ("leather work gloves", "gants de travail en cuir"), dict(use="building", material="leather"), ["cowhide"], variants=sized("8 9 10 11".split(), 24.9), out=("11",), washable=False)
add("GL-03", "Manival Ronce", G, ("thorn-proof gloves", "gants anti-épines"), dict(use="gardening", material="leather"), ["long cuffs", "cowhide"], variants=sized("7 8 9 10".split(), 29.9), washable=False)
add("GL-04", "Manival Givre", G, ("winter work gloves", "gants de travail d'hiver"), dict(use=["building", "gardening"], weather=["cold", "rain"]), ["fleece lining", "nitrile palm"], variants=sized("8 9 10 11".split(), 19.9), waterproof=True, washable=True, wash_temperature_c=30)
B = "boots"
add("BO-01", "Manival Flaque", "rubber_boots", ("rubber boots", "bottes en caoutchouc"), dict(use="gardening", weather="rain", material="rubber"), ["non-slip sole"], variants=coloured(sized([str(n) for n in range(36, 47)], 34.9), ["green", "black"]), out=(("44", "green"), ("38", "black")), height_cm=34, waterproof=True)
add("BO-02", "Manival Chantier", "safety_boots", ("safety boots S3", "chaussures de sécurité montantes S3"), dict(use="building", weather="rain", material="leather"), ["steel toe cap", "puncture-proof sole"], variants=sized([str(n) for n in range(39, 47)], 89), out=("45",), weight_kg=1.4, waterproof=True)
add("BO-03", "Manival Agile", "safety_boots", ("safety shoes S1P", "chaussures de sécurité basses S1P"), dict(use="building"), ["composite toe cap", "removable insole"], variants=sized([str(n) for n in range(37, 46)], 69), weight_kg=1.0, waterproof=False)
add("BO-04", "Manival Sabot", "clogs", ("garden clogs", "sabots de jardin"), dict(use="gardening", material="rubber"), ["removable insole"], variants=sized(["36-37", "38-39", "40-41", "42-43"], 24.9), out=("40-41",), washable=True)
add("BO-05", "Petit Pouce Gadoue", "rubber_boots", ("children's rubber boots", "bottes de pluie enfant"), dict(who="kids", weather="rain", material="rubber"), ["reflective strip"], variants=coloured(sized([str(n) for n in range(24, 35)], 19.9), ["yellow", "blue"]), out=(("30", "yellow"),), waterproof=True)
add("BO-06", "Manival Polaire", "rubber_boots", ("lined rubber boots", "bottes fourrées"), dict(use="gardening", weather=["rain", "cold"], material="rubber"), ["fleece lining", "non-slip sole"], variants=sized([str(n) for n in range(38, 46)], 54.9), height_cm=30, waterproof=True)
L = "lamps"
add("LA-01", "Lucerne Balise", L, ("solar path light", "borne solaire"), dict(energy="solar", place="outdoor"), ["lights up at dusk", "warm white"], 12.9, battery_hours=8, lumens=30, waterproof=True, height_cm=38)
add("LA-02", "Lucerne Ribambelle", L, ("solar string lights", "guirlande solaire"), dict(energy="solar", place="outdoor", occasion="gift"), ["eight light modes", "warm white"], variants=size(("5 m", 14.9), ("10 m", 22.9), ("20 m", 34.9)), battery_hours=6, waterproof=True)
add("LA-03", "Lucerne Sentinelle", "floodlights", ("LED floodlight with sensor", "projecteur LED à détecteur"), dict(energy="electric", place="outdoor"), ["motion sensor"], 44.9, power_w=30, lumens=2700, waterproof=True, warranty_years=3)
add("LA-04", "Lucerne Atelier", "work_lamps", ("rechargeable work lamp", "lampe de chantier rechargeable"), dict(energy="battery", place="indoor"), ["magnetic base", "three brightness steps"], 39.9, lumens=1000, battery_hours=5, waterproof=False, warranty_years=2)
add("LA-05", "Lucerne Applique", L, ("outdoor wall lamp", "applique d'extérieur"), dict(energy="electric", place="outdoor"), ["warm white"], variants=[({"colour": "black"}, 49.9), ({"colour": "grey"}, 49.9)], out=("grey",), lumens=700, waterproof=True)
add("LA-06", "Lucerne Lanterne", L, ("rechargeable table lantern", "lanterne de table rechargeable"), dict(energy="battery", place=["outdoor", "indoor"], occasion="gift"), ["USB charging", "three brightness steps"], variants=[({"colour": "white"}, 34.9), ({"colour": "green"}, 34.9)], battery_hours=20, waterproof=True, height_cm=28)
Q = "barbecues"
add("BB-01", "Braséo Rondo", Q, ("charcoal barbecue", "barbecue à charbon"), dict(energy="charcoal", place="outdoor"), ["lid thermometer", "ash catcher", "wheels"], variants=size(("47 cm", 99), ("57 cm", 149)), guests=6, warranty_years=5)
add("BB-02", "Braséo Duo", Q, ("gas barbecue", "barbecue à gaz"), dict(energy="gas", place="outdoor"), ["two burners", "lid thermometer", "wheels"], 249, guests=6, weight_kg=24, gas_bottle_included=False, warranty_years=5)
add("BB-03", "Braséo Trio", Q, ("gas barbecue", "barbecue à gaz"), dict(energy="gas", place="outdoor"), ["three burners", "side burner", "wheels"], 399, guests=10, weight_kg=38, gas_bottle_included=False, warranty_years=5)
add("BB-04", "Braséo Terrasse", Q, ("electric barbecue", "barbecue électrique"), dict(energy="electric", place=["outdoor", "indoor"]), ["for balconies"], 89, power_w=2200, guests=4, weight_kg=6, warranty_years=2)
add("BB-05", "Braséo Pliant", Q, ("portable charcoal barbecue", "barbecue portable à charbon"), dict(energy="charcoal", place="outdoor"), ["folds flat"], 39.9, guests=4, weight_kg=3.2)
add("BB-06", "Braséo Planchette", Q, ("gas plancha", "plancha à gaz"), dict(energy="gas", place="outdoor"), ["two burners", "enamelled plate"], 179, guests=8, weight_kg=17, gas_bottle_included=False, warranty_years=3)
add("BA-01", "Braséo Triade", "barbecue_tools", ("barbecue tool set", "ustensiles de barbecue"), dict(occasion="gift"), ["tongs, spatula and fork"], 29.9, pieces=3, dishwasher_safe=True)
C = "covers"
add("FC-01", "Bâchelle Tablée", C, ("cover for garden table", "housse de table de jardin"), dict(furniture="table", weather="rain"), ["air vents", "buckles against wind"], variants=coloured(size(("180x110", 39.9), ("240x130", 54.9), ("300x140", 69.9)), ["grey", "beige"]), out=(("240x130", "beige"),), waterproof=True, height_cm=75, warranty_years=3)
add("FC-02", "Bâchelle Salon", C, ("cover for lounge set", "housse de salon de jardin"), dict(furniture="lounge", weather="rain"), ["air vents", "buckles against wind"], variants=size(("200x160", 59.9), ("250x200", 79.9)), waterproof=True, height_cm=80, warranty_years=3)
add("FC-03", "Bâchelle Ronde", C, ("cover for round table", "housse de table ronde"), dict(furniture="table", weather="rain"), ["drawstring"], variants=size(("150 cm", 34.9), ("200 cm", 49.9)), waterproof=True, height_cm=75, warranty_years=2)
add("FC-04", "Bâchelle Grillade", C, ("barbecue cover", "housse de barbecue"), dict(furniture="barbecue", weather="rain"), ["drawstring"], variants=size(("100 cm", 24.9), ("130 cm", 32.9)), waterproof=True, height_cm=110, warranty_years=2)

OUT.write_text("".join(json.dumps(i, ensure_ascii=False, separators=(",", ":")) + "\n" for i in CATALOG), encoding="utf-8")
print(len(CATALOG), "products", sum(len(i.get("variants", [])) for i in CATALOG), "variants")
