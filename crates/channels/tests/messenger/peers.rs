//! Against other people's code: `x-hub-signature` signs and checks, `messaging-api-messenger` sends.

use super::{PSID, SECRET, account, account_at, hello, messenger, picture};
use crate::peers_run::ask;
use channel::{Channel, Outbound, SendOutcome};
use http::{HeaderMap, HeaderValue};
use model::{
    Block, FileId,
    block::{Card, Choice, ChoiceOption, ChoiceStyle, Media},
};
use serde_json::{Value, json};
use testkit::{
    graph::{GraphStandIn, Upload, signature},
    random::Random,
};

/// RFC 4648 base64, the form in which the script takes bytes.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |part: &[u8]| -> String {
        let bits = part.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - part.len()));
        let letter = |place: usize| {
            if place > part.len() { '=' } else { LETTERS[(bits >> (18 - 6 * place) & 63) as usize] as char }
        };
        (0..4).map(letter).collect()
    };
    bytes.chunks(3).map(group).collect()
}

fn bodies() -> Vec<Vec<u8>> {
    let mut random = Random::seeded(20_261_122);
    let mut bodies = vec![
        include_bytes!("../../src/messenger/fixtures/signed-unicode.json").to_vec(),
        include_bytes!("../../src/messenger/fixtures/signed-slashes.json").to_vec(),
        Vec::new(),
    ];
    for length in (1..40).chain([63, 64, 65, 1000, 5000]) {
        bodies.push((0..length).map(|_| random.next_u64() as u8).collect());
    }
    bodies
}

#[tokio::test]
async fn signatures_of_others_are_accepted_and_ours_by_them() {
    let bodies = bodies();
    let encoded: Vec<String> = bodies.iter().map(|body| base64(body)).collect();
    let signatures = ask(&json!({ "verb": "sign", "secret": SECRET, "bodies": encoded })).await;
    let (messenger, account) = (messenger(), account("http://127.0.0.1:9"));
    let verify = |signature: &str, body: &[u8]| {
        let mut headers = HeaderMap::new();
        headers.insert("x-hub-signature-256", HeaderValue::from_str(signature).unwrap());
        messenger.verify(&account, &headers, body)
    };
    let mut random = Random::seeded(7);
    let mut forged = Vec::new();
    for (place, body) in bodies.iter().enumerate() {
        let given = signatures[place].as_str().unwrap();
        assert!(verify(given, body), "body {place}");
        assert_eq!(signature(SECRET, body), given, "the stand-in signs the same");
        if !body.is_empty() {
            let mut flipped = body.clone();
            flipped[random.below(body.len())] ^= 1 << random.below(8);
            assert!(!verify(given, &flipped), "body {place} with a flipped bit");
            forged.push(json!([base64(&flipped), given]));
        }
    }
    let verdicts = ask(&json!({ "verb": "verify", "secret": SECRET, "signed": forged })).await;
    assert!(verdicts.as_array().unwrap().iter().all(|verdict| *verdict == false), "they refuse the same ones");
}

#[tokio::test]
async fn the_stand_in_takes_what_a_real_sdk_sends_and_ours_looks_the_same() {
    let meta = GraphStandIn::start().await;
    let metadata = format!("ot:{}", hello().message_id);
    let steps = json!([
        ["sendText", PSID, "hello"],
        ["sendMessage", PSID, { "text": "hello", "metadata": metadata }, { "messagingType": "RESPONSE" }],
        ["sendText", PSID, "late", { "messagingType": "MESSAGE_TAG", "tag": "HUMAN_AGENT" }],
        ["sendSenderAction", PSID, "typing_on"],
        ["getPageInfo"],
        ["sendText", "nobody", "hello"],
    ]);
    let results = ask(&json!({ "verb": "client", "origin": meta.base(), "token": meta.token(), "steps": steps })).await;
    assert_eq!(results[0]["ok"]["recipientId"], PSID, "{results}");
    assert_eq!(results[1]["ok"]["messageId"], meta.accepted()[1].mid);
    assert!(results[2]["error"].as_str().unwrap().contains("10 OAuthException"), "{}", results[2]);
    assert!(results[3]["ok"].is_object(), "{}", results[3]);
    assert_eq!(results[4]["ok"]["id"], meta.page_id());
    assert!(results[5]["error"].as_str().unwrap().contains("100 OAuthException"), "{}", results[5]);

    messenger().send(&account_at(&meta), &hello()).await;
    let bodies: Vec<Value> = meta.accepted().into_iter().map(|accepted| accepted.body).collect();
    assert_eq!(bodies[2], bodies[1], "the adapter's body is the SDK's");
}

