//! "how much storage?", "how many gears?", "combien de litres ?": questions on what can be counted
//! or measured, which ask for no price.

use super::cues::Cue;
use super::cues::Hit;
use super::cues::Meaning;
use super::draft::Draft;
use super::properties::LABEL_LETTERS_MIN;
use super::properties::about;
use super::properties::labels;
use super::properties::names_attribute;
use super::properties::own_key;
use super::properties::product_at;
use super::references;
use super::scene::Scene;
use super::scene::Sentence;
use super::statements::Stated;
use crate::command::Command;
use crate::command::Question;
use crate::command::Reference;
use crate::shop::AttributeValue;
use crate::shop::MentionTarget;
use std::ops::Range;

/// From this likeness a number that the product states answers "how many".
const COUNT_LIKENESS_MIN: f32 = 0.15;

/// Longest last part of a key that is a unit.
const UNIT_LETTERS_MAX: usize = 3;

/// "how many gears has it got?": the number of the product that is most like the message.
pub(super) fn likeliest_count<'a>(scene: &'a Scene<'_>) -> Option<&'a Stated> {
    let asks = scene.hits_of(Cue::Price).any(|hit| counted(scene, &hit.tokens).is_some());
    let product = product_at(scene, Some(&Reference::Focus)).filter(|_| asks)?;
    // What has a unit is measured, not counted.
    let measured = |key: &str| {
        key.rsplit_once('_').is_some_and(|(_, last)| {
            last.chars().count() <= UNIT_LETTERS_MAX
                || matches!(last, "years" | "months" | "hours" | "percent" | "inch" | "lumens")
        })
    };
    let number = |stated: &Stated| match stated {
        Stated::Property(key) => {
            matches!(product.attributes.get(key), Some(AttributeValue::Number(_))) && !measured(key)
        }
        Stated::Text(text) => text.chars().any(|c| c.is_ascii_digit()),
    };
    let all = scene.input.evidence.statements.iter();
    let numbers =
        all.filter(|(stated, likeness)| *likeness >= COUNT_LIKENESS_MIN && number(stated));
    numbers.max_by(|a, b| a.1.total_cmp(&b.1)).map(|(stated, _)| stated)
}

/// "how much does it weigh?", "how much storage has it got?": a bare "how much" beside a property,
/// a unit or something that can be counted asks for no price. The property is read as such; what is
/// counted is asked of the product.
pub(super) fn measured(draft: &mut Draft<'_, '_>, sentence: &Sentence, hit: &Range<usize>) -> bool {
    let scene = draft.scene;
    // "how much", "il y a combien"; not "the price".
    let last = hit.end.checked_sub(1).and_then(|at| scene.tokens.get(at));
    let open = last.is_some_and(|token| {
        scene.cues.is_filler(&token.text) || scene.cues.says(&token.text, Cue::Question)
    });
    // "la lame fait cb de cm ?"
    let partitive = scene.tokens.get(hit.end).filter(|token| scene.cues.is_skipped(&token.text));
    let unit = scene.unit_at(hit.end + usize::from(partitive.is_some())).is_some();
    if !open && !unit {
        return false;
    }
    let named = names_attribute(scene, sentence) || !labels(scene, sentence).is_empty();
    let timed = scene.hits_of(Cue::HowLong).any(|one| one.tokens.contains(&hit.start));
    let counted = counted(scene, hit);
    if !named && !timed && counted.is_none() {
        return false;
    }
    // "combien de litres" may be a property as a whole.
    let property = |at: &usize| {
        let of = |one: &Hit| matches!(one.meaning, Meaning::Attribute(_));
        scene.hits.iter().any(|one| of(one) && one.tokens.contains(at))
    };
    hit.clone().filter(|at| !property(at)).for_each(|at| draft.mark(&(at..at + 1)));
    let Some(tokens) = counted.filter(|_| !named && !timed) else { return true };
    let product = !references::products(scene, &sentence.tokens).is_empty();
    if scene.in_focus() || product {
        let about = about(draft, sentence);
        let key = key_in_unit(draft.scene, &tokens, about.as_ref())
            .unwrap_or_else(|| own_key(draft.scene, sentence, about.as_ref()));
        let question = Question::Attribute { key, value: None };
        draft.add(tokens, Command::Ask { question, about });
    }
    true
}

/// What stands right behind "how much" and can be counted: a unit, or a word that means nothing
/// else, with a partitive before it at most ("combien de vitesses").
fn counted(scene: &Scene<'_>, hit: &Range<usize>) -> Option<Range<usize>> {
    let partitive = scene.tokens.get(hit.end).filter(|token| scene.cues.is_skipped(&token.text));
    let definite = scene.hit_after(hit.end, Cue::Definite, 0).is_some();
    let at = hit.end + usize::from(partitive.is_some());
    if let Some(unit) = scene.unit_at(at) {
        return Some(unit);
    }
    let token = scene.tokens.get(at)?;
    let word = token.text.chars().count() >= LABEL_LETTERS_MIN
        && token.text.chars().all(char::is_alphabetic)
        && !scene.cues.is_filler(&token.text);
    let goods = |target: &MentionTarget| {
        !matches!(target, MentionTarget::Value(_) | MentionTarget::Option { .. })
    };
    let sold =
        scene.seen.iter().any(|seen| seen.tokens.contains(&at) && seen.targets.iter().any(goods));
    let other = scene.hits.iter().any(|one| one.tokens.contains(&at) && !one.is_structure());
    (word && !sold && !other && !definite).then(|| at..at + 1)
}

/// The property of a product that is stated in a unit: `volume_ml` for "ml".
fn key_in_unit(
    scene: &Scene<'_>,
    unit: &Range<usize>,
    about: Option<&Reference>,
) -> Option<String> {
    let symbol = scene.hits.iter().find_map(|hit| match &hit.meaning {
        Meaning::Measure(symbol) if hit.tokens == *unit => Some(symbol.as_str()),
        _ => None,
    })?;
    let product = product_at(scene, about)?;
    let fits = |key: &&String| {
        let unit = key.rsplit_once('_').map(|(_, unit)| unit);
        unit.is_some_and(|unit| unit == symbol || unit == "hours" && symbol == "h")
    };
    product.attributes.keys().find(fits).cloned()
}
