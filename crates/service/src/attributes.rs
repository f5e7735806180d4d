//! The fields of customers: defining them, and checking what is said of one customer.

use crate::{
    Actor, Caller, FieldFault, ServiceError, Services,
    channel_accounts::{IdempotencyKey, key_reused},
    paging,
};
use model::{
    AttributeId, Permission,
    attribute::{
        Attribute, AttributeType, DESCRIPTION_MAX_CHARS, NAME_MAX_CHARS, ValueSource, check_key, check_options,
        check_value,
    },
    entry::Page,
    text::{check_name, words},
};
use serde_json::{Map, Value};
use std::collections::HashMap;
use store::{AttributeUpdate, Created, Deleted, NewAttribute};

/// The largest place; more than anybody needs, and far from where numbers end.
const POSITION_MAX: i64 = 1_000_000;
/// The most fields that one request may set.
const VALUES_MAX: usize = 200;

/// A field to define.
#[derive(Debug, Clone)]
pub struct AttributeDraft {
    /// The word for programs.
    pub key: String,
    /// The name for people.
    pub name: String,
    /// What its values are.
    pub value_type: AttributeType,
    /// The options of a choice.
    pub options: Vec<String>,
    /// What it is for.
    pub description: String,
    /// Whether a value cannot be taken away.
    pub required: bool,
    /// Its place; behind all others when it is absent.
    pub position: Option<i64>,
}

/// What changes of a field; `None` stays as it is. Key and type never change.
#[derive(Debug, Clone, Default)]
pub struct AttributeChange {
    /// The name for people.
    pub name: Option<String>,
    /// The options of a choice.
    pub options: Option<Vec<String>>,
    /// What it is for.
    pub description: Option<String>,
    /// Whether a value cannot be taken away.
    pub required: Option<bool>,
    /// Whether it is no longer shown.
    pub archived: Option<bool>,
    /// Its place.
    pub position: Option<i64>,
}

/// Collects what is wrong with a definition.
#[derive(Default)]
struct Faults(Vec<FieldFault>);

impl Faults {
    fn add(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.0.push(FieldFault { field: field.into(), message: message.into() });
    }

    fn name(&mut self, given: &str) -> String {
        check_name(given, NAME_MAX_CHARS).map_err(|message| self.add("name", message)).unwrap_or_default()
    }

    fn description(&mut self, given: &str) -> String {
        let text = words(given);
        if text.chars().count() > DESCRIPTION_MAX_CHARS || text.contains(char::is_control) {
            self.add("description", format!("give at most {DESCRIPTION_MAX_CHARS} characters"));
        }
        text
    }

    fn options(&mut self, value_type: AttributeType, given: &[String]) -> Vec<String> {
        match check_options(value_type, given) {
            Ok(options) => options,
            Err((place, message)) => {
                self.add(place.map_or("options".to_owned(), |place| format!("options[{place}]")), message);
                Vec::new()
            }
        }
    }

    fn position(&mut self, given: i64) {
        if !(0..=POSITION_MAX).contains(&given) {
            self.add("position", format!("give a number from 0 to {POSITION_MAX}"));
        }
    }

    fn none(self) -> Result<(), ServiceError> {
        if self.0.is_empty() { Ok(()) } else { Err(ServiceError::Invalid(self.0)) }
    }
}

/// The fields in the order in which they are shown, those that are archived too.
///
/// # Errors
/// Invalid limit or cursor.
pub async fn list_attributes(
    services: &Services,
    caller: &Caller,
    limit: u32,
    cursor: Option<&str>,
) -> Result<Page<Attribute>, ServiceError> {
    caller.require(Permission::ReadThreads)?;
    let limit = paging::limit(limit)?;
    let [position, id] = paging::place(cursor)?.unwrap_or([-1, 0]);
    let after = (position, AttributeId(id));
    let found = services.store().list_attributes(caller.workspace_id, after, limit + 1).await?;
    Ok(paging::page(found, limit, |field| [field.position, field.id.0]))
}

async fn get_attribute(services: &Services, caller: &Caller, id: AttributeId) -> Result<Attribute, ServiceError> {
    services.store().find_attribute(caller.workspace_id, id).await?.ok_or(ServiceError::NotFound)
}

