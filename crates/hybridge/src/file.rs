//! The TOML file: `data`, `[api]`, `[keys]`, `[backup]`, `[process]` and `[[route]]`.
//!
//! Each crate owns its part; this puts the parts together, makes relative paths relative to the
//! file, and turns whatever is wrong into a message with line and column. Reading the file opens no
//! other file and no socket.

use std::path::{Path, PathBuf};

use hybridge_edge::config::{Config, InvalidConfig, Process, Route};
use serde::Deserialize;

use backup::Backup;
use keys::Keys;

use crate::command_error::{CommandError, Explain, Kind};

mod advice;
pub(crate) mod backup;
mod custody;
pub(crate) mod effective;
pub(crate) mod keys;
mod place;
mod span;

pub(crate) use place::Step;

/// What stands in the file, in the file's own order and words.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    data: Option<PathBuf>,
    api: Option<hybridge_api::Config>,
    #[serde(default)]
    keys: Keys,
    #[serde(default)]
    backup: Backup,
    #[serde(default)]
    process: Process,
    #[serde(default, rename = "route")]
    routes: Vec<Route>,
}

/// A file that was read: every field is known and of the right kind. `validate` says whether the
/// routes make sense together.
#[derive(Clone, Debug)]
pub(crate) struct File {
    path: PathBuf,
    text: String,
    /// The data directory.
    pub(crate) data: Option<PathBuf>,
    /// Where the API listens, if the file says so.
    pub(crate) api: Option<hybridge_api::Config>,
    /// The key service.
    pub(crate) keys: Keys,
    /// Its backups.
    pub(crate) backup: Backup,
    /// The edge's part.
    pub(crate) edge: Config,
}

impl File {
    /// Reads a file.
    ///
    /// # Errors
    /// `File` when it cannot be read; `Configuration` when it is not TOML or says what nobody knows.
    pub(crate) fn open(path: &Path) -> Result<Self, CommandError> {
        let text = std::fs::read_to_string(path).cannot(Kind::File, format!("read {}", path.display()))?;
        Self::parse(path, text)
    }

