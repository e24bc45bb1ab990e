#!/usr/bin/env python3
"""Writes catalog.ndjson of Voltanelle, an invented shop for consumer electronics.

Usage: python3 generate.py [FOLDER]   (default: the folder of this file)

Standard library only and seeded: the same script always writes the same bytes. All brands and product names are
invented. Chance decides only the stock of what is not listed in GONE or AHEAD.
"""
import json
import random
import sys
from pathlib import Path

SEED = 20261201
# Sold out: product, or product and some of its option values.
GONE = {("HP-01", "white"), ("HP-03", "beige"), ("PS-03", "green"), ("PH-01", "256 GB", "green"), ("TB-03", "512 GB"),
        ("SW-04", "42 mm", "blue"), ("CH-03", "black"), ("PB-04",), ("CB-01", "3 m", "white"), ("MC-01", "512 GB"),
        ("PH-08", "1 TB", "white"), ("EB-02", "blue"), ("CS-04", "brown"), ("SW-06", "45 mm", "white")}
AHEAD = {("PH-04",), ("EB-08",)}  # pre-order

TITLES = {
    "headphones": ("headphones", "casque"), "earbuds": ("earbuds", "écouteurs"),
    "portable_speakers": ("portable speaker", "enceinte portable"), "home_speakers": ("home speaker", "enceinte de salon"),
    "soundbars": ("soundbar", "barre de son"), "phones": ("smartphone", "smartphone"), "tablets": ("tablet", "tablette"),
    "e_readers": ("e-reader", "liseuse"), "smart_watches": ("smart watch", "montre connectée"),
    "trackers": ("activity tracker", "bracelet d'activité"), "straps": ("watch strap", "bracelet de montre"),
    "chargers": ("charger", "chargeur"), "power_banks": ("power bank", "batterie externe"), "cables": ("cable", "câble"),
    "cases": ("case", "coque"), "screen_protectors": ("screen protector", "protection d'écran"),
    "memory": ("memory", "mémoire"), "holders": ("holder", "support"),
}
PRODUCTS = []


def add(code, brand, name, category, price, sizes, colours, facets, features, title=None, was=None, **attributes):
    """sizes: "128 GB:449 256 GB:519" as a list of (size, price); features: [(en, fr)]."""
    PRODUCTS.append((code, brand, name, category, price, sizes, colours.split(), facets, features, title, was, attributes))


def f(**more):
    return {key: value.split() for key, value in more.items()}


def gb(*pairs):
    return [(f"{n} GB" if isinstance(n, int) else n, p) for n, p in pairs]


def both(en, fr):
    return {"en": en, "fr": fr}


# ------------------------------------------------------------------------------------------------ audio
add("HP-01", "Auvira", "Brisa", "headphones", 59.90, [], "black white", f(connection="wireless", function="microphone", use="home"),
    [("folds flat", "se plie à plat"), ("soft ear pads", "coussinets moelleux")],
    battery_h=30, weight_g=198, foldable=True, noise_cancelling=False, waterproof=False, bluetooth="5.3", warranty_years=2)
add("HP-02", "Auvira", "Zéphyr", "headphones", 99, [], "black white pink", f(connection="wireless", function="noise_cancelling microphone", use="travel"),
    [("active noise cancelling", "réduction de bruit active"), ("10 minutes of charging for 4 hours", "10 minutes de charge pour 4 heures")],
    battery_h=35, weight_g=225, foldable=True, noise_cancelling=True, waterproof=False, bluetooth="5.3", warranty_years=2)
add("HP-03", "Auvira", "Sirocco", "headphones", 149, [], "black blue beige", f(connection="wireless", function="noise_cancelling microphone", use="travel office"),
    [("active noise cancelling", "réduction de bruit active"), ("connected to two devices at once", "connecté à deux appareils à la fois"), ("travel case included", "étui de voyage fourni")],
    battery_h=45, weight_g=248, foldable=True, noise_cancelling=True, multipoint=True, waterproof=False, bluetooth="5.3", warranty_years=2)
add("HP-04", "Auvira", "Mistral", "headphones", 249, [], "black grey", f(connection="wireless", function="noise_cancelling microphone", use="travel office", occasion="gift"),
    [("adaptive noise cancelling", "réduction de bruit adaptative"), ("high-resolution sound", "son haute résolution"), ("leather ear pads", "coussinets en cuir")], was=299,
    battery_h=60, weight_g=262, foldable=False, noise_cancelling=True, multipoint=True, waterproof=False, bluetooth="5.4", warranty_years=3)
add("HP-05", "Basso", "Corde", "headphones", 79, [], "", f(connection="wired", connector="jack", use="home", colour="black"),
    [("neutral studio sound", "son de studio neutre"), ("detachable cable", "câble amovible")],
    weight_g=240, cable_m=3, foldable=False, microphone=False, noise_cancelling=False, warranty_years=2)
add("HP-06", "Basso", "Partita", "headphones", 189, [], "", f(connection="wired", connector="jack", use="home", colour="black"),
    [("open back, wide stage", "dos ouvert, scène large"), ("velvet ear pads", "coussinets en velours")],
    weight_g=285, cable_m=2.5, foldable=False, microphone=False, noise_cancelling=False, warranty_years=3)
