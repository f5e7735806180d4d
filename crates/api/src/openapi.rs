//! The contract: every route of `/api/v1` registered together with its description, and the document made of them.

use crate::{
    App, agents, attributes, calendars, channel_accounts, customers, episode_acts, episodes, files, identities, labels,
    links, live, me, merges, messages, notes, operations, problem, search, session, setup, signals, threads, tokens,
    webhooks,
};
use axum::{
    http::header,
    response::IntoResponse,
    routing::{MethodRouter, get},
};
use model::{
    AttributeId, CalendarId, ChannelAccountId, CustomerId, EpisodeId, FileId, IdentityId, InboundEventId, JobId,
    LabelId, MergeId, MessageId, ThreadId, TokenId, WebhookId, log::LogFrame,
};
use serde_json::{Map, Value, json};
use utoipa::{
    Modify, OpenApi,
    openapi::{
        ComponentsBuilder, Ref, RefOr, Schema,
        schema::{AdditionalProperties, ArrayItems, Type},
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};
use utoipa_axum::{router::OpenApiRouter, routes};

/// The frame of the document; the routes add themselves.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "onethread",
        description = "Every message with every customer, on one thread.\n\nIds are prefixed text, times RFC 3339, \
            cursors opaque. Lists take `limit` and `cursor` and answer with `items` and `next_cursor`. Errors are \
            problems (RFC 9457) with a stable `code`. Routes marked `x-internal` belong to the desk and may change.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    // What only parameters name is not found by itself.
    components(schemas(LogFrame, ThreadId, EpisodeId, MessageId, CustomerId, ChannelAccountId, TokenId, InboundEventId, FileId, WebhookId, LabelId, AttributeId, CalendarId, JobId, MergeId, IdentityId)),
    security(("bearer" = []), ("cookie" = [])),
    modifiers(&Schemes),
    tags(
        (name = "Threads", description = "Everything with one customer, as long as the relationship lasts."),
        (name = "Episodes", description = "Matters inside a thread, with a beginning and an end."),
        (name = "Messages", description = "What is said to customers."),
        (name = "Customers", description = "The people on the other side."),
        (name = "Files", description = "Pictures, recordings and documents."),
        (name = "Labels", description = "Words that sort customers and episodes."),
        (name = "Attributes", description = "The fields of customers."),
        (name = "Calendars", description = "When somebody is there."),
        (name = "Search", description = "Finding messages and people by words."),
        (name = "Live", description = "The log, as it grows."),
        (name = "Channel accounts", description = "The senders that are connected."),
        (name = "Webhooks", description = "Programs that are told what happens."),
        (name = "People", description = "Who works here, and which programs."),
        (name = "Operations", description = "What waits and what could not be done."),
        (name = "Sign-in", description = "How people get in."),
    )
)]
struct Contract;

struct Schemes;

impl Modify for Schemes {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("An API token.")).build();
        let cookie = ApiKeyValue::with_description(
            crate::extract::SESSION_COOKIE,
            "The desk's session. Writes need an `Origin` header that is the server's own.",
        );
        document.components = Some(
            ComponentsBuilder::from(document.components.take().unwrap_or_default())
                .security_scheme("bearer", SecurityScheme::Http(bearer))
                .security_scheme("cookie", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)))
                .schemas_from_iter(problem::schemas())
                .build(),
        );
    }
}

