#!/usr/bin/env python3
"""Writes catalog.ndjson of Marmitaine, the invented kitchenware shop. Every figure is fixed here: no chance."""
import json, pathlib

out, rank = [], 100
STOCKS = [6, 11, 3, 9, 14, 2, 8, 5, 17, 4]

def slug(v):
    return v.replace(" cm", "").replace(" l", "L").replace(".", "").upper()

def P(sku, name, cat, title, price, facets=None, colours=None, features=None, desc=None, sold=(), pre=(), was=None, stock=None, availability=None, **attrs):
    """price: a number (one form), or {size: number}; colours: list; sold/pre: keys "28 cm", "red" or "28 cm/red"; was: the factor of the old price."""
    global rank
    brand = name.rsplit(" ", 1)[0]
    facets = dict(facets or {})
    if colours:
        facets["colour"] = colours
    sizes = price if isinstance(price, dict) else None
    money = lambda x: {"amount": f"{x:.2f}", "currency": "EUR"}
    old = lambda x: money(round(x * was) - 0.1 if x != int(x) else round(x * was))
    low = min(sizes.values()) if sizes else price
    d = {"sku": sku, "name": name, "brand": brand, "category": cat, "price": money(low), "facets": facets,
         "title": dict(zip(("en", "fr"), title)), "features": dict(zip(("en", "fr"), features)),
         "url": f"https://marmitaine.example/p/{sku.lower()}", "rank": rank}
    if attrs:
        d["attributes"] = attrs
    d["description"] = dict(zip(("en", "fr"), desc))
    rank += 10
    if sizes or colours:
        d["options"] = (["size"] if sizes else []) + (["colour"] if colours else [])
        d["variants"] = []
        for s in (sizes or {None: price}):
            for c in (colours or [None]):
                opts = {k: v for k, v in (("size", s), ("colour", c)) if v}
                key = {s, c, f"{s}/{c}"}
                n = STOCKS[(len(d["variants"]) * 3 + len(out) * 7) % 10]
                av = "sold_out" if key & set(sold) else "preorder" if key & set(pre) else "in_stock"
                n *= 12 if cat in ("jars", "plates", "bowls", "mugs", "glasses") else 1  # sold by the dozen
                cost = sizes[s] if sizes else price
                v = {"sku": "-".join([sku] + [slug(o) for o in opts.values()]), "options": opts, "price": money(cost), "stock": n if av == "in_stock" else 0, "availability": av}
                if was:
                    v["compare_at"] = old(cost)
                d["variants"].append(v)
    else:
        d["stock"] = STOCKS[len(out) * 7 % 10] if stock is None else stock
        if availability:
            d["availability"] = availability
        if was:
            d["compare_at"] = old(price)
    out.append(d)

ALL_HOBS = ["induction", "gas", "electric"]

# ------------------------------------------------------------------------------------------------------------ pans
P("PA-01", "Marmitaine Basilic", "pans", ("frying pan", "poêle"), {"20 cm": 17.90, "24 cm": 21.90, "28 cm": 26.90},
  {"material": ["aluminium"], "coating": ["non_stick"], "hob": ["gas", "electric"], "suits": ["dishwasher"]}, ["black", "red"],
  (["light", "non-stick"], ["légère", "antiadhésive"]),
  ("A light everyday pan for gas and electric hobs. It does not work on induction.", "Une poêle légère pour tous les jours, pour le gaz et l'électrique. Elle ne va pas sur l'induction."),
  induction=False, dishwasher_safe=True, oven_safe=False, warranty_years=2, made_in="Portugal")
P("PA-02", "Marmitaine Coriandre", "pans", ("frying pan", "poêle"), {"20 cm": 24.90, "24 cm": 29.90, "28 cm": 36.90, "32 cm": 44.90},
  {"material": ["aluminium"], "coating": ["non_stick"], "hob": ALL_HOBS, "suits": ["dishwasher", "oven"], "without": ["pfas"]}, None,
  (["non-stick without PFAS", "thick induction base"], ["antiadhésive sans PFAS", "fond épais pour induction"]),
  ("A non-stick pan for every hob, in the oven up to 180 °C.", "Une poêle antiadhésive pour tous les feux, au four jusqu'à 180 °C."),
  induction=True, dishwasher_safe=True, oven_safe=True, oven_max_c=180, warranty_years=2, made_in="France")
P("PA-03", "Poêlane Safran", "pans", ("ceramic frying pan", "poêle céramique"), {"20 cm": 34.90, "24 cm": 39.90, "28 cm": 49.90},
  {"material": ["aluminium"], "coating": ["ceramic_coating"], "hob": ALL_HOBS, "suits": ["oven"], "without": ["pfas"]}, ["cream", "green"],
  (["ceramic coating without PFAS", "wooden-look handle"], ["revêtement céramique sans PFAS", "manche aspect bois"]),
  ("Ceramic coated, for gentle cooking with little fat. Wash it by hand.", "Revêtement céramique, pour une cuisson douce avec peu de matière grasse. Se lave à la main."),
  induction=True, dishwasher_safe=False, oven_safe=True, oven_max_c=220, warranty_years=3, made_in="Italy")
P("PA-04", "Ferrebrune Forge", "pans", ("carbon steel pan", "poêle en acier"), {"20 cm": 29.90, "24 cm": 37.90, "28 cm": 45.90, "32 cm": 55.90},
  {"material": ["carbon_steel"], "coating": ["uncoated"], "hob": ALL_HOBS, "suits": ["oven"], "without": ["pfas"]}, None,
  (["sears meat well", "lasts a lifetime"], ["saisit bien la viande", "dure toute une vie"]),
  ("A carbon steel pan without coating, to be seasoned with oil before its first use. Never in the dishwasher.", "Une poêle en acier sans revêtement, à culotter à l'huile avant le premier usage. Jamais au lave-vaisselle."),
  induction=True, dishwasher_safe=False, oven_safe=True, oven_max_c=250, needs_seasoning=True, warranty_years=10, made_in="France")
P("PA-05", "Ferrebrune Braise", "pans", ("cast iron grill pan", "poêle gril en fonte"), {"24 cm": 59.90, "28 cm": 74.90},
  {"material": ["cast_iron"], "coating": ["uncoated"], "hob": ALL_HOBS, "suits": ["oven"], "without": ["pfas"]}, None,
  (["ridges for grill marks", "keeps its heat"], ["rainures pour griller", "garde la chaleur"]),
  ("A heavy grill pan in raw cast iron.", "Une poêle gril lourde en fonte brute."),
  induction=True, dishwasher_safe=False, oven_safe=True, oven_max_c=260, warranty_years=10, made_in="France")
