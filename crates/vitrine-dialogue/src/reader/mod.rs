//! Reads a message into commands, given the state of its conversation.
//!
//! A message is taken apart once (`scene`: tokens, phrases of the locale, words of the catalogue,
//! numbers, sentences); then each rule adds its commands to a draft and marks the tokens that it
//! explains, the surest rules first.

mod acts;
mod again;
mod asking;
mod basket;
pub(crate) mod body;
mod choices;
mod comparisons;
mod contacts;
mod counts;
pub mod cues;
mod degrees;
mod draft;
mod evidence;
mod figure;
mod figures;
mod foreign;
mod forms;
mod fusion;
mod goods;
mod input;
mod kinds;
mod labels;
mod language;
mod limits;
mod meaning;
mod misread;
pub mod model;
mod numbers;
mod orders;
mod phrases;
pub(crate) mod properties;
mod questions;
mod references;
mod scene;
mod service;
mod sizes;
mod spelling;
mod stance;
pub mod statements;
mod taps;
pub(crate) mod tokens;
mod trouble;
mod wishes;

pub(crate) use self::goods::CHILDREN;
pub use self::input::Evidence;
pub use self::input::ReaderInput;
pub use self::input::Reading;
pub use self::language::asks;
pub use self::language::known_words;

use self::cues::Cue;
use self::draft::Draft;
use self::scene::Found;
use self::scene::Scene;
use crate::command::Command;
use crate::command::Reference;
use crate::command::Said;
use crate::locale::Locale;
use crate::shop::Mention;
use crate::state::Pending;

/// How many more words another language must explain than the supposed one to be read instead.
const OTHER_LANGUAGE_MARGIN: usize = 1;

/// Reads a message.
#[must_use]
pub fn read(input: &ReaderInput<'_>) -> Reading {
    if let Some(command) = input.tapped.and_then(|id| taps::command(input, id)) {
        let source = input.text.to_owned();
        return Reading { commands: vec![Said { command, source }], ..Reading::default() };
    }
    let words = scene::mentions(input);
    let own = input.locales.get(input.language);
    let scene = taken_apart(input, own, &words);
    let other = other_locale(input, &scene);
    let other = other.map(|locale| taken_apart(input, locale, &words));
    read_scene(other.as_ref().unwrap_or(&scene))
}

/// A message taken apart with the words of a locale.
fn taken_apart<'a>(input: &'a ReaderInput<'a>, locale: &'a Locale, words: &[Mention]) -> Scene<'a> {
    let mut scene = Scene::new(input, locale, words);
    let numbers = numbers::find(&scene.tokens, scene.cues, &scene.hits);
    scene.figures = figures::find(&scene, &numbers);
    scene.drop_false_words();
    scene
}

/// The language whose words explain the message clearly better than those of the supposed one.
fn other_locale<'a>(input: &'a ReaderInput<'a>, scene: &Scene<'_>) -> Option<&'a Locale> {
    let words = |scene: &Scene<'_>| {
        let tokens = scene.tokens.iter().enumerate();
        let known = tokens.filter(|(at, token)| {
            token.text.chars().any(char::is_alphabetic)
                && (scene.cues.is_filler(&token.text)
                    || scene.hits.iter().any(|hit| hit.tokens.contains(at)))
        });
        known.count()
    };
    let all = scene.tokens.iter().filter(|token| token.text.chars().any(char::is_alphabetic));
    let own = words(scene);
    if all.count() <= own + OTHER_LANGUAGE_MARGIN {
        return None;
    }
    let mut best: Option<(&Locale, usize)> = None;
    for locale in input.locales.iter().filter(|locale| locale.language != input.language) {
        let known = words(&Scene::new(input, locale, &[]));
        let least = best.map_or(own + OTHER_LANGUAGE_MARGIN, |(_, most)| most);
        if known > least {
            best = Some((locale, known));
        }
    }
    best.map(|(locale, _)| locale)
}

fn read_scene(scene: &Scene<'_>) -> Reading {
    let mut draft = Draft::new(scene);
    stance::read(&mut draft);
    if !acts::alone(&mut draft) && !taps::named(&mut draft) {
        trouble::find(&mut draft);
        orders::find(&mut draft);
        service::find(&mut draft);
        if !acts::out_of_scope(&mut draft) {
            all(&mut draft);
            fusion::weigh(&mut draft);
        }
    }
    finish(draft)
}

