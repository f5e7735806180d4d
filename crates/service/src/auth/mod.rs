//! Signing in: people by password and session, programs by token, newcomers by one-time link.

mod limit;
mod password;
mod tickets;

pub(crate) use limit::Tries;
pub(crate) use tickets::Tickets;

use crate::{Actor, Caller, FieldFault, ServiceError, Services, paging, secret};
use model::{
    AgentId, Permission, Role, Timestamp, TokenId, WorkspaceId,
    agent::{Agent, Token},
    entry::Page,
};
use store::{AgentCredentials, NewAgent, NewOwner, NewToken, SetUp};

/// How long a session lasts, in milliseconds (14 days).
const SESSION_MILLIS: i64 = 14 * 86_400_000;
/// How long an invitation works, in milliseconds (7 days).
const INVITE_MILLIS: i64 = 7 * 86_400_000;
/// How long a reset link works, in milliseconds (1 hour).
const RESET_MILLIS: i64 = 3_600_000;
/// A token's last use is remembered to the minute.
const TOUCH_MILLIS: i64 = 60_000;

/// How a request proves who sends it.
#[derive(Debug, Clone, Copy)]
pub enum Credential<'a> {
    /// The value of the session cookie.
    Session(&'a str),
    /// The bearer token.
    Token(&'a str),
}

/// A session that has just begun. `secret` is the cookie's value and is told only here.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The cookie's value.
    pub secret: String,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
    /// Who signed in.
    pub caller: Caller,
}

/// What a caller is told of itself.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Where.
    pub workspace_id: WorkspaceId,
    /// The business's name.
    pub workspace_name: String,
    /// An agent's address; `None` for tokens.
    pub email: Option<String>,
}

/// What the first-run form asks.
#[derive(Debug, Clone)]
pub struct SetUpOwner {
    /// The one-time code that the server printed.
    pub code: String,
    /// The business's name.
    pub workspace_name: String,
    /// The owner's name.
    pub name: String,
    /// The owner's e-mail address.
    pub email: String,
    /// At least 10 characters.
    pub password: String,
}

/// What a one-time link is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkView {
    /// `invite` or `reset`.
    pub purpose: &'static str,
    /// Whose it is.
    pub name: String,
    /// Their e-mail address.
    pub email: String,
}

/// The set-up code to print while nobody owns this installation; `None` afterwards. A new call replaces the earlier code.
///
/// # Errors
/// When the store cannot be reached.
pub async fn create_setup_code(services: &Services) -> Result<Option<String>, ServiceError> {
    if services.store().has_owner().await? {
        return Ok(None);
    }
    let code = secret::generate("")?;
    services.store().set_setup_code(&secret::hash(&code)).await?;
    Ok(Some(code))
}

/// Whether the installation still needs its owner.
///
/// # Errors
/// When the store cannot be reached.
pub async fn needs_setup(services: &Services) -> Result<bool, ServiceError> {
    Ok(!services.store().has_owner().await?)
}

fn fold_email(email: &str) -> String {
    email.trim().to_lowercase()
}

fn email_fault(email: &str) -> Option<&'static str> {
    let plausible = email.len() <= 254
        && !email.chars().any(|letter| letter.is_whitespace() || letter.is_control())
        && email
            .split_once('@')
            .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'));
    (!plausible).then_some("give an e-mail address (name@host)")
}

fn name_fault(name: &str) -> Option<&'static str> {
    let length = name.trim().chars().count();
    (!(1..=200).contains(&length) || name.contains('\0')).then_some("give 1 to 200 characters")
}

