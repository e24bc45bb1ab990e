//! Votes for six languages from common words and letters of customer messages.
//!
//! Word lists are folded: lower case, no accents. A word that several languages share is in each of
//! their lists, and its vote is split among them.

use std::collections::HashMap;
use std::sync::OnceLock;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use vitrine_base::language::DetectedLanguage;

/// Votes for the six languages, in the order of [`DetectedLanguage::ALL`].
pub(super) type Votes = [f64; 6];

/// Vote of a distinctive letter; a word's vote is 1.
const LETTER_VOTE: f64 = 0.6;

const EN: &str = "i you he she we they the a an is are was were be been am and or but if \
    for with in of to on at by from up out my your his her our their hello hi hey thanks thank \
    yes yeah no not where what which how when why who much many more less price order please \
    do does did don't can can't could would will won't want need looking look show get got \
    give take send buy it it's i'm i'd i've this that these those have has had delivery \
    shipping ship refund return returns red blue black white green good great bad nice any \
    some there here cheaper bigger smaller shoes shoe size parcel package store shop open \
    today tomorrow late broken wrong help me us free about just still only one two three \
    another other than very too so like love back card gift until under over between maybe \
    since because pair pairs pls four five six seven eight nine ten really think something \
    anything someone else cheap how's what's that's should into off down go going ok";

const FR: &str = "je tu il elle nous vous ils le la les un une des du de et est sont \
    suis ai as a ont pour avec dans sur sans chez par mon ma mes ton ta tes votre vos notre \
    nos leur bonjour salut bonsoir coucou merci oui non ou quoi quel quelle quels quelles \
    combien prix taille pointure commande livraison svp stp pas ca cela c'est j'ai j'aimerais \
    voudrais veux cherche besoin chaussures chaussure que qui quand comment pourquoi aussi \
    tres trop plus moins mais bien colis rembourser remboursement remboursez au aux ce cet \
    cette ces avez puis retour rouge bleu noir blanc vert d'accord plutot voir autre autres \
    autrement demain aujourd'hui hier cadeau carte magasin facture echange echanger renvoyer \
    annuler marche bon bonne toujours encore rien tout toute jamais article offre en y ne se \
    me te on fait faire peux peut pouvez avoir etre super vers depuis entre sous deux trois \
    quatre cinq sept huit neuf dix jusque moi toi leurs quelque chose avant apres pendant \
    vraiment juste deja sinon alors donc vendez livrez faites prends prend paire paires homme \
    femme enfant petit petite grand grande cher chere chers cheres";

const DE: &str = "ich du er sie wir ihr der die das den dem des ein eine einen einem \
    einer und oder aber ist sind war bin habe hat haben habt hatte fur mit ohne in auf an am \
    im zum zur bei von nach aus mein meine meinen meiner dein ihre unser guten tag hallo danke \
    bitte ja nein nicht kein keine wo was welche welcher welches wie wann warum wer viel mehr \
    preis grosse bestellung bestellen lieferung versand paket kann konnen konnte mochte will \
    brauche suche gibt es noch schon heute morgen gestern rot blau schwarz weiss grun gut sehr \
    zu kostet kosten schuhe schuh ruckgabe zuruck umtausch geld rechnung gutschein laden \
    geschaft offen geschlossen kaputt falsch hilfe mir mich uns dir dich moglich verfugbar \
    lagernd geschenk auch nur wieder abholen bezahlen zahlen rabatt vielen dank tschuss moin \
    wird werden so hier dieses diese dieser bis unter uber zwischen zwei drei vier funf sechs \
    sieben acht neun zehn nix nen ned net hab brauch such gibts euch eure euer denn halt eher \
    ganz bisschen lieber doch schnell wenn dann weil damit dazu laufen wandern kommt kommen \
    bekomme kriege machen macht gehen geht sag sagen nehm nehme welchen etwas irgendwas \
    weniger teuer billig gunstig paar grosser kleiner konnt ware wurde seid bist";

