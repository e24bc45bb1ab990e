//! Claims about the export formats, and about hostile files.

use crate::Availability;
use crate::exports::ExportLimits;
use crate::exports::ExportOptions;
use crate::exports::Exports;
use crate::exports::Severity;
use proptest::prelude::*;
use vitrine_base::language::Language;

fn options() -> ExportOptions {
    ExportOptions {
        currency: "EUR".parse().unwrap(),
        shop_url: Some("https://shop.example".to_owned()),
        limits: ExportLimits::IMPORT,
    }
}

fn read(files: &[(&str, &str)]) -> Exports {
    Exports::read(files.iter().map(|(name, text)| (*name, text.as_bytes())), &options())
}

fn told(exports: &Exports, severity: Severity) -> Vec<String> {
    let problems = exports.report.problems.iter().filter(|problem| problem.severity == severity);
    problems.map(|problem| format!("{}: {}", problem.place, problem.kind)).collect()
}

const SHOPIFY: &str = "Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,\
    Option1 Value,Variant SKU,Variant Inventory Qty,Variant Inventory Policy,\
    Variant Inventory Tracker,Variant Price,Variant Compare At Price,Variant Barcode,Image Src,\
    Light (product.metafields.custom.light),Status\n\
    fern,Boston Fern,<p>Green &amp; soft</p>,Fernhollow,Ferns,\"pets, new\",true,Size,12 cm,\
    F-12,3,deny,shopify,9.90,12.00,5901234123457,https://a.example/1.jpg,bright,active\n\
    fern,,,,,,,,17 cm,F-17,0,deny,shopify,19.90,,,https://a.example/2.jpg,,\n\
    fern,,,,,,,,,,,,,,,,https://a.example/3.jpg,,\n\
    mug,Mug,,,,,true,Title,Default Title,,5,continue,shopify,\"1.299,00\",,123,notalink,,active\n\
    old,Old,,,,,true,Title,Default Title,O-1,5,deny,shopify,9.00,,,,,draft\n";

#[test]
fn shopify_rows_of_one_handle_are_one_product() {
    let exports = read(&[("products.csv", SHOPIFY)]);
    assert_eq!(told(&exports, Severity::Error), Vec::<String>::new());
    let [fern, mug] = exports.products.as_slice() else { panic!("two products") };
    assert_eq!((fern.id.as_str(), fern.name.base.as_str()), ("fern", "Boston Fern"));
    assert_eq!(fern.url.as_deref(), Some("https://shop.example/products/fern"));
    assert_eq!(fern.options, ["Size"]);
    assert_eq!(fern.images.len(), 3);
    assert_eq!(fern.tags, ["pets", "new"]);
    assert_eq!(fern.properties[0].values, ["bright"]);
    assert_eq!(fern.body[0].text, "Green & soft");
    let [small, large] = fern.variants.as_slice() else { panic!("two variants") };
    assert_eq!(small.compare_at.unwrap().amount_text(), "12.00");
    assert_eq!(small.gtin.as_deref(), Some("5901234123457"));
    assert_eq!(large.availability, Availability::SoldOut);
    assert_eq!(mug.variants[0].price.amount_text(), "1299.00");
    assert_eq!((mug.variants[0].sku.as_str(), mug.options.len()), ("mug", 0));
    assert_eq!(exports.report.inactive, 1);
    let warnings = told(&exports, Severity::Warning);
    assert!(warnings[0].contains("line 5, column `Image Src`: `notalink`"), "{warnings:?}");
    assert!(warnings[1].contains("line 5, column `Variant Barcode`: `123`"), "{warnings:?}");
}

#[test]
fn shopify_with_the_newer_column_names_is_the_same() {
    let newer = SHOPIFY
        .replace("Handle,", "URL handle,")
        .replace("Body (HTML)", "Description")
        .replace("Published", "Published on online store")
        .replace("Option1 Name,Option1 Value", "Option1 name,Option1 value")
        .replace("Variant SKU", "SKU")
        .replace("Variant Inventory Qty", "Inventory quantity")
        .replace("Variant Inventory Policy", "Continue selling when out of stock")
        .replace("Variant Inventory Tracker", "Inventory tracker")
        .replace("Variant Price", "Price")
        .replace("Variant Compare At Price", "Compare-at price")
        .replace("Variant Barcode", "Barcode")
        .replace("Image Src", "Product image URL");
    assert_eq!(read(&[("a", &newer)]).products, {
        let mut products = read(&[("a", SHOPIFY)]).products;
        for product in &mut products {
            product.place.file = "a".to_owned();
        }
        products
    });
}

