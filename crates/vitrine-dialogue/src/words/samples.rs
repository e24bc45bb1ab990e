//! Facts in six languages, and every statement made of them, for the tests of the words.

use crate::command::Complaint;
use crate::plan::Action;
use crate::plan::ActionKind;
use crate::plan::AttributeText;
use crate::plan::Availability;
use crate::plan::Card;
use crate::plan::GivenUp;
use crate::plan::Lead;
use crate::plan::LineText;
use crate::plan::Move;
use crate::plan::Plan;
use crate::plan::PolicyText;
use crate::plan::Price;
use crate::plan::Row;
use vitrine_base::money::Money;

/// Words of a shop in one language.
pub(super) struct Words {
    pub(super) code: &'static str,
    title: &'static str,
    size: &'static str,
    colour: (&'static str, &'static str),
    comfort: &'static str,
    marathon: &'static str,
    rain: &'static str,
    sole: &'static str,
    heel: &'static str,
    mesh: &'static str,
    weight: &'static str,
    description: &'static str,
    pub(super) policy: &'static str,
    question: &'static str,
    about: &'static str,
    team: &'static str,
    hours: &'static str,
    wanted: &'static str,
}

pub(super) const WORDS: [Words; 6] = [
    Words {
        code: "en",
        title: "running shoes",
        size: "size",
        colour: ("colour", "black"),
        comfort: "comfort",
        marathon: "marathon",
        rain: "rain",
        sole: "cushioned sole",
        heel: "soft heel",
        mesh: "breathable mesh",
        weight: "weight",
        description: "Made for long runs on the road. The upper dries within two hours.",
        policy: "You can return any unused item within 30 days, free of charge.",
        question: "Which size would you like?",
        about: "sports gear",
        team: "advisor",
        hours: "Monday to Saturday, 9 am to 7 pm",
        wanted: "snowboards",
    },
    Words {
        code: "fr",
        title: "chaussures de course",
        size: "taille",
        colour: ("couleur", "noir"),
        comfort: "confort",
        marathon: "marathon",
        rain: "pluie",
        sole: "semelle amortie",
        heel: "talon souple",
        mesh: "mesh respirant",
        weight: "poids",
        description: "Pour les longues sorties sur route. La tige sèche en deux heures.",
        policy: "Vous pouvez retourner tout article non utilisé sous 30 jours, gratuitement.",
        question: "Quelle taille vous faut-il ?",
        about: "articles de sport",
        team: "conseiller",
        hours: "du lundi au samedi, de 9 h à 19 h",
        wanted: "snowboards",
    },
    Words {
        code: "de",
        title: "Laufschuhe",
        size: "Größe",
        colour: ("Farbe", "Schwarz"),
        comfort: "Komfort",
        marathon: "Marathon",
        rain: "Regen",
        sole: "gedämpfte Sohle",
        heel: "weiche Ferse",
        mesh: "atmungsaktives Mesh",
        weight: "Gewicht",
        description: "Für lange Läufe auf der Straße. Das Obermaterial trocknet in zwei Stunden.",
        policy: "Unbenutzte Artikel können Sie innerhalb von 30 Tagen kostenlos zurückgeben.",
        question: "Welche Größe brauchen Sie?",
        about: "Sportartikel",
        team: "Berater",
        hours: "Montag bis Samstag, 9 bis 19 Uhr",
        wanted: "Snowboards",
    },
    Words {
        code: "es",
        title: "zapatillas de correr",
        size: "talla",
        colour: ("color", "negro"),
        comfort: "comodidad",
        marathon: "maratón",
        rain: "lluvia",
        sole: "suela amortiguada",
        heel: "talón suave",
        mesh: "malla transpirable",
        weight: "peso",
        description: "Para carreras largas en asfalto. El material se seca en dos horas.",
        policy: "Se puede devolver cualquier artículo sin usar en un plazo de 30 días, gratis.",
        question: "¿Qué talla necesita?",
        about: "artículos deportivos",
        team: "asesor",
        hours: "de lunes a sábado, de 9 a 19 h",
        wanted: "tablas de snowboard",
    },
    Words {
        code: "it",
        title: "scarpe da corsa",
        size: "taglia",
        colour: ("colore", "nero"),
        comfort: "comodità",
        marathon: "maratona",
        rain: "pioggia",
        sole: "suola ammortizzata",
        heel: "tallone morbido",
        mesh: "rete traspirante",
        weight: "peso",
        description: "Per le corse lunghe su strada. La tomaia asciuga in due ore.",
        policy: "Gli articoli non usati si possono rendere gratis entro 30 giorni.",
        question: "Quale taglia le serve?",
        about: "articoli sportivi",
        team: "consulente",
        hours: "da lunedì a sabato, dalle 9 alle 19",
        wanted: "tavole da snowboard",
    },
    Words {
        code: "pt",
        title: "sapatilhas de corrida",
        size: "tamanho",
        colour: ("cor", "preto"),
        comfort: "conforto",
        marathon: "maratona",
        rain: "chuva",
        sole: "sola amortecida",
        heel: "calcanhar macio",
        mesh: "malha respirável",
        weight: "peso",
        description: "Para corridas longas na estrada. O tecido seca em duas horas.",
        policy: "Qualquer artigo não usado pode ser devolvido em 30 dias, sem custos.",
        question: "Qual é o tamanho?",
        about: "artigos de desporto",
        team: "consultor",
        hours: "de segunda a sábado, das 9h às 19h",
        wanted: "pranchas de snowboard",
    },
];

