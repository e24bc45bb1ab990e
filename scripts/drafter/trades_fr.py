"""French catalogue words by trade: needs, facets, features, sizes. Plain data, `|` separates values."""

TRADES = {
    "sports": {
        "topic": "articles de sport|équipement de course|matériel de fitness|sport et plein air",
        "needs": "chaussures de course|chaussures de trail|tapis de yoga|cuissards de vélo|crampons de football|lunettes de natation|raquettes de tennis|chaussettes de randonnée|brassières de sport|chaussons d'escalade|vestes imperméables|haltères",
        "facets": {
            "sensation": "confort|vitesse|stabilité|amorti|légèreté|accroche",
            "terrain": "route|chemin|piste|salle|boue|neige",
            "niveau": "débutant|régulier|compétition|joueur de club",
            "distance": "courtes sorties|semi-marathon|marathon|ultra",
        },
        "features": "léger|respirant|imperméable|mousse souple|semelle accrocheuse|détails réfléchissants|maille recyclée|avant-pied large|séchage rapide|plaque carbone|col rembourré|lavable en machine|semelle amortie",
        "sizes": "shoes",
    },
    "fashion": {
        "topic": "vêtements|mode femme|prêt-à-porter|mode homme",
        "needs": "robes d'été|jeans|manteaux en laine|chemises en lin|tenues de fête|pulls|bottes en cuir|robes de soirée|pantalons de travail|sweats à capuche|vestes en jean|écharpes",
        "facets": {
            "coupe": "droite|ajustée|ample|évasée|taille haute|coupe classique",
            "occasion": "mariage|bureau|week-end|vacances|sortie du soir",
            "matière": "coton|lin|laine|soie|denim|viscose",
            "couleur": "bleu marine|noir|crème|vert olive|terracotta|lilas|bordeaux",
        },
        "features": "coton bio|deux poches|doublure|infroissable|taille élastiquée|fabrication portugaise|cousu main|doux au toucher|zip invisible|nettoyage à sec|bretelles réglables",
        "sizes": "clothes",
    },
    "beauty": {
        "topic": "cosmétiques|soins de la peau|beauté naturelle|parfums et maquillage",
        "needs": "crèmes visage|sérums|rouges à lèvres|shampoings|crèmes solaires|parfums|démaquillants|crèmes mains|masques capillaires|fonds de teint",
        "facets": {
            "type de peau": "sèche|grasse|sensible|mixte|mature",
            "objectif": "éclat|hydratation|fermeté|anti-imperfections|apaisement",
            "texture": "gel|crème|huile|baume|mousse",
            "senteur": "floral|boisé|agrumes|sans parfum|vanille",
        },
        "features": "sans parfum|végan|acide hyaluronique|vitamine C|non testé sur les animaux|flacon rechargeable|adapté aux peaux sensibles|fini non gras|beurre de karité|couleur longue tenue",
        "sizes": "volumes",
    },
    "furniture": {
        "topic": "meubles|mobilier et décoration|canapés et literie",
        "needs": "canapés|lampes de bureau|bibliothèques|tables à manger|cadres de lit|chaises de bureau|armoires|tapis|tables basses|matelas|tables de chevet",
        "facets": {
            "style": "scandinave|industriel|vintage|moderne|rustique|bohème",
            "pièce": "salon|chambre|bureau|cuisine|entrée|chambre d'enfant",
            "bois": "chêne|noyer|pin|hêtre|frêne",
            "places": "deux places|trois places|canapé d'angle|fauteuil",
        },
        "features": "chêne massif|housses amovibles|montage facile|tiroir de rangement|hauteur réglable|plateau anti-rayures|ressorts ensachés|finition velours|lumière variable|pieds pliants",
        "sizes": "centimetres",
    },
    "electronics": {
        "topic": "électronique|téléphones et accessoires|audio et hi-fi|informatique",
        "needs": "casques audio|smartphones|ordinateurs portables|enceintes bluetooth|chargeurs|montres connectées|appareils photo|claviers|écrans|liseuses|routeurs",
        "facets": {
            "usage": "jeux vidéo|bureautique|voyage|musique|appels vidéo|retouche photo",
            "écran": "compact|moyen|grand|très large",
            "connexion": "sans fil|filaire|USB-C|bluetooth",
            "priorité": "autonomie|qualité du son|prix|stockage|poids",
        },
        "features": "réduction de bruit|charge rapide|batterie longue durée|résistant à l'eau|clavier rétroéclairé|écran OLED|double SIM|pliable|micro intégré|coque en aluminium|ventilateur silencieux",
        "sizes": "memory",
    },
    "books": {
        "topic": "livres|livres et bandes dessinées|livres neufs et d'occasion|papeterie",
        "needs": "romans policiers|livres de cuisine|livres pour enfants|sagas fantastiques|biographies|guides de voyage|bandes dessinées|recueils de poésie|livres d'histoire|carnets",
        "facets": {
            "genre": "thriller|romance|science-fiction|fantasy|essai|humour",
            "âge": "tout-petits|enfants|adolescents|adultes",
            "format": "poche|relié|numérique|livre audio",
            "ambiance": "haletant|émouvant|drôle|sombre|lumineux",
        },
        "features": "gros caractères|illustré|exemplaire dédicacé|prix littéraire|chapitres courts|édition bilingue|premier tome|coffret cadeau|texte intégral|reliure cousue",
        "sizes": "formats",
    },
    "wine": {
        "topic": "vin|vins et spiritueux|vins naturels|bières artisanales",
        "needs": "vins rouges|vins blancs|champagnes|coffrets cadeaux|vins rosés|whiskies|bières artisanales|boissons sans alcool|vins moelleux",
        "facets": {
            "plat": "poisson|viande rouge|fromage|fruits de mer|dessert|apéritif",
            "style": "sec|fruité|corsé|doux|pétillant|minéral",
            "région": "Bourgogne|Loire|Rioja|Toscane|Alsace|Rhône",
            "occasion": "cadeau|dîner entre amis|cave|fête",
        },
        "features": "bio|peu de sulfites|élevé en fût|vendangé à la main|bulles fines|notes de cerise|prêt à boire|biodynamie|capsule à vis|petit producteur",
        "sizes": "bottles",
    },
    "groceries": {
        "topic": "épicerie fine|épicerie bio|café et thé|chocolats et confiseries",
        "needs": "cafés en grains|thés verts|boîtes de chocolats|huiles d'olive|biscuits sans gluten|épices|miels|paniers de fruits|céréales|confitures",
        "facets": {
            "goût": "doux|corsé|fruité|épicé|sucré|fumé",
            "régime": "végan|sans gluten|sans sucre|bio|sans lactose",
            "mouture": "en grains|filtre|expresso|cafetière italienne",
            "origine": "Éthiopie|Brésil|Italie|Japon|Pérou|Grèce",
        },
        "features": "commerce équitable|torréfaction de la semaine|sans sucre ajouté|sachet refermable|première pression à froid|sans huile de palme|peu acide|fait main|source de fibres|capsules compostables",
        "sizes": "weights",
    },
    "toys": {
        "topic": "jouets|jeux et jouets|jouets en bois|jeux de société",
        "needs": "jeux de société|jeux de construction|peluches|puzzles|poupées|jeux d'extérieur|kits créatifs|petits trains|cadeaux d'anniversaire|jouets de bain",
        "facets": {
            "âge": "bébés|tout-petits|école primaire|adolescents|toute la famille",
            "type": "créatif|éducatif|actif|calme|coopératif",
            "thème": "animaux|espace|dinosaures|pirates|princesses|véhicules",
            "joueurs": "seul|à deux|petit groupe|grande fête",
        },
        "features": "bois FSC|lavable|sans piles|silencieux|règles en quatre langues|bords arrondis|facile à ranger|sons et lumières|jeu primé|format de poche",
        "sizes": "pieces",
    },
    "garden": {
        "topic": "articles de jardin|plantes et fleurs|mobilier et outils de jardin",
        "needs": "plantes d'intérieur|chaises de jardin|kits de semis|tondeuses|pots de fleurs|taille-haies|barbecues|mangeoires à oiseaux|parasols|composteurs",
        "facets": {
            "lumière": "plein soleil|mi-ombre|ombre|peu de lumière",
            "emplacement": "balcon|terrasse|jardin|serre|rebord de fenêtre",
            "entretien": "entretien facile|entretien régulier|expert",
            "énergie": "manuel|batterie|essence|électrique",
        },
        "features": "résistant au gel|sans danger pour les animaux|fleurs tout l'été|anti-UV|empilable|réserve d'eau|inoxydable|peu bruyant|plastique recyclé|pousse rapide",
        "sizes": "centimetres",
    },
    "pets": {
        "topic": "animalerie|alimentation et jouets pour animaux|soins pour chiens et chats",
        "needs": "croquettes pour chat|paniers pour chien|laisses|arbres à chat|aquariums|friandises pour chiot|litières|cages à oiseaux|brosses de toilettage|clapiers",
        "facets": {
            "animal": "chat|chien|lapin|oiseau|poisson|hamster",
            "âge": "chiot|chaton|adulte|senior",
            "régime": "sans céréales|estomac sensible|contrôle du poids|riche en protéines",
            "gabarit": "petite race|race moyenne|grande race|race géante",
        },
        "features": "recette sans céréales|housse lavable|anti-morsures|base antidérapante|vrai saumon|sans poussière|sans colorants|harnais rembourré|nettoyage facile|validé par des vétérinaires",
        "sizes": "weights",
    },
    "jewellery": {
        "topic": "bijoux|montres et bijoux|bijoux faits main",
        "needs": "bagues de fiançailles|colliers|boucles d'oreilles|bracelets|montres|alliances|pendentifs|broches|boutons de manchette",
        "facets": {
            "métal": "or jaune|argent|or rose|platine|acier",
            "pierre": "diamant|saphir|perle|émeraude|sans pierre|pierre de lune",
            "style": "discret|audacieux|classique|art déco|minimaliste",
            "destinataire": "pour moi|mon conjoint|ma mère|une amie",
        },
        "features": "argent recyclé|gravure possible|sans nickel|chaîne réglable|écrin offert|serti à la main|verre saphir|mouvement automatique|hypoallergénique|édition numérotée",
        "sizes": "rings",
    },
    "diy": {
        "topic": "bricolage|outillage|peinture et outils|quincaillerie",
        "needs": "perceuses sans fil|peintures murales|jeux de tournevis|échelles|pommeaux de douche|colles à bois|carrelages|boîtes à outils|ponceuses|poignées de porte",
        "facets": {
            "support": "bois|béton|métal|plâtre|carrelage|brique",
            "finition": "mat|satin|brillant|velours|brut",
            "alimentation": "batterie|secteur|manuel|air comprimé",
            "fréquence": "occasionnel|hebdomadaire|professionnel",
        },
        "features": "deux batteries|peu odorant|poignée souple|moteur sans charbon|une seule couche|marches antidérapantes|garantie à vie|séchage rapide|mallette de transport|embout magnétique",
        "sizes": "millimetres",
    },
    "optics": {
        "topic": "lunettes|optique|lunettes de soleil et lentilles",
        "needs": "lunettes de soleil|lunettes de lecture|lentilles de contact|lunettes anti-lumière bleue|montures enfant|masques de ski|nettoyants pour verres|étuis à lunettes",
        "facets": {
            "monture": "ronde|carrée|papillon|aviateur|sans cercle",
            "verre": "polarisé|teinté|progressif|transparent|miroir",
            "visage": "ovale|rond|en cœur|allongé",
            "port": "quotidien|mensuel|occasionnel|sport",
        },
        "features": "anti-rayures|charnières souples|monture en titane|antireflet|étui fourni|bio-acétate|branches à ressort|filtre de catégorie trois|ultra-léger|adaptable à la vue",
        "sizes": "millimetres",
    },
    "travel": {
        "topic": "bagages|articles de voyage|sacs et bagages",
        "needs": "valises cabine|sacs à dos|oreillers de voyage|trousses de toilette|cubes de rangement|sacoches d'ordinateur|tentes de camping|sacs de couchage|sacs de sport",
        "facets": {
            "voyage": "week-end|voyage d'affaires|long séjour|randonnée|escapade en ville",
            "coque": "rigide|souple|mixte|toile",
            "roues": "deux roues|quatre roues|sans roues",
            "capacité": "cabine|soute moyenne|grande soute|format familial",
        },
        "features": "serrure TSA|déperlant|pochette ordinateur|extensible|roues silencieuses|poche cachée|format cabine|sangles de compression|port USB|garantie dix ans",
        "sizes": "litres",
    },
    "music": {
        "topic": "instruments de musique|guitares et pianos|disques vinyles|matériel de studio",
        "needs": "guitares acoustiques|pianos numériques|ukulélés|batteries|disques vinyles|microphones|violons|cordes de guitare|pupitres|interfaces audio",
        "facets": {
            "son": "chaud|brillant|équilibré|vintage|puissant",
            "niveau": "premier instrument|intermédiaire|avancé|scène",
            "style musical": "jazz|rock|classique|folk|électro|metal",
            "caisse": "petite caisse|dreadnought|demi-caisse|corps plein",
        },
        "features": "touches lestées|table massive|accordeur intégré|sortie casque|housse rembourrée|action basse|alimentation fantôme|cordes en nylon|pied pliable|remasterisé",
        "sizes": "instruments",
    },
}

