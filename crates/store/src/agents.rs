//! The people of a workspace: accounts, sign-ins, one-time links, the first owner.

use crate::{
    Store,
    engine::{Executor, Row, params, queries},
    error::Result,
    log::NewRecord,
    workspaces,
};
use futures_util::FutureExt;
use model::{AgentId, Role, Timestamp, WorkspaceId, agent::Agent, log::LogKind};

/// A person to invite.
#[derive(Debug, Clone)]
pub struct NewAgent {
    /// Made by the caller.
    pub id: AgentId,
    /// Where.
    pub workspace_id: WorkspaceId,
    /// Folded to lower case.
    pub email: String,
    /// The name to show.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Absent until they choose one.
    pub password_hash: Option<String>,
    /// Now.
    pub now: Timestamp,
}

/// The first owner with their workspace.
#[derive(Debug, Clone)]
pub struct NewOwner {
    /// SHA-256 of the set-up code, in hex.
    pub code_hash: String,
    /// The business's name.
    pub workspace_name: String,
    /// The owner; `workspace_id` is the new workspace.
    pub agent: NewAgent,
}

/// How the first-run form ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetUp {
    /// The workspace and its owner exist.
    Done,
    /// The code is not the one that was printed last.
    WrongCode,
    /// Somebody owns this installation already.
    AlreadyOwned,
}

/// What signing in needs to know of a person.
#[derive(Debug, Clone)]
pub struct AgentCredentials {
    /// Where.
    pub workspace_id: WorkspaceId,
    /// Who.
    pub agent: Agent,
    /// Their password's hash; absent until they chose one.
    pub password_hash: Option<String>,
}

/// A link that sets a password once.
#[derive(Debug, Clone)]
pub struct OneTimeLink {
    /// Where.
    pub workspace_id: WorkspaceId,
    /// Whose.
    pub agent: Agent,
    /// `invite` or `reset`.
    pub purpose: String,
}

const AGENT_COLUMNS: usize = 6;

queries! {
    INSERT_AGENT = Same("INSERT INTO agent (id, workspace_id, email, name, role, password_hash, disabled, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING");
    FIND_BY_EMAIL = Same("SELECT id, name, email, role, disabled, created_at, workspace_id, password_hash FROM agent WHERE email = $1 ORDER BY id");
    FIND_IN_WORKSPACE = Same("SELECT id, name, email, role, disabled, created_at FROM agent WHERE workspace_id = $1 AND email = $2");
    GET_AGENT = Same("SELECT id, name, email, role, disabled, created_at FROM agent WHERE workspace_id = $1 AND id = $2");
    LIST_AGENTS = Same("SELECT id, name, email, role, disabled, created_at FROM agent WHERE workspace_id = $1 AND id > $2 ORDER BY id LIMIT $3");
    COUNT_OWNERS = Same("SELECT count(*) FROM agent WHERE role = 'owner'");
    /// Locked, so that of two who disable each other one comes second and sees the first.
    ENABLED_OWNERS = Two {
        sqlite: "SELECT id FROM agent WHERE workspace_id = $1 AND role = 'owner' AND NOT disabled",
        postgres: "SELECT id FROM agent WHERE workspace_id = $1 AND role = 'owner' AND NOT disabled ORDER BY id FOR UPDATE",
    };
    DISABLE = Same("UPDATE agent SET disabled = $1 WHERE workspace_id = $2 AND id = $3 AND disabled <> $1");
    SET_PASSWORD = Same("UPDATE agent SET password_hash = $1 WHERE workspace_id = $2 AND id = $3");
    SET_SETUP_CODE = Same("INSERT INTO setup_code (id, code_hash) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET code_hash = excluded.code_hash");
    TAKE_SETUP_CODE = Same("DELETE FROM setup_code WHERE id = 1 AND code_hash = $1");
    INSERT_SIGN_IN = Same("INSERT INTO sign_in (secret_hash, workspace_id, agent_id, created_at, expires_at) SELECT CAST($1 AS TEXT), workspace_id, id, CAST($2 AS BIGINT), CAST($3 AS BIGINT) FROM agent WHERE workspace_id = $4 AND id = $5 ON CONFLICT (secret_hash) DO NOTHING");
    FIND_SIGN_IN = Same("SELECT a.id, a.name, a.email, a.role, a.disabled, a.created_at, s.workspace_id FROM sign_in s JOIN agent a ON a.id = s.agent_id WHERE s.secret_hash = $1 AND s.expires_at > $2 AND NOT a.disabled");
    DELETE_SIGN_IN = Same("DELETE FROM sign_in WHERE secret_hash = $1 RETURNING workspace_id, agent_id");
    DELETE_SIGN_INS = Same("DELETE FROM sign_in WHERE workspace_id = $1 AND agent_id = $2");
    DELETE_EXPIRED = Same("DELETE FROM sign_in WHERE expires_at <= $1");
    DELETE_LINKS = Same("DELETE FROM one_time_link WHERE workspace_id = $1 AND agent_id = $2");
    INSERT_LINK = Same("INSERT INTO one_time_link (code_hash, workspace_id, agent_id, purpose, expires_at) SELECT CAST($1 AS TEXT), workspace_id, id, CAST($2 AS TEXT), CAST($3 AS BIGINT) FROM agent WHERE workspace_id = $4 AND id = $5 ON CONFLICT (code_hash) DO NOTHING");
    FIND_LINK = Same("SELECT a.id, a.name, a.email, a.role, a.disabled, a.created_at, l.workspace_id, l.purpose FROM one_time_link l JOIN agent a ON a.id = l.agent_id WHERE l.code_hash = $1 AND l.expires_at > $2");
    TAKE_LINK = Same("DELETE FROM one_time_link WHERE code_hash = $1 AND expires_at > $2 RETURNING workspace_id, agent_id");
}

