//! Measures the store as a service would use it: `store_rate FOLDER create|scatter|log|fill|lookup|copy [COUNT]`.
//!
//! `create`: 64 committers, each transaction makes four records (1.6 kB in all) and one log entry, with names
//! in ascending order; `scatter`: the same with names all over the index. `log`: each transaction is one log
//! entry under the precondition of a record's version. `fill`: COUNT keys of two records each. `lookup`, after
//! a whole `fill`: COUNT reads of random keys. `copy`: a snapshot restored into a second file. CPU time is the
//! whole process's, from `/proc/self/stat`, in ticks of 10 ms.

#![expect(clippy::print_stdout, reason = "an example prints what it measured")]
#![expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]

use std::path::Path;
use std::time::{Duration, Instant};

use hybridge_store::{Id, Import, Keyring, Options, Precondition, Store, Table, Transaction, Write};

const KEY: Table = Table("key");
const VERSION: Table = Table("version");
const IDEMPOTENCY: Table = Table("idempotency");
const SETTING: Table = Table("setting");
const COMMITTERS: u64 = 64;

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, mode, rest @ ..] = &arguments[..] else {
        return Err("usage: store_rate FOLDER create|scatter|log|fill|lookup|copy [COUNT]".into());
    };
    let count = rest.first().map_or(Ok(100_000), |count| count.parse())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()?;
    let began = Instant::now();
    let store = Store::open(&Path::new(folder).join("rate.db"), Options::default())?;
    println!("opened in {:.1} ms", began.elapsed().as_secs_f64() * 1e3);
    store.unseal(Keyring::from_bytes(&[&[0, 0, 0, 1][..], &[7; 32]].concat())?);
    let salt = store.opened().generation;
    match mode.as_str() {
        "create" => runtime.block_on(drive(&store, count, move |n| {
            creation(&format!("key-{salt}-{n:09}"))
        }))?,
        "scatter" => {
            let name = move |n| format!("service-{:04}/key-{salt}-{n}", n % 997);
            runtime.block_on(drive(&store, count, move |n| creation(&name(n))))?;
        }
        "log" => {
            store.commit(write_one(KEY, b"used".to_vec(), 300)).wait()?;
            let version = store
                .read(&Id::new(KEY, *b"used"))?
                .map_or(0, |record| record.version);
            runtime.block_on(drive(&store, count, move |n| usage(n, version)))?;
        }
        "fill" => runtime.block_on(drive(&store, count, filling))?,
        "lookup" => lookup(&store, count)?,
        "copy" => copy(&store, &Path::new(folder).join("copy.db"))?,
        _ => return Err("unknown mode".into()),
    }
    println!("memory {} MiB", resident_mib()?);
    let began = Instant::now();
    store.close()?;
    println!("closed in {:.1} ms", began.elapsed().as_secs_f64() * 1e3);
    Ok(())
}

async fn drive(
    store: &Store,
    count: u64,
    make: impl Fn(u64) -> Transaction + Clone + Send + 'static,
) -> Result<(), Failure> {
    let (began, cpu) = (Instant::now(), cpu_time()?);
    let tasks: Vec<_> = (0..COMMITTERS)
        .map(|committer| {
            let (store, make) = (store.clone(), make.clone());
            tokio::spawn(async move {
                let mut waits = Vec::new();
                for n in (committer..count).step_by(usize::try_from(COMMITTERS)?) {
                    let began = Instant::now();
                    let _committed = store.commit(make(n)).await?;
                    waits.push(began.elapsed());
                }
                Ok::<_, Failure>(waits)
            })
        })
        .collect();
    let mut waits = Vec::new();
    for task in tasks {
        waits.extend(task.await??);
    }
    report(count, began.elapsed(), cpu_time()? - cpu, waits);
    Ok(())
}

fn report(count: u64, took: Duration, cpu: Duration, mut waits: Vec<Duration>) {
    waits.sort_unstable();
    let at = |share: usize| waits[(waits.len() - 1) * share / 1000].as_secs_f64() * 1e3;
    let each = count as f64;
    println!(
        "{:.0}/s, {:.1} us of CPU each; p50 {:.3} ms, p99 {:.3} ms, p99.9 {:.3} ms, longest {:.1} ms",
        each / took.as_secs_f64(),
        cpu.as_secs_f64() * 1e6 / each,
        at(500),
        at(990),
        at(999),
        at(1000)
    );
}

