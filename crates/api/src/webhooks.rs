//! Webhooks: making, changing, testing them, and what became of their deliveries.

use crate::{
    extract::{Authenticated, Body, Creating, IdempotencyHeader, Limit, Paging, Path, Query},
    problem::{Checked, Common, Contradicts, Guarded, Missing, Problem, WithBody},
};
use axum::{Json, extract::State, http::StatusCode};
use model::{
    Cursor, WebhookDeliveryId, WebhookId,
    entry::Page,
    log::LogKind,
    webhook::{Webhook, WebhookDelivery},
};
use serde::{Deserialize, Serialize};
use service::{Services, webhooks};
use utoipa::{IntoParams, ToSchema};

/// The kinds that a webhook can ask for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhookKinds {
    /// In the order of the log's own list.
    items: Vec<LogKind>,
}

/// A webhook to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewWebhook {
    /// What the team calls it.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// Where the events go: https and public, unless the server's settings allow its host.
    #[schema(max_length = 2000)]
    url: String,
    /// The kinds of log records that it wants: kinds (`message.received`) or families (`message.*`). Empty: all.
    #[serde(default)]
    #[schema(max_items = 100)]
    kinds: Vec<String>,
    /// Whether it is told anything.
    #[serde(default = "yes")]
    #[schema(default = true)]
    enabled: bool,
    /// Begin after this place of the log instead of now.
    from_cursor: Option<Cursor>,
}

fn yes() -> bool {
    true
}

/// What changes of a webhook; what is absent stays as it is. A change also ends the pause before the next try.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebhookChange {
    /// A new name.
    name: Option<String>,
    /// Another address.
    url: Option<String>,
    /// Other kinds.
    kinds: Option<Vec<String>>,
    /// Whether it is told anything. Switched on, it begins now, unless `from_cursor` is given.
    enabled: Option<bool>,
    /// Begin after this place of the log; only together with switching on.
    from_cursor: Option<Cursor>,
}

/// A webhook with its secret, which is never told again.
#[derive(Serialize, ToSchema)]
pub(crate) struct RevealedWebhook {
    /// The webhook.
    #[serde(flatten)]
    webhook: Webhook,
    /// `whsec_` and base64, as Standard Webhooks libraries take it.
    secret: String,
}

impl From<webhooks::RevealedWebhook> for RevealedWebhook {
    fn from(revealed: webhooks::RevealedWebhook) -> Self {
        Self { webhook: revealed.webhook, secret: revealed.secret }
    }
}

/// Which tries are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct WebhookDeliveryQuery {
    /// Only those that did not arrive.
    #[serde(default)]
    #[param(default = false)]
    failed: bool,
    /// How many items at most.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, default = 50)]
    limit: Limit,
    /// Where the page begins: the `next_cursor` of the page before it.
    #[param(max_length = 512)]
    cursor: Option<String>,
}

/// What is to be sent again; exactly one of them.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebhookReplay {
    /// Everything after this place of the log that the webhook wants, in order.
    from_cursor: Option<Cursor>,
    /// The event of this try.
    delivery_id: Option<WebhookDeliveryId>,
    /// Every event that was given up.
    failed: Option<bool>,
}

impl WebhookReplay {
    fn read(self) -> Option<webhooks::Replay> {
        match (self.from_cursor, self.delivery_id, self.failed.unwrap_or(false)) {
            (Some(cursor), None, false) => Some(webhooks::Replay::From(cursor)),
            (None, Some(id), false) => Some(webhooks::Replay::Delivery(id)),
            (None, None, true) => Some(webhooks::Replay::Failed),
            _ => None,
        }
    }
}

/// Lists the kinds that a webhook can ask for.
#[utoipa::path(
    get, path = "/webhook-kinds", tag = "Webhooks", extensions(("x-internal" = json!(true))),
    responses((status = 200, description = "The kinds.", body = WebhookKinds), Guarded, Common)
)]
pub(crate) async fn list_webhook_kinds(Authenticated(caller): Authenticated) -> Result<Json<WebhookKinds>, Problem> {
    Ok(Json(WebhookKinds { items: webhooks::list_kinds(&caller)? }))
}

/// Lists the webhooks, oldest first.
#[utoipa::path(
    get, path = "/webhooks", tag = "Webhooks", params(Paging),
    responses((status = 200, description = "A page of them.", body = Page<Webhook>), Guarded, Checked, Common)
)]
pub(crate) async fn list_webhooks(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<Webhook>>, Problem> {
    let (limit, cursor) = (paging.limit.0, paging.cursor.as_deref());
    Ok(Json(webhooks::list_webhooks(&services, &caller, limit, cursor).await?))
}

/// Makes a webhook.
///
/// The answer shows its secret, once.
#[utoipa::path(
    post, path = "/webhooks", tag = "Webhooks", request_body = NewWebhook, params(IdempotencyHeader),
    responses(
        (status = 201, description = "Made.", body = RevealedWebhook),
        Guarded, Contradicts, Checked, WithBody, Common,
    )
)]
pub(crate) async fn create_webhook(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Creating { body, key, .. }: Creating<NewWebhook>,
) -> Result<(StatusCode, Json<RevealedWebhook>), Problem> {
    let NewWebhook { name, url, kinds, enabled, from_cursor } = body;
    let new = webhooks::NewWebhook { name, url, kinds, enabled, from_cursor };
    let revealed = webhooks::create_webhook(&services, &caller, new, key).await?;
    Ok((StatusCode::CREATED, Json(revealed.into())))
}

