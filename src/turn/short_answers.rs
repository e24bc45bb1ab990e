//! Short answers with a fixed meaning: the number or the title of an option, and words that stop
//! messages. Punctuation, courtesy words, letter case, accents, full width and keycaps do not
//! matter.
//!
//! Pure.

use vitrine_base::channel::ChannelKind;
use vitrine_intent::fold;

/// Longest answer that is looked at, in words.
const WORDS_MAX: usize = 8;

/// Words that say nothing beside a short answer, in the languages that customers write.
const COURTESY: &[&str] = &[
    "please", "pls", "plz", "thanks", "thank", "you", "thx", "ok", "okay", "hi", "hello", "now",
    "svp", "stp", "s", "il", "vous", "te", "plait", "merci", "beaucoup", "d", "accord", "bonjour",
    "bitte", "danke", "schon", "hallo", "por", "favor", "gracias", "hola", "per", "favore",
    "grazie", "ciao", "obrigado", "obrigada", "ola",
];

/// Words that may stand around the number or the title of an option.
const AROUND_OPTION: &[&str] = &[
    "option", "number", "no", "n", "nr", "num", "numero", "nummer", "opcion", "opzione", "opcao",
    "choice", "choix", "the", "le", "la", "l", "les", "der", "die", "das", "den", "el", "lo", "o",
    "a",
];

/// Words for the place of an option, from the first to the tenth. Numbers are read as digits.
const PLACES: [&[&str]; 10] = [
    &[
        "first", "one", "premier", "premiere", "un", "une", "erste", "ersten", "erster", "erstes",
        "eins", "primero", "primera", "uno", "una", "primo", "prima", "primeiro", "primeira", "um",
        "uma",
    ],
    &[
        "second", "two", "deuxieme", "seconde", "deux", "zweite", "zweiten", "zweiter", "zweites",
        "zwei", "segundo", "segunda", "dos", "secondo", "seconda", "due", "dois", "duas",
    ],
    &[
        "third",
        "three",
        "troisieme",
        "trois",
        "dritte",
        "dritten",
        "dritter",
        "drittes",
        "drei",
        "tercero",
        "tercera",
        "tres",
        "terzo",
        "terza",
        "tre",
        "terceiro",
        "terceira",
    ],
    &[
        "fourth",
        "four",
        "quatrieme",
        "quatre",
        "vierte",
        "vierten",
        "vierter",
        "vier",
        "cuarto",
        "cuarta",
        "cuatro",
        "quarto",
        "quarta",
        "quattro",
        "quatro",
    ],
    &[
        "fifth",
        "five",
        "cinquieme",
        "cinq",
        "funfte",
        "funften",
        "funfter",
        "funf",
        "quinto",
        "quinta",
        "cinco",
        "cinque",
    ],
    &[
        "sixth", "six", "sixieme", "sechste", "sechsten", "sechs", "sexto", "sexta", "seis",
        "sesto", "sesta", "sei",
    ],
    &[
        "seventh", "seven", "septieme", "sept", "siebte", "siebten", "sieben", "septimo",
        "septima", "siete", "settimo", "settima", "sette", "setimo", "setima", "sete",
    ],
    &[
        "eighth", "eight", "huitieme", "huit", "achte", "achten", "acht", "octavo", "octava",
        "ocho", "ottavo", "ottava", "otto", "oitavo", "oitava", "oito",
    ],
    &[
        "ninth", "nine", "neuvieme", "neuf", "neunte", "neunten", "neun", "noveno", "novena",
        "nueve", "nono", "nona", "nove",
    ],
    &[
        "tenth", "ten", "dixieme", "dix", "zehnte", "zehnten", "zehn", "decimo", "decima", "diez",
        "dieci", "dez",
    ],
];

/// What may follow the digits of an ordinal, as in `2nd` and `2ème`.
const ORDINAL_ENDS: &[&str] = &[
    "", "st", "nd", "rd", "th", "e", "er", "ere", "re", "eme", "de", "nde", "te", "ten", "o", "a",
    "do", "da", "ro", "ra", "to", "ta",
];

/// What may stand right before the digits, as in `nº2`.
const NUMBER_STARTS: &[&str] = &["", "n", "no", "nr", "num", "option"];

/// Signs that make digits another number than that of an option, or a question.
const OTHER_NUMBERS: &[char] =
    &['%', '+', '/', '=', '<', '>', '@', '&', '?', '$', '¢', '£', '¥', '€', '×'];

