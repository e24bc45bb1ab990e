#!/usr/bin/env python3
"""Writes catalog.ndjson and baskets.csv of Foulée, an invented sports shop.

Usage: python3 generate.py [FOLDER]   (default: the folder of this file)

Standard library only and seeded: the same script always writes the same bytes. All brands and
product names are invented. The products are described in the tables below; chance decides only
stock, colours and what lies in the baskets.
"""

import json
import random
import sys
from pathlib import Path

SEED = 20261122
BASKETS = 2_000

# Brand by house speciality.
BRANDS = {
    "run": "Vélance", "trail": "Karsto", "ball": "Fulbane", "court": "Revola", "mat": "Orgelle",
    "bike": "Ostrane", "swim": "Maréo", "snow": "Tiverne", "food": "Ravigo", "tech": "Pulsane",
    "base": "Foulée",
}

# Feature phrases, English → French. Short, true whatever the size, without digits.
FEATURES = {
    "cushioned sole": "semelle amortie", "soft heel": "talon souple", "light upper": "tige légère",
    "breathable mesh": "mesh respirant", "carbon plate": "plaque carbone",
    "responsive foam": "mousse réactive", "firm heel support": "bon maintien du talon",
    "wide fit": "chaussant large", "reflective details": "détails réfléchissants",
    "deep lugs": "crampons profonds", "stone guard": "pare-pierres",
    "waterproof membrane": "membrane imperméable", "grippy rubber": "gomme accrocheuse",
    "quick lacing": "laçage rapide", "high ankle": "tige montante",
    "leather upper": "tige en cuir", "moulded studs": "crampons moulés",
    "snug collar": "col ajusté", "flat sole": "semelle plate",
    "lateral support": "maintien latéral", "durable outsole": "semelle résistante",
    "stiff sole": "semelle rigide", "dial closure": "serrage à molette",
    "drains quickly": "évacue l'eau", "dries quickly": "sèche vite",
    "soft fabric": "tissu doux", "flat seams": "coutures plates", "zip pocket": "poche zippée",
    "inner brief": "slip intérieur", "high waist": "taille haute",
    "stretch fabric": "tissu extensible", "windproof front": "devant coupe-vent",
    "packs small": "se plie en petit", "adjustable hood": "capuche réglable",
    "recycled fabric": "tissu recyclé", "merino wool": "laine mérinos",
    "warm lining": "doublure chaude", "thumb loops": "passe-pouces",
    "padded chamois": "peau rembourrée", "back pockets": "poches dorsales",
    "removable cups": "coques amovibles", "wide straps": "bretelles larges",
    "chlorine resistant": "résiste au chlore", "touchscreen fingertips": "doigts tactiles",
    "anti-blister": "anti-ampoules", "left and right shaped": "forme pied droit et gauche",
    "light compression": "compression légère", "seamless toe": "bout sans couture",
    "easy to open": "facile à ouvrir", "gentle on the stomach": "doux pour l'estomac",
    "liquid texture": "texture liquide", "natural ingredients": "ingrédients naturels",
    "high in protein": "riche en protéines", "with electrolytes": "avec électrolytes",
    "not too sweet": "peu sucré", "built-in GPS": "GPS intégré",
    "wrist heart rate": "cardio au poignet", "long battery life": "grande autonomie",
    "swim proof": "étanche à la nage", "rechargeable": "rechargeable",
    "red rear light": "feu rouge arrière", "tilting lamp": "lampe inclinable",
    "soft chest strap": "sangle douce", "open ear": "oreilles libres",
    "rain cover included": "housse de pluie incluse", "ventilated back": "dos ventilé",
    "hip belt": "ceinture ventrale", "soft flasks included": "gourdes souples incluses",
    "bounce free": "sans rebond", "shoe compartment": "compartiment chaussures",
    "hand stitched": "cousu main", "machine stitched": "cousu machine",
    "training quality": "qualité entraînement", "match quality": "qualité match",
    "light frame": "cadre léger", "large head": "grand tamis", "pre-strung": "cordée",
    "non-slip surface": "surface antidérapante", "extra thick": "très épais",
    "natural cork": "liège naturel", "carrying strap": "sangle de transport",
    "cotton loop": "boucle en coton", "neoprene grip": "prise néoprène",
    "set of several strengths": "lot de plusieurs résistances", "well ventilated": "bien ventilé",
    "quick adjustment": "réglage rapide", "USB charging": "recharge USB",
    "keeps drinks cold": "garde au frais", "leakproof": "anti-fuite",
    "insulated": "isotherme", "anti-fog": "antibuée", "mirrored lens": "verre miroir",
    "soft silicone": "silicone souple", "double lens": "double écran",
    "fits over glasses": "compatible lunettes", "telescopic": "télescopiques",
    "cork handle": "poignée en liège", "folds in three": "pliables en trois",
    "firm foam": "mousse ferme", "cut to size": "à découper", "sent by e-mail": "envoyée par e-mail",
    "any amount of the shop": "valable sur tout le magasin", "vacuum insulation": "isolation sous vide",
    "edge protection": "carres protégées", "helmet compatible": "compatible casque",
    "low weight": "poids plume", "bright beam": "faisceau puissant",
    "adjustable strap": "dragonne réglable", "flat base": "base plane",
    "padded sole": "dessous rembourré", "long lasting": "longue durée de vie",
    "grip dots": "picots antidérapants", "light fabric": "tissu léger",
    "leather palm": "paume en cuir", "fits long hair": "convient aux cheveux longs",
    "clear sound": "son clair", "quick to fit": "montage rapide",
    "soft ear tips": "embouts souples", "one size for all": "taille unique",
    "firm rubber": "caoutchouc ferme", "large volume": "grand volume",
    "long cuff": "longue manchette", "snow skirt": "jupe pare-neige",
}

SHOES = [str(size) for size in range(36, 48)]
CLOTHES = ["XS", "S", "M", "L", "XL", "XXL"]
SOCKS = ["35-38", "39-42", "43-46"]
COLOURS = ["black", "white", "blue", "red", "green", "yellow", "orange", "pink", "purple", "grey"]

