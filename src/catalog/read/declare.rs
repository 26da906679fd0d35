//! Declaring what stands in a file: one declaration gives the type, how it is read, and its schema.

/// Declares a mapping with known keys: the struct, how it is read, and its schema.
macro_rules! document {
    ($(#[doc = $about:literal])* $name:ident {
        $($(#[doc = $doc:literal])* $need:ident $field:ident: $type:ty,)*
    }) => {
        $(#[doc = $about])*
        #[derive(Debug, Clone, PartialEq)]
        pub struct $name {
            $($(#[doc = $doc])* pub $field: document!(@type $need $type),)*
        }

        impl $name {
            /// The keys, in the order of the schema.
            pub const KEYS: &'static [&'static str] = &[$($crate::catalog::read::key(stringify!($field))),*];
        }

        impl $crate::catalog::read::Document for $name {
            fn read(
                node: &$crate::syntax::yaml::Node,
                reader: &mut $crate::catalog::read::Reader,
            ) -> Option<Self> {
                let fields = reader.fields(node, Self::KEYS)?;
                // All fields are read before any is missed, so that every problem is reported.
                $(let $field =
                    fields.$need::<$type>($crate::catalog::read::key(stringify!($field)), reader);)*
                Some(Self { $($field: document!(@take $need $field)),* })
            }

            fn schema() -> serde_json::Value {
                let mut properties = serde_json::Map::new();
                let required: [Option<&str>; Self::KEYS.len()] = [$(document!(@require $need $field)),*];
                let required: Vec<&str> = required.into_iter().flatten().collect();
                $(
                    let property = <$type as $crate::catalog::read::Document>::schema();
                    let property = $crate::catalog::read::described(property, concat!($($doc),*).trim());
                    let key = $crate::catalog::read::key(stringify!($field));
                    properties.insert(key.to_owned(), property);
                )*
                serde_json::json!({
                    "type": "object",
                    "additionalProperties": false,
                    "properties": properties,
                    "required": required,
                })
            }
        }
    };
    (@type required $type:ty) => { $crate::catalog::read::At<$type> };
    (@type optional $type:ty) => { Option<$crate::catalog::read::At<$type>> };
    (@take required $field:ident) => { $field? };
    (@take optional $field:ident) => { $field };
    (@require required $field:ident) => { Some($crate::catalog::read::key(stringify!($field))) };
    (@require optional $field:ident) => { None };
}

/// Declares a closed set of words: the enum, how it is read, and its schema.
macro_rules! words {
    ($(#[doc = $about:literal])* $name:ident { $($(#[doc = $doc:literal])* $variant:ident = $word:literal,)* }) => {
        $(#[doc = $about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name {
            $($(#[doc = $doc])* $variant,)*
        }

        impl $name {
            /// The word in files and reports.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }
        }

        impl $crate::catalog::read::Word for $name {
            const ALL: &'static [Self] = &[$(Self::$variant),*];

            fn word(self) -> &'static str {
                self.as_str()
            }
        }

        impl $crate::catalog::read::Document for $name {
            fn read(
                node: &$crate::syntax::yaml::Node,
                reader: &mut $crate::catalog::read::Reader,
            ) -> Option<Self> {
                $crate::catalog::read::parsed(node, reader, "a word", |text| match text {
                    $($word => Ok(Self::$variant),)*
                    _ => Err(match $crate::diag::suggest(text, [$($word),*]) {
                        Some(near) => format!("`{text}` is not known here, did you mean `{near}`?"),
                        None => format!("`{text}` is not one of {}", [$($word),*].join(", ")),
                    }),
                })
            }

            fn schema() -> serde_json::Value {
                serde_json::json!({"type": "string", "enum": [$($word),*]})
            }
        }
    };
}

pub(crate) use {document, words};