fn read_agent(row: &Row<'_>) -> Result<Agent> {
    Ok(Agent {
        id: AgentId(row.int(0)?),
        name: row.text(1)?,
        email: row.text(2)?,
        role: row.parse(3)?,
        disabled: row.flag(4)?,
        created_at: Timestamp(row.int(5)?),
    })
}

fn sign_in_ended(workspace_id: WorkspaceId, agent_id: AgentId, now: Timestamp) -> NewRecord {
    let mut record = NewRecord::new(workspace_id, now, LogKind::SignInEnded);
    record.subject_id = Some(agent_id.to_string());
    record
}

async fn set_disabled(
    executor: &Executor,
    disabled: bool,
    workspace_id: WorkspaceId,
    id: AgentId,
    now: Timestamp,
) -> Result<()> {
    if executor.execute(DISABLE, &params![disabled, workspace_id.0, id.0]).await? == 1 {
        let mut record = NewRecord::new(workspace_id, now, LogKind::AgentChanged);
        record.subject_id = Some(id.to_string());
        executor.log(record);
    }
    Ok(())
}

async fn insert(executor: &Executor, new: &NewAgent) -> Result<bool> {
    let params = params![
        new.id.0,
        new.workspace_id.0,
        &new.email,
        &new.name,
        new.role.as_str(),
        new.password_hash.as_deref(),
        false,
        new.now,
    ];
    if executor.execute(INSERT_AGENT, &params).await? == 1 {
        let mut record = NewRecord::new(new.workspace_id, new.now, LogKind::AgentCreated);
        record.subject_id = Some(new.id.to_string());
        executor.log(record);
        return Ok(true);
    }
    // Running the command again finds its own row.
    let own = executor.query_opt(GET_AGENT, &params![new.workspace_id.0, new.id.0], read_agent).await?;
    Ok(own.is_some())
}

impl Store {
    /// Whether anybody owns this installation.
    pub async fn has_owner(&self) -> Result<bool> {
        self.read((), |executor, ()| {
            async move { Ok(executor.query_opt(COUNT_OWNERS, &[], |row| row.int(0)).await?.unwrap_or(0) > 0) }.boxed()
        })
        .await
    }

    /// Replaces the set-up code.
    pub async fn set_setup_code(&self, code_hash: &str) -> Result<()> {
        self.write(code_hash.to_owned(), |executor, hash| {
            async move { executor.execute(SET_SETUP_CODE, &params![hash]).await }.boxed()
        })
        .await
        .map(|_| ())
    }

