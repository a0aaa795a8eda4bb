//! Decisions, as tables: bindings, an action, a resource, and the answer in words.
//! Bindings are written as text: effect, role, names, operations.

use super::{Action, Binding, Concern, Decision, Effect, Pattern, Resource, Rights, Role, TooWide, decide};

fn patterns(list: &str) -> Vec<Pattern> {
    let words = list.split_whitespace();
    words.map(|word| word.parse().expect("a test pattern")).collect()
}

/// `allow user app-*,web-* key.sign`, with `-` for no list.
fn binding(text: &str) -> Binding {
    let parts: Vec<&str> = text.split(' ').collect();
    let list = |index: usize| match parts.get(index) {
        None | Some(&"-") => Vec::new(),
        Some(list) => patterns(&list.replace(',', " ")),
    };
    Binding {
        effect: if parts[0] == "deny" {
            Effect::Deny
        } else {
            Effect::Allow
        },
        role: parts[1].parse().expect("a role"),
        names: list(2),
        operations: list(3),
    }
}

fn bindings(texts: &[&str]) -> Vec<Binding> {
    texts.iter().map(|text| binding(text)).collect()
}

fn check(texts: &[&str], action: Action, resource: Resource<'_>, expect: &str) {
    let held = bindings(texts);
    let decision = decide(&held, action, resource);
    assert_eq!(decision.to_string(), expect, "{texts:?} {action:?} {resource}");
    assert_eq!(decision.is_allowed(), expect.starts_with("allowed"));
}

const NOTHING: &str = "denied: no binding allows it";

#[test]
fn nothing_is_allowed_that_no_binding_allows() {
    for action in Action::ALL {
        for resource in [Resource::Key("a"), Resource::SomeKey, Resource::Service] {
            assert_eq!(decide(&[], *action, resource), Decision::NotGranted);
            assert!(!Rights::default().decide(*action, resource).is_allowed());
        }
    }
}

#[test]
fn a_role_carries_its_actions_and_no_other() {
    use Action::{
        ChangeRoutes, CreateKeys, CreateTokens, DestroyKeys, ExportKeys, ReadAudit, ReadKeys, ReadTraffic,
        Sign,
    };
    let cases = [
        (
            Role::Admin,
            &[
                CreateKeys,
                Sign,
                DestroyKeys,
                ExportKeys,
                CreateTokens,
                ChangeRoutes,
                ReadAudit,
            ][..],
            &[][..],
        ),
        (
            Role::Operator,
            &[CreateKeys, ChangeRoutes, ReadTraffic, ReadKeys],
            &[Sign, DestroyKeys, ExportKeys, CreateTokens, ReadAudit],
        ),
        (
            Role::User,
            &[Sign, ReadKeys],
            &[CreateKeys, ReadTraffic, ChangeRoutes, DestroyKeys],
        ),
        (
            Role::Auditor,
            &[ReadAudit, ReadKeys, ReadTraffic],
            &[Sign, CreateKeys, ChangeRoutes, DestroyKeys],
        ),
    ];
    for (role, may, may_not) in cases {
        let held = [Binding::of(role)];
        for action in may {
            assert!(
                decide(&held, *action, Resource::Key("k")).is_allowed(),
                "{role:?} {action:?}"
            );
        }
        for action in may_not {
            assert!(
                !decide(&held, *action, Resource::Key("k")).is_allowed(),
                "{role:?} {action:?}"
            );
        }
    }
}

#[test]
fn an_auditor_changes_and_uses_nothing() {
    let harmless = |action: &Action| action.name().ends_with(".read") || *action == Action::RunSelftest;
    for action in Action::ALL {
        assert!(!action.is_of(Role::Auditor) || harmless(action), "{action:?}");
        assert!(action.is_of(Role::Admin), "{action:?}");
    }
}

#[test]
fn names_limit_which_keys_are_reached() {
    let user = ["allow user app-*"];
    check(
        &user,
        Action::Sign,
        Resource::Key("app-1"),
        "allowed: allow user on app-*",
    );
    check(&user, Action::Sign, Resource::Key("prod-1"), NOTHING);
    check(
        &user,
        Action::Sign,
        Resource::SomeKey,
        "allowed: allow user on app-*",
    );
}

#[test]
fn a_binding_for_some_names_does_not_reach_the_service() {
    let admin = ["allow admin app-*"];
    for action in [
        Action::CreateTokens,
        Action::ChangeSeal,
        Action::ChangeRoutes,
        Action::ReadAudit,
    ] {
        check(&admin, action, Resource::Service, NOTHING);
    }
    check(
        &admin,
        Action::ReadAbout,
        Resource::Service,
        "allowed: allow admin on app-*",
    );
    check(
        &["allow admin *"],
        Action::CreateTokens,
        Resource::Service,
        "allowed: allow admin on *",
    );
}

