//! Plays conversation tests against a pipeline in this process, as if each message came through
//! `POST /respond`.

use crate::http::error::ApiError;
use crate::http::meaning;
use crate::http::state::App;
use crate::http::wire::respond::RespondRequest;
use crate::turn::TurnPipeline;
use futures::StreamExt;
use futures::stream;
use serde_json::Value;
use serde_json::json;
use std::collections::HashMap;
use std::collections::HashSet;
use std::path::PathBuf;
use vitrine_base::clock::milliseconds;
use vitrine_base::ids::TenantId;
use vitrine_catalog::Availability;
use vitrine_catalog::BRAND_KEY;
use vitrine_catalog::CATEGORY_KEY;
use vitrine_catalog::Catalog;
use vitrine_catalog::Missing;
use vitrine_catalog::Product;
use vitrine_catalog::Variant;
use vitrine_judge::Conversation;
use vitrine_judge::Outcome;
use vitrine_judge::Played;
use vitrine_judge::Player;
use vitrine_judge::Reply;
use vitrine_judge::Shop;
use vitrine_judge::ShopData;
use vitrine_judge::SuiteError;

/// Conversations that are played at the same time.
const AT_ONCE_MAX: usize = 4;

/// Tenant of the simulated customers.
const TENANT: &str = "tests";

/// Keeps the ids of the simulated threads apart from those of customers.
const RUN: &str = "tests";

/// Conversations to play, and the shop that they are about.
#[derive(Debug)]
pub(crate) struct Suite {
    conversations: Vec<Conversation>,
    shop: Shop,
}

impl Suite {
    /// Reads the test files.
    ///
    /// # Errors
    /// If a file cannot be read, or a line is not a conversation of the known form.
    pub(crate) fn open(files: &[PathBuf], catalog: &Catalog) -> Result<Self, SuiteError> {
        Ok(Self { conversations: vitrine_judge::load(files)?, shop: shop_of(catalog) })
    }

    /// Keeps the conversations with a tag, or the one with an id.
    pub(crate) fn retain(&mut self, tag_or_id: &str) {
        self.conversations.retain(|conversation| conversation.is_about(tag_or_id));
    }

    /// Number of conversations.
    pub(crate) fn len(&self) -> usize {
        self.conversations.len()
    }

    /// Plays all conversations, several at a time; `played` is called after each.
    pub(crate) async fn play(
        &self,
        app: &App,
        pipeline: &TurnPipeline,
        played: &(dyn Fn() + Sync),
    ) -> Outcome {
        let plays = self.conversations.iter().map(|conversation| async move {
            let done = self.play_one(app, pipeline, conversation).await;
            played();
            done
        });
        Outcome::new(stream::iter(plays).buffered(AT_ONCE_MAX).collect().await)
    }

    async fn play_one(
        &self,
        app: &App,
        pipeline: &TurnPipeline,
        conversation: &Conversation,
    ) -> Played {
        let mut player = Player::new(&self.shop, conversation, RUN);
        while let Some(request) = player.next_request() {
            let started = app.clock.instant();
            let (status, body) = match answered(app, pipeline, request).await {
                Ok(body) => (200, body),
                Err(error) => (error.status().as_u16(), json!({ "error": error.detail() })),
            };
            let took = app.clock.instant().saturating_duration_since(started);
            player.receive(Reply { status, body, ms: milliseconds(took) });
        }
        player.finish()
    }
}

/// The answer that `POST /respond` would give.
async fn answered(app: &App, pipeline: &TurnPipeline, request: Value) -> Result<Value, ApiError> {
    let bytes = request.to_string();
    let request: RespondRequest = serde_path_to_error::deserialize(request)
        .map_err(|error| ApiError::malformed(format!("field `{}`: {}", error.path(), error)))?;
    let hash = meaning::of_turn(&request, bytes.as_bytes());
    let tenant = TenantId::new(TENANT).map_err(|error| ApiError::id("tenant", &error))?;
    let request = app.turn_request(tenant, request, hash)?;
    let answered = pipeline.respond(request, None).await?;
    serde_json::from_slice(&answered.body).map_err(ApiError::Encode)
}

/// The catalogue as the checks see it.
fn shop_of(catalog: &Catalog) -> Shop {
    let vocabulary = catalog.vocabulary();
    let parent = |category: &vitrine_catalog::CategoryEntry| {
        Some((category.id.clone(), category.parent.clone()?))
    };
    let parents: HashMap<String, String> =
        vocabulary.categories().iter().filter_map(parent).collect();
    let lenient = vocabulary.facets().iter().filter(|facet| facet.missing == Missing::Matches);
    let missing_matches: HashSet<String> = lenient.map(|facet| facet.key.clone()).collect();
    let products = catalog.products().iter().map(product).collect();
    Shop::new(ShopData { products, parents, missing_matches })
}

fn product(product: &Product) -> vitrine_judge::Product {
    // Brand and categories are facets of the catalogue's own.
    let own = |key: &str| key != BRAND_KEY && key != CATEGORY_KEY;
    let facets = product.facets.iter().filter(|(key, _)| own(key));
    let variant = |variant: &Variant| vitrine_judge::Variant {
        sku: Some(variant.sku.to_string())
            .filter(|_| variant.sku != product.sku)
            .unwrap_or_default(),
        options: variant.options.clone(),
        price: variant.price.amount,
        available: match variant.availability {
            Availability::InStock => variant.stock != Some(0),
            Availability::Preorder => true,
            Availability::SoldOut => false,
        },
    };
    vitrine_judge::Product {
        sku: product.sku.to_string(),
        name: product.name.clone(),
        category: Some(product.category.clone()).filter(|category| !category.is_empty()),
        facets: facets.map(|(key, values)| (key.clone(), values.clone())).collect(),
        price: product.price.amount,
        variants: product.variants.iter().map(variant).collect(),
    }
}
