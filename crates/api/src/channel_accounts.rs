//! Connecting, changing and testing channel accounts.

use crate::{
    extract::{Authenticated, Body, Creating, IdempotencyHeader, Paging, Path, Query},
    problem::{Checked, Common, Contradicts, Guarded, Missing, Problem, WithBody},
};
use axum::{Json, extract::State, http::StatusCode};
use channel::Secret;
use model::{
    ChannelAccountId,
    channel_account::{ChannelAccount, ChannelKind},
    entry::Page,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use service::{Services, channel_accounts};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// The channels of this server.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Kinds {
    /// By kind.
    items: Vec<ChannelKind>,
}

/// A channel account to connect.
// Has no `Debug`: nothing may print its secrets.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewChannelAccount {
    /// The channel (`messenger`).
    kind: String,
    /// What the team calls it.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// Settings in the provider's own words.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, Value>)]
    settings: Map<String, Value>,
    /// Secrets in the provider's own words; they are never told again.
    #[serde(default)]
    secrets: BTreeMap<String, String>,
}

/// What changes of a channel account; what is absent stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChannelAccountChange {
    /// A new name.
    name: Option<String>,
    /// Whether it sends. What comes in is kept either way.
    enabled: Option<bool>,
    /// Settings to set; null removes one.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, Value>)]
    settings: Map<String, Value>,
    /// Secrets to set; null removes one.
    #[serde(default)]
    secrets: BTreeMap<String, Option<String>>,
}

/// A channel account that has just been connected.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CreatedChannelAccount {
    /// The account.
    #[serde(flatten)]
    account: ChannelAccount,
    /// To be pasted at the provider; present when it was made by the server, and told only here.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    verify_token: Option<String>,
}

/// What a live test of an account found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TestReport {
    /// Every step passed.
    passed: bool,
    /// The steps in order; those that an earlier failure makes pointless are absent.
    steps: Vec<TestStep>,
}

/// One step of a live test.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TestStep {
    /// A stable name.
    name: &'static str,
    /// Whether it passed.
    passed: bool,
    /// A stable word for what was found, which clients translate (`accepted`, `fields_missing`).
    code: &'static str,
    /// What the word leaves open: a name, the missing fields, the provider's own words. May be empty.
    detail: String,
}

impl From<channel::TestReport> for TestReport {
    fn from(report: channel::TestReport) -> Self {
        let steps: Vec<TestStep> = report
            .steps
            .into_iter()
            .map(|step| TestStep { name: step.name, passed: step.passed, code: step.code, detail: step.detail })
            .collect();
        Self { passed: steps.iter().all(|step| step.passed), steps }
    }
}

fn hide(secrets: BTreeMap<String, String>) -> BTreeMap<String, Secret> {
    secrets.into_iter().map(|(name, value)| (name, Secret::new(value))).collect()
}

/// Lists the channels of this server.
#[utoipa::path(
    get, path = "/channel-kinds", tag = "Channel accounts", extensions(("x-internal" = json!(true))),
    responses((status = 200, description = "The channels.", body = Kinds), Guarded, Common)
)]
pub(crate) async fn list_channel_kinds(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
) -> Result<Json<Kinds>, Problem> {
    Ok(Json(Kinds { items: channel_accounts::list_kinds(&services, &caller)? }))
}