add("HP-07", "Krakto", "Vandale", "headphones", 89, [], "black green", f(connection="wireless", function="microphone", use="gaming"),
    [("microphone on an arm", "micro sur tige"), ("no lag on consoles and PC", "sans latence sur console et PC")], title=("gaming headset", "casque gaming"),
    battery_h=24, weight_g=290, microphone=True, noise_cancelling=False, warranty_years=2)
add("HP-08", "Krakto", "Rival", "headphones", 44.90, [], "", f(connection="wired", connector="jack", function="microphone", use="gaming", colour="black"),
    [("microphone on an arm", "micro sur tige"), ("volume wheel", "molette de volume")], title=("gaming headset", "casque gaming"),
    weight_g=270, cable_m=2, microphone=True, noise_cancelling=False, warranty_years=2)
add("HP-09", "Pipou", "Câlin", "headphones", 24.90, [], "pink blue green", f(connection="wired", connector="jack", who="kids"),
    [("volume limited for children's ears", "volume limité pour les oreilles d'enfant"), ("stickers included", "autocollants fournis")], title=("headphones for children", "casque pour enfants"),
    weight_g=130, max_volume_db=85, age_from=3, cable_m=1.2, washable_pads=True, warranty_years=2)
add("HP-10", "Pipou", "Copain", "headphones", 39.90, [], "blue pink", f(connection="wireless", who="kids", function="microphone"),
    [("volume limited for children's ears", "volume limité pour les oreilles d'enfant"), ("unbreakable headband", "arceau incassable")], title=("headphones for children", "casque pour enfants"),
    battery_h=20, weight_g=150, max_volume_db=85, age_from=4, bluetooth="5.2", warranty_years=2)

add("EB-01", "Auvira", "Pépin", "earbuds", 39.90, [], "black white", f(connection="wireless", function="microphone"),
    [("tiny charging case", "boîtier de charge minuscule"), ("splash resistant", "résiste aux éclaboussures")],
    battery_h=6, battery_with_case_h=24, weight_g=8, noise_cancelling=False, waterproof=False, water_resistance="IPX4", warranty_years=2)
add("EB-02", "Auvira", "Noyau", "earbuds", 89, [], "black white blue", f(connection="wireless", function="noise_cancelling microphone", use="travel"),
    [("active noise cancelling", "réduction de bruit active"), ("three sizes of ear tips", "trois tailles d'embouts")],
    battery_h=7, battery_with_case_h=28, weight_g=10, noise_cancelling=True, waterproof=False, water_resistance="IPX4", warranty_years=2)
add("EB-03", "Auvira", "Amande", "earbuds", 159, [], "black white", f(connection="wireless", function="noise_cancelling microphone", use="travel office", occasion="gift"),
    [("adaptive noise cancelling", "réduction de bruit adaptative"), ("case charges without a cable", "boîtier à charge sans fil"), ("clear calls in the wind", "appels nets dans le vent")],
    battery_h=9, battery_with_case_h=36, weight_g=10, noise_cancelling=True, wireless_charging=True, waterproof=False, water_resistance="IPX4", warranty_years=2)
add("EB-04", "Foulkes", "Sprint", "earbuds", 69, [], "black red", f(connection="wireless", function="waterproof microphone", use="sport"),
    [("ear hooks that stay put", "crochets qui tiennent bien"), ("rinse under the tap", "se rince sous le robinet")], title=("sport earbuds", "écouteurs de sport"),
    battery_h=8, battery_with_case_h=32, weight_g=14, noise_cancelling=False, waterproof=True, water_resistance="IPX7", warranty_years=2)
add("EB-05", "Foulkes", "Relais", "earbuds", 119, [], "", f(connection="wireless", function="waterproof microphone", use="sport", colour="black"),
    [("bone conduction, ears stay free", "conduction osseuse, oreilles libres"), ("hear the traffic", "on entend la circulation")], title=("open-ear sport headset", "écouteurs de sport ouverts"),
    battery_h=10, weight_g=29, noise_cancelling=False, waterproof=True, water_resistance="IP67", warranty_years=2)
add("EB-06", "Basso", "Filin", "earbuds", 17.90, [], "white black", f(connection="wired", connector="usb_c", function="microphone"),
    [("plugs straight into USB-C", "se branche en USB-C"), ("remote on the cable", "télécommande sur le câble")], title=("wired earbuds", "écouteurs filaires"),
    cable_m=1.2, weight_g=16, microphone=True, noise_cancelling=False, waterproof=False, warranty_years=2)
add("EB-07", "Basso", "Filou", "earbuds", 12.90, [], "", f(connection="wired", connector="jack", colour="black"),
    [("3.5 mm plug", "prise 3,5 mm"), ("flat cable, no knots", "câble plat, sans nœuds")], title=("wired earbuds", "écouteurs filaires"),
    cable_m=1.2, weight_g=14, microphone=False, noise_cancelling=False, waterproof=False, warranty_years=2)
add("EB-08", "Auvira", "Murmure", "earbuds", 129, [], "white", f(connection="wireless", use="sleep", function="noise_cancelling"),
    [("flat shape for side sleepers", "forme plate pour dormir sur le côté"), ("soothing sounds built in", "sons apaisants intégrés")], title=("sleep earbuds", "écouteurs pour dormir"),
    battery_h=10, battery_with_case_h=40, weight_g=6, noise_cancelling=True, microphone=False, warranty_years=2)