const ES: &str = "yo tu el ella nosotros ellos la las los lo un una unos unas y o pero \
    es son esta estan este estos ese esa esto eso estoy soy tengo tiene tienen hay para con \
    sin en de del al por mi mis su sus nuestro hola gracias si no donde que cual cuales como \
    cuando cuanto cuanta cuantos cuesta cuestan quien mucho mas menos precio talla pedido \
    pedidos envio envios paquete quiero quisiera necesito busco puedo puede pueden hoy manana \
    ayer rojo azul negro blanco verde bueno buenos buenas dias tardes noches muy zapatos \
    zapatillas devolver devolucion reembolso cambio cambiar dinero factura tienda abierto \
    abierta cerrado roto rota equivocado ayuda me te se le nos regalo tarjeta otro otra \
    tambien solo vale favor disponible pagar descuento llega llego ha he llegado todavia aun \
    nada nunca ya aqui adios cancelar comprar hasta desde sobre entre dos tres cuatro cinco \
    seis siete ocho nueve diez q k pa porfa algo alguna alguno mejor peor sois os vosotros \
    teneis tienes podeis puedes quieres dame dime ponme llevo quedo venga oye botas camiseta \
    camisetas calcetines pantalon chaqueta mochila correr andar grande pequeno barato barata \
    baratos baratas caro cara caros caras color colores hago haceis cuesten sean mujer hombre \
    otros otras estas esas esos ahora luego entonces tampoco";

const IT: &str = "io tu lui lei noi voi loro il lo la i gli le un una uno e o ma se di a \
    da in con su per tra fra del della dello dei delle degli al alla allo ai alle dal dalla \
    nel nella sul sono e' ho hai ha abbiamo avete hanno sei siamo mio mia miei mie tuo tua suo \
    sua vostro ciao salve buongiorno buonasera grazie prego si no non dove che quale quali \
    come quando quanto quanta quanti costa costano chi perche molto piu meno prezzo taglia \
    numero ordine ordini spedizione consegna pacco vorrei voglio cerco posso puo potete \
    bisogno oggi domani ieri rosso rossa blu nero nera bianco verde buono scarpe scarpa reso \
    rimborso cambio cambiare soldi fattura negozio aperto chiuso rotto rotta sbagliato aiuto \
    mi ti ci vi regalo carta altro altra anche solo favore disponibile pagare sconto arriva \
    arrivato ancora niente mai qui questo questa questi quello c'e avrei annullare comprare \
    fino due tre quattro cinque sette otto nove dieci sotto sopra circa entro senza queste \
    quella quelli quelle serve servono cosa nn cmq ke va bene prendo vorremmo quante correre \
    camminare giacca zaino maglia pantaloni calze calzini uomo donna bambino grande piccolo \
    caro cara cari care economico economica altre altri potrei dopo prima subito allora quindi \
    pero dai fate fare sia siano colore colori adesso ora poi";

const PT: &str = "eu tu ele ela nos voce voces eles o a os as um uma uns umas e ou mas \
    se de do da dos das em no na nas com sem para pra por pelo pela ao meu minha meus minhas \
    seu sua nosso ola oi bom boa dia tarde noite obrigado obrigada sim nao onde que qual quais \
    como quando quanto quanta quantos custa custam quem porque muito mais menos preco tamanho \
    encomenda pedido entrega envio pacote quero queria preciso procuro posso pode podem tem ha \
    tenho hoje amanha ontem vermelho vermelha azul preto preta branco verde sapatos sapatilhas \
    tenis devolver devolucao reembolso troca trocar dinheiro fatura loja aberta aberto fechado \
    quebrado partido errado ajuda me te lhe presente cartao outro outra tambem so favor \
    disponivel pagar desconto chega chegou ainda nada nunca ja aqui este esta isto esse isso \
    foi sao estou cancelar comprar ate dois duas tres quatro cinco seis sete oito nove dez \
    entre desde q p vc vcs pro numa num esses essas estes estas aquele ficar fico levo gostava \
    gostaria barato barata baratos baratas caro cara caros caras correr caminhar casaco \
    mochila meias calcas camisola homem mulher crianca grande pequeno mesmo depois antes agora \
    entao obg sff boas cor cores seja sejam outros outras muita tens podes sou temos algo \
    alguma algum";

