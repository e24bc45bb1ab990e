//! Stop words: words of six languages, folded, that do not describe a product; and negations.
//!
//! Function words, and words that people write around a need in a chat. A word that some shop may
//! use to distinguish products ("long", "light", "small") does not belong here.

use vitrine_base::language::Language;

/// Whether a folded word is a stop word of a language; single ASCII characters always are.
///
/// English and French share a list: customers mix them, and no stop word of one describes a product
/// in the other. A language without a list has no stop words.
pub(crate) fn is_stop_word(folded: &str, language: Language) -> bool {
    let words = match language {
        Language::EN | Language::FR => STOP_WORDS,
        Language::DE => GERMAN,
        Language::ES => SPANISH,
        Language::IT => ITALIAN,
        Language::PT => PORTUGUESE,
        _ => &[],
    };
    folded.len() == 1 && folded.is_ascii() || words.binary_search(&folded).is_ok()
}

/// English and French. Sorted for the binary search; a test enforces the order.
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

/// Sorted, as [`STOP_WORDS`].
#[rustfmt::skip]
const GERMAN: &[&str] = &[
    "ab", "aber", "ach", "alle", "allem", "allen", "aller", "alles", "als", "also", "am", "an",
    "ander", "andere", "anderem", "anderen", "anderer", "anderes", "ans", "artikel", "auch",
    "auf", "aufs", "aus", "ausserdem", "bei", "beim", "besser", "bestelle", "bestellen", "bin",
    "bis", "bisschen", "bist", "bitte", "brauch", "brauche", "brauchen", "brauchst", "braucht",
    "bspw", "bzw", "da", "dabei", "dafur", "daher", "damit", "danke", "dankeschon", "dann",
    "daran", "darauf", "daraus", "darf", "darum", "das", "dass", "davon", "dazu", "dein", "deine",
    "deinem", "deinen", "deiner", "dem", "den", "denn", "der", "deren", "des", "dessen", "dich",
    "die", "dies", "diese", "diesem", "diesen", "dieser", "dieses", "ding", "dinge", "dir",
    "doch", "dort", "du", "durch", "durchs", "durfte", "egal", "eher", "eigentlich", "ein",
    "eine", "einem", "einen", "einer", "eines", "einfach", "einige", "einigen", "einmal", "er",
    "erst", "es", "etwa", "etwas", "euch", "euer", "eure", "eurem", "euren", "eurer", "eures",
    "evtl", "falls", "finde", "finden", "findest", "folgende", "fur", "furs", "ganz", "gar",
    "gebe", "geben", "gegen", "gegenuber", "geht", "genau", "gerade", "gern", "gerne", "gesucht",
    "gibt", "gibts", "gleich", "gott", "grad", "gruezi", "gruss", "gut", "gute", "guten", "guter",
    "gutes", "hab", "habe", "haben", "habt", "hallo", "hast", "hat", "hats", "hatt", "hatte",
    "hatten", "hattest", "hauptsache", "hey", "hi", "hier", "hinters", "hm", "hmm", "ich", "ihm",
    "ihn", "ihnen", "ihr", "ihre", "ihrem", "ihren", "ihrer", "ihres", "im", "in", "ins", "ist",
    "ja", "jap", "jede", "jedem", "jeden", "jeder", "jedes", "jemand", "jene", "jener", "jetzt",
    "jo", "kann", "kannst", "kauf", "kaufe", "kaufen", "konnen", "konnt", "konnte", "konnten",
    "leider", "lg", "liebe", "lieben", "lieber", "mache", "machen", "macht", "mag", "mal", "man",
    "mehr", "mein", "meine", "meinem", "meinen", "meiner", "meines", "mfg", "mich", "mir", "mit",
    "mochte", "mochten", "mochtest", "modell", "modelle", "moin", "morgen", "muss", "mussen",
    "musste", "nach", "naher", "naturlich", "ne", "nee", "nehme", "nehmen", "nein", "nem", "nen",
    "nix", "noch", "nochmal", "nope", "nun", "nur", "ob", "obs", "oder", "ok", "okay", "paar",
    "passend", "passende", "passenden", "passendes", "plus", "produkt", "produkte", "recht",
    "sachen", "sag", "sagen", "schau", "schauen", "schick", "schon", "sehr", "seid", "sein",
    "seine", "seinem", "seinen", "seiner", "seines", "seit", "servus", "sich", "sie", "sind",
    "so", "sogar", "solche", "solchem", "solchen", "solcher", "solches", "soll", "sollen",
    "sollte", "sollten", "sondern", "sonst", "sowas", "sowie", "stuck", "suche", "suchen",
    "suchst", "sucht", "suchte", "super", "tag", "toll", "uber", "ubers", "ubrigens", "um", "ums",
    "und", "uns", "unser", "unsere", "unserem", "unseren", "unserer", "unter", "viel", "viele",
    "vielen", "vielleicht", "vllt", "vlt", "vom", "von", "vor", "vors", "wann", "war", "ware",
    "waren", "wars", "warst", "warum", "was", "weil", "welche", "welchem", "welchen", "welcher",
    "welches", "wem", "wen", "wenn", "wer", "werde", "werden", "wie", "wieder", "will", "willst",
    "wir", "wird", "wirklich", "wo", "wohl", "wollen", "wollte", "wunsche", "wurde", "wurden",
    "zeig", "zeige", "zeigen", "zeigt", "zu", "zum", "zur", "zurzeit", "zwar", "zwischen",
];

