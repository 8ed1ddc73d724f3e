//! Fingerprints: short texts that stay the same from run to run and release to release.

/// The fingerprint of some parts, in this order: 32 hexadecimal digits (FNV-1a of 128 bits, each part ended by a zero byte).
pub fn fingerprint<'p>(parts: impl IntoIterator<Item = &'p str>) -> String {
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013B;
    let mut hash: u128 = 0x6C62_272E_07BB_0142_62B8_2175_6295_C58D;
    for part in parts {
        for byte in part.bytes().chain([0]) {
            hash = (hash ^ u128::from(byte)).wrapping_mul(PRIME);
        }
    }
    format!("{hash:032x}")
}

#[cfg(test)]
mod tests {
    use super::fingerprint;

    #[test]
    fn never_changes() {
        assert_eq!(fingerprint([]), "6c62272e07bb014262b821756295c58d");
        assert_eq!(fingerprint(["a", "b"]), fingerprint(["a", "b"]));
        assert_ne!(fingerprint(["a", "b"]), fingerprint(["ab"]));
        assert_eq!(fingerprint(["host-pid", "v1/Pod a"]).len(), 32);
    }
}
