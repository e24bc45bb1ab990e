//! Identities: resolves a sender's address to a customer, and to the customer's latest
//! conversation.
//!
//! Invariants
//! - An address is linked to a customer only by the shop's own verification, or by a token sent
//!   back from that address; never because names or numbers look alike.
//! - A token is valid on one channel, for one hour, and once.

use crate::turn::TurnError;
use crate::turn::TurnPipeline;
use crate::turn::message::TurnRequest;
use crate::turn::new_conversation_id;
use jiff::Timestamp;
use rand::CryptoRng;
use sha2::Digest;
use sha2::Sha256;
use std::sync::Arc;
use std::time::Duration;
use vitrine_base::channel::ChannelKind;
use vitrine_conversations::CustomerKey;
use vitrine_conversations::CustomerRecord;
use vitrine_conversations::Identity;
use vitrine_conversations::IdentityKey;
use vitrine_conversations::IdentityProof;
use vitrine_conversations::PendingLink;
use vitrine_conversations::ReservedConversation;
use vitrine_conversations::StoreError;
use vitrine_conversations::canonical_address;

/// Prefix by which a token is found in a message.
const TOKEN_PREFIX: &str = "VTR-";

/// Characters after the prefix, five random bits each.
const TOKEN_CHARS: usize = 12;

/// Random bits of a token. A token is valid for an hour, so guessing one is hopeless.
const TOKEN_BITS: u32 = 60;

const _: () = assert!(TOKEN_BITS as usize == TOKEN_CHARS * ALPHABET.len().ilog2() as usize);

/// Letters and digits that readers do not confuse. Source: Crockford's base 32.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// How long a token stays valid.
const TOKEN_LIFE: Duration = Duration::from_secs(3600);

impl TurnPipeline {
    /// Issues a token that links the address from which it is sent back. Also returns its expiry.
    ///
    /// # Errors
    /// Store errors.
    pub(crate) async fn offer_link(
        &self,
        customer: &CustomerKey,
        channel: ChannelKind,
    ) -> Result<(String, Timestamp), TurnError> {
        let token = new_token(&mut rand::rng());
        let expires_at = self.parts.clock.now() + TOKEN_LIFE;
        let link = PendingLink { customer: customer.clone(), channel, expires_at };
        self.parts.customers.offer_link(hashed(&token), link).await?;
        Ok((token, expires_at))
    }

    /// Links an address to a customer; an address that is linked already stays as it was linked
    /// first.
    ///
    /// # Errors
    /// [`vitrine_conversations::StoreError::IdentityTaken`] if the address belongs to another
    /// customer, other store errors, or [`TurnError::Contended`].
    pub(crate) async fn link_identity(
        &self,
        key: &CustomerKey,
        identity: Identity,
    ) -> Result<Arc<CustomerRecord>, TurnError> {
        self.link_since(key, identity, self.parts.clock.now()).await
    }

    /// Links an address, in its canonical form, for a message that began at `began`.
    async fn link_since(
        &self,
        key: &CustomerKey,
        mut identity: Identity,
        began: Timestamp,
    ) -> Result<Arc<CustomerRecord>, TurnError> {
        identity.address = canonical_address(identity.channel, &identity.address);
        self.change_customer_since(key, began, |customer| {
            let known = customer.identities.iter().any(|known| {
                known.channel == identity.channel && known.address == identity.address
            });
            if !known {
                customer.identities.push(identity.clone());
            }
        })
        .await
    }

    /// Completes the request: resolves the sender's address to a customer, and a customer to their
    /// conversation. Ids that the caller sent take precedence. If the customer has no conversation,
    /// the new one is reserved, so that messages at the same moment join it.
    pub(super) async fn with_identity(
        &self,
        mut request: TurnRequest,
    ) -> Result<(TurnRequest, Option<ReservedConversation>), TurnError> {
        if request.customer_id.is_none()
            && let Some(address) = request.sender.clone()
        {
            let (tenant, channel) = (request.tenant.clone(), request.channel);
            let sender = IdentityKey { tenant, channel, address: address.clone() };
            self.refuse_erased(&request, &sender).await?;
            request.customer_id = match self.sent_back(&request, address).await? {
                Some(customer) => Some(customer.customer),
                None => self.parts.customers.identified(&sender).await?,
            };
        }
        let (None, Some(customer)) = (&request.thread_id, &request.customer_id) else {
            return Ok((request, None));
        };
        let key = CustomerKey { tenant: request.tenant.clone(), customer: customer.clone() };
        // Before the look into the store: see `ReservedConversation`.
        let new = new_conversation_id(self.parts.clock.now());
        let reserved = self.parts.gate.reserve(&key, new);
        let last = self.parts.customers.last_conversation(&key).await?;
        request.thread_id = Some(last.unwrap_or_else(|| reserved.conversation().clone()));
        Ok((request, Some(reserved)))
    }

    /// Refuses a message that was sent or accepted before its customer was erased. A turn that runs
    /// at once is refused by its commit.
    pub(super) async fn refuse_erased_customer(
        &self,
        request: &TurnRequest,
    ) -> Result<(), TurnError> {
        let Some(customer) = request.customer_id.clone() else { return Ok(()) };
        let key = CustomerKey { tenant: request.tenant.clone(), customer };
        let erased_at = self.parts.customers.customer_erased_at(&key).await?;
        refuse_before(erased_at, request.began(self.parts.clock.now()))
    }

