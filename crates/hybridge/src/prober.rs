//! The probe as the API asks for it: words in, the report in the API's shape out.
//! What is wrong with the words is told by the field; everything else is the target's fault.

use std::sync::Arc;

use hybridge_api::dto::{ProbeReport, ProbeRequest};
use hybridge_api::{ProbeError, Prober, Probing};
use hybridge_scan::probe::{Deps, Options, StartTls, Target, probe};

use crate::chain_source::TlsChainSource;
use crate::clock;

/// Probes with our own hellos, and finishes one handshake for the certificate.
#[derive(Debug)]
pub(crate) struct ScanProber;

impl ScanProber {
    pub(crate) fn in_arc() -> Arc<dyn Prober> {
        Arc::new(Self)
    }
}

impl Prober for ScanProber {
    fn probe(&self, request: ProbeRequest) -> Probing<'_> {
        Box::pin(run(request))
    }
}

async fn run(request: ProbeRequest) -> Result<ProbeReport, ProbeError> {
    let invalid = |field: &str, reason: String| ProbeError::Invalid {
        field: field.to_owned(),
        reason,
    };
    let target = Target::parse(&request.target).map_err(|error| invalid("target", error.to_string()))?;
    let starttls = request
        .starttls
        .as_deref()
        .map(str::parse::<StartTls>)
        .transpose();
    let starttls = starttls.map_err(|error| invalid("starttls", error.to_string()))?;
    let options = Options {
        sni: request.sni.clone(),
        starttls,
        ..Options::default()
    };
    let deps = Deps {
        chain: Some(&TlsChainSource),
        progress: &|_| {},
    };
    match probe(&target, &options, deps).await {
        Ok(report) => Ok(ProbeReport::new(&request.target, &report, clock::now())),
        Err(error) => Err(ProbeError::Unreachable {
            reason: format!("{:#}", anyhow::Error::new(error)),
        }),
    }
}
