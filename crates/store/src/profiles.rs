//! What providers tell of people: asked for by a job at a person's first message, and again when the answer is old.

use crate::{
    Store,
    engine::{Executor, Row, params, queries},
    episodes::row::place,
    error::Result,
    inbound::{EventFact, Person, PersonKey, ReadEvent, person_key},
    jobs::{self, NewJob},
    log::NewRecord,
};
use futures_util::FutureExt;
use model::{ChannelAccountId, IdentityId, Timestamp, WorkspaceId, log::LogKind};
use std::collections::{HashMap, HashSet};

/// How long what a provider told of a person is good, in milliseconds (30 days).
pub(crate) const PROFILE_MILLIS: i64 = 30 * 86_400_000;

/// A person about whom the provider is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileSubject {
    /// The address in the provider's namespace.
    pub address: String,
    /// The account over which they last wrote.
    pub channel_account_id: ChannelAccountId,
}

queries! {
    SUBJECT = Same("SELECT i.address, r.channel_account_id FROM identity i JOIN route r ON r.identity_id = i.id WHERE i.workspace_id = $1 AND i.id = $2 ORDER BY r.last_inbound_at DESC NULLS LAST, r.id DESC LIMIT 1");
    MARK_ASKED = Same("UPDATE identity SET profile_at = $1 WHERE workspace_id = $2 AND id = $3");
    /// A person of ours knows better than a provider.
    RENAME = Same("UPDATE customer SET name = $1, name_source = 'profile' WHERE workspace_id = $2 AND id = $3 AND (name_source IS NULL OR name_source = 'profile') AND name <> $1");
}

/// Makes the jobs that ask about whoever wrote and was not asked about for long. True when there are any.
pub(crate) async fn ask(
    executor: &Executor,
    events: &[ReadEvent],
    persons: &HashMap<PersonKey<'_>, Person>,
) -> Result<bool> {
    let mut asked: HashSet<IdentityId> = HashSet::new();
    let mut jobs = Vec::new();
    for event in events.iter().filter(|event| matches!(event.fact, EventFact::Message { .. })) {
        let Some(person) = person_key(event).and_then(|key| persons.get(&key)) else { continue };
        let now = event.event.received_at;
        let is_old = person.profile_at.is_none_or(|at| now.millis_since(at) > PROFILE_MILLIS);
        if is_old && asked.insert(person.identity_id) {
            jobs.push(NewJob {
                id: event.profile_job,
                workspace_id: event.event.workspace_id,
                kind: jobs::FETCH_PROFILE,
                subject_id: person.identity_id.0,
                now,
            });
        }
    }
    jobs::insert_all(executor, &jobs).await?;
    Ok(!jobs.is_empty())
}

impl Store {
    /// About whom a job of the kind [`crate::FETCH_PROFILE`] asks; `None` when they are gone.
    pub async fn find_profile_subject(
        &self,
        workspace_id: WorkspaceId,
        id: IdentityId,
    ) -> Result<Option<ProfileSubject>> {
        self.read((workspace_id, id), |executor, (workspace_id, id)| {
            async move {
                let params = params![workspace_id.0, id.0];
                let read = |row: &Row<'_>| {
                    Ok(ProfileSubject { address: row.text(0)?, channel_account_id: ChannelAccountId(row.int(1)?) })
                };
                executor.query_opt(SUBJECT, &params, read).await
            }
            .boxed()
        })
        .await
    }

    /// The provider was asked about a person: the job is done, and whoever is nameless, or was named so before, has the name
    /// that it told. `None`: it told none.
    pub async fn keep_profile(
        &self,
        workspace_id: WorkspaceId,
        id: IdentityId,
        name: Option<String>,
        now: Timestamp,
    ) -> Result<()> {
        self.write((workspace_id, id, name, now), |executor, (workspace_id, id, name, now)| {
            async move {
                jobs::remove(executor, *workspace_id, jobs::FETCH_PROFILE, id.0).await?;
                if executor.execute(MARK_ASKED, &params![*now, workspace_id.0, id.0]).await? == 0 {
                    return Ok(());
                }
                let Some(name) = name else { return Ok(()) };
                let place = place(executor, *workspace_id, *id).await?;
                let params = params![name, workspace_id.0, place.customer_id.0];
                if executor.execute(RENAME, &params).await? == 1 {
                    let mut record = NewRecord::new(*workspace_id, *now, LogKind::CustomerChanged);
                    record.customer_id = Some(place.customer_id);
                    record.thread_id = Some(place.thread_id);
                    executor.log(record);
                }
                Ok(())
            }
            .boxed()
        })
        .await
        .map(|_| ())
    }
}
