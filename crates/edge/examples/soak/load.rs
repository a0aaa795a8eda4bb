//! The clients: slots that each hold one connection and open the next when it has ended.
//!
//! Commands, one a line, each answered by `ok`: `go` (fates begin), `down` and `up` (around a kill of the
//! upstream process; who lived meanwhile may end early), `second on|off`, `count` (answers `ok OPEN
//! PEAK FAILED`), `finish`. When every slot is open for the first time, or one has failed, it says `open`;
//! at the end `done` and JSON.

use std::error::Error;
use std::io::{self, BufRead as _, Write as _};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hybridge_edge::client_config::{self, Sessions, Trust};
use hybridge_policy::Group;
use rustls::pki_types::ServerName;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::conversation::Conversation;
use crate::fate::{Fate, Plan};
use crate::pattern::HEADER;
use crate::tally::{Ending, Tally};

/// Handshakes at the same time: the pace.
const OPENING: usize = 32;
/// Exchanges per second that all connections together aim at.
const EXCHANGES_PER_SECOND: u64 = 2000;
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(30);

/// Where the run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Connections are opened and used; none is killed.
    Ramp,
    /// Fates strike.
    Chaos,
    /// Every connection makes its last exchanges and closes.
    Finish,
}

/// What all slots share.
pub(crate) struct Load {
    addresses: [SocketAddr; 2],
    seed: u64,
    connector: TlsConnector,
    phase: watch::Sender<Phase>,
    opening: Semaphore,
    /// Odd while the upstream is down.
    epoch: AtomicU64,
    second: AtomicBool,
    choosing: AtomicUsize,
    open: AtomicUsize,
    peak: AtomicUsize,
    tally: Mutex<Tally>,
}

impl Load {
    /// Clients that offer X25519MLKEM768 and nothing else.
    pub(crate) fn new(addresses: [SocketAddr; 2], seed: u64) -> Result<Arc<Self>, Box<dyn Error>> {
        let verifier = Trust::DangerAnyone.verifier()?;
        let config = client_config::build(&[Group::X25519MlKem768], &verifier, &[], Sessions::Forget)?;
        Ok(Arc::new(Self {
            addresses,
            seed,
            connector: TlsConnector::from(config),
            phase: watch::Sender::new(Phase::Ramp),
            opening: Semaphore::new(OPENING),
            epoch: AtomicU64::new(0),
            second: AtomicBool::new(false),
            choosing: AtomicUsize::new(0),
            open: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
            tally: Mutex::default(),
        }))
    }

    /// Holds `connections` until the commands end.
    pub(crate) async fn run(self: Arc<Self>, connections: usize) -> Result<(), Box<dyn Error>> {
        let (pause, mut slots) = (pause(connections), JoinSet::new());
        for index in 0..connections {
            slots.spawn(Arc::clone(&self).slot(index as u64, pause));
        }
        self.obey(connections).await?;
        while let Some(ended) = slots.join_next().await {
            ended?;
        }
        let tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        say(&format!("done {}", tally.json()))?;
        Ok(())
    }

