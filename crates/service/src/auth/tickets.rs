//! Tickets for one socket each, for clients that can send neither header nor cookie. They live a minute, in this process.

use crate::{Caller, secret};
use model::Timestamp;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// The tickets that have not been used.
#[derive(Default)]
pub(crate) struct Tickets(Mutex<HashMap<String, (Caller, Timestamp)>>);

impl Tickets {
    /// Keeps a ticket until `expires_at`; forgets those that are too old.
    pub(crate) fn keep(&self, ticket: &str, caller: Caller, now: Timestamp, expires_at: Timestamp) {
        let mut tickets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tickets.retain(|_, (_, until)| now < *until);
        tickets.insert(secret::hash(ticket), (caller, expires_at));
    }

    /// Spends a ticket.
    pub(crate) fn redeem(&self, ticket: &str, now: Timestamp) -> Option<Caller> {
        let spent = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&secret::hash(ticket));
        spent.filter(|(_, until)| now < *until).map(|(caller, _)| caller)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Actor;
    use model::{AgentId, Role, WorkspaceId};

    #[test]
    fn a_ticket_serves_once_and_for_a_while() {
        let tickets = Tickets::default();
        let caller = Caller {
            workspace_id: WorkspaceId(1),
            actor: Actor::Agent(AgentId(2)),
            role: Role::Agent,
            name: "Mara".into(),
            credential_hash: String::new(),
        };
        tickets.keep("a", caller.clone(), Timestamp(0), Timestamp(60_000));
        tickets.keep("b", caller.clone(), Timestamp(0), Timestamp(60_000));
        assert_eq!(tickets.redeem("a", Timestamp(1)), Some(caller));
        assert_eq!(tickets.redeem("a", Timestamp(1)), None);
        assert_eq!(tickets.redeem("b", Timestamp(60_000)), None);
    }
}