P("PA-06", "Cuivraine Estragon", "pans", ("stainless steel frying pan", "poêle inox"), {"20 cm": 69.00, "24 cm": 84.00, "28 cm": 99.00},
  {"material": ["stainless_steel"], "coating": ["uncoated"], "hob": ALL_HOBS, "suits": ["dishwasher", "oven"], "without": ["pfas"]}, None,
  (["three layers of steel", "even heat"], ["inox trois couches", "chaleur uniforme"]),
  ("A three-ply stainless steel pan without coating, in the oven up to 260 °C.", "Une poêle inox trois couches sans revêtement, au four jusqu'à 260 °C."),
  induction=True, dishwasher_safe=True, oven_safe=True, oven_max_c=260, warranty_years=25, made_in="Italy")
P("PA-07", "Cuivraine Paprika", "pans", ("non-stick stainless steel pan", "poêle inox antiadhésive"), {"24 cm": 89.00, "28 cm": 109.00},
  {"material": ["stainless_steel"], "coating": ["non_stick"], "hob": ALL_HOBS, "suits": ["dishwasher", "oven"]}, None,
  (["steel outside, non-stick inside"], ["inox dehors, antiadhésive dedans"]),
  ("Stainless steel with a hard non-stick coating.", "Inox avec un revêtement antiadhésif dur."), sold=["28 cm"],
  induction=True, dishwasher_safe=True, oven_safe=True, oven_max_c=220, warranty_years=5, made_in="Italy")
P("PA-08", "Cuivraine Romarin", "pans", ("copper frying pan", "poêle en cuivre"), {"24 cm": 189.00, "28 cm": 229.00},
  {"material": ["copper"], "coating": ["uncoated"], "hob": ["gas", "electric"], "suits": ["oven"], "without": ["pfas"]}, None,
  (["reacts at once to the flame", "riveted brass handle"], ["réagit tout de suite à la flamme", "manche laiton riveté"]),
  ("Copper lined with stainless steel, for gas. Not for induction.", "Cuivre doublé d'inox, pour le gaz. Pas pour l'induction."), pre=["28 cm"],
  induction=False, dishwasher_safe=False, oven_safe=True, oven_max_c=250, warranty_years=25, made_in="France")
P("PA-09", "Poêlane Sarriette", "pans", ("crêpe pan", "poêle à crêpes"), {"26 cm": 24.90, "30 cm": 29.90},
  {"material": ["aluminium"], "coating": ["non_stick"], "hob": ALL_HOBS, "suits": ["dishwasher"]}, None,
  (["for crêpes and pancakes", "low rim"], ["pour crêpes et pancakes", "bord bas"]),
  ("A flat non-stick pan for crêpes, with a wooden spreader.", "Une poêle plate antiadhésive pour les crêpes, avec un râteau en bois."),
  induction=True, dishwasher_safe=True, oven_safe=False, warranty_years=2, made_in="France")
P("PA-10", "Poêlane Fenouil", "pans", ("frying pan with removable handle", "poêle à manche amovible"), {"20 cm": 29.90, "24 cm": 35.90, "28 cm": 42.90},
  {"material": ["aluminium"], "coating": ["non_stick"], "hob": ALL_HOBS, "suits": ["dishwasher", "oven"]}, ["black", "blue"],
  (["removable handle", "stacks well"], ["manche amovible", "s'empile bien"]),
  ("Goes from the hob to the oven and into a small cupboard: the handle comes off.", "Passe du feu au four, puis dans un petit placard : le manche s'enlève."), was=1.25, sold=["24 cm/blue"],
  induction=True, dishwasher_safe=True, oven_safe=True, oven_max_c=200, removable_handle=True, warranty_years=2, made_in="France")

# ------------------------------------------------------------------------------------------------------- saucepans
P("SP-01", "Marmitaine Persil", "saucepans", ("saucepan", "casserole"), {"16 cm": 15.90, "18 cm": 18.90, "20 cm": 21.90},
  {"material": ["aluminium"], "coating": ["non_stick"], "hob": ["gas", "electric"], "suits": ["dishwasher"]}, None,
  (["light", "two pouring lips"], ["légère", "deux becs verseurs"]),
  ("A light saucepan without lid, for gas and electric hobs.", "Une casserole légère sans couvercle, pour le gaz et l'électrique."),
  induction=False, dishwasher_safe=True, lid_included=False, warranty_years=2, made_in="Portugal")
P("SP-02", "Marmitaine Cerfeuil", "saucepans", ("stainless steel saucepan", "casserole inox"), {"16 cm": 27.90, "18 cm": 31.90, "20 cm": 35.90},
  {"material": ["stainless_steel"], "coating": ["uncoated"], "hob": ALL_HOBS, "suits": ["dishwasher", "oven"]}, None,
  (["glass lid included", "litre marks inside"], ["couvercle en verre fourni", "graduations à l'intérieur"]),
  ("Stainless steel with a glass lid, for every hob.", "En inox avec couvercle en verre, pour tous les feux."), sold=["18 cm"],
  induction=True, dishwasher_safe=True, lid_included=True, warranty_years=10, made_in="Portugal")
P("SP-03", "Cuivraine Muscade", "saucepans", ("three-ply saucepan", "casserole trois couches"), {"16 cm": 64.00, "18 cm": 72.00, "20 cm": 79.00},
  {"material": ["stainless_steel"], "coating": ["uncoated"], "hob": ALL_HOBS, "suits": ["dishwasher", "oven"]}, None,
  (["three layers of steel", "steel lid included"], ["inox trois couches", "couvercle inox fourni"]),
  ("For sauces that must not burn: three layers up to the rim.", "Pour les sauces qui ne doivent pas brûler : trois couches jusqu'au bord."),
  induction=True, dishwasher_safe=True, lid_included=True, warranty_years=25, made_in="Italy")
P("SP-04", "Poêlane Ciboulette", "saucepans", ("ceramic saucepan", "casserole céramique"), {"16 cm": 33.90, "20 cm": 41.90},
  {"material": ["aluminium"], "coating": ["ceramic_coating"], "hob": ALL_HOBS, "suits": ["oven"], "without": ["pfas"]}, ["cream", "green"],
  (["ceramic coating without PFAS", "removable handle"], ["revêtement céramique sans PFAS", "manche amovible"]),
  ("Nothing sticks, not even milk. Wash it by hand.", "Rien n'attache, pas même le lait. Se lave à la main."),
  induction=True, dishwasher_safe=False, removable_handle=True, lid_included=False, warranty_years=3, made_in="Italy")
P("SP-05", "Cuivraine Triolet", "saucepans", ("set of 3 saucepans", "lot de 3 casseroles"), 89.00,
  {"material": ["stainless_steel"], "coating": ["uncoated"], "hob": ALL_HOBS, "suits": ["dishwasher"], "occasion": ["gift"]}, None,
  (["16, 18 and 20 cm", "they stack"], ["16, 18 et 20 cm", "elles s'empilent"]),
  ("Three stainless steel saucepans, sold without lids.", "Trois casseroles inox, vendues sans couvercle."), was=1.3,
  pieces=3, induction=True, dishwasher_safe=True, lid_included=False, weight_kg=2.6, warranty_years=10, made_in="Italy")

