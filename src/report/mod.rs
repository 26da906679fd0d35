//! What was found and what rules mean, for people and for programs.

mod finding;
mod policy_json;
mod policy_schema;
mod row;
mod table;

pub use finding::{FindingJson, human};
pub use policy_json::PolicyJson;
pub use policy_schema::policy_schema;
pub use row::{OriginJson, RowJson, row_text};
pub use table::table;
