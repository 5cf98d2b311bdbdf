//! Verification of OAuth 1.0a signatures: RFC 5849 with HMAC-SHA1.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str};
use sha1::Sha1;

/// All characters but the unreserved ones of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The parameters of an `Authorization: OAuth` header.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) consumer_key: String,
    pub(crate) token: Option<String>,
    pub(crate) timestamp: i64,
    pub(crate) nonce: String,
    signature: String,
    /// The signed parameters of the header, decoded: all except `realm` and the signature.
    signed: Vec<(String, String)>,
}

impl Claim {
    /// Parses the header; `None` if a required parameter is missing, or any is repeated or
    /// malformed.
    pub(crate) fn parse(header: &str) -> Option<Self> {
        let (scheme, parameters) = header.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("oauth") {
            return None;
        }
        let mut signed = Vec::new();
        for parameter in parameters.split(',') {
            let (name, value) = parameter.trim().split_once('=')?;
            let value = value.strip_prefix('"')?.strip_suffix('"')?;
            let (name, value) = (decode(name)?, decode(value)?);
            if name == "realm" {
                continue;
            }
            if signed.iter().any(|(earlier, _)| *earlier == name) {
                return None;
            }
            signed.push((name, value));
        }
        let at = signed.iter().position(|(name, _)| name == "oauth_signature")?;
        let (_, signature) = signed.swap_remove(at);
        let get = |wanted: &str| signed.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone());
        if get("oauth_signature_method")? != "HMAC-SHA1" || get("oauth_version").is_some_and(|version| version != "1.0")
        {
            return None;
        }
        Some(Self {
            consumer_key: get("oauth_consumer_key")?,
            token: get("oauth_token"),
            timestamp: get("oauth_timestamp")?.parse().ok()?,
            nonce: get("oauth_nonce").filter(|nonce| !nonce.is_empty())?,
            signature,
            signed,
        })
    }

    pub(crate) fn get(&self, wanted: &str) -> Option<&str> {
        self.signed.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
    }

    /// Returns whether the signature is that of this request.
    pub(crate) fn signs(&self, request: &Signed<'_>, consumer_secret: &str, token_secret: &str) -> bool {
        let base = request.base_string(&self.signed);
        let key = format!("{}&{}", encode(consumer_secret), encode(token_secret));
        let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(key.as_bytes()) else { return false };
        mac.update(base.as_bytes());
        // Compares in constant time.
        STANDARD.decode(&self.signature).is_ok_and(|signature| mac.verify_slice(&signature).is_ok())
    }
}

/// The signed parts of a request.
#[derive(Clone, Copy)]
pub(crate) struct Signed<'a> {
    pub(crate) method: &'a str,
    /// `http` or `https`.
    pub(crate) scheme: &'a str,
    /// The `Host` header.
    pub(crate) host: &'a str,
    pub(crate) path: &'a str,
    /// The raw query.
    pub(crate) query: &'a str,
    /// The body if it is `application/x-www-form-urlencoded`, otherwise empty.
    pub(crate) form: &'a [u8],
}

impl Signed<'_> {
    /// Returns the signature base string (RFC 5849, section 3.4.1).
    fn base_string(&self, header: &[(String, String)]) -> String {
        let of_url = form_urlencoded::parse(self.query.as_bytes()).chain(form_urlencoded::parse(self.form));
        let of_url = of_url.map(|(name, value)| (encode(&name), encode(&value)));
        let of_header = header.iter().map(|(name, value)| (encode(name), encode(value)));
        let mut parameters: Vec<(String, String)> = of_url.chain(of_header).collect();
        parameters.sort_unstable();
        let pairs: Vec<String> = parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let host = self.host.to_ascii_lowercase();
        let default_port = if self.scheme.eq_ignore_ascii_case("https") { ":443" } else { ":80" };
        let host = host.strip_suffix(default_port).unwrap_or(&host);
        let url = format!("{}://{host}{}", self.scheme.to_ascii_lowercase(), self.path);
        format!("{}&{}&{}", self.method.to_ascii_uppercase(), encode(&url), encode(&pairs.join("&")))
    }
}

fn encode(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, RESERVED).to_string()
}

