//! Matters inside threads.

use crate::{
    extract::{Authenticated, Body, Creating, IdempotencyHeader, Limit, Paging, Path, Query},
    problem::{Checked, Common, Contradicts, Guarded, Missing, Problem, WithBody},
};
use axum::{Json, extract::State, http::StatusCode};
use model::{
    AgentId, EpisodeId, IdentityId, MessageId, ThreadId, Timestamp,
    entry::Page,
    episode::{Episode, EpisodeState},
    promise::Promise,
};
use serde::Deserialize;
use service::{
    Services,
    episodes::{self, ListFilter},
};
use utoipa::{IntoParams, ToSchema};

/// Which episodes are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EpisodeQuery {
    /// Those in this state; `open` (the default) for all that are neither resolved nor closed.
    #[serde(default)]
    #[param(inline)]
    state: StateFilter,
    /// Only the open ones that this agent owns.
    assignee: Option<AgentId>,
    /// How many items at most.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, default = 50)]
    limit: Limit,
    /// Where the page begins: the `next_cursor` of the page before it.
    #[param(max_length = 512)]
    cursor: Option<String>,
}

/// A state, or all open ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StateFilter {
    #[default]
    Open,
    New,
    Active,
    Parked,
    Snoozed,
    OnHold,
    Resolved,
    Closed,
}

impl StateFilter {
    fn filter(self) -> ListFilter {
        ListFilter::State(match self {
            Self::Open => return ListFilter::Open,
            Self::New => EpisodeState::New,
            Self::Active => EpisodeState::Active,
            Self::Parked => EpisodeState::Parked,
            Self::Snoozed => EpisodeState::Snoozed,
            Self::OnHold => EpisodeState::OnHold,
            Self::Resolved => EpisodeState::Resolved,
            Self::Closed => EpisodeState::Closed,
        })
    }
}

/// An episode to open.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OpenEpisode {
    /// What it is about, in a few words.
    #[serde(default)]
    #[schema(max_length = 200)]
    subject: String,
    /// What kind of matter it is.
    #[serde(default)]
    #[schema(max_length = 100)]
    topic: String,
    /// Filed under which identity of the customer; the one they last wrote through when it is absent.
    identity_id: Option<IdentityId>,
    /// Which earlier episode of the thread it follows up.
    follows_id: Option<EpisodeId>,
}

/// What an episode is about; what is absent stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DescribeEpisode {
    /// In a few words.
    #[schema(max_length = 200)]
    subject: Option<String>,
    /// What kind of matter it is.
    #[schema(max_length = 100)]
    topic: Option<String>,
}

/// Until when it is set aside.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ParkEpisode {
    /// When it comes back by itself; never when it is absent.
    pub until: Option<Timestamp>,
}

/// Until when it is out of sight.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SnoozeEpisode {
    /// When it comes back by itself.
    pub until: Timestamp,
}

/// What it waits for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HoldEpisode {
    /// For whom or what.
    #[schema(min_length = 1, max_length = 200)]
    pub reason: String,
    /// When it comes back by itself; never when it is absent.
    pub until: Option<Timestamp>,
}

/// Whose it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AssignEpisode {
    /// The colleague; null for nobody.
    pub agent_id: Option<AgentId>,
}

/// What it follows up.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkEpisode {
    /// An earlier episode of the same thread.
    follows_id: EpisodeId,
}

/// Which messages become an episode of their own.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SplitEpisode {
    /// Messages of this episode.
    #[schema(min_items = 1, max_items = 100)]
    message_ids: Vec<MessageId>,
    /// What the new one is about.
    #[serde(default)]
    #[schema(max_length = 200)]
    subject: String,
}

/// What is promised.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MakePromise {
    /// By when.
    due_at: Timestamp,
    /// What the customer was told.
    #[schema(min_length = 1, max_length = 500)]
    text: String,
}

/// Lists episodes, the most recently active first.
#[utoipa::path(
    get, path = "/episodes", tag = "Episodes", params(EpisodeQuery),
    responses((status = 200, description = "A page of them.", body = Page<Episode>), Guarded, Checked, Common)
)]
pub(crate) async fn list_episodes(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Query(query): Query<EpisodeQuery>,
) -> Result<Json<Page<Episode>>, Problem> {
    let filter = query.assignee.map_or_else(|| query.state.filter(), ListFilter::Assignee);
    Ok(Json(episodes::list_episodes(&services, &caller, filter, query.limit.0, query.cursor.as_deref()).await?))
}