SIZES = {
    "shoes": "36|37|38|39|40|41|42|43|44|45|46|38,5|40,5|42,5|EU 41|EU 43|UK 7|UK 8,5|37 1/3|42 2/3",
    "clothes": "XS|S|M|L|XL|XXL|34|36|38|40|42|44|taille unique|S/M|L/XL|W30 L32|W32 L34|T2|T3",
    "volumes": "30 ml|50 ml|75 ml|100 ml|150 ml|200 ml|250 ml|400 ml|15 ml|format voyage|grand format|recharge",
    "centimetres": "80 cm|90 cm|120 cm|140 x 190|160 x 200|180 cm|200 cm|60 x 120|40 cm|15 cm|240 x 330",
    "memory": "64 Go|128 Go|256 Go|512 Go|1 To|2 To|13 pouces|14 pouces|16 pouces|27 pouces",
    "formats": "poche|grand format|A4|A5|A6|coffret|tome unique",
    "bottles": "37,5 cl|75 cl|150 cl|magnum|carton de 6|carton de 12|demi-bouteille|33 cl|70 cl",
    "weights": "100 g|250 g|500 g|1 kg|2 kg|3 kg|7,5 kg|12 kg|15 kg|20 capsules|50 capsules",
    "pieces": "24 pièces|48 pièces|100 pièces|500 pièces|1000 pièces|petit|moyen|grand|mini|géant",
    "rings": "48|50|52|54|56|58|60|18 cm|42 cm|45 cm|36 mm|40 mm|ajustable",
    "millimetres": "3 mm|6 mm|8 mm|10 mm|32 mm|48 mm|52 mm|54 mm|60 mm|120 mm|2,5 litres|10 litres",
    "litres": "20 L|25 L|35 L|40 L|55 L|65 L|90 L|S|M|L|XL|cabine|55 cm|68 cm|76 cm",
    "instruments": "1/4|1/2|3/4|4/4|61 touches|73 touches|88 touches|gaucher|41 pouces|22 pouces",
}

