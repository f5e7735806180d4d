//! A small sound channel passes; broken in one way, it fails exactly the rule that is about that way.

use super::*;
use crate::{
    Capabilities, Content, EchoAuthor, Handshake, Inbound, Reconciled, RemoteMedia, Secret, SettingFault, SplitError,
    TestReport,
};
use async_trait::async_trait;
use model::{
    Block, ChannelAccountId, FileId, MessageId, Timestamp,
    block::{FileState, Media, preview},
    capabilities::{MediaLimits, OptionLimits},
    gate::Window,
    message::{AuthorKind, Chosen},
};

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
    CutsItsText,
    RefusesItsOwnForm,
    ForgetsWhatWasPicked,
    LosesTheFile,
    ReceiptsGoBack,
    ReceiptsRunAhead,
    MediaByAddress,
    MediaSaidToBeHere,
}

/// The paper channel: a body is `BATCH;sender=text,sender=text`; the signature is the sum of the body's bytes and the secret,
/// written 8 digits long. A text `seen@5` is a receipt, `pic:URL` a picture, `echo:text` and `echopic:URL` echoes,
/// `pick:MESSAGE:OPTION` a pick. The "provider" does what the recipient's name says, and keeps what it accepted.
struct Paper(Flaw, std::sync::atomic::AtomicU32, std::sync::Mutex<Vec<Outbound>>);

impl Paper {
    fn new(flaw: Flaw) -> Self {
        Self(flaw, std::sync::atomic::AtomicU32::new(0), std::sync::Mutex::default())
    }

    fn said(&self, text: &str) -> Content {
        let Some(url) = text.strip_prefix("pic:") else {
            return Content { blocks: vec![Block::text(text)], ..Content::default() };
        };
        let mut media = Media::fetching(FileId(0));
        match self.0 {
            Flaw::MediaByAddress => media.media_type = Some(url.to_owned()),
            Flaw::MediaSaidToBeHere => media.state = FileState::Stored,
            _ => {}
        }
        let blocks = if self.0 == Flaw::LosesTheFile { vec![] } else { vec![Block::Image(media)] };
        Content { blocks, media: vec![RemoteMedia { url: url.into(), name: None }], ..Content::default() }
    }
}

