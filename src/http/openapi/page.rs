//! Writes `docs/openai.md` from the OpenAPI document, and checks that the file is current.

use crate::http::openapi::description;
use crate::http::routes::ROUTES;
use serde_json::Value;
use std::fmt::Write;
use std::path::Path;

/// The page, from the root of the repository.
const PAGE: &str = "docs/openai.md";

/// Setting this variable makes the test write the page instead of comparing it.
const UPDATE: &str = "UPDATE_DOCS";

const INTRODUCTION: &str = "\
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

const TABLES: [(&str, &str); 5] = [
    ("Chat completions", "ChatRequest"),
    ("Messages of a chat", "ChatMessageBody"),
    ("Completions", "CompletionRequest"),
    ("Streams", "StreamOptions"),
    ("Embeddings", "EmbeddingsRequest"),
];

fn page() -> String {
    let document = serde_json::to_value(description(ROUTES)).unwrap();
    let mut page = INTRODUCTION.to_owned();
    for (title, schema) in TABLES {
        let _ = write!(page, "\n## {title}\n\n| field | |\n|---|---|\n");
        let fields = document["components"]["schemas"][schema]["properties"].as_object();
        for (name, field) in fields.unwrap_or_else(|| panic!("{schema} has no fields")) {
            let meaning = meaning(field).replace('\n', " ").replace('|', "\\|");
            let _ = writeln!(page, "| `{name}` | {meaning} |");
        }
    }
    page
}

/// The description of a field, which may stand beside a reference.
fn meaning(field: &Value) -> String {
    let own = field["description"].as_str();
    let inner = || field["oneOf"].as_array()?.iter().find_map(|form| form["description"].as_str());
    own.or_else(inner).unwrap_or_default().to_owned()
}

#[test]
fn the_openai_page_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    let page = page();
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == page,
        "{PAGE} is not current; UPDATE_DOCS=1 cargo test --lib openai_page writes it"
    );
}