add("PS-01", "Thrumm", "Galet", "portable_speakers", 34.90, [], "black blue red green", f(connection="wireless", function="waterproof", use="outdoor travel"),
    [("fits in a pocket", "tient dans la poche"), ("strap for the shower or the bike", "dragonne pour la douche ou le vélo")],
    battery_h=10, weight_g=260, power_w=5, waterproof=True, water_resistance="IPX7", floats=False, warranty_years=2)
add("PS-02", "Thrumm", "Rocaille", "portable_speakers", 79, [], "black blue beige", f(connection="wireless", function="waterproof", use="outdoor"),
    [("floats on water", "flotte sur l'eau"), ("two of them pair in stereo", "deux se couplent en stéréo")],
    battery_h=20, weight_g=540, power_w=20, waterproof=True, water_resistance="IP67", floats=True, warranty_years=2)
add("PS-03", "Thrumm", "Falaise", "portable_speakers", 169, [], "black green", f(connection="wireless", function="waterproof", use="outdoor party"),
    [("charges your phone", "recharge votre téléphone"), ("deep bass", "basses profondes")],
    battery_h=30, weight_kg=1.9, power_w=60, waterproof=True, water_resistance="IP67", floats=False, warranty_years=2)
add("PS-04", "Thrumm", "Fanfare", "portable_speakers", 279, [], "", f(connection="wireless", use="party", colour="black"),
    [("light show", "jeu de lumières"), ("microphone socket for karaoke", "prise micro pour karaoké"), ("carrying handle", "poignée de transport")], title=("party speaker", "enceinte de fête"),
    battery_h=12, weight_kg=5.8, power_w=120, waterproof=False, water_resistance="IPX4", warranty_years=2)
add("PS-05", "Pipou", "Ritournelle", "portable_speakers", 29.90, [], "pink blue", f(connection="wireless", who="kids", use="home"),
    [("night light", "veilleuse"), ("volume limited", "volume limité")], title=("speaker for children", "enceinte pour enfants"),
    battery_h=8, weight_g=310, power_w=3, max_volume_db=85, waterproof=False, warranty_years=2)
add("HS-01", "Sonara", "Foyer", "home_speakers", 129, [], "black white", f(connection="wireless", use="home"),
    [("Wi-Fi and Bluetooth", "Wi-Fi et Bluetooth"), ("several rooms together", "plusieurs pièces ensemble")],
    power_w=40, weight_kg=2.1, battery=False, waterproof=False, voice_assistant=False, warranty_years=2)
add("HS-02", "Sonara", "Duo", "home_speakers", 229, [], "", f(connection="wired", connector="jack", use="home", colour="brown"),
    [("sold as a pair", "vendues par paire"), ("wooden cabinets", "coffrets en bois"), ("turntable input", "entrée platine vinyle")], title=("pair of bookshelf speakers", "paire d'enceintes de bibliothèque"),
    power_w=70, weight_kg=4.4, battery=False, waterproof=False, warranty_years=3)
add("SB-01", "Sonara", "Ligne", "soundbars", 149, [], "", f(connector="hdmi", use="home", colour="black"),
    [("clear dialogue mode", "mode dialogues clairs"), ("one cable to the television", "un seul câble vers le téléviseur")],
    power_w=80, length_cm=80, subwoofer=False, bluetooth=True, wall_mount_included=True, warranty_years=2)
add("SB-02", "Sonara", "Grande Ligne", "soundbars", 329, [], "", f(connector="hdmi", use="home", colour="black"),
    [("wireless subwoofer", "caisson de basses sans fil"), ("surround sound", "son enveloppant")], was=379,
    power_w=300, length_cm=105, subwoofer=True, bluetooth=True, wall_mount_included=True, warranty_years=2)

# ------------------------------------------------------------------------------------ phones and tablets
add("PH-01", "Norvik", "Onda 5", "phones", 449, gb((128, 449), (256, 519)), "black green", f(connector="usb_c", function="waterproof dual_sim nfc fast_charging"),
    [("bright 6.4 inch screen", "écran lumineux de 6,4 pouces"), ("seven years of updates", "sept ans de mises à jour")],
    screen_in=6.4, battery_mah=4800, camera_mp=50, memory_gb=8, five_g=True, dual_sim=True, nfc=True, waterproof=True, water_resistance="IP67", jack=False, memory_card=False, charging_w=45, charger_included=False, wireless_charging=True, weight_g=182, warranty_years=3)
add("PH-02", "Norvik", "Onda 5 Pro", "phones", 799, gb((256, 799), (512, 919)), "black grey", f(connector="usb_c", function="waterproof dual_sim nfc fast_charging"),
    [("telephoto camera", "téléobjectif"), ("titanium frame", "châssis en titane")],
    screen_in=6.7, battery_mah=5200, camera_mp=108, memory_gb=12, five_g=True, dual_sim=True, nfc=True, waterproof=True, water_resistance="IP68", jack=False, memory_card=False, charging_w=65, charger_included=False, wireless_charging=True, weight_g=209, warranty_years=3)
add("PH-03", "Norvik", "Onda 5 Lite", "phones", 249, gb((64, 249), (128, 289)), "black blue", f(connector="usb_c", function="dual_sim nfc"),
    [("slot for a memory card", "emplacement pour carte mémoire"), ("very light", "très léger")],
    screen_in=6.1, battery_mah=4500, camera_mp=48, memory_gb=6, five_g=True, dual_sim=True, nfc=True, waterproof=False, water_resistance="IP54", jack=True, memory_card=True, charging_w=25, charger_included=False, wireless_charging=False, weight_g=164, warranty_years=3)
