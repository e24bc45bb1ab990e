#!/usr/bin/env python3
"""Writes catalog.ndjson and baskets.csv of Foulée, an invented sports shop.

Usage: python3 generate.py [FOLDER]   (default: the folder of this file)

Standard library only and seeded: the same script always writes the same bytes. All brands and
product names are invented. The products are described in the tables below; chance decides only
stock, colours, weights and what lies in the baskets.
"""

import json
import random
import sys
from pathlib import Path

SEED = 20261122
BASKETS = 2_000

# Languages of all texts, in the order of the tables.
LANGUAGES = ["en", "fr", "de", "es", "it", "pt"]

# Brand by house speciality.
BRANDS = {
    "run": "Vélance", "trail": "Karsto", "ball": "Fulbane", "court": "Revola", "mat": "Orgelle",
    "bike": "Ostrane", "swim": "Maréo", "snow": "Tiverne", "food": "Ravigo", "tech": "Pulsane",
    "base": "Foulée",
}


def keyed(text):
    """Rows of `key | text in each language` as {key: {language: text}}."""
    found = {}
    for row in text.strip().splitlines():
        key, *texts = (cell.strip() for cell in row.split("|"))
        assert len(texts) == len(LANGUAGES) and key not in found and all(texts), row
        found[key] = dict(zip(LANGUAGES, texts))
    return found


def table(text):
    """Rows of a text in each language as {English: {language: text}}."""
    return keyed("\n".join(f"{row.split('|')[0]} | {row}" for row in text.strip().splitlines()))


# Feature phrases in the order of LANGUAGES. Short, true whatever the size, without digits.
FEATURES = table("""
cushioned sole | semelle amortie | gedämpfte Sohle | suela amortiguada | suola ammortizzata | sola amortecida
soft heel | talon souple | weiche Ferse | talón blando | tallone morbido | calcanhar macio
light upper | tige légère | leichtes Obermaterial | empeine ligero | tomaia leggera | parte superior leve
breathable mesh | mesh respirant | atmungsaktives Mesh | malla transpirable | mesh traspirante | malha respirável
carbon plate | plaque carbone | Carbonplatte | placa de carbono | piastra in carbonio | placa de carbono
responsive foam | mousse réactive | reaktionsfreudiger Schaum | espuma reactiva | schiuma reattiva | espuma reativa
firm heel support | bon maintien du talon | fester Fersenhalt | buena sujeción del talón | buon sostegno del tallone | bom apoio do calcanhar
wide fit | chaussant large | weite Passform | horma ancha | calzata ampia | forma larga
reflective details | détails réfléchissants | reflektierende Details | detalles reflectantes | dettagli riflettenti | detalhes refletores
deep lugs | crampons profonds | tiefes Profil | tacos profundos | tasselli profondi | relevo profundo na sola
stone guard | pare-pierres | Steinschutz | protección contra piedras | protezione dai sassi | proteção contra pedras
waterproof membrane | membrane imperméable | wasserdichte Membran | membrana impermeable | membrana impermeabile | membrana impermeável
grippy rubber | gomme accrocheuse | griffiges Gummi | caucho con buen agarre | gomma con ottima presa | borracha com boa aderência
quick lacing | laçage rapide | Schnellschnürung | cordones de ajuste rápido | allacciatura rapida | aperto rápido
high ankle | tige montante | hoher Schaft | caña alta | caviglia alta | cano alto
leather upper | tige en cuir | Obermaterial aus Leder | empeine de piel | tomaia in pelle | parte superior em couro
moulded studs | crampons moulés | angespritzte Stollen | tacos moldeados | tacchetti stampati | pitons moldados
snug collar | col ajusté | eng anliegender Schaft | cuello ajustado | collo aderente | gola ajustada
flat sole | semelle plate | flache Sohle | suela plana | suola piatta | sola plana
lateral support | maintien latéral | seitlicher Halt | sujeción lateral | sostegno laterale | apoio lateral
durable outsole | semelle résistante | robuste Außensohle | suela resistente | suola resistente | sola resistente
stiff sole | semelle rigide | steife Sohle | suela rígida | suola rigida | sola rígida
dial closure | serrage à molette | Drehverschluss | cierre de dial | chiusura a rotella | fecho de disco rotativo
drains quickly | évacue l'eau | schneller Wasserablauf | drenaje rápido | drenaggio rapido | drenagem rápida
dries quickly | sèche vite | schnell trocknendes Material | secado rápido | asciugatura rapida | secagem rápida
soft fabric | tissu doux | weicher Stoff | tejido suave | tessuto morbido | tecido macio
flat seams | coutures plates | flache Nähte | costuras planas | cuciture piatte | costuras planas
zip pocket | poche zippée | Tasche mit Reißverschluss | bolsillo con cremallera | tasca con zip | bolso com fecho
inner brief | slip intérieur | Innenslip | slip interior | slip interno | cueca interior
high waist | taille haute | hoher Bund | cintura alta | vita alta | cintura subida
stretch fabric | tissu extensible | dehnbarer Stoff | tejido elástico | tessuto elasticizzato | tecido elástico
windproof front | devant coupe-vent | winddichte Vorderseite | delantero cortavientos | fronte antivento | frente corta-vento
packs small | se plie en petit | kleines Packmaß | tamaño plegado reducido | ingombro ridotto | pouco volume dobrado
adjustable hood | capuche réglable | verstellbare Kapuze | capucha ajustable | cappuccio regolabile | capuz ajustável
recycled fabric | tissu recyclé | recycelter Stoff | tejido reciclado | tessuto riciclato | tecido reciclado
merino wool | laine mérinos | Merinowolle | lana merina | lana merino | lã merino
warm lining | doublure chaude | warmes Futter | forro cálido | fodera calda | forro quente
thumb loops | passe-pouces | Daumenschlaufen | aberturas para el pulgar | passanti per i pollici | aberturas para o polegar
padded chamois | peau rembourrée | Sitzpolster | badana acolchada | fondello imbottito | carneira acolchoada
back pockets | poches dorsales | Rückentaschen | bolsillos traseros | tasche posteriori | bolsos traseiros
removable cups | coques amovibles | herausnehmbare Cups | copas extraíbles | coppe estraibili | copas removíveis
wide straps | bretelles larges | breite Träger | tirantes anchos | spalline larghe | alças largas
chlorine resistant | résiste au chlore | chlorbeständiger Stoff | tejido resistente al cloro | tessuto resistente al cloro | tecido resistente ao cloro
touchscreen fingertips | doigts tactiles | touchscreenfähige Fingerspitzen | dedos táctiles | polpastrelli touchscreen | pontas dos dedos tácteis
anti-blister | anti-ampoules | Schutz vor Blasen | protección contra ampollas | protezione dalle vesciche | proteção contra bolhas
left and right shaped | forme pied droit et gauche | Passform für links und rechts | forma para pie izquierdo y derecho | forma destra e sinistra | forma para pé esquerdo e direito
light compression | compression légère | leichte Kompression | compresión ligera | compressione leggera | compressão ligeira
seamless toe | bout sans couture | nahtlose Spitze | puntera sin costuras | punta senza cuciture | biqueira sem costuras
easy to open | facile à ouvrir | einfaches Öffnen | apertura fácil | apertura facile | abertura fácil
gentle on the stomach | doux pour l'estomac | gute Magenverträglichkeit | buena tolerancia estomacal | delicatezza sullo stomaco | boa tolerância no estômago
liquid texture | texture liquide | flüssige Konsistenz | textura líquida | consistenza liquida | textura líquida
natural ingredients | ingrédients naturels | natürliche Zutaten | ingredientes naturales | ingredienti naturali | ingredientes naturais
high in protein | riche en protéines | hoher Eiweißgehalt | alto contenido en proteínas | alto contenuto di proteine | alto teor de proteína
with electrolytes | avec électrolytes | zugesetzte Elektrolyte | electrolitos añadidos | elettroliti aggiunti | eletrólitos adicionados
not too sweet | peu sucré | dezente Süße | sabor poco dulce | gusto poco dolce | sabor pouco doce
built-in GPS | GPS intégré | eingebautes GPS | GPS integrado | GPS integrato | GPS integrado
wrist heart rate | cardio au poignet | Pulsmessung am Handgelenk | pulso en la muñeca | battito al polso | frequência cardíaca no pulso
long battery life | grande autonomie | lange Akkulaufzeit | gran autonomía | lunga autonomia | grande autonomia
swim proof | étanche à la nage | Schwimmtauglichkeit | resistencia para nadar | resistenza al nuoto | resistência para nadar
rechargeable | rechargeable | wiederaufladbarer Akku | batería recargable | batteria ricaricabile | bateria recarregável
red rear light | feu rouge arrière | rotes Rücklicht | luz trasera roja | luce rossa posteriore | luz vermelha traseira
tilting lamp | lampe inclinable | schwenkbare Lampe | luz orientable | luce orientabile | luz orientável
soft chest strap | sangle douce | weicher Brustgurt | banda pectoral suave | fascia toracica morbida | banda peitoral macia
open ear | oreilles libres | offene Ohren | oídos libres | orecchie libere | ouvidos livres
rain cover included | housse de pluie incluse | Regenhülle inklusive | funda de lluvia incluida | coprizaino antipioggia incluso | capa de chuva incluída
ventilated back | dos ventilé | belüfteter Rücken | espalda ventilada | schienale ventilato | costas ventiladas
hip belt | ceinture ventrale | Hüftgurt | cinturón lumbar | cintura lombare | cinto lombar
soft flasks included | gourdes souples incluses | weiche Flaschen inklusive | bidones blandos incluidos | borracce morbide incluse | garrafas flexíveis incluídas
bounce free | sans rebond | fester Sitz ohne Wippen | sujeción sin rebotes | stabilità senza rimbalzi | ajuste sem balanço
shoe compartment | compartiment chaussures | Schuhfach | compartimento para calzado | scomparto scarpe | compartimento para calçado
hand stitched | cousu main | Handnaht | costura a mano | cucitura a mano | costura à mão
machine stitched | cousu machine | Maschinennaht | costura a máquina | cucitura a macchina | costura à máquina
training quality | qualité entraînement | Trainingsqualität | calidad de entrenamiento | qualità da allenamento | qualidade de treino
match quality | qualité match | Spielqualität | calidad de partido | qualità da partita | qualidade de jogo
light frame | cadre léger | leichter Rahmen | marco ligero | telaio leggero | quadro leve
large head | grand tamis | großer Schlägerkopf | cabeza grande | piatto grande | cabeça grande
pre-strung | cordée | fertige Bespannung | encordado incluido | incordatura inclusa | encordoamento incluído
non-slip surface | surface antidérapante | rutschfeste Oberfläche | superficie antideslizante | superficie antiscivolo | superfície antiderrapante
extra thick | très épais | extra dicke Polsterung | grosor extra | spessore extra | espessura extra
natural cork | liège naturel | Naturkork | corcho natural | sughero naturale | cortiça natural
carrying strap | sangle de transport | Tragegurt | correa de transporte | cinghia per il trasporto | alça de transporte
cotton loop | boucle en coton | Baumwollschlaufe | lazo de algodón | anello in cotone | laço de algodão
neoprene grip | prise néoprène | Neoprengriff | agarre de neopreno | presa in neoprene | pega de neopreno
set of several strengths | lot de plusieurs résistances | Set mit mehreren Stärken | juego de varias resistencias | set di più resistenze | conjunto de várias resistências
well ventilated | bien ventilé | gute Belüftung | buena ventilación | buona ventilazione | boa ventilação
quick adjustment | réglage rapide | schnelle Anpassung | ajuste rápido | regolazione rapida | ajuste rápido
USB charging | recharge USB | USB-Ladefunktion | carga por USB | ricarica USB | carregamento por USB
keeps drinks cold | garde au frais | langes Kühlhalten | bebidas frías durante horas | bevande fresche a lungo | bebidas frescas por mais tempo
leakproof | anti-fuite | auslaufsicherer Verschluss | cierre antifugas | chiusura a tenuta | fecho à prova de fugas
insulated | isotherme | isolierte Wand | pared isotérmica | parete isotermica | parede isotérmica
anti-fog | antibuée | Antibeschlag-Beschichtung | tratamiento antivaho | trattamento antiappannamento | tratamento antiembaciamento
mirrored lens | verre miroir | verspiegelte Gläser | lente espejada | lente specchiata | lente espelhada
soft silicone | silicone souple | weiches Silikon | silicona blanda | silicone morbido | silicone macio
double lens | double écran | Doppelscheibe | doble pantalla | doppia lente | lente dupla
fits over glasses | compatible lunettes | Platz für Brillenträger | espacio para gafas graduadas | spazio per gli occhiali | espaço para óculos graduados
telescopic | télescopiques | Teleskopverstellung | sistema telescópico | sistema telescopico | sistema telescópico
cork handle | poignée en liège | Korkgriff | empuñadura de corcho | impugnatura in sughero | punho de cortiça
folds in three | pliables en trois | Faltung in drei Teile | plegado en tres | chiusura in tre sezioni | dobragem em três
firm foam | mousse ferme | fester Schaum | espuma firme | schiuma compatta | espuma firme
cut to size | à découper | Zuschnitt nach Maß | forma recortable | forma ritagliabile | forma recortável
sent by e-mail | envoyée par e-mail | Versand per E-Mail | envío por correo electrónico | invio per e-mail | envio por e-mail
any amount of the shop | valable sur tout le magasin | Gültigkeit für das ganze Sortiment | validez en toda la tienda | validità su tutto il negozio | validade em toda a loja
vacuum insulation | isolation sous vide | Vakuumisolierung | aislamiento al vacío | isolamento sottovuoto | isolamento a vácuo
edge protection | carres protégées | Kantenschutz | protección de cantos | protezione delle lamine | proteção dos cantos
helmet compatible | compatible casque | Passform für Helme | compatibilidad con casco | compatibilità con il casco | compatibilidade com capacete
low weight | poids plume | geringes Gewicht | peso reducido | peso ridotto | peso reduzido
bright beam | faisceau puissant | heller Lichtstrahl | haz potente | fascio potente | feixe potente
adjustable strap | dragonne réglable | verstellbare Schlaufe | correa ajustable | cinghietta regolabile | correia ajustável
flat base | base plane | flacher Boden | base plana | base piatta | base plana
padded sole | dessous rembourré | gepolsterte Sohle | planta acolchada | pianta imbottita | planta acolchoada
long lasting | longue durée de vie | lange Haltbarkeit | larga duración | lunga durata | longa duração
grip dots | picots antidérapants | rutschfeste Noppen | puntos antideslizantes | puntini antiscivolo | pontos antiderrapantes
light fabric | tissu léger | leichter Stoff | tejido ligero | tessuto leggero | tecido leve
leather palm | paume en cuir | Handfläche aus Leder | palma de piel | palmo in pelle | palma em couro
fits long hair | convient aux cheveux longs | Platz für lange Haare | espacio para el pelo largo | spazio per i capelli lunghi | espaço para cabelo comprido
clear sound | son clair | klarer Klang | sonido claro | suono chiaro | som claro
quick to fit | montage rapide | schnelle Montage | montaje rápido | montaggio rapido | montagem rápida
soft ear tips | embouts souples | weiche Ohrstöpsel | almohadillas blandas | gommini morbidi | pontas macias
one size for all | taille unique | Einheitsgröße | talla única | taglia unica | tamanho único
firm rubber | caoutchouc ferme | fester Gummi | caucho firme | gomma compatta | borracha firme
large volume | grand volume | großes Volumen | gran volumen | grande volume | grande volume
long cuff | longue manchette | lange Stulpe | puño largo | polsino lungo | punho comprido
snow skirt | jupe pare-neige | Schneefang | faldón antinieve | ghetta paraneve | saia antineve
cast iron | fonte | Gusseisen | hierro fundido | ghisa | ferro fundido
""")

