//! Servers that answer each request in a thread of its own.

use serde::Deserialize;

use super::Position;

/// A family of servers that make an object of a handler class for each request, and run its methods in a new thread.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestThreads {
    /// The type that a server has among its bases when it answers requests side by side.
    pub server: String,
    /// The type whose constructor, inherited by the servers, takes the handler class.
    pub constructor: String,
    /// Where the handler class stands.
    pub handler: Position,
    /// The type that the handler class has among its bases.
    pub handler_base: String,
    /// The methods that run for a request; `do_*` stands for all that start so.
    pub methods: Vec<String>,
    /// The attribute through which the handler sees the server.
    pub server_attribute: String,
    /// Attributes of the handler that hold what the client sent: two requests may well say the same.
    pub sent_by_client: Vec<String>,
    /// Calls after which no more requests are answered.
    pub stopped_by: Vec<String>,
    /// Words without one of which a text cannot speak of such a server.
    pub words: Vec<String>,
}

impl RequestThreads {
    /// Whether a method of the handler class runs for a request.
    #[must_use]
    pub fn runs(&self, method: &str) -> bool {
        self.methods.iter().any(|pattern| match pattern.strip_suffix('*') {
            Some(start) => method.starts_with(start),
            None => method == pattern,
        })
    }
}
