//! Users and groups provisioned at once, with an account of each step (Graph `provisionOnDemand`).
//!
//! It goes beside the pair, by a stream of its own, and needs no running job: the job's scope is
//! asked and the target's answer told. A pair that runs looks at the object again afterwards, so that
//! a newer state isn't left behind an older one. With a group go those of its members that the call
//! names; its others come with the pair.
//!
//! Source: Microsoft Graph, "synchronizationJob: provisionOnDemand"; Microsoft Entra, "On-demand
//! provisioning".

mod account;
mod groups;
mod users;

use serde_json::Value;
use store::{ReadTx, Tx};
use types::trace::Trace;
use types::{Error, Id, Result, TenantId, kind};
use uuid::Uuid;

use super::scope::{self, JobScope};
use super::{Job, get, secrets};
use crate::groups::Work;
use crate::plan::Planned;
use crate::schema;
use crate::sharing::{self, InForce};
use crate::wire::Reply;
use account::Account;

/// The stream that such objects go by.
pub const STREAM: &str = "sync.onDemand";
/// Subjects of one call.
pub const SUBJECTS_MAX: usize = 5;
/// Members that go with a group.
pub const MEMBERS_MAX: usize = 5;

const SOURCE: &str = "Azure Active Directory";
const TARGET: &str = "Azure Active Directory (target tenant)";

type UserId = Id<kind::User>;
type GroupId = Id<kind::Group>;

/// What is to be provisioned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A user.
    User(UserId),
    /// A group, and of its members these.
    Group(GroupId, Vec<Uuid>),
}

/// What has become of one subject so far.
#[derive(Debug)]
pub enum Begun {
    /// It is to be sent.
    Send(Box<Sending>),
    /// It isn't; here is why.
    Done(Value),
}

/// A subject on the way.
#[derive(Debug)]
pub struct Sending {
    /// To which tenant.
    pub target: TenantId,
    /// The kind of the envelope.
    pub kind: &'static str,
    /// Its body.
    pub body: String,
    what: What,
    account: Account,
    job: Job,
}

#[derive(Debug)]
enum What {
    User { planned: Box<Planned>, epoch: u64 },
    Group(Work),
}

/// An object of a kind that isn't provisioned on demand.
pub fn unsupported(tx: &mut Tx<'_>, id: &str, object_type: &str) -> Value {
    let (now, change) = (tx.now(), tx.new_uuid());
    let text = format!("Objects of the type '{object_type}' aren't provisioned on demand.");
    let uuid = types::parse_uuid(id).unwrap_or_default();
    let account = Account::new(now, "User", uuid, id.to_owned());
    account.skipped(now, change, "EntityTypeNotSupported", &text)
}

/// Reads a subject, asks the job's scope and prepares what is to be sent.
pub fn begin(
    tx: &mut Tx<'_>,
    service_principal: Id<kind::ServicePrincipal>,
    job: &str,
    subject: &Subject,
) -> Result<Begun> {
    let job = get(tx, service_principal, job)?;
    let settings = secrets::settings(tx, service_principal)?;
    let Some(target) = job.target.or(settings.company_id) else {
        return Err(Error::invalid(
            "credentials",
            "The job has no target. Save the synchronization secret 'CompanyId' first.",
        ));
    };
    match subject {
        Subject::User(user) => users::begin(tx, job, target, *user),
        Subject::Group(group, members) => groups::begin(tx, job, target, *group, members),
    }
}

/// The same with a user for the pair with a target, whether or not a job governs it.
pub fn begin_for_pair(tx: &mut Tx<'_>, target: TenantId, user: UserId) -> Result<Begun> {
    sharing::refuse_stranger(tx, Some(target))?;
    let job = super::of_pair(tx, target)?;
    users::begin(tx, job, target, user)
}

/// The scope that decides: the pair's, or that of a job that has no pair yet.
fn scope_of(tx: &ReadTx<'_>, job: &Job, target: TenantId) -> Result<InForce> {
    if job.target.is_some() {
        return scope::of(tx, target);
    }
    let own = job.schema.is_some().then(|| super::schema(job));
    let scope = schema::of_job(tx, own.transpose()?.as_ref())?;
    Ok(scope.with_job(Some(JobScope::of(tx, job)?)))
}

impl Sending {
    /// The account of a subject that the target's policy has refused.
    pub fn refused(self, tx: &mut Tx<'_>, trace: &Trace) -> Value {
        let (now, change) = (tx.now(), tx.new_uuid());
        self.account.refused(now, change, trace)
    }

    /// Keeps what the target has answered, and tells of it.
    pub fn settle(self, tx: &mut Tx<'_>, reply: &str) -> Result<Value> {
        let reply: Reply = serde_json::from_str(reply).map_err(Error::internal)?;
        let sent = (self.account, self.job, self.target);
        match self.what {
            What::User { planned, epoch } => {
                let outcome = reply.results.into_iter().next();
                users::settle(tx, sent, (*planned, epoch), outcome)
            }
            What::Group(work) => groups::settle(tx, sent, work, reply),
        }
    }
}
