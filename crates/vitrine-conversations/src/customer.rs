//! Stored form of a customer: profile, linked identities and the consent ledger.
//!
//! Layout: `format u8 · version u64 · JSON`. Facts about the customer's needs are not stored here:
//! they stay in the conversations, each with its source, and `GET …/facts` collects them.
//!
//! Invariants
//! - A consent row is never rewritten: a withdrawal closes it, and a new grant is a new row.
//! - Outreach needs a live grant. A STOP closes every outreach grant, on every channel.

use crate::error::RecordError;
use crate::format::PLAIN_FORMAT;
use crate::format::check_header;
use crate::format::read_u64;
use crate::stored_text::text;
use crate::stored_text::text_option;
use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;
use vitrine_base::channel::ChannelKind;
use vitrine_base::ids::CustomerId;
use vitrine_base::ids::MessageId;

/// Bytes before the JSON of a customer record: format and version.
const HEADER_BYTES: usize = 9;

/// Why a fact is stored, or a message sent.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Answering what the customer asks. Needs no grant; ends with an objection.
    #[default]
    Assistance,
    /// Recognising the customer and their tastes in later conversations. Needs a grant.
    Personalisation,
    /// Messages that the shop sends unasked. Needs a grant.
    Outreach,
}

impl Purpose {
    /// All purposes.
    pub const ALL: [Self; 3] = [Self::Assistance, Self::Personalisation, Self::Outreach];

    /// Name in JSON and in stored records.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Assistance => "assistance",
            Self::Personalisation => "personalisation",
            Self::Outreach => "outreach",
        }
    }

    /// Parses a wire name; `None` if it is unknown.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.name() == name)
    }

    /// The accepted names, comma-separated, for error messages.
    #[must_use]
    pub fn names() -> String {
        Self::ALL.map(Self::name).join(", ")
    }
}

/// Customer profile, as sent by the shop. The gateway never fills it in itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// First name to address the customer by.
    pub name: Option<String>,
    /// Loyalty tier of the shop, such as `vip`.
    pub tier: Option<String>,
    /// The last purchase, free text or a date; not parsed.
    pub last_purchase: Option<String>,
}

/// Evidence that an address belongs to the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentityProof {
    /// The shop authenticated the same customer id on that channel.
    VerifiedCustomer,
    /// The customer sent a link token from that address.
    LinkToken,
}

/// An address of the customer on one channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Channel that the address belongs to.
    #[serde(with = "text")]
    pub channel: ChannelKind,
    /// Address in the channel's own form, such as a phone number.
    pub address: String,
    /// Evidence for the link.
    pub proof: IdentityProof,
    /// Time of the link.
    pub linked_at: Timestamp,
}

/// One row of the consent ledger: a grant, its withdrawal, or an objection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// Purpose that the row is about.
    pub purpose: Purpose,
    /// Channel that the row covers; `None` covers every channel.
    #[serde(with = "text_option")]
    pub channel: Option<ChannelKind>,
    /// Version of the consent wording shown to the customer, chosen by the shop; `stop` for a STOP.
    pub wording_version: String,
    /// Message that gave the consent, if it came in one.
    #[serde(with = "text_option")]
    pub source_message: Option<MessageId>,
    /// Time of the grant; `None` for an objection to a purpose that needs no grant.
    pub granted_at: Option<Timestamp>,
    /// Time of the withdrawal or objection; `None` while the row is live.
    pub withdrawn_at: Option<Timestamp>,
}

impl Consent {
    /// Whether the row is a grant that has not been withdrawn.
    #[must_use]
    pub fn is_live_grant(&self) -> bool {
        self.granted_at.is_some() && self.withdrawn_at.is_none()
    }
}

/// A grant or withdrawal to be added to the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentChange {
    /// Purpose granted or withdrawn.
    pub purpose: Purpose,
    /// Channel concerned; `None` means every channel.
    pub channel: Option<ChannelKind>,
    /// Version of the consent wording shown to the customer.
    pub wording_version: String,
    /// Message that carries the change, if it came in one.
    pub source_message: Option<MessageId>,
}

