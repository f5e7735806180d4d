//! The fields of customers: defining them.

use crate::{
    extract::{Authenticated, Body, Creating, IdempotencyHeader, Paging, Path, Query},
    problem::{Checked, Common, Contradicts, Guarded, Missing, Problem, WithBody},
};
use axum::{Json, extract::State, http::StatusCode};
use model::{
    AttributeId,
    attribute::{Attribute, AttributeType},
    entry::Page,
};
use serde::Deserialize;
use service::{Services, attributes};
use utoipa::ToSchema;

/// A field to define.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAttribute {
    /// The word by which programs name it: a small letter, then small letters, digits and single underscores. Unique; it
    /// never changes.
    #[schema(min_length = 1, max_length = 40, pattern = "^[a-z][a-z0-9]*(_[a-z0-9]+)*$")]
    key: String,
    /// The name that people see.
    #[schema(min_length = 1, max_length = 60)]
    name: String,
    /// What its values are; it never changes.
    #[serde(rename = "type")]
    value_type: AttributeType,
    /// The values of a choice, 1 to 100; other types have none.
    #[serde(default)]
    #[schema(max_items = 100)]
    options: Vec<String>,
    /// What it is for.
    #[serde(default)]
    #[schema(max_length = 300)]
    description: String,
    /// A value, once there, can be changed and not taken away.
    #[serde(default)]
    required: bool,
    /// Fields are shown in the order of this number; behind all others when it is absent.
    #[schema(minimum = 0, maximum = 1_000_000)]
    position: Option<i64>,
}

/// What changes of a field; what is absent stays as it is. Key and type never change.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AttributeChange {
    /// The name that people see.
    #[schema(min_length = 1, max_length = 60)]
    name: Option<String>,
    /// The values of a choice. Customers keep a value that is no option any more.
    #[schema(max_items = 100)]
    options: Option<Vec<String>>,
    /// What it is for.
    #[schema(max_length = 300)]
    description: Option<String>,
    /// Whether a value, once there, can be changed and not taken away.
    required: Option<bool>,
    /// Whether it is no longer shown. Its values are kept.
    archived: Option<bool>,
    /// Its place among the fields.
    #[schema(minimum = 0, maximum = 1_000_000)]
    position: Option<i64>,
}

/// Lists the fields in the order in which they are shown, those that are archived too.
#[utoipa::path(
    get, path = "/attributes", tag = "Attributes", params(Paging),
    responses((status = 200, description = "A page of them.", body = Page<Attribute>), Guarded, Checked, Common)
)]
pub(crate) async fn list_attributes(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<Attribute>>, Problem> {
    Ok(Json(attributes::list_attributes(&services, &caller, paging.limit.0, paging.cursor.as_deref()).await?))
}

/// Defines a field that every customer may have a value of.
#[utoipa::path(
    post, path = "/attributes", tag = "Attributes", request_body = NewAttribute, params(IdempotencyHeader),
    responses(
        (status = 201, description = "Defined.", body = Attribute),
        Guarded, Contradicts, Checked, WithBody, Common,
    )
)]
pub(crate) async fn create_attribute(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Creating { body, key: idempotency, .. }: Creating<NewAttribute>,
) -> Result<(StatusCode, Json<Attribute>), Problem> {
    let NewAttribute { key, name, value_type, options, description, required, position } = body;
    let draft = attributes::AttributeDraft { key, name, value_type, options, description, required, position };
    let attribute = attributes::create_attribute(&services, &caller, draft, idempotency).await?;
    Ok((StatusCode::CREATED, Json(attribute)))
}

/// Changes a field.
#[utoipa::path(
    patch, path = "/attributes/{id}", tag = "Attributes", request_body = AttributeChange,
    params(("id" = AttributeId, Path, description = "The field's id.")),
    responses(
        (status = 200, description = "The field as it is now.", body = Attribute),
        Guarded, Missing, Checked, WithBody, Common,
    )
)]
pub(crate) async fn update_attribute(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<AttributeId>,
    Body(body): Body<AttributeChange>,
) -> Result<Json<Attribute>, Problem> {
    let AttributeChange { name, options, description, required, archived, position } = body;
    let change = attributes::AttributeChange { name, options, description, required, archived, position };
    Ok(Json(attributes::update_attribute(&services, &caller, id, change).await?))
}

/// Deletes a field that no customer has a value of; archive any other.
#[utoipa::path(
    delete, path = "/attributes/{id}", tag = "Attributes",
    params(("id" = AttributeId, Path, description = "The field's id.")),
    responses((status = 204, description = "It is gone."), Guarded, Missing, Contradicts, Common)
)]
pub(crate) async fn delete_attribute(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<AttributeId>,
) -> Result<StatusCode, Problem> {
    attributes::delete_attribute(&services, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
