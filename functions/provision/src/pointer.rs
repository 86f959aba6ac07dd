//! JSON pointers to the place where parsing failed.

use serde_path_to_error::{Path, Segment};
use shared_core::domain::json_pointer::step;

pub(crate) fn from_path(path: &Path) -> String {
    path.iter().fold("#".to_owned(), |pointer, segment| match segment {
        Segment::Map { key } => step(&pointer, key),
        Segment::Seq { index } => step(&pointer, &index.to_string()),
        Segment::Enum { .. } | Segment::Unknown => pointer,
    })
}