    /// Makes the first owner, once. A workspace that the command line made before is taken over by `new.agent.workspace_id`.
    pub async fn set_up_owner(&self, new: NewOwner) -> Result<SetUp> {
        let (outcome, _) = self
            .write(new, |executor, new| {
                async move {
                    let own = [new.agent.workspace_id.0, new.agent.id.0];
                    if executor.query_opt(GET_AGENT, &params![own[0], own[1]], read_agent).await?.is_some() {
                        return Ok(SetUp::Done);
                    }
                    if executor.query_opt(COUNT_OWNERS, &[], |row| row.int(0)).await?.unwrap_or(0) > 0 {
                        return Ok(SetUp::AlreadyOwned);
                    }
                    if executor.execute(TAKE_SETUP_CODE, &params![&new.code_hash]).await? == 0 {
                        return Ok(SetUp::WrongCode);
                    }
                    workspaces::insert(executor, new.agent.workspace_id, &new.workspace_name, new.agent.now).await?;
                    // The command line may have made it before, under a name that nobody chose.
                    workspaces::rename(executor, new.agent.workspace_id, &new.workspace_name).await?;
                    insert(executor, &new.agent).await?;
                    Ok(SetUp::Done)
                }
                .boxed()
            })
            .await?;
        Ok(outcome)
    }

    /// Adds a person; false when the address is taken in this workspace.
    pub async fn create_agent(&self, new: NewAgent) -> Result<bool> {
        Ok(self.write(new, |executor, new| insert(executor, new).boxed()).await?.0)
    }

    /// Everybody with this address, over all workspaces: for signing in, before it is known where.
    pub async fn list_credentials(&self, email: &str) -> Result<Vec<AgentCredentials>> {
        self.read(email.to_owned(), |executor, email| {
            async move {
                executor
                    .query(FIND_BY_EMAIL, &params![email], |row| {
                        Ok(AgentCredentials {
                            agent: read_agent(row)?,
                            workspace_id: WorkspaceId(row.int(AGENT_COLUMNS)?),
                            password_hash: row.opt_text(AGENT_COLUMNS + 1)?,
                        })
                    })
                    .await
            }
            .boxed()
        })
        .await
    }

    /// One person by address.
    pub async fn find_agent_by_email(&self, workspace_id: WorkspaceId, email: &str) -> Result<Option<Agent>> {
        self.read((workspace_id, email.to_owned()), |executor, (workspace_id, email)| {
            async move { executor.query_opt(FIND_IN_WORKSPACE, &params![workspace_id.0, email], read_agent).await }
                .boxed()
        })
        .await
    }

    /// One person.
    pub async fn find_agent(&self, workspace_id: WorkspaceId, id: AgentId) -> Result<Option<Agent>> {
        self.read((workspace_id, id), |executor, (workspace_id, id)| {
            async move { executor.query_opt(GET_AGENT, &params![workspace_id.0, id.0], read_agent).await }.boxed()
        })
        .await
    }

    /// People after `after`, oldest first.
    pub async fn list_agents(&self, workspace_id: WorkspaceId, after: AgentId, limit: u32) -> Result<Vec<Agent>> {
        self.read((workspace_id, after, limit), |executor, (workspace_id, after, limit)| {
            async move { executor.query(LIST_AGENTS, &params![workspace_id.0, after.0, *limit], read_agent).await }
                .boxed()
        })
        .await
    }

    /// Ends a person's access: no sign-in, no session, no link works any more. False, and nothing changes, when it is the
    /// last owner who has access.
    pub async fn disable_agent(&self, workspace_id: WorkspaceId, id: AgentId, now: Timestamp) -> Result<bool> {
        let (disabled, _) = self
            .write((workspace_id, id, now), |executor, (workspace_id, id, now)| {
                async move {
                    let owners = executor.query(ENABLED_OWNERS, &params![workspace_id.0], |row| row.int(0)).await?;
                    if owners == [id.0] {
                        return Ok(false);
                    }
                    set_disabled(executor, true, *workspace_id, *id, *now).await?;
                    executor.execute(DELETE_SIGN_INS, &params![workspace_id.0, id.0]).await?;
                    executor.execute(DELETE_LINKS, &params![workspace_id.0, id.0]).await?;
                    Ok(true)
                }
                .boxed()
            })
            .await?;
        Ok(disabled)
    }

    /// Gives a person access again; what was open before stays closed.
    pub async fn enable_agent(&self, workspace_id: WorkspaceId, id: AgentId, now: Timestamp) -> Result<()> {
        self.write((workspace_id, id, now), |executor, (workspace_id, id, now)| {
            set_disabled(executor, false, *workspace_id, *id, *now).boxed()
        })
        .await
        .map(|_| ())
    }