    /// Refuses a message that was sent or accepted before the customer of its sender's address was
    /// erased.
    async fn refuse_erased(
        &self,
        request: &TurnRequest,
        sender: &IdentityKey,
    ) -> Result<(), TurnError> {
        let erased_at = self.parts.customers.address_erased_at(sender).await?;
        refuse_before(erased_at, request.began(self.parts.clock.now()))
    }

    /// The customer whose token this message contains; links the sender's address to that customer.
    async fn sent_back(
        &self,
        request: &TurnRequest,
        address: String,
    ) -> Result<Option<CustomerKey>, TurnError> {
        let Some(token) = find_token(request.content.text()) else { return Ok(None) };
        let now = self.parts.clock.now();
        let link = self.parts.customers.take_link(hashed(&token), request.channel, now).await?;
        let Some(link) = link.filter(|link| link.customer.tenant == request.tenant) else {
            return Ok(None);
        };
        let (channel, proof) = (request.channel, IdentityProof::LinkToken);
        let identity = Identity { channel, address, proof, linked_at: now };
        let began = request.began(now);
        self.link_since(&link.customer, identity, began).await?;
        Ok(Some(link.customer))
    }
}

/// Refuses what began up to an erasure. Erasure times are stored in microseconds.
fn refuse_before(erased_at: Option<Timestamp>, began: Timestamp) -> Result<(), TurnError> {
    match erased_at {
        Some(erased_at) if began.as_microsecond() <= erased_at.as_microsecond() => {
            Err(StoreError::Erased { erased_at }.into())
        }
        _ => Ok(()),
    }
}

fn hashed(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

/// A new token. `random` must be unpredictable: a guessed token links the guesser's address to the
/// customer.
fn new_token(random: &mut impl CryptoRng) -> String {
    let mut bits = random.next_u64();
    let characters = (0..TOKEN_CHARS).map(|_| {
        let character = ALPHABET[(bits % 32) as usize];
        bits /= 32;
        char::from(character)
    });
    TOKEN_PREFIX.chars().chain(characters).collect()
}

/// The first token in a text, in upper case as issued.
fn find_token(text: &str) -> Option<String> {
    let text = text.to_uppercase();
    let from = text.find(TOKEN_PREFIX)?;
    let token: String = text[from..]
        .chars()
        .take_while(|character| character.is_ascii_alphanumeric() || *character == '-')
        .collect();
    (token.len() == TOKEN_PREFIX.len() + TOKEN_CHARS).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn a_token_is_found_in_the_message_that_brings_it_back() {
        let token = new_token(&mut ChaCha8Rng::seed_from_u64(5));
        assert_eq!(find_token(&token), Some(token.clone()));
        let lower = format!("Bonjour, mon code est {}.", token.to_lowercase());
        assert_eq!(find_token(&lower), Some(token.clone()));
        assert_eq!(find_token(&token[..15]), None);
        assert_eq!(find_token("a voucher VTR-"), None);
    }

    /// The random bits of a token.
    fn bits(token: &str) -> u64 {
        let digit = |byte: u8| ALPHABET.iter().position(|known| *known == byte).unwrap() as u64;
        token
            .strip_prefix(TOKEN_PREFIX)
            .unwrap()
            .bytes()
            .rev()
            .fold(0, |bits, byte| bits << 5 | digit(byte))
    }

    /// Dimension of the space over GF(2) that the numbers span.
    fn rank(numbers: impl Iterator<Item = u64>) -> u32 {
        let mut basis = [0_u64; 64];
        for mut number in numbers {
            while number != 0 {
                let top = number.ilog2() as usize;
                if basis[top] == 0 {
                    basis[top] = number;
                    break;
                }
                number ^= basis[top];
            }
        }
        u32::try_from(basis.iter().filter(|number| **number != 0).count()).unwrap()
    }

    /// Tokens are issued as fast as possible from the production generator: bits that come from a
    /// clock or a counter would stay equal, or depend on each other.
    #[test]
    fn tokens_of_one_instant_differ_in_60_independent_bits_and_share_no_prefix() {
        let mut tokens: Vec<String> = (0..500).map(|_| new_token(&mut rand::rng())).collect();
        let first = bits(&tokens[0]);
        assert_eq!(rank(tokens.iter().map(|token| bits(token) ^ first)), TOKEN_BITS);
        tokens.sort();
        for pair in tokens.windows(2) {
            let same = pair[0].bytes().zip(pair[1].bytes()).take_while(|(a, b)| a == b).count();
            // By chance, one run in 280 million has two tokens that share nine characters.
            assert!(same < TOKEN_PREFIX.len() + 9, "{} and {}", pair[0], pair[1]);
        }
    }

    #[test]
    fn a_token_depends_on_the_generator_alone() {
        let token = |seed| new_token(&mut ChaCha8Rng::seed_from_u64(seed));
        assert_eq!(token(1), token(1));
        assert_ne!(token(1), token(2));
    }
}
