//! How a command reaches the service that runs: address, token, and what a refusal means for the exit code.
//!
//! A flag beats the environment, the environment beats what the service left in its data directory. The
//! administrator's token of a data directory goes to this machine and nowhere else.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use hybridge_client::{Address, Call, Client, Credentials, Method, Options, Token, Trust};
use hybridge_crypto::random;
use serde_json::Value;
use tokio::runtime::Runtime;
use zeroize::Zeroizing;

use crate::command_error::{CommandError, Ending, Explain, Kind};
use crate::data_directory::{self, Surroundings};
use crate::{admin_token, api_address, private_file, terminal};

pub(crate) mod answer;
pub(crate) mod bytes;
mod fault;
pub(crate) mod period;

/// The token itself, for those who have no file for it.
const TOKEN: &str = "HYBRIDGE_TOKEN";

/// Which service, and who asks. The same for every command that needs one.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Service")]
pub(crate) struct ServiceArgs {
    /// Address of the service [default: that of the service that runs on the data directory]
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "HYBRIDGE_API",
        hide_env_values = true
    )]
    pub(crate) api: Option<String>,

    #[arg(long, global = true, value_name = "DIR", env = "HYBRIDGE_DATA", hide_env_values = true, help = format!("Data directory of a service on this machine [default: {}]", data_directory::DEFAULT))]
    pub(crate) data: Option<PathBuf>,

    /// File with the token [default: the text in HYBRIDGE_TOKEN, else admin.token in the data directory]
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "HYBRIDGE_TOKEN_FILE",
        hide_env_values = true
    )]
    pub(crate) token_file: Option<PathBuf>,

    /// Authorities to trust for https, as PEM [default: those of the system]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,

    /// Print the service's answer as JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// A service that answers this command.
pub(crate) struct Service {
    client: Client,
    runtime: Runtime,
    json: bool,
}

impl ServiceArgs {
    /// Finds address and token; connects with the first request.
    ///
    /// # Errors
    /// `Usage`: the address is none, or plain HTTP to another machine; `File`: there is no token, or a file
    /// cannot be read.
    pub(crate) fn open(&self) -> Result<Service, CommandError> {
        let url = self.url()?;
        let address = Address::parse(&url).map_err(|error| fault::explain(error.into(), &url))?;
        let token = Some(self.token(&address)?);
        let credentials = Credentials {
            token,
            certificate: None,
        };
        let client = Client::new(&url, &credentials, self.options()?);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        Ok(Service {
            client: client.map_err(|error| fault::explain(error, &url))?,
            runtime: runtime.cannot(Kind::Internal, "start the runtime")?,
            json: self.json,
        })
    }

    /// The data directory that was chosen, there or not.
    ///
    /// # Errors
    /// As [`data_directory::default_path`].
    pub(crate) fn folder(&self) -> Result<PathBuf, CommandError> {
        match &self.data {
            Some(folder) => Ok(folder.clone()),
            None => data_directory::default_path(&Surroundings::of_process()),
        }
    }

    fn url(&self) -> Result<String, CommandError> {
        if let Some(url) = &self.api {
            return Ok(url.clone());
        }
        // No address is guessed: the token would go to whoever listens there.
        let folder = self.folder()?;
        api_address::read(&folder).ok_or_else(|| {
            let message = format!("no service runs on the data directory {}", folder.display());
            CommandError::message(Kind::Peer, message)
                .hint(format!(
                    "start one: hybridge up --data {0}, or hybridge serve --data {0}",
                    folder.display()
                ))
                .hint("or name another with --data DIR, or an address with --api URL")
        })
    }

    fn options(&self) -> Result<Options, CommandError> {
        let mut options = Options::default();
        if let Some(path) = &self.ca {
            let pem = std::fs::read(path).cannot(Kind::File, format!("read {}", path.display()))?;
            options.trust = Trust::Pem(pem);
        }
        Ok(options)
    }

    fn token(&self, address: &Address) -> Result<Token, CommandError> {
        if let Some(path) = &self.token_file {
            return read_token(path);
        }
        if let Some(text) = std::env::var_os(TOKEN) {
            let text = Zeroizing::new(text.to_string_lossy().into_owned());
            return Token::new(&text).map_err(|error| {
                CommandError::new(Kind::Usage, error).context(format!("cannot use {TOKEN}"))
            });
        }
        if !address.is_loopback() {
            let message = format!("there is no token for {address}");
            return Err(no_token(message));
        }
        let path = admin_token::path(&self.folder()?);
        match path.try_exists() {
            Ok(false) => Err(no_token(format!(
                "there is no token: neither {TOKEN} nor --token-file is given, and {} does not exist",
                path.display()
            ))
            .hint("name the data directory of the service with --data DIR or HYBRIDGE_DATA")),
            _ => read_token(&path),
        }
    }
}

fn no_token(message: String) -> CommandError {
    CommandError::message(Kind::File, message).hint(format!("give one with --token-file FILE or {TOKEN}"))
}

fn read_token(path: &Path) -> Result<Token, CommandError> {
    let text = private_file::read(path)?;
    Token::new(&text).map_err(|error| {
        CommandError::new(Kind::File, error).context(format!("cannot use {}", path.display()))
    })
}