    /// Begins a session and forgets those that have ended.
    pub async fn create_sign_in(
        &self,
        workspace_id: WorkspaceId,
        agent_id: AgentId,
        secret_hash: &str,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<()> {
        let input = (workspace_id, agent_id, secret_hash.to_owned(), now, expires_at);
        self.write(input, |executor, (workspace_id, agent_id, secret_hash, now, expires_at)| {
            async move {
                executor.execute(DELETE_EXPIRED, &params![*now]).await?;
                let params = params![secret_hash, *now, *expires_at, workspace_id.0, agent_id.0];
                executor.execute(INSERT_SIGN_IN, &params).await
            }
            .boxed()
        })
        .await
        .map(|_| ())
    }

    /// Whose session this is, while it lasts.
    pub async fn find_sign_in(&self, secret_hash: &str, now: Timestamp) -> Result<Option<(WorkspaceId, Agent)>> {
        self.read((secret_hash.to_owned(), now), |executor, (hash, now)| {
            async move {
                executor
                    .query_opt(FIND_SIGN_IN, &params![hash, *now], |row| {
                        Ok((WorkspaceId(row.int(AGENT_COLUMNS)?), read_agent(row)?))
                    })
                    .await
            }
            .boxed()
        })
        .await
    }

    /// Ends a session; the log tells whoever follows it.
    pub async fn delete_sign_in(&self, secret_hash: &str, now: Timestamp) -> Result<()> {
        self.write((secret_hash.to_owned(), now), |executor, (hash, now)| {
            async move {
                let ended = executor
                    .query(DELETE_SIGN_IN, &params![hash], |row| Ok((WorkspaceId(row.int(0)?), AgentId(row.int(1)?))))
                    .await?;
                for (workspace_id, agent_id) in ended {
                    executor.log(sign_in_ended(workspace_id, agent_id, *now));
                }
                Ok(())
            }
            .boxed()
        })
        .await
        .map(|_| ())
    }

    /// Makes a one-time link; earlier links of the same person end.
    pub async fn create_link(
        &self,
        workspace_id: WorkspaceId,
        agent_id: AgentId,
        purpose: &'static str,
        code_hash: &str,
        expires_at: Timestamp,
    ) -> Result<()> {
        let input = (workspace_id, agent_id, purpose, code_hash.to_owned(), expires_at);
        self.write(input, |executor, (workspace_id, agent_id, purpose, code_hash, expires_at)| {
            async move {
                executor.execute(DELETE_LINKS, &params![workspace_id.0, agent_id.0]).await?;
                let params = params![code_hash, *purpose, *expires_at, workspace_id.0, agent_id.0];
                executor.execute(INSERT_LINK, &params).await
            }
            .boxed()
        })
        .await
        .map(|_| ())
    }

    /// Whose link this is, while it works.
    pub async fn find_link(&self, code_hash: &str, now: Timestamp) -> Result<Option<OneTimeLink>> {
        self.read((code_hash.to_owned(), now), |executor, (hash, now)| {
            async move {
                executor
                    .query_opt(FIND_LINK, &params![hash, *now], |row| {
                        Ok(OneTimeLink {
                            agent: read_agent(row)?,
                            workspace_id: WorkspaceId(row.int(AGENT_COLUMNS)?),
                            purpose: row.text(AGENT_COLUMNS + 1)?,
                        })
                    })
                    .await
            }
            .boxed()
        })
        .await
    }

    /// Spends a link: sets the password and ends every session of that person. `None` when the link no longer works.
    pub async fn redeem_link(
        &self,
        code_hash: &str,
        password_hash: &str,
        now: Timestamp,
    ) -> Result<Option<(WorkspaceId, AgentId)>> {
        let input = (code_hash.to_owned(), password_hash.to_owned(), now);
        let (redeemed, _) = self
            .write(input, |executor, (code_hash, password_hash, now)| {
                async move {
                    let taken = executor
                        .query_opt(TAKE_LINK, &params![code_hash, *now], |row| {
                            Ok((WorkspaceId(row.int(0)?), AgentId(row.int(1)?)))
                        })
                        .await?;
                    if let Some((workspace_id, agent_id)) = taken {
                        executor.execute(SET_PASSWORD, &params![password_hash, workspace_id.0, agent_id.0]).await?;
                        if executor.execute(DELETE_SIGN_INS, &params![workspace_id.0, agent_id.0]).await? > 0 {
                            executor.log(sign_in_ended(workspace_id, agent_id, *now));
                        }
                    }
                    Ok(taken)
                }
                .boxed()
            })
            .await?;
        Ok(redeemed)
    }
}
