//! Everything that can be allowed: the one list of actions, with the roles that carry each.
//!
//! An action is named `noun.verb`, as the audit log, the command line and the bindings write it.
//! Adding one is a line in the list; without a role in it, only `admin` may do it.

use super::binding::Role;
use super::binding::Role::{Admin, Auditor, Operator, User};

/// What names of keys have to do with an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concern {
    /// It is done to named keys: the binding's names must match.
    Keys,
    /// It concerns the service as a whole: only a binding for all names reaches it.
    Service,
    /// Names have nothing to do with it: the role and the operations decide.
    Nothing,
}

struct Row {
    name: &'static str,
    concern: Concern,
    roles: &'static [Role],
}

macro_rules! actions {
    ($($variant:ident $name:literal $concern:ident [$($role:ident),*];)*) => {
        /// What can be allowed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Action { $(#[doc = concat!("`", $name, "`.")] $variant,)* }

        impl Action {
            /// Every action, in the order of the reference.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            const fn row(self) -> Row {
                match self {
                    $(Self::$variant => Row {
                        name: $name,
                        concern: Concern::$concern,
                        roles: &[Admin, $($role),*],
                    },)*
                }
            }
        }
    };
}

actions! {
    ReadAbout "about.read" Nothing [Operator, User, Auditor];
    ReadHealth "health.read" Nothing [Operator, User, Auditor];
    ReadMetrics "metrics.read" Service [Operator, Auditor];
    ReadTraffic "traffic.read" Service [Operator, Auditor];
    ReadRoutes "route.read" Service [Operator, Auditor];
    ChangeRoutes "route.change" Service [Operator];
    RunProbes "probe.run" Service [Operator];

    ReadKeys "key.read" Keys [Operator, User, Auditor];
    CreateKeys "key.create" Keys [Operator];
    ImportKeys "key.import" Keys [Operator];
    ExportKeys "key.export" Keys [];
    ChangeKeys "key.change" Keys [Operator];
    RotateKeys "key.rotate" Keys [Operator];
    CompromiseKeys "key.compromise" Keys [Operator];
    DestroyKeys "key.destroy" Keys [];
    ReleaseKeys "quarantine.release" Keys [];

    Encapsulate "key.encapsulate" Keys [User];
    Decapsulate "key.decapsulate" Keys [User];
    Sign "key.sign" Keys [User];
    Verify "key.verify" Keys [User];
    Encrypt "key.encrypt" Keys [User];
    Decrypt "key.decrypt" Keys [User];
    Rewrap "key.rewrap" Keys [Operator, User];
    MakeDataKey "key.data-key" Keys [User];
    Mac "key.mac" Keys [User];
    VerifyMac "key.mac-verify" Keys [User];

    RunExchange "exchange.run" Nothing [User];
    UseSession "session.use" Nothing [User];

    RequestApproval "approval.request" Keys [];
    ReadApprovals "approval.read" Keys [Auditor];
    Approve "approval.approve" Keys [];

    ReadTokens "token.read" Service [Auditor];
    CreateTokens "token.create" Service [];
    RevokeTokens "token.revoke" Service [];

    ReadExceptions "exception.read" Service [Operator, Auditor];
    ChangeExceptions "exception.change" Service [];
    ReadAudit "audit.read" Service [Auditor];
    ReadBackups "backup.read" Service [Operator, Auditor];
    CreateBackups "backup.create" Service [Operator];
    ReadSeal "seal.read" Service [Operator, Auditor];
    ChangeSeal "seal.change" Service [];
    RunSelftest "selftest.run" Service [Operator, Auditor];
    ReadSettings "setting.read" Service [Operator, Auditor];
    ChangeSettings "setting.change" Service [];
}

impl Action {
    /// `noun.verb`, stable.
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    pub const fn concern(self) -> Concern {
        self.row().concern
    }

    /// Whether a role carries the action.
    pub fn is_of(self, role: Role) -> bool {
        self.row().roles.contains(&role)
    }

    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|action| action.name() == name)
    }
}
