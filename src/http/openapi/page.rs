//! Writes `docs/openai.md` and `docs/respond.md` from the OpenAPI document, and checks that they
//! are current.

use crate::http::openapi::description;
use crate::http::routes::ROUTES;
use serde_json::Value;
use std::fmt::Write;
use std::path::Path;

/// Setting this variable makes the test write the page instead of comparing it.
const UPDATE: &str = "UPDATE_DOCS";

const OPENAI: &str = "\
# OpenAI-compatible routes

<!-- Generated from src/http/wire; after a change there run
UPDATE_DOCS=1 cargo test --lib openai_page -->

`POST /v1/chat/completions`, `/v1/completions`, `/v1/embeddings` and `GET /v1/models` answer the
clients of the OpenAI API unchanged. A field is honoured, or accepted because it has no effect, or
refused with 422 and its name. A field that the tables do not list is unknown: it is refused, or,
with `server.unknown_fields = \"warn\"`, ignored and listed in the answer's header
`Vitrine-Ignored`.

- `null` counts as left out. `-1` means no limit in `max_tokens` and `top_k`, and random in `seed`.
- A whole number may be written as `100.0`.
- Without `max_tokens` an answer may fill the room that its prompt leaves in the model's context, at
  most `engine.output_tokens_max` tokens. A larger `max_tokens` is lowered to that; only a prompt
  that does not fit is refused.
- A constraint is enforced or refused, never dropped. At most one may be set, in any of its forms.
- In constrained JSON at most one space or line break stands between two tokens, and integers have
  at most 19 digits. A `format` that the schema compiler does not know is an annotation.
- With `stream`, an error that comes before the first token is a status. A later one is an event
  `{\"error\": …}`, followed by `[DONE]`.
";

const RESPOND: &str = "\
# The answer of POST /respond

<!-- Generated from src/http/wire; after a change there run
UPDATE_DOCS=1 cargo test --lib respond_page -->

One customer turn goes in, the decided answer comes out. `/openapi.json` describes the request and
every type; this page lists what an answer says.

- Money is `{\"amount\": \"129.00\", \"currency\": \"EUR\"}`, an exact decimal text. Times are in
  RFC 3339.
- A variant has a SKU of its own; `sku` is always the product's.
- Ids of options: `FACET=VALUE`, `size=VALUE`, `take=SKU`, `confirm=SKU`, `other=SKU`,
  `intent=LABEL`. They come back as `message.option_id`.
- `state`, `commands`, `products` and `recorded` are left out if a human owns the conversation or a
  newer turn answers instead.
- `GET /v1/threads/{id}` and `GET /v1/customers/{id}/export` show `state` too, with today's prices.
- Fields may be added; none is renamed or removed.
";

/// A generated page.
struct Page {
    /// Its path from the root of the repository.
    path: &'static str,
    introduction: &'static str,
    /// Titles and schemas of its tables.
    tables: &'static [(&'static str, &'static str)],
    /// The test that writes it.
    test: &'static str,
}

const OPENAI_PAGE: Page = Page {
    path: "docs/openai.md",
    introduction: OPENAI,
    tables: &[
        ("Chat completions", "ChatRequest"),
        ("Messages of a chat", "ChatMessageBody"),
        ("Completions", "CompletionRequest"),
        ("Streams", "StreamOptions"),
        ("Embeddings", "EmbeddingsRequest"),
    ],
    test: "openai_page",
};

const RESPOND_PAGE: Page = Page {
    path: "docs/respond.md",
    introduction: RESPOND,
    tables: &[
        ("Answer", "RespondAnswer"),
        ("action", "ActionBody"),
        ("reply", "ReplyBody"),
        ("state", "StateBody"),
        ("state.need", "NeedBody"),
        ("state.need.facets: one facet", "WishBody"),
        ("state.cart", "CartBody"),
        ("state.cart.lines: one line", "CartLineStateBody"),
        ("state.pending", "PendingBody"),
        ("commands: one command", "CommandBody"),
        ("A reference of a command", "ReferenceBody"),
        ("A question of a command", "QuestionBody"),
        ("products: one product", "ShownProductBody"),
        ("match", "MatchBody"),
        ("order", "OrderStateBody"),
        ("recorded", "RecordedBody"),
    ],
    test: "respond_page",
};

impl Page {
    fn text(&self) -> String {
        let document = serde_json::to_value(description(ROUTES)).unwrap();
        let mut page = self.introduction.to_owned();
        for (title, schema) in self.tables {
            let _ = write!(page, "\n## {title}\n\n| field | |\n|---|---|\n");
            let fields = document["components"]["schemas"][schema]["properties"].as_object();
            for (name, field) in fields.unwrap_or_else(|| panic!("{schema} has no fields")) {
                let meaning = meaning(&document, field).replace('\n', " ").replace('|', "\\|");
                let _ = writeln!(page, "| `{name}` | {meaning} |");
            }
        }
        page
    }

    fn check(&self) {
        let Self { path, test, .. } = self;
        let place = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        let page = self.text();
        if std::env::var_os(UPDATE).is_some() {
            std::fs::write(&place, &page).unwrap();
        }
        let found = std::fs::read_to_string(&place).unwrap_or_default();
        assert!(
            found == page,
            "{path} is not current; UPDATE_DOCS=1 cargo test --lib {test} writes it"
        );
    }
}

/// The description of a field, which may stand beside a reference; else that of the type that the
/// reference is to.
fn meaning(document: &Value, field: &Value) -> String {
    let own = field["description"].as_str();
    let forms = || field["oneOf"].as_array().into_iter().flatten().chain([field]);
    let inner = || forms().find_map(|form| form["description"].as_str());
    let referred = || {
        let name = forms().find_map(|form| form["$ref"].as_str()?.rsplit('/').next())?;
        document["components"]["schemas"][name]["description"].as_str()
    };
    own.or_else(inner).or_else(referred).unwrap_or_default().to_owned()
}

#[test]
fn the_openai_page_is_current() {
    OPENAI_PAGE.check();
}

#[test]
fn the_respond_page_is_current() {
    RESPOND_PAGE.check();
}

#[test]
fn the_respond_page_says_what_every_field_means() {
    let page = RESPOND_PAGE.text();
    let blank: Vec<&str> = page.lines().filter(|line| line.ends_with("` |  |")).collect();
    assert!(blank.is_empty(), "{blank:?}");
}
