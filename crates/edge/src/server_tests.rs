//! What a reload makes anew and what it leaves as it is. Routes are compared by the pointer that cores
//! compare them by; nothing is served.

use std::fmt::Write;
use std::path::Path;

use super::*;

fn write_certificate(directory: &Path, name: &str) {
    let key = rcgen::KeyPair::generate().unwrap();
    let parameters = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
    let certificate = parameters.self_signed(&key).unwrap();
    for (extension, text) in [("pem", certificate.pem()), ("key", key.serialize_pem())] {
        #[expect(clippy::disallowed_methods, reason = "a test's own directory")]
        std::fs::write(directory.join(format!("{name}.{extension}")), text).unwrap();
    }
}

/// Two routes with a certificate each.
fn config(directory: &Path, second: &str) -> Config {
    let mut text = "process.cores = 1\n".to_owned();
    for (name, extra) in [("first", ""), ("second", second)] {
        let files = directory.join(name);
        let files = files.display();
        let certificate = format!("certificate = [{{ chain = '{files}.pem', key = '{files}.key' }}]");
        let upstream = "upstream.address = '127.0.0.1:9'";
        let listen = "listen = '127.0.0.1:0'";
        writeln!(
            text,
            "[[route]]\nname = '{name}'\n{listen}\n{upstream}\n{certificate}\n{extra}"
        )
        .unwrap();
    }
    toml::from_str(&text).unwrap()
}

/// Which of the routes are what they were before `change`, and not made anew?
fn stays(service: &Service, change: impl FnOnce(&Control)) -> Vec<bool> {
    let before = service.control.lock().routes.clone();
    change(&service.control);
    let after = service.control.lock().routes.clone();
    let pairs = before.iter().zip(&after);
    pairs.map(|(before, after)| Arc::ptr_eq(before, after)).collect()
}

#[test]
fn only_a_route_whose_files_or_settings_changed_is_made_anew() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    for name in ["first", "second"] {
        write_certificate(path, name);
    }
    let service = Service::bind(config(path, ""), Options::default()).unwrap();
    let reloaded = stays(&service, |control| control.load(config(path, "")).unwrap());
    assert_eq!(reloaded, [true, true], "nothing changed");
    let renewed = stays(&service, |control| {
        write_certificate(path, "first");
        control.reload_files().unwrap();
    });
    assert_eq!(renewed, [false, true], "the first has a new certificate");
    let changed = stays(&service, |control| {
        control.load(config(path, "rung = 'upgrade'")).unwrap();
    });
    assert_eq!(changed, [true, false], "the second has a new rung");
    let salted = stays(&service, |control| {
        let mut config = config(path, "rung = 'upgrade'");
        config.process.salt = "new".to_owned();
        control.load(config).unwrap();
    });
    assert_eq!(salted, [false, false], "arms are drawn anew");
}

#[test]
fn new_files_come_with_the_configuration_that_is_in_force_now() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    for name in ["first", "second"] {
        write_certificate(path, name);
    }
    let service = Service::bind(config(path, ""), Options::default()).unwrap();
    let wanted = config(path, "rung = 'require'");
    service.control.load(wanted.clone()).unwrap();
    write_certificate(path, "second");
    service.control.reload_files().unwrap();
    assert_eq!(service.control.lock().config, wanted);
    assert_eq!(service.control.lock().routes[1].config, wanted.routes[1]);
}
