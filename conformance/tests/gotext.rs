//! Quoted text against Go's `strconv.Quote`: every code point, and bytes that are not UTF-8.

use seawall_conformance::Oracle;
use seawall_model::gotext::{quote, quote_bytes};

#[test]
fn every_code_point() {
    let all: Vec<char> = ('\0'..=char::MAX).collect();
    let texts: Vec<String> = all.chunks(512).map(|chunk| chunk.iter().collect()).collect();
    let answers = Oracle::start("gotext").ask_all(&texts);
    for (text, answer) in texts.iter().zip(answers) {
        assert_eq!(quote(text).as_bytes(), answer);
        assert_eq!(quote_bytes(text.as_bytes()), quote(text));
    }
}

#[test]
fn bytes_that_are_not_utf8() {
    let mut texts: Vec<Vec<u8>> = Vec::new();
    for a in 0x7f..=0xff_u8 {
        for b in [b'a', 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff] {
            for c in [b'"', 0x80, 0xbf, 0xc3] {
                texts.push(vec![a, b, c, 0x80, b'z']);
            }
        }
    }
    let answers = Oracle::start("gotext").ask_all(&texts);
    for (text, answer) in texts.iter().zip(answers) {
        assert_eq!(quote_bytes(text).as_bytes(), answer, "{text:x?}");
    }
}
