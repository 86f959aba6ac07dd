//! Inputs that are nearly right: mutants of a corpus, the same ones in every run.

/// Texts that parsers trip over.
const NASTY: &[&[u8]] = &[
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\r\n",
    b"\r\n\r\n",
    b"--",
    b"\"",
    b"\\",
    b"\\u",
    b"\\ud800",
    b"\\u0000",
    b"\\x",
    b"{",
    b"}",
    b"[",
    b"]",
    b"[[[[[[[[",
    b"{\"a\":",
    b"null",
    b"true",
    b"\"\"",
    b"-0",
    b"1e400",
    b"1e-400",
    b"1e200",
    b"NaN",
    b"Infinity",
    b"18446744073709551616",
    b"-9223372036854775809",
    b"0.1e1",
    b"%",
    b"%00",
    b"%zz",
    b"+",
    b"&",
    b"=",
    b";",
    b",",
    b"\xf0\x9f\x92\xa9",
    b"\xc0\x80",
    b"\xed\xa0\x80",
    b"\xe2\x80\xa8",
    b"\x7f",
    b" ",
    b"\t",
    b"\n",
    b"res_",
    b"9999",
    b"9999999999",
    b"0000",
    b"-1",
    b"..",
    b"/",
    b"#",
];

/// Makes mutants. The name of the target decides which.
pub(crate) struct Mutator {
    state: u64,
    corpus: Vec<Vec<u8>>,
    max: usize,
}

impl Mutator {
    pub(crate) fn new(target: &str, corpus: Vec<Vec<u8>>, max: usize) -> Self {
        let state =
            target.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, b| (hash ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
        Self { state, corpus, max }
    }

    /// The next input: mostly a corpus entry with a few changes, sometimes noise.
    pub(crate) fn next(&mut self) -> Vec<u8> {
        if self.below(40) == 0 {
            let length = self.below(200);
            return (0..length).map(|_| self.byte()).collect();
        }
        let which = self.below(self.corpus.len());
        let mut input = self.corpus[which].clone();
        // Often one change: more of them seldom leave a document whole.
        let changes = [0, 0, 0, 1, 2, 4];
        for _ in 0..=changes[self.below(changes.len())] {
            self.change(&mut input);
        }
        input.truncate(self.max);
        input
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let (from, to) = self.range(input.len());
        match self.below(9) {
            0 if from < input.len() => input[from] ^= 1 << self.below(8),
            1 if from < input.len() => input[from] = self.byte(),
            2 => drop(input.drain(from..to)),
            3 => input.truncate(from),
            4 => {
                let piece = input[from..to].to_vec();
                let times = 1 + self.below(3);
                input.splice(from..from, piece.repeat(times));
            }
            5 => {
                let other = self.below(self.corpus.len());
                let other = &self.corpus[other].clone();
                let (start, end) = self.range(other.len());
                input.splice(from..to, other[start..end].iter().copied());
            }
            6 => self.number(input, from),
            _ => {
                let nasty = NASTY[self.below(NASTY.len())];
                let end = if self.below(2) == 0 { from } else { to.min(from + nasty.len()) };
                input.splice(from..end, nasty.iter().copied());
            }
        }
    }

    /// Replaces the next number by an extreme one.
    fn number(&mut self, input: &mut Vec<u8>, from: usize) {
        let Some(start) = input[from..].iter().position(u8::is_ascii_digit).map(|at| from + at) else { return };
        let length = input[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let extreme =
            [&b"0"[..], b"1", b"-1", b"6.0000001", b"1e308", b"1e-320", b"4294967296", b"99999999999999999999"];
        let extreme = extreme[self.below(extreme.len())];
        input.splice(start..start + length, extreme.iter().copied());
    }

    /// A short range within a length; empty at its end.
    fn range(&mut self, length: usize) -> (usize, usize) {
        let from = self.below(length + 1);
        let longest = (length - from).min(1 << self.below(8));
        (from, from + self.below(longest + 1))
    }

    /// Any byte, and a printable one as often as not.
    fn byte(&mut self) -> u8 {
        let byte = self.random().to_le_bytes()[5];
        if self.below(2) == 0 { byte } else { b' ' + byte % 95 }
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.random() % bound.max(1) as u64) as usize
    }

    /// SplitMix64.
    fn random(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}