/// Shows a webhook and how it goes.
#[utoipa::path(
    get, path = "/webhooks/{id}", tag = "Webhooks",
    params(("id" = WebhookId, Path, description = "The webhook's id.")),
    responses((status = 200, description = "The webhook.", body = Webhook), Guarded, Missing, Common)
)]
pub(crate) async fn get_webhook(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<WebhookId>,
) -> Result<Json<Webhook>, Problem> {
    Ok(Json(webhooks::get_webhook(&services, &caller, id).await?))
}

/// Changes a webhook, and tries at once what waits for its next try.
#[utoipa::path(
    patch, path = "/webhooks/{id}", tag = "Webhooks", request_body = WebhookChange,
    params(("id" = WebhookId, Path, description = "The webhook's id.")),
    responses(
        (status = 200, description = "The webhook as it is now.", body = Webhook),
        Guarded, Missing, Contradicts, Checked, WithBody, Common,
    )
)]
pub(crate) async fn update_webhook(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<WebhookId>,
    Body(body): Body<WebhookChange>,
) -> Result<Json<Webhook>, Problem> {
    let WebhookChange { name, url, kinds, enabled, from_cursor } = body;
    let change = webhooks::WebhookChange { name, url, kinds, enabled, from_cursor };
    Ok(Json(webhooks::update_webhook(&services, &caller, id, change).await?))
}

/// Removes a webhook. A call under way still ends.
#[utoipa::path(
    delete, path = "/webhooks/{id}", tag = "Webhooks",
    params(("id" = WebhookId, Path, description = "The webhook's id.")),
    responses((status = 204, description = "It is gone."), Guarded, Missing, Common)
)]
pub(crate) async fn delete_webhook(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<WebhookId>,
) -> Result<StatusCode, Problem> {
    webhooks::delete_webhook(&services, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives a webhook another secret, shown once. For 24 hours the former one signs as well.
#[utoipa::path(
    post, path = "/webhooks/{id}/rotate-secret", tag = "Webhooks",
    params(("id" = WebhookId, Path, description = "The webhook's id.")),
    responses(
        (status = 200, description = "The webhook with its new secret.", body = RevealedWebhook),
        Guarded, Missing, Contradicts, Common,
    )
)]
pub(crate) async fn rotate_webhook_secret(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<WebhookId>,
) -> Result<Json<RevealedWebhook>, Problem> {
    Ok(Json(webhooks::rotate_secret(&services, &caller, id).await?.into()))
}

/// Sends an event of type `webhook.test` now, once, and tells what came of it.
#[utoipa::path(
    post, path = "/webhooks/{id}/test", tag = "Webhooks",
    params(("id" = WebhookId, Path, description = "The webhook's id.")),
    responses((status = 200, description = "What came of it.", body = WebhookDelivery), Guarded, Missing, Common)
)]
pub(crate) async fn test_webhook(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<WebhookId>,
) -> Result<Json<WebhookDelivery>, Problem> {
    Ok(Json(webhooks::test_webhook(&services, &caller, id).await?))
}

/// Lists the tries of the last 14 days, newest first.
#[utoipa::path(
    get, path = "/webhooks/{id}/deliveries", tag = "Webhooks",
    params(("id" = WebhookId, Path, description = "The webhook's id."), WebhookDeliveryQuery),
    responses((status = 200, description = "A page of them.", body = Page<WebhookDelivery>), Guarded, Missing, Checked, Common)
)]
pub(crate) async fn list_webhook_deliveries(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<WebhookId>,
    Query(query): Query<WebhookDeliveryQuery>,
) -> Result<Json<Page<WebhookDelivery>>, Problem> {
    let (limit, cursor) = (query.limit.0, query.cursor.as_deref());
    Ok(Json(webhooks::list_deliveries(&services, &caller, id, query.failed, limit, cursor).await?))
}

/// Has events sent again, under the ids that they had.
#[utoipa::path(
    post, path = "/webhooks/{id}/replay", tag = "Webhooks", request_body = WebhookReplay,
    params(("id" = WebhookId, Path, description = "The webhook's id.")),
    responses(
        (status = 200, description = "The webhook as it is now.", body = Webhook),
        Guarded, Missing, Contradicts, Checked, WithBody, Common,
    )
)]
pub(crate) async fn replay_webhook(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<WebhookId>,
    Body(body): Body<WebhookReplay>,
) -> Result<Json<Webhook>, Problem> {
    Ok(Json(webhooks::replay(&services, &caller, id, body.read()).await?))
}
