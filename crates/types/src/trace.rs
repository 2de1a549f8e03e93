//! Decision traces: which settings of which tenants were asked, what each said, and what would
//! change it. Refusals, `explain`, readiness and hints in the admin centre all show the same trace.

use serde::{Deserialize, Serialize};

use crate::TenantId;

/// One setting that was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// Whose setting it is.
    pub tenant_id: TenantId,
    /// Its name as the API has it: `partners/{id}.automaticUserConsentSettings.outboundAllowed`.
    pub setting: String,
    /// Its value in words that may be disclosed to the asker.
    pub value: String,
    /// Whether it lets the request pass.
    pub allowed: bool,
    /// Which of a setting's reasons it is, where it has several: `AdmissionMaxUsers`. It doesn't change
    /// with the words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Why, in a sentence.
    pub reason: String,
    /// The change that would let it pass, where there is one.
    pub mend: Option<Mend>,
}

impl Step {
    /// A setting of a tenant that was asked, without a mend.
    pub fn new(
        tenant_id: TenantId,
        setting: &str,
        value: &str,
        allowed: bool,
        reason: &str,
    ) -> Self {
        Self {
            tenant_id,
            setting: setting.into(),
            value: value.into(),
            allowed,
            code: None,
            reason: reason.into(),
            mend: None,
        }
    }
}

/// A change that would turn a refusal into a yes, as a request to the API of the step's tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mend {
    /// HTTP method.
    pub method: String,
    /// Path on this API.
    pub path: String,
    /// JSON body, null where there is none.
    pub body: serde_json::Value,
}

/// A decision with its steps, in the order of evaluation; the deciding step is the last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// Whether every step said yes.
    pub allowed: bool,
    /// The steps.
    pub steps: Vec<Step>,
}

impl Trace {
    /// A decision that nothing has refused yet.
    pub const fn new() -> Self {
        Self {
            allowed: true,
            steps: Vec::new(),
        }
    }
    /// Adds a step unless the decision has fallen already; returns whether it still stands.
    pub fn step(&mut self, step: Step) -> bool {
        if self.allowed {
            self.allowed = step.allowed;
            self.steps.push(step);
        }
        self.allowed
    }
    /// Adds the steps of the other side's decision.
    pub fn join(&mut self, other: Self) -> bool {
        for step in other.steps {
            self.step(step);
        }
        self.allowed
    }
    /// The step that refused, if one did.
    pub fn refusal(&self) -> Option<&Step> {
        self.steps.last().filter(|_| !self.allowed)
    }
}

impl Default for Trace {
    fn default() -> Self {
        Self::new()
    }
}
