//! Who customers are, as far as their providers tell: asked once when they first write, and again when that is long ago.
//!
//! A picture is copied at once, since its address ends; without it a profile is as good as before.

use crate::{Services, channel_accounts::opened, files, secret};
use model::{
    IdentityId, WorkspaceId,
    customer::{NAME_MAX_CHARS, check_name},
    delivery::{MAX_TRIES, backoff_millis},
};
use std::time::Duration;
use store::{ClaimedJob, NewPicture, ToldProfile};

/// How long a picture may take to come.
const PICTURE_PATIENCE: Duration = Duration::from_secs(10);

/// Does a [`store::FETCH_PROFILE`] job. Whatever comes of it, nobody has to act: many people have no profile that may be read,
/// and many accounts may read none.
pub(crate) async fn run(services: &Services, job: ClaimedJob) -> store::Result<()> {
    let (store, identity_id) = (services.store(), IdentityId(job.subject_id));
    let workspace_id = job.workspace_id;
    let Some(subject) = store.find_profile_subject(workspace_id, identity_id).await? else {
        return store.finish_job(workspace_id, job.id).await;
    };
    let Some(row) = store.find_channel_account(workspace_id, subject.channel_account_id).await? else {
        return store.finish_job(workspace_id, job.id).await;
    };
    let Some(channel) = services.0.channels.find(&row.account.kind).filter(|_| row.account.enabled) else {
        return store.keep_profile(workspace_id, identity_id, ToldProfile::default(), services.now()).await;
    };
    let told = match channel.profile(&opened(&row), &subject.address).await {
        Ok(profile) => {
            let name = check_name(&clean(&profile.name)).ok().filter(|name| !name.is_empty());
            let picture = match profile.picture_url {
                Some(url) => copied(services, workspace_id, identity_id, &url).await,
                None => None,
            };
            ToldProfile { name, picture }
        }
        Err(unavailable) if unavailable.later && job.tries + 1 < MAX_TRIES => {
            let tries = job.tries + 1;
            let due_at = services.now().plus_millis(backoff_millis(tries, None, secret::jitter()));
            return store.reschedule_job(job, due_at, tries, Some(&unavailable.detail)).await.map(|_| ());
        }
        Err(unavailable) => {
            let code = unavailable.code.as_deref().unwrap_or("none");
            tracing::debug!(identity.id = %identity_id, code, "the provider tells nothing of a person");
            ToldProfile::default()
        }
    };
    store.keep_profile(workspace_id, identity_id, told, services.now()).await
}

/// What a provider calls somebody, as a name of ours: no control characters, and no longer than a name may be.
fn clean(name: &str) -> String {
    name.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(NAME_MAX_CHARS).collect()
}

async fn copied(services: &Services, workspace_id: WorkspaceId, id: IdentityId, url: &str) -> Option<NewPicture> {
    // The name waits for it, so it may not take long.
    let fetched = tokio::time::timeout(PICTURE_PATIENCE, files::fetch_picture(services, workspace_id, url)).await;
    match fetched.unwrap_or(Err("it took too long")) {
        Ok(picture) => Some(picture),
        Err(reason) => {
            tracing::debug!(identity.id = %id, reason, "the picture of a person is not to be had");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_odd_name_is_cleaned_and_not_lost() {
        assert_eq!(check_name(&clean("Na\0dia\u{7}  R\n")).unwrap(), "Na dia R");
        assert_eq!(check_name(&clean(&"ä".repeat(5_000))).unwrap().chars().count(), NAME_MAX_CHARS);
    }
}
