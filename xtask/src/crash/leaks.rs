//! Planted secrets: keys with known bytes, a token, a passphrase and a plaintext go through the service; none
//! of them may be found in the data directory or in the log at debug level, raw or as text, and none in a core
//! dump once its key is destroyed or the service is sealed. That the search sees is shown first, in the dump
//! of the service that holds them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::control::Field;
use super::draw::{Draw, base64, base64_url};
use super::http::Client;
use super::service::{Place, Service, pause, within};
use super::stage::{Plan, Stage};

/// Beyond the shortest window of a destruction, in seconds.
const BEYOND_WINDOW: u64 = 25 * 3600;
/// A page of memory; most of a dump is empty.
const PAGE: usize = 4096;
/// Keys by purpose and algorithm, with the length of the secret.
const KEYS: [(&str, &str, usize); 4] = [
    ("encrypt", "AES-256-GCM", 32),
    ("sign", "Ed25519", 32),
    ("kem", "ML-KEM-768", 64),
    ("mac", "HMAC-SHA-256", 32),
];

/// Something that must not be found, in each form that it could have.
#[derive(Debug)]
struct Planted {
    name: String,
    forms: Vec<(&'static str, Vec<u8>)>,
}

impl Planted {
    fn bytes(name: String, secret: &[u8]) -> Self {
        let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        let plain = |text: String| text.trim_end_matches('=').as_bytes().to_vec();
        let upper = hex.to_uppercase().into_bytes();
        Self {
            name,
            forms: vec![
                ("raw", secret.to_vec()),
                ("hexadecimal", hex.into_bytes()),
                ("HEXADECIMAL", upper),
                ("base64", plain(base64(secret))),
                ("base64url", plain(base64_url(secret))),
            ],
        }
    }
}

/// What was planted.
#[derive(Debug, Default)]
struct Garden {
    /// Their keys are destroyed before the second dump.
    destroyed: Vec<Planted>,
    /// In use until the service is sealed.
    kept: Vec<Planted>,
    /// Searched for in files alone: it comes in the head of each request, which the HTTP library does not
    /// erase, and is revoked before the last dumps.
    token: Option<Planted>,
    token_id: String,
}

/// Plants, uses, searches, destroys, searches again.
pub(super) fn play(plan: &Plan, stage: &Stage) -> anyhow::Result<String> {
    let place = Place {
        filter: "debug",
        ..stage.place.clone()
    };
    let service = place.serve(&stage.control)?;
    let mut draw = plan.draw("leaks", 0);
    let garden = plant(&mut service.client(), &mut draw)?;
    let mut searched = search_files(stage, &garden)?;
    let dumps = match has_gcore() {
        true => search_dumps(stage, &service, &garden)?,
        false => "no core dump: gcore is not installed".to_owned(),
    };
    service.kill()?;
    searched += search_files(stage, &garden)?;
    let planted = garden.destroyed.len() + garden.kept.len() + 1;
    Ok(format!(
        "{planted} secrets planted; {searched} bytes of files searched; {dumps}"
    ))
}

fn plant(client: &mut Client, draw: &mut Draw) -> anyhow::Result<Garden> {
    let mut garden = Garden::default();
    for (purpose, algorithm, length) in KEYS {
        for group in ["gone", "kept"] {
            let (name, secret) = (format!("{group}-{purpose}"), draw.bytes(length));
            import(client, &name, (purpose, algorithm), &secret)?;
            use_key(client, &name, purpose)?;
            let planted = Planted::bytes(format!("the secret of {name}"), &secret);
            if group == "gone" {
                garden.destroyed.push(planted);
            } else {
                garden.kept.push(planted);
            }
        }
    }
    let plaintext = draw.bytes(33);
    let body = json!({"plaintext": base64(&plaintext)});
    let encrypted = done(client, "/v1/keys/gone-encrypt/encrypt", &body)?;
    let body = json!({"ciphertext": encrypted["ciphertext"]});
    done(client, "/v1/keys/gone-encrypt/decrypt", &body)?;
    garden
        .kept
        .push(Planted::bytes("a plaintext".to_owned(), &plaintext));
    let body = json!({"name": "planted", "bindings": [{"role": "user"}]});
    let token = done(client, "/v1/tokens", &body)?;
    let text = |name: &str| token[name].as_str().unwrap_or_default().to_owned();
    garden.token_id = text("id");
    let secret = text("secret").into_bytes();
    garden.token = Some(Planted::bytes("the token".to_owned(), &secret));
    let mut holder = Client::new(client.address, &text("secret"));
    ensure!(
        holder.get("/v1/keys?limit=1")?.is_done(),
        "the token does not pass"
    );
    let passphrase = format!("planted {:016x} passphrase", draw.next());
    done(client, "/v1/seal/rekey", &json!({"passphrase": passphrase}))?;
    let planted = Planted::bytes("the passphrase".to_owned(), passphrase.as_bytes());
    garden.kept.push(planted);
    Ok(garden)
}

fn import(
    client: &mut Client,
    name: &str,
    (purpose, algorithm): (&str, &str),
    secret: &[u8],
) -> anyhow::Result<()> {
    let body = json!({
        "purpose": purpose, "algorithm": algorithm, "material": base64(secret),
        "policy": {"rotation_period_seconds": 0}
    });
    done(client, &format!("/v1/keys/{name}/import"), &body).map(drop)
}

fn use_key(client: &mut Client, name: &str, purpose: &str) -> anyhow::Result<()> {
    let mut ask = |verb: &str, body: Value| done(client, &format!("/v1/keys/{name}/{verb}"), &body);
    match purpose {
        "encrypt" => {
            let made = ask("encrypt", json!({"plaintext": "eA"}))?;
            ask("decrypt", json!({"ciphertext": made["ciphertext"]}))?;
        }
        "kem" => {
            let made = ask("encapsulate", json!({}))?;
            ask("decapsulate", json!({"ciphertext": made["ciphertext"]}))?;
        }
        "sign" => drop(ask("sign", json!({"message": "eA"}))?),
        _ => drop(ask("mac", json!({"message": "eA"}))?),
    }
    Ok(())
}

fn done(client: &mut Client, path: &str, body: &Value) -> anyhow::Result<Value> {
    let reply = client.post(path, body)?;
    ensure!(reply.is_done(), "{path}: {}", reply.shown());
    Ok(reply.body)
}

/// Searches the disk and the log; returns how much that was.
fn search_files(stage: &Stage, garden: &Garden) -> anyhow::Result<u64> {
    let mut files = vec![stage.place.log.clone()];
    collect(&stage.place.disk, &mut files)?;
    let keys = garden.destroyed.iter().chain(&garden.kept);
    let all: Vec<&Planted> = keys.chain(&garden.token).collect();
    let mut searched = 0;
    for file in files {
        let bytes = fs::read(&file)?;
        searched += bytes.len() as u64;
        for hit in hits(&bytes, &all) {
            stage.find(format!("{hit} is in {}", file.display()));
        }
    }
    Ok(searched)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), files)?;
        } else {
            files.push(entry.path());
        }
    }
    Ok(())
}

