//! Whether a message is angry or sarcastic.

use super::cues::Cue;
use super::cues::Meaning;
use super::draft::Draft;
use super::figure::Role;
use super::scene::Scene;
use super::sizes::all_capitals;

/// From this probability a model's word on a tone is taken where the words agree.
const TONE_MIN: f32 = 0.8;

/// From this probability sarcasm is sure where a label of trouble is not out of the question.
const SARCASM_SURE: f32 = 0.85;

/// From this sentiment up praise is too warm to be meant the other way round.
const WARM_MIN: f32 = 0.99;

/// From this probability, in the whole or a clause, a label of trouble is not out of the question.
const REPORT_MIN: f32 = 0.1;

/// Labels of trouble, and of what a trouble is told for.
const REPORTS: [&str; 6] = [
    "delivery_problem",
    "damaged_item",
    "payment_problem",
    "complaint",
    "warranty",
    "refund_status",
];

/// Capitals are loud from this many letters on.
const LOUD_LETTERS_MIN: usize = 12;

/// Exclamation marks in a row that are loud.
const LOUD_MARKS: &str = "!!";

/// Signs that turn praise around.
const IRONY: [char; 8] = ['👏', '🙄', '😒', '🤡', '🤬', '😤', '😡', '🙃'];

fn complains(scene: &Scene<'_>) -> bool {
    let trouble =
        [Cue::Delivery, Cue::Damaged, Cue::Fault, Cue::Payment, Cue::Refund, Cue::Service];
    trouble.iter().any(|cue| scene.has(*cue)) || scene.has(Cue::Failure) || scene.has(Cue::Insult)
}

/// "three weeks", with words of waiting or deliveries.
fn waits(scene: &Scene<'_>) -> bool {
    let long = scene.figures.iter().any(|figure| figure.role == Role::Other);
    let shipping = Meaning::Topic("shipping_options".to_owned());
    let delivery = scene.hits.iter().any(|hit| hit.meaning == shipping);
    long && (delivery || scene.has(Cue::OrderWord) || scene.has(Cue::Order))
}

/// Whether the classifier sees trouble in the message or in a clause.
fn reports(scene: &Scene<'_>) -> bool {
    let evidence = scene.input.evidence;
    let clauses = evidence.clauses.iter().map(|(_, all)| all);
    let mut all = std::iter::once(&evidence.whole).chain(clauses);
    all.any(|all| {
        let seen = |label: &str| all.get(label).is_some_and(|one| *one >= REPORT_MIN);
        REPORTS.iter().any(|label| seen(label))
    })
}

/// "lovely, a wheel like a banana": praise that is not warm, where nothing is being sold or asked.
fn mocks(scene: &Scene<'_>) -> bool {
    let selling = scene.input.state.pending.as_ref().is_some_and(super::labels::is_sale);
    let asks = scene.sentences.iter().any(|sentence| sentence.question);
    let wishes = [Cue::Want, Cue::Choose, Cue::Show].iter().any(|cue| scene.has(*cue));
    scene.input.evidence.sentiment < WARM_MIN && !selling && !asks && !wishes
}

/// Reads the tone.
pub(crate) fn read(draft: &mut Draft<'_, '_>) {
    let scene = draft.scene;
    let evidence = scene.input.evidence;
    let complains = complains(scene);
    let irony = scene.input.text.chars().any(|c| IRONY.contains(&c));
    let praise = scene.has(Cue::Praise);
    let trouble = scene.input.state.trouble.is_some();
    let thanks = scene.has(Cue::Thank);
    let certain = evidence.sarcasm >= SARCASM_SURE && reports(scene);
    draft.sarcastic = praise && (complains || waits(scene))
        || certain && (praise || irony)
        || (praise || thanks) && irony
        || thanks && complains && scene.has(Cue::Failure)
        || praise && trouble && !thanks
        || praise && evidence.sarcasm >= TONE_MIN && evidence.sentiment < 0.0
        || praise && evidence.sarcasm >= TONE_MIN && mocks(scene);
    let letters = scene.input.text.chars().filter(|c| c.is_alphabetic()).count();
    let loud = (all_capitals(scene) && letters >= LOUD_LETTERS_MIN)
        || scene.input.text.contains(LOUD_MARKS);
    draft.angry = scene.has(Cue::Insult)
        || loud && (complains || trouble)
        || evidence.profanity >= TONE_MIN && complains;
}
