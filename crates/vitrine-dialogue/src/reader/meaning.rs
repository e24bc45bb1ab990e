//! Which statement of a product a question is about, by meaning.

use super::counts::likeliest_count;
use super::cues::Cue;
use super::cues::Meaning;
use super::draft::Draft;
use super::evidence;
use super::properties::product_at;
use super::scene::Scene;
use super::statements;
use super::statements::Stated;
use crate::command::Command;
use crate::command::Question;
use crate::command::Reference;
use crate::shop::AttributeValue;

/// From this likeness a statement of the product answers a question that is known to be one on a
/// property.
const OPEN_LIKENESS_MIN: f32 = 0.28;

/// From this likeness a statement of the product answers a question of which no word says what it
/// is about.
pub(super) const ASKED_LIKENESS_MIN: f32 = 0.36;

/// How much more alike a statement must be than the property that a word names.
const LIKENESS_MARGIN: f32 = 0.08;

/// The statement of the product that is most like the message.
pub(super) fn likeliest<'a>(scene: &'a Scene<'_>) -> Option<&'a (Stated, f32)> {
    let all = scene.input.evidence.statements.iter();
    all.max_by(|a, b| a.1.total_cmp(&b.1))
}

/// Names what is asked by meaning where the words name no property, or a less likely one.
pub(crate) fn by_meaning(draft: &mut Draft<'_, '_>) {
    let scene = draft.scene;
    let Some((stated, likeness)) = likeliest(scene) else { return };
    let own = |key: &str| {
        let same = |one: &&(Stated, f32)| one.0 == Stated::Property(key.to_owned());
        scene.input.evidence.statements.iter().find(same).map_or(0.0, |one| one.1)
    };
    // "how long does the battery last?" asks for the figure, not for what else is said of
    // batteries.
    let measures = |key: &str| {
        let product = product_at(scene, Some(&Reference::Focus));
        let stated = product.and_then(|product| product.attributes.get(key));
        matches!(stated, Some(AttributeValue::Number(_))) && scene.has(Cue::HowLong)
    };
    // "has it got SPF in it?" names the property as the shop does.
    let literal = |key: &str| scene.tokens.iter().any(|token| token.text == key);
    let text = matches!(stated, Stated::Text(_));
    let names = scene.hits.iter().any(|hit| matches!(hit.meaning, Meaning::Attribute(_)));
    let counted = likeliest_count(scene);
    for found in &mut draft.found {
        let Command::Ask { question, .. } = &mut found.command else { continue };
        let Question::Attribute { key, value: None } = question else { continue };
        if let Some(count) = counted.filter(|_| key.is_empty()) {
            *question = statements::question(count);
            continue;
        }
        // "how many days does it last?", where the one time stated is that of drying.
        let guessed = !names
            && matches!(stated, Stated::Text(text) if text.contains(|c: char| c.is_ascii_digit()))
            && !key.split('_').any(literal)
            && *likeness >= own(key) + LIKENESS_MARGIN;
        let open = (key.is_empty() || guessed) && *likeness >= OPEN_LIKENESS_MIN;
        let other = text
            && *likeness >= ASKED_LIKENESS_MIN
            && *likeness >= own(key) + LIKENESS_MARGIN
            && !measures(key)
            && !literal(key);
        if open || other && !key.is_empty() {
            *question = statements::question(stated);
        }
    }
}

/// "peut-on enlever la batterie ?": a question that no rule explains, and that the product's own
/// statements answer.
pub(crate) fn answered_by_statement(draft: &mut Draft<'_, '_>) -> bool {
    let scene = draft.scene;
    let Some(sentence) = scene.sentences.iter().find(|sentence| sentence.question) else {
        return false;
    };
    let likely = likeliest(scene).filter(|(_, likeness)| *likeness >= ASKED_LIKENESS_MIN);
    let Some((stated, _)) = likely.filter(|_| scene.in_focus()) else { return false };
    let question = statements::question(stated);
    let about = Some(Reference::Focus);
    draft.add(sentence.tokens.clone(), Command::Ask { question, about });
    true
}

/// Whether the product named states what the message says, and the classifier takes it for a
/// question on a product.
pub(crate) fn is_stated(scene: &Scene<'_>) -> bool {
    let asks = evidence::best(&scene.input.evidence.whole);
    let asks = asks.is_some_and(|(label, _)| label == "product_question");
    asks && likeliest(scene).is_some_and(|(_, likeness)| *likeness >= ASKED_LIKENESS_MIN)
}