/// One dump while all is in use, one after destruction, one after sealing.
fn search_dumps(stage: &Stage, service: &Service, garden: &Garden) -> anyhow::Result<String> {
    let all: Vec<&Planted> = garden.destroyed.iter().chain(&garden.kept).collect();
    let seen = dump(stage, service, &all)?;
    ensure!(
        !seen.is_empty(),
        "nothing was found in a core dump of the service that holds it all: the search does not see"
    );
    destroy(stage, service, garden)?;
    let gone: Vec<&Planted> = garden.destroyed.iter().collect();
    for hit in dump(stage, service, &gone)? {
        stage.find(format!("{hit} is in a core dump after its key was destroyed"));
    }
    done(&mut service.client(), "/v1/seal/seal", &json!({}))?;
    pause(Duration::from_millis(500));
    for hit in dump(stage, service, &all)? {
        stage.find(format!("{hit} is in a core dump of the sealed service"));
    }
    Ok(format!(
        "3 core dumps searched: in use {} secrets are seen in it",
        seen.len()
    ))
}

fn destroy(stage: &Stage, service: &Service, garden: &Garden) -> anyhow::Result<()> {
    let mut client = service.client();
    for (purpose, ..) in KEYS {
        let path = format!("/v1/keys/gone-{purpose}/destroy");
        done(&mut client, &path, &json!({"wait_seconds": 86_400}))?;
    }
    done(
        &mut client,
        &format!("/v1/tokens/{}/revoke", garden.token_id),
        &json!({}),
    )?;
    let skew = stage.control.value(Field::Skew)?;
    stage.control.set(Field::Skew, skew + BEYOND_WINDOW)?;
    for (purpose, ..) in KEYS {
        let path = format!("/v1/keys/gone-{purpose}");
        let gone = within(Duration::from_secs(20), || {
            Ok((!client.get(&path)?.body["destroyed"].is_null()).then_some(()))
        })?;
        gone.with_context(|| format!("{path} is not destroyed after its window"))?;
    }
    Ok(())
}

