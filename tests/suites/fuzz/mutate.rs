//! Inputs that are nearly right: mutants of a corpus, the same ones in every run.

/// Texts that parsers trip over: bytes, syntax, and what stands for a value.
const NASTY: [&[&[u8]]; 6] = [
    &[b"\0", b"\xff", b"\x7f", b" ", b"\t", b"\n", b"\r\n", b"\r\n\r\n", b"\xc0\x80"],
    &[b"\xef\xbb\xbf", b"\xf0\x9f\x92\xa9", b"\xed\xa0\x80", b"\xe2\x80\xa8", b"[[[[[[[[", b"{\"a\":"],
    &[
        b"--", b"..", b"/", b"#", b"%", b"%00", b"%zz", b"+", b"&", b"=", b";", b",", b"{", b"}", b"[", b"]", b"\"",
        b"\\", b"\\u", b"\\ud800", b"\\u0000", b"\\x",
    ],
    &[b"null", b"true", b"\"\"", b"NaN", b"Infinity", b"res_"],
    &[b"-0", b"-1", b"0000", b"9999", b"9999999999", b"0.1e1", b"1e200", b"1e400", b"1e-400"],
    &[b"18446744073709551616", b"-9223372036854775809"],
];

/// Makes mutants. The name of the target decides which.
pub(crate) struct Mutator {
    random: fastrand::Rng,
    nasty: Vec<&'static [u8]>,
    corpus: Vec<Vec<u8>>,
    max: usize,
}

impl Mutator {
    pub(crate) fn new(target: &str, corpus: Vec<Vec<u8>>, max: usize) -> Self {
        let seed =
            target.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, b| (hash ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
        Self { random: fastrand::Rng::with_seed(seed), nasty: NASTY.concat(), corpus, max }
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
                let which = self.below(self.nasty.len());
                let nasty = self.nasty[which];
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
        if self.random.bool() { self.random.u8(..) } else { self.random.u8(b' '..=b'~') }
    }

    fn below(&mut self, bound: usize) -> usize {
        self.random.usize(..bound.max(1))
    }
}
