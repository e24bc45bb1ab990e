"""Customer messages by case and language; `{slot}` as in the phrasings, `{x}` is a distracting number."""

import json
import random

LINES = {
    "en": {
        "greet": "hi|hello|hey there|good morning|hello, is anyone there?|hi, I'd like some information|good evening|hiya|yo|hello {shop}|hi it's me again|morning!",
        "ask.need": "I want to buy something|I need a gift|can you help me choose|I'm looking for something nice|I want to order|what do you have|I need new stuff for {x} people|a present for my mum who is {x}|show me what you sell|I'd like to buy|help me find something under {x}",
        "ask.facet": "I'm looking for {need}|{need}|do you have {need}?|I need {need} for {x} days|hi, I want {need} please|looking for good {need}, budget {x}|can you show me {need}|I'd like new {need} for my son|what {need} do you recommend|searching for {need}, my friend Paul has some|need {need} asap",
        "ask.size": "I'll take the {product}|I like this one|ok for the {product}|that one please|yes this one|I want to buy it|great, I'll have it|do you have my size|can I order the {product}?|let's go with that|adding it",
        "ask.confirm": "{size}|{size} please|I'm a {size}|in {size}|I'd like {size}|I usually take {x} but {size} here|{size} I think|my size is {size}|size {size} then",
        "recommend.product": "something with {feature}|I prefer {feature}|which one would you pick?|what do you suggest|any idea?|for every day|not more than {x}|show me one|I run {x} times a week|ok what do you have|the best one|something simple",
        "recommend.none": "do you have {need} in purple|{need} under {x}|any {need} for left-handed people?|I want {need} like the ones from {x}|anything in size {x}?|{need} with gold details|do you sell second-hand {need}|{need} please|none of these",
        "answer.policy": "what about {topic}?|{topic}?|how does it work for {topic}|tell me about {topic}|question about {topic}|I bought it {x} days ago, what is your policy on {topic}|is it possible? {topic}|can you explain your {topic} policy|and {topic}? my order is {x}",
        "answer.price": "how much is it?|price?|how much is the {product}|what does the {product} cost|is it more than {x}?|cost of {product} pls|I saw it at {x} elsewhere, how much here|how much|what's the price of the {product}?",
        "answer.stock": "is it available?|do you have the {product} in stock|still available?|in stock?|is the {product} available in {x}|can I get {x} of them|got any left|availability of {product}?|do you still have it",
        "answer.product": "tell me more about the {product}|what is special about it|is it good?|more details please|what is the {product} like|is it worth it? a friend said {x}/10|what are the features|describe it|what's it made of|{product}?",
        "checkout.link": "I'll take it|how do I pay|send me the link|ok I buy|yes please|let's order|checkout please|I want to pay for the {product}|perfect, order it|go for it|{x} of them please|buy",
        "order_status.known": "where is my order {order}|{order}|my order number is {order}|status of {order}?|has {order} shipped? I ordered {x} days ago|track {order}|when will my parcel arrive|it's {order}|where's my package|any news on {order}?",
        "order_status.missing": "where is my order|has my parcel been sent|I'm waiting for my delivery|track my order|my package is late by {x} days|when will it arrive|order status|where's my stuff|I ordered {x} weeks ago|did you ship it yet",
        "clarify.options": "it's about my thing|I have a question|the other one|it doesn't work|about the {x}|I want to change|help with that|can you check|what about mine|it is for last week",
        "clarify.open": "asdf|hmm|???|blue yes the|ok so maybe|it's like that thing {x}|dunno|zzz|the what|yes no|qsdlkj|you know the one",
        "deflect.scope": "what's the weather today|who won the match {x}-0?|write me a poem|can you book me a flight|what do you think of politics|tell me a joke|solve {x} + {x}|can I rent a car|who is the president|do my homework|are you in love",
        "handoff.requested": "I want to talk to a human|can I speak to someone|a real person please|agent|call me on {x}|put me through to your {team}|human please|is there someone I can talk to|stop the bot|let me talk to a person",
        "handoff.complaint": "this is unacceptable|my {product} arrived broken|I'm very disappointed|worst shop ever|I waited {x} weeks for nothing|I want my money back now|the parcel was empty|you charged me {x} twice|this is the third time I write|it stopped working after {x} days|terrible service",
        "handoff.unsure": "does it contain traces of kiwi|can I use it with a pacemaker|is it compatible with the model {x}|what was the price in {x}|do you deliver to the moon|can your team engrave {x} letters|is the glue toxic|can I wear it while pregnant|will it fit a {x} inch wall|is the factory audited",
        "close.thanks": "thanks|thank you, bye|perfect thanks|great, that's all|ok bye|cheers|thanks a lot, see you|that's everything|ok thank you so much|good night",
    },
    "fr": {
        "greet": "bonjour|salut|coucou|bonsoir|bonjour, il y a quelqu'un ?|bonjour, je voudrais un renseignement|hello|slt|bjr|bonjour {shop}|rebonjour|bonjour à vous !",
        "ask.need": "je voudrais acheter quelque chose|je cherche un cadeau|vous pouvez m'aider à choisir ?|je cherche une idée|je veux commander|vous avez quoi ?|il me faut du neuf pour {x} personnes|un cadeau pour ma mère qui a {x} ans|montrez-moi ce que vous vendez|j'aimerais acheter|aidez-moi à trouver à moins de {x} euros",
        "ask.facet": "je cherche des {need}|{need}|vous avez des {need} ?|il me faut des {need} pour {x} jours|bonjour, je veux des {need} svp|je cherche de bonnes {need}, budget {x}|montrez-moi vos {need}|j'aimerais de nouvelles {need} pour mon fils|quelles {need} me conseillez-vous ?|des {need}, mon ami Paul en a|besoin de {need} vite",
        "ask.size": "je prends {product}|j'aime bien celui-là|ok pour {product}|celui-ci svp|oui celui-là|je veux l'acheter|super, je le prends|vous avez ma taille ?|je peux commander {product} ?|on part là-dessus|je l'ajoute",
        "ask.confirm": "{size}|{size} svp|je fais du {size}|en {size}|plutôt {size}|d'habitude {x} mais ici {size}|{size} je pense|ma taille est {size}|taille {size} alors",
        "recommend.product": "plutôt {feature}|je préfère {feature}|lequel choisir ?|que me conseillez-vous|une idée ?|pour tous les jours|pas plus de {x} euros|montrez-m'en un|je cours {x} fois par semaine|ok vous avez quoi|le meilleur|quelque chose de simple",
        "recommend.none": "vous avez des {need} en violet ?|des {need} à moins de {x} euros|des {need} pour gaucher ?|je veux des {need} comme celles de {x}|rien en taille {x} ?|des {need} avec du doré|vous vendez des {need} d'occasion ?|{need} svp|aucun ne me plaît",
        "answer.policy": "et pour {topic} ?|{topic} ?|comment ça marche, {topic} ?|dites-m'en plus sur {topic}|question sur {topic}|acheté il y a {x} jours, c'est quoi vos règles : {topic} ?|c'est possible ? {topic}|vous pouvez expliquer {topic}|et {topic} ? ma commande est la {x}",
        "answer.price": "c'est combien ?|prix ?|combien coûte {product}|il coûte combien {product}|c'est plus que {x} euros ?|prix de {product} svp|vu à {x} ailleurs, et chez vous ?|combien|quel est le prix de {product} ?",
        "answer.stock": "c'est disponible ?|vous avez {product} en stock ?|encore dispo ?|en stock ?|{product} est dispo en {x} ?|je peux en avoir {x} ?|il en reste ?|disponibilité de {product} ?|vous l'avez toujours ?",
        "answer.product": "dites-m'en plus sur {product}|il a quoi de spécial ?|c'est bien ?|plus de détails svp|il est comment {product} ?|ça vaut le coup ? un ami m'a dit {x}/10|c'est quoi ses atouts|décrivez-le|c'est fait en quoi|{product} ?",
        "checkout.link": "je le prends|comment je paie ?|envoyez-moi le lien|ok j'achète|oui svp|on commande|je veux payer|je veux régler {product}|parfait, commandez|allez-y|{x} exemplaires svp|acheter",
        "order_status.known": "où est ma commande {order}|{order}|mon numéro est {order}|statut de {order} ?|{order} est partie ? commandée il y a {x} jours|suivi {order}|mon colis arrive quand ?|c'est la {order}|il est où mon colis|des nouvelles de {order} ?",
        "order_status.missing": "où est ma commande ?|mon colis est parti ?|j'attends ma livraison|suivre ma commande|mon colis a {x} jours de retard|ça arrive quand ?|statut de commande|il est où mon truc|j'ai commandé il y a {x} semaines|vous l'avez envoyé ?",
        "clarify.options": "c'est pour mon truc|j'ai une question|l'autre|ça ne marche pas|à propos du {x}|je veux changer|aidez-moi avec ça|vous pouvez vérifier ?|et le mien ?|c'est pour la semaine dernière",
        "clarify.open": "asdf|hmm|???|bleu oui le|ok donc peut-être|comme le machin {x}|jsp|zzz|le quoi|oui non|qsdlkj|vous savez, celui-là",
        "deflect.scope": "il fait quel temps ?|qui a gagné {x}-0 ?|écris-moi un poème|réservez-moi un vol|tu penses quoi de la politique|raconte une blague|calcule {x} + {x}|je peux louer une voiture ?|qui est le président|fais mes devoirs|tu es amoureux ?",
        "handoff.requested": "je veux parler à un humain|je peux parler à quelqu'un ?|une vraie personne svp|agent|appelez-moi au {x}|passez-moi : {team}|un humain svp|il y a quelqu'un à qui parler ?|stop le robot|laissez-moi parler à une personne",
        "handoff.complaint": "c'est inadmissible|{product} est arrivé cassé|je suis très déçu|la pire boutique|j'attends depuis {x} semaines pour rien|remboursez-moi maintenant|le colis était vide|vous m'avez débité {x} euros deux fois|c'est la troisième fois que j'écris|en panne après {x} jours|service nul",
        "handoff.unsure": "ça contient des traces de kiwi ?|compatible avec un pacemaker ?|c'est compatible avec le modèle {x} ?|c'était combien en {x} ?|vous livrez sur la lune ?|vous gravez {x} lettres ?|la colle est toxique ?|je peux le porter enceinte ?|ça tient sur un mur de {x} cm ?|l'usine est auditée ?",
        "close.thanks": "merci|merci, au revoir|parfait merci|super, c'est tout|ok bye|merci bcp|merci beaucoup, à bientôt|c'est bon pour moi|ok merci infiniment|bonne soirée",
    },
}
LINES = {language: {case: text.split("|") for case, text in cases.items()} for language, cases in LINES.items()}