impl Service {
    /// Asks for something.
    ///
    /// # Errors
    /// What the service says, by kind; see [`fault`].
    pub(crate) fn read(&self, path: &str) -> Result<Value, CommandError> {
        self.send(&Call {
            method: Method::GET,
            path,
            json: None,
            idempotency_key: None,
        })
    }

    /// Has something done. It is not sent twice.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub(crate) fn write(&self, path: &str, body: &Value) -> Result<Value, CommandError> {
        self.send(&Call {
            method: Method::POST,
            path,
            json: Some(body),
            idempotency_key: None,
        })
    }

    /// Has something made. Where the answer is lost, it is asked for once more and still made once.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub(crate) fn create(&self, path: &str, body: &Value) -> Result<Value, CommandError> {
        let bytes: [u8; 16] = random::bytes().map_err(|error| CommandError::new(Kind::Internal, error))?;
        let key = format!("{:032x}", u128::from_be_bytes(bytes));
        let call = Call {
            method: Method::POST,
            path,
            json: Some(body),
            idempotency_key: Some(&key),
        };
        match self.runtime.block_on(self.client.send(&call)) {
            Err(hybridge_client::Error::Broken(_lost)) => self.send(&call),
            answered => answered.map_err(|error| self.explain(error)),
        }
    }

    fn send(&self, call: &Call<'_>) -> Result<Value, CommandError> {
        let answered = self.runtime.block_on(self.client.send(call));
        answered.map_err(|error| self.explain(error))
    }

    /// The same service, with other patience for its answers.
    #[must_use]
    pub(crate) fn patient(mut self, timeout: Duration) -> Self {
        self.client = self.client.waiting(timeout);
        self
    }

    /// Does something with the client itself.
    ///
    /// # Errors
    /// Those of `with`, explained by it.
    pub(crate) fn run<T>(&self, with: impl AsyncFnOnce(&Client) -> T) -> T {
        self.runtime.block_on(with(&self.client))
    }

    /// What an error of the client means for whoever runs the command.
    pub(crate) fn explain(&self, error: hybridge_client::Error) -> CommandError {
        fault::explain(error, &self.client.address().to_string())
    }

    /// Does it answer on this machine alone?
    pub(crate) fn is_loopback(&self) -> bool {
        self.client.address().is_loopback()
    }

    /// Did the user ask for JSON?
    pub(crate) const fn is_json(&self) -> bool {
        self.json
    }

    /// Prints an answer: as it is for JSON, else as `shown` says it.
    ///
    /// # Errors
    /// As [`terminal::print`].
    pub(crate) fn print(
        &self,
        value: &Value,
        shown: impl FnOnce(&Value) -> String,
    ) -> Result<Ending, CommandError> {
        let text = if self.json { json(value)? } else { shown(value) };
        terminal::print(&text)?;
        Ok(Ending::Done)
    }
}

/// JSON as the commands print it.
pub(crate) fn json(value: &Value) -> Result<String, CommandError> {
    let text = serde_json::to_string_pretty(value);
    let text = text.map_err(|error| CommandError::new(Kind::Internal, error))?;
    Ok(text + "\n")
}

/// The path of something with a name, or of what is done with it. Names may have slashes.
pub(crate) fn path(collection: &str, name: &str, operation: &str) -> String {
    let name = segment(name);
    if operation.is_empty() {
        format!("/v1/{collection}/{name}")
    } else {
        format!("/v1/{collection}/{name}/{operation}")
    }
}

/// Percent-encodes everything but unreserved characters (RFC 3986 §2.3).
pub(crate) fn segment(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            let _infallible = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_segment_of_a_path() {
        assert_eq!(path("keys", "app/one", "sign"), "/v1/keys/app%2Fone/sign");
        assert_eq!(path("tokens", "00ff", ""), "/v1/tokens/00ff");
        assert_eq!(segment("a b?ü"), "a%20b%3F%C3%BC");
    }

    #[test]
    fn the_local_token_goes_to_no_other_machine() {
        let folder = tempfile::tempdir().unwrap();
        private_file::write(&admin_token::path(folder.path()), b"hyb_secret\n").unwrap();
        let args = ServiceArgs {
            data: Some(folder.path().to_owned()),
            ..ServiceArgs::default()
        };
        let here = Address::parse("http://127.0.0.1:1").unwrap();
        assert!(args.token(&here).is_ok());
        let there = Address::parse("https://keys.example.com").unwrap();
        let refused = args.token(&there).unwrap_err();
        assert_eq!(refused.kind, Kind::File);
        assert_eq!(
            refused.line(),
            "there is no token for https://keys.example.com:443"
        );
    }

    #[test]
    fn the_address_is_that_of_the_service_in_the_data_directory() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path().join("data");
        let mut args = ServiceArgs {
            data: Some(folder.clone()),
            ..ServiceArgs::default()
        };
        assert_eq!(args.url().unwrap_err().kind, Kind::Peer);
        let held = data_directory::DataDirectory::open(&folder).unwrap();
        let address = "127.0.0.1:4711".parse().unwrap();
        let announced = api_address::ApiAddress::announce(&folder, address).unwrap();
        assert_eq!(args.url().unwrap(), "http://127.0.0.1:4711");
        drop(held);
        assert!(args.url().is_err(), "the file is there, its process is not");
        drop(announced);
        args.api = Some("https://keys.example.com".to_owned());
        assert_eq!(args.url().unwrap(), "https://keys.example.com");
    }
}