/// Sorted, as [`STOP_WORDS`].
#[rustfmt::skip]
const SPANISH: &[&str] = &[
    "ahi", "ahora", "al", "algo", "alguien", "algun", "alguna", "algunas", "alguno", "algunos",
    "alli", "antes", "aquel", "aquella", "aquello", "aqui", "articulo", "articulos", "asi", "aun",
    "aunque", "ayuda", "ayudame", "ayudar", "bien", "buen", "buena", "buenas", "bueno", "buenos",
    "busca", "buscaba", "buscamos", "buscando", "buscar", "busco", "cada", "como", "compra",
    "comprar", "compro", "con", "conmigo", "cosa", "cosas", "cual", "cuales", "cualquier",
    "cuando", "cuanto", "da", "dame", "de", "del", "demas", "deme", "desde", "dia", "dias",
    "dice", "dime", "disculpa", "disculpe", "disponible", "donde", "dos", "el", "ella", "ellas",
    "ellos", "en", "encontrar", "encontre", "entonces", "entre", "era", "es", "esa", "esas",
    "ese", "eso", "esos", "esta", "estaba", "estamos", "estan", "estar", "estaria", "estas",
    "este", "esto", "estos", "estoy", "favor", "fue", "gracias", "gusta", "gustan", "gustaria",
    "ha", "haber", "habia", "hace", "hacer", "hacia", "han", "has", "hasta", "hay", "haya", "he",
    "hola", "hoy", "igual", "interesa", "interesado", "ir", "la", "las", "le", "les", "lo", "los",
    "luego", "manana", "mas", "me", "mejor", "menos", "mi", "mia", "mio", "mis", "mismo",
    "modelo", "modelos", "mostrar", "mucha", "muchas", "mucho", "muchos", "muestrame", "muy",
    "nada", "ni", "nos", "nosotros", "nuestra", "nuestro", "ofrece", "ofrecen", "oye", "para",
    "perdon", "pero", "poder", "podria", "podrias", "por", "porfa", "porfavor", "porque",
    "posible", "prefiero", "primero", "producto", "productos", "puede", "pueden", "puedes",
    "puedo", "pues", "que", "querer", "queria", "quiere", "quieres", "quiero", "quisiera",
    "quiza", "quizas", "recomendar", "recomienda", "recomiendas", "saber", "se", "sea", "segun",
    "ser", "sera", "seria", "si", "sido", "siempre", "sino", "sobre", "solo", "son", "soy", "su",
    "sus", "suya", "suyo", "tal", "tambien", "tampoco", "tan", "tanto", "tardes", "te", "ten",
    "teneis", "tenemos", "tener", "tengo", "ti", "tiene", "tienen", "tienes", "tipo", "toda",
    "todas", "todavia", "todo", "todos", "tu", "tus", "un", "una", "unas", "uno", "unos", "usted",
    "ustedes", "va", "vale", "vamos", "ve", "venden", "vender", "ver", "vez", "vi", "vosotros",
    "voy", "ya", "yo",
];

