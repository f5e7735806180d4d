//! Labels: defining them, and putting them on customers and episodes.

use crate::{
    extract::{Authenticated, Body, Creating, IdempotencyHeader, Paging, Path, Query},
    problem::{Checked, Common, Contradicts, Guarded, Missing, Problem, WithBody},
};
use axum::{Json, extract::State, http::StatusCode};
use model::{
    CustomerId, EpisodeId, LabelId,
    customer::Customer,
    entry::Page,
    episode::Episode,
    label::{Label, LabelColour},
};
use serde::Deserialize;
use service::{Services, labels};
use utoipa::ToSchema;

/// A label to define.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewLabel {
    /// The word. Unique, whatever its case.
    #[schema(min_length = 1, max_length = 60)]
    name: String,
    /// Its colour; grey when it is absent.
    #[serde(default)]
    colour: LabelColour,
}

/// What changes of a label; what is absent stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LabelChange {
    /// The word.
    #[schema(min_length = 1, max_length = 60)]
    name: Option<String>,
    /// Its colour.
    colour: Option<LabelColour>,
    /// Whether it is no longer offered. Who carries it goes on carrying it.
    archived: Option<bool>,
}

/// Lists the labels, oldest first, those that are archived too.
#[utoipa::path(
    get, path = "/labels", tag = "Labels", params(Paging),
    responses((status = 200, description = "A page of them.", body = Page<Label>), Guarded, Checked, Common)
)]
pub(crate) async fn list_labels(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<Label>>, Problem> {
    Ok(Json(labels::list_labels(&services, &caller, paging.limit.0, paging.cursor.as_deref()).await?))
}

/// Defines a label.
#[utoipa::path(
    post, path = "/labels", tag = "Labels", request_body = NewLabel, params(IdempotencyHeader),
    responses(
        (status = 201, description = "Defined.", body = Label),
        Guarded, Contradicts, Checked, WithBody, Common,
    )
)]
pub(crate) async fn create_label(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Creating { body, key, .. }: Creating<NewLabel>,
) -> Result<(StatusCode, Json<Label>), Problem> {
    let label = labels::create_label(&services, &caller, &body.name, body.colour, key).await?;
    Ok((StatusCode::CREATED, Json(label)))
}

/// Changes a label, everywhere where it is carried.
#[utoipa::path(
    patch, path = "/labels/{id}", tag = "Labels", request_body = LabelChange,
    params(("id" = LabelId, Path, description = "The label's id.")),
    responses(
        (status = 200, description = "The label as it is now.", body = Label),
        Guarded, Missing, Checked, WithBody, Common,
    )
)]
pub(crate) async fn update_label(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<LabelId>,
    Body(body): Body<LabelChange>,
) -> Result<Json<Label>, Problem> {
    let LabelChange { name, colour, archived } = body;
    let change = labels::LabelChange { name, colour, archived };
    Ok(Json(labels::update_label(&services, &caller, id, change).await?))
}

/// Deletes a label that nothing carries; archive any other.
#[utoipa::path(
    delete, path = "/labels/{id}", tag = "Labels",
    params(("id" = LabelId, Path, description = "The label's id.")),
    responses((status = 204, description = "It is gone."), Guarded, Missing, Contradicts, Common)
)]
pub(crate) async fn delete_label(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<LabelId>,
) -> Result<StatusCode, Problem> {
    labels::delete_label(&services, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Puts a label on a customer; harmless to repeat.
#[utoipa::path(
    put, path = "/customers/{id}/labels/{label_id}", tag = "Customers",
    params(
        ("id" = CustomerId, Path, description = "The customer's id."),
        ("label_id" = LabelId, Path, description = "The label's id."),
    ),
    responses(
        (status = 200, description = "The customer as it is now.", body = Customer),
        Guarded, Missing, Contradicts, Common,
    )
)]
pub(crate) async fn add_customer_label(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path((customer, label)): Path<(CustomerId, LabelId)>,
) -> Result<Json<Customer>, Problem> {
    Ok(Json(labels::add_customer_label(&services, &caller, customer, label).await?))
}

/// Takes a label off a customer, and off everybody who was merged into them; harmless to repeat.
#[utoipa::path(
    delete, path = "/customers/{id}/labels/{label_id}", tag = "Customers",
    params(
        ("id" = CustomerId, Path, description = "The customer's id."),
        ("label_id" = LabelId, Path, description = "The label's id."),
    ),
    responses((status = 200, description = "The customer as it is now.", body = Customer), Guarded, Missing, Common)
)]
pub(crate) async fn remove_customer_label(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path((customer, label)): Path<(CustomerId, LabelId)>,
) -> Result<Json<Customer>, Problem> {
    Ok(Json(labels::remove_customer_label(&services, &caller, customer, label).await?))
}

/// Puts a label on an episode; harmless to repeat.
#[utoipa::path(
    put, path = "/episodes/{id}/labels/{label_id}", tag = "Episodes",
    params(
        ("id" = EpisodeId, Path, description = "The episode's id."),
        ("label_id" = LabelId, Path, description = "The label's id."),
    ),
    responses(
        (status = 200, description = "The episode as it is now.", body = Episode),
        Guarded, Missing, Contradicts, Common,
    )
)]
pub(crate) async fn add_episode_label(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path((episode, label)): Path<(EpisodeId, LabelId)>,
) -> Result<Json<Episode>, Problem> {
    Ok(Json(labels::add_episode_label(&services, &caller, episode, label).await?))
}

/// Takes a label off an episode; harmless to repeat.
#[utoipa::path(
    delete, path = "/episodes/{id}/labels/{label_id}", tag = "Episodes",
    params(
        ("id" = EpisodeId, Path, description = "The episode's id."),
        ("label_id" = LabelId, Path, description = "The label's id."),
    ),
    responses((status = 200, description = "The episode as it is now.", body = Episode), Guarded, Missing, Common)
)]
pub(crate) async fn remove_episode_label(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path((episode, label)): Path<(EpisodeId, LabelId)>,
) -> Result<Json<Episode>, Problem> {
    Ok(Json(labels::remove_episode_label(&services, &caller, episode, label).await?))
}