    /// The file's own path, as it was given.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    fn parse(path: &Path, text: String) -> Result<Self, CommandError> {
        let written: Written = toml::from_str(&text).map_err(|error| advice::explain(path, &text, &error))?;
        let mut file = Self {
            path: path.to_owned(),
            text,
            data: written.data,
            api: written.api,
            keys: written.keys,
            backup: written.backup,
            edge: Config {
                routes: written.routes,
                process: written.process,
            },
        };
        file.resolve_paths();
        Ok(file)
    }

    /// Checks what each part checks of itself.
    ///
    /// # Errors
    /// `Configuration`, with the place in the file.
    pub(crate) fn validate(&self) -> Result<(), CommandError> {
        if let Some(Err(error)) = self.api.as_ref().map(hybridge_api::Config::validate) {
            let field = match error {
                hybridge_api::ConfigError::NotLoopback { .. } => "listen",
                _ => "identity",
            };
            return Err(self.wrong(&[Step::Key("api"), Step::Key(field)], error));
        }
        let tables = [("keys", self.keys.validate()), ("backup", self.backup.validate())];
        for (table, checked) in tables {
            if let Err((field, why)) = checked {
                return Err(self.wrong(
                    &[Step::Key(table), Step::Key(field)],
                    format!("{table}.{field}: {why}"),
                ));
            }
        }
        let checked = self.edge.require_routes().and_then(|()| self.edge.validate());
        checked.map_err(|error| self.invalid(&error))
    }

    /// What the edge finds wrong, at its place.
    pub(crate) fn invalid(&self, error: &InvalidConfig) -> CommandError {
        match error {
            InvalidConfig::NoRoutes => self.wrong(&[], error).hint("add a [[route]] table"),
            InvalidConfig::Route { route, field, .. } => self.wrong(&self.route_steps(route, field), error),
            InvalidConfig::Process { field, .. } => {
                self.wrong(&[Step::Key("process"), Step::Key(field)], error)
            }
        }
    }

    /// An error at a place in the file: `hybridge.toml:3:1: …`.
    pub(crate) fn wrong(&self, steps: &[Step<'_>], message: impl std::fmt::Display) -> CommandError {
        let place = place::find(&self.text, steps);
        CommandError::message(
            Kind::Configuration,
            format!("{}:{place}: {message}", self.path.display()),
        )
    }

    /// The way to a route's field. Of several routes with one name the last is at fault.
    pub(crate) fn route_steps<'a>(&self, name: &str, field: &'a str) -> Vec<Step<'a>> {
        let index = self
            .edge
            .routes
            .iter()
            .rposition(|route| route.name == name)
            .unwrap_or_default();
        let fields = field.split('.').map(Step::Key);
        [Step::Key("route"), Step::Index(index)]
            .into_iter()
            .chain(fields)
            .collect()
    }

    fn resolve_paths(&mut self) {
        let folder = self.path.parent().map(Path::to_owned).unwrap_or_default();
        let resolve = |path: &mut PathBuf| *path = folder.join(&*path);
        self.data.as_mut().map(resolve);
        if let Some(api) = &mut self.api {
            api.token_file.as_mut().map(resolve);
            api.oidc.as_mut().map(|oidc| &mut oidc.jwks).map(resolve);
            if let Some(tls) = &mut api.tls {
                resolve(&mut tls.certificate);
                resolve(&mut tls.key);
                tls.client_ca.as_mut().map(resolve);
            }
        }
        self.keys.witnesses.iter_mut().for_each(resolve);
        self.backup.passphrase_file.as_mut().map(resolve);
        if let Some(place) = self
            .backup
            .destination
            .as_mut()
            .filter(|place| !place.contains("://"))
        {
            *place = folder.join(&*place).display().to_string();
        }
        for route in &mut self.edge.routes {
            for files in &mut route.certificates {
                resolve(&mut files.chain);
                resolve(&mut files.key);
            }
            route
                .upstream
                .tls
                .as_mut()
                .and_then(|tls| tls.authorities.as_mut())
                .map(resolve);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUTE: &str = "[[route]]\nname = \"shop\"\nlisten = \"127.0.0.1:8443\"\n\
                         upstream = { address = \"127.0.0.1:8080\" }\n\
                         certificate = [{ chain = \"shop.pem\", key = \"/keys/shop.key\" }]\n";

    fn parse(text: &str) -> Result<File, CommandError> {
        File::parse(Path::new("/etc/hybridge/hybridge.toml"), text.to_owned())
    }

    /// The first line of what is wrong, and the hints.
    fn complaint(text: &str) -> (String, Vec<String>) {
        let error = parse(text).and_then(|file| file.validate()).unwrap_err();
        assert_eq!(error.kind, Kind::Configuration);
        (error.line().replace("/etc/hybridge/", ""), error.hints)
    }

    #[test]
    fn relative_paths_are_relative_to_the_file() {
        let file = parse(&format!("data = \"state\"\n{ROUTE}")).unwrap();
        file.validate().unwrap();
        let files = &file.edge.routes[0].certificates[0];
        assert_eq!(files.chain, Path::new("/etc/hybridge/shop.pem"));
        assert_eq!(files.key, Path::new("/keys/shop.key"));
        assert_eq!(file.data.as_deref(), Some(Path::new("/etc/hybridge/state")));
    }

    #[test]
    fn an_unknown_field_is_refused_with_its_place_and_the_likely_one() {
        let (line, hints) = complaint(&ROUTE.replace("listen", "listn"));
        assert_eq!(line, "hybridge.toml:3:1: unknown field `listn`");
        assert_eq!(hints[0], "did you mean `listen`?");
        let (line, hints) = complaint("zzzzzz = 1\n");
        assert_eq!(line, "hybridge.toml:1:1: unknown field `zzzzzz`");
        assert_eq!(hints, ["known here: data, api, keys, backup, process, route"]);
    }

    #[test]
    fn what_is_no_toml_is_refused_with_its_place() {
        let (line, _) = complaint("data = \n");
        assert!(line.starts_with("hybridge.toml:1:"), "{line}");
    }

    #[test]
    fn a_wrong_value_is_shown_where_it_stands() {
        let (line, _) = complaint(&ROUTE.replace("127.0.0.1:8443", "localhost"));
        assert!(
            line.starts_with("hybridge.toml:3:10: invalid socket address"),
            "{line}"
        );
        let (line, _) = complaint(&format!("{ROUTE}rung = \"share\"\n"));
        assert!(
            line.starts_with("hybridge.toml:6:8: route \"shop\": rung: share is not on the ladder"),
            "{line}"
        );
        let (line, _) = complaint(&format!(
            "{ROUTE}canary = {{ rung = \"require\", weight = 10001 }}\n"
        ));
        assert!(
            line.starts_with("hybridge.toml:6:39: route \"shop\": canary.weight"),
            "{line}"
        );
    }

    #[test]
    fn of_two_routes_with_one_name_the_second_is_at_fault() {
        let second = ROUTE.replace("8443", "8444");
        let (line, _) = complaint(&format!("{ROUTE}{second}"));
        assert_eq!(
            line,
            "hybridge.toml:7:8: route \"shop\": name: another route has this name"
        );
    }

    #[test]
    fn an_api_that_others_can_reach_is_refused() {
        let (line, _) = complaint(&format!("[api]\nlisten = \"0.0.0.0:8000\"\n{ROUTE}"));
        assert!(
            line.starts_with("hybridge.toml:2:10: api.listen = 0.0.0.0:8000 is not a loopback"),
            "{line}"
        );
    }

    #[test]
    fn a_file_without_routes_says_what_to_add() {
        let (line, hints) = complaint("[process]\ncores = 1\n");
        assert_eq!(line, "hybridge.toml:1:1: no [[route]] is configured");
        assert_eq!(hints, ["add a [[route]] table"]);
        let (line, _) = complaint(&format!("[process]\ncores = 0\n{ROUTE}"));
        assert_eq!(line, "hybridge.toml:2:9: process.cores: must be at least 1");
    }
}
