//! Labels, fields and their values, calendars.

use super::{Harness, later, now, on_both_engines};
use crate::{
    AttributeUpdate, CalendarUpdate, Created, CustomerUpdate, Deleted, Idempotency, LabelSubject, LabelUpdate,
    Labelled, NewAttribute, NewCalendar, NewLabel, Updated,
};
use model::{
    AttributeId, CalendarId, CustomerId, LabelId, ThreadId, Timestamp, WorkspaceId,
    attribute::{Attribute, AttributeType, ValueSource},
    calendar::{Calendar, HoursDraft, OpeningHours},
    label::LabelColour,
    log::LogKind,
};
use serde_json::json;

on_both_engines! {
    a_label_has_a_name_of_its_own: shared;
    a_label_changes_part_by_part: shared;
    who_carries_a_label_shows_it: shared;
    a_label_that_is_carried_stays: shared;
    two_who_give_one_name_at_once_get_one_label: shared;
    a_key_makes_defining_harmless_to_repeat: shared;
    fields_come_in_their_order: shared;
    a_field_changes_part_by_part: shared;
    values_are_kept_with_their_source: shared;
    a_name_from_a_person_is_known_as_such: shared;
    what_changes_nothing_is_not_told: shared;
    customers_of_a_page_come_with_what_is_theirs: shared;
    calendars_are_kept_whole: shared;
    a_stranger_has_none_of_it: shared;
}

pub(super) const ACTOR: &str = "agt_1";

fn new_label(harness: &Harness, name: &str) -> NewLabel {
    NewLabel {
        id: LabelId(harness.id()),
        workspace_id: harness.workspace,
        name: name.into(),
        folded_name: model::text::fold_name(name),
        colour: LabelColour::Blue,
        idempotency: None,
        actor_id: ACTOR.into(),
        now: now(),
    }
}

pub(super) async fn label(harness: &Harness, name: &str) -> LabelId {
    let new = new_label(harness, name);
    let id = new.id;
    assert_eq!(harness.store.create_label(new).await.unwrap(), Some(Created::New(id)));
    id
}

pub(super) fn label_update(harness: &Harness, id: LabelId) -> LabelUpdate {
    LabelUpdate {
        id,
        workspace_id: harness.workspace,
        name: None,
        colour: None,
        archived: None,
        actor_id: ACTOR.into(),
        now: now(),
    }
}

fn new_attribute(harness: &Harness, key: &str, value_type: AttributeType) -> NewAttribute {
    NewAttribute {
        attribute: Attribute {
            id: AttributeId(harness.id()),
            key: key.into(),
            name: format!("The {key}"),
            value_type,
            options: vec![],
            description: String::new(),
            required: false,
            archived: false,
            position: -1,
            created_at: now(),
        },
        workspace_id: harness.workspace,
        idempotency: None,
        actor_id: ACTOR.into(),
    }
}

pub(super) async fn attribute(harness: &Harness, key: &str) -> AttributeId {
    let new = new_attribute(harness, key, AttributeType::Text);
    let id = new.attribute.id;
    assert_eq!(harness.store.create_attribute(new).await.unwrap(), Some(Created::New(id)));
    id
}

pub(super) fn attribute_update(harness: &Harness, id: AttributeId) -> AttributeUpdate {
    AttributeUpdate {
        id,
        workspace_id: harness.workspace,
        name: None,
        options: None,
        description: None,
        required: None,
        archived: None,
        position: None,
        actor_id: ACTOR.into(),
        now: now(),
    }
}

pub(super) fn customer_update(
    harness: &Harness,
    id: CustomerId,
    values: &[(AttributeId, Option<&str>)],
) -> CustomerUpdate {
    CustomerUpdate {
        id,
        workspace_id: harness.workspace,
        name: None,
        values: values.iter().map(|(id, value)| (*id, value.map(str::to_owned))).collect(),
        source: ValueSource::Agent,
        actor_id: Some(ACTOR.into()),
        now: now(),
    }
}

fn office(zone: &str) -> OpeningHours {
    let weekly = json!({"monday": [{"from": "09:00", "to": "12:00"}, {"from": "13:00", "to": "18:00"}]});
    let exceptions = json!([{"date": "2026-12-24", "note": "Christmas Eve"}]);
    let draft = json!({"zone": zone, "weekly": weekly, "exceptions": exceptions});
    serde_json::from_value::<HoursDraft>(draft).unwrap().check().unwrap()
}