# What a product is, in the order of LANGUAGES.
TITLES = table("""
running shoes | chaussures de course | Laufschuhe | zapatillas de running | scarpe da corsa | sapatilhas de corrida
trail shoes | chaussures de trail | Trailschuhe | zapatillas de trail | scarpe da trail | sapatilhas de trail
hiking shoes | chaussures de randonnée | Wanderschuhe | botas de senderismo | scarpe da trekking | botas de caminhada
football boots | chaussures de football | Fußballschuhe | botas de fútbol | scarpe da calcio | chuteiras
tennis shoes | chaussures de tennis | Tennisschuhe | zapatillas de tenis | scarpe da tennis | sapatilhas de ténis
fitness shoes | chaussures de fitness | Fitnessschuhe | zapatillas de fitness | scarpe da fitness | sapatilhas de fitness
cycling shoes | chaussures de vélo | Radschuhe | zapatillas de ciclismo | scarpe da ciclismo | sapatos de ciclismo
pool sandals | claquettes de piscine | Badelatschen | chanclas de piscina | ciabatte da piscina | chinelos de piscina
technical T-shirt | t-shirt technique | Funktionsshirt | camiseta técnica | maglietta tecnica | t-shirt técnica
shorts | short | Shorts | pantalón corto | pantaloncini | calções
tights | collant | Tights | mallas | leggings | leggings
jacket | veste | Jacke | chaqueta | giacca | casaco
fleece | polaire | Fleecejacke | forro polar | pile | casaco polar
sports bra | brassière de sport | Sport-BH | sujetador deportivo | reggiseno sportivo | soutien desportivo
swimsuit | maillot de bain | Schwimmbekleidung | bañador | costume da bagno | fato de banho
cycling jersey | maillot de vélo | Radtrikot | maillot de ciclismo | maglia da ciclismo | camisola de ciclismo
cycling shorts | cuissard | Radhose | culotte de ciclismo | pantaloncini da ciclismo | calções de ciclismo
base layer | sous-vêtement thermique | Funktionsunterwäsche | camiseta térmica | maglia termica | camisola térmica
trousers | pantalon | Hose | pantalón | pantaloni | calças
gloves | gants | Handschuhe | guantes | guanti | luvas
hat | couvre-chef | Kopfbedeckung | gorro | copricapo | gorro
running cap | casquette de course | Laufkappe | gorra de running | cappellino da corsa | boné de corrida
beanie | bonnet | Mütze | gorro | berretto | gorro
headband | bandeau | Stirnband | cinta para el pelo | fascia per capelli | fita para a cabeça
neck warmer | tour de cou | Schlauchtuch | braga de cuello | scaldacollo | gola
tennis cap | casquette de tennis | Tenniskappe | gorra de tenis | cappellino da tennis | boné de ténis
socks | chaussettes | Socken | calcetines | calze | meias
running socks | chaussettes de course | Laufsocken | calcetines de running | calze da corsa | meias de corrida
compression socks | chaussettes de compression | Kompressionssocken | calcetines de compresión | calze a compressione | meias de compressão
long run socks | chaussettes longue distance | Langstreckensocken | calcetines de larga distancia | calze per lunghe distanze | meias de longa distância
trail socks | chaussettes de trail | Trailsocken | calcetines de trail | calze da trail | meias de trail
hiking socks | chaussettes de randonnée | Wandersocken | calcetines de senderismo | calze da trekking | meias de caminhada
football socks | chaussettes de football | Fußballstutzen | medias de fútbol | calzettoni da calcio | meias de futebol
tennis socks | chaussettes de tennis | Tennissocken | calcetines de tenis | calze da tennis | meias de ténis
yoga socks | chaussettes de yoga | Yogasocken | calcetines de yoga | calze da yoga | meias de yoga
cycling socks | chaussettes de vélo | Radsocken | calcetines de ciclismo | calze da ciclismo | meias de ciclismo
ski socks | chaussettes de ski | Skisocken | calcetines de esquí | calze da sci | meias de esqui
energy gel | gel énergétique | Energiegel | gel energético | gel energetico | gel energético
box of energy gels | boîte de gels énergétiques | Box mit Energiegels | caja de geles energéticos | confezione di gel energetici | caixa de géis energéticos
energy bar | barre énergétique | Energieriegel | barrita energética | barretta energetica | barra energética
protein bar | barre protéinée | Proteinriegel | barrita proteica | barretta proteica | barra proteica
sports drink | boisson de l'effort | Sportgetränk | bebida deportiva | bevanda sportiva | bebida desportiva
recovery drink | boisson de récupération | Regenerationsgetränk | bebida de recuperación | bevanda di recupero | bebida de recuperação
electrolyte tablets | pastilles d'électrolytes | Elektrolyttabletten | pastillas de electrolitos | compresse di elettroliti | pastilhas de eletrólitos
sports watch | montre de sport | Sportuhr | reloj deportivo | orologio sportivo | relógio desportivo
headlamp | lampe frontale | Stirnlampe | linterna frontal | lampada frontale | lanterna frontal
sports electronics | électronique de sport | Sportelektronik | electrónica deportiva | elettronica sportiva | eletrónica desportiva
heart rate strap | ceinture cardio | Brustgurt | banda de pulso | fascia cardio | banda cardíaca
sports earphones | écouteurs de sport | Sportkopfhörer | auriculares deportivos | auricolari sportivi | auriculares desportivos
bag | sac | Tasche | bolsa | borsa | saco
day backpack | sac à dos journée | Tagesrucksack | mochila de día | zaino da giornata | mochila de dia
weekend backpack | sac à dos week-end | Wochenendrucksack | mochila de fin de semana | zaino da weekend | mochila de fim de semana
trekking backpack | sac à dos de trek | Trekkingrucksack | mochila de trekking | zaino da trekking | mochila de trekking
running vest | gilet de trail | Laufweste | chaleco de trail | gilet da trail | colete de trail
running belt | ceinture de course | Laufgürtel | cinturón de running | cintura da corsa | cinto de corrida
sports bag | sac de sport | Sporttasche | bolsa de deporte | borsa sportiva | saco de desporto
drawstring bag | sac à cordon | Turnbeutel | bolsa de cuerdas | sacca con lacci | saco de cordão
racket bag | sac à raquettes | Schlägertasche | raquetero | borsa portaracchette | saco para raquetes
ball | ballon | Ball | balón | pallone | bola
football | ballon de football | Fußball | balón de fútbol | pallone da calcio | bola de futebol
match football | ballon de match | Spielball | balón de partido | pallone da partita | bola de jogo
indoor football | ballon de salle | Hallenfußball | balón de fútbol sala | pallone da calcetto | bola de futsal
tennis balls | balles de tennis | Tennisbälle | pelotas de tenis | palline da tennis | bolas de ténis
training tennis balls | balles d'entraînement | Trainingsbälle | pelotas de entrenamiento | palline da allenamento | bolas de treino
tennis racket | raquette de tennis | Tennisschläger | raqueta de tenis | racchetta da tennis | raquete de ténis
yoga mat | tapis de yoga | Yogamatte | esterilla de yoga | tappetino da yoga | tapete de yoga
training gear | matériel de fitness | Trainingsgerät | material de fitness | attrezzo da allenamento | material de treino
yoga block | brique de yoga | Yogablock | bloque de yoga | mattoncino da yoga | bloco de yoga
yoga strap | sangle de yoga | Yogagurt | correa de yoga | cinghia da yoga | cinta de yoga
dumbbells | haltères | Hanteln | mancuernas | manubri | halteres
kettlebell | kettlebell | Kettlebell | pesa rusa | kettlebell | kettlebell
resistance bands | bandes élastiques | Fitnessbänder | bandas elásticas | bande elastiche | bandas elásticas
skipping rope | corde à sauter | Springseil | comba | corda per saltare | corda de saltar
foam roller | rouleau de massage | Faszienrolle | rodillo de masaje | rullo da massaggio | rolo de massagem
massage ball | balle de massage | Massageball | pelota de masaje | palla da massaggio | bola de massagem
cycling gear | accessoire de vélo | Fahrradzubehör | accesorio de ciclismo | accessorio da bici | acessório de ciclismo
bike helmet | casque de vélo | Fahrradhelm | casco de bici | casco da bici | capacete de bicicleta
road helmet | casque de route | Rennradhelm | casco de carretera | casco da strada | capacete de estrada
kids' helmet | casque enfant | Kinderhelm | casco infantil | casco da bambino | capacete de criança
bike lights | éclairage de vélo | Fahrradlichter | luces de bici | luci da bici | luzes de bicicleta
bike bell | sonnette de vélo | Fahrradklingel | timbre de bici | campanello da bici | campainha de bicicleta
mini pump | mini-pompe | Minipumpe | minibomba | mini pompa | minibomba
bottle | gourde | Trinkflasche | botella | borraccia | garrafa
sports bottle | bidon | Sportflasche | bidón | borraccia sportiva | garrafa desportiva
insulated bottle | gourde isotherme | Isolierflasche | botella isotérmica | borraccia termica | garrafa isotérmica
soft flask | flasque souple | Faltflasche | bidón blando | borraccia morbida | garrafa flexível
thermos flask | bouteille thermos | Thermosflasche | termo | thermos | garrafa térmica
swimming gear | accessoire de natation | Schwimmzubehör | accesorio de natación | accessorio da nuoto | acessório de natação
swimming goggles | lunettes de natation | Schwimmbrille | gafas de natación | occhialini da nuoto | óculos de natação
racing goggles | lunettes de compétition | Wettkampfbrille | gafas de competición | occhialini da gara | óculos de competição
kids' goggles | lunettes enfant | Kinderschwimmbrille | gafas infantiles | occhialini da bambino | óculos de criança
swim cap | bonnet de bain | Badekappe | gorro de natación | cuffia da nuoto | touca de natação
kickboard | planche de natation | Schwimmbrett | tabla de natación | tavoletta da nuoto | prancha de natação
training fins | palmes d'entraînement | Trainingsflossen | aletas de entrenamiento | pinne da allenamento | barbatanas de treino
ski gear | accessoire de ski | Skizubehör | accesorio de esquí | accessorio da sci | acessório de esqui
ski goggles | masque de ski | Skibrille | gafas de esquí | maschera da sci | óculos de esqui
ski helmet | casque de ski | Skihelm | casco de esquí | casco da sci | capacete de esqui
ski poles | bâtons de ski | Skistöcke | bastones de esquí | bastoncini da sci | bastões de esqui
ski bag | housse à skis | Skisack | funda de esquís | sacca da sci | saco de esquis
trekking poles | bâtons de marche | Wanderstöcke | bastones de senderismo | bastoncini da trekking | bastões de caminhada
foot care | soin du pied | Fußpflege | cuidado del pie | cura del piede | cuidado dos pés
insoles | semelles | Einlegesohlen | plantillas | solette | palmilhas
anti-blister cream | crème anti-frottements | Anti-Blasen-Creme | crema antirrozaduras | crema antisfregamento | creme antibolhas
elastic laces | lacets élastiques | elastische Schnürsenkel | cordones elásticos | lacci elastici | atacadores elásticos
gift card | carte cadeau | Geschenkkarte | tarjeta regalo | carta regalo | cartão-presente
""")