fn faults(found: impl IntoIterator<Item = (&'static str, Option<String>)>) -> Result<(), ServiceError> {
    let faults: Vec<FieldFault> = found
        .into_iter()
        .filter_map(|(field, message)| message.map(|message| FieldFault { field: field.to_owned(), message }))
        .collect();
    if faults.is_empty() { Ok(()) } else { Err(ServiceError::Invalid(faults)) }
}

/// Makes the workspace and its owner, and signs the owner in. `network` as for [`sign_in`].
///
/// # Errors
/// Conflict when there is an owner already; unauthenticated on a wrong code; invalid with every fault of the form.
pub async fn set_up_owner(services: &Services, request: SetUpOwner, network: &str) -> Result<SignedIn, ServiceError> {
    let email = fold_email(&request.email);
    faults([
        ("workspace_name", name_fault(&request.workspace_name).map(Into::into)),
        ("name", name_fault(&request.name).map(Into::into)),
        ("email", email_fault(&email).map(Into::into)),
        ("password", password::fault(&request.password)),
    ])?;
    let store = services.store();
    // The command line may have made the workspace before anybody signed in.
    let workspace_id = match store.list_workspaces().await?.first() {
        Some((id, _)) => *id,
        None => WorkspaceId(store.new_id()?),
    };
    let agent = NewAgent {
        id: AgentId(store.new_id()?),
        workspace_id,
        email,
        name: request.name.trim().to_owned(),
        role: Role::Owner,
        password_hash: Some(password::hash(services, &request.password).await?),
        now: services.now(),
    };
    let (id, name) = (agent.id, agent.name.clone());
    let owner = NewOwner {
        code_hash: secret::hash(&request.code),
        workspace_name: request.workspace_name.trim().to_owned(),
        agent,
    };
    match store.set_up_owner(owner).await? {
        SetUp::Done => {}
        SetUp::WrongCode => {
            return Err(ServiceError::Unauthenticated(
                "this set-up link is not the newest; look at the server's output",
            ));
        }
        SetUp::AlreadyOwned => {
            return Err(ServiceError::Conflict {
                code: "conflict",
                message: "this installation has an owner already; sign in".into(),
            });
        }
    }
    services.0.tries.know(&fold_email(&request.email), network, services.now());
    begin_session(services, workspace_id, id, Role::Owner, name).await
}

async fn begin_session(
    services: &Services,
    workspace_id: WorkspaceId,
    agent: AgentId,
    role: Role,
    name: String,
) -> Result<SignedIn, ServiceError> {
    let secret = secret::generate("ots_")?;
    let credential_hash = secret::hash(&secret);
    let now = services.now();
    let expires_at = now.plus_millis(SESSION_MILLIS);
    services.store().create_sign_in(workspace_id, agent, &credential_hash, now, expires_at).await?;
    let caller = Caller { workspace_id, actor: Actor::Agent(agent), role, name, credential_hash };
    Ok(SignedIn { secret, expires_at, caller })
}

/// Signs a person in. `network` is where the request came from: an IPv4 address, or the /64 of an IPv6 address.
///
/// # Errors
/// Unauthenticated without saying what was wrong; too many requests after several misses (the rule is at the head of
/// `limit.rs`).
pub async fn sign_in(
    services: &Services,
    email: &str,
    password: &str,
    network: &str,
) -> Result<SignedIn, ServiceError> {
    let (email, tries) = (fold_email(email), &services.0.tries);
    let tried = tries.begin(&email, network, services.now())?;
    let credentials = match find_credentials(services, &email, password).await {
        Ok(Some(credentials)) => credentials,
        Ok(None) => return Err(ServiceError::Unauthenticated("the e-mail address or the password is wrong")),
        Err(error) => {
            tries.take_back(&tried);
            return Err(error);
        }
    };
    tries.take_back(&tried);
    tries.know(&email, network, services.now());
    let agent = credentials.agent;
    begin_session(services, credentials.workspace_id, agent.id, agent.role, agent.name).await
}

/// Whose address and password these are. Takes as long when there is nobody.
async fn find_credentials(
    services: &Services,
    email: &str,
    password: &str,
) -> Result<Option<AgentCredentials>, ServiceError> {
    let known = services.store().list_credentials(email).await?;
    if known.is_empty() {
        password::verify(services, password, None).await?;
    }
    for credentials in known {
        let fits = password::verify(services, password, credentials.password_hash.as_deref()).await?;
        if fits && !credentials.agent.disabled {
            return Ok(Some(credentials));
        }
    }
    Ok(None)
}

/// Ends a session; ending one that is gone is fine.
///
/// # Errors
/// When the store cannot be reached.
pub async fn sign_out(services: &Services, secret: &str) -> Result<(), ServiceError> {
    Ok(services.store().delete_sign_in(&secret::hash(secret), services.now()).await?)
}

/// Says whose one-time link this is.
///
/// # Errors
/// Not found when it is wrong, used or too old.
pub async fn get_link(services: &Services, code: &str) -> Result<LinkView, ServiceError> {
    let link = services.store().find_link(&secret::hash(code), services.now()).await?;
    let link = link.filter(|link| !link.agent.disabled).ok_or(ServiceError::NotFound)?;
    Ok(LinkView {
        purpose: if link.purpose == "invite" { "invite" } else { "reset" },
        name: link.agent.name,
        email: link.agent.email,
    })
}

/// Sets the password through a one-time link and signs in. `network` as for [`sign_in`].
///
/// # Errors
/// Not found when the link is wrong, used or too old; invalid when the password is too short.
pub async fn redeem_link(
    services: &Services,
    code: &str,
    password: &str,
    network: &str,
) -> Result<SignedIn, ServiceError> {
    get_link(services, code).await?;
    faults([("password", password::fault(password))])?;
    let hash = password::hash(services, password).await?;
    let redeemed = services.store().redeem_link(&secret::hash(code), &hash, services.now()).await?;
    let (workspace_id, agent_id) = redeemed.ok_or(ServiceError::NotFound)?;
    let agent = services.store().find_agent(workspace_id, agent_id).await?.ok_or(ServiceError::NotFound)?;
    services.0.tries.know(&agent.email, network, services.now());
    begin_session(services, workspace_id, agent_id, agent.role, agent.name).await
}

/// Finds out who sends a request.
///
/// # Errors
/// Unauthenticated when the credential is wrong, ended or too old.
pub async fn authenticate(services: &Services, credential: Credential<'_>) -> Result<Caller, ServiceError> {
    let now = services.now();
    match credential {
        Credential::Session(secret) => {
            let credential_hash = secret::hash(secret);
            let found = services.store().find_sign_in(&credential_hash, now).await?;
            let (workspace_id, agent) = found
                .filter(|(_, agent)| !agent.disabled)
                .ok_or(ServiceError::Unauthenticated("your session has ended; sign in again"))?;
            Ok(Caller {
                workspace_id,
                actor: Actor::Agent(agent.id),
                role: agent.role,
                name: agent.name,
                credential_hash,
            })
        }
        Credential::Token(secret) => {
            let credential_hash = secret::hash(secret);
            let found = services.store().find_token(&credential_hash).await?;
            let credentials = found.ok_or(ServiceError::Unauthenticated("this token is wrong or revoked"))?;
            let (workspace_id, token) = (credentials.workspace_id, credentials.token);
            if token.last_used_at.is_none_or(|last| now.millis_since(last) >= TOUCH_MILLIS) {
                services.store().touch_token(workspace_id, token.id, now).await?;
            }
            Ok(Caller {
                workspace_id,
                actor: Actor::Token(token.id),
                role: token.role,
                name: token.name,
                credential_hash,
            })
        }
    }
}

/// Whether the credential that a caller once proved still stands: the session has not ended, the token is not revoked.
///
/// # Errors
/// When the store cannot be reached.
pub(crate) async fn still_stands(services: &Services, caller: &Caller) -> Result<bool, ServiceError> {
    let store = services.store();
    Ok(match caller.actor {
        Actor::Agent(_) => store.find_sign_in(&caller.credential_hash, services.now()).await?.is_some(),
        Actor::Token(_) => store.find_token(&caller.credential_hash).await?.is_some(),
    })
}

/// What a caller is told of itself.
///
/// # Errors
/// When the store cannot be reached.
pub async fn get_profile(services: &Services, caller: &Caller) -> Result<Profile, ServiceError> {
    let store = services.store();
    let workspace_name = store.find_workspace_name(caller.workspace_id).await?.ok_or(ServiceError::NotFound)?;
    let email = match caller.actor {
        Actor::Agent(id) => store.find_agent(caller.workspace_id, id).await?.map(|agent| agent.email),
        Actor::Token(_) => None,
    };
    Ok(Profile { workspace_id: caller.workspace_id, workspace_name, email })
}

/// The people of the workspace, oldest first.
///
/// # Errors
/// Invalid limit or cursor.
pub async fn list_agents(
    services: &Services,
    caller: &Caller,
    limit: u32,
    cursor: Option<&str>,
) -> Result<Page<Agent>, ServiceError> {
    caller.require(Permission::ReadThreads)?;
    let limit = paging::limit(limit)?;
    let [after] = paging::place(cursor)?.unwrap_or([0]);
    let found = services.store().list_agents(caller.workspace_id, AgentId(after), limit + 1).await?;
    Ok(paging::page(found, limit, |agent| [agent.id.0]))
}

/// The tokens of the workspace that work, newest first.
///
/// # Errors
/// Forbidden without the right; invalid limit or cursor.
pub async fn list_tokens(
    services: &Services,
    caller: &Caller,
    limit: u32,
    cursor: Option<&str>,
) -> Result<Page<Token>, ServiceError> {
    caller.require(Permission::ManagePeople)?;
    let limit = paging::limit(limit)?;
    let [before] = paging::place(cursor)?.unwrap_or([i64::MAX]);
    let found = services.store().list_tokens(caller.workspace_id, TokenId(before), limit + 1).await?;
    Ok(paging::page(found, limit, |token| [token.id.0]))
}

/// Ends a token.
///
/// # Errors
/// Forbidden without the right, or when it is an owner's and the caller is none; not found when it does not exist or was
/// revoked before.
pub async fn revoke_token(services: &Services, caller: &Caller, token: TokenId) -> Result<(), ServiceError> {
    caller.require(Permission::ManagePeople)?;
    let role = services.store().find_token_role(caller.workspace_id, token).await?.ok_or(ServiceError::NotFound)?;
    caller.require_over(role)?;
    if services.store().revoke_token(caller.workspace_id, token, services.now()).await? {
        Ok(())
    } else {
        Err(ServiceError::NotFound)
    }
}

/// For the command line: the workspace meant. `None` asks for the only one.
///
/// # Errors
/// Invalid, naming the workspaces that there are.
pub async fn find_workspace(services: &Services, workspace: Option<&str>) -> Result<WorkspaceId, ServiceError> {
    let all = services.store().list_workspaces().await?;
    let found = match workspace {
        Some(text) => all.iter().find(|(id, name)| id.to_string() == text || name == text),
        None if all.len() == 1 => all.first(),
        None => None,
    };
    if let Some((id, _)) = found {
        return Ok(*id);
    }
    let names: Vec<String> = all.iter().map(|(id, name)| format!("{id} ({name})")).collect();
    Err(ServiceError::invalid(
        "workspace",
        if all.is_empty() {
            "there is no workspace yet; open the set-up link that serve prints".to_owned()
        } else {
            format!("name one with --workspace: {}", names.join(", "))
        },
    ))
}

async fn find_or_create_workspace(services: &Services, workspace: Option<&str>) -> Result<WorkspaceId, ServiceError> {
    if workspace.is_none() && services.store().list_workspaces().await?.is_empty() {
        let id = WorkspaceId(services.store().new_id()?);
        services.store().create_workspace(id, "My business", services.now()).await?;
        return Ok(id);
    }
    find_workspace(services, workspace).await
}

/// For the command line: makes a token and returns it. Creates the workspace when there is none.
///
/// # Errors
/// Invalid when the workspace is not named and not the only one, or the name is empty.
pub async fn create_token(
    services: &Services,
    workspace: Option<&str>,
    name: &str,
    role: Role,
) -> Result<String, ServiceError> {
    faults([("name", name_fault(name).map(Into::into))])?;
    let workspace_id = find_or_create_workspace(services, workspace).await?;
    let secret = secret::generate("ott_")?;
    let new = NewToken {
        id: TokenId(services.store().new_id()?),
        workspace_id,
        name: name.trim().to_owned(),
        role,
        secret_hash: secret::hash(&secret),
        now: services.now(),
    };
    services.store().create_token(new).await?;
    Ok(secret)
}

/// For the command line: invites a person; returns the code of a one-time link. Creates the workspace when there is none.
///
/// # Errors
/// Conflict when the address is taken; invalid with every fault.
pub async fn create_agent(
    services: &Services,
    workspace: Option<&str>,
    email: &str,
    name: &str,
    role: Role,
) -> Result<(AgentId, String), ServiceError> {
    let email = fold_email(email);
    faults([("email", email_fault(&email).map(Into::into)), ("name", name_fault(name).map(Into::into))])?;
    let workspace_id = find_or_create_workspace(services, workspace).await?;
    let id = AgentId(services.store().new_id()?);
    let now = services.now();
    let name = name.trim().to_owned();
    let new = NewAgent { id, workspace_id, email, name, role, password_hash: None, now };
    if !services.store().create_agent(new).await? {
        return Err(ServiceError::Conflict {
            code: "conflict",
            message: "somebody with this e-mail address is there already; use reset-password for a new link".into(),
        });
    }
    let code = create_link(services, workspace_id, id, "invite", INVITE_MILLIS).await?;
    Ok((id, code))
}

async fn create_link(
    services: &Services,
    workspace_id: WorkspaceId,
    agent: AgentId,
    purpose: &'static str,
    millis: i64,
) -> Result<String, ServiceError> {
    let code = secret::generate("")?;
    let until = services.now().plus_millis(millis);
    services.store().create_link(workspace_id, agent, purpose, &secret::hash(&code), until).await?;
    Ok(code)
}

async fn get_agent(
    services: &Services,
    workspace: Option<&str>,
    email: &str,
) -> Result<(WorkspaceId, Agent), ServiceError> {
    let workspace_id = find_workspace(services, workspace).await?;
    let found = services.store().find_agent_by_email(workspace_id, &fold_email(email)).await?;
    let agent = found.ok_or_else(|| ServiceError::invalid("email", "nobody here has this e-mail address"))?;
    Ok((workspace_id, agent))
}

/// For the command line: the code of a one-time link that sets a new password.
///
/// # Errors
/// Invalid when nobody has the address or the person is disabled.
pub async fn create_reset_link(
    services: &Services,
    workspace: Option<&str>,
    email: &str,
) -> Result<String, ServiceError> {
    let (workspace_id, agent) = get_agent(services, workspace, email).await?;
    if agent.disabled {
        return Err(ServiceError::invalid("email", "this person is disabled"));
    }
    create_link(services, workspace_id, agent.id, "reset", RESET_MILLIS).await
}

/// For the command line: ends a person's access and sessions at once.
///
/// # Errors
/// Not found when nobody has the address; conflict when it is the last owner with access.
pub async fn disable_agent(services: &Services, workspace: Option<&str>, email: &str) -> Result<(), ServiceError> {
    let (workspace_id, agent) = get_agent(services, workspace, email).await?;
    if services.store().disable_agent(workspace_id, agent.id, services.now()).await? {
        return Ok(());
    }
    Err(ServiceError::Conflict {
        code: "conflict",
        message: "this is the last owner with access: nobody could manage the workspace any more; \
                  invite or enable another owner first"
            .into(),
    })
}

/// For the command line: gives a disabled person access again. They sign in anew, with the password that they had.
///
/// # Errors
/// Not found when nobody has the address.
pub async fn enable_agent(services: &Services, workspace: Option<&str>, email: &str) -> Result<(), ServiceError> {
    let (workspace_id, agent) = get_agent(services, workspace, email).await?;
    Ok(services.store().enable_agent(workspace_id, agent.id, services.now()).await?)
}
