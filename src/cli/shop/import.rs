//! `vitrine shop import`: reads exports, derives a shop and writes its folder.

use crate::cli::context::Context;
use crate::cli::context::UsageError;
use crate::cli::shop::meaning::Encoder;
use crate::cli::shop::page;
use crate::cli::shop::settings_text;
use crate::cli::shop::settings_text::Given;
use crate::cli::shop::terminal;
use crate::cli::shop::write;
use crate::config::Override;
use anyhow::Context as _;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;
use vitrine_base::language::DetectedLanguage;
use vitrine_base::language::Language;
use vitrine_base::money::Currency;
use vitrine_catalog::CatalogLimits;
use vitrine_catalog::derive::DerivedShop;
use vitrine_catalog::derive::Meaning;
use vitrine_catalog::derive::derive_shop;
use vitrine_catalog::exports::ExportLimits;
use vitrine_catalog::exports::ExportOptions;
use vitrine_catalog::exports::Exports;
use vitrine_intent::detect_language;

/// Texts by which the language is detected.
const SAMPLE_TEXTS: usize = 60;

/// Currency of prices without one.
const CURRENCY: &str = "EUR";

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ImportArguments {
    /// Export files of one shop: products, and translations of them
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Folder to write; it is created
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Currency of prices without one, ISO 4217 [default: EUR]
    #[arg(long, value_name = "CODE")]
    currency: Option<String>,
    /// Language of the exports' texts, such as en or fr [default: detected]
    #[arg(long, value_name = "TAG")]
    language: Option<String>,
    /// Address of the shop, from which links to products are made
    #[arg(long, value_name = "URL")]
    shop_url: Option<String>,
    /// Checkout link, with {sku}, {product}, {size}, {quantity} and {lines} as placeholders
    /// [default: none, a person takes over]
    #[arg(long, value_name = "URL")]
    checkout_url: Option<String>,
    /// Write the folder even if there are errors; the rows with errors are left out
    #[arg(long)]
    lenient: bool,
}

pub(super) fn run(arguments: ImportArguments, context: &Context) -> anyhow::Result<()> {
    // The configuration checks the link before anything is read.
    let link = arguments.checkout_url.clone();
    let link = link.map(|value| Override { key: "shop.checkout_url", value });
    let settings = context.settings(link.as_slice())?;
    context.start_log(&settings);
    let options = options(&arguments)?;
    let language = arguments.language.as_deref().map(language).transpose()?;
    let spinner = context.spinner("reading exports");
    let exports = read(&arguments.files, &options)?;
    let (language, detected) = match language {
        Some(language) => (language, false),
        None => (detected(&exports), true),
    };
    spinner.set_message("deriving the shop");
    let encoder = Encoder::open(&settings);
    let meaning = encoder.as_ref().map(|encoder| encoder as &dyn Meaning);
    let shop = derive_shop(exports, language, &CatalogLimits::GATEWAY, meaning)
        .context("what was derived cannot be read back; please report this with the files")?;
    spinner.finish_and_clear();
    let given = Given {
        language,
        detected,
        shop_url: options.shop_url.clone(),
        checkout_url: arguments.checkout_url.clone(),
        grouped: encoder.is_some(),
        models: absolute(&settings.models.dir)?,
        name: shop_name(&arguments),
    };
    finish(&arguments, &given, &shop, context)
}

/// Writes the folder if it may be, and prints the report.
fn finish(
    arguments: &ImportArguments,
    given: &Given,
    shop: &DerivedShop,
    context: &Context,
) -> anyhow::Result<()> {
    let errors = shop.report.errors();
    let written = (errors == 0 || arguments.lenient) && shop.summary.products > 0;
    let mut kept = Vec::new();
    if written {
        let files = [
            ("catalog.ndjson", shop.catalog.clone(), write::Owner::Import),
            ("facets.toml", shop.facets.clone(), write::Owner::Shop),
            ("vitrine.toml", settings_text::write(given, &shop.summary), write::Owner::Shop),
            ("report.html", page::write(shop, given), write::Owner::Import),
        ];
        kept = write::folder(&arguments.out, &files)?;
    }
    if context.json {
        let mut document = terminal::document(shop, given);
        document["written"] = written.into();
        document["kept"] = kept.into();
        context.print_json(&document)?;
    } else {
        context.write(&terminal::report(shop, given))?;
        for name in &kept {
            let new = write::derived_name(name);
            context.print(format_args!("kept      {name}, which you changed; see {new}"))?;
        }
        if written {
            let place = arguments.out.display();
            let next = arguments.out.join("vitrine.toml");
            let next = format!("vitrine chat --config {}", next.display());
            context.print(format_args!("\nwritten   {place}; next: {next}"))?;
        }
    }
    if shop.summary.products == 0 {
        anyhow::bail!("no product was found; nothing was written");
    }
    if !written {
        anyhow::bail!(
            "{errors} errors; nothing was written. Correct them, or leave these rows out with \
             --lenient"
        );
    }
    Ok(())
}