fn new_calendar(harness: &Harness, name: &str) -> NewCalendar {
    let id = CalendarId(harness.id());
    NewCalendar {
        calendar: Calendar { id, name: name.into(), hours: office("Europe/Vilnius"), created_at: now() },
        folded_name: model::text::fold_name(name),
        workspace_id: harness.workspace,
        idempotency: None,
        actor_id: ACTOR.into(),
    }
}

/// What the log tells of one kind, by what it is about.
pub(super) async fn told(harness: &Harness, kind: LogKind) -> Vec<String> {
    let log = harness.log(harness.workspace).await;
    let own = log.into_iter().filter(|record| record.kind == kind);
    own.map(|record| record.subject_id.or(record.thread_id.map(|id| id.to_string())).unwrap_or_default()).collect()
}

async fn a_label_has_a_name_of_its_own(harness: Harness) {
    let store = &harness.store;
    let first = new_label(&harness, "Wholesale");
    assert_eq!(store.create_label(first.clone()).await.unwrap(), Some(Created::New(first.id)));
    assert_eq!(store.create_label(first.clone()).await.unwrap(), Some(Created::New(first.id)), "run again");
    assert_eq!(store.create_label(new_label(&harness, "WHOLESALE")).await.unwrap(), None);
    let second = label(&harness, "Retail").await;
    let rename = |id, name: &str| LabelUpdate {
        name: Some((name.into(), model::text::fold_name(name))),
        ..label_update(&harness, id)
    };
    assert_eq!(store.update_label(rename(second, "wholesale")).await.unwrap(), Updated::NameTaken);
    assert_eq!(store.update_label(rename(second, "RETAIL")).await.unwrap(), Updated::Done, "its own, spelt anew");
    assert_eq!(store.update_label(rename(LabelId(5), "Other")).await.unwrap(), Updated::NotFound);
    let all = store.list_labels(harness.workspace, LabelId(0), 10).await.unwrap();
    let names: Vec<&str> = all.iter().map(|label| label.name.as_str()).collect();
    assert_eq!(names, ["Wholesale", "RETAIL"]);
    assert_eq!(store.list_labels(harness.workspace, first.id, 10).await.unwrap(), all[1..]);
    assert_eq!(store.list_labels(harness.workspace, LabelId(0), 1).await.unwrap(), all[..1]);
    let (one, two) = (first.id.to_string(), second.to_string());
    assert_eq!(told(&harness, LogKind::LabelChanged).await, [one, two.clone(), two]);
}

async fn a_label_changes_part_by_part(harness: Harness) {
    let store = &harness.store;
    let id = label(&harness, "Regular").await;
    let update = LabelUpdate { colour: Some(LabelColour::Plum), ..label_update(&harness, id) };
    assert_eq!(store.update_label(update.clone()).await.unwrap(), Updated::Done);
    assert_eq!(store.update_label(update).await.unwrap(), Updated::Done);
    let update = LabelUpdate { archived: Some(true), ..label_update(&harness, id) };
    assert_eq!(store.update_label(update).await.unwrap(), Updated::Done);
    let label = store.find_label(harness.workspace, id).await.unwrap().unwrap();
    assert_eq!((label.name.as_str(), label.colour, label.archived), ("Regular", LabelColour::Plum, true));
    assert_eq!(told(&harness, LogKind::LabelChanged).await.len(), 3, "made, coloured, archived");
}