/// Sorted, as [`STOP_WORDS`].
#[rustfmt::skip]
const ITALIAN: &[&str] = &[
    "abbiamo", "ad", "adesso", "agli", "ai", "al", "alcuna", "alcune", "alcuni", "alcuno", "all",
    "alla", "alle", "allo", "allora", "altra", "altre", "altri", "altro", "anche", "ancora",
    "appena", "articoli", "articolo", "avere", "avete", "aveva", "avevo", "avrei", "avreste",
    "avuto", "bella", "bello", "ben", "bene", "buon", "buona", "buonasera", "buongiorno", "buono",
    "cerca", "cercando", "cercare", "cercavo", "cerchiamo", "cerco", "che", "chi", "chiedere",
    "ci", "ciao", "cio", "cioe", "circa", "come", "compra", "comprare", "compro", "con",
    "consiglia", "consigliare", "consigliarmi", "consigliate", "consiglio", "cosa", "cose",
    "cosi", "cui", "da", "dagli", "dai", "dal", "dall", "dalla", "dalle", "dallo", "davvero",
    "degli", "dei", "del", "dell", "della", "delle", "dello", "di", "dimmi", "disponibile",
    "disponibili", "dite", "ditemi", "domani", "dopo", "dov", "dove", "dovrebbe", "dovrei", "due",
    "ecco", "ed", "era", "esiste", "essere", "fa", "faccio", "fammi", "far", "fare", "fate",
    "fatto", "favore", "fino", "fra", "gia", "gli", "grazie", "guardo", "ha", "hai", "hanno",
    "ho", "il", "in", "interessa", "interessato", "invece", "io", "la", "le", "lei", "li", "lo",
    "loro", "lui", "ma", "magari", "mai", "me", "meglio", "meno", "mi", "mia", "mie", "miei",
    "mio", "modelli", "modello", "molta", "molte", "molti", "molto", "mostra", "mostrami",
    "mostrate", "ne", "negli", "nei", "nel", "nell", "nella", "nelle", "nello", "nessun",
    "nessuna", "nessuno", "niente", "noi", "non", "nostra", "nostre", "nostri", "nostro", "od",
    "oggi", "ogni", "ok", "oppure", "ora", "per", "perche", "pero", "piace", "piacerebbe", "poi",
    "possibile", "posso", "potete", "potrei", "potreste", "potresti", "preferirei", "preferisco",
    "prego", "prendere", "prendo", "primo", "prodotti", "prodotto", "proprio", "puo", "puoi",
    "pure", "qual", "qualche", "qualcosa", "qualcuno", "quale", "quali", "quando", "quanta",
    "quante", "quanti", "quanto", "quel", "quell", "quella", "quelle", "quelli", "quello",
    "questa", "queste", "questi", "questo", "qui", "quindi", "sa", "salve", "sara", "sarebbe",
    "se", "sei", "sempre", "senta", "serve", "servirebbe", "servono", "si", "sia", "siamo",
    "siete", "solo", "sono", "sopra", "sotto", "sta", "stai", "state", "stesso", "sto", "su",
    "sua", "sue", "sugli", "sui", "sul", "sull", "sulla", "sulle", "sullo", "suo", "suoi", "tale",
    "tanta", "tante", "tanti", "tanto", "te", "tempo", "ti", "tipo", "tra", "troppo", "trova",
    "trovare", "tu", "tua", "tue", "tuo", "tuoi", "tutta", "tutte", "tutti", "tutto", "un", "una",
    "uno", "uso", "va", "vado", "vai", "vedere", "vendete", "veramente", "verso", "vi", "voglio",
    "voi", "volere", "volevo", "vorrei", "vorremmo", "vostra", "vostre", "vostri", "vostro",
    "vuoi", "vuole",
];

/// Sorted, as [`STOP_WORDS`].
#[rustfmt::skip]
const PORTUGUESE: &[&str] = &[
    "agora", "ah", "ai", "ainda", "ajuda", "ajudar", "algo", "alguem", "algum", "alguma",
    "algumas", "alguns", "ali", "alo", "amanha", "antes", "ao", "aos", "apenas", "aquela",
    "aquelas", "aquele", "aqueles", "aqui", "aquilo", "artigo", "artigos", "as", "assim", "ate",
    "bem", "boa", "boas", "bom", "bons", "busco", "cada", "cade", "coisa", "coisas", "com",
    "comigo", "como", "compra", "comprar", "compro", "consegue", "da", "dai", "daquela",
    "daquele", "das", "de", "dela", "delas", "dele", "deles", "depois", "desde", "dessa", "desse",
    "desta", "deste", "dia", "dias", "disponiveis", "disponivel", "diz", "do", "dois", "dos",
    "ela", "elas", "ele", "eles", "em", "embora", "encontrar", "entao", "entre", "era", "es",
    "essa", "essas", "esse", "esses", "esta", "estao", "estar", "estas", "estava", "este",
    "estes", "estou", "eu", "existe", "faco", "fala", "favor", "faz", "fazer", "ficar", "foi",
    "for", "fosse", "gostaria", "gostava", "gosto", "ha", "hoje", "hum", "ir", "isso", "isto",
    "ja", "jeito", "la", "lhe", "lhes", "lo", "logo", "mais", "mas", "me", "melhor", "menos",
    "mesma", "mesmo", "meu", "meus", "mim", "minha", "minhas", "modelo", "modelos", "mostra",
    "mostrar", "mostre", "muita", "muitas", "muito", "muitos", "na", "nao", "nas", "nem",
    "nenhum", "nenhuma", "nessa", "nesse", "nesta", "neste", "no", "noite", "nos", "nossa",
    "nosso", "num", "numa", "obrigada", "obrigado", "oi", "ola", "onde", "ou", "outra", "outras",
    "outro", "outros", "para", "pela", "pelas", "pelo", "pelos", "perto", "pode", "podem",
    "podemos", "poderia", "poderiam", "pois", "por", "porque", "possivel", "posso", "pouco",
    "pra", "precisa", "precisar", "precisava", "preciso", "prefiro", "primeiro", "pro", "procura",
    "procurando", "procurar", "procuro", "produto", "produtos", "proprio", "quais", "qual",
    "qualquer", "quando", "quanto", "quantos", "que", "quem", "quer", "querer", "quererem",
    "queria", "quero", "recomenda", "recomendam", "recomendar", "saber", "se", "seja", "sem",
    "sempre", "ser", "sera", "seria", "seu", "seus", "sim", "so", "sobre", "somos", "sou", "sua",
    "suas", "talvez", "tambem", "tanto", "tarde", "te", "tem", "temos", "tenha", "tenho", "ter",
    "teu", "tipo", "toda", "todas", "todo", "todos", "tu", "tua", "tudo", "um", "uma", "umas",
    "uns", "usar", "vai", "vamos", "vao", "ve", "vem", "vende", "vendem", "ver", "vez", "voce",
    "voces", "vos", "vossa", "vosso", "vou",
];