POLICIES = {
    "retours": "Les retours sont gratuits pendant {n} jours après la livraison.|Vous pouvez renvoyer un article dans les {n} jours qui suivent la réception.|Les articles peuvent être renvoyés sous {n} jours, non portés et dans leur boîte.|Les retours sont acceptés pendant {n} jours. L'étiquette est dans le colis.|Le retour coûte {p}, déduits du remboursement.|Le délai de rétractation est de {n} jours.",
    "livraison": "La livraison standard prend {a} à {b} jours ouvrés.|La livraison coûte {p} et devient gratuite dès {q}.|Les commandes passées avant {h} partent le jour même.|La livraison express coûte {p} et prend {n} heures.|Nous livrons dans {n} pays d'Europe.|La livraison est offerte dès {q} d'achat.|Les colis partent de notre atelier de {city}.|Nous livrons du lundi au samedi.",
    "remboursements": "Le remboursement est fait sous {n} jours, sur la carte utilisée.|Une fois le colis reçu, le remboursement prend {a} à {b} jours ouvrés.|Nous remboursons le prix complet, hors frais de port.",
    "garantie": "Chaque article est garanti {n} ans.|La garantie dure {n} ans, pièces et main-d'œuvre.|Les batteries sont garanties {n} mois.|La structure est garantie {n} ans, le tissu {a} ans.",
    "paiement": "Nous acceptons Visa, Mastercard et PayPal.|Le paiement en {n} fois est possible dès {q}.|Le paiement se fait sur notre page sécurisée. Nous ne demandons jamais de numéro de carte ici.|Les virements prennent {a} à {b} jours.|Les cartes cadeaux sont acceptées jusqu'à {q}.",
    "échanges": "Les échanges sont gratuits pendant {n} jours.|Le changement de taille est gratuit sous {n} jours.|Pour un échange, renvoyez l'article et le nouveau part sous {n} heures.",
    "horaires": "Notre boutique est ouverte de {h} à {h2}, du lundi au samedi.|La boutique du {n} {street} ouvre à {h}.|Nous sommes fermés le dimanche. L'atelier ouvre à {h} les autres jours.",
    "paquet cadeau": "Le paquet cadeau coûte {p}.|Le paquet cadeau est offert dès {q}.|Nous pouvons ajouter une carte manuscrite pour {p}.",
    "alignement des prix": "Nous alignons nos prix sur une offre plus basse vue dans les {n} jours.|Nous n'alignons pas nos prix sur les places de marché.",
    "retrait en boutique": "Le retrait en boutique est gratuit et prêt en {n} heures.|Votre colis est gardé {n} jours en boutique.|Une pièce d'identité et le numéro de commande suffisent pour le retrait.",
    "fidélité": "Chaque commande rapporte {n} points. {q} d'achats donnent un bon de {p}.|Les membres ont {n} % de remise pour leur anniversaire.|Les points sont valables {n} mois.",
    "réparations": "Une réparation prend {a} à {b} semaines.|Nous réparons nos produits pendant {n} ans. Le devis coûte {p}.|Notre atelier de {city} l'examine sous {n} jours.",
    "annulation": "Une commande peut être annulée pendant {n} heures.|Une commande expédiée ne peut plus être annulée. Le retour reste possible sous {n} jours.",
    "remise étudiante": "Les étudiants ont {n} % de remise toute l'année avec une carte valide.|La remise de {n} % n'est pas cumulable.",
    "matières": "Notre coton est certifié bio. Nos teintures viennent de {city}.|Au moins {n} % de la matière est recyclée.",
    "allergènes": "Ce produit peut contenir des traces de fruits à coque.|Les allergènes sont en gras sur chaque fiche.|Notre atelier utilise aussi du lait, des œufs et {n} fruits à coque.",
    "douane": "Les frais de douane sont inclus sous {q}.|Hors d'Europe, les frais de douane sont à régler à la livraison.",
    "montage": "Le montage prend environ {n} minutes.|Le montage à domicile coûte {p} et se réserve sous {n} jours.",
}

