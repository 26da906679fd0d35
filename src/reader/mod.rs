//! The external reader protocol: what a program is given that reads a format unknown here, and what it answers.
//!
//! The program gets the files in one JSON document and prints what they mean in another. Here is what both say; running
//! the program is an operation. What is not understood in an answer is an error, and nothing of such an answer is used.

mod answer;
mod meaning;
mod texts;

pub use answer::AnswerDocument;

use crate::catalog::read::{Document as _, Reader};
use crate::diag::{Code, Finding, Source, any_error};
use crate::syntax::json;
use crate::targets::Imported;
use serde_json::{Value, json};
use std::sync::Arc;

/// What the document for the program says that it is.
pub const READ_SCHEMA: &str = "egressor/read/v1";

/// An answer that was understood.
#[derive(Debug, Clone)]
pub struct Answer {
    /// What the program calls the format.
    pub format: String,
    /// What the files mean, and what the program says of them.
    pub imported: Imported,
}

/// The document for the program: the files, each with its name and its text.
pub fn question(sources: &[Arc<Source>]) -> String {
    let file = |source: &Arc<Source>| json!({"name": source.name(), "text": source.text()});
    let files: Vec<Value> = sources.iter().map(file).collect();
    json!({"schema": READ_SCHEMA, "files": files}).to_string()
}

/// The JSON Schema of the document for the program.
pub fn question_schema() -> Value {
    let file = json!({
        "type": "object",
        "description": "One file.",
        "required": ["name", "text"],
        "additionalProperties": false,
        "properties": {
            "name": {"type": "string", "description": "The file as the user named it; an answer refers to it by this name."},
            "text": {"type": "string", "description": "Its text."},
        },
    });
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "egressor read",
        "description": "What an external reader gets on standard input.",
        "type": "object",
        "required": ["schema", "files"],
        "additionalProperties": false,
        "properties": {
            "schema": {"const": READ_SCHEMA, "description": "The version of the protocol."},
            "files": {"type": "array", "minItems": 1, "items": file, "description": "The files, which are one rule set together."},
        },
    })
}

/// The JSON Schema of an answer.
pub fn answer_schema() -> Value {
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "egressor answer",
        "description": "What an external reader prints on standard output.",
    });
    if let (Some(schema), Value::Object(document)) = (schema.as_object_mut(), AnswerDocument::schema()) {
        schema.extend(document);
    }
    let rule = schema.pointer_mut("/properties/scopes/items/properties/rules/items");
    if let Some(rule) = rule.and_then(Value::as_object_mut) {
        let peers = ["cidrs", "names", "groups"].map(|peers| json!({"required": [peers]}));
        rule.insert("oneOf".to_owned(), peers.to_vec().into());
        let with = json!({"except_names": ["names"], "except_groups": ["groups"]});
        rule.insert("dependentRequired".to_owned(), with);
    }
    schema
}

/// What an answer means for the files that were asked about. All that is wrong with it is told, and nothing of such an
/// answer is used.
pub fn answer(text: &Arc<Source>, files: &[Arc<Source>]) -> Result<Answer, Vec<Finding>> {
    let tree = json::parse(text, Code::ReaderAnswer).map_err(|finding| vec![finding])?;
    let mut reader = Reader::new(Arc::clone(text));
    let document = AnswerDocument::read(&tree, &mut reader);
    let answer = match document {
        Some(document) if !any_error(&reader.findings) => Some(meaning::of(&document, files, &mut reader)),
        Some(_) | None => None,
    };
    // The declarations are those of catalogs, the findings are not.
    let about_the_answer = |finding: Finding| Finding { code: Code::ReaderAnswer, ..finding };
    match answer {
        Some(answer) if !any_error(&reader.findings) => Ok(answer),
        Some(_) | None => Err(reader.findings.into_iter().map(about_the_answer).collect()),
    }
}