/// Lists a thread's episodes, the youngest first.
#[utoipa::path(
    get, path = "/threads/{id}/episodes", tag = "Episodes",
    params(("id" = ThreadId, Path, description = "The thread's id."), Paging),
    responses((status = 200, description = "A page of them.", body = Page<Episode>), Guarded, Missing, Checked, Common)
)]
pub(crate) async fn list_thread_episodes(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<ThreadId>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<Episode>>, Problem> {
    let (limit, cursor) = (paging.limit.0, paging.cursor.as_deref());
    Ok(Json(episodes::list_thread_episodes(&services, &caller, id, limit, cursor).await?))
}

/// Opens an episode on a thread. An agent who opens one owns it.
#[utoipa::path(
    post, path = "/threads/{id}/episodes", tag = "Episodes", request_body = OpenEpisode,
    params(("id" = ThreadId, Path, description = "The thread's id."), IdempotencyHeader),
    responses(
        (status = 201, description = "The episode.", body = Episode),
        Guarded, Missing, Contradicts, Checked, WithBody, Common,
    )
)]
pub(crate) async fn open_episode(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<ThreadId>,
    Creating { body, key, .. }: Creating<OpenEpisode>,
) -> Result<(StatusCode, Json<Episode>), Problem> {
    let OpenEpisode { subject, topic, identity_id, follows_id } = body;
    let open = episodes::OpenEpisode { subject, topic, identity_id, follows_id };
    Ok((StatusCode::CREATED, Json(episodes::open_episode(&services, &caller, id, open, key).await?)))
}

/// Shows an episode.
#[utoipa::path(
    get, path = "/episodes/{id}", tag = "Episodes",
    params(("id" = EpisodeId, Path, description = "The episode's id.")),
    responses((status = 200, description = "The episode.", body = Episode), Guarded, Missing, Common)
)]
pub(crate) async fn get_episode(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<EpisodeId>,
) -> Result<Json<Episode>, Problem> {
    Ok(Json(episodes::get_episode(&services, &caller, id).await?))
}

/// Says what an episode is about.
#[utoipa::path(
    patch, path = "/episodes/{id}", tag = "Episodes", request_body = DescribeEpisode,
    params(("id" = EpisodeId, Path, description = "The episode's id.")),
    responses(
        (status = 200, description = "The episode as it is now.", body = Episode),
        Guarded, Missing, Checked, WithBody, Common,
    )
)]
pub(crate) async fn describe_episode(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<EpisodeId>,
    Body(body): Body<DescribeEpisode>,
) -> Result<Json<Episode>, Problem> {
    let (subject, topic) = (body.subject.as_deref(), body.topic.as_deref());
    Ok(Json(episodes::describe_episode(&services, &caller, id, subject, topic).await?))
}

/// Says that an episode follows up an earlier one of its thread.
#[utoipa::path(
    post, path = "/episodes/{id}/link", tag = "Episodes", request_body = LinkEpisode,
    params(("id" = EpisodeId, Path, description = "The episode's id.")),
    responses(
        (status = 200, description = "The episode as it is now.", body = Episode),
        Guarded, Missing, Checked, WithBody, Common,
    )
)]
pub(crate) async fn link_episode(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<EpisodeId>,
    Body(body): Body<LinkEpisode>,
) -> Result<Json<Episode>, Problem> {
    Ok(Json(episodes::link_episode(&services, &caller, id, body.follows_id).await?))
}

/// Makes an episode of some messages of another one.
#[utoipa::path(
    post, path = "/episodes/{id}/split", tag = "Episodes", request_body = SplitEpisode,
    params(("id" = EpisodeId, Path, description = "The episode that they are of."), IdempotencyHeader),
    responses(
        (status = 201, description = "The new episode.", body = Episode),
        Guarded, Missing, Contradicts, Checked, WithBody, Common,
    )
)]
pub(crate) async fn split_episode(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<EpisodeId>,
    Creating { body, key, .. }: Creating<SplitEpisode>,
) -> Result<(StatusCode, Json<Episode>), Problem> {
    let split = episodes::split_episode(&services, &caller, id, body.message_ids, &body.subject, key).await?;
    Ok((StatusCode::CREATED, Json(split)))
}

/// Promises an answer by a time. The next substantive reply by then keeps it; an earlier promise that is still open counts as
/// broken.
#[utoipa::path(
    post, path = "/episodes/{id}/promises", tag = "Episodes", request_body = MakePromise,
    params(("id" = EpisodeId, Path, description = "The episode's id."), IdempotencyHeader),
    responses(
        (status = 201, description = "The promise.", body = Promise),
        Guarded, Missing, Contradicts, Checked, WithBody, Common,
    )
)]
pub(crate) async fn make_promise(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<EpisodeId>,
    Creating { body, key, .. }: Creating<MakePromise>,
) -> Result<(StatusCode, Json<Promise>), Problem> {
    let promise = episodes::make_promise(&services, &caller, id, body.due_at, &body.text, key).await?;
    Ok((StatusCode::CREATED, Json(promise)))
}

/// Lists an episode's promises, newest first.
#[utoipa::path(
    get, path = "/episodes/{id}/promises", tag = "Episodes",
    params(("id" = EpisodeId, Path, description = "The episode's id."), Paging),
    responses((status = 200, description = "A page of them.", body = Page<Promise>), Guarded, Missing, Checked, Common)
)]
pub(crate) async fn list_promises(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<EpisodeId>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<Promise>>, Problem> {
    let (limit, cursor) = (paging.limit.0, paging.cursor.as_deref());
    Ok(Json(episodes::list_promises(&services, &caller, id, limit, cursor).await?))
}
