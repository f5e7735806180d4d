//! Messages of several parts, what providers tell of people, jobs that take long.

use super::{Harness, later, now, on_both_engines};
use crate::{Created, FETCH_PROFILE, FileShape, NewMessage, NewPicture, ProfileSubject, ToldProfile};
use model::{
    Cursor, FileId, IdentityId, MessageId,
    attribute::ValueSource,
    log::LogKind,
    message::{Author, AuthorKind},
};

on_both_engines! {
    parts_are_written_together_and_found_again: shared;
    an_answer_is_quoted_by_the_id_that_the_provider_knows_by_then: shared;
    a_person_is_asked_about_once_and_again_when_it_is_long_ago: own;
    a_provider_names_only_whom_nobody_named: shared;
    a_picture_is_kept_until_another_one_comes: own;
    a_job_that_is_worked_on_is_held: own;
}

async fn parts_are_written_together_and_found_again(harness: Harness) {
    let (store, workspace, talk) = (&harness.store, harness.workspace, harness.talk().await);
    let mut parts: Vec<NewMessage> = ["one", "two", "three"].map(|text| harness.answer(&talk, text)).into();
    let ids: Vec<MessageId> = parts.iter().map(|part| part.id).collect();
    parts.iter_mut().for_each(|part| part.first_part = Some(ids[0]));
    let first = parts.remove(0);
    for _ in 0..2 {
        assert_eq!(store.create_messages(first.clone(), parts.clone()).await.unwrap(), Created::New(ids[0]));
    }
    assert_eq!(store.list_message_parts(workspace, ids[0]).await.unwrap(), ids);
    assert_eq!(store.list_message_parts(harness.other_workspace().await, ids[0]).await.unwrap(), []);
    let alone = harness.queue(&talk, "alone").await;
    assert_eq!(store.list_message_parts(workspace, alone).await.unwrap(), []);
    let said: Vec<MessageId> = harness
        .log(workspace)
        .await
        .iter()
        .filter(|record| record.kind == LogKind::MessageQueued)
        .filter_map(|record| record.message_id().filter(|id| ids.contains(id)))
        .collect();
    assert_eq!(said, ids, "in order, once");

    // One that cannot be written takes all with it.
    let mut broken = harness.answer(&talk, "two");
    broken.route_id.0 += 1;
    let whole = harness.answer(&talk, "one");
    let id = whole.id;
    assert!(store.create_messages(whole, vec![broken]).await.is_err());
    assert_eq!(store.find_message_entry(workspace, id).await.unwrap(), None);
}

async fn an_answer_is_quoted_by_the_id_that_the_provider_knows_by_then(harness: Harness) {
    let (store, workspace, talk) = (&harness.store, harness.workspace, harness.talk().await);
    let quoted = harness.queue(&talk, "first").await;
    let author = Author { kind: AuthorKind::Agent, id: Some("agt_1".into()), name: "Ada".into() };
    let answer = NewMessage { reply_to: Some(quoted), author, ..harness.answer(&talk, "second") };
    let id = answer.id;
    store.create_message(answer).await.unwrap();
    let delivery = store.find_delivery(workspace, id).await.unwrap().unwrap();
    assert_eq!((delivery.reply_to, delivery.author_name.as_str()), (None, "Ada"));
    let external = format!("echoed-{}", quoted.0);
    harness.happen(&talk, harness.echo(&external, Some(quoted))).await;
    assert_eq!(store.find_delivery(workspace, id).await.unwrap().unwrap().reply_to, Some(external));

    // On another account the id would mean nothing.
    let elsewhere = harness.talk().await;
    let answer = NewMessage { reply_to: Some(quoted), ..harness.answer(&elsewhere, "third") };
    let id = answer.id;
    store.create_message(answer).await.unwrap();
    assert_eq!(store.find_delivery(workspace, id).await.unwrap().unwrap().reply_to, None);
}

async fn a_person_is_asked_about_once_and_again_when_it_is_long_ago(harness: Harness) {
    let (store, workspace, talk) = (&harness.store, harness.workspace, harness.talk().await);
    let job_of =
        |identity: IdentityId| async move { store.find_job_of(workspace, FETCH_PROFILE, identity.0).await.unwrap() };
    let fresh = harness.read(&talk.page, Some("somebody new"), harness.message("m-new", "hello")).await;
    let (_, _, identity, _) = fresh.new_person;
    assert_eq!(harness.apply(vec![fresh]).await, 1);
    assert_eq!(job_of(identity).await.unwrap().subject_id, identity.to_string());
    let job = || job_of(talk.identity);
    let subject = ProfileSubject { address: talk.person.clone(), channel_account_id: talk.page.id };
    assert_eq!(store.find_profile_subject(workspace, talk.identity).await.unwrap(), Some(subject));
    assert_eq!(store.find_profile_subject(harness.other_workspace().await, talk.identity).await.unwrap(), None);

    let long_ago = now().plus_millis(-crate::profiles::PROFILE_MILLIS);
    store.keep_profile(workspace, talk.identity, ToldProfile::default(), long_ago).await.unwrap();
    assert_eq!(job().await, None);
    harness.happen(&talk, harness.message("m-young", "still there")).await;
    assert_eq!(job().await, None, "asked a moment ago");
    store.keep_profile(workspace, talk.identity, ToldProfile::default(), long_ago.plus_millis(-1)).await.unwrap();
    harness.happen(&talk, harness.echo("m-ours", None)).await;
    assert_eq!(job().await, None, "they wrote nothing");
    let mut event = harness.read(&talk.page, Some(&talk.person), harness.message("m-old", "back again")).await;
    event.event.received_at = now();
    let applied = store.apply_inbound_events(3, vec![event]).await.unwrap();
    assert_eq!((applied.turned, applied.queued), (1, true));
    assert!(job().await.is_some());
    let mut next = harness.read(&talk.page, Some(&talk.person), harness.message("m-next", "and again")).await;
    next.event.received_at = now();
    let applied = store.apply_inbound_events(3, vec![next]).await.unwrap();
    assert_eq!((applied.turned, applied.queued), (1, false), "the question is on its way");
}

