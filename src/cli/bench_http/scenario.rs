//! Scenario of a load test: path, body, prompts and shared system prompt of the requests.
//!
//! A scenario is a TOML or JSON file. Every key has a default, so an empty file is valid. In the
//! strings of `body`, the placeholders `{{model}}`, `{{system}}`, `{{prompt}}`, `{{thread}}` and
//! `{{number}}` are replaced by the values of each request.

use crate::cli::UsageError;
use anyhow::Context as _;
use serde::Deserialize;
use serde_json::Value;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

/// Prompts used if the scenario gives none.
const PROMPTS: [&str; 6] = [
    "Where is my order?",
    "I am looking for running shoes.",
    "Can I send this back?",
    "Which size fits me best?",
    "Do you have it in blue?",
    "Thank you, that is all.",
];

/// Words that generated system prompts are made of.
const FILLER: [&str; 24] = [
    "shop", "order", "parcel", "size", "colour", "price", "street", "winter", "answer", "question",
    "kind", "short", "clear", "always", "never", "customer", "return", "refund", "season", "shoe",
    "runner", "choice", "advice", "team",
];

/// Longest generated system prompt, in tokens.
const SYSTEM_TOKENS_MAX: usize = 100_000;

/// Which conversation a `/respond` request belongs to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ConversationScope {
    /// Each request opens its own.
    #[default]
    PerRequest,
    /// Each client keeps one; open-loop requests rotate over as many conversations as may be in
    /// flight.
    PerClient,
}

/// Contents of a scenario file.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Scenario {
    /// URL path that requests are posted to.
    pub(super) path: String,
    /// Model to request; `None`: the first generating model of `GET /v1/models`.
    pub(super) model: Option<String>,
    pub(super) stream: bool,
    pub(super) max_tokens: usize,
    pub(super) temperature: f64,
    /// Asks the server to generate `max_tokens` tokens even past the end of text (a field of
    /// llama-server, vLLM and vitrine).
    pub(super) ignore_eos: bool,
    /// System prompt shared by all requests.
    pub(super) system: Option<String>,
    /// Length of a generated system prompt, in tokens as counted by the server; excludes
    /// `system`.
    pub(super) system_tokens: Option<usize>,
    /// Prompts, sent in rotation; empty: built-in ones.
    pub(super) prompts: Vec<String>,
    /// File with more prompts, one per line; relative to the scenario's folder.
    pub(super) prompts_file: Option<PathBuf>,
    pub(super) threads: ConversationScope,
    /// Channel of `/respond` requests.
    pub(super) channel: String,
    pub(super) headers: BTreeMap<String, String>,
    /// Body template that replaces the usual body of the path.
    pub(super) body: Option<Value>,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            path: "/v1/chat/completions".to_owned(),
            model: None,
            stream: true,
            max_tokens: 32,
            temperature: 0.0,
            ignore_eos: false,
            system: None,
            system_tokens: None,
            prompts: Vec::new(),
            prompts_file: None,
            threads: ConversationScope::PerRequest,
            channel: "webchat".to_owned(),
            headers: BTreeMap::new(),
            body: None,
        }
    }
}

/// Identifies one request of a run.
#[derive(Debug, Clone, Copy)]
pub(super) struct RequestIds {
    /// Index of the request, from 0.
    pub(super) number: usize,
    /// Index of the client that sends it, from 0.
    pub(super) client: usize,
    /// Number in every conversation id; keeps the conversations of different runs apart.
    pub(super) run: u64,
}