/// Every route of the API.
pub(crate) fn routes() -> OpenApiRouter<App> {
    let v1 = OpenApiRouter::new()
        .routes(routes!(setup::get_setup, setup::set_up))
        .routes(routes!(session::sign_in, session::sign_out))
        .routes(routes!(links::get_link, links::redeem_link))
        .routes(routes!(me::get_me))
        .routes(routes!(agents::list_agents))
        .routes(routes!(tokens::list_tokens))
        .routes(routes!(tokens::revoke_token))
        .routes(routes!(channel_accounts::list_channel_kinds))
        .routes(routes!(channel_accounts::list_channel_accounts, channel_accounts::create_channel_account))
        .routes(routes!(channel_accounts::get_channel_account, channel_accounts::update_channel_account))
        .routes(routes!(channel_accounts::test_channel_account))
        .routes(routes!(channel_accounts::resume_channel_account))
        .routes(routes!(webhooks::list_webhook_kinds))
        .routes(routes!(webhooks::list_webhooks, webhooks::create_webhook))
        .routes(routes!(webhooks::get_webhook, webhooks::update_webhook, webhooks::delete_webhook))
        .routes(routes!(webhooks::rotate_webhook_secret))
        .routes(routes!(webhooks::test_webhook))
        .routes(routes!(webhooks::list_webhook_deliveries))
        .routes(routes!(webhooks::replay_webhook))
        .routes(routes!(threads::list_threads))
        .routes(routes!(threads::get_thread))
        .routes(routes!(threads::list_entries))
        .routes(routes!(messages::send_message))
        .routes(routes!(messages::get_message, messages::change_message))
        .routes(routes!(messages::cancel_message))
        .routes(routes!(identities::block_identity))
        .routes(routes!(identities::unblock_identity))
        .routes(routes!(messages::retry_message))
        .routes(routes!(messages::move_message))
        .routes(routes!(signals::show_typing))
        .routes(routes!(signals::show_seen))
        .routes(routes!(notes::write_note))
        .routes(routes!(episodes::list_episodes))
        .routes(routes!(episodes::list_thread_episodes, episodes::open_episode))
        .routes(routes!(episodes::get_episode, episodes::describe_episode))
        .routes(routes!(episodes::link_episode))
        .routes(routes!(episodes::split_episode))
        .routes(routes!(episodes::make_promise, episodes::list_promises))
        .routes(routes!(episode_acts::resume_episode))
        .routes(routes!(episode_acts::resolve_episode))
        .routes(routes!(episode_acts::close_episode))
        .routes(routes!(episode_acts::reopen_episode))
        .routes(routes!(episode_acts::accept_episode))
        .routes(routes!(episode_acts::park_episode))
        .routes(routes!(episode_acts::snooze_episode))
        .routes(routes!(episode_acts::hold_episode))
        .routes(routes!(episode_acts::assign_episode))
        .routes(routes!(customers::list_customers))
        .routes(routes!(merges::preview_merge))
        .routes(routes!(merges::merge_customers))
        .routes(routes!(merges::list_merges))
        .routes(routes!(merges::undo_merge))
        .routes(routes!(files::get_file))
        .routes(routes!(files::retry_file))
        .routes(routes!(customers::get_customer, customers::update_customer))
        .routes(routes!(labels::add_customer_label, labels::remove_customer_label))
        .routes(routes!(labels::add_episode_label, labels::remove_episode_label))
        .routes(routes!(labels::list_labels, labels::create_label))
        .routes(routes!(labels::update_label, labels::delete_label))
        .routes(routes!(attributes::list_attributes, attributes::create_attribute))
        .routes(routes!(attributes::update_attribute, attributes::delete_attribute))
        .routes(routes!(calendars::list_calendars, calendars::create_calendar))
        .routes(routes!(calendars::preview_hours))
        .routes(routes!(calendars::get_calendar, calendars::update_calendar, calendars::delete_calendar))
        .routes(routes!(calendars::preview_calendar))
        .routes(routes!(search::search))
        .routes(routes!(operations::list_jobs))
        .routes(routes!(operations::replay_job))
        .routes(routes!(operations::dismiss_job))
        .routes(routes!(operations::list_inbound_events))
        .routes(routes!(operations::get_inbound_event, operations::dismiss_inbound_event))
        .routes(routes!(operations::replay_inbound_event))
        .routes(routes!(live::create_live_ticket))
        .routes(routes!(live::follow_log));
    OpenApiRouter::with_openapi(Contract::openapi()).nest("/api/v1", v1)
}

/// The routes that take files. They may take longer, and more, than others.
pub(crate) fn uploads() -> OpenApiRouter<App> {
    OpenApiRouter::new().nest("/api/v1", OpenApiRouter::new().routes(routes!(files::create_file)))
}

/// Says what the macros cannot: the contract's own version, items of pages by reference, free objects as free.
fn finish(mut document: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    document.info.version = "1".to_owned();
    let schemas = document.components.iter_mut().flat_map(|components| components.schemas.iter_mut());
    for (name, schema) in schemas {
        let RefOr::T(Schema::Object(schema)) = schema else { continue };
        for (field, property) in &mut schema.properties {
            match (name.strip_prefix("Page_"), property) {
                (Some(item), RefOr::T(Schema::Array(list))) if field == "items" => {
                    list.items = ArrayItems::RefOrSchema(Box::new(Ref::from_schema_name(item).into()));
                }
                // Generators take an object without properties for an empty one, unless it says that it is free.
                (_, RefOr::T(Schema::Object(object)))
                    if object.schema_type == Type::Object.into()
                        && object.properties.is_empty()
                        && object.additional_properties.is_none() =>
                {
                    object.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(true)));
                }
                _ => {}
            }
        }
    }
    document
}

/// The OpenAPI document, without a server around it.
#[must_use]
pub fn document() -> utoipa::openapi::OpenApi {
    finish(routes().merge(uploads()).into_openapi())
}

/// The document as it is printed, checked in and served.
///
/// # Errors
/// Never in practice: the document is plain data.
pub fn document_text() -> Result<String, serde_json::Error> {
    Ok(serde_json::to_string_pretty(&document())? + "\n")
}

/// The JSON schema of the live socket's frames, cut out of the document.
///
/// # Errors
/// Never in practice: the document is plain data.
pub fn live_schema_text() -> Result<String, serde_json::Error> {
    let document = serde_json::to_value(document())?;
    let mut definitions = Map::new();
    collect(&document["components"]["schemas"], "LogFrame", &mut definitions);
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "One frame of the live socket",
        "$ref": "#/$defs/LogFrame",
        "$defs": definitions,
    });
    Ok(serde_json::to_string_pretty(&schema)?.replace("#/components/schemas/", "#/$defs/") + "\n")
}

/// Takes a schema and everything it refers to.
fn collect(schemas: &Value, name: &str, into: &mut Map<String, Value>) {
    if into.contains_key(name) {
        return;
    }
    let schema = &schemas[name];
    into.insert(name.to_owned(), schema.clone());
    let mut waiting = vec![schema];
    while let Some(value) = waiting.pop() {
        match value {
            Value::Object(object) => {
                if let Some(target) =
                    object.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next())
                {
                    collect(schemas, target, into);
                }
                waiting.extend(object.values());
            }
            Value::Array(items) => waiting.extend(items),
            _ => {}
        }
    }
}

/// Serves the document.
pub(crate) fn serve(document: &utoipa::openapi::OpenApi) -> MethodRouter<App> {
    let text = serde_json::to_string(document).unwrap_or_default();
    let text = bytes::Bytes::from(text);
    get(move || async move { ([(header::CONTENT_TYPE, "application/json")], text).into_response() })
}