# ------------------------------------------------------------------------------- cocottes, stockpots, pressure, woks
P("CO-01", "Ferrebrune Mijote", "dutch_ovens", ("cast iron casserole", "cocotte en fonte"), {"20 cm": 119.00, "24 cm": 149.00, "28 cm": 189.00},
  {"material": ["cast_iron"], "coating": ["enamel"], "hob": ALL_HOBS, "suits": ["oven", "dishwasher"], "occasion": ["gift"]}, ["red", "blue", "black"],
  (["slow cooking", "lid that bastes the meat"], ["cuisson lente", "couvercle qui arrose la viande"]),
  ("Enamelled cast iron for stews and bread, in the oven up to 250 °C.", "Fonte émaillée pour mijoter et cuire le pain, au four jusqu'à 250 °C."), sold=["28 cm/blue"],
  induction=True, dishwasher_safe=True, oven_safe=True, oven_max_c=250, lid_included=True, warranty_years=30, made_in="France")
P("CO-02", "Ferrebrune Potager", "dutch_ovens", ("cast iron casserole", "cocotte en fonte"), {"20 cm": 69.00, "24 cm": 85.00, "28 cm": 99.00},
  {"material": ["cast_iron"], "coating": ["enamel"], "hob": ALL_HOBS, "suits": ["oven"]}, ["green", "cream"],
  (["slow cooking", "good value"], ["cuisson lente", "bon rapport qualité-prix"]),
  ("Enamelled cast iron at a gentle price, in the oven up to 220 °C. Wash it by hand.", "Fonte émaillée à prix doux, au four jusqu'à 220 °C. Se lave à la main."),
  induction=True, dishwasher_safe=False, oven_safe=True, oven_max_c=220, lid_included=True, warranty_years=10, made_in="Poland")
P("CO-03", "Marmitaine Laurier", "dutch_ovens", ("light casserole", "cocotte légère"), {"24 cm": 59.90, "28 cm": 69.90},
  {"material": ["aluminium"], "coating": ["non_stick"], "hob": ALL_HOBS, "suits": ["oven", "dishwasher"]}, ["black", "grey"],
  (["three times lighter than cast iron", "non-stick"], ["trois fois plus légère que la fonte", "antiadhésive"]),
  ("Cast aluminium: light to carry, in the oven up to 200 °C.", "Fonte d'aluminium : légère à porter, au four jusqu'à 200 °C."),
  induction=True, dishwasher_safe=True, oven_safe=True, oven_max_c=200, lid_included=True, warranty_years=5, made_in="Portugal")
P("CO-04", "Ferrebrune Ovaline", "dutch_ovens", ("oval cast iron casserole", "cocotte ovale en fonte"), {"29 cm": 199.00, "33 cm": 239.00},
  {"material": ["cast_iron"], "coating": ["enamel"], "hob": ALL_HOBS, "suits": ["oven", "dishwasher"]}, ["red", "black"],
  (["for a whole chicken"], ["pour un poulet entier"]),
  ("Oval, for a whole chicken or a roast.", "Ovale, pour un poulet entier ou un rôti."), pre=["33 cm"],
  induction=True, dishwasher_safe=True, oven_safe=True, oven_max_c=250, lid_included=True, warranty_years=30, made_in="France")
P("ST-01", "Marmitaine Céleri", "stockpots", ("stockpot", "faitout"), {"5 l": 39.90, "8 l": 52.90, "12 l": 69.90},
  {"material": ["stainless_steel"], "coating": ["uncoated"], "hob": ALL_HOBS, "suits": ["dishwasher", "oven"]}, None,
  (["for soup and pasta", "glass lid included"], ["pour soupes et pâtes", "couvercle en verre fourni"]),
  ("A tall stainless steel pot for soup, pasta and jam.", "Un grand faitout inox pour la soupe, les pâtes et la confiture."),
  induction=True, dishwasher_safe=True, lid_included=True, warranty_years=10, made_in="Portugal")
P("PC-01", "Marmitaine Turbotin", "pressure_cookers", ("pressure cooker", "autocuiseur"), {"4.5 l": 69.90, "6 l": 79.90, "8 l": 94.90},
  {"material": ["stainless_steel"], "hob": ALL_HOBS}, None,
  (["one pressure level", "steam basket included"], ["un niveau de pression", "panier vapeur fourni"]),
  ("Beans in 20 minutes: a simple stainless steel pressure cooker.", "Des haricots en 20 minutes : un autocuiseur inox tout simple."), sold=["4.5 l"],
  induction=True, dishwasher_safe=False, pressure_levels=1, warranty_years=10, made_in="Spain")
P("PC-02", "Bouillane Cyclone", "pressure_cookers", ("pressure cooker with timer", "autocuiseur avec minuteur"), {"6 l": 129.00, "8 l": 149.00},
  {"material": ["stainless_steel"], "hob": ALL_HOBS, "suits": ["dishwasher"]}, None,
  (["two pressure levels", "timer in the handle"], ["deux niveaux de pression", "minuteur dans la poignée"]),
  ("Opens with one hand and tells you when it is done.", "S'ouvre d'une main et prévient quand c'est cuit."),
  induction=True, dishwasher_safe=True, pressure_levels=2, warranty_years=10, made_in="Germany")
P("WO-01", "Poêlane Gingembre", "woks", ("non-stick wok", "wok antiadhésif"), {"28 cm": 32.90, "32 cm": 39.90},
  {"material": ["aluminium"], "coating": ["non_stick"], "hob": ALL_HOBS, "suits": ["dishwasher"]}, None,
  (["flat base", "light"], ["fond plat", "léger"]),
  ("A light wok with a flat base for every hob.", "Un wok léger à fond plat pour tous les feux."),
  induction=True, dishwasher_safe=True, warranty_years=2, made_in="Portugal")
P("WO-02", "Ferrebrune Dragon", "woks", ("carbon steel wok", "wok en acier"), {"32 cm": 49.90, "36 cm": 59.90},
  {"material": ["carbon_steel"], "coating": ["uncoated"], "hob": ["gas"]}, None,
  (["round base", "for strong flames"], ["fond rond", "pour les flammes vives"]),
  ("A real wok with a round base, for gas only, to be seasoned before use.", "Un vrai wok à fond rond, pour le gaz seulement, à culotter avant usage."),
  induction=False, dishwasher_safe=False, needs_seasoning=True, warranty_years=10, made_in="France")

# ---------------------------------------------------------------------------------------------------------- knives
P("KN-01", "Ardelin Oriane", "kitchen_knives", ("chef's knife", "couteau de chef"), {"15 cm": 39.90, "20 cm": 49.90},
  {"knife": ["chef"], "material": ["stainless_steel"], "occasion": ["gift"]}, None,
  (["forged blade", "riveted handle"], ["lame forgée", "manche riveté"]),
  ("A forged chef's knife for everything. Wash it by hand and dry it at once.", "Un couteau de chef forgé pour tout faire. Se lave à la main, à sécher aussitôt."),
  dishwasher_safe=False, warranty_years=10, made_in="France")