async fn who_carries_a_label_shows_it(harness: Harness) {
    let (store, workspace) = (&harness.store, harness.workspace);
    let talk = harness.talk().await;
    let subject = LabelSubject::Customer(talk.customer);
    let (first, second, archived) =
        (label(&harness, "First").await, label(&harness, "Second").await, label(&harness, "Old").await);
    store.update_label(LabelUpdate { archived: Some(true), ..label_update(&harness, archived) }).await.unwrap();
    for id in [second, first, second] {
        assert_eq!(store.add_label(workspace, subject, id, ACTOR, now()).await.unwrap(), Labelled::Done);
    }
    assert_eq!(store.add_label(workspace, subject, archived, ACTOR, now()).await.unwrap(), Labelled::Archived);
    assert_eq!(store.add_label(workspace, subject, LabelId(5), ACTOR, now()).await.unwrap(), Labelled::NotFound);
    let nobody = LabelSubject::Customer(CustomerId(5));
    assert_eq!(store.add_label(workspace, nobody, first, ACTOR, now()).await.unwrap(), Labelled::NotFound);
    let carried = async || {
        let customer = store.find_customer(workspace, talk.customer).await.unwrap().unwrap();
        customer.labels.into_iter().map(|label| label.name).collect::<Vec<_>>()
    };
    assert_eq!(carried().await, ["First", "Second"], "in the order of their definition");
    let thread = talk.thread.to_string();
    assert_eq!(told(&harness, LogKind::CustomerChanged).await, [thread.clone(), thread.clone()], "once each");

    // Whoever carries it goes on carrying it, however it is called and whether it is offered.
    let renamed = LabelUpdate {
        name: Some(("Premier".into(), "premier".into())),
        archived: Some(true),
        ..label_update(&harness, first)
    };
    assert_eq!(store.update_label(renamed).await.unwrap(), Updated::Done);
    assert_eq!(carried().await, ["Premier", "Second"]);
    for _ in 0..2 {
        assert!(store.remove_label(workspace, subject, first, ACTOR, now()).await.unwrap());
    }
    assert!(!store.remove_label(workspace, nobody, first, ACTOR, now()).await.unwrap());
    assert_eq!(carried().await, ["Second"]);
    assert_eq!(told(&harness, LogKind::CustomerChanged).await.len(), 3);
}

async fn a_label_that_is_carried_stays(harness: Harness) {
    let (store, workspace) = (&harness.store, harness.workspace);
    let subject = LabelSubject::Customer(harness.talk().await.customer);
    let id = label(&harness, "Carried").await;
    store.add_label(workspace, subject, id, ACTOR, now()).await.unwrap();
    assert_eq!(store.delete_label(workspace, id, ACTOR, now()).await.unwrap(), Deleted::InUse);
    store.remove_label(workspace, subject, id, ACTOR, now()).await.unwrap();
    assert_eq!(store.delete_label(workspace, id, ACTOR, now()).await.unwrap(), Deleted::Done);
    assert_eq!(store.delete_label(workspace, id, ACTOR, now()).await.unwrap(), Deleted::NotFound);
    assert_eq!(store.add_label(workspace, subject, id, ACTOR, now()).await.unwrap(), Labelled::NotFound);
    label(&harness, "carried").await;

    // Whoever deletes and whoever begins to use it at the same time: one of them is told.
    for _ in 0..5 {
        let id = label(&harness, &format!("Contended {}", harness.id())).await;
        let (deleted, labelled) = tokio::join!(
            store.delete_label(workspace, id, ACTOR, now()),
            store.add_label(workspace, subject, id, ACTOR, now()),
        );
        let outcome = (deleted.unwrap(), labelled.unwrap());
        let expected = [(Deleted::Done, Labelled::NotFound), (Deleted::InUse, Labelled::Done)];
        assert!(expected.contains(&outcome), "{outcome:?}");
    }
}

async fn two_who_give_one_name_at_once_get_one_label(harness: Harness) {
    let store = &harness.store;
    let made = (0..8).map(|_| store.create_label(new_label(&harness, "Same")));
    let made = futures_util::future::join_all(made).await;
    assert_eq!(made.into_iter().filter(|made| matches!(made, Ok(Some(Created::New(_))))).count(), 1);
    let (one, two) = (label(&harness, "One").await, label(&harness, "Two").await);
    let rename = |id| LabelUpdate { name: Some(("Three".into(), "three".into())), ..label_update(&harness, id) };
    let (first, second) = tokio::join!(store.update_label(rename(one)), store.update_label(rename(two)));
    let mut outcomes = [first.unwrap(), second.unwrap()];
    outcomes.sort_by_key(|outcome| *outcome == Updated::NameTaken);
    assert_eq!(outcomes, [Updated::Done, Updated::NameTaken]);
}

