//! What providers tell of people: asked for by a job at a person's first message, and again when the answer is old.
//!
//! A picture is a file of ours that belongs to an identity. One that was replaced belongs to nothing, and goes as such.

use crate::{
    Store,
    engine::{Executor, Row, params, queries},
    episodes::row::place,
    error::Result,
    files::{FileShape, UploadedBytes},
    inbound::{EventFact, Person, PersonKey, ReadEvent, person_key},
    jobs::{self, NewJob},
    log::NewRecord,
};
use futures_util::FutureExt;
use model::{ChannelAccountId, FileId, IdentityId, Timestamp, WorkspaceId, log::LogKind};
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

/// What a provider told of a person; what it did not tell stays as it was.
#[derive(Debug, Default)]
pub struct ToldProfile {
    /// The name. It has been checked.
    pub name: Option<String>,
    /// The picture, its bytes stored.
    pub picture: Option<NewPicture>,
}

/// A picture of a person whose bytes have just been stored.
#[derive(Debug)]
pub struct NewPicture {
    /// The file's id, the one that its bytes were uploaded under.
    pub id: FileId,
    /// Its name.
    pub name: String,
    /// What it is.
    pub media_type: String,
    /// How large it is.
    pub shape: FileShape,
    /// Its bytes.
    pub uploaded: UploadedBytes,
}

/// A [`NewPicture`] for a transaction, which may run more than once.
#[derive(Clone)]
struct PictureRow {
    id: FileId,
    name: String,
    media_type: String,
    shape: FileShape,
    size: i64,
    sha256: String,
}

impl NewPicture {
    fn row(&self) -> PictureRow {
        PictureRow {
            id: self.id,
            name: self.name.clone(),
            media_type: self.media_type.clone(),
            shape: self.shape,
            size: self.uploaded.size,
            sha256: self.uploaded.sha256.clone(),
        }
    }
}

queries! {
    SUBJECT = Same("SELECT i.address, r.channel_account_id FROM identity i JOIN route r ON r.identity_id = i.id WHERE i.workspace_id = $1 AND i.id = $2 ORDER BY r.last_inbound_at DESC NULLS LAST, r.id DESC LIMIT 1");
    MARK_ASKED = Same("UPDATE identity SET profile_at = $1 WHERE workspace_id = $2 AND id = $3");
    /// A person of ours knows better than a provider.
    RENAME = Same("UPDATE customer SET name = $1, name_source = 'profile' WHERE workspace_id = $2 AND id = $3 AND (name_source IS NULL OR name_source = 'profile') AND name <> $1");
    FORMER_PICTURE = Same("SELECT f.id, f.sha256 FROM identity i JOIN file f ON f.id = i.picture_id WHERE i.workspace_id = $1 AND i.id = $2");
    /// What was replaced belongs to nothing any more.
    LET_GO = Same("UPDATE file SET identity_id = NULL WHERE id IN (SELECT picture_id FROM identity WHERE workspace_id = $1 AND id = $2)");
    INSERT_PICTURE = Same("INSERT INTO file (id, workspace_id, name, media_type, size, sha256, created_at, state, width, height, identity_id) VALUES ($1, $2, $3, $4, $5, $6, $7, 'stored', $8, $9, $10) ON CONFLICT (id) DO NOTHING");
    SET_PICTURE = Same("UPDATE identity SET picture_id = $1 WHERE workspace_id = $2 AND id = $3");
}

/// Gives a person a picture, unless it is the one that they have; whether it was given.
async fn set_picture(
    executor: &Executor,
    (workspace_id, id): (WorkspaceId, IdentityId),
    picture: &PictureRow,
    now: Timestamp,
) -> Result<bool> {
    let own = params![workspace_id.0, id.0];
    let former = executor.query_opt(FORMER_PICTURE, &own, |row| Ok((row.int(0)?, row.text(1)?))).await?;
    if let Some((former, sha256)) = former
        && sha256 == picture.sha256
    {
        // Running the command again finds its own picture.
        return Ok(former == picture.id.0);
    }
    executor.execute(LET_GO, &params![workspace_id.0, id.0]).await?;
    let params = params![
        picture.id.0,
        workspace_id.0,
        &picture.name,
        &picture.media_type,
        picture.size,
        &picture.sha256,
        now,
        picture.shape.width,
        picture.shape.height,
        id.0,
    ];
    executor.execute(INSERT_PICTURE, &params).await?;
    executor.execute(SET_PICTURE, &params![picture.id.0, workspace_id.0, id.0]).await?;
    Ok(true)
}

/// Makes the jobs that ask about whoever wrote and was not asked about for long. True when there are new ones: while a provider
/// does not answer, the next message finds the job of the first.
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
    jobs::insert_all(executor, &jobs).await
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

    /// The provider was asked about a person: the job is done. Whoever is nameless, or was named so before, has the name that it
    /// told, and the person the picture.
    pub async fn keep_profile(
        &self,
        workspace_id: WorkspaceId,
        id: IdentityId,
        told: ToldProfile,
        now: Timestamp,
    ) -> Result<()> {
        let ToldProfile { name, picture } = told;
        let input = (workspace_id, id, name, picture.as_ref().map(NewPicture::row), now);
        let (is_taken, _) = self
            .write(input, |executor, (workspace_id, id, name, picture, now)| {
                async move {
                    jobs::remove(executor, *workspace_id, jobs::FETCH_PROFILE, id.0).await?;
                    if executor.execute(MARK_ASKED, &params![*now, workspace_id.0, id.0]).await? == 0 {
                        return Ok(false);
                    }
                    let place = place(executor, *workspace_id, *id).await?;
                    let is_pictured = match picture {
                        Some(picture) => set_picture(executor, (*workspace_id, *id), picture, *now).await?,
                        None => false,
                    };
                    let is_named = match name {
                        Some(name) => {
                            let params = params![name, workspace_id.0, place.customer_id.0];
                            executor.execute(RENAME, &params).await? == 1
                        }
                        None => false,
                    };
                    if is_named || is_pictured {
                        let mut record = NewRecord::new(*workspace_id, *now, LogKind::CustomerChanged);
                        record.customer_id = Some(place.customer_id);
                        record.thread_id = Some(place.thread_id);
                        executor.log(record);
                    }
                    Ok(is_pictured)
                }
                .boxed()
            })
            .await?;
        match picture {
            Some(picture) if is_taken => self.unmark(picture.uploaded).await,
            Some(picture) => self.drop_upload(workspace_id, picture.id, picture.uploaded).await,
            None => Ok(()),
        }
    }
}
