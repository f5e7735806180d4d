//! The first owner, people, sign-ins, links, tokens, workspaces.

use super::{Harness, later, now, on_both_engines};
use crate::{NewAgent, NewOwner, NewToken, SetUp};
use model::{AgentId, Role, TokenId, WorkspaceId, log::LogKind};

on_both_engines! {
    the_first_owner_is_made_once: own;
    only_the_newest_set_up_code_works: own;
    two_at_the_first_run_page_make_one_owner: own;
    a_workspace_made_before_is_taken_over: own;
    people_are_kept_by_workspace: shared;
    a_session_ends: shared;
    who_is_disabled_is_out_at_once: shared;
    who_is_enabled_again_comes_in_anew: shared;
    the_last_owner_stays: shared;
    a_stranger_can_neither_sign_in_nor_link_nor_disable: shared;
    a_link_is_spent_once: shared;
    a_token_works_until_it_is_revoked: shared;
    workspaces_have_names: own;
}

fn owner(harness: &Harness, code: &str) -> NewOwner {
    NewOwner {
        code_hash: code.into(),
        workspace_name: "Bikes".into(),
        agent: NewAgent {
            id: AgentId(harness.id()),
            workspace_id: WorkspaceId(harness.id()),
            email: "ada@bikes.example".into(),
            name: "Ada".into(),
            role: Role::Owner,
            password_hash: Some("hash".into()),
            now: now(),
        },
    }
}

async fn the_first_owner_is_made_once(harness: Harness) {
    let store = &harness.store;
    assert!(!store.has_owner().await.unwrap());
    assert_eq!(store.set_up_owner(owner(&harness, "code")).await.unwrap(), SetUp::WrongCode, "none was printed");
    store.set_setup_code("code").await.unwrap();
    assert_eq!(store.set_up_owner(owner(&harness, "other")).await.unwrap(), SetUp::WrongCode);
    assert!(!store.has_owner().await.unwrap());

    let first = owner(&harness, "code");
    assert_eq!(store.set_up_owner(first.clone()).await.unwrap(), SetUp::Done);
    assert!(store.has_owner().await.unwrap());
    assert_eq!(store.set_up_owner(first.clone()).await.unwrap(), SetUp::Done, "run again after a lost answer");
    store.set_setup_code("code").await.unwrap();
    assert_eq!(store.set_up_owner(owner(&harness, "code")).await.unwrap(), SetUp::AlreadyOwned);

    let (workspace, agent) = (first.agent.workspace_id, first.agent.id);
    assert_eq!(store.find_workspace_name(workspace).await.unwrap().as_deref(), Some("Bikes"));
    assert_eq!(store.find_agent(workspace, agent).await.unwrap().unwrap().role, Role::Owner);
    let told: Vec<LogKind> = harness.log(workspace).await.iter().map(|record| record.kind).collect();
    assert_eq!(told, [LogKind::AgentCreated], "told once");
}

async fn only_the_newest_set_up_code_works(harness: Harness) {
    harness.store.set_setup_code("first").await.unwrap();
    harness.store.set_setup_code("second").await.unwrap();
    assert_eq!(harness.store.set_up_owner(owner(&harness, "first")).await.unwrap(), SetUp::WrongCode);
    assert_eq!(harness.store.set_up_owner(owner(&harness, "second")).await.unwrap(), SetUp::Done);
}

async fn two_at_the_first_run_page_make_one_owner(harness: Harness) {
    harness.store.set_setup_code("code").await.unwrap();
    let attempts = (0..8).map(|_| harness.store.set_up_owner(owner(&harness, "code")));
    let outcomes = futures_util::future::join_all(attempts).await;
    let done = outcomes.into_iter().filter(|outcome| matches!(outcome, Ok(SetUp::Done))).count();
    assert_eq!(done, 1);
    assert_eq!(harness.store.list_credentials("ada@bikes.example").await.unwrap().len(), 1);
}

async fn a_workspace_made_before_is_taken_over(harness: Harness) {
    harness.store.set_setup_code("code").await.unwrap();
    let mut new = owner(&harness, "code");
    new.agent.workspace_id = harness.workspace;
    assert_eq!(harness.store.set_up_owner(new).await.unwrap(), SetUp::Done);
    let name = harness.store.find_workspace_name(harness.workspace).await.unwrap();
    assert_eq!(name.as_deref(), Some("Bikes"), "the form names it");
}