fn options(arguments: &ImportArguments) -> anyhow::Result<ExportOptions> {
    let code = arguments.currency.as_deref().unwrap_or(CURRENCY);
    let currency: Currency = code.to_ascii_uppercase().parse().map_err(|_| {
        UsageError(format!("--currency is `{code}`; allowed: an ISO 4217 code such as EUR"))
    })?;
    let address = |option: &str, url: &Option<String>| {
        let Some(url) = url else { return Ok(None) };
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        match rest.filter(|rest| !rest.is_empty() && !rest.contains(char::is_whitespace)) {
            Some(_) => Ok(Some(url.trim_end_matches('/').to_owned())),
            None => {
                let reason = format!("{option} is `{url}`; allowed: an address with https://");
                Err(UsageError(reason))
            }
        }
    };
    address("--checkout-url", &arguments.checkout_url)?;
    let shop_url = address("--shop-url", &arguments.shop_url)?;
    Ok(ExportOptions { currency, shop_url, limits: ExportLimits::IMPORT })
}

fn language(tag: &str) -> Result<Language, UsageError> {
    Language::from_locale(tag).ok_or_else(|| {
        UsageError(format!("--language is `{tag}`; allowed: a BCP 47 tag such as en, fr or pt-BR"))
    })
}

/// Reads all files; one that cannot be read ends the import.
fn read(files: &[PathBuf], options: &ExportOptions) -> anyhow::Result<Exports> {
    let mut contents = Vec::new();
    for path in files {
        let name = path
            .file_name()
            .map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
        contents.push((name, bytes(path, options.limits.file_bytes_max)?));
    }
    Ok(Exports::read(
        contents.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())),
        options,
    ))
}

/// The bytes of a file, one more than the limit at most, so that the reader can report it.
fn bytes(path: &Path, bytes_max: usize) -> anyhow::Result<Vec<u8>> {
    let failed =
        |cause: std::io::Error| UsageError(format!("cannot read {}: {cause}", path.display()));
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(bytes_max as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// The language of most of the texts.
fn detected(exports: &Exports) -> Language {
    let mut votes = [0_usize; Language::SHIPPED.len()];
    for text in exports.sample(SAMPLE_TEXTS) {
        let found = detect_language(&text, DetectedLanguage::En).language();
        if let Some(at) = Language::SHIPPED.iter().position(|language| *language == found) {
            votes[at] += 1;
        }
    }
    let best = votes.iter().enumerate().max_by_key(|(at, votes)| (**votes, std::cmp::Reverse(*at)));
    best.map_or(Language::EN, |(at, _)| Language::SHIPPED[at])
}

fn absolute(path: &Path) -> anyhow::Result<PathBuf> {
    let path = std::path::absolute(path).context("cannot find the current folder")?;
    Ok(std::fs::canonicalize(&path).unwrap_or(path))
}

/// The shop's name: of its address, else of the folder.
fn shop_name(arguments: &ImportArguments) -> String {
    let host = arguments.shop_url.as_deref().and_then(|url| url.split("//").nth(1));
    let host = host.and_then(|host| host.split(['/', ':']).next());
    let host = host.map(|host| host.trim_start_matches("www.").split('.').next().unwrap_or(host));
    let folder = arguments.out.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = host.map(str::to_owned).or(folder).unwrap_or_else(|| "shop".to_owned());
    let mut letters = name.chars().filter(|c| !c.is_control());
    let first: String = letters.next().map(char::to_uppercase).into_iter().flatten().collect();
    format!("{first}{}", letters.collect::<String>().replace(['-', '_'], " "))
}