# Each row: name, price, facets ("key=value key=a,b"), features. One table a kind of product:
# prefix, digits of the sku, category, title en, title fr, brand, sizes, common facets, rows.
# The order of the rows is the shop's order: the first row is the one it would show first.
RUN_SPORT = "sport=running"
TABLES = [
    ("RUN", 3, "running_shoes", "running shoes", "chaussures de course", "run", SHOES,
     "sport=running surface=road", [
        ("Alcyone", "109.00", "goal=daily feel=comfort level=beginner,regular", "cushioned sole; soft heel"),
        ("Baltée", "89.00", "goal=daily feel=comfort level=beginner", "cushioned sole; wide fit"),
        ("Cadelle", "79.90", "goal=daily feel=stability level=beginner", "firm heel support; breathable mesh"),
        ("Dorane", "119.00", "goal=daily feel=stability level=regular", "firm heel support; reflective details"),
        ("Élouan", "99.00", "goal=daily feel=speed level=regular", "light upper; responsive foam"),
        ("Farelle", "129.00", "goal=half_marathon feel=comfort level=regular", "cushioned sole; breathable mesh"),
        ("Galène", "139.00", "goal=half_marathon feel=speed level=regular,expert", "responsive foam; light upper"),
        ("Hélion", "134.00", "goal=half_marathon feel=stability level=regular", "firm heel support; light upper"),
        ("Isolde", "149.00", "goal=marathon,half_marathon feel=speed level=regular,expert", "responsive foam; light upper"),
        ("Jorasse", "179.00", "goal=marathon feel=speed level=expert", "carbon plate; light upper"),
        ("Kerline", "199.00", "goal=marathon feel=speed level=expert", "carbon plate; responsive foam"),
        ("Lorande", "139.00", "goal=marathon feel=comfort level=beginner,regular", "cushioned sole; light upper"),
        ("Mirandelle", "149.00", "goal=marathon,half_marathon feel=comfort level=regular", "cushioned sole; breathable mesh"),
        ("Nérine", "159.00", "goal=marathon feel=comfort level=regular,expert", "cushioned sole; responsive foam"),
        ("Oriande", "124.00", "goal=short_race feel=speed level=regular", "light upper; responsive foam"),
        ("Pélisse", "114.00", "goal=short_race feel=speed level=beginner,regular", "light upper; breathable mesh"),
        ("Quernon", "144.00", "goal=short_race feel=speed level=expert", "carbon plate; snug collar"),
        ("Rosalbe", "69.90", "goal=daily feel=comfort level=beginner gender=women", "soft heel; breathable mesh"),
        ("Solvane", "69.90", "goal=daily feel=comfort level=beginner gender=men", "soft heel; durable outsole"),
        ("Titelle", "49.90", "goal=daily feel=comfort level=beginner gender=kids", "quick lacing; soft heel"),
    ]),
    ("TRL", 3, "trail_shoes", "trail shoes", "chaussures de trail", "trail", SHOES,
     "sport=trail", [
        ("Arvoine", "119.00", "goal=daily surface=path feel=comfort level=beginner,regular", "cushioned sole; stone guard"),
        ("Brévane", "129.00", "goal=daily surface=path feel=speed level=regular", "light upper; grippy rubber"),
        ("Corvelle", "139.00", "goal=short_race surface=mud feel=speed level=regular,expert", "deep lugs; light upper"),
        ("Drôline", "149.00", "goal=ultra surface=path feel=comfort level=regular,expert", "cushioned sole; wide fit"),
        ("Esterane", "159.00", "goal=ultra surface=rock feel=comfort level=expert", "stone guard; cushioned sole"),
        ("Falguère", "169.00", "goal=ultra surface=rock feel=speed level=expert", "light upper; grippy rubber"),
        ("Grésivane", "99.00", "goal=daily surface=path feel=stability level=beginner", "firm heel support; durable outsole"),
        ("Hérane", "134.00", "goal=daily surface=mud feel=stability level=regular weather=rain", "waterproof membrane; deep lugs"),
        ("Izoire", "144.00", "goal=short_race surface=rock feel=speed level=expert", "grippy rubber; quick lacing"),
        ("Jovelle", "89.00", "goal=daily surface=path feel=comfort level=beginner gender=women", "soft heel; grippy rubber"),
        ("Kérouan", "89.00", "goal=daily surface=path feel=comfort level=beginner gender=men", "soft heel; grippy rubber"),
        ("Lauvane", "154.00", "goal=ultra surface=mud feel=stability level=expert weather=rain", "waterproof membrane; snug collar"),
    ]),
    ("HIK", 3, "hiking_shoes", "hiking shoes", "chaussures de randonnée", "trail", SHOES,
     "sport=hiking", [
        ("Mercane", "99.00", "trip=day surface=path feel=comfort level=beginner weather=rain", "waterproof membrane; cushioned sole"),
        ("Nivolle", "79.00", "trip=day surface=path feel=comfort level=beginner", "breathable mesh; grippy rubber"),
        ("Oisane", "149.00", "trip=weekend surface=rock feel=stability level=regular weather=rain", "high ankle; waterproof membrane"),
        ("Pralane", "189.00", "trip=weekend surface=rock feel=stability level=expert weather=rain,cold", "leather upper; high ankle"),
        ("Queyrine", "129.00", "trip=weekend surface=path feel=comfort level=regular weather=rain", "waterproof membrane; wide fit"),
        ("Rotane", "109.00", "trip=day surface=rock feel=speed level=regular", "light upper; stone guard"),
        ("Sambuque", "69.00", "trip=day surface=path feel=comfort level=beginner gender=women", "soft heel; quick lacing"),
        ("Taillane", "69.00", "trip=day surface=path feel=comfort level=beginner gender=men", "soft heel; quick lacing"),
        ("Ubayne", "45.00", "trip=day surface=path feel=comfort level=beginner gender=kids", "quick lacing; durable outsole"),
        ("Vercane", "139.00", "trip=weekend surface=path,mud feel=stability level=regular weather=cold", "warm lining; high ankle"),
    ]),
    ("FOO", 3, "football_boots", "football boots", "chaussures de football", "ball", SHOES,
     "sport=football", [
        ("Attacane", "79.00", "surface=grass feel=speed level=regular", "light upper; moulded studs"),
        ("Buteline", "129.00", "surface=grass feel=speed level=expert", "snug collar; moulded studs"),
        ("Centrine", "59.00", "surface=grass feel=comfort level=beginner", "soft heel; moulded studs"),
        ("Défane", "89.00", "surface=grass,artificial_turf feel=stability level=regular", "lateral support; moulded studs"),
        ("Esquivane", "69.00", "surface=artificial_turf feel=comfort level=beginner,regular", "durable outsole; soft heel"),
        ("Feintelle", "74.00", "surface=indoor feel=speed level=regular", "flat sole; light upper"),
        ("Gardane", "54.00", "surface=indoor feel=comfort level=beginner", "flat sole; lateral support"),
        ("Juniore", "39.90", "surface=grass,artificial_turf feel=comfort level=beginner gender=kids", "quick lacing; moulded studs"),
    ]),
    ("TEN", 3, "tennis_shoes", "tennis shoes", "chaussures de tennis", "court", SHOES,
     "sport=tennis", [
        ("Lobelle", "89.00", "surface=clay feel=comfort level=regular", "cushioned sole; lateral support"),
        ("Smashine", "109.00", "surface=hard_court feel=speed level=expert", "light upper; durable outsole"),
        ("Voleane", "79.00", "surface=hard_court feel=comfort level=beginner,regular", "cushioned sole; breathable mesh"),
        ("Reversine", "99.00", "surface=clay feel=stability level=regular", "lateral support; durable outsole"),
        ("Amortine", "69.00", "surface=clay,hard_court feel=comfort level=beginner", "soft heel; breathable mesh"),
        ("Filetane", "119.00", "surface=clay feel=speed level=expert", "light upper; snug collar"),
    ]),
    ("FIT", 3, "fitness_shoes", "fitness shoes", "chaussures de fitness", "mat", SHOES,
     "sport=fitness surface=indoor", [
        ("Gymelle", "69.00", "feel=comfort level=beginner", "cushioned sole; breathable mesh"),
        ("Halterane", "89.00", "feel=stability level=regular", "flat sole; lateral support"),
        ("Cardione", "79.00", "feel=speed level=regular", "light upper; responsive foam"),
        ("Dansole", "59.00", "feel=comfort level=beginner gender=women", "soft heel; light upper"),
    ]),
    ("CYC", 3, "cycling_shoes", "cycling shoes", "chaussures de vélo", "bike", SHOES,
     "sport=cycling", [
        ("Pédelane", "119.00", "surface=road feel=speed level=regular", "stiff sole; dial closure"),
        ("Roulane", "89.00", "surface=road feel=comfort level=beginner", "breathable mesh; quick lacing"),
        ("Grimpelle", "169.00", "surface=road feel=speed level=expert", "carbon plate; dial closure"),
        ("Sentane", "99.00", "surface=path feel=stability level=regular", "grippy rubber; dial closure"),
    ]),
    ("SWI", 3, "pool_sandals", "pool sandals", "claquettes de piscine", "swim", SHOES,
     "sport=swimming", [
        ("Clapotine", "19.90", "feel=comfort", "soft heel; drains quickly"),
        ("Bassinelle", "24.90", "feel=stability", "grippy rubber; drains quickly"),
    ]),
    ("TOP", 2, "tops", "technical T-shirt", "t-shirt technique", "base", CLOTHES, "", [
        ("Aérine", "24.90", "sport=running,fitness weather=heat gender=women", "breathable mesh; dries quickly"),
        ("Brisane", "24.90", "sport=running,fitness weather=heat gender=men", "breathable mesh; dries quickly"),
        ("Claudel", "34.90", "sport=running,trail weather=heat gender=women", "light fabric; flat seams"),
        ("Dulane", "34.90", "sport=running,trail weather=heat gender=men", "flat seams; reflective details"),
        ("Éolane", "39.90", "sport=running,trail weather=cold gender=women,men", "thumb loops; soft fabric"),
        ("Fibrane", "29.90", "sport=hiking weather=heat gender=women,men", "recycled fabric; dries quickly"),
        ("Garelle", "59.00", "sport=hiking,trail weather=cold gender=women,men", "merino wool; flat seams"),
        ("Hamelle", "29.90", "sport=football gender=men,kids", "breathable mesh; dries quickly"),
        ("Ivonne", "34.90", "sport=tennis gender=women", "stretch fabric; dries quickly"),
        ("Jarlane", "34.90", "sport=tennis gender=men", "stretch fabric; dries quickly"),
        ("Kalinde", "29.90", "sport=yoga gender=women", "soft fabric; recycled fabric"),
        ("Lianor", "27.90", "sport=yoga,fitness gender=men", "soft fabric; stretch fabric"),
    ]),
    ("SHO", 2, "shorts", "shorts", "short", "base", CLOTHES, "", [
        ("Marelune", "29.90", "sport=running,trail gender=women weather=heat", "inner brief; zip pocket"),
        ("Nardane", "29.90", "sport=running,trail gender=men weather=heat", "inner brief; zip pocket"),
        ("Olbane", "44.90", "sport=trail gender=women,men weather=heat", "zip pocket; dries quickly"),
        ("Paruline", "39.90", "sport=hiking gender=women weather=heat", "stretch fabric; zip pocket"),
        ("Quillane", "39.90", "sport=hiking gender=men weather=heat", "stretch fabric; zip pocket"),
        ("Ramelle", "19.90", "sport=football gender=men,kids", "breathable mesh; dries quickly"),
        ("Servane", "34.90", "sport=tennis gender=women,men", "zip pocket; stretch fabric"),
        ("Tramelle", "24.90", "sport=fitness gender=women,men", "soft fabric; stretch fabric"),
    ]),
    ("TIG", 2, "tights", "tights", "collant", "base", CLOTHES, "", [
        ("Ursane", "44.90", "sport=running gender=women weather=cold", "high waist; zip pocket"),
        ("Velmane", "44.90", "sport=running gender=men weather=cold", "zip pocket; reflective details"),
        ("Welline", "39.90", "sport=yoga gender=women", "high waist; soft fabric"),
        ("Yolaine", "49.90", "sport=fitness,yoga gender=women", "high waist; stretch fabric"),
        ("Zélane", "59.90", "sport=trail gender=women,men weather=cold", "flat seams; reflective details"),
        ("Aubrelle", "34.90", "sport=fitness gender=men", "stretch fabric; flat seams"),
    ]),
    ("JAC", 2, "jackets", "jacket", "veste", "trail", CLOTHES, "", [
        ("Bruinelle", "69.00", "sport=running weather=wind gender=women,men", "windproof front; packs small"),
        ("Crachine", "99.00", "sport=running,trail weather=rain gender=women,men", "waterproof membrane; packs small"),
        ("Drache", "159.00", "sport=trail weather=rain gender=women,men", "waterproof membrane; adjustable hood"),
        ("Ondane", "129.00", "sport=hiking weather=rain gender=women", "waterproof membrane; adjustable hood"),
        ("Pluvane", "129.00", "sport=hiking weather=rain gender=men", "waterproof membrane; adjustable hood"),
        ("Gibelle", "89.00", "sport=cycling weather=rain,wind gender=women,men", "windproof front; reflective details"),
        ("Frimelle", "199.00", "sport=skiing weather=cold gender=women", "warm lining; snow skirt"),
        ("Glacelle", "199.00", "sport=skiing weather=cold gender=men", "warm lining; snow skirt"),
        ("Congère", "119.00", "sport=skiing weather=cold gender=kids", "warm lining; snow skirt"),
        ("Brumelle", "59.00", "sport=fitness,running weather=wind gender=women", "recycled fabric; zip pocket"),
    ]),
    ("FLE", 2, "fleeces", "fleece", "polaire", "trail", CLOTHES, "weather=cold", [
        ("Moutelle", "49.90", "sport=hiking gender=women", "soft fabric; zip pocket"),
        ("Bélier", "49.90", "sport=hiking gender=men", "soft fabric; zip pocket"),
        ("Agnelle", "29.90", "sport=hiking gender=kids", "soft fabric; recycled fabric"),
        ("Toisane", "69.90", "sport=skiing,hiking gender=women,men", "warm lining; thumb loops"),
    ]),
    ("BRA", 2, "bras", "sports bra", "brassière de sport", "mat", CLOTHES, "gender=women", [
        ("Serelle", "34.90", "sport=yoga hold=light", "soft fabric; removable cups"),
        ("Tonelle", "39.90", "sport=fitness hold=medium", "wide straps; removable cups"),
        ("Élanne", "49.90", "sport=running hold=high", "wide straps; flat seams"),
        ("Rythmelle", "44.90", "sport=running,fitness hold=medium", "flat seams; dries quickly"),
    ]),
    ("SWM", 2, "swimwear", "swimsuit", "maillot de bain", "swim", CLOTHES, "sport=swimming", [
        ("Algane", "39.90", "gender=women level=regular", "chlorine resistant; flat seams"),
        ("Barbotine", "29.90", "gender=women level=beginner", "soft fabric; dries quickly"),
        ("Crawline", "69.90", "gender=women level=expert", "light compression; chlorine resistant"),
        ("Dorsane", "29.90", "gender=men level=regular", "chlorine resistant; flat seams"),
        ("Estuaire", "59.90", "gender=men level=expert", "light compression; chlorine resistant"),
        ("Gouttelle", "19.90", "gender=kids level=beginner", "chlorine resistant; dries quickly"),
    ]),
    ("JER", 2, "cycling_jerseys", "cycling jersey", "maillot de vélo", "bike", CLOTHES,
     "sport=cycling", [
        ("Échappine", "59.90", "gender=men weather=heat", "back pockets; breathable mesh"),
        ("Pelotine", "59.90", "gender=women weather=heat", "back pockets; breathable mesh"),
        ("Lanterelle", "79.90", "gender=women,men weather=cold", "back pockets; warm lining"),
        ("Bidonelle", "39.90", "gender=women,men weather=heat", "recycled fabric; back pockets"),
    ]),
    ("BIB", 2, "cycling_shorts", "cycling shorts", "cuissard", "bike", CLOTHES, "sport=cycling", [
        ("Sellane", "69.90", "gender=men feel=comfort", "padded chamois; flat seams"),
        ("Cuissine", "69.90", "gender=women feel=comfort", "padded chamois; flat seams"),
        ("Moyeune", "109.00", "gender=women,men feel=speed", "padded chamois; light compression"),
    ]),
    ("LAY", 2, "base_layers", "base layer", "sous-vêtement thermique", "snow", CLOTHES,
     "weather=cold", [
        ("Flocelle", "39.90", "sport=skiing gender=women", "soft fabric; flat seams"),
        ("Givrane", "39.90", "sport=skiing gender=men", "soft fabric; flat seams"),
        ("Mérinelle", "69.90", "sport=skiing,hiking gender=women,men", "merino wool; flat seams"),
        ("Poudrelle", "24.90", "sport=skiing gender=kids", "soft fabric; warm lining"),
    ]),
    ("TRO", 2, "trousers", "trousers", "pantalon", "trail", CLOTHES, "", [
        ("Sentelle", "59.90", "sport=hiking gender=women", "stretch fabric; dries quickly"),
        ("Balisane", "59.90", "sport=hiking gender=men", "stretch fabric; dries quickly"),
        ("Pentelle", "149.00", "sport=skiing gender=women weather=cold", "waterproof membrane; warm lining"),
        ("Schussane", "149.00", "sport=skiing gender=men weather=cold", "waterproof membrane; warm lining"),
        ("Joggane", "34.90", "sport=fitness gender=women,men", "soft fabric; zip pocket"),
    ]),
    ("GLO", 2, "gloves", "gloves", "gants", "snow", ["S", "M", "L", "XL"], "", [
        ("Mitanelle", "19.90", "sport=running,trail weather=cold occasion=gift", "touchscreen fingertips; soft fabric"),
        ("Onglane", "24.90", "sport=cycling weather=heat", "padded chamois; breathable mesh"),
        ("Moufline", "49.90", "sport=skiing weather=cold", "warm lining; long cuff"),
        ("Paumelle", "69.90", "sport=skiing weather=cold level=expert", "leather palm; waterproof membrane"),
    ]),
    ("HAT", 2, "hats", "hat", "couvre-chef", "base", None, "", [
        ("Visane", "17.90", "sport=running,trail weather=heat occasion=gift|running cap|casquette de course", "breathable mesh; dries quickly"),
        ("Bonine", "19.90", "sport=running,hiking weather=cold occasion=gift|beanie|bonnet", "merino wool; soft fabric"),
        ("Bandelle", "12.90", "sport=running,fitness,tennis weather=heat|headband|bandeau", "soft fabric; dries quickly"),
        ("Tourelle", "14.90", "sport=hiking,skiing,trail weather=cold occasion=gift|neck warmer|tour de cou", "soft fabric; recycled fabric"),
        ("Ombrine", "22.90", "sport=tennis weather=heat|tennis cap|casquette de tennis", "recycled fabric; breathable mesh"),
    ]),
    ("SOCK", 2, "socks", "socks", "chaussettes", "base", SOCKS, "", [
        ("Cotelle", "9.90", "sport=running feel=comfort|running socks|chaussettes de course", "anti-blister; seamless toe"),
        ("Pasquine", "12.90", "sport=running feel=speed|running socks|chaussettes de course", "left and right shaped; breathable mesh"),
        ("Mollane", "24.90", "sport=running goal=marathon,half_marathon feel=stability|compression socks|chaussettes de compression", "light compression; seamless toe"),
        ("Kilane", "14.90", "sport=running goal=marathon feel=comfort|long run socks|chaussettes longue distance", "anti-blister; left and right shaped"),
        ("Sentine", "15.90", "sport=trail feel=comfort|trail socks|chaussettes de trail", "anti-blister; long lasting"),
        ("Bouline", "17.90", "sport=trail feel=speed|trail socks|chaussettes de trail", "left and right shaped; dries quickly"),
        ("Randelle", "14.90", "sport=hiking weather=cold feel=comfort|hiking socks|chaussettes de randonnée", "merino wool; seamless toe"),
        ("Estivane", "11.90", "sport=hiking weather=heat feel=comfort|hiking socks|chaussettes de randonnée", "dries quickly; seamless toe"),
        ("Tibiane", "9.90", "sport=football|football socks|chaussettes de football", "light compression; dries quickly"),
        ("Courtine", "12.90", "sport=tennis|tennis socks|chaussettes de tennis", "padded sole; dries quickly"),
        ("Adhéline", "13.90", "sport=yoga|yoga socks|chaussettes de yoga", "grip dots; soft fabric"),
        ("Pédaline", "13.90", "sport=cycling|cycling socks|chaussettes de vélo", "breathable mesh; dries quickly"),
        ("Neigelle", "24.90", "sport=skiing weather=cold|ski socks|chaussettes de ski", "merino wool; left and right shaped"),
    ]),
    ("GEL", 2, "gels", "energy gel", "gel énergétique", "food", None,
     "sport=running,trail,cycling moment=during", [
        ("Citrane", "2.20", "flavour=lemon caffeine=without", "easy to open; liquid texture"),
        ("Groselle", "2.20", "flavour=red_berries caffeine=without", "easy to open; natural ingredients"),
        ("Colane", "2.50", "flavour=cola caffeine=with", "easy to open; liquid texture"),
        ("Salane", "2.50", "flavour=salted caffeine=without", "gentle on the stomach; with electrolytes"),
        ("Marathane", "12.00", "flavour=lemon caffeine=without goal=marathon|box of energy gels|boîte de gels énergétiques", "gentle on the stomach; easy to open"),
        ("Caféline", "13.50", "flavour=coffee caffeine=with goal=marathon,ultra|box of energy gels|boîte de gels énergétiques", "liquid texture; easy to open"),
        ("Mentane", "2.20", "flavour=mint caffeine=without", "liquid texture; not too sweet"),
    ]),
    ("BAR", 2, "bars", "energy bar", "barre énergétique", "food", None,
     "sport=running,trail,cycling,hiking", [
        ("Amandine", "1.90", "flavour=nuts moment=before,during diet=vegan", "natural ingredients; not too sweet"),
        ("Chocane", "1.90", "flavour=chocolate moment=before,during", "easy to open; natural ingredients"),
        ("Abrine", "1.90", "flavour=fruit moment=during diet=vegan", "natural ingredients; gentle on the stomach"),
        ("Salcane", "2.10", "flavour=salted moment=during", "not too sweet; easy to open"),
        ("Protane", "2.90", "flavour=chocolate moment=after sport=fitness,running|protein bar|barre protéinée", "high in protein; easy to open"),
        ("Vanelle", "2.90", "flavour=vanilla moment=after sport=fitness,running diet=vegan|protein bar|barre protéinée", "high in protein; natural ingredients"),
    ]),
    ("DRK", 2, "drinks", "sports drink", "boisson de l'effort", "food", None, "", [
        ("Isolane", "14.90", "flavour=lemon moment=during sport=running,cycling,trail", "with electrolytes; not too sweet"),
        ("Fruitane", "14.90", "flavour=red_berries moment=during sport=running,cycling,trail", "with electrolytes; natural ingredients"),
        ("Réparane", "24.90", "flavour=chocolate moment=after sport=running,fitness,cycling|recovery drink|boisson de récupération", "high in protein; natural ingredients"),
        ("Hydrane", "8.90", "flavour=neutral moment=before,during sport=running,cycling,tennis,football|electrolyte tablets|pastilles d'électrolytes", "with electrolytes; not too sweet"),
    ]),
    ("GAD", 2, "watches", "sports watch", "montre de sport", "tech", None, "occasion=gift", [
        ("Chronelle", "149.00", "sport=running level=beginner,regular", "built-in GPS; wrist heart rate"),
        ("Altane", "299.00", "sport=trail,hiking level=expert", "built-in GPS; long battery life"),
        ("Brassane", "199.00", "sport=swimming,running,cycling level=regular", "swim proof; wrist heart rate"),
        ("Minutelle", "49.90", "sport=running,fitness level=beginner", "long battery life; swim proof"),
    ]),
    ("LAM", 2, "headlamps", "headlamp", "lampe frontale", "tech", None, "occasion=gift", [
        ("Luciole", "29.90", "sport=running,hiking level=beginner", "rechargeable; tilting lamp"),
        ("Veillane", "49.90", "sport=running,trail level=regular", "rechargeable; red rear light"),
        ("Pharelle", "99.00", "sport=trail level=expert", "long battery life; rechargeable"),
    ]),
    ("ELE", 2, "electronics", "sports electronics", "électronique de sport", "tech", None, "", [
        ("Battane", "59.90", "sport=running,cycling,fitness|heart rate strap|ceinture cardio", "soft chest strap; long battery life"),
        ("Sonelle", "79.90", "sport=running,fitness occasion=gift|sports earphones|écouteurs de sport", "open ear; rechargeable"),
        ("Écholine", "39.90", "sport=fitness,yoga occasion=gift|sports earphones|écouteurs de sport", "rechargeable; soft ear tips"),
    ]),
    ("BAG", 2, "bags", "bag", "sac", "trail", None, "", [
        ("Besane", "59.00", "sport=hiking trip=day|day backpack|sac à dos journée", "ventilated back; rain cover included"),
        ("Musetelle", "119.00", "sport=hiking trip=weekend|weekend backpack|sac à dos week-end", "hip belt; ventilated back"),
        ("Barda", "159.00", "sport=hiking trip=weekend level=expert|trekking backpack|sac à dos de trek", "hip belt; large volume"),
        ("Giletane", "89.00", "sport=trail goal=ultra|running vest|gilet de trail", "soft flasks included; bounce free"),
        ("Poitrelle", "59.00", "sport=trail,running|running vest|gilet de trail", "bounce free; zip pocket"),
        ("Ceintine", "24.90", "sport=running goal=marathon,half_marathon occasion=gift|running belt|ceinture de course", "bounce free; zip pocket"),
        ("Vestelle", "34.90", "sport=football,tennis,fitness,swimming|sports bag|sac de sport", "shoe compartment; carrying strap"),
        ("Cordelle", "14.90", "sport=fitness,swimming,football|drawstring bag|sac à cordon", "packs small; recycled fabric"),
        ("Raquelle", "54.90", "sport=tennis|racket bag|sac à raquettes", "shoe compartment; carrying strap"),
    ]),
    ("BAL", 2, "balls", "ball", "ballon", "ball", None, "", [
        ("Rondelle", "19.90", "sport=football level=beginner occasion=gift|football|ballon de football", "machine stitched; training quality"),
        ("Coupole", "39.90", "sport=football level=regular|match football|ballon de match", "hand stitched; match quality"),
        ("Futsane", "29.90", "sport=football surface=indoor|indoor football|ballon de salle", "machine stitched; match quality"),
        ("Feutrine", "7.90", "sport=tennis level=regular|tennis balls|balles de tennis", "match quality; long lasting"),
        ("Panière", "24.90", "sport=tennis level=beginner|training tennis balls|balles d'entraînement", "training quality; long lasting"),
    ]),
    ("RAC", 2, "rackets", "tennis racket", "raquette de tennis", "court", None, "sport=tennis", [
        ("Cordane", "79.00", "level=beginner feel=comfort", "large head; pre-strung"),
        ("Tamisane", "129.00", "level=regular feel=stability", "light frame; large head"),
        ("Avantine", "179.00", "level=expert feel=speed", "light frame; match quality"),
        ("Minirelle", "34.90", "level=beginner gender=kids occasion=gift", "light frame; pre-strung"),
    ]),
    ("MAT", 2, "mats", "yoga mat", "tapis de yoga", "mat", None, "sport=yoga", [
        ("Lotane", "29.90", "level=beginner feel=comfort occasion=gift", "extra thick; carrying strap"),
        ("Zénane", "49.90", "level=regular feel=stability", "non-slip surface; recycled fabric"),
        ("Liégane", "69.90", "level=expert feel=stability occasion=gift", "natural cork; non-slip surface"),
        ("Voyagelle", "39.90", "level=regular feel=comfort", "packs small; non-slip surface"),
    ]),
    ("GYM", 2, "training_gear", "training gear", "matériel de fitness", "mat", None, "", [
        ("Briquelle", "14.90", "sport=yoga level=beginner|yoga block|brique de yoga", "natural cork; non-slip surface"),
        ("Sangline", "9.90", "sport=yoga level=beginner|yoga strap|sangle de yoga", "cotton loop; soft fabric"),
        ("Altérine", "24.90", "sport=fitness level=beginner|dumbbells|haltères", "neoprene grip; non-slip surface"),
        ("Fontane", "49.90", "sport=fitness level=regular|kettlebell|kettlebell", "neoprene grip; flat base"),
        ("Élastine", "19.90", "sport=fitness,yoga occasion=gift|resistance bands|bandes élastiques", "set of several strengths; packs small"),
        ("Sautelle", "12.90", "sport=fitness|skipping rope|corde à sauter", "neoprene grip; quick adjustment"),
        ("Roulis", "24.90", "sport=running,fitness,trail occasion=gift|foam roller|rouleau de massage", "firm foam; packs small"),
        ("Massane", "14.90", "sport=running,fitness,yoga occasion=gift|massage ball|balle de massage", "firm rubber; packs small"),
    ]),
    ("CYG", 2, "cycling_gear", "cycling gear", "accessoire de vélo", "bike", None, "sport=cycling", [
        ("Crânelle", "59.90", "level=beginner|bike helmet|casque de vélo", "well ventilated; quick adjustment"),
        ("Caboche", "119.00", "level=expert|road helmet|casque de route", "well ventilated; low weight"),
        ("Bambine", "34.90", "level=beginner gender=kids|kids' helmet|casque enfant", "quick adjustment; red rear light"),
        ("Loupiote", "24.90", "occasion=gift|bike lights|éclairage de vélo", "USB charging; bright beam"),
        ("Grelotte", "9.90", "occasion=gift|bike bell|sonnette de vélo", "clear sound; quick to fit"),
        ("Pompelle", "19.90", "occasion=gift|mini pump|mini-pompe", "packs small; low weight"),
    ]),
    ("BOT", 2, "bottles", "bottle", "gourde", "base", None, "", [
        ("Gorgelle", "9.90", "sport=cycling,fitness|sports bottle|bidon", "leakproof; easy to open"),
        ("Sourcelle", "24.90", "sport=hiking,fitness,yoga occasion=gift|insulated bottle|gourde isotherme", "keeps drinks cold; leakproof"),
        ("Flaquelle", "17.90", "sport=trail,running|soft flask|flasque souple", "leakproof; packs small"),
        ("Thermane", "29.90", "sport=hiking,skiing weather=cold occasion=gift|thermos flask|bouteille thermos", "vacuum insulation; leakproof"),
    ]),
    ("SWG", 2, "swimming_gear", "swimming gear", "accessoire de natation", "swim", None,
     "sport=swimming", [
        ("Hublane", "14.90", "level=beginner|swimming goggles|lunettes de natation", "anti-fog; soft silicone"),
        ("Bullane", "29.90", "level=expert|racing goggles|lunettes de compétition", "mirrored lens; anti-fog"),
        ("Têtarde", "12.90", "level=beginner gender=kids occasion=gift|kids' goggles|lunettes enfant", "anti-fog; quick adjustment"),
        ("Calotine", "9.90", "|swim cap|bonnet de bain", "soft silicone; fits long hair"),
        ("Planchelle", "17.90", "level=beginner|kickboard|planche de natation", "firm foam; long lasting"),
        ("Palmelle", "29.90", "level=regular|training fins|palmes d'entraînement", "soft silicone; long lasting"),
    ]),
    ("SKI", 2, "ski_gear", "ski gear", "accessoire de ski", "snow", None,
     "sport=skiing weather=cold", [
        ("Panorelle", "89.00", "level=regular|ski goggles|masque de ski", "double lens; helmet compatible"),
        ("Blizzane", "59.00", "level=beginner|ski goggles|masque de ski", "anti-fog; fits over glasses"),
        ("Caskelle", "99.00", "level=regular|ski helmet|casque de ski", "well ventilated; quick adjustment"),
        ("Bâtonnelle", "39.90", "level=beginner|ski poles|bâtons de ski", "low weight; adjustable strap"),
        ("Housselle", "44.90", "|ski bag|housse à skis", "edge protection; carrying strap"),
    ]),
    ("POL", 2, "poles", "trekking poles", "bâtons de marche", "trail", None, "", [
        ("Appuyane", "39.90", "sport=hiking level=beginner", "telescopic; cork handle"),
        ("Trépane", "79.90", "sport=hiking,trail level=regular", "folds in three; cork handle"),
        ("Flèchelle", "119.00", "sport=trail level=expert", "folds in three; low weight"),
    ]),
    ("CAR", 2, "foot_care", "foot care", "soin du pied", "base", None, "", [
        ("Semellane", "29.90", "sport=running,hiking feel=comfort|insoles|semelles", "cut to size; cushioned sole"),
        ("Ampoline", "8.90", "sport=running,trail,hiking goal=marathon,ultra|anti-blister cream|crème anti-frottements", "anti-blister; natural ingredients"),
        ("Laçane", "6.90", "sport=running,trail|elastic laces|lacets élastiques", "quick lacing; one size for all"),
    ]),
    ("GIF", 2, "gift_cards", "gift card", "carte cadeau", "base", None, "occasion=gift", [
        ("Carte Vingt", "20.00", "", "sent by e-mail; any amount of the shop"),
        ("Carte Cinquante", "50.00", "", "sent by e-mail; any amount of the shop"),
    ]),
]

