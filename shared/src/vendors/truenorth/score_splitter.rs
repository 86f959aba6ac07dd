//! Cuts the answer to `POST /scores` into its users while it comes in: the
//! document knows no paging, so the answer may be of any length.

use crate::vendors::json::BYTE_ORDER_MARK;

/// The longest user that is held, in bytes.
const ELEMENT_MAX: usize = 4 * 1024 * 1024;

/// The answer is not what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

/// Finds the elements of the top-level list `userScores`. It counts brackets
/// outside of strings; whether an element is JSON is for its reader to say.
#[derive(Default)]
pub(super) struct Splitter {
    /// How much of a byte-order mark was seen.
    mark: usize,
    depth: usize,
    in_string: bool,
    escaped: bool,
    /// The last string directly within the document: before a list, its key.
    key: Vec<u8>,
    in_list: bool,
    had_list: bool,
    is_complete: bool,
    element: Vec<u8>,
}

impl Splitter {
    /// Takes the next piece and passes on each element that it completes.
    ///
    /// # Errors
    /// [`Malformed`] where this cannot be such an answer.
    pub(super) fn feed(&mut self, piece: &[u8], mut sink: impl FnMut(&[u8])) -> Result<(), Malformed> {
        for &byte in piece {
            if self.depth == 0 && (byte.is_ascii_whitespace() || self.is_mark(byte)) {
                continue;
            }
            if self.is_complete || (self.depth == 0 && byte != b'{') {
                return Err(Malformed);
            }
            if self.in_string {
                self.string(byte)
            } else {
                self.structure(byte, &mut sink)?
            }
            if self.element.len() > ELEMENT_MAX {
                return Err(Malformed);
            }
        }
        Ok(())
    }

    /// Whether a byte goes on with a byte-order mark.
    fn is_mark(&mut self, byte: u8) -> bool {
        let is_next = !self.is_complete && BYTE_ORDER_MARK.get(self.mark) == Some(&byte);
        self.mark += usize::from(is_next);
        is_next
    }

    /// Whether a whole answer with its list was seen.
    pub(super) fn is_complete(&self) -> bool {
        self.is_complete && self.had_list
    }

    fn string(&mut self, byte: u8) {
        self.keep(byte);
        match byte {
            _ if self.escaped => self.escaped = false,
            b'\\' => self.escaped = true,
            b'"' => self.in_string = false,
            _ if self.depth == 1 && self.key.len() < 64 => self.key.push(byte),
            _ => {}
        }
    }

    fn structure(&mut self, byte: u8, sink: &mut impl FnMut(&[u8])) -> Result<(), Malformed> {
        match byte {
            b'"' => {
                self.in_string = true;
                if self.depth == 1 {
                    self.key.clear();
                }
                self.keep(byte);
            }
            b'{' | b'[' => {
                if self.depth == 1 && byte == b'[' && self.key == b"userScores" {
                    (self.in_list, self.had_list) = (true, true);
                }
                self.depth += 1;
                self.keep(byte);
            }
            b'}' | b']' => {
                self.keep(byte);
                self.close(sink)?;
            }
            _ => self.keep(byte),
        }
        Ok(())
    }

    fn close(&mut self, sink: &mut impl FnMut(&[u8])) -> Result<(), Malformed> {
        self.depth = self.depth.checked_sub(1).ok_or(Malformed)?;
        match self.depth {
            0 => self.is_complete = true,
            1 => self.in_list = false,
            2 if self.in_list => {
                sink(&self.element);
                self.element.clear();
            }
            _ => {}
        }
        Ok(())
    }

    /// Keeps a byte that belongs to an element of the list.
    fn keep(&mut self, byte: u8) {
        if self.in_list && self.depth > 2 {
            self.element.push(byte);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn split(pieces: &[&[u8]]) -> (Vec<String>, bool) {
        let (mut splitter, mut found) = (Splitter::default(), Vec::new());
        let mut feed = |piece: &&[u8]| splitter.feed(piece, |e| found.push(String::from_utf8_lossy(e).into_owned()));
        let fed = pieces.iter().all(|piece| feed(piece).is_ok());
        (found, fed && splitter.is_complete())
    }

    const ANSWER: &str =
        r#"{"appliedFilters":{"groupIds":["userScores",[{}]]},"userScores":[{"a":"}\"]","b":[1]}, {"c":{}}]}"#;

    #[test]
    fn users_are_found_one_by_one_wherever_the_pieces_end() {
        let whole = split(&[ANSWER.as_bytes()]);
        assert_eq!(whole, (vec![r#"{"a":"}\"]","b":[1]}"#.to_owned(), r#"{"c":{}}"#.to_owned()], true));
        for answer in [ANSWER.to_owned(), format!("\u{feff}{ANSWER}")] {
            for at in 0..answer.len() {
                let (front, back) = answer.as_bytes().split_at(at);
                assert_eq!(split(&[front, back]), whole);
            }
        }
    }

    #[test]
    fn a_cut_or_foreign_answer_is_never_complete() {
        assert!(!split(&[&ANSWER.as_bytes()[..ANSWER.len() - 1]]).1);
        assert!(!split(&[b"<html><style>a{}</style>"]).1);
        assert!(!split(&[b"{}"]).1);
        assert!(split(&[br#"{"userScores":[]}"#]).1);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), like in r#"[{}\[\]"\\a:,]{0,80}"#) {
            split(&[&bytes]);
            split(&[b"{\"userScores\":[", like.as_bytes()]);
        }
    }
}