async fn a_key_makes_defining_harmless_to_repeat(harness: Harness) {
    let store = &harness.store;
    let key =
        |hash: &str| Some(Idempotency { actor_id: ACTOR.into(), key: "define".into(), request_hash: hash.into() });
    let keyed = |hash: &str| NewLabel { idempotency: key(hash), ..new_label(&harness, "Keyed") };
    let first = keyed("a");
    assert_eq!(store.create_label(first.clone()).await.unwrap(), Some(Created::New(first.id)));
    assert_eq!(store.create_label(keyed("a")).await.unwrap(), Some(Created::Before(first.id)));
    assert_eq!(store.create_label(keyed("b")).await.unwrap(), Some(Created::KeyReused));

    // A key that made nothing is free again.
    let free = Some(Idempotency { actor_id: ACTOR.into(), key: "free".into(), request_hash: "a".into() });
    let taken = NewLabel { idempotency: free.clone(), ..new_label(&harness, "keyed") };
    assert_eq!(store.create_label(taken.clone()).await.unwrap(), None);
    assert_eq!(store.create_label(taken).await.unwrap(), None);
    let field = |hash: &str| NewAttribute {
        idempotency: Some(Idempotency { actor_id: ACTOR.into(), key: "field".into(), request_hash: hash.into() }),
        ..new_attribute(&harness, "keyed", AttributeType::Date)
    };
    let one = field("a");
    assert_eq!(store.create_attribute(one.clone()).await.unwrap(), Some(Created::New(one.attribute.id)));
    assert_eq!(store.create_attribute(field("a")).await.unwrap(), Some(Created::Before(one.attribute.id)));
    assert_eq!(store.create_attribute(field("b")).await.unwrap(), Some(Created::KeyReused));
    let calendar = |hash: &str| NewCalendar {
        idempotency: Some(Idempotency { actor_id: ACTOR.into(), key: "hours".into(), request_hash: hash.into() }),
        ..new_calendar(&harness, "Keyed")
    };
    let one = calendar("a");
    assert_eq!(store.create_calendar(one.clone()).await.unwrap(), Some(Created::New(one.calendar.id)));
    assert_eq!(store.create_calendar(calendar("a")).await.unwrap(), Some(Created::Before(one.calendar.id)));
    assert_eq!(store.create_calendar(calendar("b")).await.unwrap(), Some(Created::KeyReused));
    assert_eq!(store.create_calendar(NewCalendar { idempotency: free, ..calendar("a") }).await.unwrap(), None);
}

async fn fields_come_in_their_order(harness: Harness) {
    let (store, workspace) = (&harness.store, harness.workspace);
    let (one, two, three) =
        (attribute(&harness, "one").await, attribute(&harness, "two").await, attribute(&harness, "three").await);
    let again = NewAttribute {
        attribute: Attribute { id: one, ..new_attribute(&harness, "one", AttributeType::Text).attribute },
        ..new_attribute(&harness, "one", AttributeType::Text)
    };
    assert_eq!(store.create_attribute(again).await.unwrap(), Some(Created::New(one)), "run again");
    let taken = new_attribute(&harness, "two", AttributeType::Number);
    assert_eq!(store.create_attribute(taken).await.unwrap(), None);
    let listed = async |after, limit| {
        let found = store.list_attributes(workspace, after, limit).await.unwrap();
        found.iter().map(|field| (field.position, field.id)).collect::<Vec<_>>()
    };
    let start = (i64::MIN, AttributeId(0));
    assert_eq!(listed(start, 10).await, [(0, one), (1, two), (2, three)], "each behind those before it");
    let moved = AttributeUpdate { position: Some(0), ..attribute_update(&harness, three) };
    assert!(store.update_attribute(moved).await.unwrap());
    assert_eq!(listed(start, 10).await, [(0, one), (0, three), (1, two)], "the older first");
    assert_eq!(listed((0, one), 1).await, [(0, three)]);
    let keys = ["two", "none", "one"].map(str::to_owned).to_vec();
    let mut found: Vec<AttributeId> = Vec::new();
    for field in store.list_attributes_by_key(workspace, keys).await.unwrap() {
        found.push(field.id);
    }
    found.sort();
    assert_eq!(found, [one, two]);
}

