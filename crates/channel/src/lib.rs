//! The contract between the product and a channel's adapter, and the one way to make an HTTP call to a provider.
//!
//! An adapter turns verified bytes into facts ([`Channel::split`], [`Channel::interpret`]: pure) and a message into a call
//! ([`Channel::send`]), and sorts every outcome into a class that the product knows what to do with ([`SendOutcome`]).
//! What a channel can do is data ([`Capabilities`]); nothing outside `channels` asks which channel it is.
//!
//! Not here: storage, retries, decisions. Start with [`Channel`].

pub mod account;
pub mod adapter;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod fact;
pub mod http;
pub mod outbound;
pub mod registry;

pub use account::{Account, Secret, SettingFault};
pub use adapter::{Channel, Handshake, SplitError, SplitEvent, TestReport, TestStep};
pub use fact::{Content, EchoAuthor, Fact, Happening, Inbound, RemoteMedia};
pub use model::Capabilities;
pub use outbound::{Outbound, OutboundFile, Persona, Profile, Reconciled, SendOutcome, Signal, Unavailable};
pub use registry::Registry;
