"""English catalogue words by trade: needs, facets, features, sizes. Plain data, `|` separates values."""

TRADES = {
    "sports": {
        "topic": "sports gear|running and outdoor gear|fitness equipment",
        "needs": "running shoes|trail shoes|yoga mats|cycling shorts|football boots|swim goggles|tennis rackets|hiking socks|sports bras|climbing shoes|rain jackets for running|dumbbells",
        "facets": {
            "feel": "comfort|speed|stability|cushioning|lightness|grip",
            "terrain": "road|trail|track|gym|mud|snow",
            "level": "beginner|regular|competitor|club player",
            "distance": "short runs|half marathon|marathon|ultra",
        },
        "features": "light|breathable|waterproof|soft foam|grippy sole|reflective details|recycled mesh|wide toe box|quick-drying|carbon plate|padded collar|machine washable",
        "sizes": "shoes",
    },
    "fashion": {
        "topic": "clothing|women's fashion|everyday fashion|menswear",
        "needs": "summer dresses|jeans|wool coats|linen shirts|party outfits|knitwear|leather boots|evening gowns|work trousers|hoodies|denim jackets|scarves",
        "facets": {
            "cut": "straight|slim|oversized|flared|high waist|regular fit",
            "occasion": "wedding|office|weekend|holiday|evening out",
            "material": "cotton|linen|wool|silk|denim|viscose",
            "colour": "navy|black|cream|olive|terracotta|lilac|burgundy",
        },
        "features": "organic cotton|two pockets|lined|crease-resistant|stretch waist|made in Portugal|hand-stitched|soft to the touch|hidden zip|dry clean only|adjustable straps",
        "sizes": "clothes",
    },
    "beauty": {
        "topic": "cosmetics|skincare|natural beauty products|perfume and make-up",
        "needs": "face creams|serums|lipsticks|shampoos|sunscreens|perfumes|make-up removers|hand creams|hair masks|foundations",
        "facets": {
            "skin type": "dry|oily|sensitive|combination|mature",
            "goal": "radiance|hydration|firmness|anti-blemish|soothing",
            "texture": "gel|cream|oil|balm|mousse",
            "scent": "floral|woody|citrus|unscented|vanilla",
        },
        "features": "fragrance-free|vegan|hyaluronic acid|vitamin C|cruelty-free|refillable bottle|tested on sensitive skin|non-greasy finish|shea butter|long-lasting colour",
        "sizes": "volumes",
    },
    "furniture": {
        "topic": "furniture|home furniture and decoration|sofas and beds",
        "needs": "sofas|desk lamps|bookcases|dining tables|bed frames|office chairs|wardrobes|rugs|coffee tables|mattresses|bedside tables",
        "facets": {
            "style": "Scandinavian|industrial|vintage|modern|rustic|bohemian",
            "room": "living room|bedroom|home office|kitchen|hallway|kids' room",
            "wood": "oak|walnut|pine|beech|ash",
            "seats": "two seats|three seats|corner sofa|armchair",
        },
        "features": "solid oak|removable covers|easy to assemble|storage drawer|height adjustable|scratch-resistant top|pocket springs|velvet finish|dimmable light|folding legs",
        "sizes": "centimetres",
    },
    "electronics": {
        "topic": "electronics|phones and accessories|audio and hi-fi|computers",
        "needs": "headphones|smartphones|laptops|bluetooth speakers|chargers|smart watches|cameras|keyboards|screens|e-readers|routers",
        "facets": {
            "use": "gaming|office work|travel|music|video calls|photo editing",
            "screen": "compact|medium|large|ultrawide",
            "connection": "wireless|wired|USB-C|bluetooth",
            "priority": "battery life|sound quality|price|storage|weight",
        },
        "features": "noise cancelling|fast charging|two-year battery|water resistant|backlit keyboard|OLED screen|dual SIM|foldable|built-in microphone|aluminium body|silent fan",
        "sizes": "memory",
    },
    "books": {
        "topic": "books|books and comics|new and used books|stationery",
        "needs": "crime novels|cookbooks|children's books|fantasy sagas|biographies|travel guides|comics|poetry|history books|notebooks",
        "facets": {
            "genre": "thriller|romance|science fiction|fantasy|essay|humour",
            "age": "toddlers|children|teenagers|adults",
            "format": "paperback|hardback|e-book|audiobook",
            "mood": "gripping|moving|funny|dark|uplifting",
        },
        "features": "large print|illustrated|signed copy|prize winner|short chapters|bilingual edition|first volume|gift box|unabridged|sewn binding",
        "sizes": "formats",
    },
    "wine": {
        "topic": "wine|wine and spirits|natural wines|craft beer",
        "needs": "red wines|white wines|champagnes|gift boxes|rosé wines|whiskies|craft beers|alcohol-free drinks|dessert wines",
        "facets": {
            "dish": "fish|red meat|cheese|seafood|dessert|aperitif",
            "style": "dry|fruity|full-bodied|sweet|sparkling|mineral",
            "region": "Burgundy|Loire|Rioja|Tuscany|Alsace|Rhône",
            "occasion": "gift|dinner with friends|cellar|celebration",
        },
        "features": "organic|low sulphites|aged in oak|hand-picked|fine bubbles|notes of cherry|ready to drink|biodynamic|screw cap|small producer",
        "sizes": "bottles",
    },
    "groceries": {
        "topic": "fine foods|organic groceries|coffee and tea|chocolate and sweets",
        "needs": "coffee beans|green teas|chocolate boxes|olive oils|gluten-free biscuits|spices|honey|fruit baskets|breakfast cereals|jams",
        "facets": {
            "taste": "mild|strong|fruity|spicy|sweet|smoky",
            "diet": "vegan|gluten-free|sugar-free|organic|lactose-free",
            "grind": "whole beans|filter|espresso|moka pot",
            "origin": "Ethiopia|Brazil|Italy|Japan|Peru|Greece",
        },
        "features": "fair trade|roasted this week|no added sugar|resealable bag|cold-pressed|palm oil free|low in acidity|hand-made|source of fibre|compostable capsules",
        "sizes": "weights",
    },
    "toys": {
        "topic": "toys|toys and games|wooden toys|board games",
        "needs": "board games|building blocks|soft toys|puzzles|dolls|outdoor toys|craft kits|toy trains|birthday presents|bath toys",
        "facets": {
            "age": "babies|toddlers|primary school|teenagers|the whole family",
            "type": "creative|educational|active|quiet|cooperative",
            "theme": "animals|space|dinosaurs|pirates|princesses|vehicles",
            "players": "solo|two players|small group|big party",
        },
        "features": "FSC wood|washable|no batteries needed|quiet|rules in four languages|rounded edges|easy to tidy away|lights and sounds|award-winning|fits in a bag",
        "sizes": "pieces",
    },
    "garden": {
        "topic": "gardening supplies|plants and flowers|garden furniture and tools",
        "needs": "indoor plants|garden chairs|seed kits|lawn mowers|flower pots|hedge trimmers|barbecues|bird feeders|parasols|compost bins",
        "facets": {
            "light": "full sun|half shade|shade|low light",
            "place": "balcony|terrace|garden|greenhouse|windowsill",
            "care": "easy care|regular care|expert",
            "power": "manual|battery|petrol|electric",
        },
        "features": "frost-resistant|safe for pets|flowers all summer|UV-resistant|stackable|self-watering|rust-free|low noise|recycled plastic|grows fast",
        "sizes": "centimetres",
    },
    "pets": {
        "topic": "pet supplies|food and toys for pets|cat and dog care",
        "needs": "dry cat food|dog beds|dog leads|cat trees|fish tanks|puppy treats|litter|bird cages|grooming brushes|rabbit hutches",
        "facets": {
            "animal": "cat|dog|rabbit|bird|fish|hamster",
            "age": "puppy|kitten|adult|senior",
            "diet": "grain-free|sensitive stomach|weight control|high protein",
            "size": "small breed|medium breed|large breed|giant breed",
        },
        "features": "grain-free recipe|washable cover|chew-proof|anti-slip base|real salmon|dust-free|no artificial colours|padded harness|easy to clean|vet approved",
        "sizes": "weights",
    },
    "jewellery": {
        "topic": "jewellery|watches and jewellery|handmade jewellery",
        "needs": "engagement rings|necklaces|earrings|bracelets|watches|wedding bands|pendants|brooches|cufflinks",
        "facets": {
            "metal": "yellow gold|silver|rose gold|platinum|steel",
            "stone": "diamond|sapphire|pearl|emerald|no stone|moonstone",
            "style": "discreet|statement|classic|art deco|minimalist",
            "recipient": "for me|my partner|my mother|a friend",
        },
        "features": "recycled silver|engraving possible|nickel-free|adjustable chain|gift case included|hand-set stones|sapphire glass|automatic movement|hypoallergenic|numbered edition",
        "sizes": "rings",
    },
    "diy": {
        "topic": "DIY and tools|hardware|paint and tools|bathroom fittings",
        "needs": "cordless drills|wall paints|screwdriver sets|ladders|shower heads|wood glues|floor tiles|toolboxes|sanders|door handles",
        "facets": {
            "surface": "wood|concrete|metal|plaster|tile|brick",
            "finish": "matt|satin|gloss|velvet|raw",
            "power source": "battery|mains|manual|compressed air",
            "frequency": "occasional|weekly|professional",
        },
        "features": "two batteries|low odour|soft grip|brushless motor|one coat|anti-slip steps|lifetime warranty|dries fast|carry case|magnetic tip",
        "sizes": "millimetres",
    },
    "optics": {
        "topic": "glasses|eyewear|sunglasses and contact lenses",
        "needs": "sunglasses|reading glasses|contact lenses|blue light glasses|children's frames|ski goggles|lens cleaners|glasses cases",
        "facets": {
            "frame": "round|square|cat-eye|aviator|rimless",
            "lens": "polarised|tinted|progressive|clear|mirrored",
            "face": "oval|round|heart-shaped|long",
            "wear": "daily|monthly|occasional|sport",
        },
        "features": "scratch-resistant|flexible hinges|titanium frame|anti-reflective|case included|bio-acetate|spring arms|category three filter|featherweight|prescription-ready",
        "sizes": "millimetres",
    },
    "travel": {
        "topic": "luggage|travel gear|bags and backpacks",
        "needs": "cabin suitcases|backpacks|travel pillows|toiletry bags|packing cubes|laptop bags|camping tents|sleeping bags|duffel bags",
        "facets": {
            "trip": "weekend|business trip|long journey|hike|city break",
            "shell": "hard shell|soft shell|mixed|canvas",
            "wheels": "two wheels|four wheels|no wheels",
            "capacity": "cabin|medium hold|large hold|family size",
        },
        "features": "TSA lock|water-repellent|laptop sleeve|expandable|silent wheels|hidden pocket|cabin approved|compression straps|USB port|ten-year guarantee",
        "sizes": "litres",
    },
    "music": {
        "topic": "musical instruments|guitars and pianos|vinyl records|studio gear",
        "needs": "acoustic guitars|digital pianos|ukuleles|drum kits|vinyl records|microphones|violins|guitar strings|music stands|audio interfaces",
        "facets": {
            "sound": "warm|bright|balanced|vintage|powerful",
            "level": "first instrument|intermediate|advanced|stage",
            "music style": "jazz|rock|classical|folk|electro|metal",
            "body": "small body|dreadnought|semi-hollow|solid body",
        },
        "features": "weighted keys|solid top|built-in tuner|headphone output|padded bag|low action|phantom power|nylon strings|foldable stand|remastered",
        "sizes": "instruments",
    },
}