/// Stored record of one customer, without their conversations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerRecord {
    /// Id of the customer, given by the shop.
    #[serde(with = "text")]
    pub customer_id: CustomerId,
    /// Profile sent by the shop.
    pub profile: Profile,
    /// Addresses linked to the customer.
    pub identities: Vec<Identity>,
    /// Consent ledger, oldest row first.
    pub consents: Vec<Consent>,
    /// Time of the customer's last STOP, whatever was granted since.
    pub outreach_stopped_at: Option<Timestamp>,
    /// Time the record was created.
    pub created_at: Timestamp,
    /// Time of the last change; retention counts from it.
    pub updated_at: Timestamp,
    /// Number of times the record was stored. The store sets it and refuses a change made from
    /// another version.
    #[serde(skip)]
    pub version: u64,
}

impl CustomerRecord {
    /// An empty record, not stored yet (version 0).
    #[must_use]
    pub fn new(customer_id: CustomerId, now: Timestamp) -> Self {
        Self {
            customer_id,
            profile: Profile::default(),
            identities: Vec::new(),
            consents: Vec::new(),
            outreach_stopped_at: None,
            created_at: now,
            updated_at: now,
            version: 0,
        }
    }

    /// Adds a grant. Closes the open rows of the same purpose and channel.
    pub fn grant(&mut self, change: ConsentChange, now: Timestamp) {
        for row in &mut self.consents {
            let same = row.purpose == change.purpose && row.channel == change.channel;
            if same && row.withdrawn_at.is_none() {
                row.withdrawn_at = Some(now);
            }
        }
        let ConsentChange { purpose, channel, wording_version, source_message } = change;
        let (granted_at, withdrawn_at) = (Some(now), None);
        self.consents.push(Consent {
            purpose,
            channel,
            wording_version,
            source_message,
            granted_at,
            withdrawn_at,
        });
        self.updated_at = now;
    }

    /// Closes every open row of the purpose, on the given channel or on all. If none was open,
    /// records the objection as a row of its own.
    pub fn withdraw(&mut self, change: ConsentChange, now: Timestamp) {
        let mut closed = false;
        for row in &mut self.consents {
            let meant = row.purpose == change.purpose
                && (change.channel.is_none() || row.channel == change.channel);
            if meant && row.withdrawn_at.is_none() {
                row.withdrawn_at = Some(now);
                closed = true;
            }
        }
        if !closed {
            let ConsentChange { purpose, channel, wording_version, source_message } = change;
            let (granted_at, withdrawn_at) = (None, Some(now));
            self.consents.push(Consent {
                purpose,
                channel,
                wording_version,
                source_message,
                granted_at,
                withdrawn_at,
            });
        }
        self.updated_at = now;
    }

    /// Handles a STOP: withdraws outreach on every channel and stores the time.
    pub fn stop_outreach(&mut self, source_message: Option<MessageId>, now: Timestamp) {
        let wording_version = "stop".to_owned();
        let purpose = Purpose::Outreach;
        self.withdraw(
            ConsentChange { purpose, channel: None, wording_version, source_message },
            now,
        );
        self.outreach_stopped_at = Some(now);
    }

    /// Whether a STOP is in force: there was one, and no outreach grant followed it.
    #[must_use]
    pub fn has_stopped(&self) -> bool {
        let granted_again = |row: &Consent| row.purpose == Purpose::Outreach && row.is_live_grant();
        self.outreach_stopped_at.is_some() && !self.consents.iter().any(granted_again)
    }

    /// Whether at least one grant is live, for any purpose.
    #[must_use]
    pub fn has_live_grant(&self) -> bool {
        self.consents.iter().any(Consent::is_live_grant)
    }

    /// Whether the purpose is allowed on a channel. Assistance is allowed unless the customer
    /// objected; the other purposes need a live grant.
    #[must_use]
    pub fn allows(&self, purpose: Purpose, channel: ChannelKind) -> bool {
        let mut rows = self
            .consents
            .iter()
            .filter(|row| row.purpose == purpose)
            .filter(|row| row.channel.is_none_or(|of| of == channel));
        let granted = rows.clone().any(Consent::is_live_grant);
        match purpose {
            Purpose::Assistance => granted || rows.all(|row| row.withdrawn_at.is_none()),
            Purpose::Personalisation | Purpose::Outreach => granted,
        }
    }

