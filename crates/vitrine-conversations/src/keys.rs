//! Keys of stored records. Every key names its tenant, because ids are unique within a tenant only.

use vitrine_base::channel::ChannelKind;
use vitrine_base::ids::ConversationId;
use vitrine_base::ids::CustomerId;
use vitrine_base::ids::MessageId;
use vitrine_base::ids::TenantId;

/// Key of a conversation: ids are unique within a tenant only.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConversationKey {
    /// Tenant that the conversation belongs to.
    pub tenant: TenantId,
    /// Id of the conversation within the tenant.
    pub conversation: ConversationId,
}

/// Key of a message within one tenant: the idempotency key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageKey {
    /// Tenant that received the message.
    pub tenant: TenantId,
    /// Message id, given by the provider.
    pub message: MessageId,
}

/// Key of a customer: ids are unique within a tenant only.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CustomerKey {
    /// Tenant that the customer belongs to.
    pub tenant: TenantId,
    /// Id of the customer within the tenant.
    pub customer: CustomerId,
}

/// Key of an address on one channel, within one tenant.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IdentityKey {
    /// Tenant that the address is known to.
    pub tenant: TenantId,
    /// Channel of the address.
    pub channel: ChannelKind,
    /// Address in the channel's own form.
    pub address: String,
}