async fn a_field_changes_part_by_part(harness: Harness) {
    let (store, workspace) = (&harness.store, harness.workspace);
    let mut new = new_attribute(&harness, "tier", AttributeType::Choice);
    new.attribute.options = vec!["Gold".into()];
    let id = new.attribute.id;
    store.create_attribute(new).await.unwrap();
    let update = AttributeUpdate {
        name: Some("Tier".into()),
        options: Some(vec!["Gold".into(), "Silver".into()]),
        description: Some("What they bought".into()),
        required: Some(true),
        ..attribute_update(&harness, id)
    };
    assert!(store.update_attribute(update.clone()).await.unwrap());
    assert!(store.update_attribute(update).await.unwrap());
    assert!(store.update_attribute(attribute_update(&harness, id)).await.unwrap());
    assert!(!store.update_attribute(attribute_update(&harness, AttributeId(5))).await.unwrap());
    let field = store.find_attribute(workspace, id).await.unwrap().unwrap();
    assert_eq!((field.key.as_str(), field.name.as_str(), field.value_type), ("tier", "Tier", AttributeType::Choice));
    assert_eq!((field.options.len(), field.description.as_str(), field.required), (2, "What they bought", true));
    assert_eq!(told(&harness, LogKind::AttributeChanged).await, [id.to_string(), id.to_string()]);

    // A field with values is archived instead: they are kept, and told no more.
    let customer = harness.talk().await.customer;
    store.update_customer(customer_update(&harness, customer, &[(id, Some("\"Gold\""))])).await.unwrap();
    assert_eq!(store.delete_attribute(workspace, id, ACTOR, now()).await.unwrap(), Deleted::InUse);
    let archive = |archived| AttributeUpdate { archived: Some(archived), ..attribute_update(&harness, id) };
    assert!(store.update_attribute(archive(true)).await.unwrap());
    let attributes = async || store.find_customer(workspace, customer).await.unwrap().unwrap().attributes;
    assert!(attributes().await.is_empty());
    assert!(store.update_attribute(archive(false)).await.unwrap());
    assert_eq!(attributes().await["tier"], "Gold");
    store.update_customer(customer_update(&harness, customer, &[(id, None)])).await.unwrap();
    assert_eq!(store.delete_attribute(workspace, id, ACTOR, now()).await.unwrap(), Deleted::Done);
    assert_eq!(store.delete_attribute(workspace, id, ACTOR, now()).await.unwrap(), Deleted::NotFound);
}

async fn values_are_kept_with_their_source(harness: Harness) {
    let (store, workspace) = (&harness.store, harness.workspace);
    let customer = harness.talk().await.customer;
    let (number, city) = (attribute(&harness, "number").await, attribute(&harness, "city").await);
    let both = customer_update(&harness, customer, &[(number, Some("17")), (city, Some("\"Malmö\""))]);
    assert!(store.update_customer(both).await.unwrap());
    let known = store.find_customer(workspace, customer).await.unwrap().unwrap();
    assert_eq!(json!(known.attributes), json!({"number": 17, "city": "Malmö"}));
    let by_program = CustomerUpdate {
        source: ValueSource::Token,
        actor_id: Some("tok_1".into()),
        now: later(5),
        ..customer_update(&harness, customer, &[(city, Some("\"Lund\"")), (number, None)])
    };
    assert!(store.update_customer(by_program).await.unwrap());
    let known = store.find_customer(workspace, customer).await.unwrap().unwrap();
    assert_eq!(json!(known.attributes), json!({"city": "Lund"}));
    let kept = harness
        .raw(
            "SELECT source || ' ' || actor_id || ' ' || CAST(set_at AS TEXT) FROM customer_attribute WHERE customer_id = $1",
            &[customer.0.into()],
        )
        .await;
    assert_eq!(kept, [format!("token tok_1 {}", later(5).0)]);
    assert!(!store.update_customer(customer_update(&harness, CustomerId(5), &[])).await.unwrap());
    // A field that went meanwhile takes no value, and breaks nothing.
    let gone = customer_update(&harness, customer, &[(AttributeId(5), Some("1"))]);
    assert!(store.update_customer(gone).await.unwrap());
}

