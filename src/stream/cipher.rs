//! Encrypts what is sold: AES-128 in CBC mode with PKCS#7 padding, as `EXT-X-KEY:METHOD=AES-128` means it (RFC 8216,
//! 4.3.2.4).
//!
//! The work is OpenSSL's, which uses the processor's own AES. The same segment under the same key becomes the same
//! bytes on every try, so that a retry never stores other bytes under an immutable name.

use openssl::cipher::Cipher;
use openssl::cipher_ctx::CipherCtx;
use openssl::error::ErrorStack;

use super::facts::ContentKey;

/// Bytes of a block, which are the most that padding adds.
pub const BLOCK: usize = 16;

/// Encrypts `body` where it lies. No copy is made where its capacity has room for another [`BLOCK`].
///
/// # Errors
/// OpenSSL's; none is known to happen. `body` is worth nothing then.
pub fn encrypt(body: &mut Vec<u8>, key: &ContentKey, iv: &[u8; 16]) -> Result<(), ErrorStack> {
    let len = body.len();
    let mut context = CipherCtx::new()?;
    context.encrypt_init(Some(Cipher::aes_128_cbc()), Some(&key.0), Some(iv))?;
    body.resize(len + BLOCK, 0);
    let whole = context.cipher_update_inplace(body, len)?;
    let last = match body.get_mut(whole..) {
        Some(rest) => context.cipher_final(rest)?,
        None => 0,
    };
    body.truncate(whole + last);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
        digits.chunks(2).map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap()).collect()
    }

    fn key(hex: &str) -> ContentKey {
        ContentKey(bytes(hex).try_into().unwrap())
    }

    /// NIST SP 800-38A, F.2.1, CBC-AES128.Encrypt.
    const KEY: &str = "2b7e151628aed2a6abf7158809cf4f3c";
    const IV: &str = "000102030405060708090a0b0c0d0e0f";
    const PLAIN: [&str; 4] = [
        "6bc1bee22e409f96e93d7e117393172a",
        "ae2d8a571e03ac9c9eb76fac45af8e51",
        "30c81c46a35ce411e5fbc1191a0a52ef",
        "f69f2445df4f9b17ad2b417be66c3710",
    ];
    const SECRET: [&str; 4] = [
        "7649abac8119b246cee98e9b12e9197d",
        "5086cb9b507219ee95db113a917678b2",
        "73bed6b8e3c1743b7116e69e22229516",
        "3ff1caa1681fac09120eca307586e1a7",
    ];

    #[test]
    fn it_encrypts_as_nist_says() {
        let mut body = bytes(&PLAIN.concat());
        encrypt(&mut body, &key(KEY), &bytes(IV).try_into().unwrap()).unwrap();
        assert_eq!(body[..64], bytes(&SECRET.concat())[..]);
        assert_eq!(body.len(), 80, "a whole block of padding follows whole blocks");
        // The padding is a block of sixteens, chained to the last one.
        let mut padding = vec![];
        encrypt(&mut padding, &key(KEY), &bytes(SECRET[3]).try_into().unwrap()).unwrap();
        assert_eq!(body[64..], padding[..]);
    }

    #[test]
    fn every_length_is_padded_and_comes_back_whole() {
        for len in [0, 1, 15, 16, 17, 188, 188 * 3, 188 * 4, 752_000] {
            let plain: Vec<u8> = (0..len).map(|n: usize| u8::try_from(n % 251).unwrap()).collect();
            let iv: [u8; 16] = bytes(IV).try_into().unwrap();
            let mut body = plain.clone();
            encrypt(&mut body, &key(KEY), &iv).unwrap();
            assert_eq!(body.len(), (len / BLOCK + 1) * BLOCK, "{len}");
            let again =
                openssl::symm::decrypt(openssl::symm::Cipher::aes_128_cbc(), &key(KEY).0, Some(&iv), &body).unwrap();
            assert!(again == plain, "{len}");
        }
    }

    #[test]
    fn a_buffer_with_room_is_not_moved() {
        let mut body = Vec::with_capacity(752_000 + BLOCK);
        body.resize(752_000, 7);
        let before = body.as_ptr();
        encrypt(&mut body, &key(KEY), &bytes(IV).try_into().unwrap()).unwrap();
        assert_eq!(body.as_ptr(), before);
    }
}