#[test]
fn operations_limit_what_is_done() {
    let signer = ["allow user - key.sign,key.verify"];
    check(
        &signer,
        Action::Sign,
        Resource::Key("k"),
        "allowed: allow user for key.sign, key.verify",
    );
    check(&signer, Action::Decrypt, Resource::Key("k"), NOTHING);
    check(
        &["allow user - key.*"],
        Action::Decrypt,
        Resource::Key("k"),
        "allowed: allow user for key.*",
    );
    check(
        &["allow user - key.*"],
        Action::RunExchange,
        Resource::Service,
        NOTHING,
    );
}

#[test]
fn an_operation_gives_nothing_that_the_role_does_not_carry() {
    check(
        &["allow user - *"],
        Action::DestroyKeys,
        Resource::Key("k"),
        NOTHING,
    );
    check(
        &["allow auditor - key.sign"],
        Action::Sign,
        Resource::Key("k"),
        NOTHING,
    );
}

#[test]
fn deny_wins_wherever_it_stands() {
    let denied = "denied: deny user on prod-*";
    for held in [
        ["allow admin", "deny user prod-*"],
        ["deny user prod-*", "allow admin"],
    ] {
        check(&held, Action::Sign, Resource::Key("prod-1"), denied);
        check(
            &held,
            Action::Sign,
            Resource::Key("app-1"),
            "allowed: allow admin",
        );
        check(
            &held,
            Action::DestroyKeys,
            Resource::Key("prod-1"),
            "allowed: allow admin",
        );
        check(&held, Action::ReadKeys, Resource::SomeKey, "allowed: allow admin");
    }
    check(
        &["allow admin", "deny admin - key.export"],
        Action::ExportKeys,
        Resource::Key("k"),
        "denied: deny admin for key.export",
    );
    check(
        &["allow admin", "deny admin"],
        Action::ReadAbout,
        Resource::Service,
        "denied: deny admin",
    );
}

#[test]
fn what_is_handed_on_stays_within_every_layer() {
    let owner = Rights::new(bindings(&["allow admin app-*", "deny admin app-secret"]));
    let token = owner.hand_on(bindings(&["allow user app-*"])).expect("narrower");
    assert!(token.decide(Action::Sign, Resource::Key("app-1")).is_allowed());
    assert!(
        !token
            .decide(Action::DestroyKeys, Resource::Key("app-1"))
            .is_allowed()
    );
    assert_eq!(
        token
            .decide(Action::Sign, Resource::Key("app-secret"))
            .to_string(),
        "denied: deny admin on app-secret"
    );
}

#[test]
fn what_is_plainly_wider_is_not_handed_on() {
    let owner = Rights::new(bindings(&["allow user app-* key.sign", "allow auditor"]));
    for wider in [
        "allow admin",
        "allow user",
        "allow user app-*",
        "allow user * key.sign",
        "allow user prod-1 key.sign",
    ] {
        let refused = owner.hand_on(vec![binding(wider)]);
        assert!(matches!(refused, Err(TooWide::Wider { .. })), "{wider}");
    }
    for narrower in [
        "allow user app-1 key.sign",
        "allow auditor",
        "allow auditor app-*",
        "deny admin",
    ] {
        assert!(owner.hand_on(vec![binding(narrower)]).is_ok(), "{narrower}");
    }
}

#[test]
fn handing_on_ends_somewhere() {
    let mut rights = Rights::new(vec![Binding::of(Role::Admin)]);
    for _ in 0..3 {
        rights = rights
            .hand_on(vec![Binding::of(Role::Admin)])
            .expect("not too deep");
    }
    assert_eq!(
        rights.hand_on(vec![Binding::of(Role::Admin)]),
        Err(TooWide::TooDeep)
    );
}

#[test]
fn a_binding_for_an_operation_that_its_role_lacks_is_refused() {
    assert!(binding("allow user - key.sign").validate().is_ok());
    assert!(binding("allow user - key.*").validate().is_ok());
    let error = binding("deny user - key.singe").validate().expect_err("a slip");
    assert_eq!(error.to_string(), "the role user has no operation \"key.singe\"");
}

#[test]
fn every_action_has_a_name_of_its_own_that_leads_back_to_it() {
    for action in Action::ALL {
        assert_eq!(Action::by_name(action.name()), Some(*action));
        assert_eq!(
            action.concern() == Concern::Nothing,
            matches!(
                action.name(),
                "about.read" | "health.read" | "exchange.run" | "session.use"
            )
        );
    }
}