impl ProviderSide for Paper {
    fn echo(&self, external_id: &str) -> Vec<u8> {
        let sent = &self.2.lock().unwrap()[external_id.parse::<usize>().unwrap()];
        let words = match &sent.blocks[0] {
            Block::Text { text } if self.0 == Flaw::CutsItsText => text.chars().take(5).collect(),
            Block::Image(_) => "pic:paper-picture".into(),
            block => preview(std::slice::from_ref(block), 1000),
        };
        format!("1;ann=echo:{words}").into_bytes()
    }
    fn pick(&self, external_id: &str, place: usize) -> Vec<u8> {
        let sent = &self.2.lock().unwrap()[external_id.parse::<usize>().unwrap()];
        let option = sent.blocks[0].answers().nth(place).unwrap();
        format!("1;ann=pick:{}:{}", sent.message_id, option.id).into_bytes()
    }
}

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
        let options = OptionLimits {
            max_options: 2,
            max_title_chars: 5,
            max_description_chars: 0,
            max_payload_chars: 8,
            max_prompt_chars: 10,
            urls: false,
        };
        let image = MediaLimits { max_bytes: 10, media_types: &[], max_caption_chars: 0 };
        let (quick_replies, image) = (Some(options), Some(image));
        Capabilities { has_window: true, read_receipts: true, quick_replies, image, ..Capabilities::text_only(10) }
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
        let inbound = |opens: bool, at: i64, fact: Fact| Inbound {
            sender: Some(sender.into()),
            at: Timestamp(at),
            opens_window_millis: opens.then_some(1),
            standby: false,
            fact,
        };
        let message = |content: Content, choice: Option<Chosen>| Fact::Message {
            external_id: payload.into(),
            content,
            choice,
            referral: None,
        };
        if let Some(at) = text.strip_prefix("seen@").and_then(|at| at.parse::<i64>().ok())
            && self.0 != Flaw::ReceiptsBecomeMessages
        {
            let watermark = Timestamp(match self.0 {
                Flaw::ReceiptsGoBack => -at,
                Flaw::ReceiptsRunAhead => at + 1,
                _ => at,
            });
            return inbound(self.0 == Flaw::ReceiptsOpenAWindow, at, Fact::Read { watermark });
        }
        if let Some(text) = text.strip_prefix("echo:") {
            let author = EchoAuthor { kind: AuthorKind::System, name: String::new() };
            let fact = Fact::Echo { external_id: payload.into(), message_id: None, content: self.said(text), author };
            return inbound(false, 0, fact);
        }
        if let Some((message_id, option)) = text.strip_prefix("pick:").and_then(|rest| rest.split_once(':')) {
            let chosen = Chosen { option_id: Some(option.into()), message_id: message_id.parse().ok(), payload: None };
            let choice = Some(chosen).filter(|_| self.0 != Flaw::ForgetsWhatWasPicked);
            return inbound(true, 0, message(self.said(option), choice));
        }
        inbound(true, 0, message(self.said(text), None))
    }

    async fn send(&self, account: &Account, message: &Outbound) -> SendOutcome {
        let (code, mut detail) = (None, String::from("words"));
        if self.0 == Flaw::TellsItsSecret {
            detail = account.secret("secret").repeat(2);
        }
        let retry_after_millis = None;
        match message.recipient.as_str() {
            "accepts" if self.0 == Flaw::RefusesItsOwnForm && !matches!(message.blocks[0], Block::Text { .. }) => {
                SendOutcome::Permanent { code, detail }
            }
            "accepts" => {
                let mut kept = self.2.lock().unwrap();
                kept.push(message.clone());
                SendOutcome::Accepted { external_id: (kept.len() - 1).to_string() }
            }
            "refuses the line" => SendOutcome::Temporary { retry_after_millis, code, detail },
            "limits" if self.0 == Flaw::NeverLimited => SendOutcome::Temporary { retry_after_millis, code, detail },
            "limits" => SendOutcome::RateLimited { retry_after_millis, code, detail },
            "closed" => SendOutcome::OutsideWindow { code, detail },
            "knows us not" => SendOutcome::Unauthorized { code, detail },
            "may not" => SendOutcome::NotPermitted { code, detail },
            "blocks" => SendOutcome::Blocked { code, detail },
            "bans us" => SendOutcome::PolicyBlocked { code, detail },
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
    let other = |block: &Block, name, expected| {
        let case = case(name, expected);
        SendCase { message: Outbound { blocks: vec![block.clone()], ..case.message.clone() }, ..case }
    };
    let forms = forms(&Paper::new(Flaw::None).capabilities());
    let both = |block: &Block| {
        [other(block, "accepts", OutcomeClass::Accepted), other(block, "dislikes", OutcomeClass::Permanent)]
    };
    let mut cases: Vec<SendCase> = forms[1..].iter().flat_map(|(_, block)| both(block)).collect();
    cases.extend([
        case("accepts", OutcomeClass::Accepted),
        case("refuses the line", OutcomeClass::Temporary),
        case("limits", OutcomeClass::RateLimited),
        case("closed", OutcomeClass::OutsideWindow),
        case("knows us not", OutcomeClass::Unauthorized),
        case("may not", OutcomeClass::NotPermitted),
        case("blocks", OutcomeClass::Blocked),
        case("bans us", OutcomeClass::PolicyBlocked),
        case("dislikes", OutcomeClass::Permanent),
        case("never answers", OutcomeClass::Uncertain),
    ]);
    cases
}

/// The whole suite over one channel: the names of the broken rules.
async fn broken_rules(flaw: Flaw) -> Vec<&'static str> {
    let channel = Paper::new(flaw);
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
        receipts_carry_no_text(&channel, &[b"4;ann=seen@1".to_vec()]),
        receipts_are_monotonic(&channel, &[b"4;ann=seen@1".to_vec(), b"5;ann=seen@3".to_vec()]),
        media_never_comes_by_provider_address(&channel, &[b"6;ann=pic:paper://a".to_vec()]),
        every_capability_is_rendered_and_read_back(&channel, &account(), "accepts", &channel).await,
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
        (ReceiptsBecomeMessages, vec!["receipts_carry_no_text", "receipts_are_monotonic"]),
        (ReceiptsOpenAWindow, vec!["receipts_carry_no_text"]),
        (PanicsOnOddText, vec!["interpret_never_panics"]),
        (CallsATimeOutTemporary, vec!["every_outcome_is_classified"]),
        (NeverLimited, vec!["every_outcome_is_classified"]),
        (TellsItsSecret, vec!["every_outcome_is_classified"]),
        (CutsItsText, vec!["every_capability_is_rendered_and_read_back"]),
        (RefusesItsOwnForm, vec!["every_capability_is_rendered_and_read_back", "every_outcome_is_classified"]),
        (ForgetsWhatWasPicked, vec!["every_capability_is_rendered_and_read_back"]),
        (LosesTheFile, vec!["media_never_comes_by_provider_address", "every_capability_is_rendered_and_read_back"]),
        (ReceiptsGoBack, vec!["receipts_are_monotonic"]),
        (ReceiptsRunAhead, vec!["receipts_are_monotonic"]),
        (MediaByAddress, vec!["media_never_comes_by_provider_address"]),
        (MediaSaidToBeHere, vec!["media_never_comes_by_provider_address"]),
    ] {
        assert_eq!(broken_rules(flaw).await, rules, "{flaw:?}");
    }
}

#[tokio::test]
async fn a_class_that_no_case_reaches_is_told() {
    let channel = Paper::new(Flaw::None);
    for leave_out in 0..cases().len() {
        let mut cases = cases();
        let gone = cases.remove(leave_out);
        let only_one = !cases.iter().any(|case| case.expected == gone.expected);
        let is_text = matches!(gone.message.blocks[0], Block::Text { .. });
        let Err(violation) = every_outcome_is_classified(&channel, &cases).await else {
            assert!(is_text && !only_one, "{} of {:?} is not missed", gone.name, gone.message.blocks);
            continue;
        };
        let words = if only_one { "no case reaches" } else { "no case in which this" };
        assert!(violation.detail.contains(words), "{violation}");
    }
}