pub(super) fn money(amount: &str) -> Money {
    Money::parse(amount, "EUR").unwrap()
}

pub(super) fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

pub(super) fn plan(moves: Vec<Move>) -> Plan {
    Plan {
        action: Action::of(ActionKind::Answer),
        moves,
        options: vec![],
        products: vec![],
        exact: None,
        handoff: None,
        no_offer: false,
    }
}

impl Words {
    pub(super) fn card(&self, name: &str, price: &str) -> Card {
        Card {
            sku: "RUN-1".to_owned(),
            variant: None,
            name: name.to_owned(),
            title: self.title.to_owned(),
            price: Price::Exact(money(price)),
            compare_at: None,
            options: vec![],
            reasons: owned(&[self.comfort, self.marathon]),
            features: owned(&[self.sole, self.heel]),
            availability: Availability::InStock,
        }
    }

    fn sized(&self, availability: Availability) -> Card {
        let options = vec![(self.size.to_owned(), "44".to_owned())];
        Card { options, availability, ..self.card("Vélance Dorane", "119") }
    }

    fn bare(&self) -> Card {
        Card { reasons: vec![], features: vec![], ..self.card("Vélance Dorane", "119") }
    }

    pub(super) fn cards(&self) -> Vec<Card> {
        let second = Card {
            reasons: owned(&[self.comfort, self.rain]),
            features: owned(&[self.mesh]),
            compare_at: Some(money("99")),
            ..self.card("Karsto Mercane", "89")
        };
        let third = Card {
            price: Price::From(money("34.9")),
            reasons: owned(&[self.comfort]),
            availability: Availability::Preorder,
            ..self.card("Foulée Cotelle", "34.9")
        };
        vec![self.card("Vélance Dorane", "119"), second, third]
    }

    fn lines(&self) -> Vec<LineText> {
        let line = |quantity, size: &str, total| LineText {
            quantity,
            name: "Vélance Isolde".to_owned(),
            options: vec![(self.size.to_owned(), size.to_owned())],
            total: Some(money(total)),
        };
        vec![line(2, "42", "298"), line(1, "44", "149")]
    }

    /// Every statement, with a name for the golden file.
    pub(super) fn statements(&self) -> Vec<(&'static str, Move)> {
        let mut all = self.product_statements();
        all.extend(self.answers());
        all.extend(Self::sizes_and_limits());
        all.extend(self.service());
        all.extend(self.talk());
        all
    }

    fn product_statements(&self) -> Vec<(&'static str, Move)> {
        let leads = [
            ("present, first", Lead::First),
            ("present, another", Lead::Another),
            ("present, cheaper", Lead::Cheaper),
            ("present, dearer", Lead::Dearer),
            ("present, back", Lead::Back),
            ("present, updated", Lead::Updated),
            ("present, accessory", Lead::Accessory),
            ("present, named", Lead::Named),
        ];
        let mut all = Vec::new();
        for (name, lead) in leads {
            let cards = vec![self.bare()];
            all.push((name, Move::Present { cards, lead, given_up: vec![] }));
            let cards = self.cards();
            all.push((name, Move::Present { cards, lead, given_up: vec![] }));
        }
        let full = Card {
            compare_at: Some(money("149")),
            options: vec![(self.colour.0.to_owned(), self.colour.1.to_owned())],
            ..self.cards().remove(0)
        };
        let cards = vec![full];
        all.push(("present, merits", Move::Present { cards, lead: Lead::First, given_up: vec![] }));
        let given_up = [
            ("given up, value", vec![GivenUp::Value(self.rain.to_owned())]),
            ("given up, unwanted", vec![GivenUp::Unwanted(self.colour.1.to_owned())]),
            ("given up, size", vec![GivenUp::Size("45".to_owned())]),
            ("given up, price max", vec![GivenUp::PriceMax(money("100"))]),
            ("given up, price min", vec![GivenUp::PriceMin(money("200"))]),
            ("given up, category", vec![GivenUp::Category(self.title.to_owned())]),
            (
                "given up, several",
                vec![
                    GivenUp::Value(self.rain.to_owned()),
                    GivenUp::Unwanted(self.colour.1.to_owned()),
                    GivenUp::Size("45".to_owned()),
                    GivenUp::PriceMax(money("100")),
                    GivenUp::PriceMin(money("20")),
                ],
            ),
        ];
        for (name, given_up) in given_up {
            all.push((
                name,
                Move::Present { cards: vec![self.bare()], lead: Lead::First, given_up },
            ));
        }
        let given_up = vec![GivenUp::Value(self.rain.to_owned())];
        all.push((
            "given up, list",
            Move::Present { cards: self.cards(), lead: Lead::First, given_up },
        ));
        all.push(("nothing found", Move::NothingFound { wanted: self.wanted.to_owned() }));
        for (name, lead) in [
            ("no other", Lead::Another),
            ("no cheaper", Lead::Cheaper),
            ("no dearer", Lead::Dearer),
        ] {
            all.push((name, Move::NoOther { card: Some(self.bare()), lead }));
            all.push((name, Move::NoOther { card: None, lead }));
        }
        all
    }