fn named(name: &str) -> ToldProfile {
    ToldProfile { name: Some(name.into()), picture: None }
}

async fn a_picture_is_kept_until_another_one_comes(harness: Harness) {
    let (store, workspace, talk) = (&harness.store, harness.workspace, harness.talk().await);
    let shown = async |bytes: &'static [u8], identity: IdentityId| {
        let id = FileId(harness.id());
        let mut upload = store.upload_file(workspace, id, now()).await.unwrap();
        upload.write(bytes.into()).await.unwrap();
        let uploaded = upload.finish().await.unwrap();
        let (name, media_type) = ("picture.png".to_owned(), "image/png".to_owned());
        let picture = NewPicture { id, name, media_type, shape: FileShape::default(), uploaded };
        let told = ToldProfile { name: None, picture: Some(picture) };
        store.keep_profile(workspace, identity, told, now()).await.unwrap();
        id
    };
    let picture = async || {
        let customer = store.find_customer(workspace, talk.customer).await.unwrap().unwrap();
        customer.identities[0].picture.as_ref().map(|picture| picture.file_id)
    };
    let end = async || store.list_log_records(workspace, Cursor::START, 100_000).await.unwrap().len();
    assert_eq!(picture().await, None);
    let (before, first) = (end().await, shown(b"one", talk.identity).await);
    assert_eq!((picture().await, end().await), (Some(first), before + 1), "every desk is told");
    let same = shown(b"one", talk.identity).await;
    assert_eq!((picture().await, end().await), (Some(first), before + 1), "it is the one that they have");
    assert_eq!(store.find_file(workspace, same).await.unwrap(), None);
    assert!(store.read_file(workspace, same, None).await.unwrap().is_none(), "its bytes went");
    let unwanted = FileId(harness.id());
    let mut upload = store.upload_file(workspace, unwanted, now()).await.unwrap();
    upload.write(b"no picture".as_slice().into()).await.unwrap();
    store.drop_upload(workspace, unwanted, upload.finish().await.unwrap()).await.unwrap();
    assert!(store.read_file(workspace, unwanted, None).await.unwrap().is_none());
    let nobody = shown(b"nobody's", IdentityId(harness.id())).await;
    assert!(store.read_file(workspace, nobody, None).await.unwrap().is_none());

    let unused = async || store.list_unused_files(later(1), 10).await.unwrap();
    assert_eq!(unused().await, [], "a picture of somebody is not unused");
    let second = shown(b"two", talk.identity).await;
    assert_eq!(picture().await, Some(second));
    assert_eq!(unused().await, [(workspace, first)], "the former one goes as files do that are part of nothing");
    assert!(!store.delete_unused_file(workspace, second, later(1), now()).await.unwrap());
    assert!(store.delete_unused_file(workspace, first, later(1), now()).await.unwrap());
    assert_eq!(picture().await, Some(second));
}

async fn a_provider_names_only_whom_nobody_named(harness: Harness) {
    let (store, workspace, talk) = (&harness.store, harness.workspace, harness.talk().await);
    let name = || async { store.find_customer(workspace, talk.customer).await.unwrap().unwrap().name };
    let told = || async {
        let log = store.list_log_records(workspace, Cursor::START, 100_000).await.unwrap();
        log.iter()
            .filter(|record| record.customer_id == Some(talk.customer) && record.kind == LogKind::CustomerChanged)
            .count()
    };
    let other = harness.other_workspace().await;
    store.keep_profile(other, talk.identity, named("Not theirs"), now()).await.unwrap();
    assert_eq!((name().await.as_str(), told().await), ("", 0));
    for (tells, times) in [("Nadia R", 1), ("Nadia R", 1), ("Nadia Z", 2)] {
        store.keep_profile(workspace, talk.identity, named(tells), now()).await.unwrap();
        assert_eq!((name().await.as_str(), told().await), (tells, times));
    }
    let update = crate::CustomerUpdate {
        id: talk.customer,
        workspace_id: workspace,
        name: Some("Mrs Z".into()),
        values: Vec::new(),
        source: ValueSource::Agent,
        actor_id: Some("agt_1".into()),
        now: now(),
    };
    assert!(store.update_customer(update).await.unwrap());
    store.keep_profile(workspace, talk.identity, named("Nadia R"), now()).await.unwrap();
    assert_eq!((name().await.as_str(), told().await), ("Mrs Z", 3), "a person knows better");
}

async fn a_job_that_is_worked_on_is_held(harness: Harness) {
    let (store, workspace, talk) = (&harness.store, harness.workspace, harness.talk().await);
    harness.queue(&talk, "hello").await;
    let job = harness.claim(1, now()).await.remove(0);
    let until = now().plus_millis(120_000);
    assert!(!store.renew_job(workspace, job.id, 2, until).await.unwrap(), "another's");
    assert!(!store.renew_job(harness.other_workspace().await, job.id, 1, until).await.unwrap());
    assert!(store.renew_job(workspace, job.id, 1, until).await.unwrap());
    assert_eq!(harness.claim(2, now().plus_millis(90_000)).await, []);
    assert!(store.reschedule_job(job.clone(), later(1), 1, Some("not now")).await.unwrap());
    assert!(!store.reschedule_job(job, later(2), 1, None).await.unwrap(), "counted once");
    let again = harness.claim(2, later(1)).await;
    assert_eq!((again.len(), again[0].tries), (1, 1));
}