    /// Encodes the record; layout in the module header.
    ///
    /// # Errors
    /// If JSON encoding fails; no value of this type causes that.
    pub fn encode(&self) -> Result<Vec<u8>, RecordError> {
        let mut bytes = Vec::with_capacity(512);
        bytes.push(PLAIN_FORMAT);
        bytes.extend_from_slice(&self.version.to_le_bytes());
        serde_json::to_writer(&mut bytes, self)?;
        Ok(bytes)
    }

    /// Decodes a stored record.
    ///
    /// # Errors
    /// If the format is unknown, the bytes are too few, or the JSON is malformed.
    pub fn decode(bytes: &[u8]) -> Result<Self, RecordError> {
        let version = Self::version_of(bytes)?;
        let record: Self = serde_json::from_slice(&bytes[HEADER_BYTES..])?;
        Ok(Self { version, ..record })
    }

    /// Reads the version without parsing the JSON.
    ///
    /// # Errors
    /// If the format is unknown or the bytes are too few.
    pub(super) fn version_of(bytes: &[u8]) -> Result<u64, RecordError> {
        check_header(bytes, PLAIN_FORMAT, HEADER_BYTES)?;
        Ok(read_u64(bytes, 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::at;

    fn customer() -> CustomerRecord {
        CustomerRecord::new(CustomerId::new("c-42").unwrap(), at(0))
    }

    fn change(purpose: Purpose, channel: Option<ChannelKind>) -> ConsentChange {
        ConsentChange {
            purpose,
            channel,
            wording_version: "2026-01".to_owned(),
            source_message: MessageId::new("m-1").ok(),
        }
    }

    #[test]
    fn outreach_needs_a_grant_and_a_stop_ends_it_on_every_channel() {
        let mut customer = customer();
        let (sms, whatsapp) = (ChannelKind::Sms, ChannelKind::Whatsapp);
        assert!(!customer.allows(Purpose::Outreach, sms));
        customer.grant(change(Purpose::Outreach, Some(sms)), at(1));
        customer.grant(change(Purpose::Outreach, Some(whatsapp)), at(2));
        assert!(customer.allows(Purpose::Outreach, sms));
        assert!(!customer.allows(Purpose::Outreach, ChannelKind::Rcs));
        customer.stop_outreach(MessageId::new("m-9").ok(), at(3));
        assert!(!customer.allows(Purpose::Outreach, sms));
        assert!(!customer.allows(Purpose::Outreach, whatsapp));
        assert_eq!(customer.outreach_stopped_at, Some(at(3)));
        assert!(customer.has_stopped());
        let rows: Vec<_> = customer.consents.iter().map(|row| row.withdrawn_at).collect();
        assert_eq!(rows, [Some(at(3)), Some(at(3))], "closed, not rewritten");
        customer.grant(change(Purpose::Outreach, Some(sms)), at(4));
        assert!(customer.allows(Purpose::Outreach, sms), "a later grant counts");
        assert!(!customer.has_stopped());
    }

    #[test]
    fn assistance_lives_until_there_is_an_objection() {
        let mut customer = customer();
        assert!(customer.allows(Purpose::Assistance, ChannelKind::Sms));
        customer.withdraw(change(Purpose::Assistance, None), at(1));
        assert!(!customer.allows(Purpose::Assistance, ChannelKind::Sms));
        assert_eq!(customer.consents.len(), 1, "the objection is a row");
        customer.grant(change(Purpose::Assistance, None), at(2));
        assert!(customer.allows(Purpose::Assistance, ChannelKind::Sms));
    }

    #[test]
    fn customers_read_back_as_they_were_written_and_cut_ones_are_refused() {
        let mut customer = customer();
        customer.version = 3;
        customer.profile.name = Some("Léa".to_owned());
        customer.identities.push(Identity {
            channel: ChannelKind::Whatsapp,
            address: "+33612345678".to_owned(),
            proof: IdentityProof::LinkToken,
            linked_at: at(1),
        });
        customer.grant(change(Purpose::Personalisation, None), at(2));
        let bytes = customer.encode().unwrap();
        assert_eq!(CustomerRecord::decode(&bytes).unwrap(), customer);
        for cut in 0..bytes.len() {
            assert!(CustomerRecord::decode(&bytes[..cut]).is_err(), "cut at {cut}");
        }
    }
}