/// Indices of the languages that list each word.
fn known() -> &'static HashMap<&'static str, Vec<usize>> {
    static KNOWN: OnceLock<HashMap<&'static str, Vec<usize>>> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let mut known: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, list) in [EN, FR, DE, ES, IT, PT].into_iter().enumerate() {
            for word in list.split_whitespace() {
                let languages = known.entry(word).or_default();
                if !languages.contains(&index) {
                    languages.push(index);
                }
            }
        }
        known
    })
}

/// Votes of a text: 1 per listed or elided word and [`LETTER_VOTE`] per distinctive letter, each
/// split among its languages.
pub(super) fn votes(text: &str) -> Votes {
    let mut votes = [0.0; DetectedLanguage::ALL.len()];
    let plain = text.to_lowercase().replace('\u{2019}', "'");
    let folded: String = plain
        .nfd()
        .filter(|character| !is_combining_mark(*character))
        .collect::<String>()
        .replace('ß', "ss");
    let words = folded.split(|character: char| !character.is_alphabetic() && character != '\'');
    for word in words.map(|word| word.trim_matches('\'')).filter(|word| !word.is_empty()) {
        let parts = [Some(word), word.split_once('\'').map(|(_, rest)| rest)];
        let found = parts.into_iter().flatten().find_map(|part| known().get(part));
        if let Some(languages) = found {
            share(&mut votes, languages, 1.0);
        } else if let Some((elided, _)) = word.split_once('\'') {
            share(&mut votes, elision(elided), 1.0);
        }
    }
    for letter in plain.chars() {
        share(&mut votes, letter_languages(letter), LETTER_VOTE);
    }
    votes
}

fn share(votes: &mut Votes, languages: &[usize], vote: f64) {
    #[expect(clippy::cast_precision_loss, reason = "at most six languages")]
    let each = vote / languages.len().max(1) as f64;
    for index in languages {
        votes[*index] += each;
    }
}

/// Languages in which a word stands before an apostrophe: `l'autre`, `dell'ordine`, `don't`.
fn elision(word: &str) -> &'static [usize] {
    match word {
        "j" | "qu" | "n" | "s" | "m" | "t" => &[1],
        "l" | "d" | "c" => &[1, 4],
        "un" | "dell" | "all" | "nell" | "sull" | "dall" | "quell" | "quest" => &[4],
        "i" | "it" | "that" | "what" | "don" | "can" | "won" | "there" | "you" | "we" => &[0],
        _ => &[],
    }
}

/// Languages in which an accented letter or mark is common.
fn letter_languages(letter: char) -> &'static [usize] {
    match letter {
        'ß' | 'ä' => &[2],
        'ö' => &[2],
        'ü' => &[2, 3],
        'ñ' | '¿' | '¡' => &[3],
        'ã' | 'õ' => &[5],
        'œ' | 'î' | 'û' | 'ë' | 'ï' => &[1],
        'ç' | 'ê' | 'â' | 'ô' => &[1, 5],
        'ì' | 'ò' => &[4],
        'ù' | 'è' => &[1, 4],
        'à' => &[1, 4, 5],
        'á' | 'í' | 'ó' | 'ú' => &[3, 5],
        'é' => &[1, 3, 5],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_listed_as_texts_are_folded() {
        for word in known().keys() {
            let folded: String = word
                .nfd()
                .filter(|character| !is_combining_mark(*character))
                .flat_map(char::to_lowercase)
                .collect();
            assert_eq!(folded, *word);
        }
    }

    #[test]
    fn a_shared_word_votes_for_each_of_its_languages() {
        let votes = votes("verde");
        assert!(votes[3] > 0.0 && votes[3] == votes[4] && votes[4] == votes[5]);
        assert_eq!(votes[0], 0.0);
    }
}