#[test]
fn translations_are_matched_by_what_they_translate() {
    let translations = "Type,Identification,Field,Locale,Market,Status,Default content,\
        Translated content\n\
        PRODUCT,'123,title,fr,,,Boston Fern,Fougère de Boston\n\
        PRODUCT,'123,body_html,fr,,,x,<p>Verte et douce</p>\n\
        PRODUCT_OPTION_VALUE,'9,name,fr,,,bright,vif\n\
        PRODUCT,'77,title,fr,,,Gone,Parti\n\
        PRODUCT,'1,title,??,,,Mug,Tasse\n";
    let exports = read(&[("t.csv", translations), ("products.csv", SHOPIFY)]);
    let fern = &exports.products[0];
    assert_eq!(fern.name.others[&Language::FR], "Fougère de Boston");
    assert_eq!(fern.other_bodies[&Language::FR][0].text, "Verte et douce");
    assert_eq!(exports.translations.of("Bright", Language::FR), Some("vif"));
    assert_eq!(exports.translations.matched(), (1, 1));
    assert!(told(&exports, Severity::Error)[0].starts_with("t.csv, line 6, column `Locale`: `??`"));
}

const WOO: &str = "ID;Type;UGS;Nom;Publié;Description;En stock ?;Stock;Tarif promo;Tarif régulier;\
    Catégories;Étiquettes;Parent;Poids (kg);Nom de l’attribut 1;Valeur(s) de l’attribut 1\n\
    1;variable;C-1;Carnet;1;Doux\\nLigné;1;;;;Carnets > A5;cadeau;;;Couleur;Rouge, Bleu\n\
    2;variation;C-1-R;Carnet - Rouge;1;;1;4;8,50;9,90;;;id:1;;Couleur;Rouge\n\
    3;variation;C-1-B;Carnet - Bleu;1;;0;0;;9,90;;;C-1;;Couleur;Bleu\n\
    4;simple;S-1;Stylo;1;;1;;;24,1667;Stylos;;;0,02;Plume;M\n\
    5;simple;D-1;Brouillon;-1;;1;;;1,00;Stylos;;;;;\n\
    6;variation;X-1;Seul;1;;1;;;9,90;;;id:99;;Couleur;Bleu\n";

#[test]
fn woocommerce_is_read_in_the_languages_of_its_headers() {
    let exports = read(&[("p.csv", WOO)]);
    let [carnet, stylo] = exports.products.as_slice() else { panic!("two products") };
    assert_eq!(carnet.options, ["Couleur"]);
    assert_eq!(carnet.kinds, [["Carnets", "A5"]]);
    assert_eq!(carnet.variants[0].price.amount_text(), "8.50");
    assert_eq!(carnet.variants[0].compare_at.unwrap().amount_text(), "9.90");
    assert_eq!(carnet.variants[1].availability, Availability::SoldOut);
    assert_eq!(carnet.body.len(), 2);
    assert_eq!(stylo.variants[0].price.amount_text(), "24.17");
    let stated: Vec<&str> = stylo.properties.iter().map(|own| own.label.as_str()).collect();
    assert_eq!(stated, ["Plume", "Poids"]);
    assert_eq!(exports.report.inactive, 1);
    let error = &told(&exports, Severity::Error)[0];
    assert_eq!(error, "p.csv, line 7: belongs to `id:99`, which is not in the file");
}