/// Lists the channel accounts, oldest first.
#[utoipa::path(
    get, path = "/channel-accounts", tag = "Channel accounts", params(Paging),
    responses((status = 200, description = "A page of them.", body = Page<ChannelAccount>), Guarded, Checked, Common)
)]
pub(crate) async fn list_channel_accounts(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<ChannelAccount>>, Problem> {
    let (limit, cursor) = (paging.limit.0, paging.cursor.as_deref());
    Ok(Json(channel_accounts::list_channel_accounts(&services, &caller, limit, cursor).await?))
}

/// Connects a channel account.
///
/// The answer shows the address at which the provider has to call (`callback_path`). An account that is connected already is
/// a conflict, `already_connected`.
#[utoipa::path(
    post, path = "/channel-accounts", tag = "Channel accounts", request_body = NewChannelAccount,
    params(IdempotencyHeader),
    responses(
        (status = 201, description = "Connected.", body = CreatedChannelAccount),
        Guarded, Contradicts, Checked, WithBody, Common,
    )
)]
pub(crate) async fn create_channel_account(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Creating { body, key, .. }: Creating<NewChannelAccount>,
) -> Result<(StatusCode, Json<CreatedChannelAccount>), Problem> {
    let NewChannelAccount { kind, name, settings, secrets } = body;
    let new = channel_accounts::NewChannelAccount { kind, name, settings, secrets: hide(secrets) };
    let created = channel_accounts::create_channel_account(&services, &caller, new, key).await?;
    let answer = CreatedChannelAccount { account: created.account, verify_token: created.verify_token };
    Ok((StatusCode::CREATED, Json(answer)))
}

/// Shows a channel account; its secrets are named, never told.
#[utoipa::path(
    get, path = "/channel-accounts/{id}", tag = "Channel accounts",
    params(("id" = ChannelAccountId, Path, description = "The account's id.")),
    responses((status = 200, description = "The account.", body = ChannelAccount), Guarded, Missing, Common)
)]
pub(crate) async fn get_channel_account(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<ChannelAccountId>,
) -> Result<Json<ChannelAccount>, Problem> {
    Ok(Json(channel_accounts::get_channel_account(&services, &caller, id).await?))
}

/// Changes a channel account; settings and secrets are merged by key.
#[utoipa::path(
    patch, path = "/channel-accounts/{id}", tag = "Channel accounts", request_body = ChannelAccountChange,
    params(("id" = ChannelAccountId, Path, description = "The account's id.")),
    responses(
        (status = 200, description = "The account as it is now.", body = ChannelAccount),
        Guarded, Missing, Contradicts, Checked, WithBody, Common,
    )
)]
pub(crate) async fn update_channel_account(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<ChannelAccountId>,
    Body(body): Body<ChannelAccountChange>,
) -> Result<Json<ChannelAccount>, Problem> {
    let ChannelAccountChange { name, enabled, settings, secrets } = body;
    let secrets = secrets.into_iter().map(|(name, value)| (name, value.map(Secret::new))).collect();
    let change = channel_accounts::ChannelAccountChange { name, enabled, settings, secrets };
    Ok(Json(channel_accounts::update_channel_account(&services, &caller, id, change).await?))
}

/// Tries the account's credentials and set-up at the provider; sends nothing to anybody.
#[utoipa::path(
    post, path = "/channel-accounts/{id}/test", tag = "Channel accounts",
    params(("id" = ChannelAccountId, Path, description = "The account's id.")),
    responses((status = 200, description = "What was found.", body = TestReport), Guarded, Missing, Contradicts, Common)
)]
pub(crate) async fn test_channel_account(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<ChannelAccountId>,
) -> Result<Json<TestReport>, Problem> {
    Ok(Json(channel_accounts::test_channel_account(&services, &caller, id).await?.into()))
}

/// Lets an account that pauses send again, once what stopped it is settled with the provider; a conflict when it does not pause.
#[utoipa::path(
    post, path = "/channel-accounts/{id}/resume", tag = "Channel accounts",
    params(("id" = ChannelAccountId, Path, description = "The account's id.")),
    responses(
        (status = 200, description = "The account as it is now.", body = ChannelAccount),
        Guarded, Missing, Contradicts, Common,
    )
)]
pub(crate) async fn resume_channel_account(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<ChannelAccountId>,
) -> Result<Json<ChannelAccount>, Problem> {
    Ok(Json(channel_accounts::resume_channel_account(&services, &caller, id).await?))
}
