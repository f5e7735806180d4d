//! Messenger.

mod calls;
mod peers;
mod preparation;
mod seeds;
mod suite;

use bytes::Bytes;
use channel::{
    Account, Channel, Outbound, OutboundFile, Secret,
    http::{HttpClient, Limits},
};
use channels::messenger::Messenger;
use model::{Block, ChannelAccountId, FileId, MessageId, block::Media, gate::Window, message::AuthorKind};
use serde_json::json;
use std::time::Duration;
use testkit::graph::GraphStandIn;

pub const PSID: &str = "7001002003004005";
pub const SECRET: &str = "meta_app_secret_for_tests";

/// The channel, impatient.
pub fn messenger() -> Messenger {
    testkit::install_tls();
    let limits = Limits { connect: Duration::from_secs(2), total: Duration::from_secs(3), ..Limits::default() };
    Messenger::new(HttpClient::with_limits(limits).expect("the client can be set up"))
}

/// An account whose provider is at this address.
pub fn account(api_base: &str) -> Account {
    let settings = json!({ "page_id": "110022003300440", "api_base": api_base });
    let secrets =
        [("app_secret", SECRET), ("page_access_token", "EAAtestPageAccessToken"), ("verify_token", "a-word-of-ours")];
    let account = Account {
        id: ChannelAccountId(1),
        settings: settings.as_object().expect("written as an object").clone(),
        secrets: secrets.map(|(name, value)| (name.to_owned(), Secret::new(value))).into(),
    };
    assert_eq!(messenger().check(&account), []);
    account
}

pub fn account_at(meta: &GraphStandIn) -> Account {
    account(&meta.base())
}

pub fn hello() -> Outbound {
    Outbound {
        message_id: MessageId(42),
        recipient: PSID.into(),
        blocks: vec![Block::text("hello")],
        reply_to: None,
        author: AuthorKind::Agent,
        persona: None,
        window: Window::Open,
        files: vec![],
    }
}

/// A message that is a picture.
pub fn picture() -> Outbound {
    let file = OutboundFile {
        file_id: FileId(7),
        name: "lamp.png".into(),
        media_type: "image/png".into(),
        bytes: Bytes::from_static(b"\x89PNG lamp"),
        url: None,
    };
    Outbound { blocks: vec![Block::Image(Media::stored(file.file_id))], files: vec![file], ..hello() }
}