add("PH-04", "Norvik", "Onda 6", "phones", 899, gb((256, 899), (512, 1019)), "black", f(connector="usb_c", function="waterproof dual_sim nfc fast_charging"),
    [("new generation, sent from 15 January", "nouvelle génération, expédiée dès le 15 janvier"), ("eight years of updates", "huit ans de mises à jour")],
    screen_in=6.5, battery_mah=5400, camera_mp=64, memory_gb=12, five_g=True, dual_sim=True, nfc=True, waterproof=True, water_resistance="IP68", jack=False, memory_card=False, charging_w=80, wireless_charging=True, weight_g=188, warranty_years=3)
add("PH-05", "Pellio", "Tempo", "phones", 149, gb((64, 149), (128, 179)), "blue black", f(connector="usb_c", function="dual_sim"),
    [("two days of battery", "deux jours d'autonomie"), ("headphone jack", "prise casque")],
    screen_in=6.5, battery_mah=5000, camera_mp=13, memory_gb=4, five_g=False, dual_sim=True, nfc=False, waterproof=False, jack=True, memory_card=True, charging_w=15, charger_included=True, wireless_charging=False, weight_g=195, warranty_years=2)
add("PH-06", "Pellio", "Tempo Plus", "phones", 219, gb((128, 219), (256, 259)), "black pink", f(connector="usb_c", function="dual_sim nfc fast_charging"),
    [("large 6.7 inch screen", "grand écran de 6,7 pouces"), ("charger included", "chargeur fourni")],
    screen_in=6.7, battery_mah=5000, camera_mp=50, memory_gb=6, five_g=True, dual_sim=True, nfc=True, waterproof=False, jack=True, memory_card=True, charging_w=33, charger_included=True, wireless_charging=False, weight_g=201, warranty_years=2)
add("PH-07", "Pellio", "Facile", "phones", 69.90, [], "black red", f(who="seniors"),
    [("big keys and large print", "grosses touches et grands caractères"), ("SOS key", "touche SOS"), ("charging dock", "socle de charge")], title=("easy phone", "téléphone simple"),
    screen_in=2.8, battery_mah=1400, camera_mp=2, five_g=False, dual_sim=False, nfc=False, waterproof=False, internet=False, charger_included=True, weight_g=110, warranty_years=2)
add("PH-08", "Halden", "One", "phones", 999, gb((256, 999), (512, 1129), ("1 TB", 1349)), "black white", f(connector="usb_c", function="waterproof nfc fast_charging", occasion="gift"),
    [("cinema-grade camera", "caméra digne du cinéma"), ("ceramic glass", "verre céramique")],
    screen_in=6.3, battery_mah=4600, camera_mp=64, memory_gb=12, five_g=True, dual_sim=False, nfc=True, waterproof=True, water_resistance="IP68", jack=False, memory_card=False, charging_w=50, charger_included=False, wireless_charging=True, weight_g=176, warranty_years=3)
add("PH-09", "Halden", "One Mini", "phones", 649, gb((128, 649), (256, 729)), "white blue", f(connector="usb_c", function="waterproof nfc"),
    [("small enough for one hand", "tient dans une seule main")],
    screen_in=5.4, battery_mah=3500, camera_mp=48, memory_gb=8, five_g=True, dual_sim=False, nfc=True, waterproof=True, water_resistance="IP68", jack=False, memory_card=False, charging_w=25, charger_included=False, wireless_charging=True, weight_g=138, warranty_years=3)
add("PH-10", "Rokto", "Chantier", "phones", 329, [], "", f(connector="usb_c", function="waterproof dual_sim nfc", use="outdoor", colour="black"),
    [("survives a fall of 2 metres", "résiste à une chute de 2 mètres"), ("works with gloves", "s'utilise avec des gants"), ("built-in torch", "lampe torche intégrée")], title=("rugged phone", "téléphone renforcé"),
    screen_in=6.1, battery_mah=8000, camera_mp=16, memory_gb=6, storage_gb=128, five_g=True, dual_sim=True, nfc=True, waterproof=True, water_resistance="IP68", jack=True, memory_card=True, charger_included=True, weight_g=310, warranty_years=3)
add("TB-01", "Pellio", "Ardoise", "tablets", 169, gb((64, 169), (128, 199)), "grey blue", f(connector="usb_c", use="home"),
    [("10.1 inch screen", "écran de 10,1 pouces"), ("slot for a memory card", "emplacement pour carte mémoire")],
    screen_in=10.1, battery_h=10, memory_gb=4, sim=False, stylus_included=False, memory_card=True, waterproof=False, weight_g=460, warranty_years=2)
add("TB-02", "Norvik", "Folio 11", "tablets", 379, gb((128, 379), (256, 449)), "grey blue", f(connector="usb_c", use="office home"),
    [("11 inch screen", "écran de 11 pouces"), ("pen included", "stylet fourni")],
    screen_in=11, battery_h=12, memory_gb=8, sim=False, stylus_included=True, memory_card=True, waterproof=False, weight_g=480, warranty_years=2)