P("KN-02", "Ardelin Brioche", "kitchen_knives", ("bread knife", "couteau à pain"), 44.90,
  {"knife": ["bread"], "material": ["stainless_steel"]}, None,
  (["serrated", "cuts hard crusts"], ["lame dentée", "coupe les croûtes dures"]),
  ("A long serrated blade for bread. Wash it by hand.", "Une longue lame dentée pour le pain. Se lave à la main."),
  blade_cm=23, weight_g=190, dishwasher_safe=False, warranty_years=10, made_in="France", stock=12)
P("KN-03", "Ardelin Mirabelle", "kitchen_knives", ("paring knife", "couteau d'office"), 16.90,
  {"knife": ["paring"], "material": ["stainless_steel"]}, ["black", "red", "green"],
  (["for fruit and vegetables"], ["pour fruits et légumes"]),
  ("A small sharp knife that peels and trims.", "Un petit couteau tranchant qui épluche et qui pare."),
  blade_cm=9, dishwasher_safe=True, warranty_years=5, made_in="France")
P("KN-04", "Kazemori Sakura", "kitchen_knives", ("santoku knife", "couteau santoku"), 119.00,
  {"knife": ["santoku"], "material": ["stainless_steel"], "occasion": ["gift"]}, None,
  (["damascus steel", "for vegetables, fish and meat"], ["acier damas", "pour légumes, poisson et viande"]),
  ("A Japanese all-round knife in damascus steel.", "Un couteau japonais polyvalent en acier damas."),
  blade_cm=17, weight_g=160, dishwasher_safe=False, warranty_years=10, made_in="Japan", stock=5)
P("KN-05", "Kazemori Tanuki", "kitchen_knives", ("Japanese chef's knife", "couteau de chef japonais"), {"18 cm": 129.00, "20 cm": 149.00},
  {"knife": ["chef"], "material": ["stainless_steel"], "occasion": ["gift"]}, None,
  (["damascus steel", "very light"], ["acier damas", "très léger"]),
  ("A gyuto of 67 layers of steel.", "Un gyuto de 67 couches d'acier."),
  layers=67, dishwasher_safe=False, warranty_years=10, made_in="Japan")
P("KN-06", "Marmitaine Vitecoupe", "kitchen_knives", ("chef's knife", "couteau de chef"), {"15 cm": 14.90, "20 cm": 19.90},
  {"knife": ["chef"], "material": ["stainless_steel"], "suits": ["dishwasher"]}, None,
  (["stamped blade", "plastic handle"], ["lame découpée", "manche en plastique"]),
  ("A simple first knife that may go in the dishwasher.", "Un premier couteau simple qui va au lave-vaisselle."),
  dishwasher_safe=True, warranty_years=2, made_in="Portugal")
P("KN-07", "Ardelin Filoche", "kitchen_knives", ("filleting knife", "couteau à filet"), 42.90,
  {"knife": ["fillet"], "material": ["stainless_steel"]}, None,
  (["flexible blade"], ["lame souple"]),
  ("A thin flexible blade for fish.", "Une lame fine et souple pour le poisson."),
  blade_cm=18, dishwasher_safe=False, warranty_years=10, made_in="France", stock=0)
P("KN-08", "Ardelin Pastorale", "kitchen_knives", ("chef's knife with olive wood handle", "couteau de chef à manche olivier"), {"15 cm": 59.90, "20 cm": 69.90},
  {"knife": ["chef"], "material": ["stainless_steel", "wood"], "occasion": ["gift"]}, None,
  (["olive wood handle", "forged blade"], ["manche en olivier", "lame forgée"]),
  ("A forged knife, each handle with its own grain.", "Un couteau forgé, chaque manche a son veinage."),
  dishwasher_safe=False, warranty_years=10, made_in="France")
P("KN-09", "Petit Toque Loupiot", "kitchen_knives", ("children's knife", "couteau pour enfant"), 14.90,
  {"knife": ["paring"], "who": ["kids"], "suits": ["dishwasher"]}, ["red", "blue"],
  (["round tip", "finger guard"], ["bout rond", "protège-doigts"]),
  ("A first knife for children from 5 years on, with a finger guard.", "Un premier couteau dès 5 ans, avec protège-doigts."),
  age_from=5, blade_cm=10, dishwasher_safe=True, warranty_years=2, made_in="France")
P("KS-01", "Ardelin Quintette", "knife_sets", ("block with 5 knives", "bloc de 5 couteaux"), 149.00,
  {"material": ["stainless_steel", "wood"], "occasion": ["gift"]}, None,
  (["beech block", "forged blades"], ["bloc en hêtre", "lames forgées"]),
  ("Chef's, bread, carving, utility and paring knife in a beech block.", "Couteaux de chef, à pain, à découper, universel et d'office dans un bloc en hêtre."), was=1.27,
  pieces=5, dishwasher_safe=False, warranty_years=10, made_in="France", stock=6)
P("KS-02", "Marmitaine Tribu", "knife_sets", ("set of 3 knives", "lot de 3 couteaux"), 39.90,
  {"material": ["stainless_steel"]}, None,
  (["chef's, bread and paring knife"], ["chef, pain et office"]),
  ("The three knives that a first kitchen needs.", "Les trois couteaux d'une première cuisine."),
  pieces=3, dishwasher_safe=True, warranty_years=2, made_in="Portugal", stock=21)
P("KS-03", "Ardelin Bistrot", "knife_sets", ("6 steak knives", "6 couteaux à steak"), 54.90,
  {"material": ["stainless_steel"], "occasion": ["gift"]}, ["black", "cream"],
  (["serrated", "gift box"], ["lames dentées", "coffret cadeau"]),
  ("Six table knives for meat, in a box.", "Six couteaux de table pour la viande, en coffret."),
  pieces=6, dishwasher_safe=True, warranty_years=5, made_in="France")
P("SH-01", "Ardelin Fusilane", "sharpeners", ("sharpening steel", "fusil à aiguiser"), 29.90,
  {"material": ["stainless_steel"]}, None, (["for European knives"], ["pour couteaux européens"]),
  ("Straightens the edge in ten strokes.", "Redresse le fil en dix passages."), length_cm=25, warranty_years=10, stock=9)
P("SH-02", "Kazemori Suiseki", "sharpeners", ("whetstone", "pierre à aiguiser"), 39.90,
  {}, None, (["two grits, 1000 and 3000", "for Japanese knives"], ["deux grains, 1000 et 3000", "pour couteaux japonais"]),
  ("A water stone with two sides.", "Une pierre à eau à deux faces."), warranty_years=2, made_in="Japan", stock=7)
P("SH-03", "Marmitaine Affilou", "sharpeners", ("pull-through sharpener", "aiguiseur manuel"), 14.90,
  {}, None, (["easy", "stands firmly"], ["facile", "bien stable"]),
  ("Pull the blade through five times: done.", "Passez la lame cinq fois : c'est fait."), warranty_years=2, stock=30)
