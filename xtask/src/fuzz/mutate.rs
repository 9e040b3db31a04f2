//! New inputs from old ones: flipped bits, changed bytes, tokens, splices, repeats, cuts.

use crate::rng::Rng;

/// Longest input, in bytes.
pub(crate) const INPUT_MAX: usize = 64 * 1024;
/// Most changes of one input.
const CHANGES_MAX: u64 = 6;
/// Most copies of a repeated piece: deep nesting comes from here.
const REPEATS_MAX: u64 = 400;
/// Bytes that parsers look at.
const TELLING: &[u8] = b"\0\n\r\t !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~09azAZ\x7f\x80\xbf\xc3\xe2\xf0\xff";

/// A changed copy of one of `corpus`.
pub(crate) fn mutate(corpus: &[Vec<u8>], dictionary: &[&str], rng: &mut Rng) -> Vec<u8> {
    let mut input = rng.pick(corpus).cloned().unwrap_or_default();
    for _ in 0..rng.between(1, CHANGES_MAX) {
        change(&mut input, corpus, dictionary, rng);
    }
    input.truncate(INPUT_MAX);
    input
}

fn change(input: &mut Vec<u8>, corpus: &[Vec<u8>], dictionary: &[&str], rng: &mut Rng) {
    let at = rng.below(input.len() + 1);
    let (start, end) = piece(input.len(), rng);
    match rng.below(10) {
        0 => {
            if let Some(byte) = input.get_mut(at) {
                *byte ^= 1 << rng.below(8);
            }
        }
        1 => {
            if let (Some(byte), Some(telling)) = (input.get_mut(at), rng.pick(TELLING)) {
                *byte = *telling;
            }
        }
        2 => insert(input, at, &rng.next().to_le_bytes()[..1]),
        3 | 4 => {
            let token = rng.pick(dictionary).copied().unwrap_or_default();
            insert(input, at, token.as_bytes());
        }
        5 => {
            let token = rng.pick(dictionary).copied().unwrap_or_default();
            input.splice(start..end, token.bytes());
        }
        6 => {
            input.drain(start..end);
        }
        7 => {
            let other = rng.pick(corpus).cloned().unwrap_or_default();
            let (from, to) = piece(other.len(), rng);
            input.splice(start..end, other[from..to].iter().copied());
        }
        8 => {
            let copies = if rng.chance(20) { rng.between(2, REPEATS_MAX) } else { 2 };
            let piece = input[start..end].repeat(usize::try_from(copies).unwrap_or(1));
            insert(input, at, &piece[..piece.len().min(INPUT_MAX)]);
        }
        _ => input.truncate(at),
    }
}

fn insert(input: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    if input.len() + bytes.len() <= INPUT_MAX {
        input.splice(at..at, bytes.iter().copied());
    }
}

/// A random stretch, mostly short.
fn piece(length: usize, rng: &mut Rng) -> (usize, usize) {
    let start = rng.below(length + 1);
    let longest = if rng.chance(80) { 16 } else { length };
    let end = start + rng.below(longest.min(length - start) + 1);
    (start, end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_inputs_within_the_limit() {
        let corpus = vec![b"abc(def)".to_vec(), Vec::new(), vec![7; INPUT_MAX]];
        let run = |seed| {
            let mut rng = Rng::new(seed);
            (0..500).map(|_| mutate(&corpus, &["(", "'", " eq "], &mut rng)).collect::<Vec<_>>()
        };
        let inputs = run(5);
        assert_eq!(inputs, run(5));
        assert!(inputs.iter().all(|input| input.len() <= INPUT_MAX));
        assert!(inputs.iter().filter(|input| !corpus.contains(input)).count() > 400);
    }

    #[test]
    fn nothing_to_start_from_is_allowed() {
        let mut rng = Rng::new(1);
        for _ in 0..200 {
            mutate(&[], &[], &mut rng);
        }
    }
}
