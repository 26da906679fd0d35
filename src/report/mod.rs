//! What was found and what rules mean, for people and for programs.

mod finding;
mod policy_json;
mod policy_schema;
mod row;
mod table;

pub use finding::{finding_json, human};
pub use policy_json::policy_json;
pub use policy_schema::policy_schema;
pub use row::{row_json, row_text};
pub use table::table;