# First sentence of a description: the key is a title, a category, or a category with the values
# that tell its kinds apart. True for every product under the key.
SENTENCES = keyed("""
running_shoes/daily | A running shoe for everyday training on the road. | Une chaussure de course pour l'entraînement de tous les jours sur route. | Ein Laufschuh für das tägliche Training auf der Straße. | Una zapatilla de running para el entrenamiento diario en asfalto. | Una scarpa da corsa per l'allenamento quotidiano su strada. | Uma sapatilha de corrida para o treino diário em estrada.
running_shoes/short_race | A running shoe for short races and fast sessions on the road. | Une chaussure de course pour les courses courtes et les séances rapides sur route. | Ein Laufschuh für kurze Rennen und schnelle Einheiten auf der Straße. | Una zapatilla de running para carreras cortas y sesiones rápidas en asfalto. | Una scarpa da corsa per gare brevi e sedute veloci su strada. | Uma sapatilha de corrida para provas curtas e treinos rápidos em estrada.
running_shoes/half_marathon | A running shoe for preparing and running a half marathon. | Une chaussure de course pour préparer et courir un semi-marathon. | Ein Laufschuh für Vorbereitung und Wettkampf beim Halbmarathon. | Una zapatilla de running para preparar y correr una media maratón. | Una scarpa da corsa per preparare e correre una mezza maratona. | Uma sapatilha de corrida para preparar e correr uma meia maratona.
running_shoes/marathon | A running shoe made for the marathon and its long training runs. | Une chaussure de course faite pour le marathon et ses sorties longues. | Ein Laufschuh für den Marathon und seine langen Trainingsläufe. | Una zapatilla de running hecha para la maratón y sus tiradas largas. | Una scarpa da corsa fatta per la maratona e i suoi lunghi. | Uma sapatilha de corrida feita para a maratona e os seus treinos longos.
trail_shoes/daily | A trail shoe for regular outings off the road. | Une chaussure de trail pour les sorties régulières hors de la route. | Ein Trailschuh für regelmäßige Läufe abseits der Straße. | Una zapatilla de trail para salidas habituales fuera del asfalto. | Una scarpa da trail per le uscite regolari fuori strada. | Uma sapatilha de trail para saídas regulares fora de estrada.
trail_shoes/short_race | A trail shoe for short, fast races off the road. | Une chaussure de trail pour les courses courtes et rapides en nature. | Ein Trailschuh für kurze, schnelle Rennen im Gelände. | Una zapatilla de trail para carreras cortas y rápidas de montaña. | Una scarpa da trail per gare brevi e veloci nella natura. | Uma sapatilha de trail para provas curtas e rápidas na natureza.
trail_shoes/ultra | A trail shoe for very long distances, hour after hour. | Une chaussure de trail pour les très longues distances, heure après heure. | Ein Trailschuh für sehr lange Distanzen, Stunde um Stunde. | Una zapatilla de trail para distancias muy largas, hora tras hora. | Una scarpa da trail per distanze lunghissime, ora dopo ora. | Uma sapatilha de trail para distâncias muito longas, hora após hora.
hiking_shoes/day | A hiking shoe for day trips. | Une chaussure de randonnée pour les sorties à la journée. | Ein Wanderschuh für Tagestouren. | Una bota de senderismo para excursiones de un día. | Una scarpa da trekking per le gite in giornata. | Uma bota de caminhada para passeios de um dia.
hiking_shoes/weekend | A hiking shoe for tours of several days with a loaded backpack. | Une chaussure de randonnée pour plusieurs jours de marche, sac chargé. | Ein Wanderschuh für mehrtägige Touren mit vollem Rucksack. | Una bota de senderismo para rutas de varios días con la mochila cargada. | Una scarpa da trekking per escursioni di più giorni con lo zaino carico. | Uma bota de caminhada para percursos de vários dias com a mochila carregada.
football_boots/grass | A football boot for natural grass. | Une chaussure de football pour l'herbe. | Ein Fußballschuh für Naturrasen. | Una bota de fútbol para césped natural. | Una scarpa da calcio per l'erba naturale. | Uma chuteira para relva natural.
football_boots/grass+artificial_turf | A football boot for natural grass and artificial turf. | Une chaussure de football pour l'herbe et le synthétique. | Ein Fußballschuh für Naturrasen und Kunstrasen. | Una bota de fútbol para césped natural y artificial. | Una scarpa da calcio per erba naturale e sintetica. | Uma chuteira para relva natural e sintética.
football_boots/artificial_turf | A football boot for artificial turf. | Une chaussure de football pour le synthétique. | Ein Fußballschuh für Kunstrasen. | Una bota de fútbol para césped artificial. | Una scarpa da calcio per l'erba sintetica. | Uma chuteira para relva sintética.
football_boots/indoor | A football shoe for indoor pitches. | Une chaussure de football pour la salle. | Ein Fußballschuh für die Halle. | Una zapatilla de fútbol sala para pista cubierta. | Una scarpa da calcetto per campi al coperto. | Uma sapatilha de futsal para recintos fechados.
tennis_shoes/clay | A tennis shoe for clay courts. | Une chaussure de tennis pour la terre battue. | Ein Tennisschuh für Sandplätze. | Una zapatilla de tenis para tierra batida. | Una scarpa da tennis per la terra rossa. | Uma sapatilha de ténis para terra batida.
tennis_shoes/hard_court | A tennis shoe for hard courts. | Une chaussure de tennis pour les surfaces dures. | Ein Tennisschuh für Hartplätze. | Una zapatilla de tenis para pista dura. | Una scarpa da tennis per i campi in cemento. | Uma sapatilha de ténis para piso duro.
tennis_shoes/clay+hard_court | A tennis shoe for clay and hard courts. | Une chaussure de tennis pour la terre battue et les surfaces dures. | Ein Tennisschuh für Sand- und Hartplätze. | Una zapatilla de tenis para tierra batida y pista dura. | Una scarpa da tennis per terra rossa e cemento. | Uma sapatilha de ténis para terra batida e piso duro.
fitness_shoes | A shoe for the gym and classes indoors. | Une chaussure pour la salle et les cours collectifs. | Ein Schuh für Fitnessstudio und Kurse in der Halle. | Una zapatilla para el gimnasio y las clases de interior. | Una scarpa per la palestra e i corsi al coperto. | Uma sapatilha para o ginásio e as aulas em sala.
cycling_shoes/road | A cycling shoe for the road that passes on every push. | Une chaussure de vélo de route qui transmet chaque coup de pédale. | Ein Radschuh für die Straße, der jeden Tritt überträgt. | Una zapatilla de ciclismo de carretera que transmite cada pedalada. | Una scarpa da ciclismo su strada che trasmette ogni pedalata. | Um sapato de ciclismo de estrada que transmite cada pedalada.
cycling_shoes/path | A cycling shoe for paths, good for walking a few steps too. | Une chaussure de vélo pour les chemins, avec laquelle on peut aussi marcher. | Ein Radschuh für Wege, in dem man auch ein paar Schritte gehen kann. | Una zapatilla de ciclismo para caminos con la que también se camina bien. | Una scarpa da ciclismo per sentieri, adatta anche a camminare un po'. | Um sapato de ciclismo para trilhos que também permite caminhar.
pool_sandals | Sandals for the poolside and the shower. | Des claquettes pour le bord du bassin et la douche. | Latschen für den Beckenrand und die Dusche. | Chanclas para el borde de la piscina y la ducha. | Ciabatte per il bordo vasca e la doccia. | Chinelos para a beira da piscina e o duche.
tops/heat | A sports T-shirt that stays pleasant when you sweat. | Un t-shirt de sport qui reste agréable quand on transpire. | Ein Sportshirt, das auch beim Schwitzen angenehm bleibt. | Una camiseta deportiva que sigue siendo agradable al sudar. | Una maglietta sportiva che resta piacevole anche quando si suda. | Uma t-shirt desportiva que continua agradável quando se transpira.
tops/cold | A long-sleeved sports top for cold days. | Un haut de sport à manches longues pour les jours froids. | Ein langärmeliges Sportshirt für kalte Tage. | Una camiseta deportiva de manga larga para los días fríos. | Una maglia sportiva a maniche lunghe per le giornate fredde. | Uma t-shirt desportiva de manga comprida para os dias frios.
tops | A sports T-shirt that follows every movement. | Un t-shirt de sport qui suit chaque mouvement. | Ein Sportshirt, das jede Bewegung mitmacht. | Una camiseta deportiva que acompaña cada movimiento. | Una maglietta sportiva che segue ogni movimento. | Uma t-shirt desportiva que acompanha cada movimento.
shorts | Sports shorts that leave your legs free to move. | Un short de sport qui laisse les jambes libres. | Sportshorts, die den Beinen alle Freiheit lassen. | Un pantalón corto de deporte que deja las piernas libres. | Pantaloncini sportivi che lasciano libere le gambe. | Calções de desporto que deixam as pernas livres.
tights | Close-fitting tights that follow every movement. | Un collant près du corps qui suit chaque mouvement. | Eng anliegende Tights, die jede Bewegung mitmachen. | Unas mallas ceñidas que acompañan cada movimiento. | Leggings aderenti che seguono ogni movimento. | Leggings justas que acompanham cada movimento.
jackets/rain | A jacket that keeps you dry in lasting rain. | Une veste qui garde au sec sous une pluie durable. | Eine Jacke, die auch bei anhaltendem Regen trocken hält. | Una chaqueta que mantiene seco bajo una lluvia prolongada. | Una giacca che tiene all'asciutto anche sotto la pioggia prolungata. | Um casaco que mantém seco sob chuva prolongada.
jackets/rain+wind | A cycling jacket against showers and headwind. | Une veste de vélo contre les averses et le vent de face. | Eine Radjacke gegen Schauer und Gegenwind. | Una chaqueta de ciclismo contra chubascos y viento de cara. | Una giacca da bici contro acquazzoni e vento contrario. | Um casaco de ciclismo contra aguaceiros e vento de frente.
jackets/wind | A thin jacket that stops the wind. | Une veste fine qui arrête le vent. | Eine dünne Jacke, die den Wind abhält. | Una chaqueta fina que corta el viento. | Una giacca sottile che ferma il vento. | Um casaco fino que corta o vento.
jackets/cold | A ski jacket for cold days on the slopes. | Une veste de ski pour les journées froides sur les pistes. | Eine Skijacke für kalte Tage auf der Piste. | Una chaqueta de esquí para los días fríos en las pistas. | Una giacca da sci per le giornate fredde sulle piste. | Um casaco de esqui para os dias frios nas pistas.
fleeces | A warm fleece, alone or under a jacket. | Une polaire chaude, seule ou sous une veste. | Eine warme Fleecejacke, allein oder unter einer Jacke. | Un forro polar cálido, solo o debajo de una chaqueta. | Un pile caldo, da solo o sotto una giacca. | Um polar quente, sozinho ou por baixo de um casaco.
bras/light | A sports bra with light support for calm sports. | Une brassière de sport à maintien léger pour les sports calmes. | Ein Sport-BH mit leichtem Halt für ruhige Sportarten. | Un sujetador deportivo de sujeción ligera para deportes tranquilos. | Un reggiseno sportivo a sostegno leggero per gli sport tranquilli. | Um soutien desportivo de suporte leve para desportos calmos.
bras/medium | A sports bra with medium support for training. | Une brassière de sport à maintien moyen pour l'entraînement. | Ein Sport-BH mit mittlerem Halt für das Training. | Un sujetador deportivo de sujeción media para entrenar. | Un reggiseno sportivo a sostegno medio per l'allenamento. | Um soutien desportivo de suporte médio para treinar.
bras/high | A sports bra with high support for running and jumping. | Une brassière de sport à maintien fort pour courir et sauter. | Ein Sport-BH mit starkem Halt zum Laufen und Springen. | Un sujetador deportivo de sujeción alta para correr y saltar. | Un reggiseno sportivo a sostegno alto per correre e saltare. | Um soutien desportivo de suporte alto para correr e saltar.
swimwear | Swimwear for training in the pool. | Un maillot de bain pour l'entraînement en piscine. | Schwimmbekleidung für das Training im Becken. | Un bañador para entrenar en la piscina. | Un costume da bagno per allenarsi in piscina. | Um fato de banho para treinar na piscina.
cycling_jerseys/heat | A cycling jersey for warm days. | Un maillot de vélo pour les beaux jours. | Ein Radtrikot für warme Tage. | Un maillot de ciclismo para los días de calor. | Una maglia da ciclismo per le giornate calde. | Uma camisola de ciclismo para os dias quentes.
cycling_jerseys/cold | A long-sleeved cycling jersey for cold days. | Un maillot de vélo à manches longues pour les jours froids. | Ein langärmeliges Radtrikot für kalte Tage. | Un maillot de ciclismo de manga larga para los días fríos. | Una maglia da ciclismo a maniche lunghe per le giornate fredde. | Uma camisola de ciclismo de manga comprida para os dias frios.
cycling_shorts | Padded shorts for long hours in the saddle. | Un cuissard rembourré pour de longues heures en selle. | Eine gepolsterte Radhose für lange Stunden im Sattel. | Un culotte acolchado para muchas horas de sillín. | Pantaloncini imbottiti per lunghe ore in sella. | Calções acolchoados para longas horas no selim.
base_layers | A base layer that keeps warm under your clothes. | Un sous-vêtement qui tient chaud sous la tenue. | Funktionsunterwäsche, die unter der Kleidung warm hält. | Una primera capa que abriga debajo de la ropa. | Un primo strato che tiene caldo sotto i vestiti. | Uma primeira camada que aquece por baixo da roupa.
trousers/hiking | Hiking trousers that follow every step. | Un pantalon de randonnée qui suit chaque pas. | Eine Wanderhose, die jeden Schritt mitmacht. | Un pantalón de senderismo que acompaña cada paso. | Pantaloni da trekking che seguono ogni passo. | Calças de caminhada que acompanham cada passo.
trousers/skiing | Ski trousers that stay dry and warm in the snow. | Un pantalon de ski qui reste sec et chaud dans la neige. | Eine Skihose, die im Schnee trocken und warm hält. | Un pantalón de esquí que se mantiene seco y cálido en la nieve. | Pantaloni da sci che restano asciutti e caldi nella neve. | Calças de esqui que se mantêm secas e quentes na neve.
trousers/fitness | Comfortable trousers for before, during and after training. | Un pantalon confortable avant, pendant et après la séance. | Eine bequeme Hose für vor, während und nach dem Training. | Un pantalón cómodo para antes, durante y después de entrenar. | Pantaloni comodi prima, durante e dopo l'allenamento. | Calças confortáveis para antes, durante e depois do treino.
gloves/cold | Warm gloves for cold days outdoors. | Des gants chauds pour les jours froids dehors. | Warme Handschuhe für kalte Tage im Freien. | Guantes cálidos para los días fríos al aire libre. | Guanti caldi per le giornate fredde all'aperto. | Luvas quentes para os dias frios ao ar livre.
gloves/heat | Fingerless cycling gloves for warm days. | Des mitaines de vélo pour les beaux jours. | Fingerlose Radhandschuhe für warme Tage. | Guantes de ciclismo sin dedos para los días de calor. | Guanti da ciclismo senza dita per le giornate calde. | Luvas de ciclismo sem dedos para os dias quentes.
running cap | A light cap against the sun. | Une casquette légère contre le soleil. | Eine leichte Kappe gegen die Sonne. | Una gorra ligera contra el sol. | Un cappellino leggero contro il sole. | Um boné leve contra o sol.
beanie | A fine, warm beanie for running and hiking. | Un bonnet fin et chaud pour courir et randonner. | Eine dünne, warme Mütze zum Laufen und Wandern. | Un gorro fino y cálido para correr y caminar. | Un berretto sottile e caldo per correre e camminare. | Um gorro fino e quente para correr e caminhar.
headband | A headband that keeps sweat and hair off your face. | Un bandeau qui retient la sueur et les cheveux. | Ein Stirnband, das Schweiß und Haare aus dem Gesicht hält. | Una cinta que retiene el sudor y el pelo. | Una fascia che trattiene il sudore e i capelli. | Uma fita que retém o suor e o cabelo.
neck warmer | A neck warmer that can also cover the nose or the head. | Un tour de cou qui couvre aussi le nez ou la tête. | Ein Schlauchtuch, das auch Nase oder Kopf bedeckt. | Una braga de cuello que también cubre la nariz o la cabeza. | Uno scaldacollo che copre anche il naso o la testa. | Uma gola que também cobre o nariz ou a cabeça.
tennis cap | A cap that shades the eyes on court. | Une casquette qui protège les yeux sur le court. | Eine Kappe, die auf dem Platz die Augen beschattet. | Una gorra que da sombra a los ojos en la pista. | Un cappellino che ripara gli occhi in campo. | Um boné que protege os olhos no campo.
socks | Sports socks that hold the foot without pressing. | Des chaussettes de sport qui tiennent le pied sans le serrer. | Sportsocken, die den Fuß halten, ohne zu drücken. | Calcetines deportivos que sujetan el pie sin apretar. | Calze sportive che tengono il piede senza stringere. | Meias de desporto que seguram o pé sem apertar.
compression socks | Knee-high socks that support the calves on long runs. | Des chaussettes hautes qui soutiennent les mollets sur les longues courses. | Kniestrümpfe, die die Waden auf langen Läufen stützen. | Calcetines altos que sostienen los gemelos en las tiradas largas. | Calze alte che sostengono i polpacci nelle corse lunghe. | Meias altas que apoiam os gémeos nas corridas longas.
gels/without | An energy gel without caffeine for the effort. | Un gel énergétique sans caféine pour l'effort. | Ein Energiegel ohne Koffein für unterwegs. | Un gel energético sin cafeína para el esfuerzo. | Un gel energetico senza caffeina per lo sforzo. | Um gel energético sem cafeína para o esforço.
gels/with | An energy gel with caffeine for the effort. | Un gel énergétique avec caféine pour l'effort. | Ein Energiegel mit Koffein für unterwegs. | Un gel energético con cafeína para el esfuerzo. | Un gel energetico con caffeina per lo sforzo. | Um gel energético com cafeína para o esforço.
box of energy gels | A box of six energy gels, enough for a long race. | Une boîte de six gels énergétiques, de quoi tenir une longue course. | Eine Box mit sechs Energiegels, genug für ein langes Rennen. | Una caja de seis geles energéticos, suficiente para una carrera larga. | Una confezione di sei gel energetici, quanto basta per una gara lunga. | Uma caixa de seis géis energéticos, suficiente para uma prova longa.
energy bar | An energy bar for the outing, easy to carry. | Une barre énergétique pour la sortie, facile à emporter. | Ein Energieriegel für unterwegs, der in jede Tasche passt. | Una barrita energética para la salida, fácil de llevar. | Una barretta energetica per l'uscita, facile da portare. | Uma barra energética para a saída, fácil de levar.
protein bar | A protein bar for recovery after training. | Une barre protéinée pour récupérer après la séance. | Ein Proteinriegel zur Erholung nach dem Training. | Una barrita proteica para recuperar después de entrenar. | Una barretta proteica per recuperare dopo l'allenamento. | Uma barra proteica para recuperar depois do treino.
sports drink | A drink powder to mix with water for the effort. | Une poudre à diluer dans l'eau pour l'effort. | Ein Getränkepulver zum Anrühren mit Wasser für den Sport. | Un polvo para mezclar con agua durante el esfuerzo. | Una polvere da sciogliere in acqua per lo sforzo. | Um pó para misturar com água para o esforço.
recovery drink | A drink powder for recovery after training. | Une poudre à diluer pour récupérer après la séance. | Ein Getränkepulver zur Erholung nach dem Training. | Un polvo para preparar una bebida de recuperación después de entrenar. | Una polvere per una bevanda di recupero dopo l'allenamento. | Um pó para uma bebida de recuperação depois do treino.
electrolyte tablets | Tablets that turn water into a drink with minerals. | Des pastilles qui font de l'eau une boisson minéralisée. | Tabletten, die Wasser zum Mineralgetränk machen. | Pastillas que convierten el agua en una bebida con minerales. | Compresse che trasformano l'acqua in una bevanda con minerali. | Pastilhas que transformam a água numa bebida com minerais.
watches | A sports watch that records your sessions. | Une montre de sport qui enregistre vos séances. | Eine Sportuhr, die das Training aufzeichnet. | Un reloj deportivo que registra las sesiones. | Un orologio sportivo che registra gli allenamenti. | Um relógio desportivo que regista os treinos.
headlamps | A headlamp for running and walking in the dark. | Une lampe frontale pour courir et marcher la nuit. | Eine Stirnlampe zum Laufen und Gehen im Dunkeln. | Una linterna frontal para correr y caminar de noche. | Una lampada frontale per correre e camminare al buio. | Uma lanterna frontal para correr e caminhar no escuro.
heart rate strap | A chest strap that sends your pulse to watch and phone. | Une ceinture qui envoie le pouls à la montre et au téléphone. | Ein Brustgurt, der den Puls an Uhr und Telefon sendet. | Una banda que envía el pulso al reloj y al teléfono. | Una fascia che invia il battito all'orologio e al telefono. | Uma banda que envia a frequência cardíaca ao relógio e ao telefone.
sports earphones | Wireless earphones that stay in place while you move. | Des écouteurs sans fil qui tiennent en place dans l'effort. | Kabellose Kopfhörer, die auch in Bewegung halten. | Auriculares inalámbricos que no se caen al moverse. | Auricolari senza fili che restano al loro posto in movimento. | Auriculares sem fios que ficam no lugar em movimento.
day backpack | A backpack for a day out. | Un sac à dos pour une journée dehors. | Ein Rucksack für einen Tag draußen. | Una mochila para un día al aire libre. | Uno zaino per una giornata all'aperto. | Uma mochila para um dia ao ar livre.
weekend backpack | A backpack for two or three days on foot. | Un sac à dos pour deux ou trois jours de marche. | Ein Rucksack für zwei oder drei Tage zu Fuß. | Una mochila para dos o tres días a pie. | Uno zaino per due o tre giorni a piedi. | Uma mochila para dois ou três dias a pé.
trekking backpack | A backpack for treks with everything you need. | Un sac à dos pour les treks, avec tout le nécessaire. | Ein Rucksack für Trekkingtouren mit allem Nötigen. | Una mochila para trekkings con todo lo necesario. | Uno zaino per trekking con tutto il necessario. | Uma mochila para trekkings com tudo o necessário.
running vest | A running vest that carries water and food close to the body. | Un gilet qui porte l'eau et le ravitaillement près du corps. | Eine Laufweste, die Wasser und Verpflegung eng am Körper trägt. | Un chaleco que lleva el agua y la comida pegadas al cuerpo. | Un gilet che porta acqua e cibo vicino al corpo. | Um colete que leva água e comida junto ao corpo.
running belt | A running belt for phone, keys and gels. | Une ceinture pour le téléphone, les clés et les gels. | Ein Laufgürtel für Telefon, Schlüssel und Gels. | Un cinturón para el teléfono, las llaves y los geles. | Una cintura per telefono, chiavi e gel. | Um cinto para telefone, chaves e géis.
sports bag | A bag for everything that training needs. | Un sac pour toutes les affaires de la séance. | Eine Tasche für alles, was man zum Training braucht. | Una bolsa para todo lo que hace falta al entrenar. | Una borsa per tutto ciò che serve all'allenamento. | Um saco para tudo o que o treino exige.
drawstring bag | A small bag for the way to the gym or the pool. | Un petit sac pour aller à la salle ou à la piscine. | Ein kleiner Beutel für den Weg ins Studio oder ins Bad. | Una bolsa pequeña para ir al gimnasio o a la piscina. | Una piccola sacca per andare in palestra o in piscina. | Um saco pequeno para ir ao ginásio ou à piscina.
racket bag | A bag for rackets, shoes and clothes. | Un sac pour les raquettes, les chaussures et la tenue. | Eine Tasche für Schläger, Schuhe und Kleidung. | Un raquetero para raquetas, zapatillas y ropa. | Una borsa per racchette, scarpe e abbigliamento. | Um saco para raquetes, calçado e roupa.
football | A football for training and the garden. | Un ballon de football pour l'entraînement et le jardin. | Ein Fußball für Training und Garten. | Un balón de fútbol para entrenar y jugar en el jardín. | Un pallone da calcio per l'allenamento e il giardino. | Uma bola de futebol para treinar e jogar no jardim.
match football | A football for matches. | Un ballon de football pour les matchs. | Ein Fußball für Spiele. | Un balón de fútbol para partidos. | Un pallone da calcio per le partite. | Uma bola de futebol para jogos.
indoor football | A football with little bounce for indoor play. | Un ballon à faible rebond pour jouer en salle. | Ein sprungreduzierter Ball für die Halle. | Un balón de bote bajo para jugar en pista cubierta. | Un pallone a rimbalzo ridotto per giocare al coperto. | Uma bola de baixo ressalto para jogar em recinto fechado.
tennis balls | Tennis balls for matches. | Des balles de tennis pour les matchs. | Tennisbälle für Matches. | Pelotas de tenis para partidos. | Palline da tennis per le partite. | Bolas de ténis para jogos.
training tennis balls | A bag of tennis balls for lessons and practice. | Un sac de balles pour les cours et l'entraînement. | Ein Beutel Tennisbälle für Unterricht und Training. | Una bolsa de pelotas para clases y entrenamientos. | Un sacchetto di palline per lezioni e allenamento. | Um saco de bolas para aulas e treino.
rackets | A tennis racket that helps you play your game. | Une raquette de tennis qui accompagne votre jeu. | Ein Tennisschläger, der das eigene Spiel unterstützt. | Una raqueta de tenis que acompaña tu juego. | Una racchetta da tennis che accompagna il gioco. | Uma raquete de ténis que acompanha o jogo.
rackets/kids | A tennis racket for children who are starting out. | Une raquette de tennis pour les enfants qui débutent. | Ein Tennisschläger für Kinder, die anfangen. | Una raqueta de tenis para niños que empiezan. | Una racchetta da tennis per bambini che iniziano. | Uma raquete de ténis para crianças que estão a começar.
mats | A yoga mat for home and class. | Un tapis de yoga pour la maison et les cours. | Eine Yogamatte für zu Hause und den Kurs. | Una esterilla de yoga para casa y para clase. | Un tappetino da yoga per casa e per i corsi. | Um tapete de yoga para casa e para as aulas.
yoga block | A block that brings the floor closer in a posture. | Une brique qui rapproche le sol dans les postures. | Ein Block, der in den Haltungen den Boden näher bringt. | Un bloque que acerca el suelo en las posturas. | Un mattoncino che avvicina il pavimento nelle posizioni. | Um bloco que aproxima o chão nas posturas.
yoga strap | A strap that lengthens your reach in a stretch. | Une sangle qui prolonge les bras dans les étirements. | Ein Gurt, der beim Dehnen die Arme verlängert. | Una correa que alarga los brazos en los estiramientos. | Una cinghia che allunga le braccia negli allungamenti. | Uma cinta que prolonga os braços nos alongamentos.
dumbbells | A pair of dumbbells for training at home. | Une paire d'haltères pour s'entraîner à la maison. | Ein Paar Hanteln für das Training zu Hause. | Un par de mancuernas para entrenar en casa. | Una coppia di manubri per allenarsi a casa. | Um par de halteres para treinar em casa.
kettlebell | A kettlebell for strength and endurance. | Une kettlebell pour la force et l'endurance. | Eine Kettlebell für Kraft und Ausdauer. | Una pesa rusa para fuerza y resistencia. | Una kettlebell per forza e resistenza. | Uma kettlebell para força e resistência.
resistance bands | Bands for warming up and strengthening anywhere. | Des bandes pour s'échauffer et se renforcer partout. | Bänder zum Aufwärmen und Kräftigen, überall. | Bandas para calentar y fortalecer en cualquier lugar. | Bande per riscaldarsi e rinforzarsi ovunque. | Bandas para aquecer e fortalecer em qualquer lugar.
skipping rope | A skipping rope for endurance and footwork. | Une corde à sauter pour l'endurance et le jeu de jambes. | Ein Springseil für Ausdauer und Beinarbeit. | Una comba para la resistencia y el juego de pies. | Una corda per la resistenza e il gioco di gambe. | Uma corda de saltar para a resistência e o jogo de pernas.
foam roller | A roller that loosens muscles after the effort. | Un rouleau qui détend les muscles après l'effort. | Eine Rolle, die die Muskeln nach dem Sport lockert. | Un rodillo que relaja los músculos después del esfuerzo. | Un rullo che scioglie i muscoli dopo lo sforzo. | Um rolo que relaxa os músculos depois do esforço.
massage ball | A ball that loosens tense spots. | Une balle qui détend les points de tension. | Ein Ball, der verspannte Stellen löst. | Una pelota que afloja los puntos de tensión. | Una palla che scioglie i punti di tensione. | Uma bola que solta os pontos de tensão.
bike helmet | A helmet for every day on the bike. | Un casque pour tous les jours à vélo. | Ein Helm für jeden Tag auf dem Rad. | Un casco para cada día en bici. | Un casco per tutti i giorni in bici. | Um capacete para todos os dias de bicicleta.
road helmet | A helmet for long and fast rides on the road. | Un casque pour les sorties longues et rapides sur route. | Ein Helm für lange, schnelle Fahrten auf der Straße. | Un casco para salidas largas y rápidas por carretera. | Un casco per uscite lunghe e veloci su strada. | Um capacete para saídas longas e rápidas na estrada.
kids' helmet | A bike helmet for children. | Un casque de vélo pour enfant. | Ein Fahrradhelm für Kinder. | Un casco de bici para niños. | Un casco da bici per bambini. | Um capacete de bicicleta para crianças.
bike lights | A front and a rear light to see and be seen. | Un feu avant et un feu arrière pour voir et être vu. | Ein Vorder- und ein Rücklicht, um zu sehen und gesehen zu werden. | Una luz delantera y otra trasera para ver y ser visto. | Una luce anteriore e una posteriore per vedere ed essere visti. | Uma luz dianteira e uma traseira para ver e ser visto.
bike bell | A bike bell that is heard from afar. | Une sonnette qui s'entend de loin. | Eine Klingel, die man von Weitem hört. | Un timbre que se oye desde lejos. | Un campanello che si sente da lontano. | Uma campainha que se ouve de longe.
mini pump | A small pump to take along on every ride. | Une petite pompe à emporter à chaque sortie. | Eine kleine Pumpe für jede Ausfahrt. | Una bomba pequeña para llevar en cada salida. | Una piccola pompa da portare a ogni uscita. | Uma bomba pequena para levar em cada saída.
sports bottle | A bottle for the bike and the gym. | Un bidon pour le vélo et la salle. | Eine Flasche für Rad und Fitnessstudio. | Un bidón para la bici y el gimnasio. | Una borraccia per la bici e la palestra. | Uma garrafa para a bicicleta e o ginásio.
insulated bottle | A bottle that keeps water cool for a day. | Une gourde qui garde l'eau fraîche toute une journée. | Eine Flasche, die Wasser einen Tag lang kühl hält. | Una botella que mantiene el agua fresca todo el día. | Una borraccia che tiene l'acqua fresca per un giorno. | Uma garrafa que mantém a água fresca durante um dia.
soft flask | A soft flask that shrinks as you drink. | Une flasque qui rétrécit à mesure que l'on boit. | Eine weiche Flasche, die beim Trinken kleiner wird. | Un bidón blando que encoge a medida que se bebe. | Una borraccia morbida che si riduce man mano che si beve. | Uma garrafa flexível que encolhe à medida que se bebe.
thermos flask | A flask that keeps tea or soup hot for hours. | Une bouteille qui garde le thé ou la soupe au chaud des heures. | Eine Flasche, die Tee oder Suppe stundenlang heiß hält. | Un termo que mantiene el té o la sopa calientes durante horas. | Un thermos che tiene caldi tè o zuppa per ore. | Uma garrafa que mantém o chá ou a sopa quentes durante horas.
swimming goggles | Goggles for regular swims in the pool. | Des lunettes pour nager régulièrement en piscine. | Eine Brille für regelmäßiges Schwimmen im Becken. | Unas gafas para nadar con regularidad en la piscina. | Occhialini per nuotare regolarmente in piscina. | Óculos para nadar regularmente na piscina.
racing goggles | Low-profile goggles for training and racing. | Des lunettes basses pour l'entraînement et la compétition. | Eine flache Brille für Training und Wettkampf. | Unas gafas de perfil bajo para entrenar y competir. | Occhialini a basso profilo per allenamento e gara. | Óculos de perfil baixo para treinar e competir.
kids' goggles | Swimming goggles for children. | Des lunettes de natation pour enfants. | Eine Schwimmbrille für Kinder. | Unas gafas de natación para niños. | Occhialini da nuoto per bambini. | Óculos de natação para crianças.
swim cap | A swim cap that stretches without pulling hair. | Un bonnet de bain qui s'étire sans tirer les cheveux. | Eine Badekappe, die sich dehnt, ohne an den Haaren zu ziehen. | Un gorro que se estira sin tirar del pelo. | Una cuffia che si allunga senza tirare i capelli. | Uma touca que estica sem puxar o cabelo.
kickboard | A board for training the kick. | Une planche pour travailler les jambes. | Ein Brett für das Training des Beinschlags. | Una tabla para trabajar la patada. | Una tavoletta per allenare la battuta di gambe. | Uma prancha para treinar a pernada.
training fins | Short fins for training in the pool. | Des palmes courtes pour l'entraînement en piscine. | Kurze Flossen für das Training im Becken. | Aletas cortas para entrenar en la piscina. | Pinne corte per l'allenamento in piscina. | Barbatanas curtas para treinar na piscina.
ski goggles | Goggles for a clear view on the slopes. | Un masque pour bien voir sur les pistes. | Eine Brille für klare Sicht auf der Piste. | Unas gafas para ver bien en las pistas. | Una maschera per vederci bene sulle piste. | Óculos para ver bem nas pistas.
ski helmet | A helmet for the slopes. | Un casque pour les pistes. | Ein Helm für die Piste. | Un casco para las pistas. | Un casco per le piste. | Um capacete para as pistas.
ski poles | Ski poles for the slopes. | Des bâtons de ski pour les pistes. | Skistöcke für die Piste. | Bastones de esquí para las pistas. | Bastoncini da sci per le piste. | Bastões de esqui para as pistas.
ski bag | A bag that protects one pair of skis on the way. | Une housse qui protège une paire de skis en voyage. | Ein Sack, der ein Paar Ski unterwegs schützt. | Una funda que protege un par de esquís en el viaje. | Una sacca che protegge un paio di sci in viaggio. | Um saco que protege um par de esquis na viagem.
poles | Poles that take weight off the knees uphill and downhill. | Des bâtons qui soulagent les genoux en montée et en descente. | Stöcke, die bergauf und bergab die Knie entlasten. | Bastones que alivian las rodillas al subir y al bajar. | Bastoncini che alleggeriscono le ginocchia in salita e in discesa. | Bastões que aliviam os joelhos a subir e a descer.
insoles | Insoles that make everyday and sports shoes softer. | Des semelles qui rendent les chaussures plus douces. | Einlegesohlen, die Schuhe weicher machen. | Plantillas que hacen más blando cualquier calzado. | Solette che rendono più morbida ogni scarpa. | Palmilhas que tornam qualquer calçado mais macio.
anti-blister cream | A cream against chafing on long outings. | Une crème contre les frottements lors des longues sorties. | Eine Creme gegen Scheuerstellen auf langen Touren. | Una crema contra las rozaduras en salidas largas. | Una crema contro gli sfregamenti nelle uscite lunghe. | Um creme contra a fricção em saídas longas.
elastic laces | Laces that are tightened in one move and never come undone. | Des lacets qui se serrent d'un geste et ne se défont pas. | Schnürsenkel, die sich mit einem Griff festziehen und nicht aufgehen. | Cordones que se ajustan de un gesto y no se desatan. | Lacci che si stringono con un gesto e non si slacciano. | Atacadores que se ajustam num gesto e não se desatam.
gift_cards | A gift card to choose freely in the shop. | Une carte cadeau pour choisir librement dans le magasin. | Eine Geschenkkarte, um im Geschäft frei zu wählen. | Una tarjeta regalo para elegir libremente en la tienda. | Una carta regalo per scegliere liberamente in negozio. | Um cartão-presente para escolher livremente na loja.
""")

