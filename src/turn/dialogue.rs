//! Second stage: runs the dialogue on what was understood. Reads the stored state, then decides and
//! words the reply.

use crate::turn::PipelineParts;
use crate::turn::action::Action;
use crate::turn::action::HandoffReason;
use crate::turn::attachments;
use crate::turn::consent;
use crate::turn::draft::Brief;
use crate::turn::draft::Fact;
use crate::turn::draft::FactKey;
use crate::turn::draft::Style;
use crate::turn::message::Customer;
use crate::turn::message::TurnRequest;
use crate::turn::state;
use crate::turn::understand::Understood;
use jiff::civil::Date;
use vitrine_base::causes::chain;
use vitrine_base::ids::Sku;
use vitrine_base::language::Language;
use vitrine_base::localized::Localized;
use vitrine_conversations::ConversationRecord;
use vitrine_dialogue::command::Command;
use vitrine_dialogue::command::Complaint;
use vitrine_dialogue::command::Question;
use vitrine_dialogue::command::Said;
use vitrine_dialogue::dialogue;
use vitrine_dialogue::dialogue::Incoming;
use vitrine_dialogue::dialogue::Setting;
use vitrine_dialogue::dialogue::Turned;
use vitrine_dialogue::plan::Plan;
use vitrine_dialogue::policy;
use vitrine_dialogue::policy::Rules;
use vitrine_dialogue::reader;
use vitrine_dialogue::reader::ReaderInput;
use vitrine_dialogue::reader::Reading;
use vitrine_dialogue::state::DialogueState;
use vitrine_dialogue::state::Line;
use vitrine_dialogue::words::Address;
use vitrine_dialogue::words::Worded;
use vitrine_dialogue::words::templates::FixedTexts;

/// The shop's description of itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct ShopProfile {
    pub(crate) name: String,
    /// The shop's subject, such as "sports gear".
    pub(crate) about: Localized<String>,
    /// The people who take over from the bot.
    pub(crate) team: Localized<String>,
    /// When they answer; empty if unknown.
    pub(crate) hours: Localized<String>,
    /// Customer tiers whose purchases a human accompanies.
    pub(crate) personal_tiers: Vec<String>,
    /// Checkout link template with any of [`CHECKOUT_PLACEHOLDERS`]; empty if there is no checkout.
    pub(crate) checkout_url: String,
}

/// What a checkout link template may hold: it is replaced when the link is made.
pub(crate) const CHECKOUT_PLACEHOLDERS: [&str; 6] =
    ["{sku}", "{product}", "{size}", "{quantity}", "{lines}", "{thread}"];

/// How to treat a message in a language that replies are not written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ForeignWords {
    /// Answer as far as it is understood, in the language of the conversation.
    Reply,
    /// Hand off.
    HandOff,
}

/// Limits of the dialogue.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DialogueRules {
    pub(crate) rules: Rules,
    pub(crate) foreign: ForeignWords,
}

/// A decided turn: what was understood, the new state, the reply before a model may reword it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Decision {
    pub(crate) action: Action,
    pub(crate) handoff: Option<HandoffReason>,
    /// `None` where the bot says nothing, or a fixed text.
    pub(crate) turned: Option<Turned>,
    /// The reply as the templates word it; empty if a human owns the conversation.
    pub(crate) text: String,
    /// Option ids with their titles.
    pub(crate) options: Vec<(String, String)>,
}

impl Decision {
    /// The plan, if the dialogue made one.
    pub(crate) fn plan(&self) -> Option<&Plan> {
        self.turned.as_ref().map(|turned| &turned.plan)
    }
}

/// The state that a conversation goes on from. One that cannot be read starts anew, and is logged.
pub(crate) fn recall(record: &ConversationRecord) -> DialogueState {
    state::stored(record).unwrap_or_else(|error| {
        tracing::error!(error = %chain(&error), "a stored dialogue state cannot be read");
        DialogueState::default()
    })
}

/// A message on its way through the dialogue.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Situation<'a> {
    pub(crate) parts: &'a PipelineParts,
    pub(crate) request: &'a TurnRequest,
    pub(crate) record: &'a ConversationRecord,
    pub(crate) state: &'a DialogueState,
    pub(crate) understood: &'a Understood,
    pub(crate) style: Style,
    pub(crate) rules: DialogueRules,
    pub(crate) today: Date,
}

/// Whether a message is in a language that goes to people unread.
pub(crate) fn is_foreign(situation: &Situation<'_>) -> bool {
    let spoken = situation.parts.locales.speaks(situation.understood.tongue.language());
    !spoken && situation.rules.foreign == ForeignWords::HandOff
}