const FEED: &str = "id\ttitle\tdescription\tlink\timage_link\tavailability\tprice\t\
    sale_price\tbrand\tgtin\titem_group_id\tcolor\tsize\tgoogle_product_category\tproduct_type\n\
    A1\tShirt Blue S\tSoft\thttps://a.example/1\thttps://a.example/1.jpg\tin_stock\t20.00 EUR\t15.00 EUR\tBr\t\
    \tG1\tblue\tS\tApparel & Accessories > Clothing > Shirts\tClothes > Shirts\n\
    A2\tShirt Red S\tSoft\thttps://a.example/2\thttps://a.example/2.jpg\tout of stock\t\
    20,00 EUR\t\tBr\t\tG1\tred\tS\t\t\n\
    B1\tMug\t\thttps://a.example/3\t\tin stock\t5 USD\t\t\t\t\t\t\t\t\n\
    \tNameless\t\t\t\tin stock\t5 EUR\t\t\t\t\t\t\t\t\n";

#[test]
fn a_feed_joins_the_entries_of_a_group() {
    let exports = read(&[("feed.tsv", FEED)]);
    let [shirt] = exports.products.as_slice() else { panic!("{:?}", exports.products) };
    assert_eq!((shirt.id.as_str(), shirt.name.base.as_str()), ("G1", "Shirt"));
    assert_eq!(shirt.options, ["size", "color"]);
    assert_eq!(shirt.variants[0].compare_at.unwrap().amount_text(), "20.00");
    assert_eq!(shirt.variants[1].availability, Availability::SoldOut);
    let errors = told(&exports, Severity::Error);
    assert!(errors[0].contains("line 5, column `id`: has no id"), "{errors:?}");
    assert!(errors[1].contains("line 4, column `price`: the price is in USD"), "{errors:?}");
}

#[test]
fn a_feed_in_xml_gives_what_the_table_gives() {
    let xml = "<?xml version=\"1.0\"?>\n<rss xmlns:g=\"http://base.google.com/ns/1.0\"><channel>\n\
        <title>Shop</title><item><g:id>A1</g:id><title>Shirt &amp; more</title>\
        <link>https://a.example/1?a=1&amp;b=2</link><g:price>20.00 EUR</g:price>\
        <description><![CDATA[<p>Soft</p>]]></description>\
        <g:availability>in_stock</g:availability><g:product_detail>\
        <g:section_name>General</g:section_name><g:attribute_name>Collar</g:attribute_name>\
        <g:attribute_value>round</g:attribute_value></g:product_detail></item></channel></rss>";
    let exports = read(&[("feed.xml", xml)]);
    let [shirt] = exports.products.as_slice() else { panic!("{:?}", exports.report) };
    assert_eq!(shirt.name.base, "Shirt & more");
    assert_eq!(shirt.url.as_deref(), Some("https://a.example/1?a=1&b=2"));
    assert_eq!(shirt.body[0].text, "Soft");
    let collar = &shirt.properties[0];
    assert_eq!(
        (collar.label.as_str(), collar.values.as_slice()),
        ("Collar", &["round".to_owned()][..])
    );
    let atom = "<feed><entry><id>B</id><title>B</title><link href=\"https://a.example/b\"/>\
        <g:price>1.00 EUR</g:price><g:availability>preorder</g:availability></entry></feed>";
    let exports = read(&[("atom.xml", atom)]);
    assert_eq!(exports.products[0].url.as_deref(), Some("https://a.example/b"));
    assert_eq!(exports.products[0].variants[0].availability, Availability::Preorder);
}

#[test]
fn entities_and_deep_nesting_are_refused() {
    let bomb = "<!DOCTYPE rss [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]>\
        <rss><item><id>1</id><title>&b;</title></item></rss>";
    let exports = read(&[("bomb.xml", bomb)]);
    assert!(exports.products.is_empty());
    assert!(told(&exports, Severity::Error)[0].contains("entities of its own"));
    let unknown = "<rss><item><id>1</id><title>&b;</title></item></rss>";
    assert!(
        told(&read(&[("x.xml", unknown)]), Severity::Error)[0].contains("unknown entity `&b;`")
    );
    let deep = format!("<rss>{}", "<item>".repeat(5_000));
    assert!(told(&read(&[("d.xml", &deep)]), Severity::Error)[0].contains("nested elements"));
}

