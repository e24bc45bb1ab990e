//! Which language a reply is written in, by its stop words.

use crate::text::words_of;

/// Fewer words than these tell no language.
const WORDS_MIN: usize = 4;

/// A language counts as another one than wanted from this lead on, in [`UNITS`]: three quarters of
/// a stop word.
const LEAD: usize = 45;

/// Weight of a stop word that one language has; one that n languages share weighs a n-th. Divisible
/// by every number of languages up to six.
const UNITS: usize = 60;

/// Frequent words of each language, without accents.
const STOP_WORDS: [(&str, &str); 6] = [
    (
        "en",
        "the is are you your we our it its to for of and in on with what which this that can do \
         does have has i i'm i'd be not or at from will would one here if by any there how when \
         they them us as no an my more please all was were",
    ),
    (
        "fr",
        "le la les un une des du de est sont vous votre vos nous notre nos je il elle et en pour \
         avec sur dans que qui quoi ce cette cela ces ne pas ou au aux par plus a c'est d'un d'une \
         si tout mon ma mes on se y quel quelle j'ai etes sous",
    ),
    (
        "de",
        "der die das den dem des ein eine einen ist sind und oder nicht fur mit auf von zu zum im \
         ich sie wir ihr ihre es haben hat kann konnen welche wie was bei aus auch noch nur hier \
         bitte gerne mochten wird werden sich grosse lieferung",
    ),
    (
        "es",
        "el la los las un una de del que no para con por y en se su sus al lo le es son hay puede \
         puedo cual este esta mas tambien como tenemos tiene gracias usted quiere o si nos desde \
         hasta dias cuesta envio talla mucho siento aqui",
    ),
    (
        "it",
        "il lo la gli le i un una di del della dei delle che non per con si e sono ho ha puo posso \
         quale quali questo questa nel nella al alla come anche piu suo sua grazie o se ci da dal \
         abbiamo vuole entro giorni mi molto ecco taglia consegna costa in a qui ti tuo tua ma",
    ),
    (
        "pt",
        "o a os as um uma de do da dos das que nao para com por e em no na nos nas se ao seu sua \
         voce pode posso qual este esta mais tambem como temos tem obrigado ou lhe foi dias custa \
         entrega tamanho muito aqui ate vou sem",
    ),
];

/// The language that a text reads as, if that is clearly another one than wanted.
///
/// `None` in doubt, and for texts too short to tell.
#[must_use]
pub fn other_language(text: &str, wanted: &str) -> Option<&'static str> {
    let words = words_of(text);
    if words.len() < WORDS_MIN {
        return None;
    }
    let mut weights = [0; STOP_WORDS.len()];
    for word in &words {
        let sharing: Vec<usize> = (0..STOP_WORDS.len()).filter(|at| has(*at, word)).collect();
        for at in &sharing {
            weights[*at] += UNITS / sharing.len();
        }
    }
    let weight_of = |at: usize| weights[at];
    let wanted_weight = STOP_WORDS.iter().position(|(id, _)| *id == wanted).map_or(0, weight_of);
    // Of several with the same weight the first.
    let heaviest = (0..STOP_WORDS.len()).rev().max_by_key(|at| weights[*at])?;
    (weights[heaviest] >= wanted_weight + LEAD).then_some(STOP_WORDS[heaviest].0)
}

fn has(language: usize, word: &str) -> bool {
    STOP_WORDS[language].1.split_whitespace().any(|stop| stop == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_language_is_told_from_the_others() {
        let texts = [
            ("en", "Here is what we have in your size, would you like it?"),
            ("fr", "Voici ce que nous avons dans votre taille."),
            ("de", "Das ist eine gute Wahl, möchten Sie noch etwas für die Reise?"),
            ("es", "Tenemos este modelo en su talla, cuesta 90 euros."),
            ("it", "Abbiamo questo modello nella sua taglia, costa 90 euro."),
            ("pt", "Temos este modelo no seu tamanho, custa 90 euros."),
        ];
        for (language, text) in texts {
            for (wanted, _) in texts {
                let expected = (language != wanted).then_some(language);
                assert_eq!(other_language(text, wanted), expected, "{text} as {wanted}");
            }
        }
    }

    #[test]
    fn short_and_neutral_texts_are_in_every_language() {
        assert_eq!(other_language("The one here", "fr"), None);
        assert_eq!(other_language("Velance Dorane 42 Karsto Drone", "de"), None);
    }
}
