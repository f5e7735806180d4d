//! Asking the gate: what it needs is gathered here, the decision is [`model::gate`]'s.

use crate::{ServiceError, Services, messages::rule_of};
use channel::Account;
use model::{
    ChannelAccountId, FailureReason, MessageId, ThreadId, Timestamp, WorkspaceId,
    gate::{Alternative, Decision, Way, WindowRule, may_send, open_ways},
    message::AuthorKind,
};
use std::collections::BTreeMap;
use store::RouteRow;

/// The thread whose other ways are looked at when the one that was asked for is closed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ThreadOf {
    /// It is known.
    Thread(ThreadId),
    /// That which shows this message.
    Message(MessageId),
}

/// Whether a message of this kind of author may leave over `route` at `at`.
pub(crate) async fn ask(
    services: &Services,
    workspace_id: WorkspaceId,
    author: AuthorKind,
    route: &RouteRow,
    thread: ThreadOf,
    at: Timestamp,
) -> Result<Decision, ServiceError> {
    let way = way(services, workspace_id, route).await?;
    let alone = may_send(author, &way, &[], at);
    if !matches!(alone, Decision::Deny(FailureReason::OutsideWindow) | Decision::Downgrade { .. }) {
        return Ok(alone);
    }
    let store = services.store();
    let thread = match thread {
        ThreadOf::Thread(thread) => Some(thread),
        ThreadOf::Message(message) => store.find_thread_of_message(workspace_id, message).await?,
    };
    let Some(thread) = thread else { return Ok(alone) };
    let others = others(services, workspace_id, route, thread).await?;
    Ok(may_send(author, &way, &others, at))
}

/// The other ways to say a message that the provider refused on its own, though our clock held the way open.
pub(crate) async fn other_ways(
    services: &Services,
    workspace_id: WorkspaceId,
    author: AuthorKind,
    route: &RouteRow,
    message: MessageId,
    at: Timestamp,
) -> Result<Vec<Alternative>, ServiceError> {
    let Some(thread) = services.store().find_thread_of_message(workspace_id, message).await? else {
        return Ok(Vec::new());
    };
    let others = others(services, workspace_id, route, thread).await?;
    Ok(open_ways(author, others.iter(), at).collect())
}

/// The ways of a thread's customer besides one.
async fn others(
    services: &Services,
    workspace_id: WorkspaceId,
    route: &RouteRow,
    thread: ThreadId,
) -> Result<Vec<Way>, ServiceError> {
    let mut others = Vec::new();
    for other in services.store().list_routes(workspace_id, thread).await? {
        if other.identity_id != route.identity_id {
            others.push(way(services, workspace_id, &other).await?);
        }
    }
    Ok(others)
}

async fn way(services: &Services, workspace_id: WorkspaceId, route: &RouteRow) -> Result<Way, ServiceError> {
    let rule = rule(services, workspace_id, route.channel_account_id).await?;
    Ok(Way { identity_id: route.identity_id, rule, state: route.state })
}

/// What a channel and the settings of an account on it allow.
async fn rule(
    services: &Services,
    workspace_id: WorkspaceId,
    id: ChannelAccountId,
) -> Result<WindowRule, ServiceError> {
    let found = services.store().find_channel_settings(workspace_id, id).await?;
    let (kind, settings) = found.ok_or(ServiceError::NotFound)?;
    let channel = services.0.channels.find(&kind);
    let channel = channel.ok_or_else(|| ServiceError::Internal(format!("this build has no channel {kind}")))?;
    Ok(rule_of(channel.as_ref(), &Account { id, settings, secrets: BTreeMap::new() }))
}

/// The answer to somebody whose message may not go; `None` when it may, now or later.
pub(crate) fn refusal(decision: Decision) -> Option<ServiceError> {
    match decision {
        Decision::Allow(_) | Decision::Defer { .. } => None,
        Decision::Deny(reason) => Some(refused(reason, Vec::new())),
        Decision::Downgrade { reason, alternatives } => Some(refused(reason, alternatives)),
    }
}

fn refused(reason: FailureReason, alternatives: Vec<Alternative>) -> ServiceError {
    let (code, message) = match reason {
        FailureReason::OutsideWindow if alternatives.is_empty() => {
            ("window_closed", "the time for answering this person here is over; they have to write first")
        }
        FailureReason::OutsideWindow => {
            ("window_closed", "the time for answering this person here is over; another way is open")
        }
        FailureReason::Blocked => ("blocked", "this person cannot be reached here until they write again"),
        FailureReason::Suppressed => {
            ("suppressed", "your team decided not to write to this address; take that back first")
        }
        FailureReason::AccountDisabled => ("account_disabled", "this channel account is switched off"),
        _ => ("conflict", "this message cannot be sent here"),
    };
    ServiceError::Refused { code, message: message.into(), alternatives }
}
