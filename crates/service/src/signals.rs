//! What customers see without a message: that somebody types, that their words were seen. Nothing is stored and nothing depends
//! on it: what the provider does not take is let go.

use crate::{
    Caller, ServiceError, Services,
    channel_accounts::opened,
    messages::{author, channel_of, choose_route, rule_of},
};
use channel::Signal;
use model::{
    IdentityId, Permission, RouteId, ThreadId, Timestamp,
    gate::{Decision, Way, may_send},
};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};
use store::RouteRow;

/// How often "somebody types" is told again at most, in milliseconds. Providers show it for about 20 s.
const TYPING_MILLIS: i64 = 8_000;
/// For how long what was shown is remembered, in milliseconds: older than any of it is of use.
const MEMORY_MILLIS: i64 = 3_600_000;
/// Routes that are remembered before those of no use are looked for.
const MEMORY: usize = 10_000;

/// What customers were shown by this process, by route.
#[derive(Default)]
pub(crate) struct Shown(Mutex<HashMap<RouteId, Last>>);

#[derive(Clone, Copy)]
struct Last {
    /// When somebody was last said to type; `None` when it was taken back.
    typing_at: Option<Timestamp>,
    /// Up to which of their messages we said that it was seen.
    seen_until: Option<Timestamp>,
    at: Timestamp,
}

impl Shown {
    fn change<T>(&self, route: RouteId, now: Timestamp, change: impl FnOnce(&mut Last) -> T) -> T {
        let mut routes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if routes.len() >= MEMORY {
            routes.retain(|_, last| now.millis_since(last.at) < MEMORY_MILLIS);
        }
        let last = routes.entry(route).or_insert(Last { typing_at: None, seen_until: None, at: now });
        last.at = now;
        change(last)
    }

    /// Whether the customer is to be told that somebody types, or that nobody does any more.
    fn typing(&self, route: RouteId, on: bool, now: Timestamp) -> bool {
        self.change(route, now, |last| {
            let shows = last.typing_at;
            let tell = if on { shows.is_none_or(|at| now.millis_since(at) >= TYPING_MILLIS) } else { shows.is_some() };
            if tell {
                last.typing_at = on.then_some(now);
            }
            tell
        })
    }

    /// Whether the customer is to be told that what they wrote until then was seen.
    fn seen(&self, route: RouteId, until: Timestamp, now: Timestamp) -> bool {
        self.change(route, now, |last| {
            let tell = last.seen_until.is_none_or(|told| told < until);
            last.seen_until = last.seen_until.max(Some(until));
            tell
        })
    }
}

/// Shows the customer that somebody types, or no longer does. Where the channel cannot, or nobody may write now, nothing
/// happens; too often is told less often.
///
/// # Errors
/// Forbidden without the right; not found; invalid identity; conflict when there is no way to the customer.
pub async fn show_typing(
    services: &Services,
    caller: &Caller,
    thread: ThreadId,
    identity: Option<IdentityId>,
    on: bool,
) -> Result<(), ServiceError> {
    let route = find_route(services, caller, thread, identity).await?;
    let signal = if on { Signal::TypingOn } else { Signal::TypingOff };
    let shown = &services.0.shown;
    show(services, caller, &route, signal, || shown.typing(route.id, on, services.now())).await
}

/// Shows the customer that what they wrote was seen, where the account does that.
///
/// # Errors
/// As [`show_typing`].
pub async fn show_seen(services: &Services, caller: &Caller, thread: ThreadId) -> Result<(), ServiceError> {
    let route = find_route(services, caller, thread, None).await?;
    let Some(until) = route.state.last_inbound_at else { return Ok(()) };
    let shown = &services.0.shown;
    show(services, caller, &route, Signal::Seen, || shown.seen(route.id, until, services.now())).await
}

async fn find_route(
    services: &Services,
    caller: &Caller,
    thread: ThreadId,
    identity: Option<IdentityId>,
) -> Result<RouteRow, ServiceError> {
    caller.require(Permission::SendMessages)?;
    let store = services.store();
    store.find_thread(caller.workspace_id, thread).await?.ok_or(ServiceError::NotFound)?;
    choose_route(store.list_routes(caller.workspace_id, thread).await?, identity)
}

async fn show(
    services: &Services,
    caller: &Caller,
    route: &RouteRow,
    signal: Signal,
    is_due: impl FnOnce() -> bool,
) -> Result<(), ServiceError> {
    let found = services.store().find_channel_account(caller.workspace_id, route.channel_account_id).await?;
    let row = found.ok_or(ServiceError::NotFound)?;
    let (channel, account) = (channel_of(services, &row)?, opened(&row));
    if !channel.capabilities().signals || (signal == Signal::Seen && !channel.shows_seen(&account)) {
        return Ok(());
    }
    let way = Way { identity_id: route.identity_id, rule: rule_of(channel, &account), state: route.state };
    // Nothing is shown where nothing may be said now.
    if !matches!(may_send(author(caller).kind, &way, &[], services.now()), Decision::Allow(_)) || !is_due() {
        return Ok(());
    }
    if let Err(unavailable) = channel.signal(&account, &route.address, signal).await {
        let code = unavailable.code.as_deref().unwrap_or("none");
        tracing::debug!(channel_account.id = %row.account.id, ?signal, code, "the provider did not show a signal");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_is_told_again_after_a_while_and_taken_back_once() {
        let (shown, route) = (Shown::default(), RouteId(1));
        let tell = |on, millis| shown.typing(route, on, Timestamp(millis));
        assert!(!tell(false, 0), "nobody typed");
        assert!(tell(true, 0));
        assert!(!tell(true, TYPING_MILLIS - 1));
        assert!(tell(true, TYPING_MILLIS));
        assert!(tell(false, TYPING_MILLIS + 1));
        assert!(!tell(false, TYPING_MILLIS + 2));
        assert!(tell(true, TYPING_MILLIS + 3), "taken back meanwhile");
        assert!(shown.typing(RouteId(2), true, Timestamp(0)), "others are others");
    }

    #[test]
    fn seen_is_told_once_for_what_was_written() {
        let shown = Shown::default();
        let tell = |until| shown.seen(RouteId(1), Timestamp(until), Timestamp(100));
        assert!(tell(5));
        assert!(!tell(5) && !tell(4));
        assert!(tell(6));
    }

    #[test]
    fn what_is_of_no_use_is_forgotten() {
        let shown = Shown::default();
        for route in 0..MEMORY as i64 {
            shown.typing(RouteId(route), true, Timestamp(0));
        }
        shown.typing(RouteId(-1), true, Timestamp(MEMORY_MILLIS));
        assert_eq!(shown.0.lock().unwrap().len(), 1);
    }
}