# What products are made of: the key, then the order of LANGUAGES.
MATERIALS = keyed("""
mesh | polyester mesh upper, rubber outsole | dessus en mesh de polyester, semelle en caoutchouc | Obermaterial aus Polyestermesh, Außensohle aus Gummi | empeine de malla de poliéster, suela de caucho | tomaia in mesh di poliestere, suola in gomma | parte superior em malha de poliéster, sola em borracha
leather | leather upper, rubber outsole | dessus en cuir, semelle en caoutchouc | Obermaterial aus Leder, Außensohle aus Gummi | empeine de piel, suela de caucho | tomaia in pelle, suola in gomma | parte superior em couro, sola em borracha
synthetic | synthetic upper, rubber outsole | dessus synthétique, semelle en caoutchouc | synthetisches Obermaterial, Außensohle aus Gummi | empeine sintético, suela de caucho | tomaia sintetica, suola in gomma | parte superior sintética, sola em borracha
stud | synthetic upper, plastic studs | dessus synthétique, crampons en plastique | synthetisches Obermaterial, Stollen aus Kunststoff | empeine sintético, tacos de plástico | tomaia sintetica, tacchetti in plastica | parte superior sintética, pitons em plástico
cycling_carbon | synthetic upper, carbon sole | dessus synthétique, semelle en carbone | synthetisches Obermaterial, Sohle aus Carbon | empeine sintético, suela de carbono | tomaia sintetica, suola in carbonio | parte superior sintética, sola em carbono
cycling_nylon | synthetic upper, nylon sole | dessus synthétique, semelle en nylon | synthetisches Obermaterial, Sohle aus Nylon | empeine sintético, suela de nailon | tomaia sintetica, suola in nylon | parte superior sintética, sola em nylon
eva | EVA foam and rubber | mousse EVA et caoutchouc | EVA-Schaum und Gummi | espuma EVA y caucho | schiuma EVA e gomma | espuma EVA e borracha
polyester | polyester | polyester | Polyester | poliéster | poliestere | poliéster
recycled_polyester | recycled polyester | polyester recyclé | recyceltes Polyester | poliéster reciclado | poliestere riciclato | poliéster reciclado
stretch | polyamide and elastane | polyamide et élasthanne | Polyamid und Elasthan | poliamida y elastano | poliammide ed elastan | poliamida e elastano
polyester_stretch | polyester and elastane | polyester et élasthanne | Polyester und Elasthan | poliéster y elastano | poliestere ed elastan | poliéster e elastano
merino | merino wool | laine mérinos | Merinowolle | lana merina | lana merino | lã merino
merino_blend | merino wool and polyamide | laine mérinos et polyamide | Merinowolle und Polyamid | lana merina y poliamida | lana merino e poliammide | lã merino e poliamida
polyamide | polyamide | polyamide | Polyamid | poliamida | poliammide | poliamida
leather_gloves | polyamide, leather palm | polyamide, paume en cuir | Polyamid, Handfläche aus Leder | poliamida, palma de piel | poliammide, palmo in pelle | poliamida, palma em couro
membrane | polyester with a waterproof membrane | polyester avec membrane imperméable | Polyester mit wasserdichter Membran | poliéster con membrana impermeable | poliestere con membrana impermeabile | poliéster com membrana impermeável
cotton | cotton | coton | Baumwolle | algodón | cotone | algodão
cork | natural cork | liège naturel | Naturkork | corcho natural | sughero naturale | cortiça natural
cork_rubber | natural cork on natural rubber | liège naturel sur caoutchouc naturel | Naturkork auf Naturkautschuk | corcho natural sobre caucho natural | sughero naturale su gomma naturale | cortiça natural sobre borracha natural
rubber | natural rubber | caoutchouc naturel | Naturkautschuk | caucho natural | gomma naturale | borracha natural
recycled_mat | recycled fabric on natural rubber | tissu recyclé sur caoutchouc naturel | recycelter Stoff auf Naturkautschuk | tejido reciclado sobre caucho natural | tessuto riciclato su gomma naturale | tecido reciclado sobre borracha natural
foam | NBR foam | mousse NBR | NBR-Schaum | espuma NBR | schiuma NBR | espuma NBR
eva_foam | EVA foam | mousse EVA | EVA-Schaum | espuma EVA | schiuma EVA | espuma EVA
iron | cast iron | fonte | Gusseisen | hierro fundido | ghisa | ferro fundido
iron_neoprene | cast iron in a neoprene cover | fonte gainée de néoprène | Gusseisen mit Neoprenüberzug | hierro fundido con funda de neopreno | ghisa rivestita in neoprene | ferro fundido com capa de neopreno
latex | natural latex | latex naturel | Naturlatex | látex natural | lattice naturale | látex natural
steel | stainless steel | inox | Edelstahl | acero inoxidable | acciaio inossidabile | aço inoxidável
plastic | plastic without BPA | plastique sans BPA | Kunststoff ohne BPA | plástico sin BPA | plastica senza BPA | plástico sem BPA
tpu | soft TPU without BPA | TPU souple sans BPA | weiches TPU ohne BPA | TPU blando sin BPA | TPU morbido senza BPA | TPU flexível sem BPA
silicone | silicone | silicone | Silikon | silicona | silicone | silicone
aluminium | aluminium | aluminium | Aluminium | aluminio | alluminio | alumínio
carbon | carbon | carbone | Carbon | carbono | carbonio | carbono
helmet | polycarbonate shell, EPS foam | coque en polycarbonate, mousse EPS | Schale aus Polycarbonat, EPS-Schaum | carcasa de policarbonato, espuma EPS | calotta in policarbonato, schiuma EPS | casco em policarbonato, espuma EPS
pu_ball | polyurethane | polyuréthane | Polyurethan | poliuretano | poliuretano | poliuretano
felt | felt on rubber | feutre sur caoutchouc | Filz auf Gummi | fieltro sobre caucho | feltro su gomma | feltro sobre borracha
graphite | graphite | graphite | Graphit | grafito | grafite | grafite
brass | brass | laiton | Messing | latón | ottone | latão
""")