impl Scenario {
    /// Reads and checks a scenario file.
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let place = path.display();
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read scenario {place}"))?;
        let is_json = path.extension().is_some_and(|extension| extension == "json");
        let scenario = if is_json {
            serde_json::from_str(&text).map_err(|error| error.to_string())
        } else {
            toml::from_str(&text).map_err(|error| error.to_string().trim_end().to_owned())
        };
        let mut scenario: Self =
            scenario.map_err(|reason| UsageError(format!("scenario {place}: {reason}")))?;
        if let Some(file) = &scenario.prompts_file {
            let file = path.parent().unwrap_or(Path::new("")).join(file);
            let text = std::fs::read_to_string(&file)
                .with_context(|| format!("cannot read prompts_file {}", file.display()))?;
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
            scenario.prompts.extend(lines.map(str::to_owned));
        }
        scenario.check().map_err(|reason| UsageError(format!("scenario {place}: {reason}")))?;
        Ok(scenario)
    }

    fn check(&self) -> Result<(), String> {
        if !self.path.starts_with('/') {
            return Err(format!("key `path` is `{}`; it must begin with a slash", self.path));
        }
        if self.max_tokens == 0 {
            return Err("key `max_tokens` is 0; allowed: 1 or more".to_owned());
        }
        if self.system.is_some() && self.system_tokens.is_some() {
            return Err("keys `system` and `system_tokens` exclude each other; give one".to_owned());
        }
        if let Some(tokens) = self.system_tokens {
            if !(1..=SYSTEM_TOKENS_MAX).contains(&tokens) {
                return Err(format!("key `system_tokens` is {tokens}; allowed: 1 to 100000"));
            }
            if self.kind() != EndpointKind::Chat && self.kind() != EndpointKind::Completion {
                return Err(format!(
                    "key `system_tokens` needs a path that counts tokens: /v1/chat/completions \
                     or /v1/completions, not `{}`",
                    self.path
                ));
            }
        }
        if self.body.is_none() && self.kind() == EndpointKind::Other {
            return Err(format!("path `{}` has no usual body; set the key `body`", self.path));
        }
        Ok(())
    }

    /// API of the path, which decides the usual body and the stream format.
    pub(super) fn kind(&self) -> EndpointKind {
        match self.path.as_str() {
            path if path.ends_with("/chat/completions") => EndpointKind::Chat,
            path if path.ends_with("/completions") => EndpointKind::Completion,
            path if path.ends_with("/respond") => EndpointKind::Respond,
            path if path.ends_with("/embeddings") => EndpointKind::Embeddings,
            path if path.ends_with("/classify") => EndpointKind::Classify,
            _ => EndpointKind::Other,
        }
    }

    /// Builds the body of one request.
    pub(super) fn body(&self, ids: RequestIds) -> Value {
        let prompt = self.prompt(ids);
        if let Some(template) = &self.body {
            return self.fill(template, ids, &prompt);
        }
        let model = self.model.as_deref().unwrap_or_default();
        let mut body = match self.kind() {
            EndpointKind::Chat => {
                let system = self.system.iter().map(|text| ("system", text.as_str()));
                let messages: Vec<Value> = system
                    .chain([("user", prompt.as_str())])
                    .map(|(role, content)| json!({ "role": role, "content": content }))
                    .collect();
                json!({ "model": model, "messages": messages })
            }
            EndpointKind::Completion => {
                let text = match &self.system {
                    Some(system) => format!("{system}\n{prompt}"),
                    None => prompt,
                };
                json!({ "model": model, "prompt": text })
            }
            EndpointKind::Respond => {
                let id = format!("{}-{}", ids.run, ids.number);
                return json!({
                    "thread_id": self.thread(ids), "channel": self.channel,
                    "message": { "id": id, "text": prompt }, "stream": self.stream,
                });
            }
            EndpointKind::Embeddings => return json!({ "model": model, "input": prompt }),
            EndpointKind::Classify | EndpointKind::Other => return json!({ "texts": [prompt] }),
        };
        body["max_tokens"] = json!(self.max_tokens);
        body["temperature"] = json!(self.temperature);
        body["stream"] = json!(self.stream);
        if self.stream {
            body["stream_options"] = json!({ "include_usage": true });
        }
        if self.ignore_eos {
            body["ignore_eos"] = json!(true);
        }
        body
    }

    /// A filler text of `words` words.
    pub(super) fn filler(words: usize) -> String {
        // Steps of 7 visit all 24 words before repeating, and each round starts one word later.
        let word = |at: usize| FILLER[(at * 7 + at / FILLER.len()) % FILLER.len()];
        (0..words).map(word).collect::<Vec<_>>().join(" ")
    }

    fn prompt(&self, ids: RequestIds) -> String {
        if self.prompts.is_empty() {
            return PROMPTS[ids.number % PROMPTS.len()].to_owned();
        }
        let prompt = &self.prompts[ids.number % self.prompts.len()];
        prompt.replace("{{number}}", &ids.number.to_string())
    }

    fn thread(&self, ids: RequestIds) -> String {
        let which = match self.threads {
            ConversationScope::PerRequest => ids.number,
            ConversationScope::PerClient => ids.client,
        };
        format!("bench-{}-{which}", ids.run)
    }

    fn fill(&self, template: &Value, ids: RequestIds, prompt: &str) -> Value {
        match template {
            Value::String(text) => json!(
                text.replace("{{model}}", self.model.as_deref().unwrap_or_default())
                    .replace("{{system}}", self.system.as_deref().unwrap_or_default())
                    .replace("{{thread}}", &self.thread(ids))
                    .replace("{{number}}", &ids.number.to_string())
                    .replace("{{prompt}}", prompt)
            ),
            Value::Array(items) => items.iter().map(|item| self.fill(item, ids, prompt)).collect(),
            Value::Object(fields) => fields
                .iter()
                .map(|(name, value)| (name.clone(), self.fill(value, ids, prompt)))
                .collect::<serde_json::Map<_, _>>()
                .into(),
            Value::Null | Value::Bool(_) | Value::Number(_) => template.clone(),
        }
    }
}