/// Whole messages that refuse outreach, folded. Sources: 47 CFR 64.1200(a)(10) (stop, quit, end,
/// revoke, opt out, cancel, unsubscribe), the words that carriers act on, Apple's trigger words for
/// Messages for Business, and their counterparts in the other languages.
const STOP_PHRASES: &[&str] = &[
    "stop",
    "stop all",
    "stopall",
    "stop it",
    "stop messages",
    "quit",
    "end",
    "revoke",
    "opt out",
    "optout",
    "unsubscribe",
    "unsubscribe me",
    "remove me",
    "spam",
    "arret",
    "arretez",
    "arrete",
    "desabonner",
    "desabonnement",
    "desabonnez moi",
    "me desabonner",
    "desinscription",
    "desinscrire",
    "me desinscrire",
    "desinscrivez moi",
    "stopp",
    "abmelden",
    "abbestellen",
    "abbestellung",
    "baja",
    "darme de baja",
    "dar de baja",
    "cancelar suscripcion",
    "parar",
    "pare",
    "disiscrivi",
    "disiscrivimi",
    "disiscrizione",
    "cancellami",
    "sair",
    "descadastrar",
    "cancelar inscricao",
    "cancelar subscricao",
];

/// The same on channels of telephone networks only: elsewhere the word is mostly about an order.
const CARRIER_STOP: &str = "cancel";

/// The words of a message: lower case, without accents, punctuation and signs.
fn words(text: &str) -> Vec<String> {
    fold(text)
        .split(|character: char| !character.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .take(WORDS_MAX + 1)
        .map(str::to_owned)
        .collect()
}

/// The words without those of `idle`; all of them if nothing else is left.
fn without<'a>(words: &'a [String], idle: &[&[&str]]) -> Vec<&'a str> {
    let said = |word: &&str| !idle.iter().any(|list| list.contains(word));
    let left: Vec<&str> = words.iter().map(String::as_str).filter(said).collect();
    if left.is_empty() { words.iter().map(String::as_str).collect() } else { left }
}

/// Whether a message as a whole refuses outreach.
pub(crate) fn is_stop(text: &str, channel: ChannelKind) -> bool {
    let words = words(text);
    if words.is_empty() || words.len() > WORDS_MAX {
        return false;
    }
    let carrier = matches!(channel, ChannelKind::Sms | ChannelKind::Rcs);
    let stops = |said: &str| STOP_PHRASES.contains(&said) || carrier && said == CARRIER_STOP;
    let whole = words.join(" ");
    let mut said = without(&words, &[COURTESY]);
    said.dedup();
    stops(&whole) || stops(&said.join(" "))
}