# Where the brands have their products made.
PLACES = table("""
France | France | Frankreich | Francia | Francia | França
Portugal | Portugal | Portugal | Portugal | Portogallo | Portugal
Italy | Italie | Italien | Italia | Italia | Itália
Spain | Espagne | Spanien | España | Spagna | Espanha
Germany | Allemagne | Deutschland | Alemania | Germania | Alemanha
Vietnam | Vietnam | Vietnam | Vietnam | Vietnam | Vietname
Slovenia | Slovénie | Slowenien | Eslovenia | Slovenia | Eslovénia
""")

SHOES = [str(size) for size in range(36, 48)]
CLOTHES = ["XS", "S", "M", "L", "XL", "XXL"]
SOCKS = ["35-38", "39-42", "43-46"]
COLOURS = ["black", "white", "blue", "red", "green", "yellow", "orange", "pink", "purple", "grey"]

# Each row: name, price, facets ("key=value key=a,b", then "|title" where it differs), features.
# One table a kind of product:
# prefix, digits of the sku, category, title, brand, sizes, common facets, rows.
# The order of the rows is the shop's order: the first row is the one it would show first.
TABLES = [
    ("RUN", 3, "running_shoes", "running shoes", "run", SHOES,
     "sport=running surface=road", [
        ("Alcyone", "109.00", "goal=daily feel=comfort level=beginner,regular", "cushioned sole; soft heel"),
        ("Baltée", "89.00", "goal=daily feel=comfort level=beginner", "cushioned sole; wide fit"),
        ("Cadelle", "79.90", "goal=daily feel=stability level=beginner", "firm heel support; breathable mesh"),
        ("Dorane", "119.00", "goal=daily feel=stability level=regular", "firm heel support; reflective details"),
        ("Élouan", "99.00", "goal=daily feel=speed level=regular", "light upper; responsive foam"),
        ("Farelle", "129.00", "goal=half_marathon feel=comfort level=regular", "cushioned sole; breathable mesh"),
        ("Galène", "139.00", "goal=half_marathon feel=speed level=regular,expert", "responsive foam; light upper"),
        ("Hélion", "134.00", "goal=half_marathon feel=stability level=regular", "firm heel support; light upper"),
        ("Isolde", "149.00", "goal=marathon,half_marathon feel=speed level=regular,expert", "responsive foam; light upper"),
        ("Jorasse", "179.00", "goal=marathon feel=speed level=expert", "carbon plate; light upper"),
        ("Kerline", "199.00", "goal=marathon feel=speed level=expert", "carbon plate; responsive foam"),
        ("Lorande", "139.00", "goal=marathon feel=comfort level=beginner,regular", "cushioned sole; light upper"),
        ("Mirandelle", "149.00", "goal=marathon,half_marathon feel=comfort level=regular", "cushioned sole; breathable mesh"),
        ("Nérine", "159.00", "goal=marathon feel=comfort level=regular,expert", "cushioned sole; responsive foam"),
        ("Oriande", "124.00", "goal=short_race feel=speed level=regular", "light upper; responsive foam"),
        ("Pélisse", "114.00", "goal=short_race feel=speed level=beginner,regular", "light upper; breathable mesh"),
        ("Quernon", "144.00", "goal=short_race feel=speed level=expert", "carbon plate; snug collar"),
        ("Rosalbe", "69.90", "goal=daily feel=comfort level=beginner gender=women", "soft heel; breathable mesh"),
        ("Solvane", "69.90", "goal=daily feel=comfort level=beginner gender=men", "soft heel; durable outsole"),
        ("Titelle", "49.90", "goal=daily feel=comfort level=beginner gender=kids", "quick lacing; soft heel"),
    ]),
    ("TRL", 3, "trail_shoes", "trail shoes", "trail", SHOES,
     "sport=trail", [
        ("Arvoine", "119.00", "goal=daily surface=path feel=comfort level=beginner,regular", "cushioned sole; stone guard"),
        ("Brévane", "129.00", "goal=daily surface=path feel=speed level=regular", "light upper; grippy rubber"),
        ("Corvelle", "139.00", "goal=short_race surface=mud feel=speed level=regular,expert", "deep lugs; light upper"),
        ("Drôline", "149.00", "goal=ultra surface=path feel=comfort level=regular,expert", "cushioned sole; wide fit"),
        ("Esterane", "159.00", "goal=ultra surface=rock feel=comfort level=expert", "stone guard; cushioned sole"),
        ("Falguère", "169.00", "goal=ultra surface=rock feel=speed level=expert", "light upper; grippy rubber"),
        ("Grésivane", "99.00", "goal=daily surface=path feel=stability level=beginner", "firm heel support; durable outsole"),
        ("Hérane", "134.00", "goal=daily surface=mud feel=stability level=regular weather=rain", "waterproof membrane; deep lugs"),
        ("Izoire", "144.00", "goal=short_race surface=rock feel=speed level=expert", "grippy rubber; quick lacing"),
        ("Jovelle", "89.00", "goal=daily surface=path feel=comfort level=beginner gender=women", "soft heel; grippy rubber"),
        ("Kérouan", "89.00", "goal=daily surface=path feel=comfort level=beginner gender=men", "soft heel; grippy rubber"),
        ("Lauvane", "154.00", "goal=ultra surface=mud feel=stability level=expert weather=rain", "waterproof membrane; snug collar"),
    ]),
    ("HIK", 3, "hiking_shoes", "hiking shoes", "trail", SHOES,
     "sport=hiking", [
        ("Mercane", "99.00", "trip=day surface=path feel=comfort level=beginner weather=rain", "waterproof membrane; cushioned sole"),
        ("Nivolle", "79.00", "trip=day surface=path feel=comfort level=beginner", "breathable mesh; grippy rubber"),
        ("Oisane", "149.00", "trip=weekend surface=rock feel=stability level=regular weather=rain", "high ankle; waterproof membrane"),
        ("Pralane", "189.00", "trip=weekend surface=rock feel=stability level=expert weather=rain,cold", "leather upper; high ankle"),
        ("Queyrine", "129.00", "trip=weekend surface=path feel=comfort level=regular weather=rain", "waterproof membrane; wide fit"),
        ("Rotane", "109.00", "trip=day surface=rock feel=speed level=regular", "light upper; stone guard"),
        ("Sambuque", "69.00", "trip=day surface=path feel=comfort level=beginner gender=women", "soft heel; quick lacing"),
        ("Taillane", "69.00", "trip=day surface=path feel=comfort level=beginner gender=men", "soft heel; quick lacing"),
        ("Ubayne", "45.00", "trip=day surface=path feel=comfort level=beginner gender=kids", "quick lacing; durable outsole"),
        ("Vercane", "139.00", "trip=weekend surface=path,mud feel=stability level=regular weather=cold", "warm lining; high ankle"),
    ]),
    ("FOO", 3, "football_boots", "football boots", "ball", SHOES,
     "sport=football", [
        ("Attacane", "79.00", "surface=grass feel=speed level=regular", "light upper; moulded studs"),
        ("Buteline", "129.00", "surface=grass feel=speed level=expert", "snug collar; moulded studs"),
        ("Centrine", "59.00", "surface=grass feel=comfort level=beginner", "soft heel; moulded studs"),
        ("Défane", "89.00", "surface=grass,artificial_turf feel=stability level=regular", "lateral support; moulded studs"),
        ("Esquivane", "69.00", "surface=artificial_turf feel=comfort level=beginner,regular", "durable outsole; soft heel"),
        ("Feintelle", "74.00", "surface=indoor feel=speed level=regular", "flat sole; light upper"),
        ("Gardane", "54.00", "surface=indoor feel=comfort level=beginner", "flat sole; lateral support"),
        ("Juniore", "39.90", "surface=grass,artificial_turf feel=comfort level=beginner gender=kids", "quick lacing; moulded studs"),
    ]),
    ("TEN", 3, "tennis_shoes", "tennis shoes", "court", SHOES,
     "sport=tennis", [
        ("Lobelle", "89.00", "surface=clay feel=comfort level=regular", "cushioned sole; lateral support"),
        ("Smashine", "109.00", "surface=hard_court feel=speed level=expert", "light upper; durable outsole"),
        ("Voleane", "79.00", "surface=hard_court feel=comfort level=beginner,regular", "cushioned sole; breathable mesh"),
        ("Reversine", "99.00", "surface=clay feel=stability level=regular", "lateral support; durable outsole"),
        ("Amortine", "69.00", "surface=clay,hard_court feel=comfort level=beginner", "soft heel; breathable mesh"),
        ("Filetane", "119.00", "surface=clay feel=speed level=expert", "light upper; snug collar"),
    ]),
    ("FIT", 3, "fitness_shoes", "fitness shoes", "mat", SHOES,
     "sport=fitness surface=indoor", [
        ("Gymelle", "69.00", "feel=comfort level=beginner", "cushioned sole; breathable mesh"),
        ("Halterane", "89.00", "feel=stability level=regular", "flat sole; lateral support"),
        ("Cardione", "79.00", "feel=speed level=regular", "light upper; responsive foam"),
        ("Dansole", "59.00", "feel=comfort level=beginner gender=women", "soft heel; light upper"),
    ]),
    ("CYC", 3, "cycling_shoes", "cycling shoes", "bike", SHOES,
     "sport=cycling", [
        ("Pédelane", "119.00", "surface=road feel=speed level=regular", "stiff sole; dial closure"),
        ("Roulane", "89.00", "surface=road feel=comfort level=beginner", "breathable mesh; quick lacing"),
        ("Grimpelle", "169.00", "surface=road feel=speed level=expert", "carbon plate; dial closure"),
        ("Sentane", "99.00", "surface=path feel=stability level=regular", "grippy rubber; dial closure"),
    ]),
    ("SWI", 3, "pool_sandals", "pool sandals", "swim", SHOES,
     "sport=swimming", [
        ("Clapotine", "19.90", "feel=comfort", "soft heel; drains quickly"),
        ("Bassinelle", "24.90", "feel=stability", "grippy rubber; drains quickly"),
    ]),
    ("TOP", 2, "tops", "technical T-shirt", "base", CLOTHES, "", [
        ("Aérine", "24.90", "sport=running,fitness weather=heat gender=women", "breathable mesh; dries quickly"),
        ("Brisane", "24.90", "sport=running,fitness weather=heat gender=men", "breathable mesh; dries quickly"),
        ("Claudel", "34.90", "sport=running,trail weather=heat gender=women", "light fabric; flat seams"),
        ("Dulane", "34.90", "sport=running,trail weather=heat gender=men", "flat seams; reflective details"),
        ("Éolane", "39.90", "sport=running,trail weather=cold gender=women,men", "thumb loops; soft fabric"),
        ("Fibrane", "29.90", "sport=hiking weather=heat gender=women,men", "recycled fabric; dries quickly"),
        ("Garelle", "59.00", "sport=hiking,trail weather=cold gender=women,men", "merino wool; flat seams"),
        ("Hamelle", "29.90", "sport=football gender=men,kids", "breathable mesh; dries quickly"),
        ("Ivonne", "34.90", "sport=tennis gender=women", "stretch fabric; dries quickly"),
        ("Jarlane", "34.90", "sport=tennis gender=men", "stretch fabric; dries quickly"),
        ("Kalinde", "29.90", "sport=yoga gender=women", "soft fabric; recycled fabric"),
        ("Lianor", "27.90", "sport=yoga,fitness gender=men", "soft fabric; stretch fabric"),
    ]),
    ("SHO", 2, "shorts", "shorts", "base", CLOTHES, "", [
        ("Marelune", "29.90", "sport=running,trail gender=women weather=heat", "inner brief; zip pocket"),
        ("Nardane", "29.90", "sport=running,trail gender=men weather=heat", "inner brief; zip pocket"),
        ("Olbane", "44.90", "sport=trail gender=women,men weather=heat", "zip pocket; dries quickly"),
        ("Paruline", "39.90", "sport=hiking gender=women weather=heat", "stretch fabric; zip pocket"),
        ("Quillane", "39.90", "sport=hiking gender=men weather=heat", "stretch fabric; zip pocket"),
        ("Ramelle", "19.90", "sport=football gender=men,kids", "breathable mesh; dries quickly"),
        ("Servane", "34.90", "sport=tennis gender=women,men", "zip pocket; stretch fabric"),
        ("Tramelle", "24.90", "sport=fitness gender=women,men", "soft fabric; stretch fabric"),
    ]),
    ("TIG", 2, "tights", "tights", "base", CLOTHES, "", [
        ("Ursane", "44.90", "sport=running gender=women weather=cold", "high waist; zip pocket"),
        ("Velmane", "44.90", "sport=running gender=men weather=cold", "zip pocket; reflective details"),
        ("Welline", "39.90", "sport=yoga gender=women", "high waist; soft fabric"),
        ("Yolaine", "49.90", "sport=fitness,yoga gender=women", "high waist; stretch fabric"),
        ("Zélane", "59.90", "sport=trail gender=women,men weather=cold", "flat seams; reflective details"),
        ("Aubrelle", "34.90", "sport=fitness gender=men", "stretch fabric; flat seams"),
    ]),
    ("JAC", 2, "jackets", "jacket", "trail", CLOTHES, "", [
        ("Bruinelle", "69.00", "sport=running weather=wind gender=women,men", "windproof front; packs small"),
        ("Crachine", "99.00", "sport=running,trail weather=rain gender=women,men", "waterproof membrane; packs small"),
        ("Drache", "159.00", "sport=trail weather=rain gender=women,men", "waterproof membrane; adjustable hood"),
        ("Ondane", "129.00", "sport=hiking weather=rain gender=women", "waterproof membrane; adjustable hood"),
        ("Pluvane", "129.00", "sport=hiking weather=rain gender=men", "waterproof membrane; adjustable hood"),
        ("Gibelle", "89.00", "sport=cycling weather=rain,wind gender=women,men", "windproof front; reflective details"),
        ("Frimelle", "199.00", "sport=skiing weather=cold gender=women", "warm lining; snow skirt"),
        ("Glacelle", "199.00", "sport=skiing weather=cold gender=men", "warm lining; snow skirt"),
        ("Congère", "119.00", "sport=skiing weather=cold gender=kids", "warm lining; snow skirt"),
        ("Brumelle", "59.00", "sport=fitness,running weather=wind gender=women", "recycled fabric; zip pocket"),
    ]),
    ("FLE", 2, "fleeces", "fleece", "trail", CLOTHES, "weather=cold", [
        ("Moutelle", "49.90", "sport=hiking gender=women", "soft fabric; zip pocket"),
        ("Bélier", "49.90", "sport=hiking gender=men", "soft fabric; zip pocket"),
        ("Agnelle", "29.90", "sport=hiking gender=kids", "soft fabric; recycled fabric"),
        ("Toisane", "69.90", "sport=skiing,hiking gender=women,men", "warm lining; thumb loops"),
    ]),
    ("BRA", 2, "bras", "sports bra", "mat", CLOTHES, "gender=women", [
        ("Serelle", "34.90", "sport=yoga hold=light", "soft fabric; removable cups"),
        ("Tonelle", "39.90", "sport=fitness hold=medium", "wide straps; removable cups"),
        ("Élanne", "49.90", "sport=running hold=high", "wide straps; flat seams"),
        ("Rythmelle", "44.90", "sport=running,fitness hold=medium", "flat seams; dries quickly"),
    ]),
    ("SWM", 2, "swimwear", "swimsuit", "swim", CLOTHES, "sport=swimming", [
        ("Algane", "39.90", "gender=women level=regular", "chlorine resistant; flat seams"),
        ("Barbotine", "29.90", "gender=women level=beginner", "soft fabric; dries quickly"),
        ("Crawline", "69.90", "gender=women level=expert", "light compression; chlorine resistant"),
        ("Dorsane", "29.90", "gender=men level=regular", "chlorine resistant; flat seams"),
        ("Estuaire", "59.90", "gender=men level=expert", "light compression; chlorine resistant"),
        ("Gouttelle", "19.90", "gender=kids level=beginner", "chlorine resistant; dries quickly"),
    ]),
    ("JER", 2, "cycling_jerseys", "cycling jersey", "bike", CLOTHES,
     "sport=cycling", [
        ("Échappine", "59.90", "gender=men weather=heat", "back pockets; breathable mesh"),
        ("Pelotine", "59.90", "gender=women weather=heat", "back pockets; breathable mesh"),
        ("Lanterelle", "79.90", "gender=women,men weather=cold", "back pockets; warm lining"),
        ("Bidonelle", "39.90", "gender=women,men weather=heat", "recycled fabric; back pockets"),
    ]),
    ("BIB", 2, "cycling_shorts", "cycling shorts", "bike", CLOTHES, "sport=cycling", [
        ("Sellane", "69.90", "gender=men feel=comfort", "padded chamois; flat seams"),
        ("Cuissine", "69.90", "gender=women feel=comfort", "padded chamois; flat seams"),
        ("Moyeune", "109.00", "gender=women,men feel=speed", "padded chamois; light compression"),
    ]),
    ("LAY", 2, "base_layers", "base layer", "snow", CLOTHES,
     "weather=cold", [
        ("Flocelle", "39.90", "sport=skiing gender=women", "soft fabric; flat seams"),
        ("Givrane", "39.90", "sport=skiing gender=men", "soft fabric; flat seams"),
        ("Mérinelle", "69.90", "sport=skiing,hiking gender=women,men", "merino wool; flat seams"),
        ("Poudrelle", "24.90", "sport=skiing gender=kids", "soft fabric; warm lining"),
    ]),
    ("TRO", 2, "trousers", "trousers", "trail", CLOTHES, "", [
        ("Sentelle", "59.90", "sport=hiking gender=women", "stretch fabric; dries quickly"),
        ("Balisane", "59.90", "sport=hiking gender=men", "stretch fabric; dries quickly"),
        ("Pentelle", "149.00", "sport=skiing gender=women weather=cold", "waterproof membrane; warm lining"),
        ("Schussane", "149.00", "sport=skiing gender=men weather=cold", "waterproof membrane; warm lining"),
        ("Joggane", "34.90", "sport=fitness gender=women,men", "soft fabric; zip pocket"),
    ]),
    ("GLO", 2, "gloves", "gloves", "snow", ["S", "M", "L", "XL"], "", [
        ("Mitanelle", "19.90", "sport=running,trail weather=cold occasion=gift", "touchscreen fingertips; soft fabric"),
        ("Onglane", "24.90", "sport=cycling weather=heat", "padded chamois; breathable mesh"),
        ("Moufline", "49.90", "sport=skiing weather=cold", "warm lining; long cuff"),
        ("Paumelle", "69.90", "sport=skiing weather=cold level=expert", "leather palm; waterproof membrane"),
    ]),
    ("HAT", 2, "hats", "hat", "base", None, "", [
        ("Visane", "17.90", "sport=running,trail weather=heat occasion=gift|running cap", "breathable mesh; dries quickly"),
        ("Bonine", "19.90", "sport=running,hiking weather=cold occasion=gift|beanie", "merino wool; soft fabric"),
        ("Bandelle", "12.90", "sport=running,fitness,tennis weather=heat|headband", "soft fabric; dries quickly"),
        ("Tourelle", "14.90", "sport=hiking,skiing,trail weather=cold occasion=gift|neck warmer", "soft fabric; recycled fabric"),
        ("Ombrine", "22.90", "sport=tennis weather=heat|tennis cap", "recycled fabric; breathable mesh"),
    ]),
    ("SOCK", 2, "socks", "socks", "base", SOCKS, "", [
        ("Cotelle", "9.90", "sport=running feel=comfort|running socks", "anti-blister; seamless toe"),
        ("Pasquine", "12.90", "sport=running feel=speed|running socks", "left and right shaped; breathable mesh"),
        ("Mollane", "24.90", "sport=running goal=marathon,half_marathon feel=stability|compression socks", "light compression; seamless toe"),
        ("Kilane", "14.90", "sport=running goal=marathon feel=comfort|long run socks", "anti-blister; left and right shaped"),
        ("Sentine", "15.90", "sport=trail feel=comfort|trail socks", "anti-blister; long lasting"),
        ("Bouline", "17.90", "sport=trail feel=speed|trail socks", "left and right shaped; dries quickly"),
        ("Randelle", "14.90", "sport=hiking weather=cold feel=comfort|hiking socks", "merino wool; seamless toe"),
        ("Estivane", "11.90", "sport=hiking weather=heat feel=comfort|hiking socks", "dries quickly; seamless toe"),
        ("Tibiane", "9.90", "sport=football|football socks", "light compression; dries quickly"),
        ("Courtine", "12.90", "sport=tennis|tennis socks", "padded sole; dries quickly"),
        ("Adhéline", "13.90", "sport=yoga|yoga socks", "grip dots; soft fabric"),
        ("Pédaline", "13.90", "sport=cycling|cycling socks", "breathable mesh; dries quickly"),
        ("Neigelle", "24.90", "sport=skiing weather=cold|ski socks", "merino wool; left and right shaped"),
    ]),
    ("GEL", 2, "gels", "energy gel", "food", None,
     "sport=running,trail,cycling moment=during", [
        ("Citrane", "2.20", "flavour=lemon caffeine=without", "easy to open; liquid texture"),
        ("Groselle", "2.20", "flavour=red_berries caffeine=without", "easy to open; natural ingredients"),
        ("Colane", "2.50", "flavour=cola caffeine=with", "easy to open; liquid texture"),
        ("Salane", "2.50", "flavour=salted caffeine=without", "gentle on the stomach; with electrolytes"),
        ("Marathane", "12.00", "flavour=lemon caffeine=without goal=marathon|box of energy gels", "gentle on the stomach; easy to open"),
        ("Caféline", "13.50", "flavour=coffee caffeine=with goal=marathon,ultra|box of energy gels", "liquid texture; easy to open"),
        ("Mentane", "2.20", "flavour=mint caffeine=without", "liquid texture; not too sweet"),
    ]),
    ("BAR", 2, "bars", "energy bar", "food", None,
     "sport=running,trail,cycling,hiking", [
        ("Amandine", "1.90", "flavour=nuts moment=before,during diet=vegan", "natural ingredients; not too sweet"),
        ("Chocane", "1.90", "flavour=chocolate moment=before,during", "easy to open; natural ingredients"),
        ("Abrine", "1.90", "flavour=fruit moment=during diet=vegan", "natural ingredients; gentle on the stomach"),
        ("Salcane", "2.10", "flavour=salted moment=during", "not too sweet; easy to open"),
        ("Protane", "2.90", "flavour=chocolate moment=after sport=fitness,running|protein bar", "high in protein; easy to open"),
        ("Vanelle", "2.90", "flavour=vanilla moment=after sport=fitness,running diet=vegan|protein bar", "high in protein; natural ingredients"),
    ]),
    ("DRK", 2, "drinks", "sports drink", "food", None, "", [
        ("Isolane", "14.90", "flavour=lemon moment=during sport=running,cycling,trail", "with electrolytes; not too sweet"),
        ("Fruitane", "14.90", "flavour=red_berries moment=during sport=running,cycling,trail", "with electrolytes; natural ingredients"),
        ("Réparane", "24.90", "flavour=chocolate moment=after sport=running,fitness,cycling|recovery drink", "high in protein; natural ingredients"),
        ("Hydrane", "8.90", "flavour=neutral moment=before,during sport=running,cycling,tennis,football|electrolyte tablets", "with electrolytes; not too sweet"),
    ]),
    ("GAD", 2, "watches", "sports watch", "tech", None, "occasion=gift", [
        ("Chronelle", "149.00", "sport=running level=beginner,regular", "built-in GPS; wrist heart rate"),
        ("Altane", "299.00", "sport=trail,hiking level=expert", "built-in GPS; long battery life"),
        ("Brassane", "199.00", "sport=swimming,running,cycling level=regular", "swim proof; wrist heart rate"),
        ("Minutelle", "49.90", "sport=running,fitness level=beginner", "long battery life; swim proof"),
    ]),
    ("LAM", 2, "headlamps", "headlamp", "tech", None, "occasion=gift", [
        ("Luciole", "29.90", "sport=running,hiking level=beginner", "rechargeable; tilting lamp"),
        ("Veillane", "49.90", "sport=running,trail level=regular", "rechargeable; red rear light"),
        ("Pharelle", "99.00", "sport=trail level=expert", "long battery life; rechargeable"),
    ]),
    ("ELE", 2, "electronics", "sports electronics", "tech", None, "", [
        ("Battane", "59.90", "sport=running,cycling,fitness|heart rate strap", "soft chest strap; long battery life"),
        ("Sonelle", "79.90", "sport=running,fitness occasion=gift|sports earphones", "open ear; rechargeable"),
        ("Écholine", "39.90", "sport=fitness,yoga occasion=gift|sports earphones", "rechargeable; soft ear tips"),
    ]),
    ("BAG", 2, "bags", "bag", "trail", None, "", [
        ("Besane", "59.00", "sport=hiking trip=day|day backpack", "ventilated back; rain cover included"),
        ("Musetelle", "119.00", "sport=hiking trip=weekend|weekend backpack", "hip belt; ventilated back"),
        ("Barda", "159.00", "sport=hiking trip=weekend level=expert|trekking backpack", "hip belt; large volume"),
        ("Giletane", "89.00", "sport=trail goal=ultra|running vest", "soft flasks included; bounce free"),
        ("Poitrelle", "59.00", "sport=trail,running|running vest", "bounce free; zip pocket"),
        ("Ceintine", "24.90", "sport=running goal=marathon,half_marathon occasion=gift|running belt", "bounce free; zip pocket"),
        ("Vestelle", "34.90", "sport=football,tennis,fitness,swimming|sports bag", "shoe compartment; carrying strap"),
        ("Cordelle", "14.90", "sport=fitness,swimming,football|drawstring bag", "packs small; recycled fabric"),
        ("Raquelle", "54.90", "sport=tennis|racket bag", "shoe compartment; carrying strap"),
    ]),
    ("BAL", 2, "balls", "ball", "ball", None, "", [
        ("Rondelle", "19.90", "sport=football level=beginner occasion=gift|football", "machine stitched; training quality"),
        ("Coupole", "39.90", "sport=football level=regular|match football", "hand stitched; match quality"),
        ("Futsane", "29.90", "sport=football surface=indoor|indoor football", "machine stitched; match quality"),
        ("Feutrine", "7.90", "sport=tennis level=regular|tennis balls", "match quality; long lasting"),
        ("Panière", "24.90", "sport=tennis level=beginner|training tennis balls", "training quality; long lasting"),
    ]),
    ("RAC", 2, "rackets", "tennis racket", "court", None, "sport=tennis", [
        ("Cordane", "79.00", "level=beginner feel=comfort", "large head; pre-strung"),
        ("Tamisane", "129.00", "level=regular feel=stability", "light frame; large head"),
        ("Avantine", "179.00", "level=expert feel=speed", "light frame; match quality"),
        ("Minirelle", "34.90", "level=beginner gender=kids occasion=gift", "light frame; pre-strung"),
    ]),
    ("MAT", 2, "mats", "yoga mat", "mat", None, "sport=yoga", [
        ("Lotane", "29.90", "level=beginner feel=comfort occasion=gift", "extra thick; carrying strap"),
        ("Zénane", "49.90", "level=regular feel=stability", "non-slip surface; recycled fabric"),
        ("Liégane", "69.90", "level=expert feel=stability occasion=gift", "natural cork; non-slip surface"),
        ("Voyagelle", "39.90", "level=regular feel=comfort", "packs small; non-slip surface"),
    ]),
    ("GYM", 2, "training_gear", "training gear", "mat", None, "", [
        ("Briquelle", "14.90", "sport=yoga level=beginner|yoga block", "natural cork; non-slip surface"),
        ("Sangline", "9.90", "sport=yoga level=beginner|yoga strap", "cotton loop; soft fabric"),
        ("Altérine", "24.90", "sport=fitness level=beginner|dumbbells", "neoprene grip; non-slip surface"),
        ("Fontane", "49.90", "sport=fitness level=regular|kettlebell", "neoprene grip; flat base"),
        ("Élastine", "19.90", "sport=fitness,yoga occasion=gift|resistance bands", "set of several strengths; packs small"),
        ("Sautelle", "12.90", "sport=fitness|skipping rope", "neoprene grip; quick adjustment"),
        ("Roulis", "24.90", "sport=running,fitness,trail occasion=gift|foam roller", "firm foam; packs small"),
        ("Massane", "14.90", "sport=running,fitness,yoga occasion=gift|massage ball", "firm rubber; packs small"),
    ]),
    ("CYG", 2, "cycling_gear", "cycling gear", "bike", None, "sport=cycling", [
        ("Crânelle", "59.90", "level=beginner|bike helmet", "well ventilated; quick adjustment"),
        ("Caboche", "119.00", "level=expert|road helmet", "well ventilated; low weight"),
        ("Bambine", "34.90", "level=beginner gender=kids|kids' helmet", "quick adjustment; red rear light"),
        ("Loupiote", "24.90", "occasion=gift|bike lights", "USB charging; bright beam"),
        ("Grelotte", "9.90", "occasion=gift|bike bell", "clear sound; quick to fit"),
        ("Pompelle", "19.90", "occasion=gift|mini pump", "packs small; low weight"),
    ]),
    ("BOT", 2, "bottles", "bottle", "base", None, "", [
        ("Gorgelle", "9.90", "sport=cycling,fitness|sports bottle", "leakproof; easy to open"),
        ("Sourcelle", "24.90", "sport=hiking,fitness,yoga occasion=gift|insulated bottle", "keeps drinks cold; leakproof"),
        ("Flaquelle", "17.90", "sport=trail,running|soft flask", "leakproof; packs small"),
        ("Thermane", "29.90", "sport=hiking,skiing weather=cold occasion=gift|thermos flask", "vacuum insulation; leakproof"),
    ]),
    ("SWG", 2, "swimming_gear", "swimming gear", "swim", None,
     "sport=swimming", [
        ("Hublane", "14.90", "level=beginner|swimming goggles", "anti-fog; soft silicone"),
        ("Bullane", "29.90", "level=expert|racing goggles", "mirrored lens; anti-fog"),
        ("Têtarde", "12.90", "level=beginner gender=kids occasion=gift|kids' goggles", "anti-fog; quick adjustment"),
        ("Calotine", "9.90", "|swim cap", "soft silicone; fits long hair"),
        ("Planchelle", "17.90", "level=beginner|kickboard", "firm foam; long lasting"),
        ("Palmelle", "29.90", "level=regular|training fins", "soft silicone; long lasting"),
    ]),
    ("SKI", 2, "ski_gear", "ski gear", "snow", None,
     "sport=skiing weather=cold", [
        ("Panorelle", "89.00", "level=regular|ski goggles", "double lens; helmet compatible"),
        ("Blizzane", "59.00", "level=beginner|ski goggles", "anti-fog; fits over glasses"),
        ("Caskelle", "99.00", "level=regular|ski helmet", "well ventilated; quick adjustment"),
        ("Bâtonnelle", "39.90", "level=beginner|ski poles", "low weight; adjustable strap"),
        ("Housselle", "44.90", "|ski bag", "edge protection; carrying strap"),
    ]),
    ("POL", 2, "poles", "trekking poles", "trail", None, "", [
        ("Appuyane", "39.90", "sport=hiking level=beginner", "telescopic; cork handle"),
        ("Trépane", "79.90", "sport=hiking,trail level=regular", "folds in three; cork handle"),
        ("Flèchelle", "119.00", "sport=trail level=expert", "folds in three; low weight"),
    ]),
    ("CAR", 2, "foot_care", "foot care", "base", None, "", [
        ("Semellane", "29.90", "sport=running,hiking feel=comfort|insoles", "cut to size; cushioned sole"),
        ("Ampoline", "8.90", "sport=running,trail,hiking goal=marathon,ultra|anti-blister cream", "anti-blister; natural ingredients"),
        ("Laçane", "6.90", "sport=running,trail|elastic laces", "quick lacing; one size for all"),
    ]),
    ("GIF", 2, "gift_cards", "gift card", "base", None, "occasion=gift", [
        ("Carte Vingt", "20.00", "", "sent by e-mail; any amount of the shop"),
        ("Carte Cinquante", "50.00", "", "sent by e-mail; any amount of the shop"),
    ]),
]