add("TB-03", "Norvik", "Folio 13 Pro", "tablets", 749, gb((256, 749), (512, 869)), "grey", f(connector="usb_c", use="office"),
    [("13 inch OLED screen", "écran OLED de 13 pouces"), ("pen included", "stylet fourni")],
    screen_in=13, battery_h=14, memory_gb=12, sim=True, stylus_included=True, memory_card=False, waterproof=False, weight_g=610, warranty_years=2)
add("TB-04", "Pipou", "Découverte", "tablets", 119, [], "blue pink", f(who="kids", connector="usb_c"),
    [("shockproof cover included", "coque antichoc fournie"), ("parental control", "contrôle parental")], title=("tablet for children", "tablette pour enfants"),
    screen_in=8, battery_h=8, storage_gb=32, memory_gb=3, sim=False, memory_card=True, age_from=3, waterproof=False, weight_g=520, warranty_years=2)
add("TB-05", "Halden", "Carnet", "tablets", 229, gb((128, 229), (256, 279)), "black white", f(connector="usb_c", use="travel"),
    [("8.3 inch screen", "écran de 8,3 pouces"), ("SIM slot for the road", "emplacement SIM pour la route")],
    screen_in=8.3, battery_h=11, memory_gb=6, sim=True, stylus_included=False, memory_card=False, waterproof=False, weight_g=298, warranty_years=2)
add("ER-01", "Liseo", "Page", "e_readers", 119, gb((16, 119), (32, 149)), "", f(connector="usb_c", function="waterproof", use="travel", colour="black"),
    [("reads like paper", "se lit comme du papier"), ("warm front light", "éclairage chaud")],
    screen_in=6, battery_weeks=6, waterproof=True, water_resistance="IPX8", audiobooks=False, weight_g=174, warranty_years=2)
add("ER-02", "Liseo", "Grande Page", "e_readers", 199, [], "", f(connector="usb_c", function="waterproof", use="travel home", colour="black", occasion="gift"),
    [("7.8 inch screen", "écran de 7,8 pouces"), ("page keys", "touches de page")],
    screen_in=7.8, storage_gb=32, battery_weeks=8, waterproof=True, water_resistance="IPX8", audiobooks=True, weight_g=220, warranty_years=2)

# ------------------------------------------------------------------------------------------- watches
MM = lambda *pairs: [(f"{n} mm", p) for n, p in pairs]
add("SW-01", "Tikkeo", "Minute", "smart_watches", 69, [], "black pink", f(function="heart_rate waterproof"),
    [("messages on the wrist", "messages au poignet"), ("sleep tracking", "suivi du sommeil")],
    battery_days=7, heart_rate=True, gps=False, nfc=False, calls=False, waterproof=True, water_resistance="5 ATM", weight_g=32, warranty_years=2)
add("SW-02", "Tikkeo", "Ronde", "smart_watches", 139, MM((40, 139), (44, 149)), "black beige", f(function="heart_rate waterproof"),
    [("round steel case", "boîtier rond en acier"), ("calls on the wrist", "appels au poignet")],
    battery_days=5, heart_rate=True, gps=False, nfc=False, calls=True, waterproof=True, water_resistance="5 ATM", weight_g=41, warranty_years=2)
add("SW-03", "Tikkeo", "Allure", "smart_watches", 219, MM((40, 219), (44, 239)), "black white", f(function="heart_rate waterproof gps nfc", occasion="gift"),
    [("pays at the till", "paiement en caisse"), ("built-in GPS", "GPS intégré")],
    battery_days=4, heart_rate=True, gps=True, nfc=True, calls=True, waterproof=True, water_resistance="5 ATM", weight_g=39, warranty_years=2)
add("SW-04", "Foulkes", "Chrono", "smart_watches", 249, MM((42, 249), (46, 269)), "black blue", f(function="heart_rate waterproof gps", use="sport"),
    [("training plans", "plans d'entraînement"), ("swims with you", "vous suit à la nage")], title=("sports watch", "montre de sport"),
    battery_days=12, battery_gps_h=28, heart_rate=True, gps=True, nfc=False, calls=False, waterproof=True, water_resistance="10 ATM", weight_g=47, warranty_years=2)
add("SW-05", "Foulkes", "Bivouac", "smart_watches", 449, [], "", f(function="heart_rate waterproof gps nfc", use="sport outdoor", colour="green"),
    [("maps without a phone", "cartes sans téléphone"), ("sapphire glass", "verre saphir"), ("altimeter", "altimètre")], title=("outdoor watch", "montre d'aventure"),
    battery_days=24, battery_gps_h=60, heart_rate=True, gps=True, nfc=True, calls=False, waterproof=True, water_resistance="10 ATM", case_mm=47, weight_g=68, warranty_years=3)
add("SW-06", "Halden", "Heure", "smart_watches", 349, MM((41, 349), (45, 379)), "black white", f(function="heart_rate waterproof gps nfc"),
    [("ECG", "électrocardiogramme"), ("fall detection", "détection de chute")],
    battery_days=2, heart_rate=True, gps=True, nfc=True, calls=True, waterproof=True, water_resistance="5 ATM", weight_g=38, warranty_years=2)
add("SW-07", "Pipou", "Tictac", "smart_watches", 59.90, [], "blue pink", f(function="gps waterproof", who="kids"),
    [("parents see where the child is", "les parents voient où est l'enfant"), ("SOS key", "touche SOS")], title=("watch for children", "montre pour enfants"),
    battery_days=3, heart_rate=False, gps=True, calls=True, nfc=False, waterproof=True, water_resistance="IP67", age_from=5, weight_g=34, warranty_years=2)
