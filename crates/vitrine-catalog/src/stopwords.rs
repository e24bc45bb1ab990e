//! Stop words: English and French words, folded, that do not describe a product; and negations.
//!
//! Function words, and words that people write around a need in a chat. A word that some shop may
//! use to distinguish products ("long", "light", "small") does not belong here.

/// Whether a folded word is a stop word; single ASCII characters always are.
///
/// Checks both languages at once: customers mix them, and no stop word of one language describes a
/// product in the other.
pub(crate) fn is_stop_word(folded: &str) -> bool {
    folded.len() == 1 && folded.is_ascii() || STOP_WORDS.binary_search(&folded).is_ok()
}

/// Sorted for the binary search; a test enforces the order.
#[rustfmt::skip]
const STOP_WORDS: &[&str] = &[
    "about", "achat", "achete", "acheter", "actually", "adapte", "adaptee", "adaptees", "adaptes",
    "advice", "advise", "again", "ai", "aide", "aider", "aie", "aime", "aimerais", "ainsi", "ait",
    "all", "aller", "alors", "also", "always", "am", "an", "and", "annee", "another", "any",
    "anyone", "anything", "are", "around", "article", "articles", "as", "ask", "at", "au",
    "aucun", "aucune", "aujourd", "aura", "aurais", "aurait", "aussi", "autre", "autres", "aux",
    "available", "avec", "avez", "aviez", "avoir", "avons", "ayant", "bah", "be", "beaucoup",
    "because", "been", "being", "ben", "besoin", "besoins", "best", "better", "between", "bien",
    "bientot", "bon", "bonjour", "bonne", "bonnes", "bons", "bonsoir", "bref", "browse", "but",
    "buy", "buying", "by", "ca", "can", "car", "ce", "ceci", "cela", "celle", "celles", "celui",
    "ces", "cet", "cette", "ceux", "chaque", "cher", "cherchais", "cherche", "chercher",
    "cherchez", "cherchons", "chere", "cheres", "chers", "chez", "choice", "choisir", "chose",
    "choses", "ci", "combien", "comme", "comment", "conseil", "conseiller", "conseillez",
    "conseils", "conviendrait", "coucou", "could", "dans", "de", "deja", "demain", "depuis",
    "des", "desole", "did", "dis", "dispo", "disponible", "disponibles", "dites", "do", "does",
    "doing", "dois", "doit", "don", "donc", "done", "donner", "dont", "du", "each", "elle",
    "elles", "else", "en", "encore", "ensuite", "entre", "envie", "envisage", "es", "est", "et",
    "etais", "etait", "etant", "etc", "etes", "etre", "eu", "euh", "eux", "ever", "every",
    "everything", "existe", "faire", "fais", "fait", "faites", "fancy", "faudrait", "faut",
    "find", "finding", "fine", "fois", "font", "for", "from", "genre", "get", "getting", "give",
    "go", "going", "good", "got", "great", "had", "haha", "has", "have", "having", "hello",
    "help", "helpful", "her", "here", "hers", "hey", "hi", "him", "his", "hop", "how", "hui",
    "ici", "idea", "ideal", "ideale", "idee", "idees", "if", "il", "ils", "im", "imaginons", "in",
    "instead", "interesse", "interessee", "interested", "into", "is", "isn", "isnt", "it", "item",
    "items", "its", "ive", "jai", "jaime", "jaimerais", "je", "jusqu", "jusque", "just", "juste",
    "kind", "know", "la", "laquelle", "le", "lequel", "les", "lesquelles", "let", "lets", "leur",
    "leurs", "like", "ll", "look", "looking", "lors", "lot", "love", "lui", "ma", "madame",
    "made", "maintenant", "mais", "make", "many", "may", "maybe", "me", "mean", "meme", "memes",
    "merci", "mes", "mettre", "mieux", "might", "mine", "model", "modele", "modeles", "models",
    "moi", "moins", "mois", "mon", "monsieur", "month", "montrer", "montrez", "more", "morning",
    "most", "much", "must", "my", "myself", "nd", "ne", "need", "needed", "needs", "next", "ni",
    "nice", "no", "non", "nor", "nos", "not", "notre", "nous", "now", "of", "off", "ok", "okay",
    "on", "once", "one", "ones", "only", "ont", "option", "options", "or", "order", "other", "ou",
    "oui", "our", "ours", "out", "over", "own", "pair", "paire", "paires", "pairs", "par",
    "parce", "parfait", "parler", "pas", "pascher", "pensez", "perfect", "perhaps", "permet",
    "peu", "peut", "peux", "plait", "please", "plus", "plutot", "plz", "possible", "pour",
    "pourquoi", "pourrais", "pourrait", "pourriez", "pouvez", "preferably", "prefere",
    "prendrais", "prendre", "prepare", "preparer", "presque", "prevu", "prochain", "prochaine",
    "product", "products", "produit", "produits", "proposer", "proposez", "puis", "puisque", "qu",
    "quand", "que", "quel", "quelle", "quelles", "quelqu", "quelque", "quelques", "quels", "qui",
    "quite", "quoi", "rather", "re", "really", "recherche", "rechercher", "recherchons",
    "recommander", "recommandez", "recommend", "recommendation", "regarde", "regarder", "right",
    "sa", "salut", "same", "sans", "se", "search", "searching", "see", "sell", "selling",
    "semaine", "sera", "serait", "ses", "shall", "she", "shop", "should", "show", "si", "slt",
    "so", "soit", "some", "someone", "something", "sommes", "son", "sont", "soon", "sorry",
    "sort", "sorte", "sortes", "sorts", "souhaite", "souhaiterais", "souhaitez", "sous", "stock",
    "store", "stp", "stuff", "style", "such", "suggest", "suggestion", "suis", "suitable", "sur",
    "sure", "surtout", "svp", "ta", "take", "tant", "te", "tel", "tell", "telle", "tes", "than",
    "thank", "thanks", "that", "thats", "the", "their", "them", "then", "there", "these", "they",
    "thing", "things", "think", "this", "those", "to", "today", "together", "toi", "tomorrow",
    "ton", "too", "tous", "tout", "toute", "toutes", "tres", "trop", "trouve", "trouver",
    "trouvez", "truc", "trucs", "try", "trying", "tu", "two", "type", "types", "un", "under",
    "une", "up", "upon", "us", "use", "used", "using", "utilisation", "utiliser", "va", "vais",
    "vas", "ve", "vend", "vendez", "venir", "vers", "very", "veut", "veux", "voici", "voila",
    "voir", "vos", "votre", "voudrais", "voudrait", "voulais", "voulez", "vouloir", "vous",
    "vrai", "vraiment", "wanna", "want", "wanted", "wants", "was", "way", "we", "week", "well",
    "were", "what", "whats", "when", "where", "which", "while", "who", "whom", "whose", "why",
    "will", "wish", "with", "within", "without", "won", "would", "yeah", "year", "yes", "you",
    "your", "yours", "yourself",
];

/// Words that negate the value right after them ("sans caféine", "not black").
const NEGATIONS: &[&str] = &["sans", "pas", "not", "without", "no", "non", "sauf", "except"];

/// Whether a folded word negates the value after it.
pub(crate) fn is_negation(folded: &str) -> bool {
    NEGATIONS.contains(&folded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stop_words_are_sorted_and_unique() {
        assert!(STOP_WORDS.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn needs_are_not_stop_words() {
        for word in ["chaussures", "running", "marathon", "noir", "light", "eau"] {
            assert!(!is_stop_word(word), "{word}");
        }
    }
}
