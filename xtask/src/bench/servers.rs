//! The servers that are compared: one certificate, the same group, one core, each with its own words.
//! All of them forward to the same nginx where something is forwarded.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};

use super::process::Process;

/// The core that servers run on.
pub(super) const SERVER_CORE: usize = 0;
/// The core that the load, and the upstream with it, run on.
pub(super) const LOAD_CORE: usize = 1;
/// The group of every handshake.
pub(super) const GROUP: &str = "X25519MLKEM768";
const UPSTREAM_PORT: u16 = 19_080;
/// What a bulk request fetches, in bytes.
pub(super) const BULK_BYTES: u64 = 16 << 20;

/// Files and places of one run.
pub(super) struct Bench {
    pub(super) binary: PathBuf,
    bare_loop: PathBuf,
    /// Debian 13 root with nginx.
    nginx_root: PathBuf,
    envoy: PathBuf,
    /// Certificates and configurations; inside the root, so that nginx sees it under the same name.
    folder: PathBuf,
    /// The folder as nginx sees it.
    inside: PathBuf,
}

/// A server to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Server {
    Hybridge,
    Nginx,
    Envoy,
    BareLoop,
}

impl Server {
    pub(super) const ALL: [Self; 4] = [Self::Hybridge, Self::Nginx, Self::Envoy, Self::BareLoop];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Hybridge => "hybridge",
            Self::Nginx => "nginx",
            Self::Envoy => "envoy",
            Self::BareLoop => "bare loop",
        }
    }

    pub(super) const fn port(self) -> u16 {
        match self {
            Self::Hybridge => 19_443,
            Self::Nginx => 19_444,
            Self::Envoy => 19_445,
            Self::BareLoop => 19_446,
        }
    }

    /// Does it forward, or only shake hands?
    pub(super) const fn forwards(self) -> bool {
        !matches!(self, Self::BareLoop)
    }

    /// Those that are installed, and why the others are not there.
    pub(super) fn available(bench: &Bench) -> (Vec<Self>, Vec<String>) {
        let (mut there, mut missing) = (Vec::new(), Vec::new());
        for server in Self::ALL {
            let program = server.program(bench);
            if program.exists() {
                there.push(server);
            } else {
                missing.push(format!("{}: {} is missing", server.name(), program.display()));
            }
        }
        (there, missing)
    }

    fn program(self, bench: &Bench) -> PathBuf {
        match self {
            Self::Hybridge => bench.binary.clone(),
            Self::Nginx => bench.nginx_root.join("usr/sbin/nginx"),
            Self::Envoy => bench.envoy.clone(),
            Self::BareLoop => bench.bare_loop.clone(),
        }
    }

    /// Starts it and waits until it listens.
    pub(super) fn start(self, bench: &Bench) -> anyhow::Result<Process> {
        let mut process = self.spawn(bench)?;
        process
            .wait_for(self.port())
            .with_context(|| format!("{} did not start", self.name()))?;
        Ok(process)
    }

    /// Starts it.
    pub(super) fn spawn(self, bench: &Bench) -> anyhow::Result<Process> {
        let program = self.program(bench);
        let (program, root) = (text(&program), text(&bench.nginx_root));
        let file = |name: &str| bench.folder.join(name).to_string_lossy().into_owned();
        let inside = |name: &str| bench.inside.join(name).to_string_lossy().into_owned();
        let address = format!("127.0.0.1:{}", self.port());
        match self {
            Self::Hybridge => Process::start(
                SERVER_CORE,
                &[program, "edge", "--config", &file("hybridge.toml")],
            ),
            Self::Nginx => Process::start(
                SERVER_CORE,
                &["chroot", root, "nginx", "-c", &inside("nginx.conf")],
            ),
            Self::Envoy => {
                let config = file("envoy.yaml");
                let quiet = [
                    "--concurrency",
                    "1",
                    "--log-level",
                    "off",
                    "--use-dynamic-base-id",
                ];
                Process::start(SERVER_CORE, &[&[program, "-c", &config][..], &quiet].concat())
            }
            Self::BareLoop => Process::start(
                SERVER_CORE,
                &[program, &address, &file("chain.pem"), &file("key.pem")],
            ),
        }
    }
}

impl Bench {
    /// Makes a certificate and every server's configuration.
    pub(super) fn prepare(root: &Path, peers: &Path) -> anyhow::Result<Self> {
        let nginx_root = peers.join("trixie");
        ensure!(
            nginx_root.exists(),
            "{} is missing: the upstream is its nginx",
            nginx_root.display()
        );
        let name = format!("hybridge-bench-{}", std::process::id());
        let inside = Path::new("/tmp").join(name);
        let folder = nginx_root.join(inside.strip_prefix("/")?);
        fs::create_dir_all(&folder)?;
        let bench = Self {
            binary: root.join("target/release/hybridge"),
            bare_loop: root.join("target/release/examples/bare_loop"),
            envoy: peers.join("venv/bin/envoy"),
            nginx_root,
            folder,
            inside,
        };
        bench.make_certificate()?;
        bench.write("big", &vec![0; usize::try_from(BULK_BYTES)?])?;
        bench.write("hybridge.toml", bench.hybridge().as_bytes())?;
        bench.write("nginx.conf", bench.nginx().as_bytes())?;
        bench.write("upstream.conf", bench.upstream().as_bytes())?;
        bench.write("envoy.yaml", bench.envoy().as_bytes())?;
        Ok(bench)
    }