add("TR-01", "Tikkeo", "Brin", "trackers", 34.90, [], "black pink", f(function="heart_rate waterproof", use="sport"),
    [("steps, pulse and sleep", "pas, pouls et sommeil"), ("as thin as a bracelet", "fin comme un bracelet")],
    battery_days=14, heart_rate=True, gps=False, nfc=False, calls=False, waterproof=True, water_resistance="5 ATM", weight_g=18, warranty_years=2)
add("TR-02", "Foulkes", "Pouls", "trackers", 49.90, [("S", 49.90), ("L", 49.90)], "", f(function="heart_rate waterproof", use="sport", colour="black"),
    [("automatic sport detection", "détection automatique du sport")],
    battery_days=10, heart_rate=True, gps=False, nfc=False, calls=False, waterproof=True, water_resistance="5 ATM", weight_g=22, warranty_years=2)
add("ST-01", "Tikkeo", "Lagune", "straps", 14.90, MM((20, 14.90), (22, 14.90)), "black blue pink", f(),
    [("soft silicone", "silicone souple"), ("changed without tools", "se change sans outil")], material=both("silicone", "silicone"), washable=True, fits=both("Tikkeo Ronde and Allure", "Tikkeo Ronde et Allure"))
add("ST-02", "Tikkeo", "Sellier", "straps", 29.90, MM((20, 29.90), (22, 29.90)), "black brown", f(occasion="gift"),
    [("full-grain leather", "cuir pleine fleur")], material=both("leather", "cuir"), washable=False, fits=both("Tikkeo Ronde and Allure", "Tikkeo Ronde et Allure"))

# --------------------------------------------------------------------------------------------- power
add("CH-01", "Ampelo", "Cube 20", "chargers", 14.90, [], "white black", f(connector="usb_c", function="fast_charging", connection="wired"),
    [("as small as a die", "petit comme un dé")], power_w=20, ports=1, cable_included=False, laptop=False, weight_g=38, warranty_years=2)
add("CH-02", "Ampelo", "Cube 30", "chargers", 22.90, [], "white black", f(connector="usb_c", function="fast_charging", connection="wired"),
    [("enough for a tablet", "suffit à une tablette")], power_w=30, ports=1, cable_included=False, laptop=False, weight_g=52, warranty_years=2)
add("CH-03", "Ampelo", "Cube 65", "chargers", 39.90, [], "white black", f(connector="usb_c", function="fast_charging", connection="wired", use="office travel"),
    [("charges a laptop and a phone", "recharge un ordinateur portable et un téléphone")], power_w=65, ports=2, cable_included=False, laptop=True, weight_g=108, warranty_years=2)
add("CH-04", "Ampelo", "Cube 100", "chargers", 69.90, [], "", f(connector="usb_c", function="fast_charging", connection="wired", use="office travel", colour="black"),
    [("two laptops at once", "deux ordinateurs à la fois"), ("cable included", "câble fourni")], power_w=100, ports=3, cable_included=True, cable_m=1.5, laptop=True, weight_g=190, warranty_years=2)
add("CH-05", "Ampelo", "Palet", "chargers", 27.90, [], "white black", f(connection="wireless", function="magnetic", use="home"),
    [("holds the phone by magnet", "tient le téléphone par aimant")], title=("wireless charger", "chargeur sans fil"), power_w=15, ports=1, cable_included=True, cable_m=1, weight_g=74, warranty_years=2)
add("CH-06", "Ampelo", "Trio", "chargers", 64.90, [], "", f(connection="wireless", function="magnetic", use="home office", colour="white", occasion="gift"),
    [("phone, watch and earbuds together", "téléphone, montre et écouteurs ensemble")], title=("wireless charging stand", "station de charge sans fil"), power_w=25, ports=3, cable_included=True, cable_m=1.2, weight_g=310, warranty_years=2)
add("CH-07", "Ampelo", "Route", "chargers", 17.90, [], "", f(connection="wired", connector="usb_c usb_a", function="fast_charging", use="car", colour="black"),
    [("for the cigarette lighter", "pour l'allume-cigare")], title=("car charger", "chargeur de voiture"), power_w=38, ports=2, cable_included=False, weight_g=30, warranty_years=2)
add("CH-08", "Ampelo", "Escale", "chargers", 32.90, [], "", f(connection="wired", connector="usb_c usb_a", use="travel", colour="black"),
    [("plugs for 150 countries", "prises pour 150 pays")], title=("travel adapter", "adaptateur de voyage"), power_w=20, ports=3, cable_included=False, weight_g=160, warranty_years=2)
MAH = lambda *pairs: [(f"{n} mAh", p) for n, p in pairs]
add("PB-01", "Ampelo", "Réserve", "power_banks", 24.90, MAH((10000, 24.90), (20000, 39.90)), "black white", f(connector="usb_c usb_a", function="fast_charging", use="travel"),
    [("shows what is left", "affiche ce qui reste"), ("allowed on planes", "admise en avion")], power_w=20, ports=2, cable_included=True, waterproof=False, warranty_years=2)
add("PB-02", "Ampelo", "Ventouse", "power_banks", 34.90, MAH((5000, 34.90), (10000, 49.90)), "black white", f(connection="wireless", connector="usb_c", function="magnetic", use="travel"),
    [("sticks to the back of the phone", "se colle au dos du téléphone"), ("allowed on planes", "admise en avion")], power_w=15, ports=1, cable_included=True, waterproof=False, warranty_years=2)