# Products that are out of stock altogether, and sizes that are gone where a reply must say so.
SOLD_OUT = {"JAC-09", "TEN-006", "GAD-02"}
GONE_SIZES = {("RUN-012", "46"), ("RUN-013", "42"), ("TRL-001", "44"), ("SOCK-04", "35-38")}

CLOTHING = {
    "tops", "shorts", "tights", "jackets", "fleeces", "bras", "swimwear", "cycling_jerseys",
    "cycling_shorts", "base_layers", "trousers", "gloves", "hats",
}


def parse_facets(text):
    facets = {}
    for part in text.split():
        key, values = part.split("=")
        facets[key] = values.split(",")
    return facets


def sizes_for(sizes, facets):
    gender = facets.get("gender", [])
    if sizes is SHOES and gender == ["kids"]:
        return [str(size) for size in range(28, 39)]
    if sizes is SHOES and gender == ["women"]:
        return SHOES[:7]
    if sizes is SHOES and gender == ["men"]:
        return SHOES[3:]
    if sizes is CLOTHES and gender == ["kids"]:
        return ["XS", "S", "M"]
    return sizes


def stock_for(chance, sku, sizes):
    if sizes is None:
        return 0 if sku in SOLD_OUT else chance.randint(6, 90)
    stock = {}
    for index, size in enumerate(sizes):
        middle = abs(index - (len(sizes) - 1) / 2) < len(sizes) / 4
        units = chance.randint(2, 14) if middle else chance.randint(0, 6)
        stock[size] = 0 if sku in SOLD_OUT or (sku, size) in GONE_SIZES else units
    return stock