async fn a_name_from_a_person_is_known_as_such(harness: Harness) {
    let talk = harness.talk().await;
    let source =
        async || harness.raw("SELECT name_source FROM customer WHERE id = $1", &[talk.customer.0.into()]).await;
    assert_eq!(source().await, [""]);
    let rename = CustomerUpdate { name: Some("Maya".into()), ..customer_update(&harness, talk.customer, &[]) };
    assert!(harness.store.update_customer(rename).await.unwrap());
    assert_eq!(source().await, ["agent"]);
    let thread = harness.store.find_thread(harness.workspace, talk.thread).await.unwrap().unwrap();
    assert_eq!(thread.customer.name, "Maya");
}

async fn what_changes_nothing_is_not_told(harness: Harness) {
    let talk = harness.talk().await;
    let id = attribute(&harness, "city").await;
    let change = CustomerUpdate {
        name: Some("Maya".into()),
        ..customer_update(&harness, talk.customer, &[(id, Some("\"Lund\""))])
    };
    for _ in 0..3 {
        assert!(harness.store.update_customer(change.clone()).await.unwrap());
    }
    let nothing = customer_update(&harness, talk.customer, &[]);
    assert!(harness.store.update_customer(nothing).await.unwrap());
    assert_eq!(told(&harness, LogKind::CustomerChanged).await, [talk.thread.to_string()]);
}

async fn customers_of_a_page_come_with_what_is_theirs(harness: Harness) {
    let (store, workspace) = (&harness.store, harness.workspace);
    let page = harness.page().await;
    let (field, word) = (attribute(&harness, "number").await, label(&harness, "Word").await);
    let mut customers = Vec::new();
    for number in 0..6 {
        let customer = harness.talk_on(&page).await.customer;
        let value = number.to_string();
        let change = customer_update(&harness, customer, &[(field, Some(&value))]);
        store.update_customer(change).await.unwrap();
        if number % 2 == 0 {
            store.add_label(workspace, LabelSubject::Customer(customer), word, ACTOR, now()).await.unwrap();
        }
        customers.push(customer);
    }
    let listed = store.list_customers(workspace, CustomerId(i64::MAX), 10).await.unwrap();
    let newest = (Timestamp(i64::MAX), ThreadId(i64::MAX));
    let threads = store.list_threads(workspace, newest, 10).await.unwrap();
    for (number, id) in customers.iter().enumerate() {
        let customer = listed.iter().find(|customer| customer.id == *id).unwrap();
        assert_eq!(json!(customer.attributes), json!({"number": number}));
        assert_eq!(customer.labels.len(), usize::from(number % 2 == 0));
        let thread = threads.iter().find(|thread| thread.customer.id == *id).unwrap();
        assert_eq!(thread.customer, *customer, "told the same everywhere");
    }
}

async fn calendars_are_kept_whole(harness: Harness) {
    let (store, workspace) = (&harness.store, harness.workspace);
    let new = new_calendar(&harness, "Support");
    let id = new.calendar.id;
    assert_eq!(store.create_calendar(new.clone()).await.unwrap(), Some(Created::New(id)));
    assert_eq!(store.create_calendar(new.clone()).await.unwrap(), Some(Created::New(id)), "run again");
    assert_eq!(store.create_calendar(new_calendar(&harness, "support")).await.unwrap(), None);
    let row = store.find_calendar(workspace, id).await.unwrap().unwrap();
    assert_eq!((row.calendar, row.version), (new.calendar.clone(), 1));

    let change = CalendarUpdate {
        id,
        workspace_id: workspace,
        version: 1,
        name: "Support".into(),
        folded_name: "support".into(),
        hours: office("Europe/Warsaw"),
        actor_id: ACTOR.into(),
        now: now(),
    };
    assert_eq!(store.update_calendar(change.clone()).await.unwrap(), Updated::Done);
    assert_eq!(store.update_calendar(change.clone()).await.unwrap(), Updated::Done, "it is so already");
    let stale = CalendarUpdate { hours: office("UTC"), ..change.clone() };
    assert_eq!(store.update_calendar(stale.clone()).await.unwrap(), Updated::NotFound, "somebody was faster");
    let other = new_calendar(&harness, "Nights");
    store.create_calendar(other.clone()).await.unwrap();
    let taken = CalendarUpdate { id: other.calendar.id, ..change.clone() };
    assert_eq!(store.update_calendar(taken).await.unwrap(), Updated::NameTaken);
    assert_eq!(store.update_calendar(CalendarUpdate { id: CalendarId(5), ..change }).await.unwrap(), Updated::NotFound);
    let row = store.find_calendar(workspace, id).await.unwrap().unwrap();
    assert_eq!((row.calendar.hours, row.version), (office("Europe/Warsaw"), 2));

    let listed = async |after| {
        let found = store.list_calendars(workspace, after, 10).await.unwrap();
        found.into_iter().map(|calendar| calendar.id).collect::<Vec<_>>()
    };
    assert_eq!(listed(CalendarId(0)).await, [id, other.calendar.id]);
    assert_eq!(listed(id).await, [other.calendar.id]);
    assert!(store.delete_calendar(workspace, id, ACTOR, now()).await.unwrap());
    assert!(!store.delete_calendar(workspace, id, ACTOR, now()).await.unwrap());
    assert_eq!(listed(CalendarId(0)).await, [other.calendar.id]);
    let (one, two) = (id.to_string(), other.calendar.id.to_string());
    assert_eq!(told(&harness, LogKind::CalendarChanged).await, [one.clone(), one.clone(), two, one]);
}

