//! What was found and what rules mean, for people and for programs.

mod check_json;
mod check_schema;
mod finding;
mod policy_json;
mod policy_schema;
mod row;
mod table;

pub use check_json::{AnswerJson, CheckJson, DecidingJson};
pub use check_schema::{check_schema, lint_schema};
pub use finding::{FindingJson, human};
pub use policy_json::PolicyJson;
pub use policy_schema::policy_schema;
pub use row::{OriginJson, RowJson, row_text};
pub use table::table;