/// What the SDK builds of the same content as ours is taken by the stand-in, and is the same JSON.
#[tokio::test]
async fn templates_quick_replies_and_attachments_look_as_a_real_sdk_builds_them() {
    let meta = GraphStandIn::start().await;
    meta.person(
        PSID,
        json!({ "first_name": "Nadia", "last_name": "R", "profile_pic": "https://cdn.example.com/n.jpg" }),
    );
    let (messenger, account) = (messenger(), account_at(&meta));
    let id = hello().message_id;
    let option = |id: &str, title: &str, url: Option<&str>| ChoiceOption {
        id: id.into(),
        title: title.into(),
        description: None,
        url: url.map(str::to_owned),
    };
    let address = "https://shop.example.com/t/A-1001";
    let choice = |style, options| Block::Choice(Choice { text: "Which?".into(), options, style: Some(style) });
    let pick = || option("l1", "Choose", None);
    let card = Card {
        title: "Desk lamp".into(),
        subtitle: Some("In stock".into()),
        image: Some(Media::stored(FileId(7))),
        url: Some(address.into()),
        options: vec![pick(), option("t", "Track", Some(address))],
    };
    let mut files = picture().files;
    files[0].url = Some("https://cdn.example.com/l1.jpg".into());
    let ours = [
        choice(ChoiceStyle::QuickReplies, vec![pick(), option("l2", "Other", None)]),
        choice(ChoiceStyle::Buttons, vec![pick(), option("t", "Track", Some(address))]),
        Block::Carousel { cards: vec![card.clone(), Card { image: None, ..card }] },
        picture().blocks.remove(0),
    ];
    for block in ours {
        let message = Outbound { blocks: vec![block], files: files.clone(), ..hello() };
        let outcome = messenger.send(&account, &message).await;
        assert!(matches!(outcome, SendOutcome::Accepted { .. }), "{outcome:?}");
    }
    let uploaded = meta.uploads()[0].id.clone();

    let picked = format!("ot:{id}:l1");
    let buttons = json!([
        { "type": "postback", "title": "Choose", "payload": picked },
        { "type": "web_url", "title": "Track", "url": address },
    ]);
    let element = json!({
        "title": "Desk lamp", "subtitle": "In stock", "imageUrl": "https://cdn.example.com/l1.jpg",
        "defaultAction": { "type": "web_url", "url": address }, "buttons": buttons,
    });
    let mut plain = element.clone();
    plain.as_object_mut().unwrap().remove("imageUrl");
    let replies = json!([
        { "contentType": "text", "title": "Choose", "payload": picked },
        { "contentType": "text", "title": "Other", "payload": format!("ot:{id}:l2") },
    ]);
    let steps = json!([
        ["sendText", PSID, "Which?", { "quickReplies": replies }],
        ["sendButtonTemplate", PSID, "Which?", buttons],
        ["sendGenericTemplate", PSID, [element, plain]],
        ["sendImage", PSID, { "attachmentId": uploaded }],
        ["createPersona", { "name": "Mara Z.", "profilePictureUrl": "https://cdn.example.com/agents/mara.png" }],
        ["getUserProfile", PSID],
        ["markSeen", PSID],
        ["sendButtonTemplate", PSID, "x".repeat(641), buttons],
        [
            "uploadImage",
            { "base64": base64(&files[0].bytes) },
            { "isReusable": true, "filename": files[0].name, "contentType": files[0].media_type },
        ],
    ]);
    let results = ask(&json!({ "verb": "client", "origin": meta.base(), "token": meta.token(), "steps": steps })).await;
    for place in 0..7 {
        assert!(results[place]["ok"].is_object(), "{}", results[place]);
    }
    assert!(results[7]["error"].as_str().unwrap().contains("100 OAuthException"), "{}", results[7]);
    assert_eq!(results[5]["ok"]["firstName"], "Nadia");
    let uploads = meta.uploads();
    assert_eq!(results[8]["ok"]["attachmentId"], uploads[1].id, "{}", results[8]);
    assert_eq!(Upload { id: uploads[0].id.clone(), ..uploads[1].clone() }, uploads[0], "the same form");

    let messages: Vec<Value> = meta.accepted().into_iter().map(|accepted| accepted.body["message"].clone()).collect();
    assert_eq!(messages.len(), 8);
    for place in 0..4 {
        let mut mine = messages[place].clone();
        // The SDK's short forms carry no metadata.
        mine.as_object_mut().unwrap().remove("metadata");
        assert_eq!(mine, messages[place + 4]);
    }
}