async fn a_stranger_has_none_of_it(harness: Harness) {
    let (store, other): (_, WorkspaceId) = (&harness.store, harness.other_workspace().await);
    let customer = harness.talk().await.customer;
    let (word, field) = (label(&harness, "Ours").await, attribute(&harness, "ours").await);
    let hours = new_calendar(&harness, "Ours");
    store.create_calendar(hours.clone()).await.unwrap();
    let calendar = hours.calendar.id;
    store.update_customer(customer_update(&harness, customer, &[(field, Some("1"))])).await.unwrap();
    let subject = LabelSubject::Customer(customer);
    store.add_label(harness.workspace, subject, word, ACTOR, now()).await.unwrap();

    assert!(store.find_label(other, word).await.unwrap().is_none());
    assert!(store.list_labels(other, LabelId(0), 10).await.unwrap().is_empty());
    assert_eq!(store.delete_label(other, word, ACTOR, now()).await.unwrap(), Deleted::NotFound);
    let update = LabelUpdate { workspace_id: other, archived: Some(true), ..label_update(&harness, word) };
    assert_eq!(store.update_label(update).await.unwrap(), Updated::NotFound);
    assert_eq!(store.add_label(other, subject, word, ACTOR, now()).await.unwrap(), Labelled::NotFound);
    assert!(!store.remove_label(other, subject, word, ACTOR, now()).await.unwrap());
    let theirs = NewLabel { workspace_id: other, ..new_label(&harness, "Ours") };
    let their_label = theirs.id;
    assert!(matches!(store.create_label(theirs).await.unwrap(), Some(Created::New(_))), "names are free there");
    let theirs = store.add_label(harness.workspace, subject, their_label, ACTOR, now()).await.unwrap();
    assert_eq!(theirs, Labelled::NotFound, "nor do their labels exist here");

    assert!(store.find_attribute(other, field).await.unwrap().is_none());
    assert!(store.list_attributes(other, (i64::MIN, AttributeId(0)), 10).await.unwrap().is_empty());
    assert!(store.list_attributes_by_key(other, vec!["ours".into()]).await.unwrap().is_empty());
    let update = AttributeUpdate { workspace_id: other, archived: Some(true), ..attribute_update(&harness, field) };
    assert!(!store.update_attribute(update).await.unwrap());
    assert_eq!(store.delete_attribute(other, field, ACTOR, now()).await.unwrap(), Deleted::NotFound);
    let change = CustomerUpdate {
        workspace_id: other,
        name: Some("Theirs".into()),
        ..customer_update(&harness, customer, &[(field, None)])
    };
    assert!(!store.update_customer(change).await.unwrap());

    assert!(store.find_calendar(other, calendar).await.unwrap().is_none());
    assert!(store.list_calendars(other, CalendarId(0), 10).await.unwrap().is_empty());
    assert!(!store.delete_calendar(other, calendar, ACTOR, now()).await.unwrap());
    let known = store.find_customer(harness.workspace, customer).await.unwrap().unwrap();
    assert_eq!((known.name.as_str(), known.labels.len(), known.attributes.len()), ("", 1, 1), "nothing changed");
}