def products():
    chance = random.Random(SEED)
    found = []
    names = set()
    for prefix, digits, category, title_en, title_fr, brand, sizes, common, rows in TABLES:
        for number, (model, price, extra, features) in enumerate(rows, start=1):
            own, *titles = extra.split("|")
            titles = titles or [title_en, title_fr]
            facets = {**parse_facets(common), **parse_facets(own)}
            shoe = sizes is SHOES
            if shoe and "gender" not in facets:
                facets["gender"] = ["women", "men"]
            if shoe or category in CLOTHING or category in {"socks", "bags"}:
                facets["colour"] = sorted(chance.sample(COLOURS, chance.choice([1, 1, 2])))
            sku = f"{prefix}-{number:0{digits}d}"
            name = model if category == "gift_cards" else f"{BRANDS[brand]} {model}"
            assert len(name) <= 20 and name not in names, name
            names.add(name)
            english = [phrase.strip() for phrase in features.split(";")]
            found.append({
                "sku": sku, "name": name, "brand": BRANDS[brand], "category": category,
                "price": {"amount": price, "currency": "EUR"},
                "stock": stock_for(chance, sku, sizes_for(sizes, facets)),
                "facets": dict(sorted(facets.items())),
                "title": {"en": titles[0], "fr": titles[1]},
                "features": {"en": english, "fr": [FEATURES[phrase] for phrase in english]},
                "url": f"https://foulee.example/p/{sku.lower()}",
                "rank": number,
            })
    # A marathon in comfort is what the shop wants to be known for.
    order = ["RUN-012", "RUN-009"]
    kinds = list(dict.fromkeys(product["category"] for product in found))
    for product in found:
        if product["category"] == "running_shoes":
            sku = product["sku"]
            product["rank"] = order.index(sku) + 1 if sku in order else product["rank"] + 2
        # The best of each kind come first, then the second best.
        product["rank"] = 100 * product["rank"] + kinds.index(product["category"])
    return found