add("PB-03", "Ampelo", "Bastion", "power_banks", 99, [], "", f(connector="usb_c usb_a", function="fast_charging", use="office travel", colour="black"),
    [("charges a laptop", "recharge un ordinateur portable")], capacity_mah=27000, power_w=100, ports=3, laptop=True, cable_included=True, waterproof=False, weight_g=590, warranty_years=2)
add("PB-04", "Ampelo", "Solis", "power_banks", 54.90, [], "", f(connector="usb_c usb_a", function="waterproof", use="outdoor", colour="green"),
    [("solar panel", "panneau solaire"), ("lamp", "lampe")], title=("solar power bank", "batterie solaire"), capacity_mah=20000, power_w=18, ports=2, cable_included=True, waterproof=True, water_resistance="IP65", weight_g=480, warranty_years=2)
M = lambda *pairs: [(f"{n} m", p) for n, p in pairs]
add("CB-01", "Ampelo", "Tresse", "cables", 11.90, M((1, 11.90), (2, 14.90), (3, 18.90)), "black white", f(connector="usb_c", function="fast_charging"),
    [("braided, does not tear", "tressé, ne se déchire pas"), ("USB-C to USB-C", "USB-C vers USB-C")], title=("USB-C cable", "câble USB-C"), max_power_w=100, warranty_years=2)
add("CB-02", "Ampelo", "Lien", "cables", 6.90, M((0.5, 6.90), (1, 7.90), (2, 9.90)), "", f(connector="usb_a usb_c", colour="black"),
    [("USB-A to USB-C", "USB-A vers USB-C")], title=("USB-A to USB-C cable", "câble USB-A vers USB-C"), max_power_w=15, warranty_years=2)
add("CB-03", "Ampelo", "Éclair", "cables", 17.90, M((1, 17.90), (2, 22.90)), "", f(connector="usb_c lightning", function="fast_charging", colour="white"),
    [("USB-C to Lightning", "USB-C vers Lightning")], title=("Lightning cable", "câble Lightning"), max_power_w=30, warranty_years=2)
add("CB-04", "Ampelo", "Torrent", "cables", 24.90, M((1, 24.90), (2, 29.90)), "", f(connector="usb_c", function="fast_charging", use="office", colour="black"),
    [("for powerful laptops", "pour ordinateurs puissants"), ("8K picture", "image 8K")], title=("USB-C cable", "câble USB-C"), max_power_w=240, warranty_years=5)
add("CB-05", "Ampelo", "Image", "cables", 12.90, M((1.5, 12.90), (3, 17.90), (5, 24.90)), "", f(connector="hdmi", use="home", colour="black"),
    [("4K at 120 Hz", "4K à 120 Hz"), ("gold-plated plugs", "fiches plaquées or")], title=("HDMI cable", "câble HDMI"), warranty_years=2)
add("CB-06", "Ampelo", "Note", "cables", 7.90, M((1, 7.90), (2, 9.90), (5, 13.90)), "", f(connector="jack", colour="black"),
    [("3.5 mm on both ends", "3,5 mm aux deux bouts")], title=("audio cable", "câble audio"), warranty_years=2)
add("CB-07", "Ampelo", "Menu", "cables", 5.90, M((1, 5.90), (2, 7.90)), "", f(connector="micro_usb usb_a", colour="black"),
    [("for older devices", "pour les anciens appareils")], title=("micro-USB cable", "câble micro-USB"), max_power_w=10, warranty_years=2)

# ---------------------------------------------------------------------------- protection and accessories
def soft(code, name, price, colours, fits, model, **more):
    add(code, "Cocquio", name, "cases", price, [], colours, f(fits=fits, **({"function": "magnetic"} if more.get("magnetic") else {})),
        [("soft edges, good grip", "bords souples, bonne prise"), (f"for the {model}", f"pour {model}")], material=both("silicone", "silicone"), fits=model, washable=True, drop_m=1.2, **more)


soft("CS-01", "Souple Onda 5", 19.90, "black blue clear", "onda_5", "Norvik Onda 5", magnetic=True)
soft("CS-02", "Souple Onda 5 Pro", 22.90, "black green", "onda_5_pro", "Norvik Onda 5 Pro", magnetic=True)
soft("CS-03", "Souple Onda 5 Lite", 16.90, "black pink", "onda_5_lite", "Norvik Onda 5 Lite", magnetic=False)
add("CS-04", "Cocquio", "Portefeuille Onda 5", "cases", 34.90, [], "brown black", f(fits="onda_5"),
    [("three card slots", "trois fentes pour cartes"), ("folds into a stand", "se plie en support")], title=("wallet case", "étui portefeuille"), material=both("leather", "cuir"), fits="Norvik Onda 5", magnetic=False, washable=False, drop_m=1)
add("CS-05", "Cocquio", "Blindée Onda 5", "cases", 39.90, [], "", f(fits="onda_5", use="outdoor", colour="black"),
    [("survives a fall of 3 metres", "résiste à une chute de 3 mètres"), ("raised edges", "bords relevés")], title=("rugged case", "coque renforcée"), material=both("polycarbonate", "polycarbonate"), fits="Norvik Onda 5", magnetic=False, washable=True, drop_m=3)