    /// The Debian root with nginx and wrk.
    pub(super) fn nginx_root(&self) -> &Path {
        &self.nginx_root
    }

    /// The service behind all of them, on the load's core.
    pub(super) fn start_upstream(&self) -> anyhow::Result<Process> {
        let config = self.inside.join("upstream.conf");
        let mut process = Process::start(
            LOAD_CORE,
            &["chroot", text(&self.nginx_root), "nginx", "-c", text(&config)],
        )?;
        process
            .wait_for(UPSTREAM_PORT)
            .context("the upstream did not start")?;
        Ok(process)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "scratch files of one run, written before anything reads them"
    )]
    fn write(&self, name: &str, content: &[u8]) -> anyhow::Result<()> {
        fs::write(self.folder.join(name), content).with_context(|| format!("cannot write {name}"))
    }

    fn make_certificate(&self) -> anyhow::Result<()> {
        let key = self.folder.join("key.pem");
        let chain = self.folder.join("chain.pem");
        let made = Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-days",
                "30",
            ])
            .args([
                "-subj",
                "/CN=localhost",
                "-addext",
                "subjectAltName=DNS:localhost",
                "-keyout",
                text(&key),
            ])
            .args(["-out", text(&chain)])
            .stderr(Stdio::null())
            .status()
            .context("cannot run openssl")?;
        ensure!(made.success(), "openssl made no certificate");
        // nginx's worker is another user.
        let opened = Command::new("chmod")
            .args(["-R", "a+rX", text(&self.folder)])
            .status()?;
        ensure!(
            opened.success(),
            "the benchmark's folder cannot be opened to nginx"
        );
        Ok(())
    }

    fn hybridge(&self) -> String {
        let folder = self.folder.display();
        let port = Server::Hybridge.port();
        format!(
            "[process]\ncores = 1\n[[route]]\nname = \"bench\"\nlisten = \"127.0.0.1:{port}\"\nprotocol = \"http\"\n\
             rung = \"upgrade\"\nlimits = {{ connections = 40000, connections_per_client = 40000, half_open_per_client = 4096 }}\nupstream = {{ address = \"127.0.0.1:{UPSTREAM_PORT}\" }}\n\
             certificate = [{{ chain = \"{folder}/chain.pem\", key = \"{folder}/key.pem\" }}]\n"
        )
    }

    fn nginx(&self) -> String {
        let (folder, port) = (self.inside.display(), Server::Nginx.port());
        format!(
            "daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log warn;\n\
             worker_rlimit_nofile 100000; events {{ worker_connections 40000; }}\n\
             http {{ access_log off; keepalive_timeout 600s; keepalive_requests 100000000;\n\
             ssl_certificate {folder}/chain.pem; ssl_certificate_key {folder}/key.pem; ssl_protocols TLSv1.3;\n\
             ssl_ecdh_curve {GROUP}:X25519; upstream u {{ server 127.0.0.1:{UPSTREAM_PORT}; keepalive 512; }}\n\
             server {{ listen 127.0.0.1:{port} ssl backlog=4096; location / {{ proxy_pass http://u; \
             proxy_http_version 1.1; proxy_set_header Connection \"\"; proxy_set_header Host $host; \
             proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; }} }} }}\n"
        )
    }

    fn upstream(&self) -> String {
        let folder = self.inside.display();
        format!(
            "daemon off; worker_processes 1; pid {folder}/upstream.pid; error_log {folder}/upstream.log warn;\n\
             events {{ worker_connections 40000; }}\n\
             http {{ access_log off; keepalive_requests 100000000; sendfile on;\n\
             server {{ listen 127.0.0.1:{UPSTREAM_PORT} backlog=4096; location = / {{ return 200 \"ok\"; }} \
             root {folder}; }} }}\n"
        )
    }

    fn envoy(&self) -> String {
        let folder = self.folder.display().to_string();
        include_str!("envoy.yaml")
            .replace("{FOLDER}", &folder)
            .replace("{PORT}", &Server::Envoy.port().to_string())
            .replace("{UPSTREAM}", &UPSTREAM_PORT.to_string())
            .replace("{GROUP}", GROUP)
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _removed = fs::remove_dir_all(&self.folder);
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap_or_default()
}
