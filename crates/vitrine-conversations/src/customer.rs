//! What is stored of a customer: profile, linked identities, and the ledger of consents.
//!
//! Layout: `format u8 · version u64 · JSON`, as a thread's. What the customer told us of a need
//! stands in the threads, with its source; `GET …/facts` gathers it.
//!
//! Invariants
//! - A consent is never rewritten: a withdrawal closes it, a new grant is a new row.
//! - Outreach needs a grant that is live; a STOP closes all of them, on every channel.

use crate::RecordError;
use crate::encoding::PLAIN_FORMAT;
use crate::encoding::check_header;
use crate::encoding::read_u64;
use crate::stored_text::text;
use crate::stored_text::text_option;
use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;
use vitrine_base::channel::ChannelKind;
use vitrine_base::ids::CustomerId;
use vitrine_base::ids::MessageId;

/// Bytes before a customer's JSON.
const HEADER_BYTES: usize = 9;

/// What something is kept or done for.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// To answer what the customer asks; lives as long as nobody objects.
    #[default]
    Assistance,
    /// To know the customer again later.
    Personalisation,
    /// To write first.
    Outreach,
}

impl Purpose {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Assistance, Self::Personalisation, Self::Outreach];

    /// The wire name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Assistance => "assistance",
            Self::Personalisation => "personalisation",
            Self::Outreach => "outreach",
        }
    }

    /// Reads a wire name; `None` for anything else.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.name() == name)
    }

    /// The accepted names, for error messages.
    #[must_use]
    pub fn names() -> String {
        Self::ALL.map(Self::name).join(", ")
    }
}

/// What the shop knows of a customer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// First name, as the customer wants to be called.
    pub name: Option<String>,
    /// Such as `vip`.
    pub tier: Option<String>,
    /// Free text or a date.
    pub last_purchase: Option<String>,
}

/// How we know that an address is this customer's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentityProof {
    /// The shop verified the same customer id on that channel.
    VerifiedCustomer,
    /// The customer sent a link token back from that address.
    LinkToken,
}

/// One address of a customer on one channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The channel.
    #[serde(with = "text")]
    pub channel: ChannelKind,
    /// The address there, such as a phone number.
    pub address: String,
    /// How it was proved.
    pub proof: IdentityProof,
    /// When.
    pub linked_at: Timestamp,
}

/// One row of the consent ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// What for.
    pub purpose: Purpose,
    /// Where; everywhere if `None`.
    #[serde(with = "text_option")]
    pub channel: Option<ChannelKind>,
    /// Which wording the customer saw.
    pub wording_version: String,
    /// The message that gave it.
    #[serde(with = "text_option")]
    pub source_message: Option<MessageId>,
    /// When it was given; `None` for an objection to what needs no grant.
    pub granted_at: Option<Timestamp>,
    /// When it was taken back.
    pub withdrawn_at: Option<Timestamp>,
}

impl Consent {
    /// Whether it was given and not taken back.
    #[must_use]
    pub fn is_live_grant(&self) -> bool {
        self.granted_at.is_some() && self.withdrawn_at.is_none()
    }
}

/// A consent given or taken back, before it is a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentChange {
    /// What for.
    pub purpose: Purpose,
    /// Where; everywhere if `None`.
    pub channel: Option<ChannelKind>,
    /// Which wording the customer saw.
    pub wording_version: String,
    /// The message that says so.
    pub source_message: Option<MessageId>,
}

/// Everything known about one customer but the conversations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerRecord {
    /// The customer.
    #[serde(with = "text")]
    pub customer_id: CustomerId,
    /// What the shop told us.
    pub profile: Profile,
    /// Linked addresses.
    pub identities: Vec<Identity>,
    /// Consents in the order they were given.
    pub consents: Vec<Consent>,
    /// When the customer last said STOP.
    pub outreach_stopped_at: Option<Timestamp>,
    /// When the record was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// How often it was stored; the store sets it, a change compares it.
    #[serde(skip)]
    pub version: u64,
}

impl CustomerRecord {
    /// A customer of whom nothing is known, not stored yet (version 0).
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

    /// Adds a grant; one of the same purpose and channel that is live is closed by it.
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

    /// Closes every live grant of the purpose, on one channel or on all; where none was live, the
    /// objection itself becomes a row.
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

    /// The customer wants no more messages that they did not ask for, anywhere.
    pub fn stop_outreach(&mut self, source_message: Option<MessageId>, now: Timestamp) {
        let wording_version = "stop".to_owned();
        let purpose = Purpose::Outreach;
        self.withdraw(
            ConsentChange { purpose, channel: None, wording_version, source_message },
            now,
        );
        self.outreach_stopped_at = Some(now);
    }

    /// Whether a STOP stands: no outreach was granted anew since.
    #[must_use]
    pub fn has_stopped(&self) -> bool {
        let anew = |row: &Consent| row.purpose == Purpose::Outreach && row.is_live_grant();
        self.outreach_stopped_at.is_some() && !self.consents.iter().any(anew)
    }

    /// Whether anything that the customer agreed to still stands.
    #[must_use]
    pub fn has_live_grant(&self) -> bool {
        self.consents.iter().any(Consent::is_live_grant)
    }

    /// Whether the purpose is live on a channel: by a grant, or, where none is needed, by the lack
    /// of an objection.
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

    /// The stored bytes, layout above.
    ///
    /// # Errors
    /// If the JSON writer refuses, which no value of this type makes it do.
    pub fn encode(&self) -> Result<Vec<u8>, RecordError> {
        let mut bytes = Vec::with_capacity(512);
        bytes.push(PLAIN_FORMAT);
        bytes.extend_from_slice(&self.version.to_le_bytes());
        serde_json::to_writer(&mut bytes, self)?;
        Ok(bytes)
    }

    /// Reads stored bytes.
    ///
    /// # Errors
    /// If they are of another format, too few, or not this format's JSON.
    pub fn decode(bytes: &[u8]) -> Result<Self, RecordError> {
        let version = Self::version_of(bytes)?;
        let record: Self = serde_json::from_slice(&bytes[HEADER_BYTES..])?;
        Ok(Self { version, ..record })
    }

    /// The version alone.
    ///
    /// # Errors
    /// If the bytes are of another format or too few.
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