/// Percent-decodes a text, leaving `+` as it is.
fn decode(text: &str) -> Option<String> {
    percent_decode_str(text).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: Signed<'static> =
        Signed { method: "GET", scheme: "https", host: "api.x.com", path: "/", query: "", form: b"" };

    fn header(parameters: &[(&str, &str)]) -> String {
        let parameters: Vec<_> =
            parameters.iter().map(|(name, value)| format!("{name}=\"{}\"", encode(value))).collect();
        format!("OAuth {}", parameters.join(", "))
    }

    /// The example of RFC 5849, section 3.4.1.1.
    #[test]
    fn the_base_string_matches_the_rfc() {
        let header = "OAuth realm=\"Example\", oauth_consumer_key=\"9djdj82h48djs9d2\", oauth_token=\"kkk9d7dh3k39sjv7\", \
                      oauth_signature_method=\"HMAC-SHA1\", oauth_timestamp=\"137131201\", oauth_nonce=\"7d8f3e4a\", \
                      oauth_signature=\"bYT5CMsGcbgUdFHObYMEfcx6bsw%3D\"";
        let claim = Claim::parse(header).unwrap();
        let request = Signed {
            method: "post",
            scheme: "http",
            host: "EXAMPLE.COM:80",
            path: "/request",
            query: "b5=%3D%253D&a3=a&c%40=&a2=r%20b",
            form: b"c2&a3=2+q",
        };
        let expected = "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D\
                        %26c%2540%3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a\
                        %26oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D137131201\
                        %26oauth_token%3Dkkk9d7dh3k39sjv7";
        assert_eq!(request.base_string(&claim.signed), expected);
    }

    /// The examples of X's page "Creating a signature", in its present and its former version.
    #[test]
    fn the_signatures_match_those_of_x() {
        let variants = [
            ("api.twitter.com", "/1/statuses/update.json", "tnnArxj06cWHq44gCs1OSKk/jLY="),
            ("api.twitter.com", "/1.1/statuses/update.json", "hCtSmYh+iHYCEqBWrE7C7hYmtUk="),
            ("api.x.com", "/1.1/statuses/update.json", "Ls93hJiZbQ3akF3HF3x1Bz8/zU4="),
        ];
        let mut right = Vec::new();
        for (host, path, signature) in variants {
            let header = header(&[
                ("oauth_consumer_key", "xvz1evFS4wEEPTGEFPHBog"),
                ("oauth_nonce", "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg"),
                ("oauth_signature", signature),
                ("oauth_signature_method", "HMAC-SHA1"),
                ("oauth_timestamp", "1318622958"),
                ("oauth_token", "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb"),
                ("oauth_version", "1.0"),
            ]);
            let form = b"status=Hello%20Ladies%20%2B%20Gentlemen%2C%20a%20signed%20OAuth%20request%21";
            let request = Signed { method: "POST", scheme: "https", host, path, query: "include_entities=true", form };
            let claim = Claim::parse(&header).unwrap();
            let secrets = ("kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw", "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE");
            right.push(claim.signs(&request, secrets.0, secrets.1));
            assert!(!claim.signs(&request, secrets.1, secrets.0), "{signature}");
        }
        assert_eq!(right, [true, true, true]);
    }

    /// The example of RFC 5849, sections 1.2 and 3.1.
    #[test]
    fn the_signature_matches_that_of_the_rfc() {
        let header = "OAuth oauth_consumer_key=\"dpf43f3p2l4k3l03\", oauth_token=\"nnch734d00sl2jdk\", \
                      oauth_signature_method=\"HMAC-SHA1\", oauth_timestamp=\"137131202\", oauth_nonce=\"chapoH\", \
                      oauth_signature=\"MdpQcU8iPSUjWoN%2FUDMsK2sui9I%3D\"";
        let (host, path, query) = ("photos.example.net", "/photos", "file=vacation.jpg&size=original");
        let request = Signed { scheme: "http", host, path, query, ..EMPTY };
        assert!(Claim::parse(header).unwrap().signs(&request, "kd94hf93k423kf44", "pfkkdhi9sl3r4s00"));
    }

    #[test]
    fn rejects_invalid_authorization_headers() {
        let good = [
            ("oauth_consumer_key", "key"),
            ("oauth_nonce", "n"),
            ("oauth_signature", "AAAA"),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", "1"),
        ];
        assert!(Claim::parse(&header(&good)).is_some());
        for missing in 0..good.len() {
            let mut fewer = good.to_vec();
            fewer.remove(missing);
            assert!(Claim::parse(&header(&fewer)).is_none(), "without {}", good[missing].0);
        }
        let with = |name, value| header(&[good.as_slice(), &[(name, value)]].concat());
        for bad in [
            with("oauth_nonce", "again"),
            with("oauth_version", "2.0"),
            header(&good).replace("SHA1", "SHA256"),
            header(&good).replace("OAuth ", "Basic "),
            header(&good).replace('"', ""),
        ] {
            assert!(Claim::parse(&bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn the_base_string_contains_unusual_ports() {
        let url = |scheme, host| Signed { scheme, host, ..EMPTY }.base_string(&[]);
        assert_eq!(url("http", "h:80"), "GET&http%3A%2F%2Fh%2F&");
        assert_eq!(url("http", "h:443"), "GET&http%3A%2F%2Fh%3A443%2F&");
        assert_eq!(url("https", "h:443"), "GET&https%3A%2F%2Fh%2F&");
    }
}