SIZES = {
    "shoes": "36|37|38|39|40|41|42|43|44|45|46|38.5|40.5|42.5|EU 41|EU 43|UK 7|UK 8.5|US 9|US 10.5",
    "clothes": "XS|S|M|L|XL|XXL|34|36|38|40|42|44|one size|S/M|L/XL|W30 L32|W32 L34|size 12",
    "volumes": "30 ml|50 ml|75 ml|100 ml|150 ml|200 ml|250 ml|400 ml|15 ml|travel size|full size|refill",
    "centimetres": "80 cm|90 cm|120 cm|140 x 190|160 x 200|180 cm|200 cm|60 x 120|40 cm|15 cm|240 x 330",
    "memory": "64 GB|128 GB|256 GB|512 GB|1 TB|2 TB|13 inch|14 inch|16 inch|27 inch",
    "formats": "pocket|large format|A4|A5|A6|box set|single volume",
    "bottles": "37.5 cl|75 cl|150 cl|magnum|case of 6|case of 12|half bottle|33 cl|70 cl",
    "weights": "100 g|250 g|500 g|1 kg|2 kg|3 kg|7.5 kg|12 kg|15 kg|20 capsules|50 capsules",
    "pieces": "24 pieces|48 pieces|100 pieces|500 pieces|1000 pieces|small|medium|large|mini|giant",
    "rings": "48|50|52|54|56|58|60|18 cm|42 cm|45 cm|36 mm|40 mm|adjustable",
    "millimetres": "3 mm|6 mm|8 mm|10 mm|32 mm|48 mm|52 mm|54 mm|60 mm|120 mm|2.5 litres|10 litres",
    "litres": "20 L|25 L|35 L|40 L|55 L|65 L|90 L|S|M|L|XL|cabin|55 cm|68 cm|76 cm",
    "instruments": "1/4|1/2|3/4|4/4|61 keys|73 keys|88 keys|left-handed|41 inch|22 inch",
}