/// The place, from 0, of the one option with this title.
pub(crate) fn by_title<'t>(text: &str, titles: impl Iterator<Item = &'t str>) -> Option<usize> {
    let said = words(text);
    if said.is_empty() {
        return None;
    }
    let bare = without(&said, &[COURTESY, AROUND_OPTION]);
    let is_said = |title: &str| {
        let title = words(title);
        !title.is_empty() && (title == said || without(&title, &[COURTESY, AROUND_OPTION]) == bare)
    };
    let mut found = titles.enumerate().filter(|(_, title)| is_said(title)).map(|(at, _)| at);
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

/// The place, from 0, of the option that a message names by its number, such as `2.`, `２`, `2️⃣`,
/// `n° 2`, `the 2nd` or `la deuxième`.
pub(crate) fn by_number(text: &str, options: usize) -> Option<usize> {
    if text.contains(OTHER_NUMBERS) {
        return None;
    }
    let words = words(text);
    let said = without(&words, &[COURTESY, AROUND_OPTION]);
    let place = match said[..] {
        [word] => place(word)?,
        // `the second one`
        [word, "one" | "option"] => place(word)?,
        _ => return None,
    };
    place.checked_sub(1).filter(|at| *at < options)
}

/// The place, from 1, that a word names.
fn place(word: &str) -> Option<usize> {
    if let Some(at) = PLACES.iter().position(|names| names.contains(&word)) {
        return Some(at + 1);
    }
    let digits_at = word.find(|character: char| character.is_ascii_digit())?;
    let (start, rest) = word.split_at(digits_at);
    let end = rest.find(|character: char| !character.is_ascii_digit()).unwrap_or(rest.len());
    let (digits, end) = rest.split_at(end);
    let plain = NUMBER_STARTS.contains(&start) && ORDINAL_ENDS.contains(&end);
    plain.then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_message_that_says_nothing_but_stop_stops() {
        for text in [
            "STOP",
            " stop. ",
            "Stop. Thank you",
            "stop please!",
            "Please stop",
            "ＳＴＯＰ",
            "StOp!!!",
            "STOP STOP",
            "REVOKE",
            "opt-out",
            "Opt out.",
            "QUIT",
            "End",
            "Unsubscribe",
            "ARRÊT!",
            "Arrêtez, merci",
            "Me désabonner",
            "stop svp",
            "STOP s'il vous plaît",
            "Stopp bitte",
            "Abmelden",
            "BAJA",
            "parar, por favor",
            "Disiscrivimi",
            "sair",
            "🛑 STOP 🛑",
            "«stop»",
        ] {
            assert!(is_stop(text, ChannelKind::Whatsapp), "{text}");
        }
        for text in ["CANCEL", "Cancel, thanks", "ｃａｎｃｅｌ"] {
            assert!(is_stop(text, ChannelKind::Sms), "{text}");
            assert!(!is_stop(text, ChannelKind::Webchat), "{text}");
        }
        for text in [
            "stop showing me red ones",
            "arrêt cardiaque",
            "the end of the line",
            "",
            "?",
            "thank you",
            "please",
            "cancel my order",
            "non-stop",
            "bus stop",
            "stop or go",
            "quit it, what is this",
        ] {
            assert!(!is_stop(text, ChannelKind::Sms), "{text}");
        }
    }

    #[test]
    fn an_option_is_chosen_by_its_number_in_any_spelling() {
        for text in [
            "2",
            "2.",
            "2)",
            "(2)",
            "#2",
            "２",
            "2️⃣",
            "②",
            "n°2",
            "N° 2",
            "nº2",
            "no. 2",
            "option 2",
            "Option #2!",
            "2 please",
            "2, merci",
            "the 2nd",
            "2nd one",
            "the second one",
            "second",
            "la deuxième",
            "la 2ème",
            "le 2e",
            "le second",
            "die zweite",
            "zwei",
            "la segunda",
            "el segundo",
            "il secondo",
            "número 2",
            "numero due",
            "two",
            "deux svp",
            "2 👍",
            "a segunda opção",
        ] {
            assert_eq!(by_number(text, 3), Some(1), "{text}");
        }
        for text in [
            "",
            "0",
            "4",
            "22",
            "2 or 3",
            "2/3",
            "2€",
            "$2",
            "2%",
            "2,5",
            "2.5",
            "+2",
            "2?",
            "size 2",
            "2 pairs",
            "in 2 days",
            "un deux",
            "nothing",
            "👍",
            "1 2",
        ] {
            assert_eq!(by_number(text, 3), None, "{text}");
        }
    }

    #[test]
    fn an_option_is_chosen_by_its_title_in_any_spelling() {
        let titles = ["Confort", "Vitesse & légèreté", "Other", "The other one", "40"];
        let chosen = |text: &str| by_title(text, titles.into_iter());
        for (text, at) in [
            ("confort", 0),
            ("Confort !", 0),
            ("CONFORT, s'il vous plaît", 0),
            ("le confort", 0),
            ("ｃｏｎｆｏｒｔ", 0),
            ("vitesse legerete", 1),
            ("Vitesse & Légèreté.", 1),
            ("40.", 4),
            ("the other one", 3),
        ] {
            assert_eq!(chosen(text), Some(at), "{text}");
        }
        for text in ["", "?", "confortable", "vitesse", "40 41", "thanks"] {
            assert_eq!(chosen(text), None, "{text}");
        }
        let twice = ["Blue", "blue"];
        assert_eq!(by_title("blue", twice.into_iter()), None, "two options have the title");
    }

    proptest! {
        #[test]
        fn any_text_is_read_and_a_place_is_one_of_the_options(
            text: String,
            options in 0_usize..12,
        ) {
            let _ = is_stop(&text, ChannelKind::Sms);
            if let Some(at) = by_number(&text, options) {
                prop_assert!(at < options);
            }
            let titles = ["a", "b"];
            prop_assert!(by_title(&text, titles.into_iter()).is_none_or(|at| at < titles.len()));
        }
    }
}