# What people buy together: weight, sport, then (category, chance to be in the basket).
MISSIONS = [
    (24, "running", [("running_shoes", .62), ("socks", .55), ("gels", .34), ("tops", .22),
                     ("shorts", .18), ("tights", .10), ("drinks", .16), ("bars", .14),
                     ("foot_care", .12), ("watches", .06), ("hats", .10), ("headlamps", .05)]),
    (15, "trail", [("trail_shoes", .60), ("socks", .50), ("gels", .30), ("bars", .22),
                   ("bags", .20), ("bottles", .16), ("poles", .12), ("headlamps", .10),
                   ("jackets", .12), ("drinks", .14), ("foot_care", .10)]),
    (15, "hiking", [("hiking_shoes", .58), ("socks", .56), ("bags", .24), ("poles", .22),
                    ("fleeces", .18), ("bottles", .18), ("trousers", .14), ("jackets", .12),
                    ("bars", .16), ("tops", .12)]),
    (10, "football", [("football_boots", .60), ("socks", .52), ("balls", .34), ("tops", .22),
                      ("shorts", .24), ("bags", .16), ("drinks", .10)]),
    (8, "tennis", [("tennis_shoes", .46), ("balls", .52), ("rackets", .28), ("socks", .36),
                   ("tops", .20), ("shorts", .18), ("bags", .14), ("hats", .16)]),
    (9, "yoga", [("mats", .58), ("training_gear", .46), ("tights", .34), ("tops", .26),
                 ("bras", .24), ("socks", .18), ("bottles", .16)]),
    (9, "fitness", [("fitness_shoes", .44), ("training_gear", .42), ("bars", .30), ("tops", .26),
                    ("trousers", .14), ("bras", .14), ("bottles", .22), ("electronics", .12)]),
    (9, "cycling", [("cycling_gear", .52), ("cycling_shorts", .32), ("cycling_jerseys", .32),
                    ("cycling_shoes", .24), ("gels", .24), ("bottles", .34), ("socks", .26),
                    ("drinks", .20), ("gloves", .18)]),
    (7, "swimming", [("swimwear", .58), ("swimming_gear", .68), ("pool_sandals", .26),
                     ("bags", .18)]),
    (6, "skiing", [("ski_gear", .56), ("base_layers", .40), ("gloves", .38), ("socks", .40),
                   ("jackets", .20), ("trousers", .18), ("hats", .16)]),
    (3, "gift", [("gift_cards", .60), ("hats", .20), ("bottles", .24), ("watches", .12)]),
]