# Products that are out of stock altogether, and sizes that are gone where a reply must say so.
SOLD_OUT = {"JAC-09", "TEN-006", "GAD-02"}
GONE_SIZES = {("RUN-012", "46"), ("RUN-013", "42"), ("TRL-001", "44"), ("SOCK-04", "35-38")}


# --------------------------------------------------------------------------------- attributes

# Place of manufacture by brand.
MADE_IN = {
    "Vélance": "Portugal", "Karsto": "Portugal", "Fulbane": "Spain", "Revola": "Italy",
    "Orgelle": "France", "Ostrane": "Italy", "Maréo": "Portugal", "Tiverne": "Slovenia",
    "Ravigo": "France", "Pulsane": "Vietnam", "Foulée": "Portugal",
}

# Weight of one shoe in its middle size, in grams: from, to; and of those made for speed.
SHOE_WEIGHTS_G = {
    "running_shoes": ((250, 305), (190, 235)), "trail_shoes": ((280, 340), (240, 275)),
    "hiking_shoes": ((390, 580), (340, 380)), "football_boots": ((220, 260), (180, 215)),
    "tennis_shoes": ((320, 380), (290, 315)), "fitness_shoes": ((260, 310), (220, 250)),
    "cycling_shoes": ((280, 330), (230, 265)), "pool_sandals": ((180, 240), (180, 240)),
}