POLICIES = {
    "returns": "Returns are free within {n} days of delivery.|You can return an item within {n} days of receiving it.|Items can be sent back within {n} days, unworn and in their box.|We accept returns for {n} days. The label is in the parcel.|Returns cost {p} and are deducted from the refund.|You have {n} days to change your mind.",
    "delivery": "Standard delivery takes {a} to {b} working days.|Delivery costs {p} and is free from {q}.|Orders placed before {h} leave the same day.|Express delivery costs {p} and takes {n} hours.|We deliver to {n} countries in Europe.|Delivery is free over {q}.|Parcels are sent from our workshop in {city}.|We deliver from Monday to Saturday.",
    "refunds": "Refunds are made within {n} days, on the card used to pay.|Once we have the parcel, the refund takes {a} to {b} working days.|We refund the full price, delivery excluded.",
    "warranty": "Every item has a {n}-year warranty.|The warranty lasts {n} years and covers parts and labour.|Batteries are covered for {n} months.|The frame is guaranteed for {n} years, the fabric for {a}.",
    "payment": "We take Visa, Mastercard and PayPal.|You can pay in {n} instalments from {q}.|Payment is made on our secure page. We never ask for card details in this chat.|Bank transfers take {a} to {b} days.|Gift cards are accepted up to {q}.",
    "exchanges": "Exchanges are free within {n} days.|You can swap a size within {n} days at no cost.|To exchange an item, send it back and we ship the new one within {n} hours.",
    "opening hours": "Our shop is open from {h} to {h2}, Monday to Saturday.|The shop at {n} {street} opens at {h}.|We are closed on Sundays. The workshop opens at {h} on other days.",
    "gift wrapping": "Gift wrapping costs {p}.|Gift wrapping is free from {q}.|We can add a hand-written card for {p}.",
    "price match": "We match lower prices seen within {n} days of your order.|We do not match prices from marketplaces.",
    "click and collect": "Click and collect is free and ready in {n} hours.|We keep your parcel for {n} days at the shop.|Bring an ID and your order number to collect.",
    "loyalty": "Every order earns {n} points. {q} of purchases give a {p} voucher.|Members get {n}% off on their birthday.|Points are valid for {n} months.",
    "repairs": "Repairs take {a} to {b} weeks.|We repair our products for {n} years. A quote costs {p}.|Send it to our workshop in {city} and we will look at it within {n} days.",
    "cancellation": "An order can be cancelled within {n} hours.|Once shipped, an order cannot be cancelled. You can still return it within {n} days.",
    "student discount": "Students get {n}% off all year with a valid card.|The discount of {n}% cannot be combined with other offers.",
    "materials": "Our cotton is certified organic. Our dyes come from {city}.|At least {n}% of the material is recycled.",
    "allergens": "This product may contain traces of nuts.|Allergens are listed in bold on each product page.|Our workshop also handles milk, eggs and {n} kinds of nuts.",
    "customs": "Customs fees are included for orders under {q}.|Outside Europe, customs fees are paid on delivery.",
    "assembly": "Assembly takes about {n} minutes.|Assembly at home costs {p} and is booked within {n} days.",
}