/// Words that negate the value right after them ("sans caféine", "not black").
#[rustfmt::skip]
const NEGATIONS: &[&str] = &[
    "sans", "pas", "not", "without", "no", "non", "sauf", "except", "ohne", "kein", "keine",
    "keinen", "nicht", "sin", "senza", "sem", "nao",
];

/// Whether a folded stop word only joins words: an article, or a preposition of purpose, place or
/// material. "for women" means "women", but "every day" does not mean "day".
pub(crate) fn is_joint(folded: &str, language: Language) -> bool {
    let words: &[&str] = match language {
        Language::EN => &["a", "an", "the", "for", "of", "with", "in", "on", "s", "my"],
        Language::FR => &[
            "au", "aux", "avec", "d", "dans", "de", "des", "du", "en", "l", "la", "le", "les",
            "pour", "sur", "un", "une",
        ],
        Language::DE => &[
            "am", "auf", "aus", "das", "dem", "den", "der", "des", "die", "ein", "eine", "einen",
            "einer", "fur", "furs", "im", "in", "mit", "von", "zum", "zur",
        ],
        Language::ES => {
            &["al", "con", "de", "del", "el", "en", "la", "las", "los", "para", "por", "un", "una"]
        }
        Language::IT => &[
            "al", "alla", "con", "da", "dal", "dei", "del", "della", "delle", "di", "gli", "i",
            "il", "in", "l", "la", "le", "lo", "nel", "per", "un", "una", "uno",
        ],
        Language::PT => &[
            "a", "as", "com", "da", "das", "de", "do", "dos", "em", "na", "no", "o", "os", "para",
            "por", "pra", "um", "uma",
        ],
        _ => &[],
    };
    words.contains(&folded)
}

/// Whether a folded word negates what follows it, in one language.
pub(crate) fn negates(folded: &str, language: Language) -> bool {
    let words: &[&str] = match language {
        Language::EN => &["not", "without", "no", "non", "except"],
        Language::FR => &["sans", "pas", "non", "sauf"],
        Language::DE => &["ohne", "kein", "keine", "keinen", "keiner", "nicht"],
        Language::ES => &["sin", "no", "ni"],
        Language::IT => &["senza", "non"],
        Language::PT => &["sem", "nao", "nem"],
        _ => &[],
    };
    words.contains(&folded)
}

/// Whether a folded word negates the value after it, in any language.
pub(crate) fn is_negation(folded: &str) -> bool {
    NEGATIONS.contains(&folded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stop_words_are_sorted_and_unique() {
        for words in [STOP_WORDS, GERMAN, SPANISH, ITALIAN, PORTUGUESE] {
            assert!(words.windows(2).all(|pair| pair[0] < pair[1]));
        }
    }

    #[test]
    fn needs_are_not_stop_words() {
        for word in ["chaussures", "running", "marathon", "noir", "light", "eau", "schuhe", "rojo"]
        {
            for language in Language::SHIPPED {
                assert!(!is_stop_word(word, language), "{word}");
            }
        }
        assert!(is_stop_word("fur", Language::DE) && !is_stop_word("fur", Language::EN));
    }
}