async fn people_are_kept_by_workspace(harness: Harness) {
    let (store, workspace) = (&harness.store, harness.workspace);
    let other = harness.other_workspace().await;
    let email = format!("ada-{}@bikes.example", harness.id());
    let ada = harness.agent(workspace, &email, Role::Admin).await;
    let bob = harness.agent(workspace, &format!("bob-{}@bikes.example", harness.id()), Role::Agent).await;
    let twin = harness.agent(other, &email, Role::ReadOnly).await;

    let again = NewAgent {
        id: AgentId(harness.id()),
        workspace_id: workspace,
        email: email.clone(),
        name: "Eve".into(),
        role: Role::Owner,
        password_hash: None,
        now: now(),
    };
    assert!(!store.create_agent(again.clone()).await.unwrap(), "the address is taken here");
    assert!(store.create_agent(NewAgent { id: ada, ..again }).await.unwrap(), "the same command, run again");

    assert_eq!(store.find_agent_by_email(workspace, &email).await.unwrap().unwrap().id, ada);
    assert_eq!(store.find_agent_by_email(other, &email).await.unwrap().unwrap().id, twin);
    assert!(store.find_agent(other, ada).await.unwrap().is_none());
    assert!(store.find_agent_by_email(workspace, "nobody@bikes.example").await.unwrap().is_none());

    let everybody = store.list_agents(workspace, AgentId(0), 10).await.unwrap();
    assert_eq!(everybody.iter().map(|agent| agent.id).collect::<Vec<_>>(), [ada, bob]);
    assert_eq!(store.list_agents(workspace, ada, 10).await.unwrap()[0].id, bob);
    assert_eq!(store.list_agents(workspace, AgentId(0), 1).await.unwrap().len(), 1);

    let known = store.list_credentials(&email).await.unwrap();
    let known: Vec<(WorkspaceId, AgentId)> = known.iter().map(|known| (known.workspace_id, known.agent.id)).collect();
    assert_eq!(known, [(workspace, ada), (other, twin)]);
}

async fn a_session_ends(harness: Harness) {
    let (store, workspace) = (&harness.store, harness.workspace);
    let agent = harness.agent(workspace, "a@a", Role::Agent).await;
    let secret = |name: &str| format!("{name}-{workspace}");
    for name in ["one", "two"] {
        store.create_sign_in(workspace, agent, &secret(name), now(), later(1_000)).await.unwrap();
    }
    let (found_in, found) = store.find_sign_in(&secret("one"), later(999)).await.unwrap().unwrap();
    assert_eq!((found_in, found.id), (workspace, agent));
    assert!(store.find_sign_in(&secret("one"), later(1_000)).await.unwrap().is_none(), "its time has come");
    assert!(store.find_sign_in("guess", now()).await.unwrap().is_none());

    store.delete_sign_in(&secret("one"), now()).await.unwrap();
    assert!(store.find_sign_in(&secret("one"), now()).await.unwrap().is_none());
    assert!(store.find_sign_in(&secret("two"), now()).await.unwrap().is_some(), "the other goes on");

    store.create_sign_in(workspace, agent, &secret("three"), later(1_000), later(2_000)).await.unwrap();
    let left = harness.raw("SELECT secret_hash FROM sign_in WHERE workspace_id = $1", &[workspace.0.into()]).await;
    assert_eq!(left, [secret("three")], "a new session sweeps those that ended");
}

async fn who_is_disabled_is_out_at_once(harness: Harness) {
    let (store, workspace) = (&harness.store, harness.workspace);
    let agent = harness.agent(workspace, "a@a", Role::Agent).await;
    let (session, link) = (format!("session-{workspace}"), format!("link-{workspace}"));
    store.create_sign_in(workspace, agent, &session, now(), later(1_000)).await.unwrap();
    store.create_link(workspace, agent, "reset", &link, later(1_000)).await.unwrap();
    store.disable_agent(workspace, agent, now()).await.unwrap();
    store.disable_agent(workspace, agent, now()).await.unwrap();
    assert!(store.find_sign_in(&session, now()).await.unwrap().is_none());
    assert!(store.find_link(&link, now()).await.unwrap().is_none());
    assert!(store.find_agent(workspace, agent).await.unwrap().unwrap().disabled);
    // Somebody who was signing in at that moment.
    store.create_sign_in(workspace, agent, &session, now(), later(1_000)).await.unwrap();
    assert!(store.find_sign_in(&session, now()).await.unwrap().is_none());
    let told: Vec<LogKind> = harness.log(workspace).await.iter().map(|record| record.kind).collect();
    assert_eq!(told, [LogKind::AgentCreated, LogKind::AgentChanged]);
}