    async fn obey(&self, connections: usize) -> Result<(), Box<dyn Error>> {
        let mut commands = commands();
        let full = async {
            while self.open.load(SeqCst) < connections && self.failed() == 0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::pin!(full);
        let mut announced = false;
        loop {
            let command = tokio::select! {
                command = commands.recv() => command.unwrap_or_else(|| "finish".to_owned()),
                () = &mut full, if !announced => {
                    announced = true;
                    say("open")?;
                    continue;
                }
            };
            let answer = self.act(&command).await;
            say(&answer)?;
            if command == "finish" {
                return Ok(());
            }
        }
    }

    async fn act(&self, command: &str) -> String {
        match command {
            "go" => drop(self.phase.send_replace(Phase::Chaos)),
            "finish" => drop(self.phase.send_replace(Phase::Finish)),
            "down" | "up" => drop(self.epoch.fetch_add(1, SeqCst)),
            "second on" => self.second.store(true, SeqCst),
            "second off" => self.leave_second().await,
            "count" => {
                let (open, peak) = (self.open.load(SeqCst), self.peak.load(SeqCst));
                return format!("ok {open} {peak} {}", self.failed());
            }
            other => return format!("unknown command {other:?}"),
        }
        "ok".to_owned()
    }

    fn failed(&self) -> u64 {
        let tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        tally.failed + tally.corrupt
    }

    /// Returns when nobody is about to connect to the second address any more.
    async fn leave_second(&self) {
        self.second.store(false, SeqCst);
        while self.choosing.load(SeqCst) > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    async fn slot(self: Arc<Self>, index: u64, pause: Duration) {
        for generation in 0.. {
            let Ok(permit) = self.opening.acquire().await else {
                return;
            };
            if *self.phase.borrow() == Phase::Finish {
                return;
            }
            let plan = Plan::draw(self.seed, index, generation);
            let (fate, before) = (plan.fate, self.epoch.load(SeqCst));
            self.count(|tally| tally.opened += 1);
            let opened = self.open(&plan).await;
            drop(permit);
            let ending = match opened {
                Ok(stream) => Box::pin(self.converse(stream, plan, pause)).await,
                Err(ending) => ending,
            };
            let after = self.epoch.load(SeqCst);
            let excused = before != after || !before.is_multiple_of(2);
            self.count(|tally| tally.ended(fate, ending, excused));
        }
    }

    fn count(&self, change: impl FnOnce(&mut Tally)) {
        change(&mut self.tally.lock().unwrap_or_else(PoisonError::into_inner));
    }

    async fn converse(&self, stream: TlsStream<TcpStream>, plan: Plan, pause: Duration) -> Ending {
        let open = self.open.fetch_add(1, SeqCst) + 1;
        self.peak.fetch_max(open, SeqCst);
        let mut conversation = Conversation {
            stream,
            plan,
            phase: self.phase.subscribe(),
            pause,
            passed: 0,
        };
        let ending = conversation.run().await;
        let passed = conversation.passed.saturating_sub(HEADER as u64);
        self.count(|tally| tally.bytes += passed);
        self.open.fetch_sub(1, SeqCst);
        ending
    }

    async fn open(&self, plan: &Plan) -> Result<TlsStream<TcpStream>, Ending> {
        let broken = |what: &str, error: &io::Error| Ending::Broken(format!("{what}: {error}"));
        let mut tcp = self
            .connect(plan)
            .await
            .map_err(|error| broken("connect", &error))?;
        if plan.fate == Fate::CutHello {
            let _sent = tcp.write_all(&[22, 3, 1, 4, 0, 1, 0, 3, 252, 3, 3]).await;
            if plan.exchanges.is_multiple_of(2) {
                let _set = tcp.set_zero_linger();
            }
            return Err(Ending::Killed);
        }
        let name = ServerName::try_from("localhost").map_err(|error| Ending::Broken(error.to_string()))?;
        match timeout(HANDSHAKE_LIMIT, self.connector.connect(name, tcp)).await {
            Ok(secured) => secured.map_err(|error| broken("handshake", &error)),
            Err(_) => Err(Ending::Broken("handshake: stuck".to_owned())),
        }
    }

    /// Connects, one in eight to the second address while there is one.
    async fn connect(&self, plan: &Plan) -> io::Result<TcpStream> {
        self.choosing.fetch_add(1, SeqCst);
        let second = self.second.load(SeqCst) && plan.pattern.seed.is_multiple_of(8);
        let connected = TcpStream::connect(self.addresses[usize::from(second)]).await;
        self.choosing.fetch_sub(1, SeqCst);
        let stream = connected?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}

/// So long that all connections together keep the rate.
fn pause(connections: usize) -> Duration {
    Duration::from_millis(connections as u64 * 1000 / EXCHANGES_PER_SECOND)
}

/// Lines of standard input, read by a thread of their own.
fn commands() -> mpsc::UnboundedReceiver<String> {
    let (sender, receiver) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

fn say(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