# Pairs that belong together beyond their sport: the first draws the second, with this chance.
PAIRS = {
    "RUN-012": [("GEL-05", .52), ("SOCK-04", .32), ("BAG-06", .14)],
    "RUN-013": [("GEL-05", .34), ("SOCK-03", .26)],
    "RUN-014": [("GEL-05", .30), ("SOCK-04", .30)],
    "RUN-009": [("GEL-06", .34), ("SOCK-02", .34)],
    "RUN-010": [("GEL-06", .38), ("SOCK-02", .30), ("CAR-02", .16)],
    "RUN-011": [("GEL-06", .40), ("SOCK-03", .34)],
    "RUN-001": [("SOCK-01", .48), ("TOP-01", .14)],
    "RUN-002": [("SOCK-01", .44), ("TOP-02", .14)],
    "TRL-001": [("SOCK-05", .46), ("BAG-05", .22)],
    "TRL-004": [("BAG-04", .38), ("GEL-04", .36)],
    "TRL-005": [("BAG-04", .34), ("POL-03", .22)],
    "HIK-001": [("SOCK-07", .48), ("BAG-01", .22)],
    "HIK-003": [("SOCK-07", .40), ("BAG-02", .30), ("POL-02", .20)],
    "FOO-001": [("SOCK-09", .56), ("BAL-02", .16)],
    "FOO-003": [("SOCK-09", .50), ("BAL-01", .30)],
    "RAC-01": [("BAL-05", .46)],
    "RAC-02": [("BAL-04", .52)],
    "MAT-01": [("GYM-01", .40), ("GYM-02", .24)],
    "MAT-02": [("GYM-01", .34), ("SOCK-11", .20)],
    "CYG-01": [("CYG-04", .42)],
    "SWM-01": [("SWG-04", .46), ("SWG-01", .34)],
    "SWM-04": [("SWG-01", .44), ("SWG-04", .34)],
    "SKI-01": [("SKI-03", .34), ("SOCK-13", .30)],
}