/// What is found in a core dump of the service.
fn dump(stage: &Stage, service: &Service, what: &[&Planted]) -> anyhow::Result<Vec<String>> {
    let (prefix, id) = (stage.folder.join("core"), service.id().to_string());
    let ran = Command::new("gcore")
        .arg("-o")
        .arg(&prefix)
        .arg(&id)
        .stdin(Stdio::null())
        .output()?;
    let file = stage.folder.join(format!("core.{id}"));
    let bytes = fs::read(&file).with_context(|| String::from_utf8_lossy(&ran.stderr).into_owned())?;
    fs::remove_file(&file)?;
    Ok(hits(&bytes, what))
}

fn has_gcore() -> bool {
    let ran = Command::new("gcore")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    ran.is_ok()
}

/// The first place of each form of each secret, in words.
fn hits(bytes: &[u8], what: &[&Planted]) -> Vec<String> {
    let forms: Vec<_> = what
        .iter()
        .flat_map(|planted| {
            planted
                .forms
                .iter()
                .map(|(form, text)| (&planted.name, *form, text))
        })
        .collect();
    // Two bytes decide for nearly every place that nothing begins there.
    let mut begins = vec![false; 1 << 16];
    let pair = |bytes: &[u8]| usize::from(bytes[0]) << 8 | usize::from(bytes[1]);
    forms.iter().for_each(|(_, _, text)| begins[pair(text)] = true);
    let mut found = vec![0_u32; forms.len()];
    let is_empty = |at: usize| bytes.get(at..at + PAGE).is_some_and(|page| page == [0; PAGE]);
    let mut at = 0;
    while at + 1 < bytes.len() {
        if at % PAGE == 0 && is_empty(at) {
            at += PAGE;
            continue;
        }
        if begins[pair(&bytes[at..])] {
            for (index, (_, _, text)) in forms.iter().enumerate() {
                found[index] += u32::from(bytes[at..].starts_with(text));
            }
        }
        at += 1;
    }
    let counted = forms.iter().zip(found).filter(|(_, count)| *count > 0);
    counted
        .map(|((name, form, _), count)| format!("{name} ({form}, {count} times)"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_every_form_and_nothing_else() {
        let planted = Planted::bytes("it".to_owned(), &[0xfb, 0xef, 0xff, 1, 2, 3]);
        let seen = |text: &[u8]| hits(text, &[&planted]);
        assert_eq!(seen(b"x fbefff010203 y"), ["it (hexadecimal, 1 times)"]);
        assert_eq!(seen(b"++//AQID"), ["it (base64, 1 times)"]);
        assert_eq!(seen(b"--__AQID --__AQID"), ["it (base64url, 2 times)"]);
        assert_eq!(seen(&[0, 0xfb, 0xef, 0xff, 1, 2, 3]), ["it (raw, 1 times)"]);
        assert!(seen(&[0xfb, 0xef, 0xff, 1, 2]).is_empty());
    }
}
