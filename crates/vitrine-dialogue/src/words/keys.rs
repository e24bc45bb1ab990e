//! Names of templates and of their placeholders: which a language must have, and what each may and
//! must say.

macro_rules! names {
    ($(#[$doc:meta])* $type:ident { $($variant:ident $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs, reason = "each name says what it is")]
        pub enum $type { $($variant),* }

        impl $type {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The name in a locale file.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }

            /// Looks up a name of a locale file.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.name() == name)
            }
        }
    };
}

names! {
    /// A placeholder of a template.
    Slot {
        About "about", AtPrice "at_price", Before "before", Card "card", Contact "contact",
        Count "count", Currency "currency", Date "date", Description "description",
        Features "features", Hours "hours", Id "id", Items "items", Label "label",
        Larger "larger", Line "line", Link "link", Name "name", Note "note", Options "options",
        Price "price", Question "question", Reasons "reasons", Said "said", Shop "shop",
        Sizes "sizes", Smaller "smaller", Status "status", Team "team", Text "text",
        Title "title", Total "total", Value "value", Values "values", Wanted "wanted",
        What "what", Why "why",
    }
}

/// What a template may hold.
#[derive(Debug, Clone, Copy)]
pub struct Form {
    /// Placeholders that every variant has, outside optional sections.
    pub required: &'static [Slot],
    /// Placeholders that it may have, inside optional sections.
    pub optional: &'static [Slot],
    /// Whether it asks: only such templates hold a question mark, and each holds one.
    pub asks: bool,
}

macro_rules! templates {
    ($(
        $variant:ident $text:literal $(asks $asks:tt)?
        [$($required:ident)*] [$($optional:ident)*];
    )*) => {
        names! {
            /// A template.
            Key { $($variant $text),* }
        }

        impl Key {
            /// What the template may hold.
            #[must_use]
            pub fn form(self) -> Form {
                match self {
                    $(Self::$variant => Form {
                        required: &[$(Slot::$required),*],
                        optional: &[$(Slot::$optional),*],
                        asks: false $(|| asked($asks))?,
                    }),*
                }
            }
        }
    };
}

const fn asked(_: &str) -> bool {
    true
}

