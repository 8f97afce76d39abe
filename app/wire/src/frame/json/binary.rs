//! Bytes as text: base64 with its padding (RFC 4648, section 4), in which every bytes are written in one way only.
//! A crate for all of its kinds weighs more than frames do. Refuses to know what the bytes are.

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// What stands for nothing.
const NONE: u8 = 0xff;

/// What each byte stands for.
const VALUES: [u8; 256] = {
    let mut values = [NONE; 256];
    let mut value = 0;
    while value < 64 {
        values[LETTERS[value] as usize] = value as u8;
        value += 1;
    }
    values
};

pub(super) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    let letter = |word: u32, at: u32| char::from(LETTERS[(word >> (18 - 6 * at)) as usize % 64]);
    for part in bytes.chunks(3) {
        let byte = |at| part.get(at).map_or(0, |byte| u32::from(*byte));
        let word = byte(0) << 16 | byte(1) << 8 | byte(2);
        text.push(letter(word, 0));
        text.push(letter(word, 1));
        text.push(if part.len() > 1 { letter(word, 2) } else { '=' });
        text.push(if part.len() > 2 { letter(word, 3) } else { '=' });
    }
    text
}

/// `None` for what [`encode`] never writes.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let (parts, rest) = text.as_bytes().as_chunks::<4>();
    let mut bytes = Vec::with_capacity(parts.len() * 3);
    for (at, part) in parts.iter().enumerate() {
        let letters = match part {
            [.., b'=', b'='] if at + 1 == parts.len() => 2,
            [.., b'='] if at + 1 == parts.len() => 3,
            _ => 4,
        };
        let (mut word, mut wrong) = (0, 0);
        for letter in &part[..letters] {
            let value = VALUES[usize::from(*letter)];
            wrong |= value & !63;
            word = word << 6 | u32::from(value);
        }
        let [_, whole @ ..] = (word << (6 * (4 - letters))).to_be_bytes();
        let (kept, left) = whole.split_at(letters - 1);
        if wrong != 0 || left.iter().any(|byte| *byte != 0) {
            return None;
        }
        bytes.extend_from_slice(kept);
    }
    rest.is_empty().then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 4_096, ..ProptestConfig::default() })]

        #[test]
        fn bytes_are_written_and_read_as_by_others(
            bytes in prop::collection::vec(any::<u8>(), 0..12),
            text in "[A-Da-d0-3+/=_\\- é]{0,9}",
            end in "[A-Z=]{0,4}",
        ) {
            let written = encode(&bytes);
            prop_assert_eq!(&written, &STANDARD.encode(&bytes));
            for text in [&format!("{written}{end}"), &written, &text, &format!("{end}{text}")] {
                prop_assert_eq!(decode(text), STANDARD.decode(text).ok(), "{}", text);
            }
        }
    }
}
