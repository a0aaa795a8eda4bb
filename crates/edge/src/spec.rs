//! Makes `RouteSpec`s from the configuration: reads certificates and trust anchors, carries over
//! what a reload must not lose (number, counters, ticket keys, arms that were changed at run time).

use std::sync::Arc;

use crate::arms::{Arms, LiveArms, Salt};
use crate::certificate::{self, Certificates, LoadError};
use crate::certificate_watch::stamps_of;
use crate::client_auth::{self, ClientAuthError};
use crate::client_config::{Trust, TrustError, Verifier};
use crate::config::{Mode, Process, Route, UpstreamTls};
use crate::counters::RouteCounters;
use crate::handshake::RouteId;
use crate::route::RouteSpec;
use crate::server_config::Tickets;

/// Why a route cannot be prepared.
#[derive(Debug, thiserror::Error)]
pub enum SpecError {
    /// A certificate or its key.
    #[error("route {route:?}: certificate")]
    Certificate {
        /// The route.
        route: String,
        /// What is wrong with it.
        source: LoadError,
    },
    /// The trust anchors of the upstream.
    #[error("route {route:?}: upstream.tls")]
    Trust {
        /// The route.
        route: String,
        /// What is wrong with them.
        source: TrustError,
    },
    /// The authorities of clients.
    #[error("route {route:?}: client_auth")]
    ClientAuth {
        /// The route.
        route: String,
        /// What is wrong with them.
        source: ClientAuthError,
    },
    /// The TLS library refuses.
    #[error("route {route:?}: the TLS library refuses this configuration")]
    Tls {
        /// The route.
        route: String,
        /// What it said.
        source: rustls::Error,
    },
}

/// The arms as the file has them.
pub(crate) fn configured_arms(route: &Route) -> Arms {
    let control = route.control_rung();
    match &route.canary {
        Some(canary) => Arms {
            control,
            canary: canary.rung,
            weight: canary.weight,
        },
        None => Arms::uniform(control),
    }
}

/// Makes a route; `earlier` is what had its name before.
///
/// # Errors
/// See `SpecError`.
pub(crate) fn build(
    route: &Route,
    process: &Process,
    cores: usize,
    id: RouteId,
    earlier: Option<&RouteSpec>,
) -> Result<RouteSpec, SpecError> {
    let name = || route.name.clone();
    // Before they are read: a change meanwhile shows at the next look.
    let files = stamps_of(route);
    let downstream = downstream(route, earlier)?;
    let verifier = verifier(route).map_err(|source| SpecError::Trust {
        route: name(),
        source,
    })?;
    let clients = route.client_auth.as_ref().map(client_auth::verifier).transpose();
    let clients = clients.map_err(|source| SpecError::ClientAuth {
        route: name(),
        source,
    })?;
    Ok(RouteSpec {
        id: earlier.map_or(id, |earlier| earlier.id),
        arms: arms(route, earlier),
        salt: Salt::new(&process.salt, &route.name),
        downstream,
        clients,
        verifier,
        counters: earlier.map_or_else(
            || RouteCounters::new(cores),
            |earlier| Arc::clone(&earlier.counters),
        ),
        config: route.clone(),
        files,
    })
}

/// Would `build` make the same again? Never said of a route that believes the system's authorities,
/// because nobody watches those.
pub(crate) fn is_unchanged(route: &Route, earlier: &RouteSpec) -> bool {
    let named = route
        .upstream
        .tls
        .as_ref()
        .is_some_and(|tls| tls.authorities.is_some());
    let is_known = earlier.verifier.is_none() || named;
    let is_readable = earlier.files.iter().all(|(_, stamp)| stamp.is_some());
    is_known && is_readable && earlier.config == *route && earlier.files == stamps_of(route)
}

/// Arms changed at run time stay, unless the file itself now says something else. The earlier ones are
/// left as they are: whether they are replaced is known only when every route is prepared.
fn arms(route: &Route, earlier: Option<&RouteSpec>) -> Arc<LiveArms> {
    let wanted = configured_arms(route);
    match earlier {
        Some(earlier)
            if earlier.config.ladder() == route.ladder() && configured_arms(&earlier.config) == wanted =>
        {
            Arc::clone(&earlier.arms)
        }
        _ => Arc::new(LiveArms::new(wanted)),
    }
}

fn downstream(
    route: &Route,
    earlier: Option<&RouteSpec>,
) -> Result<Option<(Certificates, Tickets)>, SpecError> {
    if route.mode == Mode::Observe || route.certificates.is_empty() {
        return Ok(None);
    }
    let loaded = route
        .certificates
        .iter()
        .map(certificate::load)
        .collect::<Result<Vec<_>, _>>();
    let loaded = loaded.map_err(|source| SpecError::Certificate {
        route: route.name.clone(),
        source,
    })?;
    let tickets = match earlier.and_then(|earlier| earlier.downstream.as_ref()) {
        Some((_, tickets)) => tickets.clone(),
        None => Tickets::new().map_err(|source| SpecError::Tls {
            route: route.name.clone(),
            source,
        })?,
    };
    Ok(Some((Certificates::new(loaded), tickets)))
}

fn verifier(route: &Route) -> Result<Option<Verifier>, TrustError> {
    let default = UpstreamTls::default();
    let tls = match (&route.upstream.tls, route.mode) {
        (Some(tls), _) => tls,
        (None, Mode::Originate) => &default,
        (None, _) => return Ok(None),
    };
    let trust = match (&tls.authorities, tls.danger_accept_any_certificate) {
        (_, true) => {
            tracing::warn!(
                route = route.name,
                "DANGER: the upstream's certificate is not checked"
            );
            Trust::DangerAnyone
        }
        (Some(path), false) => Trust::File(path.clone()),
        (None, false) => Trust::System,
    };
    trust.verifier().map(Some)
}
