//! A small sound channel passes; broken in one way, it fails exactly the rule that is about that way.

use super::*;
use crate::{Capabilities, Content, Handshake, Inbound, Reconciled, Secret, SettingFault, SplitError, TestReport};
use async_trait::async_trait;
use model::{Block, ChannelAccountId, MessageId, Timestamp, gate::Window, message::AuthorKind};

/// How the channel is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flaw {
    None,
    ComparesAPrefixOfTheSignature,
    AcceptsAMissingSignature,
    IgnoresTheEndOfTheBody,
    NeedsNoSecret,
    RefusesEverything,
    CountsItsKeys,
    KeysByPlaceInTheBatch,
    OneKeyForAll,
    ReceiptsBecomeMessages,
    ReceiptsOpenAWindow,
    PanicsOnOddText,
    CallsATimeOutTemporary,
    NeverLimited,
    TellsItsSecret,
}

/// The paper channel: a body is `BATCH;sender=text,sender=text`; a receipt's text is `seen`; the signature is the sum of
/// the body's bytes and the secret, written 8 digits long. The "provider" does what the recipient's name says.
struct Paper(Flaw, std::sync::atomic::AtomicU32);

fn sum(secret: &str, body: &[u8]) -> String {
    // Weighted by place, so that swapped bytes differ.
    let bytes = secret.bytes().chain(body.iter().copied());
    let sum = bytes
        .enumerate()
        .fold(7_u32, |sum, (place, byte)| sum.wrapping_mul(31).wrapping_add(u32::from(byte) ^ (place as u32)));
    format!("{sum:08x}")
}

#[async_trait]
impl Channel for Paper {
    fn kind(&self) -> &'static str {
        "paper"
    }
    fn capabilities(&self) -> Capabilities {
        Capabilities { has_window: true, read_receipts: true, ..Capabilities::text_only(10) }
    }
    fn has_human_extension(&self, _: &Account) -> bool {
        false
    }
    fn check(&self, _: &Account) -> Vec<SettingFault> {
        Vec::new()
    }
    fn address(&self, _: &Account) -> String {
        String::new()
    }
    fn namespace(&self, _: &Account) -> String {
        "paper".into()
    }
    fn shared_callback_key(&self, _: &Account) -> Option<String> {
        None
    }
    fn handshake(&self, _: &Account, _: &[(String, String)]) -> Handshake {
        Handshake::Refuse
    }

    fn verify(&self, account: &Account, headers: &HeaderMap, body: &[u8]) -> bool {
        let secret = account.secret("secret");
        let Some(given) = headers.get("x-paper").and_then(|value| value.to_str().ok()) else {
            return self.0 == Flaw::AcceptsAMissingSignature;
        };
        match self.0 {
            Flaw::RefusesEverything => false,
            Flaw::NeedsNoSecret => given == sum("s", body),
            _ if secret.is_empty() => false,
            Flaw::ComparesAPrefixOfTheSignature => sum(secret, body).starts_with(given),
            Flaw::IgnoresTheEndOfTheBody => given == sum(secret, &body[..body.len().min(3)]),
            _ => given == sum(secret, body),
        }
    }

    fn split(&self, body: &[u8]) -> Result<Vec<SplitEvent>, SplitError> {
        let refuse = || SplitError { reason: "not paper".into() };
        let (_batch, events) = std::str::from_utf8(body).map_err(|_| refuse())?.split_once(';').ok_or_else(refuse)?;
        let event = |(place, event): (usize, &str)| SplitEvent {
            address: String::new(),
            key: match self.0 {
                Flaw::CountsItsKeys => self.1.fetch_add(1, std::sync::atomic::Ordering::Relaxed).to_string(),
                Flaw::KeysByPlaceInTheBatch => place.to_string(),
                Flaw::OneKeyForAll => "key".into(),
                _ => format!("key:{event}"),
            },
            person: event.split('=').next().unwrap_or_default().into(),
            payload: event.into(),
        };
        Ok(events.split(',').enumerate().map(event).collect())
    }

    fn interpret(&self, payload: &str) -> Inbound {
        if self.0 == Flaw::PanicsOnOddText {
            assert!(payload.contains('='), "odd");
        }
        let (sender, text) = payload.split_once('=').unwrap_or_default();
        let is_receipt = text == "seen" && self.0 != Flaw::ReceiptsBecomeMessages;
        let opens = !is_receipt || self.0 == Flaw::ReceiptsOpenAWindow;
        Inbound {
            sender: Some(sender.into()),
            at: Timestamp(0),
            opens_window_millis: opens.then_some(1),
            standby: false,
            fact: if is_receipt {
                Fact::Read { watermark: Timestamp(0) }
            } else {
                let content = Content { blocks: vec![Block::text(text)], ..Content::default() };
                Fact::Message { external_id: payload.into(), content, choice: None, referral: None }
            },
        }
    }

    async fn send(&self, account: &Account, message: &Outbound) -> SendOutcome {
        let (code, mut detail) = (None, String::from("words"));
        if self.0 == Flaw::TellsItsSecret {
            detail = account.secret("secret").repeat(2);
        }
        let retry_after_millis = None;
        match message.recipient.as_str() {
            "accepts" => SendOutcome::Accepted { external_id: "1".into() },
            "refuses the line" => SendOutcome::Temporary { retry_after_millis, code, detail },
            "limits" if self.0 == Flaw::NeverLimited => SendOutcome::Temporary { retry_after_millis, code, detail },
            "limits" => SendOutcome::RateLimited { retry_after_millis, code, detail },
            "closed" => SendOutcome::OutsideWindow { code, detail },
            "knows us not" => SendOutcome::Unauthorized { code, detail },
            "blocks" => SendOutcome::Blocked { code, detail },
            "never answers" if self.0 == Flaw::CallsATimeOutTemporary => {
                SendOutcome::Temporary { retry_after_millis, code, detail }
            }
            "never answers" => SendOutcome::Uncertain { detail },
            _ => SendOutcome::Permanent { code, detail },
        }
    }

    async fn reconcile(&self, _: &Account, _: MessageId, _: &str, _: Timestamp) -> Reconciled {
        Reconciled::CannotTell
    }
    async fn test(&self, _: &Account) -> TestReport {
        TestReport { steps: Vec::new() }
    }
}