soft("CS-06", "Souple Halden One", 24.90, "black beige", "halden_one", "Halden One", magnetic=True)
soft("CS-07", "Souple Tempo", 12.90, "black blue", "tempo", "Pellio Tempo", magnetic=False)
add("CS-08", "Cocquio", "Étui Folio 11", "cases", 44.90, [], "grey blue", f(fits="folio_11"),
    [("stands in two positions", "tient en deux positions"), ("loop for the pen", "passant pour le stylet")], title=("tablet cover", "étui de tablette"), fits="Norvik Folio 11", material=both("recycled polyester", "polyester recyclé"), washable=False)
add("CS-09", "Cocquio", "Clavier Folio 11", "cases", 99, [], "", f(fits="folio_11", use="office", colour="grey"),
    [("keyboard with backlight", "clavier rétroéclairé"), ("touchpad", "pavé tactile")], title=("keyboard case", "étui clavier"), fits="Norvik Folio 11", battery_h=60, weight_g=390, warranty_years=2)
for code, price, fits, model in (("SG-01", 14.90, "onda_5", "Onda 5"), ("SG-02", 16.90, "onda_5_pro", "Onda 5 Pro"), ("SG-03", 16.90, "halden_one", "Halden One")):
    add(code, "Verrio", f"Net {model}", "screen_protectors", price, [], "", f(fits=fits),
        [("tempered glass", "verre trempé"), ("two in the box, with a fitting frame", "lot de deux, avec cadre de pose")], fits=model, pieces=2, thickness_mm=0.3)
add("MC-01", "Memno", "Carte", "memory", 12.90, gb((64, 12.90), (128, 19.90), (256, 34.90), (512, 64.90)), "", f(use="travel"),
    [("adapter included", "adaptateur fourni"), ("microSD format", "format microSD")], title=("memory card", "carte mémoire"), speed_mb_s=170, waterproof=True, warranty_years=10)
add("MC-02", "Memno", "Bâton", "memory", 14.90, gb((64, 14.90), (128, 22.90), (256, 39.90)), "", f(connector="usb_c usb_a"),
    [("USB-C on one end, USB-A on the other", "USB-C d'un côté, USB-A de l'autre")], title=("USB stick", "clé USB"), speed_mb_s=400, waterproof=False, warranty_years=5)
add("HO-01", "Ampelo", "Grille", "holders", 19.90, [], "", f(function="magnetic", use="car", colour="black"),
    [("clips to the air vent", "se clipse sur l'aération"), ("turns round", "rotatif")], title=("car phone holder", "support de téléphone pour voiture"), max_weight_g=300, charges=False, warranty_years=2)
add("HO-02", "Ampelo", "Pupitre", "holders", 29.90, [], "grey black", f(use="home office"),
    [("for tablets up to 13 inches", "pour tablettes jusqu'à 13 pouces"), ("folds flat", "se plie à plat")], title=("tablet stand", "support de tablette"), material=both("aluminium", "aluminium"), weight_g=340, warranty_years=2)


def money(amount):
    return {"amount": f"{amount:.2f}", "currency": "EUR"}


def state(chance, *path):
    """Stock and availability of a product, or of one of its variants."""
    fits = lambda listed: any(rule[0] == path[0] and set(rule[1:]) <= set(path[1:]) for rule in listed)
    stock = chance.choice([2, 3, 4, 6, 9, 14])
    if fits(AHEAD):
        return {"availability": "preorder"}
    return {"stock": 0, "availability": "sold_out"} if fits(GONE) else {"stock": stock, "availability": "in_stock"}


def record(chance, rank, row):
    code, brand, name, category, price, sizes, colours, facets, features, title, was, attributes = row
    en, fr = title or TITLES[category]
    full = f"{brand} {name}"
    facets = {k: v for k, v in facets.items() if v}
    if colours:
        facets["colour"] = colours
    list_en, list_fr = [a for a, _ in features], [b for _, b in features]
    out = {"sku": code, "name": full, "brand": brand, "category": category, "price": money(price), "facets": facets,
           "title": {"en": en, "fr": fr}, "features": {"en": list_en, "fr": list_fr}, "url": f"https://voltanelle.example/p/{code.lower()}", "rank": rank,
           "attributes": attributes,
           "description": {"en": f"{full}, {en}: {', '.join(list_en)}.", "fr": f"{full}, {fr} : {', '.join(list_fr)}."}}
    keys = (["size"] if sizes else []) + (["colour"] if colours else [])
    if not keys:
        if was:
            out["compare_at"] = money(was)
        return out | state(chance, code)
    out["options"], out["variants"] = keys, []
    for size, cost in sizes or [(None, price)]:
        for colour in colours or [None]:
            options = ({"size": size} if size else {}) | ({"colour": colour} if colour else {})
            path = [v for v in (size, colour) if v]
            v = {"sku": "-".join([code] + [p.replace(" ", "").replace(".", "").upper() for p in path]), "options": options, "price": money(cost)}
            if was:
                v["compare_at"] = money(was)
            out["variants"].append(v | state(chance, code, *path))
    return out


def main():
    chance = random.Random(SEED)
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    lines = [json.dumps(record(chance, 100 + 10 * i, row), ensure_ascii=False, separators=(",", ":")) for i, row in enumerate(PRODUCTS)]
    (folder / "catalog.ndjson").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(len(lines), "products")


main()
