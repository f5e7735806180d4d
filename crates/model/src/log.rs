//! The facts that the log records. A record holds kinds, ids, numbers and reasons; never words of a message or an address.

use crate::{
    Cursor, CustomerId, EpisodeId, IdentityId, ThreadId, Timestamp, entry::Entry, episode::Episode, message::Delivery,
};
use serde::{Deserialize, Serialize};
use std::str::FromStr;
use utoipa::ToSchema;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $text:literal, shown: $shown:literal;)*) => {
        /// What a record of the log tells.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum LogKind {
            $($(#[$doc])* #[serde(rename = $text)] $name,)*
        }
        impl LogKind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$name),*];
            /// The spelling used in the database and the API.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }
            /// Whether the record is a message or changes one.
            #[must_use]
            pub fn is_message(self) -> bool {
                self.as_str().starts_with("message.")
            }
            /// Whether the record changes what a message says or where it belongs.
            #[must_use]
            pub fn changes_entry(self) -> bool {
                matches!(
                    self,
                    Self::MessageEdited
                        | Self::MessageReaction
                        | Self::MessageMediaStored
                        | Self::MessageMediaFailed
                        | Self::MessageAttributed
                        | Self::MessageReleased
                        | Self::MessageResent
                )
            }
            /// Whether the record is an entry, that is, shown in the thread. The others change or accompany one.
            #[must_use]
            pub fn is_entry(self) -> bool {
                match self { $(Self::$name => $shown),* }
            }
        }
    };
}

kinds! {
    /// A customer came into being, with a thread and a first identity.
    CustomerCreated = "customer.created", shown: false;
    /// What is known of a customer changed: the provider's profile, the name, a label or a field, or whether we write to an identity.
    CustomerChanged = "customer.changed", shown: false;
    /// A customer wrote.
    MessageReceived = "message.received", shown: true;
    /// Somebody of the business wrote; it waits to be sent.
    MessageQueued = "message.queued", shown: true;
    /// A try failed and another follows, or a person asked for another.
    MessageRetried = "message.retried", shown: false;
    /// The provider accepted it.
    MessageSent = "message.sent", shown: false;
    /// It reached the device.
    MessageDelivered = "message.delivered", shown: false;
    /// It was seen.
    MessageRead = "message.read", shown: false;
    /// It will not arrive.
    MessageFailed = "message.failed", shown: false;
    /// It waits: its account does not send for now.
    MessageDeferred = "message.deferred", shown: false;
    /// It was called back before it went: by a colleague, or because the customer wrote.
    MessageCancelled = "message.cancelled", shown: false;
    /// It failed, and another message takes its place.
    MessageResent = "message.resent", shown: false;
    /// The time has come for which it waited; it goes now.
    MessageReleased = "message.released", shown: false;
    /// It left and nobody said whether it arrived.
    MessageUncertain = "message.uncertain", shown: false;
    /// Somebody of the business wrote elsewhere: at the provider's own inbox, or another program.
    MessageEchoed = "message.echoed", shown: true;
    /// Its writer changed it: the customer what they had written, the business what still waits.
    MessageEdited = "message.edited", shown: false;
    /// Somebody reacted to it, or took the reaction back.
    MessageReaction = "message.reaction", shown: false;
    /// A picture or file of it was copied to us.
    MessageMediaStored = "message.media_stored", shown: false;
    /// A picture or file of it could not be copied to us, or is tried once more.
    MessageMediaFailed = "message.media_failed", shown: false;
    /// It belongs to another episode now.
    MessageAttributed = "message.attributed", shown: false;
    /// A colleague wrote a note.
    NoteWritten = "note.written", shown: true;
    /// A matter began. No entry of its own: it is told by the first entry that belongs to it.
    EpisodeOpened = "episode.opened", shown: false;
    /// Somebody thinks that it is solved.
    EpisodeResolved = "episode.resolved", shown: true;
    /// It is at its end.
    EpisodeClosed = "episode.closed", shown: true;
    /// It is open again.
    EpisodeReopened = "episode.reopened", shown: true;
    /// It follows up an earlier one.
    EpisodeLinked = "episode.linked", shown: true;
    /// A part of it became a matter of its own.
    EpisodeSplit = "episode.split", shown: true;
    /// Its subject, its topic or its labels changed, or messages were taken out of it.
    EpisodeChanged = "episode.changed", shown: false;
    /// It was set aside; the customer is slow.
    EpisodeParked = "episode.parked", shown: false;
    /// It is out of sight until a time.
    EpisodeSnoozed = "episode.snoozed", shown: false;
    /// It waits for somebody outside.
    EpisodeOnHold = "episode.on_hold", shown: false;
    /// It is back from being set aside.
    EpisodeResumed = "episode.resumed", shown: false;
    /// It has another owner, or none.
    EpisodeAssigned = "episode.assigned", shown: false;
    /// Somebody else has to act next.
    BallChanged = "ball.changed", shown: false;
    /// People answer from now on, no longer the bot.
    BotHandover = "bot.handover", shown: false;
    /// An agent works on an episode.
    EngagementStarted = "engagement.started", shown: false;
    /// The agent no longer does.
    EngagementEnded = "engagement.ended", shown: false;
    /// An answer by a time was promised.
    PromiseMade = "promise.made", shown: false;
    /// It came in time.
    PromiseKept = "promise.kept", shown: false;
    /// It did not.
    PromiseBroken = "promise.broken", shown: false;
    /// Two customers became one.
    CustomerMerged = "customer.merged", shown: true;
    /// They are two again.
    CustomerUnmerged = "customer.unmerged", shown: true;
    /// The provider told something that has no form of its own yet; it is kept.
    EventKept = "event.kept", shown: true;
    /// Something happened beside messages: a referral, an opt-in.
    EventHappened = "event.happened", shown: true;
    /// The provider told something about a channel account.
    ChannelAccountTold = "channel_account.told", shown: false;
    /// What a provider called with becomes no entry for now and is kept: nobody can read it, or its account is not connected.
    EventSetAside = "event.set_aside", shown: false;
    /// A stored event that became no entry is read once more.
    EventReplayed = "event.replayed", shown: false;
    /// A stored event that became no entry was removed by a person.
    EventDismissed = "event.dismissed", shown: false;
    /// A job that was given up is taken up once more.
    JobReplayed = "job.replayed", shown: false;
    /// A job that was given up was removed by a person.
    JobDismissed = "job.dismissed", shown: false;
    /// A channel account was connected.
    ChannelAccountCreated = "channel_account.created", shown: false;
    /// Settings, secrets or state of a channel account changed; or it pauses, or sends again.
    ChannelAccountChanged = "channel_account.changed", shown: false;
    /// A person may sign in.
    AgentCreated = "agent.created", shown: false;
    /// A person's role or state changed.
    AgentChanged = "agent.changed", shown: false;
    /// A session ended before its time: its person signed out or chose a new password.
    SignInEnded = "sign_in.ended", shown: false;
    /// An API token was made.
    TokenCreated = "token.created", shown: false;
    /// An API token was revoked.
    TokenRevoked = "token.revoked", shown: false;
    /// A webhook was made.
    WebhookCreated = "webhook.created", shown: false;
    /// A webhook was changed, rotated or sent back; or began or ceased to fail, or was switched off by its receiver.
    WebhookChanged = "webhook.changed", shown: false;
    /// A webhook was removed.
    WebhookDeleted = "webhook.deleted", shown: false;
    /// A label was defined, changed or deleted.
    LabelChanged = "label.changed", shown: false;
    /// The definition of a customer's field was made, changed or deleted.
    AttributeChanged = "attribute.changed", shown: false;
    /// A calendar was made, changed or deleted.
    CalendarChanged = "calendar.changed", shown: false;
}