    fn answers(&self) -> Vec<(&'static str, Move)> {
        let card = || self.bare();
        let cards = self.cards();
        let two = vec![cards[0].clone(), cards[1].clone()];
        let row =
            |label: &str, values: &[&str]| Row { label: label.to_owned(), values: owned(values) };
        let rows = vec![
            row(self.weight, &["280 g", "310 g"]),
            row(self.rain, &["false", "true"]),
            row(self.mesh, &["", "true"]),
            row(self.comfort, &["3/5", "3/5"]),
            row("", &[self.sole, self.heel]),
        ];
        let label = || self.rain.to_owned();
        let attribute = |value| Move::Attribute { card: card(), label: label(), value };
        let weight = self.weight.to_owned();
        let stated = vec![(weight.clone(), "280 g".to_owned()), (label(), String::new())];
        let value = AttributeText::Value("280 g".to_owned());
        let weighed = Move::Attribute { card: card(), label: weight, value };
        let stock = |availability, sizes: &[&str]| Move::Stock {
            card: self.sized(availability),
            sizes: owned(sizes),
        };
        let open = Card { price: Price::From(money("34.9")), ..card() };
        let reduced = Card { compare_at: Some(money("149")), ..self.sized(Availability::InStock) };
        vec![
            (
                "describe",
                Move::Describe { card: cards[0].clone(), description: self.description.to_owned() },
            ),
            ("describe", Move::Describe { card: cards[0].clone(), description: String::new() }),
            ("compare", Move::Compare { cards: two.clone(), rows }),
            ("compare, no rows", Move::Compare { cards: two, rows: vec![] }),
            ("which, cheapest", Move::Which { card: card(), cheapest: Some(true) }),
            ("which, dearest", Move::Which { card: card(), cheapest: Some(false) }),
            ("which, has", Move::Which { card: card(), cheapest: None }),
            ("price", Move::PriceOf { card: card(), pieces: None }),
            ("price, reduced", Move::PriceOf { card: reduced, pieces: None }),
            ("price, from", Move::PriceOf { card: open, pieces: None }),
            ("price, pieces", Move::PriceOf { card: card(), pieces: Some((3, money("357"))) }),
            ("sum", Move::Sum { total: money("357") }),
            ("stock, in", stock(Availability::InStock, &[])),
            ("stock, preorder", stock(Availability::Preorder, &[])),
            ("stock, out", stock(Availability::SoldOut, &["42", "43", "45"])),
            ("stock, out, no size left", stock(Availability::SoldOut, &[])),
            ("stock, not made", stock(Availability::NotMade, &["36", "37"])),
            ("sizes", Move::Sizes { card: card(), sizes: owned(&["36", "37", "39"]) }),
            ("sizes, one", Move::Sizes { card: card(), sizes: vec![] }),
            ("sizes, none", Move::Sizes { card: self.sized(Availability::SoldOut), sizes: vec![] }),
            ("attribute, yes", attribute(AttributeText::Yes)),
            ("attribute, no", attribute(AttributeText::No)),
            ("attribute, value", weighed),
            ("attribute, years", attribute(AttributeText::Years(10))),
            ("attribute, quote", attribute(AttributeText::Quote(self.description.to_owned()))),
            ("attribute, unknown", attribute(AttributeText::Unknown)),
            ("sheet", Move::Sheet { name: card().name, rows: stated }),
        ]
    }

    fn sizes_and_limits() -> Vec<(&'static str, Move)> {
        vec![
            (
                "size mapped",
                Move::SizeMapped { said: "US 10".to_owned(), sizes: owned(&["43", "44"]) },
            ),
            (
                "size between",
                Move::SizeBetween {
                    said: "42,5".to_owned(),
                    larger: "43".to_owned(),
                    smaller: "42".to_owned(),
                },
            ),
            (
                "foreign currency",
                Move::ForeignCurrency {
                    limit: Money::parse("99.50", "USD").expect("an amount"),
                    currency: "EUR".to_owned(),
                },
            ),
        ]
    }

