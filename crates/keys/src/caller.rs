//! Who asks: what the audit log says about the origin of a request.
//!
//! Whether the caller may is decided before; this crate only writes down who it was.

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Id of the principal: `token:ci`, `spiffe://…`, `service` for the service's own schedule.
    pub name: String,
    /// Id of the request, as in the answer and in the logs.
    pub request: String,
    /// Network address, where there is one.
    pub peer: Option<String>,
}

impl Caller {
    /// The service itself, for what its schedule does.
    #[must_use]
    pub fn service(request: &str) -> Self {
        Self {
            name: "service".to_owned(),
            request: request.to_owned(),
            peer: None,
        }
    }
}