P("BO-01", "Boisenne Hêtrelle", "boards", ("beech chopping board", "planche à découper en hêtre"), {"30x20": 19.90, "40x30": 29.90, "50x35": 39.90},
  {"material": ["wood"]}, None, (["juice groove", "two sides"], ["rainure à jus", "deux faces"]),
  ("Solid beech from the Jura. Oil it twice a year.", "Hêtre massif du Jura. À huiler deux fois par an."), dishwasher_safe=False, thickness_cm=2.5, warranty_years=2, made_in="France")
P("BO-02", "Marmitaine Planchette", "boards", ("plastic chopping board", "planche à découper en plastique"), 12.90,
  {"material": ["plastic"], "suits": ["dishwasher"], "without": ["bpa"]}, ["white", "green", "red"],
  (["does not slip"], ["ne glisse pas"]), ("40 x 25 cm, for the dishwasher.", "40 x 25 cm, va au lave-vaisselle."),
  dishwasher_safe=True, bpa_free=True, warranty_years=2)

# ---------------------------------------------------------------------------------------------------------- coffee
P("CM-01", "Brassemonde Aurore", "coffee_machines", ("filter coffee machine", "cafetière filtre électrique"), 49.90,
  {"coffee": ["ground"]}, ["black", "white"], (["10 cups", "switches off by itself"], ["10 tasses", "arrêt automatique"]),
  ("A simple filter machine with a glass jug.", "Une cafetière filtre simple avec verseuse en verre."),
  tank_l=1.25, cups=10, power_w=1000, height_cm=34, auto_off=True, warranty_years=2)
P("CM-02", "Brassemonde Velouté", "coffee_machines", ("filter machine with thermal jug", "cafetière filtre isotherme"), 79.90,
  {"coffee": ["ground"]}, None, (["keeps coffee hot for 4 hours", "timer"], ["garde le café chaud 4 heures", "programmable"]),
  ("Filter coffee that stays hot without a hot plate.", "Un café filtre qui reste chaud sans plaque."),
  tank_l=1.2, cups=8, power_w=1000, programmable=True, warranty_years=2, stock=13)
P("CM-03", "Brassemonde Piccola", "coffee_machines", ("capsule machine", "machine à capsules"), 89.00,
  {"coffee": ["capsules"]}, ["black", "red", "cream"], (["very small", "ready in 25 seconds"], ["toute petite", "prête en 25 secondes"]),
  ("An espresso in no time, 12 cm wide.", "Un expresso en un instant, 12 cm de large."), sold=["cream"],
  tank_l=0.7, pressure_bar=19, power_w=1450, width_cm=12, auto_off=True, warranty_years=2)
P("CM-04", "Brassemonde Ristretta", "coffee_machines", ("espresso machine", "machine à expresso"), 149.00,
  {"coffee": ["ground"], "milk": ["steam_wand"]}, None, (["steam wand", "15 cm wide"], ["buse vapeur", "15 cm de large"]),
  ("A narrow espresso machine for ground coffee, with a steam wand for milk foam.", "Une machine à expresso étroite pour café moulu, avec buse vapeur pour la mousse de lait."),
  tank_l=1.1, pressure_bar=15, power_w=1350, width_cm=15, warranty_years=2, stock=8)
P("CM-05", "Brassemonde Doppio", "coffee_machines", ("espresso machine with grinder", "machine à expresso avec broyeur"), 399.00,
  {"coffee": ["beans", "ground"], "milk": ["steam_wand"]}, None, (["built-in grinder", "steam wand"], ["broyeur intégré", "buse vapeur"]),
  ("Grinds the beans, then you play the barista: portafilter and steam wand for cappuccino.", "Broie les grains, puis à vous de jouer : porte-filtre et buse vapeur pour le cappuccino."),
  tank_l=2.2, pressure_bar=15, power_w=1600, noise_db=68, width_cm=32, warranty_years=3, stock=4)
P("CM-06", "Torréfane Automatica", "coffee_machines", ("bean-to-cup machine with milk jug", "machine à grains avec carafe à lait"), 549.00,
  {"coffee": ["beans"], "milk": ["automatic_milk"]}, None, (["cappuccino at one touch", "cleans itself"], ["cappuccino en une touche", "se nettoie toute seule"]),
  ("Beans in, cappuccino out: the milk jug foams by itself.", "Des grains d'un côté, un cappuccino de l'autre : la carafe mousse le lait toute seule."),
  tank_l=1.8, pressure_bar=15, power_w=1500, noise_db=64, width_cm=24, warranty_years=3, stock=5)
P("CM-07", "Torréfane Compatta", "coffee_machines", ("bean-to-cup machine", "machine à grains"), 379.00,
  {"coffee": ["beans"]}, None, (["quiet grinder", "only 18 cm wide"], ["broyeur silencieux", "18 cm de large seulement"]),
  ("Black coffee from beans, on a small worktop. It makes no milk foam.", "Du café noir en grains, sur un petit plan de travail. Elle ne fait pas de mousse de lait."), was=1.18,
  tank_l=1.4, pressure_bar=15, power_w=1450, noise_db=58, width_cm=18, warranty_years=3, stock=7)
P("CM-08", "Torréfane Maestra", "coffee_machines", ("bean-to-cup machine with two hoppers", "machine à grains à deux réservoirs"), 799.00,
  {"coffee": ["beans"], "milk": ["automatic_milk"]}, ["black"], (["two kinds of beans", "touch screen"], ["deux sortes de grains", "écran tactile"]),
  ("The big one: two hoppers, 16 drinks.", "La grande : deux réservoirs à grains, 16 boissons."),
  tank_l=2.4, pressure_bar=19, power_w=1500, noise_db=60, drinks=16, warranty_years=3, pre=["black"])
P("CF-01", "Brassemonde Napolina", "coffee_makers", ("moka pot", "cafetière italienne"), {"0.15 l": 19.90, "0.3 l": 24.90, "0.45 l": 29.90},
  {"material": ["aluminium"], "coffee": ["ground"], "hob": ["gas", "electric"]}, None, (["3, 6 or 9 cups"], ["3, 6 ou 9 tasses"]),
  ("The classic in aluminium, not for induction: 0.15 l is 3 cups, 0.3 l 6 cups, 0.45 l 9 cups.", "Le classique en aluminium, pas pour l'induction : 0,15 l font 3 tasses, 0,3 l 6 tasses, 0,45 l 9 tasses."),
  induction=False, dishwasher_safe=False, warranty_years=2, made_in="Italy")
P("CF-02", "Brassemonde Inoxane", "coffee_makers", ("stainless steel moka pot", "cafetière italienne inox"), {"0.2 l": 36.90, "0.3 l": 42.90},
  {"material": ["stainless_steel"], "coffee": ["ground"], "hob": ALL_HOBS, "suits": ["dishwasher"]}, None, (["4 or 6 cups", "for induction too"], ["4 ou 6 tasses", "pour l'induction aussi"]),
  ("Steel, for every hob: 0.2 l is 4 cups, 0.3 l 6 cups.", "En inox, pour tous les feux : 0,2 l font 4 tasses, 0,3 l 6 tasses."),
  induction=True, dishwasher_safe=True, warranty_years=5, made_in="Italy")