/// The id of the option that a message chooses.
pub(crate) fn tapped(situation: &Situation<'_>) -> Option<String> {
    let tapped = situation.understood.tap.as_ref().map(ToString::to_string);
    situation.request.content.option_id().map(str::to_owned).or(tapped)
}

/// What the readers get of a message.
pub(crate) fn reader_input<'a>(
    situation: &Situation<'a>,
    tapped: Option<&'a str>,
) -> ReaderInput<'a> {
    let Situation { parts, state, understood, .. } = *situation;
    ReaderInput {
        text: &understood.text,
        tapped,
        language: understood.language,
        state,
        catalog: &parts.catalog,
        policies: &parts.policies,
        locales: &parts.locales,
        evidence: &understood.evidence,
        today: situation.today,
    }
}

/// Reads a message by the rules.
pub(crate) fn read(situation: &Situation<'_>) -> Reading {
    let Situation { request, record, understood, .. } = *situation;
    let tapped = tapped(situation);
    let mut reading = reader::read(&reader_input(situation, tapped.as_deref()));
    name_order(&mut reading, &understood.text, &customer(&request.customer).orders);
    if consent::stops(understood, record, &reading.commands) {
        reading.commands.retain(|said| said.command != Command::Stop);
        let source = understood.text.clone();
        reading.commands.insert(0, Said { command: Command::Stop, source });
    }
    reading
}

/// Decides one turn of a conversation in which the bot may speak.
pub(crate) fn decide(situation: &Situation<'_>, reading: Reading) -> Decision {
    if is_foreign(situation) {
        return hand_off(situation, HandoffReason::Language);
    }
    let Situation { parts, request, record, state, understood, .. } = *situation;
    let language = understood.language;
    let shop = shop_in(&parts.shop, language, situation.style.language);
    let customer = customer(&request.customer);
    let tapped = tapped(situation);
    let setting = Setting {
        catalog: &parts.catalog,
        policies: &parts.policies,
        locales: &parts.locales,
        shop: &shop,
        address: match situation.style.address {
            crate::turn::draft::Address::Vous => Address::Formal,
            crate::turn::draft::Address::Tu => Address::Informal,
        },
        rules: situation.rules.rules,
    };
    let incoming = Incoming {
        text: &understood.text,
        tapped: tapped.as_deref(),
        language,
        evidence: &understood.evidence,
        today: situation.today,
        customer: &customer,
        thread: record.thread_id.as_str(),
        short: situation.style.length == crate::turn::draft::Length::Short
            && request.channel == vitrine_base::channel::ChannelKind::Sms,
    };
    decided(dialogue::answer(&setting, state, &incoming, reading))
}

/// Fewest characters of an order's id that is told from other words: of one with letters, and of
/// digits alone, which may be a size or a price.
const ORDER_CHARS_MIN: usize = 3;
const ORDER_DIGITS_MIN: usize = 4;

/// Adds the order that a message names by its id, in whatever form the shop writes its ids. The
/// reader knows the usual forms only.
fn name_order(reading: &mut Reading, text: &str, orders: &[policy::Order]) {
    let ordered = |said: &Said| matches!(said.command, Command::Order { .. });
    if reading.commands.iter().any(ordered) {
        return;
    }
    let around = |character: char| !character.is_alphanumeric();
    let words = || text.split_whitespace().map(|word| word.trim_matches(around));
    let named = |order: &&policy::Order| {
        let id = order.id.trim_matches(around);
        let chars = id.chars().count();
        let digits = id.chars().filter(char::is_ascii_digit).count();
        let told = chars >= ORDER_CHARS_MIN && (digits < chars || digits >= ORDER_DIGITS_MIN);
        told && digits > 0 && words().any(|word| word.eq_ignore_ascii_case(id))
    };
    let Some(order) = orders.iter().find(named) else { return };
    // What was read around the id without knowing it is a guess: "where is A-1?" asks for no shop.
    reading.commands.retain(|said| match &said.command {
        Command::Unclear => false,
        Command::Ask { question: Question::Topic { intent, .. }, .. } => intent != "store_info",
        _ => true,
    });
    let command = Command::Order { id: Some(order.id.clone()) };
    reading.commands.push(Said { command, source: text.to_owned() });
}

fn decided(turned: Turned) -> Decision {
    let options = turned.plan.options.iter().zip(&turned.worded.titles);
    Decision {
        action: Action::from(&turned.plan.action),
        handoff: turned.plan.handoff.map(HandoffReason::Said),
        text: turned.worded.text.clone(),
        options: options.map(|(option, title)| (option.id.clone(), title.clone())).collect(),
        turned: Some(turned),
    }
}