templates! {
    // Greetings and courtesy.
    GreetAlone "greet_alone" asks "?" [] [Name Shop];
    GreetShort "greet_short" [] [Name];
    Welcome "welcome" [] [];
    Bye "bye" [] [];
    Noted "noted" [] [];
    NotedWhat "noted_what" [What] [];
    // Parts of statements on products.
    Card "card" [Name AtPrice] [Title Why Options Before Note];
    CardLine "card_line" [Name Price] [Title Options Before Note Why];
    Plus "plus" [Features] [];
    Line "line" [Name Total] [Count Options];
    OptionText "option" [Value] [Label];
    CompareItem "compare_item" [Name Price] [];
    Row "row" [Label Values] [];
    RowValue "row_value" [Name Value] [];
    RowSame "row_same" [Label Value] [];
    // One product, by how it is introduced.
    OneFirst "one_first" [Card] [];
    OneAnother "one_another" [Card] [];
    OneCheaper "one_cheaper" [Card] [];
    OneDearer "one_dearer" [Card] [];
    OneBack "one_back" [Card] [];
    OneUpdated "one_updated" [Card] [];
    OneAccessory "one_accessory" [Card] [];
    OneNamed "one_named" [Card] [];
    OneClosest "one_closest" [Card] [];
    // Several products, one a line after these words.
    ManyFirst "many_first" [] [Reasons];
    ManyAnother "many_another" [] [Reasons];
    ManyCheaper "many_cheaper" [] [Reasons];
    ManyDearer "many_dearer" [] [Reasons];
    ManyBack "many_back" [] [Reasons];
    ManyUpdated "many_updated" [] [Reasons];
    ManyAccessory "many_accessory" [] [Reasons];
    ManyNamed "many_named" [] [Reasons];
    ManyClosest "many_closest" [] [Reasons];
    // Wishes that were given up.
    MissingValue "missing_value" [Value] [];
    MissingUnwanted "missing_unwanted" [Value] [];
    MissingSize "missing_size" [Value] [];
    MissingPriceMax "missing_price_max" [Price] [];
    MissingPriceMin "missing_price_min" [Price] [];
    MissingCategory "missing_category" [Value] [];
    MissingSeveral "missing_several" [Items] [];
    ItemValue "item_value" [Value] [];
    ItemUnwanted "item_unwanted" [Value] [];
    ItemSize "item_size" [Value] [];
    ItemPriceMax "item_price_max" [Price] [];
    ItemPriceMin "item_price_min" [Price] [];
    ItemCategory "item_category" [Value] [];
    NothingFound "nothing_found" [] [Wanted];
    NoOther "no_other" [] [Card];
    NoCheaper "no_cheaper" [] [Card];
    NoDearer "no_dearer" [] [Card];
    // Answers on products.
    Describe "describe" [Card] [Description];
    Compare "compare" [Items] [];
    WhichCheapest "which_cheapest" [Card] [];
    WhichDearest "which_dearest" [Card] [];
    WhichHas "which_has" [Card] [];
    PriceExact "price_exact" [Name Price] [Options Before];
    PriceFrom "price_from" [Name Price] [];
    PricePieces "price_pieces" [Count Name Total] [Price Options];
    StockIn "stock_in" [Name] [Options AtPrice];
    StockPreorder "stock_preorder" [Name] [Options AtPrice];
    StockOut "stock_out" [Name] [Options Sizes];
    StockNotMade "stock_not_made" [Name] [Options Sizes];
    Sizes "sizes" [Name Sizes] [];
    SizesNone "sizes_none" [Name] [];
    SizesOne "sizes_one" [Name] [];
    AttributeYes "attribute_yes" [Name] [Label];
    AttributeNo "attribute_no" [Name] [Label];
    AttributeValue "attribute_value" [Name Value] [Label];
    Years "years" [Count] [];
    AttributeQuote "attribute_quote" [Name Text] [];
    AttributeUnknown "attribute_unknown" [Name] [Label];
    Sheet "sheet" [Name Values] [];
    SheetRow "sheet_row" [Label] [Value];
    SizeMapped "size_mapped" [Said Sizes] [];
    SizeBetween "size_between" [Said Larger Smaller] [];
    ForeignCurrency "foreign_currency" [Said Currency] [];
    // The shop's own texts, and orders.
    Policy "policy" [Text] [];
    PolicyAgain "policy_again" [Text] [];
    NoPolicy "no_policy" [] [];
    OrderStatus "order_status" [Id Status] [Date Link];
    OrderUnknown "order_unknown" [Id] [];
    // Questions.
    AskOrderId "ask_order_id" asks "?" [] [];
    AskFacet "ask_facet" [Question] [];
    AskAgain "ask_again" [Label] [Values];
    AskOption "ask_option" [Question] [Values];
    AskNeed "ask_need" asks "?" [] [];
    AskBuy "ask_buy" asks "?" [] [];
    AskPick "ask_pick" asks "?" [] [];
    AskResume "ask_resume" asks "?" [] [Name];
    AskTopic "ask_topic" asks "?" [] [];
    AskAnything "ask_anything" asks "?" [] [];
    AskContact "ask_contact" asks "?" [] [];
    // The cart and the payment.
    AddedOne "added_one" [Line] [];
    AddedMany "added_many" [] [];
    Removed "removed" [Name] [];
    CartEmpty "cart_empty" [] [];
    CartOne "cart_one" [Line] [];
    CartMany "cart_many" [] [];
    Total "total" [Total] [];
    CheckoutOne "checkout_one" [Line] [];
    CheckoutMany "checkout_many" [] [];
    Pay "pay" [Link] [];
    CheckoutPerson "checkout_person" [] [];
    RestockContact "restock_contact" [Name Contact] [];
    RestockHere "restock_here" [Name] [];
    // Trouble, and persons.
    Angry "angry" [] [];
    SorryDelivery "sorry_delivery" [] [];
    SorryDamaged "sorry_damaged" [] [];
    SorryFault "sorry_fault" [] [];
    SorryPayment "sorry_payment" [] [];
    SorryRefund "sorry_refund" [] [];
    SorryService "sorry_service" [] [];
    Handoff "handoff" [] [Team Hours];
    HandoffBare "handoff_bare" [] [Hours];
    HandoffAgain "handoff_again" [] [Team Hours];
    // The assistant itself.
    Bot "bot" [] [];
    Abilities "abilities" [] [About];
    Deflect "deflect" [] [About];
    UnclearFirst "unclear_first" [] [];
    UnclearAgain "unclear_again" [] [];
    Stopped "stopped" [] [];
    Started "started" [] [];
    WhichMost "which_most" [Name Value] [Label Values];
}