/// All rules but those that decide a message alone, the surest first.
fn all(draft: &mut Draft<'_, '_>) {
    choices::dilemma(draft);
    again::find(draft);
    acts::preferences(draft);
    acts::direct(draft);
    limits::split(draft);
    basket::keep_only(draft);
    if !body::find(draft) {
        questions::find(draft);
    }
    choices::find(draft);
    choices::named(draft);
    limits::find(draft);
    sizes::find(draft);
    wishes::find(draft);
    basket::correct_kind(draft);
    acts::courtesy(draft);
    comparisons::settle(draft);
    rest(draft);
}

/// What remains where no rule found a matter.
fn rest(draft: &mut Draft<'_, '_>) {
    let scene = draft.scene;
    let whole = 0..scene.tokens.len();
    if draft.has_content() {
        return;
    }
    if draft.found.is_empty() && choices::pointed(draft) {
        return;
    }
    let wants = [Cue::Browse, Cue::Want, Cue::Show];
    // "I want you to call me" and "I sent a photo", in a complaint, are no wishes for a product.
    let troubled = scene.input.state.trouble.is_some();
    let wants = wants.iter().filter(|cue| !troubled || **cue == Cue::Browse);
    let shop = wants.copied().find_map(|cue| scene.hits_of(cue).next());
    if meaning::answered_by_statement(draft) || service::by_own_words(draft) {
        return;
    }
    let answered = draft
        .any(|one| matches!(one, Command::Confirm | Command::Deny | Command::Bye | Command::Thank));
    if let Some(hit) = shop.filter(|_| !answered) {
        // "let me see": the product that was just shown.
        let focus =
            scene.input.state.focus.is_some() && scene.content_words_outside(&hit.tokens) == 0;
        if focus && scene.has(Cue::Show) && !scene.has(Cue::Want) {
            let reference = Reference::Focus;
            draft.add(hit.tokens.clone(), Command::Show { reference });
            return;
        }
        draft.add(hit.tokens.clone(), Command::Browse);
        return;
    }
    if draft.found.is_empty() {
        questions::unknown(draft);
    }
    // "no, a leather strap": what is refused gives way to what is named.
    let open = draft.found.iter().all(|found| {
        found.command == Command::Deny
            || found.command == Command::Confirm && scene.input.state.pending.is_none()
    });
    if open && (goods::names_goods(draft) || wishes::asks_for_goods(draft)) {
        return;
    }
    if draft.found.is_empty() {
        fusion::fill(draft);
    }
    if draft.found.is_empty() && asks_for_more(scene) {
        // The words are not used up: they say what is looked for.
        draft.found.push(Found { tokens: whole.clone(), command: Command::Browse });
    }
    if draft.found.is_empty() {
        draft.add(whole, Command::Unclear);
    }
}

/// "and kayaks?", after goods that the shop does not have.
fn asks_for_more(scene: &Scene<'_>) -> bool {
    let joint = scene.tokens.first().is_some_and(|first| scene.cues.joins_numbers(&first.text));
    let asks = scene.sentences.iter().any(|sentence| sentence.question);
    let state = scene.input.state;
    let need = state.pending == Some(Pending::Need);
    joint && asks && need && scene.content_words() > 0
}

fn finish(mut draft: Draft<'_, '_>) -> Reading {
    let words = kinds::loose_words(&draft);
    draft.found.sort_by_key(|found| found.tokens.start);
    let scene = draft.scene;
    let commands: Vec<Said> = draft.found.into_iter().map(|found| scene.said(found)).collect();
    let refusals = [Cue::No, Cue::NoThanks, Cue::Negation, Cue::Reject];
    let refuses = refusals.iter().any(|cue| scene.has(*cue));
    let most = degrees::of(scene);
    let told = most.and_then(|most| degrees::told(scene, &commands, most));
    let counted = |said: &Said| matches!(said.command, Command::Quantity { .. });
    let adds = scene.has(Cue::Beside) && commands.iter().any(counted);
    let (angry, sarcastic) = (draft.angry, draft.sarcastic);
    Reading { commands, words, refuses, most, told, adds, angry, sarcastic }
}