fn account() -> Account {
    let secrets = [("secret".to_owned(), Secret::new("s"))].into();
    Account { id: ChannelAccountId(1), settings: serde_json::Map::new(), secrets }
}

fn cases() -> Vec<SendCase> {
    let case = |name: &'static str, expected| SendCase {
        name,
        // A word that no report holds by chance.
        account: Account { secrets: [("secret".to_owned(), Secret::new("sesame-7"))].into(), ..account() },
        message: Outbound {
            message_id: MessageId(1),
            recipient: name.into(),
            blocks: vec![Block::text("hello")],
            reply_to: None,
            author: AuthorKind::Agent,
            persona: None,
            files: vec![],
            window: Window::Open,
        },
        expected,
    };
    vec![
        case("accepts", OutcomeClass::Accepted),
        case("refuses the line", OutcomeClass::Temporary),
        case("limits", OutcomeClass::RateLimited),
        case("closed", OutcomeClass::OutsideWindow),
        case("knows us not", OutcomeClass::Unauthorized),
        case("blocks", OutcomeClass::Blocked),
        case("dislikes", OutcomeClass::Permanent),
        case("never answers", OutcomeClass::Uncertain),
    ]
}

/// The whole suite over one channel: the names of the broken rules.
async fn broken_rules(flaw: Flaw) -> Vec<&'static str> {
    let channel = Paper(flaw, std::sync::atomic::AtomicU32::new(0));
    let body = b"1;ann=hello,bob=bye".to_vec();
    let covered: &[u8] = if flaw == Flaw::IgnoresTheEndOfTheBody { &body[..3] } else { &body };
    let mut headers = HeaderMap::new();
    headers.insert("x-paper", HeaderValue::from_str(&sum("s", covered)).unwrap());
    let signed = Signed { headers, signature: HeaderName::from_static("x-paper"), body: body.clone() };
    let spellings = [vec![body.clone()], vec![b"2;bob=bye".to_vec(), b"3;ann=hello".to_vec()]];
    let results = [
        bad_signatures_are_refused(&channel, &account(), &signed),
        replay_gives_the_same_keys(&channel, &body),
        rebatching_gives_the_same_keys(&channel, &spellings),
        receipts_carry_no_text(&channel, &[b"4;ann=seen".to_vec()]),
        interpret_never_panics(&channel, &[body], 64),
        every_outcome_is_classified(&channel, &cases()).await,
    ];
    results.into_iter().filter_map(Result::err).map(|violation| violation.rule).collect()
}

#[tokio::test]
async fn a_sound_channel_passes() {
    assert_eq!(broken_rules(Flaw::None).await, Vec::<&str>::new());
}

#[tokio::test]
async fn each_flaw_is_found_by_its_rule() {
    use Flaw::*;
    for (flaw, rules) in [
        (ComparesAPrefixOfTheSignature, vec!["bad_signatures_are_refused"]),
        (AcceptsAMissingSignature, vec!["bad_signatures_are_refused"]),
        (IgnoresTheEndOfTheBody, vec!["bad_signatures_are_refused"]),
        (NeedsNoSecret, vec!["bad_signatures_are_refused"]),
        (RefusesEverything, vec!["bad_signatures_are_refused"]),
        (CountsItsKeys, vec!["replay_gives_the_same_keys", "rebatching_gives_the_same_keys"]),
        (KeysByPlaceInTheBatch, vec!["rebatching_gives_the_same_keys"]),
        (OneKeyForAll, vec!["replay_gives_the_same_keys", "rebatching_gives_the_same_keys"]),
        (ReceiptsBecomeMessages, vec!["receipts_carry_no_text"]),
        (ReceiptsOpenAWindow, vec!["receipts_carry_no_text"]),
        (PanicsOnOddText, vec!["interpret_never_panics"]),
        (CallsATimeOutTemporary, vec!["every_outcome_is_classified"]),
        (NeverLimited, vec!["every_outcome_is_classified"]),
        (TellsItsSecret, vec!["every_outcome_is_classified"]),
    ] {
        assert_eq!(broken_rules(flaw).await, rules, "{flaw:?}");
    }
}

#[tokio::test]
async fn a_class_that_no_case_reaches_is_told() {
    let channel = Paper(Flaw::None, std::sync::atomic::AtomicU32::new(0));
    for leave_out in 0..cases().len() {
        let mut cases = cases();
        cases.remove(leave_out);
        let violation = every_outcome_is_classified(&channel, &cases).await.unwrap_err();
        assert!(violation.detail.contains("no case reaches"), "{violation}");
    }
}