P("CF-03", "Verrelune Pistone", "coffee_makers", ("French press", "cafetière à piston"), {"0.35 l": 19.90, "1 l": 29.90},
  {"material": ["glass", "stainless_steel"], "coffee": ["ground"], "suits": ["dishwasher"]}, None, (["fine steel filter"], ["filtre inox fin"]),
  ("Heat-proof glass and a fine filter.", "Verre résistant et filtre fin."), dishwasher_safe=True, brewing_minutes=4, warranty_years=2)
P("GR-01", "Torréfane Moulédor", "grinders", ("electric coffee grinder", "moulin à café électrique"), 69.00,
  {"coffee": ["beans"]}, None, (["burr grinder, 16 settings"], ["meules, 16 réglages"]),
  ("From espresso to French press.", "De l'expresso au piston."), settings=16, power_w=110, noise_db=72, warranty_years=2, stock=10)
P("GR-02", "Boisenne Manivelle", "grinders", ("hand coffee grinder", "moulin à café manuel"), 44.90,
  {"coffee": ["beans"], "material": ["wood"], "occasion": ["gift"]}, None, (["ceramic burrs", "no electricity"], ["meules céramique", "sans électricité"]),
  ("30 g of beans by hand, in silence.", "30 g de grains à la main, en silence."), capacity_g=30, warranty_years=5, made_in="France", stock=6)
P("KE-01", "Bouillane Brume", "kettles", ("electric kettle", "bouilloire électrique"), {"1.7 l": 29.90},
  {"material": ["plastic"], "without": ["bpa"]}, ["white", "black"], (["switches off by itself", "water window"], ["arrêt automatique", "niveau d'eau visible"]),
  ("The simple one.", "La toute simple."), power_w=2200, auto_off=True, keep_warm=False, cord_cm=75, bpa_free=True, warranty_years=2)
P("KE-02", "Bouillane Samovar", "kettles", ("steel electric kettle", "bouilloire électrique inox"), {"1.7 l": 49.90},
  {"material": ["stainless_steel"]}, None, (["quiet", "double wall stays cool"], ["silencieuse", "double paroi qui ne brûle pas"]),
  ("Steel inside and outside, cool to the touch.", "Inox dedans et dehors, froide au toucher."), power_w=2200, auto_off=True, keep_warm=False, warranty_years=3)
P("KE-03", "Bouillane Degré", "kettles", ("kettle with temperature control", "bouilloire à température réglable"), {"1.7 l": 79.90},
  {"material": ["stainless_steel"], "control": ["temperature"]}, None, (["40 to 100 °C", "keeps warm for 30 minutes"], ["de 40 à 100 °C", "garde au chaud 30 minutes"]),
  ("For green tea, baby bottles and coffee: set it to the degree.", "Pour le thé vert, les biberons et le café : au degré près."), power_w=2400, keep_warm=True, keep_warm_minutes=30, auto_off=True, warranty_years=3)
P("KE-04", "Verrelune Cristalin", "kettles", ("glass kettle", "bouilloire en verre"), {"1 l": 44.90, "1.7 l": 54.90},
  {"material": ["glass"]}, None, (["blue light while it boils"], ["lumière bleue pendant la chauffe"]),
  ("Heat-proof glass, with a light.", "Verre résistant, avec éclairage."), power_w=2000, auto_off=True, keep_warm=False, warranty_years=2)
P("KE-05", "Bouillane Cygne", "kettles", ("gooseneck kettle", "bouilloire col de cygne"), {"0.8 l": 99.00},
  {"material": ["stainless_steel"], "control": ["temperature"], "occasion": ["gift"]}, ["black", "white"], (["thin spout for pour-over coffee", "40 to 100 °C"], ["bec fin pour café filtre à la main", "de 40 à 100 °C"]),
  ("Pours drop by drop: made for pour-over coffee.", "Verse goutte à goutte : faite pour le café filtre à la main."), sold=["white"], power_w=1200, keep_warm=True, keep_warm_minutes=60, warranty_years=3)
P("KE-06", "Marmitaine Sifflote", "kettles", ("whistling kettle", "bouilloire sifflante"), {"2 l": 34.90},
  {"material": ["stainless_steel"], "hob": ALL_HOBS}, ["red", "cream", "blue"], (["for the hob", "whistles"], ["pour le feu", "siffle"]),
  ("For the hob, without electricity.", "Pour le feu, sans électricité."), induction=True, warranty_years=5)
P("KE-07", "Bouillane Minime", "kettles", ("travel kettle", "bouilloire de voyage"), {"0.5 l": 24.90},
  {"material": ["plastic"], "without": ["bpa"]}, None, (["two cups", "dual voltage"], ["deux tasses", "bi-tension"]),
  ("For the suitcase or the office: two cups.", "Pour la valise ou le bureau : deux tasses."), power_w=650, weight_kg=0.6, auto_off=True, bpa_free=True, warranty_years=2)
P("TP-01", "Argilune Infusette", "teapots", ("cast iron teapot", "théière en fonte"), {"0.8 l": 49.90, "1.2 l": 59.90},
  {"material": ["cast_iron"], "occasion": ["gift"]}, ["black", "red", "green"], (["steel filter included", "keeps warm"], ["filtre inox fourni", "garde la chaleur"]),
  ("For the table only, not for the hob.", "Pour la table seulement, pas pour le feu."), dishwasher_safe=False, induction=False, warranty_years=2)

# -------------------------------------------------------------------------------------------------------- bakeware
P("BK-01", "Levanne Tartelune", "cake_tins", ("tart tin", "moule à tarte"), {"24 cm": 14.90, "28 cm": 17.90, "32 cm": 20.90},
  {"bake": ["tart"], "material": ["carbon_steel"], "coating": ["non_stick"], "suits": ["oven"]}, None, (["loose base", "fluted rim"], ["fond amovible", "bord cannelé"]),
  ("A non-stick tin whose base comes out.", "Un moule antiadhésif dont le fond se retire."), dishwasher_safe=False, oven_max_c=230, warranty_years=2, made_in="Germany")
P("BK-02", "Levanne Charnelle", "cake_tins", ("springform tin", "moule à charnière"), {"20 cm": 15.90, "24 cm": 18.90, "26 cm": 20.90},
  {"bake": ["cake"], "material": ["carbon_steel"], "coating": ["non_stick"], "suits": ["oven"]}, None, (["leak-proof rim"], ["bord étanche"]),
  ("For cheesecake and sponge: the ring opens.", "Pour cheesecake et génoise : le cercle s'ouvre."), sold=["26 cm"], dishwasher_safe=False, oven_max_c=230, warranty_years=2, made_in="Germany")