#[test]
fn a_bad_row_is_reported_with_its_line_and_the_others_are_taken() {
    let rows = SHOPIFY.replace("19.90", "call us").replace("Mug,,,", "\"Mug\" x,,,");
    let exports = read(&[("products.csv", &rows)]);
    let errors = told(&exports, Severity::Error);
    assert!(
        errors
            .iter()
            .any(|error| error.contains("line 3, column `Variant Price`: amount `call us`")),
        "{errors:?}"
    );
    assert!(
        errors
            .iter()
            .any(|error| error.contains("line 5") && error.contains("follows a closing quote")),
        "{errors:?}"
    );
    assert_eq!(exports.products.len(), 1);
    assert_eq!(exports.report.inactive, 1, "rows after the bad one are read");
    let repeated =
        format!("{SHOPIFY}mug2,Mug,,,,,true,Title,Default Title,F-12,5,deny,,3.00,,,,,active\n");
    let exports = read(&[("products.csv", &repeated)]);
    assert!(
        told(&exports, Severity::Warning)
            .iter()
            .any(|w| w.contains("`F-12` is also the code of line 2"))
    );
    assert_eq!(exports.products[2].variants[0].sku, "mug2-1");
}

#[test]
fn an_unknown_file_names_the_exports_that_are_read() {
    for text in ["a,b,c\n1,2,3\n", "", "hello", "<html><body>x</body></html>"] {
        let exports = read(&[("x", text)]);
        let problem = &exports.report.problems[0];
        assert!(problem.kind.to_string().contains("no known export"), "{:?}", problem.kind);
        assert!(problem.kind.advice().contains("Shopify or WooCommerce"));
    }
}

#[test]
fn the_gateways_own_files_are_read_line_by_line() {
    let line = r#"{"sku":"A","name":"Alba","category":"beds","stock":2,"facets":{"feel":["soft"]},
        "price":{"amount":"9.00","currency":"EUR"}}"#;
    let line = line.replace('\n', " ");
    let exports =
        read(&[("c.ndjson", &format!("{line}\n{{\"sku\":\n{}\n", line.replace("\"A\"", "\"B\"")))]);
    assert_eq!(exports.products.len(), 2);
    assert_eq!(exports.products[0].kinds, [["beds"]]);
    assert!(told(&exports, Severity::Error)[0].starts_with("c.ndjson, line 2: cannot be read"));
}

#[test]
fn limits_are_named() {
    let mut limited = options();
    limited.limits.rows_max = 2;
    let exports = Exports::read([("p.csv", SHOPIFY.as_bytes())], &limited);
    assert!(told(&exports, Severity::Error)[0].contains("line 4: rows: 3, limit is 2"));
    let mut limited = options();
    limited.limits.field_bytes_max = 10;
    let exports = Exports::read([("p.csv", SHOPIFY.as_bytes())], &limited);
    assert!(told(&exports, Severity::Error)[0].contains("bytes of a field"));
}

proptest! {
    #[test]
    fn no_bytes_make_an_import_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let exports = Exports::read([("x", bytes.as_slice())], &options());
        prop_assert!(exports.products.is_empty() || !exports.report.sources.is_empty());
    }

    #[test]
    fn a_damaged_export_is_read_or_reported(
        which in 0..3_usize,
        at in any::<prop::sample::Index>(),
        inserted in prop::collection::vec(any::<u8>(), 0..5),
        removed in 0..30_usize,
    ) {
        let mut bytes = [SHOPIFY, WOO, FEED][which].as_bytes().to_vec();
        let start = at.index(bytes.len());
        let end = (start + removed).min(bytes.len());
        bytes.splice(start..end, inserted);
        let exports = Exports::read([("x", bytes.as_slice())], &options());
        // What is not taken is told.
        prop_assert!(!exports.products.is_empty() || exports.report.errors() > 0);
        for product in &exports.products {
            prop_assert!(!product.variants.is_empty());
            for variant in &product.variants {
                prop_assert_eq!(variant.options.len(), product.options.len());
            }
        }
    }

    #[test]
    fn any_xml_is_read_or_reported(
        text in "<rss>(<item>|</item>|<g:id>|</g:id>|&[a-z]{0,4};|[a-z<>/!\"=]{0,6}){0,40}",
    ) {
        let exports = Exports::read([("x.xml", text.as_bytes())], &options());
        prop_assert!(!exports.products.is_empty() || exports.report.errors() > 0);
    }
}
