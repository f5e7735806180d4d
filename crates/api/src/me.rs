//! Who the caller is.

use crate::{
    extract::Authenticated,
    problem::{Common, Guarded, Problem},
};
use axum::{Json, extract::State};
use model::{Permission, Role, WorkspaceId};
use serde::Serialize;
use service::{Actor, Caller, Services, auth, auth::Profile};
use utoipa::ToSchema;

/// What a caller is told of itself.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Me {
    /// Where.
    workspace: WorkspaceRef,
    /// Who.
    caller: CallerRef,
    /// What they are there.
    role: Role,
    /// What that allows.
    may: Vec<Right>,
}

/// A workspace by name.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WorkspaceRef {
    /// Its id.
    id: WorkspaceId,
    /// The business's name.
    name: String,
}

/// A caller by name.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Caller)]
pub(crate) struct CallerRef {
    /// A person or a program.
    #[serde(rename = "type")]
    kind: CallerKind,
    /// `agt_…` or `tok_…`.
    id: String,
    /// The name to show.
    name: String,
    /// A person's e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    email: Option<String>,
}

/// What kind of caller it is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CallerKind {
    /// A person.
    Agent,
    /// A program.
    Token,
}

/// One right, by the name that the desk asks for.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Right {
    /// Read threads, customers and messages.
    ReadThreads,
    /// Send messages to customers.
    SendMessages,
    /// Merge customers who are verified as different people.
    ForceMerges,
    /// See jobs, stored events and what failed.
    ReadOperations,
    /// Create and change channel accounts.
    ManageChannels,
    /// Invite people, and revoke tokens.
    ManagePeople,
}

const RIGHTS: [(Right, Permission); 6] = [
    (Right::ReadThreads, Permission::ReadThreads),
    (Right::SendMessages, Permission::SendMessages),
    (Right::ForceMerges, Permission::ForceMerges),
    (Right::ReadOperations, Permission::ReadOperations),
    (Right::ManageChannels, Permission::ManageChannels),
    (Right::ManagePeople, Permission::ManagePeople),
];

impl Me {
    /// Puts together what a caller is told of itself.
    pub(crate) fn new(caller: &Caller, profile: Profile) -> Self {
        let kind = match caller.actor {
            Actor::Agent(_) => CallerKind::Agent,
            Actor::Token(_) => CallerKind::Token,
        };
        Self {
            workspace: WorkspaceRef { id: profile.workspace_id, name: profile.workspace_name },
            caller: CallerRef { kind, id: caller.actor_id(), name: caller.name.clone(), email: profile.email },
            role: caller.role,
            may: RIGHTS
                .iter()
                .filter(|(_, permission)| caller.role.allows(*permission))
                .map(|(right, _)| *right)
                .collect(),
        }
    }
}

/// Says who the caller is and what they may do.
#[utoipa::path(
    get, path = "/me", tag = "People",
    responses((status = 200, description = "The caller.", body = Me), Guarded, Common)
)]
pub(crate) async fn get_me(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
) -> Result<Json<Me>, Problem> {
    let profile = auth::get_profile(&services, &caller).await?;
    Ok(Json(Me::new(&caller, profile)))
}
