//! The channels of this build. A new channel is one line here and a folder in `channels`.

use crate::Failure;
use channel::{Registry, http::HttpClient};
use channels::messenger::Messenger;
use std::sync::Arc;

/// Puts the channels together.
///
/// # Errors
/// When the system's certificates cannot be read.
pub fn channels() -> Result<Registry, Failure> {
    let http = HttpClient::new().map_err(|error| Failure::new(error.to_string()))?;
    Ok(Registry::new([Arc::new(Messenger::new(http)) as Arc<dyn channel::Channel>]))
}