async fn who_is_enabled_again_comes_in_anew(harness: Harness) {
    let (store, workspace) = (&harness.store, harness.workspace);
    let other = harness.other_workspace().await;
    let agent = harness.agent(workspace, "a@a", Role::Agent).await;
    let session = format!("session-{workspace}");
    store.create_sign_in(workspace, agent, &session, now(), later(1_000)).await.unwrap();
    assert!(store.disable_agent(workspace, agent, now()).await.unwrap());
    store.enable_agent(other, agent, now()).await.unwrap();
    assert!(store.find_agent(workspace, agent).await.unwrap().unwrap().disabled, "strangers enable nobody");
    store.enable_agent(workspace, agent, now()).await.unwrap();
    store.enable_agent(workspace, agent, now()).await.unwrap();
    assert!(!store.find_agent(workspace, agent).await.unwrap().unwrap().disabled);
    assert!(store.find_sign_in(&session, now()).await.unwrap().is_none(), "the old session stays closed");
    let told: Vec<LogKind> = harness.log(workspace).await.iter().map(|record| record.kind).collect();
    assert_eq!(told, [LogKind::AgentCreated, LogKind::AgentChanged, LogKind::AgentChanged]);
    assert!(harness.log(other).await.is_empty());
}

async fn the_last_owner_stays(harness: Harness) {
    let (store, workspace) = (&harness.store, harness.workspace);
    let ada = harness.agent(workspace, "ada@a", Role::Owner).await;
    let agent = harness.agent(workspace, "a@a", Role::Agent).await;
    assert!(!store.disable_agent(workspace, ada, now()).await.unwrap());
    assert!(store.disable_agent(workspace, agent, now()).await.unwrap(), "others go");
    let bob = harness.agent(workspace, "bob@a", Role::Owner).await;
    // Each at the same time as the other: one of them is refused.
    let both = tokio::join!(store.disable_agent(workspace, ada, now()), store.disable_agent(workspace, bob, now()));
    assert_ne!(both.0.unwrap(), both.1.unwrap());
    let everybody = store.list_agents(workspace, AgentId(0), 10).await.unwrap();
    assert_eq!(everybody.iter().filter(|agent| !agent.disabled).count(), 1);
}

async fn a_stranger_can_neither_sign_in_nor_link_nor_disable(harness: Harness) {
    let (store, workspace) = (&harness.store, harness.workspace);
    let other = harness.other_workspace().await;
    let agent = harness.agent(workspace, "a@a", Role::Agent).await;
    let (session, link) = (format!("session-{workspace}"), format!("link-{workspace}"));
    store.create_sign_in(workspace, agent, &session, now(), later(1_000)).await.unwrap();
    store.create_link(workspace, agent, "invite", &link, later(1_000)).await.unwrap();

    store.disable_agent(other, agent, now()).await.unwrap();
    store.create_link(other, agent, "reset", "stolen", later(1_000)).await.unwrap();
    store.create_sign_in(other, agent, "stolen", now(), later(1_000)).await.unwrap();

    assert!(store.find_link("stolen", now()).await.unwrap().is_none());
    assert!(store.find_sign_in("stolen", now()).await.unwrap().is_none());
    assert!(store.find_sign_in(&session, now()).await.unwrap().is_some());
    assert!(store.find_link(&link, now()).await.unwrap().is_some());
    assert!(!store.find_agent(workspace, agent).await.unwrap().unwrap().disabled);
    assert!(harness.log(other).await.is_empty());
}