P("BK-03", "Levanne Quatrequart", "cake_tins", ("loaf tin", "moule à cake"), {"24 cm": 12.90, "30 cm": 15.90},
  {"bake": ["loaf"], "material": ["carbon_steel"], "coating": ["non_stick"], "suits": ["oven"]}, None, (["for cakes and terrines"], ["pour cakes et terrines"]),
  ("A long non-stick tin.", "Un moule long antiadhésif."), dishwasher_safe=False, oven_max_c=230, warranty_years=2, made_in="Germany")
P("BK-04", "Levanne Muffinou", "cake_tins", ("silicone muffin mould", "moule à muffins en silicone"), 16.90,
  {"bake": ["muffin"], "material": ["silicone"], "suits": ["oven", "dishwasher", "freezer", "microwave"], "without": ["bpa"]}, ["red", "grey"], (["12 muffins"], ["12 muffins"]),
  ("Twelve muffins that fall out by themselves.", "Douze muffins qui se démoulent tout seuls."), holes=12, oven_max_c=230, dishwasher_safe=True, warranty_years=2)
P("OD-01", "Argilune Gratinelle", "oven_dishes", ("stoneware oven dish", "plat à gratin en grès"), {"26 cm": 24.90, "32 cm": 32.90, "38 cm": 42.90},
  {"material": ["stoneware"], "suits": ["oven", "microwave", "dishwasher", "freezer"]}, ["red", "blue", "cream"], (["two handles", "pretty on the table"], ["deux poignées", "jolie à table"]),
  ("Glazed stoneware for gratins and lasagne.", "Grès émaillé pour gratins et lasagnes."), dishwasher_safe=True, microwave_safe=True, oven_max_c=250, warranty_years=5, made_in="France")
P("OD-02", "Verrelune Lasagnette", "oven_dishes", ("glass oven dish with lid", "plat à four en verre avec couvercle"), {"1.5 l": 17.90, "2.5 l": 23.90},
  {"material": ["glass"], "suits": ["oven", "microwave", "dishwasher", "freezer"]}, None, (["lid for the fridge"], ["couvercle pour le frigo"]),
  ("From the freezer to the oven, the lid stays outside.", "Du congélateur au four, sans le couvercle."), dishwasher_safe=True, microwave_safe=True, oven_max_c=300, lid_included=True, warranty_years=2, made_in="France")
P("MB-01", "Marmitaine Fouettine", "mixing_bowls", ("mixing bowl", "cul-de-poule"), {"1.5 l": 9.90, "3 l": 13.90, "5 l": 18.90},
  {"material": ["stainless_steel"], "suits": ["dishwasher", "freezer"]}, None, (["non-slip base", "litre marks"], ["fond antidérapant", "graduations"]),
  ("A steel bowl that stays where it is.", "Un cul-de-poule en inox qui ne bouge pas."), dishwasher_safe=True, microwave_safe=False, warranty_years=2)
P("SC-01", "Marmitaine Gramette", "scales", ("kitchen scale", "balance de cuisine"), 24.90,
  {"material": ["glass"]}, ["black", "white"], (["precise to 1 g", "flat"], ["précise à 1 g", "plate"]),
  ("Weighs up to 5 kg, with two batteries.", "Pèse jusqu'à 5 kg, avec deux piles."), max_kg=5, precision_g=1, warranty_years=2)

# --------------------------------------------------------------------------------------------------------- storage
P("JA-01", "Boccalin Clip", "jars", ("clip-top jar", "bocal à clip"), {"0.5 l": 3.90, "1 l": 4.90, "2 l": 6.90},
  {"material": ["glass"], "suits": ["dishwasher"]}, None, (["for preserves", "rubber seal"], ["pour conserves", "joint en caoutchouc"]),
  ("Glass with a clip and a seal: for preserves and dry goods.", "Verre, clip et joint : pour conserves et produits secs."), dishwasher_safe=True, airtight=True, for_preserves=True, made_in="France")
P("JA-02", "Boccalin Bambou", "jars", ("jar with bamboo lid", "bocal à couvercle bambou"), {"0.5 l": 6.90, "1 l": 8.90, "2 l": 11.90},
  {"material": ["glass", "wood"]}, None, (["for dry goods", "bamboo lid"], ["pour produits secs", "couvercle bambou"]),
  ("For pasta, flour and coffee; not for preserves.", "Pour pâtes, farine et café ; pas pour les conserves."), dishwasher_safe=False, airtight=True, for_preserves=False)
P("FB-01", "Boccalin Hermette", "food_boxes", ("glass food box", "boîte de conservation en verre"), {"0.4 l": 7.90, "0.8 l": 10.90, "1.5 l": 14.90},
  {"material": ["glass"], "suits": ["oven", "microwave", "freezer", "dishwasher"], "without": ["bpa"]}, None, (["leak-proof lid"], ["couvercle étanche"]),
  ("Freeze, heat and serve in the same box. Take the lid off in the oven.", "Congeler, réchauffer et servir dans la même boîte. Sans le couvercle au four."), dishwasher_safe=True, microwave_safe=True, airtight=True, bpa_free=True, warranty_years=2)
P("FB-02", "Marmitaine Clipsy", "food_boxes", ("set of 5 plastic boxes", "lot de 5 boîtes en plastique"), 19.90,
  {"material": ["plastic"], "suits": ["microwave", "freezer", "dishwasher"], "without": ["bpa"]}, None, (["they nest", "five sizes"], ["gigognes", "cinq tailles"]),
  ("From 0.2 to 2 litres, one in the other.", "De 0,2 à 2 litres, l'une dans l'autre."), pieces=5, dishwasher_safe=True, microwave_safe=True, bpa_free=True, stock=25)
P("FB-03", "Boccalin Bentane", "food_boxes", ("steel lunch box", "lunch box en inox"), {"0.8 l": 27.90, "1.2 l": 32.90},
  {"material": ["stainless_steel"], "suits": ["dishwasher", "freezer"], "without": ["bpa"]}, None, (["two compartments", "leak-proof"], ["deux compartiments", "étanche"]),
  ("Steel, so not for the microwave.", "En inox, donc pas au micro-ondes."), dishwasher_safe=True, microwave_safe=False, weight_g=410, warranty_years=5)
P("BT-01", "Boccalin Gorgée", "bottles", ("insulated bottle", "bouteille isotherme"), {"0.5 l": 24.90, "0.75 l": 28.90, "1 l": 32.90},
  {"material": ["stainless_steel"], "without": ["bpa"]}, ["black", "green", "pink"], (["hot for 12 hours, cold for 24"], ["chaud 12 heures, froid 24"]),
  ("Double-walled steel with a screw lid.", "Inox à double paroi, bouchon à vis."), hot_hours=12, cold_hours=24, dishwasher_safe=False, bpa_free=True, warranty_years=5, sold=["1 l/pink"])

# ------------------------------------------------------------------------------------------------------- tableware
P("PL-01", "Tablange Aubépine", "plates", ("porcelain plate", "assiette en porcelaine"), {"21 cm": 7.90, "27 cm": 9.90},
  {"material": ["porcelain"], "suits": ["dishwasher", "microwave"]}, ["white"], (["thin rim"], ["bord fin"]),
  ("White porcelain, sold singly.", "Porcelaine blanche, vendue à l'unité."), dishwasher_safe=True, microwave_safe=True, made_in="Portugal")
