//! Whom a change would concern, as previews tell it: how many, and the first by name.

use serde_json::{Value, json};
use types::Result;

use super::ScannedUser;

/// People who are named; the rest is counted.
const NAMES: usize = 100;

/// People who are counted one by one.
#[derive(Debug, Default)]
pub struct People {
    /// How many.
    pub count: u64,
    users: Vec<Value>,
}

impl People {
    /// One more of them.
    pub fn count_in(&mut self, user: &ScannedUser) -> Result<()> {
        self.count += 1;
        if self.users.len() < NAMES {
            let properties = user.properties()?;
            self.users.push(json!({
                "id": user.id,
                "displayName": properties.get("displayName"),
                "userPrincipalName": properties.get("userPrincipalName"),
            }));
        }
        Ok(())
    }

    /// As the API tells it: `count`, and in `users` the first.
    pub fn into_json(self) -> Value {
        json!({"count": self.count, "users": self.users})
    }
}