async fn a_link_is_spent_once(harness: Harness) {
    let (store, workspace) = (&harness.store, harness.workspace);
    let email = format!("ada-{}@bikes.example", harness.id());
    let agent = harness.agent(workspace, &email, Role::Agent).await;
    let (session, first, second) =
        (format!("session-{workspace}"), format!("first-{workspace}"), format!("second-{workspace}"));
    store.create_sign_in(workspace, agent, &session, now(), later(9_000)).await.unwrap();
    store.create_link(workspace, agent, "invite", &first, later(1_000)).await.unwrap();
    store.create_link(workspace, agent, "reset", &second, later(1_000)).await.unwrap();

    assert!(store.find_link(&first, now()).await.unwrap().is_none(), "a newer one ended it");
    let link = store.find_link(&second, now()).await.unwrap().unwrap();
    assert_eq!((link.workspace_id, link.agent.id, link.purpose.as_str()), (workspace, agent, "reset"));
    assert!(store.find_link(&second, later(1_000)).await.unwrap().is_none());

    assert!(store.redeem_link(&first, "hash", now()).await.unwrap().is_none());
    assert!(store.redeem_link(&second, "hash", later(1_000)).await.unwrap().is_none(), "too late");
    assert_eq!(store.redeem_link(&second, "hash", now()).await.unwrap(), Some((workspace, agent)));
    assert!(store.redeem_link(&second, "other", now()).await.unwrap().is_none());
    assert!(store.find_sign_in(&session, now()).await.unwrap().is_none(), "whoever was in has to sign in again");
    let known = store.list_credentials(&email).await.unwrap();
    assert_eq!(known[0].password_hash.as_deref(), Some("hash"));
}

async fn a_token_works_until_it_is_revoked(harness: Harness) {
    let (store, workspace) = (&harness.store, harness.workspace);
    let other = harness.other_workspace().await;
    let new = |name: &str| NewToken {
        id: TokenId(harness.id()),
        workspace_id: workspace,
        name: name.into(),
        role: Role::Agent,
        secret_hash: format!("{name}-{workspace}"),
        now: now(),
    };
    let (one, two) = (new("one"), new("two"));
    for token in [&one, &two, &one] {
        store.create_token(token.clone()).await.unwrap();
    }
    let found = store.find_token(&one.secret_hash).await.unwrap().unwrap();
    assert_eq!((found.workspace_id, found.token.id, found.token.last_used_at), (workspace, one.id, None));

    store.touch_token(other, one.id, later(5)).await.unwrap();
    assert_eq!(store.find_token(&one.secret_hash).await.unwrap().unwrap().token.last_used_at, None);
    store.touch_token(workspace, one.id, later(5)).await.unwrap();
    assert_eq!(store.find_token(&one.secret_hash).await.unwrap().unwrap().token.last_used_at, Some(later(5)));

    let listed = |tokens: Vec<model::agent::Token>| tokens.iter().map(|token| token.id).collect::<Vec<_>>();
    let newest = TokenId(i64::MAX);
    assert_eq!(listed(store.list_tokens(workspace, newest, 10).await.unwrap()), [two.id, one.id]);
    assert_eq!(listed(store.list_tokens(workspace, two.id, 10).await.unwrap()), [one.id]);
    assert!(store.list_tokens(other, newest, 10).await.unwrap().is_empty());

    assert_eq!(store.find_token_role(workspace, one.id).await.unwrap(), Some(one.role));
    assert_eq!(store.find_token_role(other, one.id).await.unwrap(), None);
    assert!(!store.revoke_token(other, one.id, now()).await.unwrap());
    assert!(store.revoke_token(workspace, one.id, now()).await.unwrap());
    assert!(!store.revoke_token(workspace, one.id, now()).await.unwrap());
    assert!(store.find_token(&one.secret_hash).await.unwrap().is_none());
    assert_eq!(store.find_token_role(workspace, one.id).await.unwrap(), None, "it works no more");
    assert_eq!(listed(store.list_tokens(workspace, newest, 10).await.unwrap()), [two.id]);
    let told: Vec<(LogKind, Option<String>)> =
        harness.log(workspace).await.into_iter().map(|record| (record.kind, record.subject_id)).collect();
    let (one, two) = (Some(one.id.to_string()), Some(two.id.to_string()));
    assert_eq!(
        told,
        [(LogKind::TokenCreated, one.clone()), (LogKind::TokenCreated, two), (LogKind::TokenRevoked, one)]
    );
}

async fn workspaces_have_names(harness: Harness) {
    let (store, other) = (&harness.store, harness.other_workspace().await);
    store.create_workspace(other, "A second name", now()).await.unwrap();
    let all = store.list_workspaces().await.unwrap();
    assert_eq!(all, [(harness.workspace, "Bikes & Co".into()), (other, "Somebody else".into())]);
    assert_eq!(store.find_workspace_name(WorkspaceId(1)).await.unwrap(), None);
    store.ping().await.unwrap();
}