P("PL-02", "Argilune Dolmen", "plates", ("stoneware plate", "assiette en grès"), {"21 cm": 10.90, "27 cm": 13.90},
  {"material": ["stoneware"], "suits": ["dishwasher", "microwave", "oven"]}, ["grey", "blue", "green"], (["reactive glaze, each one differs"], ["émail réactif, chacune est unique"]),
  ("Hand-glazed stoneware, sold singly.", "Grès émaillé à la main, vendu à l'unité."), dishwasher_safe=True, microwave_safe=True, made_in="Portugal", sold=["27 cm/green"])
P("PL-03", "Tablange Farandole", "plates", ("dinner set of 18 pieces", "service de table 18 pièces"), 119.00,
  {"material": ["porcelain"], "suits": ["dishwasher", "microwave"], "occasion": ["gift"]}, ["white"], (["for 6 people"], ["pour 6 personnes"]),
  ("Six dinner plates, six soup plates, six dessert plates.", "Six assiettes plates, six creuses, six à dessert."), was=1.25, pieces=18, dishwasher_safe=True, microwave_safe=True, made_in="Portugal")
P("PL-04", "Petit Toque Ourson", "plates", ("children's meal set", "coffret repas enfant"), 24.90,
  {"material": ["porcelain"], "who": ["kids"], "suits": ["dishwasher", "microwave"], "occasion": ["gift"]}, None, (["plate, bowl and mug with a bear"], ["assiette, bol et tasse à l'ours"]),
  ("Three pieces in a gift box.", "Trois pièces dans un coffret."), pieces=3, dishwasher_safe=True, microwave_safe=True, stock=11)
P("BW-01", "Argilune Galet", "bowls", ("stoneware bowl", "bol en grès"), {"0.5 l": 8.90, "0.8 l": 10.90},
  {"material": ["stoneware"], "suits": ["dishwasher", "microwave"]}, ["grey", "blue", "green"], (["goes with Dolmen"], ["assorti à Dolmen"]),
  ("For soup, cereals and salad.", "Pour la soupe, les céréales et la salade."), dishwasher_safe=True, microwave_safe=True, made_in="Portugal")
P("MG-01", "Tablange Matinée", "mugs", ("mug", "mug"), {"0.3 l": 6.90, "0.4 l": 7.90},
  {"material": ["porcelain"], "suits": ["dishwasher", "microwave"]}, ["white", "blue", "yellow"], (["big handle"], ["grande anse"]),
  ("A porcelain mug, sold singly.", "Un mug en porcelaine, vendu à l'unité."), dishwasher_safe=True, microwave_safe=True)
P("MG-02", "Verrelune Duetto", "mugs", ("2 double-walled cups", "2 tasses double paroi"), {"0.08 l": 14.90, "0.25 l": 19.90},
  {"material": ["glass"], "suits": ["dishwasher", "microwave"], "occasion": ["gift"]}, None, (["hot inside, cool outside", "set of 2"], ["chaudes dedans, froides dehors", "lot de 2"]),
  ("Two cups in a box: 0.08 l for espresso, 0.25 l for cappuccino.", "Deux tasses en coffret : 0,08 l pour l'expresso, 0,25 l pour le cappuccino."), pieces=2, dishwasher_safe=True, microwave_safe=True)
P("GL-01", "Verrelune Bourgogne", "glasses", ("6 wine glasses", "6 verres à vin"), {"0.35 l": 34.90, "0.5 l": 42.90},
  {"material": ["glass"], "suits": ["dishwasher"], "occasion": ["gift"]}, None, (["set of 6", "thin rim"], ["lot de 6", "bord fin"]),
  ("Six stemmed glasses: 0.35 l for white wine, 0.5 l for red.", "Six verres à pied : 0,35 l pour le blanc, 0,5 l pour le rouge."), pieces=6, dishwasher_safe=True)
P("GL-02", "Verrelune Pétille", "glasses", ("6 champagne flutes", "6 flûtes à champagne"), 29.90,
  {"material": ["glass"], "suits": ["dishwasher"], "occasion": ["gift"]}, None, (["set of 6"], ["lot de 6"]),
  ("Six tall flutes.", "Six flûtes hautes."), pieces=6, capacity_cl=17, dishwasher_safe=True, stock=14)
P("GL-03", "Verrelune Cantine", "glasses", ("6 tumblers", "6 gobelets"), 14.90,
  {"material": ["glass"], "suits": ["dishwasher"]}, None, (["tempered glass", "they stack"], ["verre trempé", "empilables"]),
  ("Six glasses that survive a fall.", "Six verres qui survivent à une chute."), pieces=6, capacity_cl=25, dishwasher_safe=True, stock=33)
P("CU-01", "Tablange Palace", "cutlery", ("cutlery set of 24 pieces", "ménagère 24 pièces"), 89.00,
  {"material": ["stainless_steel"], "suits": ["dishwasher"], "occasion": ["gift"]}, ["grey", "black"], (["for 6 people", "gift box"], ["pour 6 personnes", "coffret"]),
  ("Forks, knives, spoons and teaspoons for six.", "Fourchettes, couteaux, cuillères et petites cuillères pour six."), pieces=24, dishwasher_safe=True, warranty_years=10)

# ----------------------------------------------------------------------------------------------------- accessories
P("AC-01", "Marmitaine Coiffe", "accessories", ("glass lid", "couvercle en verre"), {"20 cm": 9.90, "24 cm": 11.90, "28 cm": 13.90},
  {"material": ["glass"], "suits": ["dishwasher"]}, None, (["steam hole"], ["trou d'évacuation"]),
  ("A lid for any pan of its diameter.", "Un couvercle pour toute poêle de son diamètre."), dishwasher_safe=True, warranty_years=2)
P("AC-03", "Torréfane Détartrane", "accessories", ("descaler for coffee machines", "détartrant pour machines à café"), 9.90,
  {}, None, (["4 doses", "also for kettles"], ["4 doses", "pour les bouilloires aussi"]),
  ("Citric acid in four doses.", "Acide citrique en quatre doses."), doses=4, volume_ml=500, stock=40)
P("AC-04", "Boisenne Spatulane", "accessories", ("3 olive wood spatulas", "3 spatules en olivier"), 15.90,
  {"material": ["wood"], "occasion": ["gift"]}, None, (["kind to non-stick pans"], ["respectent l'antiadhésif"]),
  ("Three spatulas that do not scratch.", "Trois spatules qui ne rayent pas."), pieces=3, dishwasher_safe=False, made_in="France", stock=16)

pathlib.Path(__file__).with_name("catalog.ndjson").write_text("".join(json.dumps(d, ensure_ascii=False, separators=(",", ":")) + "\n" for d in out), encoding="utf-8")
print(len(out), "products")