/// API of a request path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EndpointKind {
    Chat,
    Completion,
    Respond,
    Embeddings,
    Classify,
    Other,
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDS: RequestIds = RequestIds { number: 3, client: 1, run: 9 };

    fn scenario(text: &str) -> Result<Scenario, String> {
        let scenario: Scenario = toml::from_str(text).map_err(|error| error.to_string())?;
        scenario.check().map(|()| scenario)
    }

    #[test]
    fn each_path_gets_its_body() {
        let chat = scenario("model = \"m\"\nsystem = \"be kind\"\nprompts = [\"n {{number}}\"]");
        let body = chat.unwrap().body(IDS);
        assert_eq!(body["messages"][0]["content"], "be kind");
        assert_eq!(body["messages"][1]["content"], "n 3");
        assert_eq!(body["stream_options"]["include_usage"], true);
        let respond = scenario("path = \"/respond\"\nthreads = \"per_client\"").unwrap().body(IDS);
        assert_eq!(respond["thread_id"], "bench-9-1");
        assert_eq!(respond["message"]["id"], "9-3");
        let own = "path = \"/x\"\nprompts = [\"p\"]\n[body]\nq = [\"{{prompt}}-{{thread}}\", 5]";
        let own = scenario(own).unwrap().body(IDS);
        assert_eq!(own["q"], json!(["p-bench-9-3", 5]));
    }

    #[test]
    fn mistakes_name_the_key() {
        for (text, named) in [
            ("pth = \"/x\"", "pth"),
            ("path = \"x\"", "`path`"),
            ("path = \"/x\"", "`body`"),
            ("system = \"a\"\nsystem_tokens = 5", "exclude"),
            ("system_tokens = 0", "`system_tokens`"),
            ("path = \"/respond\"\nsystem_tokens = 5", "counts tokens"),
            ("max_tokens = 0", "`max_tokens`"),
        ] {
            let error = scenario(text).unwrap_err();
            assert!(error.contains(named), "{text}: {error}");
        }
    }

    #[test]
    fn the_filler_has_its_length_and_does_not_repeat_soon() {
        let text = Scenario::filler(48);
        let words: Vec<&str> = text.split(' ').collect();
        assert_eq!(words.len(), 48);
        assert_ne!(words[..24], words[24..]);
    }
}