// By hand: the derive does not see a rename that comes out of a macro.
impl utoipa::PartialSchema for LogKind {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .description(Some("What a record of the log tells."))
            .enum_values(Some(LogKind::ALL.iter().map(|kind| kind.as_str())))
            .into()
    }
}
impl ToSchema for LogKind {}

impl FromStr for LogKind {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text).ok_or_else(|| format!("unknown log kind {text:?}"))
    }
}

/// One record of the log as clients see it: the frame of the live socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogFrame {
    /// Resume after this frame with `?after=`.
    pub cursor: Cursor,
    /// Orders records within the workspace, without gaps.
    pub seq: i64,
    /// What happened.
    pub kind: LogKind,
    /// When it was recorded.
    pub at: Timestamp,
    /// The customer concerned; of an alias whoever it stands for now, but in the records of merging itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub customer_id: Option<CustomerId>,
    /// The thread concerned; of an alias the surviving one, but in the records of merging itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub thread_id: Option<ThreadId>,
    /// The identity concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub identity_id: Option<IdentityId>,
    /// The matter concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub episode_id: Option<EpisodeId>,
    /// The entry that the record is, or that it changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub entry_id: Option<String>,
    /// Anything else that the record is about (`cha_…`, `agt_…`, `tok_…`, `whk_…`, `lab_…`, `atr_…`, `cal_…`, `mrg_…`).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub subject_id: Option<String>,
    /// The entry itself as it is now, when the record is one that the thread shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub entry: Option<Entry>,
    /// The message, note or event that the record changes, as it is now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub changed_entry: Option<Entry>,
    /// The episode as it is now, when the record is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub episode: Option<Episode>,
    /// The delivery as it is now, when the record changes one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub delivery: Option<Delivery>,
    /// The provider's id of the message whose delivery that is, once it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub external_id: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_reads_back() {
        for kind in LogKind::ALL {
            assert_eq!(kind.as_str().parse::<LogKind>().as_ref(), Ok(kind));
        }
    }
}