/// Defines a field.
///
/// # Errors
/// Forbidden without the right; invalid with every fault at once, also when another field has the key.
pub async fn create_attribute(
    services: &Services,
    caller: &Caller,
    draft: AttributeDraft,
    key: Option<IdempotencyKey>,
) -> Result<Attribute, ServiceError> {
    caller.require(Permission::ManageChannels)?;
    let mut faults = Faults::default();
    if let Err(message) = check_key(&draft.key) {
        faults.add("key", message);
    }
    let name = faults.name(&draft.name);
    let options = faults.options(draft.value_type, &draft.options);
    let description = faults.description(&draft.description);
    draft.position.iter().for_each(|position| faults.position(*position));
    faults.none()?;
    let new = NewAttribute {
        attribute: Attribute {
            id: AttributeId(services.store().new_id()?),
            key: draft.key,
            name,
            value_type: draft.value_type,
            options,
            description,
            required: draft.required,
            archived: false,
            position: draft.position.unwrap_or(-1),
            created_at: services.now(),
        },
        workspace_id: caller.workspace_id,
        idempotency: key.map(|key| key.of(caller)),
        actor_id: caller.actor_id(),
    };
    let taken = || ServiceError::invalid("key", "another field has this key, perhaps an archived one");
    match services.store().create_attribute(new).await?.ok_or_else(taken)? {
        Created::New(id) | Created::Before(id) => get_attribute(services, caller, id).await,
        Created::KeyReused => Err(key_reused()),
    }
}

/// Changes a field.
///
/// # Errors
/// Forbidden without the right; not found; invalid with every fault at once.
pub async fn update_attribute(
    services: &Services,
    caller: &Caller,
    id: AttributeId,
    change: AttributeChange,
) -> Result<Attribute, ServiceError> {
    caller.require(Permission::ManageChannels)?;
    let field = get_attribute(services, caller, id).await?;
    let mut faults = Faults::default();
    let update = AttributeUpdate {
        id,
        workspace_id: caller.workspace_id,
        name: change.name.map(|name| faults.name(&name)),
        options: change.options.map(|options| faults.options(field.value_type, &options)),
        description: change.description.map(|description| faults.description(&description)),
        required: change.required,
        archived: change.archived,
        position: change.position.inspect(|position| faults.position(*position)),
        actor_id: caller.actor_id(),
        now: services.now(),
    };
    faults.none()?;
    if !services.store().update_attribute(update).await? {
        return Err(ServiceError::NotFound);
    }
    get_attribute(services, caller, id).await
}

/// Deletes a field that no customer has a value of.
///
/// # Errors
/// Forbidden without the right; not found; conflict while a customer has a value of it.
pub async fn delete_attribute(services: &Services, caller: &Caller, id: AttributeId) -> Result<(), ServiceError> {
    caller.require(Permission::ManageChannels)?;
    let store = services.store();
    match store.delete_attribute(caller.workspace_id, id, &caller.actor_id(), services.now()).await? {
        Deleted::Done => Ok(()),
        Deleted::NotFound => Err(ServiceError::NotFound),
        Deleted::InUse => Err(ServiceError::Conflict {
            code: "conflict",
            message: "customers have values of this field; archive it, and they are kept".into(),
        }),
    }
}

/// Checks values by the definitions of their fields; every fault at once, each at `attributes.KEY`.
pub(crate) async fn check_values(
    services: &Services,
    caller: &Caller,
    given: &Map<String, Value>,
    faults: &mut Vec<FieldFault>,
) -> Result<Vec<(AttributeId, Option<String>)>, ServiceError> {
    if given.len() > VALUES_MAX {
        faults.push(FieldFault { field: "attributes".into(), message: format!("give at most {VALUES_MAX} at once") });
        return Ok(Vec::new());
    }
    let keys: Vec<String> = given.keys().cloned().collect();
    let known = services.store().list_attributes_by_key(caller.workspace_id, keys).await?;
    let known: HashMap<&str, &Attribute> = known.iter().map(|field| (field.key.as_str(), field)).collect();
    let mut values = Vec::with_capacity(given.len());
    for (key, value) in given {
        match check_one(known.get(key.as_str()).copied(), value) {
            Ok(checked) => values.push(checked),
            Err(message) => faults.push(FieldFault { field: format!("attributes.{key}"), message }),
        }
    }
    Ok(values)
}

fn check_one(field: Option<&Attribute>, value: &Value) -> Result<(AttributeId, Option<String>), String> {
    let field = field.ok_or("no field has this key")?;
    if field.archived {
        return Err("this field is archived".into());
    }
    if value.is_null() {
        return match field.required {
            true => Err("this field must have a value".into()),
            false => Ok((field.id, None)),
        };
    }
    let kept = check_value(field.value_type, &field.options, value)?;
    Ok((field.id, Some(kept.to_string())))
}

/// Where what a caller says comes from.
pub(crate) fn source_of(caller: &Caller) -> ValueSource {
    match caller.actor {
        Actor::Agent(_) => ValueSource::Agent,
        Actor::Token(_) => ValueSource::Token,
    }
}