/// A hand-off for a reason that was found outside the dialogue, such as a trigger.
pub(crate) fn hand_off(situation: &Situation<'_>, reason: HandoffReason) -> Decision {
    let Situation { parts, request, record, state, understood, .. } = *situation;
    let language = understood.language;
    let shop = shop_in(&parts.shop, language, situation.style.language);
    let customer = customer(&request.customer);
    let setting = Setting {
        catalog: &parts.catalog,
        policies: &parts.policies,
        locales: &parts.locales,
        shop: &shop,
        address: Address::Formal,
        rules: situation.rules.rules,
    };
    let incoming = Incoming {
        text: &understood.text,
        tapped: None,
        language,
        evidence: &understood.evidence,
        today: situation.today,
        customer: &customer,
        thread: record.thread_id.as_str(),
        short: false,
    };
    let command = match reason.is_complaint() {
        true => Command::Complain { about: Complaint::Service, angry: false },
        false => Command::Human,
    };
    let commands = vec![Said { command, source: understood.text.clone() }];
    let reading = Reading { commands, ..Default::default() };
    let turned = dialogue::answer(&setting, state, &incoming, reading);
    Decision { handoff: Some(reason), ..decided(turned) }
}

/// The decision for a conversation that a human owns: no reply.
pub(crate) fn silent() -> Decision {
    Decision {
        action: Action::of(crate::turn::action::ActionKind::Said(
            vitrine_dialogue::plan::ActionKind::Handoff,
        )),
        handoff: Some(HandoffReason::HumanOwned),
        turned: None,
        text: String::new(),
        options: Vec::new(),
    }
}

/// Says that attachments are not read yet, and offers a person.
pub(crate) fn unread(fixed: &FixedTexts) -> Decision {
    let kind = crate::turn::action::ActionKind::Said(vitrine_dialogue::plan::ActionKind::Answer);
    let id = format!("{}={}", crate::turn::action::ids::INTENT, attachments::PERSON);
    Decision {
        action: Action { topic: Some(attachments::LABEL.to_owned()), ..Action::of(kind) },
        handoff: None,
        turned: None,
        text: fixed.attachments.clone(),
        options: vec![(id, fixed.attachments_button.clone())],
    }
}

/// The lines of a cart that the shop reported, with those that the catalogue does not have.
pub(crate) fn reported_cart(parts: &PipelineParts, cart: &[(Sku, u32)]) -> Vec<Line> {
    let line = |(sku, quantity): &(Sku, u32)| {
        let found = parts.catalog.find_sku(sku);
        let variant = found.and_then(|(_, variant)| variant);
        Line {
            sku: found.map_or(sku, |(product, _)| &product.sku).to_string(),
            variant: sku.to_string(),
            options: variant.map(|variant| variant.options.clone()).unwrap_or_default(),
            quantity: (*quantity).max(1),
        }
    };
    cart.iter().map(line).take(vitrine_dialogue::state::LINES_MAX).collect()
}

/// The brief for rewording a reply: its words, and the facts in them.
pub(crate) fn brief(decision: &Decision, style: Style, customer: Option<String>) -> Brief {
    let mut brief = Brief::new(decision.text.clone(), style).with(FactKey::Words, &decision.text);
    if let Some(turned) = &decision.turned {
        for fact in facts(&turned.worded) {
            brief = brief.with(fact.0, fact.1);
        }
    }
    brief.customer = customer;
    brief
}

/// The facts that a reply states: subject and words.
fn facts(worded: &Worded) -> Vec<(FactKey, &str)> {
    worded
        .facts
        .iter()
        .filter_map(|(range, fact)| {
            let (subject, _) = fact.split_once(": ")?;
            Some((FactKey::from_name(subject)?, worded.text.get(range.clone())?))
        })
        .collect()
}

/// The same as facts to be located in the reply that is sent.
pub(crate) fn grounded(worded: &Worded) -> Vec<Fact> {
    let facts = facts(worded).into_iter();
    facts.map(|(key, value)| Fact { key, value: value.to_owned() }).collect()
}

fn shop_in(shop: &ShopProfile, language: Language, own: Language) -> policy::ShopProfile {
    let text = |texts: &Localized<String>| texts.text(language, &[own]).to_owned();
    policy::ShopProfile {
        name: shop.name.clone(),
        about: text(&shop.about),
        team: text(&shop.team),
        hours: text(&shop.hours),
        checkout_url: shop.checkout_url.clone(),
        personal_tiers: shop.personal_tiers.clone(),
    }
}

fn customer(customer: &Customer) -> policy::Customer {
    policy::Customer {
        name: customer.name.clone(),
        tier: customer.tier.clone(),
        last_purchase: customer.last_purchase.clone(),
        orders: customer
            .orders
            .iter()
            .map(|order| policy::Order {
                id: order.id.clone(),
                status: order.status.clone(),
                date: order.date.clone(),
                link: order.link.clone(),
            })
            .collect(),
    }
}