# Difference of height between heel and toes, in millimetres: from, to.
SHOE_DROPS_MM = {
    "running_shoes": (6, 10), "trail_shoes": (4, 8), "hiking_shoes": (8, 12),
    "fitness_shoes": (4, 6),
}

# Weight of one garment in its middle size, in grams: from, to.
CLOTHES_WEIGHTS_G = {
    "tops": (95, 160), "shorts": (90, 150), "tights": (190, 260), "fleeces": (280, 420),
    "bras": (80, 130), "swimwear": (90, 160), "cycling_jerseys": (130, 230),
    "cycling_shorts": (170, 220), "base_layers": (140, 210), "trousers": (260, 340),
    "gloves": (40, 90), "hats": (35, 70), "socks": (40, 70),
}

# What only the product itself tells, by sku. The unit is in the key.
OWN_ATTRIBUTES = {
    "GEL-01": {"weight_g": 40, "caffeine_mg": 0, "energy_kcal": 100, "carbohydrates_g": 25},
    "GEL-02": {"weight_g": 40, "caffeine_mg": 0, "energy_kcal": 100, "carbohydrates_g": 25},
    "GEL-03": {"weight_g": 40, "caffeine_mg": 50, "energy_kcal": 100, "carbohydrates_g": 25},
    "GEL-04": {"weight_g": 40, "caffeine_mg": 0, "energy_kcal": 95, "carbohydrates_g": 23,
               "sodium_mg": 200},
    "GEL-05": {"pieces": 6, "weight_g": 240, "caffeine_mg": 0, "energy_kcal": 100},
    "GEL-06": {"pieces": 6, "weight_g": 240, "caffeine_mg": 60, "energy_kcal": 100},
    "GEL-07": {"weight_g": 40, "caffeine_mg": 0, "energy_kcal": 90, "carbohydrates_g": 22},
    "BAR-01": {"weight_g": 35, "energy_kcal": 160, "protein_g": 5},
    "BAR-02": {"weight_g": 35, "energy_kcal": 150, "protein_g": 4},
    "BAR-03": {"weight_g": 35, "energy_kcal": 130, "protein_g": 2},
    "BAR-04": {"weight_g": 40, "energy_kcal": 170, "protein_g": 6},
    "BAR-05": {"weight_g": 50, "energy_kcal": 190, "protein_g": 20},
    "BAR-06": {"weight_g": 50, "energy_kcal": 185, "protein_g": 16},
    "DRK-01": {"weight_g": 500, "portions": 14, "caffeine_mg": 0},
    "DRK-02": {"weight_g": 500, "portions": 14, "caffeine_mg": 0},
    "DRK-03": {"weight_g": 750, "portions": 15, "protein_g": 20, "caffeine_mg": 0},
    "DRK-04": {"pieces": 20, "weight_g": 80, "caffeine_mg": 0},
    "GAD-01": {"weight_g": 48, "battery_hours": 20, "gps": True, "heart_rate": True,
               "waterproof": True, "water_resistance_m": 30, "swim_proof": False},
    "GAD-02": {"weight_g": 68, "battery_hours": 60, "gps": True, "heart_rate": True,
               "waterproof": True, "water_resistance_m": 100, "swim_proof": True},
    "GAD-03": {"weight_g": 52, "battery_hours": 25, "gps": True, "heart_rate": True,
               "waterproof": True, "water_resistance_m": 50, "swim_proof": True},
    "GAD-04": {"weight_g": 34, "battery_hours": 240, "gps": False, "heart_rate": False,
               "waterproof": True, "water_resistance_m": 50, "swim_proof": True},
    "LAM-01": {"weight_g": 75, "battery_hours": 5, "lumens": 250, "rechargeable": True,
               "waterproof": True},
    "LAM-02": {"weight_g": 92, "battery_hours": 6, "lumens": 450, "rechargeable": True,
               "waterproof": True},
    "LAM-03": {"weight_g": 145, "battery_hours": 12, "lumens": 900, "rechargeable": True,
               "waterproof": True},
    "ELE-01": {"weight_g": 50, "battery_hours": 400, "bluetooth": True, "waterproof": True},
    "ELE-02": {"weight_g": 29, "battery_hours": 8, "bluetooth": True, "waterproof": False,
               "rechargeable": True},
    "ELE-03": {"weight_g": 18, "battery_hours": 6, "bluetooth": True, "waterproof": False,
               "rechargeable": True},
    "BAG-01": {"volume_l": 22, "weight_g": 780, "waterproof": False, "material": "polyamide"},
    "BAG-02": {"volume_l": 38, "weight_g": 1250, "waterproof": False, "material": "polyamide"},
    "BAG-03": {"volume_l": 60, "weight_g": 1780, "waterproof": False, "material": "polyamide"},
    "BAG-04": {"volume_l": 12, "weight_g": 290, "waterproof": False, "material": "stretch"},
    "BAG-05": {"volume_l": 5, "weight_g": 190, "waterproof": False, "material": "stretch"},
    "BAG-06": {"volume_l": 1, "weight_g": 85, "waterproof": False, "material": "stretch"},
    "BAG-07": {"volume_l": 40, "weight_g": 620, "waterproof": False, "material": "polyester"},
    "BAG-08": {"volume_l": 15, "weight_g": 110, "waterproof": False,
               "material": "recycled_polyester"},
    "BAG-09": {"volume_l": 55, "weight_g": 980, "waterproof": False, "material": "polyester"},
    "BAL-01": {"ball_size": 5, "weight_g": 420, "material": "pu_ball"},
    "BAL-02": {"ball_size": 5, "weight_g": 430, "material": "pu_ball"},
    "BAL-03": {"ball_size": 4, "weight_g": 420, "material": "pu_ball"},
    "BAL-04": {"pieces": 4, "material": "felt"},
    "BAL-05": {"pieces": 24, "material": "felt"},
    "RAC-01": {"weight_g": 265, "head_cm2": 690, "length_cm": 69, "strung": True,
               "material": "graphite"},
    "RAC-02": {"weight_g": 275, "head_cm2": 660, "length_cm": 69, "strung": False,
               "material": "graphite"},
    "RAC-03": {"weight_g": 300, "head_cm2": 630, "length_cm": 69, "strung": False,
               "material": "graphite"},
    "RAC-04": {"weight_g": 215, "head_cm2": 600, "length_cm": 58, "strung": True,
               "material": "aluminium"},
    "MAT-01": {"thickness_mm": 10, "length_cm": 183, "width_cm": 61, "weight_g": 1100,
               "material": "foam"},
    "MAT-02": {"thickness_mm": 5, "length_cm": 183, "width_cm": 61, "weight_g": 2100,
               "material": "recycled_mat"},
    "MAT-03": {"thickness_mm": 4, "length_cm": 183, "width_cm": 66, "weight_g": 2300,
               "material": "cork_rubber"},
    "MAT-04": {"thickness_mm": 2, "length_cm": 180, "width_cm": 61, "weight_g": 1000,
               "material": "rubber"},
    "GYM-01": {"length_cm": 23, "width_cm": 15, "thickness_mm": 75, "weight_g": 650,
               "material": "cork"},
    "GYM-02": {"length_cm": 240, "width_cm": 4, "weight_g": 170, "material": "cotton"},
    "GYM-03": {"pieces": 2, "weight_kg": 2, "material": "iron_neoprene"},
    "GYM-04": {"weight_kg": 12, "material": "iron_neoprene"},
    "GYM-05": {"pieces": 5, "weight_g": 250, "material": "latex"},
    "GYM-06": {"length_cm": 300, "weight_g": 140},
    "GYM-07": {"length_cm": 33, "diameter_cm": 14, "weight_g": 700, "material": "eva_foam"},
    "GYM-08": {"diameter_cm": 7, "weight_g": 150, "material": "rubber"},
    "CYG-01": {"weight_g": 310, "head_min_cm": 54, "head_max_cm": 60, "material": "helmet"},
    "CYG-02": {"weight_g": 235, "head_min_cm": 54, "head_max_cm": 60, "material": "helmet"},
    "CYG-03": {"weight_g": 260, "head_min_cm": 48, "head_max_cm": 54, "material": "helmet"},
    "CYG-04": {"weight_g": 95, "battery_hours": 8, "lumens": 300, "rechargeable": True,
               "waterproof": True},
    "CYG-05": {"weight_g": 60, "material": "brass"},
    "CYG-06": {"weight_g": 105, "length_cm": 18, "pressure_bar": 8, "material": "aluminium"},
    "BOT-01": {"volume_l": 0.75, "weight_g": 90, "dishwasher_safe": True, "material": "plastic"},
    "BOT-02": {"volume_l": 0.5, "weight_g": 290, "keeps_cold_hours": 24, "keeps_hot_hours": 8,
               "dishwasher_safe": False, "material": "steel"},
    "BOT-03": {"volume_l": 0.5, "weight_g": 38, "dishwasher_safe": False, "material": "tpu"},
    "BOT-04": {"volume_l": 0.75, "weight_g": 420, "keeps_cold_hours": 24, "keeps_hot_hours": 12,
               "dishwasher_safe": False, "material": "steel"},
    "SWG-01": {"weight_g": 45, "uv_protection": True, "material": "silicone"},
    "SWG-02": {"weight_g": 36, "uv_protection": True, "material": "silicone"},
    "SWG-03": {"weight_g": 40, "uv_protection": True, "material": "silicone"},
    "SWG-04": {"weight_g": 50, "material": "silicone"},
    "SWG-05": {"length_cm": 41, "weight_g": 190, "material": "eva_foam"},
    "SWG-06": {"weight_g": 640, "material": "silicone"},
    "SKI-01": {"weight_g": 130, "uv_protection": True},
    "SKI-02": {"weight_g": 140, "uv_protection": True},
    "SKI-03": {"weight_g": 480, "head_min_cm": 54, "head_max_cm": 60, "material": "helmet"},
    "SKI-04": {"weight_g": 440, "length_cm": 120, "material": "aluminium"},
    "SKI-05": {"length_cm": 190, "weight_g": 900, "waterproof": False, "material": "polyester"},
    "POL-01": {"weight_g": 560, "length_min_cm": 100, "length_max_cm": 135,
               "material": "aluminium"},
    "POL-02": {"weight_g": 460, "length_min_cm": 105, "length_max_cm": 125,
               "material": "aluminium"},
    "POL-03": {"weight_g": 310, "length_cm": 120, "material": "carbon"},
    "CAR-01": {"thickness_mm": 5, "weight_g": 60, "material": "eva_foam"},
    "CAR-02": {"volume_ml": 75},
    "CAR-03": {"length_cm": 90, "weight_g": 15, "material": "polyester"},
    "GIF-01": {"valid_years": 2},
    "GIF-02": {"valid_years": 2},
    "GYM-09": {"material": "iron"},
    "MAT-05": {"thickness_mm": 6, "material": "rubber"},
    "BAG-10": {"waterproof": False, "material": "polyamide"},
    "JAC-11": {"weight_g": 340, "waterproof": True, "water_column_mm": 20000,
               "machine_washable": True, "material": "membrane"},
    "SKI-06": {"weight_g": 420, "material": "aluminium"},
}

# Height of water that the fabric of a waterproof jacket or pair of trousers holds back, in mm.
WATER_COLUMNS_MM = [10_000, 15_000, 20_000]


def shoe_attributes(chance, category, facets, english):
    normal, fast = SHOE_WEIGHTS_G[category]
    weight = chance.randrange(*(fast if "speed" in facets.get("feel", []) else normal), 5)
    if facets.get("gender") == ["kids"]:
        weight = weight * 7 // 50 * 5
    found = {"weight_g": weight}
    if category in SHOE_DROPS_MM:
        found["drop_mm"] = chance.randrange(*SHOE_DROPS_MM[category], 2)
    if category == "pool_sandals":
        return {**found, "material": "eva"}
    rain = "rain" in facets.get("weather", [])
    found["waterproof"] = rain or "waterproof membrane" in english
    found["machine_washable"] = False
    if "leather upper" in english:
        found["material"] = "leather"
    elif "moulded studs" in english:
        found["material"] = "stud"
    elif category == "cycling_shoes":
        found["material"] = "cycling_carbon" if "carbon plate" in english else "cycling_nylon"
    elif category in {"hiking_shoes", "football_boots"} and "breathable mesh" not in english:
        found["material"] = "synthetic"
    else:
        found["material"] = "mesh"
    return found


def fabric(category, english):
    """Key of the material of a garment, from its features."""
    if "leather palm" in english:
        return "leather_gloves"
    if "waterproof membrane" in english:
        return "membrane"
    if "merino wool" in english:
        return "merino_blend" if category == "socks" else "merino"
    if "recycled fabric" in english:
        return "recycled_polyester"
    if category == "socks":
        return "stretch"
    if category in {"tights", "swimwear", "cycling_shorts", "bras", "base_layers"}:
        return "polyester_stretch"
    return "stretch" if "stretch fabric" in english else "polyester"


def clothes_attributes(chance, category, facets, english):
    found = {}
    if category == "jackets":
        light = "packs small" in english or facets["weather"] == ["wind"]
        warm = "warm lining" in english
        found["weight_g"] = chance.randrange(*((180, 290) if light else (330, 450)), 5)
        found["weight_g"] += 400 if warm else 0
    else:
        found["weight_g"] = chance.randrange(*CLOTHES_WEIGHTS_G[category], 5)
    if category in {"jackets", "trousers", "gloves"}:
        membrane = "waterproof membrane" in english
        found["waterproof"] = membrane or "rain" in facets.get("weather", [])
        if found["waterproof"] and category != "gloves":
            found["water_column_mm"] = chance.choice(WATER_COLUMNS_MM) if membrane else 10_000
        elif category == "jackets":
            found["water_repellent"] = True
    if "leather palm" not in english:
        found["machine_washable"] = True
    return {**found, "material": fabric(category, english)}


def attributes(sku, category, brand, facets, english):
    """Machine-readable facts of a product; the same for a sku whatever the other products are."""
    chance = random.Random(f"{SEED} {sku}")
    if category in SHOE_WEIGHTS_G:
        found = shoe_attributes(chance, category, facets, english)
    elif category in CLOTHES_WEIGHTS_G or category == "jackets":
        found = clothes_attributes(chance, category, facets, english)
    else:
        found = {}
    found.update(OWN_ATTRIBUTES.get(sku, {}))
    if "material" in found:
        found["material"] = MATERIALS[found["material"]]
    if category != "gift_cards":
        found["made_in"] = PLACES[MADE_IN[brand]]
    return found


# ------------------------------------------------------------------------------- descriptions

# Noun forms of the feature phrases that are none in English or French, for the lists below.
NOUN_FORMS = {
    key.strip(): {"en": en.strip(), "fr": fr.strip()}
    for key, en, fr in (row.split("|") for row in """
drains quickly | quick drainage | évacuation rapide de l'eau
dries quickly | quick drying | séchage rapide
packs small | small packed size | faible encombrement
chlorine resistant | chlorine-resistant fabric | tissu résistant au chlore
anti-blister | protection against blisters | protection contre les ampoules
left and right shaped | left and right shape | forme pied droit et gauche
easy to open | easy opening | ouverture facile
gentle on the stomach | good tolerance | bonne tolérance digestive
high in protein | high protein content | teneur élevée en protéines
with electrolytes | added electrolytes | électrolytes ajoutés
not too sweet | mild sweetness | goût peu sucré
swim proof | swim-proof case | boîtier étanche à la nage
rechargeable | rechargeable battery | batterie rechargeable
open ear | open-ear design | oreilles libres
bounce free | bounce-free fit | tenue sans rebond
hand stitched | hand stitching | couture main
machine stitched | machine stitching | couture machine
pre-strung | strings included | cordage inclus
extra thick | extra thickness | forte épaisseur
well ventilated | good ventilation | bonne ventilation
keeps drinks cold | long cooling | maintien au frais
leakproof | leakproof cap | bouchon anti-fuite
insulated | insulated wall | paroi isotherme
anti-fog | anti-fog coating | traitement antibuée
fits over glasses | room for glasses | place pour les lunettes de vue
telescopic | telescopic shafts | réglage télescopique
folds in three | folding in three parts | pliage en trois
cut to size | shape to trim | forme à découper
sent by e-mail | delivery by e-mail | envoi par e-mail
any amount of the shop | use in the whole shop | validité dans tout le magasin
helmet compatible | fit with helmets | compatibilité avec le casque
long lasting | long life | longue durée de vie
fits long hair | room for long hair | place pour les cheveux longs
quick to fit | quick fitting | montage rapide
one size for all | one size | taille unique
""".strip().splitlines())
}

