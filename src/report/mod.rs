//! What was found and what rules mean, for people and for programs.

mod catalog_diff;
mod catalog_diff_schema;
mod change;
mod check_json;
mod check_schema;
mod diff_human;
mod diff_json;
mod diff_markdown;
mod diff_schema;
mod finding;
mod html;
mod policy_human;
mod policy_json;
mod policy_schema;
mod row;
mod sarif;
mod table;
mod words;

pub use catalog_diff::{CatalogDiffJson, CatalogRevision, catalog_diff_human, catalog_diff_markdown};
pub use catalog_diff_schema::catalog_diff_schema;
pub use change::Comparison;
pub use check_json::{AnswerJson, CheckJson, DecidingJson};
pub use check_schema::{check_schema, lint_schema};
pub use diff_human::diff_human;
pub use diff_json::DiffJson;
pub use diff_markdown::{MARKDOWN_LIMIT, diff_markdown};
pub use diff_schema::diff_schema;
pub use finding::{FindingJson, human};
pub use html::{catalog_diff_html, diff_html};
pub use policy_human::policy_human;
pub use policy_json::PolicyJson;
pub use policy_schema::policy_schema;
pub use row::{OriginJson, RowJson};
pub use sarif::diff_sarif;
pub use table::table;
pub use words::{row_in_words, rows_in_words};