STATUSES = "expédiée|en préparation|en cours de livraison|livrée|en attente de paiement|confirmée|au point relais|retardée|en route|en cours d'emballage|annulée|retournée|remboursée|en transit|en douane|prête au retrait|bloquée au dépôt|expédiée en partie|en attente de stock"
TEAMS = "conseiller|service client|équipe commerciale|équipe support|équipe de la boutique|conseillère|styliste|service après-vente|expert|responsable de magasin|spécialiste|vendeuse|équipe des commandes|sommelier|opticien|collègue humain|technicien"
AVAILABILITY = "en rupture de stock|épuisé|en stock|bientôt de retour|seulement en boutique|disponible sur commande|stock limité|plus vendu|en précommande|dernières pièces"
HOURS = "de {h} à {h2}|du lundi au vendredi, de {h} à {h2}|en semaine {h}-{h2}|de {h} à {h2}, tous les jours|jusqu'à {h2}|du mardi au samedi dès {h}|24h/24|à partir de {h}|lun-ven {h}-{h2}|en semaine"
STOCK = "{n} restants|{n} en stock|{n} pièces|les {n} derniers|{n} disponibles|{n}|plus que {n}|{n} paires|plus de {n}"
GREET_OPTIONS = "trouver un produit|suivre ma commande|un conseiller|retours|voir les nouveautés|idées cadeaux|aide taille|horaires|meilleures ventes|livraison|ma commande|poser une question|offres du moment|trouver un magasin|acheter|parcourir|soldes|aide"
CONFIRM_OPTIONS = "oui|autre taille|oui, c'est ça|changer de taille|confirmer|non|voir les tailles|oui merci|en choisir une autre|c'est parti|pas sûr|c'est bon|modifier"
RECOMMEND_OPTIONS = "l'acheter|voir un autre|commander|plus de détails|autre chose|ajouter au panier|je le prends|d'autres idées|voir les tailles|oui merci|suivant|pas pour moi|en voir plus|en savoir plus|le réserver"
NONE_OPTIONS = "recommencer|un conseiller|tout voir|élargir|autre couleur|autres marques|changer de budget|meilleures ventes|toutes les tailles|nouveautés|articles proches"
CLARIFY_OPTIONS = "une commande|un retour|un produit|un remboursement|les délais|les horaires|un souci de taille|un nouvel achat|un cadeau|le paiement|un échange|le prix|la disponibilité|une réclamation|suivre un colis|acheter|un conseil produit|la garantie|l'adresse|une réparation|une facture|modifier une commande"