OPENERS = {"en": ["Hi, ", "Hello! ", "Hey ", "So, ", "Please, ", "Sorry, ", "Ok, "], "fr": ["Bonjour, ", "Salut ! ", "Coucou ", "Alors, ", "Pardon, ", "Svp, ", "Ok, "]}
CLOSERS = {"en": [" thanks", " please", " :)", " thx", "!!", " I'm {name}", ", it's for {name}", " ({x})"],
           "fr": [" merci", " svp", " :)", " stp", " !!", " c'est {name}", ", c'est pour {name}", " ({x})"]}


def load_dialogues(path) -> list[str]:
    """Short customer lines of Taskmaster-4 (CC BY 4.0), for everyday English wording."""
    lines = set()
    with open(path, encoding="utf-8") as file:
        for row in file:
            for turn in json.loads(row)["turns"]:
                text = " ".join(turn["text"].split())
                if turn["speaker"] == "user" and 3 < len(text) <= 160:
                    lines.add(text)
    return sorted(lines)


def typos(text: str, rng: random.Random) -> str:
    """Adds one or two typing errors."""
    for _ in range(rng.randint(1, 2)):
        if len(text) < 4:
            return text
        at, roll = rng.randrange(1, len(text) - 1), rng.random()
        if roll < 0.3:
            text = text[:at] + text[at + 1:]
        elif roll < 0.6:
            text = text[:at] + text[at + 1] + text[at] + text[at + 2:]
        elif roll < 0.8:
            text = text[:at] + text[at] + text[at:]
        else:
            text = text.lower().replace("'", "").replace("é", "e")
    return text