fn creation(name: &str) -> Transaction {
    let name = name.as_bytes().to_vec();
    let version = [&name[..], &[0, 0, 0, 0, 1]].concat();
    let puts = [
        (Id::new(KEY, name.clone()), 300),
        (Id::new(VERSION, version.clone()), 1000),
        (Id::new(IDEMPOTENCY, [&b"request "[..], &name].concat()), 200),
        (Id::new(SETTING, version), 100),
    ];
    Transaction {
        preconditions: puts
            .iter()
            .map(|(id, _)| Precondition::Absent(id.clone()))
            .collect(),
        writes: puts
            .into_iter()
            .map(|(id, len)| Write::Put(id, vec![1; len].into()))
            .collect(),
        entries: vec![vec![b'e'; 300]],
    }
}

fn usage(n: u64, version: u64) -> Transaction {
    Transaction {
        preconditions: vec![Precondition::Version(Id::new(KEY, *b"used"), version)],
        entries: vec![format!("{n:0300}").into_bytes()],
        ..Transaction::default()
    }
}

fn filling(n: u64) -> Transaction {
    let name = format!("key-{:08}", n * 7_919 % 10_000_019).into_bytes();
    let version = Id::new(VERSION, [&name[..], &[0, 0, 0, 0, 1]].concat());
    let key = Id::new(KEY, name);
    Transaction {
        preconditions: vec![
            Precondition::Absent(key.clone()),
            Precondition::Absent(version.clone()),
        ],
        writes: vec![
            Write::Put(key, vec![1; 250].into()),
            Write::Put(version, vec![2; 700].into()),
        ],
        entries: vec![vec![b'e'; 250]],
    }
}

fn write_one(table: Table, key: Vec<u8>, len: usize) -> Transaction {
    Transaction {
        writes: vec![Write::Put(Id::new(table, key), vec![1; len].into())],
        ..Transaction::default()
    }
}

fn lookup(store: &Store, count: u64) -> Result<(), Failure> {
    let keys = store.count(KEY)?.max(1);
    let mut waits = Vec::new();
    let (start, cpu) = (Instant::now(), cpu_time()?);
    for n in 0..count {
        let n = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) % keys;
        let name = format!("key-{:08}", n * 7_919 % 10_000_019);
        let began = Instant::now();
        store.read(&Id::new(KEY, name))?.ok_or("a key is missing")?;
        waits.push(began.elapsed());
    }
    println!("{keys} keys");
    report(count, start.elapsed(), cpu_time()? - cpu, waits);
    Ok(())
}

fn copy(store: &Store, path: &Path) -> Result<(), Failure> {
    let (began, cpu) = (Instant::now(), cpu_time()?);
    let mut snapshot = store.snapshot()?;
    let mut import = Import::begin(path, snapshot.origin().clone())?;
    let mut count = 0;
    loop {
        let page: Vec<_> = snapshot.rows(2_000)?.into_iter().flatten().collect();
        if page.is_empty() {
            break;
        }
        count += page.len();
        import.rows(page)?;
    }
    loop {
        let page: Vec<_> = snapshot.entries(2_000)?.into_iter().flatten().collect();
        if page.is_empty() {
            break;
        }
        import.entries(page)?;
    }
    import.finish(Options::default())?.close()?;
    let (took, cpu) = (began.elapsed(), cpu_time()? - cpu);
    println!(
        "{count} rows and the log copied in {:.1} s, {:.1} s of CPU",
        took.as_secs_f64(),
        cpu.as_secs_f64()
    );
    Ok(())
}

fn cpu_time() -> Result<Duration, Failure> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let after = stat.rsplit_once(')').ok_or("/proc/self/stat")?.1;
    let field = |at: usize| {
        after
            .split_whitespace()
            .nth(at)
            .and_then(|ticks| ticks.parse().ok())
    };
    let ticks: u64 = field(11).unwrap_or(0) + field(12).unwrap_or(0_u64);
    Ok(Duration::from_millis(ticks * 10))
}

fn resident_mib() -> Result<u64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .ok_or("VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? / 1024)
}