# What comes before the features in the second sentence of a description, and joins the last two.
STRONG_POINTS = {
    "en": ("Strong points", "and"), "fr": ("Points forts", "et"), "de": ("Besonderheiten", "und"),
    "es": ("Puntos fuertes", "y"), "it": ("Punti di forza", "e"), "pt": ("Pontos fortes", "e"),
}

# The facet whose values tell the kinds of a category apart in SENTENCES.
TELLING_FACET = {
    "running_shoes": "goal", "trail_shoes": "goal", "hiking_shoes": "trip",
    "football_boots": "surface", "tennis_shoes": "surface", "cycling_shoes": "surface",
    "tops": "weather", "jackets": "weather", "bras": "hold", "cycling_jerseys": "weather",
    "trousers": "sport", "gloves": "weather", "gels": "caffeine", "rackets": "gender",
}


def sentence(category, title, facets):
    """The narrowest entry of SENTENCES for a product."""
    values = facets.get(TELLING_FACET.get(category), [])
    keys = [title, f"{category}/{'+'.join(values)}", f"{category}/{(values or [''])[0]}", category]
    return next(SENTENCES[key] for key in keys if key in SENTENCES)


def joined(language, joint, last):
    """"and" with what follows: Spanish and Italian change it before the same vowel."""
    if language == "es" and last.startswith("i"):
        joint = "e"
    elif language == "it" and last.startswith("e"):
        joint = "ed"
    return f"{joint} {last}"


def description(category, title, facets, english):
    found = {}
    for language, first in sentence(category, title, facets).items():
        lead, joint = STRONG_POINTS[language]
        points = [NOUN_FORMS.get(phrase, {}).get(language, FEATURES[phrase][language])
                  for phrase in english]
        listed = ", ".join(points[:-1]) + f" {joined(language, joint, points[-1])}"
        # French puts a space before a colon.
        colon = " :" if language == "fr" else ":"
        found[language] = f"{first} {lead}{colon} {listed}."
    return found


CLOTHING = {
    "tops", "shorts", "tights", "jackets", "fleeces", "bras", "swimwear", "cycling_jerseys",
    "cycling_shorts", "base_layers", "trousers", "gloves", "hats",
}


def parse_facets(text):
    facets = {}
    for part in text.split():
        key, values = part.split("=")
        facets[key] = values.split(",")
    return facets


def sizes_for(sizes, facets):
    gender = facets.get("gender", [])
    if sizes is SHOES and gender == ["kids"]:
        return [str(size) for size in range(28, 39)]
    if sizes is SHOES and gender == ["women"]:
        return SHOES[:7]
    if sizes is SHOES and gender == ["men"]:
        return SHOES[3:]
    if sizes is CLOTHES and gender == ["kids"]:
        return ["XS", "S", "M"]
    return sizes


def stock_for(chance, sku, sizes):
    if sizes is None:
        return 0 if sku in SOLD_OUT else chance.randint(6, 90)
    stock = {}
    for index, size in enumerate(sizes):
        middle = abs(index - (len(sizes) - 1) / 2) < len(sizes) / 4
        units = chance.randint(2, 14) if middle else chance.randint(0, 6)
        stock[size] = 0 if sku in SOLD_OUT or (sku, size) in GONE_SIZES else units
    return stock


def localized(english):
    """The feature phrases in each language."""
    return {
        language: [FEATURES[phrase][language] for phrase in english] for language in LANGUAGES
    }


def products():
    chance = random.Random(SEED)
    found = []
    names = set()
    for prefix, digits, category, title, brand, sizes, common, rows in TABLES:
        for number, (model, price, extra, features) in enumerate(rows, start=1):
            own, *titles = extra.split("|")
            own_title = titles[0] if titles else title
            facets = {**parse_facets(common), **parse_facets(own)}
            shoe = sizes is SHOES
            if shoe and "gender" not in facets:
                facets["gender"] = ["women", "men"]
            if shoe or category in CLOTHING or category in {"socks", "bags"}:
                facets["colour"] = sorted(chance.sample(COLOURS, chance.choice([1, 1, 2])))
            sku = f"{prefix}-{number:0{digits}d}"
            name = model if category == "gift_cards" else f"{BRANDS[brand]} {model}"
            assert len(name) <= 20 and name not in names, name
            names.add(name)
            english = [phrase.strip() for phrase in features.split(";")]
            found.append({
                "sku": sku, "name": name, "brand": BRANDS[brand], "category": category,
                "price": {"amount": price, "currency": "EUR"},
                "stock": stock_for(chance, sku, sizes_for(sizes, facets)),
                "facets": dict(sorted(facets.items())),
                "title": TITLES[own_title],
                "features": localized(english),
                "description": description(category, own_title, facets, english),
                "attributes": attributes(sku, category, BRANDS[brand], facets, english),
                "url": f"https://foulee.example/p/{sku.lower()}",
                "rank": number,
            })
    # A marathon in comfort is what the shop wants to be known for.
    order = ["RUN-012", "RUN-009"]
    for product in found:
        if product["category"] == "running_shoes":
            sku = product["sku"]
            product["rank"] = order.index(sku) + 1 if sku in order else product["rank"] + 2
        # The best of each kind come first, then the second best.
        product["rank"] = ranked(product["rank"], product["category"])
    return found


def ranked(number, category):
    """Place of the `number`th product of a category in the shop's order."""
    kinds = list(dict.fromkeys(row[2] for row in TABLES))
    return 100 * number + kinds.index(category)


# Products that are sold as variants, each with its own sku, price and stock.
# Each row: sku, category, title, brand, model, facets, features, option keys, variants.
# Each variant: end of its sku, option values, price, price before or None, stock; a stock of None
# is a variant that can be ordered before it comes in.
VARIANTS = [
    ("GYM-09", "training_gear", "kettlebell", "mat", "Clochane",
     "sport=fitness level=regular", "cast iron; flat base", ["size"], [
        ("4KG", ["4 kg"], "24.90", None, 18), ("8KG", ["8 kg"], "34.90", None, 25),
        ("12KG", ["12 kg"], "44.90", "49.90", 9), ("16KG", ["16 kg"], "59.90", None, 7),
        ("20KG", ["20 kg"], "74.90", None, 0),
     ]),
    ("MAT-05", "mats", "yoga mat", "mat", "Tapiane",
     "sport=yoga level=beginner,regular feel=comfort colour=green,purple",
     "non-slip surface; carrying strap", ["size", "colour"], [
        ("183-P", ["183 x 61 cm", "purple"], "44.90", None, 12),
        ("183-G", ["183 x 61 cm", "green"], "44.90", None, 8),
        ("200-P", ["200 x 80 cm", "purple"], "59.90", None, 5),
        ("200-G", ["200 x 80 cm", "green"], "59.90", None, 0),
     ]),
    ("BAG-10", "bags", "trekking backpack", "trail", "Bivouane",
     "sport=hiking trip=weekend level=regular colour=blue", "hip belt; rain cover included",
     ["size"], [
        ("40", ["40 L"], "129.00", None, 11), ("50", ["50 L"], "149.00", None, 6),
        ("60", ["60 L"], "169.00", None, None),
     ]),
    ("JAC-11", "jackets", "jacket", "trail", "Giboulane",
     "sport=hiking weather=rain gender=women,men colour=black,blue",
     "waterproof membrane; packs small", ["size", "colour"], [
        ("S-BLK", ["S", "black"], "149.00", None, 6), ("M-BLK", ["M", "black"], "149.00", None, 9),
        ("L-BLK", ["L", "black"], "149.00", None, 4), ("S-BLU", ["S", "blue"], "119.00", "149.00", 2),
        ("M-BLU", ["M", "blue"], "119.00", "149.00", 0), ("L-BLU", ["L", "blue"], "119.00", "149.00", 3),
     ]),
    ("SKI-06", "ski_gear", "ski poles", "snow", "Slalane",
     "sport=skiing weather=cold level=regular", "low weight; adjustable strap", ["size"], [
        ("110", ["110 cm"], "59.90", None, 8), ("115", ["115 cm"], "59.90", None, 12),
        ("120", ["120 cm"], "59.90", None, 10), ("125", ["125 cm"], "64.90", None, 3),
     ]),
]


def one_variant(sku, options, row):
    end, values, price, before, stock = row
    found = {
        "sku": f"{sku}-{end}", "options": dict(zip(options, values)),
        "price": {"amount": price, "currency": "EUR"},
    }
    if before:
        found["compare_at"] = {"amount": before, "currency": "EUR"}
    if stock is None:
        return {**found, "availability": "preorder"}
    return {**found, "stock": stock, "availability": "in_stock" if stock else "sold_out"}


def variant_products():
    """The products of VARIANTS, last in the shop's order of their kind."""
    found = []
    for sku, category, title, brand, model, own, features, options, rows in VARIANTS:
        facets = parse_facets(own)
        english = [phrase.strip() for phrase in features.split(";")]
        lowest = min((row[2] for row in rows), key=float)
        found.append({
            "sku": sku, "name": f"{BRANDS[brand]} {model}", "brand": BRANDS[brand],
            "category": category, "price": {"amount": lowest, "currency": "EUR"},
            "options": options, "variants": [one_variant(sku, options, row) for row in rows],
            "facets": dict(sorted(facets.items())), "title": TITLES[title],
            "features": localized(english),
            "description": description(category, title, facets, english),
            "attributes": attributes(sku, category, BRANDS[brand], facets, english),
            "url": f"https://foulee.example/p/{sku.lower()}",
            "rank": ranked(int(sku.rsplit("-", 1)[1]), category),
        })
        assert len(found[-1]["name"]) <= 20, sku
    return found



# What people buy together: weight, sport, then (category, chance to be in the basket).
MISSIONS = [
    (24, "running", [("running_shoes", .62), ("socks", .55), ("gels", .34), ("tops", .22),
                     ("shorts", .18), ("tights", .10), ("drinks", .16), ("bars", .14),
                     ("foot_care", .12), ("watches", .06), ("hats", .10), ("headlamps", .05)]),
    (15, "trail", [("trail_shoes", .60), ("socks", .50), ("gels", .30), ("bars", .22),
                   ("bags", .20), ("bottles", .16), ("poles", .12), ("headlamps", .10),
                   ("jackets", .12), ("drinks", .14), ("foot_care", .10)]),
    (15, "hiking", [("hiking_shoes", .58), ("socks", .56), ("bags", .24), ("poles", .22),
                    ("fleeces", .18), ("bottles", .18), ("trousers", .14), ("jackets", .12),
                    ("bars", .16), ("tops", .12)]),
    (10, "football", [("football_boots", .60), ("socks", .52), ("balls", .34), ("tops", .22),
                      ("shorts", .24), ("bags", .16), ("drinks", .10)]),
    (8, "tennis", [("tennis_shoes", .46), ("balls", .52), ("rackets", .28), ("socks", .36),
                   ("tops", .20), ("shorts", .18), ("bags", .14), ("hats", .16)]),
    (9, "yoga", [("mats", .58), ("training_gear", .46), ("tights", .34), ("tops", .26),
                 ("bras", .24), ("socks", .18), ("bottles", .16)]),
    (9, "fitness", [("fitness_shoes", .44), ("training_gear", .42), ("bars", .30), ("tops", .26),
                    ("trousers", .14), ("bras", .14), ("bottles", .22), ("electronics", .12)]),
    (9, "cycling", [("cycling_gear", .52), ("cycling_shorts", .32), ("cycling_jerseys", .32),
                    ("cycling_shoes", .24), ("gels", .24), ("bottles", .34), ("socks", .26),
                    ("drinks", .20), ("gloves", .18)]),
    (7, "swimming", [("swimwear", .58), ("swimming_gear", .68), ("pool_sandals", .26),
                     ("bags", .18)]),
    (6, "skiing", [("ski_gear", .56), ("base_layers", .40), ("gloves", .38), ("socks", .40),
                   ("jackets", .20), ("trousers", .18), ("hats", .16)]),
    (3, "gift", [("gift_cards", .60), ("hats", .20), ("bottles", .24), ("watches", .12)]),
]

# Pairs that belong together beyond their sport: the first draws the second, with this chance.
PAIRS = {
    "RUN-012": [("GEL-05", .52), ("SOCK-04", .32), ("BAG-06", .14)],
    "RUN-013": [("GEL-05", .34), ("SOCK-03", .26)],
    "RUN-014": [("GEL-05", .30), ("SOCK-04", .30)],
    "RUN-009": [("GEL-06", .34), ("SOCK-02", .34)],
    "RUN-010": [("GEL-06", .38), ("SOCK-02", .30), ("CAR-02", .16)],
    "RUN-011": [("GEL-06", .40), ("SOCK-03", .34)],
    "RUN-001": [("SOCK-01", .48), ("TOP-01", .14)],
    "RUN-002": [("SOCK-01", .44), ("TOP-02", .14)],
    "TRL-001": [("SOCK-05", .46), ("BAG-05", .22)],
    "TRL-004": [("BAG-04", .38), ("GEL-04", .36)],
    "TRL-005": [("BAG-04", .34), ("POL-03", .22)],
    "HIK-001": [("SOCK-07", .48), ("BAG-01", .22)],
    "HIK-003": [("SOCK-07", .40), ("BAG-02", .30), ("POL-02", .20)],
    "FOO-001": [("SOCK-09", .56), ("BAL-02", .16)],
    "FOO-003": [("SOCK-09", .50), ("BAL-01", .30)],
    "RAC-01": [("BAL-05", .46)],
    "RAC-02": [("BAL-04", .52)],
    "MAT-01": [("GYM-01", .40), ("GYM-02", .24)],
    "MAT-02": [("GYM-01", .34), ("SOCK-11", .20)],
    "CYG-01": [("CYG-04", .42)],
    "SWM-01": [("SWG-04", .46), ("SWG-01", .34)],
    "SWM-04": [("SWG-01", .44), ("SWG-04", .34)],
    "SKI-01": [("SKI-03", .34), ("SOCK-13", .30)],
}

COUNTS_BY_CATEGORY = {"gels": [1, 1, 2, 3], "bars": [1, 2, 2, 3], "socks": [1, 1, 1, 2]}


def fits(product, sport):
    return sport == "gift" or sport in product["facets"].get("sport", [sport])


def pick(chance, shelf):
    """One product of a shelf; the shop's first ones sell best."""
    weights = [1.0 / (index + 1.5) for index in range(len(shelf))]
    return chance.choices(shelf, weights)[0]["sku"]


def one_basket(chance, shelves):
    mission = chance.choices(MISSIONS, [weight for weight, _, _ in MISSIONS])[0]
    _, sport, wishes = mission
    basket = []
    for category, probability in wishes:
        shelf = shelves.get((category, sport), [])
        if not shelf or chance.random() > probability:
            continue
        for _ in range(chance.choice(COUNTS_BY_CATEGORY.get(category, [1]))):
            basket.append(pick(chance, shelf))
    for sku in list(basket):
        for partner, probability in PAIRS.get(sku, []):
            if chance.random() < probability:
                basket.append(partner)
    return list(dict.fromkeys(basket))


def baskets(catalog):
    chance = random.Random(SEED + 1)
    shelves = {}
    for product in sorted(catalog, key=lambda product: (product["category"], product["rank"])):
        for _, sport, wishes in MISSIONS:
            if product["category"] in {category for category, _ in wishes} and fits(product, sport):
                shelves.setdefault((product["category"], sport), []).append(product)
    found = []
    while len(found) < BASKETS:
        basket = one_basket(chance, shelves)
        if basket:
            found.append(basket)
    return found


def main():
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent
    catalog = products()
    sold = catalog + variant_products()
    lines = (json.dumps(product, ensure_ascii=False, separators=(",", ":")) for product in sold)
    (folder / "catalog.ndjson").write_text("\n".join(lines) + "\n", encoding="utf-8")
    rows = (",".join(basket) for basket in baskets(catalog))
    (folder / "baskets.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    print(f"{len(sold)} products, {BASKETS} baskets in {folder}", file=sys.stderr)


if __name__ == "__main__":
    main()