COUNTS_BY_CATEGORY = {"gels": [1, 1, 2, 3], "bars": [1, 2, 2, 3], "socks": [1, 1, 1, 2]}


def fits(product, sport):
    return sport == "gift" or sport in product["facets"].get("sport", [sport])


def pick(chance, shelf):
    """One product of a shelf; the shop's first ones sell best."""
    weights = [1.0 / (index + 1.5) for index in range(len(shelf))]
    return chance.choices(shelf, weights)[0]["sku"]


def one_basket(chance, shelves):
    mission = chance.choices(MISSIONS, [weight for weight, _, _ in MISSIONS])[0]
    _, sport, wishes = mission
    basket = []
    for category, probability in wishes:
        shelf = shelves.get((category, sport), [])
        if not shelf or chance.random() > probability:
            continue
        for _ in range(chance.choice(COUNTS_BY_CATEGORY.get(category, [1]))):
            basket.append(pick(chance, shelf))
    for sku in list(basket):
        for partner, probability in PAIRS.get(sku, []):
            if chance.random() < probability:
                basket.append(partner)
    return list(dict.fromkeys(basket))


def baskets(catalog):
    chance = random.Random(SEED + 1)
    shelves = {}
    for product in sorted(catalog, key=lambda product: (product["category"], product["rank"])):
        for _, sport, wishes in MISSIONS:
            if product["category"] in {category for category, _ in wishes} and fits(product, sport):
                shelves.setdefault((product["category"], sport), []).append(product)
    found = []
    while len(found) < BASKETS:
        basket = one_basket(chance, shelves)
        if basket:
            found.append(basket)
    return found


def main():
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent
    catalog = products()
    lines = (json.dumps(product, ensure_ascii=False, separators=(",", ":")) for product in catalog)
    (folder / "catalog.ndjson").write_text("\n".join(lines) + "\n", encoding="utf-8")
    rows = (",".join(basket) for basket in baskets(catalog))
    (folder / "baskets.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    print(f"{len(catalog)} products, {BASKETS} baskets in {folder}", file=sys.stderr)


if __name__ == "__main__":
    main()