    fn service(&self) -> Vec<(&'static str, Move)> {
        let lines = || self.lines();
        let one = || self.lines()[..1].to_vec();
        let link = || "https://foulee.example/pay/t1?sku=RUN-009-42".to_owned();
        let name = || "Vélance Dorane".to_owned();
        let policy = PolicyText { id: "returns".to_owned(), text: self.policy.to_owned() };
        let order = |date: Option<&str>, link| Move::OrderStatus {
            id: "4481922".to_owned(),
            status: "shipped".to_owned(),
            date: date.map(str::to_owned),
            link,
        };
        let handoff = |again| Move::Handoff {
            team: self.team.to_owned(),
            hours: self.hours.to_owned(),
            again,
        };
        let mut all = vec![
            ("policy", Move::Policy(policy)),
            ("no policy", Move::NoPolicy),
            ("order status", order(Some("2026-11-20"), None)),
            ("order status, link", order(None, Some("https://track.example/4481922".to_owned()))),
            ("order unknown", Move::OrderUnknown { id: "77120934".to_owned() }),
            ("added, one", Move::Added { lines: one() }),
            ("added, several", Move::Added { lines: lines() }),
            ("removed", Move::Removed { name: name() }),
            ("cart, empty", Move::Cart { lines: vec![], total: None }),
            ("cart, one", Move::Cart { lines: one(), total: Some(money("298")) }),
            ("cart, several", Move::Cart { lines: lines(), total: Some(money("447")) }),
            (
                "checkout, one",
                Move::Checkout { lines: one(), total: Some(money("298")), link: link() },
            ),
            (
                "checkout, several",
                Move::Checkout { lines: lines(), total: Some(money("447")), link: link() },
            ),
            ("checkout, link only", Move::Checkout { lines: vec![], total: None, link: link() }),
            ("checkout by a person", Move::CheckoutByPerson),
            (
                "restock, contact",
                Move::RestockNoted { name: name(), contact: Some("lea@mail.example".to_owned()) },
            ),
            ("restock, here", Move::RestockNoted { name: name(), contact: None }),
            ("handoff", handoff(false)),
            ("handoff, again", handoff(true)),
            (
                "handoff, bare",
                Move::Handoff { team: String::new(), hours: String::new(), again: false },
            ),
        ];
        for (name, about) in COMPLAINTS {
            all.push((name, Move::Sorry { about, angry: false }));
            all.push((name, Move::Sorry { about, angry: true }));
        }
        all
    }

    fn talk(&self) -> Vec<(&'static str, Move)> {
        let about = || self.about.to_owned();
        let greet = |name: Option<&str>, short| Move::Greet {
            name: name.map(str::to_owned),
            shop: "Foulée".to_owned(),
            short,
        };
        let (question, label) = (|| self.question.to_owned(), self.size.to_owned());
        let values = owned(&["36", "37", "38", "39", "40", "42"]);
        vec![
            ("greet", greet(Some("Léa"), false)),
            ("greet, no name", greet(None, false)),
            ("greet, short", greet(Some("Léa"), true)),
            ("greet, short, no name", greet(None, true)),
            ("ask order id", Move::AskOrderId),
            ("ask facet", Move::AskFacet { question: question(), label: label.clone() }),
            ("ask option", Move::AskOption { question: question(), label, values }),
            ("ask need", Move::AskNeed),
            ("ask buy", Move::AskBuy),
            ("ask pick", Move::AskPick),
            ("ask resume", Move::AskResume { name: "Vélance Dorane".to_owned() }),
            ("ask topic", Move::AskTopic),
            ("ask anything", Move::AskAnything),
            ("ask contact", Move::AskContact),
            ("bot", Move::Bot),
            ("abilities", Move::Abilities { about: about() }),
            ("deflect", Move::Deflect { about: about() }),
            ("unclear, first", Move::Unclear { times: 1 }),
            ("unclear, again", Move::Unclear { times: 2 }),
            ("stopped", Move::Stopped),
            ("started", Move::Started),
            ("welcome", Move::Welcome),
            ("bye", Move::Bye),
            ("noted", Move::Noted { what: String::new() }),
            ("noted, what", Move::Noted { what: format!("{} 43", self.size) }),
        ]
    }
}

pub(super) const COMPLAINTS: [(&str, Complaint); 6] = [
    ("sorry, delivery", Complaint::Delivery),
    ("sorry, damaged", Complaint::Damaged),
    ("sorry, fault", Complaint::Fault),
    ("sorry, payment", Complaint::Payment),
    ("sorry, refund", Complaint::Refund),
    ("sorry, service", Complaint::Service),
];
