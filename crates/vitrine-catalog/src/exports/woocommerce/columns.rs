//! The columns of WooCommerce's product CSV, in the languages in which the program names them.
//!
//! Source: WooCommerce's product CSV import schema, and its translations of the column names.

use crate::exports::sheet::Header;
use crate::exports::sheet::compared;
use std::collections::BTreeMap;
use std::collections::HashMap;

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Column {
    Id,
    Kind,
    Sku,
    Gtin,
    Name,
    Published,
    Visibility,
    ShortDescription,
    Description,
    InStock,
    Stock,
    Backorders,
    SalePrice,
    RegularPrice,
    Categories,
    Tags,
    Images,
    Parent,
    Brand,
}

/// Compared names of the columns: English, French, German, Spanish, Italian, Portuguese.
const NAMES: [(Column, &[&str]); 19] = [
    (Column::Id, &["id"]),
    (Column::Kind, &["type", "typ", "tipo"]),
    (Column::Sku, &["sku", "ugs", "artikelnummer", "cod", "ref", "referencia"]),
    (
        Column::Gtin,
        &[
            "gtin upc ean or isbn",
            "gtin upc ean ou isbn",
            "gtin upc ean oder isbn",
            "gtin upc ean o isbn",
            "ean",
            "gtin",
        ],
    ),
    (Column::Name, &["name", "nom", "nombre", "nome"]),
    (Column::Published, &["published", "publie", "veroffentlicht", "publicado", "pubblicato"]),
    (
        Column::Visibility,
        &[
            "visibility in catalog",
            "visibility in catalogue",
            "visibilite dans le catalogue",
            "sichtbarkeit im katalog",
            "visibilidad en el catalogo",
            "visibilita nel catalogo",
            "visibilidade no catalogo",
        ],
    ),
    (
        Column::ShortDescription,
        &[
            "short description",
            "description courte",
            "kurzbeschreibung",
            "descripcion corta",
            "breve descrizione",
            "descricao curta",
        ],
    ),
    (
        Column::Description,
        &["description", "beschreibung", "descripcion", "descrizione", "descricao"],
    ),
    (
        Column::InStock,
        &[
            "in stock",
            "en stock",
            "vorratig",
            "hay existencias",
            "in magazzino",
            "em stock",
            "em estoque",
        ],
    ),
    (Column::Stock, &["stock", "bestand", "inventario", "magazzino", "lager", "estoque"]),
    (
        Column::Backorders,
        &[
            "backorders allowed",
            "autoriser les commandes de produits en rupture",
            "ruckstande erlaubt",
            "permitir reservas de productos agotados",
            "permetti ordini arretrati",
        ],
    ),
    (
        Column::SalePrice,
        &[
            "sale price",
            "tarif promo",
            "prix promo",
            "angebotspreis",
            "precio rebajado",
            "prezzo in offerta",
            "preco promocional",
        ],
    ),
    (
        Column::RegularPrice,
        &[
            "regular price",
            "tarif regulier",
            "prix regulier",
            "regularer preis",
            "precio normal",
            "prezzo di listino",
            "preco normal",
        ],
    ),
    (Column::Categories, &["categories", "kategorien", "categorias", "categorie"]),
    (Column::Tags, &["tags", "etiquettes", "schlagworter", "etiquetas", "tag"]),
    (Column::Images, &["images", "bilder", "imagenes", "immagini", "imagens"]),
    (
        Column::Parent,
        &["parent", "ubergeordnetes produkt", "eltern", "superior", "genitore", "ascendente"],
    ),
    (
        Column::Brand,
        &["brand", "brands", "marque", "marques", "marke", "marken", "marca", "marcas", "marchio"],
    ),
];

/// Names of an attribute's name and value, with `{}` for its number.
const ATTRIBUTE_NAMES: [&str; 5] = [
    "attribute {} name",
    "nom de l attribut {}",
    "attribut {} name",
    "nombre del atributo {}",
    "nome dell attributo {}",
];
const ATTRIBUTE_VALUES: [&str; 6] = [
    "attribute {} value(s)",
    "valeur(s) de l attribut {}",
    "attribut {} wert(e)",
    "valor(es) del atributo {}",
    "valore(i) dell attributo {}",
    "valores do atributo {}",
];

/// Most attributes of a product.
const ATTRIBUTES_MAX: usize = 60;

/// Measures with their units in brackets: `Weight (kg)`.
const MEASURES: [&str; 20] = [
    "weight",
    "length",
    "width",
    "height",
    "poids",
    "longueur",
    "largeur",
    "hauteur",
    "gewicht",
    "lange",
    "breite",
    "hohe",
    "peso",
    "longitud",
    "anchura",
    "altura",
    "lunghezza",
    "larghezza",
    "altezza",
    "largura",
];

/// Where the columns of a table are.
#[derive(Debug)]
pub(super) struct Columns {
    places: HashMap<Column, usize>,
    /// Positions of the name and the value of each attribute.
    pub(super) attributes: Vec<(usize, usize)>,
    /// Position, name and unit of each measure.
    pub(super) measures: Vec<(usize, String, String)>,
}

impl Columns {
    pub(super) fn new(header: &Header) -> Self {
        let mut names: BTreeMap<String, usize> = BTreeMap::new();
        for (at, name) in header.columns() {
            names.entry(compared(name)).or_insert(at);
        }
        let place = |all: &[&str]| all.iter().find_map(|name| names.get(*name).copied());
        let found = NAMES.iter().filter_map(|(column, all)| Some((*column, place(all)?)));
        let places: HashMap<Column, usize> = found.collect();
        let numbered = |forms: &[&str], number: usize| {
            let mut forms = forms.iter().map(|form| form.replace("{}", &number.to_string()));
            forms.find_map(|form| names.get(&form).copied())
        };
        let attributes = (1..=ATTRIBUTES_MAX).filter_map(|number| {
            Some((numbered(&ATTRIBUTE_NAMES, number)?, numbered(&ATTRIBUTE_VALUES, number)?))
        });
        let attributes: Vec<(usize, usize)> = attributes.collect();
        let measures = header.columns().filter_map(|(at, name)| {
            let (label, unit) = name.trim().strip_suffix(')')?.rsplit_once('(')?;
            let known = MEASURES.contains(&compared(label).as_str());
            known.then(|| (at, label.trim().to_owned(), unit.trim().to_owned()))
        });
        let measures: Vec<(usize, String, String)> = measures.collect();
        for at in places.values().copied() {
            header.mark(at);
        }
        for (name, value) in &attributes {
            header.mark(*name);
            header.mark(*value);
        }
        measures.iter().for_each(|(at, _, _)| header.mark(*at));
        Self { places, attributes, measures }
    }

    pub(super) fn has(&self, column: Column) -> bool {
        self.places.contains_key(&column)
    }

    pub(super) fn place(&self, column: Column) -> Option<usize> {
        self.places.get(&column).copied()
    }
}
