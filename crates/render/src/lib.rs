//! A rich message and what a channel can do, turned into what is sent; and an answer in words, turned back into the option
//! that it means.
//!
//! [`plan`] cuts a message into parts, one for each call to the provider. Where the channel has a form of its own for a block,
//! the block stays; where it has none, the best other form takes its place (numbered text for a choice, text with a map's
//! address for a place), and [`Plan::lost`] says so. [`read_answer`] is the way back.
//!
//! Pure: values in, values out. Languages: what it writes has no words of its own, so that it needs none.

mod answer;
mod forms;
#[cfg(test)]
mod laws;
mod messages;
mod plan;
mod split;

pub use answer::read_answer;
pub use messages::messages;
pub use plan::{Loss, Lost, Part, Plan, plan};