STATUSES = "shipped|in preparation|out for delivery|delivered|awaiting payment|confirmed|at the pickup point|delayed|on its way|being packed|cancelled|returned|refunded|in transit|at customs|ready for collection|held at the depot|partly shipped|waiting for stock"
TEAMS = "advisor|customer service|sales team|support team|shop team|adviser|stylist|after-sales team|expert|store manager|specialist|care team|order desk|sommelier|fitter|human colleague|technician"
AVAILABILITY = "out of stock|sold out|in stock|back in stock soon|only in store|available to order|low stock|no longer sold|on pre-order|last pieces"
HOURS = "from {h} to {h2}|Monday to Friday, {h} to {h2}|weekdays {h}-{h2}|{h} to {h2}, every day|until {h2}|Tuesday to Saturday from {h}|24/7|from {h}|Mon-Fri {h}-{h2}|on weekdays"
STOCK = "{n} left|{n} in stock|{n} pieces|last {n}|{n} available|{n}|only {n} left|{n} pairs|more than {n}"
GREET_OPTIONS = "find a product|track my order|talk to an advisor|returns|see the new range|gift ideas|size help|opening hours|best sellers|delivery|my order|ask a question|special offers|store finder|shop now|browse|sale|help"
CONFIRM_OPTIONS = "yes|another size|yes, that's right|change size|confirm|no|see sizes|yes please|pick another|go ahead|not sure|that's it|change"
RECOMMEND_OPTIONS = "buy it|see another|order|more details|something else|add to basket|I'll take it|other ideas|see sizes|yes please|next|not for me|show more|tell me more|reserve it"
NONE_OPTIONS = "start again|talk to an advisor|see everything|wider search|another colour|other brands|change budget|best sellers|all sizes|new arrivals|similar items"
CLARIFY_OPTIONS = "an order|a return|a product|a refund|delivery times|opening hours|a size question|a new purchase|a gift|payment|an exchange|the price|availability|a complaint|track a parcel|buy something|product advice|the warranty|store address|a repair|an invoice|change an order"
